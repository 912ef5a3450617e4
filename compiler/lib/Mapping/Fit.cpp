//===- Fit.cpp - What does not fit, and what would ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only ever called on the way to an error, so it counts afresh instead of burdening the search. A remedy is named only where it has
// been worked out that it suffices: on a chip that rounds every row up to a word, fewer weight bits may save nothing.
//===----------------------------------------------------------------------===//
#include "Fit.h"
#include <algorithm>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

static std::string text(uint64_t value) { return std::to_string(value); }
static uint64_t parts(uint64_t whole, uint64_t most) { return (whole + most - 1) / most; }

/// "a, b or c".
static std::string anyOf(const std::vector<std::string> &remedies) {
  std::string out;
  for (size_t i = 0; i < remedies.size(); ++i)
    out += (i == 0 ? "" : i + 1 == remedies.size() ? ", or " : ", ") + remedies[i];
  return out;
}

namespace {

/// The synapses onto one neuron, row by row.
struct Onto {
  struct Row {
    uint32_t projection;
    uint64_t synapses;
  };
  std::vector<Row> rows;
  uint64_t synapses = 0;

  Onto(const Network &network, uint32_t population, uint32_t neuron) {
    for (uint32_t index = 0; index < network.projections.size(); ++index) {
      const Projection &projection = network.projections[index];
      if (projection.target != population)
        continue;
      for (size_t n = 0; n + 1 < projection.rowPtr.size(); ++n) {
        const auto begin = projection.targets.begin() + static_cast<ptrdiff_t>(projection.rowPtr[n]);
        const auto end = projection.targets.begin() + static_cast<ptrdiff_t>(projection.rowPtr[n + 1]);
        const auto [first, last] = std::equal_range(begin, end, neuron);
        if (first == last)
          continue;
        rows.push_back({index, static_cast<uint64_t>(last - first)});
        synapses += rows.back().synapses;
      }
    }
  }
  /// Memory [bits] with at most so many weight bits.
  uint64_t bits(const hw::Chip &chip, const std::vector<RowFormat> &formats, unsigned weightBits) const {
    uint64_t sum = 0;
    for (const Row &row : rows) {
      const RowFormat &format = formats[row.projection];
      sum += chip.storage.bits(row.synapses, std::min(format.weightBits, weightBits), format.delayBits, format.indexBits);
    }
    return sum;
  }
};

} // namespace

/// Stored bits with sign: the most that any projection uses, and the least that the chip has.
static unsigned mostWeightBits(const Network &network) {
  unsigned most = 0;
  for (const Projection &projection : network.projections)
    if (!projection.targets.empty())
      most = std::max(most, projection.weightBits);
  return most;
}

static std::string memoryRemedies(const Network &network, const hw::Chip &chip, uint32_t population, uint32_t neuron,
                                  uint64_t needed) {
  const std::vector<RowFormat> formats = rowFormats(network, chip);
  const Onto onto(network, population, neuron);
  const uint64_t bound = chip.core.synapticMemoryBits;
  std::vector<std::string> remedies;
  for (unsigned weightBits = mostWeightBits(network); weightBits-- > chip.weights.minBits + 1;)
    if (onto.bits(chip, formats, weightBits) <= bound) {
      remedies.push_back("weights of at most " + text(weightBits) + " bits with sign");
      break;
    }
  std::vector<uint64_t> costs;
  for (const Onto::Row &row : onto.rows) {
    const RowFormat &format = formats[row.projection];
    costs.push_back(chip.storage.bits(row.synapses, format.weightBits, format.delayBits, format.indexBits));
  }
  std::sort(costs.begin(), costs.end());
  uint64_t sum = 0, kept = 0;
  for (; kept < costs.size() && sum + costs[kept] <= bound; ++kept)
    sum += costs[kept];
  remedies.push_back("at most " + text(kept) + " of its " + text(costs.size()) + " axons in");
  remedies.push_back("its input split over at least " + text(parts(needed, bound)) + " neurons");
  return anyOf(remedies);
}

