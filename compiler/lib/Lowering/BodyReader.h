//===- BodyReader.h - Arithmetic of a model or rule as nodes ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_LOWERING_BODYREADER_H
#define RANVIER_LIB_LOWERING_BODYREADER_H

#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Lowering/Model.h"
#include "llvm/ADT/DenseMap.h"

namespace ranvier::compiler {

/// File and "line N" of an op; empty if the location has none.
std::pair<std::string, std::string> placeOf(mlir::Operation *op);

/// Appends the ops of a body to a model's nodes. Declarations are the derived class's.
class BodyReader {
protected:
  Model model;

  int of(mlir::Value value) const { return nodes.lookup(value); }
  /// A node that stands for the op's result or for a part of its computation.
  int append(mlir::Operation *from, Node node);
  void add(mlir::Operation *from, Node node);
  /// Error RNV5110 at the op.
  Error unsupported(mlir::Operation *inner, const std::string &why) const;
  /// An op of arith or math. Errors: RNV5110.
  Result<void> readArithmetic(mlir::Operation *inner);
  /// A parameter of the model or rule.
  void readParameter(snn::ParameterOp parameter);

private:
  Result<void> readConstant(mlir::arith::ConstantOp constant);
  void readChoice(mlir::arith::SelectOp select);

  llvm::DenseMap<mlir::Value, int> nodes;
};

} // namespace ranvier::compiler

#endif
