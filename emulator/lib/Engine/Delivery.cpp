//===- Delivery.cpp - From arrived messages to accumulators ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Additions happen in the order axon, row, synapse: on f32 images this order is part of the result. On int images additions wrap
// modulo 2^32, so there the rows that need a shifted sum can be taken last.
//===----------------------------------------------------------------------===//
#include "Delivery.h"
#include "Learning.h"
#include <algorithm>
#include <bit>

namespace ranvier::emu {
namespace {

/// Accumulators of f32 images are words to everyone else.
using F32 __attribute__((may_alias)) = float;

template <isa::Profile P> struct Arithmetic;
template <> struct Arithmetic<isa::Profile::Int> {
  using Accumulator = uint32_t; // unsigned: additions and products wrap
  static uint32_t product(uint32_t weight, int32_t factor) { return weight * static_cast<uint32_t>(factor); }
  static uint32_t plain(uint32_t weight) { return weight; }
};
template <> struct Arithmetic<isa::Profile::F32> {
  using Accumulator = F32;
  static float product(uint32_t weight, int32_t factor) { return std::bit_cast<float>(weight) * std::bit_cast<float>(factor); }
  static float plain(uint32_t weight) { return std::bit_cast<float>(weight); }
};

template <typename Word> inline uint32_t accumulatorOf(Word word) { return static_cast<uint32_t>(word & 0xFFFFu); }
inline uint32_t delayOf(uint32_t word) { return word >> 16 & 63u; }
inline uint32_t delayOf(uint64_t word) { return static_cast<uint32_t>(word >> 16) & 0xFFFFu; }
inline uint32_t weightOf(uint32_t word) { return static_cast<uint32_t>(static_cast<int32_t>(word) >> 22); }
inline uint32_t weightOf(uint64_t word) { return static_cast<uint32_t>(word >> 32); }

template <isa::Profile P, bool Scaled, typename Word> inline auto valueOf(Word word, int32_t factor) {
  if constexpr (Scaled)
    return Arithmetic<P>::product(weightOf(word), factor);
  else
    return Arithmetic<P>::plain(weightOf(word));
}

/// A row whose synapses share one delay: one slot, no look-up.
template <isa::Profile P, bool Scaled, typename Word>
void addUniform(const Word *row, uint32_t count, typename Arithmetic<P>::Accumulator *slot, int32_t factor) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < count; ++i)
    slot[accumulatorOf(row[i])] += valueOf<P, Scaled>(row[i], factor);
}

template <isa::Profile P, bool Scaled, typename Word>
void addMixed(const Word *row, uint32_t count, typename Arithmetic<P>::Accumulator *ring, const uint32_t *slotOffset,
              int32_t factor) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < count; ++i)
    ring[slotOffset[delayOf(row[i])] + accumulatorOf(row[i])] += valueOf<P, Scaled>(row[i], factor);
}

template <isa::Profile P, typename Word>
void addOneDelay(const Word *row, uint32_t count, typename Arithmetic<P>::Accumulator *slot, int32_t factor) {
  factor != unitPayload(P) ? addUniform<P, true>(row, count, slot, factor) : addUniform<P, false>(row, count, slot, factor);
}

template <isa::Profile P, typename Word>
void addDelays(const Word *row, uint32_t count, typename Arithmetic<P>::Accumulator *ring, const uint32_t *slotOffset,
               int32_t factor) {
  factor != unitPayload(P) ? addMixed<P, true>(row, count, ring, slotOffset, factor)
                           : addMixed<P, false>(row, count, ring, slotOffset, factor);
}

/// A row of at least one synapse.
template <isa::Profile P, typename Word>
void addRow(const Word *row, uint32_t count, typename Arithmetic<P>::Accumulator *ring, const uint32_t *slotOffset,
            int32_t factor) {
  const uint32_t first = delayOf(row[0]);
  if (first == delayOf(row[count - 1])) // rows are sorted by delay
    addOneDelay<P>(row, count, ring + slotOffset[first], factor);
  else
    addDelays<P>(row, count, ring, slotOffset, factor);
}

/// A payload times two to the power of the weight exponent, 0..32.
inline int32_t scaledFactor(int32_t value, int exponent) {
  return exponent > 31 ? 0 : static_cast<int32_t>(static_cast<uint32_t>(value) << exponent);
}

