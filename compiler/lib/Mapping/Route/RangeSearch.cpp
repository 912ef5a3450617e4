//===- RangeSearch.cpp - Search over ordered tables of many keys ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As Anneal.cpp, for tables of too many keys to look at one by one. Keys are taken together in ranges: prefixes whose keys all take
// one route, as large as they come. A cube never cuts a range, so that a range has one owner, the highest cube around it, and a
// range whose owner has another route costs an entry of its own on top. Unlike there, the search starts from the shortest table of
// prefixes and mainly joins two cubes of one route into one, which may lie across others as long as heights say who wins.
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

/// All keys of the table with (key & mask) == key take `route`, and there is at least one.
struct Range {
  uint32_t key = 0, mask = 0, route = 0;
  bool harmless = false; ///< Right without any entry.
};

constexpr size_t mostRanges = 4096; // A step looks at each.

/// Ranges of the blocks [first, last), which share their first `length` bits; stops beyond mostRanges.
void addRanges(const Blocks &blocks, size_t first, size_t last, unsigned length, std::vector<Range> &out) {
  if (first == last || out.size() > mostRanges)
    return;
  const Block &low = blocks.blocks[first], &high = blocks.blocks[last - 1];
  const auto same = [&](const Block &block) { return block.route == low.route && block.defaultable == low.defaultable; };
  if (std::all_of(blocks.blocks.begin() + static_cast<ptrdiff_t>(first), blocks.blocks.begin() + static_cast<ptrdiff_t>(last),
                  same)) {
    const uint64_t inLast = (uint64_t(1) << (blocks.bits - high.length)) - 1;
    const unsigned free = static_cast<unsigned>(std::bit_width(low.key ^ (high.key | static_cast<uint32_t>(inLast))));
    const uint32_t mask = static_cast<uint32_t>(((uint64_t(1) << blocks.bits) - 1) >> free << free);
    out.push_back({low.key & mask, mask, low.route, low.defaultable});
    return;
  }
  const uint32_t bit = 1u << (blocks.bits - 1 - length);
  const auto middle = std::partition_point(blocks.blocks.begin() + static_cast<ptrdiff_t>(first),
                                           blocks.blocks.begin() + static_cast<ptrdiff_t>(last),
                                           [&](const Block &block) { return !(block.key & bit); });
  const size_t cut = static_cast<size_t>(middle - blocks.blocks.begin());
  addRanges(blocks, first, cut, length + 1, out);
  addRanges(blocks, cut, last, length + 1, out);
}

class RangeSearch : private SearchDice {
public:
  RangeSearch(const Blocks &blocks, std::vector<Range> given, uint64_t seed);
  void start(const RoutingTable &prefixes);
  void run(uint64_t steps, uint32_t floor);
  RoutingTable table() const;

private:
  using Members = std::vector<uint32_t>;
  uint32_t any(const Members &list) { return list[below(static_cast<uint32_t>(list.size()))]; }
  bool above(uint32_t a, uint32_t b) const { return cubes[a].above(cubes[b]); }
  uint32_t owner(uint32_t range) const { return pile[range].empty() ? none : pile[range].back(); }
  bool right(uint32_t range) const {
    const uint32_t cube = owner(range);
    return cube == none ? ranges[range].harmless : cubes[cube].route == ranges[range].route;
  }
  int cost() const { return static_cast<int>(used.size() + wrong.size()); }

  /// The ranges within a cube. False: it cuts one.
  bool within(uint32_t value, uint32_t wild, Members &out) const;
  void refresh(uint32_t range);
  /// Puts a cube on the pile; `again`: it was there before, and keeps its place among cubes of its height.
  uint32_t insert(const Cube &cube, const Members &held, bool again = false);
  void remove(uint32_t cube);
  /// Another cube in place of one or two, kept if the search accepts it.
  void tryInstead(uint32_t first, uint32_t second, Cube cube);
  void tryAdd();
  void tryRemove();
  void tryJoin();
  void tryReshape();
  void tryLift();

  const Blocks &blocks;
  const std::vector<Range> ranges;
  const uint32_t all;            ///< Every bit of a reduced key.
  std::vector<Members> partners; ///< [range] near ranges of the same route.
  std::vector<Members> pile;     ///< [range] cubes that hold it, lowest first.
  Members wrong, wrongAt;        ///< Wrong ranges; [range] where in that list, or none.
  std::vector<Cube> cubes;
  std::vector<Members> held;   ///< [cube] ranges within it.
  Members used, usedAt, spare; ///< Cubes in the pile; [cube] where in that list.
  Members found;               ///< Of the cube that is being tried.
  uint64_t top = 0, serial = 0;
};

} // namespace

