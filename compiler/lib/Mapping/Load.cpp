//===- Load.cpp - How long cores will work in a step ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Load.h"
#include "LoadReport.h"
#include "Split.h"
#include "ranvier/Support/Json.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

double CoreLoad::peak(double sigma) const { return mean() + sigma * std::sqrt(variance); }

static double assumedPerSecond(const hw::Chip &chip, const AssumedRates &rates) {
  return rates.perSecond > 0 ? rates.perSecond : chip.ringBuffers.spikesPerSecond;
}

/// Spikes a step of each source of a population: one value for all, or one each.
static std::vector<double> perStep(const Network &network, const hw::Chip &chip, uint32_t number, const AssumedRates &rates) {
  const Population &population = network.populations[number];
  if (population.source == "poisson")
    return population.rates;
  if (population.source == "regular") {
    std::vector<double> each;
    for (const uint32_t interval : population.intervals)
      each.push_back(1.0 / std::max(1u, interval));
    return each;
  }
  if (number < rates.spikes.size() && !rates.spikes[number].empty()) {
    std::vector<double> each;
    for (const uint32_t spikes : rates.spikes[number])
      each.push_back(static_cast<double>(spikes) / static_cast<double>(std::max<uint64_t>(1, rates.steps)));
    return each;
  }
  return {assumedPerSecond(chip, rates) * network.dt};
}

double detail::costOf(const hw::Chip &chip, const char *event) {
  const hw::CostProfile *profile = chip.findCosts("");
  if (!profile)
    return 0;
  const auto at = profile->events.find(event);
  return at == profile->events.end() || !at->second.picoseconds ? 0 : static_cast<double>(*at->second.picoseconds);
}

double detail::transferTime(const hw::Chip &chip, uint64_t sums, bool taken) {
  return costOf(chip, "sums_transfer") + static_cast<double>(sums) * costOf(chip, taken ? "sum_taken" : "sum_sent");
}

std::vector<std::vector<SourceLoad>> detail::sourceLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                                         const AssumedRates &rates) {
  std::vector<std::vector<SourceLoad>> loads(mapping.cores.size());
  const double packet = costOf(chip, "axon_in"), event = costOf(chip, "synapse_event");
  const auto coreOf = coreOfNeuron(network, mapping);
  const auto out = outgoing(network);
  std::vector<uint32_t> met(loads.size(), 0), touched;
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    const std::vector<double> each = perStep(network, chip, p, rates);
    std::vector<std::map<uint32_t, SourceLoad>> blocks(loads.size());
    for (uint64_t n = 0; n < network.populations[p].count && !out[p].empty(); ++n) {
      touched.clear();
      for (const uint32_t index : out[p]) {
        const Projection &projection = network.projections[index];
        const std::vector<uint32_t> &cores = coreOf[projection.target];
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
          if (met[cores[projection.targets[s]]]++ == 0)
            touched.push_back(cores[projection.targets[s]]);
      }
      const double spikes = each.empty() ? 0 : each[each.size() == 1 ? 0 : n];
      const uint32_t block = blockOf(network, chip, coreOf, p, n);
      for (const uint32_t core : touched) {
        const double synapses = std::exchange(met[core], 0), time = packet + synapses * event;
        SourceLoad &load = blocks[core][block];
        load.weight += time;
        load.packets += spikes;
        load.events += spikes * synapses;
        load.variance += spikes * time * time;
      }
    }
    for (size_t c = 0; c < loads.size(); ++c)
      for (auto &[block, load] : blocks[c]) {
        load.population = p;
        load.block = block;
        loads[c].push_back(load);
      }
  }
  return loads;
}

std::vector<CoreLoad> mapping::foretellLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                             const AssumedRates &rates) {
  const std::vector<StandingCore> standing = standingCores(mapping);
  const auto blocks = sourceLoads(network, chip, mapping, rates);
  std::vector<std::vector<uint32_t>> shares;
  for (size_t c = 0; c < blocks.size(); ++c)
    shares.push_back(sharesOf(blocks[c], static_cast<uint32_t>(mapping.cores[c].synapseCores.size())));
  std::vector<CoreLoad> loads(standing.size());
  for (size_t number = 0; number < standing.size(); ++number) {
    const StandingCore &core = standing[number];
    const CoreAssignment &owner = mapping.cores[core.owner];
    CoreLoad &load = loads[number];
    uint64_t sums = 0;
    for (const Slice &slice : owner.slices) {
      load.neurons += core.share == nowhere ? slice.count : 0;
      sums += uint64_t(slice.count) * inputCount(network, network.populations[slice.population]);
    }
    for (size_t b = 0; b < blocks[core.owner].size(); ++b) {
      const SourceLoad &block = blocks[core.owner][b];
      if (!owner.synapseCores.empty() && (core.share == nowhere || shares[core.owner][b] != core.share))
        continue;
      load.packets += block.packets;
      load.events += block.events;
      load.variance += block.variance;
    }
    load.neuronTime = static_cast<double>(load.neurons) * costOf(chip, "soma_access");
    load.packetTime = load.packets * costOf(chip, "axon_in");
    load.eventTime = load.events * costOf(chip, "synapse_event");
    if (!owner.synapseCores.empty())
      load.transferTime = core.share == nowhere ? static_cast<double>(owner.synapseCores.size()) * transferTime(chip, sums, true)
                                                : transferTime(chip, sums, false);
  }
  return loads;
}

