//===- TimingTest.cpp - Counts, time and energy by hand -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cases small enough to work out on paper, under both kinds of cost profile; docs/spec/timing-and-energy.md has the rules.
//===----------------------------------------------------------------------===//
#include "../../../emulator/lib/Energy/CostModel.h"
#include "TestNet.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::InputSpike;
using emu::StepCounts;

namespace {

hw::Cost cost(int64_t picoseconds, double joules) {
  hw::Cost result;
  result.picoseconds = picoseconds;
  result.joules = joules;
  return result;
}

/// Figures of SANA-FE's Loihi file (arch/loihi.yaml, v2.2.1): barrier as a step function.
hw::CostProfile fitted() {
  hw::CostProfile p;
  p.name = "fitted";
  p.events = {
      {"soma_access", cost(6000, 51.2e-12)},   {"soma_update", cost(3700, 21.6e-12)}, {"soma_spike", cost(30000, 69.3e-12)},
      {"synapse_event", cost(3800, 35.5e-12)}, {"axon_in", cost(16000, 0)},           {"axon_out", cost(5100, 111e-12)},
      {"hop_within_tile", cost(0, 0)},         {"hop_east_west", cost(4100, 3e-12)},  {"hop_north_south", cost(6500, 4.2e-12)},
      {"chip_hop", cost(50000, 100e-12)}};
  p.barrierPicoseconds = {{1, 600000}, {2, 1000000}, {4, 1400000}, {29, 1800000}};
  return p;
}

/// Figures of Davies et al. 2018, Table 2: no axon costs, barrier from 1 to 32 tiles, interpolated.
hw::CostProfile published() {
  hw::CostProfile p;
  p.name = "published";
  p.events = {{"soma_access", cost(5300, 52e-12)},     {"soma_update", cost(3100, 29e-12)},
              {"synapse_event", cost(3500, 23.6e-12)}, {"hop_within_tile", cost(2100, 1.7e-12)},
              {"hop_east_west", cost(4100, 3e-12)},    {"hop_north_south", cost(6500, 4e-12)}};
  p.barrierPicoseconds = {{1, 113000}, {32, 465000}};
  p.interpolateBarrier = true;
  return p;
}

hw::Chip mesh(uint32_t x, uint32_t y, uint32_t cores) {
  hw::Chip chip;
  chip.name = "mesh";
  chip.topology = hw::Topology::Mesh;
  chip.tilesX = x;
  chip.tilesY = y;
  chip.coresPerTile = cores;
  chip.costs = {fitted(), published()};
  return chip;
}

/// One relay neuron per core, one input neuron per entry of `wires`, which reaches core 0 only; neuron 0 is wired to the others as
/// given.
Net star(hw::Chip chip, std::vector<Core> cores, const std::vector<uint32_t> &targets) {
  Net net;
  net.chip = std::move(chip);
  net.cores = std::move(cores);
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "in", .count = 1}, {.name = "n", .count = static_cast<uint32_t>(net.cores.size()), .program = 0}};
  for (uint32_t c = 0; c < net.cores.size(); ++c)
    net.populations[1].split.emplace_back(c, 1);
  net.projections = {{"in", 0, 1}, {"n", 1, 1}};
  net.synapses = {{0, 0, 0, 1, 1}};
  for (const uint32_t target : targets)
    net.synapses.push_back({1, 0, target, 1, 1});
  return net;
}

/// Counts of the step in which neuron 0 of a star fires.
StepCounts firing(const Net &net, unsigned threads = 1, const std::string &profile = "") {
  auto options = interp(threads, emu::Timing::Fast);
  options.costProfile = profile;
  auto m = machine(build(net), options);
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  return m->counts();
}

} // namespace

TEST_CASE("the first step of SANA-FE's DVS network: 962.66 nJ and 8.6318 us") {
  Net net;
  net.chip = mesh(8, 4, 4);
  net.programs = {integrateAndFire()};
  net.cores.clear();
  std::vector<std::pair<uint32_t, uint32_t>> split;
  std::vector<int32_t> bias(18678, 0);
  for (uint32_t c = 0; c < 19; ++c) {
    net.cores.push_back({0, c, 0});
    split.emplace_back(c, c < 18 ? 1024 : 18678 - 18 * 1024);
  }
  for (uint32_t n = 0; n < 294; ++n)
    bias[3 * n] = n % 2 ? 1 : -1; // all on core 0
  net.populations = {{.name = "n", .count = 18678, .program = 0, .params = {{"bias", bias}, {"vth", {1000000}}}, .split = split}};
  auto m = machine(build(net), interp(2, emu::Timing::Fast));
  m->step({});
  const StepCounts &c = m->counts();
  CHECK(c.somaAccesses == 18678);
  CHECK(c.somaUpdates == 294);
  CHECK(c.spikes == 0);
  CHECK(c.messages == 0);
  CHECK(c.picoseconds == 1024 * 6000 + 294 * 3700 + 1400000); // 8.6318 us
  CHECK(m->energy(c).total() == doctest::Approx(962.6640e-9).epsilon(1e-12));
  CHECK(m->energy(c).soma == m->energy(c).total());
  m->step({}); // now v is not zero there, which counts once all the same
  CHECK(m->counts().somaUpdates == 294);
}

