//===- Islands.h - Tiles joined by links that work --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PLACE_ISLANDS_H
#define RANVIER_LIB_MAPPING_PLACE_ISLANDS_H

#include "../Shared.h"

namespace ranvier::mapping::detail {

/// Cores of a tile that work.
uint32_t liveCores(const hw::Chip &chip, const hw::Plane &plane, Tile tile);

/// Which of some tiles are joined by links between neighbours that work both ways: no two tiles of different islands can talk to
/// each other. Meshes and toruses.
class Islands {
public:
  /// `tiles`: of chips that are not dead, sorted, each once.
  Islands(const hw::Chip &chip, const std::vector<Tile> &tiles);
  /// In words how the machine falls apart; empty if it does not.
  std::string describe() const;
  /// The most cores that work in one island.
  uint64_t mostCores() const;
  /// By tile, 1 for those of the largest island (the first of several).
  std::vector<uint8_t> largest() const;

private:
  uint32_t rootOf(uint32_t tile) const;
  void join(uint32_t from, hw::Direction there, hw::Direction back);
  bool isDead(Tile tile, hw::Direction direction) const;

  const hw::Chip &chip;
  const hw::Plane plane;
  const std::vector<Tile> &tiles;
  mutable std::vector<uint32_t> parent;
};

} // namespace ranvier::mapping::detail

#endif
