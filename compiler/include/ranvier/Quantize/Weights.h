//===- Weights.h - Weights in a chip's storage format -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_QUANTIZE_WEIGHTS_H
#define RANVIER_QUANTIZE_WEIGHTS_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Lowering/Model.h"

namespace ranvier::compiler {

/// One projection as the quantiser sees it. `weights`: in the layout of the op, in real units (gains of the target folded in).
/// `positive`, `negative`: sums over the synapses of each target neuron (size 1: the same for all), real units, >= 0 and <= 0:
/// what arrives in one step if every source spikes.
struct ProjectionView {
  std::string name;
  Values weights;
  Values positive{0.0}, negative{0.0};
};

/// Which integers a weight may be: multiples of 2^drop in low..high. Chips with sign modes store 8-bit magnitudes; fewer bits drop
/// low ones, and a mixed projection drops one more for its sign (Lava: w = (w >> k) << k with k = 8 - bits + mixed, range
/// -256..255), so these integers survive that truncation unchanged. Other chips: -(2^bits - 1)..2^bits - 1, up to 16 bits.
struct WeightFormat {
  int low = 0, high = 255;
  unsigned drop = 0;
  unsigned storedBits = 8; ///< Bits that a synapse takes for its weight, sign included.
  const char *mode = "excitatory";
};
/// `bits`: magnitude bits 1..16, 1..8 with sign modes. Signs are those of `weights`.
WeightFormat weightFormat(const Values &weights, const hw::Weights &limits, unsigned bits);

/// Smallest exponent e >= limits.minExponent with all weights in range when one integer stands for `unit` * 2^e. Nothing: none is
/// small enough for limits.maxExponent.
std::optional<int> smallestExponent(const Values &weights, const WeightFormat &format, double unit, const hw::Weights &limits);

/// Weights as integers and what that costs, in the real units of `weights`.
struct QuantisedWeights {
  std::vector<int32_t> words;
  int exponent = 0;
  WeightFormat format;
  double unit = 0; ///< Real size of one integer, exponent included.
  double rms = 0, worst = 0;
};
/// To nearest, ties away from zero, then clipped to the range.
QuantisedWeights quantiseWeights(const Values &weights, const WeightFormat &format, double unit, int exponent);
/// Every so-manieth weight, and the extremes: enough to compare scales by.
Values sampleOf(const Values &weights);
/// The exponent with the least squared error: smallestExponent, or one or two below it. Those clip the largest weights, which pays
/// where weights have few bits. Nothing: as smallestExponent.
std::optional<QuantisedWeights> bestWeights(const Values &weights, const WeightFormat &format, double unit,
                                            const hw::Weights &limits);

} // namespace ranvier::compiler

#endif
