//===- Validate.cpp - Everything that makes an image safe to run ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The synapses are by far the largest table: they are passed once, with one load from a 256 KiB table and no branch each; the first
// wrong one is looked for only when a row has one.
//===----------------------------------------------------------------------===//
#include "Validator.h"
#include "ranvier/HwModels/Routes.h"
#include "ranvier/Image/WeightRange.h"
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace ranvier::image {
namespace detail {
namespace {
std::string number(uint64_t value) { return std::to_string(value); }
std::string sourceText(const Image &image, uint32_t population, uint32_t neuron) {
  return "'" + image.meta.populations[population].name.substr(0, 60) + "' neuron " + number(neuron);
}

constexpr uint32_t nobody = 0xFFFFFFFFu;
/// Number of (population, receptor): programs have at most 32 inputs, images at most 2^26 populations (M2).
constexpr uint32_t ownerOf(uint32_t population, uint32_t receptor) { return population * isa::maxSlots + receptor; }

/// Delay and accumulator as one sortable number.
constexpr uint32_t keyOf(uint32_t word) { return word & 0x3FFFFFu; }
constexpr uint32_t keyOf(uint64_t word) { return static_cast<uint32_t>(word); }

inline int32_t weightOf(uint32_t word) { return static_cast<int32_t>(unpackSynapse(word).weight); }
inline int32_t weightOf(uint64_t word) { return static_cast<int32_t>(unpackSynapse(word).weight); }

/// The synapses of one core.
class SynapseChecker {
public:
  SynapseChecker(const Image &image, uint64_t index, std::vector<WeightRange> &weights)
      : image(image), core(image.cores[index]), index(index), weights(weights) {
    owner.assign(maxAccumulators, nobody);
    const CoreRecord &target = targetCore(image, core);
    for (uint32_t s = 0; s < target.sliceCount; ++s) {
      const SliceRecord &slice = image.slices[target.firstSlice + s];
      const size_t inputs = image.meta.programs[slice.program].inputs.size();
      neuronsOf[slice.population] += slice.count;
      for (uint32_t r = 0; r < inputs; ++r)
        std::fill_n(owner.begin() + slice.accumulatorBase + size_t(r) * slice.count, slice.count, ownerOf(slice.population, r));
    }
  }
  Result<void> run();

private:
  Result<void> checkAxon(uint32_t axon);
  Result<void> checkRow(uint64_t row, bool sameStep);
  template <typename Word> Result<void> checkWords(std::span<const Word> words, uint64_t row, bool sameStep);
  template <typename Word> Result<void> checkIndexBits(std::span<const Word> words, uint64_t row);
  template <typename Word>
  Result<void> checkEvery(std::span<const Word> words, uint64_t row, const char *clause, const char *message);
  template <typename Word> Error locate(std::span<const Word> words, uint64_t row, uint32_t expected) const;
  Result<void> checkRewired() const;
  Result<void> checkUse();

  const Image &image;
  const CoreRecord &core;
  const uint64_t index;
  std::vector<WeightRange> &weights; ///< By projection, over all cores so far.
  std::vector<uint32_t> owner;
  std::map<uint32_t, uint64_t> neuronsOf; ///< On this core, by population.
  std::vector<uint64_t> reachedBy;        ///< [accumulator]: the last row without index bits that reaches it, from 1.
  bool isProcedural(uint32_t projection) const {
    const auto &connectors = image.meta.connectors; // Sorted by projection: clause M13.
    const auto at = std::lower_bound(connectors.begin(), connectors.end(), projection,
                                     [](const ConnectorMeta &connector, uint32_t p) { return connector.projection < p; });
    return at != connectors.end() && at->projection == projection;
  }
  bool learns(uint32_t projection) const {
    return std::any_of(image.meta.learning.begin(), image.meta.learning.end(),
                       [&](const LearningMeta &learning) { return learning.projection == projection; });
  }
  const RewiringMeta *rewiringOf(uint32_t projection) const {
    for (const LearningMeta &learning : image.meta.learning)
      if (learning.projection == projection && !learning.rewiring.empty())
        return &learning.rewiring[0];
    return nullptr;
  }
  std::map<uint32_t, uint64_t> rewiredRows; ///< On this core, by projection that is rewired.
  std::set<uint32_t> kernels;               ///< Projections whose shared weights are counted.
  uint64_t rowEnd = 0, synapseEnd = 0, memory = 0;
  uint32_t longest = 0;
};

Result<void> SynapseChecker::checkAxon(uint32_t number_) {
  const InAxonRecord *axons = image.inAxons.data() + core.firstInAxon;
  const InAxonRecord &axon = axons[number_];
  const std::string place = at("in_axons", core.firstInAxon + number_);
  const auto &populations = image.meta.populations;
  if (axon.population >= populations.size() || axon.neuron >= populations[axon.population].count)
    return broken(3017, "A1", place, "source of an in-axon does not exist", "a neuron of a population",
                  "population " + number(axon.population) + ", neuron " + number(axon.neuron));
  const bool sameStep = number_ < core.sameStepAxonCount;
  if (number_ != 0 && number_ != core.sameStepAxonCount) {
    const InAxonRecord &before = axons[number_ - 1];
    if (std::tie(before.population, before.neuron) >= std::tie(axon.population, axon.neuron))
      return broken(3017, "A2", place, "in-axons are not in order", "sorted by (population, neuron), each once",
                    sourceText(image, axon.population, axon.neuron));
  }
  if (axon.rowCount == 0 || axon.firstRow != rowEnd || axon.rowCount > core.rowCount - rowEnd)
    return broken(3017, "A3", place, "rows of an in-axon are wrong",
                  "a start at " + number(rowEnd) + ", an end up to " + number(core.rowCount),
                  number(axon.rowCount) + " from " + number(axon.firstRow));
  if (sameStep && !populations[axon.population].input && populations[axon.population].level >= core.level)
    return broken(3024, "A4", place, "same-step message from a core that does not run earlier",
                  "a level below " + number(core.level), number(populations[axon.population].level));
  rowEnd += axon.rowCount;
  for (uint64_t row = axon.firstRow; row < rowEnd; ++row) {
    const RowRecord &record = image.rows[core.firstRow + row];
    const bool first = row == axon.firstRow;
    const std::string rowPlace = at("rows", core.firstRow + row);
    if (record.projection >= image.meta.projections.size() || image.meta.projections[record.projection].source != axon.population ||
        (!first && image.rows[core.firstRow + row - 1].projection >= record.projection) || isProcedural(record.projection))
      return broken(3018, "R1", rowPlace, "projection of a row is wrong",
                    "projections of population " + number(axon.population) + " without a connector, in ascending order, each once",
                    number(record.projection));
    if (sameStep && learns(record.projection))
      return broken(3018, "G5", rowPlace, "a synapse that learns has no delay", "delays of at least 1", "a same-step in-axon");
    if (record.count == 0 || record.firstSynapse != synapseEnd || record.count > core.synapseCount - synapseEnd)
      return broken(3018, "R2", rowPlace, "synapses of a row are wrong",
                    "a start at " + number(synapseEnd) + ", an end up to " + number(core.synapseCount),
                    number(record.count) + " from " + number(record.firstSynapse));
    RANVIER_CHECK(checkRow(core.firstRow + row, sameStep));
    synapseEnd += record.count;
  }
  return {};
}

Result<void> SynapseChecker::checkRow(uint64_t row, bool sameStep) {
  const RowRecord &record = image.rows[row];
  const uint64_t first = core.firstSynapse + record.firstSynapse;
  if (core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32))
    return checkWords(image.synapses32.subspan(first, record.count), row, sameStep);
  return checkWords(image.synapses64.subspan(first, record.count), row, sameStep);
}

template <typename Word> Result<void> SynapseChecker::checkWords(std::span<const Word> words, uint64_t row, bool sameStep) {
  const ProjectionMeta &projection = image.meta.projections[image.rows[row].projection];
  const uint32_t expected = ownerOf(projection.target, projection.receptor);
  const uint32_t *owners = owner.data();
  uint32_t wrong = 0, before = 0;
  WeightRange range;
  for (const Word word : words) {
    const uint32_t key = keyOf(word);
    wrong |= (owners[key & 0xFFFFu] ^ expected) | static_cast<uint32_t>(key < before);
    before = key;
    range.add(weightOf(word));
  }
  if (wrong)
    return locate(words, row, expected);
  const uint32_t least = keyOf(words.front()) >> 16, most = keyOf(words.back()) >> 16;
  const hw::Chip &chip = image.chip;
  const std::string place = at("rows", row);
  if (sameStep ? most != 0 : least == 0)
    return broken(3020, "Y3", place, "delay does not fit the kind of in-axon",
                  sameStep ? "0, as it is a same-step one" : "at least 1", number(sameStep ? most : least));
  if (least < chip.minDelay || most > chip.maxDelay)
    return broken(3020, "Y4", place, "delay outside the chip's range",
                  number(chip.minDelay) + ".." + number(chip.maxDelay) + " steps", number(least < chip.minDelay ? least : most));
  if (chip.storage.wordBits != 0) {
    RANVIER_CHECK(checkIndexBits(words, row));
    if ((most - chip.minDelay) >> projection.delayBits)
      return broken(3020, "Y7", place, "a delay does not fit the bits of its projection",
                    number(projection.delayBits) + " bits for the delay less " + number(chip.minDelay), number(most));
  }
  weights[image.rows[row].projection].add(range);
  longest = std::max(longest, most);
  if (const RewiringMeta *rewiring = rewiringOf(image.rows[row].projection)) {
    RANVIER_CHECK(checkEvery(words, row, "G7", "a row of a projection that is rewired does not reach every neuron once"));
    ++rewiredRows[image.rows[row].projection];
    longest = std::max(longest, rewiring->delay);
  }
  const bool shared = chip.weights.sharedKernels && projection.kernelWeights;
  memory += chip.storage.bits(words.size(), shared ? 0 : projection.weightBits, projection.delayBits, projection.indexBits);
  if (shared && kernels.insert(image.rows[row].projection).second)
    memory += chip.storage.kernelBits(projection.kernelWeights, projection.weightBits);
  return {};
}

/// Clause R3: what a row's memory is counted as suffices to name its targets.
template <typename Word> Result<void> SynapseChecker::checkIndexBits(std::span<const Word> words, uint64_t row) {
  const ProjectionMeta &projection = image.meta.projections[image.rows[row].projection];
  if (projection.indexBits != 0) {
    if (projection.indexBits < 32 && targetCore(image, core).neuronCount > uint64_t(1) << projection.indexBits)
      return broken(3018, "R3", at("rows", row), "more neurons on the core than index bits name",
                    "at most " + number(uint64_t(1) << projection.indexBits), number(targetCore(image, core).neuronCount));
    return {};
  }
  return checkEvery(words, row, "R3", "a row without index bits does not reach every neuron once");
}

/// That a row reaches each neuron of its target on the core once.
template <typename Word>
Result<void> SynapseChecker::checkEvery(std::span<const Word> words, uint64_t row, const char *clause, const char *message) {
  const ProjectionMeta &projection = image.meta.projections[image.rows[row].projection];
  uint64_t reached = 0;
  reachedBy.resize(maxAccumulators);
  for (const Word word : words)
    reached += std::exchange(reachedBy[keyOf(word) & 0xFFFFu], row + 1) != row + 1;
  const uint64_t neurons = neuronsOf[projection.target];
  if (reached != neurons || words.size() != neurons)
    return broken(3018, clause, at("rows", row), message,
                  number(neurons) + " synapses, one for each neuron of the target on the core",
                  number(words.size()) + " onto " + number(reached));
  return {};
}

template <typename Word> Error SynapseChecker::locate(std::span<const Word> words, uint64_t row, uint32_t expected) const {
  const char *table = sizeof(Word) == 4 ? "synapses32" : "synapses64";
  const uint64_t first = core.firstSynapse + image.rows[row].firstSynapse;
  for (size_t i = 0; i < words.size(); ++i) {
    const uint32_t key = keyOf(words[i]), accumulator = key & 0xFFFFu;
    const std::string place = at(table, first + i) + " of " + at("rows", row);
    if (owner[accumulator] != expected)
      return broken(3019, "Y1", place, "accumulator does not belong to the row's projection",
                    "one of receptor " + number(expected % isa::maxSlots) + " of population " + number(expected / isa::maxSlots),
                    number(accumulator));
    if (i && key < keyOf(words[i - 1]))
      return broken(3021, "Y2", place, "synapses of a row are not in order", "sorted by (delay, accumulator)",
                    "(" + number(key >> 16) + ", " + number(accumulator) + ")");
  }
  RANVIER_ASSERT(false, "no wrong synapse in the row that has one");
}

/// Clauses L2, L3 and L5.
Result<void> SynapseChecker::checkUse() {
  const hw::CoreLimits &limits = image.chip.core;
  RANVIER_CHECK(checkLimit(image, index, "L2", "synaptic memory [bits]", limits.synapticMemoryBits, memory));
  if (limits.axonsIn) { // A source with a same-step and a later in-axon counts once.
    const auto axons = image.inAxons.subspan(core.firstInAxon, core.inAxonCount);
    std::set<std::pair<uint32_t, uint32_t>> sameStep;
    for (const InAxonRecord &axon : axons.first(core.sameStepAxonCount))
      sameStep.insert({axon.population, axon.neuron});
    uint64_t sources = sameStep.size();
    for (const InAxonRecord &axon : axons.subspan(core.sameStepAxonCount))
      sources += !sameStep.count({axon.population, axon.neuron});
    RANVIER_CHECK(checkLimit(image, index, "L3", "input axons", limits.axonsIn, sources));
  }
  if (limits.fanIn) {
    std::vector<uint64_t> arriving(core.accumulatorCount, 0);
    const auto count = [&](auto words) {
      for (const auto word : words)
        ++arriving[word & 0xFFFFu];
    };
    if (core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32))
      count(image.synapses32.subspan(core.firstSynapse, core.synapseCount));
    else
      count(image.synapses64.subspan(core.firstSynapse, core.synapseCount));
    for (uint32_t s = 0; s < core.sliceCount; ++s) {
      const SliceRecord &slice = image.slices[core.firstSlice + s];
      for (uint32_t n = 0; n < slice.count; ++n) {
        uint64_t sum = 0;
        for (size_t r = 0; r < image.meta.programs[slice.program].inputs.size(); ++r)
          sum += arriving[slice.accumulatorBase + r * slice.count + n];
        RANVIER_CHECK(checkLimit(image, index, "L5", "synapses onto one neuron", limits.fanIn, sum));
      }
    }
  }
  return {};
}

/// Clause G7: every pair has its place.
Result<void> SynapseChecker::checkRewired() const {
  for (const LearningMeta &learning : image.meta.learning) {
    const ProjectionMeta &projection = image.meta.projections[learning.projection];
    if (learning.rewiring.empty() || !neuronsOf.count(projection.target))
      continue;
    const auto rows = rewiredRows.find(learning.projection);
    const uint64_t found = rows == rewiredRows.end() ? 0 : rows->second;
    if (const uint64_t sources = image.meta.populations[projection.source].count; found != sources)
      return broken(3018, "G7", at("cores", index), "a source of a projection that is rewired has no row",
                    number(sources) + " rows of '" + projection.name.substr(0, 60) + "'", number(found));
  }
  return {};
}

Result<void> SynapseChecker::run() {
  for (uint32_t axon = 0; axon < core.inAxonCount; ++axon)
    RANVIER_CHECK(checkAxon(axon));
  if (rowEnd != core.rowCount)
    return broken(3017, "A3", at("cores", index), "rows that belong to no in-axon", number(core.rowCount), number(rowEnd));
  if (synapseEnd != core.synapseCount)
    return broken(3018, "R2", at("cores", index), "synapses that belong to no row", number(core.synapseCount), number(synapseEnd));
  if (core.delaySlots != longest + 1)
    return broken(3020, "Y5", at("cores", index), "number of delay slots is wrong",
                  number(longest + 1) + ", the longest delay plus 1", number(core.delaySlots));
  RANVIER_CHECK(checkRewired());
  return checkUse();
}
} // namespace

