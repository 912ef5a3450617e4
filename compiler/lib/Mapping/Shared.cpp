//===- Shared.cpp - What the mapping algorithms have in common ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Shared.h"
#include <algorithm>
#include <bit>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

std::vector<RowFormat> detail::rowFormats(const Network &network, const hw::Chip &chip) {
  const uint64_t neurons = chip.core.neurons ? chip.core.neurons : maxAccumulators;
  const unsigned indexBits = std::max(1u, static_cast<unsigned>(std::bit_width(neurons - 1)));
  std::vector<RowFormat> formats;
  formats.reserve(network.projections.size());
  for (const Projection &projection : network.projections) {
    uint32_t longest = chip.minDelay;
    bool sameStep = false, later = false;
    for (uint16_t delay : projection.delays) {
      longest = std::max<uint32_t>(longest, delay);
      (delay == 0 ? sameStep : later) = true;
    }
    // Synapses of delay 0 are a row of their own: neither of the two is complete then.
    const bool dense = projection.dense && !(sameStep && later);
    const bool shared = chip.weights.sharedKernels && projection.kernelWeights;
    formats.push_back({shared ? 0 : projection.weightBits, static_cast<unsigned>(std::bit_width(longest - chip.minDelay)),
                       dense ? 0 : indexBits,
                       shared ? chip.storage.kernelBits(projection.kernelWeights, projection.weightBits) : 0});
  }
  return formats;
}

std::vector<std::vector<uint32_t>> detail::coreOfNeuron(const Network &network, const Mapping &mapping) {
  std::vector<std::vector<uint32_t>> coreOf(network.populations.size());
  for (size_t p = 0; p < coreOf.size(); ++p)
    if (!network.populations[p].input)
      coreOf[p].assign(network.populations[p].count, nowhere);
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices)
      std::fill_n(coreOf[slice.population].begin() + slice.first, slice.count, c);
  return coreOf;
}

uint64_t detail::coreNeurons(const Network &network, const hw::Chip &chip) {
  if (chip.core.neurons)
    return chip.core.neurons;
  uint64_t neurons = 0, accumulators = 0;
  for (const Population &population : network.populations)
    if (!population.input) {
      neurons += population.count;
      accumulators += population.count * inputCount(network, population);
    }
  uint64_t cores = (std::max(neurons, accumulators) + softCoreNeurons - 1) / softCoreNeurons;
  if (neurons > worthTwoCores)
    cores += cores % 2;
  return cores ? (neurons + cores - 1) / cores : softCoreNeurons;
}

std::vector<std::vector<uint32_t>> detail::outgoing(const Network &network) {
  std::vector<std::vector<uint32_t>> out(network.populations.size());
  for (uint32_t p = 0; p < network.projections.size(); ++p)
    out[network.projections[p].source].push_back(p);
  return out;
}

uint64_t detail::availableCores(const hw::Chip &chip) { return chip.liveCores(); }

std::string detail::withoutDead(const hw::Chip &chip) {
  const uint64_t dead = uint64_t(chip.coresPerChip()) * std::max(1u, chip.maxChips) - chip.liveCores();
  return dead ? ", less " + std::to_string(dead) + " dead" : "";
}

std::array<Limit, LimitCount> detail::limits(const hw::Chip &chip) {
  const hw::CoreLimits &core = chip.core;
  const char *memoryHint = "use fewer weight bits or delays, split the input of the population over several neurons, or use a chip "
                           "with more memory on a core";
  if (chip.storage.synapseBits) // Every synapse takes the same.
    memoryHint = "split the input of the population over several neurons, or use a chip with more memory on a core";
  return {
      {{"neurons", core.neurons, &CoreUse::neurons, "use a chip with more neurons on a core", 0},
       {"synaptic memory [bits]", core.synapticMemoryBits, &CoreUse::synapticMemoryBits, memoryHint, 6010},
       {"input axons", core.axonsIn, &CoreUse::axonsIn, "split the input of the population over several neurons", 6011},
       {"output axons", core.axonsOut, &CoreUse::axonsOut,
        "reduce the fan-out of the population or let several neurons send in its place", 6012},
       {"fan-in [synapses]", core.fanIn, &CoreUse::maxFanIn, "prune the projections onto the population or split its input", 6013},
       {"neuron configurations", core.neuronConfigs, &CoreUse::neuronConfigs,
        "let more neurons share their decays, or spread them over more cores", 0},
       {"threshold configurations", core.thresholdConfigs, &CoreUse::thresholdConfigs,
        "let more neurons share their threshold, or spread them over more cores", 0},
       {"program words", core.programWords, &CoreUse::programWords, "use a shorter neuron model", 6014},
       {"table words", core.tableWords, &CoreUse::tableWords, "use smaller look-up tables", 6037},
       {"rows of a tile's crossbars", chip.crossbar ? uint64_t(chip.crossbar->inputs) * chip.coresPerTile : 0,
        &CoreUse::crossbarRows, "prune the projections onto the population, use fewer delays, or use a chip with larger macros",
        6120},
       {"columns of the crossbar", chip.crossbar ? chip.crossbar->columns() : 0, &CoreUse::crossbarColumns,
        "use a model with fewer inputs, fewer cells for a weight, or a chip with larger macros", 6121}}};
}

