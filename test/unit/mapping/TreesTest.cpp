// Mesh chips with multicast trees and with costlier links between chips: cost, report and links count the union of a spike's ways,
// worked out here link by link; placement lowers that, and is a function of its seed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/ComparePartitioners.h"
#include "ranvier/Mapping/Links.h"
#include "ranvier/Mapping/MapLarge.h"
#include "ranvier/Support/Json.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

hw::Chip machine(bool trees) {
  hw::Chip chip = tinyChip({.neurons = 5});
  chip.tilesX = 4;
  chip.tilesY = 3;
  chip.chipsX = chip.chipsY = 2;
  chip.multicastTrees = trees;
  return chip;
}

/// Two populations, the first onto both, with an input that must cost nothing. `most`: neurons of a population; fewer under
/// sanitizers, where the search for places takes long.
Network randomNetwork(uint64_t seed, uint64_t most = cases(60, 60)) {
  Dice dice(seed);
  Network network;
  network.name = "random";
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", 3, -1);
  network.populations[0].input = true;
  const auto largest = static_cast<int64_t>(most);
  const uint32_t a = static_cast<uint32_t>(dice(10, largest)), b = static_cast<uint32_t>(dice(10, largest));
  addPopulation(network, "a", a, 0);
  addPopulation(network, "b", b, 0);
  for (const auto &[source, target, from, to, degree] :
       {std::tuple(0u, 1u, 3u, a, 4u), std::tuple(1u, 1u, a, a, 3u), std::tuple(1u, 2u, a, b, 5u), std::tuple(2u, 1u, b, a, 2u)}) {
    std::vector<Edge> edges;
    for (uint32_t n = 0; n < from; ++n)
      for (uint32_t k = 0; k < degree; ++k)
        edges.push_back({n, static_cast<uint32_t>(dice(0, to - 1)), 1, 1});
    addProjection(network, source, target, 0, 0, edges);
  }
  return network;
}

/// (x, y, dx, dy) of every link that spikes cross, with how many do when neuron n of population p fires rates[p][n] times.
std::map<std::tuple<int, int, int, int>, uint64_t> recount(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                                           const Rates &rates) {
  std::map<std::pair<uint32_t, uint32_t>, std::pair<int, int>> tileOf;
  std::map<std::pair<uint32_t, uint32_t>, size_t> coreOf;
  for (size_t c = 0; c < mapping.cores.size(); ++c) {
    const CoreAssignment &core = mapping.cores[c];
    const int tile = static_cast<int>(core.core / chip.coresPerTile), tilesY = static_cast<int>(chip.tilesY);
    const int x = static_cast<int>(core.chip / chip.chipsY * chip.tilesX) + tile / tilesY;
    const int y = static_cast<int>(core.chip % chip.chipsY * chip.tilesY) + tile % tilesY;
    for (const Slice &slice : core.slices)
      for (uint32_t n = slice.first; n < slice.first + slice.count; ++n) {
        tileOf[{slice.population, n}] = {x, y};
        coreOf[{slice.population, n}] = c;
      }
  }
  std::map<std::pair<uint32_t, uint32_t>, std::map<size_t, std::pair<int, int>>> targets; // Source -> core -> tile.
  for (const Projection &projection : network.projections)
    for (uint32_t n = 0; n + 1 < projection.rowPtr.size(); ++n)
      for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
        const std::pair<uint32_t, uint32_t> to{projection.target, projection.targets[s]};
        targets[{projection.source, n}][coreOf.at(to)] = tileOf.at(to);
      }
  std::map<std::tuple<int, int, int, int>, uint64_t> loads;
  for (const auto &[source, cores] : targets) {
    if (network.populations[source.first].input)
      continue;
    std::map<std::tuple<int, int, int, int>, uint64_t> crossed;
    for (const auto &[core, to] : cores) {
      auto [x, y] = tileOf.at(source);
      while (x != to.first || y != to.second) {
        const int dx = x < to.first ? 1 : x > to.first ? -1 : 0, dy = dx ? 0 : y < to.second ? 1 : -1;
        ++crossed[{x, y, dx, dy}];
        x += dx;
        y += dy;
      }
    }
    const uint64_t spikes = rates.empty() ? 1 : rates[source.first][source.second];
    for (const auto &[link, times] : crossed)
      loads[link] += spikes * (chip.multicastTrees ? 1 : times);
  }
  std::erase_if(loads, [](const auto &load) { return load.second == 0; });
  return loads;
}

