//===- CycleTimingTest.cpp - Steps in cycles, by hand and by a plain mesh -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cases of docs/spec/timing-and-energy.md, section 8, that can be worked out on paper, and a second implementation of its mesh that
// runs every cycle, knows routes by destinations alone and shares nothing with the first.
//===----------------------------------------------------------------------===//
#include "../../../emulator/lib/Timing/FirstCome.h"
#include "../../../emulator/lib/Timing/MeshNetwork.h"
#include "TestNet.h"
#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/HwModels/NativeForm.h"
#include <deque>
#include <doctest/doctest.h>
#include <filesystem>
#include <random>
#include <set>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::CycleOutcome;
using emu::CyclePacket;
using emu::CycleSender;
using emu::MeshPlan;
using hw::CycleModel;

namespace {

//===--- Machines ---------------------------------------------------------===//

/// Numbers of which no sum is another one's by chance; a cycle is 1 ns.
hw::Chip mesh(uint32_t x, uint32_t y) {
  hw::Chip chip;
  chip.name = "mesh";
  chip.topology = hw::Topology::Mesh;
  chip.multicastTrees = true;
  chip.tilesX = x;
  chip.tilesY = y;
  chip.linkBuffer = 4;
  hw::CostProfile &profile = chip.costs.emplace_back();
  profile.name = "cycles";
  CycleModel &cycles = profile.cycles.emplace();
  cycles.clockPicoseconds = 1000;
  const std::pair<CycleModel::Number, uint32_t> numbers[] = {
      {CycleModel::Step, 3},     {CycleModel::Update, 10},      {CycleModel::Slice, 7},        {CycleModel::Group, 5},
      {CycleModel::Lanes, 4},    {CycleModel::NativeSlice, 20}, {CycleModel::NativeNeuron, 2}, {CycleModel::Send, 11},
      {CycleModel::Spike, 2},    {CycleModel::SendEnd, 6},      {CycleModel::Input, 9},        {CycleModel::InputSpike, 3},
      {CycleModel::InputEnd, 4}, {CycleModel::Hop, 13},         {CycleModel::Packet, 17},      {CycleModel::Row, 19},
      {CycleModel::Synapse, 23}};
  for (const auto &[number, value] : numbers)
    cycles.numbers[number].value = value;
  return chip;
}

/// Of a core with one slice of a program of `groups` inputs and instructions.
int64_t update(uint32_t neurons, size_t groups) { return 10 + 7 + 5 * ((neurons + 3) / 4) * int64_t(groups); }
constexpr int64_t oneRow(uint32_t synapses) { return 17 + 19 + 23 * int64_t(synapses); }

/// A population that fires in every step where its bias is not 0, on cores of its own.
Net firing(hw::Chip chip, std::vector<Core> cores, uint32_t each, std::vector<int32_t> bias) {
  Net net;
  net.chip = std::move(chip);
  net.programs = {integrateAndFire()};
  net.cores = std::move(cores);
  const auto count = static_cast<uint32_t>(net.cores.size());
  net.populations = {{.name = "n", .count = count * each, .program = 0, .params = {{"bias", std::move(bias)}, {"vth", {1}}}}};
  for (uint32_t c = 0; c < count; ++c)
    net.populations[0].split.emplace_back(c, each);
  net.projections = {{"n", 0, 0}};
  return net;
}
const size_t groups = integrateAndFire().code.size() + 1;

struct Timed {
  std::unique_ptr<emu::Machine> machine;
  int64_t cycles() const { return machine->counts().picoseconds / 1000; }
};
/// After one step.
Timed timed(const Net &net, emu::Timing timing, std::vector<emu::InputSpike> inputs = {}) {
  Timed out{machine(build(net), interp(1, timing))};
  out.machine->step(inputs);
  CHECK(out.machine->counts().picoseconds % 1000 == 0);
  return out;
}
constexpr emu::Timing both[] = {emu::Timing::Fast, emu::Timing::Detailed};

} // namespace

