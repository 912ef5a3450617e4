//===- Place.cpp - Cores onto the chip ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimises the sum over messages of the links they cross. Two searches, of which the better counts: one starts with the cores in
// partition order along a serpentine over the tiles, which puts consecutive layers side by side, the other hot. Proposals come
// from a counter-based generator, so the result is a function of network, chip and seed. No extra chip is opened by the search,
// but where dead links or chips leave no other way: then only tiles are used between which every way is open.
//===----------------------------------------------------------------------===//
#include "Place/ChipGroups.h"
#include "Place/FirstPlacement.h"
#include "Place/TreePlacer.h"
#include "SameChip.h"
#include "SideBySide.h"
#include <algorithm>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

Rates detail::openWays(const Network &network, const hw::Chip &chip, const Rates &rates) {
  Rates changed = rates;
  if (chip.closesWays())
    for (uint32_t p = 0; p < changed.size(); ++p)
      for (uint32_t &spikes : changed[p])
        spikes = network.populations[p].input ? spikes : std::max(1u, spikes);
  return changed;
}

/// Messages between cores, both ways together.
static CoreGraph coreGraph(const Network &network, const Mapping &mapping, const Rates &rates) {
  const auto coreOf = coreOfNeuron(network, mapping);
  std::vector<std::map<uint32_t, int64_t>> sums(mapping.cores.size());
  forEachFanOut(network, coreOf, mapping.cores.size(), [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
    if (network.populations[p].input)
      return;
    const uint32_t from = coreOf[p][n];
    for (uint32_t core : reached)
      if (core != from) {
        const int64_t spikes = rates.empty() ? 1 : rates[p][n];
        sums[from][core] += spikes;
        sums[core][from] += spikes;
      }
  });
  CoreGraph graph;
  for (const auto &row : sums)
    graph.emplace_back(row.begin(), row.end());
  return graph;
}

void detail::sortByPlace(Mapping &mapping) {
  std::sort(mapping.cores.begin(), mapping.cores.end(), [](const CoreAssignment &a, const CoreAssignment &b) {
    return std::tie(a.level, a.chip, a.core) < std::tie(b.level, b.chip, b.core);
  });
}

/// The mapping on these sites.
static Mapping onSites(Mapping mapping, const Sites &sites, const std::vector<uint32_t> &siteOf) {
  for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
    mapping.cores[c].chip = sites[siteOf[c]].chip;
    mapping.cores[c].core = sites[siteOf[c]].core;
  }
  return mapping;
}

Result<void> mapping::place(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options) {
  std::vector<uint32_t> sites;
  return placeKeepingSites(network, chip, mapping, options, sites);
}

Result<void> detail::placeKeepingSites(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options,
                                       std::vector<uint32_t> &first) {
  first.clear();
  if (mapping.cores.empty())
    return {};
  if (const uint64_t available = availableCores(chip); mapping.cores.size() > available)
    return Error{.code = 6016,
                 .message = "the network needs more cores than '" + chip.name + "' has",
                 .place = "network '" + network.name + "'",
                 .expected = "at most " + std::to_string(available),
                 .found = std::to_string(mapping.cores.size()),
                 .hint = "merge cores, or describe a machine of more chips",
                 .kind = ErrorKind::DoesNotFit};
  RANVIER_TRY(const SameChip sets, SameChip::of(network, chip, options.sameChip));
  RANVIER_CHECK(sets.fit(network, chip, mapping));
  const GroupOf groupOf = sets.groupsOf(mapping);
  if (chip.topology == hw::Topology::None && sets.empty()) { // No place is nearer than another.
    takeFirstPlaces(chip, mapping);
    return {};
  }
  const Rates rates = openWays(network, chip, options.rates);
  const CoreGraph graph = coreGraph(network, mapping, rates);
  std::optional<Error> failure;
  for (const bool safe : {false, true}) {
    const auto sites = sitesFor(chip, mapping.cores.size(), groupOf, safe);
    if (!sites)
      break;
    const std::vector<uint32_t> siteOf = placeCores(graph, *sites, options.seed, threadsFor(options.threads), groupOf);
    if (!safe)
      first = siteOf;
    Mapping placed = onSites(mapping, *sites, siteOf);
    refineTrees(network, chip, rates, *sites, placed, options.seed, groupOf);
    sortByPlace(placed);
    const auto message = undelivered(network, chip, placed);
    if (!message) {
      mapping = std::move(placed);
      return {};
    }
    if (!failure)
      failure = noOpenPlacement(network, chip, placed, *message);
  }
  RANVIER_ASSERT(failure, "without faults the first sites suffice");
  if (!sets.empty())
    failure->hint += ", or let fewer populations have to share a chip";
  return std::move(*failure);
}
