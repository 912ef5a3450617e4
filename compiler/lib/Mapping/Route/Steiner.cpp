//===- Steiner.cpp - Short trees over a machine ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// First between places, by distance alone: a minimum spanning tree, into which the median of any three neighbours goes as long as
// that shortens it. Then over links: nodes join the growing tree nearest first, by shortest paths that bend towards the nodes still
// missing. A path ends where it meets the tree, so there is never a cycle. Last, every end of the tree is taken off and put back
// where it is nearest.
//===----------------------------------------------------------------------===//
#include "Steiner.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

TreeBuilder::TreeBuilder(const MachineGraph &machine)
    : machine(machine), load(size_t(machine.size()) * machine.ports(), 0), parentOf(machine.size(), outside),
      portOf(machine.size(), 0), children(machine.size(), 0), isTarget(machine.size(), 0) {}

uint64_t TreeBuilder::worstLink() const { return load.empty() ? 0 : *std::max_element(load.begin(), load.end()); }

/// Prim's algorithm; parent[0] is 0.
uint32_t TreeBuilder::spanningTree(const std::vector<uint32_t> &nodes, std::vector<uint32_t> &parent) const {
  const size_t count = nodes.size();
  parent.assign(count, 0);
  std::vector<uint16_t> reach(count);
  std::vector<uint8_t> done(count, 0);
  for (size_t i = 0; i < count; ++i)
    reach[i] = machine.distance(nodes[0], nodes[i]);
  done[0] = 1;
  uint32_t length = 0;
  for (size_t step = 1; step < count; ++step) {
    size_t next = 0;
    for (size_t i = 1; i < count; ++i)
      if (!done[i] && (next == 0 || reach[i] < reach[next]))
        next = i;
    done[next] = 1;
    length += reach[next];
    for (size_t i = 1; i < count; ++i)
      if (!done[i] && machine.distance(nodes[next], nodes[i]) < reach[i]) {
        reach[i] = machine.distance(nodes[next], nodes[i]);
        parent[i] = static_cast<uint32_t>(next);
      }
  }
  return length;
}

void TreeBuilder::addSteinerPoints(std::vector<uint32_t> &nodes) const {
  // Larger sets fill the machine so densely that there is nothing to gain, and the search takes its square in time.
  constexpr size_t mostNodes = 64;
  const size_t limit = std::min(2 * nodes.size(), mostNodes);
  std::vector<uint32_t> parent;
  uint32_t length = spanningTree(nodes, parent);
  while (nodes.size() >= 3 && nodes.size() < limit) {
    std::vector<std::vector<uint32_t>> beside(nodes.size());
    for (uint32_t i = 1; i < nodes.size(); ++i) {
      beside[i].push_back(parent[i]);
      beside[parent[i]].push_back(i);
    }
    uint32_t gained = 0, point = 0;
    for (uint32_t b = 0; b < nodes.size(); ++b)
      for (size_t i = 0; i < beside[b].size(); ++i)
        for (size_t j = i + 1; j < beside[b].size(); ++j) {
          const auto rowA = machine.distances(nodes[beside[b][i]]), rowB = machine.distances(nodes[b]),
                     rowC = machine.distances(nodes[beside[b][j]]);
          uint32_t least = ~0u, at = 0;
          for (uint32_t place = 0; place < machine.size(); ++place)
            if (const uint32_t sum = uint32_t(rowA[place]) + rowB[place] + rowC[place]; sum < least) {
              least = sum;
              at = place;
            }
          const uint32_t now = uint32_t(rowB[nodes[beside[b][i]]]) + rowB[nodes[beside[b][j]]];
          if (least < now && now - least > gained) {
            gained = now - least;
            point = at;
          }
        }
    if (!gained)
      return;
    nodes.push_back(point);
    const uint32_t shorter = spanningTree(nodes, parent);
    if (shorter >= length) {
      nodes.pop_back();
      return;
    }
    length = shorter;
  }
}

void TreeBuilder::attach(uint32_t place, uint32_t parent, uint8_t port) {
  parentOf[place] = parent;
  portOf[place] = port;
  if (place != parent)
    ++children[parent];
  inTree.push_back(place);
  for (size_t i = 0; i < waiting.size(); ++i)
    if (const uint16_t distance = machine.distance(place, waiting[i]); distance < gap[i]) {
      gap[i] = distance;
      nearest[i] = place;
    }
}

/// From a place of the tree to one outside, along a shortest path.
void TreeBuilder::walk(uint32_t from, uint32_t to) {
  while (from != to) {
    const Link *best = nullptr;
    uint64_t bestPull = 0, bestLoad = 0;
    for (const Link &link : machine.links(from)) {
      if (machine.distance(link.to, to) + 1 != machine.distance(from, to))
        continue;
      uint64_t pull = 0;
      for (size_t i = 0; i < waiting.size(); ++i)
        pull += std::min(gap[i], machine.distance(link.to, waiting[i]));
      const uint64_t carried = load[size_t(from) * machine.ports() + link.port];
      if (!best || pull < bestPull || (pull == bestPull && carried < bestLoad)) {
        best = &link;
        bestPull = pull;
        bestLoad = carried;
      }
    }
    RANVIER_ASSERT(best && parentOf[best->to] == outside,
                   "a shortest path from the nearest place of a tree leads away from the tree");
    attach(best->to, from, best->port);
    from = best->to;
  }
}

