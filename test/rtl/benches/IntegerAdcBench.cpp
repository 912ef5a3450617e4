//===- IntegerAdcBench.cpp - rv_integer_adc and hw::IntegerConverter ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one function in gates and in C++, compared over all shifts, at the extremes and one below and above each edge of a code.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include "ranvier/HwModels/IntegerConverter.h"

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t sumBits = PARAM_SUM_BITS, codeBits = PARAM_CODE_BITS, shiftBits = PARAM_SHIFT_BITS;
  constexpr int64_t most = (int64_t(1) << (sumBits - 1)) - 1, least = -most - 1;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  Report report;
  uint64_t seen[3] = {};
  for (; report.cycles < options.cycles; ++report.cycles) {
    ranvier::hw::IntegerConverter converter{.shift = static_cast<uint32_t>(random.bits(shiftBits)), .bits = codeBits};
    auto any = [&] {
      return random.chance(20) ? (random.chance(128) ? most : least)
                               : signedOf(random.bits(sumBits) >> random.below(sumBits), sumBits);
    };
    converter.offset = static_cast<int32_t>(any());
    int64_t sum = any();
    if (random.chance(160)) { // About an edge, where it can be had.
      int64_t edge = (random.chance(128)   ? int64_t(random.bits(codeBits))
                      : random.chance(128) ? int64_t(1) << codeBits
                                           : -1) *
                         (int64_t(1) << converter.shift) -
                     converter.offset + int64_t(random.below(3)) - 1;
      if (edge >= least && edge <= most)
        sum = edge;
    }
    set(dut.sum_i, 0, sumBits, static_cast<uint64_t>(sum) & ((uint64_t(1) << sumBits) - 1));
    set(dut.offset_i, 0, sumBits, static_cast<uint64_t>(converter.offset) & ((uint64_t(1) << sumBits) - 1));
    dut.shift_i = converter.shift;
    clock.tick();
    bool low = converter.clampsLow(sum), high = converter.clampsHigh(sum);
    if (dut.code_o != converter.convert(sum) || dut.low_o != low || dut.high_o != high)
      fail("sum ", sum, ", offset ", converter.offset, ", shift ", converter.shift, ": expected ", converter.convert(sum),
           ", found ", uint64_t(dut.code_o), ", low ", int(dut.low_o), ", high ", int(dut.high_o));
    ++report.checks;
    ++seen[low ? 0 : high ? 2 : 1];
  }
  if (seen[0] < 100 || seen[1] < 100 || (seen[2] < 100 && codeBits < sumBits))
    fail("the bench converted badly: ", seen[0], " low, ", seen[1], " within, ", seen[2], " high");
  return report;
}

} // namespace bench
