//===- Load.h - How long cores will work in a step --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On a machine whose step ends with a timer, a core that works longer than a step is late. What a core has to do follows from
// network, mapping and rates before anything runs; docs/spec/timing-and-energy.md, section 9, is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_LOAD_H
#define RANVIER_MAPPING_LOAD_H

#include "ranvier/Mapping/Mapping.h"

namespace ranvier::mapping {

/// What a core has to do in a step, on average, and how much that varies if sources fire independently of each other and of what
/// they did before. Times by the chip's first cost profile [ps]; costs that it does not know are left out.
struct CoreLoad {
  uint64_t neurons = 0;
  double packets = 0; ///< That arrive: one for each spike of a source with a synapse on the core.
  double events = 0;  ///< Synapses in their rows.
  double neuronTime = 0, packetTime = 0, eventTime = 0;
  double transferTime = 0; ///< For sums between a core and its synapse cores.
  double variance = 0;     ///< [ps^2] Of their sum.
  double mean() const { return neuronTime + packetTime + eventTime + transferTime; }
  /// So many standard deviations above the mean.
  double peak(double sigma) const;
};

/// By core; those with synapse cores and these in the order of the image's cores. Networks without connectors only.
std::vector<CoreLoad> foretellLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                    const AssumedRates &rates);

} // namespace ranvier::mapping

#endif
