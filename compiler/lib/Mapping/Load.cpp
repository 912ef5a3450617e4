//===- Load.cpp - How long cores will work in a step ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Load.h"
#include "LoadReport.h"
#include "Shared.h"
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

/// Time of an event of the chip's first profile [ps]; 0 where it is not known.
static double timeOf(const hw::Chip &chip, const char *event) {
  const hw::CostProfile *profile = chip.findCosts("");
  if (!profile)
    return 0;
  const auto at = profile->events.find(event);
  return at == profile->events.end() || !at->second.picoseconds ? 0 : static_cast<double>(*at->second.picoseconds);
}

std::vector<CoreLoad> mapping::foretellLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                             const AssumedRates &rates) {
  std::vector<CoreLoad> loads(mapping.cores.size());
  const double access = timeOf(chip, "soma_access"), packet = timeOf(chip, "axon_in"), event = timeOf(chip, "synapse_event");
  for (size_t c = 0; c < loads.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices)
      loads[c].neurons += slice.count;
  const auto coreOf = coreOfNeuron(network, mapping);
  const auto out = outgoing(network);
  std::vector<uint32_t> met(loads.size(), 0), touched;
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    const std::vector<double> each = perStep(network, chip, p, rates);
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
      for (const uint32_t core : touched) {
        const double synapses = std::exchange(met[core], 0), time = packet + synapses * event;
        loads[core].packets += spikes;
        loads[core].events += spikes * synapses;
        loads[core].variance += spikes * time * time;
      }
    }
  }
  for (CoreLoad &load : loads) {
    load.neuronTime = static_cast<double>(load.neurons) * access;
    load.packetTime = load.packets * packet;
    load.eventTime = load.events * event;
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
          {"mean_ns", load.mean() * 1e-3},
          {"peak_ns", load.peak(sigma) * 1e-3}};
}

static const char *originOf(const AssumedRates &rates) {
  return !rates.spikes.empty() ? "profile" : rates.perSecond > 0 ? "option" : "chip";
}

Json detail::loadReport(const Network &network, const hw::Chip &chip, const Mapping &mapping, const AssumedRates &rates) {
  const hw::CostProfile *profile = chip.findCosts("");
  if (!profile || mapping.cores.empty())
    return nullptr;
  const std::vector<CoreLoad> loads = foretellLoads(network, chip, mapping, rates);
  const double step = network.dt * 1e12, sigma = chip.ringBuffers.sigma;
  struct Sum {
    uint64_t cores = 0, overMean = 0, overPeak = 0;
    size_t busiest = 0;
  };
  Sum all;
  std::map<uint32_t, Sum> by; // Population; a core of several counts for each.
  for (size_t c = 0; c < loads.size(); ++c) {
    const auto add = [&](Sum &sum) {
      if (!sum.cores++ || loads[c].peak(sigma) > loads[sum.busiest].peak(sigma))
        sum.busiest = c;
      sum.overMean += loads[c].mean() > step;
      sum.overPeak += loads[c].peak(sigma) > step;
    };
    add(all);
    std::set<uint32_t> here;
    for (const Slice &slice : mapping.cores[c].slices)
      here.insert(slice.population);
    for (const uint32_t population : here)
      add(by[population]);
  }
  const auto sumJson = [&](const Sum &sum) {
    Json busiest = timesJson(loads[sum.busiest], sigma);
    busiest["chip"] = mapping.cores[sum.busiest].chip;
    busiest["core"] = mapping.cores[sum.busiest].core;
    return Json{{"cores", sum.cores}, {"cores_over", {{"mean", sum.overMean}, {"peak", sum.overPeak}}}, {"busiest", busiest}};
  };
  Json json = sumJson(all);
  json["timestep_ns"] = step * 1e-3;
  json["sigma"] = sigma;
  json["rates"] = {{"from", originOf(rates)}, {"spikes_per_second", assumedPerSecond(chip, rates)}};
  json["costs"] = profile->name;
  json["estimates"] = Json::array();
  json["left_out"] = Json::array();
  for (const auto &[name, cost] : profile->events) {
    if (!name.starts_with("soma_") && !name.starts_with("axon_") && name != "synapse_event")
      continue;
    if (!cost.picoseconds)
      json["left_out"].push_back(name);
    else if (cost.provenance == hw::Provenance::Estimate)
      json["estimates"].push_back(name);
  }
  json["populations"] = Json::array();
  for (const auto &[population, sum] : by) {
    json["populations"].push_back(sumJson(sum));
    json["populations"].back()["name"] = network.populations[population].name;
  }
  return json;
}
