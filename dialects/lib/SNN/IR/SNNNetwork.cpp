//===- SNNNetwork.cpp - Networks, nodes, outputs, probes --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rules of everything in a network but the projections. Rules about other ops are checked in verifySymbolUses, with the symbol
// tables that the network's verifier keeps, so that a network of n ops takes n look-ups.
//===----------------------------------------------------------------------===//
#include "Checks.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace ranvier::snn;

ArrayRef<int64_t> InputOp::getNodeShape() { return getShape(); }
StringRef InputOp::getNodeName() { return getSymName(); }
ArrayRef<int64_t> PopulationOp::getNodeShape() { return getShape(); }
StringRef PopulationOp::getNodeName() { return getSymName(); }
ArrayRef<int64_t> JunctionOp::getNodeShape() { return getShape(); }
StringRef JunctionOp::getNodeName() { return getSymName(); }

//===----------------------------------------------------------------------===//
// Look-ups
//===----------------------------------------------------------------------===//

Operation *ranvier::snn::lookupModel(PopulationOp population, SymbolTableCollection *tables) {
  auto network = population->getParentOfType<NetworkOp>();
  Operation *outside = network ? network->getParentOp() : nullptr;
  FlatSymbolRefAttr name = population.getProperties().model;
  if (!outside || !name)
    return nullptr;
  Operation *found = tables ? tables->lookupNearestSymbolFrom(outside, name) : SymbolTable::lookupNearestSymbolFrom(outside, name);
  return isa_and_nonnull<ModelOp, ProgramOp>(found) ? found : nullptr;
}

NodeOpInterface ranvier::snn::lookupNode(Operation *user, FlatSymbolRefAttr name, SymbolTableCollection *tables) {
  Operation *network = user->getParentOp();
  if (!isa_and_nonnull<NetworkOp>(network) || !name)
    return {};
  Operation *found = tables ? tables->lookupSymbolIn(network, name) : SymbolTable::lookupSymbolIn(network, name);
  return dyn_cast_or_null<NodeOpInterface>(found);
}

//===----------------------------------------------------------------------===//
// NetworkOp
//===----------------------------------------------------------------------===//

