//===- RuleFixed.cpp - Rules of plasticity in fixed point -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two number formats: that of traces, in which functions of a time are tabulated, and that of all other values. A node's format
// follows from its operands'; constants take the format that their use wants.
//===----------------------------------------------------------------------===//
#include "ranvier/Quantize/RuleFixed.h"
#include "ranvier/Support/FixedPoint.h"
#include "ranvier/Support/Text.h"
#include <cmath>
#include <map>

using namespace ranvier;
using namespace ranvier::compiler;
using isa::Opcode;

namespace {
uint32_t shiftBy(int shift) { return static_cast<uint32_t>(shift) | static_cast<uint32_t>(Rounding::Floor) << 8; }

class RuleConverter {
public:
  RuleConverter(const Folded &folded, RuleProgram which, double dt, const hw::Chip &chip, int thirdFraction)
      : folded(folded), model(folded.model), which(which), dt(dt), chip(chip), thirdFraction(thirdFraction),
        wide(static_cast<int>(chip.fractionBits)), narrow(static_cast<int>(chip.plasticity.traceFractionBits)) {}

  Result<Lowered> run() {
    out.program.name = model.name + "_int";
    out.program.profile = isa::Profile::Int;
    for (const auto &slot : model.states)
      out.program.states.push_back(slot.name);
    for (const auto &slot : model.inputs)
      out.program.inputs.push_back(slot.name);
    classify();
    values.resize(model.nodes.size());
    std::vector<int> stored(model.update.size(), -1);
    for (size_t s = 0; s < model.update.size(); ++s)
      if (model.update[s] >= 0) {
        RANVIER_TRY(stored[s], result(model.update[s]));
      }
    for (size_t s = 0; s < stored.size(); ++s)
      if (stored[s] >= 0)
        code.effect(Opcode::StState, stored[s], -1, static_cast<uint32_t>(s));
    if (!code.allocate(out.program.code))
      return model.error({.code = 5103,
                          .message = "too many values are alive at once",
                          .expected = "at most " + std::to_string(isa::maxRegisters),
                          .kind = ErrorKind::DoesNotFit});
    RANVIER_CHECK(checkProgram(model, out.program));
    return std::move(out);
  }

private:
  struct Value {
    int word = -1;
    int fraction = 0; ///< Of booleans 0.
  };
  static constexpr int constant = -1, several = -2;
  static constexpr int mostShift = 8; ///< Of a table's steps.

  bool ofTraces() const { return which >= RuleProgram::TracePre; }
  bool isElapsed(const Node &node) const {
    return node.kind == NodeKind::Input && model.inputs[node.slot].name.ends_with(".elapsed");
  }

  /// Times are numbers of steps: an elapsed time, the lesser or greater of two, and the difference of two, at least 0.
  bool isTime(const Node &node) const {
    switch (node.kind) {
    case NodeKind::Input:
      return isElapsed(node);
    case NodeKind::Minimum:
    case NodeKind::MinNum:
    case NodeKind::Maximum:
    case NodeKind::MaxNum:
    case NodeKind::Sub:
      return of[node.a] == node.a && of[node.b] == node.b;
    default:
      return false;
    }
  }

  /// What each node depends on: constants alone, one time (that node), or more. A time depends on itself.
  void classify() {
    of.resize(model.nodes.size());
    for (int n = 0; n < static_cast<int>(model.nodes.size()); ++n) {
      const Node &node = model.nodes[n];
      if (node.kind == NodeKind::Constant || node.kind == NodeKind::Parameter)
        of[n] = constant;
      else if (isTime(node))
        of[n] = n;
      else if (node.kind <= NodeKind::Random)
        of[n] = several;
      else {
        of[n] = constant;
        for (const int operand : {node.a, node.b, node.c})
          if (operand >= 0 && of[operand] != constant)
            of[n] = of[n] == constant || of[n] == of[operand] ? of[operand] : several;
      }
    }
    steps.assign(model.nodes.size(), -1);
  }

  /// The steps of a time.
  int stepsOf(int n) {
    if (steps[n] >= 0)
      return steps[n];
    const Node &node = model.nodes[n];
    if (node.kind == NodeKind::Input)
      return steps[n] = code.value(Opcode::LdInput, -1, -1, node.slot);
    const int a = stepsOf(node.a), b = stepsOf(node.b);
    if (node.kind == NodeKind::Sub)
      return steps[n] = code.value(Opcode::Max, code.value(Opcode::Sub, a, b), li(0));
    const bool least = node.kind == NodeKind::Minimum || node.kind == NodeKind::MinNum;
    return steps[n] = code.value(least ? Opcode::Min : Opcode::Max, a, b);
  }

