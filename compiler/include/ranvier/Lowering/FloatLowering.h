//===- FloatLowering.h - A model as f32 microcode ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LOWERING_FLOATLOWERING_H
#define RANVIER_LOWERING_FLOATLOWERING_H

#include "ranvier/Lowering/CodeBuilder.h"

namespace ranvier::compiler {

/// Lowers a folded model to the f32 profile: one instruction an operation, in SSA order, nothing reassociated or contracted. Derived
/// parameters are rounded to binary32 once. A product with a parameter that is 1 for all neurons is the other factor (exact).
/// `bias`: by input slot, added to what arrived (empty: none; size 1 or one per neuron).
/// Errors: RNV5102 a parameter overflows binary32, RNV5103 more than 64 values alive at once, RNV5104.
Result<Lowered> lowerF32(const Folded &folded, const std::vector<Values> &bias);

/// The program of a junction: emits the sum as payload when it is not 0. One input "x", no state.
Lowered junctionF32(const Values &bias);

} // namespace ranvier::compiler

#endif
