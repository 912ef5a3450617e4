//===- Place.cpp - Cores onto the chip ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimises the sum over messages of the links they cross. Starts with the cores in partition order along a serpentine over the
// tiles, which puts consecutive layers side by side, then exchanges places (or moves to free ones) while that lowers the cost:
// proposals come from a counter-based generator, so the result is a function of network, chip and seed. No extra chip is opened by
// the search.
//===----------------------------------------------------------------------===//
#include "Shared.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

struct Site {
  uint32_t chip, core;
};

/// Cores on sites and the cost of exchanging them.
class Placement {
public:
  Placement(const hw::Chip &chip, const Traffic &traffic, size_t cores);
  void refine(uint64_t seed);
  std::vector<Site> sites;      ///< All places of the chips in use, in serpentine order.
  std::vector<uint32_t> siteOf; ///< [core]

private:
  uint32_t distance(uint32_t a, uint32_t b) const {
    return hopsBetween(chip, sites[a].chip, sites[a].core, sites[b].chip, sites[b].core).total();
  }
  /// Cost of the messages between `core`, if it stood on `site`, and all others but `except`.
  int64_t cost(uint32_t core, uint32_t site, uint32_t except) const;

  const hw::Chip &chip;
  std::vector<uint32_t> coreOn;                                  ///< [site], nowhere if free.
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> links; ///< [core]: (other core, messages both ways), sorted.
};

} // namespace

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

Placement::Placement(const hw::Chip &chip, const Traffic &traffic, size_t cores) : chip(chip), links(cores) {
  const std::vector<uint32_t> order = serpentine(chip);
  const uint32_t chips = static_cast<uint32_t>((cores + order.size() - 1) / order.size());
  for (uint32_t c = 0; c < chips; ++c)
    for (uint32_t core : order)
      sites.push_back({c, core});
  siteOf.resize(cores);
  std::iota(siteOf.begin(), siteOf.end(), 0u);
  coreOn.assign(sites.size(), nowhere);
  std::iota(coreOn.begin(), coreOn.begin() + cores, 0u);
  for (uint32_t from = 0; from < cores; ++from)
    for (uint64_t e = traffic.ptr[from]; e < traffic.ptr[from + 1]; ++e)
      if (const auto [to, messages] = traffic.edges[e]; to != from) {
        links[from].push_back({to, messages});
        links[to].push_back({from, messages});
      }
  for (auto &row : links)
    std::sort(row.begin(), row.end());
}

int64_t Placement::cost(uint32_t core, uint32_t site, uint32_t except) const {
  int64_t sum = 0;
  for (const auto &[other, messages] : links[core])
    if (other != except)
      sum += int64_t(messages) * distance(site, siteOf[other]);
  return sum;
}

void Placement::refine(uint64_t seed) {
  const uint32_t cores = static_cast<uint32_t>(siteOf.size());
  uint64_t linkCount = 1;
  for (const auto &row : links)
    linkCount += row.size();
  // About 10^8 distances at most: a second or two.
  const uint64_t budget = std::min<uint64_t>(uint64_t(cores) * sites.size() * 4, 100'000'000 / (1 + 4 * linkCount / cores));
  for (uint64_t trial = 0; trial < budget; ++trial) {
    const auto random = threefry2x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                     {static_cast<uint32_t>(trial), static_cast<uint32_t>(trial >> 32)});
    const uint32_t a = static_cast<uint32_t>(uint64_t(random[0]) * cores >> 32);
    if (links[a].empty())
      continue;
    // Half of the proposals go beside a partner, the others anywhere.
    uint32_t site = static_cast<uint32_t>(uint64_t(random[1] << 1) * sites.size() >> 32);
    if (random[1] >> 31) {
      const uint32_t partner = siteOf[links[a][site % links[a].size()].first];
      const uint32_t reach = 2 * chip.coresPerTile + 1;
      site = static_cast<uint32_t>(
          std::clamp<int64_t>(int64_t(partner) + random[0] % (2 * reach + 1) - reach, 0, int64_t(sites.size()) - 1));
    }
    const uint32_t home = siteOf[a], b = coreOn[site];
    if (site == home)
      continue;
    int64_t change = cost(a, site, b) - cost(a, home, b);
    if (b != nowhere)
      change += cost(b, home, a) - cost(b, site, a);
    if (change >= 0)
      continue;
    siteOf[a] = site;
    coreOn[site] = a;
    coreOn[home] = b;
    if (b != nowhere)
      siteOf[b] = home;
  }
}

Result<void> mapping::place(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options) {
  const auto sortCores = [&] {
    std::sort(mapping.cores.begin(), mapping.cores.end(), [](const CoreAssignment &a, const CoreAssignment &b) {
      return std::tie(a.level, a.chip, a.core) < std::tie(b.level, b.chip, b.core);
    });
  };
  if (mapping.cores.empty())
    return {};
  if (const uint64_t available = availableCores(chip); mapping.cores.size() > available)
    return Error{.code = 6016,
                 .message = "the network needs more cores than '" + chip.name + "' has",
                 .place = "network '" + network.name + "'",
                 .expected = "at most " + std::to_string(available),
                 .found = std::to_string(mapping.cores.size()),
                 .kind = ErrorKind::DoesNotFit};
  if (chip.topology == hw::Topology::None) { // No place is nearer than another.
    for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
      mapping.cores[c].chip = c / chip.coresPerChip();
      mapping.cores[c].core = c % chip.coresPerChip();
    }
    return {};
  }
  Placement placement(chip, traffic(network, mapping), mapping.cores.size());
  placement.refine(options.seed);
  for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
    mapping.cores[c].chip = placement.sites[placement.siteOf[c]].chip;
    mapping.cores[c].core = placement.sites[placement.siteOf[c]].core;
  }
  sortCores();
  return {};
}
