//===- TestNetworks.cpp - Random networks and small chips -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/TestNetworks.h"
#include "ranvier/HwModels/NativeForm.h"
#include <algorithm>
#include <bit>
#include <tuple>

using namespace ranvier;
using namespace ranvier::test;

/// Every cost known, so that a chip made here passes the loader and the timing model.
static hw::CostProfile unitCosts() {
  hw::CostProfile costs;
  costs.name = "unit";
  costs.description = "one picosecond and one picojoule an event";
  for (const std::string &event : hw::costEvents)
    costs.events[event] = {1, 1e-12, hw::Provenance::Defined, "test"};
  costs.events["crossbar_cell"].picoseconds.reset();
  costs.barrierPicoseconds[1] = 1;
  costs.barrierProvenance = hw::Provenance::Defined;
  costs.barrierSource = "test";
  return costs;
}

hw::Chip test::tinyChip(const hw::CoreLimits &limits) {
  hw::Chip chip;
  chip.name = "tiny";
  chip.description = "a small mesh for tests";
  chip.profile = isa::Profile::Int;
  chip.programmable = true;
  chip.stateBits = 32;
  chip.minDelay = 1;
  chip.maxDelay = 63;
  chip.weights.minExponent = -8;
  chip.weights.maxExponent = 7;
  chip.core = limits;
  chip.nativeCuba = hw::NativeCubaLif{};
  chip.topology = hw::Topology::Mesh;
  chip.tilesX = 2;
  chip.tilesY = 2;
  chip.coresPerTile = 2;
  chip.maxChips = 4;
  chip.chipsX = 2;
  chip.chipsY = 2;
  chip.costs.push_back(unitCosts());
  return chip;
}

hw::Chip test::floatChip() {
  hw::Chip chip;
  chip.name = "float";
  chip.description = "binary32 without limits, for tests";
  chip.profile = isa::Profile::F32;
  chip.programmable = true;
  chip.gradedSpikes = true;
  chip.minDelay = 0;
  chip.maxDelay = 65535;
  chip.coresPerTile = 65536;
  chip.maxChips = 65536;
  chip.chipsX = 256;
  chip.chipsY = 256;
  chip.costs.push_back(unitCosts());
  return chip;
}

static isa::Program assembleAll(isa::Program program, const std::vector<const char *> &lines) {
  for (const char *line : lines) {
    auto instruction = isa::assemble(program, line);
    RANVIER_ASSERT(instruction, std::string(line) + ": " + instruction.error().str());
    program.code.push_back(*instruction);
  }
  return program;
}

isa::Program test::twoInputProgram() {
  isa::Program program;
  program.name = "two_input";
  program.states = {"v", "n"};
  program.params = {"vth", "gain"};
  program.inputs = {"i", "j"};
  return assembleAll(program, {"ld.state r0, v", "shr r1, r0, 3, even", "sub r0, r0, r1", "ld.input r1, i", "adds r0, r0, r1",
                               "ld.input r1, j", "ld.param r2, gain", "mulshs r1, r1, r2, 4, floor", "adds r0, r0, r1",
                               "sat r0, r0, 20", "ld.param r2, vth", "lt r3, r2, r0", "sub r4, r0, r2", "sel r0, r4, r0, r3",
                               "st.state r0, v", "ld.state r5, n", "add r5, r5, r3", "st.state r5, n", "spk r3"});
}

isa::Program test::floatProgram() {
  isa::Program program;
  program.name = "lif_f32";
  program.profile = isa::Profile::F32;
  program.states = {"v"};
  program.params = {"leak", "vth"};
  program.inputs = {"i", "j"};
  return assembleAll(program, {"ld.state r0, v", "ld.param r1, leak", "fmul r0, r0, r1", "ld.input r2, i", "fadd r0, r0, r2",
                               "ld.input r2, j", "fsub r0, r0, r2", "ld.param r3, vth", "fle r4, r3, r0", "li r5, 0",
                               "sel r0, r5, r0, r4", "st.state r0, v", "spk r4"});
}

