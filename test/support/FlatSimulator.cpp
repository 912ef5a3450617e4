//===- FlatSimulator.cpp - A network without image, cores or axons --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/FlatSimulator.h"
#include "ranvier/Support/FixedPoint.h"
#include <algorithm>
#include <bit>
#include <map>
#include <new>

using namespace ranvier;
using namespace ranvier::test;

FlatSimulator::FlatSimulator(const mapping::Network &network, std::vector<uint32_t> levelList)
    : network(network), levels(std::move(levelList)) {
  for (const mapping::Projection &projection : network.projections)
    for (uint16_t delay : projection.delays)
      slots = std::max<uint32_t>(slots, delay + 1u);
  for (size_t p = 0; p < network.populations.size(); ++p) {
    const mapping::Population &population = network.populations[p];
    topLevel = std::max(topLevel, levels[p]);
    auto &sum = sums.emplace_back();
    auto &state = states.emplace_back();
    if (population.input)
      continue;
    const isa::Program &program = network.programs[population.program];
    sum.assign(program.inputs.size(), std::vector<std::vector<int32_t>>(slots, std::vector<int32_t>(population.count, 0)));
    for (const mapping::Words &words : population.init)
      state.push_back(words.size() == 1 ? std::vector<int32_t>(population.count, words[0]) : words);
  }
  fired.resize(network.populations.size());
  payload.resize(network.populations.size());
}

int32_t FlatSimulator::contribution(const mapping::Projection &projection, uint64_t synapse, size_t spike) const {
  const int32_t weight = projection.weights[synapse];
  if (payload[projection.source].empty())
    return weight;
  const int32_t value = payload[projection.source][spike];
  if (network.profile == isa::Profile::Int)
    return wrap32(int64_t(weight) * value);
  return std::bit_cast<int32_t>(std::bit_cast<float>(weight) * std::bit_cast<float>(value));
}

void FlatSimulator::add(const mapping::Projection &projection, uint32_t delay, uint32_t target, int32_t word) {
  int32_t &sum = sums[projection.target][projection.receptor][(now + delay) % slots][target];
  if (network.profile == isa::Profile::Int)
    sum = wrap32(int64_t(sum) + word);
  else
    sum = std::bit_cast<int32_t>(std::bit_cast<float>(sum) + std::bit_cast<float>(word));
}

/// The sum per delay first, then the shift: two spikes of weight 1 at exponent -1 add 1, not 0.
void FlatSimulator::deliverNegative(const mapping::Projection &projection) {
  std::map<std::pair<uint32_t, uint32_t>, int32_t> partial; // (delay, target)
  const std::vector<uint32_t> &spikes = fired[projection.source];
  for (size_t i = 0; i < spikes.size(); ++i)
    for (uint64_t s = projection.rowPtr[spikes[i]]; s < projection.rowPtr[spikes[i] + 1]; ++s) {
      int32_t &sum = partial[{projection.delay(s), projection.targets[s]}];
      sum = wrap32(int64_t(sum) + contribution(projection, s, i));
    }
  for (const auto &[where, sum] : partial)
    add(projection, where.first, where.second, sum >> -projection.weightExponent);
}

/// Spikes of this step: those that act within it on populations of `level`, or all that act later. Order of additions:
/// source population, source neuron, projection, synapse.
void FlatSimulator::deliver(uint32_t level, bool sameStep) {
  for (uint32_t source = 0; source < fired.size(); ++source)
    for (size_t i = 0; i < fired[source].size(); ++i)
      for (const mapping::Projection &projection : network.projections) {
        if (projection.source != source || projection.weightExponent < 0 || (sameStep && levels[projection.target] != level))
          continue;
        const uint32_t n = fired[source][i];
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
          if ((projection.delay(s) == 0) == sameStep) {
            int32_t word = contribution(projection, s, i);
            if (projection.weightExponent > 0)
              word = wrap32(int64_t(uint64_t(int64_t(word)) << projection.weightExponent));
            add(projection, projection.delay(s), projection.targets[s], word);
          }
      }
  if (!sameStep)
    for (const mapping::Projection &projection : network.projections)
      if (projection.weightExponent < 0)
        deliverNegative(projection);
}

namespace {
/// 64-byte aligned, padded to 16 words, as isa::SliceView asks.
struct AlignedWords {
  explicit AlignedWords(size_t count) : size((count + 15) / 16 * 16), data(new (std::align_val_t(64)) int32_t[size]()) {}
  AlignedWords(AlignedWords &&other) noexcept : size(other.size), data(std::exchange(other.data, nullptr)) {}
  AlignedWords(const AlignedWords &) = delete;
  ~AlignedWords() { ::operator delete[](data, std::align_val_t(64)); }
  size_t size;
  int32_t *data;
};
} // namespace

void FlatSimulator::update(uint32_t p) {
  const mapping::Population &population = network.populations[p];
  const isa::Program &program = network.programs[population.program];
  std::vector<AlignedWords> buffers;
  const auto fill = [&](const mapping::Words &words) {
    AlignedWords &buffer = buffers.emplace_back(population.count);
    for (uint64_t n = 0; n < population.count; ++n)
      buffer.data[n] = words.size() == 1 ? words[0] : words[n];
    return buffer.data;
  };
  std::vector<int32_t *> state;
  std::vector<const int32_t *> param, input;
  for (const auto &words : states[p])
    state.push_back(fill(words));
  for (const auto &words : population.params)
    param.push_back(fill(words));
  for (auto &receptor : sums[p]) {
    input.push_back(fill(receptor[now % slots]));
    std::fill(receptor[now % slots].begin(), receptor[now % slots].end(), 0);
  }
  std::vector<uint32_t> bits((population.count + 31) / 32);
  AlignedWords emitted(population.count);
  isa::SliceView view;
  view.count = static_cast<uint32_t>(population.count);
  view.seed = population.seed;
  view.step = now;
  view.state = state.data();
  view.param = param.data();
  view.input = input.data();
  view.spikes = bits.data();
  view.payload = emitted.data;
  isa::interpret(program, view);
  for (size_t slot = 0; slot < states[p].size(); ++slot)
    std::copy_n(state[slot], population.count, states[p][slot].begin());
  for (uint32_t n = 0; n < population.count; ++n)
    if (bits[n / 32] >> n % 32 & 1) {
      fired[p].push_back(n);
      if (isa::emitsPayload(program))
        payload[p].push_back(emitted.data[n]);
    }
}

void FlatSimulator::step(const std::vector<std::pair<uint32_t, uint32_t>> &inputs) {
  ++now;
  for (size_t p = 0; p < fired.size(); ++p) {
    fired[p].clear();
    payload[p].clear();
  }
  for (const auto &[population, neuron] : inputs)
    fired[population].push_back(neuron);
  for (auto &list : fired) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  for (uint32_t level = 0; level <= topLevel; ++level) {
    deliver(level, true);
    for (uint32_t p = 0; p < fired.size(); ++p)
      if (!network.populations[p].input && levels[p] == level)
        update(p);
  }
  deliver(0, false);
}
