//===- Check.h - What a target cannot honour, before compiling --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `ranvier check NET --target T` lists everything at once that a compilation would stop at one by one, and what it would change
// silently: delays, feedback, graded spikes, sizes, number formats.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_CHECK_CHECK_H
#define RANVIER_CHECK_CHECK_H

#include "mlir/IR/BuiltinOps.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Support/Error.h"
#include <functional>
#include <string>
#include <vector>

namespace ranvier::check {

enum class Severity : uint8_t {
  Error,   ///< The network cannot run on the target.
  Warning, ///< It can, but not exactly as its own reading says.
  Note     ///< Worth knowing.
};
const char *severityName(Severity severity); ///< "error", "warning", "note"

struct Finding {
  Severity severity = Severity::Note;
  std::string op;        ///< Symbol of the op; the network's for findings about all of it.
  std::string parameter; ///< Parameter or attribute of the op; may be empty.
  std::string message;   ///< One sentence without a full stop, with the limit and what was found.
  std::string hint;      ///< What to do; may be empty.
  unsigned code = 0;     ///< Of the error with which compiling would stop here; 0 where it would not.
  bool operator==(const Finding &) const = default;
};
using Findings = std::vector<Finding>;

struct CheckOptions {
  /// Whether the target's neurons can execute a population's model with its parameters; the error's message becomes a finding.
  /// Without it, models on chips with a fixed neuron unit are reported as not examined.
  std::function<Result<void>(snn::PopulationOp)> modelFits;
};

/// Findings in a fixed order: by rule, then by declaration. Works on networks before and after quantisation. A module without
/// exactly one network gives one error. Only projections whose delays are drawn are expanded; else the cost is linear in ops and in
/// listed synapses.
Findings check(mlir::ModuleOp module, const hw::Chip &chip, const CheckOptions &options = {});

} // namespace ranvier::check

#endif
