//===- AllocationTest.cpp - A step allocates nothing ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every operator new of this executable is counted.
//===----------------------------------------------------------------------===//
#include "TestNet.h"
#include <atomic>
#include <cstdlib>
#include <doctest/doctest.h>
#include <new>

static std::atomic<uint64_t> allocations{0};

static void *allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  if (size > SIZE_MAX / 2)
    throw std::bad_alloc();
  void *memory = alignment > alignof(std::max_align_t)
                     ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                     : std::malloc(size ? size : 1);
  if (!memory)
    throw std::bad_alloc();
  return memory;
}
void *operator new(std::size_t size) { return allocate(size, 0); }
void *operator new[](std::size_t size) { return allocate(size, 0); }
void *operator new(std::size_t size, std::align_val_t alignment) { return allocate(size, static_cast<std::size_t>(alignment)); }
void *operator new[](std::size_t size, std::align_val_t alignment) { return allocate(size, static_cast<std::size_t>(alignment)); }
void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
  ++allocations;
  return std::malloc(size ? size : 1);
}
void *operator new[](std::size_t size, const std::nothrow_t &) noexcept {
  ++allocations;
  return std::malloc(size ? size : 1);
}
void operator delete(void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
void operator delete[](void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete[](void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void *memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace ranvier;
using namespace ranvier::emutest;

TEST_CASE("no step allocates, the first included") {
  Net net;
  net.chip.gradedSpikes = true;
  net.chip.topology = hw::Topology::Mesh;
  net.chip.tilesX = 2;
  net.programs = {relay(isa::Profile::Int, true)};
  net.cores = {{0, 0, 0}, {0, 1, 0}};
  image::PopulationMeta poisson;
  poisson.source = "poisson";
  poisson.rates = {0.3};
  net.populations = {{.name = "in", .count = 40, .source = poisson},
                     {.name = "a", .count = 50, .program = 0, .split = {{0, 20}, {1, 30}}}};
  net.projections = {{"ia", 0, 1}, {"aa", 1, 1, 0, -3}, {"ab", 1, 1, 0, 1}};
  for (uint32_t i = 0; i < 40; ++i)
    net.synapses.push_back({0, i, i, 1 + i % 3, 5});
  for (uint32_t i = 0; i < 50; ++i) {
    net.synapses.push_back({1, i, (i * 7) % 50, 1 + i % 2, -9});
    net.synapses.push_back({2, i, (i * 3) % 50, 1, 1});
  }
  const auto plain = build(net);
  net.chip.multicastTrees = true;
  hw::CycleModel &cycles = net.chip.costs.emplace_back().cycles.emplace();
  net.chip.costs[0].name = "cycles";
  cycles.numbers.fill({3, "", hw::Provenance::Defined});
  const auto clocked = build(net);
  for (const auto timing : {emu::Timing::Off, emu::Timing::Fast, emu::Timing::Detailed})
    for (const auto &[image, threads] :
         {std::pair(plain, 1u), std::pair(plain, 2u), std::pair(clocked, 1u), std::pair(clocked, 2u)}) {
      auto options = interp(threads, timing);
#if RANVIER_HAVE_JIT
      options.executor = threads == 1 ? emu::Executor::Jit : emu::Executor::Interp;
#endif
      auto m = machine(image, options);
      std::vector<int32_t> words(50);
      const std::vector<emu::InputSpike> in = {{1, 0, 3, 2}};
      uint64_t spikes = 0;
      const uint64_t before = allocations;
      m->step(in);
      for (uint32_t t = 2; t <= 40; ++t) {
        m->step({});
        spikes += m->spikes(1).size() + m->payloads(1).size();
        m->readState(1, 0, words);
      }
      m->reset();
      m->step(in);
      const uint64_t after = allocations;
      CHECK(after == before);
      CHECK(spikes > 100);
    }
}