LogicalResult NetworkOp::verifyRegions() {
  const double dt = getDt().convertToDouble();
  if (!std::isfinite(dt) || dt <= 0)
    return emitOpError("expected a time step dt > 0 [s], found ") << dt;
  for (Operation &op : getBody().front())
    if (!isa<NodeOpInterface, ProjectionOpInterface, OutputOp, ProbeOp, PlasticityOp, RewiringOp>(op)) {
      InFlightDiagnostic error =
          op.emitOpError("is not allowed in a network; expected nodes, projections, outputs, probes, plasticities and rewirings");
      error.attachNote(getLoc()) << "the network is here";
      return error;
    }
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// One value for all neurons or one for each.
static LogicalResult checkLength(InputOp op, StringRef what, int64_t length) {
  if (length != 1 && length != op.getNodeCount())
    return op.emitOpError("expected 1 or ") << op.getNodeCount() << " " << what << ", found " << length;
  return success();
}

LogicalResult InputOp::verify() {
  if (failed(checkShape(*this, "the shape", getShape())))
    return failure();
  Attribute source = getSourceAttr();
  if (!source)
    return success();
  if (auto poisson = dyn_cast<PoissonAttr>(source))
    return checkLength(*this, "rates", poisson.getRates().size());
  if (auto regular = dyn_cast<RegularAttr>(source))
    return failure(failed(checkLength(*this, "intervals", regular.getIntervals().size())) ||
                   failed(checkLength(*this, "phases", regular.getPhases().size())));
  if (auto list = dyn_cast<SpikeListAttr>(source)) {
    for (int64_t neuron : list.getNeurons().asArrayRef())
      if (neuron >= getNodeCount())
        return emitOpError("expected neurons below ") << getNodeCount() << " in the spike list, found " << neuron;
    return success();
  }
  return emitOpError("expected #snn.poisson, #snn.regular or #snn.spike_list as source, found ") << source;
}

LogicalResult JunctionOp::verify() { return checkShape(*this, "the shape", getShape()); }

LogicalResult PopulationOp::verify() {
  if (failed(checkShape(*this, "the shape", getShape())))
    return failure();
  for (NamedAttribute entry : getParams())
    if (failed(checkValue(*this, "parameter '" + entry.getName().getValue() + "'", entry.getValue(), getNodeCount())))
      return failure();
  for (NamedAttribute entry : getInit())
    if (failed(checkValue(*this, "initial value '" + entry.getName().getValue() + "'", entry.getValue(), getNodeCount())))
      return failure();
  if (DictionaryAttr scale = getScaleAttr())
    for (NamedAttribute entry : scale) {
      auto number = dyn_cast<FloatAttr>(entry.getValue());
      if (!number || !number.getValue().isFinite() || number.getValueAsDouble() <= 0)
        return emitOpError("expected a finite number > 0 as scale of '")
               << entry.getName().getValue() << "', found " << entry.getValue();
    }
  if (const auto size = getValueScale(); size && !(size->isFinite() && size->convertToDouble() > 0))
    return emitOpError("expected a finite number > 0 as value_scale, found ") << getValueScaleAttr();
  if (DictionaryAttr names = getStateNamesAttr())
    for (NamedAttribute entry : names)
      if (auto name = dyn_cast<StringAttr>(entry.getValue()); !name || name.empty())
        return emitOpError("expected a name as the network's own name of '")
               << entry.getName().getValue() << "', found " << entry.getValue();
  if (const auto depth = static_cast<int64_t>(getDepth()); depth < 0 || depth > maxDelay)
    return emitOpError("expected a depth in 0..65535 steps, found ") << depth;
  return success();
}

/// Every name of `values` is one of `known`.
static LogicalResult checkNames(PopulationOp op, Operation *model, DictionaryAttr values, StringRef what,
                                ArrayRef<StringRef> known) {
  for (NamedAttribute entry : values)
    if (!llvm::is_contained(known, entry.getName().getValue())) {
      InFlightDiagnostic error = op.emitOpError("model @")
                                 << op.getModel() << " has no " << what << " '" << entry.getName().getValue() << "'";
      error.attachNote(model->getLoc()) << "the model is here";
      return error;
    }
  return success();
}

LogicalResult PopulationOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *model = lookupModel(*this, &tables);
  if (!model)
    return emitOpError("expected an snn.model or snn.program @") << getModel() << " beside the network, found none";
  const ModelSlots slots = getModelSlots(model);
  SmallVector<StringRef> parameters;
  for (const ModelSlots::Parameter &parameter : slots.parameters) {
    parameters.push_back(parameter.name);
    if (parameter.defaultValue || getParams().contains(parameter.name))
      continue;
    InFlightDiagnostic error = emitOpError("gives no value for parameter '") << parameter.name << "', which has no default";
    error.attachNote(model->getLoc()) << "the model is here";
    return error;
  }
  if (failed(checkNames(*this, model, getParams(), "parameter", parameters)) ||
      failed(checkNames(*this, model, getInit(), "state variable", slots.states)))
    return failure();
  for (DictionaryAttr byState : {getScaleAttr(), getStateNamesAttr()})
    if (byState && failed(checkNames(*this, model, byState, "state variable", slots.states)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs and probes
//===----------------------------------------------------------------------===//

LogicalResult OutputOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!lookupNode(*this, getSourceAttr(), &tables))
    return emitOpError("expected an input, population or junction @") << getSource() << " in the network, found none";
  return success();
}

LogicalResult ProbeOp::verifySymbolUses(SymbolTableCollection &tables) {
  NodeOpInterface node = lookupNode(*this, getNodeAttr(), &tables);
  if (!node)
    return emitOpError("expected an input, population or junction @") << getNode() << " in the network, found none";
  if (getVariables().empty())
    return emitOpError("expected at least one variable");
  ModelSlots slots;
  if (auto population = dyn_cast<PopulationOp>(node.getOperation()))
    if (Operation *model = lookupModel(population, &tables))
      slots = getModelSlots(model);
  SmallVector<StringRef> seen;
  for (StringRef variable : getVariables().getAsValueRange<StringAttr>()) {
    if (llvm::is_contained(seen, variable))
      return emitOpError("names '") << variable << "' twice";
    seen.push_back(variable);
    if (variable == "spikes" || llvm::is_contained(slots.states, variable))
      continue;
    InFlightDiagnostic error = emitOpError("@") << getNode() << " has no state variable '" << variable << "'";
    error.attachNote(node.getLoc()) << "the node is here";
    return error;
  }
  return success();
}
