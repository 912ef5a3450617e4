// Placement, trees, keys and tables on multicast machines: legal, complete, deterministic, and around what is broken.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/PlaceRoute.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {

struct Draw {
  uint32_t seed, number = 0;
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(uint64_t(randomWord(seed, number++, 2, 0)) * bound >> 32); }
};

TaskGraph randomGraph(uint32_t seed, uint32_t populations, uint32_t mostCores, uint32_t fanOut) {
  Draw draw{seed};
  TaskGraph graph;
  for (uint32_t p = 0; p < populations; ++p)
    graph.cores.push_back(1 + draw.below(mostCores));
  for (uint32_t p = 0; p < populations; ++p)
    for (uint32_t k = 0; k < fanOut; ++k)
      graph.edges.push_back({p, draw.below(populations)});
  return graph;
}

/// Hops of a hexagonal torus in closed form, as SpiNNaker's documents give them.
int closedForm(int w, int h, uint32_t a, uint32_t b) {
  int best = 1 << 20;
  for (int i = -1; i <= 1; ++i)
    for (int j = -1; j <= 1; ++j) {
      const int dx = int(b) / h - int(a) / h + i * w, dy = int(b) % h - int(a) % h + j * h;
      best = std::min(best, (dx < 0) == (dy < 0) ? std::max(std::abs(dx), std::abs(dy)) : std::abs(dx) + std::abs(dy));
    }
  return best;
}

struct Whole {
  std::vector<uint32_t> placeOf;
  Routes routes;
  std::vector<KeyBlock> keys;
  PlaceTables tables;
};

Whole mapWhole(const TaskGraph &graph, const MachineGraph &machine, const PlaceTasksOptions &options = {}) {
  Whole out;
  auto placed = placeTasks(graph, machine, options);
  REQUIRE_MESSAGE(bool(placed), (placed ? "" : placed.error().str()));
  out.placeOf = *placed;
  auto routes = routeTasks(graph, machine, out.placeOf);
  REQUIRE_MESSAGE(bool(routes), (routes ? "" : routes.error().str()));
  out.routes = *routes;
  auto keys = assignKeys(machine, out.placeOf, out.routes, 100);
  REQUIRE(bool(keys));
  out.keys = *keys;
  auto tables = makeTables(graph, machine, out.placeOf, out.routes, out.keys);
  REQUIRE(bool(tables));
  out.tables = *tables;
  return out;
}

/// Trees that touch only what works, reach all places of the targets, and have no cycle.
void checkTrees(const TaskGraph &graph, const MachineGraph &machine, const Whole &whole) {
  std::vector<uint32_t> first{0};
  for (const uint32_t cores : graph.cores)
    first.push_back(first.back() + cores);
  uint64_t hops = 0;
  for (uint32_t p = 0; p < graph.cores.size(); ++p)
    for (uint32_t core = first[p]; core < first[p + 1]; ++core) {
      const MulticastTree &tree = whole.routes.trees[whole.routes.treeOf[core]];
      REQUIRE(tree.root == whole.placeOf[core]);
      std::set<uint32_t> reached{tree.root};
      for (const auto &hop : tree.hops) {
        REQUIRE(reached.count(hop.from) == 1);
        REQUIRE(reached.insert(hop.to).second);
        const auto links = machine.links(hop.from);
        REQUIRE(std::any_of(links.begin(), links.end(), [&](const Link &l) { return l.to == hop.to && l.port == hop.port; }));
      }
      for (const auto &[source, target] : graph.edges)
        if (source == p)
          for (uint32_t other = first[target]; other < first[target + 1]; ++other)
            REQUIRE(reached.count(whole.placeOf[other]) == 1);
      hops += tree.hops.size();
    }
  if (graph.weights.empty())
    CHECK(hops == whole.routes.hops);
}

} // namespace

