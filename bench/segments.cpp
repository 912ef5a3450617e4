//===- segments.cpp - The least a large network's delivery must do --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The roofline of `scripts/bench emulator microcircuit`: segments of synapses at random places of a large memory are streamed and
// added to the accumulators of one core, in the shape of the cortical microcircuit on two cores (Potjans and Diesmann 2014: 77,169
// neurons, 3,873 synapses each; delays of 1.5 +- 0.75 and 0.8 +- 0.4 ms in steps of 0.1 ms). No neurons, no messages, nothing is
// decided: which segment comes next is a list. Usage: bench-segments [--threads N] [--quick]
//===----------------------------------------------------------------------===//
#include "Common.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

using namespace ranvier;

namespace {

constexpr uint32_t accumulatorCount = 38585; // half of the neurons
constexpr uint32_t meanSegment = 64;         // 1,936 synapses a row and core over some thirty delays

struct Segment {
  uint64_t first;
  uint32_t count;
};

/// An array on pages of 2 MiB where the system gives them: read at random, small ones would cost more than the reading.
template <typename T> class Pages {
public:
  explicit Pages(size_t size) : count(size) {
    if (!size)
      return;
    constexpr size_t page = size_t(2) << 20;
    values = static_cast<T *>(std::aligned_alloc(page, (size * sizeof(T) + page - 1) / page * page));
    if (!values)
      throw std::bad_alloc();
    madvise(static_cast<void *>(values), size * sizeof(T), MADV_HUGEPAGE);
  }
  Pages(Pages &&other) noexcept : values(std::exchange(other.values, nullptr)), count(std::exchange(other.count, 0)) {}
  ~Pages() { std::free(values); }
  T *data() { return values; }
  const T *data() const { return values; }
  T &operator[](size_t i) { return values[i]; }
  bool empty() const { return count == 0; }

private:
  T *values = nullptr;
  size_t count;
};

/// One thread's memory, either of 6 bytes a synapse (f32) or of 4 (i16).
struct Memory {
  Pages<uint16_t> targets;
  Pages<float> weights;
  Pages<uint32_t> narrow;
  std::vector<Segment> segments;
  std::vector<float> accumulators = std::vector<float>(accumulatorCount, 0.0f);
  uint64_t events = 0;

  Memory(size_t synapses, bool narrowWeights, uint32_t seed)
      : targets(narrowWeights ? 0 : synapses), weights(narrowWeights ? 0 : synapses), narrow(narrowWeights ? synapses : 0) {
    uint64_t x = seed;
    const auto next = [&] { return static_cast<uint32_t>((x = x * 6364136223846793005u + 1442695040888963407u) >> 32); };
    for (size_t i = 0; i < synapses; ++i) {
      const uint32_t word = next();
      const auto target = static_cast<uint16_t>((word & 0xFFFFu) % accumulatorCount);
      if (narrowWeights)
        narrow[i] = target | word << 16;
      else {
        targets[i] = target;
        weights[i] = static_cast<float>(word >> 16) * 1e-3f;
      }
    }
    for (uint64_t most = synapses / 4; events < most;) { // A quarter is read: never what the caches still hold of the last pass.
      const uint32_t count = 1 + next() % (2 * meanSegment - 1);
      segments.push_back({(uint64_t(next()) << 20 | next() >> 12) % (synapses - count), count});
      events += count;
    }
  }

  /// Asks for the lines of a segment some segments before it is added.
  void fetch(size_t s) const {
    if (s >= segments.size())
      return;
    const auto lines = [&](const auto *from) {
      const char *first = reinterpret_cast<const char *>(from + segments[s].first);
      for (const char *line = first; line < first + segments[s].count * sizeof(*from); line += 64)
        __builtin_prefetch(line, 0, 2);
    };
    if (narrow.empty()) {
      lines(targets.data());
      lines(weights.data());
    } else {
      lines(narrow.data());
    }
  }
};

constexpr size_t ahead = 12;

void addWide(Memory &memory) {
  float *out = memory.accumulators.data();
  for (size_t s = 0; s < memory.segments.size(); ++s) {
    memory.fetch(s + ahead);
    const uint16_t *target = memory.targets.data() + memory.segments[s].first;
    const float *weight = memory.weights.data() + memory.segments[s].first;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < memory.segments[s].count; ++i)
      out[target[i]] += weight[i];
  }
}

/// Words are taken apart by vectors into small arrays, then added one by one.
#if defined(__x86_64__)
__attribute__((target("avx2")))
#endif
void addNarrow(Memory &memory) {
  constexpr uint32_t chunk = 32;
  float *out = memory.accumulators.data();
  for (size_t s = 0; s < memory.segments.size(); ++s) {
    memory.fetch(s + ahead);
    const uint32_t *word = memory.narrow.data() + memory.segments[s].first;
    uint32_t left = memory.segments[s].count;
    for (; left >= chunk; left -= chunk, word += chunk) {
      uint32_t target[chunk];
      float value[chunk];
      for (uint32_t i = 0; i < chunk; ++i) {
        target[i] = word[i] & 0xFFFFu;
        value[i] = static_cast<float>(static_cast<int32_t>(word[i]) >> 16) * 1e-3f;
      }
#pragma GCC unroll 8
      for (uint32_t i = 0; i < chunk; ++i)
        out[target[i]] += value[i];
    }
    for (uint32_t i = 0; i < left; ++i)
      out[word[i] & 0xFFFFu] += static_cast<float>(static_cast<int32_t>(word[i]) >> 16) * 1e-3f;
  }
}

/// ns an event and core, of `threads` at once: the best of several passes.
double measure(bool narrow, unsigned threads, size_t synapses) {
  std::vector<Memory> memories;
  for (unsigned t = 0; t < threads; ++t)
    memories.emplace_back(synapses, narrow, t + 1);
  const double time = bench::best(5, [&] {
    std::vector<std::jthread> workers;
    for (unsigned t = 1; t < threads; ++t)
      workers.emplace_back([&, t] { narrow ? addNarrow(memories[t]) : addWide(memories[t]); });
    narrow ? addNarrow(memories[0]) : addWide(memories[0]);
  });
  return time / static_cast<double>(memories[0].events) * 1e9;
}

} // namespace

int main(int argc, char **argv) {
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  size_t synapses = size_t(1) << 26; // 400 MB a thread in f32
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--threads" && i + 1 < argc)
      threads = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    else if (option == "--quick")
      synapses = size_t(1) << 20;
    else
      threads = 0;
    if (threads == 0 || threads > 1024) {
      std::cerr << "usage: bench-segments [--threads 1..1024] [--quick]\n";
      return 2;
    }
  }
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) {
    std::cerr << "bench-segments: this processor has no AVX2, which the kernel of 16-bit weights wants\n";
    return 1;
  }
#endif
  Json result = {{"benchmark", "segments"},
                 {"kernel", "segments of some 64 synapses at random places of " + std::to_string(synapses >> 20) +
                                " Mi synapses a thread, added to 38,585 binary32 accumulators, fetched 12 segments ahead"},
                 {"threads", threads}};
  for (const bool narrow : {false, true}) {
    Json &entry = result[narrow ? "i16" : "f32"];
    entry["ns_per_event_1_core"] = measure(narrow, 1, synapses);
    entry["ns_per_event_per_core"] = threads == 1 ? entry["ns_per_event_1_core"].get<double>() : measure(narrow, threads, synapses);
  }
  result["machine"] = bench::machineJson();
  std::cout << result.dump() << "\n";
  return 0;
}