TEST_CASE("a spike over a mesh: every count by hand") {
  // Tiles are numbered down the columns of the 3 x 2 mesh: tile = 2 x + y; two cores a tile.
  // Core 0: tile 0 (0,0). Core 1: same tile. Core 7: tile 3 (1,1). Core 9: tile 4 (2,0).
  const Net net = star(mesh(3, 2, 2), {{0, 0, 0}, {0, 1, 0}, {0, 7, 0}, {0, 9, 0}}, {0, 1, 2, 3});
  for (const unsigned threads : {1u, 3u}) {
    auto m = machine(build(net), interp(threads, emu::Timing::Fast));
    const std::vector<InputSpike> in = {{1, 0, 0, 1}};
    m->step(in);
    const StepCounts first = m->counts();
    CHECK(first.inputMessages == 1);
    CHECK(first.messages == 0);
    CHECK(first.spikes == 0);
    CHECK(first.synapticEvents == 1); // counted where the message is sent
    CHECK(first.somaAccesses == 4);
    CHECK(first.somaUpdates == 0);
    CHECK(first.picoseconds == 16000 + 3800 + 1000000); // processing beats one soma access; three tiles: the key 2 counts
    CHECK(m->energy(first).total() == doctest::Approx(4 * 51.2e-12 + 35.5e-12));
    m->step({});
    const StepCounts c = m->counts();
    CHECK(c.spikes == 1);
    CHECK(c.somaUpdates == 1);
    CHECK(c.messages == 4);
    CHECK(c.inputMessages == 0);
    CHECK(c.hopsWithinTile == 2); // to itself and to core 1
    CHECK(c.hopsEastWest == 1 + 2);
    CHECK(c.hopsNorthSouth == 1);
    CHECK(c.chipHops == 0);
    CHECK(c.synapticEvents == 4);
    CHECK(c.picoseconds == 6000 + 3700 + 30000 + 4 * 5100 + 1000000);
    const emu::Energy e = m->energy(c);
    CHECK(e.soma == doctest::Approx(4 * 51.2e-12 + 21.6e-12 + 69.3e-12));
    CHECK(e.synapse == doctest::Approx(4 * 35.5e-12));
    CHECK(e.network == doctest::Approx(4 * 111e-12 + 3 * 3e-12 + 4.2e-12));
    CHECK(e.unknown.empty());
    CHECK(m->unknownTimes().empty());
    m->step({});
    CHECK(m->counts().spikes == 4); // each target relays; only neuron 0 has somewhere to send to
    CHECK(m->counts().messages == 4);
  }
}

TEST_CASE("the published profile: other constants, interpolated barrier, unknown axon costs named") {
  const Net net = star(mesh(3, 2, 2), {{0, 0, 0}, {0, 1, 0}, {0, 7, 0}, {0, 9, 0}}, {0, 1, 2, 3});
  auto options = interp(1, emu::Timing::Fast);
  options.costProfile = "published";
  auto m = machine(build(net), options);
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  const StepCounts c = m->counts();
  const int64_t barrier = 113000 + (465000 - 113000) * 2 / 31; // three tiles, rounded down
  CHECK(c.picoseconds == 5300 + 3100 + barrier);
  const emu::Energy e = m->energy(c);
  CHECK(e.total() == doctest::Approx(4 * 52e-12 + 29e-12 + 4 * 23.6e-12 + 2 * 1.7e-12 + 3 * 3e-12 + 4e-12));
  CHECK(e.unknown == std::vector<std::string>{"soma_spike", "axon_in", "axon_out"});
  CHECK(m->unknownTimes() == std::vector<std::string>{"soma_spike", "axon_in", "axon_out", "chip_hop"});
  CHECK(m->costProfile()->name == "published");
}

