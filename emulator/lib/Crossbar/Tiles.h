//===- Tiles.h - What a programmed crossbar holds ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_EMULATOR_CROSSBAR_TILES_H
#define RANVIER_LIB_EMULATOR_CROSSBAR_TILES_H

#include "ranvier/Emulator/Crossbar.h"

namespace ranvier::emu {

struct NoisyCells;

/// One slice of one tile. `columns` counts the unit column. Exactly one of the forms below is filled in.
struct CrossbarSlice {
  /// Integer form: v = scale * sum(level x) + floor * sum(x); levels are differences of pairs, or those of the single cells.
  /// [column][stride] where values have several bits, [input][stride] where they are one spike; the rest of a stride is 0.
  std::vector<int8_t> bytes;
  std::vector<int16_t> words; ///< The same, where a level does not fit a byte.
  /// Linear form: v = effectiveUnit * sum(effective x), in the blocks of CrossbarKernels::linear; wires are in it. 32 bits for the
  /// largest current: half a unit is 2.3e-10 of it, and half of what binary64 would have to be fetched for each product.
  std::vector<int32_t> effective;
  double effectiveUnit = 0;
  /// Cells, [input][columns], relative to Gmax; negative: of pairs only.
  std::vector<double> positive, negative;
  std::shared_ptr<const NoisyCells> noisy; ///< The same for products in one pass without wires.
  uint32_t firstEntity = 0;                ///< Of the numbers drawn for it.
  double gain = 1;                         ///< Its sums are scaled by, which makes up for drift.
};

struct CrossbarTile {
  uint64_t firstInput = 0, inputs = 0, firstOutput = 0, outputs = 0;
  uint64_t columns = 0, stride = 0;
  std::vector<CrossbarSlice> slices;
};

/// How products are computed.
enum class CrossbarForm : uint8_t { Integer, Linear, Selected, Noisy };

struct CrossbarTiles {
  CrossbarConfig config;
  uint64_t inputs = 0, outputs = 0;
  CrossbarForm form = CrossbarForm::Linear;
  std::vector<CrossbarStuckCell> stuck;
  std::vector<double> rowConductance; ///< [inputs] Of all cells on a row as programmed.
  bool spikes = false;                ///< Inputs are single bits in one pass: rows are added up.
  std::vector<CrossbarTile> tiles;

  /// Of integer levels: current of one level at one step of the input, and of all cells' least conductance.
  double levelScale = 1, levelFloor = 0;
  /// y = sum over slices of sliceScale * converted - inputScale * sum(x), user units.
  std::vector<double> sliceScale;
  double inputScale = 0;
  std::vector<double> integerSteps; ///< Of integer converters: outputSteps().
};

/// slice.effective of slice.positive and slice.negative, through the wires.
void setEffective(CrossbarSlice &slice, const CrossbarTile &tile, const CrossbarConfig &config);

/// Conductances of one slice before any error: [input][columns] for the weights of one tile.
struct CrossbarCells {
  std::vector<double> positive, negative;
  std::vector<int16_t> levels; ///< Of positive less negative; empty for analogue cells.
};

} // namespace ranvier::emu

#endif
