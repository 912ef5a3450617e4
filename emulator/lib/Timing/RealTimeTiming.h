//===- RealTimeTiming.h - An image on a machine in real time ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routes, rows and costs of an image as a plan of the machine in real time, and its rows on their way into the ring buffers: a
// spike is what the machine makes of it. Threads note sends for their own cores; one thread runs the machine when all are done.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_REALTIMETIMING_H
#define RANVIER_EMULATOR_LIB_REALTIMETIMING_H

#include "../Energy/CostModel.h"
#include "DetailedTiming.h"
#include "RealTimeMachine.h"
#include <memory>
#include <vector>

namespace ranvier::emu {

struct DeliveryCore; // Delivery.h

/// The step of an image's network on the machine's clock.
struct RealTimeClock {
  uint32_t timeScale = 1;
  int64_t period = 0; ///< [ps]
};
/// `timeScale` 0: as the chip has it. Errors: RNV7042 (a chip without a timer), RNV7043 (a step below 1 ns or above 1,000 s).
Result<RealTimeClock> realTimeClock(const image::Image &image, uint32_t timeScale);

/// What the machine would lose, from counts of each step alone (docs/spec/real-time.md, section 6). Cores are told of by the
/// threads that own them.
class RealTimeForecast {
public:
  /// `costs` must outlive it.
  RealTimeForecast(const hw::Chip &chip, const CostTable &costs, RealTimeClock clock, size_t cores);
  void reset();
  /// The sums that an update takes.
  void sums(uint32_t core, std::span<const int32_t> sums);
  /// What a core does in a step (its generation and processing), and how many packets come to it.
  void core(uint32_t core, const CoreTimes &times, uint64_t packets);
  /// What a link carries in a step.
  void link(CostTable::Event hop, uint64_t packets);
  std::span<const CoreProvenance> cores() const { return counts; }
  const RouterProvenance &routers() const { return routerCounts; }

private:
  const CostTable &costs;
  int64_t period, packet;
  uint32_t queue, top;
  std::vector<CoreProvenance> counts;
  RouterProvenance routerCounts;
};

class RealTimeTiming final : RowSink {
public:
  /// `costs` and `cores` must outlive it. `messages`: of every neuron and input. Errors: RNV7042 (connectors that are not expanded
  /// in the image, whose rows have no bytes), RNV3031. Throws std::bad_alloc.
  static Result<std::unique_ptr<RealTimeTiming>> create(const image::Image &image, const Messages &messages, const ChipGrid &grid,
                                                        const CostTable &costs, std::vector<DeliveryCore *> cores,
                                                        RealTimeClock clock, bool lossless);
  SendLog &sends(uint32_t core) { return logs[core]; }
  void reset();
  void begin();
  /// A spike of an input: its number in Messages::outPtr.
  void input(uint64_t row);
  /// Runs until the next tick. Puts into `times` how cores spent the step, idle being the time in which they worked. Returns the
  /// length of the step [ps].
  int64_t settle(std::span<CoreTimes> times);
  std::span<const LinkPlace> links() const { return places; }
  std::span<const LinkTimes> linkTimes() const { return outcomes; }
  const RealTimeMachine &machine() const { return *events; }

private:
  class Planner;
  explicit RealTimeTiming(std::vector<DeliveryCore *> cores);
  uint64_t row(uint32_t core, uint64_t message, uint32_t row, uint32_t step) override;
  const uint32_t *slotOffsets(uint32_t core, uint32_t step);

  std::vector<DeliveryCore *> cores;
  std::vector<std::vector<uint32_t>> offsets; ///< [cores][slots + 1] the step, then where delays lie in the ring.
  std::vector<uint32_t> sums;                 ///< Scratch: of a row that learns.
  uint32_t top = 0;                           ///< Greatest sum of a ring buffer.
  std::unique_ptr<RealTimeMachine> events;
  std::vector<SendLog> logs;
  std::vector<std::span<const Send>> spans;
  std::vector<int64_t> trailing;
  std::vector<uint32_t> routeOf; ///< By neuron.
  std::vector<uint32_t> rowOf;   ///< Of RealTimePlan::rows: its number on its core.
  struct HostPacket {
    uint32_t tile, route;
  };
  uint64_t firstInput = 0;
  std::vector<uint64_t> hostPtr, hostMessage; ///< By input, from the first on; into hostPackets; its first message.
  std::vector<HostPacket> hostPackets;
  std::vector<LinkPlace> places;
  std::vector<LinkTimes> outcomes;
};

} // namespace ranvier::emu

#endif
