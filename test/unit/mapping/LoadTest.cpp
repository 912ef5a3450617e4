// Times of a step foretold: a network worked out by hand, and random ones against a count of every spike of every source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Load.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/ShippedChip.h"
#include "support/TestNetworks.h"
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
hw::Chip spinnaker() { return shippedChip("spinnaker1"); }
// Of the chip's profile [ps].
constexpr double neuron = 875e3, packet = 1925e3, synapse = 75e3;
} // namespace

TEST_CASE("A core's neurons, packets and synapses are those of its sources, and spread as independent spikes do") {
  const hw::Chip chip = spinnaker();
  Network network;
  network.dt = 1e-3;
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", 2, -1);
  addPopulation(network, "a", 3, 0);
  addPopulation(network, "b", 4, 0);
  network.populations[0].source = "poisson";
  network.populations[0].rates = {0.5, 0.25};
  // Input 0 has two synapses on a and one on b, input 1 one on a; neuron 2 of a two on b, in two projections.
  addProjection(network, 0, 1, 0, 0, {{0, 0, 1, 1}, {0, 1, 1, 2}, {1, 2, 1, 1}});
  addProjection(network, 0, 2, 0, 0, {{0, 3, 1, 1}});
  addProjection(network, 1, 2, 0, 0, {{2, 0, 1, 1}});
  addProjection(network, 1, 2, 1, 0, {{2, 1, 1, 1}});
  const Mapping mapping{{{0, 0, 0, {{1, 0, 3}}}, {0, 1, 0, {{2, 0, 4}}}}};
  const auto loads = foretellLoads(network, chip, mapping, {.spikes = {}, .steps = 0, .perSecond = 20});
  REQUIRE(loads.size() == 2);
  CHECK(loads[0].neurons == 3);
  CHECK(loads[0].packets == doctest::Approx(0.75));
  CHECK(loads[0].events == doctest::Approx(0.5 * 2 + 0.25));
  CHECK(loads[0].mean() == doctest::Approx(3 * neuron + 0.75 * packet + 1.25 * synapse));
  CHECK(loads[0].variance == doctest::Approx(0.5 * std::pow(packet + 2 * synapse, 2) + 0.25 * std::pow(packet + synapse, 2)));
  CHECK(loads[1].packets == doctest::Approx(0.5 + 0.02));
  CHECK(loads[1].events == doctest::Approx(0.5 + 0.02 * 2));
  CHECK(loads[1].peak(2) == doctest::Approx(loads[1].mean() + 2 * std::sqrt(loads[1].variance)));
  // A recorded run of 50 steps says what neurons do; the input has rates of its own. The chip's rate is 30 Hz.
  const auto recorded =
      foretellLoads(network, chip, mapping, {.spikes = {{}, {9, 9, 5}, {0, 0, 0, 0}}, .steps = 50, .perSecond = 0});
  CHECK(recorded[1].packets == doctest::Approx(0.5 + 0.1));
  CHECK(foretellLoads(network, chip, mapping, {})[1].packets == doctest::Approx(0.5 + 0.03));
}

TEST_CASE("Synapse cores share the packets, and transfers count on both sides") {
  const hw::Chip chip = spinnaker();
  Network network;
  network.programs = {twoInputProgram()};
  addPopulation(network, "heavy", 10, -1);
  addPopulation(network, "light", 4, -1);
  addPopulation(network, "lighter", 3, -1);
  addPopulation(network, "a", 5, 0);
  for (uint32_t p = 0; p < 3; ++p) {
    network.populations[p].source = "poisson";
    network.populations[p].rates = {0.1};
    std::vector<Edge> edges;
    for (uint32_t n = 0; n < network.populations[p].count; ++n)
      edges.push_back({n, n % 5, 1, 1});
    addProjection(network, p, 3, 0, 0, std::move(edges));
  }
  const Mapping mapping{{{0, 2, 0, {{3, 0, 5}}, {3, 4}}}};
  const auto loads = foretellLoads(network, chip, mapping, {});
  REQUIRE(loads.size() == 3);
  // The core itself, then the heaviest input on the first synapse core, the others on the second. Sums: 5 neurons, 2 receptors.
  CHECK(loads[0].packets == 0);
  CHECK(loads[0].mean() == doctest::Approx(5 * neuron + 2 * (500e3 + 10 * 32.6e3)));
  CHECK(loads[1].packets == doctest::Approx(1.0));
  CHECK(loads[2].packets == doctest::Approx(0.7));
  CHECK(loads[1].mean() == doctest::Approx(packet + synapse + 500e3 + 10 * 7.6e3));
  CHECK(loads[2].mean() == doctest::Approx(0.7 * (packet + synapse) + 500e3 + 10 * 7.6e3));
  CHECK(loads[1].neurons + loads[2].neurons == 0);
}

