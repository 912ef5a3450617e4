//===- Checks.h - What the verifiers share ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks of shapes, elements and values. They look at types and sizes wherever that is enough: verifiers run after every pass, and
// a network's weights may fill the memory.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_DIALECTS_LIB_SNN_IR_CHECKS_H
#define RANVIER_DIALECTS_LIB_SNN_IR_CHECKS_H

#include "ranvier/Dialect/SNN/IR/SNN.h"
#include <optional>
#include <string>

namespace ranvier::snn {

/// Integers of a dense or resource elements attribute of i8, i16, i32 or i64, read in place.
class IntegerView {
public:
  /// Nothing for other attributes and for resources whose size is wrong.
  static std::optional<IntegerView> get(mlir::Attribute attribute);
  uint64_t size() const { return count; }
  int64_t operator[](uint64_t i) const;

private:
  const char *data = nullptr;
  uint64_t count = 0;
  unsigned bytes = 0;
  bool splat = false, isUnsigned = false;
};

/// "[2, 3]".
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// Extents 1..2^31 and at most 2^31 elements.
mlir::LogicalResult checkShape(mlir::Operation *op, llvm::StringRef what, llvm::ArrayRef<int64_t> shape);

/// `elements` has a supported element type, its data, and (where `shape` is given) exactly that shape.
mlir::LogicalResult checkElements(mlir::Operation *op, const llvm::Twine &what, mlir::ElementsAttr elements,
                                  std::optional<llvm::ArrayRef<int64_t>> shape);

/// A number, elements of `count` numbers, or a distribution.
mlir::LogicalResult checkValue(mlir::Operation *op, const llvm::Twine &what, mlir::Attribute value, uint64_t count);

/// True if every number of a scalar or elements attribute is zero (and can be read).
bool isAllZero(mlir::Attribute attribute);

/// Names reach the microcode's text form and JSON keys, so they are identifiers.
mlir::LogicalResult verifyName(mlir::Operation *op, llvm::StringRef name);

/// The arithmetic a model or rule may use: what the microcode can express on scalars, all of it pure.
bool isModelArithmetic(mlir::Operation *op);

/// Two ops that must not stand together: the error at the second, a note at the first.
mlir::LogicalResult clash(mlir::Operation *second, const llvm::Twine &message, mlir::Operation *first, const llvm::Twine &note);

/// What a plasticity or rewiring gives for the parameters of its rule: finite numbers, for parameters that exist, and for all
/// without a default.
mlir::LogicalResult checkRuleParameters(mlir::Operation *op, mlir::DictionaryAttr given, llvm::StringRef ruleName,
                                        mlir::Operation *rule);

/// The projection's synapses each have a weight of their own, and both of its ends have spikes of their own.
mlir::LogicalResult checkOwnSynapses(mlir::Operation *op, llvm::StringRef name, ProjectionOpInterface projection,
                                     mlir::SymbolTableCollection &tables);

} // namespace ranvier::snn

#endif
