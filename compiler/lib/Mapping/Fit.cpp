//===- Fit.cpp - What does not fit, and what would ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only ever called on the way to an error, so it counts afresh instead of burdening the search. A remedy is named only where it has
// been worked out that it suffices: on a chip that rounds every row up to a word, fewer weight bits may save nothing. Weight bits
// are a count alone: whether weights of so few are accurate enough is the quantiser's to say, which is not asked here.
//===----------------------------------------------------------------------===//
#include "Fit.h"
#include <algorithm>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

/// The hint of the limit where fewer weight bits were tried already.
static constexpr const char *memoryHintBesideBits =
    "use shorter delays, split the input of the population over several neurons, or use a chip with more memory on a core";

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
};

/// What a row takes in memory [bits], and the kernel that a core has to store with the first row of its projection.
struct RowCost {
  uint32_t projection;
  uint64_t row, kernel;
};

} // namespace

/// The rows onto a neuron with at most so many weight bits; those of a projection stand together.
static std::vector<RowCost> rowCosts(const Network &network, const hw::Chip &chip, const std::vector<RowFormat> &formats,
                                     const Onto &onto, unsigned weightBits) {
  std::vector<RowCost> costs;
  for (const Onto::Row &row : onto.rows) {
    const RowFormat &format = formats[row.projection];
    const Projection &projection = network.projections[row.projection];
    const uint64_t kernel =
        format.kernelBits ? chip.storage.kernelBits(projection.kernelWeights, std::min(projection.weightBits, weightBits)) : 0;
    costs.push_back({row.projection,
                     chip.storage.bits(row.synapses, std::min(format.weightBits, weightBits), format.delayBits, format.indexBits),
                     kernel});
  }
  return costs;
}

/// Memory [bits] of all of them on one core.
static uint64_t together(const std::vector<RowCost> &costs) {
  uint64_t sum = 0;
  for (size_t i = 0; i < costs.size(); ++i)
    sum += costs[i].row + (i == 0 || costs[i - 1].projection != costs[i].projection ? costs[i].kernel : 0);
  return sum;
}

/// How many of the rows fit, whichever they are: the costliest come first, a kernel with the costliest row that needs it.
static uint64_t mostRows(std::vector<RowCost> costs, uint64_t bound) {
  std::sort(costs.begin(), costs.end(), [](const RowCost &a, const RowCost &b) {
    return a.projection != b.projection ? a.projection < b.projection : a.row > b.row;
  });
  std::vector<uint64_t> more;
  for (size_t i = 0; i < costs.size(); ++i)
    more.push_back(costs[i].row + (i == 0 || costs[i - 1].projection != costs[i].projection ? costs[i].kernel : 0));
  std::sort(more.rbegin(), more.rend());
  uint64_t sum = 0, kept = 0;
  for (; kept < more.size() && sum + more[kept] <= bound; ++kept)
    sum += more[kept];
  return kept;
}

/// Neurons that the rows can be split over, filled one after another, each on a core of its own with the kernels it needs; 0 if a
/// row is too large even alone.
static uint64_t splitOver(const std::vector<RowCost> &costs, uint64_t bound) {
  uint64_t neurons = 1, used = 0;
  for (size_t i = 0; i < costs.size(); ++i) {
    const bool stored = used && costs[i - 1].projection == costs[i].projection;
    const uint64_t more = costs[i].row + (stored ? 0 : costs[i].kernel);
    if (used + more <= bound) {
      used += more;
      continue;
    }
    ++neurons;
    used = costs[i].row + costs[i].kernel;
    if (used > bound)
      return 0;
  }
  return neurons;
}

/// Stored bits with sign, the most that any projection uses.
static unsigned mostWeightBits(const Network &network) {
  unsigned most = 0;
  for (const Projection &projection : network.projections)
    if (!projection.targets.empty())
      most = std::max(most, projection.weightBits);
  return most;
}

/// In words, of bits with sign; what users choose are those of the magnitude.
static std::string weightsOf(unsigned bitsWithSign, const char *forWhat = "") {
  const std::string magnitude = text(bitsWithSign - 1);
  return "weights of at most " + magnitude + " magnitude bits (`compile --weight-bits " + magnitude + "`)" + forWhat +
         " if the quantiser takes so few";
}

/// Empty if none of what is known here helps: a kernel or a row alone is too large.
static std::string memoryRemedies(const Network &network, const hw::Chip &chip, uint32_t population, uint32_t neuron) {
  const Onto onto(network, population, neuron);
  const std::vector<RowFormat> formats = rowFormats(network, chip);
  const uint64_t bound = chip.core.synapticMemoryBits;
  const unsigned most = mostWeightBits(network);
  std::vector<std::string> remedies;
  for (unsigned weightBits = most; !chip.storage.synapseBits && weightBits-- > chip.weights.minBits + 1;)
    if (together(rowCosts(network, chip, formats, onto, weightBits)) <= bound) {
      remedies.push_back(weightsOf(weightBits, " for this neuron"));
      break;
    }
  const std::vector<RowCost> costs = rowCosts(network, chip, formats, onto, most);
  if (const uint64_t kept = mostRows(costs, bound))
    remedies.push_back("at most " + text(kept) + " of its " + text(costs.size()) + " axons in");
  if (const uint64_t neurons = splitOver(costs, bound))
    remedies.push_back("its input split over " + text(neurons) + " neurons");
  return anyOf(remedies);
}

