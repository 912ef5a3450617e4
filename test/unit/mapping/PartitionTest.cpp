// Levels and partition: every limit at the limit and one beyond, order, determinism, size.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Mapping.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <chrono>
#include <doctest/doctest.h>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

/// `sources` inputs, all onto each of `targets` neurons.
Network star(uint32_t sources, uint32_t targets) {
  Network network;
  network.name = "star";
  network.programs = {hw::nativeCubaProgram({})};
  addPopulation(network, "in", sources, -1);
  addPopulation(network, "p", targets, 0);
  std::vector<Edge> edges;
  for (uint32_t a = 0; a < sources; ++a)
    for (uint32_t b = 0; b < targets; ++b)
      edges.push_back({a, b, 1, 1});
  addProjection(network, 0, 1, 0, 0, edges);
  return network;
}

/// One neuron that sends to each of `targets` neurons.
Network fan(uint32_t targets) {
  Network network;
  network.name = "fan";
  network.programs = {hw::nativeCubaProgram({})};
  addPopulation(network, "one", 1, 0);
  addPopulation(network, "many", targets, 0);
  std::vector<Edge> edges;
  for (uint32_t b = 0; b < targets; ++b)
    edges.push_back({0, b, 1, 1});
  addProjection(network, 0, 1, 0, 0, edges);
  return network;
}

void checkFits(const Network &network, const hw::CoreLimits &limits, size_t cores = 0) {
  const hw::Chip chip = tinyChip(limits);
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  if (cores)
    CHECK(mapping->cores.size() == cores);
  auto checked = checkMapping(network, chip, *mapping);
  CHECK_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
}

void checkRefused(const Network &network, const hw::CoreLimits &limits, unsigned code, const std::string &available,
                  const std::string &needed) {
  auto mapping = partition(network, tinyChip(limits), {});
  REQUIRE(!mapping);
  CHECK(mapping.error().code == code);
  CHECK(mapping.error().kind == ErrorKind::DoesNotFit);
  CHECK(mapping.error().expected.find(available) != std::string::npos);
  CHECK(mapping.error().found == needed);
  CHECK(!mapping.error().hint.empty());
  CHECK(!mapping.error().place.empty());
}

} // namespace

TEST_CASE("levels follow edges of delay 0 and name a cycle") {
  Network network = randomFloatNetwork(3);
  auto found = levels(network);
  REQUIRE(bool(found));
  CHECK((*found)[0] == 0);
  CHECK((*found)[1] == 0); // Only an input feeds it in the same step.
  for (const Projection &projection : network.projections)
    if (!network.populations[projection.source].input && projection.delay(0) == 0)
      CHECK((*found)[projection.target] > (*found)[projection.source]);
  addProjection(network, static_cast<uint32_t>(network.populations.size() - 1), 1, 0, 0, {{0, 0, 1, 0}});
  auto cyclic = levels(network);
  REQUIRE(!cyclic);
  CHECK(cyclic.error().code == 6001);
  CHECK(cyclic.error().place.find("'l0'") != std::string::npos);
}

TEST_CASE("neurons: as many as all cores hold, and one more") {
  checkFits(star(1, 32), {.neurons = 1}, 32);
  checkRefused(star(1, 33), {.neurons = 1}, 6016, "32", "33");
  checkFits(star(1, 320), {.neurons = 10}, 32);
  checkFits(star(1, 11), {.neurons = 10}, 2);
  checkFits(star(1, 10), {.neurons = 10}, 1);
}

TEST_CASE("synaptic memory: rows of one synapse take a word of 64 bits") {
  checkFits(star(5, 1), {.synapticMemoryBits = 5 * 64});
  checkRefused(star(5, 1), {.synapticMemoryBits = 5 * 64 - 1}, 6010, "319", "320");
}

TEST_CASE("synaptic memory: dense rows store no index") {
  // 9 weight bits, 64 synapses, header 10: 586 bits dense in 640; with 4 index bits 842 in 896.
  Network network = star(1, 64);
  checkFits(network, {.neurons = 64, .synapticMemoryBits = 1024}, 1);
  checkFits(network, {.neurons = 64, .synapticMemoryBits = 960}, 2); // 6 index bits: 64 * 15 + 10 = 970.
  network.projections[0].dense = true;
  checkFits(network, {.neurons = 64, .synapticMemoryBits = 640}, 1);
}