/// Forms the sums of one projection, then adds them shifted (floor).
template <typename Word>
void addShifted(const DeliveryCore &core, const Word *synapses, const uint32_t *slotOffset, uint32_t projection, unsigned shiftBy,
                ShiftScratch &shift) {
  uint32_t touchedCount = 0;
  uint32_t *sums = shift.sums.data();
  uint8_t *touched = shift.touched.data();
  uint32_t *list = shift.touchedList.data();
  for (int32_t e = shift.head[projection]; e >= 0; e = shift.entries[e].next) {
    const auto &entry = shift.entries[e];
    const image::RowRecord &record = core.rows[entry.row];
    const Word *row = synapses + record.firstSynapse;
    for (uint32_t i = 0; i < record.count; ++i) {
      const uint32_t at = slotOffset[delayOf(row[i])] + accumulatorOf(row[i]);
      sums[at] += weightOf(row[i]) * static_cast<uint32_t>(entry.factor);
      list[touchedCount] = at;
      touchedCount += 1u - touched[at];
      touched[at] = 1;
    }
  }
  auto *ring = reinterpret_cast<uint32_t *>(core.ring);
  for (uint32_t i = 0; i < touchedCount; ++i) {
    const uint32_t at = list[i];
    ring[at] += static_cast<uint32_t>(static_cast<int32_t>(sums[at]) >> shiftBy);
    sums[at] = 0;
    touched[at] = 0;
  }
}

void enqueueShifted(uint32_t row, uint32_t projection, int32_t factor, ShiftScratch &shift) {
  if (shift.head[projection] < 0)
    shift.projections.push_back(projection); // within the reserved capacity
  shift.entries[shift.entryCount] = {row, factor, shift.head[projection]};
  shift.head[projection] = static_cast<int32_t>(shift.entryCount++);
}

/// A message leads from its axon's entry to its synapses: two dependent misses. Each is started this many messages before it is
/// needed, or in advance for the first ones of a core, which may be all.
constexpr size_t entriesAhead = 24, synapsesAhead = 8;

/// Inlined by force: GCC takes a function that only prefetches for one without effect and drops its calls.
template <typename Word>
[[gnu::always_inline]] inline void prefetchRow(const Word *synapses, const uint32_t *runs, const AxonEntry &entry) {
  const bool isRuns = sizeof(Word) == 4 && entry.kind == AxonEntry::Kind::Runs;
  const char *first = isRuns ? reinterpret_cast<const char *>(runs + entry.firstSynapse)
                             : reinterpret_cast<const char *>(synapses + entry.firstSynapse);
  // The stream prefetcher of the processor needs the first lines as well; beyond a kilobyte it has caught up.
  const char *end = first + std::min<size_t>(entry.count * sizeof(Word), 1024);
  for (const char *line = first; line < end; line += 64)
    __builtin_prefetch(line, 0, 3);
}

/// The rows of one axon by their records.
template <typename Word, isa::Profile P>
void addRows(const DeliveryCore &core, const Word *synapses, const image::InAxonRecord &axon, uint32_t emissionStep, int32_t value,
             const int8_t *exponents, const uint32_t *slotOffset, ShiftScratch &shift) {
  auto *ring = reinterpret_cast<typename Arithmetic<P>::Accumulator *>(core.ring);
  for (uint32_t r = axon.firstRow; r < axon.firstRow + axon.rowCount; ++r) {
    const image::RowRecord &row = core.rows[r];
    if (row.count == 0)
      continue;
    if (core.learning && core.learning->learns(r)) {
      core.learning->arrive(r, emissionStep, value, core.ring, slotOffset);
      continue;
    }
    int32_t factor = value;
    if constexpr (P == isa::Profile::Int) {
      const int exponent = exponents[row.projection];
      if (exponent < 0) {
        enqueueShifted(r, row.projection, value, shift);
        continue;
      }
      factor = scaledFactor(value, exponent);
    }
    addRow<P>(synapses + row.firstSynapse, row.count, ring, slotOffset, factor);
  }
}

