//===- NirTypes.h - The primitives of NIR as one table ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_NIRTYPES_H
#define RANVIER_LIB_FORMATS_NIRTYPES_H

#include "ranvier/Formats/Nir.h"
#include <string>
#include <vector>

namespace ranvier::formats::nir {

struct ParameterInfo {
  std::string name;
  bool mandatory = true;
  bool perNeuron = false; ///< One value per neuron, or a scalar for all.
  bool positive = false, integer = false, mayBeText = false;
  int leastRank = 0, mostRank = 8; ///< Number of axes.
  std::string assumed = {};        ///< What stands for an optional parameter that is missing, in words; empty: nothing is assumed.
};
enum class Kind { Port, Matrix, PerNeuron, Window, Reshape };
struct TypeInfo {
  std::string name;
  Kind kind;
  std::vector<ParameterInfo> parameters;
  unsigned axes = 0; ///< Spatial axes of a window.
  const ParameterInfo *find(const std::string &key) const;
  std::string names() const;
};

/// Null if NIR has no such primitive.
const TypeInfo *findType(const std::string &name);
std::string knownTypes();

} // namespace ranvier::formats::nir

#endif
