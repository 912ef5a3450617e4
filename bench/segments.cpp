//===- segments.cpp - The least a large network's delivery must do --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The roofline of `scripts/bench emulator microcircuit` and `scaling`. The network itself is loaded as the engine loads it and run
// for a while; which stretches of synapses its spikes make due in each step, on which core and in which order, becomes a list. The
// kernel then reads these very stretches from the engine's own arrays and adds them to one array of accumulators a core.
//
// So rows have the network's lengths and delays, a row in flight is read on, segment after segment, from one step to the next, and
// targets repeat as the network's do: locality that stretches of some size at random places do not have (they cost 1.7 to 2.1 times
// as much as the engine with everything, and were no bound). What is left out is everything else: neurons, spikes and messages,
// finding out what is due, clearing accumulators, and waiting for the other threads at the end of each step. All bytes of synapses
// and all additions remain, so that no engine that keeps synapses in these arrays can be faster. How far ahead lines are asked for
// is tried out, and the best counts. Usage: bench-segments IMAGE.rvi [--threads N] [--weights f32|i16] [--warm-up STEPS] [--steps
// STEPS]
//===----------------------------------------------------------------------===//
#include "../emulator/lib/Engine/State.h"
#include "Common.h"
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace ranvier;

namespace {

struct Options {
  std::string image;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  std::string weights; // Both if empty.
  uint32_t warmUp = 5000, steps = 2000;
};

/// Spikes of one step: (population, neuron), by population.
using Spikes = std::vector<std::pair<uint32_t, uint32_t>>;

[[noreturn]] void fail(const std::string &message) {
  std::cerr << "bench-segments: " << message << "\n";
  std::exit(1);
}

std::vector<Spikes> run(const std::shared_ptr<const image::Image> &image, uint32_t steps) {
  emu::MachineOptions options;
  options.executor = emu::Executor::Jit;
  options.timing = emu::Timing::Off;
  auto machine = emu::Machine::create(image, options);
  if (!machine)
    fail(machine.error().str());
  std::vector<Spikes> result;
  for (uint32_t step = 1; step <= steps; ++step) {
    (*machine)->step({});
    Spikes &spikes = result.emplace_back();
    for (uint32_t p = 0; p < image->meta.populations.size(); ++p)
      for (const uint32_t neuron : (*machine)->spikes(p))
        spikes.emplace_back(p, neuron);
  }
  return result;
}

/// What the kernel reads of a core.
struct Work {
  const emu::SegmentStore *store = nullptr;
  std::vector<emu::Stretch> stretches;
  std::vector<size_t> ends; ///< By step.
  emu::AlignedArray<float> accumulators;
  uint64_t eventsOf(size_t step) const {
    uint64_t sum = 0;
    for (size_t s = step ? ends[step - 1] : 0; s < ends[step]; ++s)
      sum += stretches[s].count;
    return sum;
  }
};

/// Number of each neuron in the table of messages, by population.
std::vector<std::vector<uint64_t>> rowsOf(const emu::Engine &engine) {
  std::vector<std::vector<uint64_t>> rows;
  for (const auto &population : engine.image->meta.populations) {
    auto &of = rows.emplace_back(population.count);
    for (uint64_t n = 0; population.input && n < population.count; ++n)
      of[n] = population.firstOut + n;
  }
  for (const emu::CoreState &core : engine.cores)
    for (const emu::SliceState &slice : core.slices)
      for (uint32_t n = 0; n < slice.record->count; ++n)
        rows[slice.record->population][slice.record->first + n] = slice.firstNeuron + n;
  return rows;
}

/// Stretches due in the last `steps` steps on each core, in the order in which the engine adds them.
std::vector<Work> listWork(const emu::Engine &engine, const std::vector<Spikes> &spikes, uint32_t steps) {
  struct Message {
    uint64_t synapse;
    uint32_t segment, end, due;
    float factor;
  };
  const auto rows = rowsOf(engine);
  std::vector<Work> work(engine.cores.size());
  for (size_t c = 0; c < work.size(); ++c) {
    work[c].store = engine.cores[c].segments.get();
    work[c].accumulators = emu::AlignedArray<float>(engine.cores[c].ring.size());
  }
  std::vector<std::vector<Message>> inFlight(engine.cores.size());
  std::vector<std::vector<uint32_t>> axons(engine.cores.size());
  for (uint32_t step = 0; step < spikes.size(); ++step) {
    for (uint32_t c = 0; c < engine.cores.size(); ++c) {
      const emu::SegmentStore *store = engine.cores[c].segments.get();
      if (!store)
        continue;
      std::vector<Message> on;
      for (Message message : inFlight[c]) {
        while (message.segment != message.end && message.due == step) {
          const uint32_t count = store->segments[message.segment] >> 16;
          if (step + steps >= spikes.size())
            work[c].stretches.push_back({message.synapse, count, message.factor});
          message.synapse += count;
          if (++message.segment != message.end)
            message.due += store->segments[message.segment] & 0xFFFFu;
        }
        if (message.segment != message.end)
          on.push_back(message);
      }
      inFlight[c] = std::move(on);
      if (step + steps >= spikes.size())
        work[c].ends.push_back(work[c].stretches.size());
      axons[c].clear();
    }
    for (const auto &[population, neuron] : spikes[step]) {
      const uint64_t row = rows[population][neuron];
      for (uint64_t o = engine.outPtr[row]; o < engine.outPtr[row + 1]; ++o)
        if (engine.outAxons[o].axon >= engine.cores[engine.outAxons[o].core].sameAxons)
          axons[engine.outAxons[o].core].push_back(engine.outAxons[o].axon);
    }
    for (uint32_t c = 0; c < engine.cores.size(); ++c) {
      const emu::SegmentStore *store = engine.cores[c].segments.get();
      std::sort(axons[c].begin(), axons[c].end());
      for (const uint32_t axon : axons[c])
        if (const uint32_t first = store ? store->firstSegment[axon] : 0, end = store ? store->firstSegment[axon + 1] : 0;
            first != end)
          inFlight[c].push_back({store->firstSynapse[axon], first, end, step + (store->segments[first] & 0xFFFFu),
                                 store->scale.empty() ? 1.0f : store->scale[axon]});
    }
  }
  std::erase_if(work, [](const Work &of) { return of.stretches.empty(); });
  return work;
}

//===--- The kernel -------------------------------------------------------===//

enum class Kind { Wide, Shared, Narrow };

void fetchBytes(const void *first, size_t bytes) {
  const char *line = static_cast<const char *>(first), *end = line + bytes;
  for (; line < end; line += 64)
    __builtin_prefetch(line, 0, 3);
}

template <Kind K> void fetch(const emu::SegmentStore &store, const emu::Stretch &stretch) {
  const size_t count = std::min<size_t>(stretch.count, 256); // Then the processor has seen that it is a stream.
  if constexpr (K == Kind::Narrow) {
    fetchBytes(store.narrow.data() + stretch.first, count * 4);
    return;
  }
  fetchBytes(store.targets.data() + stretch.first, count * 2);
  if constexpr (K == Kind::Wide)
    fetchBytes(store.weights.data() + stretch.first, count * 4);
}

void addWide(const uint16_t *target, const float *weight, uint32_t count, float *out) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < count; ++i)
    out[target[i]] += weight[i];
}

