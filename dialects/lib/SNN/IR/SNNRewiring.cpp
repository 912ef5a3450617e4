//===- SNNRewiring.cpp - Rules of structural plasticity ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rules of the ops that describe how synapses come and go. What a rule may say is what becomes a table: formation by squared
// distance, elimination by intervals of the weight.
//===----------------------------------------------------------------------===//
#include "Checks.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace ranvier::snn;

void SquaredDistanceOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "d2"); }
void CurrentWeightOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "weight"); }
void LateralOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "lateral"); }

//===----------------------------------------------------------------------===//
// RewiringRuleOp
//===----------------------------------------------------------------------===//

/// The first op of kind T that `value` is computed from, or null.
template <typename T> static Operation *sourceOfKind(Value value) {
  llvm::SetVector<Operation *> found;
  SmallVector<Value> left{value};
  while (!left.empty())
    if (Operation *op = left.pop_back_val().getDefiningOp(); op && found.insert(op)) {
      if (isa<T>(op))
        return op;
      left.append(op->operand_begin(), op->operand_end());
    }
  return nullptr;
}

LogicalResult RewiringRuleOp::verifyRegions() {
  llvm::StringMap<Operation *> names;
  SmallVector<FormOp> forms;
  SmallVector<EliminateOp> eliminations;
  for (Operation &op : getBody().front()) {
    if (auto parameter = dyn_cast<ParameterOp>(op)) {
      auto [entry, isNew] = names.try_emplace(parameter.getName(), &op);
      if (!isNew)
        return clash(&op, "'" + parameter.getName() + "' is declared twice", entry->second, "the first declaration is here");
    } else if (auto form = dyn_cast<FormOp>(op)) {
      forms.push_back(form);
    } else if (auto eliminate = dyn_cast<EliminateOp>(op)) {
      eliminations.push_back(eliminate);
    } else if (!isa<TimestepOp, SquaredDistanceOp, CurrentWeightOp, LateralOp>(op)) {
      if (!isModelArithmetic(&op))
        return clash(&op,
                     "is not allowed in a rule of rewiring; expected its declarations and scalar arith or math ops of "
                     "docs/spec/snn-dialect.md",
                     *this, "the rule is here");
      for (Type type : op.getResultTypes())
        if (!type.isF32() && !type.isF64() && !type.isInteger(1))
          return op.emitOpError("expected f32, f64 or i1 in a rule of rewiring, found ") << type;
    }
  }
  if (forms.size() != 1 || eliminations.size() != 1)
    return emitOpError("expected one snn.form and one snn.eliminate, found ") << forms.size() << " and " << eliminations.size();
  if (Operation *weight = sourceOfKind<CurrentWeightOp>(forms[0].getProbability()))
    return clash(forms[0], "depends on a weight, which a synapse has when it is formed only", weight, "it is read here");
  if (Operation *distance = sourceOfKind<SquaredDistanceOp>(eliminations[0].getProbability()))
    return clash(eliminations[0], "depends on a distance, which formation alone does", distance, "it is read here");
  for (auto weight : getBody().getOps<CurrentWeightOp>())
    for (Operation *user : weight->getUsers()) {
      const bool compares = isa<arith::CmpFOp>(user) && (sourceOfKind<CurrentWeightOp>(user->getOperand(0)) != nullptr) !=
                                                            (sourceOfKind<CurrentWeightOp>(user->getOperand(1)) != nullptr);
      if (!compares)
        return clash(user, "uses a weight for more than to compare it with a number", weight, "it is read here");
    }
  return success();
}

//===----------------------------------------------------------------------===//
// RewiringOp
//===----------------------------------------------------------------------===//

RewiringOp ranvier::snn::rewiringOf(ProjectionOpInterface projection) {
  auto symbol = cast<SymbolOpInterface>(projection.getOperation());
  if (auto network = projection->getParentOfType<NetworkOp>())
    for (auto rewiring : network.getBody().getOps<RewiringOp>())
      if (rewiring.getProjection() == symbol.getName())
        return rewiring;
  return {};
}

RewiringRuleOp ranvier::snn::lookupRule(RewiringOp rewiring, SymbolTableCollection *tables) {
  auto network = rewiring->getParentOfType<NetworkOp>();
  Operation *outside = network ? network->getParentOp() : nullptr;
  FlatSymbolRefAttr name = rewiring.getProperties().rule;
  if (!outside || !name)
    return {};
  Operation *found = tables ? tables->lookupNearestSymbolFrom(outside, name) : SymbolTable::lookupNearestSymbolFrom(outside, name);
  return dyn_cast_or_null<RewiringRuleOp>(found);
}

LogicalResult RewiringOp::verify() {
  if (getPartner() != "random" && getPartner() != "last")
    return emitOpError("expected partner \"random\" or \"last\", found \"") << getPartner() << "\"";
  constexpr int64_t mostExtent = 1024; // The table of formation has an entry for every squared distance.
  if (getGrid().size() != 2 || llvm::any_of(getGrid(), [](int64_t extent) { return extent < 1 || extent > mostExtent; }))
    return emitOpError("expected a grid of two extents of 1..1024, found ") << formatShape(getGrid());
  const struct {
    const char *name;
    int64_t value, most;
  } numbers[] = {{"attempts", static_cast<int64_t>(getAttempts()), 1 << 20},
                 {"every", static_cast<int64_t>(getEvery()), INT32_MAX},
                 {"most", static_cast<int64_t>(getMost()), 4096},
                 {"delay", static_cast<int64_t>(getDelay()), maxDelay}};
  for (const auto &number : numbers)
    if (number.value < 1 || number.value > number.most)
      return emitOpError("expected 1..") << number.most << " as '" << number.name << "', found " << number.value;
  if (!getWeight().isFinite())
    return emitOpError("expected a finite weight, found ") << getWeightAttr();
  if (const auto unit = getUnit(); unit && !(unit->isFinite() && unit->convertToDouble() > 0))
    return emitOpError("expected a finite unit > 0, found ") << getUnitAttr();
  return success();
}

LogicalResult RewiringOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto network = cast<NetworkOp>((*this)->getParentOp());
  auto projection = dyn_cast_or_null<ProjectionOpInterface>(tables.lookupSymbolIn(network, getProjectionAttr()));
  if (!projection)
    return emitOpError("expected a projection @") << getProjection() << " in the network, found none";
  for (auto other : network.getBody().getOps<RewiringOp>()) {
    if (other == *this)
      break;
    if (other.getProjectionAttr() == getProjectionAttr())
      return clash(*this, "@" + getProjection() + " is rewired already", other, "it is here");
  }
  if (failed(checkOwnSynapses(*this, getProjection(), projection, tables)))
    return failure();
  for (FlatSymbolRefAttr end : {projection.getSourceAttr(), projection.getTargetAttr()})
    if (NodeOpInterface node = lookupNode(projection, end, &tables); node && getGrid()[0] * getGrid()[1] < node.getNodeCount())
      return clash(*this, "the grid has fewer places than @" + end.getValue() + " has neurons", node, "the node is here");
  RewiringRuleOp rule = lookupRule(*this, &tables);
  if (!rule)
    return emitOpError("expected an snn.rewiring_rule @") << getRule() << " beside the network, found none";
  return checkRuleParameters(*this, getParams(), getRule(), rule);
}
