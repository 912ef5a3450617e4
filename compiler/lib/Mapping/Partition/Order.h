//===- Order.h - Orders of neurons, and filling cores along them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_ORDER_H
#define RANVIER_LIB_MAPPING_PARTITION_ORDER_H

#include "OpenCore.h"

namespace ranvier::mapping::detail {

/// Populations by level, each whole.
std::vector<Slice> givenOrder(const Network &network, const std::vector<uint32_t> &level);
/// An order found from the synapses alone, whatever the numbers of the neurons: core after core grows from one neuron by those that
/// save it most messages. Time: linear in the synapses times the cores that a net reaches. All neurons must be of one level.
/// Deterministic.
std::vector<Slice> foundOrder(const Network &network, const hw::Chip &chip, const Incoming &into);
/// Next-fit along an order that holds every neuron once, levels ascending. `aligned`: each slice of the order starts a new core
/// unless all of it fits on the open one; given up where the chip then runs out of cores. Errors: those of partition(); the network
/// must have been checked.
Result<Mapping> fill(const Network &network, const hw::Chip &chip, const Incoming &into, const std::vector<uint32_t> &level,
                     const std::vector<Slice> &order, bool aligned);

} // namespace ranvier::mapping::detail

#endif
