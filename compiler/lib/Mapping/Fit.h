//===- Fit.h - What does not fit, and what would --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_FIT_H
#define RANVIER_LIB_MAPPING_FIT_H

#include "Shared.h"
#include <functional>

namespace ranvier::mapping::detail {

/// One neuron that no core can hold: the limit, by how much, whose neuron, and what would fit instead. RNV6010 to RNV6014, RNV6037.
Error neuronTooLarge(const Network &network, const hw::Chip &chip, LimitIndex limit, uint32_t population, uint32_t neuron,
                     uint64_t needed);

/// How many cores a network takes; nothing if some neuron fits on none.
using CountCores = std::function<std::optional<uint64_t>(const Network &)>;

/// More cores than the machine has, RNV6016: by how many, which limit closes most cores and which population takes most, and what
/// would fit: more chips, fewer weight bits (found out by counting again with `count`, for networks that are not large), fewer
/// neurons; no number of chips or neurons where faults close ways. `closed`: cores closed by each limit.
Error tooManyCores(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                   const std::array<uint64_t, LimitCount + 1> &closed, const CountCores &count);

} // namespace ranvier::mapping::detail

#endif
