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

namespace {
/// The hypergraph at one level of clusters: pins are clusters, the sender's included.
struct Level {
  std::vector<uint64_t> netPtr{0};
  std::vector<uint32_t> pins;
  std::vector<float> weight; ///< [net]
  std::vector<uint64_t> ptr; ///< [cluster + 1]
  std::vector<uint32_t> nets;
  std::vector<uint32_t> size; ///< [cluster] vertices.

  std::span<const uint32_t> pinsOf(uint32_t net) const { return {pins.data() + netPtr[net], pins.data() + netPtr[net + 1]}; }
  void invert() {
    ptr.assign(size.size() + 1, 0);
    for (uint32_t pin : pins)
      ++ptr[pin + size_t(1)];
    std::partial_sum(ptr.begin(), ptr.end(), ptr.begin());
    nets.resize(pins.size());
    std::vector<uint64_t> cursor(ptr.begin(), ptr.end() - 1);
    for (uint32_t net = 0; net + 1 < netPtr.size(); ++net)
      for (uint32_t pin : pinsOf(net))
        nets[cursor[pin]++] = net;
  }
  void close(float netWeight) {
    if (pins.size() - netPtr.back() < 2) { // Ties nothing.
      pins.resize(netPtr.back());
      return;
    }
    netPtr.push_back(pins.size());
    weight.push_back(netWeight);
  }
};
/// Nets that reach more clusters say little and cost most.
constexpr size_t mostPins = 400;
} // namespace

static Level finest(const Hypergraph &graph) {
  Level level;
  level.size.assign(graph.vertices, 1);
  const auto out = outgoing(graph.network);
  std::vector<uint32_t> stamp(graph.vertices, nowhere);
  for (uint32_t p = 0; p < graph.network.populations.size(); ++p)
    for (uint32_t n = 0; n < graph.network.populations[p].count; ++n) {
      const uint32_t net = graph.netBase[p] + n;
      const auto pin = [&](uint32_t v) {
        if (v != nowhere && stamp[v] != net) {
          stamp[v] = net;
          level.pins.push_back(v);
        }
      };
      pin(graph.vertexOf[net]);
      for (uint32_t index : out[p]) {
        const Projection &projection = graph.network.projections[index];
        const uint32_t base = graph.vertexBase[projection.target];
        for (uint64_t s = projection.rowPtr[n]; base != nowhere && s < projection.rowPtr[n + 1]; ++s)
          pin(base + projection.targets[s]);
      }
      level.close(static_cast<float>(graph.weight[net]) + 0.05f); // Sharing silent sources saves axons and memory.
    }
  level.invert();
  return level;
}

/// [cluster] -> number of its cluster of the next level: pairs with the most nets in common for their size.
static std::vector<uint32_t> match(const Level &level, const std::vector<uint32_t> &within, uint32_t mostVertices,
                                   RandomStream &random, uint32_t &clusters) {
  const uint32_t count = static_cast<uint32_t>(level.size.size());
  std::vector<uint32_t> order(count), clusterOf(count, nowhere), sizeOf;
  std::iota(order.begin(), order.end(), 0u);
  random.shuffle(order);
  std::vector<float> sum(count, 0);
  std::vector<uint32_t> touched;
  for (uint32_t v : order) {
    if (clusterOf[v] != nowhere)
      continue;
    touched.clear();
    for (uint64_t e = level.ptr[v]; e < level.ptr[v + 1]; ++e) {
      const auto pins = level.pinsOf(level.nets[e]);
      if (pins.size() > mostPins)
        continue;
      const float tie = level.weight[level.nets[e]] / static_cast<float>(pins.size() - 1);
      for (uint32_t u : pins) {
        if (sum[u] == 0)
          touched.push_back(u);
        sum[u] += tie;
      }
    }
    uint32_t best = nowhere, second = nowhere; // Second: the best that is in a cluster already.
    float strongest = 0, strongestTaken = 0;
    for (uint32_t u : touched) {
      const bool taken = clusterOf[u] != nowhere;
      const uint32_t size = taken ? sizeOf[clusterOf[u]] : level.size[u];
      const float rating = sum[u] / static_cast<float>(size);
      sum[u] = 0;
      if (u == v || within[u] != within[v] || size + level.size[v] > mostVertices)
        continue;
      if (rating > (taken ? strongestTaken : strongest)) {
        (taken ? strongestTaken : strongest) = rating;
        (taken ? second : best) = u;
      }
    }
    if (best == nowhere && second != nowhere) {
      clusterOf[v] = clusterOf[second];
      sizeOf[clusterOf[v]] += level.size[v];
      continue;
    }
    clusterOf[v] = static_cast<uint32_t>(sizeOf.size());
    sizeOf.push_back(level.size[v]);
    if (best != nowhere) {
      clusterOf[best] = clusterOf[v];
      sizeOf.back() += level.size[best];
    }
  }
  clusters = static_cast<uint32_t>(sizeOf.size());
  return clusterOf;
}

