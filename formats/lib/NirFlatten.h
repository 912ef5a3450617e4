//===- NirFlatten.h - A NIR graph while it is repaired ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_NIRFLATTEN_H
#define RANVIER_LIB_FORMATS_NIRFLATTEN_H

#include "NirTypes.h"
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ranvier::formats::nir {

using Shape = std::vector<uint64_t>;
std::string shown(const Shape &shape);
/// UINT64_MAX if it is larger.
uint64_t product(const Shape &shape);
/// Without the axes of extent 1.
Shape squeezed(const Shape &shape);
/// Without the leading axes of extent 1, but for the last axis.
Shape withoutLeadingOnes(const Shape &shape);

/// The nodes of all nested graphs in one list, their edges, what was assumed, and the first thing wrong. Hostile graphs are large,
/// so nothing here may take more than (nodes + edges) * log steps.
struct FlatWork {
  struct Item {
    FlatNode node;
    uint32_t graph = 0; ///< The (nested) graph it stands in; 0 is the file's.
    const TypeInfo *type = nullptr;
    std::set<uint32_t> before, after; ///< Ends of edges.
    bool isPort() const { return type->kind == Kind::Port; }
    bool isInput() const { return node.type == "Input"; }
    bool innerPort() const { return isPort() && graph != 0; }
    const Tensor *tensor(const std::string &key) const;
  };
  std::string path;
  std::vector<Item> items;
  std::vector<std::string> warnings;
  std::optional<Error> failure;

  /// Keeps the first failure.
  void fail(unsigned code, const std::string &node, const std::string &parameter, std::string message, std::string expected = "",
            std::string found = "");
  void warn(const std::string &node, const std::string &what) { warnings.push_back("node '" + node + "': " + what); }
  void connect(uint32_t from, uint32_t to) { items[from].after.insert(to), items[to].before.insert(from); }
};

/// Finds the shape of every node from its own parameters, from the nodes before it, and last from those behind it; then checks that
/// the shapes agree along every edge and with every parameter.
void inferShapes(FlatWork &work);

} // namespace ranvier::formats::nir

#endif
