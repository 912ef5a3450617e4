//===- Kernels.h - Inner loops of crossbar products -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each has a plain form and one for AVX2, some one for AVX-512, with the same bits: integers, or binary64 with the same additions
// in the same order.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_EMULATOR_CROSSBAR_KERNELS_H
#define RANVIER_LIB_EMULATOR_CROSSBAR_KERNELS_H

#include <cstdint>

namespace ranvier::emu {

/// A converter ready for use: code = clip(rint((v - low) * perUnit), 0, steps), and what the code says is low + code * step.
struct CodeScale {
  double low = 0, perUnit = 0, steps = 0, step = 0;
};

/// One driven cell position of an array whose inputs select cells, and the segments of wire since the one before.
struct LadderStep {
  uint64_t input = 0;
  double sourceOhm = 0, outputOhm = 0; ///< Relative to minOhm.
};

struct CrossbarKernels {
  /// out[c] = sum over j of w[c * stride + j] * x[j]; stride a multiple of 32; |x| and |w| at most 127; no sum exceeds 32 bits.
  void (*dotBytes)(const int8_t *w, const int8_t *x, uint64_t stride, uint64_t columns, int32_t *out);
  /// The same of words.
  void (*dotWords)(const int16_t *w, const int16_t *x, uint64_t stride, uint64_t columns, int32_t *out);
  /// out[p * columns + c] for 0/1 inputs bits[p * stride + j], p < passes <= 16; stride a multiple of 32, at most 2^22.
  void (*dotBits)(const int8_t *w, const uint8_t *bits, uint64_t stride, uint64_t columns, unsigned passes, int32_t *out);
  /// out[c] = sum of the rows `active`, [input][stride]; stride a multiple of 32.
  void (*addRows)(const int8_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out);
  void (*addWordRows)(const int16_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out);
  /// out[c] = unit * sum over j < inputs, in that order, of m(j, c) * x[j]. m is stored by blocks of 32 columns, the rest of
  /// `stride`, a multiple of 8, by blocks of 8: [block][input][columns of the block], which is read from one end to the other.
  void (*linear)(const int32_t *m, const double *x, uint64_t inputs, uint64_t stride, double unit, double *out);
  /// The same of the rows `active` alone.
  void (*linearRows)(const int32_t *m, const uint32_t *active, uint64_t count, uint64_t inputs, uint64_t stride, double unit,
                     double *out);
  /// v[c] = scale * sums[c] + bias.
  void (*scale)(const int32_t *sums, uint64_t count, double scale, double bias, double *v);
  /// v[c] becomes what its code says.
  void (*convert)(double *v, uint64_t count, const CodeScale &scale);
  /// y[c] += factor * (v[c] - unit).
  void (*accumulate)(const double *v, uint64_t count, double factor, double unit, double *y);
  /// x[j] = clip(X[j] / full, low, 1), rounded to a multiple of 1 / top if top is not 0. Levels, if wanted, are x * top.
  void (*drive)(const double *given, uint64_t count, double full, double low, double top, double *x, int16_t *levels);
  /// Current of each of `stride` output lines of an array of selected cells [input][stride] with a source line at 1.
  void (*ladder)(const double *cells, const LadderStep *steps, uint64_t count, double lastOhm, uint64_t stride, double *out);
  /// The same of pairs on one output line with source lines at 1 and -1.
  void (*pairLadder)(const double *positive, const double *negative, const LadderStep *steps, uint64_t count, double lastOhm,
                     uint64_t stride, double *out);
};

/// Which instructions loops use: the widest that this processor has, or fewer, for tests.
enum class CrossbarWidth : uint8_t { Widest, Avx2, Plain };
const CrossbarKernels &crossbarKernels(CrossbarWidth width = CrossbarWidth::Widest);

} // namespace ranvier::emu

#endif
