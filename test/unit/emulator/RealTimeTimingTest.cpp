//===- RealTimeTimingTest.cpp - Spikes that are late or lost --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Networks on `spinnaker1` with numbers that are easy to add up: what the machine loses does not arrive, what is late arrives
// later, and without losses spikes are those of timing off. docs/spec/real-time.md has the rules.
//===----------------------------------------------------------------------===//
#include "TestNet.h"
#include "support/ShippedChip.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::InputSpike;
using emu::Timing;

namespace {

constexpr int64_t microsecond = 1000000;

hw::Chip spinnaker() { return test::shippedChip("spinnaker1"); }
void setTime(hw::Chip &chip, const char *event, int64_t picoseconds) { chip.costs[0].events[event].picoseconds = picoseconds; }

/// `inputs` one to one onto as many neurons that fire in each step in which anything arrives, with delay 1.
Net oneToOne(hw::Chip chip, uint32_t inputs) {
  Net net;
  net.chip = std::move(chip);
  net.kind = image::SynapseKind::Wide64;
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "in", .count = inputs}, {.name = "n", .count = inputs, .program = 0}};
  net.projections = {{"in", 0, 1}};
  for (uint32_t n = 0; n < inputs; ++n)
    net.synapses.push_back({0, n, n, 1, 1});
  return net;
}
std::vector<InputSpike> allOf(uint32_t inputs, uint32_t step = 1) {
  std::vector<InputSpike> spikes;
  for (uint32_t n = 0; n < inputs; ++n)
    spikes.push_back({step, 0, n, 1});
  return spikes;
}
std::vector<uint32_t> range(uint32_t from, uint32_t to) {
  std::vector<uint32_t> all;
  for (; from < to; ++from)
    all.push_back(from);
  return all;
}
std::vector<uint32_t> fired(emu::Machine &m, const std::vector<InputSpike> &inputs = {}) {
  m.step(inputs);
  const auto spikes = m.spikes(1);
  return {spikes.begin(), spikes.end()};
}

/// Populations on several tiles, all synapses at random; inputs and neurons that go on by themselves.
Net randomNet(hw::Chip chip, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<uint32_t>(random() % n); };
  Net net;
  net.chip = std::move(chip);
  net.kind = image::SynapseKind::Wide64;
  net.programs = {integrateAndFire()};
  net.cores = {{0, 0, 0}, {0, 3, 0}, {0, 17, 0}, {0, 17 * 12 + 1, 0}, {0, 17 * 143, 0}};
  net.populations = {{.name = "in", .count = 20}};
  for (uint32_t p = 1; p <= 3; ++p)
    net.populations.push_back({.name = "p" + std::to_string(p),
                               .count = 50,
                               .program = 0,
                               .params = {{"bias", {static_cast<int32_t>(below(3))}}, {"vth", {20}}},
                               .split = p == 1   ? std::vector<std::pair<uint32_t, uint32_t>>{{0, 25}, {3, 25}}
                                        : p == 2 ? std::vector<std::pair<uint32_t, uint32_t>>{{1, 10}, {2, 40}}
                                                 : std::vector<std::pair<uint32_t, uint32_t>>{{4, 50}}});
  for (uint32_t s = 0; s < 4; ++s)
    for (uint32_t t = 1; t < 4; ++t) {
      const uint32_t number = static_cast<uint32_t>(net.projections.size());
      net.projections.push_back({"e" + std::to_string(number), s, t});
      for (uint32_t k = 0; k < 150; ++k)
        net.synapses.push_back(
            {number, below(net.populations[s].count), below(50), 1 + below(below(4) ? 5 : 40), static_cast<int32_t>(1 + below(9))});
    }
  return net;
}
std::vector<StepSpikes> spikesOfRun(const Net &net, const emu::MachineOptions &options, emu::RealTimeCounts *counts = nullptr) {
  auto m = machine(build(net), options);
  std::mt19937_64 random(7);
  std::vector<StepSpikes> out;
  for (uint32_t step = 1; step <= 40; ++step) {
    std::vector<InputSpike> inputs;
    for (uint32_t n = 0; n < 20; ++n)
      if (random() % 4 == 0)
        inputs.push_back({step, 0, n, 1});
    m->step(inputs);
    out.push_back(spikesOf(*m));
  }
  if (counts)
    *counts = m->realTime();
  return out;
}
emu::MachineOptions detailed(bool lossless = false, unsigned threads = 1) {
  auto options = interp(threads, Timing::Detailed);
  options.lossless = lossless;
  return options;
}

} // namespace

