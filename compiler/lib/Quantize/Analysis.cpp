//===- Analysis.cpp - What kind of neuron a model is ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/Analysis.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
constexpr double tolerance = 1e-6;
/// Sums whose terms cancel to less than this part of them are rounding noise of the way the update is written.
constexpr double cancelled = 1e-12;

bool zero(const Values &values) { return values.empty() || allEqual(values, 0.0); }
bool close(double a, double b) { return std::fabs(a - b) <= tolerance * std::max({std::fabs(a), std::fabs(b), 1e-30}); }

template <typename Function> Values each(const Values &a, const Values &b, Function function) {
  const size_t count = std::max<size_t>({a.size(), b.size(), 1});
  Values out(count);
  for (size_t i = 0; i < count; ++i)
    out[i] = function(a.empty() ? 0.0 : at(a, i), b.empty() ? 0.0 : at(b, i));
  return compact(std::move(out));
}

double plus(double x, double y) { return std::fabs(x + y) <= cancelled * std::max(std::fabs(x), std::fabs(y)) ? 0.0 : x + y; }
Values combine(const Values &a, const Values &b, double sign) {
  if (b.empty())
    return a;
  return each(a, b, [&](double x, double y) { return plus(x, sign * y); });
}
/// The nearest binary32 numbers: what is left of how the update is written lies far below them.
Values single(const Values &values) {
  return each(values, {}, [](double x, double) {
    const auto narrow = static_cast<float>(x);
    return std::isnormal(narrow) ? static_cast<double>(narrow) : x;
  });
}
Affine combine(const Affine &a, const Affine &b, double sign) {
  Affine out = a;
  for (size_t s = 0; s < out.state.size(); ++s)
    out.state[s] = combine(a.state[s], b.state[s], sign);
  for (size_t s = 0; s < out.input.size(); ++s)
    out.input[s] = combine(a.input[s], b.input[s], sign);
  out.constant = combine(a.constant, b.constant, sign);
  return out;
}
Affine scaled(const Affine &a, const Values &factor) {
  const auto product = [&](const Values &v) {
    return v.empty() ? Values() : each(v, factor, [](double x, double y) { return x * y; });
  };
  Affine out = a;
  for (Values &v : out.state)
    v = product(v);
  for (Values &v : out.input)
    v = product(v);
  out.constant = product(out.constant);
  return out;
}

/// `left > 0` (strict) or `left >= 0`.
struct Condition {
  Affine left;
  bool strict = true;
  Condition negated() const { return {scaled(left, {-1.0}), !strict}; }
};
/// Affine where the spike condition holds (`yes`) and where it does not (`no`); a boolean is the condition or its negation.
struct Symbol {
  Affine yes, no;
  bool split = false;
  std::optional<Condition> condition; ///< Set for booleans that are not constant.
  std::optional<bool> truth;          ///< Set for constant booleans.
};

struct NotAffine {
  std::string why;
  int node;
};

/// True if the two left sides are equal up to a positive factor per neuron.
bool proportional(const Affine &a, const Affine &b) {
  const auto terms = [](const Affine &f) {
    std::vector<const Values *> out;
    for (const Values &v : f.state)
      out.push_back(&v);
    for (const Values &v : f.input)
      out.push_back(&v);
    out.push_back(&f.constant);
    return out;
  };
  const auto ta = terms(a), tb = terms(b);
  size_t count = 1;
  for (const auto &list : {ta, tb})
    for (const Values *v : list)
      count = std::max(count, v->size());
  const auto number = [](const Values *v, size_t i) { return v->empty() ? 0.0 : at(*v, i); };
  for (size_t i = 0; i < count; ++i) {
    double factor = 0, size = 0;
    for (size_t t = 0; t < ta.size(); ++t)
      if (std::fabs(number(tb[t], i)) > size) {
        size = std::fabs(number(tb[t], i));
        factor = number(ta[t], i) / number(tb[t], i);
      }
    if (size == 0 || factor <= 0)
      return false;
    for (size_t t = 0; t < ta.size(); ++t)
      if (std::fabs(number(ta[t], i) - factor * number(tb[t], i)) > tolerance * factor * size)
        return false;
  }
  return true;
}

