//===- NirFile.cpp - NIR files in and out ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Tree.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Formats/Nir.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
constexpr unsigned maxNesting = 16;
constexpr uint64_t maxNumbers = uint64_t(1) << 28; ///< They become doubles: 2 GiB.

Error wrong(const std::string &file, const std::string &place, std::string message, std::string expected = "",
            std::string found = "") {
  return {.code = 1005,
          .message = std::move(message),
          .file = file,
          .place = place,
          .expected = std::move(expected),
          .found = std::move(found)};
}

//===--- Reading ----------------------------------------------------------===//

class NirReader {
public:
  explicit NirReader(const std::string &file) : file(file) {}

  Result<nir::Node> node(const H5Group &group, const std::string &name, const std::string &place, unsigned depth) const {
    nir::Node out;
    out.name = name;
    if (depth > maxNesting)
      return wrong(file, place, "graphs are nested too deeply", "at most " + std::to_string(maxNesting) + " levels");
    RANVIER_TRY(out.type, typeOf(group, place));
    const bool isGraph = out.type == "NIRGraph";
    for (const auto &[key, array] : group.arrays) {
      if (key == "type" || (key == "edges" && isGraph))
        continue;
      RANVIER_TRY(out.params[key], parameter(array, place + "/" + key));
    }
    for (const auto &[key, child] : group.groups) {
      if (key == "metadata" || key == "input_type" || key == "output_type") // Must not be needed for execution.
        continue;
      if (key != "nodes" || !isGraph)
        return wrong(file, place + "/" + key, "unknown group in a node", isGraph ? "nodes or metadata" : "metadata", key);
      if (!child.arrays.empty())
        return wrong(file, place + "/nodes/" + child.arrays.begin()->first, "a node is no group", "a group with a data set 'type'",
                     "a data set");
      for (const auto &[childName, childGroup] : child.groups) {
        RANVIER_TRY(nir::Node inner, node(childGroup, childName, place + "/nodes/" + childName, depth + 1));
        out.nodes.push_back(std::move(inner));
      }
    }
    if (isGraph) {
      RANVIER_TRY(out.edges, edges(group, place));
    }
    return out;
  }

private:
  Result<std::string> typeOf(const H5Group &group, const std::string &place) const {
    const auto at = group.arrays.find("type");
    if (at == group.arrays.end())
      return wrong(file, place, "'type' is missing", "a string");
    if (at->second.type != H5Type::Text || at->second.texts.size() != 1)
      return wrong(file, place + "/type", "wrong type", "one string",
                   at->second.isNumber() ? "numbers" : std::to_string(at->second.texts.size()) + " strings");
    return at->second.texts[0];
  }

  Result<nir::Parameter> parameter(const H5Array &array, const std::string &place) const {
    if (array.isNumber())
      return nir::Parameter(nir::Tensor{array.shape, array.numbers(), array.type == H5Type::F32,
                                        array.type == H5Type::I64 || array.type == H5Type::U8});
    if (array.texts.size() != 1)
      return wrong(file, place, "wrong type", "numbers or one string", std::to_string(array.texts.size()) + " strings");
    return nir::Parameter(array.texts[0]);
  }

  Result<std::vector<std::pair<std::string, std::string>>> edges(const H5Group &group, const std::string &place) const {
    std::vector<std::pair<std::string, std::string>> out;
    const auto at = group.arrays.find("edges");
    if (at == group.arrays.end())
      return wrong(file, place, "'edges' is missing", "pairs of node names");
    const H5Array &array = at->second;
    if (array.count() == 0) // h5py stores an empty list as an array of numbers.
      return out;
    if (array.type != H5Type::Text || array.shape.size() != 2 || array.shape[1] != 2)
      return wrong(file, place + "/edges", "wrong type", "pairs of node names, [edges, 2] strings");
    for (size_t k = 0; k + 1 < array.texts.size(); k += 2)
      out.push_back({array.texts[k], array.texts[k + 1]});
    return out;
  }

  const std::string &file;
};

//===--- Writing ----------------------------------------------------------===//

class NirWriter {
public:
  NirWriter(Hdf5Writer &out, const std::string &file) : out(out), file(file) {}