TEST_CASE("distances of the hexagonal torus agree with the closed form") {
  for (const auto &[w, h] : {std::pair(12u, 12u), std::pair(5u, 8u), std::pair(2u, 3u), std::pair(1u, 4u), std::pair(1u, 1u)}) {
    auto machine = MachineGraph::triangularTorus(w, h, 17);
    REQUIRE(bool(machine));
    for (uint32_t a = 0; a < w * h; ++a)
      for (uint32_t b = 0; b < w * h; ++b)
        REQUIRE(machine->distance(a, b) == closedForm(int(w), int(h), a, b));
  }
}

TEST_CASE("broken parts carry nothing and hold nothing") {
  for (uint32_t seed = 0; seed < 6; ++seed) {
    Draw draw{seed + 50};
    Faults faults;
    for (int i = 0; i < 4; ++i)
      faults.places.push_back(draw.below(64));
    for (int i = 0; i < 40; ++i)
      faults.links.push_back({draw.below(64), static_cast<uint8_t>(draw.below(6))});
    auto machine = MachineGraph::triangularTorus(8, 8, 5, faults);
    REQUIRE(bool(machine));
    const TaskGraph graph = randomGraph(seed, 60, 3, 4);
    const Whole whole = mapWhole(graph, *machine, {.seed = seed, .movesPerUnit = 50});
    for (const uint32_t place : whole.placeOf)
      REQUIRE(std::find(faults.places.begin(), faults.places.end(), place) == faults.places.end());
    checkTrees(graph, *machine, whole);
    for (const MulticastTree &tree : whole.routes.trees)
      for (const auto &hop : tree.hops)
        for (const auto &[place, port] : faults.links) {
          REQUIRE_FALSE((hop.from == place && hop.port == port));
          REQUIRE_FALSE((hop.to == place && machine->opposite(hop.port) == port));
        }
    auto walked = walkTables(graph, *machine, whole.placeOf, whole.keys, whole.tables);
    CHECK_MESSAGE(bool(walked), (walked ? "" : walked.error().str()));
  }
}

TEST_CASE("every packet reaches its cores once, before and after compression") {
  auto machine = MachineGraph::triangularTorus(6, 6, 17);
  REQUIRE(bool(machine));
  for (uint32_t seed = 0; seed < 4; ++seed) {
    const TaskGraph graph = randomGraph(seed, 40, 20, 3);
    Whole whole = mapWhole(graph, *machine, {.seed = seed, .movesPerUnit = 60});
    checkTrees(graph, *machine, whole);
    CHECK(bool(walkTables(graph, *machine, whole.placeOf, whole.keys, whole.tables)));
    size_t before = 0, after = 0;
    for (RoutingTable &table : whole.tables.tables) {
      auto shorter = compressTable(table);
      REQUIRE(bool(shorter));
      REQUIRE(bool(verifyTable(table, *shorter)));
      before += table.size();
      after += shorter->size();
      table = *shorter;
    }
    CHECK(after < before);
    auto walked = walkTables(graph, *machine, whole.placeOf, whole.keys, whole.tables);
    CHECK_MESSAGE(bool(walked), (walked ? "" : walked.error().str()));
    // A walk over a table with a lost link must not pass.
    for (RoutingTable &table : whole.tables.tables)
      if (!table.empty()) {
        table[0].route ^= 1u << 3;
        break;
      }
    auto lost = walkTables(graph, *machine, whole.placeOf, whole.keys, whole.tables);
    REQUIRE_FALSE(bool(lost));
    CHECK(lost.error().code == 6057);
  }
}