class Symbolic {
public:
  explicit Symbolic(const Folded &folded) : folded(folded), model(folded.model) {}

  /// Evaluates all nodes; nothing if some node that matters is not affine (see `failure`).
  bool run() {
    for (size_t n = 0; n < model.nodes.size(); ++n)
      if (!evaluate(int(n)))
        return false;
    return true;
  }
  const Symbol &symbol(int node) const { return symbols[node]; }
  NotAffine failure{"", -1};
  std::optional<Condition> spike; ///< The one condition that splits values.

private:
  Affine none() const { return {std::vector<Values>(model.states.size()), std::vector<Values>(model.inputs.size()), {0.0}}; }
  bool fail(int n, std::string why) {
    failure = {std::move(why), n};
    return false;
  }
  Symbol both(Affine affine) const { return {affine, affine, false, {}, {}}; }

  template <typename Function> Symbol zip(const Symbol &a, const Symbol &b, Function function) const {
    Symbol out;
    out.yes = function(a.yes, b.yes);
    out.split = a.split || b.split;
    out.no = out.split ? function(a.no, b.no) : out.yes;
    return out;
  }

  /// Makes `condition` the one that splits values, or finds it equal to it (true) or to its negation (false).
  std::optional<bool> sense(const Condition &condition) {
    if (!spike)
      spike = condition;
    if (condition.strict == spike->strict && proportional(condition.left, spike->left))
      return true;
    const Condition other = condition.negated();
    if (other.strict == spike->strict && proportional(other.left, spike->left))
      return false;
    return {};
  }

  bool evaluate(int n) {
    const Node &node = model.nodes[n];
    symbols.emplace_back();
    const auto sym = [&](int operand) -> const Symbol & { return symbols[operand]; };
    switch (node.kind) {
    case NodeKind::Constant:
    case NodeKind::Parameter:
      return leaf(n, node);
    case NodeKind::State: {
      Affine affine = none();
      affine.state[node.slot] = {1.0};
      symbols[n] = both(affine);
      return true;
    }
    case NodeKind::Input: {
      Affine affine = none();
      affine.input[node.slot] = {1.0};
      symbols[n] = both(affine);
      return true;
    }
    case NodeKind::Add:
      symbols[n] = zip(sym(node.a), sym(node.b), [](const Affine &a, const Affine &b) { return combine(a, b, 1); });
      return true;
    case NodeKind::Sub:
      symbols[n] = zip(sym(node.a), sym(node.b), [](const Affine &a, const Affine &b) { return combine(a, b, -1); });
      return true;
    case NodeKind::Neg:
      symbols[n] = zip(sym(node.a), sym(node.a), [](const Affine &a, const Affine &) { return scaled(a, {-1.0}); });
      return true;
    case NodeKind::Mul:
      return multiply(n, sym(node.a), sym(node.b));
    case NodeKind::Div:
      return divide(n, sym(node.a), sym(node.b));
    case NodeKind::Compare:
      return compareNodes(n, node);
    case NodeKind::Xor:
      return exclusive(n, sym(node.a), sym(node.b));
    case NodeKind::Select:
      return select(n, sym(node.a), sym(node.b), sym(node.c));
    case NodeKind::FromBool: {
      Affine one = none();
      one.constant = {1.0};
      return select(n, Symbol(sym(node.a)), both(one), both(none()));
    }
    case NodeKind::Random:
      return fail(n, "draws random numbers");
    default:
      return fail(n, "computes " + node.op + " of a value that changes");
    }
  }

  bool leaf(int n, const Node &node) {
    const Values values = node.kind == NodeKind::Constant ? Values{node.value} : folded.params[node.slot];
    if (node.boolean) {
      if (!allEqual(values, values[0]))
        return fail(n, "has a condition that differs from neuron to neuron");
      symbols[n].truth = values[0] != 0;
      return true;
    }
    Affine affine = none();
    affine.constant = values;
    symbols[n] = both(affine);
    return true;
  }

