//===- Simulate.h - Runs a quantised network in a test ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A second, slow and plain way to run what the quantiser writes: programs by the interpreter, synapses one by one. Delays from the
// ops; a delay of 0 acts in the same step, so populations must be declared in topological order for such edges.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_UNIT_QUANTIZE_SIMULATE_H
#define RANVIER_TEST_UNIT_QUANTIZE_SIMULATE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ranvier::test {

/// A context with the dialects of a network.
mlir::MLIRContext &context();
/// Parses and verifies; fails the test case with the diagnostics if that does not work.
mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);
/// Parses only.
mlir::OwningOpRef<mlir::ModuleOp> parseUnverified(const std::string &text);
/// Text of a file under the source tree.
std::string sourceFile(const std::string &path);

struct Trace {
  /// [population][step] spiking neurons, and the state words after the step: [population][state][step][neuron].
  std::map<std::string, std::vector<std::vector<uint32_t>>> spikes;
  std::map<std::string, std::map<std::string, std::vector<std::vector<int32_t>>>> states;
  std::vector<int> counts(const std::string &population, size_t neurons) const;
};
/// `inputs`: [input][step] spiking neurons. Steps count from 1; every input has `steps` entries or none.
Trace simulate(mlir::ModuleOp module, const std::map<std::string, std::vector<std::vector<uint32_t>>> &inputs, uint32_t steps);

} // namespace ranvier::test

#endif