template <typename Word, isa::Profile P>
void deliver(const DeliveryCore &core, std::span<const uint32_t> axons, uint32_t emissionStep, const int32_t *payload,
             const int8_t *exponents, uint32_t *slotOffset, ShiftScratch &shift) {
  const Word *synapses;
  if constexpr (sizeof(Word) == 4)
    synapses = core.synapses32;
  else
    synapses = core.synapses64;
  auto *ring = reinterpret_cast<typename Arithmetic<P>::Accumulator *>(core.ring);
  for (uint32_t delay = 0, slot = emissionStep % core.slots; delay < core.slots; ++delay) {
    slotOffset[delay] = slot * core.stride;
    slot = slot + 1 == core.slots ? 0 : slot + 1;
  }
  const AxonEntry *entries = core.entries.data();
  const uint32_t *runs = core.runs.data();
  const AddRuns addRuns = selectAddRuns();
  for (size_t i = 0; i < std::min(entriesAhead, axons.size()); ++i)
    __builtin_prefetch(&entries[axons[i]], 0, 3);
  for (size_t i = 0; i < std::min(synapsesAhead, axons.size()); ++i)
    prefetchRow(synapses, runs, entries[axons[i]]);
  for (size_t i = 0; i < axons.size(); ++i) {
    if (i + entriesAhead < axons.size())
      __builtin_prefetch(&entries[axons[i + entriesAhead]], 0, 3);
    if (i + synapsesAhead < axons.size())
      prefetchRow(synapses, runs, entries[axons[i + synapsesAhead]]);
    const AxonEntry &entry = entries[axons[i]];
    const int32_t value = payload ? payload[axons[i]] : unitPayload(P);
    if (entry.kind == AxonEntry::Kind::Rows) {
      addRows<Word, P>(core, synapses, core.axons[axons[i]], emissionStep, value, exponents, slotOffset, shift);
      continue;
    }
    const int32_t factor = P == isa::Profile::Int ? scaledFactor(value, entry.exponent) : value;
    if constexpr (P == isa::Profile::Int && sizeof(Word) == 4)
      if (entry.kind == AxonEntry::Kind::Runs) {
        addRuns(runs + entry.firstSynapse, ring, slotOffset, static_cast<uint32_t>(factor));
        continue;
      }
    const Word *row = synapses + entry.firstSynapse;
    if (entry.kind == AxonEntry::Kind::OneDelay)
      addOneDelay<P>(row, entry.count, ring + slotOffset[entry.delay], factor);
    else
      addDelays<P>(row, entry.count, ring, slotOffset, factor);
  }
  if constexpr (P == isa::Profile::Int) {
    for (const uint32_t projection : shift.projections) {
      addShifted(core, synapses, slotOffset, projection, static_cast<unsigned>(-exponents[projection]), shift);
      shift.head[projection] = -1;
    }
    shift.projections.clear();
    shift.entryCount = 0;
  }
}

template <typename Word>
AxonEntry entryOf(const DeliveryCore &core, const Word *synapses, const image::InAxonRecord &axon, const int8_t *exponents) {
  AxonEntry entry;
  const image::RowRecord *only = nullptr;
  for (uint32_t r = axon.firstRow; r < axon.firstRow + axon.rowCount; ++r)
    if (const image::RowRecord &row = core.rows[r]; row.count != 0) {
      if (only || exponents[row.projection] < 0 || (core.learning && core.learning->learns(r))) {
        entry.kind = AxonEntry::Kind::Rows;
        entry.firstSynapse = only ? only->firstSynapse : row.firstSynapse; // what is fetched ahead
        entry.count = only ? only->count : row.count;
        return entry;
      }
      only = &row;
    }
  if (!only)
    return entry;
  entry.firstSynapse = only->firstSynapse;
  entry.count = only->count;
  entry.exponent = exponents[only->projection];
  const uint32_t first = delayOf(synapses[entry.firstSynapse]);
  entry.delay = static_cast<uint16_t>(first);
  if (first != delayOf(synapses[entry.firstSynapse + entry.count - 1])) // rows are sorted by delay
    entry.kind = AxonEntry::Kind::Delays;
  return entry;
}

} // namespace

void indexAxons(DeliveryCore &core, uint32_t axons, std::span<const int8_t> exponents, isa::Profile profile) {
  core.entries = AlignedArray<AxonEntry>(axons);
  core.runs = {};
  for (uint32_t a = 0; a < axons; ++a) {
    AxonEntry &entry = core.entries[a];
    if (!core.synapses32) {
      entry = entryOf(core, core.synapses64, core.axons[a], exponents.data());
      continue;
    }
    entry = entryOf(core, core.synapses32, core.axons[a], exponents.data());
    if (profile != isa::Profile::Int || entry.kind == AxonEntry::Kind::Rows || entry.count == 0)
      continue;
    if (const RunStore::Place place = core.runs.append({core.synapses32 + entry.firstSynapse, entry.count}); place.words) {
      entry.kind = AxonEntry::Kind::Runs;
      entry.firstSynapse = place.first;
      entry.count = place.words;
    }
  }
  core.runs.finish();
}

DeliverFunction selectDelivery(image::SynapseKind kind, isa::Profile profile) {
  const bool packed = kind == image::SynapseKind::Packed32;
  if (profile == isa::Profile::F32)
    return packed ? deliver<uint32_t, isa::Profile::F32> : deliver<uint64_t, isa::Profile::F32>;
  return packed ? deliver<uint32_t, isa::Profile::Int> : deliver<uint64_t, isa::Profile::Int>;
}

} // namespace ranvier::emu
