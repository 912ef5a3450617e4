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

Size uniform(double fanIn, double sources, double synapses, bool expected = false) {
  return {PerNeuron{fanIn}, PerNeuron{sources}, synapses, expected};
}

Size connectorSize(snn::ConnectOp op, double sources, double targets) {
  const StringRef rule = op.getRule();
  const bool skipsOne = !op.getAutapses() && op.getSource() == op.getTarget();
  if (rule == "one_to_one")
    return skipsOne ? Size() : uniform(1, 1, targets);
  if (rule == "all_to_all") {
    const double each = std::max(0.0, sources - (skipsOne ? 1 : 0));
    return uniform(each, each, each * targets);
  }
  if (rule == "fixed_in_degree") { // Drawn with replacement: all synapses may come from one source.
    const double k = ruleNumber(op, "k");
    return uniform(k, std::min(k, 1.0), k * targets);
  }
  if (rule == "fixed_total_number") {
    const double total = ruleNumber(op, "n");
    return uniform(targets > 0 ? total / targets : 0, 0, total, true);
  }
  // The distance-dependent probability is at most p_max; how much less depends on geometry, so only p_max and zero are bounds.
  if (rule == "fixed_probability") {
    const double p = ruleNumber(op, "p"), each = std::max(0.0, sources - (skipsOne ? 1 : 0));
    return uniform(p * each, p * each, p * each * targets, p > 0 && p < 1);
  }
  return uniform(0, 0, 0, true);
}

/// Taps of a window that lie inside the input, for each output position of one axis.
std::vector<double> tapsInside(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, int64_t output) {
  std::vector<double> taps(static_cast<size_t>(output), 0);
  for (int64_t o = 0; o < output; ++o)
    for (int64_t k = 0; k < kernel; ++k)
      if (const int64_t at = o * stride - padding + k * dilation; at >= 0 && at < input)
        ++taps[static_cast<size_t>(o)];
  return taps;
}

/// Kernels: channels times the taps inside, axis by axis. Every tap has a source neuron of its own.
Size windowSize(ArrayRef<int64_t> input, ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride, ArrayRef<int64_t> padding,
                ArrayRef<int64_t> dilation, ArrayRef<int64_t> output, double channels) {
  PerNeuron each{channels};
  for (size_t axis = 0; axis < kernel.size(); ++axis) {
    const auto taps = tapsInside(input[1 + axis], kernel[axis], stride[axis], padding[axis], dilation.empty() ? 1 : dilation[axis],
                                 output[1 + axis]);
    PerNeuron next;
    next.reserve(each.size() * taps.size());
    for (double before : each)
      for (double count : taps)
        next.push_back(before * count);
    each = std::move(next);
  }
  Size size;
  size.fanIn.clear();
  for (int64_t channel = 0; channel < output[0]; ++channel)
    size.fanIn.insert(size.fanIn.end(), each.begin(), each.end());
  size.sources = size.fanIn;
  for (double count : size.fanIn)
    size.synapses += count;
  return size;
}

template <typename ConvOp> Size convolutionSize(ConvOp op) {
  const ArrayRef<int64_t> weights = op.getWeights().getShapedType().getShape();
  return windowSize(op.getInputShape(), weights.drop_front(2), op.getStride(), op.getPadding(), op.getDilation(),
                    op.getOutputShape(), static_cast<double>(weights[1]));
}

Size sparseSize(snn::SparseOp op) {
  const auto starts = snn::readIntegers(op.getRowPtr()), columns = snn::readIntegers(op.getColumns());
  if (!starts || !columns || starts->size() < 2)
    return {};
  Size size;
  size.fanIn.assign(starts->size() - 1, 0);
  size.sources = size.fanIn;
  for (size_t target = 0; target + 1 < starts->size(); ++target)
    for (int64_t k = (*starts)[target]; k < (*starts)[target + 1]; ++k) {
      ++size.fanIn[target];
      size.sources[target] += k == (*starts)[target] || (*columns)[k] != (*columns)[k - 1]; // Columns ascend.
    }
  size.synapses = static_cast<double>(columns->size());
  return size;
}

} // namespace

Size sizeOf(snn::ProjectionOpInterface projection, double sources, double targets) {
  return llvm::TypeSwitch<Operation *, Size>(projection.getOperation())
      .Case([&](snn::SparseOp op) { return sparseSize(op); })
      .Case([&](snn::Conv1dOp op) { return convolutionSize(op); })
      .Case([&](snn::Conv2dOp op) { return convolutionSize(op); })
      .Case([&](snn::PoolOp op) {
        return windowSize(op.getInputShape(), op.getKernel(), op.getStride(), op.getPadding(), {}, op.getOutputShape(), 1);
      })
      .Case([&](snn::ConnectOp op) { return connectorSize(op, sources, targets); })
      .Default([&](Operation *) { return uniform(sources, sources, sources * targets); });
}

} // namespace ranvier::check
