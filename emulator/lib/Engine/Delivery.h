//===- Delivery.h - From arrived messages to accumulators -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner loop of the engine: synapse rows are streamed in order and each synapse adds its weight to one accumulator of one delay
// slot. The loops are specialised by synapse word, by number format, by whether a factor applies and by whether a row has one
// delay, so that no event takes a branch.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_DELIVERY_H
#define RANVIER_EMULATOR_LIB_DELIVERY_H

#include "Aligned.h"
#include "Runs.h"
#include "ranvier/Image/Image.h"
#include <span>
#include <vector>

namespace ranvier::emu {

/// The word of a plain spike: 1 or 1.0f.
constexpr int32_t unitPayload(isa::Profile profile) { return profile == isa::Profile::F32 ? 0x3F800000 : 1; }

/// Rows of projections with a negative weight exponent: their sum per projection, emission step and delay is formed here and
/// shifted before it reaches the accumulators. One per thread.
struct ShiftScratch {
  struct Entry {
    uint32_t row;   ///< Core-local.
    int32_t factor; ///< Payload.
    int32_t next;   ///< Entry of the same projection, -1: none.
  };
  AlignedArray<Entry> entries;
  uint32_t entryCount = 0;
  std::vector<int32_t> head;          ///< [projections], -1: no entry.
  std::vector<uint32_t> projections;  ///< Those with entries; capacity reserved.
  AlignedArray<uint32_t> sums;        ///< [ring words], zero between uses.
  AlignedArray<uint8_t> touched;      ///< [ring words], zero between uses.
  AlignedArray<uint32_t> touchedList; ///< [ring words + 1]
};

/// What delivery needs to know of an in-axon, in 16 bytes: the way from its record to its row's record to its synapses is two
/// misses longer.
struct AxonEntry {
  enum class Kind : uint8_t {
    Rows,     ///< Several rows, or one whose sum is shifted: see the records.
    OneDelay, ///< One row or none; all synapses have delay `delay`.
    Delays,   ///< One row.
    Runs      ///< One row, kept as runs.
  };
  uint64_t firstSynapse = 0; ///< Core-local. Runs: first word of the row in the core's `runs`.
  uint32_t count = 0;        ///< Synapses. Runs: words.
  uint16_t delay = 0;
  int8_t exponent = 0; ///< Of the row's projection, 0..32.
  Kind kind = Kind::OneDelay;
};

class CoreLearning; // Learning.h

/// What delivery needs to know of a core.
struct DeliveryCore {
  const image::InAxonRecord *axons = nullptr;
  const image::RowRecord *rows = nullptr;
  const uint32_t *synapses32 = nullptr; ///< One of the two is set, by synapse kind.
  const uint64_t *synapses64 = nullptr;
  int32_t *ring = nullptr; ///< [slots][stride] accumulators; binary32 on f32 images.
  uint32_t slots = 1, stride = 0;
  AlignedArray<AxonEntry> entries; ///< By axon: see indexAxons().
  RunStore runs;
  CoreLearning *learning = nullptr; ///< Takes rows of synapses that learn; null: there are none.
};

/// Makes the entries of the core's first `axons` axons from the records, and runs of rows on packed integer images where that is
/// shorter. Everything else of `core` must be set. Throws std::bad_alloc.
void indexAxons(DeliveryCore &core, uint32_t axons, std::span<const int8_t> exponents, isa::Profile profile);

/// Adds the rows of `axons` (ascending core-local numbers), emitted in `emissionStep`, to the ring.
/// `payload`: word by axon, or null where every spike is plain. `exponents`: weight exponent by projection, within -31..32.
/// `slotOffset`: scratch of at least `slots` words.
using DeliverFunction = void (*)(const DeliveryCore &core, std::span<const uint32_t> axons, uint32_t emissionStep,
                                 const int32_t *payload, const int8_t *exponents, uint32_t *slotOffset, ShiftScratch &shift);

/// The loop for a synapse kind and a number format.
DeliverFunction selectDelivery(image::SynapseKind kind, isa::Profile profile);

} // namespace ranvier::emu

#endif
