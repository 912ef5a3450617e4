// Loads of links: flow is conserved in every tile, and no message takes a longer way than a breadth-first search finds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Links.h"
#include "ranvier/Support/Json.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <deque>
#include <doctest/doctest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {

using Place = std::pair<int, int>;
struct Plane {
  int tilesX = 1, tilesY = 1, coresPerTile = 1, chipsX = 1, chipsY = 1;
  hw::Topology topology = hw::Topology::Mesh;
  Place of(uint32_t chip, uint32_t core) const {
    const int tile = static_cast<int>(core) / coresPerTile, id = static_cast<int>(chip);
    return {id / chipsY * tilesX + tile / tilesY, id % chipsY * tilesY + tile % tilesY};
  }
  /// Tiles one link away; off the edge of the plane there is nothing, on a torus of one chip the other side.
  std::vector<Place> next(Place at) const {
    std::vector<Place> steps{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}, found;
    if (topology == hw::Topology::TriangularTorus)
      steps.insert(steps.end(), {{1, 1}, {-1, -1}});
    const int width = tilesX * chipsX, height = tilesY * chipsY;
    for (const auto &[dx, dy] : steps) {
      Place to{at.first + dx, at.second + dy};
      if (topology != hw::Topology::Mesh)
        to = {(to.first + width) % width, (to.second + height) % height};
      if (to.first >= 0 && to.second >= 0 && to.first < width && to.second < height)
        found.push_back(to);
    }
    return found;
  }
  uint64_t distance(Place from, Place to) const {
    std::map<Place, uint64_t> seen{{from, 0}};
    std::deque<Place> open{from};
    while (!seen.count(to)) {
      const Place at = open.front();
      open.pop_front();
      for (const Place &other : next(at))
        if (seen.emplace(other, seen[at] + 1).second)
          open.push_back(other);
    }
    return seen[to];
  }
};

hw::Chip chipOf(const Plane &plane) {
  hw::Chip chip = tinyChip({.neurons = 100});
  chip.topology = plane.topology;
  chip.tilesX = static_cast<uint32_t>(plane.tilesX);
  chip.tilesY = static_cast<uint32_t>(plane.tilesY);
  chip.coresPerTile = static_cast<uint32_t>(plane.coresPerTile);
  chip.chipsX = static_cast<uint32_t>(plane.chipsX);
  chip.chipsY = static_cast<uint32_t>(plane.chipsY);
  chip.maxChips = chip.chipsX * chip.chipsY;
  return chip;
}

/// Every population of the network, in parts of at most three neurons, on places of the chips drawn at random.
Mapping scattered(const Network &network, const hw::Chip &chip, std::mt19937 &random) {
  std::vector<uint32_t> places(chip.maxChips * chip.coresPerChip());
  std::iota(places.begin(), places.end(), 0u);
  std::shuffle(places.begin(), places.end(), random);
  Mapping mapping;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint32_t n = 0; n < network.populations[p].count && !network.populations[p].input; n += 3) {
      REQUIRE(mapping.cores.size() < places.size());
      const uint32_t place = places[mapping.cores.size()];
      const uint32_t count = std::min<uint32_t>(3, static_cast<uint32_t>(network.populations[p].count) - n);
      mapping.cores.push_back({place / chip.coresPerChip(), place % chip.coresPerChip(), 0, {{p, n, count}}});
    }
  std::sort(mapping.cores.begin(), mapping.cores.end(),
            [](const auto &a, const auto &b) { return std::tie(a.chip, a.core) < std::tie(b.chip, b.core); });
  return mapping;
}

/// One recurrent population of `count` neurons with `degree` random targets each, and an input that must load nothing.
Network randomNetwork(uint32_t count, uint32_t degree, std::mt19937 &random) {
  Network network;
  network.name = "random";
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", 3, -1);
  network.populations[0].input = true;
  addPopulation(network, "<a & \"b\">", count, 0);
  addProjection(network, 0, 1, 0, 0, {{0, 0, 1, 1}, {1, count - 1, 1, 1}});
  std::vector<Edge> edges;
  for (uint32_t n = 0; n < count; ++n)
    for (uint32_t k = 0; k < degree; ++k)
      edges.push_back({n, static_cast<uint32_t>(random() % count), 1, 1});
  addProjection(network, 1, 1, 0, 0, edges);
  return network;
}

} // namespace

