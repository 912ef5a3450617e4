//===- MapNetwork.cpp - Partition and placement together ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../MacroRows.h"
#include "../Memories.h"
#include "../Place/ChipGroups.h"
#include "../Place/FirstPlacement.h"
#include "../Place/TreePlacer.h"
#include "../SideBySide.h"
#include "../Split.h"
#include "Search.h"
#include <algorithm>
#include <optional>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

Result<void> detail::checkRates(const Network &network, const Rates &rates) {
  const auto wrong = [&](const std::string &place, uint64_t expected, uint64_t found) {
    return Error{.code = 6070,
                 .message = "the rates do not fit the network",
                 .place = place,
                 .expected = std::to_string(expected) + (place.starts_with("population") ? " neurons" : " populations"),
                 .found = std::to_string(found)};
  };
  if (rates.empty())
    return {};
  if (rates.size() != network.populations.size())
    return wrong("network '" + network.name + "'", network.populations.size(), rates.size());
  for (size_t p = 0; p < rates.size(); ++p)
    if (const Population &population = network.populations[p]; !population.input && rates[p].size() != population.count)
      return wrong("population '" + population.name + "'", population.count, rates[p].size());
  return {};
}

Result<uint64_t> mapping::spikeHops(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Rates &rates) {
  RANVIER_CHECK(checkRates(network, rates));
  const auto coreOf = coreOfNeuron(network, mapping);
  const hw::Plane plane(chip);
  uint64_t sum = 0;
  forEachFanOut(network, coreOf, mapping.cores.size(), [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
    if (network.populations[p].input)
      return;
    const uint32_t home = coreOf[p][n];
    uint64_t hops = 0;
    if (chip.topology == hw::Topology::None) {
      for (uint32_t core : reached)
        hops += core != home;
    } else if (!chip.multicastTrees) {
      for (uint32_t core : reached)
        hops += plane.cost(plane.count(tileOf(plane, mapping.cores[home]), tileOf(plane, mapping.cores[core])));
    } else {
      hops = plane.cost(linksOf(plane, chip, mapping, {home, reached, 1}));
    }
    sum += hops * (rates.empty() ? 1 : rates[p][n]);
  });
  return sum;
}

/// The cheapest mapping on as many cores as `filled` that the search finds, and its cost; nothing where messages of all it finds
/// have closed ways.
static Result<std::optional<std::pair<Mapping, uint64_t>>> searched(const Network &network, const hw::Chip &chip,
                                                                    const Options &options, const SameChip &sets,
                                                                    const Mapping &filled, const std::vector<uint32_t> &first,
                                                                    const Effort &effort) {
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  const Rates rates = openWays(network, chip, options.rates);
  const Hypergraph graph(network, rates, sets.classes(level));
  const uint32_t cores = static_cast<uint32_t>(filled.cores.size());
  const SearchOptions how{.seed = options.seed, .threads = threadsFor(options.threads), .sets = &sets};
  for (const bool safe : {false, true}) {
    const auto sites = sitesFor(chip, cores, sets.groupsOf(filled), safe);
    if (!sites)
      break;
    const Placed start = placed(graph, chip, *sites, cores, coresOf(graph, filled), how, safe ? std::vector<uint32_t>{} : first);
    const Placed found = search(graph, chip, *sites, start, effort, how);
    Mapping better = toMapping(graph, *sites, found);
    for (CoreAssignment &core : better.cores)
      core.level = level[core.slices[0].population];
    refineTrees(network, chip, rates, *sites, better, options.seed, sets.groupsOf(better));
    sortByPlace(better);
    if (undelivered(network, chip, better))
      continue;
    RANVIER_TRY(const uint64_t exact, spikeHops(network, chip, better, options.rates));
    RANVIER_ASSERT(chip.closesWays() || chip.multicastTrees || exact == static_cast<uint64_t>(found.cost),
                   "the search counts as spikeHops does");
    return std::optional(std::pair(std::move(better), exact));
  }
  return std::optional<std::pair<Mapping, uint64_t>>();
}

Result<Mapping> mapping::mapNetwork(const Network &network, const hw::Chip &chip, const Options &options, Choice *choice) {
  const auto begin = [&](const char *stage) {
    if (options.onStage)
      options.onStage(stage);
  };
  begin("partition");
  if (options.split != Split::Off) {
    RANVIER_CHECK(checkRates(network, options.rates));
    RANVIER_TRY(Mapping split, mapSplit(network, chip, options));
    RANVIER_TRY(const uint64_t cost, spikeHops(network, chip, split, options.rates));
    if (choice)
      *choice = {.strategy = "sequential", .sequential = cost, .chosen = cost};
    return split;
  }
  RANVIER_TRY(const Mapping filled, partition(network, chip, options));
  RANVIER_CHECK(checkRates(network, options.rates));
  RANVIER_TRY(const SameChip sets, SameChip::of(network, chip, options.sameChip));
  Mapping result = filled;
  if (chip.crossbar && takeMacros(network, chip, result)) { // which the search knows nothing of
    RANVIER_CHECK(placeGroups(network, chip, result, options));
    RANVIER_CHECK(checkSameChip(network, result, chip.maxChips > 1 ? options.sameChip : PopulationSets{}));
    RANVIER_TRY(const uint64_t hops, spikeHops(network, chip, result, options.rates));
    if (choice)
      *choice = {.strategy = "sequential", .sequential = hops, .chosen = hops};
    return result;
  }
  begin("place");
  std::vector<uint32_t> first;
  RANVIER_CHECK(placeKeepingSites(network, chip, result, options, first));
  RANVIER_TRY(const uint64_t cost, spikeHops(network, chip, result, options.rates));
  Choice made{.strategy = "sequential", .sequential = cost, .chosen = cost};
  uint64_t synapses = 0;
  for (const Projection &projection : network.projections)
    synapses += projection.targets.size();
  const bool wanted = options.strategy == Strategy::Multilevel || (options.strategy == Strategy::Auto && synapses <= autoSynapses);
  if (wanted && cost > 0 && filled.cores.size() > 1) {
    made.multilevelTried = true;
    begin("search");
    const Effort effort = effortFor(synapses, options.strategy == Strategy::Auto);
    RANVIER_TRY(auto found, searched(network, chip, options, sets, filled, first, effort));
    // The search knows nothing of memories in bytes, or of rows that delays take on macros.
    if (found && found->second < cost && checkMemories(network, chip, found->first) &&
        (!chip.crossbar || (withinLimits(network, chip, found->first) && checkMacros(network, chip, found->first)))) {
      made.strategy = "multilevel";
      made.chosen = found->second;
      result = std::move(found->first);
    }
  }
  RANVIER_CHECK(checkSameChip(network, result, chip.maxChips > 1 ? options.sameChip : PopulationSets{}));
  if (choice)
    *choice = made;
  return result;
}
