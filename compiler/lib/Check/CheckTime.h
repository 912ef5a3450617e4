//===- CheckTime.h - What a target does to a network's delays ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_CHECK_CHECKTIME_H
#define RANVIER_LIB_CHECK_CHECKTIME_H

#include "ranvier/Check/Check.h"

namespace ranvier::check {

/// Edges that close a cycle, delays out of range, feedback that comes late, skip paths that get balancing delays: by the functions
/// that decide it when compiling.
Findings checkTime(snn::NetworkOp network, const hw::Chip &chip);

/// A junction is a neuron only where edges act within a step; elsewhere it becomes part of synapses.
bool dissolvesJunctions(const hw::Chip &chip);

} // namespace ranvier::check

#endif
