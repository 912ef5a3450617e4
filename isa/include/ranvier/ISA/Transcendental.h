//===- Transcendental.h - The numbers behind exp32 and log32 ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the scalar definition (isa/lib/Transcendental.cpp) and by executors that compute it over vectors, so that no number
// stands in two places. All in binary64; docs/spec/microcode.md, 4.5.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_ISA_TRANSCENDENTAL_H
#define RANVIER_ISA_TRANSCENDENTAL_H

namespace ranvier::isa {

constexpr double ln2 = 0x1.62E42FEFA39EFp-1, log2e = 0x1.71547652B82FEp+0, sqrt2 = 0x1.6A09E667F3BCDp+0;

/// Outside of these exp32 is +infinity and +0: exp(88.73) is beyond the largest finite number, exp(-103.98) below half the
/// smallest subnormal.
constexpr float expUpper = 89.0f, expLower = -104.0f;

/// exp(r) = sum r^i / i!, |r| <= ln(2) / 2, highest power first (9..0). Remainder below 7e-12 of the sum.
constexpr double expSeries[] = {1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};

/// artanh(s) / s = sum s^(2i) / (2i + 1), |s| < 0.172, highest power first (14..0). Remainder below 4e-14 of the sum.
constexpr double logSeries[] = {1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0};

} // namespace ranvier::isa

#endif