TEST_CASE("processing time: the core that receives most can set the step") {
  Net net;
  net.chip = mesh(2, 1, 1);
  net.programs = {relay(isa::Profile::Int, false)};
  net.cores = {{0, 0, 0}, {0, 1, 0}};
  net.populations = {{.name = "in", .count = 3}, {.name = "n", .count = 40, .program = 0, .split = {{1, 40}}}};
  net.projections = {{"p", 0, 1}};
  for (uint32_t i = 0; i < 3; ++i)
    for (uint32_t n = 0; n < 40; ++n)
      net.synapses.push_back({0, i, n, 1 + (n + i) % 3, 1});
  auto m = machine(build(net), interp(1, emu::Timing::Fast));
  const std::vector<InputSpike> in = {{1, 0, 0, 1}, {1, 0, 2, 1}};
  m->step(in);
  CHECK(m->counts().synapticEvents == 80);
  CHECK(m->counts().inputMessages == 2);
  // 40 idle neurons take 240 ns; one tile holds neurons.
  CHECK(m->counts().picoseconds == 2 * 16000 + 80 * 3800 + 600000);
}

TEST_CASE("a link that all messages share bounds the step") {
  // 60 neurons on tile 0 each send to 8 cores of the far tile: 480 messages over one link.
  Net net;
  net.chip = mesh(2, 1, 8);
  net.chip.costs[0].events["hop_east_west"] = cost(100000, 3e-12);
  net.programs = {relay(isa::Profile::Int, false)};
  net.cores.clear();
  std::vector<std::pair<uint32_t, uint32_t>> split = {{0, 60}};
  for (uint32_t c = 0; c < 9; ++c) {
    net.cores.push_back({0, c == 0 ? 0 : c + 7, 0});
    if (c)
      split.emplace_back(c, 1);
  }
  net.populations = {{.name = "in", .count = 1}, {.name = "n", .count = 68, .program = 0, .split = split}};
  net.projections = {{"in", 0, 1}, {"n", 1, 1}};
  for (uint32_t n = 0; n < 60; ++n) {
    net.synapses.push_back({0, 0, n, 1, 1});
    for (uint32_t k = 0; k < 8; ++k)
      net.synapses.push_back({1, n, 60 + k, 1, 1});
  }
  const StepCounts c = firing(net, 2);
  CHECK(c.messages == 480);
  CHECK(c.hopsEastWest == 480);
  CHECK(c.picoseconds == 480 * int64_t(100000) + 1000000);
  net.chip.multicastTrees = true; // one message a neuron over the link, one arrival a core
  const StepCounts tree = firing(net);
  CHECK(tree.messages == 60);
  CHECK(tree.hopsEastWest == 60);
  CHECK(tree.synapticEvents == 480);
  CHECK(tree.picoseconds == 60 * int64_t(100000) + 1000000);
}

TEST_CASE("messages between chips: links inside chips and between them") {
  hw::Chip chip = mesh(3, 2, 1);
  chip.chipsX = chip.chipsY = 2;
  chip.maxChips = 4;
  // Chip 3 is column 1, row 1. From chip 0 (0,0) to its tile 5 = (2,1): 5 columns east, 3 rows north, one border each.
  StepCounts c = firing(star(chip, {{0, 0, 0}, {3, 5, 0}}, {1}));
  CHECK(c.chipHops == 2);
  CHECK(c.hopsEastWest == 4);
  CHECK(c.hopsNorthSouth == 2);
  // Chip 1 is column 0, row 1: tile (0,0) there is two rows north.
  c = firing(star(chip, {{0, 0, 0}, {1, 0, 0}}, {1}));
  CHECK(c.chipHops == 1);
  CHECK(c.hopsEastWest == 0);
  CHECK(c.hopsNorthSouth == 1);
  CHECK(c.hopsWithinTile == 0);
  chip.topology = hw::Topology::Torus; // the shorter way round: 1 west, 1 south, both over chip borders
  c = firing(star(chip, {{0, 0, 0}, {3, 5, 0}}, {1}));
  CHECK(c.chipHops == 2);
  CHECK(c.hopsEastWest == 0);
  CHECK(c.hopsNorthSouth == 0);
}

TEST_CASE("a torus of one chip closes over ordinary links") {
  hw::Chip chip = mesh(5, 4, 1);
  chip.topology = hw::Topology::Torus;
  StepCounts c = firing(star(chip, {{0, 0, 0}, {0, 4 * 4 + 3, 0}}, {1})); // (0,0) -> (4,3)
  CHECK(c.hopsEastWest == 1);
  CHECK(c.hopsNorthSouth == 1);
  CHECK(c.chipHops == 0);
  c = firing(star(chip, {{0, 0, 0}, {0, 2 * 4 + 2, 0}}, {1}));
  CHECK(c.hopsEastWest == 2);
  CHECK(c.hopsNorthSouth == 2);
}

