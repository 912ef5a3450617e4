//===- RamBench.cpp - rv_ram against an array -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read returns what was written before its own cycle, also of the word written in that cycle; the answer stays until the next
// read.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <optional>
#include <vector>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t width = PARAM_WIDTH, depth = PARAM_DEPTH;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  std::vector<std::optional<uint64_t>> model(depth);
  std::optional<uint64_t> answer; // Nothing is known before the first read of a word that was written.
  Report report;
  for (uint64_t cycle = 0; cycle < options.cycles; ++cycle, ++report.cycles) {
    uint64_t from = random.below(depth), to = random.chance(64) ? from : random.below(depth), word = random.bits(width);
    if (cycle < 4) { // First and last word, written and read in the same cycle.
      from = to = cycle % 2 ? depth - 1 : 0;
    }
    bool read = cycle < 4 || random.chance(128), write = cycle < 4 || random.chance(128);
    dut.re_i = read;
    dut.raddr_i = from;
    dut.we_i = write;
    dut.waddr_i = to;
    set(dut.wdata_i, 0, width, word);
    if (read)
      answer = model[from];
    if (write)
      model[to] = word;
    clock.tick();
    if (answer) {
      ++report.checks;
      if (get(dut.rdata_o, 0, width) != *answer)
        fail("cycle ", cycle, ": word ", from, ": expected ", *answer, ", found ", get(dut.rdata_o, 0, width));
    }
  }
  return report;
}

} // namespace bench
