//===- Kernels.cpp - Inner loops of crossbar products ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A body is written once and compiled for every processor; only bytes times bytes, where AVX2 has an instruction that compilers do
// not find, has a form of its own. Nothing is contracted or reordered (-ffp-contract=off, no fast-math), so bits are the same.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include <algorithm>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors are passed between functions that are all inlined: there is no calling convention to mismatch.
#pragma GCC diagnostic ignored "-Wpsabi"

using namespace ranvier;
using namespace ranvier::emu;

namespace {

/// Nearest, ties to even, for values below 2^51 in size.
[[gnu::always_inline]] inline double nearest(double value) {
  constexpr double big = 0x1.8p52;
  return (value + big) - big;
}

#define BODY [[gnu::always_inline]] inline

BODY void dotBytesBody(const int8_t *w, const int8_t *x, uint64_t stride, uint64_t columns, int32_t *out) {
  for (uint64_t c = 0; c < columns; ++c) {
    int32_t sum = 0;
    for (uint64_t j = 0; j < stride; ++j)
      sum += int32_t(w[c * stride + j]) * x[j];
    out[c] = sum;
  }
}
BODY void dotWordsBody(const int16_t *w, const int16_t *x, uint64_t stride, uint64_t columns, int32_t *out) {
  for (uint64_t c = 0; c < columns; ++c) {
    int32_t sum = 0;
    for (uint64_t j = 0; j < stride; ++j)
      sum += int32_t(w[c * stride + j]) * x[j];
    out[c] = sum;
  }
}
BODY void dotBitsBody(const int8_t *w, const uint8_t *bits, uint64_t stride, uint64_t columns, unsigned passes, int32_t *out) {
  for (unsigned p = 0; p < passes; ++p)
    for (uint64_t c = 0; c < columns; ++c) {
      int32_t sum = 0;
      for (uint64_t j = 0; j < stride; ++j)
        sum += int32_t(w[c * stride + j]) * bits[p * stride + j];
      out[p * columns + c] = sum;
    }
}
/// Rows of up to 258 bytes of at most 127 in size fit 16 bits.
BODY void addRowsBody(const int8_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out) {
  constexpr uint64_t atOnce = 32, rowsAtOnce = 256;
  std::fill(out, out + stride, 0);
  for (uint64_t first = 0; first < count; first += rowsAtOnce) {
    const uint64_t end = std::min(count, first + rowsAtOnce);
    for (uint64_t c = 0; c < stride; c += atOnce) {
      int16_t sums[atOnce] = {};
      for (uint64_t a = first; a < end; ++a) {
        const int8_t *row = w + active[a] * stride + c;
        for (uint64_t k = 0; k < atOnce; ++k)
          sums[k] = static_cast<int16_t>(sums[k] + row[k]);
      }
      for (uint64_t k = 0; k < atOnce; ++k)
        out[c + k] += sums[k];
    }
  }
}
BODY void addWordRowsBody(const int16_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out) {
  std::fill(out, out + stride, 0);
  for (uint64_t a = 0; a < count; ++a)
    for (uint64_t c = 0; c < stride; ++c)
      out[c] += w[active[a] * stride + c];
}

struct FourLanes {
  static constexpr uint64_t count = 4;
  using Reals __attribute__((vector_size(32))) = double;
  using Ints __attribute__((vector_size(16))) = int32_t;
};
struct EightLanes {
  static constexpr uint64_t count = 8;
  using Reals __attribute__((vector_size(64))) = double;
  using Ints __attribute__((vector_size(32))) = int32_t;
};
/// A block of columns, [input][width].
template <typename Lanes, uint64_t width, bool rows>
BODY void linearBlock(const int32_t *m, const double *x, const uint32_t *active, uint64_t count, double *out) {
  constexpr uint64_t vectors = width / Lanes::count;
  typename Lanes::Reals sums[vectors] = {};
  for (uint64_t a = 0; a < count; ++a) {
    const int32_t *row = m + (rows ? active[a] : a) * width;
    for (uint64_t k = 0; k < vectors; ++k) {
      typename Lanes::Ints ints;
      std::memcpy(&ints, row + Lanes::count * k, sizeof(ints));
      const auto reals = __builtin_convertvector(ints, typename Lanes::Reals);
      sums[k] += rows ? reals : reals * x[a];
    }
  }
  std::memcpy(out, sums, sizeof(sums));
}
template <typename Lanes, bool rows>
BODY void linearBody(const int32_t *m, const double *x, const uint32_t *active, uint64_t count, uint64_t inputs, uint64_t stride,
                     double unit, double *out) {
  uint64_t c = 0;
  for (; c + 32 <= stride; c += 32)
    linearBlock<Lanes, 32, rows>(m + c * inputs, x, active, count, out + c);
  for (; c < stride; c += 8)
    linearBlock<Lanes, 8, rows>(m + c * inputs, x, active, count, out + c);
  for (uint64_t k = 0; k < stride; ++k)
    out[k] *= unit;
}
BODY void scaleBody(const int32_t *sums, uint64_t count, double scale, double bias, double *v) {
  for (uint64_t c = 0; c < count; ++c)
    v[c] = scale * sums[c] + bias;
}
BODY void convertBody(double *v, uint64_t count, const CodeScale &scale) {
  const CodeScale s = scale;
  for (uint64_t c = 0; c < count; ++c) {
    double at = (v[c] - s.low) * s.perUnit;
    at = at < 0 ? 0 : at;
    at = at > s.steps ? s.steps : at;
    v[c] = s.low + nearest(at) * s.step;
  }
}
BODY void accumulateBody(const double *v, uint64_t count, double factor, double unit, double *y) {
  for (uint64_t c = 0; c < count; ++c)
    y[c] += factor * (v[c] - unit);
}
BODY void driveBody(const double *given, uint64_t count, double full, double low, double top, double *x, int16_t *levels) {
  for (uint64_t j = 0; j < count; ++j) {
    double at = given[j] / full;
    at = at < low ? low : at;
    x[j] = at > 1 ? 1 : at;
  }
  if (top == 0)
    return;
  for (uint64_t j = 0; j < count; ++j)
    x[j] = nearest(x[j] * top);
  if (levels)
    for (uint64_t j = 0; j < count; ++j)
      levels[j] = static_cast<int16_t>(static_cast<int32_t>(x[j]));
  for (uint64_t j = 0; j < count; ++j)
    x[j] /= top;
}

/// From the source end on, the part of a ladder passed so far as seen from its two open ends: with current i drawn from the source
/// line and v on the output line, the source line is at e - p i + (1 - e) v, and e i - i + h (1 - v) flows out of the output line.
/// Every term is positive, so nothing cancels, and open cells and ideal wires need no case of their own.
BODY void ladderBody(const double *cells, const LadderStep *steps, uint64_t count, double lastOhm, uint64_t stride, double *out) {
  constexpr uint64_t atOnce = 8;
  for (uint64_t c = 0; c < stride; c += atOnce) {
    double p[atOnce] = {}, e[atOnce], h[atOnce] = {};
    std::fill(e, e + atOnce, 1.0);
    for (uint64_t a = 0; a < count; ++a) {
      const double source = steps[a].sourceOhm, output = steps[a].outputOhm;
      const double *row = cells + steps[a].input * stride + c;
      for (uint64_t k = 0; k < atOnce; ++k) {
        const double r = 1 / (1 + h[k] * output), m = 1 - e[k];
        p[k] += m * m * output * r + source;
        e[k] = (h[k] * output + e[k]) * r;
        h[k] *= r;
        const double g = row[k], f = 1 / (1 + g * p[k]);
        h[k] += g * e[k] * e[k] * f;
        e[k] *= f;
        p[k] *= f;
      }
    }
    for (uint64_t k = 0; k < atOnce; ++k)
      out[c + k] = h[k] / (1 + h[k] * lastOhm);
  }
}

/// Two source lines a, b: va = ea - paa ia - pab ib + (1 - na) v, likewise vb; out of the output line flows
/// j - (1 - na) ia - (1 - nb) ib - h v.
struct PairState {
  double ea = 1, eb = -1, paa = 0, pab = 0, pbb = 0, na = 1, nb = 1, j = 0, h = 0;
};
BODY void passOutput(PairState &s, double ohm) {
  const double r = 1 / (1 + s.h * ohm), k = ohm * r, ma = 1 - s.na, mb = 1 - s.nb;
  s.ea += ma * k * s.j;
  s.eb += mb * k * s.j;
  s.paa += ma * ma * k;
  s.pab += ma * mb * k;
  s.pbb += mb * mb * k;
  s.na = (s.h * ohm + s.na) * r;
  s.nb = (s.h * ohm + s.nb) * r;
  s.j *= r;
  s.h *= r;
}
BODY void passCell(double g, double &ea, double &eb, double &paa, double &pab, double &pbb, double &na, double &nb, double &j,
                   double &h) {
  const double f = g / (1 + g * paa), e = ea, n = na, p = paa, q = pab;
  j += n * f * e;
  h += n * n * f;
  ea -= p * f * e;
  eb -= q * f * e;
  na -= p * f * n;
  nb -= q * f * n;
  paa -= p * p * f;
  pab -= p * q * f;
  pbb -= q * q * f;
}
BODY void pairLadderBody(const double *positive, const double *negative, const LadderStep *steps, uint64_t count, double lastOhm,
                         uint64_t stride, double *out) {
  for (uint64_t c = 0; c < stride; ++c) {
    PairState s;
    for (uint64_t a = 0; a < count; ++a) {
      passOutput(s, steps[a].outputOhm);
      s.paa += steps[a].sourceOhm;
      s.pbb += steps[a].sourceOhm;
      passCell(positive[steps[a].input * stride + c], s.ea, s.eb, s.paa, s.pab, s.pbb, s.na, s.nb, s.j, s.h);
      passCell(negative[steps[a].input * stride + c], s.eb, s.ea, s.pbb, s.pab, s.paa, s.nb, s.na, s.j, s.h);
    }
    passOutput(s, lastOhm);
    out[c] = s.j;
  }
}

#undef BODY

// Each body under every name; `suffix` and `how` are all that differs.
#define LINEAR(suffix, how, lanes)                                                                                                 \
  how void linear##suffix(const int32_t *m, const double *x, uint64_t inputs, uint64_t stride, double unit, double *out) {         \
    linearBody<lanes, false>(m, x, nullptr, inputs, inputs, stride, unit, out);                                                    \
  }                                                                                                                                \
  how void linearRows##suffix(const int32_t *m, const uint32_t *active, uint64_t count, uint64_t inputs, uint64_t stride,          \
                              double unit, double *out) {                                                                          \
    linearBody<lanes, true>(m, nullptr, active, count, inputs, stride, unit, out);                                                 \
  }
