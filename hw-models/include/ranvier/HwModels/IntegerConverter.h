//===- IntegerConverter.h - A converter as an exact function ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The converter model `integer_adc` of crossbar tiles and the digital sum behind it, as integers: what the hardware in rtl/crossbar
// computes, bit for bit (rv_integer_adc.sv, rv_shift_add.sv; docs/rtl/blocks.md). It models no analogue circuit: noise, distortion
// and calibration of a real converter belong into the sum that goes in. Header only, so that hardware benches need no library.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_INTEGERCONVERTER_H
#define RANVIER_HWMODELS_INTEGERCONVERTER_H

#include <cstdint>
#include <span>
#include <string_view>

namespace ranvier::hw {

/// code = clamp((sum + offset) >> shift, 0, 2^bits - 1). The shift is arithmetic: it rounds towards minus infinity.
struct IntegerConverter {
  static constexpr std::string_view name = "integer_adc";

  int32_t offset = 0; ///< [units of the sum] What makes negative sums fit; added exactly, never wrapped.
  uint32_t shift = 0; ///< Bits dropped, 0 to 31: a code step is 2^shift units of the sum.
  uint32_t bits = 8;  ///< Of a code, 1 to 16.

  constexpr bool isValid() const { return shift <= 31 && bits >= 1 && bits <= 16; }
  constexpr uint32_t largestCode() const { return (uint32_t(1) << bits) - 1; }

  /// What lies before clamping. For sums of up to 62 bits and a sign.
  constexpr int64_t level(int64_t sum) const { return (sum + offset) >> shift; }
  constexpr bool clampsLow(int64_t sum) const { return level(sum) < 0; }
  constexpr bool clampsHigh(int64_t sum) const { return level(sum) > int64_t(largestCode()); }
  constexpr uint32_t convert(int64_t sum) const {
    return clampsLow(sum) ? 0 : clampsHigh(sum) ? largestCode() : static_cast<uint32_t>(level(sum));
  }
};

/// The sum behind a converter over the bits of its inputs: the codes of bit n - 1 (first) down to bit 0, each less `zero`, weighted
/// with 2^bit; the first one weighs -2^(n-1) if the inputs are two's complement. Exact: below 2^(code bits + n) in size, for at
/// most 16 codes of at most 16 bits.
constexpr int64_t shiftAdd(std::span<const uint32_t> codes, uint32_t zero, bool isSigned) {
  int64_t sum = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    int64_t term = int64_t(codes[i]) - int64_t(zero);
    sum = 2 * sum + (i == 0 && isSigned ? -term : term);
  }
  return sum;
}

} // namespace ranvier::hw

#endif
