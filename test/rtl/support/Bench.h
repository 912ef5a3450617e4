//===- Bench.h - What every bench of a hardware block shares ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bench is one function, runBench(). It drives the verilated module through Clock, whose tick() is one cycle: inputs set before
// it are seen by the rising edge, outputs read after it are those of the new cycle. Where source and netlist run side by side
// (flow.py, miter) every tick also compares all their outputs, before and after the edge.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_RTL_BENCH_H
#define RANVIER_TEST_RTL_BENCH_H

#include DUT_HEADER
#include "ports.h"
#include "verilated.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif
#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bench {

struct Options {
  uint64_t seed = 1;
  uint64_t cycles = 120000; ///< Random cycles, at least.
};

/// The first difference from what was expected.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename... Parts> [[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Failure(text.str());
}

/// SplitMix64: a seed gives the same numbers everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// A number below `count`, at least 1.
  uint64_t below(uint64_t count) { return next() % count; }
  /// True with a probability in 1/256.
  bool chance(uint32_t of256) { return (next() >> 32) % 256 < of256; }
  /// `count` bits, 1 to 64.
  uint64_t bits(uint32_t count) { return next() >> (64 - count); }

private:
  uint64_t state;
};

/// Bits `from` to `from + count - 1` of a port of any width, count 1 to 64.
template <typename Port> uint64_t get(const Port &port, uint32_t from, uint32_t count) {
  uint64_t value = 0;
  if constexpr (std::is_integral_v<Port>)
    value = static_cast<uint64_t>(port) >> from;
  else
    for (uint32_t bit = 0; bit < count; ++bit)
      value |= static_cast<uint64_t>(port[(from + bit) / 32] >> (from + bit) % 32 & 1) << bit;
  return count == 64 ? value : value & ((uint64_t(1) << count) - 1);
}

/// Sets bits of a port of any width; `value` is below 2^count.
template <typename Port> void set(Port &port, uint32_t from, uint32_t count, uint64_t value) {
  if constexpr (std::is_integral_v<Port>) {
    uint64_t mask = (count == 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1) << from;
    port = static_cast<Port>((static_cast<uint64_t>(port) & ~mask) | value << from);
  } else
    for (uint32_t bit = 0; bit < count; ++bit) {
      uint32_t mask = uint32_t(1) << (from + bit) % 32;
      auto &word = port[(from + bit) / 32];
      word = value >> bit & 1 ? word | mask : word & ~mask;
    }
}

/// A word of `count` bits as a signed number.
inline int64_t signedOf(uint64_t value, uint32_t count) { return static_cast<int64_t>(value << (64 - count)) >> (64 - count); }

struct Levels {
  uint32_t bits = 0;
  uint64_t ones = 0, zeros = 0;
};
/// (output, first bit) -> what its bits have been.
inline std::map<std::pair<std::string, uint32_t>, Levels> seen;

template <class Dut> class Clock {
  VerilatedContext context; // Goes last, after the model that points to it.

public:
  std::unique_ptr<Dut> dut;
  uint64_t cycle = 0;

  /// Registers without reset start at 0, or with random bits in benches of the source alone.
  explicit Clock(uint64_t seed) {
    context.randReset(isMiter() ? 0 : 2);
    context.randSeed(static_cast<int>(seed & 0x7fffffff));
    dut = std::make_unique<Dut>(&context);
  }
  ~Clock() {
    dut->final();
#if VM_COVERAGE
    static unsigned number = 0; // A bench may make several modules, one after the other.
    context.coveragep()->write(("coverage-" + std::to_string(number++) + ".dat").c_str());
#endif
  }

  static constexpr bool isMiter() {
    return requires(Dut &dut) { dut.mismatch_o; };
  }

  /// Lets inputs reach outputs without an edge.
  void settle() {
    low();
    dut->eval();
    compare();
  }

  void tick() {
    settle();
    note();
    if constexpr (requires { dut->clk_i; }) {
      dut->clk_i = 1;
      dut->eval();
    }
    ++cycle;
    compare();
  }

  void reset(uint32_t cycles = 3) {
    if constexpr (requires { dut->rst_i; }) {
      dut->rst_i = 1;
      for (uint32_t i = 0; i < cycles; ++i)
        tick();
      dut->rst_i = 0;
      comparing = true;
    }
  }

private:
  /// Before the first reset source and netlist may differ: the netlist numbers the states of a machine anew.
  bool comparing = !requires(Dut &dut) { dut.rst_i; };

  void low() {
    if constexpr (requires { dut->clk_i; })
      dut->clk_i = 0;
  }
  /// Remembers which bits of the outputs have been 0 and which 1.
  void note() {
#ifdef RANVIER_OUTPUTS
    if constexpr (isMiter()) {
#define PORT(name, width)                                                                                                          \
  for (uint32_t from = 0; from < width; from += 64) {                                                                              \
    uint32_t count = width - from < 64 ? width - from : 64;                                                                        \
    uint64_t value = get(dut->name, from, count);                                                                                  \
    Levels &levels = seen[{#name, from}];                                                                                          \
    levels.bits = count;                                                                                                           \
    levels.ones |= value;                                                                                                          \
    levels.zeros |= ~value;                                                                                                        \
  }
      RANVIER_OUTPUTS
#undef PORT
    }
#endif
  }

  /// The values at the ports, for a message.
  std::string ports() {
    std::ostringstream text;
#ifdef RANVIER_INPUTS
#define PORT(name, width)                                                                                                          \
  text << "\n  " #name " =" << std::hex;                                                                                           \
  for (uint32_t from = 0; from < width; from += 32)                                                                                \
    text << " " << get(dut->name, from, width - from < 32 ? width - from : 32);
    RANVIER_INPUTS RANVIER_OUTPUTS
#undef PORT
#endif
        return text.str();
  }

  void compare() {
    if constexpr (isMiter())
      if (comparing && get(dut->mismatch_o, 0, 8 * sizeof(dut->mismatch_o)) != 0)
        fail("cycle ", cycle, ": outputs of netlist and source differ (bits ", std::hex,
             get(dut->mismatch_o, 0, 8 * sizeof(dut->mismatch_o)), " of mismatch_o); words of the ports, low ones first:", ports());
  }
};

/// The output bits that have not been both 0 and 1 in any clock of this process, as "name[bit] ...".
inline std::string steadyOutputs() {
  std::string text;
  for (const auto &[place, levels] : seen)
    for (uint32_t bit = 0; bit < levels.bits; ++bit)
      if (!((levels.ones & levels.zeros) >> bit & 1))
        text += " " + place.first + "[" + std::to_string(place.second + bit) + "]";
  return text;
}

/// What a bench did, for the last line of a run.
struct Report {
  uint64_t cycles = 0; ///< Random ones.
  uint64_t checks = 0; ///< Comparisons with the model.
};

/// Defined by each bench.
Report runBench(const Options &options);

} // namespace bench

#endif
