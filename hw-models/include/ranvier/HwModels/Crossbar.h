//===- Crossbar.h - Macros of resistive memory of a chip --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a chip description says of the macro in each of its cores ("crossbar" in YAML). docs/spec/crossbar.md says what one
// computes; how weights become levels of cells is here, since compilers need it that know no emulator.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_CROSSBAR_H
#define RANVIER_HWMODELS_CROSSBAR_H

#include "ranvier/Support/Error.h"
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ranvier::hw {

/// A macro: rows that spikes drive, columns of cells that sum currents, converters at their ends. Conductances and currents are
/// relative to that of a fully conducting cell.
struct Crossbar {
  enum class Form : uint8_t { Pair, TwoSidedPair, Offset, SlicedPair, SlicedOffset };
  enum class Readout : uint8_t {
    Ideal,            ///< The digital side sees the exact current.
    Adc,              ///< 2^adc_bits codes over the range.
    SignMagnitudeAdc, ///< One fewer, so that 0 is a code.
    IntegerAdc,       ///< hw::IntegerConverter of level sums.
    IntegrateAndFire  ///< Whole multiples of a threshold, none below 0.
  };
  enum class Range : uint8_t {
    Weights, ///< A share of the largest current that the macro's own weights can make.
    Fixed
  };
  /// Standard deviation of a cell: none, `sigma` (times the conductance), or a device of docs/spec/crossbar.md.
  enum class Noise : uint8_t {
    None,
    Independent,
    Proportional,
    RramWan,
    RramMilo,
    PcmJoshi,
    ReramWan1s,
    ReramWan1Day,
    ReramWan2Days,
    Pcm
  };

  Form form = Form::Pair;
  uint32_t inputs = 512;   ///< Rows.
  uint32_t outputs = 512;  ///< Columns of cells.
  uint32_t cellBits = 7;   ///< 2^cellBits levels a cell; sliced forms have weightBits / slices instead.
  uint32_t weightBits = 8; ///< Of a sliced weight with its sign.
  uint32_t slices = 1;
  bool interleaved = false; ///< Pairs share an output line.
  bool unitColumn = false;  ///< Offset: the last column holds the weight 0 and is subtracted.
  double onOhm = 1e4;       ///< [ohm] Of a fully conducting cell.
  double offOhm = 1e6;      ///< [ohm] Of a least conducting one; 0: it does not conduct at all.

  Readout readout = Readout::Ideal;
  uint32_t adcBits = 8; ///< Also of the counter of integrate_and_fire.
  Range range = Range::Weights;
  double rangeShare = 1;                             ///< Of Range::Weights; above 0, at most 1.
  double fullScale = 0;                              ///< [cells] Of Range::Fixed: pairs from -fullScale, single cells from 0.
  uint32_t adcOffset = 0, adcShift = 0, adcZero = 0; ///< Of integer_adc.
  double threshold = 1;                              ///< [cells] Of integrate_and_fire.

  Noise programming = Noise::None, read = Noise::None;
  double programmingSigma = 0, readSigma = 0;                                       ///< Of Independent and Proportional.
  double driftSeconds = 0, driftOrigin = 20, driftExponent = 0.05, driftSpread = 0; ///< [s], [s], -, -
  bool driftPhaseChange = false;                                                    ///< Exponents are those of phase-change cells.
  uint64_t seed = 1; ///< Of all that is drawn, unless the run says otherwise.

  double rowOhm = 0, columnOhm = 0; ///< [ohm] A segment of wire between cells.
  bool selectsCells = false;        ///< Rows open cells, which draw from a source line along the column.

  bool isPair() const { return form == Form::Pair || form == Form::TwoSidedPair || form == Form::SlicedPair; }
  bool isSliced() const { return form == Form::SlicedPair || form == Form::SlicedOffset; }
  uint32_t sliceCount() const { return isSliced() ? slices : 1; }
  /// Bits of the levels of a cell.
  uint32_t levelBits() const { return isSliced() ? weightBits / slices : cellBits; }
  uint32_t largestLevel() const { return (1u << levelBits()) - 1; }
  /// Cells that hold one weight.
  uint32_t cellsPerWeight() const { return sliceCount() * (isPair() ? 2 : 1); }
  /// Weights in a row.
  uint32_t columns() const { return (outputs - (unitColumn ? 1 : 0)) / cellsPerWeight(); }
  /// Weights are integers of at most this size.
  int32_t largestWeight() const;
  double leastConductance() const { return offOhm > 0 ? onOhm / offOhm : 0; }
  /// Whether products depend on which macro computes them.
  bool isNoisy() const {
    return programming != Noise::None || read != Noise::None || (driftSeconds > 0 && (driftSpread > 0 || driftPhaseChange));
  }
  bool operator==(const Crossbar &) const = default;

  /// Levels of the cells of a weight, slice by slice, the positive cell of a pair first. `cells`: cellsPerWeight() of them.
  void levelsOf(int32_t weight, std::span<uint8_t> cells) const;
  /// The weight that cells of these levels make, where nothing else acts on them.
  int64_t weightOf(std::span<const uint8_t> cells) const;
};

/// A cell that programming does not move. Places are physical: those of a macro of the machine, whatever a network keeps there.
struct StuckCell {
  uint32_t chip = 0, core = 0;
  uint32_t row = 0, column = 0; ///< Column of weights.
  uint32_t slice = 0;
  bool negative = false; ///< Of a pair.
  bool high = false;     ///< Stuck at full conductance, else at the least.
  auto operator<=>(const StuckCell &) const = default;
};
/// The stuck cells of a machine: those listed, and others drawn for each macro.
struct CellFaults {
  double lowRate = 0, highRate = 0; ///< Probabilities of either; together at most 1.
  uint64_t seed = 1;
  std::vector<StuckCell> cells; ///< Sorted, each place once; these come before what is drawn.
  bool acts() const { return lowRate > 0 || highRate > 0 || !cells.empty(); }
  bool operator==(const CellFaults &) const = default;
};
/// `rate` of all cells, stuck low and high as 1.75 to 9.04 (Chen 2014, recalled; an estimate for other devices).
CellFaults cellFaultsOfRate(double rate, uint64_t seed);
/// All stuck cells of one macro, sorted.
std::vector<StuckCell> stuckCells(const Crossbar &crossbar, const CellFaults &faults, uint32_t chip, uint32_t core,
                                  uint32_t coresPerChip);

} // namespace ranvier::hw

#endif
