//===- FanIn.h - Synapses onto one neuron, without listing them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_CHECK_FANIN_H
#define RANVIER_LIB_CHECK_FANIN_H

#include "ranvier/Dialect/SNN/IR/SNN.h"
#include <vector>

namespace ranvier::check {

/// One number per target neuron, or one for all (size 1). Doubles: counts may exceed 2^64 in nonsense networks and nothing here
/// needs the last digit.
using PerNeuron = std::vector<double>;

/// Size of a projection.
struct Size {
  PerNeuron fanIn{0};    ///< Synapses onto each target neuron (seeded connectors: expected on average).
  PerNeuron sources{0};  ///< Source neurons that each target neuron has at least.
  double synapses = 0;   ///< All synapses.
  bool expected = false; ///< From a probability: an average, not a bound.
};

/// `sources`, `targets`: neurons of the two nodes.
Size sizeOf(snn::ProjectionOpInterface projection, double sources, double targets);

/// Element by element: `into` combined with `other` by `operation`.
template <typename Operation> void combine(PerNeuron &into, const PerNeuron &other, Operation operation) {
  if (into.size() < other.size())
    into.resize(other.size(), into[0]); // One for all until now.
  for (size_t i = 0; i < into.size(); ++i)
    into[i] = operation(into[i], other[other.size() == 1 ? 0 : i]);
}

} // namespace ranvier::check

#endif
