//===- MachineTest.cpp - Small networks with known results ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TestNet.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::InputSpike;

namespace {

/// Input population 0 of `inputs` neurons, relay population 1 of `neurons` whose state `seen` shows the input of the step.
Net relayNet(uint32_t inputs, uint32_t neurons, isa::Profile profile = isa::Profile::Int) {
  Net net;
  net.profile = profile;
  net.programs = {relay(profile, false)};
  net.populations = {{.name = "in", .count = inputs}, {.name = "out", .count = neurons, .program = 0}};
  net.projections = {{"p", 0, 1}};
  return net;
}

std::vector<int32_t> seen(const emu::Machine &machine, uint32_t population, uint32_t count) {
  std::vector<int32_t> words(count);
  machine.readState(population, 0, words);
  return words;
}

} // namespace

TEST_CASE("a neuron that integrates a constant bias fires when it exceeds its threshold") {
  Net net;
  net.programs = {integrateAndFire()};
  net.populations = {{.name = "n", .count = 1, .program = 0, .params = {{"bias", {3}}, {"vth", {10}}}}};
  auto m = machine(build(net), interp());
  std::vector<uint32_t> fired;
  std::vector<int32_t> v;
  for (uint32_t t = 1; t <= 12; ++t) {
    m->step({});
    CHECK(m->currentStep() == t);
    if (!m->spikes(0).empty())
      fired.push_back(t);
    v.push_back(seen(*m, 0, 1)[0]);
  }
  CHECK(fired == std::vector<uint32_t>{4, 8, 12}); // 3 6 9 12 > 10
  CHECK(v == std::vector<int32_t>{3, 6, 9, 0, 3, 6, 9, 0, 3, 6, 9, 0});
}

TEST_CASE("a delay is the number of steps from emission to effect") {
  for (const auto kind : {image::SynapseKind::Packed32, image::SynapseKind::Wide64}) {
    Net net = relayNet(1, 4);
    net.kind = kind;
    net.synapses = {{0, 0, 0, 1, 5}, {0, 0, 1, 2, -7}, {0, 0, 2, 7, 11}, {0, 0, 3, 63, 13}};
    auto m = machine(build(net), interp());
    std::vector<std::pair<uint32_t, uint32_t>> spikes;
    for (uint32_t t = 1; t <= 80; ++t) {
      const std::vector<InputSpike> in = {{t, 0, 0, 1}};
      m->step(t == 1 || t == 2 ? std::span<const InputSpike>(in) : std::span<const InputSpike>());
      for (const uint32_t n : m->spikes(1))
        spikes.emplace_back(t, n);
      if (t == 2)
        CHECK(seen(*m, 1, 4) == std::vector<int32_t>{5, 0, 0, 0});
      if (t == 3)
        CHECK(seen(*m, 1, 4) == std::vector<int32_t>{5, -7, 0, 0});
    }
    CHECK(spikes == std::vector<std::pair<uint32_t, uint32_t>>{{2, 0}, {3, 0}, {3, 1}, {4, 1}, {8, 2}, {9, 2}, {64, 3}, {65, 3}});
  }
}

TEST_CASE("a wide synapse reaches further than a packed one and carries 32 bits") {
  Net net = relayNet(1, 1);
  net.kind = image::SynapseKind::Wide64;
  net.synapses = {{0, 0, 0, 1000, INT32_MIN}, {0, 0, 0, 1000, -1}};
  auto m = machine(build(net), interp());
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  for (uint32_t t = 2; t <= 1001; ++t)
    m->step({});
  CHECK(seen(*m, 1, 1)[0] == INT32_MAX); // the sum wraps
  m->step({});
  CHECK(seen(*m, 1, 1)[0] == 0);
}

