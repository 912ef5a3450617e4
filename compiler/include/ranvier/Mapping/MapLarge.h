//===- MapLarge.h - Networks of a hundred million synapses ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Partition, placement and routes where a search that looks at every neuron many times would take too long: every step here is
// linear in the synapses. docs/rationale/partition.md says how and why.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_MAPLARGE_H
#define RANVIER_MAPPING_MAPLARGE_H

#include "ranvier/Mapping/Links.h"
#include <optional>

namespace ranvier::mapping {

struct LargeOptions {
  uint64_t seed = 0; ///< Of placement.
  Rates rates;
  unsigned threads = 1; ///< The result does not depend on it.
};

/// One order of neurons, cut into cores and placed.
struct OrderResult {
  uint64_t cores = 0;
  uint64_t spikeHops = 0; ///< As spikeHops() counts.
  uint64_t messages = 0;  ///< Spikes x destination cores other than the sender's.
  bool placed =
      false;          ///< False: too many pairs of cores exchange messages; the cores stand in the order in which they were filled.
  double seconds = 0; ///< Wall clock.
};

struct LargeMapping {
  Mapping mapping;                       ///< Of the cheaper order, the given one on ties; sorted by level, chip and core.
  bool found = false;                    ///< Whether that is the order found from the synapses.
  OrderResult given;                     ///< Populations and neurons as they are numbered: sequential filling.
  std::optional<OrderResult> ofSynapses; ///< The order found; none where neurons are of several levels, or where it does not fit.
  std::vector<LinkLoad> links;           ///< Every message on its way, every neuron firing once; see linkLoads().
  uint64_t chips = 0;                    ///< In use.
  double fillSeconds = 0, routeSeconds = 0, checkSeconds = 0; ///< Wall clock.
};

/// Fills cores along two orders of neurons, that of their numbers and one found from the synapses, places both, takes the cheaper,
/// routes its messages and checks it against every limit (checkMapping). Deterministic for a seed, whatever the threads. Errors:
/// those of partition() and checkMapping(); RNV6070.
Result<LargeMapping> mapLarge(const Network &network, const hw::Chip &chip, const LargeOptions &options);

} // namespace ranvier::mapping

#endif
