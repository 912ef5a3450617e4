//===- Rows.cpp - Axons, rows and synapses of an image --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first pass counts what each core gets, the second fills the tables at their final places. Because every core sees its axons,
// rows and synapses in exactly the order in which it stores them, nothing is sorted but single rows, and no table exists twice.
//===----------------------------------------------------------------------===//
#include "ranvier/Image/Rows.h"
#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace ranvier::image {
namespace {

constexpr uint64_t never = ~uint64_t(0);

/// What the counting pass finds out about a core.
struct CoreCount {
  uint64_t axons = 0, sameStep = 0, rows = 0, synapses = 0;
  uint32_t longest = 0;
  bool narrow = true; ///< Every weight and delay fits the packed word.
};

class RowBuilder {
public:
  RowBuilder(ImageData &data, const RowsInput &input) : data(data), input(input), counts(data.cores.size()) {}
  void run() {
    locate();
    count();
    finishCores();
    fill();
  }

private:
  void locate();
  void count();
  void finishCores();
  void fill();
  /// Calls visit(rows, first, last, same-step pass) in the order of addition; begin(population, neuron) before each neuron.
  template <typename Begin, typename Visit> void walk(Begin &&begin, Visit &&visit);
  template <typename Word> static void sortRow(std::vector<Word> &table, uint64_t first, uint64_t last);