  Result<void> node(const nir::Node &node, const std::string &path) {
    const bool isGraph = node.type == "NIRGraph";
    if (!isGraph && !(node.nodes.empty() && node.edges.empty()))
      return unstorable(path, "only a NIRGraph has nodes and edges", node.type);
    out.text(path + "/type", node.type);
    for (const auto &[key, parameter] : node.params)
      RANVIER_CHECK(write(parameter, path, key, isGraph));
    if (!isGraph)
      return {};
    std::vector<std::string> ends;
    for (const auto &[from, to] : node.edges)
      ends.push_back(from), ends.push_back(to);
    out.texts(path + "/edges", ends, {node.edges.size(), 2});
    out.group(path + "/nodes");
    for (const auto &child : node.nodes) {
      if (!names.insert(path + "/nodes/" + child.name).second)
        return unstorable(path, "two nodes of one name", child.name);
      if (child.name.find('/') != std::string::npos)
        return unstorable(path, "a node's name has a slash", child.name);
      RANVIER_CHECK(this->node(child, path + "/nodes/" + child.name));
    }
    return {};
  }

private:
  Error unstorable(const std::string &place, std::string message, std::string found) const {
    return {.code = 1011, .message = std::move(message), .file = file, .place = "/" + place, .found = "'" + found + "'"};
  }

  Result<void> write(const nir::Parameter &parameter, const std::string &path, const std::string &key, bool isGraph) {
    if (key == "type" || key == "metadata" || (isGraph && (key == "nodes" || key == "edges")) || key.find('/') != std::string::npos)
      return unstorable(path, "a parameter cannot have this name", key);
    const std::string name = path + "/" + key;
    if (const auto *word = std::get_if<std::string>(&parameter)) {
      out.text(name, *word);
      return {};
    }
    const auto &tensor = std::get<nir::Tensor>(parameter);
    if (tensor.isInteger) {
      constexpr double most = 9007199254740992.0; // 2^53
      for (double value : tensor.values)
        if (!(std::abs(value) <= most) || value != std::floor(value))
          return unstorable(name, "a value marked as an integer is none", decimal(value));
      const std::vector<int64_t> words(tensor.values.begin(), tensor.values.end());
      out.array(name, std::span<const int64_t>(words), tensor.shape);
    } else if (tensor.isFloat32) {
      for (double value : tensor.values)
        if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max()))
          return unstorable(name, "a value marked as float32 is none", decimal(value));
      const std::vector<float> words(tensor.values.begin(), tensor.values.end());
      out.array(name, std::span<const float>(words), tensor.shape);
    } else {
      out.array(name, std::span<const double>(tensor.values), tensor.shape);
    }
    return {};
  }

  Hdf5Writer &out;
  const std::string &file;
  std::set<std::string> names;
};
} // namespace

Result<nir::File> nir::read(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.maxNumbers = maxNumbers}));
  File file;
  file.path = path;
  const auto node = root.groups.find("node");
  if (node == root.groups.end())
    return Error{.code = 1001, .message = "the HDF5 file is no NIR graph", .file = path, .expected = "a group /node"};
  if (const auto version = root.arrays.find("version"); version != root.arrays.end()) {
    if (version->second.type != H5Type::Text || version->second.texts.size() != 1)
      return wrong(path, "/version", "wrong type", "one string");
    file.version = version->second.texts[0];
  }
  RANVIER_TRY(file.root, NirReader(path).node(node->second, "", "/node", 0));
  if (file.root.type != "NIRGraph")
    return Error{.code = 1001,
                 .message = "the root node is no graph",
                 .file = path,
                 .place = "/node/type",
                 .expected = "NIRGraph",
                 .found = file.root.type};
  return file;
}

Result<void> nir::write(const File &file) {
  if (file.root.type != "NIRGraph")
    return Error{.code = 1011,
                 .message = "the root node is no graph",
                 .file = file.path,
                 .place = "/node",
                 .expected = "NIRGraph",
                 .found = file.root.type};
  RANVIER_TRY(auto out, Hdf5Writer::create(file.path, /*compress=*/true));
  out->text("version", "1.0.7");
  RANVIER_CHECK(NirWriter(*out, file.path).node(file.root, "node"));
  return out->finish();
}
