//===- AerOutBench.cpp - rv_aer_out and a 4-phase receiver ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The receiver answers after random times and reads the data at any moment between req and ack. Every word arrives once and in
// order; data are stable from a cycle before req rises until ack has fallen.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <deque>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t width = PARAM_WIDTH;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  std::deque<uint64_t> given;
  Report report;
  bool acknowledged = true; // Stands through reset: nothing may start before it falls.
  uint64_t words = 0, before = 0;
  dut.aer_ack_i = acknowledged;
  dut.in_valid_i = 0;
  clock.reset();
  for (uint32_t i = 0; i < 10; ++i) {
    if (dut.aer_req_o || dut.in_ready_o)
      fail("after reset under ack: req ", int(dut.aer_req_o), ", ready ", int(dut.in_ready_o));
    clock.tick();
  }
  uint32_t giving = 128, answering = 128;
  while (report.cycles < options.cycles) {
    if (report.cycles % 500 == 0) {
      giving = 32 * random.below(9);
      answering = 32 + 32 * random.below(8);
    }
    if (dut.aer_req_o && !acknowledged && random.chance(answering)) {
      uint64_t found = get(dut.aer_data_o, 0, width);
      if (given.empty() || found != given.front())
        fail("cycle ", clock.cycle, ": expected ", given.empty() ? 0 : given.front(), ", found ", found);
      given.pop_front();
      ++words;
      ++report.checks;
      acknowledged = true;
    } else if (!dut.aer_req_o && acknowledged && random.chance(answering))
      acknowledged = false;
    dut.aer_ack_i = acknowledged;
    bool give = random.chance(giving), request = dut.aer_req_o, taken = give && dut.in_ready_o;
    uint64_t word = random.bits(width);
    dut.in_valid_i = give;
    set(dut.in_data_i, 0, width, word);
    if (taken) {
      if (!given.empty() || request || acknowledged)
        fail("cycle ", clock.cycle, ": a word taken in the middle of a handshake");
      given.push_back(word);
    }
    before = get(dut.aer_data_o, 0, width);
    clock.tick();
    ++report.cycles;
    uint64_t now = get(dut.aer_data_o, 0, width);
    if (now != before && !taken)
      fail("cycle ", clock.cycle, ": data changed outside the hand-over");
    if (!request && dut.aer_req_o && (acknowledged || now != before || given.empty()))
      fail("cycle ", clock.cycle, ": req rose under ack, without data or with data that just changed");
    if (request && !dut.aer_req_o && !acknowledged)
      fail("cycle ", clock.cycle, ": req fell before ack");
  }
  if (words < options.cycles / 50)
    fail("only ", words, " words came through");
  return report;
}

} // namespace bench
