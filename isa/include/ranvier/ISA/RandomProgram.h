//===- RandomProgram.h - Random legal microcode ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For constrained-random verification of whatever executes microcode: every instruction of the table, operands and immediates from
// its operand kinds, data full of the values where arithmetic goes wrong. A function of its seed alone, so a printed seed
// reproduces a failure anywhere.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_ISA_RANDOMPROGRAM_H
#define RANVIER_ISA_RANDOMPROGRAM_H

#include "ranvier/ISA/Program.h"
#include <cstdint>
#include <iterator>

namespace ranvier::isa {

/// SplitMix64: small, and the same everywhere (the distributions of the standard library are not).
class RandomSource {
public:
  explicit RandomSource(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// 0..bound-1; bound > 0.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  bool oneIn(uint32_t n) { return below(n) == 0; }
  template <typename Range> auto pick(const Range &range) { return range[below(static_cast<uint32_t>(std::size(range)))]; }

private:
  uint64_t state;
};

/// A 32-bit word as a program may meet it: half the time a value at the edge of something.
uint32_t edgeWord(RandomSource &random, Profile profile);

/// The most of each that a random program has; at least 1 each, 2 words of tables.
struct RandomProgramLimits {
  uint32_t states = 6, params = 6, inputs = 6;
  uint32_t tableWords = 2048; ///< Of its one or two tables together.
};

/// A legal program of up to about `maxLength` instructions (and at most `maxLength` + 4 + limits.states), at least a load of each
/// kind and a store to each state; the last ones store what was computed, so that nothing goes unseen.
Program randomProgram(RandomSource &random, Profile profile, unsigned maxLength = 40, const RandomProgramLimits &limits = {});

} // namespace ranvier::isa

#endif
