//===- RoundRobinBench.cpp - rv_round_robin against its rule --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first request after the one served last, going round; and no request that stays is passed over REQUESTS - 1 times.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <vector>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t requests = PARAM_REQUESTS;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  Report report;
  uint32_t last = requests - 1; // After reset the lowest goes first.
  std::vector<uint32_t> passed(requests);
  uint64_t pending = 0;
  clock.reset();
  for (; report.cycles < options.cycles; ++report.cycles) {
    if (report.cycles % 1000 == 999) {
      clock.reset(1);
      last = requests - 1;
      pending = 0;
      std::fill(passed.begin(), passed.end(), 0);
    }
    pending |= random.bits(requests) & random.bits(requests); // Requests stay until they are served.
    bool advance = random.chance(180);
    dut.request_i = pending;
    dut.advance_i = advance;
    clock.settle();
    uint64_t expected = 0;
    uint32_t winner = 0;
    for (uint32_t i = 1; i <= requests && !expected; ++i) {
      winner = (last + i) % requests;
      expected = pending & uint64_t(1) << winner;
    }
    if (dut.grant_o != expected)
      fail("cycle ", clock.cycle, ": requests ", pending, ", last ", last, ": expected ", expected, ", found ",
           uint64_t(dut.grant_o));
    ++report.checks;
    if (advance && expected) {
      for (uint32_t i = 0; i < requests; ++i)
        if (i != winner && pending >> i & 1 && ++passed[i] > requests - 1)
          fail("cycle ", clock.cycle, ": request ", i, " starves");
      passed[winner] = 0;
      pending &= ~expected;
      last = winner;
    }
    clock.tick();
  }
  return report;
}

} // namespace bench
