//===- FixedPoint.h - Any model as int microcode ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generic conversion for programmable integer chips. Every value gets an interval (from declared or observed ranges of states and
// inputs) and a binary point; 32-bit overflow is excluded by the intervals, and states saturate when they are written.
// docs/spec/target-semantics.md, clauses F1..F9, is the specification.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_QUANTIZE_FIXEDPOINT_H
#define RANVIER_QUANTIZE_FIXEDPOINT_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Lowering/CodeBuilder.h"
#include "ranvier/Quantize/Report.h"
#include <algorithm>
#include <cmath>

namespace ranvier::compiler {

struct Interval {
  double low = 0, high = 0;
  double magnitude() const { return std::max(std::fabs(low), std::fabs(high)); }
};

struct FixedOptions {
  std::vector<Interval> inputs;                ///< By slot, real: what can arrive in a step, biases not included. A range that the
                                               ///< model declares for the sum is enforced on top.
  std::vector<int> inputFraction;              ///< By slot: one unit of the accumulator is scale * 2^-fraction.
  std::vector<double> inputScale;              ///< By slot, in [1, 2); empty: 1. A scale other than 1 costs a product a step.
  std::vector<double> inputTop;                ///< By slot, in units: where the accumulator saturates; 0 or empty: nowhere.
  std::vector<std::optional<Interval>> states; ///< By slot: range of states whose model declares none.
  std::vector<Values> bias;                    ///< By input slot; empty: none.
};

/// Where the binary point of a value lies, and what is known about the value. Real = word * 2^-fraction.
struct Format {
  Interval range;
  int fraction = 0;
  double error = 0;       ///< Largest difference from exact arithmetic on the same states and inputs.
  bool flexible = false;  ///< A constant or parameter: encoded anew at each use, with the fraction that suits the use.
  bool saturates = false; ///< Computed by an instruction that does (clause S1): exact arithmetic may leave the word.
};
/// Binary point of the factor that brings an accumulator with a scale to a binary unit.
constexpr int scaleBits = 29;
/// Largest fraction at which every number of the interval fits into `bits` magnitude bits, at most 40.
int fittingFraction(const Interval &range, int bits = 30);

/// The scale of an input's accumulator, 1 if none is given.
inline double inputScale(const FixedOptions &options, size_t slot) {
  return slot < options.inputScale.size() ? options.inputScale[slot] : 1.0;
}

/// Formats of all nodes of a folded model. Errors: RNV5401, RNV5403, RNV5404.
struct FixedPlan {
  std::vector<Format> nodes;
  std::vector<Format> states; ///< By slot, as stored.
  double comparisonError = 0; ///< Largest error of a difference that a comparison looks at.
};
Result<FixedPlan> planFormats(const Folded &folded, const hw::Chip &chip, const FixedOptions &options);
/// Fraction at which two operands meet for an addition, comparison or selection whose result lies in `result`.
int commonFraction(const Format &a, const Format &b, const Interval &result);

/// A model as a program of the int profile, and its formats.
struct FixedModel {
  Lowered lowered;
  std::vector<int> stateFraction; ///< By slot: real = word * 2^-fraction.
  std::vector<Interval> stateRange;
  std::vector<double> stepError; ///< By state slot: largest error one step adds, given exact states and inputs, if no
                                 ///< comparison and no floor is within its own error of the other outcome.
  int payloadFraction = 0;
  Interval payload;
  double comparisonError = 0; ///< As FixedPlan's.
};

/// Errors (at the model's line): RNV5401 an operation without integer form, RNV5402 a state without range, RNV5403 a division by 0
/// or by a value that changes, RNV5404 a value too large for 32 bits, RNV5405 an instruction the chip lacks, RNV5103, RNV5104.
Result<FixedModel> convertFixedPoint(const Folded &folded, const hw::Chip &chip, const FixedOptions &options);

/// Ranges of states that are always one of some affine functions (affinePieces) and decay in each: closed under any input in
/// `inputs` (biases included) and holding the initial values. By slot; nothing where none can be derived.
std::vector<std::optional<Interval>> deriveRanges(const Folded &folded, const std::vector<Interval> &inputs,
                                                  const std::vector<Values> &init);

/// RNV5402: state `s` has no range.
Error rangeless(const Model &model, size_t s);

/// Whether every operation has an integer form. Errors: RNV5401, RNV5403.
Result<void> checkOperations(const Folded &folded);

} // namespace ranvier::compiler

#endif
