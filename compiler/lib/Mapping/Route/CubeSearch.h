//===- CubeSearch.h - What the searches over ordered tables share -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_ROUTE_CUBESEARCH_H
#define RANVIER_LIB_MAPPING_ROUTE_CUBESEARCH_H

#include <cstdint>

namespace ranvier::mapping::detail {

/// An entry in the pile.
struct Cube {
  uint32_t value = 0, wild = 0; ///< Keys with (key & ~wild) == value.
  uint32_t route = 0;
  uint64_t height = 0; ///< Higher cubes win; equal heights: the later one (`serial`).
  uint64_t serial = 0;
  bool above(const Cube &other) const { return height != other.height ? height > other.height : serial > other.serial; }
};

/// Random numbers (xorshift64*) and the acceptance of changes for the worse. Only additions and multiplications of binary64 decide,
/// so that the result is the same on every machine.
class SearchDice {
public:
  explicit SearchDice(uint64_t seed) : state((seed + 1) * 0x9E3779B97F4A7C15ull) {}
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  /// Whether to take a table that is longer by `change`.
  bool accept(int change) {
    if (change <= 0)
      return true;
    double chance = 1;
    for (int i = 0; i < change; ++i)
      chance *= unit;
    return static_cast<double>(next() >> 11) * 0x1p-53 < chance;
  }
  double unit = 0; ///< Chance to accept a table that is longer by one.

private:
  uint64_t next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1Dull;
  }
  uint64_t state;
};

} // namespace ranvier::mapping::detail

#endif
