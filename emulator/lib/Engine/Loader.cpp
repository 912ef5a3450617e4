//===- Loader.cpp - From image to run-time structures ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything a step needs is allocated here, sized by what the image says; a step allocates nothing (but for
// spikes to other ranks: RankLinks.h).
//===----------------------------------------------------------------------===//
#include "Expand.h"
#include "State.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <sched.h>
#include <thread>

namespace ranvier::emu {
namespace {

/// Processors this process may use.
unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    if (const int count = CPU_COUNT(&set); count > 0)
      return static_cast<unsigned>(count);
  return std::max(1u, std::thread::hardware_concurrency());
}

/// Expected work of a core in a step: each neuron once, and 1 synapse in 32 (a few per cent of the sources fire in a typical step).
uint64_t workOf(const CoreState &core) {
  const uint64_t synapses = core.segments ? core.segments->firstSynapse.back() : core.record->synapseCount;
  return core.record->neuronCount + synapses / 32;
}

unsigned chooseThreads(const Engine &engine) {
  const MachineOptions &options = engine.options;
  unsigned wanted = options.threads ? options.threads : processors();
  if (options.workPerThread == 0)
    return wanted;
  std::vector<unsigned> busyCores(engine.levels, 0);
  uint64_t work = 0;
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    const CoreState &core = engine.cores[c];
    if (!engine.holds(c))
      continue;
    work += workOf(core);
    busyCores[core.record->level] += workOf(core) > 0;
  }
  const unsigned widest = *std::max_element(busyCores.begin(), busyCores.end());
  const uint64_t worthwhile = std::max<uint64_t>(1, work / options.workPerThread);
  return std::max(1u, std::min({wanted, processors(), widest, static_cast<unsigned>(std::min<uint64_t>(worthwhile, 1u << 16))}));
}

void copyPadded(int32_t *out, std::span<const int32_t> words, uint32_t padded) {
  std::copy(words.begin(), words.end(), out);
  if (!words.empty())
    std::fill(out + words.size(), out + padded, words.back());
}

void loadSlice(Engine &engine, const CoreState &core, const image::SliceRecord &record, SliceState &slice) {
  const image::Image &image = *engine.image;
  slice.record = &record;
  slice.program = &image.meta.programs[record.program];
  slice.seed = image.meta.populations[record.population].seed;
  slice.firstNeuron = core.record->firstNeuron + record.neuronBase;
  if (engine.ranks)
    slice.firstOwn = engine.ranks->ownFirst(static_cast<uint32_t>(core.record - image.cores.data())) + record.neuronBase;
  slice.padded = static_cast<uint32_t>(roundUp(record.count, padNeurons));
  slice.states = AlignedArray<int32_t>(size_t(slice.padded) * slice.program->states.size());
  slice.spikes = AlignedArray<uint32_t>(roundUp(record.count, 32) / 32);
  if (isa::emitsPayload(*slice.program))
    slice.payload = AlignedArray<int32_t>(slice.padded);
  for (size_t p = 0; p < slice.program->params.size(); ++p) {
    const image::ParamRecord &param = image.params[record.firstParam + p];
    slice.paramUniform.push_back(param.uniform != 0);
    if (slice.program->params[p] == "bias")
      slice.biasParam = static_cast<int32_t>(p);
    if (param.uniform) {
      const int32_t value = record.count ? image.paramWords[param.offset] : 0;
      AlignedArray<int32_t> &shared = engine.uniformParams[value];
      if (shared.size() == 0) {
        shared = AlignedArray<int32_t>(blockNeurons);
        shared.fill(value);
      }
      slice.params.push_back(shared.data());
    } else {
      slice.ownParams.emplace_back(slice.padded);
      copyPadded(slice.ownParams.back().data(), image.paramWords.subspan(param.offset, record.count), slice.padded);
      slice.params.push_back(slice.ownParams.back().data());
    }
  }
}

