//===- Model.cpp - Folding and direct evaluation of a model ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/Model.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <tuple>

using namespace ranvier;
using namespace ranvier::compiler;

bool compiler::allEqual(const Values &values, double value) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == value; });
}
Values compiler::compact(Values values) {
  if (values.size() > 1 && allEqual(values, values[0]))
    values.resize(1);
  return values;
}
double compiler::smallest(const Values &values) { return *std::min_element(values.begin(), values.end()); }
double compiler::largest(const Values &values) { return *std::max_element(values.begin(), values.end()); }

bool compiler::compare(Predicate predicate, double a, double b) {
  const bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case Predicate::False:
    return false;
  case Predicate::OEQ:
    return a == b;
  case Predicate::OGT:
    return a > b;
  case Predicate::OGE:
    return a >= b;
  case Predicate::OLT:
    return a < b;
  case Predicate::OLE:
    return a <= b;
  case Predicate::ONE:
    return a < b || a > b;
  case Predicate::ORD:
    return !unordered;
  case Predicate::UEQ:
    return unordered || a == b;
  case Predicate::UGT:
    return unordered || a > b;
  case Predicate::UGE:
    return unordered || a >= b;
  case Predicate::ULT:
    return unordered || a < b;
  case Predicate::ULE:
    return unordered || a <= b;
  case Predicate::UNE:
    return a != b;
  case Predicate::UNO:
    return unordered;
  case Predicate::True:
    return true;
  }
  return false;
}

Error Model::error(Error base, int node) const {
  base.file = file;
  base.place = node >= 0 && !nodes[node].place.empty() ? nodes[node].place : place;
  base.place += (base.place.empty() ? "" : ", ") + ("model @" + name);
  if (!user.empty())
    base.place += ", population @" + user;
  return base;
}

namespace {
double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::nan("");
  return a == b ? (std::signbit(a) ? b : a) : std::max(a, b);
}
double minimum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::nan("");
  return a == b ? (std::signbit(a) ? a : b) : std::min(a, b);
}

/// One operation on numbers; booleans are 0 and 1. The same function folds and evaluates.
double apply(const Node &node, double a, double b, double c) {
  switch (node.kind) {
  case NodeKind::Add:
    return a + b;
  case NodeKind::Sub:
    return a - b;
  case NodeKind::Mul:
    return a * b;
  case NodeKind::Div:
    return a / b;
  case NodeKind::Neg:
    return -a;
  case NodeKind::Abs:
    return std::fabs(a);
  case NodeKind::Floor:
    return std::floor(a);
  case NodeKind::Sqrt:
    return std::sqrt(a);
  case NodeKind::Exp:
    return std::exp(a);
  case NodeKind::Log:
    return std::log(a);
  case NodeKind::Maximum:
    return maximum(a, b);
  case NodeKind::Minimum:
    return minimum(a, b);
  case NodeKind::MaxNum:
    return std::isnan(a) ? b : std::isnan(b) ? a : maximum(a, b);
  case NodeKind::MinNum:
    return std::isnan(a) ? b : std::isnan(b) ? a : minimum(a, b);
  case NodeKind::Select:
    return a != 0 ? b : c;
  case NodeKind::FromBool:
    return a != 0 ? 1 : 0;
  case NodeKind::Compare:
    return compare(node.predicate, a, b);
  case NodeKind::And:
    return a != 0 && b != 0;
  case NodeKind::Or:
    return a != 0 || b != 0;
  case NodeKind::Xor:
    return (a != 0) != (b != 0);
  default:
    break;
  }
  RANVIER_ASSERT(false, "a leaf has no operation");
}

/// Which class a value belongs to: constants only, parameters and time step too, or anything that changes from step to step.
enum class Dependence : uint8_t { Constants, Static, Dynamic };

class Folder {
public:
  Folder(const Model &model, const std::vector<Values> &params, double dt) : in(model), params(params), dt(dt) {}

  Result<Folded> run() {
    number();
    evaluateStatics();
    out.model = in;
    out.model.nodes.clear();
    out.model.params.clear();
    copied.assign(in.nodes.size(), -1);
    for (const Model::Slot &slot : in.states)
      taken.push_back(slot.name);
    for (size_t s = 0; s < in.update.size(); ++s)
      if (in.update[s] >= 0) {
        RANVIER_TRY(out.model.update[s], copy(in.update[s]));
      }
    if (in.spike >= 0) {
      RANVIER_TRY(out.model.spike, copy(in.spike));
    }
    if (in.payload >= 0) {
      RANVIER_TRY(out.model.payload, copy(in.payload));
    }
    return std::move(out);
  }

private:
  /// Value numbering: representative[n] is the first node with the same operation on the same representatives.
  void number() {
    using Key = std::tuple<NodeKind, Predicate, int, int, int, uint64_t, uint32_t, bool>;
    std::map<Key, int> seen;
    representative.resize(in.nodes.size());
    for (size_t n = 0; n < in.nodes.size(); ++n) {
      const Node &node = in.nodes[n];
      const auto rep = [&](int operand) { return operand < 0 ? -1 : representative[operand]; };
      uint64_t bits;
      std::memcpy(&bits, &node.value, sizeof bits);
      representative[n] =
          seen.emplace(Key{node.kind, node.predicate, rep(node.a), rep(node.b), rep(node.c), bits, node.slot, node.boolean}, int(n))
              .first->second;
    }
  }

