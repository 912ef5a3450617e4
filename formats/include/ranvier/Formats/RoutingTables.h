//===- RoutingTables.h - Multicast tables as files --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two forms, each also compressed by gzip if its name ends in .gz (docs/spec/map-files.md):
//   JSON  [{"x": 0, "y": 0, "entries": [{"key": 1, "mask": 4294967295, "defaultable": false, "spinnaker_route": 16}, ...]}, ...]
//   CSV   one table: a line "key,mask,route" an entry, in hexadecimal
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_ROUTINGTABLES_H
#define RANVIER_FORMATS_ROUTINGTABLES_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace ranvier::formats {

struct RoutingTableFile {
  struct Entry {
    uint32_t key = 0, mask = 0, route = 0;
    bool defaultable = false; ///< JSON only.
    bool operator==(const Entry &) const = default;
  };
  struct Table {
    uint32_t x = 0, y = 0; ///< JSON only.
    std::vector<Entry> entries;
  };
  bool csv = false;
  std::vector<Table> tables;
};

/// Errors: RNV9001, RNV9002, RNV9005, RNV1090 (a wrong, missing or unknown value, with its place), RNV1091 (not a gzip file).
Result<RoutingTableFile> readRoutingTables(const std::string &path);
/// In the form of `file.csv`; compressed if the name ends in .gz. Atomic. Errors: RNV9003, RNV9004.
Result<void> writeRoutingTables(const RoutingTableFile &file, const std::string &path);

} // namespace ranvier::formats

#endif