TEST_CASE("input axons") {
  checkFits(star(5, 3), {.axonsIn = 5}, 1);
  checkRefused(star(5, 3), {.axonsIn = 4}, 6011, "4", "5");
}

TEST_CASE("output axons: one neuron to as many cores as the limit, and one more") {
  checkFits(fan(6), {.neurons = 2, .axonsOut = 3}, 4); // {one} | 3 cores of 2
  checkRefused(fan(7), {.neurons = 2, .axonsOut = 3}, 6012, "3", "4");
}

TEST_CASE("output axons split the sending core until it holds") {
  Network network;
  network.programs = {hw::nativeCubaProgram({})};
  addPopulation(network, "a", 12, 0);
  addPopulation(network, "b", 12, 0);
  std::vector<Edge> edges;
  for (uint32_t a = 0; a < 12; ++a)
    for (uint32_t b = 0; b < 12; ++b)
      edges.push_back({a, b, 1, 1});
  addProjection(network, 0, 1, 0, 0, edges);
  checkFits(network, {.neurons = 12, .axonsOut = 12}, 2);
  checkFits(network, {.neurons = 12, .axonsOut = 5}, 4);
  checkFits(network, {.neurons = 6, .axonsOut = 4}, 8);
}

TEST_CASE("fan-in") {
  checkFits(star(5, 3), {.fanIn = 5}, 1);
  checkRefused(star(5, 3), {.fanIn = 4}, 6013, "4", "5");
}

TEST_CASE("program words") {
  const uint32_t words = static_cast<uint32_t>(hw::nativeCubaProgram({}).code.size());
  checkFits(star(1, 3), {.programWords = words}, 1);
  checkRefused(star(1, 3), {.programWords = words - 1}, 6014, std::to_string(words - 1), std::to_string(words));
}

TEST_CASE("configurations: distinct tuples a core") {
  Network network = star(1, 8);
  network.populations[1].params[hw::NativeDu] = {1, 2, 3, 4, 1, 2, 3, 4};
  network.populations[1].configParams = {hw::NativeDu, hw::NativeDv};
  checkFits(network, {.neuronConfigs = 4}, 1);
  checkFits(network, {.neuronConfigs = 3}, 3); // 1 2 3 | 4 1 2 | 3 4
  network.populations[1].configParams.clear();
  network.populations[1].params[hw::NativeVth] = {1, 1, 2, 2, 3, 3, 4, 4};
  network.populations[1].thresholdParams = {hw::NativeVth};
  checkFits(network, {.thresholdConfigs = 4}, 1);
  checkFits(network, {.thresholdConfigs = 2}, 2);
}

TEST_CASE("a chip that stores less names the limit that closes most cores") {
  auto mapping = partition(star(100, 70), tinyChip({.synapticMemoryBits = 6400}), {});
  REQUIRE(!mapping);
  CHECK(mapping.error().code == 6016);
  CHECK(mapping.error().message.find("synaptic memory") != std::string::npos);
}

TEST_CASE("accumulators end a core without a limit of neurons") {
  Network network = star(1, 3);
  addPopulation(network, "large", 70000, 0);
  hw::Chip chip = tinyChip({});
  auto mapping = partition(network, chip, {});
  REQUIRE(bool(mapping));
  CHECK(bool(checkMapping(network, chip, *mapping)));
  CHECK(mapping->cores.size() > 1);
}

TEST_CASE("small populations share a core, levels do not") {
  Network network = star(2, 3);
  addPopulation(network, "q", 4, 0);
  checkFits(network, {.neurons = 7}, 1);
  Network layered = randomFloatNetwork(5);
  auto level = levels(layered);
  auto mapping = partition(layered, floatChip(), {});
  REQUIRE(bool(level));
  REQUIRE(bool(mapping));
  for (const CoreAssignment &core : mapping->cores)
    for (const Slice &slice : core.slices)
      CHECK((*level)[slice.population] == core.level);
  CHECK(mapping->cores.size() == *std::max_element(level->begin(), level->end()) + 1);
}

