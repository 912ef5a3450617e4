//===- Cluster.cpp - Neurons that belong together -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Cluster.h"
#include "../Place/CorePlacer.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

Groups detail::singletons(uint32_t vertices) {
  Groups groups;
  groups.members.resize(vertices);
  std::iota(groups.members.begin(), groups.members.end(), 0u);
  groups.ptr.resize(vertices + size_t(1));
  std::iota(groups.ptr.begin(), groups.ptr.end(), 0u);
  return groups;
}

static void shuffle(std::vector<uint32_t> &order, RandomStream &random) {
  for (uint32_t i = static_cast<uint32_t>(order.size()); i > 1; --i)
    std::swap(order[i - 1], order[random.below(i)]);
}

/// Calls fn(sender, target, tie) for every synapse between vertices.
template <typename Fn> static void forEachTie(const Hypergraph &graph, Fn &&fn) {
  const Network &network = graph.network;
  for (uint32_t p = 0; p < network.projections.size(); ++p) {
    const Projection &projection = network.projections[p];
    const uint32_t from = graph.vertexBase[projection.source], to = graph.vertexBase[projection.target];
    if (from == nowhere || to == nowhere)
      continue;
    for (uint32_t n = 0; n + 1 < projection.rowPtr.size(); ++n) {
      const uint32_t net = graph.netBase[projection.source] + n;
      if (graph.listOf[net] == nowhere)
        continue;
      const float tie = (static_cast<float>(graph.weight[net]) + 0.01f) / static_cast<float>(graph.listPins[graph.listOf[net]]);
      for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
        if (from + n != to + projection.targets[s])
          fn(from + n, to + projection.targets[s], tie);
    }
  }
}

static Ties finestTies(const Hypergraph &graph) {
  Ties ties;
  ties.size.assign(graph.vertices, 1);
  ties.ptr.assign(graph.vertices + size_t(1), 0);
  forEachTie(graph, [&](uint32_t a, uint32_t b, float) {
    ++ties.ptr[a + size_t(1)];
    ++ties.ptr[b + size_t(1)];
  });
  std::partial_sum(ties.ptr.begin(), ties.ptr.end(), ties.ptr.begin());
  ties.list.resize(ties.ptr.back());
  std::vector<uint64_t> cursor(ties.ptr.begin(), ties.ptr.end() - 1);
  forEachTie(graph, [&](uint32_t a, uint32_t b, float tie) {
    ties.list[cursor[a]++] = {b, tie};
    ties.list[cursor[b]++] = {a, tie};
  });
  return ties;
}

/// [vertex] -> number of its cluster; pairs with the strongest tie for their size.
static std::vector<uint32_t> match(const Ties &ties, const std::vector<uint32_t> &within, uint32_t mostVertices,
                                   RandomStream &random, uint32_t &clusters) {
  const uint32_t count = static_cast<uint32_t>(ties.size.size());
  std::vector<uint32_t> order(count), clusterOf(count, nowhere);
  std::iota(order.begin(), order.end(), 0u);
  shuffle(order, random);
  clusters = 0;
  std::vector<float> sum(count, 0);
  std::vector<uint32_t> touched;
  for (uint32_t v : order) {
    if (clusterOf[v] != nowhere)
      continue;
    uint32_t best = nowhere;
    float strongest = 0;
    touched.clear();
    for (uint64_t e = ties.ptr[v]; e < ties.ptr[v + 1]; ++e) {
      const auto [u, tie] = ties.list[e];
      if (clusterOf[u] != nowhere || u == v || within[u] != within[v] || ties.size[u] + ties.size[v] > mostVertices)
        continue;
      if (sum[u] == 0)
        touched.push_back(u);
      sum[u] += tie;
    }
    for (uint32_t u : touched) {
      const float rating = sum[u] / static_cast<float>(ties.size[u]);
      if (rating > strongest) {
        strongest = rating;
        best = u;
      }
      sum[u] = 0;
    }
    clusterOf[v] = clusters++;
    if (best != nowhere)
      clusterOf[best] = clusterOf[v];
  }
  return clusterOf;
}

static Ties contract(const Ties &ties, const std::vector<uint32_t> &clusterOf, uint32_t clusters) {
  Ties coarse;
  coarse.size.assign(clusters, 0);
  std::vector<std::array<uint32_t, 2>> members(clusters, {nowhere, nowhere});
  for (uint32_t v = 0; v < clusterOf.size(); ++v) {
    coarse.size[clusterOf[v]] += ties.size[v];
    members[clusterOf[v]][members[clusterOf[v]][0] != nowhere] = v;
  }
  std::vector<float> sum(clusters, 0);
  std::vector<uint32_t> touched;
  for (uint32_t c = 0; c < clusters; ++c) {
    touched.clear();
    for (uint32_t v : members[c]) {
      if (v == nowhere)
        continue;
      for (uint64_t e = ties.ptr[v]; e < ties.ptr[v + 1]; ++e) {
        const uint32_t other = clusterOf[ties.list[e].first];
        if (other == c)
          continue;
        if (sum[other] == 0)
          touched.push_back(other);
        sum[other] += ties.list[e].second;
      }
    }
    for (uint32_t other : touched) {
      coarse.list.push_back({other, sum[other]});
      sum[other] = 0;
    }
    coarse.ptr.push_back(coarse.list.size());
  }
  return coarse;
}

static Groups join(const Groups &fine, const std::vector<uint32_t> &clusterOf, uint32_t clusters) {
  std::vector<std::vector<uint32_t>> parts(clusters);
  for (uint32_t g = 0; g < fine.size(); ++g)
    parts[clusterOf[g]].insert(parts[clusterOf[g]].end(), fine[g].begin(), fine[g].end());
  Groups groups;
  for (const auto &part : parts) {
    groups.members.insert(groups.members.end(), part.begin(), part.end());
    groups.ptr.push_back(static_cast<uint32_t>(groups.members.size()));
  }
  return groups;
}

Hierarchy detail::cluster(const Hypergraph &graph, const std::vector<uint32_t> &within, uint32_t mostVertices, uint64_t seed) {
  RandomStream random(seed);
  Hierarchy result;
  result.levels.push_back(singletons(graph.vertices));
  Ties ties = finestTies(graph);
  std::vector<uint32_t> inside = within;
  while (true) {
    uint32_t clusters = 0;
    const std::vector<uint32_t> clusterOf = match(ties, inside, mostVertices, random, clusters);
    if (clusters > ties.size.size() * 95 / 100)
      break;
    std::vector<uint32_t> outside(clusters);
    for (uint32_t v = 0; v < clusterOf.size(); ++v)
      outside[clusterOf[v]] = inside[v];
    inside = std::move(outside);
    result.levels.push_back(join(result.levels.back(), clusterOf, clusters));
    ties = contract(ties, clusterOf, clusters);
  }
  result.coarsest = std::move(ties);
  return result;
}