Result<void> loadCore(Engine &engine, const image::CoreRecord &record, CoreState &core) {
  const image::Image &image = *engine.image;
  const auto kind = static_cast<image::SynapseKind>(record.synapseKind);
  core.delivery.axons = image.inAxons.data() + record.firstInAxon;
  core.delivery.rows = image.rows.data() + record.firstRow;
  if (kind == image::SynapseKind::Packed32)
    core.delivery.synapses32 = image.synapses32.data() + record.firstSynapse;
  else
    core.delivery.synapses64 = image.synapses64.data() + record.firstSynapse;
  const bool macros = image.chip.crossbar.has_value(); // which keep what is under way as spikes, not as sums
  core.delivery.slots = core.segments || macros ? 1 : std::max(1u, record.delaySlots);
  for (const uint32_t feeder : core.feeders)
    if (!macros)
      core.delivery.slots = std::max(core.delivery.slots, image.cores[feeder].delaySlots);
  if (!core.segments)
    core.horizon = macros ? std::max(1u, record.delaySlots) : core.delivery.slots;
  core.delivery.stride = static_cast<uint32_t>(roundUp(record.accumulatorCount, padNeurons));
  const uint64_t ringWords = uint64_t(core.delivery.slots) * core.delivery.stride;
  if (ringWords > UINT32_MAX || record.rowCount > INT32_MAX)
    return Error{.code = 7007,
                 .message = "core is too large to emulate",
                 .place = "chip " + std::to_string(record.chip) + " core " + std::to_string(record.core),
                 .expected = "at most 4294967295 accumulator words (delay slots times accumulators) and 2147483647 rows",
                 .found = std::to_string(ringWords) + " words, " + std::to_string(record.rowCount) + " rows",
                 .kind = ErrorKind::Unsupported};
  core.ring = AlignedArray<int32_t>(record.feeds ? 0 : ringWords);
  core.delivery.ring = core.ring.data();
  core.deliver = selectDelivery(kind, image.meta.profile);
  core.learning = CoreLearning::load(image, record);
  core.delivery.learning = core.learning.get();
  if (macros) {
    RANVIER_TRY(core.crossbar,
                CrossbarCore::load(image, static_cast<uint32_t>(&record - image.cores.data()), engine.options.device));
  }
  if (!core.segments && !macros)
    indexAxons(core.delivery, core.axons, engine.exponents, image.meta.profile);
  core.sameBits = AlignedArray<uint64_t>(roundUp(core.sameAxons, 64) / 64);
  core.slices.resize(record.sliceCount);
  for (uint32_t s = 0; s < record.sliceCount; ++s)
    loadSlice(engine, core, image.slices[record.firstSlice + s], core.slices[s]);
  return {};
}

Result<void> loadExponents(Engine &engine) {
  const image::Meta &meta = engine.image->meta;
  for (const auto &projection : meta.projections) {
    if (projection.weightExponent != 0 && meta.profile == isa::Profile::F32)
      return Error{.code = 7005,
                   .message = "a projection of an f32 image has a weight exponent",
                   .place = "projection '" + projection.name + "'",
                   .expected = "0",
                   .found = std::to_string(projection.weightExponent)};
    engine.exponents.push_back(static_cast<int8_t>(std::clamp(projection.weightExponent, -31, 32)));
  }
  return {};
}

Error sourceError(const image::PopulationMeta &population, std::string expected, std::string found) {
  return Error{.code = 7004,
               .message = "the input's source cannot be run",
               .place = "population '" + population.name + "'",
               .expected = std::move(expected),
               .found = std::move(found)};
}

Result<void> loadSource(InputState &input) {
  const image::PopulationMeta &meta = *input.meta;
  auto sizeFits = [&](size_t size) { return size == 1 || size == meta.count; };
  if (meta.source.empty())
    return {};
  if (meta.source == "poisson") {
    if (!sizeFits(meta.rates.size()))
      return sourceError(meta, "1 or " + std::to_string(meta.count) + " rates", std::to_string(meta.rates.size()));
    input.source = InputState::Source::Poisson;
    for (const double rate : meta.rates) {
      if (!(rate >= 0.0 && rate <= 1.0))
        return sourceError(meta, "a probability per step in [0, 1]", std::to_string(rate));
      // word * 2^-32 < rate, as integers: both sides are scaled by a power of two, so nothing is rounded.
      input.thresholds.push_back(static_cast<uint64_t>(std::ceil(rate * 0x1p32)));
    }
    return {};
  }
  if (meta.source == "regular") {
    if (!sizeFits(meta.intervals.size()) || !sizeFits(meta.phases.size()))
      return sourceError(meta, "1 or " + std::to_string(meta.count) + " intervals and phases",
                         std::to_string(meta.intervals.size()) + " and " + std::to_string(meta.phases.size()));
    for (const uint32_t interval : meta.intervals)
      if (interval == 0)
        return sourceError(meta, "an interval of at least 1 step", "0");
    input.source = InputState::Source::Regular;
    return {};
  }
  if (meta.source == "list") {
    for (size_t i = 0; i < meta.list.size(); ++i)
      if (meta.list[i].second >= meta.count || (i && meta.list[i] < meta.list[i - 1]))
        return sourceError(meta, "spikes sorted by (step, neuron), neurons below " + std::to_string(meta.count),
                           "entry " + std::to_string(i) + " is (" + std::to_string(meta.list[i].first) + ", " +
                               std::to_string(meta.list[i].second) + ")");
    input.source = InputState::Source::List;
    return {};
  }
  return sourceError(meta, "poisson, regular, list or none", "'" + meta.source + "'");
}

