//===- RouteTree.h - Routes of packets as nodes side by side ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the planners of the packet network and of machines in real time have in common: a route grows as a tree of links and ends as
// nodes whose children lie side by side.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_ROUTETREE_H
#define RANVIER_EMULATOR_LIB_ROUTETREE_H

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace ranvier::emu {

/// Ways from one source that meet have come the same way.
struct RouteTree {
  std::map<uint32_t, RouteTree> links;
  std::vector<std::pair<uint32_t, uint32_t>> arrivals; ///< (core, slot)

  void add(std::span<const uint32_t> way, uint32_t core, uint32_t slot) {
    RouteTree *at = this;
    for (const uint32_t link : way)
      at = &at->links[link];
    at->arrivals.emplace_back(core, slot);
  }
};

/// Appends the nodes of a route: branches over links by their number, then arrivals, whose target is `firstArrival` + core. Returns
/// the first of the route's own and how many they are.
template <typename Node>
std::pair<uint32_t, uint32_t> placeRoute(std::vector<Node> &nodes, const RouteTree &tree, uint32_t firstArrival) {
  const auto first = static_cast<uint32_t>(nodes.size());
  const auto count = static_cast<uint32_t>(tree.links.size() + tree.arrivals.size());
  nodes.resize(first + count);
  uint32_t at = first;
  for (const auto &[link, below] : tree.links) {
    const auto [child, children] = placeRoute(nodes, below, firstArrival);
    Node node{};
    node.target = link;
    node.firstChild = child;
    node.children = children;
    if constexpr (requires { node.arrivals; }) {
      node.arrivals = 0;
      for (uint32_t k = 0; k < children; ++k)
        node.arrivals += nodes[child + k].arrivals;
    }
    nodes[at++] = node;
  }
  for (const auto &[core, slot] : tree.arrivals) {
    Node node{};
    node.target = firstArrival + core;
    node.slot = slot;
    nodes[at++] = node;
  }
  return {first, count};
}

/// The links that nodes use, ascending; nodes then name them by their place in that list, and core c by its length + c.
template <typename Node> std::vector<uint32_t> numberLinks(std::vector<Node> &nodes, uint32_t firstArrival) {
  std::vector<uint32_t> used;
  for (const Node &node : nodes)
    if (node.children)
      used.push_back(node.target);
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  for (Node &node : nodes)
    node.target = node.children ? static_cast<uint32_t>(std::lower_bound(used.begin(), used.end(), node.target) - used.begin())
                                : static_cast<uint32_t>(used.size()) + node.target - firstArrival;
  return used;
}

} // namespace ranvier::emu

#endif
