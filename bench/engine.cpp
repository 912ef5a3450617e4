//===- engine.cpp - Speed of the execution engine -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A synthetic recurrent network (by default 65,536 CUBA neurons, 1,000 synapses each, 1 % active in a step) is run in several
// mappings and modes and set beside a bare scatter-add kernel of the same run: the ratio to that kernel is what to watch, since
// absolute figures on a shared machine wander. Usage:
//   bench-engine [--neurons N] [--synapses K] [--steps S] [--quick] [--only TEXT]
//   bench-engine --roofline     the kernel alone
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>

using namespace ranvier;

namespace {

struct Shape {
  uint32_t neurons = 65536, synapses = 1000, coreNeurons = 16384, maxDelay = 1;
  image::SynapseKind kind = image::SynapseKind::Packed32;
  isa::Profile profile = isa::Profile::Int;
};
constexpr uint32_t period = 100; // each neuron fires every `period` steps: 1 % active

isa::Program neuron(isa::Profile profile) {
  isa::Program p;
  p.name = "cuba";
  p.profile = profile;
  p.states = {"u", "v", "phase"};
  p.params = {"du", "dv", "bias", "period"};
  p.inputs = {"in"};
  std::vector<std::string> lines;
  if (profile == isa::Profile::Int)
    lines = {"ld.state r0, u",    "ld.param r1, du", "mulsh r0, r0, r1, 12, tz", "ld.input r2, in",
             "shl r2, r2, 6",     "add r0, r0, r2",  "satt r0, r0, 24",          "st.state r0, u",
             "ld.state r3, v",    "ld.param r1, dv", "mulsh r3, r3, r1, 12, tz", "add r3, r3, r0",
             "ld.param r1, bias", "add r3, r3, r1",  "sat r3, r3, 24",           "st.state r3, v"};
  else
    lines = {"ld.state r0, u",    "ld.param r1, du", "fmul r0, r0, r1", "ld.input r2, in", "fadd r0, r0, r2",
             "st.state r0, u",    "ld.state r3, v",  "ld.param r1, dv", "fmul r3, r3, r1", "fadd r3, r3, r0",
             "ld.param r1, bias", "fadd r3, r3, r1", "st.state r3, v"};
  // The firing rate is fixed by a counter, so that every mode and mapping does the same work.
  const std::vector<std::string> clock =
      profile == isa::Profile::Int ? std::vector<std::string>{"ld.state r4, phase",  "li r5, 1",           "add r4, r4, r5",
                                                              "ld.param r6, period", "le r7, r6, r4",      "li r5, 0",
                                                              "sel r4, r5, r4, r7",  "st.state r4, phase", "spk r7"}
                                   : std::vector<std::string>{"ld.state r4, phase",  "li r5, 0x3f800000",  "fadd r4, r4, r5",
                                                              "ld.param r6, period", "fle r7, r6, r4",     "li r5, 0",
                                                              "sel r4, r5, r4, r7",  "st.state r4, phase", "spk r7"};
  lines.insert(lines.end(), clock.begin(), clock.end());
  for (const auto &line : lines) {
    auto instruction = isa::assemble(p, line);
    RANVIER_ASSERT(bool(instruction), line + ": " + (instruction ? "" : instruction.error().str()));
    p.code.push_back(*instruction);
  }
  return p;
}

/// A random network, row by row; targets ascend within a row, as an emitter leaves them.
std::shared_ptr<const image::Image> makeImage(const Shape &shape) {
  auto data = std::make_shared<image::ImageData>();
  const bool f32 = shape.profile == isa::Profile::F32;
  const uint32_t cores = (shape.neurons + shape.coreNeurons - 1) / shape.coreNeurons;
  data->meta.profile = shape.profile;
  data->meta.programs = {neuron(shape.profile)};
  image::PopulationMeta population;
  population.name = "n";
  population.count = shape.neurons;
  population.program = 0;
  data->meta.populations = {population};
  data->meta.projections = {{"r", 0, 0, 0, 0, 8}};
  const auto word = [&](double value) {
    const float real = static_cast<float>(value);
    int32_t bits;
    std::memcpy(&bits, &real, 4);
    return f32 ? bits : static_cast<int32_t>(value);
  };
  for (const double value : {f32 ? 0.9 : 3686.0, f32 ? 0.95 : 3891.0, f32 ? 0.1 : 12.0, double(period)}) {
    data->params.push_back({data->paramWords.size(), 1, 0});
    data->paramWords.push_back(word(value));
  }
  const uint32_t perCore = std::max(1u, shape.synapses / cores);
  std::vector<uint64_t> keys(perCore);
  for (uint32_t c = 0; c < cores; ++c) {
    image::CoreRecord core{};
    const uint32_t first = c * shape.coreNeurons, count = std::min(shape.coreNeurons, shape.neurons - first);
    core.core = c;
    core.synapseKind = static_cast<uint32_t>(shape.kind);
    core.firstSlice = c;
    core.sliceCount = 1;
    core.neuronCount = core.accumulatorCount = count;
    core.delaySlots = shape.maxDelay + 1;
    core.inAxonCount = shape.neurons;
    core.firstNeuron = first;
    core.firstInAxon = data->inAxons.size();
    core.firstRow = data->rows.size();
    core.rowCount = shape.neurons;
    core.firstSynapse = shape.kind == image::SynapseKind::Packed32 ? data->synapses32.size() : data->synapses64.size();
    core.synapseCount = uint64_t(perCore) * shape.neurons;
    data->slices.push_back({0, first, count, 0, 0, 0, data->stateWords.size(), 0});
    for (uint32_t n = 0; n < 2 * count; ++n)
      data->stateWords.push_back(0);
    for (uint32_t n = 0; n < count; ++n)
      data->stateWords.push_back(word(randomWord(7, first + n, 1, 0) % period));
    for (uint32_t s = 0; s < shape.neurons; ++s) {
      data->inAxons.push_back({0, s, s, 1});
      data->rows.push_back({uint64_t(perCore) * s, perCore, 0});
      for (uint32_t i = 0; i < perCore; ++i) {
        const uint32_t random = randomWord(c, s, i + 1, 0), delay = 1 + (random >> 24) % shape.maxDelay;
        keys[i] = uint64_t(delay) << 32 | (random & 0xFFFFFF) % count;
      }
      std::sort(keys.begin(), keys.end());
      for (uint32_t i = 0; i < perCore; ++i) {
        const auto accumulator = static_cast<uint32_t>(keys[i]), delay = static_cast<uint32_t>(keys[i] >> 32);
        const int32_t weight = static_cast<int32_t>(i % 31) - 15;
        if (shape.kind == image::SynapseKind::Packed32)
          data->synapses32.push_back(image::packSynapse32(accumulator, delay, weight));
        else
          data->synapses64.push_back(image::packSynapse64(accumulator, delay, static_cast<uint32_t>(word(weight))));
      }
    }
    data->cores.push_back(core);
  }
  for (uint32_t s = 0; s < shape.neurons; ++s) {
    data->outPtr.push_back(data->outAxons.size());
    for (uint32_t c = 0; c < cores; ++c)
      data->outAxons.push_back({c, s});
  }
  data->outPtr.push_back(data->outAxons.size());
  auto image = std::make_shared<image::Image>();
  image->meta = data->meta;
  image->chip.name = "synthetic";
  image->chip.topology = hw::Topology::Mesh;
  image->chip.tilesX = image->chip.tilesY = 16;
  image->cores = data->cores;
  image->slices = data->slices;
  image->params = data->params;
  image->paramWords = data->paramWords;
  image->stateWords = data->stateWords;
  image->inAxons = data->inAxons;
  image->rows = data->rows;
  image->synapses32 = data->synapses32;
  image->synapses64 = data->synapses64;
  image->outPtr = data->outPtr;
  image->outAxons = data->outAxons;
  image->storage = data;
  return image;
}

/// The least a delivery must do: stream packed words and add each weight to one of `targets` accumulators. Events per second of
/// `threads` threads at once.
double rooflineScatter(uint32_t targets, unsigned threads) {
  constexpr size_t words = size_t(1) << 24; // 64 MB a thread: from memory, as rows are
  std::vector<std::vector<uint32_t>> streams(threads), accumulators(threads);
  for (unsigned t = 0; t < threads; ++t) {
    streams[t].resize(words);
    uint32_t x = 12345 + t;
    for (uint32_t &word : streams[t]) {
      x = x * 1664525u + 1013904223u;
      word = image::packSynapse32((x >> 8) % targets, 1, static_cast<int32_t>(x % 31) - 15);
    }
    accumulators[t].assign(targets, 0);
  }
  const double time = bench::best(5, [&] {
    std::vector<std::thread> workers;
    auto work = [&](unsigned t) {
      uint32_t *out = accumulators[t].data();
      const uint32_t *in = streams[t].data();
#pragma GCC unroll 8
      for (size_t i = 0; i < words; ++i)
        out[in[i] & 0xFFFFu] += static_cast<uint32_t>(static_cast<int32_t>(in[i]) >> 22);
    };
    for (unsigned t = 1; t < threads; ++t)
      workers.emplace_back(work, t);
    work(0);
    for (auto &worker : workers)
      worker.join();
  });
  return static_cast<double>(words) * threads / time;
}

struct Figure {
  double stepsPerSecond, eventsPerSecond, spikesPerStep;
  unsigned threads;
};

Figure measure(const std::shared_ptr<const image::Image> &image, const Shape &shape, emu::MachineOptions options, uint32_t steps) {
  auto created = emu::Machine::create(image, options);
  if (!created) {
    std::cerr << created.error().str() << "\n";
    std::exit(1);
  }
  emu::Machine &machine = **created;
  for (uint32_t t = 0; t < 5; ++t)
    machine.step({});
  uint64_t spikes = 0;
  // Steps are grouped and the fastest group counts: a neighbour's burst should not decide.
  const uint32_t group = std::max(1u, steps / 5);
  double least = 1e300, events = 0;
  for (unsigned pass = 0; pass < 5; ++pass) {
    uint64_t groupSpikes = 0;
    const double start = bench::seconds();
    for (uint32_t t = 0; t < group; ++t) {
      machine.step({});
      groupSpikes += machine.counts().spikes;
    }
    const double time = bench::seconds() - start;
    if (time < least) {
      least = time;
      events = static_cast<double>(groupSpikes) * shape.synapses;
    }
    spikes += groupSpikes;
  }
  return {group / least, events / least, static_cast<double>(spikes) / (5 * group), machine.threads()};
}

} // namespace