TEST_CASE("multicast trees share the links of their common way") {
  hw::Chip chip = mesh(4, 4, 1);
  chip.multicastTrees = true;
  // From (0,0) to (3,1), (3,2) and (2,3): trunk of 3 east; column 3 up 2; column 2 up 3.
  const StepCounts c = firing(star(chip, {{0, 0, 0}, {0, 11, 0}, {0, 13, 0}, {0, 14, 0}}, {1, 2, 3}));
  CHECK(c.messages == 1);
  CHECK(c.hopsEastWest == 3);
  CHECK(c.hopsNorthSouth == 5);
  CHECK(c.synapticEvents == 3);
  CHECK(c.arrivals == 3); // Each core takes its copy in.
}

TEST_CASE("the barrier counts tiles with neurons: step function or interpolation") {
  for (const auto &[cores, expected] :
       std::vector<std::pair<uint32_t, int64_t>>{{1, 600000}, {2, 1000000}, {3, 1000000}, {5, 1400000}}) {
    Net net;
    net.chip = mesh(8, 4, 1);
    net.programs = {integrateAndFire()};
    net.cores.clear();
    std::vector<std::pair<uint32_t, uint32_t>> split;
    for (uint32_t c = 0; c < cores; ++c) {
      net.cores.push_back({0, c, 0});
      split.emplace_back(c, 1);
    }
    net.populations = {{.name = "n", .count = cores, .program = 0, .params = {{"bias", {0}}, {"vth", {5}}}, .split = split}};
    auto m = machine(build(net), interp(1, emu::Timing::Fast));
    m->step({});
    CHECK(m->counts().picoseconds == 6000 + expected);
    auto options = interp(1, emu::Timing::Fast);
    options.costProfile = "published";
    m = machine(build(net), options);
    m->step({});
    CHECK(m->counts().picoseconds == 5300 + 113000 + (465000 - 113000) * int64_t(cores - 1) / 31);
  }
}

TEST_CASE("a chip that states no costs: counts, no seconds, everything unknown") {
  hw::Chip chip;
  chip.name = "bare";
  const Net net = star(chip, {{0, 0, 0}}, {0});
  auto m = machine(build(net), interp(1, emu::Timing::Fast));
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  CHECK(m->counts().spikes == 1);
  CHECK(m->counts().synapticEvents == 1);
  CHECK(m->counts().hopsWithinTile == 0);
  CHECK(m->counts().picoseconds == 0);
  CHECK(m->energy(m->counts()).total() == 0);
  CHECK(m->energy(m->counts()).unknown ==
        std::vector<std::string>{"soma_access", "soma_update", "soma_spike", "synapse_event", "axon_in", "axon_out"});
  CHECK(m->unknownTimes().size() == 11);
  CHECK(m->unknownTimes().back() == "barrier");
  CHECK(m->costProfile() == nullptr);
}

TEST_CASE("timing off counts spikes and nothing else") {
  const Net net = star(mesh(3, 2, 2), {{0, 0, 0}, {0, 1, 0}}, {0, 1});
  auto m = machine(build(net), interp());
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  CHECK(m->counts().spikes == 1);
  CHECK(m->counts().messages == 0);
  CHECK(m->counts().somaAccesses == 0);
  CHECK(m->counts().picoseconds == 0);
}

TEST_CASE("active means: a state word, an input or the bias is not zero before the update, or the neuron fires") {
  Net net;
  net.profile = isa::Profile::F32;
  net.kind = image::SynapseKind::Wide64;
  net.programs = {integrateAndFireF32()};
  // v = -0.0 is zero; neuron 1 has bias; neuron 2 has state; neuron 3 fires from nothing (threshold 0); neuron 4 gets input.
  net.populations = {{.name = "n",
                      .count = 5,
                      .program = 0,
                      .params = {{"bias", {0, bits(0.5f), 0, 0, 0}}, {"vth", {bits(9.0f), bits(9.0f), bits(9.0f), 0, bits(9.0f)}}},
                      .states = {{"v", {bits(-0.0f), 0, bits(1.0f), 0, 0}}}},
                     {.name = "in", .count = 1}};
  net.projections = {{"p", 1, 0}};
  net.synapses = {{0, 0, 4, 1, bits(2.0f)}};
  auto m = machine(build(net), interp(1, emu::Timing::Fast));
  const std::vector<InputSpike> in = {{1, 1, 0, bits(1.0f)}};
  m->step(in);
  CHECK(m->counts().spikes == 1);
  CHECK(m->counts().somaUpdates == 3);
  m->step({});
  CHECK(m->counts().somaUpdates == 4);
}

