//===- ReadModel.cpp - snn.model as plain data ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BodyReader.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "llvm/ADT/StringMap.h"
#include <tuple>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
class Reader : BodyReader {
public:
  explicit Reader(snn::ModelOp op) : op(op) {}

  Result<Model> run() {
    model.name = op.getSymName().str();
    std::tie(model.file, model.place) = placeOf(op);
    for (auto state : op.getBody().getOps<snn::StateOp>()) {
      stateSlot[state.getName()] = static_cast<uint32_t>(model.states.size());
      model.states.push_back(
          {state.getName().str(), state.getInitial().convertToDouble(), range(state.getRange()), placeOf(state).second});
    }
    model.update.assign(model.states.size(), -1);
    for (Operation &inner : op.getBody().front())
      RANVIER_CHECK(read(&inner));
    return std::move(model);
  }

private:
  static std::optional<std::pair<double, double>> range(std::optional<ArrayRef<double>> range) {
    if (!range || range->size() != 2)
      return {};
    return std::pair{(*range)[0], (*range)[1]};
  }

  Result<void> readDeclaration(Operation *inner) {
    if (auto update = dyn_cast<snn::UpdateOp>(inner))
      model.update[stateSlot.lookup(update.getName())] = of(update.getValue());
    else if (auto spike = dyn_cast<snn::SpikeOp>(inner)) {
      model.spike = of(spike.getCondition());
      model.payload = spike.getPayload() ? of(spike.getPayload()) : -1;
    } else if (auto parameter = dyn_cast<snn::ParameterOp>(inner)) {
      readParameter(parameter);
    } else if (auto receive = dyn_cast<snn::ReceiveOp>(inner)) {
      add(inner, {.kind = NodeKind::Input, .slot = static_cast<uint32_t>(model.inputs.size())});
      model.inputs.push_back({receive.getName().str(), {}, range(receive.getRange()), placeOf(inner).second});
    } else if (auto state = dyn_cast<snn::StateOp>(inner)) {
      add(inner, {.kind = NodeKind::State, .slot = stateSlot.lookup(state.getName())});
    } else if (auto random = dyn_cast<snn::RandomOp>(inner)) {
      add(inner, {.kind = NodeKind::Random, .slot = static_cast<uint32_t>(random.getDraw())});
    } else if (isa<snn::TimestepOp>(inner)) {
      add(inner, {.kind = NodeKind::Timestep});
    } else {
      return unsupported(inner, "");
    }
    return {};
  }

  Result<void> read(Operation *inner) {
    if (inner->getDialect() && inner->getDialect()->getNamespace() == "snn")
      return readDeclaration(inner);
    return readArithmetic(inner);
  }

  snn::ModelOp op;
  llvm::StringMap<uint32_t> stateSlot;
};
} // namespace

Result<Model> compiler::readModel(snn::ModelOp op) { return Reader(op).run(); }
