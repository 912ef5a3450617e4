//===- N1EngineDrive.cpp - Slices and programs for n1_engine --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs with a meaning for the engine beside its netlist, without a model: random words are hardly ever instructions. Whether
// results are right is for `ranvier cosim` and test/unit/n1 to say.
//===----------------------------------------------------------------------===//
#include "Bench.h"

namespace bench {
namespace {

constexpr uint32_t opcodes = 0x39; // Above all of isa/microcode.toml; about half of those below exist.

uint32_t edge(Random &random) {
  const uint32_t ends[] = {0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x40000000};
  switch (random.below(3)) {
  case 0:
    return ends[random.below(6)];
  case 1:
    return static_cast<uint32_t>(random.next());
  default:
    return static_cast<uint32_t>(static_cast<int32_t>(random.next()) >> random.below(32));
  }
}

uint64_t instruction(Random &random) {
  uint64_t immediate = 0;
  switch (random.below(6)) {
  case 0:
    immediate = edge(random);
    break;
  case 1:
    immediate = random.below(64) | random.below(5) << 8; // A shift and how it rounds.
    break;
  case 2:
    immediate = random.below(1024) | random.below(1024) << 16; // A table.
    break;
  case 3:
    immediate = random.below(8);
    break;
  default:
    break;
  }
  return random.below(opcodes) | random.below(64) << 8 | random.below(64) << 16 | random.below(64) << 24 | immediate << 32;
}

} // namespace

Report runBench(const Options &options) {
  Clock<DUT> clock(options.seed);
  Random random(options.seed);
  DUT &dut = *clock.dut;
  Report report;
  clock.reset();
  uint64_t word = 0;
  while (report.cycles < options.cycles) {
    dut.go_i = 1;
    dut.neuron_base_i = random.bits(8);
    dut.count_i = random.chance(32) ? random.bits(9) : 1 + random.below(20);
    dut.inputs_i = random.below(3);
    dut.accumulator_base_i = random.bits(9);
    dut.program_first_i = random.bits(9);
    dut.program_length_i = random.below(40);
    dut.seed_i = random.next();
    dut.entity_i = static_cast<uint32_t>(random.next());
    dut.step_i = static_cast<uint32_t>(random.next());
    // A slice takes 8 cycles an instruction; a long one is cut short by the next.
    for (uint32_t cycle = 0; cycle < 3000 && (cycle < 2 || !dut.done_o); ++cycle, ++report.cycles) {
      clock.settle();
      if (dut.program_re_o)
        word = instruction(random);
      clock.tick();
      dut.go_i = 0;
      dut.program_word_i = word;
      dut.table_word_i = edge(random);
      dut.state_word_i = edge(random);
      dut.param_word_i = edge(random);
      dut.sum_word_i = edge(random);
    }
    for (uint32_t drain = 0; drain < 8; ++drain, ++report.cycles)
      clock.tick();
  }
  return report;
}

} // namespace bench