TEST_CASE("real time: a packet that finds the queue full does not arrive") {
  // Packets of 10 inputs come 0.3 us apart, the core updates its 10 neurons for 8.75 us and its queue holds 4.
  hw::Chip chip = spinnaker();
  chip.memories->spikeBuffer = 4;
  const Net net = oneToOne(chip, 10);
  auto m = machine(build(net), detailed());
  CHECK(fired(*m, allOf(10)).empty());
  CHECK(fired(*m) == range(0, 4));
  CHECK(fired(*m).empty());
  const emu::RealTimeCounts counts = m->realTime();
  CHECK(counts.stepPicoseconds == 1000 * microsecond);
  CHECK(counts.timeScale == 1);
  CHECK(!counts.predicted);
  const emu::CoreProvenance core = counts.total();
  CHECK(core.received == 10);
  CHECK(core.lost == 6);
  CHECK(core.mostWaiting == 4);
  CHECK(core.processed == 4);
  CHECK(core.reads == 0); // rows of one synapse lie in the core's own memory
  CHECK(core.late == 0);
  CHECK(counts.routers.local == 10);
  CHECK(counts.routers.external == 0);
  CHECK(m->counts().picoseconds == 1000 * microsecond);
  m->reset();
  CHECK(m->realTime().total() == emu::CoreProvenance());
  // Lossless, nothing is lost.
  m = machine(build(net), detailed(true));
  fired(*m, allOf(10));
  CHECK(fired(*m) == range(0, 10));
  CHECK(m->realTime().total().lost == 0);
  CHECK(m->realTime().total().mostWaiting > 4);
  // What timing fast foretells: ten packets for four places.
  m = machine(build(net), interp(1, Timing::Fast));
  fired(*m, allOf(10));
  CHECK(fired(*m) == range(0, 10));
  CHECK(m->realTime().predicted);
  CHECK(m->realTime().total().lost == 6);
  CHECK(m->realTime().total().mostWaiting == 4);
  CHECK(m->realTime().total().late == 0);
}

TEST_CASE("real time: a row that is late acts late") {
  // A row takes 400 us, so three of five begin in the step of a millisecond, after an update of some 10 us. The look-up of the
  // fourth was made before the third, the fifth is in the queue.
  hw::Chip chip = spinnaker();
  setTime(chip, "synapse_event", 400 * microsecond);
  const Net net = oneToOne(chip, 5);
  auto m = machine(build(net), detailed());
  fired(*m, allOf(5));
  CHECK(fired(*m) == range(0, 3));
  CHECK(fired(*m) == range(3, 5));
  CHECK(fired(*m).empty());
  CHECK(m->realTime().total().late == 1);
  CHECK(m->realTime().total().lost == 0);
  CHECK(m->realTime().total().mostProcessed == 4);
  // On a clock of a third of the speed all is done in time.
  auto options = detailed();
  options.timeScale = 3;
  m = machine(build(net), options);
  fired(*m, allOf(5));
  CHECK(fired(*m) == range(0, 5));
  CHECK(m->realTime().total().late == 0);
  CHECK(m->counts().picoseconds == 3000 * microsecond);
  // A machine that forgets what is late.
  chip.realTime->dropLate = true;
  m = machine(build(oneToOne(chip, 5)), detailed());
  fired(*m, allOf(5));
  CHECK(fired(*m) == range(0, 3));
  CHECK(fired(*m) == range(3, 4));
  CHECK(m->realTime().total().droppedLate == 1);
  // Foretold: 5 updates of 0.875 us and 5 interrupts of 0.3 us leave 994.125 us for rows of 401.625 us: two are done in time.
  m = machine(build(net), interp(1, Timing::Fast));
  fired(*m, allOf(5));
  CHECK(fired(*m) == range(0, 5));
  CHECK(m->realTime().total().late == 3);
  // Lossless, the step is as long as it takes: 10 packets in at 0.3 us, 1.5 us of interrupts beside 4.375 us of updates, a look-up
  // of 0.5 us before each row of 401.125 us: the row's own part of axon_in and its synapse.
  m = machine(build(net), detailed(true));
  fired(*m, allOf(5));
  CHECK(m->counts().picoseconds == 1500000 + 4375000 + 5 * (500000 + 401125000));
  CHECK(fired(*m) == range(0, 5));
  CHECK(m->counts().picoseconds == 1000 * microsecond);
}

TEST_CASE("real time: additions that would leave a ring buffer are counted") {
  // 40,000 three times at one neuron: the second and the third addition saturate; all that is seen in the sum is that it did.
  Net net = oneToOne(spinnaker(), 3);
  for (Synapse &synapse : net.synapses)
    synapse.target = 0, synapse.weight = 40000;
  auto m = machine(build(net), detailed());
  fired(*m, allOf(3));
  CHECK(fired(*m) == range(0, 1));
  CHECK(m->realTime().total().saturated == 2);
  m = machine(build(net), interp(1, Timing::Fast));
  fired(*m, allOf(3));
  fired(*m);
  CHECK(m->realTime().total().saturated == 1);
}

TEST_CASE("real time: updates that are longer than a step") {
  hw::Chip chip = spinnaker();
  setTime(chip, "soma_access", 500 * microsecond); // 5 neurons: 2.5 steps
  const Net net = oneToOne(chip, 5);
  auto m = machine(build(net), detailed());
  for (int step = 0; step < 5; ++step)
    fired(*m);
  CHECK(m->realTime().total().overruns == 4);
  CHECK(m->realTime().total().mostTicksWaiting == 3);
  m = machine(build(net), interp(1, Timing::Fast));
  for (int step = 0; step < 5; ++step)
    fired(*m);
  CHECK(m->realTime().total().overruns == 5);
  CHECK(m->realTime().total().mostTicksWaiting == 2);
}