//===--- Report -----------------------------------------------------------===//

static Json timesJson(const CoreLoad &load, double sigma) {
  return {{"neurons", load.neurons},
          {"packets", load.packets},
          {"synaptic_events", load.events},
          {"neurons_ns", load.neuronTime * 1e-3},
          {"packets_ns", load.packetTime * 1e-3},
          {"synapses_ns", load.eventTime * 1e-3},
          {"transfers_ns", load.transferTime * 1e-3},
          {"mean_ns", load.mean() * 1e-3},
          {"peak_ns", load.peak(sigma) * 1e-3}};
}

static const char *originOf(const AssumedRates &rates) {
  return !rates.spikes.empty() ? "profile" : rates.perSecond > 0 ? "option" : "chip";
}

/// Why cores are split: the same cores with their synapses on themselves, and what packets alone would take of the step on the
/// busiest of them, which it has to take in however few neurons it holds.
static Json unsplitReport(const Network &network, const hw::Chip &chip, Mapping mapping, const AssumedRates &rates) {
  for (CoreAssignment &core : mapping.cores)
    core.synapseCores.clear();
  const std::vector<CoreLoad> loads = foretellLoads(network, chip, mapping, rates);
  const double step = network.dt * 1e12, sigma = chip.ringBuffers.sigma;
  uint64_t overMean = 0, overPeak = 0;
  for (const CoreLoad &load : loads) {
    overMean += load.mean() > step;
    overPeak += load.peak(sigma) > step;
  }
  const auto busiest = std::max_element(loads.begin(), loads.end(),
                                        [&](const CoreLoad &a, const CoreLoad &b) { return a.peak(sigma) < b.peak(sigma); });
  const double packet = costOf(chip, "axon_in");
  return {{"cores", loads.size()},
          {"cores_over", {{"mean", overMean}, {"peak", overPeak}}},
          {"busiest", timesJson(*busiest, sigma)},
          {"packets_alone_ns",
           {{"mean", busiest->packetTime * 1e-3},
            {"peak", (busiest->packetTime + sigma * packet * std::sqrt(busiest->packets)) * 1e-3}}}};
}

Json detail::loadReport(const Network &network, const hw::Chip &chip, const Mapping &mapping, const AssumedRates &rates) {
  const hw::CostProfile *profile = chip.findCosts("");
  if (!profile || mapping.cores.empty())
    return nullptr;
  const std::vector<CoreLoad> loads = foretellLoads(network, chip, mapping, rates);
  const std::vector<StandingCore> standing = standingCores(mapping);
  const double step = network.dt * 1e12, sigma = chip.ringBuffers.sigma;
  struct Sum {
    uint64_t cores = 0, synapseCores = 0, overMean = 0, overPeak = 0;
    size_t busiest = 0;
  };
  Sum all;
  std::map<uint32_t, Sum> by; // Population; a core of several counts for each.
  for (size_t c = 0; c < loads.size(); ++c) {
    const auto add = [&](Sum &sum) {
      if (!sum.cores++ || loads[c].peak(sigma) > loads[sum.busiest].peak(sigma))
        sum.busiest = c;
      sum.synapseCores += standing[c].share != nowhere;
      sum.overMean += loads[c].mean() > step;
      sum.overPeak += loads[c].peak(sigma) > step;
    };
    add(all);
    std::set<uint32_t> here;
    for (const Slice &slice : mapping.cores[standing[c].owner].slices)
      here.insert(slice.population);
    for (const uint32_t population : here)
      add(by[population]);
  }
  const auto sumJson = [&](const Sum &sum) {
    Json busiest = timesJson(loads[sum.busiest], sigma);
    busiest["chip"] = standing[sum.busiest].chip;
    busiest["core"] = standing[sum.busiest].core;
    return Json{{"cores", sum.cores},
                {"synapse_cores", sum.synapseCores},
                {"cores_over", {{"mean", sum.overMean}, {"peak", sum.overPeak}}},
                {"busiest", busiest}};
  };
  Json json = sumJson(all);
  json["timestep_ns"] = step * 1e-3;
  json["sigma"] = sigma;
  json["rates"] = {{"from", originOf(rates)}, {"spikes_per_second", assumedPerSecond(chip, rates)}};
  json["costs"] = profile->name;
  json["estimates"] = Json::array();
  json["left_out"] = Json::array();
  for (const auto &[name, cost] : profile->events) {
    if (!name.starts_with("soma_") && !name.starts_with("axon_") && name != "synapse_event" &&
        !(all.synapseCores && name.starts_with("sum")))
      continue;
    if (!cost.picoseconds)
      json["left_out"].push_back(name);
    else if (cost.provenance == hw::Provenance::Estimate)
      json["estimates"].push_back(name);
  }
  if (all.synapseCores)
    json["unsplit"] = unsplitReport(network, chip, mapping, rates);
  json["populations"] = Json::array();
  for (const auto &[population, sum] : by) {
    json["populations"].push_back(sumJson(sum));
    json["populations"].back()["name"] = network.populations[population].name;
  }
  return json;
}