  int li(int64_t word) { return code.value(Opcode::Li, -1, -1, static_cast<uint32_t>(static_cast<int32_t>(word))); }
  int shifted(int word, int from, int to) {
    return from == to  ? word
           : from < to ? code.value(Opcode::Shls, word, -1, static_cast<uint32_t>(to - from))
                       : code.value(Opcode::Shr, word, -1, shiftBy(from - to));
  }

  double constantOf(int n) const {
    const Node &node = model.nodes[n];
    return node.kind == NodeKind::Constant ? node.value : folded.params[node.slot][0];
  }
  Result<int> encoded(int n, int fraction) {
    const double word = std::round(std::ldexp(constantOf(n), fraction));
    if (!(std::fabs(word) <= 0x1.fffffffcp30))
      return model.error({.code = 5336,
                          .message = "a number of the rule does not fit its word",
                          .expected = "a magnitude below " + decimal(std::ldexp(1, 31 - fraction)),
                          .found = decimal(constantOf(n)),
                          .kind = ErrorKind::CannotRun},
                         n);
    return li(static_cast<int64_t>(word));
  }

  /// A node in a given format; constants get it directly.
  Result<int> as(int n, int fraction) {
    if (of[n] == constant)
      return encoded(n, fraction);
    RANVIER_TRY(const Value value, node(n));
    return shifted(value.word, value.fraction, fraction);
  }
  /// The format of an operand; none of a constant.
  Result<int> fractionOf(int n) {
    if (of[n] == constant)
      return -1;
    RANVIER_TRY(const Value value, node(n));
    return value.fraction;
  }
  /// The finer of two operands' formats, which both get.
  Result<int> common(int a, int b) {
    RANVIER_TRY(const int x, fractionOf(a));
    RANVIER_TRY(const int y, fractionOf(b));
    const int finer = std::max(x, y);
    return finer < 0 ? wide : finer;
  }

  /// What is stored: a trace saturates at its width, a word of a synapse at a word's.
  Result<int> result(int n) {
    if (!ofTraces())
      return as(n, wide);
    RANVIER_TRY(int word, as(n, narrow));
    const int64_t top = (int64_t(1) << (chip.plasticity.traceBits - 1)) - 1;
    if (of[n] == constant || chip.plasticity.traceBits == 32)
      return word;
    return code.value(Opcode::Max, code.value(Opcode::Min, word, li(top)), li(-top - 1));
  }

  Result<Value> node(int n) {
    if (values[n].word >= 0)
      return values[n];
    RANVIER_TRY(values[n], compute(n));
    return values[n];
  }

  Result<Value> compute(int n) {
    const Node &node = model.nodes[n];
    if (of[n] >= 0)
      return table(n);
    if (node.kind == NodeKind::State)
      return Value{code.value(Opcode::LdState, -1, -1, node.slot), ofTraces() ? narrow : wide};
    if (node.kind == NodeKind::Input) {
      const int word = code.value(Opcode::LdInput, -1, -1, node.slot);
      if (model.inputs[node.slot].name == "third.amount")
        return Value{shifted(word, thirdFraction, wide), wide};
      return Value{word, narrow};
    }
    if (node.kind == NodeKind::Mul || node.kind == NodeKind::Div)
      return product(n);
    if (node.boolean)
      return logic(n);
    switch (node.kind) {
    case NodeKind::Add:
    case NodeKind::Sub:
    case NodeKind::Maximum:
    case NodeKind::MaxNum:
    case NodeKind::Minimum:
    case NodeKind::MinNum: {
      RANVIER_TRY(const int fraction, common(node.a, node.b));
      RANVIER_TRY(const int a, as(node.a, fraction));
      RANVIER_TRY(const int b, as(node.b, fraction));
      const Opcode op = node.kind == NodeKind::Add                                        ? Opcode::Adds
                        : node.kind == NodeKind::Sub                                      ? Opcode::Subs
                        : node.kind == NodeKind::Maximum || node.kind == NodeKind::MaxNum ? Opcode::Max
                                                                                          : Opcode::Min;
      return Value{code.value(op, a, b), fraction};
    }
    case NodeKind::Neg: {
      RANVIER_TRY(const Value a, this->node(node.a));
      return Value{code.value(Opcode::Subs, li(0), a.word), a.fraction};
    }
    case NodeKind::Abs: {
      RANVIER_TRY(const Value a, this->node(node.a));
      return Value{code.value(Opcode::Max, a.word, code.value(Opcode::Subs, li(0), a.word)), a.fraction};
    }
    case NodeKind::Select: {
      RANVIER_TRY(const int condition, as(node.a, 0));
      RANVIER_TRY(const int fraction, common(node.b, node.c));
      RANVIER_TRY(const int b, as(node.b, fraction));
      RANVIER_TRY(const int c, as(node.c, fraction));
      return Value{code.value(Opcode::Sel, b, c, 0, condition), fraction};
    }
    case NodeKind::FromBool: {
      RANVIER_TRY(const int a, as(node.a, 0));
      return Value{code.value(Opcode::Sel, li(int64_t(1) << narrow), li(0), 0, a), narrow};
    }
    default:
      return model.error({.code = 5335,
                          .message = node.op + " of a value that is no function of one time alone has no fixed-point form",
                          .kind = ErrorKind::CannotRun},
                         n);
    }
  }

