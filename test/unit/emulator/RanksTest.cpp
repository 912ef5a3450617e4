//===- RanksTest.cpp - A machine over several ranks -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same random networks on one machine and spread over ranks that are threads of this process: every spike, payload, state word,
// count, time and saved state must agree, whatever the number of ranks and the threads of each.
//===----------------------------------------------------------------------===//
#include "RandomNet.h"
#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/Emulator/Collector.h"
#include <cstring>
#include <doctest/doctest.h>
#include <numeric>
#include <thread>

using namespace ranvier;
using namespace ranvier::emutest;

namespace {

struct Step {
  StepSpikes spikes;
  std::vector<std::vector<int32_t>> states;
  emu::StepCounts counts;
};
struct Outcome {
  std::vector<Step> steps;
  emu::RunResult result; ///< Added up over the ranks.
  std::vector<uint64_t> spikes;
  std::vector<emu::MachineState> saved;
  uint64_t synapses = 0;
  std::vector<uint64_t> synapsesOf; ///< By rank.
  std::vector<emu::RankTraffic> traffic;
  uint32_t interval = 0;
};

/// What one rank sees; null `ranks`: the whole machine. Saves after some steps. `from`: a state to go on from.
Result<Outcome> runRank(const Net &net, std::shared_ptr<const image::Image> image, emu::MachineOptions options,
                        const std::vector<std::vector<InputSpike>> &inputs, std::shared_ptr<emu::Transport> ranks,
                        const emu::MachineState *from) {
  options.ranks = ranks;
  RANVIER_TRY(auto machine, emu::Machine::create(image, options));
  if (from)
    RANVIER_CHECK(machine->restore(*from));
  const uint32_t before = machine->currentStep();
  std::vector<std::vector<uint32_t>> slots;
  for (const Population &population : net.populations) {
    slots.emplace_back(population.program >= 0 ? net.programs[population.program].states.size() : 0);
    std::iota(slots.back().begin(), slots.back().end(), 0u);
  }
  emu::Collector collector(*machine, ranks, slots);
  Outcome out;
  out.spikes.resize(net.populations.size());
  std::vector<InputSpike> all;
  for (size_t t = before; t < inputs.size(); ++t)
    all.insert(all.end(), inputs[t].begin(), inputs[t].end());
  Result<void> failed;
  const auto onStep = [&](const emu::StepView &view, emu::Machine &m) {
    for (uint32_t p = 0; p < net.populations.size(); ++p)
      if (!ranks || ranks->rank() == 0 || net.populations[p].program >= 0)
        out.spikes[p] += m.spikes(p).size();
    if (!collector.step())
      return false;
    if (!ranks || ranks->rank() == 0) {
      Step &step = out.steps.emplace_back();
      step.counts = view.counts;
      for (uint32_t p = 0; p < net.populations.size(); ++p) {
        const auto neurons = collector.spikes(p);
        const auto payloads = collector.payloads(p);
        step.spikes.neurons.emplace_back(neurons.begin(), neurons.end());
        step.spikes.payloads.emplace_back(payloads.begin(), payloads.end());
        for (uint32_t k = 0; k < slots[p].size(); ++k) {
          const auto words = collector.state(p, k);
          step.states.emplace_back(words.begin(), words.end());
        }
      }
    }
    if (view.step % 7 == 5)
      m.save(out.saved.emplace_back());
    return true;
  };
  RANVIER_TRY(out.result,
              emu::run(*machine, all,
                       {.steps = static_cast<uint32_t>(inputs.size()) - before, .keepPerStep = true, .keepPlaces = true}, onStep));
  out.synapses = machine->synapses();
  out.traffic.push_back(machine->traffic());
  out.interval = machine->exchangeInterval();
  if (ranks && !emu::addUp(*ranks, options.timing, out.result, out.spikes))
    return Error{.code = emu::otherRankFailed, .message = "left"};
  return out;
}

/// Rank 0 in this thread, the others in threads of their own.
Outcome runRanks(const Net &net, const std::shared_ptr<const image::Image> &image, const emu::MachineOptions &options,
                 const std::vector<std::vector<InputSpike>> &inputs, unsigned count, const emu::MachineState *from = nullptr) {
  std::vector<std::shared_ptr<emu::Transport>> ranks;
  for (auto &rank : emu::pretendRanks(count))
    ranks.push_back(std::move(rank));
  std::vector<Result<Outcome>> outcomes(count, Outcome());
  {
    std::vector<std::jthread> others;
    for (unsigned r = 1; r < count; ++r)
      others.emplace_back([&, r] { outcomes[r] = runRank(net, image, options, inputs, ranks[r], from); });
    outcomes[0] = runRank(net, image, options, inputs, ranks[0], from);
  }
  for (const auto &one : outcomes)
    REQUIRE_MESSAGE(bool(one), (one ? "" : one.error().str()));
  Outcome out = *outcomes[0];
  out.synapses = 0;
  out.traffic.clear();
  for (const auto &one : outcomes) {
    out.synapses += one->synapses;
    out.synapsesOf.push_back(one->synapses);
    out.traffic.push_back(one->traffic.front());
    CHECK(one->interval == out.interval);
  }
  return out;
}

bool same(const auto &a, const auto &b) { return std::memcmp(&a, &b, sizeof a) == 0; }

void checkSame(const Outcome &expected, const Outcome &found, emu::Timing timing) {
  REQUIRE(found.steps.size() == expected.steps.size());
  for (size_t t = 0; t < expected.steps.size(); ++t) {
    CAPTURE(t);
    REQUIRE(found.steps[t].spikes == expected.steps[t].spikes);
    REQUIRE(found.steps[t].states == expected.steps[t].states);
    if (timing != emu::Timing::Off)
      REQUIRE(same(found.steps[t].counts, expected.steps[t].counts));
    CHECK(same(found.result.perStep[t], expected.result.perStep[t]));
  }
  CHECK(same(found.result.total, expected.result.total));
  CHECK(found.result.longestStep == expected.result.longestStep);
  REQUIRE(found.result.cores.size() == expected.result.cores.size());
  for (size_t c = 0; c < expected.result.cores.size(); ++c)
    CHECK(same(found.result.cores[c], expected.result.cores[c]));
  CHECK(found.spikes == expected.spikes);
  CHECK(found.saved == expected.saved);
  CHECK(found.synapses == expected.synapses);
}

struct Seen {
  uint64_t spikes = 0, sent = 0;
  uint32_t longestInterval = 0;
  std::set<int64_t> times; ///< Of steps.
};

Seen compare(uint32_t seed, const Net &net, const std::vector<std::vector<InputSpike>> &inputs) {
  const auto image = build(net);
  Seen seen;
  for (const emu::Timing timing : {emu::Timing::Off, emu::Timing::Fast}) {
    auto options = interp(1, timing);
#if RANVIER_HAVE_JIT
    options.executor = seed % 2 ? emu::Executor::Jit : emu::Executor::Interp;
#endif
    options.segments = seed % 4 < 2;
    auto alone = runRank(net, image, options, inputs, nullptr, nullptr);
    REQUIRE_MESSAGE(bool(alone), (alone ? "" : alone.error().str()));
    seen.spikes += alone->result.total.spikes;
    for (const emu::StepCounts &counts : alone->result.perStep)
      seen.times.insert(counts.picoseconds);
    for (const auto &[ranks, threads] : {std::pair(1u, 1u), {2u, 1u}, {2u, 3u}, {3u, 1u}, {5u, 2u}, {9u, 1u}}) {
      CAPTURE(ranks);
      CAPTURE(threads);
      auto each = options;
      each.threads = threads;
      const Outcome found = runRanks(net, image, each, inputs, ranks);
      checkSame(*alone, found, timing);
      const Outcome resumed = runRanks(net, image, each, inputs, ranks, &alone->saved[ranks % 2]);
      const size_t before = alone->steps.size() - resumed.steps.size();
      CHECK(before == alone->saved[ranks % 2].step);
      for (size_t t = 0; t < resumed.steps.size(); ++t) {
        REQUIRE(resumed.steps[t].spikes == alone->steps[before + t].spikes);
        REQUIRE(resumed.steps[t].states == alone->steps[before + t].states);
        CHECK(same(resumed.result.perStep[t], alone->result.perStep[before + t]));
      }
      uint64_t sent = 0, received = 0, bytesSent = 0, bytesReceived = 0;
      for (const emu::RankTraffic &traffic : found.traffic) {
        sent += traffic.spikesSent;
        received += traffic.spikesReceived;
        bytesSent += traffic.bytesSent;
        bytesReceived += traffic.bytesReceived;
        CHECK(traffic.exchanges == found.traffic[0].exchanges);
      }
      CHECK(sent >= received); // what the last steps sent may not have gone out yet
      CHECK(bytesSent == bytesReceived);
      if (ranks == 1)
        CHECK(sent == 0);
      else
        seen.sent += sent;
      CHECK(found.interval == (timing == emu::Timing::Off ? found.interval : 1));
      seen.longestInterval = std::max(seen.longestInterval, found.interval);
    }
  }
  return seen;
}

Seen compare(uint32_t seed, const Net &net, Generator &generator) {
  std::vector<std::vector<InputSpike>> inputs;
  for (uint32_t t = 1; t <= 30; ++t)
    inputs.push_back(generator.inputs(net, t));
  return compare(seed, net, inputs);
}

Seen compare(uint32_t seed, isa::Profile profile, bool graded, bool sameStep) {
  CAPTURE(seed);
  Generator generator(seed);
  generator.shortestDelay = seed % 3 ? 1 + seed % 5 : 1;
  const Net net = generator.net(profile, graded, sameStep);
  return compare(seed, net, generator);
}

/// A chip that is described in cycles, each number 1, with 8 neurons at a time.
hw::Chip clockedChip(uint32_t columns, uint32_t rows) {
  hw::Chip chip;
  chip.topology = hw::Topology::Mesh;
  chip.multicastTrees = true;
  chip.tilesX = columns;
  chip.tilesY = rows;
  chip.linkBuffer = 4;
  hw::CycleModel &cycles = chip.costs.emplace_back().cycles.emplace();
  chip.costs[0].name = "cycles";
  cycles.clockPicoseconds = 1000;
  for (auto &number : cycles.numbers)
    number.value = 1;
  cycles.numbers[hw::CycleModel::Lanes].value = 8;
  return chip;
}

/// A random network on a mesh that is described in cycles, which the host enters at its corner and hears.
Net clockedNet(Generator &generator) {
  Net net = generator.net(isa::Profile::Int, false, false);
  hw::Chip &chip = net.chip = clockedChip(2 + generator.below(3), 3 + generator.below(2));
  chip.linkBuffer = 1 + generator.below(4);
  hw::CycleModel &cycles = *chip.costs[0].cycles;
  cycles.clockPicoseconds = 1 + generator.below(3000);
  for (unsigned n = 0; n < cycles.numbers.size(); ++n)
    if (n != hw::CycleModel::Lanes)
      cycles.numbers[n].value = 1 + generator.below(12);
  std::set<uint32_t> places;
  while (places.size() < net.cores.size())
    places.insert(generator.below(chip.tilesX * chip.tilesY));
  auto place = places.begin();
  for (Core &core : net.cores)
    core = {0, *place++, 0};
  for (Population &population : net.populations)
    population.source.output = population.program >= 0 && generator.below(2);
  return net;
}

Seen compareAll(uint32_t from, uint32_t to, isa::Profile profile, bool sameStep) {
  Seen all;
  for (uint32_t seed = from; seed <= to; ++seed) {
    const Seen one = compare(seed, profile, seed % 2, sameStep);
    all.spikes += one.spikes;
    all.sent += one.sent;
    all.longestInterval = std::max(all.longestInterval, one.longestInterval);
  }
  CHECK(all.spikes > 0);
  CHECK(all.sent > 0);
  return all;
}

} // namespace

