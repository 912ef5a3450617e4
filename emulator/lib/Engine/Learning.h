//===- Learning.h - Synapses that change ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of synapses that learn are kept apart from the image's, which are read in place and never change. A row is brought up to
// date when a spike of its source fetches it, as machines with synapses in shared memory do: the events of each target since the
// last time are taken one after the other, then the spike itself. What a synapse has seen is the same as if each event had reached
// it in its own step, as long as no event is forgotten (docs/spec/plasticity.md). A projection whose synapses come and go
// (docs/spec/structural-plasticity.md) has its rows here as well, with a place for each pair of a source and a target.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_LEARNING_H
#define RANVIER_EMULATOR_LIB_LEARNING_H

#include "Aligned.h"
#include "Delivery.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Image/Image.h"
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ranvier::emu {

/// A program of a learner, and arrays to run it on: [slot][padded], gathered and scattered by the caller.
class HandlerRun {
public:
  HandlerRun() = default;
  /// `most`: items of a call.
  HandlerRun(const isa::Program &program, std::span<const int32_t> params, uint32_t most);
  explicit operator bool() const { return program != nullptr; }
  const isa::Program *code() const { return program; }
  int32_t *state(size_t slot) { return states.data() + slot * padded; }
  int32_t *input(size_t slot) { return inputs.data() + slot * padded; }
  size_t stateCount() const { return statePointers.size(); }
  size_t inputCount() const { return inputPointers.size(); }
  void run(uint32_t count);
  isa::SliceKernel kernel = nullptr; ///< Null: interpreted.

private:
  const isa::Program *program = nullptr;
  uint32_t padded = 0;
  AlignedArray<int32_t> states, inputs, params; ///< [slots][padded]
  std::vector<int32_t *> statePointers;
  std::vector<const int32_t *> inputPointers, paramPointers;
  AlignedArray<uint32_t> spikes; ///< Scratch: programs of learners emit nothing.
};

/// Which places of a projection's rows on a core hold a synapse.
struct Wiring {
  const image::RewiringMeta *meta = nullptr;
  uint32_t sources = 0, targets = 0; ///< Of the projection's populations.
  AlignedArray<uint32_t> place;      ///< [sources][locals] Synapse of a pair, by number in its row.
  AlignedArray<uint16_t> startDelay; ///< [synapses] As the image has them.
  std::vector<uint8_t> joined;       ///< [synapses] 1: it exists.
  std::vector<uint32_t> present;     ///< [sources] Synapses of a row that exist.
  std::vector<uint32_t> born;        ///< [synapses] Step in which it was formed; 0: it was there at the start.
  std::vector<uint32_t> slots;       ///< [locals][most] Source of the synapse at each place of a target; none: image::absent.
  std::vector<uint32_t> settled;     ///< [sources] Step up to which an attempt has brought a row up to date.
  std::vector<uint32_t> heard;       ///< Sources, ascending, whose spikes of step `heardIn` have arrived.
  uint32_t heardIn = 0;
};

/// One projection that learns, or whose synapses come and go, on one core.
class LearningRows {
public:
  struct Row {
    uint64_t first = 0; ///< Synapse.
    uint32_t count = 0;
    uint32_t row = 0;  ///< Core-local row of the image.
    uint32_t last = 0; ///< Step of the source's last spike; 0: none.
  };
  /// Throws std::bad_alloc.
  LearningRows(const image::Image &image, const image::CoreRecord &core, const image::LearningMeta &learning);

  const image::LearningMeta &meta() const { return *learning; }
  std::span<const Row> rows() const { return list; }
  std::span<HandlerRun> handlers() { return programs; }
  /// Everything as it was at the start.
  void reset();
  /// A spike of the row's source, emitted in `step`: changes the row's synapses and adds their weights to the ring.
  void arrive(uint32_t index, uint32_t step, int32_t payload, int32_t *ring, const uint32_t *slotOffset);
  /// Takes note of events of target neurons in `step`: first of the third factor (`sums`: the accumulators of the step), then of
  /// `fired`, core-local neurons, ascending, those of other populations among them. Spikes of sources up to the step before must
  /// have arrived.
  void noteThird(uint32_t step, const int32_t *sums);
  void notePost(uint32_t step, std::span<const uint32_t> fired);
  /// Attempts of the step to form and eliminate synapses. Spikes of the step before have arrived, nothing of this one is noted.
  void rewire(uint32_t step);
  bool rewires() const { return wiring != nullptr; }
  /// Places of a row that hold no synapse now.
  uint32_t absent(uint32_t index) const { return wiring ? list[index].count - wiring->present[index] : 0; }

  /// Appends all synapses with their stored weights.
  void collect(const DeliveryCore &core, std::vector<LearnedSynapse> &out) const;
  /// Where nothing is forgotten: all synapses take the events that have reached them up to the end of `step`.
  void settle(uint32_t step);
  /// Appends all that changes.
  void save(std::vector<int32_t> &out) const;
  /// How many words at the start of `from` are such a state after `step`; nothing if they can be none.
  std::optional<size_t> measure(std::span<const int32_t> from, uint32_t step) const;
  /// Takes measure() words.
  void restore(std::span<const int32_t> from);
  uint64_t bytes() const;

private:
  // An entry of the history of a target neuron: an event, and what is known of the neuron's ends after it.
  enum : uint32_t { Kind, Time, LastPost, LastThird, Amount, FirstTrace };
  int32_t *entry(uint32_t local, uint32_t index) { return history[local].data() + size_t(index) * entryWords; }
  uint32_t entries(uint32_t local) const { return counts[local]; }
  void setNewest(uint32_t local);
  int32_t elapsed(uint32_t steps) const;
  void open(const Row &row);
  void close(const Row &row);
  void gather(unsigned program, uint32_t item, const Row &row, uint64_t synapse, const int32_t *before, uint32_t now,
              int32_t amount);
  void gatherPre(const Row &row, uint32_t now);
  void applyEvents(const Row &row, uint32_t after, uint32_t until);
  void applyRound(const Row &row, image::LearningEnd end);
  template <typename Accumulator> void add(const Row &row, int32_t payload, int32_t *ring, const uint32_t *slotOffset) const;
  void append(uint32_t step, image::LearningEnd end);
  void makeRoom(uint32_t local, uint32_t step);
  void catchUp(uint32_t until);
  uint32_t lag(uint64_t synapse) const { return learning->backprop ? delay[synapse] : 0; }
  /// Step up to which the row has taken events.
  uint32_t taken(const Row &row) const {
    return std::max({row.last, caughtUp, wiring ? wiring->settled[static_cast<size_t>(&row - list.data())] : 0});
  }
  bool exists(uint64_t synapse) const { return !wiring || wiring->joined[synapse]; }
  // Rewiring.cpp.
  void loadWiring(const image::Image &image, const image::ProjectionMeta &projection);
  void resetWiring();
  void form(uint32_t local, uint32_t slot, uint32_t source, uint32_t step);
  bool eliminates(uint64_t synapse, uint32_t word) const;
  void saveWiring(std::vector<int32_t> &out) const;
  std::optional<size_t> measureWiring(std::span<const int32_t> from, uint32_t step) const;
  size_t restoreWiring(const int32_t *from);
  const int32_t *traceOf(const Row &row) const { return rowTraces.data() + size_t(&row - list.data()) * preTraces; }

  const image::LearningMeta *learning;
  isa::Profile profile;
  double dt;
  int32_t leastWeight, mostWeight; ///< Of a stored weight; int profile.
  uint32_t wordCount = 1;          ///< Words of a synapse, its weight first.
  uint32_t preTraces = 0, postTraces = 0, thirdTraces = 0;
  std::array<HandlerRun, 6> programs;
  std::array<std::vector<image::LearningInput>, 6> reads; ///< By program and input slot.
  // Synapses, by row.
  AlignedArray<uint32_t> neuron; ///< Local number of the target: among those of the target's slices on the core.
  AlignedArray<uint16_t> accumulator, delay;
  AlignedArray<int32_t> words;    ///< [wordCount][synapses]
  AlignedArray<int32_t> original; ///< The weights of the image.
  std::vector<Row> list;
  AlignedArray<int32_t> rowTraces; ///< [rows][preTraces]
  // Targets.
  struct Part {
    uint32_t first, count, local; ///< Core-local neurons of a slice of the target, and the local number of the first.
    uint32_t inPopulation;        ///< Its number there.
    uint32_t third;               ///< Accumulator of the first neuron's third factor.
  };
  std::vector<Part> parts;
  uint32_t locals = 0, entryWords = FirstTrace;
  bool forgets = false;  ///< The history is the machine's: what does not fit is lost. Else rows are caught up.
  uint32_t longest = 0;  ///< Delay.
  uint32_t caughtUp = 0; ///< Events up to this step have been taken by all synapses.
  /// [locals][entries * entryWords]. Where nothing is forgotten an entry waits for as long as the longest delay holds it back, so
  /// that the room that a neuron needs depends on how often it fires: it grows.
  std::vector<std::vector<int32_t>> history;
  std::vector<uint32_t> capacity; ///< [locals] Entries at which room is made.
  std::vector<uint32_t> counts;   ///< [locals] Entries.
  /// [locals][entryWords] The newest entries, together: all that most spikes of a source ask for.
  AlignedArray<int32_t> newest;
  bool learns = false;            ///< Some event changes something; else synapses come and go alone.
  std::unique_ptr<Wiring> wiring; ///< Null: all synapses stay.
  // Scratch. Of the row at work: its words, [wordCount][stride], the entry that each synapse takes next, and the first that it does
  // not.
  uint32_t stride = 0;
  AlignedArray<int32_t> opened;
  std::vector<uint32_t> next, ends, waiting, chosen;
  std::vector<const int32_t *> seen; ///< The last entry that each synapse has taken.
  std::vector<uint32_t> happened;    ///< Neurons with an event, and what it brings.
  std::vector<int32_t> amounts;
};

/// All that learns on a core.
class CoreLearning {
public:
  /// Null if no row of the core learns.
  static std::unique_ptr<CoreLearning> load(const image::Image &image, const image::CoreRecord &core);

  /// Whether a core-local row of the image learns; then it must come here.
  bool learns(uint32_t row) const { return placeOf[row].projection != image::absent; }
  void arrive(uint32_t row, uint32_t step, int32_t payload, int32_t *ring, const uint32_t *slotOffset) {
    const Place place = placeOf[row];
    projections[place.projection].arrive(place.row, step, payload, ring, slotOffset);
  }
  void noteThird(uint32_t step, const int32_t *sums) {
    for (LearningRows &rows : projections)
      rows.noteThird(step, sums);
  }
  void notePost(uint32_t step, std::span<const uint32_t> fired) {
    for (LearningRows &rows : projections)
      rows.notePost(step, fired);
  }
  void rewire(uint32_t step) {
    for (LearningRows &rows : projections)
      rows.rewire(step);
  }
  bool rewires() const {
    return std::any_of(projections.begin(), projections.end(), [](const LearningRows &rows) { return rows.rewires(); });
  }
  /// Places of a core-local row of the image that hold no synapse now.
  uint32_t absent(uint32_t row) const {
    const Place place = placeOf[row];
    return place.projection == image::absent ? 0 : projections[place.projection].absent(place.row);
  }
  void reset() {
    for (LearningRows &rows : projections)
      rows.reset();
  }
  std::span<LearningRows> all() { return projections; }
  std::span<const LearningRows> all() const { return projections; }
  uint64_t bytes() const;

private:
  struct Place {
    uint32_t projection = image::absent, row = 0;
  };
  std::vector<LearningRows> projections;
  std::vector<Place> placeOf; ///< By core-local row.
};

} // namespace ranvier::emu

#endif