  /// A product of two traces is one, any other has the wide format; it is rounded down.
  Result<Value> product(int n) {
    const Node &node = model.nodes[n];
    if (node.kind == NodeKind::Div && (of[node.b] != constant || constantOf(node.b) == 0))
      return model.error({.code = 5335,
                          .message = "division by a value that changes, or by 0, has no fixed-point form",
                          .kind = ErrorKind::CannotRun},
                         n);
    int a = node.a, b = node.b;
    if (node.kind == NodeKind::Mul && of[a] == constant)
      std::swap(a, b);
    RANVIER_TRY(const Value x, this->node(a));
    if (of[b] == constant) {
      const double factor = node.kind == NodeKind::Div ? 1 / constantOf(b) : constantOf(b);
      const double word = std::round(std::ldexp(factor, wide));
      if (!(std::fabs(word) <= 0x1.fffffffcp30))
        return model.error({.code = 5336,
                            .message = "a factor of the rule does not fit its word",
                            .expected = "a magnitude below " + decimal(std::ldexp(1, 31 - wide)),
                            .found = decimal(factor),
                            .kind = ErrorKind::CannotRun},
                           n);
      return Value{code.value(Opcode::Mulshs, x.word, li(static_cast<int64_t>(word)), shiftBy(x.fraction)), wide};
    }
    RANVIER_TRY(const Value y, this->node(b));
    const bool bothWide = x.fraction == wide && y.fraction == wide;
    return Value{code.value(Opcode::Mulshs, x.word, y.word, shiftBy(bothWide ? wide : narrow)), std::max(x.fraction, y.fraction)};
  }

  Result<Value> logic(int n) {
    const Node &node = model.nodes[n];
    if (node.kind != NodeKind::Compare) {
      RANVIER_TRY(const int a, as(node.a, 0));
      RANVIER_TRY(const int b, as(node.b, 0));
      const Opcode op = node.kind == NodeKind::And ? Opcode::And : node.kind == NodeKind::Or ? Opcode::Or : Opcode::Xor;
      return Value{code.value(op, a, b), 0};
    }
    RANVIER_TRY(const int fraction, common(node.a, node.b));
    RANVIER_TRY(const int a, as(node.a, fraction));
    RANVIER_TRY(const int b, as(node.b, fraction));
    const auto no = [&](int word) { return code.value(Opcode::Lnot, word); };
    switch (node.predicate) {
    case Predicate::OLT:
    case Predicate::ULT:
      return Value{code.value(Opcode::Lt, a, b), 0};
    case Predicate::OGT:
    case Predicate::UGT:
      return Value{code.value(Opcode::Lt, b, a), 0};
    case Predicate::OLE:
    case Predicate::ULE:
      return Value{code.value(Opcode::Le, a, b), 0};
    case Predicate::OGE:
    case Predicate::UGE:
      return Value{code.value(Opcode::Le, b, a), 0};
    case Predicate::OEQ:
    case Predicate::UEQ:
      return Value{code.value(Opcode::Eq, a, b), 0};
    case Predicate::ONE:
    case Predicate::UNE:
      return Value{no(code.value(Opcode::Eq, a, b)), 0};
    case Predicate::True:
    case Predicate::ORD:
      return Value{li(1), 0};
    default: // no number of a chip is NaN
      return Value{li(0), 0};
    }
  }

