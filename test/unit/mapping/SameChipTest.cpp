// Sets of populations that must share a chip: kept by every strategy on every kind of machine, within all limits, the same for any
// number of threads; errors name the set and the numbers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/Image.h"
#include "ranvier/Mapping/Partitioner.h"
#include "ranvier/Support/Json.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

/// An input and a population for each size; every population feeds the next and some other.
Network networkOf(const std::vector<uint32_t> &sizes, uint32_t degree, uint64_t seed) {
  Dice dice(seed);
  Network network;
  network.name = "sets";
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", 3, -1);
  network.populations[0].input = true;
  for (size_t p = 0; p < sizes.size(); ++p)
    addPopulation(network, "p" + std::to_string(p + 1), sizes[p], 0);
  const uint32_t populations = static_cast<uint32_t>(network.populations.size());
  for (uint32_t p = 0; p < populations; ++p)
    for (const uint32_t target : {p % (populations - 1) + 1, static_cast<uint32_t>(dice(1, populations - 1))}) {
      std::vector<Edge> edges;
      for (uint32_t n = 0; n < network.populations[p].count; ++n)
        for (uint32_t k = 0; k < degree; ++k)
          edges.push_back({n, static_cast<uint32_t>(dice(0, static_cast<int64_t>(network.populations[target].count) - 1)), 1, 1});
      addProjection(network, p, target, 0, 0, edges);
    }
  return network;
}

/// 3 x 2 chips of 2 x 2 tiles of 2 cores.
hw::Chip machine(uint32_t neurons, hw::Topology topology = hw::Topology::Mesh) {
  hw::Chip chip = tinyChip({.neurons = neurons});
  chip.topology = topology;
  chip.maxChips = 6;
  chip.chipsX = 3;
  chip.chipsY = 2;
  return chip;
}

/// One chip of `cores` in a row, `chips` of them.
hw::Chip rowOf(uint32_t cores, uint32_t chips) {
  hw::Chip chip = tinyChip({.neurons = 1});
  chip.tilesX = cores;
  chip.tilesY = chip.coresPerTile = 1;
  chip.maxChips = chip.chipsX = chips;
  chip.chipsY = 1;
  return chip;
}

/// Looks at every neuron by itself: sets that overlap are one, their neurons stand on one chip and beside no others.
void checkKept(const Network &network, const PopulationSets &sets, const Mapping &mapping) {
  std::vector<std::set<uint32_t>> united;
  for (const auto &given : sets) {
    std::set<uint32_t> set(given.begin(), given.end());
    std::vector<std::set<uint32_t>> apart;
    for (auto &other : united)
      if (std::any_of(other.begin(), other.end(), [&](uint32_t p) { return set.contains(p); }))
        set.insert(other.begin(), other.end());
      else
        apart.push_back(std::move(other));
    apart.push_back(std::move(set));
    united = std::move(apart);
  }
  for (const auto &set : united) {
    std::set<uint32_t> chips;
    for (const CoreAssignment &core : mapping.cores) {
      const auto inside =
          std::count_if(core.slices.begin(), core.slices.end(), [&](const Slice &slice) { return set.contains(slice.population); });
      CHECK((inside == 0 || inside == static_cast<int64_t>(core.slices.size())));
      if (inside)
        chips.insert(core.chip);
    }
    CHECK(chips.size() == 1);
  }
  auto kept = checkSameChip(network, mapping, sets);
  CHECK_MESSAGE(bool(kept), (kept ? "" : kept.error().str()));
}

PopulationSets randomSets(const Network &network, Dice &dice) {
  PopulationSets sets;
  for (int64_t s = dice(1, 3); s > 0; --s) {
    sets.emplace_back();
    for (int64_t k = dice(1, 2); k > 0; --k)
      sets.back().push_back(static_cast<uint32_t>(dice(1, static_cast<int64_t>(network.populations.size()) - 1)));
  }
  return sets;
}

/// The error of a mapping that must fail.
Error errorOf(const Network &network, const hw::Chip &chip, const PopulationSets &sets) {
  auto mapping = mapNetwork(network, chip, {.sameChip = sets});
  REQUIRE(!mapping);
  return mapping.error();
}

} // namespace