uint32_t test::addPopulation(mapping::Network &network, const std::string &name, uint64_t count, int32_t program) {
  mapping::Population population;
  population.name = name;
  population.shape = {count};
  population.count = count;
  population.program = program;
  population.input = program < 0;
  population.seed = 7 + network.populations.size();
  if (program >= 0) {
    population.params.assign(network.programs[program].params.size(), mapping::Words{0});
    population.init.assign(network.programs[program].states.size(), mapping::Words{0});
    if (network.profile == isa::Profile::Int)
      for (const std::string &state : network.programs[program].states)
        population.stateScale.push_back({state, 1.0});
  }
  network.populations.push_back(std::move(population));
  return static_cast<uint32_t>(network.populations.size() - 1);
}

void test::addProjection(mapping::Network &network, uint32_t source, uint32_t target, uint32_t receptor, int exponent,
                         std::vector<Edge> edges) {
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Edge &a, const Edge &b) { return std::tie(a.source, a.target) < std::tie(b.source, b.target); });
  mapping::Projection projection;
  projection.name =
      network.populations[source].name + "_" + network.populations[target].name + "_" + std::to_string(network.projections.size());
  projection.source = source;
  projection.target = target;
  projection.receptor = receptor;
  projection.weightExponent = exponent;
  projection.weightBits = network.profile == isa::Profile::Int ? 9 : 32;
  projection.rowPtr.assign(network.populations[source].count + 1, 0);
  bool uniform = true;
  for (const Edge &edge : edges) {
    ++projection.rowPtr[edge.source + 1];
    projection.targets.push_back(edge.target);
    projection.weights.push_back(edge.weight);
    projection.delays.push_back(edge.delay);
    uniform &= edge.delay == edges[0].delay;
  }
  for (size_t n = 1; n < projection.rowPtr.size(); ++n)
    projection.rowPtr[n] += projection.rowPtr[n - 1];
  if (uniform)
    projection.delays.resize(1, 1);
  network.projections.push_back(std::move(projection));
}

mapping::Network test::randomIntNetwork(uint64_t seed, bool nativeOnly) {
  Dice dice(seed);
  mapping::Network network;
  network.name = "random" + std::to_string(seed);
  network.seed = seed;
  network.programs = {hw::nativeCubaProgram({})};
  if (!nativeOnly)
    network.programs.push_back(twoInputProgram());
  const int populations = static_cast<int>(dice(2, 5)), inputs = static_cast<int>(dice(1, 3));
  for (int i = 0; i < inputs; ++i)
    addPopulation(network, "in" + std::to_string(i), dice(1, 20), -1);
  for (int i = 0; i < populations; ++i) {
    const int32_t program = static_cast<int32_t>(dice(0, nativeOnly ? 0 : 1));
    const uint32_t p = addPopulation(network, "p" + std::to_string(i), dice(1, 40), program);
    mapping::Population &population = network.populations[p];
    const auto draw = [&](bool each, int64_t least, int64_t most) {
      mapping::Words words(each ? population.count : 1);
      for (int32_t &word : words)
        word = static_cast<int32_t>(dice(least, most));
      return words;
    };
    if (program == 0)
      population.params = {draw(false, 0, 4095), draw(false, 0, 600), draw(true, 10, 300), draw(true, -200, 2000)};
    else
      population.params = {draw(true, 500, 5000), draw(false, 1, 40)};
    for (mapping::Words &words : population.init)
      words = draw(dice.chance(0.5), -100, 100);
    if (program == 0 && dice.chance(0.5)) {
      population.configParams = {hw::NativeDu, hw::NativeDv};
      population.thresholdParams = {};
    }
  }
  for (uint32_t target = inputs; target < network.populations.size(); ++target)
    for (int k = 0; k < 3; ++k) {
      const uint32_t source =
          static_cast<uint32_t>(k == 0 ? dice(0, inputs - 1) : dice(0, int64_t(network.populations.size()) - 1));
      const int receptors = static_cast<int>(network.programs[network.populations[target].program].inputs.size());
      std::vector<Edge> edges;
      const double density = dice.chance(0.3) ? 1.0 : 0.3;
      const bool delayed = dice.chance(0.6);
      for (uint32_t a = 0; a < network.populations[source].count; ++a)
        for (uint32_t b = 0; b < network.populations[target].count; ++b)
          for (int copies = 0; copies < 2 && dice.chance(copies ? 0.05 : density); ++copies)
            edges.push_back({a, b, static_cast<int32_t>(dice(-100, 255)), static_cast<uint16_t>(delayed ? dice(1, 63) : 1)});
      addProjection(network, source, target, static_cast<uint32_t>(dice(0, receptors - 1)), static_cast<int>(dice(-8, 7)),
                    std::move(edges));
    }
  return network;
}

