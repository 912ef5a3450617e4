//===- Mapping.h - Weights to conductances ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_EMULATOR_CROSSBAR_MAPPING_H
#define RANVIER_LIB_EMULATOR_CROSSBAR_MAPPING_H

#include "Tiles.h"

namespace ranvier::emu {

/// Cells of slice `slice` of a tile without any error. `weights`: the whole matrix [outputs, inputs], finite.
CrossbarCells mapWeights(const CrossbarConfig &config, std::span<const double> weights, uint64_t allInputs,
                         const CrossbarTile &tile, unsigned slice);
/// The same of levels given cell by cell, as of CrossbarArray::programLevels; the unit column holds the weight 0.
CrossbarCells mapLevels(const CrossbarConfig &config, std::span<const uint8_t> levels, const CrossbarTile &tile, unsigned slice);
/// sliceScale, inputScale, levelScale and levelFloor of `tiles`.
void setScales(CrossbarTiles &tiles);

} // namespace ranvier::emu

#endif