TEST_CASE("ranks: random integer networks are the same on any number of them") {
  CHECK(compareAll(501, 512, isa::Profile::Int, false).longestInterval > 2);
}
TEST_CASE("ranks: random float networks are the same on any number of them") {
  CHECK(compareAll(601, 612, isa::Profile::F32, false).longestInterval > 2);
}
TEST_CASE("ranks: edges of delay 0 that cross are exchanged level by level") {
  compareAll(701, 708, isa::Profile::F32, true);
  compareAll(721, 728, isa::Profile::Int, true);
}

TEST_CASE("ranks: times in cycles are the same on any number of them") {
  for (uint32_t seed = 901; seed <= 916; ++seed) {
    CAPTURE(seed);
    Generator generator(seed);
    const Net net = clockedNet(generator);
    const Seen seen = compare(seed, net, generator);
    CHECK(seen.spikes > 0);
    CHECK(seen.sent > 0);
    CHECK(seen.times.size() > 10);
  }
}

/// A core alone is timed exactly, by rank 0 although it is not there.
TEST_CASE("ranks: times in cycles of fewer cores than ranks") {
  for (uint32_t seed = 921; seed <= 928; ++seed) {
    CAPTURE(seed);
    Generator generator(seed);
    Net net = clockedNet(generator);
    net.cores = {{0, 0, 0}};
    for (Population &population : net.populations)
      if (population.program >= 0)
        population.split = {{0, population.count}};
    const Seen seen = compare(seed, net, generator);
    CHECK(seen.spikes > 0);
    CHECK(seen.times.size() > 10);
  }
}

