//===- FanIn.h - Synapses onto one neuron, without listing them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_CHECK_FANIN_H
#define RANVIER_LIB_CHECK_FANIN_H

#include "ranvier/Dialect/SNN/IR/SNN.h"

namespace ranvier::check {

/// Size of a projection. Doubles: counts may exceed 2^64 in nonsense networks and nothing here needs the last digit.
struct Size {
  double fanIn = 0;      ///< Synapses onto the neuron that has most (seeded connectors: expected on average).
  double synapses = 0;   ///< All synapses (windows at a border counted whole).
  bool expected = false; ///< From a probability: an average, not a bound.
};

/// `sources`, `targets`: neurons of the two nodes.
Size sizeOf(snn::ProjectionOpInterface projection, double sources, double targets);

} // namespace ranvier::check

#endif
