//===- Snapshot.cpp - The engine's state in terms of the image ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Snapshot.h"
#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace ranvier::emu {
namespace {

//===--- Pending input: all that knows how the engine keeps what has yet to act ---===//

/// Accumulators of the core that act in step `step`, where it has a ring.
int32_t *accumulatorsOf(const CoreState &core, uint32_t step) {
  return core.delivery.ring + size_t(step % core.delivery.slots) * core.delivery.stride;
}

void saveSums(uint32_t index, uint32_t in, const int32_t *sums, uint32_t count, MachineState &state) {
  if (std::any_of(sums, sums + count, [](int32_t word) { return word != 0; })) // -0.0f is a sum, too: words, not values.
    state.inputs.push_back({index, in, {sums, sums + count}});
}

void savePendingInput(const CoreState &core, uint32_t index, uint32_t now, MachineState &state) {
  const uint32_t count = core.record->accumulatorCount;
  if (core.crossbar) { // a bit for each row that will be driven
    for (uint32_t in = 1; in < core.crossbar->slots(); ++in) {
      const auto marks = std::as_const(*core.crossbar).marks(now + in);
      if (std::any_of(marks.begin(), marks.end(), [](uint32_t word) { return word != 0; }))
        state.inputs.push_back({index, in, {marks.begin(), marks.end()}});
    }
    return;
  }
  if (!core.segments) {
    for (uint32_t in = 1; in < core.delivery.slots; ++in)
      saveSums(index, in, accumulatorsOf(core, now + in), count, state);
    return;
  }
  // What is due later is added up as it would be in its step: what an earlier resume carried, then messages in their order.
  std::map<uint32_t, std::vector<float>> sums;
  for (const auto &[step, words] : core.carried) {
    std::vector<float> &sum = sums[step];
    sum.resize(core.delivery.stride);
    std::copy_n(reinterpret_cast<const float *>(words.data()), sum.size(), sum.data());
  }
  addFuture(*core.segments, core.pending, [&](uint32_t step) {
    std::vector<float> &sum = sums[step];
    sum.resize(core.delivery.stride);
    return sum.data();
  });
  for (const auto &[step, sum] : sums)
    saveSums(index, step - now, reinterpret_cast<const int32_t *>(sum.data()), count, state);
}

void restorePendingInput(CoreState &core, uint32_t now, const MachineState::PendingInput &input) {
  if (core.segments) {
    AlignedArray<int32_t> sums(core.ring.size());
    std::copy(input.sums.begin(), input.sums.end(), sums.data());
    core.carried[now + input.inSteps] = std::move(sums);
    return;
  }
  if (core.crossbar) {
    std::copy(input.sums.begin(), input.sums.end(), core.crossbar->marks(now + input.inSteps).begin());
    return;
  }
  std::copy(input.sums.begin(), input.sums.end(), accumulatorsOf(core, now + input.inSteps));
}

/// Bits of an entry of a core: of rows of a macro, or the words of sums.
uint64_t bitsOf(const Engine &engine, uint32_t core) {
  const image::Image &image = *engine.image;
  if (!image.chip.crossbar)
    return uint64_t(image.cores[core].accumulatorCount) * 32;
  for (const image::CrossbarRecord &record : image.crossbars)
    if (record.core == core)
      return record.rowCount;
  return 0;
}

//===--- The rest ---------------------------------------------------------===//

Error unfit(std::string place, std::string expected, std::string found) {
  return {.code = 7036,
          .message = "the state does not fit the image",
          .place = std::move(place),
          .expected = std::move(expected),
          .found = std::move(found)};
}

uint64_t stateWords(const Engine &engine) {
  uint64_t words = 0;
  for (const image::SliceRecord &slice : engine.image->slices)
    words += uint64_t(slice.count) * engine.image->meta.programs[slice.program].states.size();
  return words;
}

/// Calls visit(slice) in the order of Image::slices: those of the cores follow each other there.
template <typename Cores, typename Visit> void forEachSlice(Cores &cores, Visit &&visit) {
  for (auto &core : cores)
    for (auto &slice : core.slices)
      visit(slice);
}
} // namespace

