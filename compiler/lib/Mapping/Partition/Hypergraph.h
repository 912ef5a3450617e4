//===- Hypergraph.h - The network as the partitioner sees it ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vertices are the neurons that need a core; inputs need none. One net per source, inputs included; its pins are the neurons that
// it reaches, and a core pays for it once. A net consists of one row per projection: rows are what takes synaptic memory. Pins
// stay where they are, in Network::projections; the hypergraph adds what leads from a neuron back to its rows.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_PARTITION_HYPERGRAPH_H
#define RANVIER_LIB_MAPPING_PARTITION_HYPERGRAPH_H

#include "../Shared.h"
#include "ranvier/Mapping/Partitioner.h"
#include <span>

namespace ranvier::mapping::detail {

class Hypergraph {
public:
  Hypergraph(const Network &network, const Rates &rates, const std::vector<uint32_t> &level);

  uint32_t vertices = 0, nets = 0, rows = 0;
  uint64_t pins = 0;
  std::vector<uint32_t> vertexBase;   ///< [population] first vertex; nowhere for inputs.
  std::vector<uint32_t> netBase;      ///< [population] first net.
  std::vector<uint32_t> rowBase;      ///< [projection] first row: one per source neuron, empty ones included.
  std::vector<uint32_t> populationOf; ///< [vertex]
  std::vector<uint32_t> levelOf;      ///< [vertex] see mapping::levels.
  std::vector<uint32_t> netOf;        ///< [vertex] the net that it sends on.
  std::vector<uint32_t> vertexOf;     ///< [net] the vertex that sends, nowhere for inputs.
  std::vector<uint32_t> weight;       ///< [net] spikes; 0 for inputs, which stand on no core.
  std::vector<uint32_t> rowNet;       ///< [row]
  std::vector<uint32_t> rowFormat;    ///< [row] projection, for its storage format.
  std::vector<uint64_t> inPtr;        ///< [vertex + 1]
  std::vector<uint32_t> inRow;        ///< Rows that reach the vertex, one entry a synapse; equal ones are neighbours.
  /// Where the cores that a net reaches are counted: the row itself if it is the net's only one, else a list after the rows.
  std::vector<uint32_t> listOf;   ///< [net]; nowhere: no synapse.
  std::vector<uint32_t> listNet;  ///< [list]
  std::vector<uint64_t> listPins; ///< [list] synapses.

  std::span<const uint32_t> rowsInto(uint32_t v) const { return {inRow.data() + inPtr[v], inRow.data() + inPtr[v + 1]}; }
  /// Whether the row's cores are counted in a list of the net as well.
  bool shared(uint32_t row) const { return listOf[rowNet[row]] != row; }
  const Network &network;
};

} // namespace ranvier::mapping::detail

#endif
