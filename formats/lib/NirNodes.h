//===- NirNodes.h - The primitives of NIR as a table ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_FORMATS_LIB_NIRNODES_H
#define RANVIER_FORMATS_LIB_NIRNODES_H

#include "ranvier/Formats/Nir.h"
#include <optional>
#include <span>

namespace ranvier::formats::nir {

/// How a node's shapes follow from its parameters.
enum class ShapeRule { Port, Elementwise, Linear, Conv, Pool, Flatten };
/// What values of a parameter are legal.
enum class Range { Any, Positive, NotNegative, WholePositive, WholeNotNegative, Whole };

struct ParameterInfo {
  const char *name;
  Range range = Range::Any;
  bool isOptional = false, mayBeText = false;
  std::optional<double> standard = std::nullopt; ///< Filled in, with a warning, where the file has none.
};
struct TypeInfo {
  const char *type;
  ShapeRule rule;
  std::span<const ParameterInfo> parameters;
  unsigned axes = 0; ///< Spatial axes of Conv and Pool.
};

/// Null for an unknown type.
const TypeInfo *findType(const std::string &type);
/// "Affine, AvgPool2d, ...".
std::string knownTypes();

/// Presence, type, finiteness and range of every parameter of one node; fills standard values and warns. `node.name` is the full name.
/// Errors: RNV1020, 1023..1026.
Result<void> checkParameters(const std::string &path, FlatNode &node, std::vector<std::string> &warnings);

/// Infers and checks all shapes, repairs scalars, leading batch dimensions and squeezed outputs. Errors: RNV1022, 1028.
Result<void> inferShapes(FlatGraph &graph);

} // namespace ranvier::formats::nir

#endif