TEST_CASE("an array of tiles that 32 bits do not address is refused, and no place is needed without a network") {
  // 65,536 x 65,536 tiles: their links are 2^34, which is 0 in 32 bits.
  Net net = star(mesh(4096, 4096, 1), {{0, 0, 0}, {0, 1, 0}}, {0, 1});
  net.chip.chipsX = net.chip.chipsY = 16;
  net.chip.maxChips = 256;
  auto refused = emu::Machine::create(build(net), interp(1, emu::Timing::Fast));
  REQUIRE(!refused);
  CHECK(refused.error().code == 7008);
  CHECK(refused.error().kind == ErrorKind::Unsupported);
  CHECK(refused.error().found == "65536 x 65536");
  CHECK(emu::Machine::create(build(net), interp()));
  net.chip.topology = hw::Topology::None;
  net.chip.chipsX = net.chip.chipsY = 65536;
  CHECK(emu::Machine::create(build(net), interp(1, emu::Timing::Fast)));
  // A core far away opens columns of chips.
  net.chip = mesh(64, 64, 1);
  net.chip.maxChips = 1 << 24;
  net.cores[1] = {1 << 20, 0, 0};
  refused = emu::Machine::create(build(net), interp(1, emu::Timing::Fast));
  REQUIRE(!refused);
  CHECK(refused.error().code == 7008);
}

TEST_CASE("times end at the greatest number") {
  hw::Chip chip = mesh(3, 2, 1);
  for (auto &[name, entry] : chip.costs[0].events)
    entry.picoseconds = INT64_MAX / 2;
  chip.costs[0].barrierPicoseconds = {{1, INT64_MAX / 2}};
  const Net net = star(chip, {{0, 0, 0}, {0, 1, 0}, {0, 5, 0}}, {0, 1, 2});
  auto m = machine(build(net), interp(1, emu::Timing::Fast));
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  CHECK(m->counts().picoseconds == INT64_MAX);
  StepCounts sum = m->counts();
  sum += m->counts();
  CHECK(sum.picoseconds == INT64_MAX);
}

//===--- Detailed ---------------------------------------------------------===//

namespace {
/// A machine with detailed timing after the step in which neuron 0 of a star fires.
std::unique_ptr<emu::Machine> firingDetailed(const Net &net, unsigned threads = 1, const std::string &profile = "") {
  auto options = interp(threads, emu::Timing::Detailed);
  options.costProfile = profile;
  auto m = machine(build(net), options);
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  return m;
}
} // namespace

TEST_CASE("times are added as in 128 bits, up to the greatest number") {
  const auto exact = [](int64_t sum, uint64_t count, int64_t each) {
    const __int128 result = sum + static_cast<__int128>(count) * each;
    return result > INT64_MAX ? INT64_MAX : static_cast<int64_t>(result);
  };
  const int64_t times[] = {0, 1, 4100, 3037000499, 3037000500, int64_t(1) << 62, INT64_MAX - 1, INT64_MAX};
  const uint64_t counts[] = {0, 1, 2, 3, 3037000500, 6074001000, uint64_t(1) << 63, UINT64_MAX};
  for (const int64_t sum : times)
    for (const uint64_t count : counts)
      for (const int64_t each : times)
        CHECK(emu::addTime(sum, count, each) == exact(sum, count, each));
}

TEST_CASE("the events of a message are a word, or an entry of a list where they are many or of several kinds") {
  std::vector<emu::OutEvents> mixed;
  const std::vector<std::pair<emu::OutEvents, size_t>> cases = {// events, entries of the list afterwards
                                                                {{0, 0, 0}, 0},        {{7, 0, 0}, 0},
                                                                {{0, 1, 0}, 0},        {{0, 0, (1u << 30) - 1}, 0},
                                                                {{0, 0, 1u << 30}, 1}, {{UINT32_MAX, 0, 0}, 2},
                                                                {{0, 2, 3}, 3},        {{1, 2, 0}, 4},
                                                                {{1, 0, 0}, 4},        {{UINT32_MAX, UINT32_MAX, UINT32_MAX}, 5}};
  std::vector<uint32_t> words;
  for (const auto &[events, entries] : cases) {
    words.push_back(emu::packEvents(events, mixed));
    CHECK(mixed.size() == entries);
  }
  emu::SynapseClassCounts sum = {}, expected = {};
  for (size_t i = 0; i < cases.size(); ++i) {
    emu::addEvents(sum, words[i], mixed);
    for (unsigned k = 0; k < emu::numSynapseClasses; ++k)
      expected[k] += cases[i].first[k];
    CHECK(sum == expected);
  }
}

