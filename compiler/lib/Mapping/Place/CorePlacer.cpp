//===- CorePlacer.cpp - Cores onto the sites of a chip --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../SideBySide.h"
#include "ChipGroups.h"
#include "SafeTiles.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

uint32_t RandomStream::word() {
  if (left) {
    left = false;
    return second;
  }
  const auto words = threefry2x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                  {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32)});
  ++counter;
  second = words[1];
  left = true;
  return words[0];
}

/// Places of one chip, column after column, every other column backwards: neighbours in the list are neighbours on the chip.
static std::vector<uint32_t> serpentine(const hw::Chip &chip) {
  std::vector<uint32_t> cores;
  for (uint32_t x = 0; x < chip.tilesX; ++x)
    for (uint32_t i = 0; i < chip.tilesY; ++i) {
      const uint32_t y = x % 2 ? chip.tilesY - 1 - i : i;
      for (uint32_t k = 0; k < chip.coresPerTile; ++k)
        cores.push_back((x * chip.tilesY + y) * chip.coresPerTile + k);
    }
  return cores;
}

void Sites::addChip(const hw::Chip &chip, uint32_t number, const std::vector<uint32_t> &order) {
  for (const uint32_t core : order)
    if (!chip.faults.isDead(number, core))
      places.push_back({number, core});
}

/// Drops the sites on tiles that are not safe.
void Sites::keepSafe(const hw::Chip &chip) {
  const hw::Plane plane(chip);
  std::vector<Tile> tiles;
  for (const Site &site : places)
    tiles.push_back(plane.tileOf(site.chip, site.core));
  std::sort(tiles.begin(), tiles.end());
  tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
  const std::vector<uint8_t> kept = safeTiles(chip, tiles);
  std::erase_if(places, [&](const Site &site) {
    const auto at = std::lower_bound(tiles.begin(), tiles.end(), plane.tileOf(site.chip, site.core));
    return kept.empty() || !kept[static_cast<size_t>(at - tiles.begin())];
  });
}

Sites::Sites(const hw::Chip &chip, size_t cores, bool safe)
    : alike(chip.topology == hw::Topology::None), coresPerTile(chip.coresPerTile) {
  const std::vector<uint32_t> order = serpentine(chip);
  const uint32_t chips = std::max(1u, chip.maxChips);
  // Safe sites: a quarter more chips again and again, until enough are left.
  for (size_t wanted = cores;; wanted += wanted / 4 + 1) {
    places.clear();
    uint32_t next = 0;
    for (; next < chips && places.size() < wanted; ++next)
      if (!chip.faults.isDead(next))
        addChip(chip, next, order);
    if (safe)
      keepSafe(chip);
    if (!safe || places.size() >= cores || next == chips || wanted > cores * 64 + (size_t(1) << 16))
      break;
  }
  if (alike)
    return;
  const hw::Plane plane(chip);
  std::vector<Tile> at;
  for (const Site &site : places)
    at.push_back(plane.tileOf(site.chip, site.core));
  const bool avoid = !safe && chip.closesWays() && at.size() / std::max(1u, coresPerTile) <= mostTilesAsked;
  if (chip.topology == hw::Topology::Mesh && !avoid) {
    for (const Tile &place : at) {
      const uint32_t more = chip.chipLinkCost - 1;
      x.push_back(static_cast<int32_t>(place.x + more * (place.x / chip.tilesX)));
      y.push_back(static_cast<int32_t>(place.y + more * (place.y / chip.tilesY)));
    }
    return;
  }
  makeTable(chip, at, avoid);
}

void Sites::makeTable(const hw::Chip &chip, const std::vector<Tile> &at, bool avoid) {
  const hw::Plane plane(chip);
  const hw::Blockages blockages(chip);
  std::vector<Tile> all = at;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  tiles = all.size();
  for (const Tile &place : at)
    tile.push_back(static_cast<uint32_t>(std::lower_bound(all.begin(), all.end(), place) - all.begin()));
  table.resize(tiles * tiles);
  uint32_t farthest = 0;
  for (size_t a = 0; a < tiles; ++a)
    for (size_t b = 0; b < tiles; ++b) {
      table[a * tiles + b] = static_cast<uint32_t>(plane.cost(plane.count(all[a], all[b])));
      farthest = std::max(farthest, table[a * tiles + b]);
    }
  if (!avoid)
    return;
  closed = 8 * (farthest + 1);
  for (size_t a = 0; a < tiles; ++a)
    for (size_t b = 0; b < a; ++b)
      if (blockages.block(all[a], all[b]) || blockages.block(all[b], all[a])) {
        table[a * tiles + b] += closed;
        table[b * tiles + a] += closed;
      }
}

