// Placement: legal, deterministic for a seed, better than where it starts; the report's figures.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Mapping.h"
#include "ranvier/Support/Json.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

/// 8 populations of one core each, in an order in which partners are far apart: p0-p7, p1-p6, ...
static Network pairs() {
  Network network;
  network.name = "pairs";
  network.programs = {twoInputProgram()};
  for (int i = 0; i < 8; ++i)
    addPopulation(network, "p" + std::to_string(i), 4, 0);
  for (uint32_t i = 0; i < 8; ++i) {
    std::vector<Edge> edges;
    for (uint32_t a = 0; a < 4; ++a)
      edges.push_back({a, a, 1, 1});
    addProjection(network, i, 7 - i, 0, 0, edges);
  }
  return network;
}

static uint64_t hops(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  return Json::parse(report(network, chip, mapping))["hops"]["total"].get<uint64_t>();
}

TEST_CASE("placement brings partners together") {
  const Network network = pairs();
  const hw::Chip chip = tinyChip({.neurons = 4});
  auto mapping = partition(network, chip, {});
  REQUIRE(bool(mapping));
  const uint64_t before = hops(network, chip, *mapping);
  REQUIRE(bool(place(network, chip, *mapping, {.seed = 1})));
  auto checked = checkMapping(network, chip, *mapping);
  CHECK_MESSAGE(bool(checked), (checked ? "" : checked.error().str()));
  CHECK(before > 0);
  CHECK(hops(network, chip, *mapping) == 0); // Two cores a tile: every pair fits in one.
  auto again = partition(network, chip, {});
  REQUIRE(bool(place(network, chip, *again, {.seed = 1})));
  CHECK(printMapping(network, *again) == printMapping(network, *mapping));
}

TEST_CASE("the report counts hops, cores and the binding limit") {
  Network network = pairs();
  const hw::Chip chip = tinyChip({.neurons = 5, .axonsIn = 4});
  Mapping mapping;
  // p0 and p7 in opposite corners of chip 0: tiles 0 and 3, one hop each way; all others on chip 1 in one tile pair.
  const uint32_t places[8][2] = {{0, 0}, {1, 0}, {1, 2}, {1, 4}, {1, 5}, {1, 3}, {1, 1}, {0, 6}};
  for (uint32_t p : {0u, 7u, 1u, 6u, 2u, 5u, 3u, 4u})
    mapping.cores.push_back({places[p][0], places[p][1], 0, {{p, 0, 4}}});
  REQUIRE(bool(checkMapping(network, chip, mapping)));
  const Json json = Json::parse(report(network, chip, mapping));
  CHECK(json["cores"]["used"] == 8);
  CHECK(json["cores"]["available"] == 32);
  CHECK(json["chips"]["used"] == 2);
  CHECK(json["hops"]["east_west"] == 8); // 4 messages each way over one column.
  CHECK(json["hops"]["north_south"] == 8);
  CHECK(json["hops"]["between_chips"] == 0);
  CHECK(json["hops"]["messages_within_a_tile"] == 24);
  CHECK(json["binding"]["limit"] == "input axons");
  CHECK(json["binding"]["ratio"] == 1.0);
  CHECK(json["total"]["neurons"] == 32);
  CHECK(json["total"]["synapses"] == 32);
}

TEST_CASE("more cores than the chips have are refused") {
  const Network network = pairs();
  hw::Chip chip = tinyChip({.neurons = 1});
  auto mapping = partition(network, chip, {});
  REQUIRE(bool(mapping));
  chip.maxChips = 3;
  auto placed = place(network, chip, *mapping, {});
  REQUIRE(!placed);
  CHECK(placed.error().code == 6016);
}
