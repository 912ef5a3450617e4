//===- FloatLowering.cpp - A model as f32 microcode -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/FloatLowering.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <bit>
#include <cmath>

using namespace ranvier;
using namespace ranvier::compiler;
using isa::Opcode;

namespace {
class FloatLowering {
public:
  FloatLowering(const Folded &folded, const std::vector<Values> &bias, bool reload)
      : folded(folded), model(folded.model), bias(bias), reload(reload) {}

  /// False in `fits`: too many values alive at once.
  Result<Lowered> run(bool &fits) {
    Lowered out;
    out.program.name = model.name;
    out.program.profile = isa::Profile::F32;
    for (const auto &slot : model.states)
      out.program.states.push_back(slot.name);
    for (const auto &slot : model.inputs)
      out.program.inputs.push_back(slot.name);
    for (size_t p = 0; p < folded.params.size(); ++p) {
      RANVIER_TRY(Values rounded, round(folded.params[p], model.params[p].name));
      rounded = compact(std::move(rounded));
      unit.push_back(allEqual(rounded, 1.0));
      params.push_back(std::move(rounded));
      names.push_back(model.params[p].name);
    }
    for (size_t i = 0; i < bias.size(); ++i) {
      biasSlot.push_back(-1);
      if (bias[i].empty() || allEqual(bias[i], 0.0))
        continue;
      RANVIER_TRY(Values rounded, round(bias[i], "bias of " + model.inputs[i].name));
      biasSlot.back() = static_cast<int>(params.size());
      params.push_back(compact(std::move(rounded)));
      names.push_back(uniqueName("bias_" + model.inputs[i].name));
    }
    slotUsed.assign(params.size(), -1);
    where.assign(model.nodes.size(), -1);
    for (size_t n = 0; n < model.nodes.size(); ++n)
      if (!isLeaf(model.nodes[n]))
        where[n] = node(model.nodes[n]);
    finish();
    fits = code.allocate(out.program.code);
    // Parameters that no instruction reads (factors of 1) take no slot.
    for (size_t p = 0; p < params.size(); ++p)
      if (slotUsed[p] >= 0) {
        if (out.params.size() <= size_t(slotUsed[p])) {
          out.params.resize(slotUsed[p] + 1);
          out.program.params.resize(slotUsed[p] + 1);
        }
        out.params[slotUsed[p]] = params[p];
        out.program.params[slotUsed[p]] = names[p];
      }
    return std::move(out);
  }

private:
  static bool isLeaf(const Node &node) { return node.kind <= NodeKind::Random; }

  Result<Values> round(const Values &values, const std::string &name) {
    Values out(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      out[i] = static_cast<double>(static_cast<float>(values[i]));
      if (!std::isfinite(out[i]))
        return model.error({.code = 5102,
                            .message = "parameter '" + name + "' of neuron " + std::to_string(i) + " overflows binary32",
                            .expected = "a magnitude below 3.4e38",
                            .found = decimal(values[i])});
    }
    return out;
  }

  std::string uniqueName(std::string name) const {
    while (std::find(names.begin(), names.end(), name) != names.end())
      name += "_";
    return name;
  }

  int constant(float number) { return code.value(Opcode::Li, -1, -1, std::bit_cast<uint32_t>(number)); }
  int loadParam(int param) {
    if (slotUsed[param] < 0)
      slotUsed[param] = slots++;
    return code.value(Opcode::LdParam, -1, -1, static_cast<uint32_t>(slotUsed[param]));
  }

  /// The value of an operand. Leaves are loaded at their first use, so that they do not occupy a register before; constants and
  /// parameters again at each use if registers are short.
  int operand(int n) {
    if (where[n] >= 0)
      return where[n];
    const Node &leaf = model.nodes[n];
    int value = -1;
    bool again = false;
    switch (leaf.kind) {
    case NodeKind::Constant:
      value = leaf.boolean ? code.value(Opcode::Li, -1, -1, leaf.value != 0) : constant(static_cast<float>(leaf.value));
      again = reload;
      break;
    case NodeKind::Parameter:
      value = loadParam(static_cast<int>(leaf.slot));
      if (leaf.boolean) // 1.0f or 0.0f: make it the word 1 or 0 that logic works on
        value = code.value(Opcode::Lnot, code.value(Opcode::Lnot, value));
      again = reload;
      break;
    case NodeKind::State:
      value = code.value(Opcode::LdState, -1, -1, leaf.slot);
      break;
    case NodeKind::Input:
      value = code.value(Opcode::LdInput, -1, -1, leaf.slot);
      if (leaf.slot < biasSlot.size() && biasSlot[leaf.slot] >= 0)
        value = code.value(Opcode::Fadd, value, loadParam(biasSlot[leaf.slot]));
      break;
    case NodeKind::Random:
      value = code.value(Opcode::Frng, -1, -1, leaf.slot);
      break;
    default:
      RANVIER_ASSERT(false, "not a leaf");
    }
    if (!again)
      where[n] = value;
    return value;
  }