/// Two cores in a line send to one each behind them: the link between carries what both send.
TEST_CASE("ranks: the busiest link of a chip that counts cycles carries messages of several") {
  constexpr uint32_t each = 40;
  Net net;
  net.chip = clockedChip(4, 1);
  hw::CycleModel &cycles = *net.chip.costs[0].cycles;
  for (const auto none : {hw::CycleModel::Row, hw::CycleModel::Synapse})
    cycles.numbers[none].value = 0;
  net.programs = {integrateAndFire()};
  net.cores = {{0, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 3, 0}};
  std::vector<int32_t> bias(4 * each, 0);
  std::fill_n(bias.begin(), 2 * each, 5);
  net.populations = {{.name = "n", .count = 4 * each, .program = 0, .params = {{"bias", bias}, {"vth", {1}}}}};
  for (uint32_t c = 0; c < 4; ++c)
    net.populations[0].split.emplace_back(c, each);
  net.projections = {{"n", 0, 0}};
  for (uint32_t n = 0; n < 2 * each; ++n)
    net.synapses.push_back({0, n, 2 * each + n, 1, -1});
  const Seen seen = compare(0, net, std::vector<std::vector<InputSpike>>(30));
  const auto groups = static_cast<int64_t>(net.programs[0].code.size() + net.programs[0].inputs.size());
  const int64_t update = 1 + 1 + each / 8 * groups;
  CHECK(seen.times == std::set<int64_t>{0, (update + 1 + 2 * each + 1) * 1000}); // without timing, and with it
}