void addShared(const uint16_t *target, float weight, uint32_t count, float *out) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < count; ++i)
    out[target[i]] += weight;
}

/// Words are taken apart by vectors, then added one by one.
#if defined(__x86_64__)
[[gnu::target("avx2")]] void addNarrow(const uint32_t *word, uint32_t count, float factor, float *out) {
  const __m256 factors = _mm256_set1_ps(factor);
  alignas(32) uint32_t at[8];
  alignas(32) float value[8];
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(word + i));
    _mm256_store_si256(reinterpret_cast<__m256i *>(at), _mm256_and_si256(words, _mm256_set1_epi32(0xFFFF)));
    _mm256_store_ps(value, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_srai_epi32(words, 16)), factors));
#pragma GCC unroll 8
    for (uint32_t k = 0; k < 8; ++k)
      out[at[k]] += value[k];
  }
  for (; i < count; ++i)
    out[word[i] & 0xFFFFu] += static_cast<float>(static_cast<int32_t>(word[i]) >> 16) * factor;
}
#else
void addNarrow(const uint32_t *word, uint32_t count, float factor, float *out) {
  for (uint32_t i = 0; i < count; ++i)
    out[word[i] & 0xFFFFu] += static_cast<float>(static_cast<int32_t>(word[i]) >> 16) * factor;
}
#endif

