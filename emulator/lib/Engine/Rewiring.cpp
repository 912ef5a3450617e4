//===- Rewiring.cpp - Synapses that come and go ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each pair of a source and a target has its place in the rows of the core that holds the target, so that to form a synapse is to
// mark a place. Every core goes through all attempts of a step and takes those at its own targets: which ones they are, and how
// they end, depends on no other core.
//===----------------------------------------------------------------------===//
#include "Learning.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <bit>
#include <utility>

namespace ranvier::emu {
namespace {
/// Draws of an attempt.
enum : uint32_t { TargetDraw, PlaceDraw, PartnerDraw, OutcomeDraw };

/// A number below `count`.
uint32_t below(uint32_t word, uint32_t count) { return static_cast<uint32_t>(uint64_t(word) * count >> 32); }
} // namespace

void LearningRows::loadWiring(const image::Image &image, const image::ProjectionMeta &projection) {
  wiring = std::make_unique<Wiring>();
  wiring->meta = &learning->rewiring[0];
  wiring->sources = static_cast<uint32_t>(list.size()); // a row each: clause G7
  wiring->targets = static_cast<uint32_t>(image.meta.populations[projection.target].count);
  wiring->place = AlignedArray<uint32_t>(neuron.size());
  wiring->startDelay = AlignedArray<uint16_t>(neuron.size());
  std::copy_n(delay.data(), neuron.size(), wiring->startDelay.data());
  for (const Row &row : list)
    for (uint32_t k = 0; k < row.count; ++k)
      wiring->place[row.first + neuron[row.first + k]] = k; // a row has as many synapses as there are local targets
  wiring->joined.resize(neuron.size());
  wiring->present.resize(list.size());
  wiring->born.resize(neuron.size());
  wiring->slots.resize(size_t(locals) * wiring->meta->most);
  wiring->settled.resize(list.size());
  wiring->heard.reserve(list.size());
  longest = std::max(longest, wiring->meta->delay);
}

/// Synapses of the start take the places of their target in the order of sources.
void LearningRows::resetWiring() {
  const image::RewiringMeta &meta = *wiring->meta;
  std::copy_n(wiring->startDelay.data(), neuron.size(), delay.data());
  std::fill(wiring->joined.begin(), wiring->joined.end(), uint8_t(0));
  std::fill(wiring->present.begin(), wiring->present.end(), 0u);
  std::fill(wiring->born.begin(), wiring->born.end(), 0u);
  std::fill(wiring->slots.begin(), wiring->slots.end(), image::absent);
  std::fill(wiring->settled.begin(), wiring->settled.end(), 0u);
  wiring->heard.clear();
  wiring->heardIn = 0;
  std::vector<uint32_t> used(locals, 0);
  for (const uint64_t pair : meta.joined) {
    const auto source = static_cast<uint32_t>(pair / wiring->targets), target = static_cast<uint32_t>(pair % wiring->targets);
    for (const Part &part : parts)
      if (target >= part.inPopulation && target - part.inPopulation < part.count) {
        const uint32_t local = target - part.inPopulation + part.local;
        wiring->slots[size_t(local) * meta.most + used[local]++] = source;
        wiring->joined[list[source].first + wiring->place[list[source].first + local]] = 1;
        ++wiring->present[source];
      }
  }
}

void LearningRows::form(uint32_t local, uint32_t slot, uint32_t source, uint32_t step) {
  const Row &row = list[source];
  const uint64_t synapse = row.first + wiring->place[row.first + local];
  words[synapse] = wiring->meta->weight;
  for (uint32_t w = 1; w < wordCount; ++w)
    words[size_t(w) * neuron.size() + synapse] = learning->init[0][w - 1];
  delay[synapse] = static_cast<uint16_t>(wiring->meta->delay);
  wiring->joined[synapse] = 1;
  ++wiring->present[source];
  wiring->born[synapse] = step;
  wiring->slots[slot] = source;
}

/// Whether a synapse goes, by its weight and a random word.
bool LearningRows::eliminates(uint64_t synapse, uint32_t word) const {
  const image::RewiringMeta &meta = *wiring->meta;
  const int32_t weight = words[synapse];
  const auto isBelow = [&](int32_t bound) { // the weight, below the bound
    return profile == isa::Profile::F32 ? std::bit_cast<float>(weight) < std::bit_cast<float>(bound) : weight < bound;
  };
  size_t interval = 0;
  while (interval < meta.bounds.size() && !isBelow(meta.bounds[interval]))
    ++interval;
  return word < meta.elimination[interval];
}

void LearningRows::rewire(uint32_t step) {
  if (!wiring || step % wiring->meta->every != 0)
    return;
  const image::RewiringMeta &meta = *wiring->meta;
  const auto draw = [&](uint32_t attempt, uint32_t number) { return randomWord(meta.seed, attempt, step, number); };
  const std::span<const uint32_t> heard = wiring->heardIn == step - 1 ? std::span(wiring->heard) : std::span<uint32_t>();
  for (uint32_t attempt = 0; attempt < meta.attempts; ++attempt) {
    const uint32_t target = below(draw(attempt, TargetDraw), wiring->targets);
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const Part &each) {
      return target >= each.inPopulation && target - each.inPopulation < each.count;
    });
    if (part == parts.end())
      continue;
    const uint32_t local = target - part->inPopulation + part->local;
    const uint32_t slot = local * meta.most + below(draw(attempt, PlaceDraw), meta.most);
    const uint32_t outcome = draw(attempt, OutcomeDraw);
    if (const uint32_t source = wiring->slots[slot]; source != image::absent) {
      const Row &row = list[source];
      if (learns && !forgets) { // all that has reached it by now, so that the weight does not depend on when rows were fetched
        open(row);
        applyEvents(row, taken(row), step - 1);
        close(row);
        wiring->settled[source] = step - 1;
      }
      const uint64_t synapse = row.first + wiring->place[row.first + local];
      if (eliminates(synapse, outcome)) {
        wiring->joined[synapse] = 0;
        --wiring->present[source];
        wiring->slots[slot] = image::absent;
      }
      continue;
    }
    if (meta.last && heard.empty())
      continue;
    const uint32_t word = draw(attempt, PartnerDraw);
    const uint32_t source = meta.last ? heard[below(word, static_cast<uint32_t>(heard.size()))] : below(word, wiring->sources);
    const bool taken = wiring->joined[list[source].first + wiring->place[list[source].first + local]];
    if (!taken && outcome < meta.formation[image::squaredDistance(meta.grid, source, target)])
      form(local, slot, source, step);
  }
}