  bool isUnit(int n) const {
    const Node &leaf = model.nodes[n];
    return (leaf.kind == NodeKind::Parameter && unit[leaf.slot]) || (leaf.kind == NodeKind::Constant && leaf.value == 1.0);
  }

  int node(const Node &n) {
    if (n.kind == NodeKind::Mul && isUnit(n.a))
      return operand(n.b);
    if ((n.kind == NodeKind::Mul || n.kind == NodeKind::Div) && isUnit(n.b))
      return operand(n.a);
    const int a = operand(n.a), b = n.b >= 0 ? operand(n.b) : -1;
    switch (n.kind) {
    case NodeKind::Add:
      return code.value(Opcode::Fadd, a, b);
    case NodeKind::Sub:
      return code.value(Opcode::Fsub, a, b);
    case NodeKind::Mul:
      return code.value(Opcode::Fmul, a, b);
    case NodeKind::Div:
      return code.value(Opcode::Fdiv, a, b);
    case NodeKind::Neg:
      return code.value(Opcode::Fneg, a);
    case NodeKind::Abs:
      return code.value(Opcode::Fabs, a);
    case NodeKind::Floor:
      return code.value(Opcode::Ffloor, a);
    case NodeKind::Sqrt:
      return code.value(Opcode::Fsqrt, a);
    case NodeKind::Exp:
      return code.value(Opcode::Fexp, a);
    case NodeKind::Log:
      return code.value(Opcode::Flog, a);
    case NodeKind::Maximum:
      return code.value(Opcode::Fmax, a, b);
    case NodeKind::Minimum:
      return code.value(Opcode::Fmin, a, b);
    case NodeKind::MaxNum:
      return numberOf(code.value(Opcode::Fmax, a, b), a, b);
    case NodeKind::MinNum:
      return numberOf(code.value(Opcode::Fmin, a, b), a, b);
    case NodeKind::Select:
      return code.value(Opcode::Sel, b, operand(n.c), 0, a);
    case NodeKind::FromBool: {
      const int one = constant(1.0f), zero = constant(0.0f);
      return code.value(Opcode::Sel, one, zero, 0, a);
    }
    case NodeKind::Compare:
      return comparison(n.predicate, a, b);
    case NodeKind::And:
      return code.value(Opcode::And, a, b);
    case NodeKind::Or:
      return code.value(Opcode::Or, a, b);
    case NodeKind::Xor:
      return code.value(Opcode::Xor, a, b);
    default:
      RANVIER_ASSERT(false, "a leaf is loaded, not computed");
    }
  }

  /// IEEE 754-2008 maxNum/minNum from maximum/minimum: a NaN operand gives way to the other.
  int numberOf(int extreme, int a, int b) {
    const int keepA = code.value(Opcode::Sel, extreme, b, 0, code.value(Opcode::Feq, a, a));
    return code.value(Opcode::Sel, keepA, a, 0, code.value(Opcode::Feq, b, b));
  }

  int comparison(Predicate predicate, int a, int b) {
    const auto unequal = [&] { return code.value(Opcode::Or, code.value(Opcode::Flt, a, b), code.value(Opcode::Flt, b, a)); };
    const auto ordered = [&] { return code.value(Opcode::And, code.value(Opcode::Feq, a, a), code.value(Opcode::Feq, b, b)); };
    const auto no = [&](int v) { return code.value(Opcode::Lnot, v); };
    switch (predicate) {
    case Predicate::False:
      return code.value(Opcode::Li, -1, -1, 0);
    case Predicate::OEQ:
      return code.value(Opcode::Feq, a, b);
    case Predicate::OGT:
      return code.value(Opcode::Flt, b, a);
    case Predicate::OGE:
      return code.value(Opcode::Fle, b, a);
    case Predicate::OLT:
      return code.value(Opcode::Flt, a, b);
    case Predicate::OLE:
      return code.value(Opcode::Fle, a, b);
    case Predicate::ONE:
      return unequal();
    case Predicate::ORD:
      return ordered();
    case Predicate::UEQ:
      return no(unequal());
    case Predicate::UGT:
      return no(code.value(Opcode::Fle, a, b));
    case Predicate::UGE:
      return no(code.value(Opcode::Flt, a, b));
    case Predicate::ULT:
      return no(code.value(Opcode::Fle, b, a));
    case Predicate::ULE:
      return no(code.value(Opcode::Flt, b, a));
    case Predicate::UNE:
      return no(code.value(Opcode::Feq, a, b));
    case Predicate::UNO:
      return no(ordered());
    case Predicate::True:
      return code.value(Opcode::Li, -1, -1, 1);
    }
    return -1;
  }

