//===- Expand.h - Synapses of deferred cores --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_LIB_EXPAND_H
#define RANVIER_EMULATOR_LIB_EXPAND_H

#include "State.h"

namespace ranvier::emu {

/// Decides which cores hold their synapses by delay segments (those that connectors of the image lead to; those whose ring of
/// accumulators would leave the second-level cache; all, where weights are kept in 16 bits) and fills their stores: from
/// connectors, several threads side by side, and from the rows of the image. Sets CoreState::segments, axons, sameAxons, and the
/// messages of all neurons (Engine::outPtr, outAxons). The synapses, and their order in a row, do not depend on the number of
/// threads. Errors: RNV7003 (more synapses than memory or than MachineOptions::mostSynapses), RNV7007 (more cores, or synapses
/// from a population onto one core, than the stores can number), RNV7009 (16-bit weights on another
/// profile).
Result<void> expandSynapses(Engine &engine, unsigned threads);

} // namespace ranvier::emu

#endif