TEST_CASE("ranks: what times in cycles need of the whole machine is on rank 0") {
  Generator generator(931);
  Net net = clockedNet(generator);
  hw::CostProfile &plain = net.chip.costs.emplace_back();
  plain.name = "plain";
  const auto image = build(net);
  constexpr unsigned count = 3;
  std::vector<uint64_t> bytes[2] = {std::vector<uint64_t>(count), std::vector<uint64_t>(count)};
  std::vector<uint64_t> neurons(count, 0);
  for (const bool clocked : {false, true}) {
    std::vector<std::shared_ptr<emu::Transport>> ranks;
    for (auto &rank : emu::pretendRanks(count))
      ranks.push_back(std::move(rank));
    const auto work = [&](unsigned r) {
      auto options = interp(1, emu::Timing::Fast);
      options.ranks = ranks[r];
      options.costProfile = net.chip.costs[clocked ? 0 : 1].name;
      const auto machine = emutest::machine(image, options);
      bytes[clocked][r] = machine->memory().total();
      const std::vector<uint32_t> owners = machine->ranksOfCores();
      for (size_t c = 0; c < owners.size() && clocked; ++c)
        neurons[r] += owners[c] == r ? image->cores[c].neuronCount : 0;
    };
    std::jthread one(work, 1u), two(work, 2u);
    work(0);
  }
  // Elsewhere a word for each neuron of the rank and for each core.
  for (unsigned r = 1; r < count; ++r)
    CHECK(bytes[1][r] - bytes[0][r] == 4 * (neurons[r] + image->cores.size()));
  const uint64_t rows = image->outPtr.size() - 1;
  CHECK(bytes[1][0] - bytes[0][0] >= 4 * image->outAxons.size() + 12 * rows);
  CHECK(bytes[1][0] - bytes[0][0] <= 4 * image->outAxons.size() + (12 + 16 + 24) * rows + 1000 * (image->cores.size() + 1));
}

