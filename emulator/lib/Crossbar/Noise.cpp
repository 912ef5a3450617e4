//===- Noise.cpp - Cells that are not what they should be -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Noise.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors are passed between functions that are all inlined: there is no calling convention to mismatch.
#pragma GCC diagnostic ignored "-Wpsabi"

using namespace ranvier;
using namespace ranvier::emu;

namespace {

constexpr uint32_t lanes = 8;
using Words __attribute__((vector_size(32))) = uint32_t;
using Ints __attribute__((vector_size(32))) = int32_t;
using Floats __attribute__((vector_size(32))) = float;

#define BODY [[gnu::always_inline]] inline

struct Key {
  uint32_t parts[3];
};
Key keyOf(const CrossbarStream &stream) {
  const uint32_t low = static_cast<uint32_t>(stream.seed),
                 high = static_cast<uint32_t>(stream.seed >> 32) + static_cast<uint32_t>(stream.draw) * 0x9E3779B9u;
  return {{low, high, 0x1BD11BDAu ^ low ^ high}};
}

/// threefry2x32 of support/Random.h, eight entities that share a step.
BODY void block(const Key &key, Words entity, uint32_t step, Words &first, Words &second) {
  constexpr unsigned rotation[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  Words x0 = entity + key.parts[0], x1 = (Words{} + step) + key.parts[1];
#pragma GCC unroll 20
  for (unsigned round = 0; round < 20; ++round) {
    const unsigned r = rotation[round % 8], j = round / 4 + 1;
    x0 += x1;
    x1 = (x1 << r | x1 >> (32 - r)) ^ x0;
    if (round % 4 == 3) {
      x0 += key.parts[j % 3];
      x1 += key.parts[(j + 1) % 3] + j;
    }
  }
  first = x0;
  second = x1;
}

BODY Floats chosen(Ints where, Floats yes, Floats no) {
  return reinterpret_cast<Floats>((reinterpret_cast<Ints>(yes) & where) | (reinterpret_cast<Ints>(no) & ~where));
}
BODY Floats squareRoot(Floats value) {
#if defined(__x86_64__)
  __m128 halves[2];
  std::memcpy(halves, &value, sizeof(value));
  halves[0] = _mm_sqrt_ps(halves[0]);
  halves[1] = _mm_sqrt_ps(halves[1]);
  std::memcpy(&value, halves, sizeof(value));
#else
  for (uint32_t k = 0; k < lanes; ++k)
    value[k] = std::sqrt(value[k]);
#endif
  return value;
}

/// -2 ln u for u in (0, 1]: exponent, and ln(1 + t) of a mantissa in [sqrt(1/2), sqrt(2)) by its series in t / (2 + t).
BODY Floats minusTwoLog(Floats u) {
  const Ints bits = reinterpret_cast<Ints>(u) - 0x3F3504F3; // Of sqrt(1/2).
  const Ints exponent = bits >> 23;
  const Floats mantissa = reinterpret_cast<Floats>((bits & 0x7FFFFF) + 0x3F3504F3);
  const Floats t = (mantissa - 1.0f) / (mantissa + 1.0f), q = t * t;
  const Floats series = t * (2.0f + q * (0.66666667f + q * (0.4f + q * (0.28571429f + q * 0.22222222f))));
  const Floats out = -2.0f * (__builtin_convertvector(exponent, Floats) * 0.69314718f + series);
  return out > 0.0f ? out : Floats{}; // u = 1 may come out a rounding below 0.
}

/// Cosine and sine of `turns` / 2^32 of a turn: the nearest quarter, and Taylor series of what is left, at most pi / 4.
BODY void cosineSine(Words turns, Floats &cosine, Floats &sine) {
  const Words quarter = (turns + 0x20000000u) >> 30;
  const Floats a = __builtin_convertvector(reinterpret_cast<Ints>(turns - (quarter << 30)), Floats) * 1.46291808e-9f, q = a * a;
  const Floats s = a * (1.0f + q * (-0.16666667f + q * (8.3333333e-3f + q * (-1.9841270e-4f + q * 2.7557319e-6f))));
  const Floats c = 1.0f + q * (-0.5f + q * (4.1666667e-2f + q * (-1.3888889e-3f + q * 2.4801587e-5f)));
  const Ints odd = -reinterpret_cast<Ints>(quarter & 1u);
  const Ints cosineSign = reinterpret_cast<Ints>(((quarter + 1u) & 2u) << 30),
             sineSign = reinterpret_cast<Ints>((quarter & 2u) << 30);
  cosine = reinterpret_cast<Floats>(reinterpret_cast<Ints>(chosen(odd, s, c)) ^ cosineSign);
  sine = reinterpret_cast<Floats>(reinterpret_cast<Ints>(chosen(odd, c, s)) ^ sineSign);
}

BODY void normals(const Key &key, uint32_t firstEntity, uint32_t step, Floats &positive, Floats &negative) {
  Words first, second;
  block(key, Words{0, 1, 2, 3, 4, 5, 6, 7} + firstEntity, step, first, second);
  const Floats u = (__builtin_convertvector(reinterpret_cast<Ints>(first >> 1), Floats) + 0.5f) * 0x1p-31f;
  const Floats radius = squareRoot(minusTwoLog(u));
  Floats cosine, sine;
  cosineSine(second, cosine, sine);
  positive = radius * cosine;
  negative = radius * sine;
}

BODY void normalPairsBody(const Key &key, const CrossbarStream &stream, uint64_t count, float *positive, float *negative) {
  for (uint64_t k = 0; k < count; k += lanes) {
    Floats p, n;
    normals(key, stream.first + static_cast<uint32_t>(k), stream.step, p, n);
    std::memcpy(positive + k, &p, sizeof(p));
    std::memcpy(negative + k, &n, sizeof(n));
  }
}

enum class Sigma { Same, OfCell, Stored };

BODY Floats load(const std::vector<float> &from, uint64_t at) {
  Floats out;
  std::memcpy(&out, from.data() + at, sizeof(out));
  return out;
}
template <Sigma kind> BODY Floats noisy(Floats g, float sigma, const std::vector<float> &stored, uint64_t at, Floats z) {
  const Floats deviation = kind == Sigma::Same ? Floats{} + sigma : kind == Sigma::OfCell ? g * sigma : load(stored, at);
  const Floats out = g + deviation * z;
  return out > 0.0f ? out : Floats{};
}

template <Sigma kind, bool pairs, uint64_t vectors>
BODY void noisyColumns(const NoisyCells &cells, const Key &key, const CrossbarStream &stream, float sigma, const uint32_t *active,
                       uint64_t count, const double *x, uint64_t stride, uint64_t column, double *out) {
  Floats sums[vectors] = {};
  for (uint64_t a = 0; a < count; ++a) {
    const float input = static_cast<float>(x[active[a]]);
#pragma GCC unroll 2
    for (uint64_t k = 0; k < vectors; ++k) {
      const uint64_t at = active[a] * stride + column + k * lanes;
      Floats p, n;
      normals(key, stream.first + static_cast<uint32_t>(at), stream.step, p, n);
      Floats g = noisy<kind>(load(cells.positive, at), sigma, cells.positiveSigma, at, p);
      if (pairs)
        g -= noisy<kind>(load(cells.negative, at), sigma, cells.negativeSigma, at, n);
      sums[k] += g * input;
    }
  }
  for (uint64_t k = 0; k < vectors * lanes; ++k)
    out[column + k] += static_cast<double>(sums[k / lanes][k % lanes]);
}

template <Sigma kind, bool pairs>
BODY void noisyProductBody(const NoisyCells &cells, const Key &key, const CrossbarStream &stream, float sigma,
                           const uint32_t *active, uint64_t count, const double *x, uint64_t stride, double *out) {
  constexpr uint64_t rowsAtOnce = 32;
  std::fill(out, out + stride, 0.0);
  for (uint64_t first = 0; first < count; first += rowsAtOnce) {
    const uint64_t end = std::min(count, first + rowsAtOnce);
    uint64_t c = 0;
    for (; c + 2 * lanes <= stride; c += 2 * lanes) // A cache line.
      noisyColumns<kind, pairs, 2>(cells, key, stream, sigma, active + first, end - first, x, stride, c, out);
    for (; c < stride; c += lanes)
      noisyColumns<kind, pairs, 1>(cells, key, stream, sigma, active + first, end - first, x, stride, c, out);
  }
}
#undef BODY

// Every form under both names; `how` is all that differs.
#define PRODUCT(suffix, how, kind, pairs)                                                                                          \
  how void product##kind##pairs##suffix(const NoisyCells &cells, const Key &key, const CrossbarStream &stream, float sigma,        \
                                        const uint32_t *active, uint64_t count, const double *x, uint64_t stride, double *out) {   \
    noisyProductBody<Sigma::kind, pairs>(cells, key, stream, sigma, active, count, x, stride, out);                                \
  }
#define FORMS(suffix, how)                                                                                                         \
  PRODUCT(suffix, how, Same, false)                                                                                                \
  PRODUCT(suffix, how, Same, true)                                                                                                 \
  PRODUCT(suffix, how, OfCell, false)                                                                                              \
  PRODUCT(suffix, how, OfCell, true)                                                                                               \
  PRODUCT(suffix, how, Stored, false)                                                                                              \
  PRODUCT(suffix, how, Stored, true)                                                                                               \
  how void normalPairs##suffix(const Key &key, const CrossbarStream &stream, uint64_t count, float *positive, float *negative) {   \
    normalPairsBody(key, stream, count, positive, negative);                                                                       \
  }                                                                                                                                \
  constexpr Table table##suffix = {normalPairs##suffix,                                                                            \
                                   {{productSamefalse##suffix, productSametrue##suffix},                                           \
                                    {productOfCellfalse##suffix, productOfCelltrue##suffix},                                       \
                                    {productStoredfalse##suffix, productStoredtrue##suffix}}};

struct Table {
  void (*pairs)(const Key &, const CrossbarStream &, uint64_t, float *, float *);
  void (*product[3][2])(const NoisyCells &, const Key &, const CrossbarStream &, float, const uint32_t *, uint64_t, const double *,
                        uint64_t, double *);
};

FORMS(Plain, )
#if defined(__x86_64__)
#define AVX2 [[gnu::target("avx2")]]
FORMS(Avx2, AVX2)
// Of AVX-512 the rotation of a vector's words, half of what a block does; vectors stay as long.
#define AVX512 [[gnu::target("avx2,avx512f,avx512vl")]]
FORMS(Avx512, AVX512)
#endif

const Table &table(CrossbarWidth width) {
#if defined(__x86_64__)
  static const Table *narrow = __builtin_cpu_supports("avx2") ? &tableAvx2 : &tablePlain;
  static const Table *best = __builtin_cpu_supports("avx512vl") ? &tableAvx512 : narrow;
  return width == CrossbarWidth::Widest ? *best : width == CrossbarWidth::Avx2 ? *narrow : tablePlain;
#else
  return tablePlain;
#endif
}
} // namespace

void emu::normalPairs(const CrossbarStream &stream, uint64_t count, float *positive, float *negative, CrossbarWidth width) {
  RANVIER_ASSERT(count % lanes == 0, std::to_string(count) + " cells");
  table(width).pairs(keyOf(stream), stream, count, positive, negative);
}

/// Within half of 0.
static void uniformPairs(const CrossbarStream &stream, uint64_t count, float *positive, float *negative) {
  for (uint64_t k = 0; k < count; ++k) {
    const std::array<uint32_t, 2> words = streamWords(stream, k);
    positive[k] = static_cast<float>((words[0] >> 8) + 0.5) * 0x1p-24f - 0.5f;
    negative[k] = static_cast<float>((words[1] >> 8) + 0.5) * 0x1p-24f - 0.5f;
  }
}

double emu::noiseDeviation(const CrossbarNoise &noise, double conductance, double microsiemens) {
  switch (noise.model) {
  case CrossbarNoise::Model::None:
    return 0;
  case CrossbarNoise::Model::Independent:
    return noise.sigma;
  case CrossbarNoise::Model::Proportional:
    return noise.sigma * conductance;
  case CrossbarNoise::Model::Polynomial: {
    double sum = 0;
    for (size_t k = noise.coefficients.size(); k-- > 0;)
      sum = sum * conductance * microsiemens + noise.coefficients[k];
    return std::max(sum, 0.0) / microsiemens;
  }
  case CrossbarNoise::Model::Inverse:
    return conductance > 0 ? noise.sigma / conductance : 0;
  case CrossbarNoise::Model::PhaseChange: {
    constexpr double read = 250e-9;
    const double share = std::min(0.0088 * exponential(-0.65 * naturalLogarithm(std::max(conductance, 1e-9))), 0.2);
    return conductance * share * std::sqrt(naturalLogarithm((noise.seconds + read) / (2 * read)));
  }
  }
  return 0;
}

void emu::disturb(std::vector<double> &positive, std::vector<double> &negative, const CrossbarNoise &noise, double microsiemens,
                  const CrossbarStream &stream, const NoiseLimits &limits) {
  constexpr uint64_t atOnce = 1024;
  float p[atOnce], n[atOnce];
  for (uint64_t first = 0; first < positive.size(); first += atOnce) {
    const uint64_t count = std::min(atOnce, positive.size() - first);
    CrossbarStream here = stream;
    here.first += static_cast<uint32_t>(first);
    if (noise.uniform)
      uniformPairs(here, count, p, n);
    else
      normalPairs(here, (count + lanes - 1) / lanes * lanes, p, n);
    const auto add = [&](std::vector<double> &cells, const float *z) {
      for (uint64_t k = 0; k < count; ++k) {
        double &g = cells[first + k];
        g = std::clamp(g + noiseDeviation(noise, g, microsiemens) * static_cast<double>(z[k]), limits.low, limits.high);
      }
    };
    add(positive, p);
    if (!negative.empty())
      add(negative, n);
  }
}

double emu::naturalLogarithm(double value) {
  int exponent = 0;
  double mantissa = std::frexp(value, &exponent);
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  const double t = (mantissa - 1) / (mantissa + 1), q = t * t; // |t| below 0.172: 2 atanh t.
  double series = 0;
  for (int k = 21; k >= 1; k -= 2)
    series = series * q + 1.0 / k;
  return exponent * 0.69314718055994531 + 2 * t * series;
}

double emu::exponential(double exponent) {
  const double turns = std::nearbyint(exponent * 1.4426950408889634);
  const double rest = (exponent - turns * 0.693147180369123816490) - turns * 1.90821492927058770002e-10; // ln 2 in two parts.
  double series = 1;
  for (int k = 14; k >= 1; --k)
    series = 1 + series * rest / k;
  return std::ldexp(series, static_cast<int>(turns));
}

void emu::letDrift(std::vector<double> &positive, std::vector<double> &negative, const CrossbarDrift &drift,
                   const CrossbarStream &stream) {
  const double decades = naturalLogarithm((drift.seconds + drift.origin) / drift.origin);
  const auto decay = [&](double g, double z) {
    double mean = drift.exponent, spread = drift.spread;
    if (drift.phaseChange) {
      const double logarithm = naturalLogarithm(std::max(g, 1e-9));
      mean = std::clamp(-0.0155 * logarithm + 0.0244, 0.049, 0.1);
      spread = std::clamp(-0.0125 * logarithm - 0.0059, 0.008, 0.045);
    }
    return g * exponential(-std::max(mean + spread * z, 0.0) * decades);
  };
  constexpr uint64_t atOnce = 1024;
  float p[atOnce], n[atOnce];
  for (uint64_t first = 0; first < positive.size(); first += atOnce) {
    const uint64_t count = std::min(atOnce, positive.size() - first);
    CrossbarStream here = stream;
    here.first += static_cast<uint32_t>(first);
    normalPairs(here, (count + lanes - 1) / lanes * lanes, p, n);
    for (uint64_t k = 0; k < count; ++k) {
      positive[first + k] = decay(positive[first + k], static_cast<double>(p[k]));
      if (!negative.empty())
        negative[first + k] = decay(negative[first + k], static_cast<double>(n[k]));
    }
  }
}

std::array<uint32_t, 2> emu::streamWords(const CrossbarStream &stream, uint64_t cell) {
  const Key key = keyOf(stream);
  return threefry2x32({key.parts[0], key.parts[1]}, {stream.first + static_cast<uint32_t>(cell), stream.step});
}

void emu::noisyProduct(const NoisyCells &cells, const CrossbarNoise &noise, const CrossbarStream &stream, const uint32_t *active,
                       uint64_t count, const double *x, uint64_t stride, double *out, CrossbarWidth width) {
  const Sigma kind = noise.model == CrossbarNoise::Model::Independent    ? Sigma::Same
                     : noise.model == CrossbarNoise::Model::Proportional ? Sigma::OfCell
                                                                         : Sigma::Stored;
  table(width).product[static_cast<unsigned>(kind)][cells.negative.empty() ? 0 : 1](
      cells, keyOf(stream), stream, static_cast<float>(noise.sigma), active, count, x, stride, out);
}
