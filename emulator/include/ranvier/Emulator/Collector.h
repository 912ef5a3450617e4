//===- Collector.h - What all ranks have of a step --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_COLLECTOR_H
#define RANVIER_EMULATOR_COLLECTOR_H

#include "ranvier/Emulator/Session.h"
#include "ranvier/Emulator/Transport.h"

namespace ranvier::emu {

/// Hands out spikes and states of a machine after each step, on rank 0 those of all ranks. Where the machine is whole it copies
/// nothing but the row of states it is asked for.
class Collector {
public:
  /// `states`: by population, the slots of those states that will be asked for. `machine` must outlive this.
  Collector(Machine &machine, std::shared_ptr<Transport> ranks, std::vector<std::vector<uint32_t>> states);

  /// Of the step just run; collective. False: another rank has left.
  [[nodiscard]] bool step();

  // On rank 0, of the step that step() took:
  std::span<const uint32_t> spikes(uint32_t population); ///< Neuron numbers ascending.
  std::span<const int32_t> payloads(uint32_t population);
  /// Words of the population's k-th state [count]; valid until the next call.
  std::span<const int32_t> state(uint32_t population, uint32_t k);

private:
  struct Part { // Of a population on a rank.
    uint32_t rank, first, count;
  };
  struct Gathered {
    std::vector<uint32_t> neurons;
    std::vector<int32_t> payloads;
    std::vector<std::vector<int32_t>> states;
  };
  void pack();
  void unpack();

  Machine &machine;
  std::shared_ptr<Transport> ranks;
  std::vector<std::vector<uint32_t>> slots;
  std::vector<std::vector<Part>> parts; ///< By population, by first neuron.
  std::vector<Gathered> gathered;       ///< By population; rank 0 of several.
  Transport::Words mine;
  std::vector<Transport::Words> all;
  std::vector<int32_t> row;
};

/// Sums over the ranks what each counted alone (Machine::counts), and spikes by population; collective. The same on each
/// afterwards. False: another rank has left.
[[nodiscard]] bool addUp(Transport &ranks, Timing timing, RunResult &result, std::span<uint64_t> spikes);

/// What machines with a timer counted, on rank 0 the whole. False if another rank has left.
bool addUp(Transport &ranks, RealTimeCounts &counts);

} // namespace ranvier::emu

#endif
