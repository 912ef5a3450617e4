//===- Rule.h - A rule of plasticity as plain data --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An snn.rule falls into up to six programs: what each of three events does to a synapse, and to the traces of the event's own end.
// Each is a model of its own, so that folding, float lowering and the quantiser see nothing but models. No MLIR.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LOWERING_RULE_H
#define RANVIER_LOWERING_RULE_H

#include "ranvier/Lowering/CodeBuilder.h"
#include "ranvier/Lowering/Model.h"
#include <array>
#include <map>

namespace ranvier::compiler {

enum class RuleEnd : uint8_t { Pre, Post, Third };
/// In the order of image::LearningMeta::programs.
enum class RuleProgram : uint8_t { OnPre, OnPost, OnThird, TracePre, TracePost, TraceThird };
constexpr unsigned numRulePrograms = 6;
/// "on_pre" ... "trace_third".
const char *toString(RuleProgram program);
/// "pre", "post", "third".
const char *toString(RuleEnd end);

struct Rule {
  struct Read {
    enum class Kind : uint8_t { Weight, Word, Trace, Elapsed, Amount } kind;
    RuleEnd end = RuleEnd::Pre; ///< Of traces and times.
    std::string name;           ///< Of words and traces.
    double init = 0;
    std::string place = {};
    /// As programs call it: "weight", "c", "pre.r", "pre.elapsed", "third.amount".
    std::string input() const;
  };
  struct Set {
    RuleEnd event;
    uint32_t read; ///< What is set: the weight, a word or a trace.
    int node;
  };
  Model body;              ///< Parameters and nodes; what may be read is an input each, by slot as in `reads`.
  std::vector<Read> reads; ///< The weight first, then words and traces as declared, then times and the amount.
  std::vector<Set> sets;
  int low = -1, high = -1;          ///< Nodes of the weight's bounds.
  std::optional<std::string> third; ///< Receptor of the third factor.

  /// The model of one program; nothing if the event sets nothing of the kind. States: the weight and all words, or all traces of
  /// the end; inputs: what else is read, named by Read::input(). A weight that is set is clipped into its bounds, low bound last.
  std::optional<Model> program(RuleProgram which) const;
  /// Bounds of the weight for these values of the parameters. Errors: RNV5101, RNV5332 low above high.
  Result<std::pair<double, double>> bounds(const std::vector<Values> &params, double dt) const;
};

/// A rule lowered: programs that exist, with the values of their parameters.
struct LoweredRule {
  std::array<std::optional<Lowered>, numRulePrograms> programs;
  std::map<std::string, double> initial; ///< Of words and traces, by name, in the programs' own numbers.
  double weightScale = 1;                ///< Size of a unit of a stored weight.
  unsigned weightShift = 0;              ///< Bits by which a stored weight is shifted left for the programs.
};

/// Lowers to the f32 profile. Errors: as lowerF32, foldParameters.
Result<LoweredRule> lowerRuleF32(const Rule &rule, const std::vector<Values> &params, double dt);

} // namespace ranvier::compiler

#endif