TEST_CASE("Cores are split where packets fill the step, halved where neurons do, and neither where they keep up") {
  const hw::Chip chip = spinnaker();
  struct Case {
    const char *what;
    uint32_t sources;
    double rate, dt;
    size_t cores, synapseCores;
  };
  // 200 neurons take 175 us, 100 of them 87.5, and 6.5 + 0.5 for two receptors' sums from one synapse core.
  for (const Case &one : {Case{"keeps up", 100, 0.01, 1e-3, 1, 0},
                          {"neurons", 100, 0.001, 0.1e-3, 2, 0},
                          {"packets", 2000, 0.01, 0.1e-3, 2, 2},
                          {"many packets", 2000, 0.2, 1e-3, 1, 2}}) {
    CAPTURE(one.what);
    Network network;
    network.dt = one.dt;
    network.programs = {twoInputProgram()};
    addPopulation(network, "in", one.sources, -1);
    addPopulation(network, "a", 200, 0);
    network.populations[0].source = "poisson";
    network.populations[0].rates = {one.rate};
    std::vector<Edge> edges;
    for (uint32_t n = 0; n < one.sources; ++n)
      for (uint32_t k = 0; k < 2; ++k)
        edges.push_back({n, (n + 100 * k) % 200, 1, 1});
    addProjection(network, 0, 1, 0, 0, std::move(edges));
    auto mapping = mapNetwork(network, chip, {.split = Split::Auto});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    CHECK(mapping->cores.size() == one.cores);
    size_t synapseCores = 0;
    for (const CoreAssignment &core : mapping->cores)
      synapseCores += core.synapseCores.size();
    CHECK(synapseCores == one.synapseCores);
    for (const CoreLoad &load : foretellLoads(network, chip, *mapping, {}))
      CHECK(load.peak(chip.ringBuffers.sigma) <= one.dt * 1e12);
    CHECK(bool(checkMapping(network, chip, *mapping)));
  }
}

TEST_CASE("What cannot be split is refused by name") {
  Network network;
  network.programs = {twoInputProgram()};
  addPopulation(network, "a", 5, 0);
  addProjection(network, 0, 0, 0, 0, {{0, 1, 1, 1}});
  const auto code = [&](const hw::Chip &chip) {
    const auto mapping = mapNetwork(network, chip, {.split = Split::Fixed});
    return mapping ? 0u : mapping.error().code;
  };
  CHECK(code(spinnaker()) == 0);
  hw::Chip bare = spinnaker();
  bare.memories.reset();
  CHECK(code(bare) == 6110);
  hw::Chip faulty = spinnaker();
  faulty.faults.cores = {{0, 3}};
  CHECK(code(faulty) == 6112);
  hw::Chip small = spinnaker();
  small.core.neurons = 1;
  small.tilesX = 1;
  small.tilesY = 2;
  small.coresPerTile = 3; // One group a tile, and five neurons.
  CHECK(code(small) == 6113);
  // A synapse core on another tile, or where another core is.
  Mapping mapping{{{0, 0, 0, {{0, 0, 5}}, {17}}}};
  const auto elsewhere = checkMapping(network, spinnaker(), mapping);
  REQUIRE(!elsewhere);
  CHECK(elsewhere.error().code == 6114);
  mapping.cores[0].synapseCores = {1, 1};
  const auto twice = checkMapping(network, spinnaker(), mapping);
  REQUIRE(!twice);
  CHECK(twice.error().code == 6023);
}

TEST_CASE("Loads of random networks are those of a count source by source") {
  const hw::Chip chip = spinnaker();
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Dice dice(seed);
    Network network;
    network.programs = {twoInputProgram()};
    for (int p = 0; p < 3; ++p)
      addPopulation(network, "p" + std::to_string(p), static_cast<uint64_t>(dice(1, 400)), 0);
    AssumedRates rates{.spikes = {}, .steps = static_cast<uint64_t>(dice(1, 1000)), .perSecond = 0};
    for (const Population &population : network.populations) {
      rates.spikes.emplace_back();
      for (uint64_t n = 0; n < population.count; ++n)
        rates.spikes.back().push_back(static_cast<uint32_t>(dice(0, 20)));
    }
    for (int k = 0; k < 4; ++k) {
      const uint32_t source = static_cast<uint32_t>(dice(0, 2)), target = static_cast<uint32_t>(dice(0, 2));
      std::vector<Edge> edges;
      for (uint32_t a = 0; a < network.populations[source].count; ++a)
        for (int e = 0; e < dice(0, 5); ++e)
          edges.push_back({a, static_cast<uint32_t>(dice(0, int64_t(network.populations[target].count) - 1)), 1, 1});
      addProjection(network, source, target, 0, 0, std::move(edges));
    }
    const auto mapping = mapNetwork(network, chip, {.strategy = Strategy::Sequential});
    REQUIRE(bool(mapping));
    const auto loads = foretellLoads(network, chip, *mapping, rates);
    for (size_t c = 0; c < loads.size(); ++c) {
      double packets = 0, events = 0, variance = 0;
      for (uint32_t p = 0; p < 3; ++p)
        for (uint64_t n = 0; n < network.populations[p].count; ++n) {
          int64_t here = 0;
          for (const Projection &projection : network.projections)
            if (projection.source == p)
              for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
                for (const Slice &slice : mapping->cores[c].slices)
                  here += slice.population == projection.target && projection.targets[s] >= slice.first &&
                          projection.targets[s] < slice.first + slice.count;
          const double spikes = double(rates.spikes[p][n]) / double(rates.steps);
          packets += here ? spikes : 0;
          events += spikes * double(here);
          variance += here ? spikes * std::pow(packet + double(here) * synapse, 2) : 0;
        }
      CHECK(loads[c].packets == doctest::Approx(packets));
      CHECK(loads[c].events == doctest::Approx(events));
      CHECK(loads[c].variance == doctest::Approx(variance));
    }
  }
}