  void evaluateStatics() {
    depends.resize(in.nodes.size());
    values.resize(in.nodes.size());
    for (size_t n = 0; n < in.nodes.size(); ++n) {
      const Node &node = in.nodes[n];
      switch (node.kind) {
      case NodeKind::Constant:
        depends[n] = Dependence::Constants;
        values[n] = {node.value};
        continue;
      case NodeKind::Timestep:
        depends[n] = Dependence::Static;
        values[n] = {dt};
        continue;
      case NodeKind::Parameter:
        depends[n] = Dependence::Static;
        values[n] = params[node.slot];
        continue;
      case NodeKind::State:
      case NodeKind::Input:
      case NodeKind::Random:
        depends[n] = Dependence::Dynamic;
        continue;
      default:
        break;
      }
      depends[n] = Dependence::Constants;
      size_t count = 1;
      for (int operand : {node.a, node.b, node.c})
        if (operand >= 0) {
          depends[n] = std::max(depends[n], depends[operand]);
          count = std::max(count, values[representative[operand]].size()); // a repeated expression has no values of its own
        }
      if (depends[n] == Dependence::Dynamic || representative[n] != int(n))
        continue;
      values[n].resize(count);
      const auto number = [&](int operand, size_t i) { return operand < 0 ? 0.0 : at(values[representative[operand]], i); };
      for (size_t i = 0; i < count; ++i)
        values[n][i] = apply(node, number(node.a, i), number(node.b, i), number(node.c, i));
    }
  }

  Result<int> copy(int original) {
    const int n = representative[original];
    if (copied[n] >= 0)
      return copied[n];
    Node node = in.nodes[n];
    if (depends[n] != Dependence::Dynamic) {
      for (size_t i = 0; i < values[n].size(); ++i)
        if (!std::isfinite(values[n][i]))
          return in.error({.code = 5101,
                           .message = "an expression of parameters (" + node.op + ") is not finite for neuron " + std::to_string(i),
                           .expected = "a finite number",
                           .found = decimal(values[n][i])},
                          n);
      node.a = node.b = node.c = -1;
      if (depends[n] == Dependence::Constants) {
        node.kind = NodeKind::Constant;
        node.value = values[n][0];
      } else {
        node.slot = static_cast<uint32_t>(out.params.size());
        out.model.params.push_back({parameterName(node, in.nodes[n]), {}, {}, node.place});
        node.kind = NodeKind::Parameter;
        out.params.push_back(compact(values[n]));
      }
    } else {
      for (int *operand : {&node.a, &node.b, &node.c})
        if (*operand >= 0) {
          RANVIER_TRY(*operand, copy(*operand));
        }
    }
    out.model.nodes.push_back(node);
    return copied[n] = static_cast<int>(out.model.nodes.size() - 1);
  }

  /// A parameter used as it is keeps its name; a derived one is fold0, fold1...
  std::string parameterName(const Node &node, const Node &original) {
    std::string name;
    if (original.kind == NodeKind::Parameter)
      name = in.params[original.slot].name;
    else if (original.kind == NodeKind::Timestep)
      name = "dt";
    else
      name = "fold" + std::to_string(folds++);
    while (std::find(taken.begin(), taken.end(), name) != taken.end() || clashes(name, original))
      name += "_";
    taken.push_back(name);
    return name;
  }
  bool clashes(const std::string &name, const Node &original) const {
    return original.kind != NodeKind::Parameter &&
           std::any_of(in.params.begin(), in.params.end(), [&](const Model::Slot &slot) { return slot.name == name; });
  }

  const Model &in;
  const std::vector<Values> &params;
  const double dt;
  Folded out;
  std::vector<int> representative, copied;
  std::vector<Dependence> depends;
  std::vector<Values> values;
  std::vector<std::string> taken;
  unsigned folds = 0;
};
} // namespace

Result<Folded> compiler::foldParameters(const Model &model, const std::vector<Values> &params, double dt) {
  return Folder(model, params, dt).run();
}

Evaluated compiler::evaluate(const Model &model, const std::vector<double> &params, double dt, std::vector<double> &states,
                             const std::vector<double> &inputs, double random) {
  std::vector<double> value(model.nodes.size());
  for (size_t n = 0; n < model.nodes.size(); ++n) {
    const Node &node = model.nodes[n];
    switch (node.kind) {
    case NodeKind::Constant:
      value[n] = node.value;
      break;
    case NodeKind::Timestep:
      value[n] = dt;
      break;
    case NodeKind::Parameter:
      value[n] = params[node.slot];
      break;
    case NodeKind::State:
      value[n] = states[node.slot];
      break;
    case NodeKind::Input:
      value[n] = inputs[node.slot];
      break;
    case NodeKind::Random:
      value[n] = random;
      break;
    default:
      value[n] = apply(node, value[node.a], node.b < 0 ? 0 : value[node.b], node.c < 0 ? 0 : value[node.c]);
    }
  }
  Evaluated result;
  if (model.spike >= 0)
    result.spike = value[model.spike] != 0;
  if (model.payload >= 0)
    result.payload = value[model.payload];
  for (size_t s = 0; s < states.size(); ++s)
    if (model.update[s] >= 0)
      states[s] = value[model.update[s]];
  return result;
}