uint64_t sum(const std::map<std::tuple<int, int, int, int>, uint64_t> &loads) {
  uint64_t total = 0;
  for (const auto &[link, messages] : loads)
    total += messages;
  return total;
}

} // namespace

TEST_CASE("cost, report and links count what a walk from link to link counts, under both rules") {
  for (uint64_t seed = 0; seed < cases(2, 15); ++seed)
    for (const bool trees : {false, true}) {
      CAPTURE(seed);
      CAPTURE(trees);
      const hw::Chip chip = machine(trees);
      const Network network = randomNetwork(seed);
      Dice dice(seed + 100);
      Rates rates(3);
      for (uint32_t p = 1; p < 3; ++p)
        for (uint64_t n = 0; n < network.populations[p].count; ++n)
          rates[p].push_back(static_cast<uint32_t>(dice(0, 5)));
      for (const Strategy strategy : {Strategy::Sequential, Strategy::Multilevel}) {
        Choice choice;
        auto mapping = mapNetwork(network, chip, {.seed = seed, .strategy = strategy, .rates = rates}, &choice);
        REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
        REQUIRE(bool(checkMapping(network, chip, *mapping)));
        auto cost = spikeHops(network, chip, *mapping, rates);
        REQUIRE(bool(cost));
        CHECK(*cost == sum(recount(network, chip, *mapping, rates)));
        CHECK(*cost == choice.chosen);
        CHECK(choice.chosen <= choice.sequential);
        const auto expected = recount(network, chip, *mapping, {});
        const Json json = Json::parse(report(network, chip, *mapping));
        CHECK(json["hops"]["total"] == sum(expected));
        CHECK(json["hops"].contains("multicast_trees") == trees);
        const auto loads = linkLoads(network, chip, *mapping);
        CHECK(loads.size() == expected.size());
        for (const LinkLoad &load : loads) {
          const int dx[] = {1, 1, 0, -1, -1, 0}, dy[] = {0, 1, 1, 0, -1, -1};
          const unsigned way = static_cast<unsigned>(load.direction);
          CHECK(expected.at({static_cast<int>(load.x), static_cast<int>(load.y), dx[way], dy[way]}) == load.messages);
        }
        auto again = mapNetwork(network, chip, {.seed = seed, .strategy = strategy, .rates = rates});
        REQUIRE(bool(again));
        CHECK(printMapping(network, *again) == printMapping(network, *mapping));
      }
    }
}

TEST_CASE("placement that counts trees finds cheaper places than placement by pairs") {
  uint64_t byPairs = 0, byTrees = 0;
  for (uint64_t seed = 0; seed < cases(3, 10); ++seed) {
    const Network network = randomNetwork(seed);
    const hw::Chip trees = machine(true);
    auto pairs = mapNetwork(network, machine(false), {.seed = seed, .strategy = Strategy::Sequential});
    auto own = mapNetwork(network, trees, {.seed = seed, .strategy = Strategy::Sequential});
    REQUIRE(bool(pairs));
    REQUIRE(bool(own));
    byPairs += *spikeHops(network, trees, *pairs, {});
    byTrees += *spikeHops(network, trees, *own, {});
  }
  MESSAGE("links by pairs ", byPairs, ", by trees ", byTrees);
  CHECK(byTrees < byPairs);
}

