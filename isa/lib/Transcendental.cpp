//===- Transcendental.cpp - exp and log of the f32 profile ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libm's expf differs between machines and versions, so the microcode brings its own. Both functions work in binary64 with + - * /
// and integer operations only, each correctly rounded everywhere, and round once to binary32 at the end: the error is that last
// half unit plus less than 1e-3 of one. The compiler must not contract a * b + c (-ffp-contract=off, set for the whole project).
//===----------------------------------------------------------------------===//
#include "ranvier/ISA/Transcendental.h"
#include "ranvier/ISA/Program.h"
#include <bit>

namespace ranvier::isa {

/// Horner's rule; the order of operations is part of the definition.
template <unsigned Size> static double evaluate(const double (&series)[Size], double x) {
  double sum = series[0];
  for (unsigned i = 1; i < Size; ++i)
    sum = sum * x + series[i];
  return sum;
}

/// exp(x) = 2^k exp(r), |r| <= ln(2) / 2.
float exp32(float x) {
  if (x != x)
    return std::bit_cast<float>(0x7FC00000u);
  if (x > expUpper)
    return std::bit_cast<float>(0x7F800000u);
  if (x < expLower)
    return 0.0f;
  const double wide = x, scaled = wide * log2e;
  const int k = static_cast<int>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double sum = evaluate(expSeries, wide - k * ln2);
  // -151 <= k <= 129: a normal binary64 number; the conversion below rounds to subnormals and infinity.
  return static_cast<float>(sum * std::bit_cast<double>(static_cast<uint64_t>(k + 1023) << 52));
}

/// log(x) = e ln(2) + log(m), sqrt(1/2) < m <= sqrt(2), log(m) = 2 artanh(s), s = (m - 1) / (m + 1).
float log32(float x) {
  if (x != x || x < 0)
    return std::bit_cast<float>(0x7FC00000u);
  if (x == 0)
    return std::bit_cast<float>(0xFF800000u);
  if (std::bit_cast<uint32_t>(x) == 0x7F800000u)
    return x;
  const uint64_t bits = std::bit_cast<uint64_t>(static_cast<double>(x)); // Normal even where x is subnormal.
  int e = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u);
  if (m > sqrt2) {
    m = m * 0.5;
    ++e;
  }
  const double s = (m - 1) / (m + 1);
  return static_cast<float>(e * ln2 + 2 * s * evaluate(logSeries, s * s));
}

} // namespace ranvier::isa
