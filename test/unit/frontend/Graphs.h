//===- Graphs.h - NIR graphs and networks made by hand ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests build flat graphs directly, so that the importer is tested apart from the file reader.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_UNIT_FRONTEND_GRAPHS_H
#define RANVIER_TEST_UNIT_FRONTEND_GRAPHS_H

#include "mlir/IR/MLIRContext.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Formats/Nir.h"
#include "ranvier/Frontend/NirImport.h"
#include "ranvier/Support/Error.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace ranvier::test {

using formats::nir::FlatGraph;
using formats::nir::FlatNode;
using formats::nir::Parameter;
using formats::nir::Tensor;
using Shape = std::vector<uint64_t>;

inline uint64_t count(const Shape &shape) {
  uint64_t product = 1;
  for (uint64_t extent : shape)
    product *= extent;
  return product;
}
inline Tensor tensor(Shape shape, std::vector<double> values) { return {std::move(shape), std::move(values), true, false}; }
/// 0.5, 1, 1.5, ...: exact in float32 and all different.
inline Tensor ramp(Shape shape) {
  std::vector<double> values(count(shape));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 0.5 * static_cast<double>(i + 1);
  return tensor(std::move(shape), std::move(values));
}
inline Tensor all(Shape shape, double value) {
  std::vector<double> values(count(shape), value);
  return {std::move(shape), std::move(values), false, false};
}
inline Tensor whole(std::vector<double> values) {
  const uint64_t size = values.size();
  return {{size}, std::move(values), false, true};
}
inline FlatNode node(std::string name, std::string type, Shape in, Shape out, std::map<std::string, Parameter> params = {}) {
  return {std::move(name), std::move(type), std::move(params), std::move(in), std::move(out)};
}
inline FlatNode input(std::string name, Shape shape) { return node(std::move(name), "Input", shape, shape); }
inline FlatNode output(std::string name, Shape shape) { return node(std::move(name), "Output", shape, shape); }
inline FlatNode lif(std::string name, Shape shape, double tau = 0.01, double r = 10) {
  return node(std::move(name), "LIF", shape, shape,
              {{"tau", all(shape, tau)}, {"r", all(shape, r)}, {"v_leak", all(shape, 0)}, {"v_threshold", all(shape, 1)}});
}
inline FlatNode integrator(std::string name, Shape shape) {
  return node(std::move(name), "IF", shape, shape, {{"r", all(shape, 1)}, {"v_threshold", all(shape, 1)}});
}
inline FlatNode linear(std::string name, uint64_t out, uint64_t in) {
  return node(std::move(name), "Linear", {in}, {out}, {{"weight", ramp({out, in})}});
}
inline FlatNode affine(std::string name, uint64_t out, uint64_t in) {
  FlatNode made = linear(std::move(name), out, in);
  made.type = "Affine";
  made.params["bias"] = ramp({out});
  return made;
}

/// Nodes sorted by name and edges by index, as formats::nir::flatten gives them.
inline FlatGraph graph(std::vector<FlatNode> nodes, const std::vector<std::pair<std::string, std::string>> &edges) {
  FlatGraph made;
  made.path = "made.nir";
  made.version = "1.0.7";
  std::sort(nodes.begin(), nodes.end(), [](const FlatNode &a, const FlatNode &b) { return a.name < b.name; });
  made.nodes = std::move(nodes);
  const auto index = [&](const std::string &name) {
    for (uint32_t i = 0; i < made.nodes.size(); ++i)
      if (made.nodes[i].name == name)
        return i;
    FAIL("no node " << name);
    return 0u;
  };
  for (const auto &[source, target] : edges)
    made.edges.emplace_back(index(source), index(target));
  std::sort(made.edges.begin(), made.edges.end());
  return made;
}

/// What was imported, or a failed test that shows the error.
inline frontend::NirImport import(const FlatGraph &graph, mlir::MLIRContext &context,
                                  const frontend::NirImportOptions &options = {}) {
  auto result = frontend::importNir(graph, &context, options);
  if (!result)
    FAIL(result.error().str());
  return *std::move(result);
}
inline snn::NetworkOp networkOf(mlir::ModuleOp module) { return *module.getOps<snn::NetworkOp>().begin(); }

/// The op of a name in the network.
template <typename Op> Op find(snn::NetworkOp network, const std::string &name) {
  auto op =
      mlir::dyn_cast_or_null<Op>(mlir::SymbolTable::lookupSymbolIn(network, mlir::StringAttr::get(network.getContext(), name)));
  if (!op)
    FAIL("no such op: " << name);
  return op;
}
template <typename Op> size_t countOf(snn::NetworkOp network) {
  auto ops = network.getBody().getOps<Op>();
  return static_cast<size_t>(std::distance(ops.begin(), ops.end()));
}
inline bool mentions(const std::vector<std::string> &sentences, const std::string &text) {
  return std::any_of(sentences.begin(), sentences.end(), [&](const std::string &s) { return s.find(text) != std::string::npos; });
}
/// Text of a module with all weights, without the report of assumptions. Resource names depend on what the context has seen, so
/// modules to compare are imported into contexts of their own.
inline std::string textOf(mlir::ModuleOp module) {
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  networkOf(*copy).removeSemanticsAttr();
  std::string text;
  llvm::raw_string_ostream stream(text);
  copy->print(stream);
  return text;
}
/// The first line in which two texts differ, cut to a readable length; empty if they are equal.
inline std::string difference(const std::string &one, const std::string &two) {
  if (one == two)
    return "";
  size_t at = 0, start = 0;
  while (at < std::min(one.size(), two.size()) && one[at] == two[at])
    if (one[at++] == '\n')
      start = at;
  return one.substr(start, std::min<size_t>(200, one.find('\n', at) - start)) + "\n" +
         two.substr(start, std::min<size_t>(200, two.find('\n', at) - start)) + "\n at column " + std::to_string(at - start);
}
/// Values of a weights, bias or parameter attribute.
inline std::vector<double> values(mlir::Attribute attribute) {
  auto read = snn::readElements(attribute);
  REQUIRE(read);
  return *read;
}

} // namespace ranvier::test

#endif
