//===- CrossbarPlacement.h - Weights onto cells that are not alike -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which row and which pair of columns of a macro each row and column of a matrix takes, which levels its cells are told, and which
// rows left over repair what stuck cells spoil. docs/spec/crossbar-placement.md has the rules. Levels are those of one cell, 0 to
// `top`; a weight is the difference of the levels of its pair.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_CROSSBARPLACEMENT_H
#define RANVIER_MAPPING_CROSSBARPLACEMENT_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ranvier::mapping {

/// What is known of a cell: it is stuck, or it comes out `deviation` levels above what it is told.
struct CrossbarCell {
  enum class Stuck : uint8_t { No, Low, High };
  float deviation = 0; ///< [levels] Of cells that are not stuck.
  Stuck stuck = Stuck::No;
  bool operator==(const CrossbarCell &) const = default;
};

/// A macro of pairs of cells.
struct CrossbarMacro {
  uint32_t rows = 0, columns = 0;  ///< Input lines, and pairs of output lines.
  uint32_t top = 0;                ///< Largest level of a cell, 1 to 32,767.
  std::vector<CrossbarCell> cells; ///< [rows][columns][positive, negative]
  /// Voltage that wires take from a cell, relative to what it should see, is rowLoss[row] + columnLoss[column]; empty: none.
  std::vector<double> rowLoss, columnLoss;

  const CrossbarCell *pair(uint32_t row, uint32_t column) const { return &cells[(std::size_t(row) * columns + column) * 2]; }
};

/// Weights of a core.
struct CrossbarWeights {
  uint32_t axons = 0, columns = 0;
  std::vector<int32_t> levels;  ///< [axons][columns], each from -top to top.
  std::vector<double> activity; ///< [axons] Spikes a step, not negative; empty: alike.
};

struct CrossbarPlacementOptions {
  bool moveRows = true;    ///< Rows are matched to rows of the macro.
  bool moveColumns = true; ///< Columns are, and the sign of each is chosen.
  bool partners = true;    ///< A cell makes up for what its partner is not.
  bool repair = true;      ///< Rows left over carry what is missing. Each costs one more driven row whenever its axon spikes.
};

struct CrossbarPlacement {
  static constexpr uint32_t none = UINT32_MAX;
  std::vector<uint32_t> axonOfRow; ///< [rows of the macro] The axon that drives it; none: nobody.
  std::vector<uint32_t> columnOf;  ///< [columns of the weights] Its pair of columns.
  std::vector<uint8_t> flipped;    ///< [columns of the weights] 1: the digital side takes the sum with the other sign.
  /// [rows][columns of the macro][positive, negative] What cells are told, stuck ones what they are stuck at.
  std::vector<uint16_t> levels;
  uint32_t repairRows = 0; ///< Rows beyond the first of an axon.
  /// sqrt(sum over axons and columns of activity e^2 / columns), e the weight that cells make less the one they should [levels]:
  /// with axons and columns in their order and cells told as if they were good; the same with partners; with rows, columns and
  /// signs moved; with repairs. What wires take is not in it.
  struct Errors {
    double plain = 0, partners = 0, moved = 0, repaired = 0;
  } errors;
};

/// Places `weights` on `macro`, which has as many rows and columns, and more. The same for the same arguments on any machine; rows
/// and columns that are alike keep their order.
CrossbarPlacement placeOnCrossbar(const CrossbarMacro &macro, const CrossbarWeights &weights,
                                  const CrossbarPlacementOptions &options = {});

/// Weights [levels] that a placement makes of cells: [axons][columns], without what wires take.
std::vector<double> realisedWeights(const CrossbarMacro &macro, const CrossbarPlacement &placement, uint32_t axons);

/// Sets rowLoss and columnLoss to what wires take in the mean, to the first order of their resistance: `conductance`
/// [rows][columns], of a pair's cells, relative to a fully conducting one of `minOhm`, in the mean of both; `activity` [rows], the
/// share of steps in which a row is driven. Segments have `inputOhm` and `outputOhm`; input lines are driven before column 0,
/// output lines end in ground after the last row. A row at the sense end and a column at the drivers lose least.
void setWireLosses(CrossbarMacro &macro, const std::vector<double> &conductance, const std::vector<double> &activity,
                   double inputOhm, double outputOhm, double minOhm);

} // namespace ranvier::mapping

#endif