TEST_CASE("a core that has nothing to send takes its update phase") {
  for (const emu::Timing timing : both)
    for (const uint32_t neurons : {1u, 4u, 5u, 33u}) {
      const Timed run = timed(firing(mesh(1, 1), {Core{}}, neurons, {0}), timing);
      CHECK(run.cycles() == update(neurons, groups) + 3);
      CHECK(run.machine->unknownTimes().empty());
      CHECK(run.machine->barrierTime() == 3000);
      const emu::CoreTimes &times = run.machine->coreTimes()[0];
      CHECK(times.soma == update(neurons, groups) * 1000);
      CHECK(times.axonOut + times.stalled + times.axonIn + times.synapse == 0);
      CHECK(times.idle == 3000);
    }
}

TEST_CASE("slices of the native form have a pipeline of their own") {
  hw::Chip chip = mesh(1, 1);
  chip.nativeCuba.emplace();
  Net net = firing(chip, {Core{}}, 6, {0});
  net.programs.push_back(hw::nativeCubaProgram(*chip.nativeCuba));
  Population native{.name = "native", .count = 30, .program = 1};
  native.params = {{"du", {0}}, {"dv", {0}}, {"vth", {100}}, {"bias", {0}}};
  net.populations.push_back(native);
  CHECK(timed(net, emu::Timing::Fast).cycles() == update(6, groups) + 20 + 2 * 30 + 3);
  // A threshold beyond its width: the program has to run.
  net.populations[1].params["vth"] = {1 << 20};
  CHECK(timed(net, emu::Timing::Fast).cycles() == update(6, groups) + 7 + 5 * 8 * int64_t(net.programs[1].code.size() + 1) + 3);
}

TEST_CASE("spikes that nobody hears take their time, and those behind them wait") {
  for (const emu::Timing timing : both) {
    const Net net = firing(mesh(1, 1), {Core{}}, 3, {5, 0, 5});
    const Timed silent = timed(net, timing);
    CHECK(silent.cycles() == update(3, groups) + 6 + 2 * 2 + 3);
    CHECK(silent.machine->coreTimes()[0].axonOut == 10000);
    CHECK(silent.machine->coreTimes()[0].idle == 3000);
    // The third neuron is the second that fires.
    Net heard = net;
    heard.synapses = {{0, 2, 0, 1, 1}, {0, 2, 1, 1, 1}};
    CHECK(timed(heard, timing).cycles() == update(3, groups) + 11 + 2 + oneRow(2) + 3);
  }
}

TEST_CASE("packets are processed one after the other, over rows and synapses") {
  for (const emu::Timing timing : both) {
    Net net = firing(mesh(1, 1), {Core{}}, 3, {5});
    net.projections.push_back({"more", 0, 0});
    // One row of 2, one of 1 and 3, none.
    net.synapses = {{0, 0, 0, 1, 1}, {0, 0, 1, 1, 1}, {0, 1, 0, 1, 1}, {1, 1, 0, 1, 1}, {1, 1, 1, 1, 1}, {1, 1, 2, 2, 1}};
    const Timed run = timed(net, timing);
    const int64_t work = oneRow(2) + oneRow(1) + 19 + 23 * 3, start = update(3, groups) + 11;
    CHECK(run.cycles() == start + work + 3);
    const emu::CoreTimes &times = run.machine->coreTimes()[0];
    CHECK(times.axonIn == 2 * 17000);
    CHECK(times.synapse == (work - 2 * 17) * 1000);
    CHECK(times.axonOut == (6 + 2 * 3) * 1000);
    // Between the end of sending and the rest of processing, and at the end.
    CHECK(times.idle == 3000);
    CHECK(run.machine->counts().arrivals == 2);
  }
}

