//===- ChipNetworks.h - Random networks within a chip's limits --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_SUPPORT_CHIPNETWORKS_H
#define RANVIER_TEST_SUPPORT_CHIPNETWORKS_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Mapping/Network.h"

namespace ranvier::test {

/// A network that a programmable integer chip can hold, with whatever its limits allow: its native unit with parameters at their
/// ends, random microcode with tables and random numbers, plain and graded spikes, one and more receptors, dense, sparse and
/// repeated synapses, feedback, and weights, exponents and delays over the whole of their ranges. A function of seed and chip.
mapping::Network randomChipNetwork(uint64_t seed, const hw::Chip &chip);

} // namespace ranvier::test

#endif
