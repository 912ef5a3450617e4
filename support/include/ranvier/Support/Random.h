//===- Random.h - Counter-based random numbers ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threefry-2x32 with 20 rounds (Salmon et al., SC'11): a pure function of key and counter, so that every random number is named
// by (seed, entity, step, draw) and does not depend on threads, ranks, order or mapping. Cheap in AVX2 and in gates.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_SUPPORT_RANDOM_H
#define RANVIER_SUPPORT_RANDOM_H

#include <array>
#include <cstdint>

namespace ranvier {

/// Threefry-2x32-20. All arithmetic modulo 2^32. Checked against the published known-answer vectors.
constexpr std::array<uint32_t, 2> threefry2x32(std::array<uint32_t, 2> key, std::array<uint32_t, 2> counter) {
  constexpr unsigned rotation[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t ks[3] = {key[0], key[1], 0x1BD11BDAu ^ key[0] ^ key[1]};
  uint32_t x0 = counter[0] + ks[0], x1 = counter[1] + ks[1];
  for (unsigned round = 0; round < 20; ++round) {
    x0 += x1;
    const unsigned r = rotation[round % 8];
    x1 = (x1 << r) | (x1 >> (32 - r));
    x1 ^= x0;
    if (round % 4 == 3) {
      const unsigned j = round / 4 + 1;
      x0 += ks[j % 3];
      x1 += ks[(j + 1) % 3] + j;
    }
  }
  return {x0, x1};
}

/// The random word of (seed, entity, step, draw), uniform over 32 bits. `entity`: neuron index in its population plus a
/// per-population offset, or a synapse number; `step`: 1..2^32-1 (low 32 bits used); `draw`: number of the draw, 0..255.
/// Key = (low seed, high seed + draw * 0x9E3779B9), counter = (entity, step); first output word.
constexpr uint32_t randomWord(uint64_t seed, uint32_t entity, uint32_t step, uint32_t draw) {
  return threefry2x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32) + draw * 0x9E3779B9u}, {entity, step})[0];
}

/// Both words of the blocks of randomWord(seed, entity[i], step[i], draw), eight at a time where the processor can. Arrays of
/// `count`.
void randomWords(uint64_t seed, uint32_t draw, const uint32_t *entity, const uint32_t *step, uint32_t *first, uint32_t *second,
                 uint32_t count);

/// Uniform double in [0, 1) with 32 random bits.
constexpr double uniformFromWord(uint32_t word) { return word * 0x1p-32; }
/// Uniform double in (0, 1): never 0, so it may be passed to a logarithm.
constexpr double openUniformFromWord(uint32_t word) { return (word + 0.5) * 0x1p-32; }

/// Standard normal whose probability is openUniformFromWord(word), by Wichura's AS 241 (support/lib/Distribution.cpp); within
/// 6.4 of 0.
double normalFromWord(uint32_t word);
/// Standard normal by Box-Muller from two words of one Threefry block; deterministic on one platform's libm.
double normalFromWords(uint32_t first, uint32_t second);

} // namespace ranvier

#endif