Result<void> loadPopulations(Engine &engine) {
  const image::Meta &meta = engine.image->meta;
  engine.populations.resize(meta.populations.size());
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    for (uint32_t s = 0; s < engine.cores[c].slices.size(); ++s)
      engine.populations[engine.cores[c].slices[s].record->population].slices.emplace_back(c, s);
  for (uint32_t p = 0; p < meta.populations.size(); ++p) {
    const image::PopulationMeta &population = meta.populations[p];
    PopulationState &state = engine.populations[p];
    std::sort(state.slices.begin(), state.slices.end(), [&](auto a, auto b) {
      return engine.cores[a.first].slices[a.second].record->first < engine.cores[b.first].slices[b.second].record->first;
    });
    uint64_t own = population.input ? population.count : 0; // neurons whose spikes this rank gathers
    for (const auto &[core, slice] : state.slices)
      own += engine.cores[core].slices[slice].record->count;
    state.neurons = AlignedArray<uint32_t>(own);
    if (population.input) {
      state.input = static_cast<int32_t>(engine.inputs.size());
      state.emitsPayload = engine.image->chip.gradedSpikes;
      InputState &input = engine.inputs.emplace_back();
      input.population = p;
      input.meta = &population;
      input.firstOut = population.firstOut;
      input.count = static_cast<uint32_t>(population.count);
      input.seed = population.seed;
      input.spikes = AlignedArray<uint32_t>(roundUp(population.count, 32) / 32);
      if (engine.image->chip.gradedSpikes) {
        input.plain = AlignedArray<uint32_t>(input.spikes.size());
        input.value = AlignedArray<int32_t>(population.count);
      }
      RANVIER_CHECK(loadSource(input));
    } else if (population.program != image::none) {
      state.emitsPayload = isa::emitsPayload(meta.programs[population.program]);
    }
    if (state.emitsPayload)
      state.payloads = AlignedArray<int32_t>(own);
  }
  return {};
}

/// Room for the marks of every step that may be kept, and the table by which they are found.
void loadMarks(Engine &engine) {
  engine.window = 1 + (engine.ranks ? engine.ranks->batch() : 1);
  engine.marks.assign(engine.window, std::vector<MarkTarget>(engine.cores.size()));
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    CoreState &core = engine.cores[c];
    for (uint32_t slot = 0; engine.holds(c) && slot < engine.window; ++slot) {
      core.nextBits.emplace_back(roundUp(core.axons - core.sameAxons, 64) / 64);
      if (engine.graded)
        core.payload.emplace_back(core.axons);
      engine.marks[slot][c] = {core.sameBits.data(), core.nextBits[slot].data(),
                               engine.graded ? core.payload[slot].data() : nullptr, core.sameAxons};
    }
  }
}

/// The shortest delay but 0 of this rank's synapses [steps]; UINT32_MAX if it has none.
uint32_t shortestDelay(const Engine &engine) {
  uint32_t shortest = UINT32_MAX;
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    const CoreState &core = engine.cores[c];
    if (!engine.holds(c))
      continue;
    if (core.segments) { // the first segment of a row has its shortest delay
      for (uint32_t a = core.sameAxons; a < core.segments->axons; ++a)
        if (core.segments->firstSegment[a] != core.segments->firstSegment[a + 1])
          shortest = std::min(shortest, core.segments->segments[core.segments->firstSegment[a]] & 0xFFFFu);
      continue;
    }
    for (uint32_t a = core.sameAxons; a < core.axons; ++a)
      for (uint32_t r = 0; r < core.delivery.axons[a].rowCount; ++r) {
        const image::RowRecord &row = core.delivery.rows[core.delivery.axons[a].firstRow + r];
        if (row.count) // sorted by delay
          shortest =
              std::min(shortest, core.delivery.synapses32 ? image::unpackSynapse(core.delivery.synapses32[row.firstSynapse]).delay
                                                          : image::unpackSynapse(core.delivery.synapses64[row.firstSynapse]).delay);
      }
  }
  return shortest;
}

Result<void> connectRanks(Engine &engine) {
  const RankMessages messages{
      engine.outPtr, engine.outAxons, [&](const image::OutAxonRecord &out) { return out.axon < engine.cores[out.core].sameAxons; },
      // each step is timed, by all ranks together; and what learns must not see events of the target too early
      engine.timed || !engine.image->meta.learning.empty() ? 1 : shortestDelay(engine)};
  return engine.ranks->connect(*engine.image, messages, engine.timed, engine.levels, chooseThreads(engine));
}

