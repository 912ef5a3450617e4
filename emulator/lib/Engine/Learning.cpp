//===- Learning.cpp - Synapses that change --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Learning.h"
#include "State.h"
#include <bit>
#include <cmath>

namespace ranvier::emu {
namespace {
using image::LearningEnd;
constexpr unsigned onPre = 0, tracePre = 3;
constexpr unsigned programOf(LearningEnd end) { return static_cast<unsigned>(end); }
constexpr unsigned traceProgramOf(LearningEnd end) { return 3 + static_cast<unsigned>(end); }
/// Entries of a neuron at the start, where nothing is forgotten.
constexpr uint32_t room = 32;
} // namespace

//===--- Programs ---------------------------------------------------------===//

HandlerRun::HandlerRun(const isa::Program &program, std::span<const int32_t> values, uint32_t most)
    : program(&program), padded(static_cast<uint32_t>(roundUp(std::max(most, 1u), padNeurons))),
      states(size_t(padded) * program.states.size()), inputs(size_t(padded) * program.inputs.size()),
      params(size_t(padded) * program.params.size()), spikes(roundUp(padded, 32) / 32) {
  for (size_t s = 0; s < program.states.size(); ++s)
    statePointers.push_back(states.data() + s * padded);
  for (size_t i = 0; i < program.inputs.size(); ++i)
    inputPointers.push_back(inputs.data() + i * padded);
  for (size_t p = 0; p < program.params.size(); ++p) {
    std::fill_n(params.data() + p * padded, padded, values[p]);
    paramPointers.push_back(params.data() + p * padded);
  }
}

void HandlerRun::run(uint32_t count) {
  isa::SliceView view;
  view.count = count;
  view.step = 1;
  view.state = statePointers.data();
  view.param = paramPointers.data();
  view.input = inputPointers.data();
  view.spikes = spikes.data();
  if (kernel)
    kernel(&view);
  else
    isa::interpret(*program, view);
}

//===--- Loading ----------------------------------------------------------===//

LearningRows::LearningRows(const image::Image &image, const image::CoreRecord &core, const image::LearningMeta &learning)
    : learning(&learning), profile(image.meta.profile), dt(image.meta.dt) {
  const image::ProjectionMeta &projection = image.meta.projections[learning.projection];
  const unsigned bits = std::clamp(projection.weightBits, 1u, 31u);
  mostWeight = static_cast<int32_t>((uint32_t(1) << (bits - 1)) - 1);
  leastWeight = -mostWeight - 1;
  std::vector<uint32_t> localOf(core.accumulatorCount, image::absent);
  for (uint32_t s = 0; s < core.sliceCount; ++s) {
    const image::SliceRecord &slice = image.slices[core.firstSlice + s];
    if (slice.population != projection.target)
      continue;
    const uint32_t third = learning.third == image::absent ? image::absent : slice.accumulatorBase + learning.third * slice.count;
    parts.push_back({slice.neuronBase, slice.count, locals, slice.first, third});
    for (uint32_t n = 0; n < slice.count; ++n)
      localOf[slice.accumulatorBase + projection.receptor * slice.count + n] = locals++;
  }
  uint64_t total = 0;
  uint32_t widest = std::max(locals, 1u);
  for (uint32_t r = 0; r < core.rowCount; ++r)
    if (const image::RowRecord &row = image.rows[core.firstRow + r]; row.projection == learning.projection) {
      list.push_back({total, row.count, r, 0});
      total += row.count;
      widest = std::max(widest, row.count);
    }
  neuron = AlignedArray<uint32_t>(total);
  accumulator = AlignedArray<uint16_t>(total);
  delay = AlignedArray<uint16_t>(total);
  original = AlignedArray<int32_t>(total);
  for (const Row &row : list) {
    const uint64_t first = core.firstSynapse + image.rows[core.firstRow + row.row].firstSynapse;
    for (uint32_t k = 0; k < row.count; ++k) {
      const image::Synapse synapse = static_cast<image::SynapseKind>(core.synapseKind) == image::SynapseKind::Packed32
                                         ? image::unpackSynapse(image.synapses32[first + k])
                                         : image::unpackSynapse(image.synapses64[first + k]);
      neuron[row.first + k] = localOf[synapse.accumulator];
      accumulator[row.first + k] = static_cast<uint16_t>(synapse.accumulator);
      delay[row.first + k] = static_cast<uint16_t>(synapse.delay);
      original[row.first + k] = static_cast<int32_t>(synapse.weight);
      longest = std::max(longest, synapse.delay);
    }
  }
  wordCount = 1 + static_cast<uint32_t>(learning.init[0].size());
  words = AlignedArray<int32_t>(total * wordCount);
  preTraces = static_cast<uint32_t>(learning.init[1].size());
  postTraces = static_cast<uint32_t>(learning.init[2].size());
  thirdTraces = static_cast<uint32_t>(learning.init[3].size());
  rowTraces = AlignedArray<int32_t>(list.size() * preTraces);
  entryWords = FirstTrace + postTraces + thirdTraces;
  forgets = image.chip.plasticity.postHistory != 0;
  history.resize(locals);
  counts.resize(locals);
  newest = AlignedArray<int32_t>(size_t(locals) * entryWords);
  seen.resize(widest);
  capacity.assign(locals, forgets ? image.chip.plasticity.postHistory : room);
  for (unsigned p = 0; p < programs.size(); ++p) {
    if (learning.programs[p] == image::absent)
      continue;
    const isa::Program &program = image.meta.programs[learning.programs[p]];
    programs[p] = HandlerRun(program, learning.params[p], p == tracePre ? 1 : widest);
    for (const std::string &name : program.inputs)
      reads[p].push_back(*image::learningInput(learning, image.meta.programs, name)); // validated: clause G3
  }
  learns = learning.changesWeights();
  if (!learning.rewiring.empty())
    loadWiring(image, projection);
  stride = static_cast<uint32_t>(roundUp(widest, padNeurons));
  opened = AlignedArray<int32_t>(size_t(stride) * wordCount);
  next.resize(widest);
  ends.resize(widest);
  chosen.reserve(widest);
  waiting.reserve(widest);
  happened.reserve(locals);
  amounts.reserve(locals);
  reset();
}

void LearningRows::reset() {
  const uint64_t total = neuron.size();
  std::copy_n(original.data(), total, words.data());
  for (uint32_t w = 1; w < wordCount; ++w)
    std::fill_n(words.data() + w * total, total, learning->init[0][w - 1]);
  for (Row &row : list)
    row.last = 0;
  for (size_t r = 0; r < list.size(); ++r)
    std::copy(learning->init[1].begin(), learning->init[1].end(), rowTraces.data() + r * preTraces);
  caughtUp = 0;
  for (uint32_t n = 0; n < locals; ++n) { // the first entry stands for the start
    history[n].assign(entryWords, 0);
    history[n].reserve(size_t(std::min(capacity[n], room)) * entryWords);
    int32_t *traces = entry(n, 0) + FirstTrace;
    std::copy(learning->init[2].begin(), learning->init[2].end(), traces);
    std::copy(learning->init[3].begin(), learning->init[3].end(), traces + postTraces);
    setNewest(n);
  }
  if (wiring)
    resetWiring();
}

void LearningRows::setNewest(uint32_t local) {
  counts[local] = static_cast<uint32_t>(history[local].size() / entryWords);
  std::copy_n(entry(local, counts[local] - 1), entryWords, newest.data() + size_t(local) * entryWords);
}

//===--- Events -----------------------------------------------------------===//

/// A time as programs read it: steps, or seconds in binary32.
int32_t LearningRows::elapsed(uint32_t steps) const {
  return profile == isa::Profile::F32 ? std::bit_cast<int32_t>(static_cast<float>(static_cast<double>(steps) * dt))
                                      : static_cast<int32_t>(steps);
}

/// Takes a row's words out of their store: for as long as the row is at work they keep all bits that programs give them.
void LearningRows::open(const Row &row) {
  const uint64_t total = neuron.size();
  const unsigned shift = learning->weightShift;
  for (uint32_t k = 0; k < row.count; ++k)
    opened[k] = static_cast<int32_t>(static_cast<uint32_t>(words[row.first + k]) << shift);
  for (uint32_t w = 1; w < wordCount; ++w)
    std::copy_n(words.data() + w * total + row.first, row.count, opened.data() + w * stride);
}

void LearningRows::close(const Row &row) {
  const uint64_t total = neuron.size();
  if (profile == isa::Profile::F32)
    std::copy_n(opened.data(), row.count, words.data() + row.first);
  else
    for (uint32_t k = 0; k < row.count; ++k)
      words[row.first + k] = std::clamp(opened[k] >> learning->weightShift, leastWeight, mostWeight);
  for (uint32_t w = 1; w < wordCount; ++w)
    std::copy_n(opened.data() + w * stride, row.count, words.data() + w * total + row.first);
}

/// Inputs of program `p` for one synapse. `before`: what is known of the target, `now`: the time at the synapse.
void LearningRows::gather(unsigned p, uint32_t item, const Row &row, uint64_t synapse, const int32_t *before, uint32_t now,
                          int32_t amount) {
  const uint32_t back = lag(synapse);
  for (size_t i = 0; i < reads[p].size(); ++i) {
    const image::LearningInput from = reads[p][i];
    int32_t &to = programs[p].input(i)[item];
    if (from.kind == image::LearningInput::Kind::Amount) {
      to = amount;
    } else if (from.kind == image::LearningInput::Kind::Trace) {
      to = from.end == LearningEnd::Pre    ? traceOf(row)[from.trace]
           : from.end == LearningEnd::Post ? before[FirstTrace + from.trace]
                                           : before[FirstTrace + postTraces + from.trace];
    } else if (from.end == LearningEnd::Pre) {
      to = elapsed(now - row.last);
    } else {
      const uint32_t last = static_cast<uint32_t>(before[from.end == LearningEnd::Post ? LastPost : LastThird]);
      to = elapsed(now > last + back ? now - last - back : 0);
    }
  }
}

/// Runs the program of an event of the target for the synapses chosen, each for its next entry.
void LearningRows::applyRound(const Row &row, LearningEnd end) {
  HandlerRun &run = programs[programOf(end)];
  if (!run || chosen.empty())
    return;
  for (uint32_t i = 0; i < chosen.size(); ++i) {
    const uint64_t synapse = row.first + chosen[i];
    const int32_t *event = entry(neuron[synapse], next[chosen[i]]);
    for (uint32_t w = 0; w < wordCount; ++w)
      run.state(w)[i] = opened[w * stride + chosen[i]];
    gather(programOf(end), i, row, synapse, event - entryWords, static_cast<uint32_t>(event[Time]) + lag(synapse), event[Amount]);
  }
  run.run(static_cast<uint32_t>(chosen.size()));
  for (uint32_t i = 0; i < chosen.size(); ++i)
    for (uint32_t w = 0; w < wordCount; ++w)
      opened[w * stride + chosen[i]] = run.state(w)[i];
}

/// Inputs of the program for a spike of the source, for all synapses of a row.
void LearningRows::gatherPre(const Row &row, uint32_t now) {
  for (size_t i = 0; i < reads[onPre].size(); ++i) {
    const image::LearningInput from = reads[onPre][i];
    int32_t *to = programs[onPre].input(i);
    if (from.end == LearningEnd::Pre) {
      const bool trace = from.kind == image::LearningInput::Kind::Trace;
      std::fill_n(to, row.count, trace ? traceOf(row)[from.trace] : elapsed(now - row.last));
    } else if (from.kind == image::LearningInput::Kind::Trace) {
      const uint32_t word = FirstTrace + from.trace + (from.end == LearningEnd::Post ? 0 : postTraces);
      for (uint32_t k = 0; k < row.count; ++k)
        to[k] = seen[k][word];
    } else {
      const uint32_t word = from.end == LearningEnd::Post ? LastPost : LastThird;
      for (uint32_t k = 0; k < row.count; ++k) {
        const uint32_t at = static_cast<uint32_t>(seen[k][word]) + lag(row.first + k);
        to[k] = elapsed(now > at ? now - at : 0);
      }
    }
  }
}

/// Takes the events that reach the row's synapses after step `after` and up to `until`, each synapse's in order. Afterwards seen[k]
/// is the last entry that synapse k has taken. The first entry of a history is never an event: it says what came before.
void LearningRows::applyEvents(const Row &row, uint32_t after, uint32_t until) {
  waiting.clear();
  const uint8_t *joined = wiring ? wiring->joined.data() + row.first : nullptr;
  const uint32_t *born = wiring ? wiring->born.data() + row.first : nullptr;
  for (uint32_t k = 0; k < row.count; ++k) {
    const uint32_t local = neuron[row.first + k], back = lag(row.first + k);
    const int32_t *last = newest.data() + size_t(local) * entryWords;
    uint32_t e = counts[local];
    seen[k] = last;
    if (joined && !joined[k])
      continue;
    const uint32_t from = born ? std::max(after + 1, born[k]) - 1 : after; // none from before it was
    if (const uint32_t at = static_cast<uint32_t>(last[Time]) + back; (at <= from && at <= until) || e == 1)
      continue; // nothing new, which is the rule
    const int32_t *first = entry(local, 0);
    const auto timeOf = [&](uint32_t n) { return static_cast<uint32_t>(first[size_t(n) * entryWords + Time]) + back; };
    while (e > 1 && timeOf(e - 1) > until)
      --e;
    ends[k] = e;
    seen[k] = entry(local, e - 1);
    while (e > 1 && timeOf(e - 1) > from)
      --e;
    next[k] = e;
    if (next[k] != ends[k])
      waiting.push_back(k);
  }
  while (!waiting.empty()) { // each takes one event a round
    for (const LearningEnd end : {LearningEnd::Third, LearningEnd::Post}) {
      chosen.clear();
      for (const uint32_t k : waiting)
        if (entry(neuron[row.first + k], next[k])[Kind] == static_cast<int32_t>(end))
          chosen.push_back(k);
      applyRound(row, end);
    }
    std::erase_if(waiting, [&](uint32_t k) { return ++next[k] == ends[k]; });
  }
}

template <typename Accumulator> static Accumulator product(int32_t weight, int32_t factor) {
  if constexpr (std::is_same_v<Accumulator, uint32_t>)
    return static_cast<uint32_t>(weight) * static_cast<uint32_t>(factor);
  else
    return std::bit_cast<float>(weight) * std::bit_cast<float>(factor);
}

template <typename Accumulator>
void LearningRows::add(const Row &row, int32_t payload, int32_t *ring, const uint32_t *slotOffset) const {
  using Word __attribute__((may_alias)) = Accumulator;
  auto *sums = reinterpret_cast<Word *>(ring);
  const bool plain = payload == unitPayload(profile);
  const auto send = [&](uint64_t s) {
    sums[slotOffset[delay[s]] + accumulator[s]] +=
        plain ? std::bit_cast<Accumulator>(words[s]) : product<Accumulator>(words[s], payload);
  };
  const uint64_t last = row.first + row.count;
  if (!wiring) { // which the loop need not ask each time
    for (uint64_t s = row.first; s < last; ++s)
      send(s);
    return;
  }
  const uint8_t *joined = wiring->joined.data();
  for (uint64_t s = row.first; s < last; ++s)
    if (joined[s])
      send(s);
}

void LearningRows::arrive(uint32_t index, uint32_t step, int32_t payload, int32_t *ring, const uint32_t *slotOffset) {
  Row &row = list[index];
  if (wiring) {
    if (wiring->heardIn != step)
      wiring->heard.clear();
    wiring->heardIn = step;
    wiring->heard.push_back(index);
  }
  if (learns) {
    open(row);
    applyEvents(row, taken(row), step);
  }
  if (HandlerRun &pre = programs[onPre]) {
    gatherPre(row, step);
    for (uint32_t w = 0; w < wordCount; ++w)
      std::copy_n(opened.data() + w * stride, row.count, pre.state(w));
    pre.run(row.count);
    for (uint32_t w = 0; w < wordCount; ++w)
      std::copy_n(pre.state(w), row.count, opened.data() + w * stride);
  }
  if (learns)
    close(row);
  if (profile == isa::Profile::F32)
    add<float>(row, payload, ring, slotOffset);
  else
    add<uint32_t>(row, payload, ring, slotOffset);
  if (HandlerRun &trace = programs[tracePre]) {
    int32_t *traces = rowTraces.data() + size_t(index) * preTraces;
    for (uint32_t t = 0; t < preTraces; ++t)
      trace.state(t)[0] = traces[t];
    for (size_t i = 0; i < trace.inputCount(); ++i)
      trace.input(i)[0] = elapsed(step - row.last);
    trace.run(1);
    for (uint32_t t = 0; t < preTraces; ++t)
      traces[t] = trace.state(t)[0];
  }
  row.last = step;
}

//===--- History of the targets -------------------------------------------===//

void LearningRows::noteThird(uint32_t step, const int32_t *sums) {
  if (!learns || learning->third == image::absent)
    return;
  const int32_t mask = profile == isa::Profile::F32 ? INT32_MAX : -1; // -0.0f is zero
  happened.clear();
  amounts.clear();
  for (const Part &part : parts)
    for (uint32_t n = 0; n < part.count; ++n)
      if (sums[part.third + n] & mask) {
        happened.push_back(part.local + n);
        amounts.push_back(sums[part.third + n]);
      }
  append(step, LearningEnd::Third);
}

void LearningRows::notePost(uint32_t step, std::span<const uint32_t> all) {
  if (!learns)
    return;
  happened.clear();
  for (const Part &part : parts)
    for (auto at = std::lower_bound(all.begin(), all.end(), part.first); at != all.end() && *at < part.first + part.count; ++at)
      happened.push_back(*at - part.first + part.local);
  amounts.assign(happened.size(), 0);
  append(step, LearningEnd::Post);
}

/// Appends an entry for each neuron to which an event of this kind happened.
void LearningRows::append(uint32_t step, LearningEnd end) {
  if (happened.empty())
    return;
  const bool post = end == LearningEnd::Post;
  const uint32_t firstTrace = post ? uint32_t(FirstTrace) : FirstTrace + postTraces, traces = post ? postTraces : thirdTraces;
  const uint32_t last = post ? LastPost : LastThird;
  const unsigned p = traceProgramOf(end);
  HandlerRun &run = programs[p];
  if (run) {
    for (uint32_t i = 0; i < happened.size(); ++i) {
      const int32_t *before = entry(happened[i], entries(happened[i]) - 1);
      for (uint32_t t = 0; t < traces; ++t)
        run.state(t)[i] = before[firstTrace + t];
      for (size_t k = 0; k < run.inputCount(); ++k)
        run.input(k)[i] = reads[p][k].kind == image::LearningInput::Kind::Amount
                              ? amounts[i]
                              : elapsed(step - static_cast<uint32_t>(before[last]));
    }
    run.run(static_cast<uint32_t>(happened.size()));
  }
  for (uint32_t i = 0; i < happened.size(); ++i) {
    const uint32_t local = happened[i];
    if (entries(local) == capacity[local])
      makeRoom(local, step);
    history[local].resize(history[local].size() + entryWords);
    int32_t *made = entry(local, entries(local));
    std::copy_n(made - entryWords, entryWords, made);
    made[Kind] = static_cast<int32_t>(end);
    made[Time] = made[last] = static_cast<int32_t>(step);
    made[Amount] = amounts[i];
    for (uint32_t t = 0; t < traces; ++t)
      made[firstTrace + t] = run.state(t)[i];
    setNewest(local);
  }
}

void LearningRows::makeRoom(uint32_t local, uint32_t step) {
  if (forgets) {
    history[local].erase(history[local].begin(), history[local].begin() + entryWords);
    --counts[local];
    return;
  }
  catchUp(step - 1);
  if (entries(local) > capacity[local] / 2) // much of it waits: the next time is to be far enough away
    capacity[local] *= 2;
}

/// Brings all synapses up to date and drops what nobody will ask for again.
void LearningRows::catchUp(uint32_t until) {
  for (const Row &row : list) {
    open(row);
    applyEvents(row, taken(row), until);
    close(row);
  }
  caughtUp = std::max(caughtUp, until);
  const uint32_t back = learning->backprop ? longest : 0;
  for (uint32_t local = 0; local < locals; ++local) {
    uint32_t keep = 1; // the first entry that some synapse may not have seen
    while (keep < entries(local) && static_cast<uint32_t>(entry(local, keep)[Time]) + back <= until)
      ++keep;
    history[local].erase(history[local].begin(), history[local].begin() + static_cast<ptrdiff_t>((keep - 1) * size_t(entryWords)));
    counts[local] -= keep - 1;
  }
}

//===--- State ------------------------------------------------------------===//

void LearningRows::collect(const DeliveryCore &core, std::vector<LearnedSynapse> &out) const {
  std::vector<uint32_t> inPopulation(locals);
  for (const Part &part : parts)
    for (uint32_t n = 0; n < part.count; ++n)
      inPopulation[part.local + n] = part.inPopulation + n;
  const image::InAxonRecord *axon = core.axons;
  for (const Row &row : list) { // axons and rows follow each other
    while (row.row >= axon->firstRow + axon->rowCount)
      ++axon;
    for (uint64_t s = row.first; s < row.first + row.count; ++s)
      if (exists(s))
        out.push_back({axon->neuron, inPopulation[neuron[s]], delay[s], words[s]});
  }
}

void LearningRows::settle(uint32_t step) {
  if (!forgets && learns)
    catchUp(step);
}

void LearningRows::save(std::vector<int32_t> &out) const {
  out.push_back(static_cast<int32_t>(caughtUp));
  out.insert(out.end(), words.data(), words.data() + words.size());
  for (size_t r = 0; r < list.size(); ++r) {
    out.push_back(static_cast<int32_t>(list[r].last));
    out.insert(out.end(), rowTraces.data() + r * preTraces, rowTraces.data() + (r + 1) * preTraces);
  }
  for (uint32_t local = 0; local < locals; ++local) {
    out.push_back(static_cast<int32_t>(entries(local)));
    out.insert(out.end(), history[local].begin(), history[local].end());
  }
  if (wiring)
    saveWiring(out);
}

std::optional<size_t> LearningRows::measure(std::span<const int32_t> from, uint32_t step) const {
  const auto past = [&](int32_t word) { return word >= 0 && static_cast<uint32_t>(word) <= step; };
  size_t at = 1 + words.size() + list.size() * (1 + size_t(preTraces));
  if (from.size() < at || !past(from[0]))
    return std::nullopt;
  for (size_t r = 0; r < list.size(); ++r)
    if (!past(from[1 + words.size() + r * (1 + size_t(preTraces))]))
      return std::nullopt;
  for (uint32_t local = 0; local < locals; ++local) {
    // Two events a step at most; where the history ends, so many.
    const uint64_t most = forgets ? capacity[local] : 2 * uint64_t(step) + 1;
    if (from.size() <= at || from[at] < 1 || static_cast<uint64_t>(from[at]) > most ||
        static_cast<uint64_t>(from[at]) * entryWords > from.size() - at - 1)
      return std::nullopt;
    const std::span<const int32_t> events = from.subspan(at + 1, static_cast<size_t>(from[at]) * entryWords);
    for (size_t e = 0; e < events.size(); e += entryWords)
      if (!past(events[e + Time]) || events[e + LastPost] < 0 || events[e + LastPost] > events[e + Time] ||
          events[e + LastThird] < 0 || events[e + LastThird] > events[e + Time] ||
          (e && events[e + Time] < events[e + Time - entryWords]))
        return std::nullopt;
    at += 1 + events.size();
  }
  if (!wiring)
    return at;
  const auto wired = measureWiring(from.subspan(at), step);
  return wired ? std::optional(at + *wired) : std::nullopt;
}

void LearningRows::restore(std::span<const int32_t> from) {
  const int32_t *at = from.data();
  caughtUp = static_cast<uint32_t>(*at++);
  std::copy_n(at, words.size(), words.data());
  at += words.size();
  for (size_t r = 0; r < list.size(); ++r) {
    list[r].last = static_cast<uint32_t>(*at++);
    std::copy_n(at, preTraces, rowTraces.data() + r * preTraces);
    at += preTraces;
  }
  for (uint32_t local = 0; local < locals; ++local) {
    const auto count = static_cast<uint32_t>(*at++);
    history[local].assign(at, at + size_t(count) * entryWords);
    capacity[local] = std::max(capacity[local], count);
    at += size_t(count) * entryWords;
    setNewest(local);
  }
  if (wiring)
    restoreWiring(at);
}

uint64_t LearningRows::bytes() const {
  uint64_t kept = 0;
  for (const auto &entries : history)
    kept += entries.capacity();
  if (wiring)
    kept += wiring->place.size() + 2 * neuron.size() + wiring->slots.size() + 2 * list.size(); // words
  return neuron.size() * (4 + 2 + 2 + 4) + (words.size() + rowTraces.size() + kept) * 4 + list.size() * sizeof(Row);
}

//===--- A core -----------------------------------------------------------===//

std::unique_ptr<CoreLearning> CoreLearning::load(const image::Image &image, const image::CoreRecord &core) {
  if (image.meta.learning.empty())
    return nullptr;
  auto made = std::make_unique<CoreLearning>();
  for (const image::LearningMeta &learning : image.meta.learning) {
    LearningRows rows(image, core, learning);
    if (rows.rows().empty())
      continue;
    made->placeOf.resize(core.rowCount);
    for (uint32_t r = 0; r < rows.rows().size(); ++r)
      made->placeOf[rows.rows()[r].row] = {static_cast<uint32_t>(made->projections.size()), r};
    made->projections.push_back(std::move(rows));
  }
  return made->projections.empty() ? nullptr : std::move(made);
}

uint64_t CoreLearning::bytes() const {
  uint64_t sum = placeOf.size() * sizeof(Place);
  for (const LearningRows &rows : projections)
    sum += rows.bytes();
  return sum;
}

} // namespace ranvier::emu
