//===- LearnedWeights.h - Weights after a run -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_LEARNEDWEIGHTS_H
#define RANVIER_TOOLS_LEARNEDWEIGHTS_H

#include "ranvier/Emulator/Machine.h"

namespace ranvier::tools {

/// Writes the synapses that learn as CSV: projection,source,target,delay,weight; delays in steps, weights in the network's own
/// terms, as decimals that read back exactly. Replaces `path` atomically. Errors: RNV8098 nothing learns; RNV9003, RNV9004.
Result<void> writeLearnedWeights(const std::string &path, emu::Machine &machine);

} // namespace ranvier::tools

#endif
