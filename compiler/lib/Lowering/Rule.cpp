//===- Rule.cpp - The programs of a rule of plasticity --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/Rule.h"
#include "ranvier/Lowering/FloatLowering.h"
#include "ranvier/Support/Text.h"

using namespace ranvier;
using namespace ranvier::compiler;

const char *compiler::toString(RuleProgram program) {
  constexpr const char *names[] = {"on_pre", "on_post", "on_third", "trace_pre", "trace_post", "trace_third"};
  return names[static_cast<size_t>(program)];
}
const char *compiler::toString(RuleEnd end) {
  constexpr const char *names[] = {"pre", "post", "third"};
  return names[static_cast<size_t>(end)];
}

std::string Rule::Read::input() const {
  switch (kind) {
  case Kind::Weight:
    return "weight";
  case Kind::Word:
    return name;
  case Kind::Trace:
    return std::string(toString(end)) + "." + name;
  case Kind::Elapsed:
    return std::string(toString(end)) + ".elapsed";
  case Kind::Amount:
    return "third.amount";
  }
  return "";
}

namespace {
/// Copies what a program needs of a rule's nodes.
class Cutter {
public:
  Cutter(const Rule &rule, RuleProgram which) : rule(rule), which(which) { copied.assign(rule.body.nodes.size(), -1); }

  std::optional<Model> run() {
    out.name = rule.body.name + "_" + toString(which);
    out.file = rule.body.file;
    out.place = rule.body.place;
    out.user = rule.body.user;
    out.params = rule.body.params;
    for (uint32_t r = 0; r < rule.reads.size(); ++r)
      if (isState(rule.reads[r])) {
        stateOf.emplace_back(r);
        out.states.push_back({rule.reads[r].kind == Rule::Read::Kind::Trace ? rule.reads[r].name : rule.reads[r].input(),
                              rule.reads[r].init,
                              {},
                              rule.reads[r].place});
      }
    out.update.assign(out.states.size(), -1);
    bool any = false;
    for (const Rule::Set &set : rule.sets) {
      if (set.event != end() || !isState(rule.reads[set.read]))
        continue;
      any = true;
      int value = copy(set.node);
      if (rule.reads[set.read].kind == Rule::Read::Kind::Weight) {
        value = append({.kind = NodeKind::Minimum, .a = value, .b = copy(rule.high), .op = "snn.weight"});
        value = append({.kind = NodeKind::Maximum, .a = value, .b = copy(rule.low), .op = "snn.weight"});
      }
      out.update[slotOf(set.read)] = value;
    }
    return any ? std::optional(std::move(out)) : std::nullopt;
  }

private:
  RuleEnd end() const { return static_cast<RuleEnd>(static_cast<unsigned>(which) % 3); }
  bool isTrace() const { return which >= RuleProgram::TracePre; }
  bool isState(const Rule::Read &read) const {
    using Kind = Rule::Read::Kind;
    return isTrace() ? read.kind == Kind::Trace && read.end == end() : read.kind == Kind::Weight || read.kind == Kind::Word;
  }
  uint32_t slotOf(uint32_t read) const {
    for (uint32_t s = 0; s < stateOf.size(); ++s)
      if (stateOf[s] == read)
        return s;
    return static_cast<uint32_t>(stateOf.size());
  }
  int append(Node node) {
    out.nodes.push_back(std::move(node));
    return static_cast<int>(out.nodes.size()) - 1;
  }

  int copy(int n) {
    if (copied[n] >= 0)
      return copied[n];
    Node node = rule.body.nodes[n];
    for (int *operand : {&node.a, &node.b, &node.c})
      if (*operand >= 0)
        *operand = copy(*operand);
    if (node.kind == NodeKind::Input) {
      const Rule::Read &read = rule.reads[node.slot];
      if (isState(read)) {
        node.kind = NodeKind::State;
        node.slot = slotOf(node.slot);
      } else {
        out.inputs.push_back({read.input(), {}, {}, read.place});
        node.slot = static_cast<uint32_t>(out.inputs.size()) - 1;
      }
    }
    return copied[n] = append(std::move(node));
  }

  const Rule &rule;
  const RuleProgram which;
  Model out;
  std::vector<uint32_t> stateOf; ///< By state slot: what it is of Rule::reads.
  std::vector<int> copied;
};
} // namespace

std::optional<Model> Rule::program(RuleProgram which) const { return Cutter(*this, which).run(); }

Result<std::pair<double, double>> Rule::bounds(const std::vector<Values> &params, double dt) const {
  Model both = body;
  both.states = {{"low", 0.0, {}}, {"high", 0.0, {}}};
  both.update = {low, high};
  RANVIER_TRY(const Folded folded, foldParameters(both, params, dt));
  double values[2] = {0, 0};
  for (int b : {0, 1}) {
    const Node &node = folded.model.nodes[folded.model.update[b]];
    values[b] = node.kind == NodeKind::Constant ? node.value : folded.params[node.slot][0];
  }
  if (!(values[0] <= values[1]))
    return body.error({.code = 5332,
                       .message = "the bounds of the weight are the wrong way round",
                       .expected = "the low one at most " + decimal(values[1]),
                       .found = decimal(values[0])});
  return std::pair(values[0], values[1]);
}

Result<LoweredRule> compiler::lowerRuleF32(const Rule &rule, const std::vector<Values> &params, double dt) {
  LoweredRule out;
  for (const Rule::Read &read : rule.reads)
    if (!read.name.empty())
      out.initial[read.name] = static_cast<double>(static_cast<float>(read.init));
  for (unsigned p = 0; p < numRulePrograms; ++p)
    if (const auto model = rule.program(static_cast<RuleProgram>(p))) {
      RANVIER_TRY(const Folded folded, foldParameters(*model, params, dt));
      RANVIER_TRY(out.programs[p], lowerF32(folded, {}));
      out.programs[p]->program.name = model->name + "_f32";
    }
  return out;
}