#define FORMS(suffix, how)                                                                                                         \
  how void dotWords##suffix(const int16_t *w, const int16_t *x, uint64_t stride, uint64_t columns, int32_t *out) {                 \
    dotWordsBody(w, x, stride, columns, out);                                                                                      \
  }                                                                                                                                \
  how void addWordRows##suffix(const int16_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out) {          \
    addWordRowsBody(w, active, count, stride, out);                                                                                \
  }                                                                                                                                \
  how void scale##suffix(const int32_t *sums, uint64_t count, double scale, double bias, double *v) {                              \
    scaleBody(sums, count, scale, bias, v);                                                                                        \
  }                                                                                                                                \
  how void convert##suffix(double *v, uint64_t count, const CodeScale &scale) { convertBody(v, count, scale); }                    \
  how void accumulate##suffix(const double *v, uint64_t count, double factor, double unit, double *y) {                            \
    accumulateBody(v, count, factor, unit, y);                                                                                     \
  }                                                                                                                                \
  how void drive##suffix(const double *given, uint64_t count, double full, double low, double top, double *x, int16_t *levels) {   \
    driveBody(given, count, full, low, top, x, levels);                                                                            \
  }                                                                                                                                \
  how void ladder##suffix(const double *cells, const LadderStep *steps, uint64_t count, double lastOhm, uint64_t stride,           \
                          double *out) {                                                                                           \
    ladderBody(cells, steps, count, lastOhm, stride, out);                                                                         \
  }                                                                                                                                \
  how void pairLadder##suffix(const double *positive, const double *negative, const LadderStep *steps, uint64_t count,             \
                              double lastOhm, uint64_t stride, double *out) {                                                      \
    pairLadderBody(positive, negative, steps, count, lastOhm, stride, out);                                                        \
  }                                                                                                                                \
  constexpr CrossbarKernels table##suffix = {dotBytes##suffix,    dotWords##suffix,   dotBits##suffix,    addRows##suffix,         \
                                             addWordRows##suffix, linear##suffix,     linearRows##suffix, scale##suffix,           \
                                             convert##suffix,     accumulate##suffix, drive##suffix,      ladder##suffix,          \
                                             pairLadder##suffix};

