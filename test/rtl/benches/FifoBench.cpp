//===- FifoBench.cpp - rv_fifo against a std::deque -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Phases of fast and slow producers and consumers; data stay until they are taken, ready depends on nothing of the same cycle, and
// a queue of N words takes exactly N.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <deque>

namespace bench {
namespace {

constexpr uint32_t width = PARAM_WIDTH, depth = PARAM_DEPTH;

struct FifoBench {
  Clock<DUT> clock;
  Random random;
  std::deque<uint64_t> model;
  Report report;
  explicit FifoBench(const Options &options) : clock(options.seed), random(options.seed) {}

  void check() {
    DUT &dut = *clock.dut;
    bool valid = !model.empty(), ready = model.size() < depth;
    if (dut.out_valid_o != valid || dut.in_ready_o != ready)
      fail("cycle ", clock.cycle, ": ", model.size(), " words: valid ", int(dut.out_valid_o), ", ready ", int(dut.in_ready_o));
    if (valid && get(dut.out_data_o, 0, width) != model.front())
      fail("cycle ", clock.cycle, ": out_data_o: expected ", model.front(), ", found ", get(dut.out_data_o, 0, width));
    ++report.checks;
  }

  void cycle(bool give, bool take) {
    DUT &dut = *clock.dut;
    uint64_t word = random.bits(width);
    dut.in_valid_i = give;
    dut.out_ready_i = take;
    set(dut.in_data_i, 0, width, word);
    clock.settle();
    check(); // Inputs of this cycle must not have reached valid, ready or data.
    bool push = give && model.size() < depth, pop = take && !model.empty();
    if (pop)
      model.pop_front();
    if (push)
      model.push_back(word);
    clock.tick();
    check();
  }

  void run(uint64_t cycles) {
    clock.reset();
    check();
    for (uint32_t i = 0; i < depth + 2; ++i) // One word more than fits is not taken.
      cycle(true, false);
    if (model.size() != depth)
      fail("a queue of ", depth, " took ", model.size());
    cycle(true, true); // A full queue takes none in the cycle in which one leaves.
    while (!model.empty())
      cycle(false, true);
    while (report.cycles < cycles) {
      uint32_t giving = 32 * random.below(9), taking = 32 * random.below(9);
      for (uint64_t left = 1 + random.below(300); left != 0; --left, ++report.cycles)
        cycle(random.chance(giving), random.chance(taking));
      if (random.chance(8)) {
        clock.reset(1);
        model.clear();
        check();
      }
    }
  }
};

} // namespace

Report runBench(const Options &options) {
  FifoBench bench(options);
  bench.run(options.cycles);
  return bench.report;
}

} // namespace bench
