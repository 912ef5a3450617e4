//===- RankCycles.cpp - Times in cycles over several ranks ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RankCycles.h"
#include <algorithm>
#include <cstring>

namespace ranvier::emu {
namespace {

constexpr size_t endWords = sizeof(int64_t) / sizeof(uint32_t), timesWords = sizeof(CoreTimes) / sizeof(uint32_t);
static_assert(sizeof(CoreTimes) % sizeof(uint32_t) == 0 && std::is_trivially_copyable_v<CoreTimes>);

template <typename T> void append(Transport::Words &words, const T &value) {
  const size_t at = words.size();
  words.resize(at + sizeof value / sizeof(uint32_t));
  std::memcpy(words.data() + at, &value, sizeof value);
}
template <typename T> T read(const uint32_t *at) {
  T value;
  std::memcpy(static_cast<void *>(&value), at, sizeof value);
  return value;
}

} // namespace

RankCycles::RankCycles(RankLinks &links, const image::Image &image, CycleTiming *whole)
    : links(links), whole(whole), out(links.ranks()), in(links.ranks()) {
  const size_t cores = image.cores.size();
  if (whole) {
    times.resize(cores);
    return;
  }
  uint64_t neurons = 0;
  size_t held = 0;
  for (uint32_t c = 0; c < cores; ++c)
    if (links.holds(c)) {
      neurons += image.cores[c].neuronCount;
      ++held;
    }
  counts.resize(cores);
  fired.resize(neurons);
  mine.reserve(held + neurons);
}

void RankCycles::spikes(uint32_t core, std::span<const uint32_t> neurons) {
  if (whole)
    return whole->spikes(core, neurons);
  counts[core] = static_cast<uint32_t>(neurons.size());
  std::copy(neurons.begin(), neurons.end(), fired.begin() + static_cast<ptrdiff_t>(links.ownFirst(core)));
}

int64_t RankCycles::settle(std::span<CoreTimes> own, uint64_t mostOverLink) {
  pack();
  if (!links.toFirst(mine, notes))
    return 0;
  for (Transport::Words &words : out)
    words.clear();
  if (whole)
    evaluate(mostOverLink);
  return links.fromFirst(out, in) ? unpack(own) : 0;
}

/// Core by core how many fired, and who.
void RankCycles::pack() {
  mine.clear();
  for (uint32_t c = 0; c < counts.size(); ++c) {
    if (!links.holds(c))
      continue;
    mine.push_back(counts[c]);
    const auto first = fired.begin() + static_cast<ptrdiff_t>(links.ownFirst(c));
    mine.insert(mine.end(), first, first + counts[c]);
  }
}

/// For each rank the end of the step, then the times of its cores.
void RankCycles::evaluate(uint64_t mostOverLink) {
  const std::vector<uint32_t> &owners = links.owners();
  for (unsigned r = 1; r < links.ranks(); ++r) {
    const uint32_t *at = notes[r].data();
    for (uint32_t c = 0; c < owners.size(); ++c)
      if (owners[c] == r) {
        whole->spikes(c, {at + 1, *at});
        at += 1 + *at;
      }
    RANVIER_ASSERT(at == notes[r].data() + notes[r].size(), "rank " + std::to_string(r) + " has another image");
  }
  const int64_t end = whole->settle(times, mostOverLink);
  for (Transport::Words &words : out)
    append(words, end);
  for (uint32_t c = 0; c < owners.size(); ++c)
    append(out[owners[c]], times[c]);
}

/// Rank 0 does not know how many messages came to the cores of others: what it calls synapse includes taking them in.
int64_t RankCycles::unpack(std::span<CoreTimes> own) const {
  const uint32_t *at = in.front().data();
  const auto end = read<int64_t>(at);
  at += endWords;
  for (uint32_t c = 0; c < own.size(); ++c) {
    if (!links.holds(c))
      continue;
    const int64_t axonIn = own[c].axonIn;
    own[c] = read<CoreTimes>(at);
    own[c].axonIn = axonIn;
    own[c].synapse -= axonIn;
    at += timesWords;
  }
  RANVIER_ASSERT(at == in.front().data() + in.front().size(), "rank 0 has another image");
  return end;
}

uint64_t RankCycles::bytes() const { return (counts.size() + fired.size()) * sizeof(uint32_t) + times.size() * sizeof(CoreTimes); }

} // namespace ranvier::emu
