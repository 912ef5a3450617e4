//===- PlaceRouteInstance.h - Place-and-route problems as files -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON, compressed by gzip if the name ends in .gz (docs/spec/map-files.md):
//   {"machine": [w, h], "cores_per_population": [...], "edges": [[source, target], ...], "atoms_per_core": 64,
//    "down_chips": "x,y:x,y", "down_links": "x,y,link:x,y,link", "same_chip": [[0, 3]]}      (the last three may be absent)
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_PLACEROUTEINSTANCE_H
#define RANVIER_FORMATS_PLACEROUTEINSTANCE_H

#include "ranvier/Support/Error.h"
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::formats {

struct PlaceRouteInstance {
  uint32_t width = 0, height = 0;
  std::vector<uint32_t> coresPerPopulation;
  std::vector<std::pair<uint32_t, uint32_t>> edges; ///< Source and target population; both exist.
  uint32_t atomsPerCore = 1;
  std::vector<std::array<uint32_t, 2>> downChips; ///< x, y
  std::vector<std::vector<uint32_t>> sameChip;    ///< Populations whose cores must share a chip; all exist.
  std::vector<std::array<uint32_t, 3>> downLinks; ///< x, y, link 0..5 (E, NE, N, W, SW, S)
};

/// Errors: RNV9001, RNV9002, RNV9005, RNV1091, RNV1092 (a wrong, missing or unknown value, with its place).
Result<PlaceRouteInstance> readPlaceRouteInstance(const std::string &path);

} // namespace ranvier::formats

#endif