void loadPatterns(Engine &engine, uint32_t coreIndex, std::vector<PatternState> &patterns) {
  const CoreState &core = engine.cores[coreIndex];
  std::map<std::vector<uint32_t>, uint32_t> known;
  patterns.resize(roundUp(patterns.size(), 64 / sizeof(PatternState)));
  std::vector<uint32_t> destinations;
  for (uint64_t n = core.record->firstNeuron; n < core.record->firstNeuron + core.record->neuronCount; ++n) {
    destinations.clear();
    for (uint64_t o = engine.outPtr[n]; o < engine.outPtr[n + 1]; ++o)
      destinations.push_back(engine.outAxons[o].core);
    if (engine.ranks) {
      const auto others = engine.ranks->remoteCores(engine.ranks->ownFirst(coreIndex) + (n - core.record->firstNeuron));
      destinations.insert(destinations.end(), others.begin(), others.end());
    }
    std::sort(destinations.begin(), destinations.end());
    auto [at, isNew] = known.try_emplace(destinations, static_cast<uint32_t>(patterns.size()));
    if (isNew) {
      const TrafficPattern pattern = engine.grid.front().pattern(coreIndex, destinations);
      patterns.push_back(
          {pattern.messages, pattern.withinTile, engine.patternLinks.size(), static_cast<uint32_t>(pattern.links.size()), 0});
      engine.patternLinks.insert(engine.patternLinks.end(), pattern.links.begin(), pattern.links.end());
    }
    engine.accounts[engine.outPtr[n] + n] = at->second;
  }
}

/// Numbers the links that are used; the links of patterns become such numbers.
void numberLinks(Engine &engine) {
  const ChipGrid &grid = engine.grid.front();
  std::vector<uint32_t> &used = engine.usedLinks;
  for (const LinkUse &use : engine.patternLinks)
    used.push_back(use.link);
  const auto before = [&](uint32_t a, uint32_t b) { return std::pair(grid.linkKind(a), a) < std::pair(grid.linkKind(b), b); };
  std::sort(used.begin(), used.end(), before);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  for (LinkUse &use : engine.patternLinks)
    use.link = static_cast<uint32_t>(std::lower_bound(used.begin(), used.end(), use.link, before) - used.begin());
  for (const uint32_t link : used)
    ++engine.usedLinksEnd[grid.linkKind(link)];
  std::partial_sum(engine.usedLinksEnd.begin(), engine.usedLinksEnd.end(), engine.usedLinksEnd.begin());
}

/// Synapses that the message of each out-axon meets.
std::vector<OutEvents> eventsOfMessages(const Engine &engine) {
  std::vector<SynapseClass> classOf;
  for (const auto &projection : engine.image->meta.projections)
    classOf.push_back(synapseClass(projection));
  std::vector<OutEvents> result(engine.outAxons.size());
  for (size_t o = 0; o < engine.outAxons.size(); ++o) {
    const image::OutAxonRecord &out = engine.outAxons[o];
    if (const SegmentStore *store = engine.cores[out.core].segments.get()) {
      result[o] = store->events[out.axon];
      continue;
    }
    const DeliveryCore &target = engine.cores[out.core].delivery;
    const image::InAxonRecord &axon = target.axons[out.axon];
    SynapseClassCounts events = {};
    for (uint32_t r = axon.firstRow; r < axon.firstRow + axon.rowCount; ++r)
      events[static_cast<unsigned>(classOf[target.rows[r].projection])] += target.rows[r].count;
    for (unsigned k = 0; k < numSynapseClasses; ++k)
      result[o][k] = static_cast<uint32_t>(std::min<uint64_t>(events[k], UINT32_MAX));
  }
  return result;
}

/// Of several ranks the first times them all.
void loadCycles(Engine &engine) {
  const bool several = engine.ranks && engine.ranks->ranks() > 1;
  if (!several || engine.ranks->rank() == 0)
    engine.cycles =
        std::make_unique<CycleTiming>(*engine.image, *engine.profile->cycles, engine.options.timing == Timing::Detailed);
  if (several)
    engine.rankCycles = std::make_unique<RankCycles>(*engine.ranks, *engine.image, engine.cycles.get());
}

bool hasSynapseCores(const image::Image &image) {
  return std::any_of(image.cores.begin(), image.cores.end(), [](const image::CoreRecord &core) { return core.feeds != 0; });
}

