//===- FixedPoint.cpp - Any model as int microcode ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/FixedPoint.h"
#include "ranvier/Support/FixedPoint.h"
#include <map>
#include <tuple>

using namespace ranvier;
using namespace ranvier::compiler;
using isa::Opcode;

namespace {
/// Immediate of a rounding shift: bits 0-7 shift, bits 8-15 mode.
uint32_t rounded(int shift, Rounding mode = Rounding::NearestUp) {
  return static_cast<uint32_t>(shift) | static_cast<uint32_t>(mode) << 8;
}

class Converter {
public:
  Converter(const Folded &folded, const FixedPlan &plan, const FixedOptions &options, bool reload)
      : folded(folded), model(folded.model), plan(plan), options(options), reload(reload) {}

  FixedModel run(bool &fits) {
    out.lowered.program.name = model.name;
    out.lowered.program.profile = isa::Profile::Int;
    for (const auto &slot : model.states)
      out.lowered.program.states.push_back(slot.name);
    for (const auto &slot : model.inputs)
      out.lowered.program.inputs.push_back(slot.name);
    words.assign(model.nodes.size(), -1);
    for (size_t n = 0; n < model.nodes.size(); ++n)
      if (model.nodes[n].kind > NodeKind::Random)
        words[n] = compute(model.nodes[n], plan.nodes[n]);
    finish();
    fits = code.allocate(out.lowered.program.code);
    for (const Format &state : plan.states) {
      out.stateFraction.push_back(state.fraction);
      out.stateRange.push_back(state.range);
    }
    out.comparisonError = plan.comparisonError;
    return std::move(out);
  }

private:
  int li(double word) { return code.value(Opcode::Li, -1, -1, static_cast<uint32_t>(static_cast<int32_t>(word))); }

  /// A parameter slot with these numbers. The name is for readers: a model may have a parameter called like a derived one.
  int loadParam(const std::string &name, int fraction, const Values &real) {
    Values encoded(real.size());
    for (size_t i = 0; i < real.size(); ++i)
      encoded[i] = std::round(std::ldexp(real[i], fraction));
    encoded = compact(std::move(encoded));
    auto &names = out.lowered.program.params;
    for (std::string slot = name + (fraction == 0 ? "" : "_q" + std::to_string(fraction));; slot += "_") {
      const size_t at = std::find(names.begin(), names.end(), slot) - names.begin();
      if (at == names.size()) {
        names.push_back(slot);
        out.lowered.params.push_back(encoded);
      } else if (out.lowered.params[at] != encoded) {
        continue;
      }
      return code.value(Opcode::LdParam, -1, -1, static_cast<uint32_t>(at));
    }
  }

  /// A constant or parameter as an integer with the given fraction; `inverse`: its reciprocal.
  int encoded(int n, int fraction, bool inverse = false) {
    const auto key = std::tuple(n, fraction, inverse);
    if (auto known = constants.find(key); known != constants.end() && !reload)
      return known->second;
    const Node &leaf = model.nodes[n];
    Values real = leaf.kind == NodeKind::Constant ? Values{leaf.value} : folded.params[leaf.slot];
    if (inverse)
      for (double &value : real)
        value = 1 / value;
    const int value = leaf.kind == NodeKind::Constant
                          ? li(std::round(std::ldexp(real[0], fraction)))
                          : loadParam((inverse ? "inverse_" : "") + model.params[leaf.slot].name, fraction, real);
    return constants[key] = value;
  }