Error detail::neuronTooLarge(const Network &network, const hw::Chip &chip, LimitIndex which, uint32_t population, uint32_t neuron,
                             uint64_t needed) {
  const Limit limit = limits(chip)[which];
  const std::string most = text(limit.bound), split = text(parts(needed, limit.bound));
  std::string fits;
  switch (which) {
  case LimitMemory:
    fits = memoryRemedies(network, chip, population, neuron);
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
  case LimitTables:
    fits = "look-up tables of at most " + most + " words";
    break;
  case LimitRows:
    fits = "at most " + most + " sources of the neuron, counted once for each of their delays, or its input split over at least " +
           split + " neurons";
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
               .hint = fits.empty() ? "use a chip with more memory on a core, smaller kernels, or fewer synapses from one source"
                                    : "what would fit: " + fits,
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

/// What counting with fewer weight bits found.
struct Fewer {
  bool counted = false; ///< False: too large a network.
  std::string remedy;   ///< The most bits with which the cores suffice; empty if none are few enough.
};

static Fewer fewerBits(const Network &network, uint64_t available, unsigned least, const CountCores &count) {
  constexpr uint64_t mostSynapses = 2'000'000;
  uint64_t synapses = 0;
  for (const Projection &projection : network.projections)
    synapses += projection.targets.size();
  if (synapses > mostSynapses)
    return {};
  Network changed = network;
  for (unsigned bits = mostWeightBits(network); bits-- > least;) {
    for (Projection &projection : changed.projections)
      projection.weightBits = std::min(projection.weightBits, bits);
    if (const auto cores = count(changed); cores && *cores <= available)
      return {true, weightsOf(bits) + " (" + text(*cores) + " cores by count)"};
  }
  return {true, ""};
}

/// What would fit, then what else helps. With dead links or chips cores alone do not tell whether messages have ways between them:
/// no number of chips or neurons is named then.
static std::string coreRemedies(const Network &network, const hw::Chip &chip, LimitIndex binding, uint64_t needed,
                                const CountCores &count) {
  const uint64_t available = availableCores(chip), perCore = chip.core.neurons;
  const uint32_t chips = std::max(1u, chip.maxChips);
  const bool waysClose = chip.closesWays();
  std::vector<std::string> remedies;
  if (!waysClose)
    remedies.push_back(text(parts(needed - available, chip.coresPerChip()) + chips) + " chips (topology.max_chips is " +
                       text(chips) + ")");
  std::string otherwise = limits(chip)[binding].hint;
  if (binding == LimitMemory && !chip.storage.synapseBits)
    if (Fewer fewer = fewerBits(network, available, chip.weights.minBits + 1, count); fewer.counted) {
      otherwise = memoryHintBesideBits;
      if (!fewer.remedy.empty())
        remedies.push_back(std::move(fewer.remedy));
    }
  uint64_t neurons = 0;
  for (const Population &each : network.populations)
    neurons += each.input ? 0 : each.count;
  if (!waysClose && binding == LimitNeurons && perCore && neurons > available * perCore)
    remedies.push_back("at most " + text(available * perCore) + " neurons (there are " + text(neurons) + ")");
  if (waysClose)
    otherwise += ", or a machine with more chips or fewer faults";
  return remedies.empty() ? otherwise : "what would fit: " + anyOf(remedies) + "; otherwise " + otherwise;
}

Error detail::tooManyCores(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                           const std::array<uint64_t, LimitCount + 1> &closed, const CountCores &count) {
  const uint64_t available = availableCores(chip), needed = mapping.cores.size(), perChip = chip.coresPerChip();
  const auto most = std::max_element(closed.begin(), closed.end() - 1);
  const LimitIndex binding = static_cast<LimitIndex>(most - closed.begin());
  const Limit limit = limits(chip)[binding];
  const auto [population, itsCores] = largest(network, mapping);
  const uint32_t chips = std::max(1u, chip.maxChips);
  return Error{.code = 6016,
               .message = "the network needs " + text(needed - available) + " more cores than '" + chip.name +
                          "' has; the limit that closes most cores is " + limit.name + " (" + text(limit.bound) +
                          "), population '" + network.populations[population].name + "' alone takes " + text(itsCores),
               .place = "network '" + network.name + "'",
               .expected =
                   "at most " + text(available) + " cores (" + text(chips) + " chips of " + text(perChip) + withoutDead(chip) + ")",
               .found = text(needed),
               .hint = coreRemedies(network, chip, binding, needed, count),
               .kind = ErrorKind::DoesNotFit};
}
