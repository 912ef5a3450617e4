//===- MulticastOutBench.cpp - rv_multicast_out cycle by cycle ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An exact model: which outputs are offered the packet, when it is given up, and that every copy is taken once or named as dropped.
//===----------------------------------------------------------------------===//
#include "Bench.h"

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t outputs = PARAM_OUTPUTS, width = PARAM_WIDTH, limitBits = PARAM_LIMIT_BITS;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  Report report;
  uint64_t pending = 0, word = 0, waited = 0, wanted = 0, taken = 0, drops = 0, lost = 0, limit = 0;
  bool forever = false;
  uint32_t ready = 128;
  dut.in_valid_i = 0;
  dut.out_ready_i = 0;
  clock.reset();
  for (; report.cycles < options.cycles; ++report.cycles) {
    if (report.cycles % 400 == 0) {
      ready = 256 - random.below(250);
      limit = random.chance(64) ? 0 : random.below(40);
      if (random.chance(16))
        limit = (uint64_t(1) << limitBits) - 1; // Never reached here.
      forever = random.chance(40);
    }
    uint64_t offered = random.bits(outputs) & random.bits(outputs);
    if (offered == 0)
      offered = uint64_t(1) << random.below(outputs);
    if (random.chance(8))
      offered = (uint64_t(1) << outputs) - 1;
    bool valid = random.chance(200);
    uint64_t next = random.bits(width), takes = 0;
    for (uint32_t i = 0; i < outputs; ++i)
      takes |= uint64_t(random.chance(ready)) << i;
    dut.in_valid_i = valid;
    dut.in_outputs_i = offered;
    dut.in_data_i = next;
    dut.out_ready_i = takes;
    dut.limit_i = limit;
    dut.forever_i = forever;
    clock.settle();
    uint64_t left = pending & ~takes;
    bool dropped = left && waited >= limit && !forever, free = !left || dropped;
    if (dut.out_valid_o != pending || (pending && dut.out_data_o != word))
      fail("cycle ", clock.cycle, ": offered to ", uint64_t(dut.out_valid_o), ", expected ", pending);
    if (dut.dropped_o != dropped || (dropped && dut.dropped_outputs_o != left) || dut.in_ready_o != free)
      fail("cycle ", clock.cycle, ": dropped ", int(dut.dropped_o), ", expected ", dropped, " after ", waited, " of ", limit);
    ++report.checks;
    taken += __builtin_popcountll(pending & takes);
    drops += dropped;
    lost += dropped ? __builtin_popcountll(left) : 0;
    if (free) {
      pending = valid ? offered : 0;
      wanted += __builtin_popcountll(pending);
      word = next;
      waited = 0;
    } else {
      pending = left;
      ++waited;
    }
    clock.tick();
  }
  if (wanted != taken + lost + __builtin_popcountll(pending))
    fail(wanted, " copies wanted, but ", taken, " taken and ", lost, " dropped");
  if (drops < options.cycles / 1000)
    fail("only ", drops, " drops");
  return report;
}

} // namespace bench
