// Times of a step foretold: a network worked out by hand, and random ones against a count of every spike of every source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Load.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/TestNetworks.h"
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
hw::Chip spinnaker() {
  auto chip = hw::findChip("spinnaker1");
  REQUIRE_MESSAGE(bool(chip), (chip ? "" : chip.error().str()));
  return *std::move(chip);
}
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
