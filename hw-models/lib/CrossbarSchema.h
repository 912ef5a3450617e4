//===- CrossbarSchema.h - The keys of a section 'crossbar' ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_HWMODELS_LIB_CROSSBARSCHEMA_H
#define RANVIER_HWMODELS_LIB_CROSSBARSCHEMA_H

#include "ranvier/HwModels/Crossbar.h"
#include <optional>

namespace ranvier::hw::detail {

/// One key: an integer, a decimal number, a switch or a word. All values are exact in binary64.
struct CrossbarField {
  enum class Kind : uint8_t { Integer, Real, Switch, Word };
  const char *key;
  Kind kind;
  double min, max; ///< Of numbers: inclusive; of reals min is exclusive where `aboveMin`.
  bool aboveMin;
  bool mayBeUnlimited;                   ///< The word `unlimited` stands for 0.
  const std::vector<std::string> *words; ///< Of words, by value.
  double (*get)(const Crossbar &);
  void (*set)(Crossbar &, double);
  bool isNumber() const { return kind == Kind::Integer || kind == Kind::Real; }
};
std::span<const CrossbarField> crossbarFields();

/// What contradicts what.
struct CrossbarConflict {
  const char *key;
  std::string expected, found;
};
std::optional<CrossbarConflict> crossbarConflict(const Crossbar &crossbar);

} // namespace ranvier::hw::detail

#endif
