//===- GatherState.cpp - The state of all ranks on one --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RankLinks.h"
#include "ranvier/Emulator/Checkpoint.h"
#include <algorithm>

namespace ranvier::emu {
namespace {

/// The words of a part: the states, then counted lists of pending input, of messages and of what has been learned.
Transport::Words pack(const MachineState &state) {
  Transport::Words words(state.states.begin(), state.states.end());
  words.push_back(static_cast<uint32_t>(state.inputs.size()));
  for (const auto &input : state.inputs) {
    words.insert(words.end(), {input.core, input.inSteps, static_cast<uint32_t>(input.sums.size())});
    words.insert(words.end(), input.sums.begin(), input.sums.end());
  }
  words.push_back(static_cast<uint32_t>(state.messages.size()));
  for (const auto &message : state.messages)
    words.insert(words.end(), {message.core, message.axon, static_cast<uint32_t>(message.payload)});
  words.push_back(static_cast<uint32_t>(state.learned.size()));
  for (const auto &learned : state.learned) {
    const auto count = static_cast<uint64_t>(learned.words.size());
    words.insert(words.end(), {learned.core, static_cast<uint32_t>(count), static_cast<uint32_t>(count >> 32)});
    words.insert(words.end(), learned.words.begin(), learned.words.end());
  }
  return words;
}

uint64_t stateWords(const image::Image &image, const image::CoreRecord &core) {
  uint64_t words = 0;
  for (uint32_t s = 0; s < core.sliceCount; ++s) {
    const image::SliceRecord &slice = image.slices[core.firstSlice + s];
    words += uint64_t(slice.count) * image.meta.programs[slice.program].states.size();
  }
  return words;
}

void unpackLists(const uint32_t *at, MachineState &state) {
  const uint32_t inputs = *at++;
  for (uint32_t i = 0; i < inputs; ++i) {
    MachineState::PendingInput &input = state.inputs.emplace_back();
    input.core = at[0];
    input.inSteps = at[1];
    input.sums.assign(at + 3, at + 3 + at[2]);
    at += 3 + at[2];
  }
  const uint32_t messages = *at++;
  for (uint32_t i = 0; i < messages; ++i, at += 3)
    state.messages.push_back({at[0], at[1], static_cast<int32_t>(at[2])});
  const uint32_t learned = *at++;
  for (uint32_t i = 0; i < learned; ++i) {
    const uint64_t count = at[1] | static_cast<uint64_t>(at[2]) << 32;
    state.learned.push_back({at[0], {at + 3, at + 3 + count}});
    at += 3 + count;
  }
}

} // namespace

void RankLinks::gather(const image::Image &image, MachineState &state) {
  std::vector<Transport::Words> parts;
  lost |= !transport->gather(pack(state), parts);
  if (lost || own != 0)
    return;
  state.states.clear();
  state.inputs.clear();
  state.messages.clear();
  state.learned.clear();
  std::vector<const uint32_t *> next;
  for (const Transport::Words &part : parts)
    next.push_back(part.data());
  for (size_t c = 0; c < image.cores.size(); ++c) {
    const uint32_t *&from = next[rankOf[c]];
    const uint64_t words = stateWords(image, image.cores[c]);
    state.states.insert(state.states.end(), from, from + words);
    from += words;
  }
  for (const uint32_t *lists : next)
    unpackLists(lists, state);
  std::sort(state.inputs.begin(), state.inputs.end(),
            [](const auto &a, const auto &b) { return std::pair(a.core, a.inSteps) < std::pair(b.core, b.inSteps); });
  std::sort(state.learned.begin(), state.learned.end(), [](const auto &a, const auto &b) { return a.core < b.core; });
  std::sort(state.messages.begin(), state.messages.end(),
            [](const auto &a, const auto &b) { return std::pair(a.core, a.axon) < std::pair(b.core, b.axon); });
}

} // namespace ranvier::emu