TEST_CASE("a positive weight exponent shifts each weight, a negative one the sum") {
  Net net = relayNet(2, 1);
  net.synapses = {{0, 0, 0, 1, 3}, {0, 1, 0, 1, -8}};
  const std::vector<InputSpike> in = {{1, 0, 0, 1}, {1, 0, 1, 1}};
  // Sum -5; floor(-5/2) = -3 while floor(3/2) + floor(-8/2) = -3 as well, floor(-5/4) = -2 but 0 - 2 = -2: so use values that
  // differ too.
  const std::vector<std::pair<int, int32_t>> expected = {{0, -5},   {1, -10},  {6, -320},       {-1, -3}, {-2, -2}, {-3, -1},
                                                         {-31, -1}, {-40, -1}, {31, INT32_MIN}, {32, 0},  {40, 0}};
  for (const auto &[exponent, sum] : expected) {
    CAPTURE(exponent);
    net.projections[0].exponent = exponent;
    auto m = machine(build(net), interp());
    m->step(in);
    m->step({});
    CHECK(seen(*m, 1, 1)[0] == sum);
  }
  net.synapses = {{0, 0, 0, 1, 3}, {0, 1, 0, 1, 3}}; // 6 >> 1 = 3, but 1 + 1 = 2
  net.projections[0].exponent = -1;
  auto m = machine(build(net), interp());
  m->step(in);
  m->step({});
  CHECK(seen(*m, 1, 1)[0] == 3);
}

TEST_CASE("a shifted sum is formed per emission step: arrivals of other steps and projections stay out of it") {
  Net net = relayNet(2, 1);
  net.projections = {{"a", 0, 1, 0, -1}, {"b", 0, 1, 0, -1}};
  net.synapses = {{0, 0, 0, 1, 3}, {0, 1, 0, 2, 3}, {1, 0, 0, 1, 3}};
  auto m = machine(build(net), interp());
  const std::vector<InputSpike> first = {{1, 0, 1, 1}}, second = {{2, 0, 0, 1}};
  m->step(first);
  m->step(second);
  m->step({});
  CHECK(seen(*m, 1, 1)[0] == 3); // three groups of 3 >> 1
}

TEST_CASE("a recurrent pair passes one spike to and fro") {
  Net net;
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "a", .count = 1, .program = 0},
                     {.name = "b", .count = 1, .program = 0, .split = {{1, 1}}},
                     {.name = "start", .count = 1}};
  net.cores = {{0, 0, 0}, {0, 1, 0}};
  net.projections = {{"ab", 0, 1}, {"ba", 1, 0}, {"in", 2, 0}};
  net.synapses = {{0, 0, 0, 1, 1}, {1, 0, 0, 2, 1}, {2, 0, 0, 1, 1}};
  auto m = machine(build(net), interp());
  std::vector<uint32_t> a, b;
  for (uint32_t t = 1; t <= 10; ++t) {
    const std::vector<InputSpike> in = {{t, 2, 0, 1}};
    m->step(t == 1 ? std::span<const InputSpike>(in) : std::span<const InputSpike>());
    if (!m->spikes(0).empty())
      a.push_back(t);
    if (!m->spikes(1).empty())
      b.push_back(t);
  }
  CHECK(a == std::vector<uint32_t>{2, 5, 8});
  CHECK(b == std::vector<uint32_t>{3, 6, 9});
}

TEST_CASE("a graded spike multiplies the weight") {
  Net net;
  net.chip.gradedSpikes = true;
  net.programs = {relay(isa::Profile::Int, true), relay(isa::Profile::Int, false)};
  net.populations = {
      {.name = "in", .count = 2}, {.name = "mid", .count = 2, .program = 0}, {.name = "out", .count = 1, .program = 1}};
  net.projections = {{"a", 0, 1}, {"b", 1, 2, 0, 1}, {"c", 1, 2, 0, -2}};
  net.synapses = {{0, 0, 0, 1, 3}, {0, 1, 1, 1, -1}, {1, 0, 0, 1, 10}, {1, 1, 0, 1, 4}, {2, 0, 0, 2, 1}};
  auto m = machine(build(net), interp());
  const std::vector<InputSpike> in = {{1, 0, 0, 7}, {1, 0, 1, 1}, {1, 0, 1, 1}};
  m->step(in);
  CHECK(spikesOf(*m).neurons[0] == std::vector<uint32_t>{0, 1});
  CHECK(std::vector<int32_t>(m->payloads(0).begin(), m->payloads(0).end()) == std::vector<int32_t>{7, 1});
  m->step({});
  CHECK(std::vector<int32_t>(m->payloads(1).begin(), m->payloads(1).end()) == std::vector<int32_t>{21, -1});
  m->step({});
  CHECK(seen(*m, 2, 1)[0] == (21 * 10 - 4) * 2);
  m->step({});
  CHECK(seen(*m, 2, 1)[0] == 5); // 21 >> 2
  // Values of one neuron and step add up; plain spikes among them count once.
  const std::vector<InputSpike> several = {{5, 0, 0, 1}, {5, 0, 0, 5}, {5, 0, 0, 1}, {5, 0, 0, -2}};
  m->step(several);
  CHECK(m->payloads(0)[0] == 4);
}

