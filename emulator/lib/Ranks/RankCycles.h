//===- RankCycles.h - Times in cycles over several ranks --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The time of a step in cycles is not a maximum over cores: what one sends holds up what others send. Rank 0 therefore works it out
// for the whole machine, from the spikes of all ranks in the order in which they fired; what a message costs its target follows
// from the image, which it has. Each rank then hears the step's end and the times of its own cores. All of it is integers that rank
// 0 has computed as one machine would, so the number of ranks cannot show.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_RANKCYCLES_H
#define RANVIER_EMULATOR_LIB_RANKCYCLES_H

#include "../Timing/CycleTiming.h"
#include "RankLinks.h"

namespace ranvier::emu {

class RankCycles {
public:
  /// `whole`: on rank 0, which has to outlive this; null on the others. Throws std::bad_alloc.
  RankCycles(RankLinks &links, const image::Image &image, CycleTiming *whole);

  /// The neurons of a core of this rank that fire, as CycleTiming::spikes; in the thread that owns the core.
  void spikes(uint32_t core, std::span<const uint32_t> neurons);
  /// As CycleTiming::settle, of the times of this rank's cores; collective. `mostOverLink`: over all ranks. Means nothing if a rank
  /// has left.
  int64_t settle(std::span<CoreTimes> own, uint64_t mostOverLink);
  /// That it has allocated, apart from buffers.
  uint64_t bytes() const;

private:
  void pack();
  void evaluate(uint64_t mostOverLink);
  int64_t unpack(std::span<CoreTimes> own) const;

  RankLinks &links;
  CycleTiming *whole;
  std::vector<uint32_t> counts; ///< By core: its spikes. Not on rank 0, whose go where they are needed.
  std::vector<uint32_t> fired;  ///< [neurons of the rank] likewise: from each core's first on, those that fire.
  std::vector<CoreTimes> times; ///< Of all cores; rank 0 only.
  // What the ranks send to rank 0, and it to them: in words, which keep their capacity.
  Transport::Words mine;
  std::vector<Transport::Words> notes, out, in;
};

} // namespace ranvier::emu

#endif