  bool multiply(int n, const Symbol &a, const Symbol &b) {
    const auto constants = [](const Symbol &s) { return s.yes.isConstant() && s.no.isConstant(); };
    if (constants(b))
      symbols[n] = zip(a, b, [](const Affine &x, const Affine &y) { return scaled(x, y.constant); });
    else if (constants(a))
      symbols[n] = zip(b, a, [](const Affine &x, const Affine &y) { return scaled(x, y.constant); });
    else
      return products(n, a, b);
    return true;
  }
  /// Arithmetic masks: the product of v * (1 - z) is affine on each side even though neither factor is constant as a whole.
  bool products(int n, const Symbol &a, const Symbol &b) {
    const auto product = [](const Affine &x, const Affine &y, bool &ok) {
      ok = ok && (x.isConstant() || y.isConstant());
      return y.isConstant() ? scaled(x, y.constant) : scaled(y, x.constant);
    };
    bool ok = true;
    Symbol out;
    out.split = a.split || b.split;
    out.yes = product(a.yes, b.yes, ok);
    out.no = product(a.no, b.no, ok);
    if (!ok)
      return fail(n, "multiplies two values that change");
    symbols[n] = out;
    return true;
  }
  bool divide(int n, const Symbol &a, const Symbol &b) {
    if (!b.yes.isConstant() || !b.no.isConstant())
      return fail(n, "divides by a value that changes");
    symbols[n] = zip(a, b, [](const Affine &x, const Affine &y) {
      return scaled(x, each({1.0}, y.constant, [](double one, double v) { return one / v; }));
    });
    return true;
  }

  bool compareNodes(int n, const Node &node) {
    const Symbol &a = symbols[node.a], &b = symbols[node.b];
    if (a.split || b.split)
      return fail(n, "compares a value that depends on the spike");
    const Affine difference = combine(a.yes, b.yes, -1);
    switch (node.predicate) {
    case Predicate::OGT:
    case Predicate::UGT:
      symbols[n].condition = Condition{difference, true};
      return true;
    case Predicate::OGE:
    case Predicate::UGE:
      symbols[n].condition = Condition{difference, false};
      return true;
    case Predicate::OLT:
    case Predicate::ULT:
      symbols[n].condition = Condition{scaled(difference, {-1.0}), true};
      return true;
    case Predicate::OLE:
    case Predicate::ULE:
      symbols[n].condition = Condition{scaled(difference, {-1.0}), false};
      return true;
    case Predicate::True:
      symbols[n].truth = true;
      return true;
    case Predicate::False:
      symbols[n].truth = false;
      return true;
    default:
      return fail(n, "tests for equality");
    }
  }
  bool exclusive(int n, const Symbol &a, const Symbol &b) {
    if (a.truth && b.truth) {
      symbols[n].truth = *a.truth != *b.truth;
    } else if (a.truth || b.truth) {
      const Condition condition = a.truth ? *b.condition : *a.condition;
      symbols[n].condition = (a.truth ? *a.truth : *b.truth) ? condition.negated() : condition;
    } else {
      return fail(n, "combines two conditions");
    }
    return true;
  }
  bool select(int n, const Symbol condition, const Symbol yes, const Symbol no) {
    if (condition.truth) {
      symbols[n] = *condition.truth ? yes : no;
      return true;
    }
    if (model.nodes[n].boolean)
      return fail(n, "chooses between two conditions");
    const std::optional<bool> same = sense(*condition.condition);
    if (!same)
      return fail(n, "chooses by a condition that is not the spike condition");
    symbols[n].split = true;
    symbols[n].yes = *same ? yes.yes : no.yes;
    symbols[n].no = *same ? no.no : yes.no;
    return true;
  }

  const Folded &folded;
  const Model &model;
  std::vector<Symbol> symbols;
};

