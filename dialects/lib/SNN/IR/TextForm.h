//===- TextForm.h - How numbers and value maps are written ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Custom directives of the dialects' assembly formats. MLIR's own printer writes `2.000000e-02 : f64`; networks are read and edited
// by people, so numbers here are the shortest text that reads back to the same bits and 64-bit types are left out.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_DIALECTS_LIB_SNN_IR_TEXTFORM_H
#define RANVIER_DIALECTS_LIB_SNN_IR_TEXTFORM_H

#include "ranvier/Dialect/SNN/IR/Real.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

namespace ranvier::snn {

/// `custom<Number>`: an f64, as the shortest decimal that reads back exactly; infinities and NaN in hexadecimal.
mlir::ParseResult parseNumber(mlir::OpAsmParser &parser, mlir::FloatAttr &number);
void printNumber(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::FloatAttr number);
mlir::ParseResult parseNumber(mlir::AsmParser &parser, Real &number);
void printNumber(mlir::AsmPrinter &printer, double number);

/// `custom<Numbers>`: `[0.5, 1.0]`.
void printNumbers(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::DenseF64ArrayAttr numbers);
mlir::ParseResult parseNumbers(mlir::AsmParser &parser, mlir::DenseF64ArrayAttr &numbers);
void printNumbers(mlir::AsmPrinter &printer, mlir::DenseF64ArrayAttr numbers);

/// `custom<Value>`: any attribute; i64 and f64 numbers without their type.
mlir::ParseResult parseValue(mlir::OpAsmParser &parser, mlir::Attribute &value);
void printValue(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Attribute value);

/// `custom<Values>`: `{tau = 0.02, v_threshold = 1.0}`.
mlir::ParseResult parseValues(mlir::OpAsmParser &parser, mlir::DictionaryAttr &values);
void printValues(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::DictionaryAttr values);

} // namespace ranvier::snn

#endif
