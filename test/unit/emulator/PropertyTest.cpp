//===- PropertyTest.cpp - Random networks, two ways -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random networks are run by the engine (one and several threads, interpreter and JIT, mapped and unmapped) and by the naive
// reference; all must agree in every spike, payload and state word.
//===----------------------------------------------------------------------===//
#include "RandomNet.h"
#include "ranvier/Emulator/Checkpoint.h"
#include <cstring>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::InputSpike;

namespace {

/// Words, with all NaNs alike: which NaN an addition gives is not part of any contract.
void checkStates(const Net &net, const Reference &reference, const emu::Machine &m) {
  for (uint32_t p = 0; p < net.populations.size(); ++p)
    if (net.populations[p].program >= 0)
      for (uint32_t s = 0; s < 2; ++s) {
        std::vector<int32_t> words(net.populations[p].count);
        m.readState(p, s, words);
        CHECK(words == reference.state(p, s));
      }
}

void checkStatesEqual(const Net &net, const emu::Machine &a, const emu::Machine &b) {
  for (uint32_t p = 0; p < net.populations.size(); ++p)
    if (net.populations[p].program >= 0)
      for (uint32_t s = 0; s < 2; ++s) {
        std::vector<int32_t> one(net.populations[p].count), other(one.size());
        a.readState(p, s, one);
        b.readState(p, s, other);
        CHECK(one == other);
      }
}

void compare(uint32_t seed, isa::Profile profile, bool graded, bool sameStep) {
  CAPTURE(seed);
  Generator generator(seed);
  const Net net = generator.net(profile, graded, sameStep);
  Reference reference(net);
  const auto image = build(net);
  std::vector<std::unique_ptr<emu::Machine>> machines;
  for (const unsigned threads : {1u, 2u, 4u})
    machines.push_back(machine(image, interp(threads, threads == 2 ? emu::Timing::Off : emu::Timing::Fast)));
  for (const unsigned threads : {1u, 3u}) { // Integer images ignore it.
    auto options = interp(threads, emu::Timing::Fast);
    options.segments = true;
    machines.push_back(machine(image, options));
  }
#if RANVIER_HAVE_JIT
  auto jit = interp(2, emu::Timing::Fast);
  jit.executor = emu::Executor::Jit;
  machines.push_back(machine(image, jit));
#endif
  std::vector<emu::Machine *> detailed;
  if (net.chip.topology != hw::Topology::None)
    for (const unsigned threads : {1u, 3u}) {
      machines.push_back(machine(image, interp(threads, emu::Timing::Detailed)));
      detailed.push_back(machines.back().get());
    }
  uint64_t total = 0;
  for (uint32_t t = 1; t <= 30; ++t) {
    const auto inputs = generator.inputs(net, t);
    const StepSpikes expected = reference.step(inputs);
    for (auto &m : machines) {
      m->step(inputs);
      const StepSpikes found = spikesOf(*m);
      REQUIRE(found == expected);
    }
    for (const auto &spikes : expected.neurons)
      total += spikes.size();
    const emu::StepCounts &a = machines[0]->counts(), &b = machines[2]->counts();
    CHECK(std::tie(a.somaAccesses, a.somaUpdates, a.spikes, a.synapticEvents, a.messages, a.inputMessages, a.hopsWithinTile,
                   a.hopsEastWest, a.hopsNorthSouth, a.chipHops, a.picoseconds) ==
          std::tie(b.somaAccesses, b.somaUpdates, b.spikes, b.synapticEvents, b.messages, b.inputMessages, b.hopsWithinTile,
                   b.hopsEastWest, b.hopsNorthSouth, b.chipHops, b.picoseconds));
    CHECK(machines[1]->counts().spikes == a.spikes);
    CHECK(machines[3]->counts().synapticEvents == a.synapticEvents);
    CHECK(machines[4]->counts().arrivals == a.arrivals);
    for (emu::Machine *m : detailed) { // the same counts; never faster than without contention; the same for any number of threads
      CHECK(m->counts().synapticEvents == a.synapticEvents);
      CHECK(m->counts().messages == a.messages);
      CHECK(m->counts().picoseconds >= a.picoseconds);
      CHECK(m->counts().picoseconds == detailed[0]->counts().picoseconds);
      for (size_t c = 0; c < image->cores.size(); ++c) {
        const emu::CoreTimes &times = m->coreTimes()[c], &fast = machines[0]->coreTimes()[c];
        CHECK(std::tie(times.soma, times.axonOut, times.axonIn, times.synapse) ==
              std::tie(fast.soma, fast.axonOut, fast.axonIn, fast.synapse));
        CHECK(std::max(times.soma + times.axonOut + times.stalled, times.axonIn + times.synapse) + times.idle <=
              m->counts().picoseconds);
        CHECK(times.soma + times.axonOut + times.stalled + times.axonIn + times.synapse + times.idle >= m->counts().picoseconds);
      }
    }
  }
  for (auto &m : machines)
    checkStates(net, reference, *m);
  CHECK(total > 0);
}

} // namespace

TEST_CASE("random integer networks agree with the naive simulation") {
  for (uint32_t seed = 1; seed <= 25; ++seed)
    compare(seed, isa::Profile::Int, false, false);
}
TEST_CASE("random integer networks with graded spikes agree with the naive simulation") {
  for (uint32_t seed = 101; seed <= 115; ++seed)
    compare(seed, isa::Profile::Int, true, false);
}
TEST_CASE("random float networks with edges of delay 0 agree with the naive simulation bit for bit") {
  for (uint32_t seed = 201; seed <= 225; ++seed)
    compare(seed, isa::Profile::F32, seed % 2, true);
}
TEST_CASE("random integer networks with edges of delay 0 agree with the naive simulation") {
  for (uint32_t seed = 301; seed <= 310; ++seed)
    compare(seed, isa::Profile::Int, seed % 2, true);
}