  /// The word of a node in its own format.
  int word(int n) {
    if (words[n] >= 0)
      return words[n];
    const Node &leaf = model.nodes[n];
    switch (leaf.kind) {
    case NodeKind::State:
      return words[n] = code.value(Opcode::LdState, -1, -1, leaf.slot);
    case NodeKind::Input:
      return words[n] = input(leaf, plan.nodes[n]);
    case NodeKind::Random: {
      // The 30 high bits of the unsigned word: flip the sign bit, shift, move [-2^29, 2^29) to [0, 2^30).
      const int bits =
          code.value(Opcode::Xor, code.value(Opcode::Rng, -1, -1, leaf.slot), code.value(Opcode::Li, -1, -1, 0x80000000u));
      const int centred = code.value(Opcode::Shr, bits, -1, rounded(2, Rounding::Floor));
      return words[n] = code.value(Opcode::Add, centred, li(1 << 29));
    }
    default:
      return encoded(n, plan.nodes[n].fraction);
    }
  }

  int input(const Node &leaf, const Format &format) {
    int sum = code.value(Opcode::LdInput, -1, -1, leaf.slot);
    if (leaf.slot < options.inputTop.size() && options.inputTop[leaf.slot] > 0)
      sum = code.value(Opcode::Min, sum, li(options.inputTop[leaf.slot]));
    if (inputScale(options, leaf.slot) == 1)
      sum = shifted(sum, options.inputFraction[leaf.slot], format.fraction, format.saturates ? Opcode::Shls : Opcode::Shl);
    if (const double scale = inputScale(options, leaf.slot); scale != 1) {
      const int factor = li(std::round(std::ldexp(scale, scaleBits)));
      sum = code.value(Opcode::Mulsh, sum, factor, rounded(options.inputFraction[leaf.slot] + scaleBits - format.fraction));
    }
    Interval range = options.inputs[leaf.slot];
    if (options.bias.size() > leaf.slot && !options.bias[leaf.slot].empty()) {
      const Values &bias = options.bias[leaf.slot];
      range = {range.low + smallest(bias), range.high + largest(bias)};
      sum = code.value(format.saturates ? Opcode::Adds : Opcode::Add, sum,
                       loadParam("bias_" + model.inputs[leaf.slot].name, format.fraction, bias));
    }
    if (range.low < format.range.low || range.high > format.range.high)
      sum = clamp(sum, format.range, format.fraction);
    return sum;
  }

  int clamp(int value, const Interval &range, int fraction) {
    const double low = std::ceil(std::ldexp(range.low, fraction)), high = std::floor(std::ldexp(range.high, fraction));
    const int floor = li(std::min(low, high));
    const int above = code.value(Opcode::Max, value, floor);
    const int ceiling = li(high);
    return code.value(Opcode::Min, above, ceiling);
  }

  int shifted(int value, int from, int to, Opcode up = Opcode::Shl) {
    for (; from > to; from -= std::min(from - to, 31))
      value = code.value(Opcode::Shr, value, -1, rounded(std::min(from - to, 31)));
    for (; to > from; from += std::min(to - from, 31)) // by more than a word only where the interval says that the word is 0
      value = code.value(up, value, -1, static_cast<uint32_t>(std::min(to - from, 31)));
    return value;
  }
  /// The word of a node brought to a fraction.
  int word(int n, int fraction) {
    if (plan.nodes[n].flexible)
      return encoded(n, fraction);
    return shifted(word(n), plan.nodes[n].fraction, fraction);
  }

  int negated(int value, const Format &format) {
    return format.saturates ? code.value(Opcode::Subs, li(0), value) : code.value(Opcode::Neg, value);
  }

  int product(int a, int fractionA, int b, int fractionB, const Format &format) {
    return code.value(format.saturates ? Opcode::Mulshs : Opcode::Mulsh, a, b, rounded(fractionA + fractionB - format.fraction));
  }

