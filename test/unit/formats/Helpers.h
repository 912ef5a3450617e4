//===- Helpers.h - What the tests of foreign files share --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_FORMATS_HELPERS_H
#define RANVIER_TEST_UNIT_FORMATS_HELPERS_H

#include "ranvier/Formats/Nir.h"
#include "ranvier/Support/Error.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <initializer_list>
#include <string>
#include <vector>

namespace ranvier::test {

/// A temporary folder of the test process, removed at its end.
const std::string &folder();
/// A name in it that no test had before.
std::string fresh(const std::string &suffix);
/// A file that make_files.py wrote.
std::string foreign(const std::string &name);
void write(const std::string &path, const std::string &bytes);
std::string slurp(const std::string &path);
bool exists(const std::string &path);
/// Names of the files in a folder.
std::vector<std::string> filesIn(const std::string &path);
/// Runs a script on an HDF5 file, opened by h5py as `f`; returns what it prints, without the last newline.
std::string h5py(const std::string &path, const std::string &script);

inline bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
inline bool mentions(const std::vector<std::string> &sentences, const std::string &part) {
  return std::any_of(sentences.begin(), sentences.end(), [&](const auto &s) { return has(s, part); });
}

/// The value, or a failed test that shows the error.
template <typename T> T good(Result<T> result) {
  if (!result)
    FAIL(result.error().str());
  return *std::move(result);
}
inline void good(Result<void> result) {
  if (!result)
    FAIL(result.error().str());
}
/// An error of this code in this file whose text has all these parts.
template <typename T>
void refused(const Result<T> &result, unsigned code, const std::string &file, std::initializer_list<std::string> parts) {
  REQUIRE_MESSAGE(!result, "accepted");
  const std::string text = result.error().str();
  INFO(text);
  CHECK(result.error().code == code);
  CHECK(result.error().file == file);
  for (const auto &part : parts)
    CHECK_MESSAGE(has(text, part), part);
}

//===--- NIR graphs by hand -----------------------------------------------===//

using formats::nir::FlatGraph;
using formats::nir::FlatNode;
using formats::nir::Node;
using formats::nir::Parameter;
using formats::nir::Tensor;
using Shape = std::vector<uint64_t>;
using Edges = std::vector<std::pair<std::string, std::string>>;

inline uint64_t cells(const Shape &shape) {
  uint64_t n = 1;
  for (uint64_t extent : shape)
    n *= extent;
  return n;
}
/// 0.5, 1, 1.5, ...: exact in float32 and all different.
inline Tensor ramp(Shape shape) {
  std::vector<double> values(cells(shape));
  for (size_t k = 0; k < values.size(); ++k)
    values[k] = 0.5 * static_cast<double>(k + 1);
  return {std::move(shape), std::move(values), true, false};
}
inline Tensor all(Shape shape, double value) {
  std::vector<double> values(cells(shape), value);
  return {std::move(shape), std::move(values), false, false};
}
inline Tensor scalar(double value) { return {{}, {value}, false, false}; }
inline Tensor whole(std::vector<double> values) {
  const uint64_t size = values.size();
  return {{size}, std::move(values), false, true};
}
inline Node node(std::string name, std::string type, std::map<std::string, Parameter> params = {}) {
  Node out;
  out.name = std::move(name), out.type = std::move(type), out.params = std::move(params);
  return out;
}
inline Node input(std::string name, std::vector<double> shape) {
  return node(std::move(name), "Input", {{"shape", whole(std::move(shape))}});
}
inline Node output(std::string name, std::vector<double> shape) {
  return node(std::move(name), "Output", {{"shape", whole(std::move(shape))}});
}
inline Node lif(std::string name, Shape shape) {
  return node(std::move(name), "LIF",
              {{"tau", all(shape, 0.01)},
               {"r", all(shape, 10)},
               {"v_leak", all(shape, 0)},
               {"v_threshold", all(shape, 1)},
               {"v_reset", all(shape, 0)}});
}
inline Node linear(std::string name, uint64_t out, uint64_t in) {
  return node(std::move(name), "Linear", {{"weight", ramp({out, in})}});
}
inline Node threshold(std::string name, Shape shape) {
  return node(std::move(name), "Threshold", {{"threshold", all(std::move(shape), 1)}});
}
inline Node graph(std::string name, std::vector<Node> nodes, Edges edges) {
  Node out = node(std::move(name), "NIRGraph");
  out.nodes = std::move(nodes), out.edges = std::move(edges);
  return out;
}
inline formats::nir::File file(std::vector<Node> nodes, Edges edges) {
  return {"made.nir", "1.0.7", graph("", std::move(nodes), std::move(edges))};
}
/// A chain in the order given.
inline formats::nir::File chain(std::vector<Node> nodes) {
  Edges edges;
  for (size_t k = 0; k + 1 < nodes.size(); ++k)
    edges.push_back({nodes[k].name, nodes[k + 1].name});
  return file(std::move(nodes), std::move(edges));
}
inline const FlatNode &named(const FlatGraph &graph, const std::string &name) {
  for (const auto &node : graph.nodes)
    if (node.name == name)
      return node;
  FAIL("no node " << name);
  return graph.nodes[0];
}
/// "a>b" for every edge, sorted.
inline std::vector<std::string> edgesOf(const FlatGraph &graph) {
  std::vector<std::string> out;
  for (const auto &[from, to] : graph.edges)
    out.push_back(graph.nodes[from].name + ">" + graph.nodes[to].name);
  std::sort(out.begin(), out.end());
  return out;
}
inline std::vector<std::string> namesOf(const FlatGraph &graph) {
  std::vector<std::string> out;
  for (const auto &node : graph.nodes)
    out.push_back(node.name);
  return out;
}

} // namespace ranvier::test

#endif
