//===- Results.cpp - What a step cost, and what came of it ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "EngineMachine.h"
#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace ranvier::emu {

//===--- Accounting -------------------------------------------------------===//

/// Turns the spikes of a core into counts and its generation time.
void EngineMachine::settleCore(const Emission &emission, ThreadState &thread) {
  const uint32_t neurons = engine.cores[emission.core].record->neuronCount;
  StepCounts &counts = thread.counts;
  uint64_t messages = 0;
  for (uint32_t t = 0; t < thread.touchedCount; ++t) {
    PatternState &pattern = engine.patterns[thread.touchedPatterns[t]];
    const uint64_t spikes = std::exchange(pattern.spikes, 0);
    messages += spikes * pattern.messages;
    counts.hopsWithinTile += spikes * pattern.withinTile;
    const LinkUse *use = engine.patternLinks.data() + pattern.firstLink;
    for (const LinkUse *end = use + pattern.linkCount; use != end; ++use)
      thread.linkLoad[use->link] += spikes * use->messages;
  }
  thread.touchedCount = 0;
  counts.somaAccesses += neurons;
  counts.somaUpdates += emission.somaUpdates;
  counts.messages += messages;
  const CostTable &costs = engine.costs;
  CoreTimes &times = engine.coreTimes[emission.core];
  times = {};
  times.soma = addTime(0, neurons, costs.picoseconds(CostTable::SomaAccess));
  times.soma = addTime(times.soma, emission.somaUpdates, costs.picoseconds(CostTable::SomaUpdate));
  times.soma = addTime(times.soma, emission.count, costs.picoseconds(CostTable::SomaSpike));
  times.soma = addTime(times.soma, 1, engine.cores[emission.core].transfer);
  times.axonOut = addTime(0, messages, costs.picoseconds(CostTable::AxonOut));
}

/// Messages count a synapse for each place of a pair that is rewired: takes off what they do not find, after the step's attempts.
void EngineMachine::discountAbsent() {
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    const CoreState &core = engine.cores[c];
    if (!engine.holds(c) || !core.learning || !core.learning->rewires())
      continue;
    SynapseClassCounts &events = engine.threads.front().processing[c].events; // of all threads together, modulo 2^64
    const auto &bits = core.nextBits[now % engine.window];
    for (size_t w = 0; w < bits.size(); ++w)
      for (uint64_t word = bits[w]; word; word &= word - 1) {
        const image::InAxonRecord &axon =
            core.delivery.axons[core.sameAxons + w * 64 + static_cast<size_t>(std::countr_zero(word))];
        for (uint32_t r = axon.firstRow; r < axon.firstRow + axon.rowCount; ++r)
          events[static_cast<unsigned>(synapseClass(engine.image->meta.projections[core.delivery.rows[r].projection]))] -=
              core.learning->absent(r);
      }
  }
}

