//===- PrefixTable.cpp - The shortest table of prefixes -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Optimal routing table construction (Draves, King, Venkatachary, Zill, INFOCOM 1999) with two additions: keys that do not occur
// match every route, and a subtree that no entry covers may leave its defaultable keys alone.
//
// Under an entry with route r a subtree costs `covered` entries if r is one of its `best` routes, one more otherwise: so one set
// and one number a node say all. Without any entry above, it costs `bare`.
//===----------------------------------------------------------------------===//
#include "Blocks.h"
#include <algorithm>
#include <bit>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

constexpr int32_t empty = -1; ///< A subtree without keys: costs nothing under any route.

struct Node {
  int32_t child[2] = {empty, empty}; ///< Both empty: one block.
  uint32_t first = 0;                ///< Block, or the first one of the subtree.
  uint8_t length = 0;                ///< Bits of the prefix.
  uint32_t covered = 0, bare = 0;
};

class PrefixSolver {
public:
  explicit PrefixSolver(const Blocks &blocks) : blocks(blocks), words((blocks.routes.size() + 63) / 64) {
    nodes.reserve(2 * blocks.blocks.size());
    best.reserve(2 * blocks.blocks.size() * words);
  }

  RoutingTable run() {
    if (blocks.blocks.empty())
      return {};
    const int32_t root = build(0, static_cast<uint32_t>(blocks.blocks.size()));
    emitBare(root);
    // Longer prefixes first; blocks of one length are disjoint, their order is that of the keys.
    std::stable_sort(found.begin(), found.end(), [](const Found &a, const Found &b) { return a.length > b.length; });
    RoutingTable table;
    for (const Found &entry : found) {
      const uint32_t mask = entry.length == 0 ? 0 : ~0u << (32 - entry.length) >> (32 - blocks.bits);
      table.push_back(blocks.entry(entry.key & mask, mask, entry.route));
    }
    return table;
  }

private:
  struct Found {
    uint32_t key;
    uint8_t length;
    uint32_t route;
  };
  bool has(int32_t node, uint32_t route) const { return best[size_t(node) * words + route / 64] >> route % 64 & 1; }
  uint32_t anyBest(int32_t node) const {
    for (size_t w = 0;; ++w)
      if (const uint64_t word = best[size_t(node) * words + w])
        return static_cast<uint32_t>(w * 64 + std::countr_zero(word));
  }

  /// The subtree of blocks [first, last), rooted at their longest common prefix: shorter ones could only cover more unused keys.
  int32_t build(uint32_t first, uint32_t last) {
    const Block &low = blocks.blocks[first], &high = blocks.blocks[last - 1];
    Node node;
    node.first = first;
    if (last - first == 1) {
      node.length = low.length;
      node.bare = low.defaultable ? 0 : 1;
      best.resize(best.size() + words, 0);
      best[nodes.size() * words + low.route / 64] = uint64_t(1) << low.route % 64;
      nodes.push_back(node);
      return static_cast<int32_t>(nodes.size() - 1);
    }
    const unsigned common = blocks.bits - static_cast<unsigned>(std::bit_width(low.key ^ high.key));
    const uint32_t bit = 1u << (blocks.bits - 1 - common);
    node.length = static_cast<uint8_t>(common);
    const auto middle = std::partition_point(blocks.blocks.begin() + first, blocks.blocks.begin() + last,
                                             [&](const Block &block) { return !(block.key & bit); });
    const uint32_t cut = static_cast<uint32_t>(middle - blocks.blocks.begin());
    node.child[0] = build(first, cut);
    node.child[1] = build(cut, last);
    const Node &a = nodes[node.child[0]], &b = nodes[node.child[1]];
    node.covered = a.covered + b.covered;
    best.resize(best.size() + words, 0);
    uint64_t *mine = &best[nodes.size() * words];
    const uint64_t *left = &best[size_t(node.child[0]) * words], *right = &best[size_t(node.child[1]) * words];
    uint64_t any = 0;
    for (size_t w = 0; w < words; ++w)
      any |= mine[w] = left[w] & right[w];
    if (!any) {
      ++node.covered;
      for (size_t w = 0; w < words; ++w)
        mine[w] = left[w] | right[w];
    }
    node.bare = std::min(a.bare + b.bare, 1 + node.covered);
    nodes.push_back(node);
    return static_cast<int32_t>(nodes.size() - 1);
  }

  void emitBare(int32_t index) {
    const Node &node = nodes[index];
    if (node.bare == 0)
      return;
    if (node.child[0] == empty || node.bare == 1 + node.covered)
      return emit(index);
    emitBare(node.child[0]);
    emitBare(node.child[1]);
  }
  void emit(int32_t index) {
    const uint32_t route = anyBest(index);
    found.push_back({blocks.blocks[nodes[index].first].key, nodes[index].length, route});
    emitUnder(index, route);
  }
  void emitUnder(int32_t index, uint32_t route) {
    if (!has(index, route))
      return emit(index);
    const Node &node = nodes[index];
    if (node.child[0] == empty)
      return;
    emitUnder(node.child[0], route);
    emitUnder(node.child[1], route);
  }

  const Blocks &blocks;
  const size_t words;
  std::vector<Node> nodes;
  std::vector<uint64_t> best; ///< [node][words] routes under which the subtree is cheapest.
  std::vector<Found> found;
};

} // namespace

RoutingTable detail::prefixTable(const Blocks &blocks) { return PrefixSolver(blocks).run(); }