  /// A function of one time, by number of steps, or of 2, 4, ... steps where a table for each would be too long. Beyond the table
  /// it keeps its last value, which must be the right one.
  Result<Value> table(int n) {
    Model alone = model;
    alone.states = {{"value", 0.0, {}}};
    alone.update = {n};
    alone.spike = alone.payload = -1;
    alone.nodes[of[n]] = {.kind = NodeKind::Input, .slot = static_cast<uint32_t>(model.inputs.size())};
    std::vector<double> constants;
    for (const Values &value : folded.params)
      constants.push_back(value[0]);
    const bool boolean = model.nodes[n].boolean;
    const double most = boolean ? 1 : std::ldexp(1.0, static_cast<int>(chip.plasticity.traceBits) - 1) - 1;
    const auto at = [&](double time) {
      std::vector<double> state{0.0}, inputs(model.inputs.size() + 1, 0.0);
      inputs.back() = static_cast<double>(static_cast<float>(time * dt));
      evaluate(alone, constants, dt, state, inputs);
      return boolean ? state[0] : std::round(std::ldexp(state[0], narrow));
    };
    const auto endsBy = [&](double last) {
      return at(last) == at(0x1p26) && at(last) == at(0x1p24) && at(last) == at(last * 2) && at(last) == at(last * 8);
    };
    const unsigned size = chip.plasticity.tableEntries;
    int shift = 0;
    while (shift < mostShift && !endsBy(std::ldexp(size - 1, shift)))
      ++shift;
    if (!endsBy(std::ldexp(size - 1, shift)))
      return model.error({.code = 5334,
                          .message = "a function of time still changes where the chip's tables end",
                          .expected = "its last value within " + decimal(std::ldexp(size, shift)) + " steps",
                          .found = decimal(std::ldexp(at(std::ldexp(size - 1, shift)), -narrow)),
                          .hint = "shorter time constants, or a longer time step",
                          .kind = ErrorKind::CannotRun},
                         n);
    std::vector<int32_t> entries;
    for (unsigned k = 0; k < size; ++k) {
      const double word = at(std::ldexp(k, shift));
      if (!(std::fabs(word) <= most))
        return model.error({.code = 5336,
                            .message = "a function of time does not fit a trace's word",
                            .expected = "a magnitude below " + decimal(std::ldexp(most + 1, -narrow)),
                            .found = decimal(std::ldexp(word, -narrow)) + " after " + decimal(std::ldexp(k, shift)) + " steps",
                            .kind = ErrorKind::CannotRun},
                           n);
      entries.push_back(static_cast<int32_t>(word));
    }
    while (entries.size() > 1 && entries[entries.size() - 2] == entries.back())
      entries.pop_back();
    auto &tables = out.program.tables;
    size_t index = std::find(tables.begin(), tables.end(), entries) - tables.begin();
    if (index == tables.size())
      tables.push_back(std::move(entries));
    int time = stepsOf(of[n]);
    if (shift)
      time = code.value(Opcode::Shr, time, -1, shiftBy(shift));
    return Value{code.value(Opcode::Lut, time, -1, static_cast<uint32_t>(index)), boolean ? 0 : narrow};
  }

  const Folded &folded;
  const Model &model;
  const RuleProgram which;
  const double dt;
  const hw::Chip &chip;
  const int thirdFraction, wide, narrow;
  Lowered out;
  CodeBuilder code;
  std::vector<int> of, steps;
  std::vector<Value> values;
};
} // namespace

Result<LoweredRule> compiler::lowerRuleFixed(const Rule &rule, const std::vector<Values> &params, double dt, const hw::Chip &chip,
                                             int fraction, int thirdFraction) {
  LoweredRule out;
  out.weightShift = chip.fractionBits - static_cast<unsigned>(fraction);
  out.weightScale = std::ldexp(1.0, -fraction);
  for (const Rule::Read &read : rule.reads)
    if (!read.name.empty()) {
      const bool trace = read.kind == Rule::Read::Kind::Trace;
      out.initial[read.name] =
          std::round(std::ldexp(read.init, static_cast<int>(trace ? chip.plasticity.traceFractionBits : chip.fractionBits)));
    }
  for (unsigned p = 0; p < numRulePrograms; ++p)
    if (const auto model = rule.program(static_cast<RuleProgram>(p))) {
      RANVIER_TRY(const Folded folded, foldParameters(*model, params, dt));
      RANVIER_TRY(out.programs[p], RuleConverter(folded, static_cast<RuleProgram>(p), dt, chip, thirdFraction).run());
    }
  return out;
}
