//===- Segments.cpp - Delivery by deferred delay segments -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Segments.h"
#include <bit>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ranvier::emu {
namespace {

/// Stretches whose synapses are fetched ahead. A stretch of PD14 is about 30 synapses, two to four lines.
constexpr uint32_t ahead = 8;

inline void prefetchBytes(const void *first, size_t bytes) {
  const char *line = static_cast<const char *>(first), *end = line + bytes;
  for (; line < end; line += 64)
    __builtin_prefetch(line, 0, 3);
}
inline void prefetchStretch(const SegmentStore &store, const Stretch &stretch) {
  // The stream prefetcher of the processor takes over after a kilobyte.
  const size_t count = std::min<size_t>(stretch.count, 256);
  if (store.isNarrow()) {
    prefetchBytes(store.narrow.data() + stretch.first, count * 4);
    return;
  }
  prefetchBytes(store.targets.data() + stretch.first, count * 2);
  if (!store.isShared())
    prefetchBytes(store.weights.data() + stretch.first, count * 4);
}

template <bool Scaled>
inline void addWide(const uint16_t *target, const float *weight, uint32_t count, float factor, float *accumulators) {
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
#pragma GCC unroll 8
    for (uint32_t k = 0; k < 8; ++k)
      accumulators[target[i + k]] += Scaled ? weight[i + k] * factor : weight[i + k];
  }
  for (; i < count; ++i)
    accumulators[target[i]] += Scaled ? weight[i] * factor : weight[i];
}

inline void addShared(const uint16_t *target, uint32_t count, float value, float *accumulators) {
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
#pragma GCC unroll 8
    for (uint32_t k = 0; k < 8; ++k)
      accumulators[target[i + k]] += value;
  }
  for (; i < count; ++i)
    accumulators[target[i]] += value;
}

inline void addNarrow(const uint32_t *word, uint32_t count, float factor, float *accumulators) {
  for (uint32_t i = 0; i < count; ++i)
    accumulators[word[i] & 0xFFFFu] += static_cast<float>(static_cast<int32_t>(word[i]) >> 16) * factor;
}

#if defined(__x86_64__)
/// The same products, eight at a time; additions one by one and in order.
[[gnu::target("avx2")]] inline void addNarrowAvx2(const uint32_t *word, uint32_t count, float factor, float *accumulators) {
  const __m256 factors = _mm256_set1_ps(factor);
  const __m256i low = _mm256_set1_epi32(0xFFFF);
  alignas(32) uint32_t at[8];
  alignas(32) float value[8];
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(word + i));
    _mm256_store_si256(reinterpret_cast<__m256i *>(at), _mm256_and_si256(words, low));
    _mm256_store_ps(value, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_srai_epi32(words, 16)), factors));
#pragma GCC unroll 8
    for (uint32_t k = 0; k < 8; ++k)
      accumulators[at[k]] += value[k];
  }
  addNarrow(word + i, count - i, factor, accumulators);
}
[[gnu::target("avx2")]] void addBatchNarrowAvx2(const SegmentStore &store, const Stretch *batch, uint32_t count,
                                                float *accumulators) {
  for (uint32_t i = 0; i < count; ++i) {
    if (i + ahead < count)
      prefetchStretch(store, batch[i + ahead]);
    addNarrowAvx2(store.narrow.data() + batch[i].first, batch[i].count, batch[i].factor, accumulators);
  }
}
#endif

void addBatchNarrow(const SegmentStore &store, const Stretch *batch, uint32_t count, float *accumulators) {
  for (uint32_t i = 0; i < count; ++i) {
    if (i + ahead < count)
      prefetchStretch(store, batch[i + ahead]);
    addNarrow(store.narrow.data() + batch[i].first, batch[i].count, batch[i].factor, accumulators);
  }
}

void addBatchWide(const SegmentStore &store, const Stretch *batch, uint32_t count, float *accumulators) {
  for (uint32_t i = 0; i < count; ++i) {
    if (i + ahead < count)
      prefetchStretch(store, batch[i + ahead]);
    const uint16_t *target = store.targets.data() + batch[i].first;
    const float *weight = store.weights.data() + batch[i].first;
    if (batch[i].factor == 1.0f)
      addWide<false>(target, weight, batch[i].count, 1.0f, accumulators);
    else
      addWide<true>(target, weight, batch[i].count, batch[i].factor, accumulators);
  }
}

void addBatchShared(const SegmentStore &store, const Stretch *batch, uint32_t count, float *accumulators) {
  for (uint32_t i = 0; i < count; ++i) {
    if (i + ahead < count)
      prefetchBytes(store.targets.data() + batch[i + ahead].first, std::min<size_t>(batch[i + ahead].count, 512) * 2);
    addShared(store.targets.data() + batch[i].first, batch[i].count, batch[i].factor, accumulators);
  }
}

