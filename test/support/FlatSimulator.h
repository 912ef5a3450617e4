//===- FlatSimulator.h - A network without image, cores or axons *- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The second, independent way to a result: walks mapping::Network as docs/spec/time.md reads, one synapse at a time. Deliberately
// simple and slow; whatever the compiler and the emulator make of a network must equal this spike for spike and word for word.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_SUPPORT_FLATSIMULATOR_H
#define RANVIER_TEST_SUPPORT_FLATSIMULATOR_H

#include "ranvier/Mapping/Network.h"
#include <cstdint>
#include <utility>
#include <vector>

namespace ranvier::test {

class FlatSimulator {
public:
  /// `levels`: mapping::levels(network).
  FlatSimulator(const mapping::Network &network, std::vector<uint32_t> levels);
  /// One step. `inputs`: (population, neuron) of the external spikes of this step.
  void step(const std::vector<std::pair<uint32_t, uint32_t>> &inputs);
  uint32_t currentStep() const { return now; }
  /// Of the step just run: neuron numbers, ascending. Also for inputs.
  const std::vector<uint32_t> &spikes(uint32_t population) const { return fired[population]; }
  const std::vector<int32_t> &payloads(uint32_t population) const { return payload[population]; }
  /// State words after the step, [count].
  const std::vector<int32_t> &state(uint32_t population, uint32_t slot) const { return states[population][slot]; }

private:
  void update(uint32_t population);
  void deliver(uint32_t level, bool sameStep);
  void deliverNegative(const mapping::Projection &projection);
  void add(const mapping::Projection &projection, uint32_t delay, uint32_t target, int32_t word);
  int32_t contribution(const mapping::Projection &projection, uint64_t synapse, size_t spike) const;

  const mapping::Network &network;
  std::vector<uint32_t> levels;
  uint32_t topLevel = 0, slots = 1, now = 0;
  /// [population][receptor][step % slots][neuron]
  std::vector<std::vector<std::vector<std::vector<int32_t>>>> sums;
  std::vector<std::vector<std::vector<int32_t>>> states; ///< [population][slot][neuron]
  std::vector<std::vector<uint32_t>> fired;
  std::vector<std::vector<int32_t>> payload;
};

} // namespace ranvier::test

#endif
