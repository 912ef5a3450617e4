//===- rtl.cpp - How fast the Verilated chip runs --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads an image into the Verilated RTL, as `ranvier cosim` does, and times its steps alone: no comparison, no waveform, one
// thread. The emulator runs the same steps with the same input afterwards. Usage: bench-rtl IMAGE.rvi [--grid WxH] [--steps N]
// [--rounds N] [--input PROBABILITY]
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/Rtl/Lockstep.h"
#include <cstdlib>
#include <iostream>

using namespace ranvier;

namespace {
struct Options {
  std::string image, grid;
  uint32_t steps = 200, rounds = 5;
  double input = 0.25;
};

[[noreturn]] void fail(const std::string &message) {
  std::cerr << "bench-rtl: " << message << "\n";
  std::exit(1);
}

template <typename T> T need(Result<T> result) {
  if (!result)
    fail(result.error().str());
  return *std::move(result);
}

Options parse(int argc, char **argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--") && out.image.empty()) {
      out.image = word;
      continue;
    }
    if (i + 1 == argc)
      fail(word + " needs a value");
    const std::string value = argv[++i];
    if (word == "--grid")
      out.grid = value;
    else if (word == "--steps")
      out.steps = static_cast<uint32_t>(std::stoul(value));
    else if (word == "--rounds")
      out.rounds = static_cast<uint32_t>(std::stoul(value));
    else if (word == "--input")
      out.input = std::stod(value);
    else
      fail("unknown option " + word);
  }
  if (out.image.empty() || !out.steps || !out.rounds)
    fail("usage: bench-rtl IMAGE.rvi [--grid WxH] [--steps N] [--rounds N] [--input PROBABILITY]");
  return out;
}

/// The chip, loaded.
class Chip {
public:
  Chip(const image::Image &image, rtl::Grid grid)
      : image(image), geometry(need(rtl::geometryOf(image.chip, grid))), loaded(need(rtl::loadImage(image, grid, {}))),
        file(need(rtl::buildModel(need(rtl::shippedSources()), geometry, {}))),
        model(need(rtl::Model::open(file.path, geometry, 1))) {
    rtl::loadMemories(*model, loaded.memories);
  }

  /// Seconds of the steps; counts cycles.
  double run(uint32_t first, uint32_t steps, double probability) {
    std::vector<std::vector<rtl::ModelInput>> inputs(steps);
    for (uint32_t step = 0; step < steps; ++step)
      for (const emu::InputSpike &spike : rtl::randomInputs(image, 1, first + step, probability))
        inputs[step].push_back({hostInput(spike), static_cast<uint32_t>(spike.payload)});
    const double start = bench::seconds();
    for (const auto &given : inputs) {
      const rtl::StepResult done = model->step(given, {.cycleLimit = 1u << 24});
      if (!done.finished)
        fail("a step does not end");
      cycles += done.cycles;
    }
    return bench::seconds() - start;
  }

  /// The sum of a counter over all cores.
  uint64_t counter(rtl::Csr csr) {
    uint64_t sum = 0;
    for (uint32_t node = 0; node < geometry.nodes(); ++node) {
      rtl::ConfigWrite word{node, rtl::Space::Csr, csr, 0};
      if (const auto done = model->read({&word, 1}); !done)
        fail(done.error().str());
      sum += word.word;
    }
    return sum;
  }
  uint32_t leastSynapseWords() const {
    uint32_t least = UINT32_MAX;
    for (const image::CoreRecord &core : image.cores)
      least = std::min(least, static_cast<uint32_t>(core.synapseCount + core.rowCount));
    return least;
  }
  uint64_t cycles = 0;

private:
  uint32_t hostInput(const emu::InputSpike &spike) const {
    return static_cast<uint32_t>(image.meta.populations[spike.population].firstOut - loaded.neurons) + spike.neuron;
  }
  const image::Image &image;
  rtl::Geometry geometry;
  rtl::LoadedImage loaded;
  rtl::ModelFile file;
  std::unique_ptr<rtl::Model> model;
};

/// The least of several runs of the emulator, one thread.
double emulatorSeconds(const std::shared_ptr<const image::Image> &image, const Options &options, emu::Executor executor) {
  double best = 1e9;
  for (uint32_t round = 0; round < options.rounds; ++round) {
    auto machine = need(emu::Machine::create(image, {.executor = executor, .timing = emu::Timing::Off, .threads = 1}));
    std::vector<std::vector<emu::InputSpike>> inputs;
    for (uint32_t step = 1; step <= options.steps; ++step)
      inputs.push_back(rtl::randomInputs(*image, 1, step, options.input));
    const double start = bench::seconds();
    for (const auto &given : inputs)
      machine->step(given);
    best = std::min(best, bench::seconds() - start);
  }
  return best;
}
} // namespace

int main(int argc, char **argv) {
  const Options options = parse(argc, argv);
  const auto image = std::make_shared<const image::Image>(need(image::open(options.image)));
  const rtl::Grid grid = options.grid.empty() ? rtl::smallestGrid(*image) : need(rtl::parseGrid(options.grid));
  Chip chip(*image, grid);
  chip.run(1, std::min(options.steps, 20u), options.input); // Memory is touched, activity has settled.
  const uint64_t spikesBefore = chip.counter(rtl::CsrSpikes), eventsBefore = chip.counter(rtl::CsrSynapses);
  const uint64_t cyclesBefore = chip.cycles;
  double best = 1e9, worst = 0; // Seconds of a cycle.
  for (uint32_t round = 0, step = 21; round < options.rounds; ++round, step += options.steps) {
    const uint64_t before = chip.cycles;
    const double seconds = chip.run(step, options.steps, options.input) / static_cast<double>(chip.cycles - before);
    best = std::min(best, seconds);
    worst = std::max(worst, seconds);
  }
  const double steps = double(options.steps) * options.rounds;
  const double perStep = static_cast<double>(chip.cycles - cyclesBefore) / steps;
  const auto spikes = static_cast<double>(chip.counter(rtl::CsrSpikes) - spikesBefore);
  const auto events = static_cast<double>(chip.counter(rtl::CsrSynapses) - eventsBefore);
  double neurons = 0;
  for (const image::CoreRecord &core : image->cores)
    neurons += core.neuronCount;
  const double emulator = options.steps / std::min(emulatorSeconds(image, options, emu::Executor::Interp),
                                                   emulatorSeconds(image, options, emu::Executor::Jit));
  const double rate = 1 / (best * perStep);
  std::cout << Json{{"grid", grid.str()},
                    {"cores", image->cores.size()},
                    {"neurons_per_core", neurons / static_cast<double>(image->cores.size())},
                    {"synapse_words_per_core", chip.leastSynapseWords()},
                    {"firing", spikes / steps / neurons},
                    {"cycles_per_step", perStep},
                    {"mcycles_per_second", 1e-6 / best},
                    {"steps_per_second", rate},
                    {"synaptic_events_per_second", events / steps * rate},
                    {"emulator_steps_per_second", emulator},
                    {"emulator_times_as_fast", emulator / rate},
                    {"spread", worst / best - 1}}
                   .dump()
            << "\n";
  return 0;
}
