//===- Sequential.cpp - Populations into cores, in order -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Greedy next-fit in the order of levels and populations: neuron after neuron goes to the open core until a limit would be
// exceeded. Layers stay together and in order, which keeps axons few for layered networks. Everything a core holds by itself
// (neurons, synaptic memory, input axons, configurations) is counted exactly while filling. Output axons depend on how the
// *targets* are cut, so they are counted after a round and the next round fills with those counts; they only grow, so the rounds
// end. If they have not settled after a few rounds, cores that are over the limit are cut until none is.
//===----------------------------------------------------------------------===//
#include "../Fit.h"
#include "../Memories.h"
#include "../SameChip.h"
#include "Order.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// One run of the greedy filler.
class Filler {
public:
  Filler(const Network &network, const hw::Chip &chip, const Incoming &into, const std::vector<uint32_t> &level,
         const std::vector<Slice> &order)
      : network(network), chip(chip), level(level), order(order), open(network, chip, into) {}
  /// `outAxons` [population][neuron]. `aligned`: a slice of the order starts a new core unless all of it fits on the open one.
  Result<Mapping> run(const std::vector<std::vector<uint32_t>> &outAxons, bool aligned);
  /// Why cores were closed in the last run, by limit.
  std::array<uint64_t, LimitCount + 1> closed{};

private:
  void close(Mapping &mapping);
  void append(Mapping &mapping, uint32_t population, uint32_t neuron);
  bool fitsWhole(const Slice &slice, const std::vector<uint32_t> &out);

  const Network &network;
  const hw::Chip &chip;
  const std::vector<uint32_t> &level;
  const std::vector<Slice> &order;
  OpenCore open;
  CoreAssignment current;
  const std::vector<std::vector<uint32_t>> *out = nullptr;
};

} // namespace

void Filler::close(Mapping &mapping) {
  if (current.slices.empty())
    return;
  for (const Slice &slice : current.slices)
    for (uint32_t n = slice.first; n < slice.first + slice.count; ++n)
      open.remove(slice.population, n, (*out)[slice.population][n]);
  RANVIER_ASSERT(open.use.neurons == 0 && open.use.synapticMemoryBits == 0 && open.use.axonsIn == 0 && open.use.axonsOut == 0,
                 "an emptied core uses nothing");
  mapping.cores.push_back(std::move(current));
  current = {};
}

void Filler::append(Mapping &mapping, uint32_t population, uint32_t neuron) {
  if (current.slices.empty() || current.slices.back().population != population ||
      current.slices.back().first + current.slices.back().count != neuron)
    current.slices.push_back({population, neuron, 0});
  current.level = level[population];
  ++current.slices.back().count;
}

/// Tries the slice on the open core and leaves the core as it was.
bool Filler::fitsWhole(const Slice &slice, const std::vector<uint32_t> &axons) {
  uint32_t tried = slice.first;
  bool fits = true;
  for (; fits && tried < slice.first + slice.count; ++tried) {
    open.add(slice.population, tried, axons[tried]);
    fits = open.exceeded() == LimitCount;
  }
  while (tried > slice.first) {
    --tried;
    open.remove(slice.population, tried, axons[tried]);
  }
  return fits;
}

Result<Mapping> Filler::run(const std::vector<std::vector<uint32_t>> &outAxons, bool aligned) {
  out = &outAxons;
  closed.fill(0);
  Mapping mapping;
  for (const Slice &slice : order) {
    const uint32_t p = slice.population;
    if (!current.slices.empty() && (current.level != level[p] || (aligned && !fitsWhole(slice, outAxons[p])))) {
      ++closed[LimitCount];
      close(mapping);
    }
    for (uint32_t n = slice.first; n < slice.first + slice.count; ++n) {
      open.add(p, n, outAxons[p][n]);
      unsigned limit = open.exceeded();
      if (limit != LimitCount && !current.slices.empty()) {
        open.remove(p, n, outAxons[p][n]);
        ++closed[limit];
        close(mapping);
        open.add(p, n, outAxons[p][n]);
        limit = open.exceeded();
      }
      if (limit != LimitCount)
        return neuronTooLarge(network, chip, static_cast<LimitIndex>(limit), p, n, open.use.*open.bounds[limit].use);
      append(mapping, p, n);
    }
  }
  close(mapping);
  return mapping;
}

/// Raises outAxons to the distinct destination cores of each neuron under `mapping`; true if every core is within `bound`.
static bool countOutAxons(const Network &network, const Mapping &mapping, uint64_t bound,
                          std::vector<std::vector<uint32_t>> &outAxons, std::vector<uint64_t> &perCore) {
  const auto coreOf = coreOfNeuron(network, mapping);
  perCore.assign(mapping.cores.size(), 0);
  forEachFanOut(network, coreOf, mapping.cores.size(), [&](uint32_t p, uint64_t n, const std::vector<uint32_t> &reached) {
    if (network.populations[p].input)
      return;
    outAxons[p][n] = std::max(outAxons[p][n], static_cast<uint32_t>(reached.size()));
    perCore[coreOf[p][n]] += reached.size();
  });
  return !bound || std::all_of(perCore.begin(), perCore.end(), [&](uint64_t axons) { return axons <= bound; });
}

