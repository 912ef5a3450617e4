//===- NirFile.cpp - NIR files in and out ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Tree.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Formats/Nir.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
Error wrong(const std::string &file, const std::string &place, std::string message, std::string expected = "", std::string found = "") {
  return {.code = 1004, .message = std::move(message), .file = file, .place = place, .expected = std::move(expected), .found = std::move(found)};
}

Result<std::string> oneText(const H5Group &group, const std::string &name, const std::string &file, const std::string &place) {
  const auto at = group.arrays.find(name);
  if (at == group.arrays.end())
    return wrong(file, place, "'" + name + "' is missing", "a string");
  if (at->second.type != H5Type::Text || at->second.texts.size() != 1)
    return wrong(file, place + "/" + name, "wrong type", "a string");
  return at->second.texts[0];
}

Result<nir::Node> readNode(const H5Group &group, const std::string &name, const std::string &file, const std::string &place, unsigned depth) {
  nir::Node node;
  node.name = name;
  if (depth > 16)
    return wrong(file, place, "graphs are nested too deeply", "at most 16 levels");
  RANVIER_TRY(node.type, oneText(group, "type", file, place));
  for (const auto &[key, array] : group.arrays) {
    if (key == "type" || key == "edges")
      continue;
    if (array.type == H5Type::Text) {
      if (array.texts.size() != 1)
        return wrong(file, place + "/" + key, "wrong type", "a number array or one string", std::to_string(array.texts.size()) + " strings");
      node.params[key] = array.texts[0];
      continue;
    }
    node.params[key] = nir::Tensor{array.shape, array.numbers(), array.type == H5Type::F32, array.type == H5Type::I64 || array.type == H5Type::U8};
  }
  for (const auto &[key, child] : group.groups) {
    if (key == "metadata" || key == "input_type" || key == "output_type") // Must not be needed for execution.
      continue;
    if (key != "nodes")
      return wrong(file, place + "/" + key, "unknown group in a node", "nodes or metadata", key);
    for (const auto &[childName, childGroup] : child.groups) {
      RANVIER_TRY(nir::Node inner, readNode(childGroup, childName, file, place + "/nodes/" + childName, depth + 1));
      node.nodes.push_back(std::move(inner));
    }
  }
  if (node.type == "NIRGraph") {
    const auto edges = group.arrays.find("edges");
    if (edges == group.arrays.end())
      return wrong(file, place, "'edges' is missing", "pairs of node names");
    const H5Array &array = edges->second;
    const bool empty = array.count() == 0;
    if (!empty && (array.type != H5Type::Text || array.shape.size() != 2 || array.shape[1] != 2))
      return wrong(file, place + "/edges", "wrong type", "pairs of node names");
    for (size_t k = 0; !empty && k + 1 < array.texts.size(); k += 2)
      node.edges.push_back({array.texts[k], array.texts[k + 1]});
  }
  return node;
}

bool writeNode(Hdf5Writer &out, const nir::Node &node, const std::string &path) {
  out.text(path + "/type", node.type);
  for (const auto &[key, parameter] : node.params) {
    if (const auto *word = std::get_if<std::string>(&parameter)) {
      out.text(path + "/" + key, *word);
      continue;
    }
    const auto &tensor = std::get<nir::Tensor>(parameter);
    const std::string name = path + "/" + key;
    if (tensor.isInteger) {
      std::vector<int64_t> words(tensor.values.begin(), tensor.values.end());
      out.array(name, std::span<const int64_t>(words), tensor.shape);
    } else if (tensor.isFloat32) {
      std::vector<float> words(tensor.values.begin(), tensor.values.end());
      out.array(name, std::span<const float>(words), tensor.shape);
    } else {
      out.array(name, std::span<const double>(tensor.values), tensor.shape);
    }
  }
  if (node.type == "NIRGraph") {
    std::vector<std::string> ends;
    for (const auto &[from, to] : node.edges)
      ends.push_back(from), ends.push_back(to);
    out.texts(path + "/edges", ends, {node.edges.size(), 2});
    out.group(path + "/nodes");
    for (const auto &child : node.nodes)
      writeNode(out, child, path + "/nodes/" + child.name);
  }
  return true;
}
} // namespace

Result<nir::File> nir::read(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path));
  File file;
  file.path = path;
  const auto node = root.groups.find("node");
  if (node == root.groups.end())
    return Error{.code = 1001, .message = "the HDF5 file is no NIR graph", .file = path, .expected = "a group /node"};
  if (auto version = root.arrays.find("version"); version != root.arrays.end() && version->second.type == H5Type::Text && version->second.texts.size() == 1)
    file.version = version->second.texts[0];
  RANVIER_TRY(file.root, readNode(node->second, "", path, "/node", 0));
  if (file.root.type != "NIRGraph")
    return Error{.code = 1001, .message = "the root node is no graph", .file = path, .place = "/node/type", .expected = "NIRGraph", .found = file.root.type};
  return file;
}

Result<void> nir::write(const File &file) {
  RANVIER_TRY(auto out, Hdf5Writer::create(file.path, /*compress=*/true));
  out->text("version", "1.0.7");
  writeNode(*out, file.root, "node");
  auto done = out->finish();
  if (!done) {
    done.error().code = 1010;
    return done;
  }
  return {};
}
