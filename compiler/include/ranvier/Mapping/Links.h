//===- Links.h - What a mapping loads onto links, and its picture -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_MAPPING_LINKS_H
#define RANVIER_MAPPING_LINKS_H

#include "ranvier/HwModels/Routes.h"
#include "ranvier/Mapping/Mapping.h"
#include <string>
#include <vector>

namespace ranvier::mapping {

using hw::Direction;
using hw::toString;

/// One directed link that carries messages. Coordinates are those of the tile it leaves, on the plane of all chips: chip c stands
/// in column c / chips_y and row c % chips_y, and its tile (x, y) at (column * tiles_x + x, row * tiles_y + y).
struct LinkLoad {
  uint32_t x = 0, y = 0;
  Direction direction = Direction::East;
  bool betweenChips = false;
  uint64_t messages = 0; ///< When every neuron fires once.
  bool operator==(const LinkLoad &) const = default;
};

/// Every link with messages, sorted by x, y and direction. Messages go as ranvier/HwModels/Routes.h says. Their sum over the links
/// is the `hops.total` of report(). Inputs have no place and load no link. Empty for chips without a topology.
std::vector<LinkLoad> linkLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping);

/// The chips in use as an SVG document: a square a core, shaded by its fullest limit, and a line a link, wider with its load.
/// Titles (what a viewer shows under the pointer) give populations, use of every limit and messages. Only chips that hold neurons
/// are drawn. Errors: RNV6080 (more than 65,536 cores to draw).
Result<std::string> drawMapping(const Network &network, const hw::Chip &chip, const Mapping &mapping);

} // namespace ranvier::mapping

#endif