/// Nothing of it is exchanged between ranks: detailed timing runs on one, and each foretells its own cores.
Result<void> loadRealTime(Engine &engine) {
  const image::Image &image = *engine.image;
  RANVIER_TRY(engine.clock, realTimeClock(image, engine.options.timeScale));
  if (engine.options.timing == Timing::Fast) {
    if (hasSynapseCores(image)) // Their transfers have no place among what is foretold.
      return {};
    engine.forecast = std::make_unique<RealTimeForecast>(image.chip, engine.costs, engine.clock, engine.cores.size());
    return {};
  }
  std::vector<DeliveryCore *> cores;
  for (CoreState &core : engine.cores)
    cores.push_back(&core.delivery);
  RANVIER_TRY(engine.realTime, RealTimeTiming::create(image, {engine.outPtr, engine.outAxons, {}}, engine.grid.front(),
                                                      engine.costs, std::move(cores), engine.clock, engine.options.lossless));
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    engine.cores[c].sends = &engine.realTime->sends(c);
  return {};
}

/// Time for the sums that synapse cores hand over in each step, on both sides.
void loadTransfers(Engine &engine) {
  const auto each = [&](const char *event) -> int64_t {
    const auto at = engine.profile ? engine.profile->events.find(event) : decltype(engine.profile->events.begin()){};
    return engine.profile && at != engine.profile->events.end() ? at->second.picoseconds.value_or(0) : 0;
  };
  const int64_t transfer = each("sums_transfer"), sent = each("sum_sent"), taken = each("sum_taken");
  for (CoreState &core : engine.cores)
    for (const uint32_t feeder : core.feeders) {
      const uint32_t sums = core.record->accumulatorCount;
      engine.cores[feeder].transfer = addTime(addTime(0, 1, transfer), sums, sent);
      core.transfer = addTime(addTime(core.transfer, 1, transfer), sums, taken);
    }
}

Result<void> loadAccounting(Engine &engine) {
  const image::Image &image = *engine.image;
  engine.profile = image.chip.findCosts(engine.options.costProfile);
  if (!engine.profile && !engine.options.costProfile.empty()) {
    std::string names;
    for (const auto &profile : image.chip.costs)
      names += (names.empty() ? "" : ", ") + profile.name;
    return Error{.code = 7001,
                 .message = "the chip has no such cost profile",
                 .file = image.chip.path,
                 .place = "costs",
                 .expected = names.empty() ? "none (the chip states no costs)" : names,
                 .found = engine.options.costProfile};
  }
  if (engine.options.lossless || engine.options.timeScale)
    RANVIER_CHECK(realTimeClock(image, engine.options.timeScale)); // that there is a timer
  if (engine.options.timing == Timing::Off)
    return {};
  RANVIER_TRY(ChipGrid grid, ChipGrid::create(image.chip, image.cores));
  engine.costs = CostTable(engine.profile, grid.tilesUsed(), image.chip.crossbar.has_value());
  engine.grid.push_back(std::move(grid));
  const size_t rows = engine.outPtr.empty() ? 0 : engine.outPtr.size() - 1;
  engine.accounts = AlignedArray<uint32_t>(rows + engine.outAxons.size());
  std::vector<PatternState> patterns;
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    if (engine.holds(c))
      loadPatterns(engine, c, patterns);
  engine.patterns = AlignedArray<PatternState>(patterns.size());
  std::copy(patterns.begin(), patterns.end(), engine.patterns.data());
  numberLinks(engine);
  const std::vector<OutEvents> events = eventsOfMessages(engine);
  for (size_t n = 0; n < rows; ++n)
    for (uint64_t o = engine.outPtr[n]; o < engine.outPtr[n + 1]; ++o)
      engine.accounts[o + n + 1] = packEvents(events[o], engine.mixed);
  engine.coreTimes = AlignedArray<CoreTimes>(engine.cores.size());
  if (image.chip.crossbar)
    engine.crossbarCounts.resize(engine.cores.size());
  loadTransfers(engine);
  if (engine.profile && engine.profile->cycles) {
    loadCycles(engine);
  } else if (image.chip.realTime) {
    RANVIER_CHECK(loadRealTime(engine));
  } else if (engine.options.timing == Timing::Detailed) {
    RANVIER_TRY(engine.detailed,
                DetailedTiming::create(image, {engine.outPtr, engine.outAxons, events}, engine.grid.front(), engine.costs));
    for (uint32_t c = 0; c < engine.cores.size(); ++c)
      engine.cores[c].sends = &engine.detailed->sends(c);
  }
  return {};
}