  ImageData &data;
  const RowsInput &input;
  std::vector<CoreCount> counts;
  std::vector<uint32_t> self;                       ///< [core] itself: the route where there is no other.
  std::vector<std::vector<uint32_t>> coreOf;        ///< [population][neuron]
  std::vector<std::vector<uint32_t>> accumulatorOf; ///< [population][neuron]: accumulator of receptor 0.
  std::vector<std::vector<uint32_t>> strideOf;      ///< [population][neuron]: neurons of its slice.
  std::vector<std::vector<uint64_t>> sourceRow;     ///< [population][neuron]: row of outPtr.
};

void RowBuilder::locate() {
  const size_t populations = data.meta.populations.size();
  self.resize(data.cores.size());
  std::iota(self.begin(), self.end(), 0u);
  for (auto *table : {&coreOf, &accumulatorOf, &strideOf})
    table->resize(populations);
  sourceRow.resize(populations);
  for (size_t p = 0; p < populations; ++p) {
    const PopulationMeta &population = data.meta.populations[p];
    sourceRow[p].resize(population.count);
    for (auto *table : {&coreOf, &accumulatorOf, &strideOf})
      (*table)[p].resize(population.input ? 0 : population.count);
  }
  uint64_t next = 0;
  for (uint32_t c = 0; c < data.cores.size(); ++c)
    for (uint32_t i = 0; i < data.cores[c].sliceCount; ++i) {
      const SliceRecord &slice = data.slices[data.cores[c].firstSlice + i];
      for (uint32_t n = 0; n < slice.count; ++n) {
        coreOf[slice.population][slice.first + n] = c;
        accumulatorOf[slice.population][slice.first + n] = slice.accumulatorBase + n;
        strideOf[slice.population][slice.first + n] = slice.count;
        sourceRow[slice.population][slice.first + n] = next++;
      }
    }
  for (size_t p = 0; p < populations; ++p)
    if (data.meta.populations[p].input) {
      data.meta.populations[p].firstOut = next;
      std::iota(sourceRow[p].begin(), sourceRow[p].end(), next);
      next += data.meta.populations[p].count;
    } else {
      data.meta.populations[p].firstOut = none; // Derived from the cores.
    }
  data.outPtr.assign(next + 1, 0);
}

template <typename Begin, typename Visit> void RowBuilder::walk(Begin &&begin, Visit &&visit) {
  const auto reaches = [](const SynapseRows &rows, bool sameStep) {
    return std::any_of(rows.delays.begin(), rows.delays.end(), [&](uint16_t delay) { return (delay == 0) == sameStep; });
  };
  for (const bool sameStep : {true, false})
    for (uint32_t p = 0; p < data.meta.populations.size(); ++p) {
      if (sameStep && (input.sameStep.empty() || !input.sameStep[p]))
        continue;
      input.outgoing(p, [&](std::span<const SynapseRows> projections) {
        std::vector<const SynapseRows *> used;
        for (const SynapseRows &rows : projections)
          if (reaches(rows, sameStep))
            used.push_back(&rows);
        for (uint64_t n = 0; !used.empty() && n < data.meta.populations[p].count; ++n) {
          begin(p, n);
          for (const SynapseRows *rows : used)
            if (rows->rowPtr[n] != rows->rowPtr[n + 1])
              visit(*rows, rows->rowPtr[n], rows->rowPtr[n + 1], sameStep);
        }
      });
    }
}

void RowBuilder::count() {
  // Stamps say whether the current neuron or row has reached a core before; passes, neurons and rows are numbered through.
  std::vector<uint64_t> axonStamp(counts.size(), never), rowStamp(counts.size(), never);
  const bool isInt = data.meta.profile == isa::Profile::Int;
  uint64_t axon = 0, row = 0, source = 0;
  const uint32_t *route = nullptr; // Of the source: by core of the target, the core that takes in its messages.
  const auto begin = [&](uint32_t p, uint64_t n) {
    ++axon;
    route = input.route ? input.route(p, n) : self.data();
    source = sourceRow[p][n];
  };
  walk(begin, [&](const SynapseRows &rows, uint64_t first, uint64_t last, bool sameStep) {
    const uint32_t *cores = coreOf[data.meta.projections[rows.projection].target].data();
    const uint32_t formed = input.formed.empty() ? 0 : input.formed[rows.projection];
    const bool mixed = rows.delays.size() != 1;
    ++row;
    for (uint64_t s = first; s < last; ++s) {
      const uint32_t delay = rows.delay(s);
      if (mixed && (delay == 0) != sameStep)
        continue;
      const uint32_t c = route[cores[rows.targets[s]]];
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
      core.longest = std::max({core.longest, delay, formed});
      const int32_t weight = rows.weights[s];
      core.narrow &= isInt && weight >= -512 && weight <= 511 && delay <= 63;
    }
  });
}

void RowBuilder::finishCores() {
  uint64_t axons = 0, rows = 0, synapses32 = 0, synapses64 = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    const CoreCount &count = counts[c];
    CoreRecord &core = data.cores[c];
    constexpr uint64_t most = std::numeric_limits<uint32_t>::max() - 1;
    RANVIER_ASSERT(std::max(count.axons, count.rows) <= most, "an image numbers the rows of a core in 32 bits");
    core.synapseKind = static_cast<uint32_t>(count.narrow ? SynapseKind::Packed32 : SynapseKind::Wide64);
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

template <typename Word> void RowBuilder::sortRow(std::vector<Word> &table, uint64_t first, uint64_t last) {
  const auto less = [](Word a, Word b) {
    const Synapse x = unpackSynapse(a), y = unpackSynapse(b);
    return x.delay != y.delay ? x.delay < y.delay : x.accumulator < y.accumulator;
  };
  // Stable: synapses of one pair and delay keep their order, which is their order of addition.
  const auto begin = table.begin() + static_cast<ptrdiff_t>(first), end = table.begin() + static_cast<ptrdiff_t>(last);
  if (!std::is_sorted(begin, end, less))
    std::stable_sort(begin, end, less);
}

void RowBuilder::fill() {
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
    route = input.route ? input.route(p, n) : self.data();
    population = p;
    neuron = static_cast<uint32_t>(n);
  };
  const auto openRow = [&](uint32_t c, uint32_t index) {
    Cursor &cursor = cursors[c];
    const CoreRecord &core = data.cores[c];
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
  walk(begin, [&](const SynapseRows &rows, uint64_t first, uint64_t last, bool sameStep) {
    const ProjectionMeta &projection = data.meta.projections[rows.projection];
    const uint32_t *cores = coreOf[projection.target].data(), *accumulators = accumulatorOf[projection.target].data();
    const uint32_t *strides = strideOf[projection.target].data();
    const bool mixed = rows.delays.size() != 1;
    ++row;
    touched.clear();
    for (uint64_t s = first; s < last; ++s) {
      const uint32_t delay = rows.delay(s);
      if (mixed && (delay == 0) != sameStep)
        continue;
      const uint32_t target = rows.targets[s], c = route[cores[target]];
      Cursor &cursor = cursors[c];
      if (cursor.rowStamp != row)
        openRow(c, rows.projection);
      const uint32_t accumulator = accumulators[target] + projection.receptor * strides[target];
      const uint64_t at = data.cores[c].firstSynapse + cursor.synapse++;
      if (counts[c].narrow)
        data.synapses32[at] = packSynapse32(accumulator, delay, rows.weights[s]);
      else
        data.synapses64[at] = packSynapse64(accumulator, delay, static_cast<uint32_t>(rows.weights[s]));
    }
    for (uint32_t c : touched) {
      const CoreRecord &core = data.cores[c];
      RowRecord &record = data.rows[core.firstRow + cursors[c].row - 1];
      record.count = static_cast<uint32_t>(cursors[c].synapse - record.firstSynapse);
      const uint64_t from = core.firstSynapse + record.firstSynapse, to = core.firstSynapse + cursors[c].synapse;
      counts[c].narrow ? sortRow(data.synapses32, from, to) : sortRow(data.synapses64, from, to);
    }
  });
  // Messages in the order of destination, whatever order the rows were cut in.
  for (size_t source = 0; source + 1 < data.outPtr.size(); ++source)
    std::sort(data.outAxons.begin() + static_cast<ptrdiff_t>(data.outPtr[source]),
              data.outAxons.begin() + static_cast<ptrdiff_t>(data.outPtr[source + 1]),
              [](const OutAxonRecord &a, const OutAxonRecord &b) { return std::tie(a.core, a.axon) < std::tie(b.core, b.axon); });
}

} // namespace

void buildRows(ImageData &data, const RowsInput &input) { RowBuilder(data, input).run(); }

} // namespace ranvier::image
