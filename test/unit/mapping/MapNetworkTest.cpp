// Partition and placement as one search: within every limit by an independent count, every neuron once, deterministic, never worse
// than sequential filling, and its cost is what spikeHops counts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/ComparePartitioners.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
bool same(const Mapping &a, const Mapping &b) {
  if (a.cores.size() != b.cores.size())
    return false;
  for (size_t c = 0; c < a.cores.size(); ++c)
    if (a.cores[c].chip != b.cores[c].chip || a.cores[c].core != b.cores[c].core || a.cores[c].slices != b.cores[c].slices)
      return false;
  return true;
}

Network synthetic(Synthetic::Kind kind, uint32_t neurons, uint32_t degree, uint64_t seed, Rates &rates, double sigma = 0) {
  auto network =
      generate({.kind = kind, .neurons = neurons, .degree = degree, .layers = 4, .rateSigma = sigma, .seed = seed}, rates);
  REQUIRE_MESSAGE(bool(network), (network ? "" : network.error().str()));
  return *std::move(network);
}

/// Maps with the search and checks everything that holds for any network and chip; returns what was decided.
Choice checked(const Network &network, const hw::Chip &chip, const Rates &rates, uint64_t seed) {
  const Options sequential{.seed = seed, .strategy = Strategy::Sequential, .rates = rates};
  const Options search{.seed = seed, .strategy = Strategy::Multilevel, .rates = rates};
  Choice plain, choice;
  auto filled = mapNetwork(network, chip, sequential, &plain);
  REQUIRE_MESSAGE(bool(filled), (filled ? "" : filled.error().str()));
  auto found = mapNetwork(network, chip, search, &choice);
  REQUIRE_MESSAGE(bool(found), (found ? "" : found.error().str()));
  auto legal = checkMapping(network, chip, *found); // Counts every limit by itself, and every neuron once.
  CHECK_MESSAGE(bool(legal), (legal ? "" : legal.error().str()));
  CHECK(found->cores.size() == filled->cores.size());
  CHECK(plain.strategy == "sequential");
  CHECK(choice.sequential == plain.chosen);
  CHECK(choice.chosen <= plain.chosen);
  CHECK((choice.strategy == "multilevel") == (choice.chosen < plain.chosen));
  auto cost = spikeHops(network, chip, *found, rates);
  REQUIRE(bool(cost));
  CHECK(*cost == choice.chosen);
  auto again = mapNetwork(network, chip, search);
  REQUIRE(bool(again));
  CHECK(same(*found, *again));
  return choice;
}
} // namespace

TEST_CASE("random networks of every feature on small chips") {
  unsigned searched = 0;
  for (uint64_t seed = 0; seed < cases(25, 60); ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    Network network = randomIntNetwork(seed);
    for (size_t p = 0; p < network.projections.size(); p += 2) // Memory of shared kernels is counted while neurons move.
      network.projections[p].kernelWeights = static_cast<uint32_t>(dice(1, 4000));
    uint64_t neurons = 0;
    for (const Population &population : network.populations)
      neurons += population.input ? 0 : population.count;
    hw::CoreLimits limits;
    limits.neurons = static_cast<uint32_t>(std::max<uint64_t>(1, neurons / static_cast<uint64_t>(dice(3, 12))));
    limits.synapticMemoryBits = 1 << 20;
    limits.axonsIn = static_cast<uint32_t>(dice(200, 2000));
    limits.axonsOut = static_cast<uint32_t>(dice(500, 4000));
    hw::Chip chip = tinyChip(limits);
    chip.weights.sharedKernels = seed % 2;
    const Choice choice = checked(network, chip, {}, seed);
    searched += choice.multilevelTried;
  }
  CHECK(searched > cases(15, 36));
}

TEST_CASE("limits that bind: memory, axons in, axons out") {
  Rates rates;
  for (unsigned which = 0; which < 4; ++which) {
    CAPTURE(which);
    Network network = synthetic(Synthetic::Kind::SmallWorld, 600, 8, which, rates);
    network.projections[0].kernelWeights = 500;
    hw::CoreLimits limits;
    hw::Chip chip = tinyChip(limits);
    chip.weights.sharedKernels = which == 3;
    if (which == 0 || which == 3)
      limits.synapticMemoryBits = 30000;
    else if (which == 1)
      limits.axonsIn = 150;
    else
      limits.axonsOut = 160;
    chip.core = tinyChip(limits).core;
    checked(network, chip, rates, which);
  }
}

TEST_CASE("neuron configurations are counted while neurons move") {
  Rates rates;
  Network network = synthetic(Synthetic::Kind::Random, 300, 6, 5, rates);
  Words decays(300);
  for (size_t n = 0; n < decays.size(); ++n)
    decays[n] = static_cast<int32_t>(n / 30);
  network.populations[0].params[0] = decays;
  hw::CoreLimits limits;
  limits.neurons = 60;
  limits.neuronConfigs = 4;
  checked(network, tinyChip(limits), rates, 1);
}