TEST_CASE("detailed: a spike over a mesh, both profiles, by hand") {
  // As above: core 1 on the sender's tile, core 7 one hop east and one north, core 9 two hops east.
  const Net net = star(mesh(3, 2, 2), {{0, 0, 0}, {0, 1, 0}, {0, 7, 0}, {0, 9, 0}}, {0, 1, 2, 3});
  for (const unsigned threads : {1u, 3u}) {
    const auto m = firingDetailed(net, threads);
    const StepCounts &c = m->counts();
    // The neuron is done at 39.7 ns, its messages leave at 44.8, 49.9, 55.0 and 60.1 ns. Core 7 gets its at 55.0 + 4.1 + 6.5; the
    // last one, with two hops east, is the last to be processed.
    CHECK(c.picoseconds == 60100 + 2 * 4100 + 19800 + 1000000);
    CHECK(c.messages == 4);
    CHECK(c.hopsEastWest == 3);
    const auto cores = m->coreTimes();
    REQUIRE(cores.size() == 4);
    CHECK(cores[0].soma == 39700);
    CHECK(cores[0].axonOut == 4 * 5100);
    CHECK(cores[0].axonIn == 16000);
    CHECK(cores[0].synapse == 3800);
    CHECK(cores[0].stalled == 0);
    CHECK(cores[0].idle == c.picoseconds - (44800 + 19800)); // it sends until 60.1 ns, and processes its own message until 64.6 ns
    CHECK(cores[3].soma == 6000);
    CHECK(cores[3].idle == c.picoseconds - 6000 - 19800);
    REQUIRE(m->links().size() == 3); // (0,0) east, (1,0) east, (1,0) north, used by routes from core 0
    CHECK(m->links()[0].x == 0);
    CHECK((m->links()[0].direction == hw::Direction::East));
    CHECK(m->linkTimes()[0].packets == 2);
    CHECK(m->linkTimes()[0].busy == 2 * 4100);
    CHECK(m->linkTimes()[0].waited == 0);
    CHECK(m->links()[2].x == 1);
    CHECK((m->links()[2].direction == hw::Direction::North));
    CHECK(m->linkTimes()[2].packets == 1);
  }
  // Published: axons cost nothing, so that all four leave at 8.4 ns. Two wait for one link: the second starts at 12.5 ns. Within
  // the tile the core's own port takes 2.1 ns a message.
  const auto m = firingDetailed(net, 1, "published");
  const int64_t barrier = 113000 + (465000 - 113000) * 2 / 31;
  CHECK(m->counts().picoseconds == 8400 + 4100 + 4100 + 4100 + 3500 + barrier); // to core 9, behind the message to core 7
  CHECK(m->linkTimes()[0].waited == 4100);
}

TEST_CASE("detailed: the order of neurons decides when a message leaves") {
  // Ten neurons on core 0; only the last, then only the first sends to core 1 on the tile to the east.
  for (const uint32_t sender : {0u, 9u}) {
    Net net;
    net.chip = mesh(2, 1, 1);
    net.programs = {relay(isa::Profile::Int, false)};
    net.cores = {{0, 0, 0}, {0, 1, 0}};
    net.populations = {{.name = "in", .count = 1}, {.name = "n", .count = 11, .program = 0, .split = {{0, 10}, {1, 1}}}};
    net.projections = {{"in", 0, 1}, {"n", 1, 1}};
    net.synapses = {{0, 0, sender, 1, 1}, {1, sender, 10, 1, 1}};
    const auto m = firingDetailed(net);
    const int64_t leaves = int64_t(sender + 1) * 6000 + 3700 + 30000 + 5100;
    CHECK(m->counts().picoseconds == std::max(leaves + 4100 + 19800, int64_t(10 * 6000 + 3700 + 30000 + 5100)) + 1000000);
    CHECK(m->coreTimes()[0].soma == 10 * 6000 + 3700 + 30000);
  }
}

TEST_CASE("detailed: a full buffer holds the sender up") {
  // 60 neurons of tile 0 send to 8 cores of tile 1 over one slow link.
  Net net;
  net.chip = mesh(2, 1, 8);
  net.chip.costs[0].events["hop_east_west"] = cost(100000, 3e-12);
  net.programs = {relay(isa::Profile::Int, false)};
  net.cores.clear();
  std::vector<std::pair<uint32_t, uint32_t>> split = {{0, 60}};
  for (uint32_t c = 0; c < 9; ++c) {
    net.cores.push_back({0, c == 0 ? 0 : c + 7, 0});
    if (c)
      split.emplace_back(c, 1);
  }
  net.populations = {{.name = "in", .count = 1}, {.name = "n", .count = 68, .program = 0, .split = split}};
  net.projections = {{"in", 0, 1}, {"n", 1, 1}};
  for (uint32_t n = 0; n < 60; ++n) {
    net.synapses.push_back({0, 0, n, 1, 1});
    for (uint32_t k = 0; k < 8; ++k)
      net.synapses.push_back({1, n, 60 + k, 1, 1});
  }
  const auto m = firingDetailed(net, 2);
  // The link is busy from the first message on; the last is processed after it.
  CHECK(m->counts().picoseconds == 39700 + 5100 + 480 * int64_t(100000) + 19800 + 1000000);
  CHECK(m->linkTimes()[0].packets == 480);
  // The core sends its last message when 16 are left at the link: 480 - 16 have been served.
  const int64_t generation = 60 * 39700 + 480 * 5100;
  CHECK(m->coreTimes()[0].stalled == 39700 + 5100 + 464 * int64_t(100000) - generation);
  net.chip.multicastTrees = true; // one message a neuron; every core takes its copy
  const auto tree = firingDetailed(net);
  CHECK(tree->counts().picoseconds == 39700 + 5100 + 60 * int64_t(100000) + 19800 + 1000000);
  CHECK(tree->linkTimes()[0].packets == 60);
}