TEST_CASE("ranks: one that fails is named by the others, and none waits for it") {
  Generator generator(801);
  const Net net = generator.net(isa::Profile::Int, false, false);
  const auto image = build(net);
  std::vector<std::shared_ptr<emu::Transport>> ranks;
  for (auto &rank : emu::pretendRanks(3))
    ranks.push_back(std::move(rank));
  std::vector<unsigned> codes(3, 0);
  std::vector<std::string> messages(3);
  const auto work = [&](unsigned r) {
    auto options = interp(1, emu::Timing::Fast);
    options.ranks = ranks[r];
    if (r == 1)
      options.costProfile = "no such profile";
    auto machine = emu::Machine::create(image, options);
    codes[r] = machine ? 0 : machine.error().code;
    messages[r] = machine ? "" : machine.error().message;
  };
  {
    std::jthread one(work, 1u), two(work, 2u);
    work(0);
  }
  CHECK(codes == std::vector<unsigned>{emu::otherRankFailed, 7001, emu::otherRankFailed});
  CHECK(messages[0] == "rank 1 of the run failed");
}

TEST_CASE("ranks: those that wait for one that has left go on to an error") {
  for (const bool clocked : {false, true})
    for (const unsigned leaver : {0u, 1u}) {
      Generator generator(802);
      const auto image = build(clocked ? clockedNet(generator) : generator.net(isa::Profile::Int, false, false));
      std::vector<std::shared_ptr<emu::Transport>> ranks;
      for (auto &rank : emu::pretendRanks(2))
        ranks.push_back(std::move(rank));
      unsigned code = 0;
      const auto work = [&](unsigned r) {
        auto options = interp(2, emu::Timing::Fast);
        options.ranks = ranks[r];
        auto machine = emu::Machine::create(image, options);
        if (!machine)
          return;
        auto outcome = emu::run(**machine, {}, {.steps = r == leaver ? 3u : 10u});
        if (r == leaver)
          ranks[r]->leave();
        else
          code = outcome ? 0 : outcome.error().code;
      };
      {
        std::jthread one(work, 1u);
        work(0);
      }
      CHECK(code == 7017);
    }
}

TEST_CASE("ranks: detailed timing wants the whole machine") {
  Generator generator(803);
  const auto image = build(generator.net(isa::Profile::Int, false, false));
  CHECK(codeOfTwoRanks(image, interp(1, emu::Timing::Detailed)) == 7016);
  const auto clocked = build(clockedNet(generator));
  for (const emu::Timing timing : {emu::Timing::Off, emu::Timing::Fast, emu::Timing::Detailed})
    CHECK(codeOfTwoRanks(clocked, interp(1, timing)) == (timing == emu::Timing::Detailed ? 7016 : 0));
}