TEST_CASE("a way takes its hops, whatever lies beside it") {
  for (const emu::Timing timing : both)
    for (const uint32_t to : {0u, 1u, 4u, 8u}) {
      // Core 3 of a 3 x 3 mesh stands at (1, 0); the first neuron of the first core, at (0, 1), fires.
      Net net = firing(mesh(3, 3), {{0, 1, 0}, {0, to == 1 ? 3 : to, 0}}, 1, {5, 0});
      net.synapses = {{0, 0, 1, 1, 1}};
      const uint32_t target = net.cores[1].core;
      if (to == 0)
        std::swap(net.cores[0], net.cores[1]), net.populations[0].params["bias"] = {0, 5}, net.synapses = {{0, 1, 0, 1, 1}};
      const int64_t hops = std::abs(int64_t(target / 3) - 0) + std::abs(int64_t(target % 3) - 1);
      const Timed run = timed(net, timing);
      CHECK(run.cycles() == update(1, groups) + 11 + 13 * hops + oneRow(1) + 3);
      if (timing == emu::Timing::Detailed) {
        CHECK(run.machine->links().size() == size_t(hops));
        for (const emu::LinkTimes &link : run.machine->linkTimes()) {
          CHECK(link.packets == 1);
          CHECK(link.busy == 13000);
          CHECK(link.waited + link.blocked == 0);
        }
      }
    }
}

TEST_CASE("the host sends from the start on, and hears outputs and probed populations") {
  for (const emu::Timing timing : both) {
    Net net = firing(mesh(1, 1), {Core{}}, 2, {0});
    net.populations.push_back({.name = "in", .count = 40});
    net.projections.push_back({"in", 1, 0});
    std::vector<emu::InputSpike> all;
    for (uint32_t n = 0; n < 40; ++n)
      all.push_back({1, 1, n, 1});
    // Nobody hears them, until they take longer than the update.
    CHECK(timed(net, timing, all).cycles() == 4 + 3 * 40 + 3);
    CHECK(timed(net, timing, {{1, 1, 0, 1}}).cycles() == update(2, groups) + 3);
    // The last two are heard.
    net.synapses = {{1, 38, 0, 1, 1}, {1, 39, 0, 1, 1}, {1, 39, 1, 1, 1}};
    CHECK(timed(net, timing, all).cycles() == 9 + 38 * 3 + oneRow(1) + oneRow(2) + 3);
    // A packet to the host ends where it leaves.
    Net output = firing(mesh(2, 2), {{0, 3, 0}}, 4, {5});
    output.populations[0].source.output = true;
    CHECK(timed(output, timing).cycles() == update(4, groups) + 11 + 3 * 2 + 2 * 13 + 3);
  }
}

TEST_CASE("times are those of all threads together, and of each step alone") {
  std::mt19937 random(5);
  Net net = firing(mesh(2, 2), {{0, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 3, 0}}, 20, std::vector<int32_t>(80, 1));
  for (uint32_t k = 0; k < 80; ++k)
    net.populations[0].params["bias"][k] = static_cast<int32_t>(random() % 3);
  std::set<std::pair<uint32_t, uint32_t>> used;
  for (uint32_t k = 0; k < 700; ++k)
    if (const std::pair<uint32_t, uint32_t> pair{random() % 80, random() % 80}; used.insert(pair).second)
      net.synapses.push_back(
          {0, pair.first, pair.second, 1 + static_cast<uint32_t>(random() % 3), static_cast<int32_t>(random() % 3) - 1});
  const auto image = build(net);
  for (const emu::Timing timing : both) {
    auto one = machine(image, interp(1, timing)), two = machine(image, interp(2, timing));
    std::vector<int64_t> first;
    for (uint32_t round = 0; round < 2; ++round, one->reset(), two->reset())
      for (uint32_t step = 0; step < 30; ++step) {
        one->step({});
        two->step({});
        CHECK(one->counts().picoseconds == two->counts().picoseconds);
        for (size_t c = 0; c < 4; ++c) {
          const emu::CoreTimes &a = one->coreTimes()[c], &b = two->coreTimes()[c];
          CHECK(std::tie(a.soma, a.axonOut, a.stalled, a.axonIn, a.synapse, a.idle) ==
                std::tie(b.soma, b.axonOut, b.stalled, b.axonIn, b.synapse, b.idle));
          CHECK(a.idle >= 3000);
          CHECK(a.idle <= one->counts().picoseconds - a.soma);
        }
        if (round == 0)
          first.push_back(one->counts().picoseconds);
        CHECK(first[step] == one->counts().picoseconds);
      }
    CHECK(std::set<int64_t>(first.begin(), first.end()).size() > 5);
  }
}

