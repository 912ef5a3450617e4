//===- CycleModel.h - The step of a synchronous chip, in cycles -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cost profile may give the times of events, or this: the cycles of a chip whose cores first update their neurons and then send,
// while packets that arrive are processed all the time. docs/spec/timing-and-energy.md, section 8, says how a step follows.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_CYCLEMODEL_H
#define RANVIER_HWMODELS_CYCLEMODEL_H

#include "ranvier/HwModels/Provenance.h"
#include <array>
#include <cstdint>
#include <string>

namespace ranvier::hw {

struct CycleModel {
  /// In the order in which they are written. All are cycles but Lanes.
  enum Number : unsigned {
    Step,         ///< Of every step, after the end of its last work.
    Update,       ///< Of a core's update phase, besides its slices.
    Slice,        ///< Of a slice that runs a program, besides its batches.
    Group,        ///< Of a batch, for each input and each instruction of the program.
    Lanes,        ///< [neurons] of a batch.
    NativeSlice,  ///< Of a slice of the native form (image::isNative), besides its neurons.
    NativeNeuron, ///< Of a neuron of it.
    Send,         ///< From the end of the update phase until the first packet can be taken in by its own core.
    Spike,        ///< From one spike of a core to the next, whether it has a destination or not.
    SendEnd,      ///< From the end of the update phase until the core has sent everything, besides Spike for each spike.
    Input,        ///< From the start of the step until the first packet of the host can be taken in by the core that it enters at.
    InputSpike,   ///< From one spike of the host to the next.
    InputEnd,     ///< From the start of the step until the host has sent everything, besides InputSpike for each spike.
    Hop,          ///< From a router to the next.
    Packet,       ///< Of a core that takes a packet in.
    Row,          ///< Of each row that the packet has there.
    Synapse,      ///< Of each synapse.
    NumNumbers
  };
  struct Entry {
    uint32_t value = 0;
    std::string source;
    Provenance status = Provenance::Unknown;
    bool operator==(const Entry &) const = default;
  };
  struct Key {
    const char *name; ///< In the description.
    uint32_t min, max;
  };
  static const std::array<Key, NumNumbers> keys;

  int64_t clockPicoseconds = 1; ///< Of a cycle.
  std::string clockSource;
  Provenance clockStatus = Provenance::Unknown;
  std::array<Entry, NumNumbers> numbers;
  uint32_t operator[](Number number) const { return numbers[number].value; }
  bool operator==(const CycleModel &) const = default;
};

} // namespace ranvier::hw

#endif
