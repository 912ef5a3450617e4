//===- Runs.cpp - Rows of neighbouring accumulators -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Runs.h"
#include "ranvier/Image/Image.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ranvier::emu {
namespace {

constexpr uint32_t runWord(uint32_t accumulator, uint32_t synapses, uint32_t delay) {
  return accumulator | synapses << 16 | delay << 24;
}

/// Weights stand in an array of words.
using Weight __attribute__((may_alias)) = int16_t;
inline const Weight *weightsOf(const uint32_t *row) { return reinterpret_cast<const Weight *>(row + 1 + row[0]); }

#if defined(__x86_64__)
/// Words of all ones at 0-7: loaded from 8 - n, the first n lanes of a vector are kept.
alignas(32) constexpr int32_t keep[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

template <bool Scaled>
[[gnu::target("avx2")]] void addVectors(const uint32_t *row, uint32_t *ring, const uint32_t *slotOffset, uint32_t factor) {
  const __m256i factors = _mm256_set1_epi32(static_cast<int>(factor));
  const Weight *weight = weightsOf(row);
  const uint32_t runs = row[0];
  for (uint32_t r = 1; r <= runs; ++r) {
    const uint32_t run = row[r], count = run >> 16 & 0xFFu;
    __m256i values = _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(weight)));
    values = _mm256_and_si256(values, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(keep + 8 - count)));
    if constexpr (Scaled)
      values = _mm256_mullo_epi32(values, factors);
    auto *at = reinterpret_cast<__m256i *>(ring + slotOffset[run >> 24] + (run & 0xFFFFu));
    _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), values));
    weight += count;
  }
}

void addAvx2(const uint32_t *row, uint32_t *ring, const uint32_t *slotOffset, uint32_t factor) {
  factor != 1 ? addVectors<true>(row, ring, slotOffset, factor) : addVectors<false>(row, ring, slotOffset, factor);
}
#endif

} // namespace

RunStore::Place RunStore::append(std::span<const uint32_t> row) {
  const size_t first = words.size(), most = first + row.size();
  words.push_back(0);
  for (size_t i = 0; i < row.size();) {
    size_t end = i + 1; // Neighbours differ by one in the accumulator and in nothing else but the weight.
    while (end < row.size() && end - i < longestRun && (row[end] & 0x3FFFFFu) == (row[i] & 0x3FFFFFu) + (end - i))
      ++end;
    const image::Synapse synapse = image::unpackSynapse(row[i]);
    words.push_back(runWord(synapse.accumulator, static_cast<uint32_t>(end - i), synapse.delay));
    i = end;
    if (words.size() + (row.size() + 1) / 2 > most) {
      words.resize(first);
      return {};
    }
  }
  words[first] = static_cast<uint32_t>(words.size() - first - 1);
  const size_t weights = words.size();
  words.resize(weights + (row.size() + 1) / 2);
  auto *weight = reinterpret_cast<Weight *>(words.data() + weights);
  for (size_t i = 0; i < row.size(); ++i)
    weight[i] = static_cast<int16_t>(image::unpackSynapse(row[i]).weight); // 10 bits
  return {first, static_cast<uint32_t>(words.size() - first)};
}

void RunStore::finish() {
  words.resize(words.size() + longestRun / 2);
  words.shrink_to_fit();
}

void addRunsPlain(const uint32_t *row, uint32_t *ring, const uint32_t *slotOffset, uint32_t factor) {
  const Weight *weight = weightsOf(row);
  const uint32_t runs = row[0];
  for (uint32_t r = 1; r <= runs; ++r) {
    const uint32_t run = row[r], count = run >> 16 & 0xFFu;
    uint32_t *at = ring + slotOffset[run >> 24] + (run & 0xFFFFu);
    for (uint32_t i = 0; i < count; ++i)
      at[i] += static_cast<uint32_t>(static_cast<int32_t>(weight[i])) * factor;
    weight += count;
  }
}

AddRuns addRunsAvx2() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2"))
    return addAvx2;
#endif
  return nullptr;
}

AddRuns selectAddRuns() {
  static const AddRuns vectors = addRunsAvx2();
  return vectors ? vectors : addRunsPlain;
}

} // namespace ranvier::emu
