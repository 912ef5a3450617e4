//===- MapNetwork.cpp - Partition and placement together ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Place/TreePlacer.h"
#include "Search.h"
#include <algorithm>

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

Result<Mapping> mapping::mapNetwork(const Network &network, const hw::Chip &chip, const Options &options, Choice *choice) {
  const auto begin = [&](const char *stage) {
    if (options.onStage)
      options.onStage(stage);
  };
  begin("partition");
  RANVIER_TRY(const Mapping filled, partition(network, chip, options));
  RANVIER_CHECK(checkRates(network, options.rates));
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  Mapping sequential = filled;
  begin("place");
  RANVIER_CHECK(place(network, chip, sequential, options));
  RANVIER_TRY(const uint64_t cost, spikeHops(network, chip, sequential, options.rates));
  Choice made{.strategy = "sequential", .sequential = cost, .chosen = cost};
  uint64_t synapses = 0;
  for (const Projection &projection : network.projections)
    synapses += projection.targets.size();
  const bool wanted = options.strategy == Strategy::Multilevel || (options.strategy == Strategy::Auto && synapses <= autoSynapses);
  if (wanted && cost > 0 && filled.cores.size() > 1) {
    made.multilevelTried = true;
    begin("search");
    const Rates rates = openWays(network, chip, options.rates);
    const Hypergraph graph(network, rates, level);
    const Effort effort = effortFor(synapses, options.strategy == Strategy::Auto);
    for (const bool safe : {false, true}) {
      const Sites sites(chip, filled.cores.size(), safe);
      if (sites.size() < filled.cores.size())
        break;
      const Placed start =
          placed(graph, chip, sites, static_cast<uint32_t>(filled.cores.size()), coresOf(graph, filled), options.seed);
      const Placed found = search(graph, chip, sites, start, effort, options.seed);
      Mapping better = toMapping(graph, sites, found);
      refineTrees(network, chip, rates, sites, better, options.seed);
      sortByPlace(better);
      if (undelivered(network, chip, better))
        continue;
      RANVIER_TRY(const uint64_t exact, spikeHops(network, chip, better, options.rates));
      RANVIER_ASSERT(chip.faults.closeWays() || chip.multicastTrees || exact == static_cast<uint64_t>(found.cost),
                     "the search counts as spikeHops does");
      if (exact < cost) {
        made.strategy = "multilevel";
        made.chosen = exact;
        sequential = std::move(better);
      }
      break;
    }
  }
  if (choice)
    *choice = made;
  return sequential;
}
