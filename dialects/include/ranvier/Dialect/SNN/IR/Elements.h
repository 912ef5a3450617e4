//===- Elements.h - Reading and making arrays of numbers --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights, delays, parameters and initial values are a number, elements (dense or a resource blob) or a distribution with a seed.
// These helpers give passes one view of all of them: doubles. Every f32 and every integer up to 2^53 is exact in a double.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_DIALECT_SNN_IR_ELEMENTS_H
#define RANVIER_DIALECT_SNN_IR_ELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "ranvier/Support/Distribution.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ranvier::snn {

/// The numbers of a FloatAttr or IntegerAttr (one value), a dense or a dense_resource elements attribute (row-major order, splats
/// expanded) of f32, f64, i1, i8, i16, i32 or i64 (signless and signed: sign-extended, but i1: 0 or 1; unsigned: zero-extended).
/// Nothing for any other attribute, another element type, or a resource whose blob is missing or has the wrong size.
std::optional<std::vector<double>> readElements(mlir::Attribute attribute);

/// The same without conversion of integers: nothing for floating-point elements.
std::optional<std::vector<int64_t>> readIntegers(mlir::Attribute attribute);

/// A dense_resource elements attribute that owns a copy of `values` (row-major). `name` is the resource's key; if it is taken, a
/// number is appended, deterministically for a given order of calls. The product of `shape` must be values.size().
mlir::ElementsAttr makeResource(mlir::MLIRContext *context, std::string_view name, llvm::ArrayRef<int64_t> shape,
                                std::span<const float> values);
mlir::ElementsAttr makeResource(mlir::MLIRContext *context, std::string_view name, llvm::ArrayRef<int64_t> shape,
                                std::span<const double> values);
mlir::ElementsAttr makeResource(mlir::MLIRContext *context, std::string_view name, llvm::ArrayRef<int64_t> shape,
                                std::span<const int8_t> values);
mlir::ElementsAttr makeResource(mlir::MLIRContext *context, std::string_view name, llvm::ArrayRef<int64_t> shape,
                                std::span<const int16_t> values);
mlir::ElementsAttr makeResource(mlir::MLIRContext *context, std::string_view name, llvm::ArrayRef<int64_t> shape,
                                std::span<const int32_t> values);
mlir::ElementsAttr makeResource(mlir::MLIRContext *context, std::string_view name, llvm::ArrayRef<int64_t> shape,
                                std::span<const int64_t> values);

/// True for the distributions of the dialect (#snn.uniform, #snn.normal).
bool isDistribution(mlir::Attribute attribute);
/// One of these as plain data. The attribute must be a distribution.
Distribution distributionOf(mlir::Attribute attribute);

/// `count` values of a number (repeated), of elements (one value: repeated; else exactly `count` of them), or of a distribution.
/// Value i of a distribution is its value `first + i` (ranvier/Support/Distribution.h). Nothing if the attribute is none of these
/// or the number of elements differs.
std::optional<std::vector<double>> drawValues(mlir::Attribute attribute, uint64_t count, uint64_t first = 0);

/// Value `entity` alone; the same bits as drawValues. The attribute must be a distribution.
double drawOne(mlir::Attribute distribution, uint64_t entity);

} // namespace ranvier::snn

#endif
