//===- FixedPoint.h - Integer arithmetic with stated rounding ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The definition of every rounding and overflow rule of the int profile; interpreter, quantiser and tests use these functions.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_SUPPORT_FIXEDPOINT_H
#define RANVIER_SUPPORT_FIXEDPOINT_H

#include <algorithm>
#include <cstdint>

namespace ranvier {

/// How a right shift drops bits. The encoding is part of the microcode (isa/microcode.toml).
enum class Rounding : uint8_t {
  Floor = 0,      ///< Towards minus infinity (arithmetic shift).
  TowardZero = 1, ///< sign(x) * (|x| >> s): Loihi's decay rounding as Lava models it.
  NearestUp = 2,  ///< To nearest, ties towards plus infinity: (x + 2^(s-1)) >> s.
  NearestEven = 3 ///< To nearest, ties to even.
};

/// x >> shift with the given rounding; shift 0..63. Exact for every x (no intermediate overflow except NearestUp at INT64_MAX,
/// which wraps like the 64-bit adder it stands for).
constexpr int64_t shiftRight(int64_t x, unsigned shift, Rounding mode) {
  if (shift == 0)
    return x;
  switch (mode) {
  case Rounding::Floor:
    return x >> shift;
  case Rounding::TowardZero:
    return (x >> shift) + ((x < 0 && (static_cast<uint64_t>(x) & ((uint64_t(1) << shift) - 1)) != 0) ? 1 : 0);
  case Rounding::NearestUp:
    return static_cast<int64_t>(static_cast<uint64_t>(x) + (uint64_t(1) << (shift - 1))) >> shift;
  case Rounding::NearestEven: {
    const int64_t floor = x >> shift;
    const uint64_t rest = static_cast<uint64_t>(x) & ((uint64_t(1) << shift) - 1), half = uint64_t(1) << (shift - 1);
    return floor + ((rest > half || (rest == half && (floor & 1))) ? 1 : 0);
  }
  }
  return x;
}

/// Two's complement saturation to 32 bits.
constexpr int32_t saturate32(int64_t x) { return static_cast<int32_t>(std::clamp<int64_t>(x, INT32_MIN, INT32_MAX)); }
/// The low 32 bits, as hardware that drops the carry gives them.
constexpr int32_t wrap32(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(x))); }

} // namespace ranvier

#endif