void loadThreads(Engine &engine) {
  const unsigned count = chooseThreads(engine);
  engine.threads.resize(count);
  std::vector<uint32_t> order;
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    if (engine.holds(c) && !engine.cores[c].record->feeds) // synapse cores go with the core that they feed
      order.push_back(c);
  const auto groupWork = [&](uint32_t c) {
    uint64_t work = workOf(engine.cores[c]);
    for (const uint32_t feeder : engine.cores[c].feeders)
      work += workOf(engine.cores[feeder]);
    return work;
  };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return groupWork(a) > groupWork(b); });
  std::vector<std::vector<uint64_t>> load(engine.levels, std::vector<uint64_t>(count, 0));
  for (ThreadState &thread : engine.threads)
    thread.coresByLevel.resize(engine.levels);
  for (const uint32_t c : order) { // heaviest first, to the thread that has least on this level
    auto &levelLoad = load[engine.cores[c].record->level];
    const size_t least = static_cast<size_t>(std::min_element(levelLoad.begin(), levelLoad.end()) - levelLoad.begin());
    levelLoad[least] += groupWork(c) + 1;
    engine.threads[least].coresByLevel[engine.cores[c].record->level].push_back(c);
  }
  bool shifts = std::any_of(engine.exponents.begin(), engine.exponents.end(), [](int8_t e) { return e < 0; });
  for (ThreadState &thread : engine.threads) {
    size_t axons = 0, slots = 1, ringWords = 0, rows = 0, neurons = 0, slices = 0;
    bool segments = false;
    for (auto &cores : thread.coresByLevel) {
      std::sort(cores.begin(), cores.end());
      for (const uint32_t c : cores) {
        const CoreState &core = engine.cores[c];
        for (const uint32_t feeder : core.feeders) {
          axons = std::max<size_t>(axons, engine.cores[feeder].axons);
          rows = std::max<size_t>(rows, engine.cores[feeder].record->rowCount);
        }
        axons = std::max<size_t>(axons, core.axons);
        segments |= core.segments != nullptr;
        if (core.crossbar && thread.crossbar.sums.empty())
          core.crossbar->prepare(thread.crossbar);
        slots = std::max<size_t>(slots, core.delivery.slots);
        ringWords = std::max(ringWords, core.ring.size());
        rows = std::max<size_t>(rows, core.record->rowCount);
        neurons = std::max<size_t>(neurons, core.record->neuronCount);
        slices = std::max(slices, core.slices.size());
      }
    }
    thread.activeAxons = AlignedArray<uint32_t>(axons);
    thread.slotOffset = AlignedArray<uint32_t>(slots);
    thread.stretches.resize(segments ? stretchBatch : 0);
    thread.activity = AlignedArray<uint32_t>(blockNeurons / 32);
    for (Emission &emission : thread.emissions) {
      emission.neurons = AlignedArray<uint32_t>(neurons);
      emission.ends.resize(slices);
    }
    thread.statePointers.resize(isa::maxSlots);
    thread.paramPointers.resize(isa::maxSlots);
    thread.inputPointers.resize(isa::maxSlots);
    if (shifts) {
      thread.shift.entries = AlignedArray<ShiftScratch::Entry>(rows);
      thread.shift.head.assign(engine.exponents.size(), -1);
      thread.shift.projections.reserve(engine.exponents.size());
      thread.shift.sums = AlignedArray<uint32_t>(ringWords);
      thread.shift.touched = AlignedArray<uint8_t>(ringWords);
      thread.shift.touchedList = AlignedArray<uint32_t>(ringWords + 1);
    }
    if (engine.timed) {
      thread.touchedPatterns = AlignedArray<uint32_t>(engine.patterns.size() + 1);
      thread.processing = AlignedArray<ProcessingLoad>(engine.cores.size());
      thread.linkLoad = AlignedArray<uint64_t>(engine.usedLinks.size());
    }
  }
}

/// Synapse cores add to the ring of the core that they feed.
void shareRings(Engine &engine) {
  for (CoreState &core : engine.cores)
    for (const uint32_t feeder : core.feeders) {
      DeliveryCore &delivery = engine.cores[feeder].delivery;
      delivery.ring = core.delivery.ring;
      delivery.slots = core.delivery.slots;
    }
}

