//===- Anneal.cpp - Search over ordered ternary tables --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table is a pile of cubes; a key takes the route of the highest cube that holds it. Keys whose route is wrong get an entry of
// their own on top, so the length of the table is the number of cubes plus the number of wrong keys, and every pile is a legal
// table. The search throws cubes on the pile, removes them and lets them grow or shrink by a bit, accepting changes for the worse
// ever more rarely. It needs no order of merging and uses what trees of prefixes cannot: cubes that overlap partly.
//===----------------------------------------------------------------------===//
#include "Blocks.h"
#include "CubeSearch.h"
#include <algorithm>
#include <bit>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

constexpr uint32_t none = ~0u;

class Annealer : private SearchDice {
public:
  Annealer(const Blocks &blocks, uint64_t seed);
  void run(uint64_t steps, uint32_t floor);
  RoutingTable table() const;

private:
  bool above(uint32_t a, uint32_t b) const { return cubes[a].above(cubes[b]); }
  bool right(uint32_t key, uint32_t cube) const { return cube == none ? harmless[key] : cubes[cube].route == route[key]; }
  uint32_t owner(uint32_t key) const { return pile[key].empty() ? none : pile[key].back(); }
  uint32_t heir(uint32_t key) const { return pile[key].size() < 2 ? none : pile[key][pile[key].size() - 2]; }
  template <typename Fn> void eachKey(uint32_t value, uint32_t wild, Fn &&fn) const {
    uint32_t part = 0;
    do {
      if (const uint32_t key = value | part; route[key] != none)
        fn(key);
      part = (part - wild) & wild;
    } while (part);
  }
  void refresh(uint32_t key);
  void cover(uint32_t key, uint32_t cube);
  void uncover(uint32_t key, uint32_t cube);
  /// Change of the number of wrong keys if `keys` of [value, wild] came under a cube of that height and route, or left `cube`.
  int gain(uint32_t value, uint32_t wild, uint64_t height, uint32_t newRoute) const;
  int loss(uint32_t value, uint32_t wild, uint32_t cube) const;
  void tryAdd();
  void tryRemove();
  void tryReshape();
  uint32_t cost() const { return static_cast<uint32_t>(used.size() + wrong.size()); }

  const Blocks &blocks;
  std::vector<uint32_t> route;                 ///< [key] none: no such key.
  std::vector<uint8_t> harmless;               ///< [key] right without any entry.
  std::vector<std::vector<uint32_t>> partners; ///< [key] near keys of the same route.
  std::vector<std::vector<uint32_t>> pile;     ///< [key] cubes that hold it, lowest first.
  std::vector<uint32_t> wrong, wrongAt;        ///< Wrong keys; [key] where in that list, or none.
  std::vector<Cube> cubes;
  std::vector<uint32_t> used, usedAt, spare; ///< Cubes in the pile; [cube] where in that list.
  uint64_t top = 1, serial = 0;
};

} // namespace

Annealer::Annealer(const Blocks &blocks, uint64_t seed)
    : SearchDice(seed), blocks(blocks), route(size_t(1) << blocks.bits, none), harmless(route.size(), 0), partners(route.size()),
      pile(route.size()), wrongAt(route.size(), none) {
  constexpr size_t mostPartners = 24, surePartners = 4;
  constexpr int nearBits = 4;
  std::vector<std::vector<uint32_t>> byRoute(blocks.routes.size());
  for (const Block &block : blocks.blocks) {
    route[block.key] = block.route;
    harmless[block.key] = block.defaultable;
    byRoute[block.route].push_back(block.key);
    refresh(block.key);
  }
  std::vector<std::pair<int, uint32_t>> order;
  for (const Block &block : blocks.blocks) {
    order.clear();
    for (const uint32_t other : byRoute[block.route])
      if (other != block.key)
        order.push_back({std::popcount(other ^ block.key), other});
    const size_t keep = std::min(order.size(), mostPartners);
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end());
    for (size_t i = 0; i < keep && (i < surePartners || order[i].first <= nearBits); ++i)
      partners[block.key].push_back(order[i].second);
  }
}

void Annealer::refresh(uint32_t key) {
  const bool isWrong = !right(key, owner(key));
  if (isWrong && wrongAt[key] == none) {
    wrongAt[key] = static_cast<uint32_t>(wrong.size());
    wrong.push_back(key);
  } else if (!isWrong && wrongAt[key] != none) {
    wrong[wrongAt[key]] = wrong.back();
    wrongAt[wrong.back()] = wrongAt[key];
    wrong.pop_back();
    wrongAt[key] = none;
  }
}

void Annealer::cover(uint32_t key, uint32_t cube) {
  auto at = pile[key].end();
  while (at != pile[key].begin() && above(*(at - 1), cube))
    --at;
  pile[key].insert(at, cube);
  refresh(key);
}

void Annealer::uncover(uint32_t key, uint32_t cube) {
  pile[key].erase(std::find(pile[key].begin(), pile[key].end(), cube));
  refresh(key);
}

int Annealer::gain(uint32_t value, uint32_t wild, uint64_t height, uint32_t newRoute) const {
  int change = 0;
  eachKey(value, wild, [&](uint32_t key) {
    if (const uint32_t now = owner(key); now == none || cubes[now].height <= height)
      change += (wrongAt[key] == none) - (route[key] == newRoute);
  });
  return change;
}

