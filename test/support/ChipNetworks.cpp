//===- ChipNetworks.cpp - Random networks within a chip's limits ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/ChipNetworks.h"
#include "isa/RandomProgram.h"
#include "ranvier/HwModels/NativeForm.h"
#include "support/TestNetworks.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::test;

namespace {
class Drawing {
public:
  Drawing(uint64_t seed, const hw::Chip &chip) : chip(chip), dice(seed), random(seed) {
    network.name = "chip" + std::to_string(seed);
    network.seed = seed;
  }

  mapping::Network run() {
    programs();
    const int64_t inputs = dice(1, 3), populations = dice(2, 6);
    for (int64_t i = 0; i < inputs; ++i)
      addPopulation(network, "in" + std::to_string(i), static_cast<uint64_t>(dice(1, 30)), -1);
    for (int64_t i = 0; i < populations; ++i)
      neurons("p" + std::to_string(i));
    for (uint32_t target = static_cast<uint32_t>(inputs); target < network.populations.size(); ++target)
      for (int64_t k = dice(1, 4); k > 0; --k)
        projection(k == 1 ? static_cast<uint32_t>(dice(0, inputs - 1))
                          : static_cast<uint32_t>(dice(0, int64_t(network.populations.size()) - 1)),
                   target);
    return std::move(network);
  }

private:
  bool fits(const isa::Program &program) const {
    const hw::CoreLimits &core = chip.core;
    return !core.slotsBeyond(program.states.size(), program.params.size(), program.inputs.size()) &&
           (!core.programWords || program.code.size() <= core.programWords) &&
           (!core.tableWords || isa::tableWords(program) <= core.tableWords);
  }

  void programs() {
    network.programs = {hw::nativeCubaProgram(*chip.nativeCuba), twoInputProgram()};
    for (int64_t more = dice(1, 3); more > 0;) {
      isa::Program program = randomProgram(random, isa::Profile::Int, dice.chance(0.1) ? 300 : 60);
      if (!fits(program) || (isa::emitsPayload(program) && !chip.gradedSpikes))
        continue;
      program.name += std::to_string(more--);
      network.programs.push_back(std::move(program));
    }
  }

  /// One word, or one a neuron.
  template <typename Draw> mapping::Words words(uint64_t count, Draw draw) {
    mapping::Words result(dice.chance(0.5) ? 1 : count);
    for (int32_t &word : result)
      word = static_cast<int32_t>(draw());
    return result;
  }

  void neurons(const std::string &name) {
    const int32_t program = static_cast<int32_t>(dice.chance(0.4) ? 0 : dice(1, int64_t(network.programs.size()) - 1));
    const uint64_t count = static_cast<uint64_t>(dice.chance(0.1) ? dice(100, 300) : dice(1, 60));
    mapping::Population &population = network.populations[addPopulation(network, name, count, program)];
    if (program == 0) {
      native(population);
      return;
    }
    for (mapping::Words &slot : population.params)
      slot = words(count, [&] { return static_cast<int32_t>(edgeWord(random, isa::Profile::Int)); });
    if (program == 1)
      population.params = {words(count, [&] { return dice(500, 5000); }), words(count, [&] { return dice(1, 40); })};
    for (mapping::Words &slot : population.init)
      slot = words(count, [&] { return static_cast<int32_t>(edgeWord(random, isa::Profile::Int)); });
  }

  void native(mapping::Population &population) {
    const hw::NativeCubaLif &unit = *chip.nativeCuba;
    const auto ends = [&](int64_t most, int64_t usual) {
      return words(population.count, [&] { return dice.chance(0.2) ? (dice.chance(0.5) ? 0 : most) : dice(0, usual); });
    };
    const int64_t decays = (int64_t(1) << unit.decayBits) - 1, mantissa = int64_t(1) << (unit.biasMantissaBits - 1),
                  exponents = (int64_t(1) << unit.biasExponentBits) - 1, state = (int64_t(1) << (unit.stateBits - 1)) - 1;
    population.params = {
        ends(decays, decays), ends(decays, 600), ends((int64_t(1) << unit.thresholdBits) - 1, 3000), words(population.count, [&] {
          return dice.chance(0.2) ? dice(-mantissa, mantissa - 1) * (int64_t(1) << dice(0, exponents)) : dice(-200, 2000);
        })};
    for (mapping::Words &slot : population.init)
      slot = words(population.count, [&] { return dice.chance(0.2) ? (dice.chance(0.5) ? -state : state) : dice(-1000, 1000); });
    population.configParams = {hw::NativeDu, hw::NativeDv};
    population.thresholdParams = {hw::NativeVth};
  }

  void projection(uint32_t source, uint32_t target) {
    const hw::Weights &limits = chip.weights;
    const int64_t most = (int64_t(1) << std::min(limits.maxBits, 30u)) - 1, small = std::min<int64_t>(most, 40);
    const uint64_t sources = network.populations[source].count, targets = network.populations[target].count;
    const bool dense = dice.chance(0.3) && sources * targets <= 8000, extreme = dice.chance(0.3), delayed = dice.chance(0.6);
    const double density = dense ? 1 : std::min(0.4, 15.0 / static_cast<double>(targets));
    std::vector<Edge> edges;
    for (uint32_t a = 0; a < sources; ++a)
      for (uint32_t b = 0; b < targets; ++b)
        for (int copies = 0; copies < 3 && (dense ? copies == 0 : dice.chance(copies ? 0.1 : density)); ++copies)
          edges.push_back({a, b, static_cast<int32_t>(extreme ? (dice.chance(0.5) ? -most : most) : dice(-small, 2 * small)),
                           static_cast<uint16_t>(delayed ? dice(chip.minDelay, chip.maxDelay) : chip.minDelay)});
    const int64_t receptors = int64_t(network.programs[static_cast<size_t>(network.populations[target].program)].inputs.size());
    addProjection(network, source, target, static_cast<uint32_t>(dice(0, receptors - 1)),
                  static_cast<int>(dice(limits.minExponent, limits.maxExponent)), std::move(edges));
    network.projections.back().weightBits = limits.maxBits + 1;
    network.projections.back().dense = dense;
  }

  const hw::Chip &chip;
  Dice dice;
  RandomSource random;
  mapping::Network network;
};
} // namespace

mapping::Network test::randomChipNetwork(uint64_t seed, const hw::Chip &chip) { return Drawing(seed, chip).run(); }
