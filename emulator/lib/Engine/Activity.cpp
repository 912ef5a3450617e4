//===- Activity.cpp - Which neurons count as active -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Activity.h"
#include <algorithm>
#include <bit>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ranvier::emu {

void findActivePlain(std::span<const int32_t *const> arrays, uint32_t count, int32_t mask, uint32_t *bits) {
  for (uint32_t first = 0; first < count; first += 32) {
    uint32_t word = 0;
    for (uint32_t n = first; n < std::min(first + 32, count); ++n) {
      int32_t any = 0;
      for (const int32_t *array : arrays)
        any |= array[n];
      word |= uint32_t((any & mask) != 0) << (n - first);
    }
    bits[first / 32] = word;
  }
}

#if defined(__x86_64__)
namespace {

[[gnu::target("avx2")]] void findByVectors(std::span<const int32_t *const> arrays, uint32_t count, int32_t mask, uint32_t *bits) {
  const __m256i masks = _mm256_set1_epi32(mask), zero = _mm256_setzero_si256();
  for (uint32_t first = 0; first < count; first += 32) {
    uint32_t word = 0;
    for (uint32_t n = first; n < std::min(first + 32, count); n += 8) {
      __m256i any = zero;
      for (const int32_t *array : arrays)
        any = _mm256_or_si256(any, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(array + n)));
      const __m256i idle = _mm256_cmpeq_epi32(_mm256_and_si256(any, masks), zero);
      word |= (~static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(idle))) & 0xFFu) << (n - first);
    }
    if (count - first < 32)
      word &= (uint32_t(1) << (count - first)) - 1;
    bits[first / 32] = word;
  }
}

} // namespace
#endif

FindActive findActiveAvx2() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2"))
    return findByVectors;
#endif
  return nullptr;
}

FindActive selectFindActive() {
  static const FindActive vectors = findActiveAvx2();
  return vectors ? vectors : findActivePlain;
}

namespace {

[[gnu::always_inline]] inline uint64_t merge(uint32_t *bits, const uint32_t *more, size_t words) {
  uint64_t count = 0;
  for (size_t w = 0; w < words; ++w) {
    bits[w] |= more[w];
    count += static_cast<uint32_t>(std::popcount(bits[w]));
  }
  return count;
}

#if defined(__x86_64__)
/// Without the instruction, counting the bits of a word is a call.
[[gnu::target("popcnt")]] uint64_t mergeByInstruction(uint32_t *bits, const uint32_t *more, size_t words) {
  return merge(bits, more, words);
}
#endif

} // namespace

uint64_t mergeBitsPlain(uint32_t *bits, const uint32_t *more, size_t words) { return merge(bits, more, words); }

MergeBits mergeBitsPopcount() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt"))
    return mergeByInstruction;
#endif
  return nullptr;
}

MergeBits selectMergeBits() {
  static const MergeBits instruction = mergeBitsPopcount();
  return instruction ? instruction : mergeBitsPlain;
}

} // namespace ranvier::emu