TEST_CASE("turns of routers go on from step to step, through a checkpoint, too") {
  std::mt19937 random(6);
  hw::Chip chip = mesh(3, 2); // with cores so quick that links are what packets wait for
  for (const CycleModel::Number number : {CycleModel::Hop, CycleModel::Packet, CycleModel::Row, CycleModel::Synapse})
    chip.costs[0].cycles->numbers[number].value = 1;
  Net net = firing(chip, {{0, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 3, 0}, {0, 4, 0}, {0, 5, 0}}, 12, std::vector<int32_t>(72, 1));
  for (uint32_t k = 0; k < 72; ++k)
    net.populations[0].params["bias"][k] = static_cast<int32_t>(random() % 3);
  std::set<std::pair<uint32_t, uint32_t>> used;
  for (uint32_t k = 0; k < 500; ++k)
    if (const std::pair<uint32_t, uint32_t> pair{random() % 72, random() % 72}; used.insert(pair).second)
      net.synapses.push_back({0, pair.first, pair.second, 1, static_cast<int32_t>(random() % 3) - 1});
  const auto image = build(net);
  auto whole = machine(image, interp(1, emu::Timing::Detailed)), parts = machine(image, interp(2, emu::Timing::Detailed));
  auto anew = machine(image, interp(1, emu::Timing::Detailed));
  uint32_t otherwise = 0;
  for (uint32_t step = 1; step <= 30; ++step) {
    whole->step({});
    parts->step({});
    emu::Checkpoint saved{.image = "m.rvi", .network = "m", .identity = "", .options = {}};
    parts->save(saved.machine);
    REQUIRE(saved.machine.turns.size() == 6);
    emu::MachineState forgetful = saved.machine;
    // In a file and back.
    const std::string path = (std::filesystem::temp_directory_path() / ("ranvier-turns-" + std::to_string(::getpid()))).string();
    REQUIRE(emu::writeCheckpoint(path, saved));
    const auto read = emu::readCheckpoint(path);
    std::filesystem::remove(path);
    REQUIRE(read);
    CHECK(read->machine == saved.machine);
    parts->reset();
    REQUIRE(parts->restore(read->machine));
    forgetful.turns.assign(6, 0);
    REQUIRE(anew->restore(forgetful));
    whole->step({});
    parts->step({});
    anew->step({});
    CHECK(parts->counts().picoseconds == whole->counts().picoseconds);
    const auto differ = [&](emu::Machine &a, emu::Machine &b) {
      uint32_t count = 0;
      for (size_t l = 0; l < a.links().size(); ++l)
        count += a.linkTimes()[l].waited != b.linkTimes()[l].waited || a.linkTimes()[l].blocked != b.linkTimes()[l].blocked;
      return count;
    };
    CHECK(differ(*parts, *whole) == 0);
    otherwise += differ(*anew, *whole);
  }
  CHECK(otherwise > 0); // so they are what a checkpoint needs
  emu::MachineState state;
  parts->save(state);
  const auto code = [](emu::Machine &machine, emu::MachineState changed, std::vector<uint32_t> turns) {
    changed.turns = std::move(turns);
    const auto done = machine.restore(changed);
    return done ? 0u : done.error().code;
  };
  CHECK(code(*parts, state, {}) == 7036);
  CHECK(code(*parts, state, std::vector<uint32_t>(5)) == 7036);
  CHECK(code(*parts, state, {0, 0, 5 << 6, 0, 0, 0}) == 7036);
  CHECK(code(*parts, state, {0, 0, 0, 0, 0, 1 << 15}) == 7036);
  CHECK(code(*parts, state, {0, 4 << 12 | 4 << 9 | 4 << 6 | 4 << 3 | 4, 0, 0, 0, 0}) == 0);
  CHECK(code(*machine(image, interp(1, emu::Timing::Fast)), state, state.turns) == 7036);
  CHECK(code(*machine(image, interp(1, emu::Timing::Fast)), state, {}) == 0);
}