mapping::Network test::randomFloatNetwork(uint64_t seed) {
  Dice dice(seed);
  mapping::Network network;
  network.name = "float" + std::to_string(seed);
  network.profile = isa::Profile::F32;
  network.programs = {floatProgram()};
  const uint32_t in = addPopulation(network, "in", dice(3, 20), -1);
  const int layers = static_cast<int>(dice(2, 4));
  for (int i = 0; i < layers; ++i) {
    mapping::Population &population = network.populations[addPopulation(network, "l" + std::to_string(i), dice(3, 50), 0)];
    population.params = {{std::bit_cast<int32_t>(0.9f)}, mapping::Words(population.count)};
    for (int32_t &word : population.params[1])
      word = std::bit_cast<int32_t>(1.0f + 0.001f * static_cast<float>(dice(0, 999)));
  }
  const auto connect = [&](uint32_t source, uint32_t target, int leastDelay, int mostDelay) {
    std::vector<Edge> edges;
    for (uint32_t a = 0; a < network.populations[source].count; ++a)
      for (uint32_t b = 0; b < network.populations[target].count; ++b)
        if (dice.chance(0.5))
          edges.push_back(
              {a, b, std::bit_cast<int32_t>(0.01f * static_cast<float>(dice(-30, 70)) + 1e-4f / static_cast<float>(a + b + 1)),
               static_cast<uint16_t>(dice(leastDelay, mostDelay))});
    addProjection(network, source, target, static_cast<uint32_t>(dice.chance(0.2)), 0, std::move(edges));
  };
  // Declared layer order and level order differ: layer i feeds i + 1, but one skip edge and one feedback edge cross.
  for (int i = 0; i < layers; ++i)
    connect(i == 0 ? in : in + i, in + i + 1, 0, dice.chance(0.5) ? 0 : 3);
  connect(in, in + layers, 0, 5);
  connect(in + layers, in + 1, 1, 4);
  return network;
}

mapping::Network test::localNetwork(uint32_t layers, uint32_t width, uint32_t fanIn) {
  mapping::Network network;
  network.name = "local";
  network.programs = {hw::nativeCubaProgram({})};
  uint32_t previous = addPopulation(network, "in", width, -1);
  for (uint32_t layer = 0; layer < layers; ++layer) {
    const uint32_t p = addPopulation(network, "layer" + std::to_string(layer), width, 0);
    mapping::Population &population = network.populations[p];
    population.params = {{400}, {200}, {60}, {0}};
    population.configParams = {hw::NativeDu, hw::NativeDv};
    population.thresholdParams = {hw::NativeVth};
    mapping::Projection projection;
    projection.name = "w" + std::to_string(layer);
    projection.source = previous;
    projection.target = p;
    projection.weightBits = 9;
    projection.delays = {1};
    projection.rowPtr.push_back(0);
    for (uint32_t a = 0; a < width; ++a) {
      const uint32_t first = std::min(a, width - std::min(width, fanIn)), last = std::min(width, first + fanIn);
      for (uint32_t b = first; b < last; ++b) {
        projection.targets.push_back(b);
        projection.weights.push_back(static_cast<int32_t>((a * 7919u + b * 104729u) % 41u) - 8);
      }
      projection.rowPtr.push_back(projection.targets.size());
    }
    network.projections.push_back(std::move(projection));
    previous = p;
  }
  return network;
}
