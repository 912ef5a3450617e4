//===- AerInBench.cpp - rv_aer_in and a 4-phase sender --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sender changes its lines at random moments. Its data are noise except where the protocol promises them: from req up to ack
// up. Every word arrives once and in order; ack follows the four phases and never comes while the stream has no room.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <deque>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t width = PARAM_WIDTH;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  std::deque<uint64_t> sent;
  Report report;
  uint64_t words = 0, waited = 0, word = 0;
  bool requested = false, stalled = false;
  uint64_t stalledWord = 0;
  dut.aer_req_i = 0;
  dut.out_ready_i = 0;
  clock.reset();
  if (dut.aer_ack_o || dut.out_valid_o)
    fail("after reset: ack ", int(dut.aer_ack_o), ", valid ", int(dut.out_valid_o));
  uint32_t sending = 128, taking = 128;
  while (report.cycles < options.cycles) {
    if (report.cycles % 500 == 0) {
      sending = 32 + 32 * random.below(8);
      taking = 32 * random.below(9);
    }
    // The sender's half: a line changes only when the protocol lets it.
    if (!requested && !dut.aer_ack_o && random.chance(sending)) {
      word = random.bits(width);
      sent.push_back(word);
      requested = true;
      waited = 0;
    } else if (requested && dut.aer_ack_o && random.chance(sending))
      requested = false;
    dut.aer_req_i = requested;
    set(dut.aer_data_i, 0, width, requested && !dut.aer_ack_o ? word : random.bits(width));
    dut.out_ready_i = random.chance(taking);
    bool ackBefore = dut.aer_ack_o;
    if (dut.out_valid_o) {
      uint64_t found = get(dut.out_data_o, 0, width);
      if (stalled && found != stalledWord)
        fail("cycle ", clock.cycle, ": a word changed while it waited");
      if (dut.out_ready_i) {
        if (sent.empty() || found != sent.front())
          fail("cycle ", clock.cycle, ": expected ", sent.empty() ? 0 : sent.front(), ", found ", found, ", ", sent.size(),
               " outstanding");
        sent.pop_front();
        ++words;
        ++report.checks;
      }
    } else if (stalled)
      fail("cycle ", clock.cycle, ": a word went away untaken");
    stalled = dut.out_valid_o && !dut.out_ready_i;
    stalledWord = get(dut.out_data_o, 0, width);
    clock.tick();
    ++report.cycles;
    if (!ackBefore && dut.aer_ack_o && !requested)
      fail("cycle ", clock.cycle, ": ack rose without req");
    if (ackBefore && !dut.aer_ack_o && requested)
      fail("cycle ", clock.cycle, ": ack fell under req");
    if (sent.size() > 2)
      fail("cycle ", clock.cycle, ": ", sent.size(), " words acknowledged or under way, but room is for one");
    bool free = !dut.out_valid_o || dut.out_ready_i;
    waited = requested && !dut.aer_ack_o && free ? waited + 1 : 0;
    if (waited > 4)
      fail("cycle ", clock.cycle, ": req not answered with room to spare");
  }
  if (words < options.cycles / 50)
    fail("only ", words, " words came through");
  return report;
}

} // namespace bench