//===--- The mesh, cycle by cycle -----------------------------------------===//

namespace {

/// Destinations by node, `nodes` the host, with what they take.
struct Packet {
  uint32_t place = 0;
  std::map<uint32_t, uint32_t> to;
};
struct Traffic {
  uint32_t columns = 1, rows = 1, buffer = 1, hop = 1;
  std::vector<std::vector<Packet>> packets; ///< By sender.
  std::vector<CycleSender> senders;         ///< Without packets.
  uint32_t nodes() const { return columns * rows; }
};
struct Outcome {
  int64_t end = 0;
  std::vector<CycleOutcome> senders;
  std::vector<emu::MeshLinkOutcome> links;
};

Traffic draw(std::mt19937 &random, uint32_t mostColumns) {
  const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  Traffic out;
  out.columns = 1 + below(mostColumns);
  out.rows = 1 + below(mostColumns);
  out.buffer = 1 + below(5);
  out.hop = below(3) ? 1 : 1 + below(4);
  const uint32_t busy = 1 + below(30), widest = 1 + below(out.nodes());
  for (uint32_t s = 0; s <= out.nodes(); ++s) {
    const bool host = s == out.nodes();
    auto &list = out.packets.emplace_back();
    uint32_t place = 0;
    for (uint32_t k = below(25); k > 0; --k, ++place) {
      if (below(5) == 0)
        continue; // nobody hears it
      Packet packet{place, {}};
      for (uint32_t d = 1 + below(widest); d > 0; --d)
        packet.to[below(out.nodes())] = 1 + below(busy);
      if (!host && below(6) == 0)
        packet.to[out.nodes()] = 1;
      list.push_back(packet);
    }
    const auto spacing = 1 + below(3);
    const int64_t start = host ? 0 : below(60);
    out.senders.push_back({{}, start + 1 + below(9), spacing, start + (place ? below(9) + place * spacing : 0)});
  }
  return out;
}

class Plain {
public:
  /// `turns`: by node and output, the input that it serves first; run() leaves it as it is then.
  Plain(const Traffic &traffic, std::vector<uint32_t> &turns)
      : t(traffic), nodes(traffic.nodes()), queues(nodes * 5), first(turns), freeAt(nodes) {
    first.resize(nodes * 5);
  }

  Outcome run() {
    out.senders.resize(nodes + 1);
    out.links.resize(nodes * 5);
    uint64_t left = 0;
    std::vector<size_t> next(nodes + 1);
    std::vector<int64_t> due(nodes + 1);
    for (uint32_t s = 0; s <= nodes; ++s) {
      left += t.packets[s].size();
      if (!t.packets[s].empty())
        due[s] = t.senders[s].first - 1 + int64_t(t.packets[s][0].place) * t.senders[s].spacing;
    }
    for (now = 0; left || flying; ++now) {
      const std::vector<Queue> before = queues;
      std::vector<std::pair<uint32_t, Flit>> arriving;
      for (uint32_t n = 0; n < nodes; ++n)
        for (uint32_t o = 0; o < 5; ++o)
          serve(before, n, o, arriving);
      for (uint32_t q = 0; q < queues.size(); ++q)
        if (!queues[q].empty() && queues[q].front().to.empty()) {
          emu::MeshLinkOutcome &link = out.links[q];
          const Flit gone = queues[q].front();
          queues[q].pop_front();
          ++link.packets;
          link.waited += gone.head - gone.there;
          link.blocked += now - gone.head;
          if (!queues[q].empty())
            queues[q].front().head = std::max(queues[q].front().there, now + 1);
        }
      for (uint32_t s = 0; s <= nodes; ++s)
        if (const uint32_t q = s == nodes ? 1 : s * 5 + 4;
            next[s] < t.packets[s].size() && due[s] <= now && before[q].size() < t.buffer) {
          const Packet &packet = t.packets[s][next[s]++];
          out.senders[s].stalled += now - due[s];
          out.senders[s].sent = now;
          arriving.push_back({q, {packet.to, now + 1, 0}});
          flying += packet.to.size();
          --left;
          if (next[s] < t.packets[s].size())
            due[s] = now + int64_t(t.packets[s][next[s]].place - packet.place) * t.senders[s].spacing;
        }
      for (auto &[q, flit] : arriving) {
        flit.head = flit.there;
        queues[q].push_back(flit);
      }
    }
    for (uint32_t s = 0; s <= nodes; ++s) {
      CycleOutcome &one = out.senders[s];
      const int64_t sent = one.sent = std::max(one.sent, t.senders[s].sent + one.stalled);
      out.end = std::max({out.end, sent, one.processedUntil});
      if (s < nodes)
        for (const auto &[from, to] : intervals[s])
          one.processingAfter += std::max<int64_t>(0, to - std::max(from, sent));
    }
    return out;
  }

private:
  struct Flit {
    std::map<uint32_t, uint32_t> to;
    int64_t there, head;
  };
  using Queue = std::deque<Flit>;

