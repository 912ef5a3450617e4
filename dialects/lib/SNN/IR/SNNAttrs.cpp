//===- SNNAttrs.cpp - Rules of the snn attributes ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be checked without knowing who uses the attribute; lengths against node counts are checked by the ops.
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace ranvier::snn;

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

LogicalResult UniformAttr::verify(EmitError emitError, Real low, Real high, uint64_t) {
  if (!std::isfinite(low) || !std::isfinite(high) || !(low < high))
    return emitError() << "uniform distribution: expected finite bounds with low < high, found [" << static_cast<double>(low)
                       << ", " << static_cast<double>(high) << ")";
  return success();
}

LogicalResult NormalAttr::verify(EmitError emitError, Real mean, Real deviation, Real low, Real high, uint64_t) {
  if (!std::isfinite(mean) || !std::isfinite(deviation) || deviation < 0)
    return emitError() << "normal distribution: expected a finite mean and a deviation >= 0, found " << static_cast<double>(mean)
                       << " and " << static_cast<double>(deviation);
  if (!std::isfinite(low) || !std::isfinite(high) || !(low <= high))
    return emitError() << "normal distribution: expected finite clip bounds with low <= high, found [" << static_cast<double>(low)
                       << ", " << static_cast<double>(high) << "]";
  return success();
}

LogicalResult PoissonAttr::verify(EmitError emitError, DenseF64ArrayAttr rates, uint64_t) {
  if (rates.empty())
    return emitError() << "poisson source: expected at least one rate";
  for (double rate : rates.asArrayRef())
    if (!std::isfinite(rate) || rate < 0)
      return emitError() << "poisson source: expected finite rates >= 0 [1/s], found " << rate;
  return success();
}

LogicalResult RegularAttr::verify(EmitError emitError, DenseI64ArrayAttr intervals, DenseI64ArrayAttr phases) {
  for (auto [values, what] : {std::pair(intervals, "interval"), std::pair(phases, "phase")}) {
    if (values.empty())
      return emitError() << "regular source: expected at least one " << what;
    for (int64_t value : values.asArrayRef())
      if (value < 1 || value > UINT32_MAX)
        return emitError() << "regular source: expected every " << what << " in 1..4294967295 steps, found " << value;
  }
  return success();
}

LogicalResult SpikeListAttr::verify(EmitError emitError, DenseI64ArrayAttr steps, DenseI64ArrayAttr neurons) {
  if (steps.size() != neurons.size())
    return emitError() << "spike list: expected as many neurons as steps, found " << neurons.size() << " neurons and "
                       << steps.size() << " steps";
  llvm::SmallDenseSet<int64_t> ofThisStep;
  for (auto [i, step] : llvm::enumerate(steps.asArrayRef())) {
    if (step < 1 || step > UINT32_MAX)
      return emitError() << "spike list: expected steps in 1..4294967295, found " << step;
    if (i > 0 && step < steps[i - 1])
      return emitError() << "spike list: expected steps in ascending order, found " << step << " after " << steps[i - 1];
    if (neurons[i] < 0 || neurons[i] >= maxNodeCount)
      return emitError() << "spike list: expected neurons in 0..2147483647, found " << neurons[i];
    if (i > 0 && step != steps[i - 1])
      ofThisStep.clear();
    if (!ofThisStep.insert(neurons[i]).second)
      return emitError() << "spike list: neuron " << neurons[i] << " fires twice in step " << step;
  }
  return success();
}
