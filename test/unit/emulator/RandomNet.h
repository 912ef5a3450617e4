//===- RandomNet.h - Random networks for tests of the engine ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_EMULATOR_RANDOMNET_H
#define RANVIER_TEST_UNIT_EMULATOR_RANDOMNET_H

#include "TestNet.h"
#include <random>
#include <set>

namespace ranvier::emutest {
using emu::InputSpike;

/// A program that mixes state, input, parameter and random numbers and fires now and then; graded ones send their state.
inline isa::Program noisy(isa::Profile profile, bool graded) {
  const std::string spike = graded ? "spkp r4, r3" : "spk r4";
  if (profile == isa::Profile::Int)
    return program(profile, {"u", "v"}, {"bias", "vth"}, {"exc", "inh"},
                   {"ld.state r0, u",
                    "ld.state r1, v",
                    "ld.input r2, exc",
                    "add r0, r0, r2",
                    "ld.input r2, inh",
                    "sub r0, r0, r2",
                    "li r5, 3",
                    "mulsh r0, r0, r5, 2, tz",
                    "add r3, r1, r0",
                    "ld.param r5, bias",
                    "add r3, r3, r5",
                    "rng r5, 0",
                    "shr r5, r5, 28, floor",
                    "add r3, r3, r5",
                    "ld.param r5, vth",
                    "lt r4, r5, r3",
                    "li r6, 0",
                    "sel r1, r6, r3, r4",
                    "st.state r0, u",
                    "st.state r1, v",
                    spike});
  return program(profile, {"u", "v"}, {"bias", "vth"}, {"exc", "inh"},
                 {"ld.state r0, u",  "ld.state r1, v",     "ld.input r2, exc", "fadd r0, r0, r2",  "ld.input r2, inh",
                  "fsub r0, r0, r2", "li r5, 0x3f400000",  "fmul r0, r0, r5",  "fadd r3, r1, r0",  "ld.param r5, bias",
                  "fadd r3, r3, r5", "frng r5, 0",         "fadd r3, r3, r5",  "ld.param r5, vth", "flt r4, r5, r3",
                  "li r6, 0",        "sel r1, r6, r3, r4", "st.state r0, u",   "st.state r1, v",   spike});
}

struct Generator {
  std::mt19937 random;
  uint32_t shortestDelay = 1; ///< Of synapses that do not act in their own step.
  explicit Generator(uint32_t seed) : random(seed) {}
  uint32_t below(uint32_t n) { return random() % n; }

  Net net(isa::Profile profile, bool graded, bool sameStep) {
    const bool f32 = profile == isa::Profile::F32;
    Net net;
    net.profile = profile;
    net.kind = f32 || below(2) ? image::SynapseKind::Wide64 : image::SynapseKind::Packed32;
    net.chip.gradedSpikes = graded;
    net.chip.topology = below(2) ? hw::Topology::Mesh : hw::Topology::Torus;
    net.chip.tilesX = 3;
    net.chip.tilesY = 2;
    net.chip.coresPerTile = 2;
    net.chip.maxChips = 4;
    net.chip.chipsX = net.chip.chipsY = 2;
    net.chip.multicastTrees = below(2);
    net.chip.linkBuffer = 2 + below(6);
    hw::CostProfile &costs = net.chip.costs.emplace_back();
    costs.name = "drawn";
    for (const std::string &event : hw::costEvents)
      if (event != "crossbar_cell") // which takes no time
        costs.events[event].picoseconds = below(event.starts_with("hop") ? 20000 : 3000);
    net.programs = {noisy(profile, false), noisy(profile, graded)};
    // Two inputs and four populations; those of one level share the level's cores.
    net.cores.clear();
    for (uint32_t c = 0; c < 6; ++c)
      net.cores.push_back({c / 3, c, sameStep ? c / 2 : 0});
    for (uint32_t p = 0; p < 6; ++p) {
      Population population{.name = "p" + std::to_string(p), .count = 1 + below(90)};
      population.seed = random();
      if (p != 1 && p != 4) {
        population.program = static_cast<int32_t>(below(2));
        population.params["bias"] = words(below(2) ? 1 : population.count, f32, 2);
        population.params["vth"] = words(below(2) ? 1 : population.count, f32, 40, 20);
        population.states["v"] = words(population.count, f32, 10);
        const uint32_t level = sameStep ? below(3) : 0, cores = sameStep ? 2 : 6, base = sameStep ? level * 2 : 0;
        const uint32_t cut = below(population.count + 1), one = base + below(cores);
        uint32_t two = base + below(cores);
        two = two == one ? base + (one - base + 1) % cores : two;
        population.split = cut == 0 || cut == population.count
                               ? std::vector<std::pair<uint32_t, uint32_t>>{{one, population.count}}
                               : std::vector<std::pair<uint32_t, uint32_t>>{{one, cut}, {two, population.count - cut}};
      }
      net.populations.push_back(population);
    }
    connect(net, f32, sameStep);
    return net;
  }

  std::vector<int32_t> words(uint32_t count, bool f32, uint32_t range, int32_t base = 0) {
    std::vector<int32_t> result;
    for (uint32_t n = 0; n < count; ++n) {
      const int32_t value = base + static_cast<int32_t>(below(range));
      result.push_back(f32 ? bits(0.1f * static_cast<float>(value)) : value);
    }
    return result;
  }

  void connect(Net &net, bool f32, bool sameStep) {
    const auto levelOf = [&](const Population &p) { return p.program < 0 ? -1 : int(net.cores[p.split[0].first].level); };
    for (uint32_t k = 0; k < 12; ++k) {
      Projection projection{"e" + std::to_string(k), below(6), below(6), below(2), 0};
      while (net.populations[projection.target].program < 0)
        projection.target = below(6);
      if (!f32)
        projection.exponent = static_cast<int32_t>(below(8)) - 4;
      const Population &source = net.populations[projection.source], &target = net.populations[projection.target];
      const bool forward = sameStep && levelOf(source) < levelOf(target);
      std::set<std::tuple<uint32_t, uint32_t, uint32_t>> used;
      for (uint32_t s = 0; s < source.count * 6; ++s) {
        Synapse synapse{k, below(source.count), below(target.count), shortestDelay + below(k % 3 == 0 ? 1 : 9), 0};
        if (forward && below(2))
          synapse.delay = 0;
        if (!used.emplace(synapse.source, synapse.target, synapse.delay).second)
          continue;
        const int32_t weight = static_cast<int32_t>(below(120)) - 55;
        synapse.weight = f32 ? bits(0.013f * static_cast<float>(weight)) : weight;
        net.synapses.push_back(synapse);
      }
      net.projections.push_back(projection);
    }
  }

  std::vector<InputSpike> inputs(const Net &net, uint32_t step) {
    std::vector<InputSpike> result;
    const bool f32 = net.profile == isa::Profile::F32;
    for (const uint32_t p : {1u, 4u})
      for (uint32_t n = 0; n < net.populations[p].count; ++n)
        if (below(8) == 0) {
          const bool value = net.chip.gradedSpikes && below(3) == 0;
          result.push_back({step, p, n, f32 ? bits(value ? 0.7f : 1.0f) : value ? 3 : 1});
        }
    return result;
  }
};

} // namespace ranvier::emutest

#endif