void dotBytesPlain(const int8_t *w, const int8_t *x, uint64_t stride, uint64_t columns, int32_t *out) {
  dotBytesBody(w, x, stride, columns, out);
}
void dotBitsPlain(const int8_t *w, const uint8_t *bits, uint64_t stride, uint64_t columns, unsigned passes, int32_t *out) {
  dotBitsBody(w, bits, stride, columns, passes, out);
}
void addRowsPlain(const int8_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out) {
  addRowsBody(w, active, count, stride, out);
}
LINEAR(Plain, , FourLanes)
FORMS(Plain, )

#if defined(__x86_64__)
#define AVX2 [[gnu::target("avx2")]]

AVX2 inline int32_t lanesSum(__m256i sums) {
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
}
AVX2 inline __m256i load(const void *at) { return _mm256_loadu_si256(static_cast<const __m256i *>(at)); }

AVX2 inline __m256i sixteen(const int8_t *at) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(at)));
}

/// |x| times w with the sign of x: two such products are below 2^15.
AVX2 void dotBytesAvx2(const int8_t *w, const int8_t *x, uint64_t stride, uint64_t columns, int32_t *out) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (uint64_t c = 0; c < columns; ++c) {
    __m256i sums = _mm256_setzero_si256();
    for (uint64_t j = 0; j < stride; j += 32) {
      const __m256i at = load(x + j);
      const __m256i two = _mm256_maddubs_epi16(_mm256_abs_epi8(at), _mm256_sign_epi8(load(w + c * stride + j), at));
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(two, ones));
    }
    out[c] = lanesSum(sums);
  }
}