TEST_CASE("detailed: what the host sends is there at the start") {
  Net net = star(mesh(2, 1, 1), {{0, 0, 0}, {0, 1, 0}}, {1});
  auto m = machine(build(net), interp(1, emu::Timing::Detailed));
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  CHECK(m->counts().picoseconds == 16000 + 3800 + 1000000);
  CHECK(m->coreTimes()[0].idle == 1000000);
  m->step({});
  CHECK(m->counts().picoseconds == 39700 + 5100 + 4100 + 19800 + 1000000);
}

TEST_CASE("detailed timing is refused where there are no links, and on a torus with buffers of one message") {
  Net net = star(hw::Chip(), {{0, 0, 0}}, {0});
  auto refused = emu::Machine::create(build(net), interp(1, emu::Timing::Detailed));
  REQUIRE(!refused);
  CHECK(refused.error().code == 7015);
  CHECK(refused.error().place == "topology.kind");
  CHECK(refused.error().kind == ErrorKind::Unsupported);
  net.chip = mesh(4, 4, 1);
  net.chip.topology = hw::Topology::Torus;
  net.chip.linkBuffer = 1;
  refused = emu::Machine::create(build(net), interp(1, emu::Timing::Detailed));
  REQUIRE(!refused);
  CHECK(refused.error().code == 7015);
  CHECK(refused.error().place == "topology.link_buffer");
  net.chip.linkBuffer = 2;
  CHECK(emu::Machine::create(build(net), interp(1, emu::Timing::Detailed)));
}

TEST_CASE("fast: the times of cores add up to the step") {
  const Net net = star(mesh(3, 2, 2), {{0, 0, 0}, {0, 1, 0}, {0, 7, 0}, {0, 9, 0}}, {0, 1, 2, 3});
  auto m = machine(build(net), interp(2, emu::Timing::Fast));
  const std::vector<InputSpike> in = {{1, 0, 0, 1}};
  m->step(in);
  m->step({});
  const int64_t step = m->counts().picoseconds;
  CHECK(m->barrierTime() == 1000000);
  for (const emu::CoreTimes &core : m->coreTimes())
    CHECK(std::max(core.soma + core.axonOut, core.axonIn + core.synapse) + core.idle == step);
  CHECK(m->coreTimes()[0].idle == 1000000);
  CHECK(m->coreTimes()[3].idle == step - 19800);
  CHECK(m->links().empty());
  auto off = machine(build(net), interp(2, emu::Timing::Off));
  off->step(in);
  CHECK(off->coreTimes().empty());
  CHECK(off->barrierTime() == 0);
}

TEST_CASE("a profile may give each kind of projection its own synaptic event") {
  Net net = star(mesh(2, 1, 1), {{0, 0, 0}, {0, 1, 0}}, {0, 1});
  net.chip.costs[0].events["synapse_event_convolution"] = cost(3100, 24e-12);
  net.chip.costs[0].events["synapse_event_sparse"] = cost(4700, 33.6e-12);
  for (const auto &[kernel, index, picoseconds, joules] : std::vector<std::tuple<uint32_t, uint32_t, int64_t, double>>{
           {0, 0, 3800, 35.5e-12}, {9, 10, 3100, 24e-12}, {9, 0, 3100, 24e-12}, {0, 10, 4700, 33.6e-12}}) {
    auto built = std::make_shared<image::Image>(*build(net));
    for (auto &projection : built->meta.projections) {
      projection.kernelWeights = kernel;
      projection.indexBits = index;
    }
    for (const auto timing : {emu::Timing::Fast, emu::Timing::Detailed}) {
      auto m = machine(built, interp(1, timing));
      const std::vector<InputSpike> in = {{1, 0, 0, 1}};
      m->step(in);
      CHECK(m->counts().picoseconds == 16000 + picoseconds + 1000000);
      CHECK(m->energy(m->counts()).synapse == doctest::Approx(joules));
      m->step({});
      CHECK(m->counts().synapticEvents == 2);
      CHECK(m->counts().eventsByClass[static_cast<size_t>(kernel  ? emu::SynapseClass::Convolution
                                                          : index ? emu::SynapseClass::Sparse
                                                                  : emu::SynapseClass::Dense)] == 2);
      CHECK(m->energy(m->counts()).synapse == doctest::Approx(2 * joules));
    }
  }
}

