//===- RealTime.h - What a machine in real time counts ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts of cores and routers under the names that users of the machine know (docs/spec/real-time.md, section 5).
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_REALTIME_H
#define RANVIER_EMULATOR_REALTIME_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace ranvier::emu {

/// Of a core since the start of the run.
struct CoreProvenance {
  uint64_t lost = 0;             ///< Packets that found the queue full.
  uint64_t late = 0;             ///< Packets that were in the queue when an update began, counted at each update.
  uint64_t droppedLate = 0;      ///< Of them, those that the machine then forgets.
  uint64_t mostWaiting = 0;      ///< Packets in the queue.
  uint64_t received = 0;         ///< Packets, lost ones included.
  uint64_t processed = 0;        ///< Packets whose rows were looked up.
  uint64_t reads = 0;            ///< Rows read from the tile's memory.
  uint64_t mostReceived = 0;     ///< From one tick to the next.
  uint64_t mostProcessed = 0;    ///< Likewise.
  uint64_t saturated = 0;        ///< Additions that would have left a ring buffer.
  uint64_t overruns = 0;         ///< Ticks that came before the update of an earlier one had ended.
  uint64_t mostTicksWaiting = 0; ///< Such ticks whose updates had not begun, at a time.
  uint64_t transmitFull = 0;     ///< Tries to send that found the transmit queue full.
  CoreProvenance &operator+=(const CoreProvenance &other);
  bool operator==(const CoreProvenance &) const = default;

  struct Name {
    const char *name;
    uint64_t CoreProvenance::*count;
    bool isMost;   ///< Cores give the greatest, not the sum.
    bool foretold; ///< By timing fast.
  };
  static constexpr std::array<Name, 13> names();
};

constexpr std::array<CoreProvenance::Name, 13> CoreProvenance::names() {
  return {{{"Times_the_input_buffer_lost_packets", &CoreProvenance::lost, false, true},
           {"Number_of_late_spikes", &CoreProvenance::late, false, true},
           {"Number_of_late_spikes_dropped", &CoreProvenance::droppedLate, false, false},
           {"Max_filled_size_input_buffer", &CoreProvenance::mostWaiting, true, true},
           {"Spikes_received", &CoreProvenance::received, false, true},
           {"Spikes_processed", &CoreProvenance::processed, false, false},
           {"DMAs_completed", &CoreProvenance::reads, false, false},
           {"Max_spikes_received_in_time_step", &CoreProvenance::mostReceived, true, true},
           {"Max_spikes_processed_in_time_step", &CoreProvenance::mostProcessed, true, false},
           {"Times_synaptic_weights_have_saturated", &CoreProvenance::saturated, false, true},
           {"Times_the_timer_tic_over_ran", &CoreProvenance::overruns, false, true},
           {"Max_number_of_times_timer_tic_over_ran", &CoreProvenance::mostTicksWaiting, true, true},
           {"Times_the_transmission_of_spikes_overran", &CoreProvenance::transmitFull, false, false}}};
}

inline CoreProvenance &CoreProvenance::operator+=(const CoreProvenance &other) {
  for (const Name &entry : names()) {
    uint64_t &sum = this->*entry.count;
    sum = entry.isMost ? std::max(sum, other.*entry.count) : sum + other.*entry.count;
  }
  return *this;
}

/// Of all routers since the start of the run.
struct RouterProvenance {
  uint64_t local = 0;     ///< Packets that routers took from cores, hosts and monitors.
  uint64_t external = 0;  ///< Packets that they took from links.
  uint64_t dropped = 0;   ///< Packets that waited too long for some of their branches.
  uint64_t missed = 0;    ///< Of them, those that came while the monitor was busy with another.
  uint64_t caught = 0;    ///< Those that it took in.
  uint64_t overflows = 0; ///< Of these, those that found its queue full.
  uint64_t again = 0;     ///< Those that it sent once more.
  uint64_t lost = 0;      ///< Cores that a packet did not reach for any of this.
  RouterProvenance &operator+=(const RouterProvenance &other) {
    for (const Name &entry : names())
      this->*entry.count += other.*entry.count;
    return *this;
  }
  bool operator==(const RouterProvenance &) const = default;

  struct Name {
    const char *name;
    uint64_t RouterProvenance::*count;
    bool foretold; ///< By timing fast.
  };
  static constexpr std::array<Name, 8> names() {
    return {{{"Local_Multicast_Packets", &RouterProvenance::local, false},
             {"External_Multicast_Packets", &RouterProvenance::external, false},
             {"Dropped_Multicast_Packets", &RouterProvenance::dropped, true},
             {"Missed_for_Reinjection", &RouterProvenance::missed, false},
             {"Received_for_Reinjection", &RouterProvenance::caught, false},
             {"Reinjection_Overflows", &RouterProvenance::overflows, false},
             {"Reinjected", &RouterProvenance::again, false},
             {"Deliveries_lost_in_routers", &RouterProvenance::lost, false}}};
  }
};

/// What a machine with a timer counts: what it lost (timing detailed), or what it is likely to lose (fast).
struct RealTimeCounts {
  int64_t stepPicoseconds = 0; ///< Of the machine's clock. 0: the chip has no timer, or timing is off.
  uint32_t timeScale = 1;      ///< Of the clock, to the network's time.
  bool lossless = false;
  bool predicted = false;            ///< Timing fast: from counts; what is not foretold is 0.
  std::vector<CoreProvenance> cores; ///< By core of the image.
  RouterProvenance routers;
  CoreProvenance total() const {
    CoreProvenance sum;
    for (const CoreProvenance &core : cores)
      sum += core;
    return sum;
  }
  /// Of another run of the same machine.
  RealTimeCounts &operator+=(const RealTimeCounts &other) {
    if (stepPicoseconds == 0)
      return *this = other;
    for (size_t c = 0; c < cores.size(); ++c)
      cores[c] += other.cores[c];
    routers += other.routers;
    return *this;
  }
};

} // namespace ranvier::emu

#endif