TEST_CASE("messages take shortest ways, and what enters a tile leaves it or stays") {
  using hw::Topology;
  const Plane planes[] = {{5, 4, 2, 1, 1, Topology::Mesh},
                          {2, 3, 3, 3, 2, Topology::Mesh},
                          {5, 4, 2, 1, 1, Topology::Torus},
                          {4, 6, 2, 1, 1, Topology::Torus},
                          {5, 4, 2, 1, 1, Topology::TriangularTorus},
                          {6, 6, 1, 1, 1, Topology::TriangularTorus}};
  std::mt19937 random(1);
  for (const Plane &plane : planes)
    for (int round = 0; round < 5; ++round) {
      const hw::Chip chip = chipOf(plane);
      const Network network = randomNetwork(60, 4, random);
      const Mapping mapping = scattered(network, chip, random);
      // Independently: the messages of each neuron, from the synapses.
      std::vector<size_t> coreOf(60);
      for (size_t c = 0; c < mapping.cores.size(); ++c)
        for (uint32_t k = 0; k < mapping.cores[c].slices[0].count; ++k)
          coreOf[mapping.cores[c].slices[0].first + k] = c;
      const Projection &projection = network.projections[1];
      uint64_t hops = 0, cut = 0, reached = 0;
      std::map<Place, int64_t> surplus; // Consumed minus sent.
      for (uint32_t n = 0; n < 60; ++n) {
        std::set<size_t> cores;
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
          cores.insert(coreOf[projection.targets[s]]);
        const auto &home = mapping.cores[coreOf[n]];
        for (size_t c : cores) {
          const Place from = plane.of(home.chip, home.core), to = plane.of(mapping.cores[c].chip, mapping.cores[c].core);
          hops += plane.distance(from, to);
          cut += c != coreOf[n];
          --surplus[from];
          ++surplus[to];
        }
        reached += cores.size();
      }
      uint64_t total = 0, worst = 0;
      const int dx[] = {1, 1, 0, -1, -1, 0}, dy[] = {0, 1, 1, 0, -1, -1};
      const int width = plane.tilesX * plane.chipsX, height = plane.tilesY * plane.chipsY;
      std::map<Place, int64_t> flow;
      for (const LinkLoad &link : linkLoads(network, chip, mapping)) {
        const int way = static_cast<int>(link.direction), x = static_cast<int>(link.x), y = static_cast<int>(link.y);
        const Place from{x, y}, to{(x + dx[way] + width) % width, (y + dy[way] + height) % height};
        const std::vector<Place> around = plane.next(from);
        CHECK(std::find(around.begin(), around.end(), to) != around.end());
        CHECK(link.betweenChips == (plane.chipsX * plane.chipsY > 1 && (from.first / plane.tilesX != to.first / plane.tilesX ||
                                                                        from.second / plane.tilesY != to.second / plane.tilesY)));
        total += link.messages;
        worst = std::max(worst, link.messages);
        flow[from] -= static_cast<int64_t>(link.messages);
        flow[to] += static_cast<int64_t>(link.messages);
      }
      CHECK(total == hops);
      for (const auto &[place, difference] : surplus)
        CHECK(flow[place] == difference);
      const Json json = Json::parse(report(network, chip, mapping));
      CHECK(json["hops"]["total"] == hops);
      CHECK(json["cut"] == cut);
      CHECK(json["replication"].get<double>() == doctest::Approx(static_cast<double>(reached) / 60));
      CHECK(json["links"]["worst"]["messages"] == worst);
    }
}

TEST_CASE("a picture has a box for every core of the chips in use and escapes names") {
  std::mt19937 random(2);
  const Plane plane{3, 2, 3, 2, 2, hw::Topology::Mesh};
  const hw::Chip chip = chipOf(plane);
  const Network network = randomNetwork(30, 3, random);
  const Mapping mapping = scattered(network, chip, random);
  auto picture = drawMapping(network, chip, mapping);
  REQUIRE(bool(picture));
  const auto count = [&](const std::string &what) {
    size_t found = 0;
    for (size_t at = picture->find(what); at != std::string::npos; at = picture->find(what, at + 1))
      ++found;
    return found;
  };
  std::set<uint32_t> chips;
  for (const auto &core : mapping.cores)
    chips.insert(core.chip);
  CHECK(count("class=\"core\"") == mapping.cores.size());
  CHECK(count("class=\"core\"") + count("class=\"free\"") == chips.size() * chip.coresPerChip());
  CHECK(count("<line ") == linkLoads(network, chip, mapping).size());
  CHECK(count("3 of &lt;a &amp; &quot;b&quot;&gt;") == 10);
  CHECK(count("<a &") == 0);

  hw::Chip vast = chip;
  vast.coresPerTile = 20000;
  auto refused = drawMapping(network, vast, mapping);
  REQUIRE(!refused);
  CHECK(refused.error().code == 6080);
}

TEST_CASE("a chip without places loads no links and is drawn all the same") {
  std::mt19937 random(3);
  Plane plane{1, 1, 40, 1, 1, hw::Topology::None};
  const hw::Chip chip = chipOf(plane);
  const Network network = randomNetwork(60, 3, random);
  const Mapping mapping = scattered(network, chip, random);
  CHECK(linkLoads(network, chip, mapping).empty());
  CHECK(Json::parse(report(network, chip, mapping))["links"]["worst"].is_null());
  CHECK(drawMapping(network, chip, mapping)->find("<line ") == std::string::npos);
}