Sites Sites::only(const std::vector<uint32_t> &chosen) const {
  Sites some;
  some.alike = alike;
  some.coresPerTile = coresPerTile;
  some.table = table;
  some.tiles = tiles;
  some.closed = closed;
  for (uint32_t site : chosen) {
    some.places.push_back(places[site]);
    if (!x.empty()) {
      some.x.push_back(x[site]);
      some.y.push_back(y[site]);
    }
    if (!tile.empty())
      some.tile.push_back(tile[site]);
  }
  return some;
}

int64_t detail::placementCost(const CoreGraph &graph, const Sites &sites, const std::vector<uint32_t> &siteOf) {
  int64_t sum = 0;
  for (uint32_t core = 0; core < graph.size(); ++core)
    for (const auto &[other, weight] : graph[core])
      sum += weight * sites.distance(siteOf[core], siteOf[other]);
  return sum / 2;
}

namespace {

/// Cores on sites and the cost of exchanging them.
class Annealer {
public:
  Annealer(const CoreGraph &graph, const Sites &sites, std::vector<uint32_t> &siteOf, uint64_t seed, const GroupOf &groupOf)
      : graph(graph), sites(sites), groups(groupOf, sites), siteOf(siteOf), coreOn(sites.size(), nowhere), random(seed) {
    for (uint32_t core = 0; core < siteOf.size(); ++core)
      coreOn[siteOf[core]] = core;
  }
  void run(double heat, uint64_t proposals);

private:
  struct Exchange {
    uint32_t core, site;
  };
  Exchange propose();
  int64_t change(Exchange exchange) const;
  int64_t pull(uint32_t core, uint32_t from, uint32_t to, uint32_t except) const {
    int64_t sum = 0;
    for (const auto &[other, weight] : graph[core])
      if (other != except)
        sum += weight * (int64_t(sites.distance(to, siteOf[other])) - int64_t(sites.distance(from, siteOf[other])));
    return sum;
  }
  void apply(Exchange exchange);
  bool accept(int64_t by, double temperature) {
    return by <= 0 || (temperature > 0 && random.open() < std::exp(-static_cast<double>(by) / temperature));
  }
  /// What the two sites hold, exchanged; by how much that changes the cost.
  int64_t swap(uint32_t a, uint32_t b);
  int64_t moveGroup(double temperature);
  int64_t moveCore(double temperature);

  const CoreGraph &graph;
  const Sites &sites;
  const ChipGroups groups;
  std::vector<uint32_t> &siteOf;
  std::vector<uint32_t> coreOn; ///< [site], nowhere if free.
  RandomStream random;
};

} // namespace

/// Half of the proposals go beside a partner, the others anywhere.
Annealer::Exchange Annealer::propose() {
  const uint32_t core = random.below(static_cast<uint32_t>(siteOf.size()));
  const uint32_t choice = random.word();
  if (choice & 1 || graph[core].empty())
    return {core, random.below(static_cast<uint32_t>(sites.size()))};
  const auto &partner = graph[core][random.below(static_cast<uint32_t>(graph[core].size()))];
  const int64_t reach = 2 * sites.coresPerTile + 1;
  const int64_t site = int64_t(siteOf[partner.first]) + random.below(static_cast<uint32_t>(2 * reach + 1)) - reach;
  return {core, static_cast<uint32_t>(std::clamp<int64_t>(site, 0, int64_t(sites.size()) - 1))};
}

int64_t Annealer::change(Exchange exchange) const {
  const uint32_t home = siteOf[exchange.core], other = coreOn[exchange.site];
  int64_t sum = pull(exchange.core, home, exchange.site, other);
  if (other != nowhere)
    sum += pull(other, exchange.site, home, exchange.core);
  return sum;
}

void Annealer::apply(Exchange exchange) {
  const uint32_t home = siteOf[exchange.core], other = coreOn[exchange.site];
  siteOf[exchange.core] = exchange.site;
  coreOn[exchange.site] = exchange.core;
  coreOn[home] = other;
  if (other != nowhere)
    siteOf[other] = home;
}

