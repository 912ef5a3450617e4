//===- ReadRewiring.cpp - snn.rewiring_rule as plain data -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BodyReader.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include <tuple>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
class Reader : BodyReader {
public:
  Reader(snn::RewiringRuleOp op, bool lateral) : op(op), lateral(lateral) {}

  Result<RewiringRule> run() {
    model.name = op.getSymName().str();
    std::tie(model.file, model.place) = placeOf(op);
    model.inputs = {{"squared_distance", {}, {}}, {"current_weight", {}, {}}};
    for (Operation &inner : op.getBody().front())
      RANVIER_CHECK(read(&inner));
    rule.body = std::move(model);
    return std::move(rule);
  }

private:
  Result<void> read(Operation *inner) {
    if (auto parameter = dyn_cast<snn::ParameterOp>(inner))
      readParameter(parameter);
    else if (isa<snn::TimestepOp>(inner))
      add(inner, {.kind = NodeKind::Timestep});
    else if (isa<snn::SquaredDistanceOp>(inner))
      add(inner, {.kind = NodeKind::Input, .slot = RewiringRule::SquaredDistance});
    else if (isa<snn::CurrentWeightOp>(inner))
      add(inner, {.kind = NodeKind::Input, .slot = RewiringRule::Weight});
    else if (isa<snn::LateralOp>(inner))
      add(inner, {.kind = NodeKind::Constant, .boolean = true, .value = lateral ? 1.0 : 0.0});
    else if (auto form = dyn_cast<snn::FormOp>(inner))
      rule.form = of(form.getProbability());
    else if (auto eliminate = dyn_cast<snn::EliminateOp>(inner))
      rule.eliminate = of(eliminate.getProbability());
    else
      return readArithmetic(inner);
    return {};
  }

  snn::RewiringRuleOp op;
  const bool lateral;
  RewiringRule rule;
};
} // namespace

Result<RewiringRule> compiler::readRewiringRule(snn::RewiringOp rewiring) {
  auto network = rewiring->getParentOfType<snn::NetworkOp>();
  auto projection = cast<snn::ProjectionOpInterface>(SymbolTable::lookupSymbolIn(network, rewiring.getProjectionAttr()));
  RANVIER_TRY(RewiringRule rule, Reader(snn::lookupRule(rewiring), projection.getSourceAttr() == projection.getTargetAttr()).run());
  rule.body.user = rewiring.getSymName().str();
  return std::move(rule);
}

std::vector<double> compiler::parameterValues(snn::RewiringOp rewiring, const RewiringRule &rule) {
  std::vector<double> out;
  for (const Model::Slot &slot : rule.body.params) {
    const Attribute given = rewiring.getParams().get(slot.name);
    const auto numbers = given ? snn::readElements(given) : std::nullopt;
    out.push_back(numbers ? (*numbers)[0] : *slot.value); // the verifier wants one of the two
  }
  return out;
}