Error broken(unsigned code, const char *clause, std::string place, std::string message, std::string expected, std::string found) {
  return Error{.code = code,
               .message = std::move(message),
               .place = std::move(place),
               .expected = std::move(expected),
               .found = std::move(found),
               .hint = std::string("docs/spec/image-format.md, clause ") + clause};
}

Result<void> checkLimit(const Image &image, uint64_t core, const char *clause, const char *what, uint64_t limit, uint64_t found) {
  if (limit == 0 || found <= limit)
    return {};
  Error error =
      broken(3023, clause, at("cores", core), std::string("more ") + what + " than a core of '" + image.chip.name + "' has",
             "at most " + number(limit), number(found));
  error.kind = ErrorKind::DoesNotFit;
  return error;
}

Result<void> checkSynapses(const Image &image) {
  std::vector<WeightRange> weights(image.meta.projections.size());
  for (uint64_t core = 0; core < image.cores.size(); ++core)
    RANVIER_CHECK(SynapseChecker(image, core, weights).run());
  for (size_t p = 0; p < weights.size() && image.meta.profile == isa::Profile::Int; ++p)
    if (const ProjectionMeta &projection = image.meta.projections[p]; !weights[p].fits(image.chip.weights, projection.weightBits))
      return broken(3025, "Y6", at("projections", p) + " '" + projection.name.substr(0, 60) + "'",
                    "weights do not fit the bits of their projection", number(projection.weightBits) + " bits", weights[p].str());
  return {};
}

