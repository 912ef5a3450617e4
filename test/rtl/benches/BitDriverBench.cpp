//===- BitDriverBench.cpp - rv_bit_driver against an array of words -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <vector>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t rows = PARAM_ROWS, bits = PARAM_INPUT_BITS;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  std::vector<uint64_t> model(rows);
  Report report;
  clock.reset();
  for (; report.cycles < options.cycles; ++report.cycles) {
    uint64_t row = random.below(rows), word = random.bits(bits);
    bool shift = random.chance(80), write = !shift && random.chance(200), drive = random.chance(180);
    dut.write_i = write;
    dut.row_i = row;
    dut.data_i = word;
    dut.shift_i = shift;
    dut.drive_i = drive;
    if (random.chance(1)) {
      clock.reset(1);
      std::fill(model.begin(), model.end(), 0);
    }
    clock.settle();
    for (uint32_t r = 0; r < rows; ++r)
      if (get(dut.rows_o, r, 1) != (drive ? model[r] >> (bits - 1) : 0))
        fail("cycle ", clock.cycle, ": row ", r, " of ", model[r]);
    ++report.checks;
    if (write)
      model[row] = word;
    if (shift)
      for (uint64_t &value : model)
        value = value << 1 & ((uint64_t(1) << bits) - 1);
    clock.tick();
  }
  return report;
}

} // namespace bench