TEST_CASE("a costlier link between chips counts as often in the cost, and fewer are crossed" * doctest::test_suite("quality")) {
  uint64_t even = 0, costly = 0;
  for (uint64_t seed = 0; seed < cases(2, 12); ++seed)
    for (const bool trees : {false, true}) {
      CAPTURE(seed);
      hw::Chip chip = machine(trees);
      chip.tilesX = chip.tilesY = 2; // Eight cores a chip: the network needs several.
      const Network network = randomNetwork(seed, 60);
      auto plain = mapNetwork(network, chip, {.seed = seed});
      chip.chipLinkCost = 10;
      Choice choice;
      auto mapping = mapNetwork(network, chip, {.seed = seed}, &choice);
      REQUIRE(bool(plain));
      REQUIRE(bool(mapping));
      const auto between = [&](const Mapping &which) {
        uint64_t crossed = 0;
        for (const auto &[link, messages] : recount(network, chip, which, {})) {
          const auto [x, y, dx, dy] = link;
          crossed += x / 2 != (x + dx) / 2 || y / 2 != (y + dy) / 2 ? messages : 0;
        }
        return crossed;
      };
      const uint64_t all = sum(recount(network, chip, *mapping, {}));
      CHECK(choice.chosen == all + 9 * between(*mapping));
      CHECK(*spikeHops(network, chip, *mapping, {}) == choice.chosen);
      const Json json = Json::parse(report(network, chip, *mapping));
      CHECK(json["hops"]["total"] == all);
      CHECK(json["hops"]["weighted"]["total"] == choice.chosen);
      even += between(*plain);
      costly += between(*mapping);
    }
  MESSAGE("links between chips: ", even, " where they cost as others, ", costly, " where they cost ten");
  CHECK(costly < even);
}

TEST_CASE("trees go around dead links, too, and partitioners are compared by trees") {
  for (uint64_t seed = 0; seed < cases(3, 10); ++seed) {
    hw::Chip chip = machine(true);
    chip.faults.links = {{0, 1, 1, hw::Direction::East}, {1, 2, 0, hw::Direction::South}};
    chip.faults.cores = {{0, 0}};
    const Network network = randomNetwork(seed);
    auto mapping = mapNetwork(network, chip, {.seed = seed});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    REQUIRE(bool(checkMapping(network, chip, *mapping)));
    const auto loads = recount(network, chip, *mapping, {});
    CHECK(!loads.contains({1, 1, 1, 0}));
    CHECK(!loads.contains({2, 3, 0, -1}));
  }
  const Network network = randomNetwork(3);
  auto compared = comparePartitioners(network, machine(true), {.seeds = 1, .only = {"ranvier", "sequential"}});
  auto pairs = comparePartitioners(network, machine(false), {.seeds = 1, .only = {"ranvier", "sequential"}});
  REQUIRE(bool(compared));
  REQUIRE(bool(pairs));
  for (size_t i = 0; i < 2; ++i)
    CHECK(compared->contenders[i].spikeHops < pairs->contenders[i].spikeHops);
}

TEST_CASE("large networks: chips with trees are refused, dead parts avoided") {
  Rates rates;
  auto network = generate({.kind = Synthetic::Kind::SmallWorld, .neurons = 400, .degree = 6, .seed = 3}, rates);
  REQUIRE(bool(network));
  hw::Chip chip = machine(true);
  chip.core.neurons = 16;
  auto refused = mapLarge(*network, chip, {});
  REQUIRE(!refused);
  CHECK(refused.error().code == 6084);
  chip.multicastTrees = false;
  auto whole = mapLarge(*network, chip, {});
  REQUIRE_MESSAGE(bool(whole), (whole ? "" : whole.error().str()));
  chip.faults.cores = {{0, 1}, {0, 4}};
  chip.faults.links = {{0, 1, 1, hw::Direction::East}, {0, 1, 0, hw::Direction::North}};
  auto made = mapLarge(*network, chip, {});
  REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
  REQUIRE(bool(checkMapping(*network, chip, made->mapping)));
  const uint64_t cost = made->found ? made->ofSynapses->spikeHops : made->given.spikeHops;
  CHECK(cost == sum(recount(*network, chip, made->mapping, {})));
}
