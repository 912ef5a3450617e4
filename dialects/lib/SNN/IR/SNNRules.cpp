//===- SNNRules.cpp - Rules of plasticity -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rules of the ops that describe how synapses learn. Parameters, words of a synapse and traces share one name space; `weight` is
// the weight's own name.
//===----------------------------------------------------------------------===//
#include "Checks.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace mlir;
using namespace ranvier::snn;

void WeightOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "weight"); }
void SynapseOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getName()); }
void TraceOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getName()); }
void ElapsedOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), ("since_" + getEnd()).str()); }
void AmountOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "amount"); }

static LogicalResult verifyEnd(Operation *op, StringRef end) {
  if (end != "pre" && end != "post" && end != "third")
    return op->emitOpError("expected \"pre\", \"post\" or \"third\", found \"") << end << "\"";
  return success();
}
static LogicalResult verifyInitial(Operation *op, double initial) {
  return std::isfinite(initial) ? success() : LogicalResult(op->emitOpError("expected a finite initial value"));
}

LogicalResult SynapseOp::verify() {
  if (getName() == "weight")
    return emitOpError("'weight' is the weight's own name (snn.weight)");
  return failure(failed(verifyName(*this, getName())) || failed(verifyInitial(*this, getInitial().convertToDouble())));
}
LogicalResult TraceOp::verify() {
  if (getName() == "weight")
    return emitOpError("'weight' is the weight's own name (snn.weight)");
  return failure(failed(verifyName(*this, getName())) || failed(verifyEnd(*this, getEnd())) ||
                 failed(verifyInitial(*this, getInitial().convertToDouble())));
}
LogicalResult ElapsedOp::verify() { return verifyEnd(*this, getEnd()); }
LogicalResult OnOp::verify() { return verifyEnd(*this, getEvent()); }

//===----------------------------------------------------------------------===//
// RuleOp
//===----------------------------------------------------------------------===//

namespace {
/// One sweep over a rule's body.
class RuleChecker {
public:
  explicit RuleChecker(RuleOp rule) : rule(rule) {}

  LogicalResult run() {
    for (Operation &op : rule.getBody().front())
      if (failed(declare(&op)))
        return failure();
    if (!weight)
      return rule.emitOpError("has no snn.weight");
    if (dependsOnEvents(weight.getLow()) || dependsOnEvents(weight.getHigh()))
      return clash(weight, "expected bounds of parameters and constants alone", rule, "the rule is here");
    for (Operation &op : rule.getBody().front())
      if (auto on = dyn_cast<OnOp>(op); on && failed(check(on)))
        return failure();
    for (auto trace : rule.getBody().getOps<TraceOp>())
      if (!sets.contains((trace.getEnd() + " " + trace.getName()).str()))
        return trace.emitOpError("'") << trace.getName() << "' is never set by \"" << trace.getEnd() << "\"";
    return success();
  }

private:
  LogicalResult declare(Operation *op) {
    if (auto parameter = dyn_cast<ParameterOp>(op))
      return declareName(op, parameter.getName());
    if (auto synapse = dyn_cast<SynapseOp>(op))
      return declareName(op, synapse.getName());
    if (auto trace = dyn_cast<TraceOp>(op))
      return failure(failed(declareName(op, trace.getName())) || failed(checkThird(op, trace.getEnd())));
    if (auto elapsed = dyn_cast<ElapsedOp>(op))
      return checkThird(op, elapsed.getEnd());
    if (auto on = dyn_cast<OnOp>(op))
      return checkThird(op, on.getEvent());
    if (isa<AmountOp>(op))
      return checkThird(op, "third");
    if (isa<WeightOp>(op)) {
      if (weight)
        return clash(op, "is the second of the rule", weight, "the first one is here");
      weight = cast<WeightOp>(op);
      return success();
    }
    if (isa<TimestepOp>(op))
      return success();
    if (!isModelArithmetic(op))
      return clash(op,
                   "is not allowed in a rule; expected snn declarations and scalar arith or math ops of docs/spec/snn-dialect.md",
                   rule, "the rule is here");
    for (Type type : op->getResultTypes())
      if (!type.isF32() && !type.isF64() && !type.isInteger(1))
        return op->emitOpError("expected f32, f64 or i1 in a rule, found ") << type;
    return success();
  }

  LogicalResult checkThird(Operation *op, StringRef end) {
    if (end != "third" || rule.getThird())
      return success();
    return clash(op, "speaks of a third factor, and the rule names no receptor for one (third \"...\")", rule, "the rule is here");
  }

