//===- N1BarrierBench.cpp - n1_barrier against counting by hand -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cores and the host send packets as they please within the barrier's contract; the model knows what is under way. The package is
// that of test/Inputs/rtl: four nodes.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <array>

namespace bench {
namespace {

constexpr uint32_t senders = 5, creditBits = 3; // The host is the last.

struct BarrierBench {
  Clock<DUT> clock;
  Random random;
  Report report;
  uint32_t steps = 0, cycles = 0; ///< STEP and CYCLES.
  explicit BarrierBench(const Options &options) : clock(options.seed), random(options.seed) {}

  void expect(const char *what, uint64_t expected, uint64_t found) {
    ++report.checks;
    if (expected != found)
      fail("cycle ", clock.cycle, ", step ", steps, ": ", what, ": expected ", expected, ", found ", found);
  }

  /// Between steps: nothing may happen but that the host sets the step.
  void rest(uint64_t length) {
    DUT &dut = *clock.dut;
    for (; length; --length) {
      dut.start_i = 0;
      dut.in_done_i = random.chance(128);
      dut.step_we_i = random.chance(16);
      dut.step_i = static_cast<uint32_t>(random.next());
      if (dut.step_we_i)
        steps = dut.step_i;
      tick(true);
    }
    dut.step_we_i = 0;
  }

  void tick(bool idle) {
    clock.tick();
    ++report.cycles;
    DUT &dut = *clock.dut;
    expect("idle_o", idle, dut.idle_o);
    expect("step_o", steps, dut.step_o);
    expect("cycles_o", cycles, dut.cycles_o);
  }

  void step() {
    DUT &dut = *clock.dut;
    std::array<uint32_t, senders> left = {}, given = {}; // Packets to be sent; credits of the cycle before.
    for (uint32_t &packets : left)
      packets = random.chance(80) ? 0 : static_cast<uint32_t>(random.below(20));
    const uint32_t sending = 32 + static_cast<uint32_t>(random.below(224)),
                   returning = 16 + static_cast<uint32_t>(random.below(240)),
                   closing = 16 + static_cast<uint32_t>(random.below(240));
    uint32_t counted = 0; // Credits that may come back.
    bool closed = false;
    dut.start_i = 1;
    clock.settle();
    expect("start_o", 1, dut.start_o);
    ++steps;
    tick(false);
    dut.start_i = random.chance(64); // Of no effect now.
    for (uint32_t age = 1;; ++age) {
      clock.settle();
      expect("start_o", 0, dut.start_o);
      uint64_t credits = 0, sent = 0, returns = 0;
      uint32_t fresh = 0, back = 0;
      for (uint32_t s = 0; s < senders; ++s) {
        credits |= uint64_t(given[s]) << creditBits * s;
        fresh += given[s];
        given[s] = 0;
        const bool done = left[s] == 0 && age > 1;
        sent |= uint64_t(done) << s;
        if (left[s] && random.chance(sending)) {
          given[s] = 1 + static_cast<uint32_t>(random.below(senders));
          --left[s];
        }
        if (back < counted && random.chance(returning)) {
          returns |= uint64_t(1) << s;
          ++back;
        }
      }
      closed = closed || (left[senders - 1] == 0 && random.chance(closing));
      set(dut.given_i, 0, creditBits * senders, credits);
      dut.sent_i = sent & 0xF;
      dut.host_idle_i = sent >> 4 & 1;
      dut.returned_i = static_cast<uint8_t>(returns);
      dut.in_done_i = closed;
      dut.step_we_i = random.chance(16);
      dut.step_i = static_cast<uint32_t>(random.next());
      const bool over = age > 1 && closed && sent == 0x1F && counted == 0 && fresh == 0;
      counted += fresh - back;
      if (over)
        cycles = age + 1;
      tick(over);
      if (over)
        break;
    }
    dut.start_i = 0;
    dut.step_we_i = 0;
    dut.returned_i = 0;
  }

  void run(uint64_t wanted) {
    clock.dut->start_i = clock.dut->in_done_i = clock.dut->step_we_i = clock.dut->returned_i = 0;
    clock.dut->sent_i = 0xF;
    clock.dut->host_idle_i = 1;
    set(clock.dut->given_i, 0, creditBits * senders, 0);
    clock.reset();
    while (report.cycles < wanted) {
      rest(random.below(6));
      step();
      if (random.chance(4)) {
        clock.reset(1);
        steps = cycles = 0;
      }
    }
  }
};

} // namespace

Report runBench(const Options &options) {
  BarrierBench bench(options);
  bench.run(options.cycles);
  return bench.report;
}

} // namespace bench
