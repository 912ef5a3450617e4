//===- NirGraph.h - Who feeds whom once reshapes are gone -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer's view of a flat NIR graph: nodes sorted into kinds, nodes that only rename or reshape removed from the paths.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FRONTEND_NIRGRAPH_H
#define RANVIER_LIB_FRONTEND_NIRGRAPH_H

#include "ranvier/Formats/Nir.h"
#include <cstdint>
#include <vector>

namespace ranvier::frontend {

enum class NodeKind : uint8_t {
  Source,   ///< Input of the whole graph.
  Neuron,   ///< Anything with a model of its own.
  Linear,   ///< Weights, pooling, scaling, delay: becomes projections.
  Identity, ///< Flatten, ports of nested graphs.
  Sink      ///< Output of the whole graph.
};

struct NirGraph {
  std::vector<NodeKind> kinds;
  /// Per node, the non-identity nodes that feed it and that it feeds; sorted, with repetitions where several paths exist.
  std::vector<std::vector<uint32_t>> sources, targets;
  /// True for linear nodes that feed another linear node or a sink, so that their result needs a node of its own.
  std::vector<bool> needsJunction;
};

/// Errors: RNV5214 (a loop that passes no neuron), RNV5216 (a node nothing feeds).
Result<NirGraph> resolveGraph(const formats::nir::FlatGraph &graph);

} // namespace ranvier::frontend

#endif