/// Sums over threads and ranks; the time of the step is the busiest core's or link's (fast) or the end of the last work (detailed,
/// or in cycles), plus the barrier.
void EngineMachine::settleStep() {
  total = {};
  for (const ThreadState &thread : engine.threads)
    total += thread.counts;
  if (!engine.timed)
    return;
  countHops();
  discountAbsent();
  SynapseClassCounts events = {};
  const CostTable &costs = engine.costs;
  int64_t longest = 0;
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    if (!engine.holds(c))
      continue;
    ProcessingLoad load;
    for (const ThreadState &thread : engine.threads) {
      load.messages += thread.processing[c].messages;
      for (unsigned k = 0; k < numSynapseClasses; ++k)
        load.events[k] += thread.processing[c].events[k];
    }
    for (unsigned k = 0; k < numSynapseClasses; ++k)
      events[k] += load.events[k];
    total.arrivals += load.messages;
    CoreTimes &times = engine.coreTimes[c];
    if (engine.cores[c].record->feeds)
      times.axonOut = engine.cores[c].transfer;
    times.axonIn = addTime(0, load.messages, costs.picoseconds(CostTable::AxonIn));
    times.synapse = costs.processing(load.events);
    if (const CrossbarCore *crossbar = engine.cores[c].crossbar.get())
      times.synapse = addTime(times.synapse, 1, costs.product(crossbar->counts()));
    times.idle = std::max(addTime(times.soma, 1, times.axonOut), addTime(times.axonIn, 1, times.synapse)); // busy, for now
    longest = std::max(longest, times.idle);
    if (engine.forecast)
      engine.forecast->core(c, times, load.messages);
  }
  total.eventsByClass = events;
  total.synapticEvents = std::accumulate(events.begin(), events.end(), uint64_t(0));
  const std::span<CoreTimes> times(engine.coreTimes.data(), engine.coreTimes.size());
  if (engine.detailed)
    longest = engine.detailed->settle(times);
  else if (engine.realTime)
    longest = engine.realTime->settle(times);
  else if (engine.cycles || engine.rankCycles)
    longest = settleCycles(times);
  else
    longest = std::max(settleLinks(), longest);
  if (engine.ranks && !engine.rankCycles) // which has it from rank 0
    longest = engine.ranks->longest(longest);
  total.picoseconds = addTime(longest, 1, costs.barrier());
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    if (engine.holds(c))
      engine.coreTimes[c].idle = total.picoseconds - engine.coreTimes[c].idle;
}

/// Adds up loads of links over threads. A message over a link is a hop of the link's kind.
void EngineMachine::countHops() {
  std::array<uint64_t, ChipGrid::NumLinkKinds> hops = {};
  uint32_t l = 0;
  for (unsigned kind = 0; kind < hops.size(); ++kind) {
    uint64_t most = 0;
    for (; l < engine.usedLinksEnd[kind]; ++l) {
      uint64_t load = 0;
      for (const ThreadState &thread : engine.threads)
        load += thread.linkLoad[l];
      if (engine.forecast && !engine.ranks)
        engine.forecast->link(ChipGrid::hop(ChipGrid::LinkKind(kind)), load);
      hops[kind] += load;
      most = std::max(most, load);
      if (engine.ranks)
        rankLinkLoad[engine.usedLinks[l]] = load; // no other link has any
    }
    mostOverLink[kind] = most;
  }
  total.hopsEastWest = hops[ChipGrid::EastWest];
  total.hopsNorthSouth = hops[ChipGrid::NorthSouth];
  total.chipHops = hops[ChipGrid::Chip];
}

/// Adds up counts and loads of links over ranks; the time in which the link with most to carry is busy, were it never to wait.
int64_t EngineMachine::settleLinks() {
  if (engine.ranks) {
    const ChipGrid &grid = engine.grid.front();
    engine.ranks->addUp(total, {rankLinkLoad.data(), rankLinkLoad.size()});
    mostOverLink = {};
    for (uint32_t l = 0; l < grid.links(); ++l) {
      const uint64_t load = std::exchange(rankLinkLoad[l], 0);
      mostOverLink[grid.linkKind(l)] = std::max(mostOverLink[grid.linkKind(l)], load);
      if (engine.forecast && engine.ranks->rank() == 0)
        engine.forecast->link(grid.hop(l), load);
    }
  }
  int64_t longest = 0;
  for (unsigned kind = 0; kind < mostOverLink.size(); ++kind)
    longest = std::max(longest, addTime(0, mostOverLink[kind], engine.costs.picoseconds(ChipGrid::hop(ChipGrid::LinkKind(kind)))));
  return longest;
}

/// The end of the last work of the whole machine.
int64_t EngineMachine::settleCycles(std::span<CoreTimes> times) {
  if (engine.rankCycles)
    settleLinks(); // for the sums: it takes no time for a message over a link
  const uint64_t most = *std::max_element(mostOverLink.begin(), mostOverLink.end());
  return engine.rankCycles ? engine.rankCycles->settle(times, most) : engine.cycles->settle(times, most);
}