Error detail::neuronTooLarge(const Network &network, const hw::Chip &chip, LimitIndex which, uint32_t population, uint32_t neuron,
                             uint64_t needed) {
  const Limit limit = limits(chip)[which];
  const std::string most = text(limit.bound), split = text(parts(needed, limit.bound));
  std::string fits;
  switch (which) {
  case LimitMemory:
    fits = memoryRemedies(network, chip, population, neuron, needed);
    break;
  case LimitAxonsIn:
    fits = "at most " + most + " sources of the neuron, or its input split over at least " + split + " neurons";
    break;
  case LimitAxonsOut:
    fits = "targets on at most " + most + " cores, or at least " + split + " neurons that send in its place";
    break;
  case LimitFanIn:
    fits = "at most " + most + " synapses onto the neuron, or its input split over at least " + split + " neurons";
    break;
  case LimitProgram:
    fits = "a model of at most " + most + " instructions";
    break;
  default:
    fits = limit.hint;
  }
  return Error{.code = limit.code,
               .message = std::string("one neuron alone needs more ") + limit.name + " than a core of '" + chip.name +
                          "' has, by " + text(needed - limit.bound),
               .place = "population '" + network.populations[population].name + "', neuron " + text(neuron),
               .expected = "at most " + most,
               .found = text(needed),
               .hint = "what would fit: " + fits,
               .kind = ErrorKind::DoesNotFit};
}

/// The population on most cores, and on how many.
static std::pair<uint32_t, uint64_t> largest(const Network &network, const Mapping &mapping) {
  std::vector<uint64_t> cores(network.populations.size(), 0);
  for (const CoreAssignment &core : mapping.cores) {
    std::set<uint32_t> here;
    for (const Slice &slice : core.slices)
      here.insert(slice.population);
    for (const uint32_t population : here)
      ++cores[population];
  }
  const auto most = std::max_element(cores.begin(), cores.end());
  return {static_cast<uint32_t>(most - cores.begin()), *most};
}

/// The most weight bits with which the network fits; empty if none are few enough, or it is too large to try.
static std::string fewerBits(const Network &network, uint64_t available, unsigned least, const CountCores &count) {
  constexpr uint64_t mostSynapses = 2'000'000;
  uint64_t synapses = 0;
  for (const Projection &projection : network.projections)
    synapses += projection.targets.size();
  if (synapses > mostSynapses)
    return "";
  Network changed = network;
  for (unsigned bits = mostWeightBits(network); bits-- > least;) {
    for (Projection &projection : changed.projections)
      projection.weightBits = std::min(projection.weightBits, bits);
    if (const auto cores = count(changed); cores && *cores <= available)
      return "weights of at most " + text(bits) + " bits with sign (" + text(*cores) + " cores)";
  }
  return "";
}

Error detail::tooManyCores(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                           const std::array<uint64_t, LimitCount + 1> &closed, const CountCores &count) {
  const uint64_t available = availableCores(chip), needed = mapping.cores.size(), perChip = chip.coresPerChip();
  const auto most = std::max_element(closed.begin(), closed.end() - 1);
  const size_t binding = static_cast<size_t>(most - closed.begin());
  const Limit limit = limits(chip)[binding];
  const auto [population, itsCores] = largest(network, mapping);
  const uint32_t chips = std::max(1u, chip.maxChips);
  std::vector<std::string> remedies{text(parts(needed - available, perChip) + chips) + " chips (topology.max_chips is " +
                                    text(chips) + ")"};
  if (binding == LimitMemory)
    if (std::string fewer = fewerBits(network, available, chip.weights.minBits + 1, count); !fewer.empty())
      remedies.push_back(std::move(fewer));
  uint64_t neurons = 0;
  for (const Population &each : network.populations)
    neurons += each.input ? 0 : each.count;
  if (binding == LimitNeurons && chip.core.neurons && neurons > available * chip.core.neurons)
    remedies.push_back("at most " + text(available * chip.core.neurons) + " neurons (there are " + text(neurons) + ")");
  return Error{.code = 6016,
               .message = "the network needs " + text(needed - available) + " more cores than '" + chip.name +
                          "' has; the limit that closes most cores is " + limit.name + " (" + text(limit.bound) +
                          "), population '" + network.populations[population].name + "' alone takes " + text(itsCores),
               .place = "network '" + network.name + "'",
               .expected =
                   "at most " + text(available) + " cores (" + text(chips) + " chips of " + text(perChip) + withoutDead(chip) + ")",
               .found = text(needed),
               .hint = "what would fit: " + anyOf(remedies) + "; otherwise " + limit.hint,
               .kind = ErrorKind::DoesNotFit};
}