  int compute(const Node &n, const Format &format) {
    const auto of = [&](int operand) -> const Format & { return plan.nodes[operand]; };
    const auto two = [&](Opcode op, int fraction) {
      const int a = word(n.a, fraction), b = word(n.b, fraction);
      return code.value(op, a, b);
    };
    switch (n.kind) {
    case NodeKind::Add:
      return two(format.saturates ? Opcode::Adds : Opcode::Add, format.fraction);
    case NodeKind::Sub:
      return two(format.saturates ? Opcode::Subs : Opcode::Sub, format.fraction);
    case NodeKind::Mul: {
      const int a = word(n.a), b = word(n.b);
      return product(a, of(n.a).fraction, b, of(n.b).fraction, format);
    }
    case NodeKind::Div: {
      const int fraction = fittingFraction(inverseRange(n.b));
      const int a = word(n.a), b = encoded(n.b, fraction, true);
      return product(a, of(n.a).fraction, b, fraction, format);
    }
    case NodeKind::Neg:
      return negated(word(n.a), format);
    case NodeKind::Abs:
      return format.saturates ? code.value(Opcode::Max, word(n.a), negated(word(n.a), format)) : code.value(Opcode::Abs, word(n.a));
    case NodeKind::Floor:
      return of(n.a).fraction <= 0
                 ? word(n.a)
                 : code.value(Opcode::Shr, word(n.a), -1, rounded(std::min(of(n.a).fraction, 31), Rounding::Floor));
    case NodeKind::Maximum:
    case NodeKind::MaxNum:
      return two(Opcode::Max, format.fraction);
    case NodeKind::Minimum:
    case NodeKind::MinNum:
      return two(Opcode::Min, format.fraction);
    case NodeKind::Select: {
      const int c = word(n.a), a = word(n.b, format.fraction), b = word(n.c, format.fraction);
      return code.value(Opcode::Sel, a, b, 0, c);
    }
    case NodeKind::FromBool:
      return word(n.a);
    case NodeKind::Compare: {
      const Interval both{std::min(of(n.a).range.low, of(n.b).range.low), std::max(of(n.a).range.high, of(n.b).range.high)};
      const int fraction = commonFraction(of(n.a), of(n.b), both);
      const int a = word(n.a, fraction), b = word(n.b, fraction);
      return comparison(n.predicate, a, b);
    }
    case NodeKind::And:
      return code.value(Opcode::And, word(n.a), word(n.b));
    case NodeKind::Or:
      return code.value(Opcode::Or, word(n.a), word(n.b));
    case NodeKind::Xor:
      return code.value(Opcode::Xor, word(n.a), word(n.b));
    default:
      RANVIER_ASSERT(false, "planFormats refuses " + n.op);
    }
  }

  Interval inverseRange(int n) const {
    const Node &leaf = model.nodes[n];
    Values real = leaf.kind == NodeKind::Constant ? Values{leaf.value} : folded.params[leaf.slot];
    for (double &value : real)
      value = 1 / value;
    return {smallest(real), largest(real)};
  }

  /// Integers are always ordered: O and U predicates coincide.
  int comparison(Predicate predicate, int a, int b) {
    switch (predicate) {
    case Predicate::False:
    case Predicate::UNO:
      return code.value(Opcode::Li, -1, -1, 0);
    case Predicate::True:
    case Predicate::ORD:
      return code.value(Opcode::Li, -1, -1, 1);
    case Predicate::OEQ:
    case Predicate::UEQ:
      return code.value(Opcode::Eq, a, b);
    case Predicate::ONE:
    case Predicate::UNE:
      return code.value(Opcode::Lnot, code.value(Opcode::Eq, a, b));
    case Predicate::OGT:
    case Predicate::UGT:
      return code.value(Opcode::Lt, b, a);
    case Predicate::OGE:
    case Predicate::UGE:
      return code.value(Opcode::Le, b, a);
    case Predicate::OLT:
    case Predicate::ULT:
      return code.value(Opcode::Lt, a, b);
    case Predicate::OLE:
    case Predicate::ULE:
      return code.value(Opcode::Le, a, b);
    }
    return -1;
  }