/// What is asked of devices, and what cannot be said of them.
Result<void> checkDevice(const Engine &engine) {
  const DeviceOptions &device = engine.options.device;
  const hw::Chip &chip = engine.image->chip;
  if (!chip.crossbar && device != DeviceOptions{})
    return Error{.code = 7060,
                 .message = "the chip has no macros whose devices could be chosen",
                 .file = chip.path,
                 .expected = "a chip with a section 'crossbar', or neither faults of cells nor a seed of devices",
                 .found = "'" + chip.name + "'",
                 .kind = ErrorKind::Unsupported};
  if (chip.crossbar && engine.options.timing == Timing::Detailed)
    return Error{.code = 7062,
                 .message = "detailed timing of macros, whose products are timed from counts alone",
                 .expected = "timing off or fast",
                 .found = "detailed",
                 .kind = ErrorKind::Unsupported};
  if (!chip.crossbar)
    return {};
  const hw::Crossbar &crossbar = *chip.crossbar;
  for (const hw::StuckCell &cell : device.faults.cells)
    if (cell.chip >= chip.maxChips || cell.core >= chip.coresPerChip() || cell.row >= crossbar.inputs ||
        cell.column >= crossbar.columns() || cell.slice >= crossbar.sliceCount() || (cell.negative && !crossbar.isPair()))
      return Error{.code = 7063,
                   .message = "a stuck cell that the machine does not have",
                   .place = "faults of cells",
                   .expected = "a row below " + std::to_string(crossbar.inputs) + " and a column of weights below " +
                               std::to_string(crossbar.columns()) + " of one of " + std::to_string(chip.maxChips) + " x " +
                               std::to_string(chip.coresPerChip()) + " macros",
                   .found = "chip " + std::to_string(cell.chip) + ", core " + std::to_string(cell.core) + ", row " +
                            std::to_string(cell.row) + ", column " + std::to_string(cell.column) + ", slice " +
                            std::to_string(cell.slice) + (cell.negative ? ", negative" : "")};
  return {};
}

/// The cores that this rank holds, and all populations.
Result<void> loadOwn(Engine &engine) {
  const image::Image &image = *engine.image;
  engine.graded = image.chip.gradedSpikes || std::any_of(image.meta.programs.begin(), image.meta.programs.end(),
                                                         [](const auto &p) { return isa::emitsPayload(p); });
  RANVIER_CHECK(loadExponents(engine));
  engine.cores.resize(image.cores.size());
  engine.outPtr = image.outPtr;
  engine.outAxons = image.outAxons;
  for (size_t c = 0; c < engine.cores.size(); ++c) {
    engine.cores[c].record = &image.cores[c];
    engine.cores[c].axons = image.cores[c].inAxonCount;
    engine.cores[c].sameAxons = image.cores[c].sameStepAxonCount;
  }
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    if (image.cores[c].feeds)
      engine.cores[image.cores[c].feeds - 1].feeders.push_back(c);
  RANVIER_CHECK(expandSynapses(engine, engine.options.threads ? engine.options.threads : processors()));
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    if (engine.holds(c))
      RANVIER_CHECK(loadCore(engine, image.cores[c], engine.cores[c]));
    engine.levels = std::max(engine.levels, image.cores[c].level + 1);
  }
  shareRings(engine);
  return loadPopulations(engine);
}

/// What comes after ranks have told each other what they need.
Result<void> loadRest(Engine &engine) {
  loadMarks(engine);
  RANVIER_CHECK(loadAccounting(engine));
  loadThreads(engine);
  return {};
}

} // namespace

Result<void> load(Engine &engine) {
  engine.timed = engine.options.timing != Timing::Off;
  if (engine.options.weights == WeightStorage::I16 && !engine.image->meta.learning.empty())
    return Error{.code = 7041,
                 .message = "weights of 16 bits cannot change, and synapses of the image learn",
                 .expected = "weights f32",
                 .found = "i16",
                 .kind = ErrorKind::Unsupported};
  RANVIER_CHECK(checkDevice(engine));
  const auto &learning = engine.image->meta.learning;
  const bool detailed = engine.options.timing == Timing::Detailed,
             ranks = engine.options.ranks && engine.options.ranks->ranks() > 1;
  if (engine.timed && (detailed || ranks) &&
      std::any_of(learning.begin(), learning.end(), [](const auto &each) { return !each.rewiring.empty(); }))
    return Error{.code = 7044,
                 .message = "synapses of the image come and go, and events of a step are counted where its messages are known",
                 .expected = "timing off, or fast on one rank",
                 .found = detailed ? "detailed" : "fast on " + std::to_string(engine.options.ranks->ranks()) + " ranks",
                 .kind = ErrorKind::Unsupported};
  if (engine.options.ranks && hasSynapseCores(*engine.image))
    return Error{.code = 7045,
                 .message = "ranks share single cores, and the image has synapse cores, which stay beside the core that they feed",
                 .expected = engine.image->chip.crossbar ? "one process, or neurons whose rows one macro holds"
                                                         : "one process, or an image compiled without --split",
                 .found = std::to_string(engine.options.ranks->ranks()) + " ranks",
                 .kind = ErrorKind::Unsupported};
  if (!engine.options.ranks) {
    RANVIER_CHECK(loadOwn(engine));
    return loadRest(engine);
  }
  Transport &between = *engine.options.ranks;
  RANVIER_CHECK(agree(between, remembering([&]() -> Result<void> {
                        if (engine.options.timing == Timing::Detailed && between.ranks() > 1)
                          return Error{.code = 7016,
                                       .message = "detailed timing follows every packet through the whole machine, which one rank "
                                                  "has to hold",
                                       .expected = "one rank, or timing off or fast",
                                       .found = std::to_string(between.ranks()) + " ranks",
                                       .kind = ErrorKind::Unsupported};
                        engine.ranks = std::make_unique<RankLinks>(engine.options.ranks, *engine.image);
                        return loadOwn(engine);
                      })));
  RANVIER_CHECK(connectRanks(engine));
  return agree(between, remembering([&] { return loadRest(engine); }));
}