class Recogniser {
public:
  explicit Recogniser(const Folded &folded) : model(folded.model), symbolic(folded) {}

  Analysis run() {
    if (model.payload >= 0)
      return miss("emits a payload with each spike", model.payload);
    if (model.spike < 0)
      return miss("never spikes");
    if (!symbolic.run())
      return miss(symbolic.failure.why, symbolic.failure.node);
    const Symbol &fire = symbolic.symbol(model.spike);
    if (fire.truth)
      return miss(*fire.truth ? "spikes in every step" : "never spikes", model.spike);
    if (!fire.condition->strict)
      return miss("spikes at v >= threshold, not only above it", model.spike);
    condition = &*fire.condition;
    if (symbolic.spike && !(symbolic.spike->strict && proportional(symbolic.spike->left, condition->left))) {
      const Condition other = symbolic.spike->negated();
      if (!(other.strict && proportional(other.left, condition->left)))
        return miss("chooses by a condition that is not the spike condition");
      flipped = true;
    }
    if (auto why = findStates(); !why.empty())
      return miss(why);
    if (auto why = current(); !why.empty())
      return miss(why);
    if (auto why = voltage(); !why.empty())
      return miss(why);
    for (Values *values : {&form.a, &form.c, &form.b, &form.h, &form.d, &form.threshold, &form.reset})
      *values = single(*values);
    for (Values &gain : form.g)
      if (!gain.empty())
        gain = single(gain);
    return {form, "", -1};
  }

private:
  Analysis miss(std::string why, int node = -1) const { return {{}, std::move(why), node}; }

  const Affine &fired(int state) const {
    const Symbol &s = symbolic.symbol(model.update[state]);
    return flipped ? s.no : s.yes;
  }
  const Affine &rest(int state) const {
    const Symbol &s = symbolic.symbol(model.update[state]);
    return flipped ? s.yes : s.no;
  }
  bool split(int state) const { return symbolic.symbol(model.update[state]).split; }

  /// The voltage is the state that the spike changes; another one is the current.
  std::string findStates() {
    if (model.states.size() > 2)
      return "has " + std::to_string(model.states.size()) + " state variables, not a current and a voltage";
    for (size_t s = 0; s < model.states.size(); ++s) {
      if (model.update[s] < 0)
        return "never updates state '" + model.states[s].name + "'";
      if (!split(int(s)))
        form.uState = form.uState < 0 ? int(s) : -2;
      else if (form.vState >= 0)
        return "resets two state variables";
      else
        form.vState = int(s);
    }
    if (form.uState == -2)
      return "has two state variables that no spike resets";
    if (form.vState < 0 && form.uState >= 0)
      return "resets no state variable";
    return "";
  }

  std::string current() {
    form.g.resize(model.inputs.size());
    if (form.uState < 0)
      return "";
    const Affine &u = rest(form.uState);
    if (!zero(u.state[form.vState]))
      return "lets the voltage act on the current";
    form.a = u.state[form.uState].empty() ? Values{0.0} : u.state[form.uState];
    form.g = u.input;
    form.c = u.constant;
    return "";
  }

  std::string voltage() {
    // Without states the compared value itself is the voltage.
    Affine v = form.vState >= 0 ? rest(form.vState) : condition->left;
    const Values same{1.0};
    if (form.vState < 0) {
      form.g = v.input;
      form.threshold = scaled(v, {-1.0}).constant;
      form.b = {0.0};
      return "";
    }
    Affine reset = fired(form.vState);
    if (!reset.isConstant()) {
      const Affine lost = combine(v, reset, -1);
      return lost.isConstant() ? "resets by subtraction, not to a value" : "resets to a value that depends on state or input";
    }
    form.reset = reset.constant;
    form.b = v.state[form.vState].empty() ? Values{0.0} : v.state[form.vState];
    if (auto why = thresholdOf(v); !why.empty())
      return why;
    if (form.uState < 0) {
      form.g = v.input;
      form.d = v.constant;
      return "";
    }
    return coupling(v);
  }

