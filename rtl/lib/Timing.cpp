//===- Timing.cpp - The emulator's times held against the RTL -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Timing.h"
#include "RtlClock.h"
#include "TimingNet.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranvier::rtl {

//===--- The RTL's clock --------------------------------------------------===//

Result<RtlClock> RtlClock::open(const TimedRun &run, const std::string &model) {
  RtlClock out;
  RANVIER_TRY(out.layout, loadImage(*run.image, run.grid, {.hostSpikes = HostSpikes::Observed}));
  RANVIER_TRY(out.chip, Model::open(model, out.layout->memories.geometry, 1));
  loadMemories(*out.chip, out.layout->memories);
  return out;
}

Result<uint64_t> RtlClock::step(emu::Machine &machine) {
  const image::Image &image = machine.image();
  given.clear();
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    if (const image::PopulationMeta &population = image.meta.populations[p]; population.input) {
      const auto neurons = machine.spikes(p);
      const auto payloads = machine.payloads(p);
      for (size_t i = 0; i < neurons.size(); ++i)
        given.push_back({layout->sourceOf[population.firstOut + neurons[i]] - layout->firstHostSource,
                         payloads.empty() ? 1 : static_cast<uint32_t>(payloads[i])});
    }
  // Every neuron's packet at every core with every synapse, and all of it in turn.
  const Geometry &g = layout->memories.geometry;
  const uint64_t most = (uint64_t(g.nodes()) * g.neurons + given.size()) * (2 + uint64_t(g.synapses));
  const StepResult result = chip->step(given, {.cycleLimit = 1000000 + most});
  spikes += machine.counts().spikes;
  ++steps;
  if (!result.finished)
    return other("a step that ends", "none within " + std::to_string(1000000 + most) + " cycles");
  return result.cycles + 1; // the one in which it is told to start is its first
}

Error RtlClock::other(const std::string &expected, const std::string &found) const {
  return {.code = 7526,
          .message = "the RTL does not do what the emulator does, so its times say nothing",
          .place = "step " + std::to_string(steps),
          .expected = expected,
          .found = found,
          .hint = "ranvier cosim says where they part"};
}

Result<void> RtlClock::finish() {
  uint64_t found = 0;
  for (uint32_t node = 0; node < layout->memories.geometry.nodes(); ++node) {
    RANVIER_TRY(const uint32_t word, read(node, CsrSpikes));
    found += word;
  }
  if (found != spikes)
    return other(std::to_string(spikes) + " spikes so far", std::to_string(found));
  return {};
}

Result<uint32_t> RtlClock::read(uint32_t node, uint32_t address) {
  ConfigWrite word{node, Space::Csr, address, 0};
  RANVIER_CHECK(chip->read(std::span(&word, 1)));
  return word.word;
}

Result<std::vector<TimedStep>> timeSteps(const TimedRun &run, const std::string &model) {
  RANVIER_TRY(RtlClock clock, RtlClock::open(run, model));
  const hw::CostProfile *profile = run.image->chip.findCosts("");
  RANVIER_ASSERT(profile && profile->cycles, "a chip whose times are cycles");
  RANVIER_TRY(const auto fast, emu::Machine::create(run.image, {.executor = emu::Executor::Interp, .timing = emu::Timing::Fast}));
  RANVIER_TRY(const auto detailed,
              emu::Machine::create(run.image, {.executor = emu::Executor::Interp, .timing = emu::Timing::Detailed}));
  const auto cycles = [&](const emu::Machine &machine) {
    return static_cast<uint64_t>(machine.counts().picoseconds / profile->cycles->clockPicoseconds);
  };
  std::vector<TimedStep> out;
  auto input = run.inputs.begin();
  for (uint32_t step = 1; step <= run.steps; ++step) {
    const auto first = input;
    while (input != run.inputs.end() && input->step == step)
      ++input;
    fast->step({first, input});
    detailed->step({first, input});
    RANVIER_TRY(const uint64_t rtl, clock.step(*fast));
    out.push_back({rtl, cycles(*fast), cycles(*detailed)});
  }
  RANVIER_CHECK(clock.finish());
  return out;
}