RangeSearch::RangeSearch(const Blocks &blocks, std::vector<Range> given, uint64_t seed)
    : SearchDice(seed), blocks(blocks), ranges(std::move(given)), all(static_cast<uint32_t>((uint64_t(1) << blocks.bits) - 1)),
      partners(ranges.size()), pile(ranges.size()), wrongAt(ranges.size(), none) {
  constexpr size_t mostPartners = 24;
  std::vector<Members> byRoute(blocks.routes.size());
  for (uint32_t range = 0; range < ranges.size(); ++range) {
    byRoute[ranges[range].route].push_back(range);
    refresh(range);
  }
  std::vector<std::pair<int, uint32_t>> order;
  for (uint32_t range = 0; range < ranges.size(); ++range) {
    const Range &one = ranges[range];
    order.clear();
    for (const uint32_t other : byRoute[one.route])
      if (other != range) {
        const Range &two = ranges[other];
        // A bit that differs makes a cube lie across others; a bit that only one has fixed merely makes it larger.
        order.push_back({2 * std::popcount((one.key ^ two.key) & one.mask & two.mask) + std::popcount(one.mask ^ two.mask), other});
      }
    const size_t keep = std::min(order.size(), mostPartners);
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end());
    for (size_t i = 0; i < keep; ++i)
      partners[range].push_back(order[i].second);
  }
}

bool RangeSearch::within(uint32_t value, uint32_t wild, Members &out) const {
  out.clear();
  const uint32_t fixed = all & ~wild;
  for (uint32_t range = 0; range < ranges.size(); ++range)
    if (((ranges[range].key ^ value) & fixed & ranges[range].mask) == 0) {
      if (fixed & ~ranges[range].mask)
        return false;
      out.push_back(range);
    }
  return true;
}

void RangeSearch::refresh(uint32_t range) {
  const bool isWrong = !right(range);
  if (isWrong && wrongAt[range] == none) {
    wrongAt[range] = static_cast<uint32_t>(wrong.size());
    wrong.push_back(range);
  } else if (!isWrong && wrongAt[range] != none) {
    wrong[wrongAt[range]] = wrong.back();
    wrongAt[wrong.back()] = wrongAt[range];
    wrong.pop_back();
    wrongAt[range] = none;
  }
}

uint32_t RangeSearch::insert(const Cube &cube, const Members &members, bool again) {
  uint32_t index;
  if (spare.empty()) {
    index = static_cast<uint32_t>(cubes.size());
    cubes.emplace_back();
    held.emplace_back();
    usedAt.push_back(none);
  } else {
    index = spare.back();
    spare.pop_back();
  }
  cubes[index] = cube;
  if (!again)
    cubes[index].serial = ++serial;
  held[index] = members;
  usedAt[index] = static_cast<uint32_t>(used.size());
  used.push_back(index);
  top = std::max(top, cube.height >> 32);
  for (const uint32_t range : held[index]) {
    auto at = pile[range].end();
    while (at != pile[range].begin() && above(*(at - 1), index))
      --at;
    pile[range].insert(at, index);
    refresh(range);
  }
  return index;
}

void RangeSearch::remove(uint32_t cube) {
  for (const uint32_t range : held[cube]) {
    pile[range].erase(std::find(pile[range].begin(), pile[range].end(), cube));
    refresh(range);
  }
  used[usedAt[cube]] = used.back();
  usedAt[used.back()] = usedAt[cube];
  used.pop_back();
  spare.push_back(cube);
}

void RangeSearch::tryInstead(uint32_t first, uint32_t second, Cube cube) {
  if (!within(cube.value, cube.wild, found))
    return;
  const int before = cost();
  std::vector<std::pair<Cube, Members>> old;
  for (const uint32_t index : {first, second})
    if (index != none) {
      old.push_back({cubes[index], held[index]});
      remove(index);
    }
  const uint32_t made = insert(cube, found, /*again=*/cube.serial != 0);
  if (accept(cost() - before))
    return;
  remove(made);
  for (const auto &[earlier, members] : old)
    insert(earlier, members, /*again=*/true);
}

/// A cube around a wrong range and a partner of it, just above what they lie under, or on top of all.
void RangeSearch::tryAdd() {
  if (wrong.empty())
    return;
  const uint32_t range = any(wrong);
  const Members &near = partners[range];
  if (near.empty())
    return;
  const uint32_t partner = near[below(below(static_cast<uint32_t>(near.size())) + 1)]; // Near ones more often.
  const auto apart = [&](uint32_t other) { return (ranges[range].key ^ ranges[other].key) | ~ranges[other].mask; };
  uint32_t wild = ~ranges[range].mask | apart(partner);
  if (below(8) == 0)
    wild |= apart(any(near));
  uint64_t base = 0;
  for (const uint32_t one : {range, partner})
    if (const uint32_t now = owner(one); now != none && !right(one))
      base = std::max(base, cubes[now].height);
  // Heights of the pile's floors lie 2^32 apart; between them there is room for cubes that go in later.
  const uint64_t height = below(4) == 0 ? (top + 1) << 32 : base + 1 + below(256);
  tryInstead(none, none, {ranges[range].key & ~wild, wild & all, ranges[range].route, height});
}

