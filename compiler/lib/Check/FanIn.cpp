//===- FanIn.cpp - Synapses onto one neuron, without listing them ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "FanIn.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>

using namespace mlir;

namespace ranvier::check {

namespace {

double ruleNumber(snn::ConnectOp op, StringRef key) {
  const auto numbers = snn::readElements(op.getRuleParams().get(key));
  return numbers && !numbers->empty() ? numbers->front() : 0;
}

Size connectorSize(snn::ConnectOp op, double sources, double targets) {
  const StringRef rule = op.getRule();
  if (rule == "one_to_one")
    return {1, targets};
  if (rule == "all_to_all") {
    const bool skipsOne = !op.getAutapses() && op.getSource() == op.getTarget();
    const double each = std::max(0.0, sources - (skipsOne ? 1 : 0));
    return {each, each * targets};
  }
  if (rule == "fixed_in_degree")
    return {ruleNumber(op, "k"), ruleNumber(op, "k") * targets};
  if (rule == "fixed_total_number") {
    const double total = ruleNumber(op, "n");
    return {targets > 0 ? total / targets : 0, total, true};
  }
  // The distance-dependent probability is at most p_max; how much less depends on geometry, so only p_max and zero are bounds.
  if (rule == "fixed_probability") {
    const double p = ruleNumber(op, "p");
    return {p * sources, p * sources * targets, true};
  }
  return {0, 0, true};
}

double productOfTail(ArrayRef<int64_t> shape) {
  double product = 1;
  for (int64_t extent : shape.drop_front())
    product *= static_cast<double>(extent);
  return product;
}

Size sparseSize(snn::SparseOp op) {
  Size size;
  const auto starts = snn::readIntegers(op.getRowPtr());
  for (size_t i = 1; starts && i < starts->size(); ++i)
    size.fanIn = std::max(size.fanIn, static_cast<double>((*starts)[i] - (*starts)[i - 1]));
  size.synapses = starts && !starts->empty() ? static_cast<double>(starts->back()) : 0;
  return size;
}

} // namespace

Size sizeOf(snn::ProjectionOpInterface projection, double sources, double targets) {
  const auto window = [&](double fanIn) { return Size{fanIn, fanIn * targets}; };
  return llvm::TypeSwitch<Operation *, Size>(projection.getOperation())
      .Case([&](snn::SparseOp op) { return sparseSize(op); })
      .Case([&](snn::Conv1dOp op) { return window(productOfTail(op.getWeights().getShapedType().getShape())); })
      .Case([&](snn::Conv2dOp op) { return window(productOfTail(op.getWeights().getShapedType().getShape())); })
      .Case([&](snn::PoolOp op) { return window(static_cast<double>(op.getKernel()[0] * op.getKernel()[1])); })
      .Case([&](snn::ConnectOp op) { return connectorSize(op, sources, targets); })
      .Default([&](Operation *) { return window(sources); });
}

} // namespace ranvier::check
