// The linear-time mapper: within every limit by an independent count, the same for any number of threads, and its figures are those
// that the slower functions count. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/MapLarge.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
Network synthetic(const Synthetic &how, Rates &rates) {
  auto network = generate(how, rates);
  REQUIRE_MESSAGE(bool(network), (network ? "" : network.error().str()));
  return *std::move(network);
}

LargeMapping checked(const Network &network, const hw::Chip &chip, const Rates &rates, uint64_t seed) {
  auto made = mapLarge(network, chip, {.seed = seed, .rates = rates, .threads = 1});
  REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
  auto legal = checkMapping(network, chip, made->mapping);
  CHECK_MESSAGE(bool(legal), (legal ? "" : legal.error().str()));
  const OrderResult &chosen = made->found ? *made->ofSynapses : made->given;
  CHECK(chosen.cores == made->mapping.cores.size());
  CHECK(*spikeHops(network, chip, made->mapping, rates) == chosen.spikeHops);
  CHECK(made->links == linkLoads(network, chip, made->mapping));
  CHECK(made->found == (made->ofSynapses && made->ofSynapses->spikeHops < made->given.spikeHops));
  // The given order is what sequential filling gives elsewhere.
  Choice choice;
  auto filled = mapNetwork(network, chip, {.seed = seed, .strategy = Strategy::Sequential, .rates = rates}, &choice);
  REQUIRE(bool(filled));
  CHECK(filled->cores.size() == made->given.cores);
  CHECK(choice.chosen == made->given.spikeHops);
  for (unsigned threads : {2u, 5u}) {
    auto again = mapLarge(network, chip, {.seed = seed, .rates = rates, .threads = threads});
    REQUIRE(bool(again));
    CHECK(printMapping(network, again->mapping) == printMapping(network, made->mapping));
    CHECK(again->links == made->links);
  }
  return *std::move(made);
}
} // namespace

TEST_CASE("large: random networks of every feature on small chips") {
  unsigned found = 0;
  for (uint64_t seed = 0; seed < cases(15, 60); ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    const Network network = randomIntNetwork(seed);
    uint64_t neurons = 0;
    for (const Population &population : network.populations)
      neurons += population.input ? 0 : population.count;
    hw::CoreLimits limits;
    limits.neurons = static_cast<uint32_t>(std::max<uint64_t>(1, neurons / static_cast<uint64_t>(dice(3, 10))));
    limits.synapticMemoryBits = 1 << 20;
    limits.axonsIn = static_cast<uint32_t>(dice(200, 2000));
    limits.axonsOut = static_cast<uint32_t>(dice(500, 4000));
    found += checked(network, tinyChip(limits), {}, seed).found;
  }
  CHECK(found > 0);
}

TEST_CASE("large: limits that bind, with rates") {
  for (unsigned which = 0; which < 3; ++which) {
    CAPTURE(which);
    Rates rates;
    const Network network =
        synthetic({.kind = Synthetic::Kind::SmallWorld, .neurons = 600, .degree = 8, .rateSigma = 1, .seed = which}, rates);
    hw::CoreLimits limits;
    if (which == 0)
      limits.synapticMemoryBits = 30000;
    else if (which == 1)
      limits.axonsIn = 150;
    else
      limits.axonsOut = 160;
    checked(network, tinyChip(limits), rates, which);
  }
}

TEST_CASE("large: numbers of neurons do not decide what is near" * doctest::test_suite("quality")) {
  for (const auto kind : {Synthetic::Kind::SmallWorld, Synthetic::Kind::Layered}) {
    Synthetic how{.kind = kind, .neurons = 1800, .degree = 10, .rewired = 0.02, .layers = 2, .seed = 4};
    Rates rates;
    const Network ordered = synthetic(how, rates);
    how.shuffle = true;
    const Network shuffled = synthetic(how, rates);
    REQUIRE(shuffled.projections[0].targets.size() == ordered.projections[0].targets.size());
    hw::CoreLimits limits;
    limits.neurons = 150;
    const hw::Chip chip = tinyChip(limits);
    const LargeMapping near = checked(ordered, chip, rates, 0), far = checked(shuffled, chip, rates, 0);
    CHECK(far.found);
    CHECK(2 * far.ofSynapses->spikeHops < far.given.spikeHops);
    CHECK(far.ofSynapses->spikeHops < 1.6 * static_cast<double>(near.given.spikeHops));
  }
}

TEST_CASE("large: levels of delay-0 edges keep the given order") {
  hw::Chip chip = floatChip();
  chip.core.neurons = 20;
  for (uint64_t seed = 0; seed < 4; ++seed)
    CHECK_FALSE(checked(randomFloatNetwork(seed), chip, {}, seed).ofSynapses);
}

TEST_CASE("large: errors are those of the slower functions") {
  Rates rates;
  const Network network = synthetic({.neurons = 100, .degree = 20}, rates);
  hw::CoreLimits limits;
  limits.axonsIn = 10;
  auto tight = mapLarge(network, tinyChip(limits), {});
  REQUIRE_FALSE(bool(tight));
  CHECK(tight.error().code == 6011);
  auto rated = mapLarge(network, tinyChip({}), {.rates = {{1, 2}}});
  REQUIRE_FALSE(bool(rated));
  CHECK(rated.error().code == 6070);
}