MachineMemory memoryOf(const Engine &engine) {
  MachineMemory sum;
  const auto bytes = [](const auto &array) { return uint64_t(array.size()) * sizeof(*array.data()); };
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    const CoreState &core = engine.cores[c];
    if (!engine.holds(c))
      continue;
    if (core.crossbar)
      sum.synapses += core.crossbar->bytes();
    if (const SegmentStore *store = core.segments.get())
      sum.synapses += bytes(store->firstSynapse) + bytes(store->firstSegment) + bytes(store->segments) + bytes(store->targets) +
                      bytes(store->weights) + bytes(store->narrow) + bytes(store->scale) + bytes(store->events);
    else
      sum.image += core.record->inAxonCount * sizeof(image::InAxonRecord) + core.record->rowCount * sizeof(image::RowRecord) +
                   core.record->synapseCount * (core.delivery.synapses32 ? sizeof(uint32_t) : sizeof(uint64_t));
    sum.synapses += bytes(core.delivery.entries) + bytes(core.delivery.runs);
    sum.synapses += core.learning ? core.learning->bytes() : 0;
    sum.neurons += bytes(core.ring) + bytes(core.sameBits);
    for (const auto &bits : core.nextBits)
      sum.neurons += bytes(bits);
    for (const auto &payload : core.payload)
      sum.neurons += bytes(payload);
    for (const SliceState &slice : core.slices) {
      sum.neurons += bytes(slice.states) + bytes(slice.spikes) + bytes(slice.payload);
      for (const auto &param : slice.ownParams)
        sum.neurons += bytes(param);
    }
  }
  for (const InputState &input : engine.inputs)
    sum.neurons += bytes(input.spikes) + bytes(input.plain) + bytes(input.value);
  for (const PopulationState &population : engine.populations)
    sum.neurons += bytes(population.neurons) + bytes(population.payloads);
  sum.messages = bytes(engine.accounts) + bytes(engine.mixed) + (engine.ranks ? engine.ranks->bytes() : 0);
  sum.messages += (engine.cycles ? engine.cycles->bytes() : 0) + (engine.rankCycles ? engine.rankCycles->bytes() : 0);
  if (engine.cycles && !engine.ownOutPtr.empty())
    sum.image += bytes(engine.image->outPtr); // beside those of this rank
  for (const auto &slot : engine.marks)
    sum.messages += bytes(slot);
  (engine.ownOutPtr.empty() ? sum.image : sum.messages) += bytes(engine.outPtr) + bytes(engine.outAxons);
  return sum;
}

void resetState(Engine &engine) {
  const image::Image &image = *engine.image;
  const int32_t unit = unitPayload(image.meta.profile);
  for (CoreState &core : engine.cores) {
    core.ring.fill(0);
    core.pending.count = 0;
    core.carried.clear();
    if (core.crossbar)
      core.crossbar->clear();
    if (core.learning)
      core.learning->reset();
    core.sameBits.fill(0);
    for (auto &bits : core.nextBits)
      bits.fill(0);
    for (auto &payload : core.payload)
      payload.fill(unit);
    for (SliceState &slice : core.slices) {
      const uint32_t count = slice.record->count;
      for (size_t s = 0; s < slice.program->states.size(); ++s)
        copyPadded(slice.states.data() + s * slice.padded, image.stateWords.subspan(slice.record->firstState + s * count, count),
                   slice.padded);
      slice.spikes.fill(0);
      slice.payload.fill(0);
    }
  }
  std::fill(engine.crossbarCounts.begin(), engine.crossbarCounts.end(), CrossbarCounts());
  for (InputState &input : engine.inputs) {
    input.spikes.fill(0);
    input.plain.fill(0);
    input.listCursor = 0;
  }
  for (PopulationState &population : engine.populations)
    population.gathered = population.gatheredStep = 0;
  if (engine.realTime)
    engine.realTime->reset();
  if (engine.forecast)
    engine.forecast->reset();
  if (engine.cycles)
    engine.cycles->reset();
}

} // namespace ranvier::emu
