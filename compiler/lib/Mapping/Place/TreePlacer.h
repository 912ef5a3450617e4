//===- TreePlacer.h - Placement by the links of multicast trees -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PLACE_TREEPLACER_H
#define RANVIER_LIB_MAPPING_PLACE_TREEPLACER_H

#include "CorePlacer.h"

namespace ranvier::mapping::detail {

/// Improves the places of a mapping's cores, all on sites of `sites`, by exchanges that lower the links of all trees, weighted by
/// `rates`; never makes it worse. Cores stay in their order. Nothing on chips without multicast trees. Deterministic for a seed.
/// `groupOf`: groups of the mapping's cores that share a chip and go on doing so.
void refineTrees(const Network &network, const hw::Chip &chip, const Rates &rates, const Sites &sites, Mapping &mapping,
                 uint64_t seed, const GroupOf &groupOf = {});

} // namespace ranvier::mapping::detail

#endif
