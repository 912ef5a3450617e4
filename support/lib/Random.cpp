//===- Random.cpp - Counter-based random numbers --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Random.h"
#include <cmath>
#include <cstring>

namespace ranvier {
namespace {

constexpr uint32_t lanes = 8;
using Lanes __attribute__((vector_size(lanes * sizeof(uint32_t)))) = uint32_t;

/// Threefry of eight counters that share a key; four such blocks at a time hide the latency of the rounds.
[[gnu::always_inline]] inline void blocks(const uint32_t (&ks)[3], const uint32_t *entity, const uint32_t *step, uint32_t *first,
                                          uint32_t *second) {
  constexpr unsigned rotation[8] = {13, 15, 26, 6, 17, 29, 16, 24}, abreast = 4;
  Lanes x0[abreast], x1[abreast];
  for (unsigned b = 0; b < abreast; ++b) {
    std::memcpy(&x0[b], entity + b * lanes, sizeof(Lanes));
    std::memcpy(&x1[b], step + b * lanes, sizeof(Lanes));
    x0[b] += ks[0];
    x1[b] += ks[1];
  }
#pragma GCC unroll 20
  for (unsigned round = 0; round < 20; ++round) {
    const unsigned r = rotation[round % 8], j = round / 4 + 1;
#pragma GCC unroll 4
    for (unsigned b = 0; b < abreast; ++b) {
      x0[b] += x1[b];
      x1[b] = (x1[b] << r | x1[b] >> (32 - r)) ^ x0[b];
      if (round % 4 == 3) {
        x0[b] += ks[j % 3];
        x1[b] += ks[(j + 1) % 3] + j;
      }
    }
  }
  for (unsigned b = 0; b < abreast; ++b) {
    std::memcpy(first + b * lanes, &x0[b], sizeof(Lanes));
    std::memcpy(second + b * lanes, &x1[b], sizeof(Lanes));
  }
}

constexpr uint32_t atOnce = 4 * lanes;
using BlockFunction = void (*)(const uint32_t (&)[3], const uint32_t *, const uint32_t *, uint32_t *, uint32_t *, uint32_t);

[[gnu::always_inline]] inline void all(const uint32_t (&ks)[3], const uint32_t *entity, const uint32_t *step, uint32_t *first,
                                       uint32_t *second, uint32_t count) {
  for (uint32_t i = 0; i < count; i += atOnce)
    blocks(ks, entity + i, step + i, first + i, second + i);
}
void allPlain(const uint32_t (&ks)[3], const uint32_t *entity, const uint32_t *step, uint32_t *first, uint32_t *second,
              uint32_t count) {
  all(ks, entity, step, first, second, count);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void allAvx2(const uint32_t (&ks)[3], const uint32_t *entity, const uint32_t *step, uint32_t *first,
                                     uint32_t *second, uint32_t count) {
  all(ks, entity, step, first, second, count);
}
#endif

BlockFunction choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2"))
    return allAvx2;
#endif
  return allPlain;
}

} // namespace

void randomWords(uint64_t seed, uint32_t draw, const uint32_t *entity, const uint32_t *step, uint32_t *first, uint32_t *second,
                 uint32_t count) {
  static const BlockFunction function = choose();
  const uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32) + draw * 0x9E3779B9u};
  const uint32_t ks[3] = {key[0], key[1], 0x1BD11BDAu ^ key[0] ^ key[1]};
  const uint32_t whole = count / atOnce * atOnce;
  function(ks, entity, step, first, second, whole);
  for (uint32_t i = whole; i < count; ++i) {
    const auto words = threefry2x32({key[0], key[1]}, {entity[i], step[i]});
    first[i] = words[0];
    second[i] = words[1];
  }
}

double normalFromWords(uint32_t first, uint32_t second) {
  return std::sqrt(-2.0 * std::log(openUniformFromWord(first))) * std::cos(6.283185307179586476925 * uniformFromWord(second));
}

} // namespace ranvier