//===--- SANA-FE's published runs -----------------------------------------===//

namespace {
const hw::Chip &loihi1() {
  static const hw::Chip chip = [] {
    auto loaded = hw::findChip("loihi1");
    REQUIRE(loaded);
    return *std::move(loaded);
  }();
  return chip;
}
} // namespace

TEST_CASE("SANA-FE: the energy of its DVS gesture run follows from its counts") {
  // Version 2.2.1, arch/loihi.yaml, snn/dvs.yaml, 128 steps: 18,678 neurons, 1,346,821 updates, 38,081 spikes, 386,640 messages,
  // 5,437,656 synaptic events; 154.1385 uJ in somas, 131.2266 uJ in synapses, 46.39512 uJ in the network, 331.7602 uJ in all.
  const emu::CostTable costs(loihi1().findCosts("fitted"), 32);
  StepCounts c;
  c.somaAccesses = 18678 * 128;
  c.somaUpdates = 1346821;
  c.spikes = 38081;
  c.messages = c.arrivals = 386640;
  // How many events are those of its one dense layer it does not say. Of all splits one gives its energy: 11.5 pJ lie between the
  // kinds.
  c.synapticEvents = 5437656;
  c.eventsByClass[static_cast<size_t>(emu::SynapseClass::Dense)] = 62857;
  c.eventsByClass[static_cast<size_t>(emu::SynapseClass::Convolution)] = 5437656 - 62857;
  const emu::Energy energy = costs.energy(c);
  CHECK(energy.soma == doctest::Approx(154.1385e-6).epsilon(1e-6));
  CHECK(energy.synapse == doctest::Approx(131.2266e-6).epsilon(1e-6));
  // Hops are not published one by one: 386,640 messages at 111 pJ leave 3.478 uJ for them, 9.0 pJ a message or two to three hops.
  CHECK(energy.network == doctest::Approx(386640 * 111e-12).epsilon(1e-12));
  const double hops = 46.39512e-6 - energy.network;
  CHECK(hops == doctest::Approx(3.47808e-6).epsilon(1e-5));
  c.hopsEastWest = 1159360; // one of the mixes that cost as much, in 3.0 pJ
  const emu::Energy whole = costs.energy(c);
  CHECK(whole.total() == doctest::Approx(331.7602e-6).epsilon(1e-6));
  CHECK(whole.unknown.empty());
}

TEST_CASE("SANA-FE: energies of its random networks in the same way") {
  // Random 1k x 100, one step: 60 spikes, 6,000 events, 240 messages, 0.316598 uJ, of which dense synapses and messages are known:
  // the rest, 76.958 nJ, must hold 1,000 accesses (51.2 nJ), 60 spikes (4.158 nJ) and updates and hops.
  const emu::CostTable costs(loihi1().findCosts("fitted"), 4);
  StepCounts c;
  c.somaAccesses = 1000;
  c.spikes = 60;
  c.messages = c.arrivals = 240;
  c.synapticEvents = c.eventsByClass[0] = 6000;
  const double known = costs.energy(c).total();
  CHECK(known == doctest::Approx(51.2e-9 + 4.158e-9 + 26.64e-9 + 213e-9));
  const double rest = 0.316598e-6 - known; // 1,000 updates are 21.6 nJ
  CHECK(rest == doctest::Approx(21.6e-9).epsilon(0.001));
}

TEST_CASE("SANA-FE: the time of its first step is that of the fitted profile of the shipped chip") {
  const hw::CostProfile &profile = *loihi1().findCosts("fitted");
  const emu::CostTable costs(&profile, 4);
  CHECK(1024 * costs.picoseconds(emu::CostTable::SomaAccess) + 294 * costs.picoseconds(emu::CostTable::SomaUpdate) +
            costs.barrier() ==
        8631800);
  CHECK(costs.picoseconds(emu::CostTable::SynapseDense) == 3800);
  CHECK(costs.picoseconds(emu::CostTable::SynapseSparse) == 4700);
  CHECK(costs.picoseconds(emu::CostTable::SynapseConvolution) == 3100);
  // The published profile has one figure for all kinds.
  const emu::CostTable published(loihi1().findCosts("published"), 4);
  CHECK(published.picoseconds(emu::CostTable::SynapseConvolution) == 3500);
  CHECK(loihi1().linkBuffer == 16);
}