/// Cuts every core that is over the limit of output axons into equal parts.
static void cut(Mapping &mapping, uint64_t bound, const std::vector<uint64_t> &perCore) {
  std::vector<CoreAssignment> cores;
  for (size_t c = 0; c < mapping.cores.size(); ++c) {
    CoreAssignment &core = mapping.cores[c];
    uint64_t neurons = 0;
    for (const Slice &slice : core.slices)
      neurons += slice.count;
    const uint64_t parts = std::min(neurons, (perCore[c] + bound - 1) / bound);
    if (parts <= 1) {
      cores.push_back(std::move(core));
      continue;
    }
    uint64_t done = 0, part = 0;
    for (Slice slice : core.slices)
      while (slice.count) {
        if (done == part * neurons / parts) {
          cores.push_back({0, 0, core.level, {}});
          ++part;
        }
        const uint32_t take = static_cast<uint32_t>(std::min<uint64_t>(slice.count, part * neurons / parts - done));
        cores.back().slices.push_back({slice.population, slice.first, take});
        slice.first += take;
        slice.count -= take;
        done += take;
      }
  }
  mapping.cores = std::move(cores);
}

/// The first core whose single neuron sends to more cores than the chip has output axons: nothing can be cut any more.
static Error tooManyDestinations(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                 const std::vector<uint64_t> &perCore) {
  for (size_t c = 0; c < perCore.size(); ++c) {
    const Slice &slice = mapping.cores[c].slices[0];
    if (perCore[c] > chip.core.axonsOut && mapping.cores[c].slices.size() == 1 && slice.count == 1)
      return neuronTooLarge(network, chip, LimitAxonsOut, slice.population, slice.first, perCore[c]);
  }
  return Error{};
}

/// Greedy rounds, then cuts.
static Result<Mapping> settle(const Network &network, const hw::Chip &chip, Filler &filler, bool aligned) {
  constexpr int greedyRounds = 8;
  const uint64_t bound = chip.core.axonsOut;
  std::vector<std::vector<uint32_t>> outAxons;
  for (const Population &population : network.populations)
    outAxons.emplace_back(population.input ? 0 : population.count, 0);
  std::vector<uint64_t> perCore;
  Mapping mapping;
  for (int round = 0; round < greedyRounds; ++round) {
    auto filled = filler.run(outAxons, aligned);
    if (!filled)
      return filled;
    mapping = *std::move(filled);
    if (!bound || countOutAxons(network, mapping, bound, outAxons, perCore))
      return mapping;
  }
  while (!countOutAxons(network, mapping, bound, outAxons, perCore)) {
    if (Error error = tooManyDestinations(network, chip, mapping, perCore); error.code)
      return error;
    cut(mapping, bound, perCore);
  }
  return mapping;
}

std::vector<Slice> detail::givenOrder(const Network &network, const std::vector<uint32_t> &level) {
  std::vector<Slice> order;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    if (!network.populations[p].input)
      order.push_back({p, 0, static_cast<uint32_t>(network.populations[p].count)});
  std::stable_sort(order.begin(), order.end(),
                   [&](const Slice &a, const Slice &b) { return level[a.population] < level[b.population]; });
  return order;
}

Result<Mapping> detail::fill(const Network &network, const hw::Chip &chip, const Incoming &into, const std::vector<uint32_t> &level,
                             const std::vector<Slice> &order, bool aligned) {
  Filler filler(network, chip, into, level, order);
  const uint64_t available = availableCores(chip);
  RANVIER_TRY(Mapping mapping, settle(network, chip, filler, aligned));
  if (aligned && mapping.cores.size() > available) {
    RANVIER_TRY(mapping, settle(network, chip, filler, false));
  }
  if (mapping.cores.size() > available) {
    return tooManyCores(network, chip, mapping, filler.closed, [&](const Network &changed) -> std::optional<uint64_t> {
      Filler again(changed, chip, into, level, order);
      const auto filled = settle(changed, chip, again, false);
      return filled ? std::optional<uint64_t>(filled->cores.size()) : std::nullopt;
    });
  }
  takeFirstPlaces(chip, mapping);
  return mapping;
}

Result<Mapping> mapping::partition(const Network &network, const hw::Chip &chip, const Options &options) {
  RANVIER_CHECK(checkNetwork(network));
  RANVIER_CHECK(checkAgainstChip(network, chip));
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  RANVIER_TRY(const SameChip sets, SameChip::of(network, chip, options.sameChip));
  const std::vector<uint32_t> classes = sets.classes(level);
  const Incoming into = incoming(network);
  const std::vector<Slice> order = givenOrder(network, classes);
  // Cores without a limit are all filled alike.
  RANVIER_TRY(Mapping mapping, fill(network, chip, into, classes, order, chip.core.neurons != 0));
  if (!sets.fit(network, chip, mapping)) { // Cores filled to the brim are fewer.
    RANVIER_TRY(mapping, fill(network, chip, into, classes, order, false));
    RANVIER_CHECK(sets.fit(network, chip, mapping));
  }
  RANVIER_CHECK(cutToMemories(network, chip, mapping));
  for (CoreAssignment &core : mapping.cores)
    core.level = level[core.slices[0].population];
  return mapping;
}