template <Kind K> void addStep(Work &work, size_t step, size_t ahead) {
  const emu::SegmentStore &store = *work.store;
  const emu::Stretch *stretches = work.stretches.data();
  float *out = work.accumulators.data();
  for (size_t s = step ? work.ends[step - 1] : 0; s < work.ends[step]; ++s) {
    if (s + ahead < work.stretches.size()) // Also those of the next step: the list is known.
      fetch<K>(store, stretches[s + ahead]);
    const auto [first, count, factor] = stretches[s];
    if constexpr (K == Kind::Narrow)
      addNarrow(store.narrow.data() + first, count, factor, out);
    else if constexpr (K == Kind::Shared)
      addShared(store.targets.data() + first, factor, count, out);
    else
      addWide(store.targets.data() + first, store.weights.data() + first, count, out);
  }
}

void addStep(Work &work, size_t step, size_t ahead) {
  if (work.store->isNarrow())
    addStep<Kind::Narrow>(work, step, ahead);
  else if (work.store->isShared())
    addStep<Kind::Shared>(work, step, ahead);
  else
    addStep<Kind::Wide>(work, step, ahead);
}

//===--- Measurement ------------------------------------------------------===//

/// Cores by thread, the heaviest first, each to the thread that has least.
std::vector<std::vector<size_t>> assign(const std::vector<Work> &work, unsigned threads, size_t steps) {
  std::vector<std::pair<uint64_t, size_t>> order;
  for (size_t c = 0; c < work.size(); ++c) {
    uint64_t events = 0;
    for (size_t step = 0; step < steps; ++step)
      events += work[c].eventsOf(step);
    order.emplace_back(events, c);
  }
  std::sort(order.rbegin(), order.rend());
  std::vector<std::vector<size_t>> cores(threads);
  std::vector<uint64_t> load(threads, 0);
  for (const auto &[events, c] : order) {
    const auto least = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    load[least] += events;
    cores[least].push_back(c);
  }
  return cores;
}

struct Figure {
  double seconds = 1e300;
  size_t ahead = 0;
  double balance = 0; ///< Events over threads times those of the busiest thread of each step: what is left of N threads where they
                      ///< wait for each other after each step.
};

Figure measure(std::vector<Work> &work, unsigned threads, size_t steps) {
  const auto cores = assign(work, threads, steps);
  Figure figure;
  for (const size_t ahead : {2, 4, 8, 16}) {
    const auto pass = [&](unsigned thread) {
      for (size_t step = 0; step < steps; ++step)
        for (const size_t c : cores[thread])
          addStep(work[c], step, ahead);
    };
    const double time = bench::best(3, [&] {
      std::vector<std::jthread> workers;
      for (unsigned t = 1; t < threads; ++t)
        workers.emplace_back(pass, t);
      pass(0);
    });
    if (time < figure.seconds)
      figure.seconds = time, figure.ahead = ahead;
  }
  uint64_t all = 0, longest = 0;
  for (size_t step = 0; step < steps; ++step) {
    uint64_t most = 0;
    for (const auto &of : cores) {
      uint64_t events = 0;
      for (const size_t c : of)
        events += work[c].eventsOf(step);
      all += events;
      most = std::max(most, events);
    }
    longest += most;
  }
  figure.balance = static_cast<double>(all) / (static_cast<double>(longest) * threads);
  return figure;
}

