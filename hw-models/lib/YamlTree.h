//===- YamlTree.h - A bounded tree of a YAML text ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of YAML that a chip description needs: maps, lists, scalars, comments; one document. Anchors, aliases and tags are
// refused and size and depth are bounded, so that a hostile file costs no more than its length. Every node knows its line.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_LIB_YAMLTREE_H
#define RANVIER_HWMODELS_LIB_YAMLTREE_H

#include "ranvier/Support/Error.h"
#include <string>
#include <utility>
#include <vector>

namespace ranvier::hw::detail {

struct YamlNode {
  enum class Kind { Null, Scalar, List, Map };
  Kind kind = Kind::Null;
  std::string text;            ///< Scalars.
  bool quoted = false;         ///< Scalars: "12" is text, 12 is a number.
  int line = 0;                ///< 1-based.
  std::vector<YamlNode> items; ///< Lists: elements. Maps: values.
  std::vector<YamlNode> keys;  ///< Maps: scalars, same order as `items`; no key occurs twice.
};
const char *toString(YamlNode::Kind kind);

constexpr size_t maxYamlBytes = 1 << 20, maxYamlNodes = 100000, maxYamlDepth = 12;

/// Errors: RNV2001 (syntax), RNV2004 (beyond the bounds, or a refused feature), RNV2006 (a key twice), with file and line.
Result<YamlNode> parseYaml(const std::string &text, const std::string &file);

} // namespace ranvier::hw::detail

#endif
