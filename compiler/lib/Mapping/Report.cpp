//===- Report.cpp - What a mapping uses, as JSON --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LoadReport.h"
#include "Memories.h"
#include "ranvier/Support/Json.h"
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

/// Names of the populations on a core, joined.
static std::string populationsOn(const Network &network, const CoreAssignment &core) {
  std::string names;
  for (const Slice &slice : core.slices)
    names += (names.empty() ? "" : ", ") + network.populations[slice.population].name;
  return names;
}

/// One entry a limit: the largest use over the cores; `binding` is the one with the largest use/limit ratio (the first on ties).
static Json limitsReport(const Network &network, const hw::Chip &chip, const Mapping &mapping, const std::vector<CoreUse> &use,
                         Json &binding) {
  Json list = Json::array();
  double worst = -1;
  for (const Limit &limit : limits(chip)) {
    size_t at = 0;
    uint64_t sum = 0;
    for (size_t c = 0; c < use.size(); ++c) {
      sum += use[c].*limit.use;
      if (use[c].*limit.use > use[at].*limit.use)
        at = c;
    }
    Json entry{{"limit", limit.name}, {"available", limit.bound ? Json(limit.bound) : Json(nullptr)}};
    entry["max_used"] = use.empty() ? 0 : use[at].*limit.use;
    entry["mean_used"] = use.empty() ? 0.0 : static_cast<double>(sum) / static_cast<double>(use.size());
    if (limit.bound && !use.empty()) {
      const double ratio = static_cast<double>(use[at].*limit.use) / static_cast<double>(limit.bound);
      entry["ratio"] = ratio;
      entry["chip"] = mapping.cores[at].chip;
      entry["core"] = mapping.cores[at].core;
      entry["populations"] = populationsOn(network, mapping.cores[at]);
      if (ratio > worst) {
        worst = ratio;
        binding = entry;
      }
    }
    list.push_back(std::move(entry));
  }
  return list;
}

/// Links with messages when every neuron fires once, and the busiest one.
static Json linksReport(const std::vector<LinkLoad> &links) {
  Json json{{"used", links.size()}, {"worst", nullptr}};
  const auto worst =
      std::max_element(links.begin(), links.end(), [](const LinkLoad &a, const LinkLoad &b) { return a.messages < b.messages; });
  if (worst != links.end())
    json["worst"] = {{"tile", {worst->x, worst->y}},
                     {"direction", toString(worst->direction)},
                     {"between_chips", worst->betweenChips},
                     {"messages", worst->messages}};
  return json;
}

/// How much is dead, and what of it the mapping goes around: what lies on the chips in use, and the dead chips before the last of
/// them. Lists end after 100 entries; counts do not.
static Json faultsReport(const hw::Chip &chip, const std::set<uint32_t> &used) {
  constexpr size_t longest = 100;
  const hw::Faults &faults = chip.faults;
  Json chips = Json::array(), cores = Json::array(), links = Json::array();
  for (const uint32_t dead : faults.chips)
    if (!used.empty() && dead < *used.rbegin() && chips.size() < longest)
      chips.push_back(dead);
  for (const auto &[at, core] : faults.cores)
    if (used.contains(at) && cores.size() < longest)
      cores.push_back({{"chip", at}, {"core", core}});
  for (const hw::Faults::Link &link : faults.links)
    if (used.contains(link.chip) && links.size() < longest)
      links.push_back({{"chip", link.chip}, {"x", link.x}, {"y", link.y}, {"direction", toString(link.direction)}});
  return {{"chips", faults.chips.size()},
          {"cores", faults.cores.size()},
          {"links", faults.links.size()},
          {"avoided", {{"chips", chips}, {"cores", cores}, {"links", links}}}};
}

/// Where each set of populations that share a chip stands.
static Json sameChipReport(const Network &network, const Mapping &mapping, const PopulationSets &sets) {
  Json list = Json::array();
  for (const std::vector<uint32_t> &set : sets) {
    std::set<uint32_t> chips;
    uint64_t cores = 0;
    for (const CoreAssignment &core : mapping.cores)
      if (std::any_of(core.slices.begin(), core.slices.end(),
                      [&](const Slice &slice) { return std::binary_search(set.begin(), set.end(), slice.population); })) {
        ++cores;
        chips.insert(core.chip);
      }
    RANVIER_ASSERT(chips.size() == 1, "sets are checked before they are reported");
    Json names = Json::array();
    for (const uint32_t population : set)
      names.push_back(network.populations[population].name);
    list.push_back({{"populations", names}, {"chip", *chips.begin()}, {"cores", cores}});
  }
  return list;
}

