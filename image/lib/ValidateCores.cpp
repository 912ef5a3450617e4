//===- ValidateCores.cpp - Clauses C and S of the image format ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables of the cores tile the global tables without gaps: a range check is then a comparison with a running sum, and no part of a
// file is without meaning.
//===----------------------------------------------------------------------===//
#include "Validator.h"
#include <algorithm>
#include <set>
#include <tuple>

namespace ranvier::image::detail {
namespace {
std::string number(uint64_t value) { return std::to_string(value); }

/// Running ends of the global tables.
struct Ends {
  uint64_t slices = 0, neurons = 0, inAxons = 0, rows = 0, synapses32 = 0, synapses64 = 0;
};

/// Whether [first, first + count) starts where the last range ended and stays within `size`; advances `end`.
bool tiles(uint64_t first, uint64_t count, uint64_t size, uint64_t &end) {
  if (first != end || count > size - end)
    return false;
  end += count;
  return true;
}

Result<void> checkPlaces(const Image &image) {
  std::set<std::pair<uint32_t, uint32_t>> used;
  for (size_t i = 0; i < image.cores.size(); ++i) {
    const CoreRecord &core = image.cores[i];
    const std::string place = at("cores", i), found = "chip " + number(core.chip) + ", core " + number(core.core);
    if (core.chip >= image.chip.maxChips || core.core >= image.chip.coresPerChip())
      return broken(3013, "C1", place, "no such place on the chip",
                    "chip below " + number(image.chip.maxChips) + ", core below " + number(image.chip.coresPerChip()), found);
    if (image.chip.faults.isDead(core.chip, core.core))
      return broken(3013, "C13", place, "neurons on a dead core", "a core that the chip description does not name dead", found);
    if (!used.insert({core.chip, core.core}).second)
      return broken(3013, "C2", place, "two cores have the same place", "each place once", found);
    const auto key = [](const CoreRecord &c) { return std::tuple(c.level, c.chip, c.core); };
    if (i && key(image.cores[i - 1]) >= key(core))
      return broken(3013, "C3", place, "cores are not in order", "sorted by (level, chip, core)",
                    "level " + number(core.level) + ", " + found + " after its better");
  }
  return {};
}

/// Clause C15: a synapse core stands beside the one it feeds, and nothing on it acts within the step or learns.
Result<void> checkFeeds(const Image &image, size_t index) {
  const CoreRecord &core = image.cores[index];
  if (core.feeds == 0)
    return {};
  const auto wrong = [&](const std::string &expected, const std::string &found) {
    return broken(3012, "C15", at("cores", index), "a synapse core feeds no core that it could", expected, found);
  };
  if (!image.chip.memories && !image.chip.crossbar)
    return wrong("a chip whose cores share the memory of a tile, or have macros", "'" + image.chip.name + "'");
  if (core.feeds > image.cores.size() || image.cores[core.feeds - 1].feeds != 0)
    return wrong("1 + the index of a core with neurons", number(core.feeds));
  const CoreRecord &fed = image.cores[core.feeds - 1];
  const auto tile = [&](const CoreRecord &one) { return one.core / std::max(1u, image.chip.coresPerTile); };
  if (core.chip != fed.chip || tile(core) != tile(fed) || core.level != fed.level)
    return wrong("one of its own tile and level", at("cores", core.feeds - 1));
  if (core.accumulatorCount != fed.accumulatorCount)
    return wrong(number(fed.accumulatorCount) + " accumulators", number(core.accumulatorCount));
  if (core.sameStepAxonCount)
    return wrong("no same-step in-axons", number(core.sameStepAxonCount));
  if (!image.meta.learning.empty())
    return wrong("a network in which nothing learns", number(image.meta.learning.size()) + " projections that learn");
  return {};
}

Result<void> checkCore(const Image &image, size_t index, Ends &ends) {
  const CoreRecord &core = image.cores[index];
  const std::string place = at("cores", index);
  const auto wrong = [&](const char *clause, std::string what, uint64_t first, uint64_t count, uint64_t end, uint64_t size) {
    return broken(3012, clause, place, "range of " + what + " is wrong",
                  "a start at " + number(end) + ", an end up to " + number(size), number(count) + " from " + number(first));
  };
  if (core.synapseKind > static_cast<uint32_t>(SynapseKind::Wide64))
    return broken(3012, "C4", place, "kind of synapses is wrong", "0 or 1", number(core.synapseKind));
  RANVIER_CHECK(checkFeeds(image, index));
  const bool packed = core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32);
  if (packed && core.synapseCount && image.meta.profile == isa::Profile::F32)
    return broken(3012, "C5", place, "packed synapses hold integers only", "wide64 in the f32 profile", "packed32");
  if (const unsigned bits = image.chip.storage.synapseBits; !packed && bits != 0 && bits <= 32)
    return broken(3012, "C14", place, "synapses are longer than the chip's", "packed32 (" + number(bits) + " bits)", "wide64");
  if ((core.sliceCount == 0) != (core.feeds != 0) || !tiles(core.firstSlice, core.sliceCount, image.slices.size(), ends.slices))
    return wrong("C6", "slices", core.firstSlice, core.sliceCount, ends.slices, image.slices.size());
  if (core.firstNeuron != ends.neurons)
    return wrong("C7", "neurons", core.firstNeuron, core.neuronCount, ends.neurons, image.outPtr.size());
  if (!tiles(core.firstInAxon, core.inAxonCount, image.inAxons.size(), ends.inAxons))
    return wrong("C8", "in_axons", core.firstInAxon, core.inAxonCount, ends.inAxons, image.inAxons.size());
  if (core.sameStepAxonCount > core.inAxonCount)
    return broken(3012, "C8", place, "more same-step in-axons than in-axons", "at most " + number(core.inAxonCount),
                  number(core.sameStepAxonCount));
  if (core.rowCount >= none || !tiles(core.firstRow, core.rowCount, image.rows.size(), ends.rows))
    return wrong("C9", "rows", core.firstRow, core.rowCount, ends.rows, image.rows.size());
  uint64_t &end = packed ? ends.synapses32 : ends.synapses64;
  const uint64_t size = packed ? image.synapses32.size() : image.synapses64.size();
  if (!tiles(core.firstSynapse, core.synapseCount, size, end))
    return wrong("C10", "synapses", core.firstSynapse, core.synapseCount, end, size);
  ends.neurons += core.neuronCount;
  return {};
}

Result<void> checkParams(const Image &image, const SliceRecord &slice, const isa::Program &program, const std::string &place) {
  const uint64_t slots = program.params.size(), size = image.params.size();
  if (slice.firstParam > size || slots > size - slice.firstParam)
    return broken(3016, "S6", place, "parameters outside params", number(slots) + " of " + number(size),
                  "from " + number(slice.firstParam));
  for (uint64_t i = 0; i < slots; ++i) {
    const ParamRecord &param = image.params[slice.firstParam + i];
    const uint64_t words = param.uniform ? 1 : slice.count, all = image.paramWords.size();
    if (param.uniform > 1 || param.reserved != 0 || param.offset > all || words > all - param.offset)
      return broken(3016, "S7", at("params", slice.firstParam + i), "words of a parameter are wrong",
                    "uniform 0 or 1, reserved 0, " + number(words) + " words of " + number(all),
                    number(param.uniform) + ", " + number(param.reserved) + ", from " + number(param.offset));
  }
  const uint64_t words = uint64_t(program.states.size()) * slice.count, all = image.stateWords.size();
  if (slice.firstState > all || words > all - slice.firstState)
    return broken(3016, "S8", place, "initial state outside state_words", number(words) + " words of " + number(all),
                  "from " + number(slice.firstState));
  return {};
}

Result<void> checkSlices(const Image &image, size_t index) {
  const CoreRecord &core = image.cores[index];
  const Meta &meta = image.meta;
  uint64_t neurons = 0, accumulators = 0;
  for (uint64_t s = core.firstSlice; s < uint64_t(core.firstSlice) + core.sliceCount; ++s) {
    const SliceRecord &slice = image.slices[s];
    const std::string place = at("slices", s);
    if (slice.population >= meta.populations.size() || meta.populations[slice.population].input)
      return broken(3014, "S1", place, "slice of no population with neurons", "a population that is not an input",
                    number(slice.population));
    const PopulationMeta &population = meta.populations[slice.population];
    if (slice.count == 0 || uint64_t(slice.first) + slice.count > population.count)
      return broken(3014, "S2", place, "slice outside its population", "neurons below " + number(population.count),
                    number(slice.count) + " from " + number(slice.first));
    if (slice.program != population.program)
      return broken(3014, "S3", place, "slice runs another program than its population", number(population.program),
                    number(slice.program));
    if (core.level != population.level)
      return broken(3014, "S4", place, "population on a core of another level", number(population.level), number(core.level));
    if (slice.neuronBase != neurons || slice.accumulatorBase != accumulators)
      return broken(3014, "S5", place, "slices of a core do not follow each other",
                    "neuron " + number(neurons) + ", accumulator " + number(accumulators),
                    number(slice.neuronBase) + ", " + number(slice.accumulatorBase));
    const isa::Program &program = meta.programs[slice.program];
    RANVIER_CHECK(checkParams(image, slice, program, place));
    neurons += slice.count;
    accumulators += uint64_t(program.inputs.size()) * slice.count;
  }
  if (core.neuronCount != neurons)
    return broken(3012, "C7", at("cores", index), "number of neurons is wrong", number(neurons) + ", the sum of its slices",
                  number(core.neuronCount));
  if (core.feeds) // as many as the core that it feeds, whose own are counted there
    return {};
  if (core.accumulatorCount != accumulators || accumulators > maxAccumulators)
    return broken(3012, "C11", at("cores", index), "number of accumulators is wrong",
                  number(accumulators) + ", the sum of its slices, and at most " + number(maxAccumulators),
                  number(core.accumulatorCount));
  return {};
}

/// Clause S9: every neuron in exactly one slice.
Result<void> checkCoverage(const Image &image) {
  std::vector<std::tuple<uint32_t, uint32_t, uint32_t>> parts; // population, first, count
  parts.reserve(image.slices.size());
  for (const SliceRecord &slice : image.slices)
    parts.emplace_back(slice.population, slice.first, slice.count);
  std::sort(parts.begin(), parts.end());
  size_t next = 0;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
    const PopulationMeta &population = image.meta.populations[p];
    if (population.input)
      continue;
    uint64_t covered = 0;
    for (; next < parts.size() && std::get<0>(parts[next]) == p && std::get<1>(parts[next]) == covered; ++next)
      covered += std::get<2>(parts[next]);
    const bool more = next < parts.size() && std::get<0>(parts[next]) == p;
    if (more || covered != population.count)
      return broken(3015, "S9", at("populations", p), "neurons are not on exactly one core",
                    "a slice from neuron " + number(covered),
                    more ? "one from " + number(std::get<1>(parts[next])) : "none (" + number(population.count) + " neurons)");
  }
  return {};
}
} // namespace

Result<void> checkCores(const Image &image, uint64_t &neurons) {
  RANVIER_CHECK(checkPlaces(image));
  Ends ends;
  for (size_t i = 0; i < image.cores.size(); ++i)
    RANVIER_CHECK(checkCore(image, i, ends));
  const struct {
    const char *table;
    uint64_t used, size;
  } totals[] = {{"slices", ends.slices, image.slices.size()},
                {"in_axons", ends.inAxons, image.inAxons.size()},
                {"rows", ends.rows, image.rows.size()},
                {"synapses32", ends.synapses32, image.synapses32.size()},
                {"synapses64", ends.synapses64, image.synapses64.size()}};
  for (const auto &total : totals)
    if (total.used != total.size)
      return broken(3012, "C12", total.table, "entries that belong to no core", number(total.used), number(total.size));
  for (size_t i = 0; i < image.cores.size(); ++i)
    RANVIER_CHECK(checkSlices(image, i));
  RANVIER_CHECK(checkCoverage(image));
  neurons = ends.neurons;
  return {};
}

} // namespace ranvier::image::detail
