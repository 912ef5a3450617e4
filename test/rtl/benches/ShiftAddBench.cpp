//===- ShiftAddBench.cpp - rv_shift_add against hw::shiftAdd --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole products with codes at their extremes, with pauses; read out in the end.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include "ranvier/HwModels/IntegerConverter.h"
#include <vector>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t lanes = PARAM_LANES, codeBits = PARAM_CODE_BITS, inputBits = PARAM_INPUT_BITS,
                     dataBits = codeBits + inputBits + 1;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  Report report;
  while (report.cycles < options.cycles) {
    uint32_t bits = 1 + random.below(inputBits);
    bool isSigned = random.chance(128);
    auto code = [&] {
      return random.chance(60) ? (random.chance(128) ? 0 : (uint64_t(1) << codeBits) - 1) : random.bits(codeBits);
    };
    uint64_t zero = code();
    std::vector<std::vector<uint32_t>> codes(lanes);
    auto step = [&](bool first, uint64_t word) {
      while (random.chance(40)) { // A pause: whatever stands at the inputs, nothing moves.
        dut.step_i = 0;
        dut.first_i = random.chance(128);
        dut.code_i = random.bits(codeBits);
        clock.tick();
        ++report.cycles;
      }
      dut.step_i = 1;
      dut.first_i = first;
      dut.negative_i = isSigned;
      dut.code_i = word;
      dut.zero_i = zero;
      clock.tick();
      ++report.cycles;
    };
    for (uint32_t b = 0; b < bits; ++b)
      for (uint32_t lane = 0; lane < lanes; ++lane) {
        uint64_t word = code();
        codes[lane].push_back(word);
        step(b == 0, word);
      }
    for (uint32_t i = 0; i < lanes; ++i) {
      int64_t expected = ranvier::hw::shiftAdd(codes[i], zero, isSigned), found = signedOf(get(dut.data_o, 0, dataBits), dataBits);
      if (found != expected)
        fail("cycle ", clock.cycle, ": lane ", i, ": expected ", expected, ", found ", found);
      ++report.checks;
      step(random.chance(128), random.bits(codeBits));
    }
  }
  return report;
}

} // namespace bench
