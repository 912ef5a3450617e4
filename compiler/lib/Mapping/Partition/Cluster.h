//===- Cluster.h - Neurons that belong together -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_CLUSTER_H
#define RANVIER_LIB_MAPPING_PARTITION_CLUSTER_H

#include "Hypergraph.h"

namespace ranvier::mapping::detail {

/// Disjoint sets of vertices.
struct Groups {
  std::vector<uint32_t> ptr{0}, members;
  uint32_t size() const { return static_cast<uint32_t>(ptr.size() - 1); }
  std::span<const uint32_t> operator[](uint32_t group) const {
    return {members.data() + ptr[group], members.data() + ptr[group + 1]};
  }
};
Groups singletons(uint32_t vertices);

/// How strongly vertices (or clusters of them) are tied, symmetric, as compressed sparse rows.
struct Ties {
  std::vector<uint64_t> ptr{0};
  std::vector<std::pair<uint32_t, float>> list;
  std::vector<uint32_t> size; ///< Vertices of each.
};

struct Hierarchy {
  std::vector<Groups> levels; ///< From single vertices to the coarsest.
  Ties coarsest;
};
/// Clusters of clusters: those meet first that share many nets of few pins, as the channels of a convolution at one place do, which
/// no synapse joins. Only vertices of equal `within` (a core, or a level of delay-0 edges) meet. Networks of more than 20 million
/// synapses get one level, of neighbours in order. Deterministic for a seed.
Hierarchy cluster(const Hypergraph &graph, const std::vector<uint32_t> &within, uint32_t mostVertices, uint64_t seed);

} // namespace ranvier::mapping::detail

#endif
