//===- TimeGraph.cpp - Delays of a network, and what a chip makes of them -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Network/TimeGraph.h"
#include <algorithm>
#include <tuple>

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
/// Edges by source, sorted by target and name.
std::map<std::string, std::vector<size_t>> outgoing(const TimeGraph &graph) {
  std::map<std::string, std::vector<size_t>> out;
  for (size_t e = 0; e < graph.edges.size(); ++e)
    out[graph.edges[e].source].push_back(e);
  for (auto &[source, edges] : out)
    std::sort(edges.begin(), edges.end(), [&](size_t a, size_t b) {
      return std::tie(graph.edges[a].target, graph.edges[a].name) < std::tie(graph.edges[b].target, graph.edges[b].name);
    });
  return out;
}

/// Iterative: networks may be deep.
class CycleFinder {
public:
  CycleFinder(const TimeGraph &graph, bool ignoreDelays) : graph(graph), ignoreDelays(ignoreDelays), out(outgoing(graph)) {}
  std::vector<size_t> run() {
    for (const auto *starts : {&graph.inputs, &graph.nodes}) {
      std::vector<std::string> sorted = *starts;
      std::sort(sorted.begin(), sorted.end());
      for (const std::string &start : sorted)
        visit(start);
    }
    return std::move(closing);
  }

private:
  void visit(const std::string &start) {
    if (colour[start] != White)
      return;
    std::vector<std::pair<std::string, size_t>> path{{start, 0}};
    colour[start] = Grey;
    while (!path.empty()) {
      auto &[node, next] = path.back();
      const std::vector<size_t> &edges = out[node];
      if (next == edges.size()) {
        colour[node] = Black;
        path.pop_back();
        continue;
      }
      const size_t index = edges[next++];
      const TimeEdge &edge = graph.edges[index];
      if (!ignoreDelays && edge.shortest > 0)
        continue;
      if (colour[edge.target] == Grey)
        closing.push_back(index);
      else if (colour[edge.target] == White) {
        colour[edge.target] = Grey;
        path.push_back({edge.target, 0});
      }
    }
  }

  enum Colour { White, Grey, Black };
  const TimeGraph &graph;
  const bool ignoreDelays;
  std::map<std::string, std::vector<size_t>> out;
  std::map<std::string, Colour> colour;
  std::vector<size_t> closing;
};
} // namespace

std::vector<size_t> compiler::closingEdges(const TimeGraph &graph) { return CycleFinder(graph, /*ignoreDelays=*/false).run(); }

TimeGraph compiler::dissolve(TimeGraph graph, const std::vector<std::string> &junctions) {
  for (const std::string &junction : junctions) {
    std::vector<TimeEdge> in, kept;
    for (TimeEdge &edge : graph.edges)
      (edge.target == junction ? in : kept).push_back(std::move(edge));
    graph.edges.clear();
    for (TimeEdge &second : kept) {
      if (second.source != junction) {
        graph.edges.push_back(std::move(second));
        continue;
      }
      // The fastest synapse of one need not lead on to the fastest of the other.
      for (const TimeEdge &first : in)
        graph.edges.push_back(
            {first.name + "." + second.name, first.source, second.target, first.shortest + second.shortest,
             first.longest + second.longest,
             first.exact && second.exact && first.shortest == first.longest && second.shortest == second.longest});
    }
    std::erase(graph.nodes, junction);
  }
  return graph;
}

Retiming compiler::retime(const TimeGraph &graph, int64_t minDelay) {
  std::vector<bool> closes(graph.edges.size(), false);
  for (size_t edge : CycleFinder(graph, /*ignoreDelays=*/true).run())
    closes[edge] = true;
  Retiming result;
  std::map<std::string, unsigned> waiting;
  for (const std::string &node : graph.nodes)
    result.depth[node] = 0, waiting[node] = 0;
  for (size_t e = 0; e < graph.edges.size(); ++e)
    if (!closes[e])
      ++waiting[graph.edges[e].target];
  const auto out = outgoing(graph);
  std::vector<std::string> ready;
  for (const std::string &node : graph.nodes)
    if (waiting[node] == 0)
      ready.push_back(node);
  while (!ready.empty()) {
    const std::string node = ready.back();
    ready.pop_back();
    const auto edges = out.find(node);
    for (size_t e : edges == out.end() ? std::vector<size_t>() : edges->second) {
      if (closes[e])
        continue;
      const TimeEdge &edge = graph.edges[e];
      int64_t &depth = result.depth[edge.target];
      depth = std::max(depth, result.depth[node] + minDelay - edge.shortest);
      if (--waiting[edge.target] == 0)
        ready.push_back(edge.target);
    }
  }
  for (const TimeEdge &edge : graph.edges) {
    const int64_t shift = result.depth[edge.target] - result.depth[edge.source];
    result.shift.push_back(shift);
    result.late.push_back(std::max<int64_t>(0, minDelay - edge.shortest - shift));
    result.longest.push_back(std::max(minDelay, edge.longest + shift));
  }
  return result;
}