/// `passes` sums at once share what is loaded of the weights; 128 sums of two bytes fit 16 bits.
template <unsigned passes>
AVX2 inline void dotBitsOf(const int8_t *w, const uint8_t *bits, uint64_t stride, uint64_t columns, uint64_t outStride,
                           int32_t *out) {
  constexpr uint64_t bytesAtOnce = 32 * 128;
  const __m256i ones = _mm256_set1_epi16(1);
  for (uint64_t c = 0; c < columns; ++c) {
    __m256i wide[passes];
    for (unsigned p = 0; p < passes; ++p)
      wide[p] = _mm256_setzero_si256();
    for (uint64_t first = 0; first < stride; first += bytesAtOnce) {
      const uint64_t end = std::min(stride, first + bytesAtOnce);
      __m256i sums[passes];
      for (unsigned p = 0; p < passes; ++p)
        sums[p] = _mm256_setzero_si256();
      for (uint64_t j = first; j < end; j += 32) {
        const __m256i weights = load(w + c * stride + j);
#pragma GCC unroll 8
        for (unsigned p = 0; p < passes; ++p)
          sums[p] = _mm256_add_epi16(sums[p], _mm256_maddubs_epi16(load(bits + p * stride + j), weights));
      }
      for (unsigned p = 0; p < passes; ++p)
        wide[p] = _mm256_add_epi32(wide[p], _mm256_madd_epi16(sums[p], ones));
    }
    for (unsigned p = 0; p < passes; ++p)
      out[p * outStride + c] = lanesSum(wide[p]);
  }
}
AVX2 void dotBitsAvx2(const int8_t *w, const uint8_t *bits, uint64_t stride, uint64_t columns, unsigned passes, int32_t *out) {
  unsigned p = 0;
  for (; p + 8 <= passes; p += 8)
    dotBitsOf<8>(w, bits + p * stride, stride, columns, columns, out + p * columns);
  for (; p + 4 <= passes; p += 4)
    dotBitsOf<4>(w, bits + p * stride, stride, columns, columns, out + p * columns);
  for (; p < passes; ++p)
    dotBitsOf<1>(w, bits + p * stride, stride, columns, columns, out + p * columns);
}
/// 64 columns, a cache line of each row, in registers; the last 32 as the plain form does.
AVX2 void addRowsAvx2(const int8_t *w, const uint32_t *active, uint64_t count, uint64_t stride, int32_t *out) {
  constexpr uint64_t rowsAtOnce = 256, vectors = 4;
  std::fill(out, out + stride, 0);
  for (uint64_t first = 0; first < count; first += rowsAtOnce) {
    const uint64_t end = std::min(count, first + rowsAtOnce);
    for (uint64_t c = 0; c < stride; c += 16 * vectors) {
      const uint64_t width = std::min(vectors, (stride - c) / 16);
      __m256i sums[vectors];
      for (uint64_t k = 0; k < vectors; ++k)
        sums[k] = _mm256_setzero_si256();
      if (width == vectors)
        for (uint64_t a = first; a < end; ++a)
#pragma GCC unroll 4
          for (uint64_t k = 0; k < vectors; ++k)
            sums[k] = _mm256_add_epi16(sums[k], sixteen(w + active[a] * stride + c + 16 * k));
      else
        for (uint64_t a = first; a < end; ++a)
#pragma GCC unroll 2
          for (uint64_t k = 0; k < 2; ++k)
            sums[k] = _mm256_add_epi16(sums[k], sixteen(w + active[a] * stride + c + 16 * k));
      alignas(32) int16_t parts[16 * vectors];
      for (uint64_t k = 0; k < vectors; ++k)
        _mm256_store_si256(reinterpret_cast<__m256i *>(parts) + k, sums[k]);
      for (uint64_t k = 0; k < 16 * width; ++k)
        out[c + k] += parts[k];
    }
  }
}
LINEAR(Avx2, AVX2, FourLanes)
FORMS(Avx2, AVX2)
// Vectors twice as long, where converting integers is what costs.
#define AVX512 [[gnu::target("avx2,avx512f,avx512vl")]]
LINEAR(Avx512, AVX512, EightLanes)
constexpr CrossbarKernels withAvx512() {
  CrossbarKernels out = tableAvx2;
  out.linear = linearAvx512;
  out.linearRows = linearRowsAvx512;
  return out;
}
constexpr CrossbarKernels tableAvx512 = withAvx512();
#endif

} // namespace

const CrossbarKernels &emu::crossbarKernels(CrossbarWidth width) {
#if defined(__x86_64__)
  static const CrossbarKernels *narrow = __builtin_cpu_supports("avx2") ? &tableAvx2 : &tablePlain;
  static const CrossbarKernels *best = __builtin_cpu_supports("avx512vl") ? &tableAvx512 : narrow;
  return width == CrossbarWidth::Widest ? *best : width == CrossbarWidth::Avx2 ? *narrow : tablePlain;
#else
  return tablePlain;
#endif
}
