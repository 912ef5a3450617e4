//===- PropertyTest.cpp - Random networks, two ways -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random networks are run by the engine (one and several threads, interpreter and JIT, mapped and unmapped) and by the naive
// reference; all must agree in every spike, payload and state word.
//===----------------------------------------------------------------------===//
#include "TestNet.h"
#include "ranvier/Emulator/Checkpoint.h"
#include <cstring>
#include <doctest/doctest.h>
#include <random>
#include <set>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::InputSpike;

namespace {

/// A program that mixes state, input, parameter and random numbers and fires now and then; graded ones send their state.
isa::Program noisy(isa::Profile profile, bool graded) {
  const std::string spike = graded ? "spkp r4, r3" : "spk r4";
  if (profile == isa::Profile::Int)
    return program(profile, {"u", "v"}, {"bias", "vth"}, {"exc", "inh"},
                   {"ld.state r0, u",
                    "ld.state r1, v",
                    "ld.input r2, exc",
                    "add r0, r0, r2",
                    "ld.input r2, inh",
                    "sub r0, r0, r2",
                    "li r5, 3",
                    "mulsh r0, r0, r5, 2, tz",
                    "add r3, r1, r0",
                    "ld.param r5, bias",
                    "add r3, r3, r5",
                    "rng r5, 0",
                    "shr r5, r5, 28, floor",
                    "add r3, r3, r5",
                    "ld.param r5, vth",
                    "lt r4, r5, r3",
                    "li r6, 0",
                    "sel r1, r6, r3, r4",
                    "st.state r0, u",
                    "st.state r1, v",
                    spike});
  return program(profile, {"u", "v"}, {"bias", "vth"}, {"exc", "inh"},
                 {"ld.state r0, u",  "ld.state r1, v",     "ld.input r2, exc", "fadd r0, r0, r2",  "ld.input r2, inh",
                  "fsub r0, r0, r2", "li r5, 0x3f400000",  "fmul r0, r0, r5",  "fadd r3, r1, r0",  "ld.param r5, bias",
                  "fadd r3, r3, r5", "frng r5, 0",         "fadd r3, r3, r5",  "ld.param r5, vth", "flt r4, r5, r3",
                  "li r6, 0",        "sel r1, r6, r3, r4", "st.state r0, u",   "st.state r1, v",   spike});
}

struct Generator {
  std::mt19937 random;
  explicit Generator(uint32_t seed) : random(seed) {}
  uint32_t below(uint32_t n) { return random() % n; }

  Net net(isa::Profile profile, bool graded, bool sameStep) {
    const bool f32 = profile == isa::Profile::F32;
    Net net;
    net.profile = profile;
    net.kind = f32 || below(2) ? image::SynapseKind::Wide64 : image::SynapseKind::Packed32;
    net.chip.gradedSpikes = graded;
    net.chip.topology = below(2) ? hw::Topology::Mesh : hw::Topology::Torus;
    net.chip.tilesX = 3;
    net.chip.tilesY = 2;
    net.chip.coresPerTile = 2;
    net.chip.maxChips = 4;
    net.chip.chipsX = net.chip.chipsY = 2;
    net.chip.multicastTrees = below(2);
    net.chip.linkBuffer = 2 + below(6);
    hw::CostProfile &costs = net.chip.costs.emplace_back();
    costs.name = "drawn";
    for (const std::string &event : hw::costEvents)
      costs.events[event].picoseconds = below(event.starts_with("hop") ? 20000 : 3000);
    net.programs = {noisy(profile, false), noisy(profile, graded)};
    // Two inputs and four populations; those of one level share the level's cores.
    net.cores.clear();
    for (uint32_t c = 0; c < 6; ++c)
      net.cores.push_back({c / 3, c, sameStep ? c / 2 : 0});
    for (uint32_t p = 0; p < 6; ++p) {
      Population population{.name = "p" + std::to_string(p), .count = 1 + below(90)};
      population.seed = random();
      if (p != 1 && p != 4) {
        population.program = static_cast<int32_t>(below(2));
        population.params["bias"] = words(below(2) ? 1 : population.count, f32, 2);
        population.params["vth"] = words(below(2) ? 1 : population.count, f32, 40, 20);
        population.states["v"] = words(population.count, f32, 10);
        const uint32_t level = sameStep ? below(3) : 0, cores = sameStep ? 2 : 6, base = sameStep ? level * 2 : 0;
        const uint32_t cut = below(population.count + 1), one = base + below(cores);
        uint32_t two = base + below(cores);
        two = two == one ? base + (one - base + 1) % cores : two;
        population.split = cut == 0 || cut == population.count
                               ? std::vector<std::pair<uint32_t, uint32_t>>{{one, population.count}}
                               : std::vector<std::pair<uint32_t, uint32_t>>{{one, cut}, {two, population.count - cut}};
      }
      net.populations.push_back(population);
    }
    connect(net, f32, sameStep);
    return net;
  }

  std::vector<int32_t> words(uint32_t count, bool f32, uint32_t range, int32_t base = 0) {
    std::vector<int32_t> result;
    for (uint32_t n = 0; n < count; ++n) {
      const int32_t value = base + static_cast<int32_t>(below(range));
      result.push_back(f32 ? bits(0.1f * static_cast<float>(value)) : value);
    }
    return result;
  }

  void connect(Net &net, bool f32, bool sameStep) {
    const auto levelOf = [&](const Population &p) { return p.program < 0 ? -1 : int(net.cores[p.split[0].first].level); };
    for (uint32_t k = 0; k < 12; ++k) {
      Projection projection{"e" + std::to_string(k), below(6), below(6), below(2), 0};
      while (net.populations[projection.target].program < 0)
        projection.target = below(6);
      if (!f32)
        projection.exponent = static_cast<int32_t>(below(8)) - 4;
      const Population &source = net.populations[projection.source], &target = net.populations[projection.target];
      const bool forward = sameStep && levelOf(source) < levelOf(target);
      std::set<std::tuple<uint32_t, uint32_t, uint32_t>> used;
      for (uint32_t s = 0; s < source.count * 6; ++s) {
        Synapse synapse{k, below(source.count), below(target.count), 1 + below(k % 3 == 0 ? 1 : 9), 0};
        if (forward && below(2))
          synapse.delay = 0;
        if (!used.emplace(synapse.source, synapse.target, synapse.delay).second)
          continue;
        const int32_t weight = static_cast<int32_t>(below(120)) - 55;
        synapse.weight = f32 ? bits(0.013f * static_cast<float>(weight)) : weight;
        net.synapses.push_back(synapse);
      }
      net.projections.push_back(projection);
    }
  }

  std::vector<InputSpike> inputs(const Net &net, uint32_t step) {
    std::vector<InputSpike> result;
    const bool f32 = net.profile == isa::Profile::F32;
    for (const uint32_t p : {1u, 4u})
      for (uint32_t n = 0; n < net.populations[p].count; ++n)
        if (below(8) == 0) {
          const bool value = net.chip.gradedSpikes && below(3) == 0;
          result.push_back({step, p, n, f32 ? bits(value ? 0.7f : 1.0f) : value ? 3 : 1});
        }
    return result;
  }
};

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