  /// East, west, north, south, the core; the host lies south of node 0.
  uint32_t output(uint32_t node, uint32_t to) const {
    const uint32_t x = node / t.rows, y = node % t.rows, tx = to == nodes ? 0 : to / t.rows, ty = to == nodes ? 0 : to % t.rows;
    return tx > x ? 0 : tx < x ? 1 : ty > y ? 2 : ty < y || to == nodes ? 3 : 4;
  }

  void serve(const std::vector<Queue> &before, uint32_t n, uint32_t o, std::vector<std::pair<uint32_t, Flit>> &arriving) {
    int32_t chosen = -1;
    for (uint32_t k = 0; k < 5 && chosen < 0; ++k) {
      const uint32_t i = (first[n * 5 + o] + k) % 5;
      const Queue &queue = before[n * 5 + i];
      if (!queue.empty() && queue.front().head <= now)
        for (const auto &[to, cycles] : queue.front().to)
          if (output(n, to) == o)
            chosen = static_cast<int32_t>(i);
    }
    if (chosen < 0)
      return;
    const uint32_t behind[] = {(n + t.rows) * 5 + 1, (n - t.rows) * 5, (n + 1) * 5 + 3, (n - 1) * 5 + 2};
    const bool toHost = n == 0 && o == 3;
    if (o == 4 ? freeAt[n] > now : !toHost && before[behind[o]].size() >= t.buffer) {
      first[n * 5 + o] = static_cast<uint32_t>(chosen);
      return;
    }
    first[n * 5 + o] = static_cast<uint32_t>(chosen + 1) % 5;
    Flit &head = queues[n * 5 + static_cast<uint32_t>(chosen)].front();
    Flit copy{{}, now + t.hop, 0};
    for (auto at = head.to.begin(); at != head.to.end();)
      if (output(n, at->first) == o) {
        copy.to.insert(*at);
        at = head.to.erase(at);
      } else {
        ++at;
      }
    if (toHost) {
      out.senders[nodes].processedUntil = now;
      flying -= copy.to.size();
    } else if (o == 4) {
      const int64_t cycles = copy.to.begin()->second;
      freeAt[n] = out.senders[n].processedUntil = now + cycles;
      out.senders[n].work += cycles;
      intervals[n].emplace_back(now, freeAt[n]);
      --flying;
    } else {
      arriving.push_back({behind[o], copy});
    }
  }