TEST_CASE("the search shortens, and depends on the seed and nothing else") {
  auto machine = MachineGraph::triangularTorus(8, 8, 4);
  REQUIRE(bool(machine));
  TaskGraph ring; // Neighbours in the ring stand 7 numbers apart: the start scatters them.
  for (uint32_t i = 0; i < 120; ++i) {
    ring.cores.push_back(1);
    for (const uint32_t step : {7u, 14u})
      ring.edges.push_back({i, (i + step) % 120});
  }
  const auto hops = [&](const PlaceTasksOptions &options) { return mapWhole(ring, *machine, options).routes.hops; };
  const uint64_t start = hops({.movesPerUnit = 0}), found = hops({});
  CHECK(found * 2 < start);
  const auto one = placeTasks(ring, *machine, {.seed = 3, .movesPerUnit = 40, .replicas = 3, .threads = 1});
  const auto many = placeTasks(ring, *machine, {.seed = 3, .movesPerUnit = 40, .replicas = 3, .threads = 3});
  CHECK(*one == *many);
  // Other numbers for the same populations: about the same length.
  TaskGraph shuffled = ring;
  for (auto &[source, target] : shuffled.edges) {
    source = source * 77 % 120;
    target = target * 77 % 120;
  }
  const uint64_t other = mapWhole(shuffled, *machine).routes.hops;
  CHECK(std::max(found, other) * 10 < std::min(found, other) * 12);
}

TEST_CASE("sets share a chip and weights count") {
  auto machine = MachineGraph::triangularTorus(4, 4, 6);
  REQUIRE(bool(machine));
  TaskGraph graph = randomGraph(9, 30, 2, 2);
  graph.together = {{0, 10, 20}, {5, 6}};
  graph.weights.assign(30, 1);
  graph.weights[3] = 50;
  const Whole whole = mapWhole(graph, *machine);
  std::vector<uint32_t> first{0};
  for (const uint32_t cores : graph.cores)
    first.push_back(first.back() + cores);
  for (const auto &set : graph.together)
    for (const uint32_t population : set)
      for (uint32_t core = first[population]; core < first[population + 1]; ++core)
        CHECK(whole.placeOf[core] == whole.placeOf[first[set[0]]]);
  CHECK(bool(walkTables(graph, *machine, whole.placeOf, whole.keys, whole.tables)));
  uint64_t weighted = 0;
  for (uint32_t p = 0; p < 30; ++p)
    for (uint32_t core = first[p]; core < first[p + 1]; ++core)
      weighted += graph.weights[p] * whole.routes.trees[whole.routes.treeOf[core]].hops.size();
  CHECK(weighted == whole.routes.hops);
}

TEST_CASE("hops do not depend on how populations are numbered") {
  auto machine = MachineGraph::triangularTorus(5, 5, 17);
  REQUIRE(bool(machine));
  for (const bool regular : {false, true}) {
    TaskGraph graph = randomGraph(31, 120, 4, 3);
    if (regular) { // A ring looks the same from everywhere.
      graph.cores.assign(200, 1);
      graph.edges.clear();
      for (uint32_t p = 0; p < 200; ++p)
        for (const uint32_t step : {1u, 2u, 199u})
          graph.edges.push_back({p, (p + step) % 200});
    }
    const uint32_t populations = static_cast<uint32_t>(graph.cores.size());
    for (uint32_t p = 0; p < populations && !regular; ++p)
      graph.weights.push_back(1 + p % 3);
    graph.together = regular ? std::vector<std::vector<uint32_t>>{} : std::vector<std::vector<uint32_t>>{{3, 9}, {60, 4}};
    const uint64_t hops = mapWhole(graph, *machine).routes.hops;
    for (uint32_t seed = 0; seed < 3; ++seed) {
      CAPTURE(seed);
      Draw draw{seed + 900};
      std::vector<uint32_t> numberOf(populations);
      for (uint32_t p = 0; p < populations; ++p)
        numberOf[p] = p;
      for (uint32_t p = populations - 1; p > 0; --p)
        std::swap(numberOf[p], numberOf[draw.below(p + 1)]);
      TaskGraph shuffled = graph;
      for (uint32_t p = 0; p < populations; ++p) {
        shuffled.cores[numberOf[p]] = graph.cores[p];
        if (!regular)
          shuffled.weights[numberOf[p]] = graph.weights[p];
      }
      for (auto &[source, target] : shuffled.edges)
        source = numberOf[source], target = numberOf[target];
      for (auto &set : shuffled.together)
        for (uint32_t &population : set)
          population = numberOf[population];
      std::reverse(shuffled.edges.begin(), shuffled.edges.end());
      std::reverse(shuffled.together.begin(), shuffled.together.end());
      const Whole whole = mapWhole(shuffled, *machine);
      checkTrees(shuffled, *machine, whole);
      CHECK(whole.routes.hops == hops);
    }
  }
}