  /// The word that a state keeps: in its format, saturated to its range where the update may leave it.
  int stateWord(size_t s) {
    const int n = model.update[s];
    const Format &from = plan.nodes[n], &to = plan.states[s];
    out.stepError[s] = from.error + (from.flexible || from.fraction > to.fraction ? std::ldexp(0.5, -to.fraction) : 0.0);
    const bool inside = from.range.low - out.stepError[s] >= to.range.low && from.range.high + out.stepError[s] <= to.range.high;
    if (from.flexible)
      return parameterWord(s, n, to, inside);
    if (from.fraction >= to.fraction) {
      const int value = shifted(word(n), from.fraction, to.fraction);
      return inside ? value : clamp(value, to.range, to.fraction);
    }
    const int value = inside ? word(n) : clamp(word(n), to.range, from.fraction);
    if (!inside) // clipping to whole units of the coarser fraction
      out.stepError[s] += std::ldexp(1.0, -from.fraction);
    return shifted(value, from.fraction, to.fraction);
  }

  /// A constant or parameter as the word that a state keeps. Its values are clipped, not its word: a parameter outside the state's
  /// range need not fit a word with the state's binary point.
  int parameterWord(size_t s, int n, const Format &to, bool inside) {
    const Node &leaf = model.nodes[n];
    Values real = leaf.kind == NodeKind::Constant ? Values{leaf.value} : folded.params[leaf.slot];
    for (double &value : real)
      value = std::clamp(value, to.range.low, to.range.high);
    if (leaf.kind == NodeKind::Constant)
      return li(std::round(std::ldexp(real[0], to.fraction)));
    return loadParam(model.params[leaf.slot].name + (inside ? "" : "_within_" + model.states[s].name), to.fraction, real);
  }

  void finish() {
    out.stepError.assign(model.update.size(), 0.0);
    std::vector<int> stored(model.update.size(), -1);
    for (size_t s = 0; s < stored.size(); ++s)
      if (model.update[s] >= 0)
        stored[s] = stateWord(s);
    const int condition = model.spike >= 0 ? word(model.spike) : -1;
    int payload = -1;
    if (model.payload >= 0) {
      // 16 bits with sign: products with weights and their sums must stay in the targets' words.
      const Format &format = plan.nodes[model.payload];
      out.payload = format.range;
      out.payloadFraction = std::min(format.fraction, fittingFraction(format.range, 15));
      payload = word(model.payload, out.payloadFraction);
    }
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
  const FixedPlan &plan;
  const FixedOptions &options;
  const bool reload;
  CodeBuilder code;
  FixedModel out;
  std::vector<int> words;
  std::map<std::tuple<int, int, bool>, int> constants;
};

Result<void> checkForbidden(const Model &model, const isa::Program &program, const hw::Chip &chip) {
  for (const isa::Instruction &instruction : program.code) {
    const std::string line = isa::disassemble(program, instruction), mnemonic = line.substr(0, line.find(' '));
    if (std::find(chip.forbiddenOps.begin(), chip.forbiddenOps.end(), mnemonic) != chip.forbiddenOps.end())
      return model.error({.code = 5405,
                          .message = "the model needs the instruction '" + mnemonic + "', which " + chip.name + " lacks",
                          .kind = ErrorKind::CannotRun});
  }
  return {};
}
} // namespace

Result<FixedModel> compiler::convertFixedPoint(const Folded &folded, const hw::Chip &chip, const FixedOptions &options) {
  RANVIER_TRY(FixedPlan plan, planFormats(folded, chip, options));
  for (bool reload : {false, true}) {
    bool fits = false;
    FixedModel converted = Converter(folded, plan, options, reload).run(fits);
    if (!fits)
      continue;
    RANVIER_CHECK(checkProgram(folded.model, converted.lowered.program));
    RANVIER_CHECK(checkForbidden(folded.model, converted.lowered.program, chip));
    return converted;
  }
  return folded.model.error({.code = 5103,
                             .message = "too many values are alive at once",
                             .expected = "at most " + std::to_string(isa::maxRegisters),
                             .kind = ErrorKind::DoesNotFit});
}
