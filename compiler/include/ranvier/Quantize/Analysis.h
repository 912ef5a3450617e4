//===- Analysis.h - What kind of neuron a model is --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recognition by evaluation, not by pattern: the region is evaluated symbolically to affine functions of states and inputs on
// either side of the spike condition, and the coefficients are compared. How the update is written does not matter.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_QUANTIZE_ANALYSIS_H
#define RANVIER_QUANTIZE_ANALYSIS_H

#include "ranvier/Lowering/Model.h"

namespace ranvier::compiler {

/// An affine function of states and inputs, coefficients per neuron. An empty coefficient is 0.
struct Affine {
  std::vector<Values> state, input; ///< By slot.
  Values constant{0.0};
  bool isConstant() const;
};

/// A leaky integrate-and-fire neuron with a synaptic current, per neuron, before any scaling:
///   u' = a u + sum_r g_r x_r + c        v' = b v + h u' + d        spike: v' > threshold, then v' := reset
/// Without a current (LIF, IF) a = 0, c = 0, h = 1 and u' stands for the input; without a voltage's memory (Threshold) b = 0.
struct CubaForm {
  std::vector<Values> g; ///< By input slot; empty: the input is not used.
  Values a{0.0}, c{0.0}, b{0.0}, h{1.0}, d{0.0}, threshold{0.0}, reset{0.0};
  int uState = -1, vState = -1; ///< State slots; -1: none.
  bool isLif() const { return uState < 0; }
};

/// Either the form, or in words why the model is none ("resets by subtraction ...").
struct Analysis {
  std::optional<CubaForm> form;
  std::string nearMiss;
  int node = -1; ///< Where in the model the near miss lies, if at one operation.
};
/// `folded` as foldParameters left it. Coefficients are compared to a relative 1e-6 (files carry binary32 parameters).
Analysis analyse(const Folded &folded);

/// Affine functions of which the state's next value is always one: two by the spike condition, more where the update chooses by
/// other conditions, extremes or absolute values. By state slot; nothing for a state that is never updated, or whose update is no
/// such choice of at most 16.
using Pieces = std::optional<std::vector<Affine>>;
std::vector<Pieces> affinePieces(const Folded &folded);

} // namespace ranvier::compiler

#endif