TEST_CASE("levels of delay-0 edges stay apart") {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    hw::Chip chip = floatChip();
    chip.core.neurons = 20;
    checked(randomFloatNetwork(seed), chip, {}, seed);
  }
}

TEST_CASE("rates decide which neurons stay near" * doctest::test_suite("quality")) {
  Rates rates;
  const Network network = synthetic(Synthetic::Kind::Random, 400, 5, 3, rates, 1.5);
  REQUIRE(rates.size() == 1);
  hw::CoreLimits limits;
  limits.neurons = 40;
  const hw::Chip chip = tinyChip(limits);
  checked(network, chip, rates, 3);
  auto weighted = mapNetwork(network, chip, {.strategy = Strategy::Multilevel, .rates = rates});
  auto uniform = mapNetwork(network, chip, {.strategy = Strategy::Multilevel});
  REQUIRE(bool(weighted));
  REQUIRE(bool(uniform));
  CHECK(*spikeHops(network, chip, *weighted, rates) < *spikeHops(network, chip, *uniform, rates));
}

TEST_CASE("a shuffled small world is found again" * doctest::test_suite("quality")) {
  // Sequential filling sees no order in it; the search must find the ring.
  Rates rates;
  Network network = synthetic(Synthetic::Kind::SmallWorld, 480, 8, 1, rates);
  Projection &projection = network.projections[0];
  std::vector<Edge> edges;
  for (uint32_t n = 0; n < 480; ++n)
    for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
      edges.push_back({n * 217 % 480, projection.targets[s] * 217 % 480, 1, 1});
  network.projections.clear();
  addProjection(network, 0, 0, 0, 0, edges);
  hw::CoreLimits limits;
  limits.neurons = 64;
  const Choice choice = checked(network, tinyChip(limits), rates, 0);
  CHECK(choice.chosen * 2 < choice.sequential);
}

TEST_CASE("rates of another network are refused by name") {
  Rates rates;
  const Network network = synthetic(Synthetic::Kind::Layered, 80, 4, 0, rates);
  hw::CoreLimits limits;
  limits.neurons = 10;
  auto wrong = mapNetwork(network, tinyChip(limits), {.rates = {{1, 2}}});
  REQUIRE(!wrong);
  CHECK(wrong.error().code == 6070);
  Rates shorter(network.populations.size(), std::vector<uint32_t>(20, 1));
  shorter[2].pop_back();
  wrong = mapNetwork(network, tinyChip(limits), {.rates = shorter});
  REQUIRE(!wrong);
  CHECK(wrong.error().code == 6070);
  CHECK(wrong.error().place == "population 'layer2'");
  CHECK(wrong.error().expected == "20 neurons");
  CHECK(wrong.error().found == "19");
}

TEST_CASE("generated networks are what was asked for") {
  Rates rates;
  CHECK(synthetic(Synthetic::Kind::Layered, 400, 9, 0, rates).populations.size() == 4);
  const Network first = synthetic(Synthetic::Kind::SmallWorld, 200, 6, 7, rates, 0.5);
  CHECK(rates.at(0).size() == 200);
  CHECK(synthetic(Synthetic::Kind::SmallWorld, 200, 6, 7, rates, 0.5).projections[0].targets == first.projections[0].targets);
  CHECK(synthetic(Synthetic::Kind::SmallWorld, 200, 6, 8, rates, 0.5).projections[0].targets != first.projections[0].targets);
  for (const Synthetic &bad : {Synthetic{.neurons = 10, .degree = 10}, Synthetic{.neurons = 10, .degree = 0},
                               Synthetic{.kind = Synthetic::Kind::Layered, .neurons = 10, .degree = 2, .layers = 3},
                               Synthetic{.rewired = 1.5}, Synthetic{.rateSigma = -1}, Synthetic{.weightBits = 10}}) {
    auto refused = generate(bad, rates);
    REQUIRE(!refused);
    CHECK(refused.error().code == 6072);
    CHECK(!refused.error().expected.empty());
  }
}

TEST_CASE("every partitioner gets the same cores and stays within the limits") {
  CompareOptions options{.seeds = 2};
  const Network network = synthetic(Synthetic::Kind::SmallWorld, 500, 6, 2, options.rates, 1.0);
  hw::CoreLimits limits;
  limits.neurons = 63;
  auto compared = comparePartitioners(network, tinyChip(limits), options);
  REQUIRE_MESSAGE(bool(compared), (compared ? "" : compared.error().str()));
  CHECK(compared->cores == 8);
  REQUIRE(compared->contenders.size() == 5);
  CHECK(compared->contenders[0].name == "ranvier");
  CHECK(compared->contenders[1].name == "sequential");
  for (const Contender &contender : compared->contenders) {
    CAPTURE(contender.name);
    for (const Peer peer : {Peer::Metis, Peer::Scotch, Peer::Zoltan})
      if (contender.name == toString(peer))
        CHECK(contender.available == available(peer));
    if (contender.available && contender.fits)
      CHECK(contender.spikeHops >= compared->contenders[0].spikeHops);
  }
}