int main(int argc, char **argv) {
  Shape base;
  uint32_t steps = 100;
  std::string only; // cases whose name holds this text
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&] { return i + 1 < argc ? static_cast<uint32_t>(std::strtoul(argv[++i], nullptr, 10)) : 0u; };
    if (option == "--neurons")
      base.neurons = value();
    else if (option == "--synapses")
      base.synapses = value();
    else if (option == "--steps")
      steps = value();
    else if (option == "--only" && i + 1 < argc)
      only = argv[++i];
    else if (option == "--roofline") {
      std::cout << Json{{"benchmark", "roofline"}, {"events_per_second_1_thread", rooflineScatter(16384, 1)}}.dump() << "\n";
      return 0;
    } else if (option == "--quick")
      base.neurons = 8192, base.synapses = 256, steps = 20;
    else {
      std::cerr << "usage: bench-engine [--neurons N] [--synapses K] [--steps S] [--quick] [--only TEXT] | --roofline\n";
      return 2;
    }
  }
  if (base.neurons < 64 || base.synapses < 64 || steps == 0) {
    std::cerr << "bench-engine: at least 64 neurons, 64 synapses and 1 step\n";
    return 2;
  }
  const unsigned all = std::max(1u, std::thread::hardware_concurrency());
  Json result;
  result["benchmark"] = "engine";
  // Figures to be filled in below stand first.
  for (const char *key : {"synaptic_events_per_second", "of_roofline", "synaptic_events_per_second_all_threads",
                          "of_roofline_all_threads", "steps_per_second", "jit_over_interp"})
    result[key] = nullptr;
  result["machine"] = bench::machineJson();
  result["network"] = {{"neurons", base.neurons}, {"synapses_per_neuron", base.synapses}, {"active_per_step", 1.0 / period}};
  Json &roofline = result["roofline"];
  roofline["kernel"] = "stream packed 4-byte synapses from memory, scatter-add into 16,384 32-bit accumulators (64 KB)";
  roofline["events_per_second_1_thread"] = rooflineScatter(16384, 1);
  roofline["events_per_second_all_threads"] = rooflineScatter(16384, all);
  const double limit1 = roofline["events_per_second_1_thread"], limitAll = roofline["events_per_second_all_threads"];

  struct Case {
    const char *name;
    Shape shape;
  };
  const uint32_t quarter = std::max(64u, base.neurons / 4), small = std::max(64u, base.neurons / 64);
  std::vector<Case> cases = {{"packed, 4 cores, delay 1", base},
                             {"packed, 4 cores, delays 1-15", base},
                             {"packed, 64 cores, delay 1", base},
                             {"wide f32, 4 cores, delay 1", base}};
  for (Case &c : cases)
    c.shape.coreNeurons = std::min(65536u, quarter);
  cases[1].shape.maxDelay = 15;
  cases[2].shape.coreNeurons = small;
  cases[2].shape.synapses = base.synapses / 64 * 64;
  cases[3].shape.kind = image::SynapseKind::Wide64;
  cases[3].shape.profile = isa::Profile::F32;
  for (Case &c : cases) {
    if (std::string(c.name).find(only) == std::string::npos)
      continue;
    const uint32_t cores = (c.shape.neurons + c.shape.coreNeurons - 1) / c.shape.coreNeurons;
    c.shape.synapses = c.shape.synapses / cores * cores;
    const auto image = makeImage(c.shape);
    Json &entry = result["cases"][c.name];
    for (const unsigned threads : all > 1 ? std::vector<unsigned>{1, all} : std::vector<unsigned>{1})
      for (const auto executor : {emu::Executor::Jit, emu::Executor::Interp})
        for (const auto timing : {emu::Timing::Off, emu::Timing::Fast}) {
          if (executor == emu::Executor::Interp && (timing == emu::Timing::Fast || threads != 1))
            continue;
          emu::MachineOptions options;
          options.executor = executor;
          options.timing = timing;
          options.threads = threads;
          const Figure figure =
              measure(image, c.shape, options, executor == emu::Executor::Interp ? std::max(5u, steps / 5) : steps);
          const double limit = figure.threads == 1 ? limit1 : limitAll;
          const std::string name = std::string(executor == emu::Executor::Jit ? "jit" : "interp") +
                                   (timing == emu::Timing::Off ? ", timing off, " : ", timing fast, ") +
                                   std::to_string(figure.threads) + (figure.threads == 1 ? " thread" : " threads");
          entry[name] = {{"steps_per_second", figure.stepsPerSecond},
                         {"events_per_second", figure.eventsPerSecond},
                         {"ns_per_event", 1e9 / figure.eventsPerSecond},
                         {"of_roofline", figure.eventsPerSecond / limit},
                         {"spikes_per_step", figure.spikesPerStep}};
        }
  }
  if (const std::string name = cases[0].name; result["cases"].contains(name)) {
    const Json &headline = result["cases"][name];
    // Fewer threads than the machine has may be all that pay off.
    std::string wide = "jit, timing fast, 1 thread";
    for (const auto &[mode, figures] : headline.items())
      if (mode.starts_with("jit, timing fast"))
        wide = mode;
    result["synaptic_events_per_second"] = headline["jit, timing fast, 1 thread"]["events_per_second"];
    result["of_roofline"] = headline["jit, timing fast, 1 thread"]["of_roofline"];
    result["synaptic_events_per_second_all_threads"] = headline[wide]["events_per_second"];
    result["of_roofline_all_threads"] = headline[wide]["of_roofline"];
    result["steps_per_second"] = headline["jit, timing fast, 1 thread"]["steps_per_second"];
    result["jit_over_interp"] = headline["jit, timing off, 1 thread"]["steps_per_second"].get<double>() /
                                headline["interp, timing off, 1 thread"]["steps_per_second"].get<double>();
  }
  std::cout << result.dump(2) << "\n";
  return 0;
}
