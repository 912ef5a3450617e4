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
  for (const Population &population : net.populations)
    slots.push_back(population.program >= 0 ? std::vector<uint32_t>{0, 1} : std::vector<uint32_t>());
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
};

Seen compare(uint32_t seed, isa::Profile profile, bool graded, bool sameStep) {
  CAPTURE(seed);
  Generator generator(seed);
  generator.shortestDelay = seed % 3 ? 1 + seed % 5 : 1;
  const Net net = generator.net(profile, graded, sameStep);
  const auto image = build(net);
  std::vector<std::vector<InputSpike>> inputs;
  for (uint32_t t = 1; t <= 30; ++t)
    inputs.push_back(generator.inputs(net, t));
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
  Generator generator(802);
  const Net net = generator.net(isa::Profile::Int, false, false);
  const auto image = build(net);
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
    auto outcome = emu::run(**machine, {}, {.steps = r == 0 ? 3u : 10u});
    if (r == 0)
      ranks[0]->leave();
    else
      code = outcome ? 0 : outcome.error().code;
  };
  {
    std::jthread one(work, 1u);
    work(0);
  }
  CHECK(code == 7017);
}

TEST_CASE("ranks: detailed timing wants the whole machine") {
  Generator generator(803);
  const auto image = build(generator.net(isa::Profile::Int, false, false));
  CHECK(codeOfTwoRanks(image, interp(1, emu::Timing::Detailed)) == 7016);
}
