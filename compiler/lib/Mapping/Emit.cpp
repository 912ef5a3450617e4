//===- Emit.cpp - Tables of the hardware image ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two passes over all synapses in the order of addition (same-step ones first; then source population, source neuron, projection,
// synapse): the first counts what each core gets, the second fills the tables at their final places. Because every core sees its
// axons, rows and synapses in exactly the order in which it stores them, nothing is sorted but single rows, and no table exists
// twice.
//===----------------------------------------------------------------------===//
#include "Shared.h"
#include "Split.h"
#include <algorithm>
#include <limits>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// What the counting pass finds out about a core.
struct CoreCount {
  uint64_t axons = 0, sameStep = 0, rows = 0, synapses = 0;
  uint32_t longest = 0;
  bool narrow = true; ///< Every weight and delay fits the packed word.
};

class Emitter {
public:
  Emitter(const Network &network, const hw::Chip &chip, const Mapping &mapping, std::vector<uint32_t> level)
      : network(network), chip(chip), mapping(mapping), level(std::move(level)), routes(network, chip, mapping) {}
  Result<image::ImageData> run(const std::string &provenance);

private:
  void makeMeta(const std::string &provenance);
  void makeCores();
  void makeParams(image::SliceRecord &slice, const Population &population);
  void locate();
  void finishCores();
  void count();
  void fill();
  /// Calls visit(projection index, synapse index range, same-step pass) in the order of addition; begin(source) before each neuron.
  template <typename Begin, typename Visit> void walk(Begin &&begin, Visit &&visit) const;
  template <typename Word> void sortRow(std::vector<Word> &table, uint64_t first, uint64_t last) const;

  const Network &network;
  const hw::Chip &chip;
  const Mapping &mapping;
  const std::vector<uint32_t> level;
  const SourceRoutes routes;
  image::ImageData data;
  std::vector<CoreCount> counts;
  std::vector<std::vector<uint32_t>> coreOf;
  std::vector<std::vector<uint32_t>> accumulatorOf; ///< [population][neuron]: accumulator of receptor 0.
  std::vector<std::vector<uint32_t>> strideOf;      ///< [population][neuron]: neurons of its slice.
  std::vector<std::vector<uint64_t>> sourceRow;     ///< [population][neuron]: row of outPtr.
};

} // namespace

void Emitter::makeMeta(const std::string &provenance) {
  image::Meta &meta = data.meta;
  meta.network = network.name;
  meta.dt = network.dt;
  meta.profile = network.profile;
  meta.seed = network.seed;
  meta.programs = network.programs;
  meta.semantics = network.semantics;
  meta.mapping = report(network, chip, mapping);
  meta.provenance = provenance;
  for (size_t p = 0; p < network.populations.size(); ++p) {
    const Population &from = network.populations[p];
    image::PopulationMeta to;
    to.name = from.name;
    to.shape = from.shape;
    to.count = from.count;
    to.input = from.input;
    to.output = from.output;
    to.level = level[p];
    to.depth = from.depth;
    to.program = from.input ? image::none : static_cast<uint32_t>(from.program);
    to.seed = from.seed;
    to.source = from.source;
    to.rates = from.rates;
    to.intervals = from.intervals;
    to.phases = from.phases;
    to.list = from.list;
    to.stateScale = from.stateScale;
    to.stateNames = from.stateNames;
    to.valueScale = from.valueScale;
    to.configParams = from.configParams;
    to.thresholdParams = from.thresholdParams;
    meta.populations.push_back(std::move(to));
  }
  const std::vector<RowFormat> formats = rowFormats(network, chip);
  for (size_t p = 0; p < network.projections.size(); ++p) {
    const Projection &from = network.projections[p];
    image::ProjectionMeta to;
    to.name = from.name;
    to.source = from.source;
    to.target = from.target;
    to.receptor = from.receptor;
    to.weightExponent = from.weightExponent;
    to.weightBits = from.weightBits;
    to.kernelWeights = from.kernelWeights;
    to.delayBits = formats[p].delayBits;
    to.indexBits = formats[p].indexBits;
    meta.projections.push_back(std::move(to));
    if (from.connector) {
      meta.connectors.push_back(*from.connector);
      meta.connectors.back().projection = static_cast<uint32_t>(p);
    }
  }
  meta.learning = network.learning;
  for (const Probe &from : network.probes)
    meta.probes.push_back({from.name, from.population, from.variables});
  data.chipText = hw::resolvedText(chip);
}