void saveState(const Engine &engine, uint32_t now, MachineState &state) {
  state.step = now;
  state.states.clear();
  state.inputs.clear();
  state.messages.clear();
  state.learned.clear();
  state.turns = engine.cycles && engine.cycles->routers() ? engine.cycles->routers()->turns() : std::vector<uint32_t>();
  state.states.reserve(stateWords(engine));
  forEachSlice(engine.cores, [&](const SliceState &slice) {
    for (size_t s = 0; s < slice.program->states.size(); ++s) {
      const int32_t *words = slice.states.data() + s * slice.padded;
      state.states.insert(state.states.end(), words, words + slice.record->count);
    }
  });
  const uint32_t slot = now % engine.window;
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    const CoreState &core = engine.cores[c];
    if (!engine.holds(c))
      continue;
    if (!core.record->feeds || core.crossbar) // else its sums lie in the ring of the core that it feeds
      savePendingInput(core, c, now, state);
    if (core.learning) {
      std::vector<int32_t> &words = state.learned.emplace_back(MachineState::Learned{c, {}}).words;
      for (const LearningRows &rows : std::as_const(*core.learning).all())
        rows.save(words);
    }
    const AlignedArray<uint64_t> &bits = core.nextBits[slot];
    for (size_t w = 0; w < bits.size(); ++w)
      for (uint64_t word = bits[w]; word; word &= word - 1) {
        const auto axon = core.sameAxons + static_cast<uint32_t>(w * 64) + static_cast<uint32_t>(std::countr_zero(word));
        state.messages.push_back({c, axon, engine.graded ? core.payload[slot][axon] : unitPayload(engine.image->meta.profile)});
      }
  }
}

static Result<void> checkLearned(const Engine &engine, const MachineState &state) {
  size_t next = 0;
  for (uint32_t c = 0; c < engine.cores.size(); ++c) {
    while (next < state.learned.size() && !engine.holds(state.learned[next].core) && state.learned[next].core < c)
      ++next; // its own rank looks
    if (!engine.holds(c) || !engine.cores[c].learning)
      continue;
    const std::string place = "what core " + std::to_string(c) + " has learned";
    if (next == state.learned.size() || state.learned[next].core != c)
      return unfit(place, "an entry", "none");
    std::span<const int32_t> words(state.learned[next++].words);
    for (const LearningRows &rows : std::as_const(*engine.cores[c].learning).all()) {
      const auto count = rows.measure(words, state.step);
      if (!count)
        return unfit(place, "words of its synapses, and of the events that they wait for", "others");
      words = words.subspan(*count);
    }
    if (!words.empty())
      return unfit(place, "no more words", std::to_string(words.size()));
  }
  return {};
}

static Result<void> checkTurns(const Engine &engine, const MachineState &state) {
  const MeshNetwork *routers = engine.cycles ? std::as_const(*engine.cycles).routers() : nullptr;
  if (!routers && !state.turns.empty())
    return unfit("turns", "none, as this machine has no routers", "those of " + std::to_string(state.turns.size()));
  if (routers && !routers->canBeTurns(state.turns))
    return unfit("turns", "five inputs of 0 to 4 for each of " + std::to_string(routers->plan().nodes()) + " routers",
                 state.turns.empty() ? "none" : "others, of " + std::to_string(state.turns.size()));
  return {};
}

