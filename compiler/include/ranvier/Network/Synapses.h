//===- Synapses.h - Synapses as lists, and the rules that make them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plain-data half of a projection: which source neuron reaches which target neuron with which weight and delay. No MLIR.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_NETWORK_SYNAPSES_H
#define RANVIER_NETWORK_SYNAPSES_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ranvier::compiler {

/// Compressed sparse rows by source neuron; a row is sorted by target, synapses of the same pair keep their order of creation.
struct Synapses {
  uint64_t sources = 0, targetCount = 0;
  bool dense = false;            ///< Every source reaches every target exactly once.
  std::vector<uint64_t> rowPtr;  ///< [sources + 1]
  std::vector<uint32_t> targets; ///< [synapses]
  std::vector<double> weights;   ///< [synapses] or [1]: the same for all.
  std::vector<uint32_t> delays;  ///< [steps], [synapses] or [1].
  std::vector<uint64_t> numbers; ///< [synapses] by which a connector's weights and delays are drawn; empty: their position.
  uint64_t size() const { return targets.size(); }
  double weight(uint64_t k) const { return weights.size() == 1 ? weights[0] : weights[k]; }
  uint32_t delay(uint64_t k) const { return delays.size() == 1 ? delays[0] : delays[k]; }
};

/// One synapse before sorting.
struct Connection {
  uint32_t source, target;
  double weight;
  uint32_t delay;
};
/// Counting sort by (source, target), stable. Cost: linear.
Synapses fromConnections(uint64_t sources, uint64_t targets, std::span<const Connection> connections);

/// Windows of a convolution or pooling, per axis (1 or 2 axes; a missing axis is {1 extent, 1 tap}).
struct WindowAxis {
  int64_t input = 1, kernel = 1, stride = 1, padBefore = 0, dilation = 1;
  int64_t output = 1;
  /// floor((n + 2p - d(k-1) - 1)/s + 1), for symmetric padding.
  static int64_t outputExtent(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    const int64_t span = input + 2 * padding - dilation * (kernel - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
  }
};
/// Cross-correlation: weights [outChannels, inChannels / groups, kernelY, kernelX], zero padding. Zero weights are kept, taps
/// outside the input are not.
Synapses convolution(int64_t inChannels, int64_t outChannels, int64_t groups, WindowAxis y, WindowAxis x,
                     std::span<const double> weights, uint32_t delay);
/// Every channel on its own, weight `value` per tap.
Synapses pooling(int64_t channels, WindowAxis y, WindowAxis x, double value, uint32_t delay);

/// A procedural connector. Pairs are functions of (seed, rule, numbers): the same on any machine, thread and rank count.
struct ConnectRule {
  std::string rule; ///< one_to_one | all_to_all | fixed_probability | fixed_in_degree | fixed_total_number | distance_dependent
  double probability = 0; ///< fixed_probability; p_max of distance_dependent.
  double scale = 1;       ///< distance_dependent [grid spacings].
  uint64_t number = 0;    ///< fixed_in_degree, fixed_total_number.
  uint64_t seed = 0;
  bool autapses = true; ///< false: a neuron does not reach itself (source and target are the same population).
  bool samePopulation = false;
  std::vector<int64_t> sourceShape, targetShape; ///< Positions of distance_dependent.
};
/// Targets of every source: rowPtr and targets filled, one weight and delay slot left to the caller. Errors: RNV5701 unknown rule,
/// RNV5702 impossible numbers (e.g. an in-degree from no source), RNV5703 more than 2^32 synapses or 2^28 targets.
Result<Synapses> connect(const ConnectRule &rule, uint64_t sources, uint64_t targets);

/// Synapses onto each target of what connect() makes, without listing any where the rule says it: one number where all targets have
/// as many. Errors: as connect().
Result<std::vector<uint64_t>> inDegrees(const ConnectRule &rule, uint64_t sources, uint64_t targets);

/// second after first: weights multiply, delays add, parallel paths with equal delay are summed (in order of the middle neuron).
Synapses compose(const Synapses &first, const Synapses &second);

} // namespace ranvier::compiler

#endif