/// True if one word stands for all neurons [first, first + count).
static bool isUniform(const Words &words, uint32_t first, uint32_t count) {
  if (words.size() == 1)
    return true;
  const auto begin = words.begin() + first;
  return std::all_of(begin, begin + count, [&](int32_t word) { return word == *begin; });
}

void Emitter::makeParams(image::SliceRecord &slice, const Population &population) {
  slice.firstParam = data.params.size();
  for (const Words &words : population.params) {
    const bool uniform = isUniform(words, slice.first, slice.count);
    data.params.push_back({data.paramWords.size(), uniform ? 1u : 0u, 0});
    if (uniform)
      data.paramWords.push_back(wordOf(words, slice.first));
    else
      data.paramWords.insert(data.paramWords.end(), words.begin() + slice.first, words.begin() + slice.first + slice.count);
  }
  slice.firstState = data.stateWords.size();
  for (const Words &words : population.init)
    for (uint32_t n = 0; n < slice.count; ++n)
      data.stateWords.push_back(wordOf(words, slice.first + n));
}

void Emitter::makeCores() {
  uint64_t neurons = 0;
  for (const StandingCore &standing : routes.cores()) {
    const CoreAssignment &assignment = mapping.cores[standing.owner];
    image::CoreRecord core{};
    core.chip = standing.chip;
    core.core = standing.core;
    core.level = assignment.level;
    core.firstSlice = static_cast<uint32_t>(data.slices.size());
    core.firstNeuron = neurons;
    if (standing.share != nowhere) {
      core.feeds = 1 + routes.own()[standing.owner];
      for (const Slice &part : assignment.slices)
        core.accumulatorCount += part.count * inputCount(network, network.populations[part.population]);
      data.cores.push_back(core);
      continue;
    }
    core.sliceCount = static_cast<uint32_t>(assignment.slices.size());
    for (const Slice &part : assignment.slices) {
      const Population &population = network.populations[part.population];
      image::SliceRecord slice{};
      slice.population = part.population;
      slice.first = part.first;
      slice.count = part.count;
      slice.neuronBase = core.neuronCount;
      slice.accumulatorBase = core.accumulatorCount;
      slice.program = static_cast<uint32_t>(population.program);
      makeParams(slice, population);
      core.neuronCount += part.count;
      core.accumulatorCount += part.count * inputCount(network, population);
      data.slices.push_back(slice);
    }
    neurons += core.neuronCount;
    data.cores.push_back(core);
  }
  counts.resize(data.cores.size());
}

void Emitter::locate() {
  const size_t populations = network.populations.size();
  coreOf = coreOfNeuron(network, mapping);
  accumulatorOf.resize(populations);
  strideOf.resize(populations);
  sourceRow.resize(populations);
  for (size_t p = 0; p < populations; ++p) {
    sourceRow[p].resize(network.populations[p].count);
    accumulatorOf[p].resize(coreOf[p].size());
    strideOf[p].resize(coreOf[p].size());
  }
  uint64_t next = 0;
  for (const image::CoreRecord &core : data.cores)
    for (uint32_t i = 0; i < core.sliceCount; ++i) {
      const image::SliceRecord &slice = data.slices[core.firstSlice + i];
      for (uint32_t n = 0; n < slice.count; ++n) {
        accumulatorOf[slice.population][slice.first + n] = slice.accumulatorBase + n;
        strideOf[slice.population][slice.first + n] = slice.count;
        sourceRow[slice.population][slice.first + n] = next++;
      }
    }
  for (size_t p = 0; p < populations; ++p)
    if (network.populations[p].input) {
      data.meta.populations[p].firstOut = next;
      std::iota(sourceRow[p].begin(), sourceRow[p].end(), next);
      next += network.populations[p].count;
    } else {
      data.meta.populations[p].firstOut = image::none; // Derived from the cores.
    }
  data.outPtr.assign(next + 1, 0);
}

template <typename Begin, typename Visit> void Emitter::walk(Begin &&begin, Visit &&visit) const {
  const auto out = outgoing(network);
  for (const bool sameStep : {true, false}) {
    for (uint32_t p = 0; p < network.populations.size(); ++p) {
      std::vector<uint32_t> use;
      for (uint32_t index : out[p]) {
        const std::vector<uint16_t> &delays = network.projections[index].delays;
        if (std::any_of(delays.begin(), delays.end(), [&](uint16_t delay) { return (delay == 0) == sameStep; }))
          use.push_back(index);
      }
      if (use.empty())
        continue;
      for (uint64_t n = 0; n < network.populations[p].count; ++n) {
        begin(p, n);
        for (uint32_t index : use) {
          const Projection &projection = network.projections[index];
          if (projection.rowPtr[n] != projection.rowPtr[n + 1])
            visit(index, projection.rowPtr[n], projection.rowPtr[n + 1], sameStep);
        }
      }
    }
  }
}

