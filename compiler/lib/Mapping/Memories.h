//===- Memories.h - Cores and tiles within their memories -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_MEMORIES_H
#define RANVIER_LIB_MAPPING_MEMORIES_H

#include "Shared.h"
#include "ranvier/Mapping/MachineTables.h"
#include "ranvier/Support/Json.h"

namespace ranvier::mapping::detail {

/// Halves every core that is over one of its memories until none is, and gives all cores the first places. Nothing on chips
/// without memories. Errors (DoesNotFit): RNV6100 (one neuron alone), RNV6101 (more cores than there are).
Result<void> cutToMemories(const Network &network, const hw::Chip &chip, Mapping &mapping);
/// Whether every core and tile of the mapping is within its memories. Errors (DoesNotFit): RNV6102 (a core), RNV6103 (a tile),
/// RNV6104 (a router), RNV6105 (no core is free to extend delays), RNV6140 (or for an input).
Result<void> checkMemories(const Network &network, const hw::Chip &chip, const Mapping &mapping);
/// For the mapping report: the fullest core and tile of each memory with its parts, what is estimated and what unknown.
Json memoriesReport(const Network &network, const hw::Chip &chip, const Mapping &mapping);

} // namespace ranvier::mapping::detail

#endif