Result<void> checkOutAxons(const Image &image, uint64_t neurons) {
  uint64_t rows = neurons;
  for (size_t p = 0; p < image.meta.populations.size(); ++p) {
    const PopulationMeta &population = image.meta.populations[p];
    if (!population.input)
      continue;
    if (population.firstOut != rows)
      return broken(3022, "M5", at("populations", p), "out-axons of an input are elsewhere", number(rows),
                    number(population.firstOut));
    rows += population.count; // below 2^32 each (M3), at most 2^26 of them (M2)
  }
  const auto &ptr = image.outPtr;
  if (ptr.size() != rows + 1 || ptr.front() != 0 || ptr.back() != image.outAxons.size())
    return broken(3022, "O1", "out_ptr", "size or ends of out_ptr are wrong",
                  number(rows + 1) + " entries from 0 to " + number(image.outAxons.size()),
                  number(ptr.size()) + " entries" +
                      (ptr.empty() ? "" : " from " + number(ptr.front()) + " to " + number(ptr.back())));
  for (uint64_t i = 1; i < ptr.size(); ++i)
    if (ptr[i] < ptr[i - 1])
      return broken(3022, "O1", at("out_ptr", i), "out_ptr falls", "at least " + number(ptr[i - 1]), number(ptr[i]));
  std::vector<bool> named(image.inAxons.size(), false);
  std::set<uint32_t> reached;
  const auto checkRow = [&](uint64_t row, uint32_t population, uint32_t neuron) -> Result<void> {
    for (uint64_t o = ptr[row]; o < ptr[row + 1]; ++o) {
      const OutAxonRecord &out = image.outAxons[o];
      if (out.core >= image.cores.size() || out.axon >= image.cores[out.core].inAxonCount)
        return broken(3022, "O2", at("out_axons", o), "no such in-axon",
                      "a core below " + number(image.cores.size()) + " and its in-axon",
                      "core " + number(out.core) + ", in-axon " + number(out.axon));
      const uint64_t target = image.cores[out.core].firstInAxon + out.axon;
      const InAxonRecord &axon = image.inAxons[target];
      if (axon.population != population || axon.neuron != neuron)
        return broken(3022, "O3", at("out_axons", o), "in-axon of another source", sourceText(image, population, neuron),
                      sourceText(image, axon.population, axon.neuron));
      if (named[target])
        return broken(3022, "O4", at("out_axons", o), "in-axon is named twice", "once", "twice");
      named[target] = true;
    }
    return {};
  };
  const hw::Plane plane(image.chip);
  const hw::Blockages blockages(image.chip);
  std::vector<size_t> askedBy(blockages.none() ? 0 : image.cores.size(), SIZE_MAX); // Neurons of one core share their ways.
  const auto checkWays = [&](size_t from, uint64_t row) -> Result<void> {
    for (uint64_t o = ptr[row]; o < ptr[row + 1]; ++o) {
      const uint32_t to = image.outAxons[o].core;
      if (askedBy[to] == from)
        continue;
      askedBy[to] = from;
      const CoreRecord &sender = image.cores[from], &receiver = image.cores[to];
      const std::string obstacle = blockages.on(plane.tileOf(sender.chip, sender.core), plane.tileOf(receiver.chip, receiver.core));
      if (!obstacle.empty())
        return broken(3022, "O5", at("out_axons", o), "the way of a message is closed",
                      "an open way from " + at("cores", from) + " to " + at("cores", to), obstacle);
    }
    return {};
  };
  uint64_t row = 0;
  for (size_t c = 0; c < image.cores.size(); ++c) {
    const CoreRecord &core = image.cores[c];
    uint64_t edges = 0;
    for (uint32_t s = 0; s < core.sliceCount; ++s) {
      const SliceRecord &slice = image.slices[core.firstSlice + s];
      for (uint32_t n = 0; n < slice.count; ++n, ++row) {
        RANVIER_CHECK(checkRow(row, slice.population, slice.first + n));
        if (!blockages.none())
          RANVIER_CHECK(checkWays(c, row));
        if (!image.chip.core.axonsOut)
          continue;
        reached.clear(); // A destination with a same-step and a later in-axon counts once.
        for (uint64_t o = ptr[row]; o < ptr[row + 1]; ++o)
          reached.insert(image.outAxons[o].core);
        edges += reached.size();
      }
    }
    RANVIER_CHECK(checkLimit(image, c, "L4", "output axons", image.chip.core.axonsOut, edges));
  }
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    if (const PopulationMeta &population = image.meta.populations[p]; population.input)
      for (uint32_t n = 0; n < population.count; ++n, ++row)
        RANVIER_CHECK(checkRow(row, p, n));
  if (const auto missing = std::find(named.begin(), named.end(), false); missing != named.end())
    return broken(3022, "O4", at("in_axons", static_cast<uint64_t>(missing - named.begin())), "in-axon that no out-axon names",
                  "one", "none");
  return {};
}

