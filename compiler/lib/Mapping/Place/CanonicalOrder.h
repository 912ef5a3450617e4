//===- CanonicalOrder.h - An order that does not come from numbers -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PLACE_CANONICALORDER_H
#define RANVIER_LIB_MAPPING_PLACE_CANONICALORDER_H

#include "TaskPlacer.h"

namespace ranvier::mapping::detail {

/// Populations in an order that follows from who feeds whom, from cores, weights and sets, and not from how they are numbered: the
/// same network with its populations numbered otherwise comes out in the same order, but for populations that look alike from
/// everywhere, and beyond a fixed effort.
std::vector<uint32_t> canonicalOrder(const Tasks &tasks);

/// The graph with population order[k] as its k-th.
TaskGraph renumbered(const TaskGraph &graph, const std::vector<uint32_t> &order);

} // namespace ranvier::mapping::detail

#endif