TEST_CASE("reset gives the same run again") {
  for (const auto profile : {isa::Profile::Int, isa::Profile::F32}) {
    Generator generator(77);
    const Net net = generator.net(profile, true, profile == isa::Profile::F32);
    std::vector<std::vector<InputSpike>> inputs;
    for (uint32_t t = 1; t <= 25; ++t)
      inputs.push_back(generator.inputs(net, t));
    for (const unsigned threads : {1u, 4u}) {
      auto m = machine(build(net), interp(threads, emu::Timing::Fast));
      std::vector<StepSpikes> first;
      std::vector<int64_t> times;
      for (unsigned pass = 0; pass < 3; ++pass) {
        for (uint32_t t = 1; t <= (pass == 1 ? 13u : 25u); ++t) { // the second pass stops in the middle, with spikes under way
          m->step(inputs[t - 1]);
          const StepSpikes found = spikesOf(*m);
          if (pass == 0) {
            first.push_back(found);
            times.push_back(m->counts().picoseconds);
          } else {
            CHECK(found == first[t - 1]);
            CHECK(m->counts().picoseconds == times[t - 1]);
          }
        }
        m->reset();
        CHECK(m->currentStep() == 0);
        CHECK(m->spikes(0).empty());
      }
    }
  }
}

namespace {
bool operator==(const emu::StepCounts &a, const emu::StepCounts &b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Machines of every kind hand a run on to each other, by way of their state; it goes as if nothing had happened, and what each
/// saves is the same.
void relayRace(uint32_t seed, isa::Profile profile, bool graded, bool sameStep) {
  CAPTURE(seed);
  Generator generator(seed);
  const Net net = generator.net(profile, graded, sameStep);
  const auto image = build(net);
  auto alone = machine(image, interp(1, emu::Timing::Fast));
  std::vector<std::unique_ptr<emu::Machine>> machines;
  for (const unsigned threads : {1u, 2u, 4u})
    machines.push_back(machine(image, interp(threads, emu::Timing::Fast)));
#if RANVIER_HAVE_JIT
  auto jit = interp(2, emu::Timing::Fast);
  jit.executor = emu::Executor::Jit;
  machines.push_back(machine(image, jit));
#endif
  uint64_t total = 0, pending = 0, messages = 0;
  emu::MachineState state, expected;
  size_t runner = 0;
  for (uint32_t t = 1; t <= 40; ++t) {
    const auto inputs = generator.inputs(net, t);
    alone->step(inputs);
    machines[runner]->step(inputs);
    REQUIRE(spikesOf(*machines[runner]) == spikesOf(*alone));
    CHECK(machines[runner]->counts() == alone->counts());
    total += alone->counts().spikes;
    if (generator.below(3) == 0) {
      machines[runner]->save(state);
      alone->save(expected);
      CHECK(state == expected);
      CHECK(state.step == t);
      pending += state.inputs.size();
      messages += state.messages.size();
      runner = generator.below(static_cast<uint32_t>(machines.size())); // Possibly itself; others hold an older state.
      auto restored = machines[runner]->restore(state);
      REQUIRE_MESSAGE(restored, restored.error().str());
      CHECK(machines[runner]->currentStep() == t);
      machines[runner]->save(expected);
      CHECK(state == expected);
    }
  }
  checkStatesEqual(net, *machines[runner], *alone);
  CHECK(total > 0);
  CHECK(pending > 0);
  CHECK(messages > 0);
}
} // namespace

TEST_CASE("a run handed on between machines of every kind goes on as it would have") {
  for (uint32_t seed = 401; seed <= 410; ++seed) {
    relayRace(seed, isa::Profile::Int, seed % 2, false);
    relayRace(seed, isa::Profile::Int, seed % 2, true);
    relayRace(seed, isa::Profile::F32, seed % 2, true);
  }
}

TEST_CASE("a machine goes on from the saved state of another, whichever way either keeps its synapses") {
  for (uint32_t seed = 401; seed <= 412; ++seed) {
    CAPTURE(seed);
    const auto profile = seed % 3 ? isa::Profile::F32 : isa::Profile::Int;
    Generator generator(seed);
    const Net net = generator.net(profile, seed % 2, profile == isa::Profile::F32);
    const auto image = build(net);
    auto rows = interp(1, emu::Timing::Fast), segments = interp(2, emu::Timing::Fast);
    segments.segments = true;
    std::vector<std::vector<InputSpike>> inputs;
    for (uint32_t t = 1; t <= 30; ++t)
      inputs.push_back(generator.inputs(net, t));
    std::vector<StepSpikes> expected;
    auto whole = machine(image, rows);
    for (const auto &step : inputs) {
      whole->step(step);
      expected.push_back(spikesOf(*whole));
    }
    for (const auto &[first, second] : {std::pair(rows, segments), std::pair(segments, rows), std::pair(segments, segments)}) {
      emu::MachineState state;
      auto before = machine(image, first);
      uint32_t t = 0;
      for (; t < 11; ++t)
        before->step(inputs[t]);
      before->save(state);
      auto after = machine(image, second);
      after->step(inputs[0]); // What it held is gone.
      REQUIRE(after->restore(state));
      for (; t < 13; ++t)
        after->step(inputs[t]);
      after->save(state); // While sums of the first machine are still to come.
      REQUIRE(before->restore(state));
      for (; t < 30; ++t) {
        before->step(inputs[t]);
        REQUIRE(spikesOf(*before) == expected[t]);
      }
    }
  }
}