void RangeSearch::tryRemove() {
  if (used.empty())
    return;
  const uint32_t index = any(used);
  const Cube cube = cubes[index];
  const Members members = held[index];
  const int before = cost();
  remove(index);
  if (!accept(cost() - before))
    insert(cube, members, /*again=*/true);
}

/// One cube around a cube and a partner of one of its ranges, or the cube that the partner lies in.
void RangeSearch::tryJoin() {
  if (used.empty())
    return;
  const uint32_t index = any(used);
  if (held[index].empty())
    return;
  const uint32_t range = any(held[index]);
  if (ranges[range].route != cubes[index].route || partners[range].empty())
    return;
  const uint32_t partner = any(partners[range]), other = owner(partner);
  if (other == index)
    return;
  const bool joins = other != none && right(partner);
  Cube cube = cubes[index];
  const uint32_t value = joins ? cubes[other].value : ranges[partner].key;
  cube.wild = (cube.wild | (cube.value ^ value) | (joins ? cubes[other].wild : ~ranges[partner].mask)) & all;
  cube.value &= ~cube.wild;
  cube.serial = 0;
  if (joins) {
    const uint64_t a = cube.height, b = cubes[other].height;
    const uint32_t which = below(4);
    cube.height = which == 0 ? std::max(a, b) : which == 1 ? std::min(a, b) : which == 2 ? a : b;
  }
  tryInstead(index, joins ? other : none, cube);
}

/// One bit of a cube becomes wild, or is fixed again.
void RangeSearch::tryReshape() {
  if (used.empty())
    return;
  const uint32_t index = any(used);
  Cube cube = cubes[index];
  const uint32_t bit = 1u << below(blocks.bits);
  if (!(cube.wild & bit))
    cube.value &= ~bit;
  else if (below(2))
    cube.value |= bit;
  cube.wild ^= bit;
  tryInstead(index, none, cube);
}

/// A cube moves above or below one that shares a range with it.
void RangeSearch::tryLift() {
  if (used.empty())
    return;
  const uint32_t index = any(used);
  if (held[index].empty())
    return;
  const uint32_t other = any(pile[any(held[index])]);
  if (other == index)
    return;
  Cube cube = cubes[index];
  cube.height = below(2) ? cubes[other].height + 1 : cubes[other].height - 1;
  tryInstead(index, none, cube);
}

void RangeSearch::start(const RoutingTable &prefixes) {
  for (const RoutingEntry &entry : prefixes) {
    uint32_t key = 0, mask = 0;
    for (const uint8_t bit : blocks.position) {
      key = key << 1 | (entry.key >> bit & 1);
      mask = mask << 1 | (entry.mask >> bit & 1);
    }
    const auto route = std::lower_bound(blocks.routes.begin(), blocks.routes.end(), entry.route) - blocks.routes.begin();
    Members members;
    if (within(key, all & ~mask, members))
      insert({key, all & ~mask, static_cast<uint32_t>(route), (uint64_t(std::popcount(mask)) + 1) << 32}, members);
  }
}

void RangeSearch::run(uint64_t steps, uint32_t floor) {
  // The chance of accepting one entry more falls from exp(-3) to exp(-9) in 64 stages, by exp(-3/32) each.
  constexpr unsigned stages = 64;
  constexpr double first = 0.049787068367863944, ratio = 0.910510361380034;
  unit = first;
  for (unsigned stage = 0; stage < stages; ++stage, unit *= ratio)
    for (uint64_t step = steps * stage / stages; step < steps * (stage + 1) / stages; ++step) {
      if (cost() <= static_cast<int>(floor))
        return;
      const uint32_t kind = below(16);
      kind < 4 ? tryAdd() : kind < 7 ? tryRemove() : kind < 11 ? tryJoin() : kind < 14 ? tryReshape() : tryLift();
    }
}

RoutingTable RangeSearch::table() const {
  RoutingTable result;
  Members singles = wrong;
  std::sort(singles.begin(), singles.end());
  for (const uint32_t range : singles)
    result.push_back(blocks.entry(ranges[range].key, ranges[range].mask, ranges[range].route));
  Members order = used;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return above(a, b); });
  for (const uint32_t cube : order)
    result.push_back(blocks.entry(cubes[cube].value, all & ~cubes[cube].wild, cubes[cube].route));
  return result;
}

std::optional<RoutingTable> detail::searchedTable(const Blocks &blocks, const RoutingTable &prefixes, uint32_t floor,
                                                  uint64_t steps, uint64_t seed) {
  std::vector<Range> ranges;
  if (blocks.bits == 0 || steps == 0)
    return {};
  addRanges(blocks, 0, blocks.blocks.size(), 0, ranges);
  if (ranges.size() > mostRanges)
    return {};
  RangeSearch search(blocks, std::move(ranges), seed);
  search.start(prefixes);
  search.run(steps, floor);
  return search.table();
}
