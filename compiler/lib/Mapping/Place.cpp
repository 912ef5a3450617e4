//===- Place.cpp - Cores onto the chip ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimises the sum over messages of the links they cross. Two searches, of which the better counts: one starts with the cores in
// partition order along a serpentine over the tiles, which puts consecutive layers side by side, the other hot. Proposals come
// from a counter-based generator, so the result is a function of network, chip and seed. No extra chip is opened by the search.
//===----------------------------------------------------------------------===//
#include "Place/CorePlacer.h"
#include <algorithm>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

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
  const Sites sites(chip, mapping.cores.size());
  const std::vector<uint32_t> siteOf = placeCores(coreGraph(network, mapping, options.rates), sites, options.seed);
  for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
    mapping.cores[c].chip = sites[siteOf[c]].chip;
    mapping.cores[c].core = sites[siteOf[c]].core;
  }
  sortCores();
  return {};
}
