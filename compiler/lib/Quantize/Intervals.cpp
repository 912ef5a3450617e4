//===- Intervals.cpp - Ranges and binary points of values -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One forward pass over the folded graph. Every word keeps a bit of headroom (2^30), so that rounding can never carry a value that
// the intervals allow out of 32 bits.
//===----------------------------------------------------------------------===//
#include "ranvier/Quantize/Analysis.h"
#include "ranvier/Quantize/FixedPoint.h"
#include "ranvier/Support/Text.h"
#include <limits>

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
constexpr int maxFraction = 40, minFraction = -30;

Interval hull(const Interval &a, const Interval &b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }
Interval product(const Interval &a, const Interval &b) {
  const double corners[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}
Interval square(const Interval &a) {
  const double low = a.low > 0 ? a.low * a.low : a.high < 0 ? a.high * a.high : 0;
  return {low, a.magnitude() * a.magnitude()};
}
/// Error of bringing a value to a fraction: nothing if that only appends zeros, half a unit otherwise.
double moved(const Format &from, int fraction) {
  return from.error + (from.flexible || from.fraction > fraction ? std::ldexp(0.5, -fraction) : 0.0);
}

class Planner {
public:
  Planner(const Folded &folded, const hw::Chip &chip, const FixedOptions &options)
      : folded(folded), model(folded.model), chip(chip), options(options) {}

  Result<FixedPlan> run() {
    RANVIER_CHECK(checkOperations(folded));
    for (size_t s = 0; s < model.states.size(); ++s)
      RANVIER_CHECK(state(s));
    for (size_t n = 0; n < model.nodes.size(); ++n) {
      RANVIER_TRY(Format format, node(model.nodes[n], int(n)));
      if (!(format.range.magnitude() <= std::ldexp(1.0, 30 - minFraction)))
        return model.error({.code = 5404,
                            .message = "the result of " + model.nodes[n].op + " is too large for 32 bits",
                            .expected = "a magnitude below 2^60",
                            .found = decimal(format.range.magnitude()),
                            .hint = "declare narrower ranges of states and inputs",
                            .kind = ErrorKind::DoesNotFit},
                           int(n));
      if (chip.fractionBits)
        RANVIER_CHECK(within(format, int(n)));
      out.nodes.push_back(format);
    }
    return std::move(out);
  }

private:
  /// The binary point of all values of a chip that has one.
  int common() const { return static_cast<int>(chip.fractionBits); }
  /// A bit of headroom as everywhere, so that no rounding carries a value out of the word.
  bool fits(const Interval &range) const { return range.magnitude() <= std::ldexp(1.0, 30 - common()); }
  /// What may leave the word saturates; a number that is no word is refused.
  Result<void> within(Format &format, int node) const {
    if (!format.flexible) {
      const double end = std::ldexp(1.0, 31 - common());
      if (!fits(format.range)) {
        format.range = {std::clamp(format.range.low, -end, end), std::clamp(format.range.high, -end, end)};
        format.saturates = true;
      }
      return {};
    }
    return format.fraction > common() ? Result<void>() : holds(format.range, "a constant or parameter", node);
  }
  Result<void> holds(const Interval &range, const std::string &what, int node) const {
    const double most = std::ldexp(1.0, 31 - common()) - std::ldexp(1.0, -common());
    if (range.magnitude() <= most)
      return {};
    return model.error({.code = 5404,
                        .message = what + " is too large for " + std::to_string(common()) + " fraction bits",
                        .expected = "a magnitude of at most " + decimal(most),
                        .found = decimal(range.magnitude()),
                        .kind = ErrorKind::DoesNotFit},
                       node);
  }

  Result<void> state(size_t s) {
    std::optional<Interval> range = options.states.size() > s ? options.states[s] : std::nullopt;
    if (const auto &declared = model.states[s].range)
      range = Interval{declared->first, declared->second};
    if (!range)
      return rangeless(model, s);
    const int bits = static_cast<int>(std::min(chip.stateBits, 31u)) - 1;
    if (chip.fractionBits) {
      out.states.push_back({*range, common(), 0, false});
      // What cannot be stored is clipped when it is written; a declared range is a promise that must hold.
      if (fits(*range) || !model.states[s].range) {
        const double most = std::ldexp(1.0, 30 - common());
        out.states.back().range = {std::max(range->low, -most), std::min(range->high, most)};
        return {};
      }
      return model.error({.code = 5404,
                          .message = "the range of state '" + model.states[s].name + "' is too large for " +
                                     std::to_string(common()) + " fraction bits",
                          .expected = "a magnitude of at most " + decimal(std::ldexp(1.0, 30 - common())),
                          .found = decimal(range->magnitude()),
                          .kind = ErrorKind::DoesNotFit});
    }
    int fraction = fittingFraction(*range, bits);
    if (std::ldexp(range->magnitude(), fraction) > std::ldexp(1.0, bits) - 1) // the word 2^bits itself does not exist
      --fraction;
    out.states.push_back({*range, fraction, 0, false});
    return {};
  }

  Format input(const Node &n) const {
    const Interval sum = options.inputs[n.slot];
    Format format{sum, options.inputFraction[n.slot], 0, false};
    const bool biased = options.bias.size() > n.slot && !options.bias[n.slot].empty();
    if (biased)
      format.range = {sum.low + smallest(options.bias[n.slot]), sum.high + largest(options.bias[n.slot])};
    if (inputScale(options, n.slot) != 1) { // a product brings the sum to the finest binary point; its factor has 30 bits
      format.fraction = std::clamp(fittingFraction(hull(sum, format.range)), minFraction, format.fraction + scaleBits);
      format.error = std::ldexp(0.5, -format.fraction) + std::ldexp(sum.magnitude(), -scaleBits - 1);
    }
    if (chip.fractionBits) { // the sum is brought there
      format.error = format.fraction > common() ? std::ldexp(0.5, -common()) : 0;
      format.fraction = common();
    }
    if (biased)
      format.error += std::ldexp(0.5, -format.fraction);
    if (const auto &declared = model.inputs[n.slot].range)
      format.range = {std::clamp(format.range.low, declared->first, declared->second),
                      std::clamp(format.range.high, declared->first, declared->second)};
    return format;
  }

  Format leaf(const Node &n) const {
    const Values values = n.kind == NodeKind::Constant ? Values{n.value} : folded.params[n.slot];
    const Interval range{smallest(values), largest(values)};
    if (chip.fractionBits && !n.boolean) // a fraction below 1, or a number as all others
      return {range, std::round(std::ldexp(range.magnitude(), 31)) < 0x1p31 ? 31 : common(), 0, true};
    return {range, n.boolean ? 0 : fittingFraction(range), 0, !n.boolean};
  }

  Format multiply(const Format &a, const Format &b, Interval range) const {
    // A flexible operand has its own best fraction already: 30 bits of its largest value.
    Format format{range, chip.fractionBits ? common() : std::min({fittingFraction(range), a.fraction + b.fraction, maxFraction}), 0,
                  false};
    const double ea = a.error + (a.flexible ? std::ldexp(0.5, -a.fraction) : 0),
                 eb = b.error + (b.flexible ? std::ldexp(0.5, -b.fraction) : 0);
    format.error = a.range.magnitude() * eb + b.range.magnitude() * ea + ea * eb + std::ldexp(0.5, -format.fraction);
    return format;
  }

  /// Sum, difference, choice: both operands come to one fraction.
  Format meet(const Format &a, const Format &b, Interval range, bool sum) const {
    Format format{range, chip.fractionBits ? common() : commonFraction(a, b, range), 0, false};
    const double ea = moved(a, format.fraction), eb = moved(b, format.fraction);
    format.error = sum ? ea + eb : std::max(ea, eb);
    return format;
  }

  Result<Format> node(const Node &n, int index) {
    const auto of = [&](int operand) -> const Format & { return out.nodes[operand]; };
    switch (n.kind) {
    case NodeKind::Constant:
    case NodeKind::Parameter:
      return leaf(n);
    case NodeKind::State:
      return out.states[n.slot];
    case NodeKind::Input:
      if (chip.fractionBits && options.bias.size() > n.slot && !options.bias[n.slot].empty())
        RANVIER_CHECK(holds({smallest(options.bias[n.slot]), largest(options.bias[n.slot])}, "a bias", index));
      return input(n);
    case NodeKind::Random:
      return Format{{0, 1}, 30, 0, false};
    case NodeKind::Add:
      return meet(of(n.a), of(n.b), {of(n.a).range.low + of(n.b).range.low, of(n.a).range.high + of(n.b).range.high}, true);
    case NodeKind::Sub:
      return meet(of(n.a), of(n.b), {of(n.a).range.low - of(n.b).range.high, of(n.a).range.high - of(n.b).range.low}, true);
    case NodeKind::Mul:
      return multiply(of(n.a), of(n.b), n.a == n.b ? square(of(n.a).range) : product(of(n.a).range, of(n.b).range));
    case NodeKind::Div: {
      const Format reciprocal = inverse(model.nodes[n.b]);
      return multiply(of(n.a), reciprocal, product(of(n.a).range, reciprocal.range));
    }
    case NodeKind::Neg:
      return unary(of(n.a), {-of(n.a).range.high, -of(n.a).range.low});
    case NodeKind::Abs: {
      const Interval &r = of(n.a).range;
      return unary(of(n.a), {r.low > 0 ? r.low : r.high < 0 ? -r.high : 0, r.magnitude()});
    }
    case NodeKind::Floor:
      return Format{{std::floor(of(n.a).range.low), std::floor(of(n.a).range.high)}, std::min(of(n.a).fraction, 0), 0, false};
    case NodeKind::Maximum:
    case NodeKind::MaxNum:
      return meet(of(n.a), of(n.b),
                  {std::max(of(n.a).range.low, of(n.b).range.low), std::max(of(n.a).range.high, of(n.b).range.high)}, false);
    case NodeKind::Minimum:
    case NodeKind::MinNum:
      return meet(of(n.a), of(n.b),
                  {std::min(of(n.a).range.low, of(n.b).range.low), std::min(of(n.a).range.high, of(n.b).range.high)}, false);
    case NodeKind::Select:
      return meet(of(n.b), of(n.c), hull(of(n.b).range, of(n.c).range), false);
    case NodeKind::Compare: {
      const Format &a = of(n.a), &b = of(n.b);
      const int fraction = commonFraction(a, b, hull(a.range, b.range));
      out.comparisonError = std::max(out.comparisonError, moved(a, fraction) + moved(b, fraction));
      return Format{{0, 1}, 0, 0, false};
    }
    case NodeKind::FromBool:
    case NodeKind::And:
    case NodeKind::Or:
    case NodeKind::Xor:
      return Format{{0, 1}, 0, 0, false};
    default:
      return model.error({.code = 5401, .message = n.op + " has no integer form", .kind = ErrorKind::CannotRun}, index);
    }
  }

  static Format unary(const Format &a, Interval range) {
    return {range, a.fraction, a.error + (a.flexible ? std::ldexp(0.5, -a.fraction) : 0), false};
  }

  Format inverse(const Node &divisor) const {
    const Values values = divisor.kind == NodeKind::Constant ? Values{divisor.value} : folded.params[divisor.slot];
    Interval range{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    for (double value : values)
      range = {std::min(range.low, 1 / value), std::max(range.high, 1 / value)};
    return {range, fittingFraction(range), 0, true};
  }

  const Folded &folded;
  const Model &model;
  const hw::Chip &chip;
  const FixedOptions &options;
  FixedPlan out;
};
} // namespace

int compiler::fittingFraction(const Interval &range, int bits) {
  const double magnitude = range.magnitude();
  if (magnitude == 0)
    return maxFraction;
  int exponent = 0;
  const double mantissa = std::frexp(magnitude, &exponent); // magnitude = mantissa * 2^exponent, mantissa in [0.5, 1)
  return std::clamp(bits - exponent + (mantissa == 0.5 ? 1 : 0), minFraction, maxFraction);
}

int compiler::commonFraction(const Format &a, const Format &b, const Interval &result) {
  const int fits = std::min({fittingFraction(result), fittingFraction(a.range), fittingFraction(b.range)});
  if (a.flexible && b.flexible)
    return fits;
  return std::min(fits, a.flexible ? b.fraction : b.flexible ? a.fraction : std::max(a.fraction, b.fraction));
}

Error compiler::rangeless(const Model &model, size_t s) {
  const std::string &name = model.states[s].name;
  return model.error({.code = 5402,
                      .message = "state '" + name + "' has no range, and none follows from its update",
                      .hint = "declare one: snn.state \"" + name + "\" range [low, high], or give a calibration profile",
                      .kind = ErrorKind::CannotRun});
}

Result<void> compiler::checkOperations(const Folded &folded) {
  const Model &model = folded.model;
  for (size_t n = 0; n < model.nodes.size(); ++n) {
    const Node &node = model.nodes[n];
    if (node.kind == NodeKind::Exp || node.kind == NodeKind::Log || node.kind == NodeKind::Sqrt)
      return model.error({.code = 5401,
                          .message = node.op + " of a value that changes has no integer form",
                          .hint = "an f32 target executes it; of parameters alone it is computed in advance",
                          .kind = ErrorKind::CannotRun},
                         int(n));
    if (node.kind != NodeKind::Div)
      continue;
    const Node &divisor = model.nodes[node.b];
    if (divisor.kind != NodeKind::Constant && divisor.kind != NodeKind::Parameter)
      return model.error({.code = 5403,
                          .message = node.op + " by a value that changes has no integer form",
                          .hint = "divide by parameters or constants only",
                          .kind = ErrorKind::CannotRun},
                         int(n));
    const Values values = divisor.kind == NodeKind::Constant ? Values{divisor.value} : folded.params[divisor.slot];
    for (double value : values)
      if (value == 0)
        return model.error({.code = 5403, .message = node.op + " by a parameter that is 0"}, int(n));
  }
  return {};
}

Result<FixedPlan> compiler::planFormats(const Folded &folded, const hw::Chip &chip, const FixedOptions &options) {
  return Planner(folded, chip, options).run();
}

namespace {
/// [low, high] of `piece` without the term of `self`, over known ranges. Nothing if it uses a state without one.
std::optional<Interval> otherTerms(const Affine &piece, size_t self, const std::vector<std::optional<Interval>> &states,
                                   const std::vector<Interval> &inputs) {
  Interval sum{smallest(piece.constant), largest(piece.constant)};
  const auto add = [&](const Values &factor, const Interval &range) {
    const Interval term = product({smallest(factor), largest(factor)}, range);
    sum = {sum.low + term.low, sum.high + term.high};
  };
  for (size_t r = 0; r < inputs.size(); ++r)
    if (!piece.input[r].empty())
      add(piece.input[r], inputs[r]);
  for (size_t s = 0; s < states.size(); ++s) {
    if (s == self || piece.state[s].empty() || allEqual(piece.state[s], 0.0))
      continue;
    if (!states[s])
      return {};
    add(piece.state[s], *states[s]);
  }
  return sum;
}
} // namespace

std::vector<std::optional<Interval>> compiler::deriveRanges(const Folded &folded, const std::vector<Interval> &inputs,
                                                            const std::vector<Values> &init) {
  const Model &model = folded.model;
  std::vector<std::optional<Interval>> out(model.states.size());
  for (size_t s = 0; s < out.size(); ++s)
    if (const auto &declared = model.states[s].range)
      out[s] = Interval{declared->first, declared->second};
    else if (model.update[s] < 0)
      out[s] = Interval{smallest(init[s]), largest(init[s])};
  const std::vector<Pieces> pieces = affinePieces(folded);
  for (size_t round = 0; round < out.size(); ++round) // as often as states may wait for another's range
    for (size_t s = 0; s < out.size(); ++s) {
      if (out[s] || !pieces[s])
        continue;
      Interval range{smallest(init[s]), largest(init[s])};
      bool known = true;
      for (const Affine &piece : *pieces[s]) {
        const Values kept = piece.state[s].empty() ? Values{0.0} : piece.state[s];
        const std::optional<Interval> others = otherTerms(piece, s, out, inputs);
        known = known && others && smallest(kept) >= 0 && largest(kept) < 1;
        if (known) // closed: kept * high + others.high <= high
          range = hull(range, {std::min(others->low / (1 - largest(kept)), others->low / (1 - smallest(kept))),
                               std::max(others->high / (1 - largest(kept)), others->high / (1 - smallest(kept)))});
      }
      if (known)
        out[s] = range;
    }
  return out;
}
