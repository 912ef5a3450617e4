//===- Expand.cpp - Synapses of deferred cores ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every thread owns some cores and makes their synapses alone: it walks all connectors twice, first counting what each row gets,
// then writing each synapse at its place. So nothing is shared, nothing depends on the number of threads, and no list of synapses
// exists beside the final one but for the delays of one source population, by which its rows are sorted. Pairs are cheap to make
// and are made again by every thread; weights and delays are drawn for its own synapses only.
//===----------------------------------------------------------------------===//
#include "Expand.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <thread>
#include <unistd.h>

namespace ranvier::emu {
namespace {

constexpr uint32_t elsewhere = 0xFFFFFFFFu;
/// Rings up to this many bytes stay in a second-level cache beside the rows that stream through it.
constexpr uint64_t residentRing = 256 << 10;

/// What all threads read.
struct Plan {
  const image::Image &image;
  bool narrow = false;
  bool timed = false;
  std::vector<uint32_t> deferred;              ///< Engine cores, ascending.
  std::vector<uint32_t> owner;                 ///< [deferred] thread.
  std::vector<uint64_t> populationBase;        ///< [population] number of its neuron 0 among all sources.
  std::vector<std::vector<uint32_t>> outgoing; ///< [population] projections.
  std::vector<int32_t> connectorOf;            ///< [projection], -1: none.
  std::vector<image::Connector> connectors;
  std::vector<std::vector<uint32_t>> places; ///< [projection][target neuron] deferred core << 16 | accumulator; or elsewhere.
  std::vector<float> scale;                  ///< [population] of narrow weights.
};

/// A deferred core while it is filled.
struct Building {
  const image::CoreRecord *record = nullptr;
  SegmentStore *store = nullptr;
  MappedArray<uint32_t> cursor; ///< [sources] synapses, then the place of the next one within the population's rows.
  std::vector<uint32_t> source; ///< [axons], by number among all sources.
  uint32_t sameAxons = 0;
};

uint64_t sourcesOf(const Plan &plan) { return plan.populationBase.back(); }

//===--- What is deferred -------------------------------------------------===//

Error tooLarge(std::string message, std::string expected, std::string found) {
  return Error{.code = 7007,
               .message = std::move(message),
               .expected = std::move(expected),
               .found = std::move(found),
               .hint = "more cores of fewer neurons each, by --mapping, or fewer, larger ones",
               .kind = ErrorKind::Unsupported};
}

/// Of the cores that this rank holds. `all`: each, whatever its size.
Result<void> choose(Plan &plan, const Engine &engine, bool all) {
  constexpr size_t most = 0xFFFF; // Plan::places numbers them in 16 bits.
  const image::Image &image = plan.image;
  if (image.meta.profile != isa::Profile::F32)
    return {};
  std::vector<uint8_t> reached(image.meta.populations.size(), 0);
  for (const auto &connector : image.meta.connectors)
    reached[image.meta.projections[connector.projection].target] = 1;
  std::vector<uint8_t> learns(image.meta.populations.size(), 0);
  for (const auto &learning : image.meta.learning)
    learns[image.meta.projections[learning.projection].target] = 1;
  const auto holdsAny = [&](const image::CoreRecord &core, const std::vector<uint8_t> &which) {
    return std::any_of(image.slices.begin() + core.firstSlice, image.slices.begin() + core.firstSlice + core.sliceCount,
                       [&](const image::SliceRecord &slice) { return which[slice.population] != 0; });
  };
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    if (!engine.holds(c))
      continue;
    const image::CoreRecord &core = image.cores[c];
    if (holdsAny(core, learns)) // a segment is added when it is due, with the weight of that time
      continue;
    const uint64_t ring = uint64_t(core.delaySlots) * core.accumulatorCount * 4;
    const bool needed = all || holdsAny(core, reached);
    if (plan.deferred.size() < most && (needed || ring > residentRing))
      plan.deferred.push_back(c);
    else if (needed && plan.deferred.size() == most)
      return tooLarge("more cores than the emulator can expand connectors for, or keep 16-bit weights of",
                      "at most " + std::to_string(most), "more");
  }
  return {};
}

void locate(Plan &plan) {
  const image::Meta &meta = plan.image.meta;
  plan.populationBase.push_back(0);
  for (const auto &population : meta.populations)
    plan.populationBase.push_back(plan.populationBase.back() + population.count);
  plan.outgoing.resize(meta.populations.size());
  for (uint32_t p = 0; p < meta.projections.size(); ++p)
    plan.outgoing[meta.projections[p].source].push_back(p);
  plan.connectorOf.assign(meta.projections.size(), -1);
  plan.places.resize(meta.projections.size());
  for (const auto &from : meta.connectors) {
    plan.connectorOf[from.projection] = static_cast<int32_t>(plan.connectors.size());
    plan.connectors.push_back(connectorOf(meta, from));
    plan.places[from.projection].assign(meta.populations[meta.projections[from.projection].target].count, elsewhere);
  }
  for (uint32_t d = 0; d < plan.deferred.size(); ++d) {
    const image::CoreRecord &core = plan.image.cores[plan.deferred[d]];
    for (uint32_t s = 0; s < core.sliceCount; ++s) {
      const image::SliceRecord &slice = plan.image.slices[core.firstSlice + s];
      for (const auto &from : meta.connectors) {
        const auto &projection = meta.projections[from.projection];
        if (projection.target == slice.population)
          for (uint32_t n = 0; n < slice.count; ++n)
            plan.places[from.projection][slice.first + n] =
                d << 16 | (slice.accumulatorBase + projection.receptor * slice.count + n);
      }
    }
  }
}

/// One unit of narrow weights for each source population: its largest weight, whatever core that is on, over 32,767.
void measureScales(Plan &plan) {
  const image::Meta &meta = plan.image.meta;
  std::vector<double> largest(meta.populations.size(), 0);
  const auto note = [&](uint32_t projection, double weight) {
    double &most = largest[meta.projections[projection].source];
    most = std::max(most, std::fabs(weight));
  };
  for (const auto &connector : meta.connectors) {
    note(connector.projection, connector.weight.least());
    note(connector.projection, connector.weight.greatest());
  }
  for (const image::CoreRecord &core : plan.image.cores)
    for (uint64_t r = core.firstRow; r < core.firstRow + core.rowCount; ++r) {
      const image::RowRecord &row = plan.image.rows[r];
      for (uint64_t s = 0; s < row.count; ++s)
        note(row.projection,
             std::bit_cast<float>(image::unpackSynapse(plan.image.synapses64[core.firstSynapse + row.firstSynapse + s]).weight));
    }
  for (const double most : largest)
    plan.scale.push_back(most > 0 ? static_cast<float>(most / 32767) : 1.0f);
}

//===--- One thread's cores -----------------------------------------------===//

/// What 32 bits cannot number; becomes RNV7007.
struct TooManySynapses {};

inline void countOne(uint32_t &counter) {
  if (++counter == 0)
    throw TooManySynapses();
}

class Filler {
public:
  Filler(const Plan &plan, std::vector<Building> &cores, unsigned thread) : plan(plan), cores(cores), thread(thread) {}
  void count();
  void allocate();
  void fill();

private:
  struct Made { // A stretch of synapses before weights and delays are drawn.
    uint64_t number[256];
    uint32_t source[256], place[256];
    double weight[256], delay[256];
    uint32_t count = 0;
  };
  template <typename Visit> void walk(const image::Connector &connector, const image::ProjectionMeta &projection, Visit &&visit);
  template <typename Visit> void walkRows(const Building &core, bool sameStep, Visit &&visit) const;
  bool mine(uint32_t d) const { return plan.owner[d] == thread; }
  void put(Building &core, uint64_t at, uint32_t accumulator, float weight, float scale);
  void generate(uint32_t projection);
  void flush(Made &made, const image::ConnectorMeta &from, float scale, uint64_t sourceBase);
  void copyRows(Building &core, uint32_t d, uint32_t projection);
  void copySameStep(Building &core);
  void noteKind(Building &core, uint32_t d, uint32_t axon, uint32_t population, uint32_t projection);
  void sortRow(Building &core, uint32_t d, uint32_t axon);

