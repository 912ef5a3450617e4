//===- Segments.h - Delivery by deferred delay segments ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A ring of accumulators, one slot a delay, leaves the cache when a core has many neurons and delays. Here a core has accumulators
// of one step only. A message keeps its place in its row: synapses of a row are sorted by delay, and what shares a delay is a
// segment; in the step in which a segment is due it is added to the accumulators. Additions reach an accumulator in the order in
// which they reach a slot of the ring: emission step, axon, projection, synapse.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_SEGMENTS_H
#define RANVIER_EMULATOR_LIB_SEGMENTS_H

#include "../Energy/CostModel.h"
#include "Aligned.h"
#include "Mapped.h"
#include <functional>
#include <span>
#include <vector>

namespace ranvier::emu {

/// Synapses of a core by axon. Axons are numbered as the core's messages are: same-step ones first, then by source.
struct SegmentStore {
  /// Words of `segments`: steps since the segment before in bits 0-15 (since emission for the first), synapses in bits 16-31. A
  /// longer segment goes on in one of 0 steps.
  static constexpr uint32_t word(uint32_t steps, uint32_t count) { return steps | count << 16; }
  static constexpr uint32_t most = 65535;

  uint32_t axons = 0;
  std::vector<uint64_t> firstSynapse; ///< [axons + 1]
  std::vector<uint32_t> firstSegment; ///< [axons + 1]
  std::vector<uint32_t> segments;
  MappedArray<uint16_t> targets; ///< [synapses] accumulators; empty where weights are narrow.
  MappedArray<float> weights;    ///< [synapses] likewise; empty where weights are shared.
  MappedArray<uint32_t> narrow;  ///< [synapses] accumulator in bits 0-15, weight in 16-31 (signed, in units of the axon's scale).
  std::vector<float> scale;      ///< [axons] of narrow weights; where weights are shared, the weight. Empty otherwise.
  std::vector<OutEvents> events; ///< [axons] synapses by kind; empty with timing off.
  bool isNarrow() const { return narrow.size() != 0; }
  /// All synapses of an axon have the same weight, for each axon.
  bool isShared() const { return !scale.empty() && !isNarrow(); }
};

/// A message on its way through its row.
struct Pending {
  uint64_t synapse; ///< First of the next segment.
  uint32_t segment; ///< Next.
  uint32_t end;     ///< Of the row's segments.
  uint32_t due;     ///< Step of the next segment.
  float factor;     ///< Payload, times the scale of narrow weights or the shared weight.
};

/// A stretch of synapses to be added.
struct Stretch {
  uint64_t first;
  uint32_t count;
  float factor;
};
/// Stretches gathered before they are added: their first lines are fetched meanwhile.
constexpr uint32_t stretchBatch = 512;

/// Messages in flight, in the order (emission step, axon).
struct PendingList {
  MappedArray<Pending> entries; ///< [sum over axons of the longest delay]
  size_t count = 0;
};

/// Keeps one weight an axon if all weights of each axon have the same bits: four of six bytes that a synapse takes. To be called
/// when the store is full.
void shareWeights(SegmentStore &store);
/// Takes `axons` (ascending), emitted in `emissionStep`, into the list. `payload`: binary32 bits by axon, or null.
void enqueue(const SegmentStore &store, std::span<const uint32_t> axons, uint32_t emissionStep, const int32_t *payload,
             PendingList &pending);
/// Adds every segment due in `step` to the accumulators and drops messages that are through. `batch`: [stretchBatch] scratch.
void deliverDue(const SegmentStore &store, uint32_t step, PendingList &pending, float *accumulators, Stretch *batch);
/// Adds every segment still to come to the accumulators of its step, `of(step)`, in the order in which delivery would: what a
/// checkpoint keeps of messages in flight.
void addFuture(const SegmentStore &store, const PendingList &pending, const std::function<float *(uint32_t step)> &of);
/// Adds whole rows at once: messages of the step itself, whose synapses all have delay 0.
void deliverNow(const SegmentStore &store, std::span<const uint32_t> axons, const int32_t *payload, float *accumulators,
                Stretch *batch);

} // namespace ranvier::emu

#endif