TEST_CASE("delays and number profiles outside the chip's are refused") {
  Network network = star(1, 1);
  network.projections[0].delays = {64};
  CHECK(partition(network, tinyChip({}), {}).error().code == 6017);
  network.projections[0].delays = {0};
  CHECK(partition(network, tinyChip({}), {}).error().code == 6017);
  network.projections[0].delays = {63};
  CHECK(bool(partition(network, tinyChip({}), {})));
  CHECK(partition(network, floatChip(), {}).error().code == 6018);
}

TEST_CASE("a network whose tables do not fit together is refused by name") {
  const Network good = star(2, 3);
  const auto code = [](const Network &network) {
    auto mapping = partition(network, tinyChip({}), {});
    return mapping ? 0u : mapping.error().code;
  };
  CHECK(code(good) == 0);
  Network bad = good;
  bad.projections[0].targets[1] = 3;
  CHECK(code(bad) == 6002);
  bad = good;
  std::swap(bad.projections[0].targets[0], bad.projections[0].targets[1]);
  CHECK(code(bad) == 6002);
  bad = good;
  bad.projections[0].rowPtr.back() = 7;
  CHECK(code(bad) == 6002);
  bad = good;
  bad.projections[0].weights.pop_back();
  CHECK(code(bad) == 6002);
  bad = good;
  bad.projections[0].receptor = 1;
  CHECK(code(bad) == 6002);
  bad = good;
  bad.populations[1].params[0] = {1, 2};
  CHECK(code(bad) == 6002);
  bad = good;
  bad.populations[1].program = 1;
  CHECK(code(bad) == 6002);
  bad = good;
  bad.projections[0].target = 0;
  CHECK(code(bad) == 6002);
  bad = good;
  bad.projections[0].dense = true; // As it is.
  CHECK(code(bad) == 0);
  bad.projections[0].targets[1] = 0;
  CHECK(code(bad) == 6002);
  bad = star(2, 3);
  addProjection(bad, 0, 1, 0, 0, {{0, 0, 1, 1}});
  CHECK(code(bad) == 0);
  bad.projections[1].dense = true;
  CHECK(code(bad) == 6002);
}

TEST_CASE("random networks: legal for random limits, the same twice") {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    Network network = randomIntNetwork(seed);
    for (size_t p = 0; p < network.projections.size(); p += 2)
      network.projections[p].kernelWeights = 300;
    Dice dice(1000 + seed);
    const hw::CoreLimits limits{.neurons = static_cast<uint32_t>(dice(8, 60)),
                                .synapticMemoryBits = uint64_t(dice(8000, 100000)),
                                .axonsIn = static_cast<uint32_t>(dice(80, 200)),
                                .axonsOut = static_cast<uint32_t>(dice(60, 300))};
    hw::Chip chip = tinyChip(limits);
    chip.weights.sharedKernels = seed % 3 == 0;
    auto mapping = partition(network, chip, {});
    if (!mapping) {
      CHECK(mapping.error().kind == ErrorKind::DoesNotFit);
      continue;
    }
    auto checked = checkMapping(network, chip, *mapping);
    CHECK_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
    auto again = partition(network, chip, {.seed = 99});
    REQUIRE(bool(again));
    REQUIRE(again->cores.size() == mapping->cores.size());
    for (size_t c = 0; c < again->cores.size(); ++c)
      CHECK(again->cores[c].slices == mapping->cores[c].slices);
  }
}

TEST_CASE("200,000 neurons with 50 synapses each are partitioned within seconds" * doctest::test_suite("quality")) {
  const Network network = localNetwork(10, 20000, 50);
  hw::Chip chip = tinyChip({.neurons = 1024,
                            .synapticMemoryBits = 1048576,
                            .axonsIn = 4096,
                            .axonsOut = 4096,
                            .neuronConfigs = 32,
                            .thresholdConfigs = 8});
  chip.tilesX = 8;
  chip.tilesY = 4;
  chip.coresPerTile = 4;
  const auto start = std::chrono::steady_clock::now();
  auto mapping = partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  REQUIRE(bool(place(network, chip, *mapping, {})));
  MESSAGE("cores: ", mapping->cores.size(),
          ", seconds: ", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  auto checked = checkMapping(network, chip, *mapping);
  CHECK_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
  CHECK(mapping->cores.back().chip + 1 >= 2);
}