void TreeBuilder::grow(uint32_t root, const std::vector<uint32_t> &nodes) {
  waiting.clear();
  for (const uint32_t node : nodes)
    if (node != root)
      waiting.push_back(node);
  gap.assign(waiting.size(), MachineGraph::unreachable);
  nearest.assign(waiting.size(), root);
  attach(root, root, 0);
  while (!waiting.empty()) {
    const size_t next = static_cast<size_t>(std::min_element(gap.begin(), gap.end()) - gap.begin());
    const uint32_t node = waiting[next], from = nearest[next];
    waiting[next] = waiting.back();
    gap[next] = gap.back();
    nearest[next] = nearest.back();
    waiting.pop_back();
    gap.pop_back();
    nearest.pop_back();
    if (parentOf[node] == outside)
      walk(from, node);
  }
}

/// Takes ends off that are no target.
void TreeBuilder::prune(const std::vector<uint32_t> &) {
  for (size_t i = inTree.size(); i-- > 1;) {
    uint32_t place = inTree[i];
    while (parentOf[place] != outside && parentOf[place] != place && children[place] == 0 && !isTarget[place]) {
      const uint32_t parent = parentOf[place];
      parentOf[place] = outside;
      --children[parent];
      place = parent;
    }
  }
  std::erase_if(inTree, [&](uint32_t place) { return parentOf[place] == outside; });
}

/// Takes the end of each branch off and puts it back where the rest of the tree is nearest. True if the tree became shorter.
bool TreeBuilder::reconnect(const std::vector<uint32_t> &targets) {
  bool shorter = false;
  for (const uint32_t target : targets) {
    if (children[target] != 0 || parentOf[target] == target)
      continue;
    std::vector<uint32_t> branch{target};
    uint32_t fork = parentOf[target];
    while (children[fork] == 1 && !isTarget[fork] && parentOf[fork] != fork) {
      branch.push_back(fork);
      fork = parentOf[fork];
    }
    const size_t length = branch.size();
    if (length == 1)
      continue;
    for (const uint32_t place : branch)
      parentOf[place] = outside;
    --children[fork];
    uint32_t from = fork;
    for (const uint32_t place : inTree)
      if (parentOf[place] != outside && machine.distance(place, target) < machine.distance(from, target))
        from = place;
    if (machine.distance(from, target) < length) {
      for (const uint32_t place : branch)
        children[place] = 0;
      std::erase_if(inTree, [&](uint32_t place) { return parentOf[place] == outside; });
      walk(from, target);
      shorter = true;
    } else {
      uint32_t above = fork;
      for (size_t i = branch.size(); i-- > 0;) {
        parentOf[branch[i]] = above;
        above = branch[i];
      }
      ++children[fork];
    }
  }
  return shorter;
}

MulticastTree TreeBuilder::finish(uint32_t root) {
  MulticastTree tree{root, {}};
  // Places joined behind their parents, or were put back behind them.
  std::vector<uint32_t> order{root};
  std::vector<std::pair<uint32_t, uint32_t>> byParent;
  for (const uint32_t place : inTree)
    if (place != root)
      byParent.push_back({parentOf[place], place});
  std::sort(byParent.begin(), byParent.end());
  for (size_t i = 0; i < order.size(); ++i)
    for (auto at = std::lower_bound(byParent.begin(), byParent.end(), std::pair(order[i], 0u));
         at != byParent.end() && at->first == order[i]; ++at) {
      tree.hops.push_back({order[i], at->second, portOf[at->second]});
      order.push_back(at->second);
    }
  RANVIER_ASSERT(tree.hops.size() + 1 == inTree.size(), "every place of a tree hangs on its root");
  return tree;
}

MulticastTree TreeBuilder::build(uint32_t root, const std::vector<uint32_t> &targets, uint64_t packets) {
  std::vector<uint32_t> nodes{root};
  for (const uint32_t target : targets) {
    isTarget[target] = 1;
    if (target != root)
      nodes.push_back(target);
  }
  addSteinerPoints(nodes);
  grow(root, nodes);
  prune(targets);
  waiting.clear();
  while (reconnect(targets))
    prune(targets);
  MulticastTree tree = finish(root);
  for (const MulticastTree::Hop &hop : tree.hops)
    load[size_t(hop.from) * machine.ports() + hop.port] += packets;
  for (const uint32_t place : inTree) {
    parentOf[place] = outside;
    children[place] = 0;
  }
  inTree.clear();
  for (const uint32_t target : targets)
    isTarget[target] = 0;
  return tree;
}