TEST_CASE("a plain input spike is a flag") {
  Net net = relayNet(1, 1);
  net.synapses = {{0, 0, 0, 1, 9}};
  auto m = machine(build(net), interp());
  const std::vector<InputSpike> twice = {{1, 0, 0, 1}, {1, 0, 0, 1}};
  m->step(twice);
  m->step({});
  CHECK(seen(*m, 1, 1)[0] == 9);
}

TEST_CASE("edges of delay 0 act in the same step, level by level, beside later ones") {
  Net net;
  net.profile = isa::Profile::F32;
  net.kind = image::SynapseKind::Wide64;
  net.programs = {relay(isa::Profile::F32, false)};
  net.cores = {{0, 0, 0}, {0, 1, 1}, {0, 2, 2}};
  net.populations = {{.name = "in", .count = 1},
                     {.name = "a", .count = 1, .program = 0, .split = {{0, 1}}},
                     {.name = "b", .count = 1, .program = 0, .split = {{1, 1}}},
                     {.name = "c", .count = 1, .program = 0, .split = {{2, 1}}}};
  net.projections = {{"ia", 0, 1}, {"ab", 1, 2}, {"bc", 2, 3}, {"ac", 1, 3}, {"ca", 3, 1}};
  net.synapses = {{0, 0, 0, 0, bits(1.5f)}, {1, 0, 0, 0, bits(2.0f)}, {2, 0, 0, 0, bits(0.25f)},
                  {3, 0, 0, 0, bits(4.0f)}, {3, 0, 0, 2, bits(8.0f)}, {4, 0, 0, 1, bits(-1.0f)}};
  for (const unsigned threads : {1u, 3u}) {
    auto m = machine(build(net), interp(threads));
    CHECK(m->threads() == threads);
    const std::vector<InputSpike> in = {{1, 0, 0, bits(1.0f)}};
    m->step(in);
    CHECK(real(seen(*m, 1, 1)[0]) == 1.5f);
    CHECK(real(seen(*m, 2, 1)[0]) == 2.0f);
    CHECK(real(seen(*m, 3, 1)[0]) == 4.25f);
    m->step({});
    CHECK(real(seen(*m, 1, 1)[0]) == -1.0f); // the edge that closes the cycle, one step later
    CHECK(real(seen(*m, 3, 1)[0]) == 4.25f);
    m->step({});
    CHECK(real(seen(*m, 3, 1)[0]) == 8.0f + 0.25f + 4.0f);
  }
}

TEST_CASE("float sums are formed in the order of emission step, population, neuron, projection, synapse") {
  Net net;
  net.profile = isa::Profile::F32;
  net.kind = image::SynapseKind::Wide64;
  net.programs = {relay(isa::Profile::F32, false)};
  net.populations = {{.name = "x", .count = 2}, {.name = "y", .count = 1}, {.name = "out", .count = 1, .program = 0}};
  net.projections = {{"y0", 1, 2}, {"x0", 0, 2}, {"x1", 0, 2}};
  // 2^24 absorbs a 1 added to it, but not a 2: the result tells the order.
  const float big = 16777216.0f;
  net.synapses = {{0, 0, 0, 1, bits(-big)},
                  {1, 0, 0, 1, bits(1.0f)},
                  {1, 1, 0, 1, bits(1.0f)},
                  {2, 0, 0, 1, bits(big)},
                  {1, 0, 0, 2, bits(1.0f)}};
  auto m = machine(build(net), interp());
  const std::vector<InputSpike> early = {{1, 0, 0, bits(1.0f)}};
  const std::vector<InputSpike> late = {{2, 1, 0, bits(1.0f)}, {2, 0, 1, bits(1.0f)}, {2, 0, 0, bits(1.0f)}};
  m->step(early);
  m->step(late);
  m->step({});
  const float expected = ((((0.0f + 1.0f) + 1.0f) + big) + 1.0f) + -big;
  CHECK(real(seen(*m, 2, 1)[0]) == expected);
  CHECK(expected == 4.0f); // 2^24 + 3 rounds up; any other order gives another sum
}