void addBatch(const SegmentStore &store, const Stretch *batch, uint32_t count, float *accumulators) {
  for (uint32_t i = 0; i < std::min(ahead, count); ++i)
    prefetchStretch(store, batch[i]);
  if (store.isShared())
    return addBatchShared(store, batch, count, accumulators);
  if (!store.isNarrow())
    return addBatchWide(store, batch, count, accumulators);
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2)
    return addBatchNarrowAvx2(store, batch, count, accumulators);
#endif
  addBatchNarrow(store, batch, count, accumulators);
}

inline float factorOf(const SegmentStore &store, uint32_t axon, const int32_t *payload) {
  const float value = payload ? std::bit_cast<float>(payload[axon]) : 1.0f;
  return store.scale.empty() ? value : value * store.scale[axon];
}

} // namespace

void shareWeights(SegmentStore &store) {
  if (store.isNarrow() || store.weights.size() == 0)
    return;
  std::vector<float> shared(store.axons, 0.0f);
  for (uint32_t a = 0; a < store.axons; ++a)
    if (const uint64_t first = store.firstSynapse[a], last = store.firstSynapse[a + 1]; first != last) {
      shared[a] = store.weights[first];
      const auto word = std::bit_cast<uint32_t>(shared[a]);
      for (uint64_t s = first + 1; s < last; ++s)
        if (std::bit_cast<uint32_t>(store.weights[s]) != word)
          return;
    }
  store.scale = std::move(shared);
  store.weights = {};
}

void enqueue(const SegmentStore &store, std::span<const uint32_t> axons, uint32_t emissionStep, const int32_t *payload,
             PendingList &pending) {
  constexpr size_t axonsAhead = 16, segmentsAhead = 8;
  for (size_t i = 0; i < axons.size(); ++i) {
    if (i + axonsAhead < axons.size()) {
      __builtin_prefetch(&store.firstSegment[axons[i + axonsAhead]]);
      __builtin_prefetch(&store.firstSynapse[axons[i + axonsAhead]]);
    }
    if (i + segmentsAhead < axons.size())
      __builtin_prefetch(store.segments.data() + store.firstSegment[axons[i + segmentsAhead]]);
    const uint32_t axon = axons[i], first = store.firstSegment[axon], end = store.firstSegment[axon + 1];
    if (first == end)
      continue;
    pending.entries[pending.count++] = {store.firstSynapse[axon], first, end, emissionStep + (store.segments[first] & 0xFFFFu),
                                        factorOf(store, axon, payload)};
  }
}

void deliverDue(const SegmentStore &store, uint32_t step, PendingList &pending, float *accumulators, Stretch *batch) {
  Pending *entries = pending.entries.data();
  size_t kept = 0;
  uint32_t gathered = 0;
  constexpr size_t ahead = 12;
  for (size_t i = 0; i < pending.count; ++i) {
    if (i + ahead < pending.count && entries[i + ahead].due == step)
      __builtin_prefetch(store.segments.data() + entries[i + ahead].segment);
    Pending entry = entries[i];
    while (entry.due == step) {
      const uint32_t count = store.segments[entry.segment] >> 16;
      if (gathered == stretchBatch) {
        addBatch(store, batch, gathered, accumulators);
        gathered = 0;
      }
      batch[gathered++] = {entry.synapse, count, entry.factor};
      entry.synapse += count;
      if (++entry.segment == entry.end)
        break;
      entry.due += store.segments[entry.segment] & 0xFFFFu;
    }
    if (entry.segment != entry.end)
      entries[kept++] = entry;
  }
  pending.count = kept;
  addBatch(store, batch, gathered, accumulators);
}

void addFuture(const SegmentStore &store, const PendingList &pending, const std::function<float *(uint32_t)> &of) {
  for (size_t i = 0; i < pending.count; ++i) {
    Pending entry = pending.entries[i];
    for (;;) {
      const Stretch stretch{entry.synapse, store.segments[entry.segment] >> 16, entry.factor};
      addBatch(store, &stretch, 1, of(entry.due));
      entry.synapse += stretch.count;
      if (++entry.segment == entry.end)
        break;
      entry.due += store.segments[entry.segment] & 0xFFFFu;
    }
  }
}

void deliverNow(const SegmentStore &store, std::span<const uint32_t> axons, const int32_t *payload, float *accumulators,
                Stretch *batch) {
  uint32_t gathered = 0;
  for (const uint32_t axon : axons) {
    if (gathered == stretchBatch) {
      addBatch(store, batch, gathered, accumulators);
      gathered = 0;
    }
    const uint64_t first = store.firstSynapse[axon];
    batch[gathered++] = {first, static_cast<uint32_t>(store.firstSynapse[axon + 1] - first), factorOf(store, axon, payload)};
  }
  addBatch(store, batch, gathered, accumulators);
}

} // namespace ranvier::emu
