//===- Hypergraph.cpp - The network as the partitioner sees it ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hypergraph.h"
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

/// Lists of the nets: a net of several rows gets one of its own.
static void makeLists(Hypergraph &graph) {
  const Network &network = graph.network;
  graph.listOf.assign(graph.nets, nowhere);
  graph.listPins.assign(graph.rows, 0);
  graph.listNet = graph.rowNet;
  for (uint32_t p = 0; p < network.projections.size(); ++p) {
    const Projection &projection = network.projections[p];
    for (uint32_t n = 0; n + 1 < projection.rowPtr.size(); ++n) {
      const uint32_t row = graph.rowBase[p] + n, net = graph.rowNet[row];
      const uint64_t synapses = projection.rowPtr[n + 1] - projection.rowPtr[n];
      graph.listPins[row] = synapses;
      if (synapses == 0)
        continue;
      uint32_t &list = graph.listOf[net];
      if (list == nowhere) {
        list = row;
        continue;
      }
      if (list < graph.rows) {
        const uint64_t first = graph.listPins[list];
        list = static_cast<uint32_t>(graph.listPins.size());
        graph.listPins.push_back(first);
        graph.listNet.push_back(net);
      }
      graph.listPins[list] += synapses;
    }
  }
}

/// Rows by target.
static void makeIncidence(Hypergraph &graph) {
  const Network &network = graph.network;
  graph.inPtr.assign(graph.vertices + size_t(1), 0);
  for (const Projection &projection : network.projections)
    if (const uint32_t base = graph.vertexBase[projection.target]; base != nowhere)
      for (uint32_t target : projection.targets)
        ++graph.inPtr[base + target + size_t(1)];
  std::partial_sum(graph.inPtr.begin(), graph.inPtr.end(), graph.inPtr.begin());
  graph.pins = graph.inPtr.back();
  graph.inRow.resize(graph.pins);
  std::vector<uint64_t> cursor(graph.inPtr.begin(), graph.inPtr.end() - 1);
  for (uint32_t p = 0; p < network.projections.size(); ++p) {
    const Projection &projection = network.projections[p];
    const uint32_t base = graph.vertexBase[projection.target];
    if (base == nowhere)
      continue;
    for (uint32_t n = 0; n + 1 < projection.rowPtr.size(); ++n)
      for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
        graph.inRow[cursor[base + projection.targets[s]]++] = graph.rowBase[p] + n;
  }
}

Hypergraph::Hypergraph(const Network &network, const Rates &rates, const std::vector<uint32_t> &level) : network(network) {
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    const Population &population = network.populations[p];
    const uint32_t count = static_cast<uint32_t>(population.count);
    netBase.push_back(nets);
    nets += count;
    vertexBase.push_back(population.input ? nowhere : vertices);
    for (uint32_t n = 0; n < count; ++n) {
      vertexOf.push_back(population.input ? nowhere : vertices + n);
      weight.push_back(population.input ? 0 : rates.empty() ? 1 : rates[p][n]);
    }
    if (population.input)
      continue;
    vertices += count;
    populationOf.resize(vertices, p);
    levelOf.resize(vertices, level[p]);
    netOf.resize(vertices);
    std::iota(netOf.end() - count, netOf.end(), netBase[p]);
  }
  for (uint32_t p = 0; p < network.projections.size(); ++p) {
    const Projection &projection = network.projections[p];
    const uint32_t sources = static_cast<uint32_t>(network.populations[projection.source].count);
    rowBase.push_back(rows);
    rows += sources;
    rowFormat.resize(rows, p);
    rowNet.resize(rows);
    std::iota(rowNet.end() - sources, rowNet.end(), netBase[projection.source]);
  }
  makeLists(*this);
  makeIncidence(*this);
}
