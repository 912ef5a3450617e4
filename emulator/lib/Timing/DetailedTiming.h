//===- DetailedTiming.h - What a machine tells the packet network -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routes of an image as a plan of the packet network, and what each core sends in a step. Nothing here can change a spike: threads
// note sends for their own cores, and one thread runs the network when all are done.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_DETAILEDTIMING_H
#define RANVIER_EMULATOR_LIB_DETAILEDTIMING_H

#include "../Energy/CostModel.h"
#include "PacketNetwork.h"
#include <memory>
#include <vector>

namespace ranvier::emu {

/// What a core sends in a step, in the order of its neurons, with the work before each packet. Neurons come in blocks; of each
/// block the spikes in ascending order.
class SendLog {
public:
  /// `costs` must outlive it. `capacity`: neurons of the core that send anything.
  SendLog(const CostTable &costs, bool trees, size_t capacity);
  void begin() {
    list.clear();
    work = 0;
  }
  /// A block of `count` neurons; bit n of `activity` is set if neuron n is active, which those that fire are.
  void startBlock(const uint32_t *activity, uint32_t count) {
    bits = activity;
    at = 0;
    end = count;
  }
  /// `neuron` of the block fires; `global`: its number in `outPtr`.
  void spike(uint32_t neuron, uint64_t global, const uint64_t *outPtr);
  void endBlock() { pass(end); }
  std::span<const Send> sends() const { return list; }
  int64_t trailing() const { return work; }

private:
  void pass(uint32_t to);

  const CostTable &costs;
  bool trees;
  std::vector<Send> list; ///< Capacity reserved.
  int64_t work = 0;       ///< [ps] since the last packet.
  const uint32_t *bits = nullptr;
  uint32_t at = 0, end = 0;
};

/// Messages of every neuron and input, as image::Image has them, and what each meets.
struct Messages {
  std::span<const uint64_t> outPtr;
  std::span<const image::OutAxonRecord> outAxons;
  std::span<const OutEvents> events; ///< By out-axon.
};

class DetailedTiming {
public:
  /// `costs` must outlive it. Errors: RNV7015 (a chip without links, or a torus with buffers of one
  /// message). Throws std::bad_alloc.
  /// `messages`: of every neuron.
  static Result<std::unique_ptr<DetailedTiming>> create(const image::Image &image, const Messages &messages, const ChipGrid &grid,
                                                        const CostTable &costs);
  SendLog &sends(uint32_t core) { return logs[core]; }
  void begin();
  /// The message of an out-axon that comes from the host.
  void receive(uint32_t core, uint64_t outAxon) { network->receive(core, processing[outAxon]); }
  /// Runs the network. Takes `stalled` into the times of the cores and puts into `idle` the time in which a core works or waits.
  /// Returns the end of the last work [ps].
  int64_t settle(std::span<CoreTimes> times);
  std::span<const LinkPlace> links() const { return places; }
  std::span<const LinkTimes> linkTimes() const { return {outcomes.data(), outcomes.size()}; }

private:
  DetailedTiming() = default;
  std::unique_ptr<PacketNetwork> network;
  std::vector<SendLog> logs;
  std::vector<std::span<const Send>> spans;
  std::vector<int64_t> trailing;
  AlignedArray<uint32_t> routeOf;   ///< By out-axon; with multicast trees by neuron.
  AlignedArray<int64_t> processing; ///< By out-axon [ps].
  std::vector<LinkPlace> places;    ///< Of the first links of the plan; ports of cores follow them.
  std::vector<LinkTimes> outcomes;
};

} // namespace ranvier::emu

#endif
