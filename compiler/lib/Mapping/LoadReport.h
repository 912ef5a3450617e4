//===- LoadReport.h - Times of a step in the mapping report -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_LOADREPORT_H
#define RANVIER_LIB_MAPPING_LOADREPORT_H

#include "ranvier/Mapping/Load.h"
#include "ranvier/Support/Json.h"

namespace ranvier::mapping::detail {

/// For the mapping report: how many cores are above the time step on average and at their peak, and the busiest core, over all and
/// by population. Null on chips without a cost profile.
Json loadReport(const Network &network, const hw::Chip &chip, const Mapping &mapping, const AssumedRates &rates);

} // namespace ranvier::mapping::detail

#endif
