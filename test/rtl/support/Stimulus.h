//===- Stimulus.h - Random inputs for any module ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Drives every input of a module that runs beside its netlist, with no idea of what it does: in epochs of up to 200 cycles each
// input is steady, random, sparse, dense, small or counting, so that handshakes, full buffers, extremes and carries all come about.
// Protocols are broken freely; both sides must then be wrong in the same way. The bench of a module adds the meaningful inputs.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_RTL_STIMULUS_H
#define RANVIER_TEST_RTL_STIMULUS_H

#include "Bench.h"
#include "ports.h"
#include <array>
#include <vector>

#ifdef RANVIER_INPUTS

namespace bench {

enum class Way : uint8_t { Steady, Zero, Ones, Random, Sparse, Dense, Small, Counting };
inline constexpr uint32_t ways = 8;

template <typename Port> void drive(Port &port, uint32_t bits, Way way, Random &random) {
  if (way == Way::Steady)
    return;
  if (way == Way::Counting) {
    uint32_t low = bits < 64 ? bits : 64;
    uint64_t value = get(port, 0, low) + 1;
    set(port, 0, low, low == 64 ? value : value & ((uint64_t(1) << low) - 1));
    return;
  }
  for (uint32_t from = 0; from < bits; from += 32) {
    uint32_t count = bits - from < 32 ? bits - from : 32;
    uint64_t value = random.bits(count);
    switch (way) {
    case Way::Zero:
      value = 0;
      break;
    case Way::Ones:
      value = (uint64_t(1) << count) - 1;
      break;
    case Way::Sparse:
      value &= random.bits(count) & random.bits(count);
      break;
    case Way::Dense:
      value |= random.bits(count) | random.bits(count);
      break;
    case Way::Small:
      value = from == 0 ? value & 7 : 0;
      break;
    default:
      break;
    }
    set(port, from, count, value);
  }
}

template <class Dut> Report randomStimulus(Clock<Dut> &clock, const Options &options) {
  Random random(options.seed ^ 0x5eed);
  Report report;
  Dut &dut = *clock.dut;
  clock.reset();
  while (report.cycles < options.cycles) {
    if (random.chance(40))
      clock.reset(1 + random.below(3));
#define PORT(name, width) Way way_##name = static_cast<Way>(random.below(ways));
    RANVIER_INPUTS
#undef PORT
    for (uint64_t left = 1 + random.below(200); left != 0; --left) {
#define PORT(name, width) drive(dut.name, width, way_##name, random);
      RANVIER_INPUTS
#undef PORT
      clock.tick();
      ++report.cycles;
    }
  }
  return report;
}

} // namespace bench

#endif
#endif
