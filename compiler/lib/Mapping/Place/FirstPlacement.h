//===- FirstPlacement.h - place() and the sites it chose first --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PLACE_FIRSTPLACEMENT_H
#define RANVIER_LIB_MAPPING_PLACE_FIRSTPLACEMENT_H

#include "../Shared.h"

namespace ranvier::mapping::detail {

/// mapping::place(), which also tells what placeCores gave on the first sites, before trees were looked at: [core as it was in
/// `mapping`] -> site. The search for a mapping starts there, too. Empty where places are alike and nothing was searched.
Result<void> placeKeepingSites(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options,
                               std::vector<uint32_t> &first);

} // namespace ranvier::mapping::detail

#endif