//===--- Random networks --------------------------------------------------===//

namespace {
using isa::RandomSource;

class TrafficMaker {
public:
  TrafficMaker(const hw::Chip &chip, unsigned kind, uint64_t seed)
      : random(RandomSource(seed * 3 + kind).next()), chip(chip), kind(kind),
        net(chip, "traffic-" + std::to_string(kind) + "-" + std::to_string(seed), seed) {}

  Result<TimedRun> make() {
    TimedRun run;
    const bool large = random.oneIn(2);
    run.grid =
        kind == 0 ? Grid{} : Grid{large ? chip.tilesX : std::min(2u, chip.tilesX), large ? chip.tilesY : std::min(2u, chip.tilesY)};
    RANVIER_TRY(const Geometry g, geometryOf(chip, run.grid));
    run.steps = 12;
    inputs = random.oneIn(3) ? 0 : 1 + random.below(std::min(g.hostInputs, kind == 2 ? 200u : 30u));
    if (inputs)
      net.addInputs(inputs);
    makeCores(g);
    connect(g);
    RANVIER_TRY(image::Image image, net.make());
    run.image = std::make_shared<const image::Image>(std::move(image));
    for (uint32_t step = 1; step <= run.steps; ++step)
      for (uint32_t n = 0; n < inputs; ++n)
        if (random.oneIn(4))
          run.inputs.push_back({step, 0, n, emu::plainPayload(*run.image)});
    return run;
  }

private:
  int32_t between(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(random.below(static_cast<uint32_t>(high - low) + 1));
  }

  /// Programs of many lengths, and the native form. Under heavy traffic they are short, so that it is what takes time.
  void makeCores(const Geometry &g) {
    const uint32_t native = net.addProgram(hw::nativeCubaProgram(*chip.nativeCuba));
    std::vector<uint32_t> noisy;
    for (uint32_t i = 0; i < 3; ++i)
      noisy.push_back(net.addProgram(noiseProgram(1 + random.below(std::min(2u, g.inputs)), 5 + random.below(kind == 2 ? 5 : 30))));
    const double rate = kind == 2 ? between(100, 600) * 1e-3 : kind == 1 ? between(1, 20) * 1e-3 : between(0, 600) * 1e-3;
    for (uint32_t x = 0; x < g.grid.columns; ++x)
      for (uint32_t y = 0; y < g.grid.rows; ++y) {
        const uint32_t core = net.addCore(x, y), slices = 1 + random.below(4);
        auto &mine = populations.emplace_back();
        for (uint32_t s = 0; s < slices; ++s) {
          const uint32_t count = 1 + random.below(g.neurons / slices);
          const bool heard = random.oneIn(8);
          if (random.oneIn(2)) { // fires once in so many steps, each neuron when it likes
            const int32_t threshold = 1 << 10;
            std::vector<int32_t> bias;
            for (uint32_t n = 0; n < count; ++n)
              bias.push_back(static_cast<int32_t>(threshold * 64 * rate * between(50, 150) / 100));
            mine.push_back(net.addSlice(core, count, native, {{4095}, {0}, {threshold}, bias}, heard));
          } else {
            mine.push_back(
                net.addSlice(core, count, random.pick(noisy), {{static_cast<int32_t>(std::lround(rate * 65536)) - 32768}}, heard));
          }
        }
      }
  }

  std::vector<uint32_t> rows(uint32_t most) {
    std::vector<uint32_t> out(random.oneIn(4) ? 2 + random.below(2) : 1);
    for (uint32_t &row : out)
      row = 1 + random.below(most);
    return out;
  }

