//===- TestNet.h - Networks for emulator tests ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network as lists, an image builder for it, and a second, deliberately naive way to run it (Reference): contributions are kept
// as records with their whole key and summed in sorted order when they act. Nothing of it is shared with the engine.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_UNIT_EMULATOR_TESTNET_H
#define RANVIER_TEST_UNIT_EMULATOR_TESTNET_H

#include "ranvier/Emulator/Machine.h"
#include <bit>
#include <map>
#include <string>
#include <vector>

namespace ranvier::emutest {

struct Population {
  std::string name = {};
  uint32_t count = 0;
  int32_t program = -1;                                    ///< -1: input.
  std::map<std::string, std::vector<int32_t>> params = {}; ///< 1 or count words.
  std::map<std::string, std::vector<int32_t>> states = {}; ///< 1 or count words; absent: 0.
  std::vector<std::pair<uint32_t, uint32_t>> split = {};   ///< (core, neurons); empty: all on core 0.
  uint64_t seed = 0;
  image::PopulationMeta source = {}; ///< Source fields only.
};
struct Projection {
  std::string name = {};
  uint32_t source = 0, target = 0, receptor = 0;
  int32_t exponent = 0;
};
struct Synapse {
  uint32_t projection = 0, source = 0, target = 0, delay = 0;
  int32_t weight = 0; ///< binary32 bits on f32.
};
struct Core {
  uint32_t chip = 0, core = 0, level = 0;
};
struct Net {
  isa::Profile profile = isa::Profile::Int;
  image::SynapseKind kind = image::SynapseKind::Packed32;
  hw::Chip chip = {};
  std::vector<isa::Program> programs = {};
  std::vector<Population> populations = {};
  std::vector<Projection> projections = {};
  std::vector<Synapse> synapses = {};
  std::vector<Core> cores = {Core{}};
};

inline int32_t bits(float value) { return std::bit_cast<int32_t>(value); }
inline float real(int32_t word) { return std::bit_cast<float>(word); }

/// Assembles and validates; a wrong line is a bug of the test.
isa::Program program(isa::Profile profile, std::vector<std::string> states, std::vector<std::string> params,
                     std::vector<std::string> inputs, const std::vector<std::string> &lines);
/// Integrate and fire, int: v += in + bias; if v > vth spike, v = 0. Parameters bias, vth.
isa::Program integrateAndFire();
/// The same on f32, `v >= vth`, reset by subtraction.
isa::Program integrateAndFireF32();
/// Fires in each step in which its input is not zero; the payload is the input. State `seen`: the last input.
isa::Program relay(isa::Profile profile, bool graded);

std::shared_ptr<const image::Image> build(const Net &net);

/// Spikes of one step: by population, ascending neurons, with payload words.
struct StepSpikes {
  std::vector<std::vector<uint32_t>> neurons;
  std::vector<std::vector<int32_t>> payloads;
  bool operator==(const StepSpikes &) const = default;
};

class Reference {
public:
  explicit Reference(const Net &net);
  StepSpikes step(const std::vector<emu::InputSpike> &inputs);
  std::vector<int32_t> state(uint32_t population, uint32_t slot) const { return states[population][slot]; }

private:
  struct Contribution {
    uint32_t emission, population, neuron, projection, delay, synapse; ///< In order of addition.
    uint32_t target, receptor;
    int32_t weight, payload;
  };
  void emit(uint32_t population, uint32_t neuron, int32_t payload);
  std::vector<int32_t> sums(uint32_t population, uint32_t receptor);
  const Net &net;
  uint32_t now = 0;
  std::vector<uint32_t> levels;
  std::vector<std::vector<std::vector<int32_t>>> states;                   ///< [population][slot][neuron]
  std::map<uint32_t, std::vector<Contribution>> pending;                   ///< By step of effect.
  std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> outgoing; ///< (population, neuron) -> synapses.
};

/// Spikes of the machine's last step.
StepSpikes spikesOf(emu::Machine &machine);
/// A machine that must be creatable.
std::unique_ptr<emu::Machine> machine(std::shared_ptr<const image::Image> image, const emu::MachineOptions &options);
emu::MachineOptions interp(unsigned threads = 1, emu::Timing timing = emu::Timing::Off);
/// The code of the error that rank 0 of two, which are threads, gives instead of a machine; 0: none.
unsigned codeOfTwoRanks(const std::shared_ptr<const image::Image> &image, emu::MachineOptions options);

} // namespace ranvier::emutest

#endif
