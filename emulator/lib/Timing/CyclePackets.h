//===- CyclePackets.h - What a synchronous chip sends in a step -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_LIB_CYCLEPACKETS_H
#define RANVIER_EMULATOR_LIB_CYCLEPACKETS_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

namespace ranvier::emu {

// No sum of cycles ends beyond 2^63: a packet, which has to be sent one by one, takes less than 2^32 of them at a core, and its
// place among spikes times their spacing is less than 2^52.

/// A packet, which goes to all destinations of its route.
struct CyclePacket {
  uint32_t place = 0; ///< Of its spike among all spikes of the sender in this step.
  uint32_t route = 0;
  uint64_t arrival = 0; ///< Cores of the route process it for processing[arrival + k] cycles, at least 1, k being the core's slot.
};

/// A core, or the host. Times are cycles from the start of the step.
struct CycleSender {
  std::span<const CyclePacket> packets = {}; ///< By place, ascending.
  int64_t first = 0;                         ///< When the spike of place 0 can be taken in by the core where it enters the mesh.
  uint32_t spacing = 1;                      ///< From one spike to the next.
  int64_t sent = 0;                          ///< When all spikes have been sent, if nothing holds them up.
};

/// What became of a core, or of the host, in a step [cycles].
struct CycleOutcome {
  int64_t stalled = 0;         ///< In which it could not send.
  int64_t sent = 0;            ///< When it had sent everything.
  int64_t work = 0;            ///< Processing of what arrived.
  int64_t processedUntil = 0;  ///< End of the last processing; 0 without any.
  int64_t processingAfter = 0; ///< Processing after `sent`.
};

} // namespace ranvier::emu

#endif
