//===- RoutingTable.h - Multicast tables and their compression --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A router with a ternary memory looks a packet's key up in a list of (key, mask, route); the first entry that matches wins. Where
// a key has no entry, a packet that came over a link leaves by the opposite one ("default route"). Space is scarce (1,023 entries
// on SpiNNaker), so tables are rewritten into shorter ones that send every key of the old table where it went before. Keys that
// were not in the old table never occur and may go anywhere.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_ROUTINGTABLE_H
#define RANVIER_MAPPING_ROUTINGTABLE_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <vector>

namespace ranvier::mapping {

/// Matches a packet if (packet & mask) == key. `route`: one bit per link and core of the chip, whatever the router's word is.
struct RoutingEntry {
  uint32_t key = 0, mask = 0xFFFFFFFFu, route = 0;
  bool defaultable = false; ///< The packet would take this route without any entry.
  bool operator==(const RoutingEntry &) const = default;
};
using RoutingTable = std::vector<RoutingEntry>;

struct CompressOptions {
  /// Steps of the search per entry that the exact method leaves above the lower bound, at most `maxSteps` in all. 0: no search.
  uint32_t stepsPerEntry = 400;
  uint64_t maxSteps = 400000;
  /// Parts of the key space that the exact method for small tables may look at. 0: not used.
  uint32_t mostParts = 20000;
  /// Of the search. The result is a function of table and options.
  uint64_t seed = 0;
};

/// Number of entries below which no table equivalent to this one can come: distinct routes of keys that need an entry.
uint32_t entryLowerBound(const RoutingTable &table);

/// An equivalent table, as short as the methods find: the optimal table of prefixes, and a seeded search over ordered tables (key
/// by key where few key bits vary, else over up to 4,096 prefixes of one route). Defaultable entries may be dropped, but only while
/// no other entry of the result matches their keys. Never longer than `table`. Deterministic. Errors: RNV6040 (a key has bits
/// outside its mask), RNV6041 (the entries overlap in so many ways that their disjoint form has more than 2^22 blocks).
Result<RoutingTable> compressTable(const RoutingTable &table, const CompressOptions &options = {});

/// Whether every key that `original` matches takes the same route in `compressed` (no entry counts as the right route for
/// defaultable ones). Works on whole blocks of keys, sharing nothing with compressTable. Errors: RNV6042 naming a key and both
/// routes.
Result<void> verifyTable(const RoutingTable &original, const RoutingTable &compressed);

} // namespace ranvier::mapping

#endif
