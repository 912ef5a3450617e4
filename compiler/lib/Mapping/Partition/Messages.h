//===- Messages.h - Messages between cores, of large mappings ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_MESSAGES_H
#define RANVIER_LIB_MAPPING_PARTITION_MESSAGES_H

#include "../Place/CorePlacer.h"

namespace ranvier::mapping::detail {

/// Placement looks at each pair of cores that exchange messages many times; with more pairs it would take longer, and more memory,
/// than everything else.
constexpr uint64_t mostEdges = 16'000'000;

/// From each core to the cores that its neurons reach, itself included.
struct Messages {
  struct Edge {
    uint32_t to = 0, neurons = 0; ///< Neurons: one message each when every neuron fires once.
    uint64_t spikes = 0;          ///< Their rates; the neurons where there are none.
  };
  std::vector<uint64_t> ptr{0}; ///< [core + 1]
  std::vector<Edge> edges;
};

/// `threads`: the result does not depend on it.
Messages messagesBetween(const Network &network, const Mapping &mapping, const Rates &rates, unsigned threads);
/// What placement minimises, both ways together.
CoreGraph coreGraph(const Messages &messages);
/// What loads links.
std::vector<Spread> spreadsOf(const Messages &messages);

} // namespace ranvier::mapping::detail

#endif