void Emitter::count() {
  constexpr uint64_t never = ~uint64_t(0);
  // Stamps say whether the current neuron or row has reached a core before; passes, neurons and rows are numbered through.
  std::vector<uint64_t> axonStamp(counts.size(), never), rowStamp(counts.size(), never);
  std::vector<uint32_t> formed(network.projections.size(), 0); // Delay of synapses to come.
  for (const Learning &learning : network.learning)
    for (const image::RewiringMeta &rewiring : learning.rewiring)
      formed[learning.projection] = rewiring.delay;
  uint64_t axon = 0, row = 0, source = 0;
  const uint32_t *route = nullptr; // Of the source: by core of the mapping, the core that takes in its messages.
  const auto begin = [&](uint32_t p, uint64_t n) {
    ++axon;
    route = routes.of(p, n).data();
    source = sourceRow[p][n];
  };
  walk(begin, [&](uint32_t index, uint64_t first, uint64_t last, bool sameStep) {
    const Projection &projection = network.projections[index];
    const uint32_t *cores = coreOf[projection.target].data();
    const bool mixed = projection.delays.size() != 1, isInt = network.profile == isa::Profile::Int;
    ++row;
    for (uint64_t s = first; s < last; ++s) {
      const uint32_t delay = projection.delay(s);
      if (mixed && (delay == 0) != sameStep)
        continue;
      const uint32_t c = route[cores[projection.targets[s]]];
      CoreCount &core = counts[c];
      ++core.synapses;
      if (rowStamp[c] != row) {
        rowStamp[c] = row;
        ++core.rows;
        if (axonStamp[c] != axon) {
          axonStamp[c] = axon;
          ++core.axons;
          core.sameStep += sameStep;
          ++data.outPtr[source + 1];
        }
      }
      core.longest = std::max({core.longest, delay, formed[index]});
      const int32_t weight = projection.weights[s];
      core.narrow &= isInt && weight >= -512 && weight <= 511 && delay <= 63;
    }
  });
}

void Emitter::finishCores() {
  uint64_t axons = 0, rows = 0, synapses32 = 0, synapses64 = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    const CoreCount &count = counts[c];
    image::CoreRecord &core = data.cores[c];
    constexpr uint64_t most = std::numeric_limits<uint32_t>::max() - 1;
    RANVIER_ASSERT(std::max(count.axons, count.rows) <= most, "an image numbers the rows of a core in 32 bits");
    core.synapseKind = static_cast<uint32_t>(count.narrow ? image::SynapseKind::Packed32 : image::SynapseKind::Wide64);
    core.delaySlots = count.longest + 1;
    core.inAxonCount = static_cast<uint32_t>(count.axons);
    core.sameStepAxonCount = static_cast<uint32_t>(count.sameStep);
    core.firstInAxon = axons;
    core.firstRow = rows;
    core.rowCount = count.rows;
    uint64_t &synapses = count.narrow ? synapses32 : synapses64;
    core.firstSynapse = synapses;
    core.synapseCount = count.synapses;
    axons += count.axons;
    rows += count.rows;
    synapses += count.synapses;
  }
  data.inAxons.resize(axons);
  data.rows.resize(rows);
  data.synapses32.resize(synapses32);
  data.synapses64.resize(synapses64);
  std::partial_sum(data.outPtr.begin(), data.outPtr.end(), data.outPtr.begin());
  data.outAxons.resize(data.outPtr.back());
}

template <typename Word> void Emitter::sortRow(std::vector<Word> &table, uint64_t first, uint64_t last) const {
  const auto less = [](Word a, Word b) {
    const image::Synapse x = image::unpackSynapse(a), y = image::unpackSynapse(b);
    return x.delay != y.delay ? x.delay < y.delay : x.accumulator < y.accumulator;
  };
  // Stable: synapses of one pair and delay keep their order, which is their order of addition.
  const auto begin = table.begin() + static_cast<ptrdiff_t>(first), end = table.begin() + static_cast<ptrdiff_t>(last);
  if (!std::is_sorted(begin, end, less))
    std::stable_sort(begin, end, less);
}

