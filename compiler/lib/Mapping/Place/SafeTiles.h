//===- SafeTiles.h - Tiles between which every way is open ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PLACE_SAFETILES_H
#define RANVIER_LIB_MAPPING_PLACE_SAFETILES_H

#include "../Shared.h"

namespace ranvier::mapping::detail {

/// Of these tiles of live chips (sorted, each once), in their order, 1 for those kept: between any two of them every way is open,
/// whoever sends to whom. The set with most cores that work of those found: giving up, for each dead link, the senders on the one
/// side or the receivers on the other, whichever are fewer; and, up to some thousand tiles, growing a set from every tile. The same
/// in whatever order the faults are listed. Empty if the question is too large (beyond some 10^9 steps).
std::vector<uint8_t> safeTiles(const hw::Chip &chip, const std::vector<Tile> &tiles);

} // namespace ranvier::mapping::detail

#endif