  /// Without contention a core is reached by one other at most, or spikes are few. Neurons of a stretch send to the same cores.
  void connect(const Geometry &g) {
    const uint32_t cores = g.nodes(), most = 1u << (2 + random.below(5));
    const uint32_t shift = 1 + random.below(std::max(cores - 1, 1u));
    const bool alone = kind == 1 && random.oneIn(2); // of all that reach a core
    const uint32_t widest = kind == 2 ? std::min(cores, 1 + random.below(8)) : std::min(cores, 2u);
    const uint32_t stretch = random.pick(std::array<uint32_t, 4>{1, 16, 64, g.neurons});
    const auto reach = [&](uint32_t population, uint32_t neuron, const std::vector<uint32_t> &to) {
      for (const uint32_t core : to)
        if (net.wordsOf(core) + 4 * (most + 1) <= g.synapses)
          net.connect(population, neuron, core, rows(most), between(-2, 2));
    };
    const auto draw = [&](uint32_t from) {
      if (alone)
        return std::vector<uint32_t>{(from + shift) % cores};
      std::vector<uint32_t> all(cores);
      std::iota(all.begin(), all.end(), 0u);
      for (uint32_t i = 0; i + 1 < cores; ++i)
        std::swap(all[i], all[i + random.below(cores - i)]);
      all.resize(1 + random.below(widest));
      return all;
    };
    for (uint32_t n = 0; n < inputs && !alone; ++n)
      if (!random.oneIn(5))
        reach(0, n, draw(0));
    for (uint32_t core = 0; core < cores; ++core)
      for (const uint32_t population : populations[core]) {
        std::vector<uint32_t> to;
        for (uint32_t n = 0; n < net.neuronsOf(population); ++n) {
          if (n % stretch == 0)
            to = draw(core);
          if (!random.oneIn(10)) // some reach nobody
            reach(population, n, to);
        }
      }
  }

  RandomSource random;
  const hw::Chip &chip;
  unsigned kind;
  TimingNet net;
  uint32_t inputs = 0;
  std::vector<std::vector<uint32_t>> populations; ///< By core.
};
} // namespace

Result<TimedRun> randomTraffic(const hw::Chip &chip, unsigned kind, uint64_t seed) { return TrafficMaker(chip, kind, seed).make(); }

Result<std::vector<TimingClass>> validateTiming(const TimingJob &job) {
  std::vector<TimingClass> classes = {
      {.name = "alone", .description = "a core alone", .fast = {.bound = 0}, .detailed = {.bound = 0}},
      {.name = "apart", .description = "several cores without contention", .fast = {.bound = 0.02}, .detailed = {.bound = 0.02}},
      {.name = "heavy", .description = "heavy traffic", .fast = {.bound = 0.08}, .detailed = {.bound = 0.03}}};
  ModelShelf models(job);
  for (unsigned kind = 0; kind < classes.size(); ++kind) {
    TimingClass &out = classes[kind];
    for (uint32_t k = 0; k < job.count; ++k) {
      if (job.progress)
        job.progress(out.description, k, job.count);
      const uint64_t seed = job.seed + k;
      RANVIER_TRY(const TimedRun run, randomTraffic(job.chip, kind, seed));
      RANVIER_TRY(const std::string model, models.of(run.grid));
      RANVIER_TRY(const std::vector<TimedStep> steps, timeSteps(run, model));
      ++out.networks;
      for (const TimedStep &step : steps) {
        ++out.steps;
        out.cycles += step.rtl;
        const auto add = [&](TimingClass::Side &side, uint64_t found) {
          const double error = std::abs(double(found) - double(step.rtl)) / double(step.rtl);
          side.mean += error;
          if (error > side.worst) {
            side.worst = error;
            side.worstSeed = seed;
          }
        };
        add(out.fast, step.fast);
        add(out.detailed, step.detailed);
      }
    }
    for (TimingClass::Side *side : {&out.fast, &out.detailed})
      side->mean /= std::max(out.steps, 1u);
  }
  return classes;
}

} // namespace ranvier::rtl