TEST_CASE("real time: links with more to carry than a step has time for") {
  // A core's 5 neurons fire in one step to a core of the tile to the east, over a link that takes 400 us a packet and holds one
  // more at its end: routers give up what waits 3.6 us, and the monitor sends it again every 10 us. Foretold: two a step, three too
  // many.
  hw::Chip chip = spinnaker();
  setTime(chip, "hop_east_west", 400 * microsecond);
  Net net = oneToOne(chip, 5);
  net.cores = {{0, 0, 0}, {0, 17 * 12, 0}};
  net.populations.push_back({.name = "far", .count = 5, .program = 0, .split = {{1, 5}}});
  net.projections.push_back({"out", 1, 2});
  for (uint32_t n = 0; n < 5; ++n)
    net.synapses.push_back({1, n, n, 1, 1});
  const auto far = [](emu::Machine &m, const std::vector<InputSpike> &inputs) {
    m.step(inputs);
    return m.spikes(2).size();
  };
  auto m = machine(build(net), detailed());
  CHECK(far(*m, allOf(5)) == 0);
  CHECK(far(*m, {}) == 0);
  CHECK(far(*m, {}) == 2); // at 400 and 800 us
  CHECK(far(*m, {}) == 2); // at 1,200 and 1,600 us
  CHECK(far(*m, {}) == 1); // at more than 2,000 us: the first went after an update, and some had to wait for a look of the monitor
  const emu::RouterProvenance routers = m->realTime().routers;
  CHECK(routers.dropped > 10);
  CHECK(routers.again == routers.dropped);
  CHECK(routers.lost == 0);
  CHECK(m->linkTimes().size() == 1);
  chip.realTime->reinjection = false;
  net.chip = chip;
  m = machine(build(net), detailed());
  far(*m, allOf(5));
  far(*m, {});
  CHECK(far(*m, {}) == 1);
  CHECK(far(*m, {}) == 0);
  CHECK(m->realTime().routers.lost == 4);
  CHECK(m->realTime().routers.dropped == 4);
  m = machine(build(net), interp(1, Timing::Fast));
  far(*m, allOf(5));
  far(*m, {});
  CHECK(m->realTime().routers.dropped == 3);
}

TEST_CASE("real time: without losses spikes are those of timing off, with them the same for any number of threads") {
  uint64_t changed = 0, lost = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    const Net net = randomNet(spinnaker(), seed);
    const auto expected = spikesOfRun(net, interp());
    CHECK(spikesOfRun(net, interp(1, Timing::Fast)) == expected);
    emu::RealTimeCounts counts;
    CHECK(spikesOfRun(net, detailed(false), &counts) == expected); // the machine keeps up
    CHECK(counts.total().lost + counts.total().late + counts.routers.lost == 0);
    CHECK(counts.total().received > 1000);
    CHECK(counts.routers.external > 100);
    Net slow = net;
    setTime(slow.chip, "synapse_event", 12 * microsecond);
    slow.chip.memories->spikeBuffer = 12;
    CHECK(spikesOfRun(slow, detailed(true), &counts) == expected);
    CHECK(counts.total().lost + counts.total().late + counts.routers.lost == 0);
    const auto lossy = spikesOfRun(slow, detailed(false), &counts);
    auto threads = detailed(false, 3);
    threads.workPerThread = 0;
    emu::RealTimeCounts again;
    CHECK(spikesOfRun(slow, threads, &again) == lossy);
    CHECK((again.cores == counts.cores));
    CHECK((again.routers == counts.routers));
    changed += lossy != expected;
    lost += counts.total().lost + counts.total().late;
  }
  CHECK(changed == 6);
  CHECK(lost > 100);
}

TEST_CASE("real time: what it is refused for") {
  const auto code = [](const Net &net, const emu::MachineOptions &options) {
    const auto made = emu::Machine::create(build(net), options);
    return made ? 0u : made.error().code;
  };
  CHECK(code(oneToOne(spinnaker(), 2), detailed()) == 0);
  CHECK(codeOfTwoRanks(build(oneToOne(spinnaker(), 2)), detailed()) == 7016);
  CHECK(codeOfTwoRanks(build(oneToOne(spinnaker(), 2)), interp(1, Timing::Fast)) == 0);
  hw::Chip without = spinnaker();
  without.realTime.reset();
  CHECK(code(oneToOne(without, 2), detailed()) == 7006);
  CHECK(code(oneToOne(without, 2), detailed(true)) == 7042);
  auto scaled = interp(1, Timing::Fast);
  scaled.timeScale = 2;
  CHECK(code(oneToOne(without, 2), scaled) == 7042);
  scaled.timeScale = 2000000;
  CHECK(code(oneToOne(spinnaker(), 2), scaled) == 7043);
}
