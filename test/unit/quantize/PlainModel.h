//===- PlainModel.h - Models for tests, without MLIR ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_QUANTIZE_PLAINMODEL_H
#define RANVIER_TEST_UNIT_QUANTIZE_PLAINMODEL_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Lowering/CodeBuilder.h"
#include "ranvier/Lowering/Model.h"

namespace ranvier::test {

/// Builds a model node by node; every function returns the node's number.
struct Maker {
  compiler::Model model;
  Maker();
  int add(compiler::Node node);
  int constant(double value);
  int truth(bool value);
  int dt();
  int param(const std::string &name);
  int state(const std::string &name, std::optional<std::pair<double, double>> range = {});
  int input(const std::string &name);
  int random(uint32_t draw);
  int op(compiler::NodeKind kind, int a, int b = -1, int c = -1);
  int compare(compiler::Predicate predicate, int a, int b);
};

/// One neuron through the interpreter: words in, words out.
struct OneStep {
  bool spike = false;
  int32_t payload = 0;
};
OneStep interpretOnce(const isa::Program &program, const std::vector<int32_t> &params, std::vector<int32_t> &states,
                      const std::vector<int32_t> &inputs, uint32_t step = 1);

/// A fixed-function chip with the CUBA unit of hw::NativeCubaLif's defaults, and a programmable integer chip.
hw::Chip fixedChip();
hw::Chip programmableChip();

} // namespace ranvier::test

#endif