  LogicalResult declareName(Operation *op, StringRef name) {
    auto [entry, isNew] = names.try_emplace(name, op);
    return isNew ? success() : clash(op, "'" + name + "' is declared twice", entry->second, "the first declaration is here");
  }

  /// Everything that `value` is computed from, itself included.
  static llvm::SetVector<Operation *> sources(Value value) {
    llvm::SetVector<Operation *> found;
    SmallVector<Value> left{value};
    while (!left.empty())
      if (Operation *op = left.pop_back_val().getDefiningOp(); op && found.insert(op))
        left.append(op->operand_begin(), op->operand_end());
    return found;
  }
  static bool dependsOnEvents(Value value) {
    return llvm::any_of(sources(value), [](Operation *op) { return isa<WeightOp, SynapseOp, TraceOp, ElapsedOp, AmountOp>(op); });
  }

  LogicalResult check(OnOp on) {
    if (!sets.insert((on.getEvent() + " " + on.getName()).str()).second)
      return on.emitOpError("sets '") << on.getName() << "' a second time on \"" << on.getEvent() << "\"";
    Operation *declared = on.getName() == "weight" ? weight.getOperation() : names.lookup(on.getName());
    if (!declared || isa<ParameterOp>(declared))
      return clash(on, "'" + on.getName() + "' is neither the weight nor a word of the synapse nor a trace", rule,
                   "the rule is here");
    if (declared->getResult(0).getType() != on.getValue().getType())
      return clash(on, "sets a value of another type than '" + on.getName() + "' has", declared, "it is declared here");
    auto trace = dyn_cast<TraceOp>(declared);
    if (trace && trace.getEnd() != on.getEvent())
      return clash(on, "an event sets traces of its own end only", trace, "the trace is declared here");
    for (Operation *op : sources(on.getValue())) {
      if (isa<AmountOp>(op) && on.getEvent() != "third")
        return clash(op, "is read by what \"" + on.getEvent() + "\" sets; only a \"third\" event has an amount", on, "here");
      if (!trace)
        continue;
      auto other = dyn_cast<TraceOp>(op);
      auto elapsed = dyn_cast<ElapsedOp>(op);
      if (isa<WeightOp, SynapseOp>(op) || (other && other.getEnd() != trace.getEnd()) ||
          (elapsed && elapsed.getEnd() != trace.getEnd()))
        return clash(on, "a trace is kept once for all synapses of its end: it can depend on traces and times of that end only", op,
                     "this is not one of them");
    }
    return success();
  }

  RuleOp rule;
  WeightOp weight;
  llvm::StringMap<Operation *> names;
  llvm::StringSet<> sets;
};
} // namespace

LogicalResult RuleOp::verifyRegions() { return RuleChecker(*this).run(); }

//===----------------------------------------------------------------------===//
// LearnerOp
//===----------------------------------------------------------------------===//

LogicalResult LearnerOp::verify() {
  for (NamedAttribute entry : getPrograms()) {
    if (!llvm::is_contained({"on_pre", "on_post", "on_third", "trace_pre", "trace_post", "trace_third"},
                            entry.getName().getValue()))
      return emitOpError("expected on_pre, on_post, on_third, trace_pre, trace_post or trace_third, found '")
             << entry.getName().getValue() << "'";
    if (!mlir::isa<FlatSymbolRefAttr>(entry.getValue()))
      return emitOpError("expected the name of a program as ") << entry.getName().getValue() << ", found " << entry.getValue();
  }
  for (NamedAttribute entry : getParams()) {
    auto values = dyn_cast<DictionaryAttr>(entry.getValue());
    if (!getPrograms().contains(entry.getName()) || !values)
      return emitOpError("expected values by name for a program of the learner, found '") << entry.getName().getValue() << "'";
    for (NamedAttribute value : values)
      if (!mlir::isa<FloatAttr, IntegerAttr>(value.getValue()))
        return emitOpError("expected a number for '") << value.getName().getValue() << "', found " << value.getValue();
  }
  for (NamedAttribute value : getInit())
    if (!mlir::isa<FloatAttr, IntegerAttr>(value.getValue()))
      return emitOpError("expected a number for '") << value.getName().getValue() << "', found " << value.getValue();
  const auto shift = static_cast<int64_t>(getWeightShift());
  if (shift < 0 || shift > 31)
    return emitOpError("expected a shift of 0..31, found ") << shift;
  return success();
}

//===----------------------------------------------------------------------===//
// PlasticityOp
//===----------------------------------------------------------------------===//

PlasticityOp ranvier::snn::plasticityOf(ProjectionOpInterface projection) {
  auto symbol = cast<SymbolOpInterface>(projection.getOperation());
  if (auto network = projection->getParentOfType<NetworkOp>())
    for (auto plasticity : network.getBody().getOps<PlasticityOp>())
      if (plasticity.getProjection() == symbol.getName())
        return plasticity;
  return {};
}

