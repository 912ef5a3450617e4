//===- Search.h - The multi-level search for a mapping ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_SEARCH_H
#define RANVIER_LIB_MAPPING_PARTITION_SEARCH_H

#include "../SameChip.h"
#include "Refine.h"

namespace ranvier::mapping::detail {

/// Neurons on cores on sites.
struct Placed {
  std::vector<uint32_t> coreOf; ///< [vertex]
  std::vector<uint32_t> siteOf; ///< [core]
  int64_t cost = 0;             ///< [spikes x hops]
};

/// What the search does not decide. Levels of the hypergraph are SameChip::classes where there are sets.
struct SearchOptions {
  uint64_t seed = 0;
  unsigned threads = 1;           ///< The result does not depend on them.
  const SameChip *sets = nullptr; ///< Whose cores must share a chip, on sites that sitesFor() chose for them.
};

struct Effort {
  unsigned topPasses = 50; ///< On the coarsest level of a partition grown from clusters: where cores come to lie is decided there.
  unsigned coarsePasses = 8; ///< On each level of clusters.
  unsigned finePasses = 12;  ///< On single neurons.
  unsigned cycles = 2;       ///< Times that a result is clustered within its cores and refined again.
  bool fromScratch = true;   ///< Whether a partition grown from clusters competes with the one that is given.
};
/// For a network of this many synapses. `quick`: about a quarter of the time, for compilation where nobody asked for more.
Effort effortFor(uint64_t synapses, bool quick);

/// Errors: RNV6070.
Result<void> checkRates(const Network &network, const Rates &rates);
/// Sequential filling (or a mapping made by hand) as vertices on cores.
std::vector<uint32_t> coresOf(const Hypergraph &graph, const Mapping &mapping);
/// The cores as slices, sorted by level, chip and core.
Mapping toMapping(const Hypergraph &graph, const Sites &sites, const Placed &placed);
/// Places a partition as it is. `siteOf`: where placeCores() puts its cores, if that is known already.
Placed placed(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, uint32_t cores, std::vector<uint32_t> coreOf,
              const SearchOptions &options, std::vector<uint32_t> siteOf = {});
/// The cheapest mapping onto as many cores as `start` uses that the search finds; `start`, which must be within the limits, if it
/// finds none cheaper. Deterministic for a seed.
Placed search(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, const Placed &start, const Effort &effort,
              const SearchOptions &options);

} // namespace ranvier::mapping::detail

#endif