//===--- State ------------------------------------------------------------===//

/// For each place of each target the source, the delay and the step of birth; then for each row up to where it was brought.
void LearningRows::saveWiring(std::vector<int32_t> &out) const {
  const uint32_t most = wiring->meta->most;
  for (size_t slot = 0; slot < wiring->slots.size(); ++slot) {
    const uint32_t source = wiring->slots[slot];
    uint32_t steps = 0, born = 0;
    if (source != image::absent) {
      const uint64_t synapse = list[source].first + wiring->place[list[source].first + slot / most];
      steps = delay[synapse];
      born = wiring->born[synapse];
    }
    for (const uint32_t word : {source, steps, born})
      out.push_back(static_cast<int32_t>(word));
  }
  out.insert(out.end(), wiring->settled.begin(), wiring->settled.end());
}

std::optional<size_t> LearningRows::measureWiring(std::span<const int32_t> from, uint32_t step) const {
  const uint32_t most = wiring->meta->most;
  const size_t slots = wiring->slots.size(), all = 3 * slots + list.size();
  if (from.size() < all)
    return std::nullopt;
  std::vector<uint8_t> used(neuron.size(), 0);
  for (size_t slot = 0; slot < slots; ++slot) {
    const auto source = static_cast<uint32_t>(from[3 * slot]), steps = static_cast<uint32_t>(from[3 * slot + 1]),
               born = static_cast<uint32_t>(from[3 * slot + 2]);
    if (source == image::absent && !steps && !born)
      continue;
    if (source >= list.size())
      return std::nullopt;
    const uint64_t synapse = list[source].first + wiring->place[list[source].first + slot / most];
    const uint32_t expected = born ? wiring->meta->delay : wiring->startDelay[synapse];
    if (std::exchange(used[synapse], uint8_t(1)) || born > step || steps != expected)
      return std::nullopt;
  }
  for (size_t r = 0; r < list.size(); ++r)
    if (const int32_t settled = from[3 * slots + r]; settled < 0 || static_cast<uint32_t>(settled) > step)
      return std::nullopt;
  return all;
}

size_t LearningRows::restoreWiring(const int32_t *from) {
  const uint32_t most = wiring->meta->most;
  std::fill(wiring->joined.begin(), wiring->joined.end(), uint8_t(0));
  std::fill(wiring->present.begin(), wiring->present.end(), 0u);
  for (size_t slot = 0; slot < wiring->slots.size(); ++slot, from += 3) {
    const auto source = static_cast<uint32_t>(from[0]);
    wiring->slots[slot] = source;
    if (source == image::absent)
      continue;
    const uint64_t synapse = list[source].first + wiring->place[list[source].first + slot / most];
    delay[synapse] = static_cast<uint16_t>(from[1]);
    wiring->born[synapse] = static_cast<uint32_t>(from[2]);
    wiring->joined[synapse] = 1;
    ++wiring->present[source];
  }
  std::copy_n(from, list.size(), wiring->settled.begin());
  return 3 * wiring->slots.size() + list.size();
}

} // namespace ranvier::emu