TEST_CASE("what cannot be is refused by name") {
  const auto code = [](const auto &result) { return result ? 0u : result.error().code; };
  auto machine = MachineGraph::triangularTorus(2, 2, 3);
  REQUIRE(bool(machine));
  CHECK(code(MachineGraph::triangularTorus(0, 4, 1)) == 6050);
  CHECK(code(MachineGraph::triangularTorus(300, 300, 1)) == 6050);
  CHECK(code(MachineGraph::triangularTorus(4, 4, 1, {{16}, {}})) == 6051);
  CHECK(code(MachineGraph::triangularTorus(4, 4, 1, {{}, {{0, 6}}})) == 6051);
  CHECK(code(placeTasks({}, *machine)) == 6052);
  const auto sets = placeTasks({.cores = {2, 1, 9, 9}, .edges = {}, .weights = {}, .together = {{0, 1}, {2, 3}}}, *machine);
  REQUIRE(!sets);
  CHECK(sets.error().code == 6053);
  CHECK(sets.error().place == "set 1");
  CHECK(code(placeTasks({.cores = {1, 0}}, *machine)) == 6052);
  CHECK(code(placeTasks({.cores = {1}, .edges = {{0, 1}}}, *machine)) == 6052);
  CHECK(code(placeTasks({.cores = {1, 1}, .together = {{0}, {0, 1}}}, *machine)) == 6052);
  auto large = placeTasks({.cores = {13}}, *machine);
  CHECK(code(large) == 6053);
  CHECK(large.error().kind == ErrorKind::DoesNotFit);
  CHECK(code(placeTasks({.cores = {2, 2}, .together = {{0, 1}}}, *machine)) == 6053);
  CHECK(code(placeTasks({.cores = {12}}, *machine)) == 0); // To the last core.
  // An isolated chip: all its links are down, so its cores do not count.
  auto cut = MachineGraph::grid(2, 1, false, 3, {{}, {{0, 0}}});
  REQUIRE(bool(cut));
  CHECK(cut->totalCores() == 3);
  CHECK(code(placeTasks({.cores = {4}}, *cut)) == 6053);
  // More neurons than keys.
  auto placed = placeTasks({.cores = {6}, .edges = {{0, 0}}}, *machine);
  REQUIRE(bool(placed));
  auto routes = routeTasks({.cores = {6}, .edges = {{0, 0}}}, *machine, *placed);
  REQUIRE(bool(routes));
  CHECK(code(assignKeys(*machine, *placed, *routes, 1u << 31)) == 6055);
  CHECK(code(routeTasks({.cores = {6}}, *machine, {0, 0, 0, 0, 1, 1})) == 6052); // Four cores on a chip of three.
  // A route word has room for 25 cores of a chip.
  auto crowded = MachineGraph::grid(2, 1, false, 30);
  REQUIRE(bool(crowded));
  const TaskGraph many{.cores = {26}, .edges = {{0, 0}}};
  auto seats = placeTasks(many, *crowded);
  REQUIRE(bool(seats));
  auto ways = routeTasks(many, *crowded, *seats);
  REQUIRE(bool(ways));
  auto blocks = assignKeys(*crowded, *seats, *ways, 1);
  REQUIRE(bool(blocks));
  CHECK(code(makeTables(many, *crowded, *seats, *ways, *blocks)) == 6056);
}