  void finish() {
    // All values first: a state may be read after another one's update in the text, yet must be read as it was.
    std::vector<int> stored(model.update.size(), -1);
    for (size_t s = 0; s < model.update.size(); ++s)
      if (model.update[s] >= 0)
        stored[s] = operand(model.update[s]);
    const int condition = model.spike >= 0 ? operand(model.spike) : -1, payload = model.payload >= 0 ? operand(model.payload) : -1;
    for (size_t s = 0; s < stored.size(); ++s)
      if (stored[s] >= 0)
        code.effect(Opcode::StState, stored[s], -1, static_cast<uint32_t>(s));
    if (condition >= 0 && payload >= 0)
      code.effect(Opcode::Spkp, condition, payload);
    else if (condition >= 0)
      code.effect(Opcode::Spk, condition);
  }

  const Folded &folded;
  const Model &model;
  const std::vector<Values> &bias;
  const bool reload;
  CodeBuilder code;
  std::vector<Values> params;
  std::vector<std::string> names;
  std::vector<bool> unit;
  std::vector<int> biasSlot, slotUsed, where;
  int slots = 0;
};
} // namespace

/// Parameters and what is computed from them alone may be f64; nothing else may, because no program could hold it.
static Result<void> refuseWideValues(const Model &model) {
  for (size_t n = 0; n < model.nodes.size(); ++n) {
    const Node &node = model.nodes[n];
    if (node.wide && node.kind != NodeKind::Constant && node.kind != NodeKind::Parameter)
      return model.error({.code = 5105,
                          .message = "a value of type f64 that changes from step to step (" + node.op + ")",
                          .expected = "f32",
                          .found = "f64",
                          .hint = "parameters and expressions of parameters may be f64",
                          .kind = ErrorKind::CannotRun},
                         static_cast<int>(n));
  }
  return {};
}

Result<Lowered> compiler::lowerF32(const Folded &folded, const std::vector<Values> &bias) {
  RANVIER_CHECK(refuseWideValues(folded.model));
  for (bool reload : {false, true}) {
    bool fits = false;
    RANVIER_TRY(Lowered lowered, FloatLowering(folded, bias, reload).run(fits));
    if (!fits)
      continue;
    RANVIER_CHECK(checkProgram(folded.model, lowered.program));
    return lowered;
  }
  return folded.model.error({.code = 5103,
                             .message = "too many values are alive at once",
                             .expected = "at most " + std::to_string(isa::maxRegisters),
                             .hint = "compute values closer to their use",
                             .kind = ErrorKind::DoesNotFit});
}

Lowered compiler::junctionF32(const Values &bias) {
  Lowered out;
  out.program.name = "junction";
  out.program.profile = isa::Profile::F32;
  out.program.inputs = {"x"};
  CodeBuilder code;
  int sum = code.value(Opcode::LdInput, -1, -1, 0);
  if (!bias.empty() && !allEqual(bias, 0.0)) {
    Values rounded(bias.size());
    for (size_t i = 0; i < bias.size(); ++i)
      rounded[i] = static_cast<double>(static_cast<float>(bias[i]));
    out.params.push_back(compact(std::move(rounded)));
    out.program.params.push_back("bias_x");
    sum = code.value(Opcode::Fadd, sum, code.value(Opcode::LdParam, -1, -1, 0));
  }
  const int zero = code.value(Opcode::Li, -1, -1, 0);
  code.effect(Opcode::Spkp, code.value(Opcode::Lnot, code.value(Opcode::Feq, sum, zero)), sum);
  code.allocate(out.program.code);
  return out;
}