Result<void> checkState(const Engine &engine, const MachineState &state) {
  if (state.states.size() != stateWords(engine))
    return unfit("states", std::to_string(stateWords(engine)) + " words", std::to_string(state.states.size()));
  for (size_t i = 0; i < state.inputs.size(); ++i) {
    const auto &input = state.inputs[i];
    const std::string place = "pending input " + std::to_string(i);
    if (input.core >= engine.cores.size())
      return unfit(place, "a core below " + std::to_string(engine.cores.size()), std::to_string(input.core));
    const CoreState &core = engine.cores[input.core];
    const uint32_t slots = engine.holds(input.core) ? core.horizon : UINT32_MAX; // else its own rank looks
    if (input.inSteps == 0 || input.inSteps >= slots)
      return unfit(place, "1 to " + std::to_string(slots - 1) + " steps ahead", std::to_string(input.inSteps));
    const uint64_t bits = bitsOf(engine, input.core), words = (bits + 31) / 32;
    if (input.sums.size() != words)
      return unfit(place, std::to_string(words) + " words", std::to_string(input.sums.size()));
    if (bits % 32 && static_cast<uint32_t>(input.sums.back()) >> bits % 32)
      return unfit(place, "rows below " + std::to_string(bits), "others");
    if (i && std::pair(input.core, input.inSteps) <= std::pair(state.inputs[i - 1].core, state.inputs[i - 1].inSteps))
      return unfit(place, "ascending cores and steps", "others");
  }
  for (size_t i = 0; i < state.messages.size(); ++i) {
    const auto &message = state.messages[i];
    const std::string place = "pending message " + std::to_string(i);
    if (message.core >= engine.cores.size())
      return unfit(place, "a core below " + std::to_string(engine.cores.size()), std::to_string(message.core));
    const CoreState &core = engine.cores[message.core];
    if (!engine.holds(message.core))
      continue;
    if (message.axon < core.sameAxons || message.axon >= core.axons)
      return unfit(place, "an in-axon from " + std::to_string(core.sameAxons) + " to below " + std::to_string(core.axons),
                   std::to_string(message.axon));
    if (i && std::pair(message.core, message.axon) <= std::pair(state.messages[i - 1].core, state.messages[i - 1].axon))
      return unfit(place, "ascending cores and in-axons", "others");
    if (!engine.graded && message.payload != unitPayload(engine.image->meta.profile))
      return unfit(place, "a plain spike", "payload " + std::to_string(message.payload));
  }
  for (const auto &learned : state.learned)
    if (learned.core >= engine.cores.size() || (engine.holds(learned.core) && !engine.cores[learned.core].learning))
      return unfit("what has been learned", "cores with synapses that learn", std::to_string(learned.core));
  RANVIER_CHECK(checkTurns(engine, state));
  return checkLearned(engine, state);
}

void restoreState(Engine &engine, const MachineState &state) {
  resetState(engine);
  const image::Image &image = *engine.image;
  const int32_t *from = state.states.data();
  for (uint32_t c = 0; c < engine.cores.size(); ++c)
    for (uint32_t k = 0; k < image.cores[c].sliceCount; ++k) {
      const image::SliceRecord &record = image.slices[image.cores[c].firstSlice + k];
      const size_t count = record.count, states = image.meta.programs[record.program].states.size();
      for (size_t s = 0; s < states && engine.holds(c); ++s) {
        SliceState &slice = engine.cores[c].slices[k];
        int32_t *words = slice.states.data() + s * slice.padded;
        std::copy_n(from + s * count, count, words);
        if (count)
          std::fill(words + count, words + slice.padded, words[count - 1]);
      }
      from += states * count;
    }
  for (const auto &input : state.inputs)
    if (engine.holds(input.core))
      restorePendingInput(engine.cores[input.core], state.step, input);
  if (engine.cycles && engine.cycles->routers())
    engine.cycles->routers()->setTurns(state.turns);
  for (const auto &learned : state.learned)
    if (engine.holds(learned.core)) {
      std::span<const int32_t> words(learned.words);
      for (LearningRows &rows : engine.cores[learned.core].learning->all()) {
        rows.restore(words);
        words = words.subspan(*rows.measure(words, state.step));
      }
    }
  const uint32_t slot = state.step % engine.window;
  for (const auto &message : state.messages) {
    if (!engine.holds(message.core))
      continue;
    CoreState &core = engine.cores[message.core];
    const uint32_t bit = message.axon - core.sameAxons;
    core.nextBits[slot][bit / 64] |= uint64_t(1) << bit % 64;
    if (engine.graded)
      core.payload[slot][message.axon] = message.payload;
  }
}

} // namespace ranvier::emu
