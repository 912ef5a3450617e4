//===- NativeCuba.h - Numbers for the fixed CUBA unit -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/spec/target-semantics.md, clauses Q1..Q9, is the specification of what happens here.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_QUANTIZE_NATIVECUBA_H
#define RANVIER_QUANTIZE_NATIVECUBA_H

#include "ranvier/Quantize/Analysis.h"
#include "ranvier/Quantize/Weights.h"
#include <limits>

namespace ranvier::compiler {

/// What a calibration run saw of one state or input, real units.
struct Observed {
  double low = 0, high = 0;
};

struct NativeOptions {
  unsigned weightBits = 8;
  std::optional<Observed> current, voltage;                      ///< Of the model's own u and v; absent: bounds from the weights.
  double largestScale = std::numeric_limits<double>::infinity(); ///< No larger scale is chosen.
};

/// Parameter words per neuron (or one for all) of nativeCubaProgram, initial words, weights.
struct NativeCuba {
  Values du, dv, vth, bias;
  Values u0{0.0}, v0{0.0};
  double scale = 1; ///< Units of v per real unit; of u: scale * h.
  std::vector<QuantisedWeights> projections;
  Values currentOffset{0.0};                           ///< Real u = word / (scale h) + offset.
  Values voltageOffset{0.0};                           ///< Real v = word / scale + offset (the reset value).
  double currentDecayError = 0, voltageDecayError = 0; ///< Largest |kept fraction - wanted|.
  double thresholdError = 0, biasError = 0;            ///< Largest, real units of v.
  double saturatesBelow = 0;                           ///< Real v below which the chip's v saturates.
  std::vector<std::string> warnings;
};

/// Chooses one scale for the population and one exponent per projection. Errors (at the model): RNV5301 a decay the unit cannot
/// have, RNV5302 threshold below the reset value, RNV5303 dynamic range: no scale fits. `init`: initial values by state slot.
Result<NativeCuba> quantiseNative(const Model &model, const CubaForm &form, uint64_t count, const std::vector<Values> &init,
                                  const std::vector<ProjectionView> &projections, const hw::NativeCubaLif &unit,
                                  const hw::Weights &limits, const NativeOptions &options);

/// The largest |u| that can ever occur, as a part of what the unit's words hold: above 1, u may wrap. `high`, `low`: what can
/// arrive in one step, in accumulator units, per neuron.
double currentLoad(const NativeCuba &numbers, const Values &high, const Values &low, const hw::NativeCubaLif &unit);

} // namespace ranvier::compiler

#endif
