//===- H5Tree.h - An HDF5 file as plain data --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One reader for all foreign HDF5: the sandboxed child walks the file and sends groups, attributes and data sets; each format then
// reads this tree, so that only one piece of code has to distrust the child.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_LIB_H5TREE_H
#define RANVIER_FORMATS_LIB_H5TREE_H

#include "Sandbox.h"
#include <map>
#include <optional>

namespace ranvier::formats {

/// A data set or an attribute. Elements keep their size, so that a test set of bytes takes bytes.
struct H5Value {
  enum class Kind : uint8_t { Other, Signed, Unsigned, Float, String };
  Kind kind = Kind::Other;
  uint8_t bytes = 0;                 ///< Per number: 1, 2, 4, 8.
  bool hasData = false;              ///< False if it was not asked for, or is of a type we do not read.
  std::string typeName;              ///< For messages: "int64", "compound", ...
  std::vector<uint64_t> shape;       ///< Empty: scalar.
  std::vector<std::byte> raw;
  std::vector<std::string> strings;

  uint64_t size() const;
  bool isNumber() const { return hasData && (kind == Kind::Signed || kind == Kind::Unsigned || kind == Kind::Float); }
  bool isInteger() const { return hasData && (kind == Kind::Signed || kind == Kind::Unsigned); }
  bool isString() const { return hasData && kind == Kind::String; }
  /// Element as a double; requires isNumber() and index < size().
  double real(uint64_t index) const;
  /// Element as an integer if it is one exactly; requires isNumber().
  std::optional<int64_t> integer(uint64_t index) const;
  std::vector<double> reals() const;
  /// "int64 [3, 4]".
  std::string describe() const;
};

struct H5Node {
  std::string name;                  ///< Last component; "" for the root.
  bool isGroup = false;
  std::map<std::string, H5Value> attributes;
  std::vector<H5Node> children;      ///< Sorted by name; groups only.
  H5Value value;                     ///< Data sets only.

  const H5Node *child(const std::string &name) const;
  const H5Value *attribute(const std::string &name) const;
  /// By path "a/b/c".
  const H5Node *find(const std::string &path) const;
};

/// What to fetch. Structure, types, shapes and attributes always come.
struct TreeRequest {
  std::optional<std::vector<std::string>> only; ///< Paths "a/b" of the data sets whose contents are wanted; absent: all.
  std::string rowPath;                          ///< Of this data set only row `row` of the first dimension is sent (its shape then starts with 1).
  uint64_t row = 0;
  SandboxLimits limits = {};
};

/// Errors: RNV1001 (not HDF5), RNV1002, RNV1003, RNV1004 (links, external storage, unknown filters), RNV1005 (damaged data), RNV9001.
Result<H5Node> readTree(const std::string &path, const TreeRequest &request);

/// The child's side: walks the file and sends it.
void sendTree(const std::string &path, const TreeRequest &request, ByteSink &sink);

std::string shapeText(const std::vector<uint64_t> &shape);
/// The product, or nothing on overflow beyond 2^62.
std::optional<uint64_t> elementCount(const std::vector<uint64_t> &shape);
/// Does the file begin like HDF5 (signature at 0, 512, 1024, ...)?
bool looksLikeHdf5(const std::string &path);

} // namespace ranvier::formats

#endif
