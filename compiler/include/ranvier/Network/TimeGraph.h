//===- TimeGraph.h - Delays of a network, and what a chip makes of them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which edges act when, as functions over plain data: `compile` applies what they say to the network, `check` tells it beforehand.
// No MLIR. The rules are clauses T6 to T8 of docs/spec/time.md.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_NETWORK_TIMEGRAPH_H
#define RANVIER_NETWORK_TIMEGRAPH_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ranvier::compiler {

/// A projection: its smallest and largest delay [steps].
struct TimeEdge {
  std::string name, source, target;
  int64_t shortest = 0, longest = 0;
  bool exact = true; ///< Some synapse has each of the two delays, as far as is known.
};

struct TimeGraph {
  std::vector<std::string> inputs, nodes; ///< `nodes` holds the inputs, too.
  std::vector<TimeEdge> edges;            ///< As declared.
};

/// Indices of the edges of delay 0 that lead back to a node on the path of a depth-first search from the inputs, names sorted, in
/// the order in which the search finds them.
std::vector<size_t> closingEdges(const TimeGraph &graph);

/// The graph after dissolving nodes that only pass on: each path through them is one edge, delays added, named "first.second".
TimeGraph dissolve(TimeGraph graph, const std::vector<std::string> &junctions);

/// What becomes of the delays on a chip whose edges take at least `minDelay` steps: an edge of delay d gets max(minDelay, d +
/// shift).
struct Retiming {
  std::map<std::string, int64_t> depth; ///< [steps] by which each node lags behind the network's own time.
  std::vector<int64_t> shift;           ///< By edge: depth of its target less that of its source.
  std::vector<int64_t> late;            ///< By edge: steps that its fastest synapses lose; 0 if the network's own time is kept.
  std::vector<int64_t> longest;         ///< By edge: its largest delay then.
};
/// Depth: the longest path of edges that close no cycle, an edge of delay d counting minDelay - d. Whether an edge closes a cycle
/// is decided as if all delays were 0, because retiming a cycle cannot change the sum of its delays.
Retiming retime(const TimeGraph &graph, int64_t minDelay);

} // namespace ranvier::compiler

#endif
