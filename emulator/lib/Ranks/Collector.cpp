//===- Collector.cpp - What all ranks have of a step ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Collector.h"
#include <algorithm>
#include <cstring>
#include <numeric>

namespace ranvier::emu {

Collector::Collector(Machine &machine, std::shared_ptr<Transport> given, std::vector<std::vector<uint32_t>> states)
    : machine(machine), ranks(std::move(given)), slots(std::move(states)) {
  const image::Image &image = machine.image();
  parts.resize(image.meta.populations.size());
  gathered.resize(parts.size());
  const std::vector<uint32_t> owner = machine.ranksOfCores();
  for (size_t c = 0; c < image.cores.size(); ++c)
    for (uint32_t s = 0; s < image.cores[c].sliceCount; ++s) {
      const image::SliceRecord &slice = image.slices[image.cores[c].firstSlice + s];
      parts[slice.population].push_back({owner[c], slice.first, slice.count});
    }
  for (auto &of : parts)
    std::sort(of.begin(), of.end(), [](const Part &a, const Part &b) { return a.first < b.first; });
}

/// Of each population: how many fired, who, with what payloads; then the words of the states, part by part.
void Collector::pack() {
  mine.clear();
  const image::Image &image = machine.image();
  for (uint32_t p = 0; p < parts.size(); ++p) {
    const bool inputElsewhere = image.meta.populations[p].input && ranks->rank() != 0; // every rank knows them
    const auto neurons = inputElsewhere ? std::span<const uint32_t>() : machine.spikes(p);
    const auto values = inputElsewhere ? std::span<const int32_t>() : machine.payloads(p);
    mine.push_back(static_cast<uint32_t>(neurons.size()));
    mine.insert(mine.end(), neurons.begin(), neurons.end());
    mine.push_back(static_cast<uint32_t>(values.size()));
    mine.insert(mine.end(), values.begin(), values.end());
    row.resize(image.meta.populations[p].count);
    for (const uint32_t slot : slots[p]) {
      machine.readState(p, slot, row);
      for (const Part &part : parts[p])
        if (part.rank == ranks->rank())
          mine.insert(mine.end(), row.begin() + part.first, row.begin() + part.first + part.count);
    }
  }
}

void Collector::unpack() {
  std::vector<const uint32_t *> next;
  for (const Transport::Words &words : all)
    next.push_back(words.data());
  for (uint32_t p = 0; p < parts.size(); ++p) {
    Gathered &out = gathered[p];
    out.neurons.clear();
    out.payloads.clear();
    out.states.resize(slots[p].size());
    for (auto &state : out.states)
      state.resize(machine.image().meta.populations[p].count);
    for (unsigned r = 0; r < next.size(); ++r) {
      const uint32_t *&at = next[r];
      const uint32_t count = *at++;
      out.neurons.insert(out.neurons.end(), at, at + count);
      at += count;
      const uint32_t values = *at++;
      out.payloads.insert(out.payloads.end(), at, at + values);
      at += values;
      for (auto &state : out.states)
        for (const Part &part : parts[p])
          if (part.rank == r) {
            std::copy_n(at, part.count, state.begin() + part.first);
            at += part.count;
          }
    }
    if (std::is_sorted(out.neurons.begin(), out.neurons.end()))
      continue;
    std::vector<uint32_t> order(out.neurons.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return out.neurons[a] < out.neurons[b]; });
    const Gathered unsorted{out.neurons, out.payloads, {}};
    for (size_t i = 0; i < order.size(); ++i) {
      out.neurons[i] = unsorted.neurons[order[i]];
      if (!out.payloads.empty())
        out.payloads[i] = unsorted.payloads[order[i]];
    }
  }
}

bool Collector::step() {
  if (!ranks)
    return true;
  pack();
  if (!ranks->gather(mine, all))
    return false;
  if (ranks->rank() == 0)
    unpack();
  return true;
}

std::span<const uint32_t> Collector::spikes(uint32_t population) {
  return ranks ? std::span<const uint32_t>(gathered[population].neurons) : machine.spikes(population);
}

std::span<const int32_t> Collector::payloads(uint32_t population) {
  return ranks ? std::span<const int32_t>(gathered[population].payloads) : machine.payloads(population);
}

std::span<const int32_t> Collector::state(uint32_t population, uint32_t k) {
  if (ranks)
    return gathered[population].states[k];
  row.resize(machine.image().meta.populations[population].count);
  machine.readState(population, slots[population][k], row);
  return row;
}

bool addUp(Transport &ranks, Timing timing, RunResult &result, std::span<uint64_t> spikes) {
  if (timing == Timing::Off) {
    // Only spikes are counted then.
    std::vector<uint64_t> words{result.total.spikes};
    for (const StepCounts &step : result.perStep)
      words.push_back(step.spikes);
    if (!ranks.add(words))
      return false;
    result.total.spikes = words[0];
    for (size_t i = 0; i < result.perStep.size(); ++i)
      result.perStep[i].spikes = words[i + 1];
  }
  // The times of a core are known to its rank alone, and those of the others are zero there.
  static_assert(sizeof(CoreTimes) % sizeof(uint64_t) == 0 && std::is_trivially_copyable_v<CoreTimes>);
  std::vector<uint64_t> words(result.cores.size() * (sizeof(CoreTimes) / sizeof(uint64_t)));
  if (!words.empty())
    std::memcpy(words.data(), result.cores.data(), words.size() * sizeof(uint64_t));
  if (!ranks.add(words))
    return false;
  if (!words.empty())
    std::memcpy(static_cast<void *>(result.cores.data()), words.data(), words.size() * sizeof(uint64_t));
  return ranks.add(spikes);
}

bool addUp(Transport &ranks, RealTimeCounts &counts) {
  // A core's counts are zero but on its own rank, those of routers but on the first.
  std::vector<uint64_t> words;
  for (const CoreProvenance &core : counts.cores)
    for (const CoreProvenance::Name &entry : CoreProvenance::names())
      words.push_back(core.*entry.count);
  for (const RouterProvenance::Name &entry : RouterProvenance::names())
    words.push_back(counts.routers.*entry.count);
  if (!ranks.add(words))
    return false;
  const uint64_t *next = words.data();
  for (CoreProvenance &core : counts.cores)
    for (const CoreProvenance::Name &entry : CoreProvenance::names())
      core.*entry.count = *next++;
  for (const RouterProvenance::Name &entry : RouterProvenance::names())
    counts.routers.*entry.count = *next++;
  return true;
}

} // namespace ranvier::emu