TEST_CASE("sets are kept on every machine, by every strategy, for any number of threads") {
  unsigned mapped = 0, refused = 0, several = 0;
  for (uint64_t seed = 0; seed < cases(8, 120); ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    std::vector<uint32_t> sizes;
    for (int64_t p = dice(3, 7); p > 0; --p)
      sizes.push_back(static_cast<uint32_t>(dice(3, 25)));
    const Network network = networkOf(sizes, static_cast<uint32_t>(dice(1, 3)), seed);
    const hw::Topology topologies[] = {hw::Topology::Mesh, hw::Topology::Torus, hw::Topology::Mesh, hw::Topology::None};
    hw::Chip chip = machine(5, topologies[seed % 4]);
    chip.multicastTrees = chip.topology != hw::Topology::None && seed % 3 == 1;
    chip.chipLinkCost = static_cast<uint32_t>(1 + seed % 2 * 3);
    if (seed % 2) {
      chip.faults.cores = {{0, static_cast<uint32_t>(dice(0, 7))}, {2, static_cast<uint32_t>(dice(0, 7))}};
      if (seed % 5 == 0)
        chip.faults.chips = {static_cast<uint32_t>(dice(0, 5))};
      if (seed % 3 == 0 && chip.topology != hw::Topology::None)
        chip.faults.links = {{1, 0, 0, hw::Direction::East}};
    }
    const PopulationSets sets = randomSets(network, dice);
    for (const Strategy strategy : {Strategy::Sequential, Strategy::Multilevel}) {
      const auto options = [&](unsigned threads) {
        return Options{.seed = seed, .strategy = strategy, .threads = threads, .sameChip = sets};
      };
      auto mapping = mapNetwork(network, chip, options(1));
      if (!mapping) {
        ++refused;
        const unsigned code = mapping.error().code;
        CHECK_MESSAGE((code == 6016 || code == 6082 || code == 6083 || code == 6092 || code == 6093), mapping.error().str());
        continue;
      }
      ++mapped;
      checkKept(network, sets, *mapping);
      auto legal = checkMapping(network, chip, *mapping);
      CHECK_MESSAGE(bool(legal), (legal ? "" : legal.error().str()));
      std::set<uint32_t> chips;
      for (const CoreAssignment &core : mapping->cores)
        chips.insert(core.chip);
      several += chips.size() > 1;
      auto data = emitImage(network, chip, *mapping, "{}");
      REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
      CHECK(bool(image::validate(*data)));
      for (const unsigned threads : {2u, 5u}) {
        auto again = mapNetwork(network, chip, options(threads));
        REQUIRE(bool(again));
        CHECK(printMapping(network, *again) == printMapping(network, *mapping));
      }
    }
  }
  CHECK(mapped > cases(8, 120));
  CHECK(several > cases(5, 80)); // Most need more than one chip.
}

TEST_CASE("without sets, too, threads change nothing") {
  Rates rates;
  for (const bool trees : {false, true}) {
    hw::Chip chip = machine(16);
    chip.multicastTrees = trees;
    auto network = generate(
        {.kind = Synthetic::Kind::SmallWorld, .neurons = static_cast<uint32_t>(cases(200, 400)), .degree = 6, .shuffle = true},
        rates);
    REQUIRE(bool(network));
    for (const Strategy strategy : {Strategy::Sequential, Strategy::Auto, Strategy::Multilevel}) {
      std::set<std::string> found;
      for (const unsigned threads : {1u, 2u, 5u}) {
        auto mapping = mapNetwork(*network, chip, {.seed = 3, .strategy = strategy, .threads = threads});
        REQUIRE(bool(mapping));
        found.insert(printMapping(*network, *mapping));
      }
      CHECK(found.size() == 1);
    }
  }
}

TEST_CASE("on a machine of one chip a set changes nothing") {
  const Network network = networkOf({9, 7, 8}, 2, 1);
  hw::Chip chip = machine(5);
  chip.maxChips = chip.chipsX = chip.chipsY = 1;
  auto plain = mapNetwork(network, chip, {});
  auto kept = mapNetwork(network, chip, {.sameChip = {{1, 3}}});
  REQUIRE(bool(plain));
  REQUIRE(bool(kept));
  CHECK(printMapping(network, *plain) == printMapping(network, *kept));
}

TEST_CASE("sets go where they cost least, and apart where that is cheaper without them") {
  // p1 and p4 exchange everything with each other's neighbours, but are made to share a chip.
  const Network network = networkOf({20, 20, 20, 20, 20, 20}, 4, 11);
  const hw::Chip chip = machine(5);
  auto kept = mapNetwork(network, chip, {.sameChip = {{1, 4}, {3, 6}}});
  REQUIRE_MESSAGE(bool(kept), (kept ? "" : kept.error().str()));
  checkKept(network, {{1, 4}, {3, 6}}, *kept);
  // The same cores in order, sets first: what the search begins with.
  const std::vector<uint32_t> chipOfPopulation = {0, 2, 1, 2, 0, 1};
  std::vector<uint32_t> next(3, 0);
  Mapping plain;
  for (uint32_t p = 1; p <= 6; ++p)
    for (uint32_t first = 0; first < 20; first += 5) {
      const uint32_t at = chipOfPopulation[p - 1];
      plain.cores.push_back({at, next[at]++, 0, {{p, first, 5}}});
    }
  std::sort(plain.cores.begin(), plain.cores.end(),
            [](const auto &a, const auto &b) { return std::tie(a.chip, a.core) < std::tie(b.chip, b.core); });
  REQUIRE(bool(checkMapping(network, chip, plain)));
  CHECK(*spikeHops(network, chip, *kept, {}) < *spikeHops(network, chip, plain, {}));
}