Result<void> checkCapacity(const Image &image) {
  const hw::CoreLimits &limits = image.chip.core;
  for (size_t c = 0; c < image.cores.size(); ++c) {
    const CoreRecord &core = image.cores[c];
    RANVIER_CHECK(checkLimit(image, c, "L1", "neurons", limits.neurons, core.neuronCount));
    std::set<std::vector<int32_t>> configs, thresholds;
    std::set<uint32_t> programs;
    std::vector<int32_t> tuple;
    for (uint32_t s = 0; s < core.sliceCount; ++s) {
      const SliceRecord &slice = image.slices[core.firstSlice + s];
      const PopulationMeta &population = image.meta.populations[slice.population];
      programs.insert(slice.program);
      const auto collect = [&](const std::vector<uint32_t> &slots, uint32_t limit, auto &into) {
        for (uint32_t n = 0; n < slice.count && limit && !slots.empty() && into.size() <= limit; ++n) {
          tuple.clear();
          for (const uint32_t slot : slots) {
            const ParamRecord &param = image.params[slice.firstParam + slot];
            tuple.push_back(image.paramWords[param.offset + (param.uniform ? 0 : n)]);
          }
          into.insert(tuple);
        }
      };
      collect(population.configParams, limits.neuronConfigs, configs);
      collect(population.thresholdParams, limits.thresholdConfigs, thresholds);
    }
    RANVIER_CHECK(checkLimit(image, c, "L6", "neuron configurations", limits.neuronConfigs, configs.size()));
    RANVIER_CHECK(checkLimit(image, c, "L7", "threshold configurations", limits.thresholdConfigs, thresholds.size()));
    uint64_t words = 0, tableWords = 0;
    for (const uint32_t program : programs) {
      words += image.meta.programs[program].code.size();
      tableWords += isa::tableWords(image.meta.programs[program]);
    }
    RANVIER_CHECK(checkLimit(image, c, "L8", "program words", limits.programWords, words));
    RANVIER_CHECK(checkLimit(image, c, "L9", "table words", limits.tableWords, tableWords));
  }
  return {};
}
} // namespace detail

Result<void> validate(const Image &image) {
  RANVIER_CHECK(detail::checkMeta(image));
  uint64_t neurons = 0;
  RANVIER_CHECK(detail::checkCores(image, neurons));
  RANVIER_CHECK(detail::checkSynapses(image));
  RANVIER_CHECK(detail::checkCrossbars(image));
  RANVIER_CHECK(detail::checkOutAxons(image, neurons));
  return detail::checkCapacity(image);
}

} // namespace ranvier::image
