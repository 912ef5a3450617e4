//===- RuleFixed.h - Rules of plasticity in fixed point ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_QUANTIZE_RULEFIXED_H
#define RANVIER_QUANTIZE_RULEFIXED_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Lowering/Rule.h"

namespace ranvier::compiler {

/// Lowers a rule to the int profile for a chip whose synapses learn: traces and tabulated functions of time have the chip's trace
/// format, everything else arithmetic.fraction_bits (docs/spec/target-semantics.md, section P). `fraction`: binary point of a
/// stored weight, at most fraction_bits; `thirdFraction`: of the third factor's sums. Errors: RNV5103, RNV5104, and at the node
/// RNV5334 (a function of time that no table holds), RNV5335 (an operation that the arithmetic lacks), RNV5336 (a number that does
/// not fit).
Result<LoweredRule> lowerRuleFixed(const Rule &rule, const std::vector<Values> &params, double dt, const hw::Chip &chip,
                                   int fraction, int thirdFraction);

} // namespace ranvier::compiler

#endif