static Level contract(const Level &level, const std::vector<uint32_t> &clusterOf, uint32_t clusters) {
  Level coarse;
  coarse.size.assign(clusters, 0);
  for (uint32_t v = 0; v < clusterOf.size(); ++v)
    coarse.size[clusterOf[v]] += level.size[v];
  std::vector<uint32_t> stamp(clusters, nowhere);
  for (uint32_t net = 0; net + 1 < level.netPtr.size(); ++net) {
    for (uint32_t pin : level.pinsOf(net))
      if (stamp[clusterOf[pin]] != net) {
        stamp[clusterOf[pin]] = net;
        coarse.pins.push_back(clusterOf[pin]);
      }
    coarse.close(level.weight[net]);
  }
  coarse.invert();
  return coarse;
}

static Ties tiesOf(const Level &level) {
  Ties ties;
  ties.size = level.size;
  const uint32_t count = static_cast<uint32_t>(level.size.size());
  std::vector<float> sum(count, 0);
  std::vector<uint32_t> touched;
  for (uint32_t c = 0; c < count; ++c) {
    touched.clear();
    for (uint64_t e = level.ptr[c]; e < level.ptr[c + 1]; ++e) {
      const auto pins = level.pinsOf(level.nets[e]);
      if (pins.size() <= mostPins)
        for (uint32_t u : pins) {
          if (u == c)
            continue;
          if (sum[u] == 0)
            touched.push_back(u);
          sum[u] += level.weight[level.nets[e]] / static_cast<float>(pins.size() - 1);
        }
    }
    for (uint32_t u : touched) {
      ties.list.push_back({u, sum[u]});
      sum[u] = 0;
    }
    ties.ptr.push_back(ties.list.size());
  }
  return ties;
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

/// Runs of neighbours in the order of neurons: where the network is too large to look at what they share.
static Groups runs(const std::vector<uint32_t> &within, uint32_t length) {
  Groups groups = singletons(static_cast<uint32_t>(within.size()));
  groups.ptr = {0};
  for (uint32_t v = 1; v <= within.size(); ++v)
    if (v == within.size() || within[v] != within[v - 1] || v - groups.ptr.back() == length)
      groups.ptr.push_back(v);
  return groups;
}

Hierarchy detail::cluster(const Hypergraph &graph, const std::vector<uint32_t> &within, uint32_t mostVertices, uint64_t seed) {
  RandomStream random(seed);
  Hierarchy result;
  result.levels.push_back(singletons(graph.vertices));
  if (graph.pins > 20'000'000) {
    result.levels.push_back(runs(within, std::min(mostVertices, 16u)));
    return result;
  }
  Level level = finest(graph);
  std::vector<uint32_t> inside = within;
  while (true) {
    uint32_t clusters = 0;
    const std::vector<uint32_t> clusterOf = match(level, inside, mostVertices, random, clusters);
    if (clusters > level.size.size() * 95 / 100)
      break;
    std::vector<uint32_t> outside(clusters);
    for (uint32_t v = 0; v < clusterOf.size(); ++v)
      outside[clusterOf[v]] = inside[v];
    inside = std::move(outside);
    result.levels.push_back(join(result.levels.back(), clusterOf, clusters));
    level = contract(level, clusterOf, clusters);
  }
  result.coarsest = tiesOf(level);
  return result;
}