  /// condition->left = k (v' - threshold) with k > 0.
  std::string thresholdOf(const Affine &v) {
    Affine linear = v, left = condition->left;
    linear.constant = left.constant = {0.0};
    if (!proportional(left, linear))
      return "compares something other than the new voltage with the threshold";
    size_t count = 1;
    const auto grow = [&](const Affine &f) {
      for (const auto *list : {&f.state, &f.input})
        for (const Values &values : *list)
          count = std::max(count, values.size());
      count = std::max(count, f.constant.size());
    };
    grow(v);
    grow(condition->left);
    form.threshold.assign(count, 0.0);
    for (size_t i = 0; i < count; ++i) {
      double size = 0, factor = 1;
      const auto look = [&](const Values &mine, const Values &theirs) {
        const double m = mine.empty() ? 0 : at(mine, i);
        if (std::fabs(m) > size) {
          size = std::fabs(m);
          factor = at(theirs, i) / m;
        }
      };
      for (size_t s = 0; s < v.state.size(); ++s)
        look(v.state[s], condition->left.state[s]);
      for (size_t s = 0; s < v.input.size(); ++s)
        look(v.input[s], condition->left.input[s]);
      form.threshold[i] = plus(at(v.constant, i), -at(condition->left.constant, i) / factor);
    }
    form.threshold = compact(std::move(form.threshold));
    return "";
  }

  /// v' = b v + h u' + d where u' = a u + g x + c: h from the input's coefficient, checked against the state's.
  std::string coupling(const Affine &v) {
    const Values viaState = v.state[form.uState];
    size_t count = std::max<size_t>(1, std::max(viaState.size(), form.a.size()));
    for (size_t r = 0; r < form.g.size(); ++r)
      count = std::max({count, v.input[r].size(), form.g[r].size()});
    form.h.assign(count, 0.0);
    for (size_t i = 0; i < count; ++i) {
      const double a = at(form.a, i), va = viaState.empty() ? 0 : at(viaState, i);
      double g = 0, vg = 0;
      for (size_t r = 0; r < form.g.size(); ++r)
        if (!form.g[r].empty() && std::fabs(at(form.g[r], i)) > std::fabs(g)) {
          g = at(form.g[r], i);
          vg = v.input[r].empty() ? 0 : at(v.input[r], i);
        }
      if (g == 0 && a == 0)
        return "has a current that nothing drives";
      const double h = g != 0 ? vg / g : va / a;
      if (g != 0 && vg == 0 && va != 0)
        return "lets the voltage see the current of the previous step";
      if (!close(va, h * a))
        return "lets input and current act on the voltage in different ways";
      for (size_t r = 0; r < form.g.size(); ++r)
        if (!close(v.input[r].empty() ? 0 : at(v.input[r], i), h * (form.g[r].empty() ? 0 : at(form.g[r], i))))
          return "lets input and current act on the voltage in different ways";
      form.h[i] = h;
    }
    form.h = compact(std::move(form.h));
    form.d = each(v.constant, each(form.h, form.c, [](double h, double c) { return h * c; }),
                  [](double all, double part) { return plus(all, -part); });
    return "";
  }

  const Model &model;
  Symbolic symbolic;
  const Condition *condition = nullptr;
  bool flipped = false;
  CubaForm form;
};
} // namespace

bool Affine::isConstant() const {
  return std::all_of(state.begin(), state.end(), zero) && std::all_of(input.begin(), input.end(), zero);
}

Analysis compiler::analyse(const Folded &folded) { return Recogniser(folded).run(); }

namespace {
/// Every value as the set of affine functions that it may be, whatever the conditions say.
class Choices {
public:
  explicit Choices(const Folded &folded) : folded(folded), model(folded.model) {
    for (const Node &node : model.nodes)
      values.push_back(value(node));
  }
  const Pieces &of(int node) const { return values[node]; }

private:
  static constexpr size_t most = 16;
  Affine none() const { return {std::vector<Values>(model.states.size()), std::vector<Values>(model.inputs.size()), {0.0}}; }
  Affine number(const Values &values) const {
    Affine out = none();
    out.constant = values;
    return out;
  }