//===--- Results ----------------------------------------------------------===//

RealTimeCounts EngineMachine::realTime() const {
  RealTimeCounts counts;
  if (!engine.realTime && !engine.forecast)
    return counts;
  counts.stepPicoseconds = engine.clock.period;
  counts.timeScale = engine.clock.timeScale;
  counts.lossless = engine.options.lossless;
  counts.predicted = engine.forecast != nullptr;
  const std::span<const CoreProvenance> cores = engine.realTime ? engine.realTime->machine().cores() : engine.forecast->cores();
  counts.cores.assign(cores.begin(), cores.end());
  counts.routers = engine.realTime ? engine.realTime->machine().routers() : engine.forecast->routers();
  return counts;
}

void EngineMachine::gather(uint32_t index) {
  PopulationState &population = engine.populations[index];
  if (population.gatheredStep == now)
    return;
  population.gatheredStep = now;
  uint32_t count = 0;
  auto take = [&](const AlignedArray<uint32_t> &flags, const AlignedArray<int32_t> &values, uint32_t first) {
    for (size_t w = 0; w < flags.size(); ++w)
      for (uint32_t word = flags[w]; word; word &= word - 1) {
        const uint32_t neuron = static_cast<uint32_t>(w * 32 + std::countr_zero(word));
        if (population.emitsPayload)
          population.payloads[count] = values[neuron];
        population.neurons[count++] = first + neuron;
      }
  };
  if (population.input >= 0)
    take(engine.inputs[population.input].spikes, engine.inputs[population.input].value, 0);
  for (const auto &[core, slice] : population.slices) {
    const SliceState &state = engine.cores[core].slices[slice];
    take(state.spikes, state.payload, state.record->first);
  }
  population.gathered = count;
}

std::span<const uint32_t> EngineMachine::spikes(uint32_t population) {
  gather(population);
  return {engine.populations[population].neurons.data(), engine.populations[population].gathered};
}

std::span<const int32_t> EngineMachine::payloads(uint32_t population) {
  gather(population);
  if (!engine.populations[population].emitsPayload)
    return {};
  return {engine.populations[population].payloads.data(), engine.populations[population].gathered};
}

void EngineMachine::readState(uint32_t population, uint32_t state, std::span<int32_t> out) const {
  for (const auto &[core, index] : engine.populations[population].slices) {
    const SliceState &slice = engine.cores[core].slices[index];
    RANVIER_ASSERT(state < slice.program->states.size(), "state slot " + std::to_string(state) + " does not exist");
    RANVIER_ASSERT(size_t(slice.record->first) + slice.record->count <= out.size(), "the buffer is shorter than the population");
    const int32_t *words = slice.states.data() + size_t(state) * slice.padded;
    std::copy_n(words, slice.record->count, out.data() + slice.record->first);
  }
}

/// Spikes of the step just run reach their synapses within it, as far as learning goes: they are taken in now instead of in the
/// next.
std::vector<LearnedSynapse> EngineMachine::learned(size_t learning) {
  std::vector<LearnedSynapse> out;
  if (complete != now)
    meetRanks();
  for (ThreadState &thread : engine.threads) // the others wait at the barrier
    for (const auto &cores : thread.coresByLevel)
      for (const uint32_t c : cores) {
        CoreState &core = engine.cores[c];
        if (!core.learning)
          continue;
        takeIn(core, thread, taken + 1, now);
        for (LearningRows &rows : core.learning->all())
          if (&rows.meta() == &engine.image->meta.learning[learning]) {
            rows.settle(now);
            rows.collect(core.delivery, out);
          }
      }
  std::sort(out.begin(), out.end(), [](const LearnedSynapse &a, const LearnedSynapse &b) {
    return std::tie(a.source, a.target, a.delay, a.weight) < std::tie(b.source, b.target, b.delay, b.weight);
  });
  return out;
}

} // namespace ranvier::emu
