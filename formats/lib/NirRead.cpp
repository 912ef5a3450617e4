//===- NirRead.cpp - NIR graphs from HDF5 ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file as it stands: structure is checked, meaning is not (flatten does that), so that broken files can still be inspected.
//===----------------------------------------------------------------------===//
#include "H5Tree.h"
#include "ranvier/Formats/Nir.h"

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::formats::nir;

namespace {

constexpr unsigned maxNesting = 16;

class Reader {
public:
  explicit Reader(const std::string &path) : path(path) {}

  Result<File> file(const H5Node &root) {
    File out;
    out.path = path;
    const H5Node *node = root.child("node");
    if (!node || !node->isGroup)
      return bad("/node", "not a NIR file", "a group \"node\"", node ? "a data set" : "nothing of that name");
    if (const H5Node *version = root.child("version")) {
      if (version->isGroup || !version->value.isString() || version->value.strings.size() != 1)
        return bad("/version", "not a NIR version", "a string", describe(*version));
      out.version = version->value.strings[0];
    }
    RANVIER_TRY(out.root, graphNode(*node, "/node", 0));
    if (out.root.type != "NIRGraph")
      return bad("/node/type", "the root node is not a graph", "NIRGraph", out.root.type);
    return out;
  }

private:
  Error bad(const std::string &place, std::string message, std::string expected, std::string found) const {
    return {.code = 1001, .message = std::move(message), .file = path, .place = place, .expected = std::move(expected), .found = std::move(found)};
  }
  static std::string describe(const H5Node &node) { return node.isGroup ? "a group" : node.value.describe(); }

  Result<Node> graphNode(const H5Node &in, const std::string &place, unsigned depth) {
    if (depth > maxNesting)
      return Error{.code = 1002, .message = "graphs are nested too deeply", .file = path, .place = place, .expected = "at most 16 levels"};
    Node out;
    out.name = in.name;
    const H5Node *type = in.child("type");
    if (!type || type->isGroup || !type->value.isString() || type->value.strings.size() != 1)
      return bad(place + "/type", "the node has no type", "a string", type ? describe(*type) : "nothing of that name");
    out.type = type->value.strings[0];
    const bool isGraph = out.type == "NIRGraph";
    for (const H5Node &child : in.children) {
      const std::string at = place + "/" + child.name;
      if (child.name == "type" || child.name == "metadata") // Metadata must not be needed for execution, says the specification.
        continue;
      if (isGraph && child.name == "nodes" && child.isGroup) {
        for (const H5Node &inner : child.children) {
          if (!inner.isGroup)
            return bad(at + "/" + inner.name, "not a node", "a group", describe(inner));
          RANVIER_TRY(Node made, graphNode(inner, at + "/" + inner.name, depth + 1));
          out.nodes.push_back(std::move(made));
        }
        continue;
      }
      if (isGraph && child.name == "edges" && !child.isGroup) {
        RANVIER_TRY(out.edges, edges(child.value, at));
        continue;
      }
      RANVIER_TRY(Parameter made, parameter(child, at));
      out.params.emplace(child.name, std::move(made));
    }
    if (isGraph && (!in.child("nodes") || !in.child("edges")))
      return bad(place, "the graph is incomplete", "\"nodes\" and \"edges\"", in.child("nodes") ? "no edges" : "no nodes");
    return out;
  }

  Result<std::vector<std::pair<std::string, std::string>>> edges(const H5Value &value, const std::string &place) const {
    std::vector<std::pair<std::string, std::string>> out;
    if (value.size() == 0) // numpy writes an empty list as an empty array of floats.
      return out;
    if (!value.isString() || value.shape.size() != 2 || value.shape[1] != 2)
      return bad(place, "these are not edges", "strings [E, 2]", value.describe());
    out.reserve(value.shape[0]);
    for (size_t i = 0; i < value.shape[0]; ++i)
      out.emplace_back(value.strings[2 * i], value.strings[2 * i + 1]);
    return out;
  }

  Result<Parameter> parameter(const H5Node &node, const std::string &place) const {
    if (node.isGroup)
      return bad(place, "a parameter is a group", "a number, an array or a string", "a group");
    const H5Value &value = node.value;
    if (value.isString()) {
      if (value.strings.size() != 1)
        return bad(place, "an array of strings is no parameter", "one string", value.describe());
      return Parameter(value.strings[0]);
    }
    if (!value.isNumber())
      return Error{.code = 1006, .message = "this data type is not read", .file = path, .place = place, .expected = "numbers or a string",
                   .found = value.describe()};
    Tensor out;
    out.shape = value.shape;
    out.isInteger = value.isInteger();
    out.isFloat32 = value.kind == H5Value::Kind::Float && value.bytes == 4;
    out.values.resize(value.size());
    for (uint64_t i = 0; i < out.values.size(); ++i) {
      if (out.isInteger) {
        const auto whole = value.integer(i);
        if (!whole || *whole > (int64_t(1) << 53) || *whole < -(int64_t(1) << 53))
          return bad(place, "an integer is too large", "at most 2^53", value.describe());
      }
      out.values[i] = value.real(i);
    }
    return Parameter(std::move(out));
  }

  const std::string &path;
};

} // namespace

Result<File> nir::read(const std::string &path) {
  TreeRequest request;
  request.limits.cpuSeconds = 30;
  RANVIER_TRY(H5Node tree, readTree(path, request));
  return Reader(path).file(tree);
}