  const Traffic &t;
  uint32_t nodes;
  std::vector<Queue> queues;
  std::vector<uint32_t> &first;
  std::vector<int64_t> freeAt;
  std::map<uint32_t, std::vector<std::pair<int64_t, int64_t>>> intervals;
  int64_t now = 0;
  uint64_t flying = 0;
  Outcome out;
};

/// The hops of a packet, made node by node.
uint32_t plan(MeshPlan &mesh, uint32_t node, const std::vector<std::pair<uint32_t, uint32_t>> &slots) {
  const uint32_t at = static_cast<uint32_t>(mesh.hops.size()), x = node / mesh.rows, y = node % mesh.rows;
  mesh.hops.emplace_back();
  std::array<std::vector<std::pair<uint32_t, uint32_t>>, 5> by;
  for (const auto &[to, slot] : slots) {
    const bool host = to == mesh.nodes();
    const uint32_t tx = host ? 0 : to / mesh.rows, ty = host ? 0 : to % mesh.rows;
    by[tx > x ? 0 : tx < x ? 1 : ty > y ? 2 : ty < y || host ? 3 : 4].push_back({to, slot});
  }
  if (!by[4].empty())
    mesh.hops[at].slot = by[4].front().second;
  const uint32_t next[] = {node + mesh.rows, node - mesh.rows, node + 1, node - 1};
  for (unsigned o = 0; o < 4; ++o)
    if (!by[o].empty()) {
      const uint32_t hop = o == 3 && node == 0 ? MeshPlan::toHost : plan(mesh, next[o], by[o]);
      mesh.hops[at].next[o] = hop;
    }
  return at;
}

/// What a network needs besides its plan.
struct Work {
  std::vector<std::vector<CyclePacket>> packets;
  std::vector<CycleSender> senders;
  std::vector<uint32_t> processing;
};
/// `route`: of a sender's node to (destination, slot); the host has no slot of its own.
template <typename Route> Work workOf(const Traffic &t, Route &&route) {
  Work out{{}, t.senders, {}};
  for (uint32_t s = 0; s <= t.nodes(); ++s) {
    auto &list = out.packets.emplace_back();
    for (const Packet &packet : t.packets[s]) {
      std::vector<std::pair<uint32_t, uint32_t>> slots;
      const uint64_t arrival = out.processing.size();
      for (const auto &[to, cycles] : packet.to) {
        slots.push_back({to, static_cast<uint32_t>(slots.size())});
        if (to != t.nodes())
          out.processing.push_back(cycles);
      }
      list.push_back({packet.place, route(s == t.nodes() ? 0 : s, slots), arrival});
    }
  }
  for (uint32_t s = 0; s <= t.nodes(); ++s)
    out.senders[s].packets = out.packets[s];
  return out;
}

} // namespace

TEST_CASE("the mesh is a plain one, run cycle by cycle") {
  std::mt19937 random(11);
  uint64_t stalls = 0, blocked = 0, hosts = 0, otherwise = 0;
  for (uint32_t round = 0; round < 400; ++round) {
    const Traffic traffic = draw(random, round % 2 ? 4 : 2);
    MeshPlan mesh{.columns = traffic.columns, .rows = traffic.rows, .buffer = traffic.buffer, .hop = traffic.hop, .hops = {}};
    const Work work = workOf(traffic, [&](uint32_t node, const auto &slots) { return plan(mesh, node, slots); });
    emu::MeshNetwork network(mesh);
    std::vector<uint32_t> turns;
    Outcome right;
    for (int again = 0; again < 3; ++again) { // nothing is left of a step but turns
      if (again == 2) {
        network.reset();
        turns.clear();
      }
      const int64_t before = right.end;
      right = Plain(traffic, turns).run();
      otherwise += again == 1 && right.end != before;
      std::vector<uint32_t> words(traffic.nodes());
      for (uint32_t k = 0; k < turns.size(); ++k)
        words[k / 5] |= turns[k] << 3 * (k % 5);
      const int64_t end = network.run(work.senders, work.processing);
      CHECK(end == right.end);
      CHECK(network.turns() == words);
      for (uint32_t s = 0; s <= traffic.nodes(); ++s) {
        const CycleOutcome &a = network.outcomes()[s], &b = right.senders[s];
        CHECK(a.stalled == b.stalled);
        CHECK(a.sent == b.sent);
        CHECK(a.work == b.work);
        CHECK(a.processedUntil == b.processedUntil);
        CHECK(a.processingAfter == b.processingAfter);
      }
      for (uint32_t q = 0; q < traffic.nodes() * 5; ++q) {
        const emu::MeshLinkOutcome &a = network.link(q / 5, q % 5), &b = right.links[q];
        CHECK(a.packets == b.packets);
        CHECK(a.waited == b.waited);
        CHECK(a.blocked == b.blocked);
        blocked += b.blocked > 0;
      }
    }
    for (const CycleOutcome &one : right.senders)
      stalls += one.stalled > 0;
    hosts += right.senders.back().processedUntil > 0;
  }
  CHECK(stalls > 500);
  CHECK(blocked > 1000);
  CHECK(hosts > 100);
  CHECK(otherwise > 3); // turns matter
}

