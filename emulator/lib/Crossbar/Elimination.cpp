//===- Elimination.cpp - Nodes out of a resistor network ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Right-looking Cholesky by panels of 32 nodes: each panel is factored, then taken off all that follows, upper half only. Sums run
// over the nodes of a panel in order, whatever the width of the processor's vectors.
//===----------------------------------------------------------------------===//
#include "Elimination.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace ranvier::emu;

namespace {
using Four __attribute__((vector_size(32))) = double;
constexpr uint64_t panel = 32;

#define BODY [[gnu::always_inline]] inline

/// Rows first..first+width of the upper factor, in place: row k becomes that of L transposed.
BODY void factorPanel(double *m, uint64_t size, uint64_t first, uint64_t width) {
  for (uint64_t k = first; k < first + width; ++k) {
    double *row = m + k * size;
    for (uint64_t p = first; p < k; ++p) {
      const double *before = m + p * size;
      const double factor = before[k];
      for (uint64_t c = k; c < size; ++c)
        row[c] -= factor * before[c];
    }
    const double scale = 1 / std::sqrt(row[k]);
    for (uint64_t c = k; c < size; ++c)
      row[c] *= scale;
  }
}

/// Four rows from `r`, eight columns from `c`: less the products of the panel's columns.
template <uint64_t rows> BODY void takeOff(double *m, uint64_t size, uint64_t first, uint64_t width, uint64_t r, uint64_t c) {
  Four sums[rows][2];
  for (uint64_t a = 0; a < rows; ++a)
    std::memcpy(sums[a], m + (r + a) * size + c, sizeof(sums[a]));
  for (uint64_t p = first; p < first + width; ++p) {
    const double *row = m + p * size;
    Four right[2];
    std::memcpy(right, row + c, sizeof(right));
    for (uint64_t a = 0; a < rows; ++a) {
      sums[a][0] -= right[0] * row[r + a];
      sums[a][1] -= right[1] * row[r + a];
    }
  }
  for (uint64_t a = 0; a < rows; ++a)
    std::memcpy(m + (r + a) * size + c, sums[a], sizeof(sums[a]));
}

/// All rows behind the panel, from their diagonal (or a few columns before) on.
BODY void takeOffAll(double *m, uint64_t size, uint64_t first, uint64_t width) {
  const uint64_t behind = first + width;
  uint64_t r = behind;
  for (; r < size; r += std::min<uint64_t>(4, size - r)) {
    const uint64_t rows = std::min<uint64_t>(4, size - r);
    uint64_t c = r;
    for (; c + 8 <= size; c += 8)
      if (rows == 4)
        takeOff<4>(m, size, first, width, r, c);
      else
        for (uint64_t a = 0; a < rows; ++a)
          takeOff<1>(m, size, first, width, r + a, c);
    for (uint64_t a = 0; a < rows; ++a)
      for (uint64_t p = first; p < behind; ++p)
        for (uint64_t k = c; k < size; ++k)
          m[(r + a) * size + k] -= m[p * size + k] * m[p * size + r + a];
  }
}

BODY void eliminateBody(double *m, uint64_t size, uint64_t count) {
  for (uint64_t first = 0; first < count; first += panel) {
    const uint64_t width = std::min(panel, count - first);
    factorPanel(m, size, first, width);
    takeOffAll(m, size, first, width);
  }
}
#undef BODY

void eliminatePlain(double *m, uint64_t size, uint64_t count) { eliminateBody(m, size, count); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] void eliminateAvx2(double *m, uint64_t size, uint64_t count) { eliminateBody(m, size, count); }
#endif
} // namespace

std::vector<double> ranvier::emu::eliminate(std::vector<double> &front, uint64_t size, uint64_t count, CrossbarWidth width) {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx2");
  (wide && width != CrossbarWidth::Plain ? eliminateAvx2 : eliminatePlain)(front.data(), size, count);
#else
  eliminatePlain(front.data(), size, count);
#endif
  const uint64_t rest = size - count;
  std::vector<double> out(rest * rest);
  for (uint64_t r = 0; r < rest; ++r)
    for (uint64_t c = r; c < rest; ++c)
      out[r * rest + c] = out[c * rest + r] = front[(count + r) * size + count + c];
  return out;
}