/// Numbers the distinct tuples of `slots` over all populations; `choose` picks the slots of a population.
static uint32_t number(const Network &network, std::vector<uint32_t> Population::*choose, std::vector<std::vector<uint32_t>> &out) {
  std::map<std::vector<int32_t>, uint32_t> numbers;
  out.resize(network.populations.size());
  std::vector<int32_t> tuple;
  for (size_t p = 0; p < out.size(); ++p) {
    const Population &population = network.populations[p];
    const std::vector<uint32_t> &slots = population.*choose;
    if (slots.empty() || population.input)
      continue;
    const bool uniform =
        std::all_of(slots.begin(), slots.end(), [&](uint32_t slot) { return population.params[slot].size() == 1; });
    const uint64_t count = uniform ? 1 : population.count;
    out[p].reserve(count);
    for (uint64_t n = 0; n < count; ++n) {
      tuple.clear();
      for (uint32_t slot : slots)
        tuple.push_back(wordOf(population.params[slot], n));
      out[p].push_back(numbers.try_emplace(tuple, static_cast<uint32_t>(numbers.size())).first->second);
    }
  }
  return static_cast<uint32_t>(numbers.size());
}

Configs detail::configurations(const Network &network) {
  Configs configs;
  configs.neuronCount = number(network, &Population::configParams, configs.neuron);
  configs.thresholdCount = number(network, &Population::thresholdParams, configs.threshold);
  return configs;
}

Traffic detail::traffic(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Rates &rates) {
  const auto coreOf = coreOfNeuron(network, mapping);
  const size_t cores = mapping.cores.size();
  std::vector<std::map<uint32_t, uint64_t>> pairs(cores);
  std::vector<std::map<std::vector<uint32_t>, uint64_t>> sets(cores);
  std::vector<uint32_t> to;
  Traffic result;
  forEachFanOut(network, coreOf, cores, [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
    if (network.populations[p].input) {
      result.inputMessages += reached.size();
      ++result.inputNeurons;
      return;
    }
    const uint32_t from = coreOf[p][n];
    if (from == nowhere || reached.empty())
      return;
    ++result.senders;
    const uint64_t spikes = rates.empty() ? 1 : rates[p][n];
    if (chip.multicastTrees) {
      to = reached;
      std::sort(to.begin(), to.end());
      sets[from][to] += spikes;
    } else {
      for (uint32_t core : reached)
        pairs[from][core] += spikes;
    }
  });
  for (uint32_t core = 0; core < cores; ++core) {
    for (const auto &[destination, spikes] : pairs[core])
      result.sent.push_back({core, {destination}, spikes});
    for (const auto &[destinations, spikes] : sets[core])
      result.sent.push_back({core, destinations, spikes});
  }
  return result;
}

hw::LinkCounts detail::linksOf(const hw::Plane &plane, const hw::Chip &chip, const Mapping &mapping, const Spread &spread) {
  if (chip.topology == hw::Topology::None)
    return {};
  std::vector<Tile> tiles;
  for (const uint32_t core : spread.to)
    tiles.push_back(tileOf(plane, mapping.cores[core]));
  return plane.count(plane.spread(tileOf(plane, mapping.cores[spread.from]), tiles));
}