Json measureWeights(const std::shared_ptr<const image::Image> &image, bool narrow, const std::vector<Spikes> &spikes,
                    const Options &options) {
  emu::Engine engine;
  engine.image = image;
  engine.options.timing = emu::Timing::Off;
  engine.options.weights = narrow ? emu::WeightStorage::I16 : emu::WeightStorage::F32;
  if (auto loaded = emu::load(engine); !loaded)
    fail(loaded.error().str());
  std::vector<Work> work = listWork(engine, spikes, options.steps);
  if (work.empty())
    fail("no core of the image keeps its synapses by segments, or nothing is due in these steps");
  uint64_t events = 0, stretches = 0;
  for (Work &of : work) {
    stretches += of.stretches.size();
    for (size_t step = 0; step < options.steps; ++step)
      events += of.eventsOf(step);
  }
  const auto nanoseconds = [&](const Figure &figure, unsigned threads) {
    return figure.seconds * threads / static_cast<double>(events) * 1e9;
  };
  const Figure one = measure(work, 1, options.steps),
               all = options.threads == 1 ? one : measure(work, options.threads, options.steps);
  return {{"ns_per_event_1_core", nanoseconds(one, 1)},
          {"ns_per_event_per_core", nanoseconds(all, options.threads)},
          {"scaling", one.seconds / all.seconds},
          {"events_per_step", static_cast<double>(events) / options.steps},
          {"events_per_segment", static_cast<double>(events) / static_cast<double>(stretches)},
          {"balance_of_steps", all.balance},
          {"segments_ahead", all.ahead}};
}

std::optional<Options> parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto number = [&](auto &value, unsigned long most) {
      value = i + 1 < argc ? static_cast<std::remove_reference_t<decltype(value)>>(std::strtoul(argv[++i], nullptr, 10)) : 0;
      return value >= 1 && value <= most;
    };
    if (option == "--threads") {
      if (!number(options.threads, 1024))
        return {};
    } else if (option == "--warm-up") {
      if (!number(options.warmUp, 1u << 30))
        return {};
    } else if (option == "--steps") {
      if (!number(options.steps, 1u << 20))
        return {};
    } else if (option == "--weights" && i + 1 < argc) {
      options.weights = argv[++i];
      if (options.weights != "f32" && options.weights != "i16")
        return {};
    } else if (options.image.empty() && !option.starts_with("-")) {
      options.image = option;
    } else {
      return {};
    }
  }
  return options.image.empty() ? std::nullopt : std::optional(options);
}

} // namespace

int main(int argc, char **argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::cerr << "usage: bench-segments IMAGE.rvi [--threads 1..1024] [--weights f32|i16] [--warm-up STEPS] [--steps STEPS]\n";
    return 2;
  }
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2"))
    fail("this processor has no AVX2, which the kernel of 16-bit weights wants");
#endif
  auto opened = image::open(options->image);
  if (!opened)
    fail(opened.error().str());
  const auto image = std::make_shared<const image::Image>(std::move(*opened));
  const auto spikes = run(image, options->warmUp + options->steps);
  Json result = {{"benchmark", "segments"},
                 {"kernel", "the segments that the network's own spikes make due in " + std::to_string(options->steps) +
                                " steps, in their order, read from the engine's arrays and added to accumulators; nothing else"},
                 {"threads", options->threads}};
  for (const bool narrow : {false, true})
    if (const char *name = narrow ? "i16" : "f32"; options->weights.empty() || options->weights == name)
      result[name] = measureWeights(image, narrow, spikes, *options);
  result["machine"] = bench::machineJson();
  std::cout << result.dump() << "\n";
  return 0;
}
