//===- Rewiring.h - A rule of structural plasticity as tables ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An snn.rewiring_rule gives two probabilities: one is a function of a squared distance, which is tabulated; the other of a weight
// that it only compares with numbers, so that it is constant between these. No MLIR.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LOWERING_REWIRING_H
#define RANVIER_LOWERING_REWIRING_H

#include "ranvier/Image/Learning.h"
#include "ranvier/Lowering/Model.h"

namespace ranvier::compiler {

struct RewiringRule {
  enum : uint32_t { SquaredDistance, Weight }; ///< Inputs of the body, by slot.
  Model body;
  int form = -1, eliminate = -1; ///< Nodes of the probabilities.
};

/// Fills formation, bounds and elimination of `out`, whose grid is given. Probabilities are worked out in binary64 and rounded to
/// 2^-32ths. `params`: by slot. `unit`: size of a unit of a stored weight; 0: weights are binary32, and so are the numbers that
/// they are compared with. Errors: RNV5339 a probability that is none.
Result<void> tabulate(const RewiringRule &rule, const std::vector<double> &params, double dt, double unit,
                      image::RewiringMeta &out);

} // namespace ranvier::compiler

#endif