int64_t Annealer::swap(uint32_t a, uint32_t b) {
  if (coreOn[a] == nowhere)
    std::swap(a, b);
  if (coreOn[a] == nowhere)
    return 0;
  const Exchange exchange{coreOn[a], b};
  const int64_t by = change(exchange);
  apply(exchange);
  return by;
}

/// Proposes one exchange of single cores; by how much the cost changes.
int64_t Annealer::moveCore(double temperature) {
  const Exchange exchange = propose();
  const uint32_t home = siteOf[exchange.core];
  if (exchange.site == home || !groups.allow(exchange.core, home, exchange.site, coreOn[exchange.site]))
    return 0;
  const int64_t by = change(exchange);
  if (!accept(by, temperature))
    return 0;
  apply(exchange);
  return by;
}

/// Proposes that a group goes to another chip.
int64_t Annealer::moveGroup(double temperature) {
  const ChipGroups::Pairs pairs = groups.propose(siteOf, coreOn, random);
  int64_t by = 0;
  for (const auto &[a, b] : pairs)
    by += swap(a, b);
  if (accept(by, temperature))
    return by;
  for (const auto &[a, b] : pairs)
    swap(a, b);
  return 0;
}

void Annealer::run(double heat, uint64_t proposals) {
  double mean = 0;
  for (int i = 0; i < 200; ++i)
    mean += std::abs(static_cast<double>(change(propose()))) / 200;
  int64_t cost = placementCost(graph, sites, siteOf), least = cost;
  std::vector<uint32_t> best = siteOf;
  const double start = heat * mean, end = std::max(0.002 * mean, 1e-9);
  double temperature = start;
  for (uint64_t i = 0; i < proposals; ++i) {
    if (i % 256 == 0)
      temperature = i < proposals * 9 / 10 && start > 0
                        ? start * std::pow(end / start, static_cast<double>(i) / (0.9 * static_cast<double>(proposals)))
                        : 0;
    // A group is many cores: one move of it costs as much as many exchanges.
    cost += !groups.empty() && i % 32 == 0 ? moveGroup(temperature) : moveCore(temperature);
    if (cost < least) {
      least = cost;
      best = siteOf;
    }
  }
  siteOf = std::move(best);
}

void detail::annealPlacement(const CoreGraph &graph, const Sites &sites, std::vector<uint32_t> &siteOf, double heat,
                             uint64_t proposals, uint64_t seed, const GroupOf &groupOf) {
  if (siteOf.size() < 2 || sites.alike)
    return;
  Annealer(graph, sites, siteOf, seed, groupOf).run(heat, proposals);
}

/// About 4 * 10^8 distances at most in each search: a second or two.
static uint64_t budgetFor(const CoreGraph &graph) {
  uint64_t links = 0;
  for (const auto &row : graph)
    links += row.size();
  return std::min<uint64_t>(uint64_t(graph.size()) * 10000, 400'000'000 / (1 + 4 * links / graph.size()));
}

std::vector<uint32_t> detail::improveCores(const CoreGraph &graph, const Sites &sites, uint64_t seed) {
  std::vector<uint32_t> ordered(graph.size());
  std::iota(ordered.begin(), ordered.end(), 0u);
  if (graph.size() >= 2 && !sites.alike)
    annealPlacement(graph, sites, ordered, 0.02, budgetFor(graph), seed);
  return ordered;
}

std::vector<uint32_t> detail::placeCores(const CoreGraph &graph, const Sites &sites, uint64_t seed, unsigned threads,
                                         const GroupOf &groupOf) {
  const auto start = firstSites(sites, graph.size(), groupOf);
  if (!start)
    return {};
  if (graph.size() < 2 || sites.alike)
    return *start;
  std::vector<uint32_t> ordered = *start, hot = *start;
  const uint64_t proposals = budgetFor(graph);
  sideBySide(
      threads > 1, [&] { annealPlacement(graph, sites, ordered, 0.02, proposals, seed, groupOf); },
      [&] { annealPlacement(graph, sites, hot, 1.0, proposals, seed + 1, groupOf); });
  return placementCost(graph, sites, hot) < placementCost(graph, sites, ordered) ? hot : ordered;
}