  const Plan &plan;
  std::vector<Building> &cores;
  const unsigned thread;
  // Of the source population in hand, by deferred core.
  std::vector<MappedArray<uint16_t>> delays;
  std::vector<uint64_t> base;
  // Scratch of sortRow.
  std::vector<uint32_t> places, slots;
  std::vector<uint16_t> targets;
  std::vector<uint32_t> words;
};

/// All synapses of a connector, or those of this thread's targets where the rule goes by target.
template <typename Visit>
void Filler::walk(const image::Connector &connector, const image::ProjectionMeta &projection, Visit &&visit) {
  if (connector.rule != image::Rule::FixedInDegree)
    return forEachSynapse(connector, 0, connector.items(), visit);
  for (uint32_t d = 0; d < cores.size(); ++d)
    if (mine(d))
      for (uint32_t s = 0; s < cores[d].record->sliceCount; ++s) {
        const image::SliceRecord &slice = plan.image.slices[cores[d].record->firstSlice + s];
        if (slice.population == projection.target)
          forEachSynapse(connector, slice.first, uint64_t(slice.first) + slice.count, visit);
      }
}

/// visit(in-axon, row) for the rows of the image.
template <typename Visit> void Filler::walkRows(const Building &core, bool sameStep, Visit &&visit) const {
  const image::CoreRecord &record = *core.record;
  const uint32_t first = sameStep ? 0 : record.sameStepAxonCount, last = sameStep ? record.sameStepAxonCount : record.inAxonCount;
  for (uint32_t a = first; a < last; ++a) {
    const image::InAxonRecord &axon = plan.image.inAxons[record.firstInAxon + a];
    for (uint32_t r = 0; r < axon.rowCount; ++r)
      visit(axon, plan.image.rows[record.firstRow + axon.firstRow + r]);
  }
}

void Filler::count() {
  for (uint32_t d = 0; d < cores.size(); ++d)
    if (mine(d)) {
      cores[d].cursor = MappedArray<uint32_t>(sourcesOf(plan));
      walkRows(cores[d], false, [&](const image::InAxonRecord &axon, const image::RowRecord &row) {
        cores[d].cursor[plan.populationBase[axon.population] + axon.neuron] += row.count;
      });
    }
  for (size_t k = 0; k < plan.connectors.size(); ++k) {
    const uint32_t index = plan.image.meta.connectors[k].projection;
    const auto &projection = plan.image.meta.projections[index];
    const uint32_t *places = plan.places[index].data();
    const uint64_t from = plan.populationBase[projection.source];
    walk(plan.connectors[k], projection, [&](uint32_t source, uint32_t target, uint64_t) {
      const uint32_t d = places[target] >> 16;
      if (places[target] != elsewhere && mine(d))
        countOne(cores[d].cursor[from + source]);
    });
  }
}

/// Numbers the axons and gives every row its place.
void Filler::allocate() {
  for (uint32_t d = 0; d < cores.size(); ++d) {
    if (!mine(d))
      continue;
    Building &core = cores[d];
    SegmentStore &store = *core.store;
    const image::CoreRecord &record = *core.record;
    uint64_t synapses = 0;
    for (uint32_t a = 0; a < record.sameStepAxonCount; ++a) {
      const image::InAxonRecord &axon = plan.image.inAxons[record.firstInAxon + a];
      core.source.push_back(static_cast<uint32_t>(plan.populationBase[axon.population] + axon.neuron));
      store.firstSynapse.push_back(synapses);
      for (uint32_t r = 0; r < axon.rowCount; ++r)
        synapses += plan.image.rows[record.firstRow + axon.firstRow + r].count;
      if (plan.narrow)
        store.scale.push_back(plan.scale[axon.population]);
    }
    core.sameAxons = record.sameStepAxonCount;
    for (size_t p = 0; p + 1 < plan.populationBase.size(); ++p)
      for (uint64_t s = plan.populationBase[p]; s < plan.populationBase[p + 1]; ++s)
        if (core.cursor[s]) {
          core.source.push_back(static_cast<uint32_t>(s));
          store.firstSynapse.push_back(synapses);
          synapses += core.cursor[s];
          if (plan.narrow)
            store.scale.push_back(plan.scale[p]);
        }
    store.firstSynapse.push_back(synapses);
    store.axons = static_cast<uint32_t>(core.source.size());
    if (plan.timed)
      store.events.resize(store.axons);
  }
}

inline void Filler::put(Building &core, uint64_t at, uint32_t accumulator, float weight, float scale) {
  SegmentStore &store = *core.store;
  if (!plan.narrow) {
    store.targets[at] = static_cast<uint16_t>(accumulator);
    store.weights[at] = weight;
    return;
  }
  const double units = std::nearbyint(static_cast<double>(weight) / static_cast<double>(scale));
  const auto rounded = static_cast<int32_t>(std::clamp(units, -32767.0, 32767.0));
  store.narrow[at] = accumulator | static_cast<uint32_t>(rounded) << 16;
}

void Filler::flush(Made &made, const image::ConnectorMeta &from, float scale, uint64_t sourceBase) {
  const std::span<const uint64_t> numbers(made.number, made.count);
  from.weight.draw(numbers, {made.weight, made.count});
  from.delay.draw(numbers, {made.delay, made.count});
  // Every synapse goes to a row of its own: lines are asked for before any is written.
  for (uint32_t i = 0; i < made.count; ++i) {
    const uint32_t d = made.place[i] >> 16;
    const uint64_t at = cores[d].cursor[sourceBase + made.source[i]]++;
    made.number[i] = at;
    __builtin_prefetch(delays[d].data() + at, 1);
    if (plan.narrow) {
      __builtin_prefetch(cores[d].store->narrow.data() + base[d] + at, 1);
    } else {
      __builtin_prefetch(cores[d].store->targets.data() + base[d] + at, 1);
      __builtin_prefetch(cores[d].store->weights.data() + base[d] + at, 1);
    }
  }
  for (uint32_t i = 0; i < made.count; ++i) {
    const uint32_t d = made.place[i] >> 16;
    const uint64_t at = made.number[i];
    delays[d][at] = static_cast<uint16_t>(image::delaySteps(made.delay[i]));
    put(cores[d], base[d] + at, made.place[i] & 0xFFFFu, static_cast<float>(made.weight[i]), scale);
  }
  made.count = 0;
}

void Filler::generate(uint32_t index) {
  const auto k = static_cast<size_t>(plan.connectorOf[index]);
  const image::ConnectorMeta &from = plan.image.meta.connectors[k];
  const auto &projection = plan.image.meta.projections[index];
  const uint64_t sourceBase = plan.populationBase[projection.source];
  const uint32_t *places = plan.places[index].data();
  const float scale = plan.narrow ? plan.scale[projection.source] : 1.0f;
  auto made = std::make_unique<Made>();
  walk(plan.connectors[k], projection, [&](uint32_t source, uint32_t target, uint64_t number) {
    const uint32_t place = places[target];
    if (place == elsewhere || !mine(place >> 16))
      return;
    made->number[made->count] = number;
    made->source[made->count] = source;
    made->place[made->count] = place;
    const Building &core = cores[place >> 16];
    __builtin_prefetch(core.cursor.data() + sourceBase + source, 1);
    if (++made->count == std::size(made->number))
      flush(*made, from, scale, sourceBase);
  });
  flush(*made, from, scale, sourceBase);
}

void Filler::copyRows(Building &core, uint32_t d, uint32_t projection) {
  const uint32_t population = plan.image.meta.projections[projection].source;
  walkRows(core, false, [&](const image::InAxonRecord &axon, const image::RowRecord &row) {
    if (row.projection != projection)
      return;
    uint32_t &next = core.cursor[plan.populationBase[population] + axon.neuron];
    for (uint64_t s = 0; s < row.count; ++s) {
      const image::Synapse synapse = image::unpackSynapse(plan.image.synapses64[core.record->firstSynapse + row.firstSynapse + s]);
      delays[d][next] = static_cast<uint16_t>(synapse.delay);
      put(core, base[d] + next++, synapse.accumulator, std::bit_cast<float>(synapse.weight),
          plan.narrow ? plan.scale[population] : 1.0f);
    }
  });
}

void Filler::copySameStep(Building &core) {
  uint64_t at = 0;
  walkRows(core, true, [&](const image::InAxonRecord &axon, const image::RowRecord &row) {
    for (uint64_t s = 0; s < row.count; ++s) {
      const image::Synapse synapse = image::unpackSynapse(plan.image.synapses64[core.record->firstSynapse + row.firstSynapse + s]);
      put(core, at++, synapse.accumulator, std::bit_cast<float>(synapse.weight), plan.narrow ? plan.scale[axon.population] : 1.0f);
    }
    if (plan.timed) // same-step axons of the image are the first of the core, one for one
      core.store->events[static_cast<size_t>(&axon - &plan.image.inAxons[core.record->firstInAxon])]
                        [static_cast<unsigned>(synapseClass(plan.image.meta.projections[row.projection]))] += row.count;
  });
  core.store->firstSegment.assign(core.sameAxons, 0); // They have no delay to wait for.
}

/// Counts what a projection has added to the axons of its population, from `axon` on, as synapses of its kind.
void Filler::noteKind(Building &core, uint32_t d, uint32_t axon, uint32_t population, uint32_t projection) {
  const auto kind = static_cast<unsigned>(synapseClass(plan.image.meta.projections[projection]));
  SegmentStore &store = *core.store;
  for (; axon < store.axons && core.source[axon] < plan.populationBase[population + 1]; ++axon) {
    OutEvents &events = store.events[axon];
    const uint64_t all = base[d] + core.cursor[core.source[axon]] - store.firstSynapse[axon];
    events[kind] += static_cast<uint32_t>(all - std::accumulate(events.begin(), events.end(), uint64_t(0)));
  }
}

/// Sorts a row by delay, stably, and writes its segments.
void Filler::sortRow(Building &core, uint32_t d, uint32_t axon) {
  SegmentStore &store = *core.store;
  if (store.segments.size() > UINT32_MAX)
    throw TooManySynapses();
  store.firstSegment.push_back(static_cast<uint32_t>(store.segments.size()));
  const uint64_t first = store.firstSynapse[axon], count = store.firstSynapse[axon + 1] - first;
  const uint16_t *delay = delays[d].data() + (first - base[d]);
  const auto [least, greatest] = std::minmax_element(delay, delay + count);
  const uint32_t low = *least, range = *greatest - low + 1u;
  slots.assign(range + 1, 0);
  for (uint64_t i = 0; i < count; ++i)
    ++slots[delay[i] - low + 1];
  uint32_t before = 0;
  for (uint32_t k = 0; k < range; ++k) {
    uint32_t length = slots[k + 1], steps = low + k - before;
    if (!length)
      continue;
    for (; length > SegmentStore::most; length -= SegmentStore::most, steps = 0)
      store.segments.push_back(SegmentStore::word(steps, SegmentStore::most));
    store.segments.push_back(SegmentStore::word(steps, length));
    before = low + k;
  }
  if (range == 1)
    return;
  std::partial_sum(slots.begin(), slots.end(), slots.begin());
  places.resize(count);
  for (uint64_t i = 0; i < count; ++i)
    places[i] = slots[delay[i] - low]++;
  words.resize(count);
  const auto permute = [&](auto *values, auto &scratch) {
    for (uint64_t i = 0; i < count; ++i)
      scratch[places[i]] = values[i];
    std::copy_n(scratch.data(), count, values);
  };
  if (store.isNarrow())
    return permute(store.narrow.data() + first, words);
  targets.resize(count);
  permute(store.targets.data() + first, targets);
  permute(reinterpret_cast<uint32_t *>(store.weights.data() + first), words);
}

void Filler::fill() {
  delays.resize(cores.size());
  base.resize(cores.size());
  std::vector<uint32_t> axon(cores.size(), 0);
  for (uint32_t d = 0; d < cores.size(); ++d)
    if (mine(d)) {
      const uint64_t synapses = cores[d].store->firstSynapse.back();
      if (plan.narrow)
        cores[d].store->narrow = MappedArray<uint32_t>(synapses, true);
      else {
        cores[d].store->targets = MappedArray<uint16_t>(synapses, true);
        cores[d].store->weights = MappedArray<float>(synapses, true);
      }
      copySameStep(cores[d]);
      axon[d] = cores[d].sameAxons;
    }
  for (uint32_t p = 0; p + 1 < plan.populationBase.size(); ++p) {
    for (uint32_t d = 0; d < cores.size(); ++d) {
      if (!mine(d))
        continue;
      Building &core = cores[d];
      base[d] = core.store->firstSynapse[axon[d]];
      uint64_t next = 0;
      for (uint64_t s = plan.populationBase[p]; s < plan.populationBase[p + 1]; ++s) {
        const uint32_t length = core.cursor[s];
        core.cursor[s] = static_cast<uint32_t>(next);
        next += length;
        if (next > UINT32_MAX)
          throw TooManySynapses();
      }
      delays[d] = MappedArray<uint16_t>(next, true);
    }
    for (const uint32_t projection : plan.outgoing[p]) {
      if (plan.connectorOf[projection] >= 0)
        generate(projection);
      else
        for (uint32_t d = 0; d < cores.size(); ++d)
          if (mine(d))
            copyRows(cores[d], d, projection);
      for (uint32_t d = 0; plan.timed && d < cores.size(); ++d)
        if (mine(d))
          noteKind(cores[d], d, axon[d], p, projection);
    }
    for (uint32_t d = 0; d < cores.size(); ++d) {
      if (!mine(d))
        continue;
      for (; axon[d] < cores[d].store->axons && cores[d].source[axon[d]] < plan.populationBase[p + 1]; ++axon[d])
        sortRow(cores[d], d, axon[d]);
      delays[d] = {};
    }
  }
  for (uint32_t d = 0; d < cores.size(); ++d)
    if (mine(d)) {
      cores[d].store->firstSegment.push_back(static_cast<uint32_t>(cores[d].store->segments.size()));
      cores[d].cursor = {};
    }
}

//===--- Messages ---------------------------------------------------------===//

/// Messages of every neuron to the cores of this rank: those of the image, and those to the axons of deferred cores.
void connectMessages(Engine &engine, const Plan &plan, const std::vector<Building> &cores) {
  const image::Image &image = plan.image;
  std::vector<uint64_t> rowOf(sourcesOf(plan));
  for (size_t p = 0; p < image.meta.populations.size(); ++p)
    if (image.meta.populations[p].input)
      std::iota(rowOf.begin() + static_cast<ptrdiff_t>(plan.populationBase[p]),
                rowOf.begin() + static_cast<ptrdiff_t>(plan.populationBase[p + 1]), image.meta.populations[p].firstOut);
  for (const image::CoreRecord &core : image.cores)
    for (uint32_t s = 0; s < core.sliceCount; ++s) {
      const image::SliceRecord &slice = image.slices[core.firstSlice + s];
      const auto first = rowOf.begin() + static_cast<ptrdiff_t>(plan.populationBase[slice.population] + slice.first);
      std::iota(first, first + slice.count, core.firstNeuron + slice.neuronBase);
    }
  std::vector<uint8_t> taken(image.cores.size(), 0); // by cores that keep the image's own axons
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    taken[c] = engine.holds(c);
  for (const uint32_t c : plan.deferred)
    taken[c] = 0;
  engine.ownOutPtr.assign(image.outPtr.size(), 0);
  const size_t rows = image.outPtr.size() - 1;
  for (size_t r = 0; r < rows; ++r)
    for (uint64_t o = image.outPtr[r]; o < image.outPtr[r + 1]; ++o)
      engine.ownOutPtr[r + 1] += taken[image.outAxons[o].core];
  for (const Building &core : cores)
    for (const uint32_t source : core.source)
      ++engine.ownOutPtr[rowOf[source] + 1];
  std::partial_sum(engine.ownOutPtr.begin(), engine.ownOutPtr.end(), engine.ownOutPtr.begin());
  engine.ownOutAxons.resize(engine.ownOutPtr.back());
  std::vector<uint64_t> next(engine.ownOutPtr.begin(), engine.ownOutPtr.end() - 1);
  for (size_t r = 0; r < rows; ++r)
    for (uint64_t o = image.outPtr[r]; o < image.outPtr[r + 1]; ++o)
      if (taken[image.outAxons[o].core])
        engine.ownOutAxons[next[r]++] = image.outAxons[o];
  for (uint32_t d = 0; d < cores.size(); ++d)
    for (uint32_t a = 0; a < cores[d].source.size(); ++a)
      engine.ownOutAxons[next[rowOf[cores[d].source[a]]]++] = {plan.deferred[d], a};
  engine.outPtr = engine.ownOutPtr;
  engine.outAxons = engine.ownOutAxons;
}

uint64_t physicalMemory() {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(size) : UINT64_MAX;
}

Result<void> checkSize(const Engine &engine, const Plan &plan) {
  double synapses = 0, held = 0; // of the network; of what this machine's memory has to hold
  for (size_t k = 0; k < plan.connectors.size(); ++k) {
    const auto &places = plan.places[plan.image.meta.connectors[k].projection];
    const auto here = static_cast<double>(places.size() - static_cast<size_t>(std::count(places.begin(), places.end(), elsewhere)));
    const bool whole = !engine.ranks || engine.ranks->between().sharesMemory();
    synapses += plan.connectors[k].mostSynapses();
    held += plan.connectors[k].mostSynapses() * (whole || places.empty() ? 1.0 : here / static_cast<double>(places.size()));
  }
  const double bytes = held * (plan.narrow ? 4 : 6);
  const auto text = [](double value) { return std::to_string(static_cast<uint64_t>(value)); };
  if (engine.options.mostSynapses && synapses > static_cast<double>(engine.options.mostSynapses))
    return Error{.code = 7003,
                 .message = "the connectors of the image make more synapses than the caller allows",
                 .expected = "at most " + std::to_string(engine.options.mostSynapses),
                 .found = text(synapses),
                 .kind = ErrorKind::System};
  if (bytes > static_cast<double>(physicalMemory()))
    return Error{.code = 7003,
                 .message = "the synapses that the connectors of the image make exceed the memory of this machine",
                 .expected = "at most " + text(static_cast<double>(physicalMemory())) + " bytes",
                 .found = text(bytes) + " bytes for " + text(held) + " synapses",
                 .hint = plan.narrow ? "a larger machine, or more of them"
                                     : "--weights i16, a larger machine, or more of them (mpirun)",
                 .kind = ErrorKind::System};
  return {};
}

/// Sum over axons of the longest delay, over which a message is in flight; `longest` of them all.
uint64_t inFlight(const SegmentStore &store, uint32_t &longest) {
  uint64_t sum = 0;
  longest = 0;
  for (uint32_t a = 0; a < store.axons; ++a) {
    uint32_t delay = 0;
    for (uint32_t s = store.firstSegment[a]; s < store.firstSegment[a + 1]; ++s)
      delay += store.segments[s] & 0xFFFFu;
    longest = std::max(longest, delay);
    sum += delay;
  }
  return sum;
}

} // namespace

