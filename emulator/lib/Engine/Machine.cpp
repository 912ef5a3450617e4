//===- Machine.cpp - Runs a hardware image --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One step: inputs emit; then, level by level, each core takes in what was sent to it, updates its neurons and marks the in-axons
// its spikes go to. A mark is one bit, set by an atomic OR, so neither the order of emission nor the thread that emits can show in
// a result; everything else a thread writes belongs to its own cores.
//===----------------------------------------------------------------------===//
#include "EngineMachine.h"
#include "ranvier/Support/Random.h"
#include <bit>
#include <numeric>
#include <system_error>
#include <utility>

namespace ranvier::emu {

StepCounts &StepCounts::operator+=(const StepCounts &o) {
  somaAccesses += o.somaAccesses;
  somaUpdates += o.somaUpdates;
  spikes += o.spikes;
  synapticEvents += o.synapticEvents;
  messages += o.messages;
  inputMessages += o.inputMessages;
  arrivals += o.arrivals;
  hopsWithinTile += o.hopsWithinTile;
  hopsEastWest += o.hopsEastWest;
  hopsNorthSouth += o.hopsNorthSouth;
  chipHops += o.chipHops;
  for (unsigned k = 0; k < numSynapseClasses; ++k)
    eventsByClass[k] += o.eventsByClass[k];
  crossbar += o.crossbar;
  picoseconds = addTime(picoseconds, 1, o.picoseconds);
  return *this;
}

namespace {

template <bool Shared> inline void setBit(uint64_t *bits, uint32_t index) {
  if constexpr (Shared)
    std::atomic_ref<uint64_t>(bits[index / 64]).fetch_or(uint64_t(1) << index % 64, std::memory_order_relaxed);
  else
    bits[index / 64] |= uint64_t(1) << index % 64;
}

/// Appends the numbers of the set bits, offset by `base`, and clears them. Returns how many.
uint32_t takeBits(AlignedArray<uint64_t> &bits, uint32_t base, uint32_t *out) {
  uint32_t count = 0;
  for (size_t w = 0; w < bits.size(); ++w) {
    uint64_t word = bits[w];
    if (!word)
      continue;
    bits[w] = 0;
    for (; word; word &= word - 1)
      out[count++] = base + static_cast<uint32_t>(w * 64) + static_cast<uint32_t>(std::countr_zero(word));
  }
  return count;
}

/// Spikes whose messages are fetched ahead of emission.
constexpr uint32_t spikesAhead = 64;

Error noThread(const std::system_error &failure) {
  return {.code = 7003,
          .message = "the operating system refused another thread",
          .found = failure.what(),
          .hint = "use fewer threads",
          .kind = ErrorKind::System};
}

} // namespace

//===--- Life -------------------------------------------------------------===//

EngineMachine::~EngineMachine() {
  if (!workers.empty()) {
    stopping = true;
    for (size_t missing = workers.size() + 1; missing < threads(); ++missing)
      barrier->arrive(); // in place of workers that failed to start
    barrier->arriveAndWait();
    for (std::thread &worker : workers)
      worker.join();
  }
}

/// All ranks do it or none: they meet at the end of each part, so that none waits for one that has failed.
Result<void> EngineMachine::start() {
  const auto together = [&](Result<void> part) {
    return engine.options.ranks ? agree(*engine.options.ranks, std::move(part)) : std::move(part);
  };
  RANVIER_CHECK(load(engine));
  RANVIER_CHECK(together(remembering([&] { return makeKernels(); })));
  return together(remembering([&] { return startWorkers(); }));
}

Result<void> EngineMachine::makeKernels() {
  if (engine.options.executor == Executor::Jit) {
#if RANVIER_HAVE_JIT
    RANVIER_TRY(jit, compileKernels(engine));
#else
    return Error{.code = 7002,
                 .message = "this build has no JIT executor",
                 .expected = "interp",
                 .found = "jit",
                 .hint = "build with RANVIER_ENABLE_JIT=ON or choose --executor interp",
                 .kind = ErrorKind::Unsupported};
#endif
  }
  return {};
}

Result<void> EngineMachine::startWorkers() {
  resetState(engine);
  if (engine.timed && engine.ranks)
    rankLinkLoad = AlignedArray<uint64_t>(engine.grid.front().links());
  const unsigned count = threads();
  if (count > 1) {
    const bool crowded = count > std::thread::hardware_concurrency();
    barrier = std::make_unique<Barrier>(count, crowded ? 0 : 4096);
    workers.reserve(count - 1);
    try {
      for (unsigned t = 1; t < count; ++t)
        workers.emplace_back([this, t] { workerLoop(t); });
    } catch (const std::system_error &failure) {
      return noThread(failure);
    }
  }
  return {};
}

void EngineMachine::reset() {
  resetState(engine);
  if (engine.ranks)
    engine.ranks->clear();
  now = complete = taken = 0;
  total = {};
}

/// What the ranks have not said to each other yet they say now, so that all that is in flight is where it acts.
void EngineMachine::save(MachineState &out) {
  RANVIER_ASSERT(!engine.realTime, "a state of a machine in real time");
  if (complete != now)
    meetRanks();
  const uint32_t before = now ? now - 1 : 0;
  for (ThreadState &thread : engine.threads) // the others wait at the barrier
    for (const auto &cores : thread.coresByLevel)
      for (const uint32_t c : cores)
        takeWithFeeders(engine.cores[c], thread, taken + 1, before);
  taken = before;
  saveState(engine, now, out);
  if (engine.ranks)
    engine.ranks->gather(*engine.image, out);
}

Result<void> EngineMachine::restore(const MachineState &state) {
  if (engine.realTime)
    return Error{.code = 7036,
                 .message = "a state does not say what is under way on a machine in real time",
                 .expected = "timing off or fast",
                 .found = "detailed",
                 .kind = ErrorKind::Unsupported};
  RANVIER_CHECK(checkState(engine, state));
  restoreState(engine, state);
  if (engine.ranks)
    engine.ranks->clear();
  now = complete = state.step;
  taken = now ? now - 1 : 0;
  total = {};
  return {};
}

//===--- Inputs -----------------------------------------------------------===//

void EngineMachine::addInput(InputState &input, uint32_t neuron, int32_t payload) {
  const uint32_t word = neuron / 32, bit = 1u << neuron % 32;
  const bool first = !(input.spikes[word] & bit);
  input.spikes[word] |= bit;
  const bool plain = payload == unitPayload(engine.image->meta.profile);
  if (!input.value.data()) {
    RANVIER_ASSERT(plain, "an input spike with a value on a chip without graded spikes");
    return;
  }
  if (first)
    input.value[neuron] = 0;
  if (plain) {
    input.plain[word] |= bit;
  } else if (engine.image->meta.profile == isa::Profile::F32) {
    input.value[neuron] = std::bit_cast<int32_t>(std::bit_cast<float>(input.value[neuron]) + std::bit_cast<float>(payload));
  } else {
    input.value[neuron] = static_cast<int32_t>(static_cast<uint32_t>(input.value[neuron]) + static_cast<uint32_t>(payload));
  }
}

void EngineMachine::takeExternal(std::span<const InputSpike> spikes) {
  for (const InputSpike &spike : spikes) {
    RANVIER_ASSERT(spike.step == now, "an input spike of step " + std::to_string(spike.step) + " in step " + std::to_string(now));
    RANVIER_ASSERT(spike.population < engine.populations.size() && engine.populations[spike.population].input >= 0,
                   "population " + std::to_string(spike.population) + " is no input");
    InputState &input = engine.inputs[engine.populations[spike.population].input];
    RANVIER_ASSERT(spike.neuron < input.count, "input neuron " + std::to_string(spike.neuron) + " out of range");
    addInput(input, spike.neuron, spike.payload);
  }
}

void EngineMachine::runSource(InputState &input) {
  const int32_t unit = unitPayload(engine.image->meta.profile);
  switch (input.source) {
  case InputState::Source::External:
    return;
  case InputState::Source::Poisson:
    for (uint32_t n = 0; n < input.count; ++n)
      if (randomWord(input.seed, n, now, 0) < input.thresholds[input.thresholds.size() == 1 ? 0 : n])
        addInput(input, n, unit);
    return;
  case InputState::Source::Regular: {
    const auto &intervals = input.meta->intervals, &phases = input.meta->phases;
    for (uint32_t n = 0; n < input.count; ++n) {
      const uint32_t interval = intervals[intervals.size() == 1 ? 0 : n], phase = phases[phases.size() == 1 ? 0 : n];
      if (now >= phase && (now - phase) % interval == 0)
        addInput(input, n, unit);
    }
    return;
  }
  case InputState::Source::List: {
    const auto &list = input.meta->list;
    while (input.listCursor < list.size() && list[input.listCursor].first < now)
      ++input.listCursor;
    for (; input.listCursor < list.size() && list[input.listCursor].first == now; ++input.listCursor)
      addInput(input, list[input.listCursor].second, unit);
    return;
  }
  }
}

void EngineMachine::emitInputs(InputState &input) {
  const auto &outPtr = engine.outPtr;
  const bool graded = input.value.data() != nullptr, f32 = engine.image->meta.profile == isa::Profile::F32;
  const int32_t unit = unitPayload(engine.image->meta.profile);
  ThreadState &thread = engine.threads.front(); // the others wait at the barrier
  for (size_t w = 0; w < input.spikes.size(); ++w)
    for (uint32_t word = input.spikes[w]; word; word &= word - 1) {
      const uint32_t bit = word & -word, neuron = static_cast<uint32_t>(w * 32 + std::countr_zero(word));
      int32_t value = unit;
      if (graded) {
        value = input.value[neuron];
        if (input.plain[w] & bit)
          value = f32 ? std::bit_cast<int32_t>(std::bit_cast<float>(value) + 1.0f)
                      : static_cast<int32_t>(static_cast<uint32_t>(value) + 1u);
        input.value[neuron] = value;
      }
      const uint64_t row = input.firstOut + neuron, first = outPtr[row], last = outPtr[row + 1];
      if (engine.timed) {
        thread.counts.inputMessages += last - first;
        mark<false, true>(thread, now, row, graded, value);
        if (engine.cycles)
          engine.cycles->input(row);
        if (engine.realTime)
          engine.realTime->input(row);
        if (engine.detailed)
          for (uint64_t o = first; o < last; ++o)
            engine.detailed->receive(engine.outAxons[o].core, o);
      } else {
        mark<false, false>(thread, now, row, graded, value);
      }
    }
}

//===--- Cores ------------------------------------------------------------===//

/// Marks the messages of a spike. `row`: number of the neuron or input in outPtr.
template <bool Shared, bool Timed>
void EngineMachine::mark(ThreadState &thread, uint32_t step, uint64_t row, bool graded, int32_t value) {
  const uint64_t firstOut = engine.outPtr[row], lastOut = engine.outPtr[row + 1];
  const image::OutAxonRecord *outAxons = engine.outAxons.data();
  const MarkTarget *targets = engine.marks[step % engine.window].data();
  [[maybe_unused]] const uint32_t *events =
      Timed ? engine.accounts.data() + row + 1 : nullptr; // by out-axon; none are kept untimed
  [[maybe_unused]] ProcessingLoad *loads = thread.processing.data();
  const bool arrives = !Timed || !engine.realTime; // else it does when and if the machine has worked on its rows
  for (uint64_t o = firstOut; o < lastOut; ++o) {
    const auto [core, axon] = outAxons[o];
    const MarkTarget &target = targets[core];
    if (graded)
      target.payload[axon] = value; // an in-axon has one source: nobody else writes this word
    if (axon < target.sameCount)
      setBit<Shared>(target.same, axon);
    else if (arrives)
      setBit<Shared>(target.next, axon - target.sameCount);
    if constexpr (Timed) {
      ++loads[core].messages;
      addEvents(loads[core].events, events[o], engine.mixed);
    }
  }
}

template <bool Shared, bool Timed>
void EngineMachine::emit(CoreState &core, const SliceState &slice, ThreadState &thread, uint32_t neuron) {
  const uint64_t global = slice.firstNeuron + neuron;
  if constexpr (Timed) {
    const uint32_t pattern = engine.accounts[engine.outPtr[global] + global];
    thread.touchedPatterns[thread.touchedCount] = pattern;
    thread.touchedCount += engine.patterns[pattern].spikes++ == 0;
  }
  const bool graded = slice.payload.data() != nullptr;
  const int32_t value = graded ? slice.payload[neuron] : unitPayload(engine.image->meta.profile);
  mark<Shared, Timed>(thread, now, global, graded, value);
  if (engine.ranks)
    engine.ranks->send(static_cast<unsigned>(&thread - engine.threads.data()), slice.firstOwn + neuron,
                       static_cast<uint32_t>(global), engine.graded, value);
}

/// Hears what fired elsewhere, in the main thread while no other runs.
void EngineMachine::meetRanks() {
  ThreadState &thread = engine.threads.front();
  const auto visit = [&](uint32_t step, uint32_t neuron, int32_t value) {
    if (engine.timed)
      mark<false, true>(thread, step, neuron, engine.graded, value);
    else
      mark<false, false>(thread, step, neuron, engine.graded, value);
  };
  engine.ranks->meet(engine.graded, visit);
  complete = now;
}

/// Takes in what was marked in these steps: into the list of what is in flight, or into the ring.
void EngineMachine::takeIn(CoreState &core, ThreadState &thread, uint32_t from, uint32_t to) {
  for (uint32_t step = from; step <= to; ++step) {
    const uint32_t slot = step % engine.window;
    const uint32_t count = takeBits(core.nextBits[slot], core.sameAxons, thread.activeAxons.data());
    const std::span<const uint32_t> axons(thread.activeAxons.data(), count);
    if (core.crossbar)
      core.crossbar->receive(axons, step);
    else if (core.segments)
      enqueue(*core.segments, axons, step, core.payloadOf(slot), core.pending);
    else if (count)
      core.deliver(core.delivery, axons, step, core.payloadOf(slot), engine.exponents.data(), thread.slotOffset.data(),
                   thread.shift);
  }
}

/// Also what goes to the core's synapse cores.
void EngineMachine::takeWithFeeders(CoreState &core, ThreadState &thread, uint32_t from, uint32_t to) {
  for (const uint32_t feeder : core.feeders)
    takeIn(engine.cores[feeder], thread, from, to);
  takeIn(core, thread, from, to);
}

/// What is due of earlier steps.
void EngineMachine::deliver(CoreState &core, ThreadState &thread) {
  takeWithFeeders(core, thread, taken + 1, complete);
  if (!core.segments)
    return;
  if (!core.carried.empty())
    if (const auto due = core.carried.find(now); due != core.carried.end()) {
      std::copy_n(due->second.data(), core.ring.size(), core.ring.data());
      core.carried.erase(due);
    }
  deliverDue(*core.segments, now, core.pending, reinterpret_cast<float *>(core.ring.data()), thread.stretches.data());
}

/// The products of a core's macros, added to its accumulators of this step.
void EngineMachine::multiply(CoreState &core, ThreadState &thread) {
  const auto act = [&](uint32_t index, CrossbarCore &crossbar) {
    crossbar.act(now, core.ring.data(), thread.crossbar);
    if (!engine.timed)
      return;
    thread.counts.crossbar += crossbar.counts();
    engine.crossbarCounts[index] += crossbar.counts();
  };
  for (const uint32_t feeder : core.feeders)
    if (CoreState &from = engine.cores[feeder]; from.crossbar)
      act(feeder, *from.crossbar);
  if (core.crossbar)
    act(static_cast<uint32_t>(&core - engine.cores.data()), *core.crossbar);
}

void EngineMachine::deliverSameStep(CoreState &core, ThreadState &thread) {
  const uint32_t count = takeBits(core.sameBits, 0, thread.activeAxons.data());
  const std::span<const uint32_t> axons(thread.activeAxons.data(), count);
  const int32_t *payload = core.payloadOf(now % engine.window);
  if (core.segments)
    deliverNow(*core.segments, axons, payload, reinterpret_cast<float *>(core.ring.data()), thread.stretches.data());
  else if (count)
    core.deliver(core.delivery, axons, now, payload, engine.exponents.data(), thread.slotOffset.data(), thread.shift);
}

/// Notes the neurons that count as active whether they fire or not: a state word, an input or the bias is not zero before the
/// update.
void EngineMachine::noteActivity(const SliceState &slice, ThreadState &thread, uint32_t count) {
  static const FindActive findActive = selectFindActive();
  const int32_t mask = engine.image->meta.profile == isa::Profile::F32 ? INT32_MAX : -1; // -0.0f is zero
  const size_t states = slice.program->states.size(), inputs = slice.program->inputs.size();
  std::array<const int32_t *, 2 * isa::maxSlots + 1> arrays;
  auto end = std::copy_n(thread.statePointers.begin(), states, arrays.begin());
  end = std::copy_n(thread.inputPointers.begin(), inputs, end);
  if (slice.biasParam >= 0) {
    const int32_t *bias = thread.paramPointers[slice.biasParam];
    if (!slice.paramUniform[slice.biasParam])
      *end++ = bias;
    else if (*bias & mask)
      arrays[0] = bias, end = arrays.begin() + 1; // all are active
  }
  findActive({arrays.begin(), end}, count, mask, thread.activity.data());
}

/// Points the kernel at a block, runs it and clears the inputs it consumed. `slot`: accumulators of this step.
void EngineMachine::runBlock(CoreState &core, SliceState &slice, ThreadState &thread, uint32_t first, uint32_t count,
                             int32_t *slot) {
  const isa::Program &program = *slice.program;
  for (size_t s = 0; s < program.states.size(); ++s)
    thread.statePointers[s] = slice.states.data() + s * slice.padded + first;
  for (size_t p = 0; p < program.params.size(); ++p)
    thread.paramPointers[p] = slice.params[p] + (slice.paramUniform[p] ? 0 : first);
  for (size_t r = 0; r < program.inputs.size(); ++r)
    thread.inputPointers[r] = slot + slice.record->accumulatorBase + r * slice.record->count + first;
  ActivityView whole;
  isa::SliceView &view = whole.slice;
  view.count = count;
  view.firstEntity = slice.record->first + first;
  view.seed = slice.seed;
  view.step = now;
  view.state = thread.statePointers.data();
  view.param = thread.paramPointers.data();
  view.input = thread.inputPointers.data();
  view.spikes = slice.spikes.data() + first / 32;
  view.payload = slice.payload.data() ? slice.payload.data() + first : nullptr;
  whole.activity = thread.activity.data();
  if (slice.kernel) {
    slice.kernel(&view); // notes activity itself
  } else {
    if (engine.timed)
      noteActivity(slice, thread, count);
    isa::interpret(program, view);
  }
  for (size_t r = 0; r < program.inputs.size(); ++r)
    std::memset(slot + slice.record->accumulatorBase + r * slice.record->count + first, 0, count * sizeof(int32_t));
}

/// Lists the spikes of a block. A spike leads to its messages by two dependent misses: the first is started here.
void EngineMachine::takeSpikes(const SliceState &slice, uint32_t first, uint32_t count, Emission &emission) const {
  const uint64_t *outPtr = engine.outPtr.data() + slice.firstNeuron;
  uint32_t *out = emission.neurons.data() + emission.count;
  for (uint32_t w = first / 32; w < (first + count + 31) / 32; ++w)
    for (uint32_t word = slice.spikes[w]; word; word &= word - 1) {
      const uint32_t neuron = w * 32 + static_cast<uint32_t>(std::countr_zero(word));
      *out++ = slice.record->neuronBase + neuron;
      __builtin_prefetch(&outPtr[neuron]);
    }
  emission.count = static_cast<uint32_t>(out - emission.neurons.data());
}

template <bool Timed> void EngineMachine::updateSlice(CoreState &core, SliceState &slice, ThreadState &thread, Emission &emission) {
  int32_t *slot = core.ring.data() + size_t(now % core.delivery.slots) * core.delivery.stride;
  for (uint32_t first = 0; first < slice.record->count; first += blockNeurons) {
    const uint32_t count = std::min(blockNeurons, slice.record->count - first);
    runBlock(core, slice, thread, first, count, slot);
    const uint32_t before = emission.count;
    takeSpikes(slice, first, count, emission);
    if constexpr (!Timed)
      continue;
    static const MergeBits mergeBits = selectMergeBits(); // one that fires is active
    emission.somaUpdates += mergeBits(thread.activity.data(), slice.spikes.data() + first / 32, (count + 31) / 32);
    if (!core.sends)
      continue;
    core.sends->startBlock(thread.activity.data(), count);
    for (uint32_t s = before; s < emission.count; ++s) {
      const uint32_t neuron = emission.neurons[s] - slice.record->neuronBase;
      core.sends->spike(neuron - first, slice.firstNeuron + neuron, engine.outPtr.data());
    }
    core.sends->endBlock();
  }
}

/// Delivers to a core, updates its neurons and lists those that fire.
template <bool Timed> void EngineMachine::updateCore(uint32_t index, ThreadState &thread, Emission &emission) {
  CoreState &core = engine.cores[index];
  deliver(core, thread);
  deliverSameStep(core, thread);
  multiply(core, thread);
  emission.core = index;
  emission.count = 0;
  emission.somaUpdates = 0;
  if (engine.forecast)
    engine.forecast->sums(
        index, {core.ring.data() + size_t(now % core.delivery.slots) * core.delivery.stride, core.record->accumulatorCount});
  if (core.learning) {
    core.learning->rewire(now);
    // The update clears the sums.
    core.learning->noteThird(now, core.ring.data() + size_t(now % core.delivery.slots) * core.delivery.stride);
  }
  for (size_t s = 0; s < core.slices.size(); ++s) {
    updateSlice<Timed>(core, core.slices[s], thread, emission);
    emission.ends[s] = emission.count;
  }
  if (core.learning)
    core.learning->notePost(now, {emission.neurons.data(), emission.count});
}

/// Reads a word for nothing but its line. A prefetch may be dropped where the page is not known to the processor's tables either,
/// which is the rule for what a spike leads to.
inline void fetch(const uint32_t &word) { asm volatile("" ::"r"(word)); }

/// Starts the second miss of a spike: its messages and what they cost.
template <bool Timed> void EngineMachine::fetchMessages(uint64_t neuron) const {
  const uint64_t first = engine.outPtr[neuron], last = engine.outPtr[neuron + 1];
  if (first == last)
    return;
  fetch(engine.outAxons[first].axon);
  fetch(engine.outAxons[last - 1].axon); // they often lie on two lines
  if constexpr (Timed)
    fetch(engine.accounts[first + neuron]);
}

template <bool Timed> void EngineMachine::fetchFirst(const Emission &emission) const {
  const uint64_t base = engine.cores[emission.core].record->firstNeuron;
  for (uint32_t s = 0; s < std::min(emission.count, spikesAhead); ++s)
    fetchMessages<Timed>(base + emission.neurons[s]);
}

/// Emits what a core's neurons send, and settles what that costs.
template <bool Shared, bool Timed> void EngineMachine::emitCore(const Emission &emission, ThreadState &thread) {
  CoreState &core = engine.cores[emission.core];
  const uint64_t base = core.record->firstNeuron;
  uint32_t s = 0;
  for (size_t slice = 0; slice < core.slices.size(); ++slice)
    for (; s < emission.ends[slice]; ++s) {
      if (s + spikesAhead < emission.count)
        fetchMessages<Timed>(base + emission.neurons[s + spikesAhead]);
      emit<Shared, Timed>(core, core.slices[slice], thread, emission.neurons[s] - core.slices[slice].record->neuronBase);
    }
  thread.counts.spikes += emission.count;
  if constexpr (Timed) {
    const std::span<const uint32_t> fired(emission.neurons.data(), emission.count);
    if (engine.rankCycles)
      engine.rankCycles->spikes(emission.core, fired);
    else if (engine.cycles)
      engine.cycles->spikes(emission.core, fired);
    settleCore(emission, thread);
  }
}

template <bool Shared, bool Timed> void EngineMachine::runLevels(ThreadState &thread) {
  for (uint32_t level = 0; level < engine.levels; ++level) {
    if (Shared && level)
      barrier->arriveAndWait();
    if (level && engine.ranks && engine.ranks->meetsAfter(level - 1)) {
      if (&thread == engine.threads.data()) {
        const uint32_t before = complete;
        engine.ranks->close(now, engine.graded);
        meetRanks();
        complete = before; // the step goes on
      }
      if (Shared)
        barrier->arriveAndWait();
    }
    // Cores of a level do not hear each other within a step: what one emits can wait until the next one is updated.
    Emission *ready = nullptr, *next = &thread.emissions[0];
    for (const uint32_t c : thread.coresByLevel[level]) {
      updateCore<Timed>(c, thread, *next);
      if (ready)
        emitCore<Shared, Timed>(*ready, thread);
      fetchFirst<Timed>(*next);
      ready = next;
      next = &thread.emissions[next == &thread.emissions[0]];
    }
    if (ready)
      emitCore<Shared, Timed>(*ready, thread);
  }
}

void EngineMachine::runLevels(ThreadState &thread) {
  if (threads() > 1)
    engine.timed ? runLevels<true, true>(thread) : runLevels<true, false>(thread);
  else
    engine.timed ? runLevels<false, true>(thread) : runLevels<false, false>(thread);
}

void EngineMachine::workerLoop(unsigned thread) {
  for (;;) {
    barrier->arriveAndWait();
    if (stopping)
      return;
    runLevels(engine.threads[thread]);
    barrier->arriveAndWait();
  }
}

void EngineMachine::step(std::span<const InputSpike> inputs) {
  ++now;
  for (ThreadState &thread : engine.threads) {
    thread.counts = {};
    thread.processing.fill({});
    thread.linkLoad.fill(0);
  }
  for (InputState &input : engine.inputs) {
    input.spikes.fill(0);
    input.plain.fill(0);
    runSource(input);
  }
  takeExternal(inputs);
  if (engine.detailed)
    engine.detailed->begin();
  if (engine.cycles)
    engine.cycles->begin();
  if (engine.realTime)
    engine.realTime->begin();
  for (InputState &input : engine.inputs)
    emitInputs(input);
  if (barrier)
    barrier->arriveAndWait();
  runLevels(engine.threads.front());
  if (barrier)
    barrier->arriveAndWait();
  taken = complete;
  if (!engine.ranks) {
    complete = now;
  } else {
    engine.ranks->close(now, engine.graded);
    if (now - complete >= engine.ranks->batch())
      meetRanks();
  }
  settleStep();
}

Result<std::unique_ptr<Machine>> Machine::create(std::shared_ptr<const image::Image> image, const MachineOptions &options) {
  try {
    auto machine = std::make_unique<EngineMachine>(std::move(image), options);
    RANVIER_CHECK(machine->start());
    return std::unique_ptr<Machine>(std::move(machine));
  } catch (const std::bad_alloc &) {
    return Error{.code = 7003,
                 .message = "not enough memory to load the image",
                 .hint = "use fewer threads or a smaller network",
                 .kind = ErrorKind::System};
  } catch (const std::system_error &failure) {
    return noThread(failure);
  }
}

} // namespace ranvier::emu