void Emitter::fill() {
  constexpr uint64_t never = ~uint64_t(0);
  struct Cursor {
    uint64_t axon = 0, row = 0, synapse = 0; // Relative to the core.
    uint64_t axonStamp = never, rowStamp = never;
  };
  std::vector<Cursor> cursors(counts.size());
  std::vector<uint64_t> outCursor(data.outPtr.begin(), data.outPtr.end() - 1);
  std::vector<uint32_t> touched;
  uint64_t axon = 0, row = 0;
  uint32_t population = 0, neuron = 0;
  const uint32_t *route = nullptr;
  const auto begin = [&](uint32_t p, uint64_t n) {
    ++axon;
    route = routes.of(p, n).data();
    population = p;
    neuron = static_cast<uint32_t>(n);
  };
  const auto openRow = [&](uint32_t c, uint32_t index) {
    Cursor &cursor = cursors[c];
    const image::CoreRecord &core = data.cores[c];
    cursor.rowStamp = row;
    touched.push_back(c);
    if (cursor.axonStamp != axon) {
      cursor.axonStamp = axon;
      data.inAxons[core.firstInAxon + cursor.axon] = {population, neuron, static_cast<uint32_t>(cursor.row), 0};
      data.outAxons[outCursor[sourceRow[population][neuron]]++] = {c, static_cast<uint32_t>(cursor.axon)};
      ++cursor.axon;
    }
    ++data.inAxons[core.firstInAxon + cursor.axon - 1].rowCount;
    data.rows[core.firstRow + cursor.row++] = {cursor.synapse, 0, index};
  };
  walk(begin, [&](uint32_t index, uint64_t first, uint64_t last, bool sameStep) {
    const Projection &projection = network.projections[index];
    const uint32_t *cores = coreOf[projection.target].data(), *accumulators = accumulatorOf[projection.target].data();
    const uint32_t *strides = strideOf[projection.target].data();
    const bool mixed = projection.delays.size() != 1;
    ++row;
    touched.clear();
    for (uint64_t s = first; s < last; ++s) {
      const uint32_t delay = projection.delay(s);
      if (mixed && (delay == 0) != sameStep)
        continue;
      const uint32_t target = projection.targets[s], c = route[cores[target]];
      Cursor &cursor = cursors[c];
      if (cursor.rowStamp != row)
        openRow(c, index);
      const uint32_t accumulator = accumulators[target] + projection.receptor * strides[target];
      const uint64_t at = data.cores[c].firstSynapse + cursor.synapse++;
      if (counts[c].narrow)
        data.synapses32[at] = image::packSynapse32(accumulator, delay, projection.weights[s]);
      else
        data.synapses64[at] = image::packSynapse64(accumulator, delay, static_cast<uint32_t>(projection.weights[s]));
    }
    for (uint32_t c : touched) {
      const image::CoreRecord &core = data.cores[c];
      image::RowRecord &record = data.rows[core.firstRow + cursors[c].row - 1];
      record.count = static_cast<uint32_t>(cursors[c].synapse - record.firstSynapse);
      const uint64_t from = core.firstSynapse + record.firstSynapse, to = core.firstSynapse + cursors[c].synapse;
      counts[c].narrow ? sortRow(data.synapses32, from, to) : sortRow(data.synapses64, from, to);
    }
  });
  // Messages in the order of destination, whatever order the rows were cut in.
  for (size_t source = 0; source + 1 < data.outPtr.size(); ++source)
    std::sort(data.outAxons.begin() + static_cast<ptrdiff_t>(data.outPtr[source]),
              data.outAxons.begin() + static_cast<ptrdiff_t>(data.outPtr[source + 1]),
              [](const image::OutAxonRecord &a, const image::OutAxonRecord &b) {
                return std::tie(a.core, a.axon) < std::tie(b.core, b.axon);
              });
}

Result<image::ImageData> Emitter::run(const std::string &provenance) {
  makeMeta(provenance);
  makeCores();
  locate();
  count();
  finishCores();
  fill();
  return std::move(data);
}

Result<image::ImageData> mapping::emitImage(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                            const std::string &provenance) {
  RANVIER_CHECK(checkMapping(network, chip, mapping));
  RANVIER_TRY(std::vector<uint32_t> level, levels(network));
  return Emitter(network, chip, mapping, std::move(level)).run(provenance);
}
