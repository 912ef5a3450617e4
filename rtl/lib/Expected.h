//===- Expected.h - What the RTL must hold after a step ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The emulator's state in terms of the RTL's memories and registers, what an address of them means in terms of the network, and
// which spikes led to a word.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_LIB_EXPECTED_H
#define RANVIER_RTL_LIB_EXPECTED_H

#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/Rtl/Lockstep.h"
#include <deque>

namespace ranvier::rtl {

/// A neuron or input neuron, as Image::outPtr counts.
struct GlobalSpike {
  uint64_t global = 0;
  uint32_t population = 0, neuron = 0;
  int32_t payload = 1;
};

class Expected {
public:
  Expected(const image::Image &image, const LoadedImage &layout);

  /// Takes the step that the machine has just run.
  void take(emu::Machine &machine);

  const Memories &memories() const { return words; } ///< State, Accumulator and Csr are those of after the step.
  std::span<const GlobalSpike> spikes() const { return neuronSpikes; }
  std::span<const GlobalSpike> inputs() const { return inputSpikes; }
  uint64_t eventsOfStep() const { return events; }
  /// Cycles that the RTL surely needs no more than, stalls left out.
  uint64_t cycleBound() const { return bound; }
  uint32_t step() const { return state.step; }

  /// Of which neuron a source number speaks; nothing if of none.
  std::optional<GlobalSpike> neuronOf(uint32_t source) const;
  /// Names chip, core, population, neuron and register of a word.
  void describe(const ConfigWrite &word, Divergence &out) const;
  /// What reached a neuron in the step just run.
  void explainNeuron(uint32_t population, uint32_t neuron, Divergence &out) const;

private:
  struct Place { // A slice of the image.
    uint32_t core = 0;
    const image::SliceRecord *slice = nullptr;
  };
  struct Range { // Neurons [first, first + count) of a population stand at `global` of Image::outPtr.
    uint32_t first = 0, count = 0;
    uint64_t global = 0;
  };
  uint64_t globalOf(uint32_t population, uint32_t neuron) const;
  const Place *placeOf(uint32_t node, uint32_t neuron) const;
  const Place *placeOfAccumulator(uint32_t node, uint32_t accumulator, uint32_t &receptor, uint32_t &neuron) const;
  void takeStates();
  void takeSums();
  void takeSpikes(emu::Machine &machine);
  void count(const GlobalSpike &spike);
  template <typename Visit> void forEachSynapse(uint32_t core, uint32_t axon, Visit &&visit) const;
  void addCauses(uint32_t core, uint32_t accumulator, uint32_t receptor, uint32_t due, Divergence &out) const;

  const image::Image &image;
  const LoadedImage &layout;
  const Geometry &g;
  Memories words;
  emu::MachineState state;
  std::vector<std::vector<Place>> places; ///< By node.
  std::vector<uint32_t> coreOfNode;       ///< image::none: no core of the image.
  std::vector<uint64_t> synapsesOfAxon;   ///< By in-axon of the image.
  std::vector<GlobalSpike> globals;       ///< By number: population and neuron.
  std::vector<std::vector<Range>> ranges; ///< By population.
  std::vector<GlobalSpike> neuronSpikes, inputSpikes;
  std::deque<std::pair<uint32_t, std::vector<GlobalSpike>>> history; ///< Emission step and all spikes of it.
  uint64_t events = 0, bound = 0, updateBound = 0;
};

} // namespace ranvier::rtl

#endif