TEST_CASE("first come: a core alone is exact") {
  std::mt19937 random(12);
  for (uint32_t round = 0; round < 1000; ++round) {
    Traffic traffic = draw(random, 1);
    MeshPlan mesh{.columns = 1, .rows = 1, .buffer = traffic.buffer, .hop = traffic.hop, .hops = {}};
    const Work work = workOf(traffic, [&](uint32_t node, const auto &slots) { return plan(mesh, node, slots); });
    emu::FirstComePlan one{.cores = 1, .alone = true, .window = traffic.buffer, .stops = {{0, 0}}, .routes = {}};
    const Work same = workOf(traffic, [&](uint32_t, const auto &slots) {
      emu::FirstComePlan::Route &route = one.routes.emplace_back();
      for (const auto &[to, slot] : slots)
        (to == 0 ? route.count : route.hostWay) = to == 0;
      return static_cast<uint32_t>(one.routes.size() - 1);
    });
    emu::MeshNetwork network(mesh);
    emu::FirstCome fast(one);
    const int64_t right = network.run(work.senders, work.processing);
    // A sender that is held up has sent later, which matters where processing does not end later still.
    CHECK(std::max(right, int64_t(0)) >= fast.run(same.senders, same.processing));
    CHECK(network.outcomes()[0].processedUntil == fast.outcomes()[0].processedUntil);
    CHECK(network.outcomes()[0].work == fast.outcomes()[0].work);
    CHECK(network.outcomes()[1].processedUntil == fast.outcomes()[1].processedUntil);
  }
}

TEST_CASE("first come: servers take what comes first, senders have so many packets under way") {
  // Two cores and the host; core 0 sends two packets to both, core 1 one to itself, the host nothing.
  emu::FirstComePlan plan{.cores = 2,
                          .alone = false,
                          .window = 1,
                          .stops = {{0, 0}, {1, 5}, {1, 0}},
                          .routes = {{.first = 0, .count = 2}, {.first = 2, .count = 1}}};
  const std::vector<uint32_t> processing = {10, 20, 100};
  const std::vector<CyclePacket> zero = {{0, 0, 0}, {1, 0, 0}}, one = {{0, 1, 2}};
  const std::vector<CycleSender> senders = {{zero, 50, 1, 53}, {one, 52, 1, 54}, {}};
  // Core 1 takes the first of core 0 in at 55, its own at 75; the second of core 0 can come 2 after the first was taken in
  // everywhere.
  emu::FirstCome narrow(plan);
  CHECK(narrow.run(senders, processing) == 195);
  CHECK(narrow.outcomes()[0].processedUntil == 60 + 10);
  CHECK(narrow.outcomes()[0].work == 20);
  CHECK(narrow.outcomes()[1].processedUntil == 195);
  CHECK(narrow.outcomes()[1].work == 140);
  CHECK(narrow.outcomes()[1].processingAfter == 20 + 100 + 20);
  // Of two under way the second goes at 51, before core 1's own.
  plan.window = 2;
  plan.stops[1].way = 60;
  emu::FirstCome wide(plan);
  CHECK(wide.run(senders, processing) == 110 + 20 + 20 + 100);
  CHECK(wide.outcomes()[0].processedUntil == 70);
  plan.window = 1; // and after it
  CHECK(emu::FirstCome(plan).run(senders, processing) == 110 + 20 + 100 + 20);
}
