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
    formats.push_back(
        {projection.weightBits, static_cast<unsigned>(std::bit_width(longest - chip.minDelay)), dense ? 0 : indexBits});
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

std::vector<std::vector<uint32_t>> detail::outgoing(const Network &network) {
  std::vector<std::vector<uint32_t>> out(network.populations.size());
  for (uint32_t p = 0; p < network.projections.size(); ++p)
    out[network.projections[p].source].push_back(p);
  return out;
}

uint64_t detail::availableCores(const hw::Chip &chip) { return uint64_t(chip.coresPerChip()) * std::max(1u, chip.maxChips); }

std::array<Limit, LimitCount> detail::limits(const hw::Chip &chip) {
  const hw::CoreLimits &core = chip.core;
  return {
      {{"neurons", core.neurons, &CoreUse::neurons, "use a chip with more neurons on a core", 0},
       {"synaptic memory [bits]", core.synapticMemoryBits, &CoreUse::synapticMemoryBits,
        "use fewer weight bits or delays, split the input of the population over several neurons, or use a chip with more memory "
        "on a core",
        6010},
       {"input axons", core.axonsIn, &CoreUse::axonsIn, "split the input of the population over several neurons", 6011},
       {"output axons", core.axonsOut, &CoreUse::axonsOut,
        "reduce the fan-out of the population or let several neurons send in its place", 6012},
       {"fan-in [synapses]", core.fanIn, &CoreUse::maxFanIn, "prune the projections onto the population or split its input", 6013},
       {"neuron configurations", core.neuronConfigs, &CoreUse::neuronConfigs,
        "let more neurons share their decays, or spread them over more cores", 0},
       {"threshold configurations", core.thresholdConfigs, &CoreUse::thresholdConfigs,
        "let more neurons share their threshold, or spread them over more cores", 0},
       {"program words", core.programWords, &CoreUse::programWords, "use a shorter neuron model", 6014}}};
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

Tile detail::tileOf(const hw::Chip &chip, uint32_t chipId, uint32_t core) {
  const uint32_t rows = std::max(1u, chip.chipsY), tile = core / chip.coresPerTile;
  return {chipId / rows * chip.tilesX + tile / chip.tilesY, chipId % rows * chip.tilesY + tile % chip.tilesY};
}

/// From a to b along a ring of `size` places: the shorter way, upwards on ties.
static int64_t aroundRing(int64_t a, int64_t b, int64_t size) {
  const int64_t up = (b - a + size) % size;
  return 2 * up <= size ? up : up - size;
}

std::pair<int64_t, int64_t> detail::displacement(const hw::Chip &chip, uint32_t chipA, uint32_t coreA, uint32_t chipB,
                                                 uint32_t coreB) {
  const Tile a = tileOf(chip, chipA, coreA), b = tileOf(chip, chipB, coreB);
  const int64_t dx = int64_t(b.x) - a.x, dy = int64_t(b.y) - a.y;
  if (chip.topology == hw::Topology::Mesh || chipA != chipB)
    return {dx, dy};
  if (chip.topology == hw::Topology::Torus)
    return {aroundRing(a.x, b.x, chip.tilesX), aroundRing(a.y, b.y, chip.tilesY)};
  // The third direction moves along both axes at once; the shortest path takes it as far as both need it with the same sign.
  const int64_t sx = chip.tilesX, sy = chip.tilesY;
  std::pair<int64_t, int64_t> best;
  int64_t least = INT64_MAX;
  for (int64_t wx : {-sx, int64_t(0), sx})
    for (int64_t wy : {-sy, int64_t(0), sy}) {
      const int64_t x = dx + wx, y = dy + wy, ax = std::abs(x), ay = std::abs(y);
      const int64_t length = (x < 0) == (y < 0) ? std::max(ax, ay) : ax + ay;
      if (length < least) {
        least = length;
        best = {x, y};
      }
    }
  return best;
}

Hops detail::hopsBetween(const hw::Chip &chip, uint32_t chipA, uint32_t coreA, uint32_t chipB, uint32_t coreB) {
  Hops hops;
  if (chip.topology == hw::Topology::None)
    return hops;
  const auto [dx, dy] = displacement(chip, chipA, coreA, chipB, coreB);
  const uint32_t ax = static_cast<uint32_t>(std::abs(dx)), ay = static_cast<uint32_t>(std::abs(dy));
  // Chips form one large mesh: a message crosses the rest of both chips and every chip between.
  const uint32_t rows = std::max(1u, chip.chipsY);
  const auto apart = [](uint32_t a, uint32_t b) { return a > b ? a - b : b - a; };
  const uint32_t columnsApart = apart(chipA / rows, chipB / rows), rowsApart = apart(chipA % rows, chipB % rows);
  hops.chips = columnsApart + rowsApart;
  hops.eastWest = ax - columnsApart;
  hops.northSouth = ay - rowsApart;
  if (chip.topology == hw::Topology::TriangularTorus && chipA == chipB && (dx < 0) == (dy < 0))
    hops.northSouth = ay > ax ? ay - ax : 0; // Diagonal links count as east-west ones.
  return hops;
}

Traffic detail::traffic(const Network &network, const Mapping &mapping) {
  const auto coreOf = coreOfNeuron(network, mapping);
  const size_t cores = mapping.cores.size();
  std::vector<std::map<uint32_t, uint32_t>> counts(cores);
  Traffic result;
  forEachFanOut(network, coreOf, cores, [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
    if (network.populations[p].input) {
      result.inputMessages += reached.size();
      ++result.inputNeurons;
    } else if (const uint32_t from = coreOf[p][n]; from != nowhere) {
      result.senders += !reached.empty();
      for (uint32_t core : reached)
        ++counts[from][core];
    }
  });
  result.ptr.push_back(0);
  for (const auto &row : counts) {
    result.edges.insert(result.edges.end(), row.begin(), row.end());
    result.ptr.push_back(result.edges.size());
  }
  return result;
}