Operation *ranvier::snn::lookupRule(PlasticityOp plasticity, SymbolTableCollection *tables) {
  auto network = plasticity->getParentOfType<NetworkOp>();
  Operation *outside = network ? network->getParentOp() : nullptr;
  FlatSymbolRefAttr name = plasticity.getProperties().rule;
  if (!outside || !name)
    return nullptr;
  Operation *found = tables ? tables->lookupNearestSymbolFrom(outside, name) : SymbolTable::lookupNearestSymbolFrom(outside, name);
  return isa_and_nonnull<RuleOp, LearnerOp>(found) ? found : nullptr;
}

LogicalResult ranvier::snn::checkRuleParameters(Operation *op, DictionaryAttr given, StringRef ruleName, Operation *rule) {
  SmallVector<StringRef> known;
  for (auto parameter : rule->getRegion(0).getOps<ParameterOp>()) {
    known.push_back(parameter.getName());
    if (!parameter.getDefaultValueAttr() && !given.contains(parameter.getName()))
      return clash(op, "gives no value for parameter '" + parameter.getName() + "', which has no default", rule,
                   "the rule is here");
  }
  for (NamedAttribute entry : given) {
    if (!llvm::is_contained(known, entry.getName().getValue()))
      return clash(op, "rule @" + ruleName + " has no parameter '" + entry.getName().getValue() + "'", rule, "the rule is here");
    auto real = dyn_cast<FloatAttr>(entry.getValue());
    auto integer = dyn_cast<IntegerAttr>(entry.getValue());
    if (!(real && std::isfinite(real.getValueAsDouble())) && !integer)
      return op->emitOpError("expected a finite number for '") << entry.getName().getValue() << "', found " << entry.getValue();
  }
  return success();
}

LogicalResult ranvier::snn::checkOwnSynapses(Operation *op, StringRef name, ProjectionOpInterface projection,
                                             SymbolTableCollection &tables) {
  if (!mlir::isa<DenseOp, SparseOp, ConnectOp>(projection.getOperation()))
    return clash(op, "synapses of @" + name + " share their weights; expected snn.dense, snn.sparse or snn.connect", projection,
                 "the projection is here");
  NodeOpInterface source = lookupNode(projection, projection.getSourceAttr(), &tables),
                  target = lookupNode(projection, projection.getTargetAttr(), &tables);
  if (source && mlir::isa<JunctionOp>(source.getOperation()))
    return clash(op, "@" + name + " starts at a junction, which has no spikes of its own", source, "it is here");
  if (target && !mlir::isa<PopulationOp>(target.getOperation()))
    return clash(op, "@" + name + " ends on a node without spikes of its own; expected a population", target, "the node is here");
  return success();
}

LogicalResult PlasticityOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto network = cast<NetworkOp>((*this)->getParentOp());
  auto projection = dyn_cast_or_null<ProjectionOpInterface>(tables.lookupSymbolIn(network, getProjectionAttr()));
  if (!projection)
    return emitOpError("expected a projection @") << getProjection() << " in the network, found none";
  for (auto other : network.getBody().getOps<PlasticityOp>()) {
    if (other == *this)
      break;
    if (other.getProjectionAttr() == getProjectionAttr())
      return clash(*this, "@" + getProjection() + " has a plasticity already", other, "it is here");
  }
  if (failed(checkOwnSynapses(*this, getProjection(), projection, tables)))
    return failure();
  NodeOpInterface target = lookupNode(projection, projection.getTargetAttr(), &tables);
  auto population = target ? dyn_cast<PopulationOp>(target.getOperation()) : PopulationOp();
  Operation *rule = lookupRule(*this, &tables);
  if (!rule)
    return emitOpError("expected an snn.rule or snn.learner @") << getRule() << " beside the network, found none";
  const std::optional<StringRef> third = mlir::isa<RuleOp>(rule) ? cast<RuleOp>(rule).getThird() : cast<LearnerOp>(rule).getThird();
  if (Operation *model = third && population ? lookupModel(population, &tables) : nullptr)
    if (!llvm::is_contained(getModelSlots(model).receptors, *third))
      return clash(*this, "the target's model has no receptor '" + *third + "', the rule's third factor", model,
                   "the model is here");
  if (mlir::isa<RuleOp>(rule))
    return checkRuleParameters(*this, getParams(), getRule(), rule);
  if (!getParams().empty())
    return emitOpError("gives parameters to a learner, which has its own");
  return success();
}
