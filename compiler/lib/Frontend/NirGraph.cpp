//===- NirGraph.cpp - Who feeds whom once reshapes are gone ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "NirGraph.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <algorithm>
#include <array>
#include <string_view>

namespace ranvier::frontend {

using formats::nir::FlatGraph;

namespace {

/// NIR's types that hold no state: fixed by NIR's specification, unlike the neuron types, which are whatever models exist.
constexpr std::array<std::string_view, 8> linearTypes = {"Linear", "Affine",    "Conv1d",    "Conv2d",
                                                         "Scale",  "SumPool2d", "AvgPool2d", "Delay"};

template <size_t n> bool isOneOf(const std::array<std::string_view, n> &types, std::string_view type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

NodeKind kindOf(const std::string &type, bool hasSources, bool hasTargets) {
  if (type == "Input")
    return hasSources ? NodeKind::Identity : NodeKind::Source;
  if (type == "Output")
    return hasTargets ? NodeKind::Identity : NodeKind::Sink;
  if (type == "Flatten" || type == "Identity")
    return NodeKind::Identity;
  return isOneOf(linearTypes, type) ? NodeKind::Linear : NodeKind::Neuron;
}

/// Depth-first search for a cycle among nodes for which `follow` holds; returns a node on it, or -1. Iterative: graphs come from
/// strangers and may be long chains.
int64_t findCycle(const std::vector<std::vector<uint32_t>> &next, llvm::function_ref<bool(uint32_t)> follow) {
  std::vector<uint8_t> colour(next.size(), 0); // 0 unseen, 1 on the path, 2 done
  for (uint32_t root = 0; root < next.size(); ++root) {
    if (colour[root] != 0 || !follow(root))
      continue;
    std::vector<std::pair<uint32_t, size_t>> path{{root, 0}};
    colour[root] = 1;
    while (!path.empty()) {
      auto &[node, edge] = path.back();
      if (edge == next[node].size()) {
        colour[node] = 2;
        path.pop_back();
        continue;
      }
      const uint32_t target = next[node][edge++];
      if (!follow(target) || colour[target] == 2)
        continue;
      if (colour[target] == 1)
        return target;
      colour[target] = 1;
      path.emplace_back(target, 0);
    }
  }
  return -1;
}

/// Most nodes that paths through identities may visit in all. Each path counts, as two of them between the same nodes add twice,
/// and layers of identities can form exponentially many.
constexpr uint64_t mostVisits = 1 << 22;

/// The non-identity nodes at the ends of all identity paths from `node` on (identities form no cycle, which was checked). False if
/// `visits` ran out.
bool reach(const std::vector<std::vector<uint32_t>> &next, const std::vector<NodeKind> &kinds, uint32_t node,
           std::vector<uint32_t> &found, uint64_t &visits) {
  std::vector<uint32_t> open = next[node];
  while (!open.empty()) {
    if (visits < open.size())
      return false;
    --visits;
    const uint32_t other = open.back();
    open.pop_back();
    if (kinds[other] == NodeKind::Identity)
      open.insert(open.end(), next[other].begin(), next[other].end());
    else
      found.push_back(other);
  }
  std::sort(found.begin(), found.end());
  return true;
}

} // namespace

Result<NirGraph> resolveGraph(const FlatGraph &graph) {
  const size_t count = graph.nodes.size();
  std::vector<std::vector<uint32_t>> before(count), after(count);
  for (const auto &[source, target] : graph.edges) {
    after[source].push_back(target);
    before[target].push_back(source);
  }
  NirGraph result;
  result.kinds.resize(count);
  for (size_t i = 0; i < count; ++i)
    result.kinds[i] = kindOf(graph.nodes[i].type, !before[i].empty(), !after[i].empty());

  const int64_t loop = findCycle(
      after, [&](uint32_t node) { return result.kinds[node] == NodeKind::Linear || result.kinds[node] == NodeKind::Identity; });
  if (loop >= 0)
    return Error{.code = 5214,
                 .message = "a loop passes no neuron, so its value in a step would depend on itself",
                 .file = graph.path,
                 .place = "node " + graph.nodes[static_cast<size_t>(loop)].name,
                 .expected = "a neuron node in every cycle",
                 .found = "only nodes without state"};

  result.sources.resize(count);
  result.targets.resize(count);
  result.needsJunction.resize(count, false);
  uint64_t visits = mostVisits;
  for (uint32_t i = 0; i < count; ++i) {
    if (!reach(before, result.kinds, i, result.sources[i], visits) || !reach(after, result.kinds, i, result.targets[i], visits))
      return Error{.code = 5218,
                   .message = "too many paths run through nodes that change nothing (Flatten)",
                   .file = graph.path,
                   .place = "node " + graph.nodes[i].name,
                   .expected = "at most " + std::to_string(mostVisits) + " visits of such nodes",
                   .found = "more"};
    for (uint32_t target : result.targets[i])
      if (result.kinds[i] == NodeKind::Linear &&
          (result.kinds[target] == NodeKind::Linear || result.kinds[target] == NodeKind::Sink))
        result.needsJunction[i] = true;
    if (result.sources[i].empty() && result.kinds[i] != NodeKind::Source && result.kinds[i] != NodeKind::Neuron)
      return Error{.code = 5216,
                   .message = "nothing feeds this node",
                   .file = graph.path,
                   .place = "node " + graph.nodes[i].name,
                   .expected = "at least one edge to it",
                   .found = "none"};
  }
  return result;
}

} // namespace ranvier::frontend