std::string mapping::report(const Network &network, const hw::Chip &chip, const Mapping &mapping, const PopulationSets &sameChip,
                            const AssumedRates &rates) {
  const std::vector<CoreUse> use = measure(network, chip, mapping);
  std::set<uint32_t> chips;
  CoreUse total;
  for (size_t c = 0; c < use.size(); ++c) {
    chips.insert(mapping.cores[c].chip);
    total.neurons += use[c].neurons;
    total.synapses += use[c].synapses;
    total.synapticMemoryBits += use[c].synapticMemoryBits;
    total.axonsIn += use[c].axonsIn;
    total.axonsOut += use[c].axonsOut;
  }
  const Traffic messages = traffic(network, chip, mapping);
  const hw::Plane plane(chip);
  hw::LinkCounts hops;
  uint64_t cut = 0, internal = 0; // What leaves its core; with trees one message a neuron.
  for (const Spread &spread : messages.sent) {
    const hw::LinkCounts links = linksOf(plane, chip, mapping, spread);
    hops.eastWest += links.eastWest * spread.spikes;
    hops.northSouth += links.northSouth * spread.spikes;
    hops.chips += links.chips * spread.spikes;
    cut += spread.to == std::vector<uint32_t>{spread.from} ? 0 : spread.spikes;
    for (const uint32_t core : spread.to)
      internal +=
          chip.topology == hw::Topology::None || tileOf(plane, mapping.cores[core]) == tileOf(plane, mapping.cores[spread.from])
              ? spread.spikes
              : 0;
  }
  Json json;
  const uint64_t available = availableCores(chip);
  json["chip"] = chip.name;
  uint64_t synapseCores = 0;
  for (const CoreAssignment &core : mapping.cores)
    synapseCores += core.synapseCores.size();
  json["cores"] = {{"used", mapping.cores.size() + synapseCores}, {"available", available}, {"per_chip", chip.coresPerChip()}};
  if (synapseCores)
    json["cores"]["synapse_cores"] = synapseCores;
  json["chips"] = {{"used", chips.size()}, {"available", chip.liveChips()}};
  if (!chip.faults.empty())
    json["faults"] = faultsReport(chip, chips);
  if (!sameChip.empty())
    json["same_chip"] = sameChipReport(network, mapping, sameChip);
  if (chip.memories) {
    json["memories"] = memoriesReport(network, chip, mapping);
    json["load"] = loadReport(network, chip, mapping, rates);
  }
  Json binding = nullptr;
  json["limits"] = limitsReport(network, chip, mapping, use, binding);
  json["binding"] = binding;
  json["total"] = {{"neurons", total.neurons},
                   {"synapses", total.synapses},
                   {"synaptic_memory_bits", total.synapticMemoryBits},
                   {"input_axons", total.axonsIn},
                   {"output_axons", total.axonsOut}};
  // One message of every neuron.
  json["hops"] = {{"total", hops.total()},
                  {"east_west", hops.eastWest},
                  {"north_south", hops.northSouth},
                  {"between_chips", hops.chips},
                  {"messages_within_a_tile", internal}};
  if (chip.multicastTrees)
    json["hops"]["multicast_trees"] = true;
  if (chip.chipLinkCost != 1)
    json["hops"]["weighted"] = {{"chip_link_cost", chip.chipLinkCost}, {"total", plane.cost(hops)}};
  // Replication: on how many cores each neuron that sends at all is listened to (its own included).
  json["cut"] = cut;
  json["replication"] =
      messages.senders ? static_cast<double>(total.axonsIn - messages.inputMessages) / static_cast<double>(messages.senders) : 0.0;
  json["links"] = linksReport(linkLoads(chip, mapping, messages.sent));
  json["messages_per_input_spike"] =
      messages.inputNeurons ? static_cast<double>(messages.inputMessages) / static_cast<double>(messages.inputNeurons) : 0.0;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
