//===- TreeTable.cpp - The shortest table of any tree of cubes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The recurrence of PrefixTable.cpp, but each part of the key space may be halved along any bit. A part matters only through the
// keys that it holds, so parts with the same keys are one; small tables have few enough to look at all.
//
// With `covered` the least number of entries over all halvings, a route is best if it is for one halving that reaches it: any other
// route costs one more, be it by another halving or by an entry for the whole part.
//===----------------------------------------------------------------------===//
#include "Blocks.h"
#include <algorithm>
#include <bit>
#include <unordered_map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// One bit per block of the table.
struct Keys {
  uint64_t word[2] = {0, 0};
  bool operator==(const Keys &) const = default;
};
struct HashKeys {
  size_t operator()(const Keys &keys) const { return (keys.word[0] ^ std::rotl(keys.word[1], 29)) * 0x9E3779B97F4A7C15ull >> 7; }
};

struct Part {
  uint32_t covered = 0, bare = 0;
  uint64_t best = 0;   ///< Routes under which the part is cheapest.
  int8_t bareBit = -1; ///< Halving that reaches `bare`; -1: an entry for the whole part, or nothing to do.
};

class TreeSolver {
public:
  TreeSolver(const Blocks &blocks, size_t mostParts) : blocks(blocks), mostParts(mostParts), ones(blocks.bits) {
    for (size_t i = 0; i < blocks.blocks.size(); ++i) {
      const uint64_t bit = uint64_t(1) << i % 64;
      all.word[i / 64] |= bit;
      for (unsigned b = 0; b < blocks.bits; ++b)
        if (blocks.blocks[i].key >> b & 1)
          ones[b].word[i / 64] |= bit;
    }
  }

  std::optional<RoutingTable> run() {
    if (!solve(all))
      return std::nullopt;
    emitBare(all);
    // A part lies within those that were emitted before it.
    std::reverse(table.begin(), table.end());
    return std::move(table);
  }

private:
  static Keys both(const Keys &a, const Keys &b) { return {{a.word[0] & b.word[0], a.word[1] & b.word[1]}}; }
  static Keys less(const Keys &a, const Keys &b) { return {{a.word[0] & ~b.word[0], a.word[1] & ~b.word[1]}}; }
  static bool none(const Keys &keys) { return !(keys.word[0] | keys.word[1]); }
  template <typename Fn> static void each(const Keys &keys, Fn &&fn) {
    for (unsigned w = 0; w < 2; ++w)
      for (uint64_t word = keys.word[w]; word; word &= word - 1)
        fn(w * 64 + static_cast<unsigned>(std::countr_zero(word)));
  }
  /// A halving that leaves keys on both sides.
  bool halves(const Keys &keys, unsigned bit, Keys &low, Keys &high) const {
    high = both(keys, ones[bit]);
    low = less(keys, ones[bit]);
    return !none(low) && !none(high);
  }

  /// Null: too many parts.
  const Part *solve(const Keys &keys) {
    if (const auto known = parts.find(keys); known != parts.end())
      return &known->second;
    if (parts.size() >= mostParts)
      return nullptr;
    Part part;
    uint64_t routes = 0;
    bool allDefault = true;
    each(keys, [&](unsigned i) {
      routes |= uint64_t(1) << blocks.blocks[i].route;
      allDefault &= blocks.blocks[i].defaultable;
    });
    if (std::has_single_bit(routes)) {
      part.best = routes;
      part.bare = allDefault ? 0 : 1;
      return &parts.emplace(keys, part).first->second;
    }
    part.covered = part.bare = ~0u;
    for (unsigned bit = 0; bit < blocks.bits; ++bit) {
      Keys low, high;
      if (!halves(keys, bit, low, high))
        continue;
      const Part *a = solve(low);
      const Part *b = a ? solve(high) : nullptr;
      if (!b)
        return nullptr;
      const uint64_t shared = a->best & b->best;
      const uint32_t cost = a->covered + b->covered + (shared ? 0 : 1);
      if (cost < part.covered) {
        part.covered = cost;
        part.best = 0;
      }
      if (cost == part.covered)
        part.best |= shared ? shared : a->best | b->best;
      if (a->bare + b->bare < part.bare) {
        part.bare = a->bare + b->bare;
        part.bareBit = static_cast<int8_t>(bit);
      }
    }
    if (allDefault) {
      part.bare = 0;
    } else if (part.covered + 1 <= part.bare) {
      part.bare = part.covered + 1;
      part.bareBit = -1;
    }
    return &parts.emplace(keys, part).first->second;
  }

  void emitBare(const Keys &keys) {
    const Part part = parts.at(keys);
    if (part.bare == 0)
      return;
    Keys low, high;
    if (part.bareBit < 0 || !halves(keys, static_cast<unsigned>(part.bareBit), low, high))
      return emit(keys);
    emitBare(low);
    emitBare(high);
  }
  void emit(const Keys &keys) {
    const uint32_t route = static_cast<uint32_t>(std::countr_zero(parts.at(keys).best));
    uint32_t agreeOnes = ~0u, agreeZeros = ~0u;
    each(keys, [&](unsigned i) {
      agreeOnes &= blocks.blocks[i].key;
      agreeZeros &= ~blocks.blocks[i].key;
    });
    const uint32_t mask = (agreeOnes | agreeZeros) & ((1u << blocks.bits) - 1);
    table.push_back(blocks.entry(agreeOnes & mask, mask, route));
    emitUnder(keys, route);
  }
  void emitUnder(const Keys &keys, uint32_t route) {
    const Part part = parts.at(keys);
    if (!(part.best >> route & 1))
      return emit(keys);
    if (part.covered == 0)
      return;
    for (unsigned bit = 0; bit < blocks.bits; ++bit) {
      Keys low, high;
      if (!halves(keys, bit, low, high))
        continue;
      const Part &a = parts.at(low), &b = parts.at(high);
      const uint64_t shared = a.best & b.best, best = shared ? shared : a.best | b.best;
      if (a.covered + b.covered + (shared ? 0 : 1) != part.covered || !(best >> route & 1))
        continue;
      emitUnder(low, route);
      return emitUnder(high, route);
    }
  }

  const Blocks &blocks;
  const size_t mostParts;
  Keys all;
  std::vector<Keys> ones; ///< [bit] blocks whose key has it.
  std::unordered_map<Keys, Part, HashKeys> parts;
  RoutingTable table;
};

} // namespace

std::optional<RoutingTable> detail::treeTable(const Blocks &blocks, size_t mostParts) {
  if (blocks.blocks.empty() || blocks.blocks.size() > 128 || blocks.routes.size() > 64 || blocks.bits > 31)
    return std::nullopt;
  return TreeSolver(blocks, mostParts).run();
}
