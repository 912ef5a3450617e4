//===- TreePlacer.cpp - Placement by the links of multicast trees ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Distances between pairs overstate what a tree costs, most where a spike goes to many cores in one direction. Partition and the
// first placement use them all the same, because their changes are sums over pairs; this annealing then counts whole trees, as
// Plane::spread gives them, so that the emulator's hops are what it lowers.
//===----------------------------------------------------------------------===//
#include "TreePlacer.h"
#include "ChipGroups.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

class TreeAnnealer {
public:
  TreeAnnealer(const hw::Chip &chip, const Sites &sites, std::vector<Spread> sent, std::vector<uint32_t> &siteOf, uint64_t seed,
               const GroupOf &groupOf);
  void run();

private:
  int64_t cost(const Spread &spread);
  /// Cost of the trees that one of two cores has a part in.
  int64_t costAround(uint32_t core, uint32_t other);
  void exchange(uint32_t core, uint32_t site);
  bool accept(int64_t by, double temperature) {
    return by <= 0 || (temperature > 0 && random.open() < std::exp(-static_cast<double>(by) / temperature));
  }
  /// What two sites hold, exchanged; by how much that changes the cost.
  int64_t swap(uint32_t a, uint32_t b);
  int64_t moveGroup(double temperature);
  int64_t moveCore(double temperature);

  const hw::Plane plane;
  const Sites &sites;
  const ChipGroups groups;
  const std::vector<Spread> sent;
  std::vector<std::vector<uint32_t>> treesOf; ///< [core] into `sent`.
  std::vector<uint32_t> &siteOf, coreOn;
  std::vector<Tile> tileOn; ///< [site]
  std::vector<Tile> tiles;  ///< Scratch.
  std::vector<uint32_t> stamp;
  uint32_t stamps = 0;
  RandomStream random;
};

} // namespace

TreeAnnealer::TreeAnnealer(const hw::Chip &chip, const Sites &sites, std::vector<Spread> all, std::vector<uint32_t> &siteOf,
                           uint64_t seed, const GroupOf &groupOf)
    : plane(chip), sites(sites), groups(groupOf, sites), sent(std::move(all)), treesOf(siteOf.size()), siteOf(siteOf),
      coreOn(sites.size(), nowhere), stamp(sent.size(), 0), random(seed) {
  for (uint32_t tree = 0; tree < sent.size(); ++tree) {
    treesOf[sent[tree].from].push_back(tree);
    for (const uint32_t core : sent[tree].to)
      if (core != sent[tree].from)
        treesOf[core].push_back(tree);
  }
  for (uint32_t core = 0; core < siteOf.size(); ++core)
    coreOn[siteOf[core]] = core;
  for (size_t site = 0; site < sites.size(); ++site)
    tileOn.push_back(plane.tileOf(sites[site].chip, sites[site].core));
}

int64_t TreeAnnealer::cost(const Spread &spread) {
  const uint32_t home = siteOf[spread.from];
  int64_t links = 0;
  tiles.clear();
  for (const uint32_t core : spread.to) {
    tiles.push_back(tileOn[siteOf[core]]);
    links += sites.extra(home, siteOf[core]); // Closed ways cost more than open ones, as everywhere.
  }
  links += static_cast<int64_t>(plane.cost(plane.count(plane.spread(tileOn[home], tiles))));
  return links * static_cast<int64_t>(spread.spikes);
}

int64_t TreeAnnealer::costAround(uint32_t core, uint32_t other) {
  ++stamps;
  int64_t sum = 0;
  for (const uint32_t at : {core, other})
    if (at != nowhere)
      for (const uint32_t tree : treesOf[at])
        if (stamp[tree] != stamps) {
          stamp[tree] = stamps;
          sum += cost(sent[tree]);
        }
  return sum;
}

void TreeAnnealer::exchange(uint32_t core, uint32_t site) {
  const uint32_t home = siteOf[core], other = coreOn[site];
  siteOf[core] = site;
  coreOn[site] = core;
  coreOn[home] = other;
  if (other != nowhere)
    siteOf[other] = home;
}

int64_t TreeAnnealer::swap(uint32_t a, uint32_t b) {
  if (coreOn[a] == nowhere)
    std::swap(a, b);
  const uint32_t core = coreOn[a], other = coreOn[b];
  if (core == nowhere)
    return 0;
  const int64_t before = costAround(core, other);
  exchange(core, b);
  return costAround(core, other) - before;
}

int64_t TreeAnnealer::moveCore(double temperature) {
  const uint32_t core = random.below(static_cast<uint32_t>(siteOf.size())), home = siteOf[core];
  const uint32_t site = random.below(static_cast<uint32_t>(sites.size())), other = coreOn[site];
  if (tileOn[site] == tileOn[home] || !groups.allow(core, home, site, other))
    return 0;
  const int64_t before = costAround(core, other);
  exchange(core, site);
  const int64_t by = costAround(core, other) - before;
  if (accept(by, temperature))
    return by;
  exchange(core, home);
  return 0;
}

int64_t TreeAnnealer::moveGroup(double temperature) {
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

/// Cools from a little heat, for the start is good, to none; the best state seen counts.
void TreeAnnealer::run() {
  uint64_t work = 1, whole = 0;
  for (const auto &trees : treesOf)
    for (const uint32_t tree : trees)
      work += 1 + sent[tree].to.size();
  for (const Spread &spread : sent)
    whole += static_cast<uint64_t>(cost(spread));
  if (whole == 0)
    return;
  // About 2 * 10^7 destinations looked at: a second or two.
  const uint64_t proposals = std::min<uint64_t>(uint64_t(siteOf.size()) * 2000, 10'000'000 / (1 + 2 * work / siteOf.size()));
  const double start = 0.05 * static_cast<double>(whole) / static_cast<double>(siteOf.size());
  int64_t change = 0, best = 0;
  std::vector<uint32_t> bestSites = siteOf;
  for (uint64_t i = 0; i < proposals; ++i) {
    const double progress = static_cast<double>(i) / static_cast<double>(proposals);
    const double temperature = progress < 0.8 ? start * std::pow(0.01, progress / 0.8) : 0;
    change += !groups.empty() && i % 32 == 0 ? moveGroup(temperature) : moveCore(temperature);
    if (change < best) {
      best = change;
      bestSites = siteOf;
    }
  }
  siteOf = std::move(bestSites);
}

void detail::refineTrees(const Network &network, const hw::Chip &chip, const Rates &rates, const Sites &sites, Mapping &mapping,
                         uint64_t seed, const GroupOf &groupOf) {
  if (!chip.multicastTrees || sites.alike || mapping.cores.size() < 2)
    return;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> siteAt;
  for (uint32_t site = 0; site < sites.size(); ++site)
    siteAt[{sites[site].chip, sites[site].core}] = site;
  std::vector<uint32_t> siteOf;
  for (const CoreAssignment &core : mapping.cores)
    siteOf.push_back(siteAt.at({core.chip, core.core}));
  TreeAnnealer(chip, sites, traffic(network, chip, mapping, rates).sent, siteOf, seed, groupOf).run();
  for (size_t c = 0; c < siteOf.size(); ++c) {
    mapping.cores[c].chip = sites[siteOf[c]].chip;
    mapping.cores[c].core = sites[siteOf[c]].core;
  }
}