  template <typename Function> Pieces pairs(int a, int b, Function function) const {
    if (!values[a] || !values[b] || values[a]->size() * values[b]->size() > most)
      return {};
    std::vector<Affine> out;
    for (const Affine &x : *values[a])
      for (const Affine &y : *values[b]) {
        std::optional<Affine> result = function(x, y);
        if (!result)
          return {};
        out.push_back(std::move(*result));
      }
    return out;
  }
  Pieces negated(Pieces pieces) const {
    if (pieces)
      for (Affine &affine : *pieces)
        affine = scaled(affine, {-1.0});
    return pieces;
  }
  Pieces either(const Pieces &a, const Pieces &b) const {
    if (!a || !b || a->size() + b->size() > most)
      return {};
    std::vector<Affine> out = *a;
    out.insert(out.end(), b->begin(), b->end());
    return out;
  }

  Pieces value(const Node &node) const {
    using Result = std::optional<Affine>;
    const auto one = [](Affine affine) { return std::vector<Affine>{std::move(affine)}; };
    switch (node.kind) {
    case NodeKind::Constant:
      return one(number({node.value}));
    case NodeKind::Parameter:
      return one(number(folded.params[node.slot]));
    case NodeKind::State: {
      Affine affine = none();
      affine.state[node.slot] = {1.0};
      return one(affine);
    }
    case NodeKind::Input: {
      Affine affine = none();
      affine.input[node.slot] = {1.0};
      return one(affine);
    }
    case NodeKind::Add:
      return pairs(node.a, node.b, [](const Affine &x, const Affine &y) { return Result(combine(x, y, 1)); });
    case NodeKind::Sub:
      return pairs(node.a, node.b, [](const Affine &x, const Affine &y) { return Result(combine(x, y, -1)); });
    case NodeKind::Neg:
      return negated(values[node.a]);
    case NodeKind::Mul:
      return pairs(node.a, node.b, [](const Affine &x, const Affine &y) {
        return y.isConstant() ? Result(scaled(x, y.constant)) : x.isConstant() ? Result(scaled(y, x.constant)) : Result();
      });
    case NodeKind::Div:
      return pairs(node.a, node.b, [](const Affine &x, const Affine &y) {
        return y.isConstant() ? Result(scaled(x, each({1.0}, y.constant, [](double i, double v) { return i / v; }))) : Result();
      });
    case NodeKind::Abs:
      return either(values[node.a], negated(values[node.a]));
    case NodeKind::Maximum:
    case NodeKind::Minimum:
    case NodeKind::MaxNum:
    case NodeKind::MinNum:
      return either(values[node.a], values[node.b]);
    case NodeKind::Select:
      return node.boolean ? Pieces() : either(values[node.b], values[node.c]);
    case NodeKind::FromBool:
      return std::vector<Affine>{number({0.0}), number({1.0})};
    case NodeKind::Random:
      return std::vector<Affine>{number({0.0}), number({1.0})}; // and everything between them
    default:
      return {};
    }
  }

  const Folded &folded;
  const Model &model;
  std::vector<Pieces> values;
};
} // namespace

std::vector<Pieces> compiler::affinePieces(const Folded &folded) {
  std::vector<Pieces> out(folded.model.states.size());
  Symbolic symbolic(folded);
  if (symbolic.run()) { // knows which choices go together
    for (size_t s = 0; s < out.size(); ++s)
      if (const int update = folded.model.update[s]; update >= 0)
        out[s] = std::vector<Affine>{symbolic.symbol(update).yes, symbolic.symbol(update).no};
    return out;
  }
  const Choices choices(folded);
  for (size_t s = 0; s < out.size(); ++s)
    if (const int update = folded.model.update[s]; update >= 0)
      out[s] = choices.of(update);
  return out;
}
