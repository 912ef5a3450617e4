//===- State.h - What a machine holds at run time ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structure-of-arrays state per slice, accumulators and message flags per core, scratch per thread. Plain structs: Loader.cpp fills
// them, Machine.cpp runs them.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_STATE_H
#define RANVIER_EMULATOR_LIB_STATE_H

#include "../Energy/CostModel.h"
#include "../Ranks/RankCycles.h"
#include "../Ranks/RankLinks.h"
#include "../Timing/CycleTiming.h"
#include "../Timing/DetailedTiming.h"
#include "../Timing/RealTimeTiming.h"
#include "Aligned.h"
#include "CrossbarCore.h"
#include "Delivery.h"
#include "Learning.h"
#include "Segments.h"
#include "ranvier/Emulator/Machine.h"
#include <array>
#include <map>
#include <memory>
#include <vector>

namespace ranvier::emu {

/// Neurons a kernel call updates: state, inputs and parameters of a block stay in the first-level cache, and a
/// uniform parameter needs an array of this length only. A multiple of 32, so that blocks own whole words of spike flags.
constexpr uint32_t blockNeurons = 1024;

struct SliceState {
  const image::SliceRecord *record = nullptr;
  const isa::Program *program = nullptr;
  isa::SliceKernel kernel = nullptr; ///< Null: interpreted.
  uint64_t seed = 0;
  uint64_t firstNeuron = 0;     ///< Global number of neuron 0.
  uint64_t firstOwn = 0;        ///< The same among the neurons of this rank.
  uint32_t padded = 0;          ///< count rounded up to padNeurons: stride of `states`.
  AlignedArray<int32_t> states; ///< [numStates][padded]
  std::vector<AlignedArray<int32_t>> ownParams;
  std::vector<const int32_t *> params; ///< [numParams]: own array of [padded], or a shared one of [blockNeurons].
  std::vector<uint8_t> paramUniform;
  AlignedArray<uint32_t> spikes; ///< Flags of the last step.
  AlignedArray<int32_t> payload; ///< [padded]; empty if the program emits none.
  int32_t biasParam = -1;        ///< Parameter named "bias", for the count of active neurons.
};

/// A traffic pattern and how many neurons that send by it have fired in this step: two in a cache line.
struct PatternState {
  uint64_t messages = 0, withinTile = 0; ///< Of one spike.
  uint64_t firstLink = 0;                ///< In Engine::patternLinks.
  uint32_t linkCount = 0;
  uint32_t spikes = 0;
};

struct CoreState {
  const image::CoreRecord *record = nullptr;
  DeliveryCore delivery;
  DeliverFunction deliver = nullptr;
  AlignedArray<int32_t> ring;             ///< [slots][stride]; one slot where synapses are kept by segments.
  uint32_t axons = 0, sameAxons = 0;      ///< Messages that the core can receive; the first are same-step ones.
  std::unique_ptr<SegmentStore> segments; ///< Null: the rows of the image, in place, and a ring of all delays.
  PendingList pending;
  std::unique_ptr<CoreLearning> learning; ///< Null: no synapse of the core learns.
  std::unique_ptr<CrossbarCore> crossbar; ///< Null: synapses are words.
  uint32_t horizon = 1;                   ///< Longest delay plus 1: steps ahead in which something may be due.
  /// Sums of messages that were in flight when a checkpoint was taken, by step [stride]. Segments only; empty but after a resume.
  std::map<uint32_t, AlignedArray<int32_t>> carried;
  std::vector<SliceState> slices;
  AlignedArray<uint64_t> sameBits;              ///< Arrived messages by axon, of the step itself, and
  std::vector<AlignedArray<uint64_t>> nextBits; ///< the others, by emission step modulo Engine::window.
  std::vector<AlignedArray<int32_t>> payload;   ///< By emission step likewise and axon; empty where no spike carries a value.
  const int32_t *payloadOf(uint32_t slot) const { return payload.empty() ? nullptr : payload[slot].data(); }
  SendLog *sends = nullptr;      ///< Timing detailed only.
  std::vector<uint32_t> feeders; ///< Synapse cores that add to the ring of this one; they have none of their own.
  int64_t transfer = 0;          ///< [ps] For sums that it hands over or takes over in a step. Not with timing off.
};

/// Where a spike of some step leaves its mark: what emission needs of every other core, 32 bytes each.
struct MarkTarget {
  uint64_t *same = nullptr, *next = nullptr;
  int32_t *payload = nullptr;
  uint32_t sameCount = 0;
};

struct InputState {
  uint32_t population = 0;
  uint64_t firstOut = 0;
  uint32_t count = 0;
  uint64_t seed = 0;
  AlignedArray<uint32_t> spikes; ///< Flags of the last step.
  AlignedArray<uint32_t> plain;  ///< Flags: a plain spike is among them. Graded machines only.
  AlignedArray<int32_t> value;   ///< [count] Sum of graded values, then the payload sent. Graded machines only.
  enum class Source : uint8_t { External, Poisson, Regular, List } source = Source::External;
  std::vector<uint64_t> thresholds; ///< poisson: fires when the random word is below; 1 or count values.
  const image::PopulationMeta *meta = nullptr;
  size_t listCursor = 0;
};

/// Processing a core does for the messages of a step.
struct alignas(32) ProcessingLoad {
  SynapseClassCounts events = {};
  uint64_t messages = 0;
};

/// Neurons of a core that fired in this step, from the update that finds them to the emission of their messages, which comes when
/// the thread's next core is updated: what a spike leads to is fetched meanwhile.
struct Emission {
  uint32_t core = 0;
  uint32_t count = 0;
  uint64_t somaUpdates = 0;       ///< Of the core.
  AlignedArray<uint32_t> neurons; ///< [neurons of the largest core] by number in the core, ascending.
  std::vector<uint32_t> ends;     ///< [slices of the core with most] where the neurons of each slice end.
};

struct ThreadState {
  std::vector<std::vector<uint32_t>> coresByLevel; ///< Core indices, ascending.
  AlignedArray<uint32_t> activeAxons;              ///< [max inAxonCount]
  AlignedArray<uint32_t> slotOffset;               ///< [max delaySlots]
  std::vector<Stretch> stretches;                  ///< [stretchBatch] if some core has segments.
  AlignedArray<uint32_t> activity;                 ///< [blockNeurons / 32] Bits: the neuron counts as active.
  std::array<Emission, 2> emissions;               ///< The core under way and the one before.
  std::vector<int32_t *> statePointers;            ///< [maxSlots]
  std::vector<const int32_t *> paramPointers, inputPointers;
  ShiftScratch shift;
  CrossbarWork crossbar;
  AlignedArray<uint32_t> touchedPatterns; ///< [patterns + 1] Those of a core with spikes in this step, and one place more.
  uint32_t touchedCount = 0;
  // Results of the step.
  StepCounts counts;
  AlignedArray<ProcessingLoad> processing; ///< [cores]
  AlignedArray<uint64_t> linkLoad;         ///< [Engine::usedLinks]
};

/// Spikes of a population, gathered when asked for.
struct PopulationState {
  std::vector<std::pair<uint32_t, uint32_t>> slices; ///< (core, slice), by first neuron.
  int32_t input = -1;                                ///< Index into Engine::inputs.
  bool emitsPayload = false;
  uint32_t gatheredStep = 0;
  uint32_t gathered = 0;
  AlignedArray<uint32_t> neurons; ///< [count]
  AlignedArray<int32_t> payloads; ///< [count] or empty.
};

/// Everything a machine holds.
struct Engine {
  std::shared_ptr<const image::Image> image;
  MachineOptions options;
  std::vector<int8_t> exponents;    ///< By projection, clamped to -31..32 (beyond, all bits are shifted out).
  std::vector<CoreState> cores;     ///< Those of other ranks are empty but for their record.
  std::unique_ptr<RankLinks> ranks; ///< Null: the machine is whole.
  bool holds(uint32_t core) const { return !ranks || ranks->holds(core); }
  /// Emission steps for which marks are kept: those that ranks have not exchanged yet, and the one under way.
  uint32_t window = 2;
  std::vector<std::vector<MarkTarget>> marks; ///< [window][cores]
  std::vector<InputState> inputs;
  std::vector<PopulationState> populations;
  std::vector<ThreadState> threads;
  std::map<int32_t, AlignedArray<int32_t>> uniformParams; ///< Value -> [blockNeurons] of it.
  // Messages of every neuron, as image::Image has them: the image's own, or those that expansion made.
  std::span<const uint64_t> outPtr;
  std::span<const image::OutAxonRecord> outAxons;
  std::vector<uint64_t> ownOutPtr;
  std::vector<image::OutAxonRecord> ownOutAxons;
  uint32_t levels = 1;
  bool graded = false;
  // Accounting (not with timing off).
  bool timed = false;
  const hw::CostProfile *profile = nullptr;
  CostTable costs;
  std::vector<ChipGrid> grid;          ///< One, or none when timing is off.
  AlignedArray<PatternState> patterns; ///< Of one core after another, each from a cache line on: threads own cores.
  std::vector<LinkUse> patternLinks;   ///< Of one pattern after another; by number in usedLinks.
  /// Links over which some pattern leads, by kind and number: few of a machine's.
  std::vector<uint32_t> usedLinks;
  std::array<uint32_t, ChipGrid::NumLinkKinds> usedLinksEnd = {}; ///< Where those of each kind end.
  /// Of neuron or input n from outPtr[n] + n on: its traffic pattern, then a word of events (packEvents) for each of its messages.
  /// One line, mostly, of a memory that a spike finds cold.
  AlignedArray<uint32_t> accounts;
  std::vector<OutEvents> mixed;               ///< See packEvents().
  AlignedArray<CoreTimes> coreTimes;          ///< [cores]
  std::vector<CrossbarCounts> crossbarCounts; ///< [cores] on chips with crossbars.
  std::unique_ptr<DetailedTiming> detailed;
  /// On a chip with a timer. Of timing detailed: spikes go through it. Of fast: what it would count is foretold.
  std::unique_ptr<RealTimeTiming> realTime;
  RealTimeClock clock;
  std::unique_ptr<RealTimeForecast> forecast;
  /// Where the profile counts cycles: of timing fast and detailed, in place of what is above. On several ranks rank 0 has it.
  std::unique_ptr<CycleTiming> cycles;
  std::unique_ptr<RankCycles> rankCycles; ///< Then, on each of several ranks.
};

/// Builds the run-time structures; every slice is interpreted. Throws std::bad_alloc.
Result<void> load(Engine &engine);
/// `work`, with a want of memory as a result: ranks that wait for this one are to hear of it.
template <typename Work> Result<void> remembering(Work &&work) {
  try {
    return work();
  } catch (const std::bad_alloc &) {
    return Error{.code = 7003,
                 .message = "not enough memory to load the image",
                 .hint = "use fewer threads or a smaller network",
                 .kind = ErrorKind::System};
  }
}
/// What the engine holds, in bytes.
MachineMemory memoryOf(const Engine &engine);
/// Initial values everywhere.
void resetState(Engine &engine);

} // namespace ranvier::emu

#endif
