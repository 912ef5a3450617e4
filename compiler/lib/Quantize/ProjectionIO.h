//===- ProjectionIO.h - Weights out of projections and back -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_QUANTIZE_PROJECTIONIO_H
#define RANVIER_LIB_QUANTIZE_PROJECTIONIO_H

#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Quantize/Weights.h"

namespace ranvier::compiler {

/// Weights in the op's layout, times the gain of the target neuron (size 1 or one per neuron), and worst-case sums per target.
/// Errors: RNV5306 a gain that differs within weights that neurons share, RNV5307 weights that are no numbers.
Result<ProjectionView> viewProjection(snn::ProjectionOpInterface projection, const Values &gain);

/// What integer weights can bring to each target neuron in one step, in units of its accumulator (after the shift by the exponent;
/// the floor of a negative one included). `low` <= 0 <= `high`, one number per target.
struct ArrivingWords {
  Values high, low;
};
/// `payload`: smallest and largest word that an event of the source carries (1 and 1: plain spikes). Errors: RNV5309 the sum before
/// a right shift may leave 32 bits.
Result<ArrivingWords> arrivingWords(snn::ProjectionOpInterface projection, const QuantisedWeights &weights, double leastPayload,
                                    double mostPayload);

/// Replaces weights, exponent and bits; pooling becomes a depthwise convolution that carries its weight. `dropReceptor`: the
/// target's program has one input.
Result<void> writeProjection(snn::ProjectionOpInterface projection, const QuantisedWeights &weights, bool dropReceptor);

} // namespace ranvier::compiler

#endif