TEST_CASE("sets that the largest-first rule leaves over are arranged all the same") {
  // 4 + 4 and 3 + 3 + 3 leave a 3 over on two chips of 10; 4 + 3 + 3 twice does not.
  const Network network = networkOf({4, 4, 3, 3, 3, 3}, 1, 2);
  const PopulationSets sets = {{1}, {2}, {3}, {4}, {5}, {6}};
  auto mapping = mapNetwork(network, rowOf(10, 2), {.sameChip = sets});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  checkKept(network, sets, *mapping);
}

TEST_CASE("chips are opened until the sets fit, and no more") {
  const Network network = networkOf({3, 3, 3}, 1, 2);
  for (const bool sets : {false, true}) {
    auto mapping = mapNetwork(network, rowOf(5, 8), {.sameChip = sets ? PopulationSets{{1}, {2}, {3}} : PopulationSets{}});
    REQUIRE(bool(mapping));
    std::set<uint32_t> chips;
    for (const CoreAssignment &core : mapping->cores)
      chips.insert(core.chip);
    CHECK(*chips.rbegin() == (sets ? 2 : 1));
  }
}

TEST_CASE("a set that no chip holds: by how much, of what a chip offers") {
  const Network network = networkOf({4, 3, 2}, 1, 2);
  Error error = errorOf(network, rowOf(5, 4), {{1, 2}});
  CHECK(error.code == 6092);
  CHECK((error.kind == ErrorKind::DoesNotFit));
  CHECK(error.place == "set of 'p1', 'p2'");
  CHECK(error.message.find("need 2 more cores") != std::string::npos);
  CHECK(error.expected == "at most 5 cores (a chip of 5)");
  CHECK(error.found == "7");
  CHECK(error.hint.find("'p1' alone is on 4 cores") != std::string::npos);
  hw::Chip chip = rowOf(5, 3);
  chip.faults.cores = {{0, 1}, {1, 1}, {1, 2}, {2, 3}};
  error = errorOf(network, chip, {{2, 3}});
  CHECK(error.code == 6092);
  CHECK(error.expected == "at most 4 cores (a chip of 5, less 1 dead)");
  CHECK(error.found == "5");
  chip.faults.cores = {{0, 1}, {1, 1}};
  CHECK(bool(mapNetwork(network, chip, {.sameChip = {{2, 3}}}))); // The third chip is whole.
  error = errorOf(networkOf({3, 3, 3}, 1, 2), rowOf(5, 2), {{1}, {2}, {3}});
  CHECK(error.code == 6093);
  CHECK(error.expected == "sets that 2 chips of at most 5 cores hold");
  CHECK(error.found == "sets of 3, 3, 3 cores");
}

TEST_CASE("sets that make no sense, and mappings that split one") {
  const Network network = networkOf({4, 3, 2}, 1, 2);
  CHECK(errorOf(network, rowOf(5, 4), {{1}, {0, 1}}).place == "set 2");
  CHECK(errorOf(network, rowOf(5, 4), {{1, 0}}).found == "'in', an input");
  CHECK(errorOf(network, rowOf(5, 1), {{1, 9}}).found == "number 9");
  CHECK(errorOf(network, rowOf(5, 4), {{}}).code == 6091);
  auto named = populationSets(network, {{"p1", "p3"}, {"p3", "p2"}, {"p2"}});
  REQUIRE(bool(named));
  CHECK(*named == PopulationSets{{1, 2, 3}});
  for (const char *wrong : {"in", "p9", ""}) {
    auto none = populationSets(network, {{"p1"}, {"p2", wrong}});
    REQUIRE(!none);
    CHECK(none.error().code == 6091);
    CHECK(none.error().place == "set 2");
    CHECK(none.error().found.find(std::string("'") + wrong + "'") == 0);
    CHECK(none.error().expected.find("'p1', 'p2', 'p3'") != std::string::npos);
  }
  Mapping split;
  for (uint32_t n = 0; n < 4; ++n)
    split.cores.push_back({n / 2, n % 2, 0, {{1, n, 1}}});
  auto checked = checkSameChip(network, split, {{1}});
  REQUIRE(!checked);
  CHECK(checked.error().code == 6094);
  CHECK(checked.error().expected == "chip 0, where 'p1' is");
  CHECK(checked.error().found == "chip 1, core 0");
  CHECK(bool(checkSameChip(network, split, {{2, 3}}))); // Not in this mapping.
}

TEST_CASE("the report says where each set is") {
  const Network network = networkOf({4, 3, 2}, 1, 2);
  const hw::Chip chip = rowOf(5, 4);
  auto mapping = mapNetwork(network, chip, {.sameChip = {{2, 3}}});
  REQUIRE(bool(mapping));
  const Json json = Json::parse(report(network, chip, *mapping, {{2, 3}}));
  REQUIRE(json["same_chip"].size() == 1);
  CHECK(json["same_chip"][0]["populations"] == Json{"p2", "p3"});
  CHECK(json["same_chip"][0]["cores"] == 5);
  for (const CoreAssignment &core : mapping->cores)
    if (core.slices[0].population != 1)
      CHECK(json["same_chip"][0]["chip"] == core.chip);
  CHECK(!Json::parse(report(network, chip, *mapping)).contains("same_chip"));
}