int Annealer::loss(uint32_t value, uint32_t wild, uint32_t cube) const {
  int change = 0;
  eachKey(value, wild, [&](uint32_t key) {
    if (owner(key) == cube)
      change += (wrongAt[key] == none) - right(key, heir(key));
  });
  return change;
}

/// A cube that mends a wrong key and a partner of it, just above what they lie under, or on top of all.
void Annealer::tryAdd() {
  constexpr int mostWild = 6;
  if (wrong.empty())
    return;
  const uint32_t key = wrong[below(static_cast<uint32_t>(wrong.size()))];
  const auto &near = partners[key];
  if (near.empty())
    return;
  const uint32_t partner = near[below(below(static_cast<uint32_t>(near.size())) + 1)]; // Near ones more often.
  uint32_t wild = key ^ partner;
  if (below(8) == 0)
    wild |= key ^ near[below(static_cast<uint32_t>(near.size()))];
  if (std::popcount(wild) > mostWild)
    return;
  uint64_t base = 0;
  for (const uint32_t one : {key, partner})
    if (const uint32_t now = owner(one); now != none && !right(one, now))
      base = std::max(base, cubes[now].height);
  // Heights of the pile's floors lie 2^32 apart; between them there is room for cubes that go in later.
  const uint64_t height = below(4) == 0 ? (top + 1) << 32 : base + 1 + below(256);
  const uint32_t value = key & ~wild;
  if (!accept(1 + gain(value, wild, height, route[key])))
    return;
  top = std::max(top, height >> 32);
  uint32_t cube;
  if (spare.empty()) {
    cube = static_cast<uint32_t>(cubes.size());
    cubes.emplace_back();
    usedAt.push_back(none);
  } else {
    cube = spare.back();
    spare.pop_back();
  }
  cubes[cube] = {value, wild, route[key], height, ++serial};
  usedAt[cube] = static_cast<uint32_t>(used.size());
  used.push_back(cube);
  eachKey(value, wild, [&](uint32_t one) { cover(one, cube); });
}

void Annealer::tryRemove() {
  if (used.empty())
    return;
  const uint32_t cube = used[below(static_cast<uint32_t>(used.size()))];
  const uint32_t value = cubes[cube].value, wild = cubes[cube].wild;
  if (!accept(loss(value, wild, cube) - 1))
    return;
  eachKey(value, wild, [&](uint32_t key) { uncover(key, cube); });
  used[usedAt[cube]] = used.back();
  usedAt[used.back()] = usedAt[cube];
  used.pop_back();
  spare.push_back(cube);
}

/// One bit of a cube becomes wild, or is fixed again.
void Annealer::tryReshape() {
  constexpr int mostWild = 8;
  if (used.empty() || blocks.bits == 0)
    return;
  const uint32_t index = used[below(static_cast<uint32_t>(used.size()))];
  Cube &cube = cubes[index];
  const uint32_t bit = 1u << below(blocks.bits);
  if (cube.wild & bit) {
    const uint32_t dropped = cube.value ^ (below(2) ? bit : 0), wild = cube.wild & ~bit;
    if (!accept(loss(dropped, wild, index)))
      return;
    eachKey(dropped, wild, [&](uint32_t key) { uncover(key, index); });
    cube.wild = wild;
    cube.value = dropped ^ bit;
  } else {
    const uint32_t added = cube.value ^ bit;
    if (std::popcount(cube.wild) >= mostWild || !accept(gain(added, cube.wild, cube.height, cube.route)))
      return;
    eachKey(added, cube.wild, [&](uint32_t key) { cover(key, index); });
    cube.wild |= bit;
    cube.value &= ~bit;
  }
}

void Annealer::run(uint64_t steps, uint32_t floor) {
  // The chance of accepting one entry more falls from exp(-2) to exp(-10) in 64 stages, by exp(-1/8) each.
  constexpr unsigned stages = 64;
  constexpr double first = 0.1353352832366127, ratio = 0.8824969025845955;
  unit = first;
  for (unsigned stage = 0; stage < stages; ++stage, unit *= ratio)
    for (uint64_t step = steps * stage / stages; step < steps * (stage + 1) / stages; ++step) {
      if (cost() <= floor)
        return;
      const uint32_t kind = below(10);
      kind < 5 ? tryAdd() : kind < 8 ? tryRemove() : tryReshape();
    }
}

RoutingTable Annealer::table() const {
  const uint32_t all = blocks.bits >= 32 ? ~0u : (1u << blocks.bits) - 1;
  RoutingTable result;
  std::vector<uint32_t> singles = wrong;
  std::sort(singles.begin(), singles.end());
  for (const uint32_t key : singles)
    result.push_back(blocks.entry(key, all, route[key]));
  std::vector<uint32_t> order = used;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return above(a, b); });
  for (const uint32_t cube : order)
    result.push_back(blocks.entry(cubes[cube].value, all & ~cubes[cube].wild, cubes[cube].route));
  return result;
}

RoutingTable detail::annealedTable(const Blocks &blocks, uint32_t floor, uint64_t steps, uint64_t seed) {
  Annealer annealer(blocks, seed);
  annealer.run(steps, floor);
  return annealer.table();
}