Result<void> expandSynapses(Engine &engine, unsigned threads) {
  const image::Image &image = *engine.image;
  Plan plan{.image = image, .narrow = engine.options.weights == WeightStorage::I16, .timed = engine.options.timing != Timing::Off};
  if (plan.narrow && image.meta.profile != isa::Profile::F32)
    return Error{.code = 7009,
                 .message = "weights of this image are integers already",
                 .place = "option --weights",
                 .expected = "an image of profile f32 for i16",
                 .found = "profile int",
                 .kind = ErrorKind::Usage};
  RANVIER_CHECK(choose(plan, engine, plan.narrow || engine.options.segments));
  if (plan.deferred.empty() && !engine.ranks)
    return {};
  locate(plan);
  RANVIER_CHECK(checkSize(engine, plan));
  if (plan.narrow)
    measureScales(plan);
  std::vector<Building> cores(plan.deferred.size());
  const unsigned count = std::max(1u, std::min<unsigned>(threads, static_cast<unsigned>(cores.size())));
  for (uint32_t d = 0; d < cores.size(); ++d) {
    CoreState &core = engine.cores[plan.deferred[d]];
    core.segments = std::make_unique<SegmentStore>();
    cores[d].record = core.record;
    cores[d].store = core.segments.get();
    plan.owner.push_back(d % count);
  }
  std::vector<uint8_t> failed(count, 0);
  const auto work = [&](unsigned t) {
    try {
      Filler filler(plan, cores, t);
      filler.count();
      filler.allocate();
      filler.fill();
    } catch (const std::bad_alloc &) {
      failed[t] = 1;
    } catch (const TooManySynapses &) {
      failed[t] = 2;
    }
  };
  std::vector<std::jthread> others; // Joined, too, where the system refuses a further one.
  for (unsigned t = 1; t < count; ++t)
    others.emplace_back(work, t);
  work(0);
  for (std::jthread &other : others)
    other.join();
  if (std::find(failed.begin(), failed.end(), 2) != failed.end())
    return tooLarge("a population has more synapses onto one core than the emulator can number",
                    "at most 4294967295, and as many segments of a core", "more");
  if (std::find(failed.begin(), failed.end(), 1) != failed.end())
    throw std::bad_alloc();
  connectMessages(engine, plan, cores);
  for (uint32_t d = 0; d < cores.size(); ++d) {
    CoreState &core = engine.cores[plan.deferred[d]];
    shareWeights(*core.segments);
    core.axons = core.segments->axons;
    core.sameAxons = cores[d].sameAxons;
    core.pending.entries = MappedArray<Pending>(inFlight(*core.segments, core.horizon));
    ++core.horizon;
  }
  return {};
}

} // namespace ranvier::emu