TEST_CASE("initial values, per-neuron parameters and slices survive the split over cores") {
  Net net;
  net.programs = {integrateAndFire()};
  const uint32_t count = 3000;
  std::vector<int32_t> v0, bias;
  for (uint32_t n = 0; n < count; ++n) {
    v0.push_back(static_cast<int32_t>(n));
    bias.push_back(static_cast<int32_t>(n % 7));
  }
  net.cores = {{0, 0, 0}, {0, 1, 0}, {0, 5, 0}};
  net.populations = {{.name = "n",
                      .count = count,
                      .program = 0,
                      .params = {{"bias", bias}, {"vth", {100000}}},
                      .states = {{"v", v0}},
                      .split = {{0, 1025}, {2, 7}, {1, 1968}}}};
  auto m = machine(build(net), interp());
  CHECK(seen(*m, 0, count) == v0);
  m->step({});
  m->step({});
  std::vector<int32_t> expected;
  for (uint32_t n = 0; n < count; ++n)
    expected.push_back(v0[n] + 2 * bias[n]);
  CHECK(seen(*m, 0, count) == expected);
  m->reset();
  CHECK(m->currentStep() == 0);
  CHECK(seen(*m, 0, count) == v0);
}

TEST_CASE("what cannot run is refused") {
  Net net = relayNet(1, 1);
  net.projections[0].exponent = 1;
  Net f32 = relayNet(1, 1, isa::Profile::F32);
  f32.projections[0].exponent = 1;
  auto refused = emu::Machine::create(build(f32), interp());
  REQUIRE(!refused);
  CHECK(refused.error().code == 7005);
  CHECK(refused.error().place == "projection 'p'");
  auto options = interp();
  options.costProfile = "nonsense";
  refused = emu::Machine::create(build(net), options);
  REQUIRE(!refused);
  CHECK(refused.error().code == 7001);
  net.chip.topology = hw::Topology::TriangularTorus;
  refused = emu::Machine::create(build(net), interp(1, emu::Timing::Detailed));
  REQUIRE(!refused);
  CHECK(refused.error().code == 7006);
  CHECK(refused.error().kind == ErrorKind::Unsupported);
  CHECK(emu::Machine::create(build(net), interp()));
  CHECK(emu::Machine::create(build(net), interp(1, emu::Timing::Fast)));
}

TEST_CASE("a core whose accumulators would exceed the address range is refused") {
  Net net = relayNet(1, 1);
  auto image = std::make_shared<image::Image>(*build(net));
  std::vector<image::CoreRecord> cores(image->cores.begin(), image->cores.end());
  cores[0].accumulatorCount = 65536;
  cores[0].delaySlots = 65536;
  image->cores = cores;
  auto refused = emu::Machine::create(image, interp());
  REQUIRE(!refused);
  CHECK(refused.error().code == 7007);
}

TEST_CASE("memory that the system does not have is an error, not a crash") {
  Net net = relayNet(1, 1);
  auto image = std::make_shared<image::Image>(*build(net));
  image->meta.populations[0].count = uint64_t(1) << 61;
  auto refused = emu::Machine::create(image, interp());
  REQUIRE(!refused);
  CHECK(refused.error().code == 7003);
}

#if !RANVIER_HAVE_JIT
TEST_CASE("a build without JIT says so") {
  auto options = interp();
  options.executor = emu::Executor::Jit;
  auto refused = emu::Machine::create(build(relayNet(1, 1)), options);
  REQUIRE(!refused);
  CHECK(refused.error().code == 7002);
}
#endif
