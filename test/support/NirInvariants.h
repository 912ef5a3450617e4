//===- NirInvariants.h - What every flattened graph promises ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_SUPPORT_NIRINVARIANTS_H
#define RANVIER_TEST_SUPPORT_NIRINVARIANTS_H

#include "ranvier/Formats/Nir.h"
#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace ranvier::test {

/// The first promise of nir::flatten that a graph breaks, or nothing. Consumers index by these shapes without further checks.
inline std::string brokenPromise(const formats::nir::FlatGraph &graph) {
  using formats::nir::Tensor;
  const auto cells = [](const std::vector<uint64_t> &shape) {
    long double n = 1;
    for (uint64_t extent : shape)
      n *= static_cast<long double>(extent);
    return n;
  };
  std::set<uint32_t> reached;
  for (const auto &[from, to] : graph.edges) {
    if (from >= graph.nodes.size() || to >= graph.nodes.size())
      return "an edge leaves the graph";
    reached.insert(to);
    if (cells(graph.nodes[from].outputShape) != cells(graph.nodes[to].inputShape))
      return "sizes differ along the edge " + graph.nodes[from].name + " > " + graph.nodes[to].name;
  }
  if (!std::is_sorted(graph.edges.begin(), graph.edges.end()) ||
      std::adjacent_find(graph.edges.begin(), graph.edges.end()) != graph.edges.end())
    return "edges are not sorted or not unique";
  bool input = false, output = false;
  for (size_t k = 0; k < graph.nodes.size(); ++k) {
    const auto &node = graph.nodes[k];
    input |= node.type == "Input", output |= node.type == "Output";
    if (k && !(graph.nodes[k - 1].name < node.name))
      return "nodes are not sorted by name: " + node.name;
    if (node.type == "NIRGraph")
      return "a nested graph is left: " + node.name;
    if (node.type != "Input" && !reached.count(static_cast<uint32_t>(k)))
      return "nothing leads to " + node.name;
    for (const auto *shape : {&node.inputShape, &node.outputShape})
      if (shape->empty() || !(cells(*shape) >= 1 && cells(*shape) <= 2147483648.0L))
        return "no shape, or too large a one: " + node.name;
    for (const auto &[key, parameter] : node.params) {
      const auto *tensor = std::get_if<Tensor>(&parameter);
      if (!tensor)
        continue;
      if (tensor->values.empty() || cells(tensor->shape) != static_cast<long double>(tensor->values.size()))
        return "values do not fill the shape of " + node.name + "." + key;
      if (!std::all_of(tensor->values.begin(), tensor->values.end(), [](double v) { return std::isfinite(v); }))
        return "a value is not finite in " + node.name + "." + key;
      const bool perNeuron = key == "r" || key == "delay" || key == "scale" || key == "threshold" || key == "w_in" ||
                             key.starts_with("v_") || key.starts_with("tau");
      if (perNeuron && tensor->values.size() != 1 && static_cast<long double>(tensor->values.size()) != cells(node.outputShape))
        return "values do not fit the neurons of " + node.name + "." + key;
      if (key == "bias" && (node.type == "Linear" || node.type == "Affine") &&
          static_cast<long double>(tensor->values.size()) != cells(node.outputShape))
        return "the bias does not fit " + node.name;
    }
  }
  return input && output ? "" : "the graph has no Input or no Output";
}

} // namespace ranvier::test

#endif
