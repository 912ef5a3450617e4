//===- RankLinks.h - Spikes between ranks -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each rank holds some of the cores and knows of each of its neurons which other ranks hold a synapse of it. What is sent is the
// number of a neuron, framed by the step in which it fired: nothing is due before the shortest delay has passed, so ranks meet once
// in so many steps. Marks are made by the rank that holds the target, which therefore counts arrivals, too.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_RANKLINKS_H
#define RANVIER_EMULATOR_LIB_RANKLINKS_H

#include "../Engine/Aligned.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Emulator/Transport.h"
#include "ranvier/Image/Image.h"
#include <bit>
#include <functional>

namespace ranvier::emu {

/// The rank of each core, a function of the image and the number of ranks alone: level by level the cores, in their order, are cut
/// into stretches of equal work. Ranks beyond the number of cores get none.
std::vector<uint32_t> ranksOfCores(const image::Image &image, unsigned ranks);

/// Messages to the cores of one rank, by global neuron, and what the others have to know of them.
struct RankMessages {
  std::span<const uint64_t> outPtr; ///< Into outAxons.
  std::span<const image::OutAxonRecord> outAxons;
  /// Whether a message acts in the step in which it is sent.
  std::function<bool(const image::OutAxonRecord &)> sameStep;
  uint32_t shortestDelay = 1; ///< But 0 [steps], of the rank's synapses.
};

class RankLinks {
public:
  /// Longer delays than this are not waited for: what a rank keeps of a step is kept for so many.
  static constexpr uint32_t mostBatch = 32;

  RankLinks(std::shared_ptr<Transport> transport, const image::Image &image);

  Transport &between() { return *transport; }
  unsigned rank() const { return own; }
  unsigned ranks() const { return count; }
  bool holds(uint32_t core) const { return rankOf[core] == own; }
  const std::vector<uint32_t> &owners() const { return rankOf; }

  /// Tells the others whose spikes this rank needs. `listCores`: and on which cores. Errors: RNV7017.
  Result<void> connect(const image::Image &image, const RankMessages &messages, bool listCores, uint32_t levels, unsigned threads);
  /// Steps that may pass between two exchanges.
  uint32_t batch() const { return interval; }
  /// Whether ranks meet after this level of a step, because synapses of delay 0 cross.
  bool meetsAfter(uint32_t level) const { return meets[level]; }
  /// Cores of other ranks that a neuron's messages go to; only if connect() was told to list them.
  std::span<const uint32_t> remoteCores(uint64_t ownNeuron) const {
    if (remotePtr.empty())
      return {};
    return std::span(remoteCore).subspan(remotePtr[ownNeuron], remotePtr[ownNeuron + 1] - remotePtr[ownNeuron]);
  }
  /// Number of a core's first neuron among those of its rank.
  uint64_t ownFirst(uint32_t core) const { return firstOwn[core]; }

  /// A neuron fired; in any thread. `value`: its payload where spikes carry values.
  void send(unsigned thread, uint64_t ownNeuron, uint32_t globalNeuron, bool graded, int32_t value) {
    const uint64_t *set = reach.data() + ownNeuron * reachWords;
    for (uint32_t w = 0; w < reachWords; ++w)
      for (uint64_t word = set[w]; word; word &= word - 1) {
        auto &buffer = buffers[thread][w * 64 + static_cast<uint32_t>(std::countr_zero(word))];
        buffer.push_back(globalNeuron);
        if (graded)
          buffer.push_back(static_cast<uint32_t>(value));
      }
  }
  /// Frames what the threads sent in `step`, or in a part of it.
  void close(uint32_t step, bool graded);
  /// Brings all frames to their ranks; collective. visit(step, global neuron, value) for each spike that came: values are undefined
  /// where spikes carry none.
  template <typename Visit> void meet(bool graded, Visit &&visit) {
    exchangeFrames();
    for (unsigned r = 0; r < count && !lost; ++r) {
      const Transport::Words &words = in[r];
      for (size_t at = 0; r != own && at < words.size();) {
        const uint32_t step = words[at], spikes = words[at + 1];
        at += 2;
        for (uint32_t i = 0; i < spikes; ++i, at += graded ? 2 : 1)
          visit(step, words[at], graded ? static_cast<int32_t>(words[at + 1]) : 0);
        traffic.spikesReceived += spikes;
      }
    }
  }
  /// Brings the parts of a state to rank 0, in the order of the image; collective.
  void gather(const image::Image &image, MachineState &state);
  /// Forgets what has not been sent.
  void clear();
  /// Adds up counts and loads of links over the ranks; collective.
  void addUp(StepCounts &counts, std::span<uint64_t> linkLoad);
  /// Of all ranks; collective.
  int64_t longest(int64_t picoseconds);

  /// Words to rank 0, where all[r] is what rank r gave, and from it, in[0] on each; collective. Their bytes count as traffic. False
  /// if a rank has left.
  [[nodiscard]] bool toFirst(const Transport::Words &mine, std::vector<Transport::Words> &all);
  [[nodiscard]] bool fromFirst(const std::vector<Transport::Words> &given, std::vector<Transport::Words> &got);

  bool othersLeft() const { return lost; }
  const RankTraffic &sent() const { return traffic; }
  /// That it has allocated, apart from buffers.
  uint64_t bytes() const;

private:
  void exchangeFrames();
  void countBytes(const std::vector<Transport::Words> &given, const std::vector<Transport::Words> &got);
  void takeNeeds(const image::Image &image, std::span<int64_t> meetsAfterLevel);

  std::shared_ptr<Transport> transport;
  const unsigned own, count;
  std::vector<uint32_t> rankOf;   ///< By core.
  std::vector<uint64_t> firstOwn; ///< By core: its first neuron among those of its rank.
  uint64_t neurons = 0;           ///< Of this rank.
  uint32_t reachWords = 0;
  std::vector<uint64_t> reach;     ///< [neurons][reachWords] ranks, one bit each.
  std::vector<uint64_t> remotePtr; ///< [neurons + 1] into remoteCore; empty if cores are not listed.
  std::vector<uint32_t> remoteCore;
  std::vector<uint8_t> meets; ///< By level.
  uint32_t interval = 1;
  std::vector<std::vector<Transport::Words>> buffers; ///< [threads][ranks]
  std::vector<Transport::Words> out, in;
  std::vector<uint64_t> sums;
  RankTraffic traffic;
  bool lost = false;
};

} // namespace ranvier::emu

#endif
