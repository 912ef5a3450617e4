//===- SafeTiles.cpp - Tiles between which every way is open --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A message goes along x first. A dead link eastwards at (x, y) therefore meets only what tiles of row y up to x send to columns
// beyond x; one northwards only what reaches tiles of column x beyond y from rows up to y. Giving up either side opens every way
// that is left. A dead chip is like dead links into it all around. Only the largest island of tiles is looked at: one link at a
// time, giving up the few tiles of a small one never looks worth while.
//
// One link at a time is shortsighted where several meet, so on machines that are not large sets of tiles are grown, too: the
// largest set of mutually open tiles is a largest clique, of which greedy growth from every tile finds good ones.
//===----------------------------------------------------------------------===//
#include "SafeTiles.h"
#include "Islands.h"
#include <algorithm>
#include <numeric>
#include <tuple>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;
using hw::Direction;

namespace {

struct Closed {
  Tile at;
  Direction direction;
  auto operator<=>(const Closed &) const = default;
};

/// Sets of tiles between which every way is open, grown one tile after another.
class Growth {
public:
  Growth(const hw::Chip &chip, const hw::Plane &plane, const std::vector<Tile> &tiles);
  /// From a tile, the others in this order as long as they suit those taken.
  std::vector<uint32_t> from(uint32_t seed, const std::vector<uint32_t> &order) const;
  /// The tiles that suit most others first; alike ones by their distance from the seed.
  std::vector<uint32_t> mostOpenFirst(uint32_t seed) const;
  std::vector<uint32_t> nearestFirst(uint32_t seed) const;

private:
  bool open(const std::vector<uint64_t> &set, uint32_t tile) const { return set[tile / 64] >> tile % 64 & 1; }
  std::vector<uint64_t> distances(uint32_t seed) const;

  const hw::Plane &plane;
  const std::vector<Tile> &tiles;
  std::vector<std::vector<uint64_t>> suits; ///< By tile, a bit for each other tile with open ways there and back.
  std::vector<uint32_t> closedWays;         ///< By tile, how many others have a closed one.
};

/// The tiles that a message over the link may come from, and go to.
class Sides {
public:
  Sides(const hw::Plane &plane, const Closed &link) : plane(plane), link(link) {}
  bool sends(Tile tile) const {
    if (horizontal())
      return tile.y == link.at.y && within(before(tile), 1);
    return within(before(tile), 1);
  }
  bool receives(Tile tile) const {
    if (horizontal())
      return within(beyond(tile), 0) && beyond(tile) > 0;
    return tile.x == link.at.x && within(beyond(tile), 0) && beyond(tile) > 0;
  }

private:
  bool horizontal() const { return link.direction == Direction::East || link.direction == Direction::West; }
  bool up() const { return link.direction == Direction::East || link.direction == Direction::North; }
  /// Links from the tile to where the dead one begins, negative if it lies behind.
  int64_t before(Tile tile) const {
    const int64_t from = horizontal() ? tile.x : tile.y, to = horizontal() ? link.at.x : link.at.y;
    return wrapped(up() ? to - from : from - to);
  }
  int64_t beyond(Tile tile) const {
    const int64_t from = horizontal() ? link.at.x : link.at.y, to = horizontal() ? tile.x : tile.y;
    return wrapped(up() ? to - from : from - to);
  }
  int64_t wrapped(int64_t steps) const {
    const int64_t size = static_cast<int64_t>(horizontal() ? plane.width() : plane.height());
    return plane.isTorus() ? (steps % size + size) % size : steps;
  }
  /// On a torus no way is longer than half the ring.
  bool within(int64_t steps, int64_t more) const {
    const int64_t size = static_cast<int64_t>(horizontal() ? plane.width() : plane.height());
    return steps >= 0 && (!plane.isTorus() || 2 * (steps + more) <= size);
  }
  const hw::Plane &plane;
  const Closed &link;
};

/// Links into a dead chip from outside.
void surround(const hw::Chip &chip, const hw::Plane &plane, uint32_t dead, std::vector<Closed> &closed) {
  const Tile first = plane.tileOf(dead, 0), last = plane.tileOf(dead, chip.coresPerChip() - 1);
  const auto add = [&](Tile inside, Direction outwards, Direction inwards) {
    const hw::Faults::Link leaving{dead, inside.x - first.x, inside.y - first.y, outwards};
    if (plane.hasLink(leaving))
      closed.push_back({plane.after(inside, outwards), inwards});
  };
  for (uint32_t y = first.y; y <= last.y; ++y) {
    add({first.x, y}, Direction::West, Direction::East);
    add({last.x, y}, Direction::East, Direction::West);
  }
  for (uint32_t x = first.x; x <= last.x; ++x) {
    add({x, first.y}, Direction::South, Direction::North);
    add({x, last.y}, Direction::North, Direction::South);
  }
}

} // namespace

/// Gives up a side of every closed link.
static std::vector<uint8_t> withoutSides(const hw::Chip &chip, const hw::Plane &plane, const std::vector<Tile> &tiles) {
  std::vector<Closed> closed;
  for (const hw::Faults::Link &link : chip.faults.links) {
    const Tile corner = plane.tileOf(link.chip, 0);
    closed.push_back({{corner.x + link.x, corner.y + link.y}, link.direction});
  }
  for (const uint32_t dead : chip.faults.chips)
    surround(chip, plane, dead, closed);
  // What is given up for one link depends on those before it: not on the order in which someone wrote them down.
  std::sort(closed.begin(), closed.end());
  std::vector<uint8_t> kept = Islands(chip, tiles).largest();
  for (const Closed &link : closed) {
    const Sides sides(plane, link);
    size_t senders = 0, receivers = 0;
    for (size_t i = 0; i < tiles.size(); ++i)
      if (kept[i]) {
        senders += sides.sends(tiles[i]);
        receivers += sides.receives(tiles[i]);
      }
    for (size_t i = 0; i < tiles.size() && senders && receivers; ++i)
      if (senders <= receivers ? sides.sends(tiles[i]) : sides.receives(tiles[i]))
        kept[i] = 0;
  }
  return kept;
}

Growth::Growth(const hw::Chip &chip, const hw::Plane &plane, const std::vector<Tile> &tiles)
    : plane(plane), tiles(tiles), suits(tiles.size(), std::vector<uint64_t>((tiles.size() + 63) / 64, 0)),
      closedWays(tiles.size(), 0) {
  const hw::Blockages blockages(chip);
  for (uint32_t a = 0; a < tiles.size(); ++a)
    for (uint32_t b = 0; b < a; ++b)
      if (blockages.block(tiles[a], tiles[b]) || blockages.block(tiles[b], tiles[a])) {
        ++closedWays[a];
        ++closedWays[b];
      } else {
        suits[a][b / 64] |= uint64_t(1) << b % 64;
        suits[b][a / 64] |= uint64_t(1) << a % 64;
      }
}

std::vector<uint32_t> Growth::from(uint32_t seed, const std::vector<uint32_t> &order) const {
  std::vector<uint32_t> set{seed};
  std::vector<uint64_t> left = suits[seed];
  for (const uint32_t tile : order)
    if (open(left, tile)) {
      set.push_back(tile);
      for (size_t word = 0; word < left.size(); ++word)
        left[word] &= suits[tile][word];
    }
  return set;
}

std::vector<uint64_t> Growth::distances(uint32_t seed) const {
  std::vector<uint64_t> far;
  for (const Tile &tile : tiles)
    far.push_back(plane.count(tiles[seed], tile).total());
  return far;
}

std::vector<uint32_t> Growth::mostOpenFirst(uint32_t seed) const {
  const std::vector<uint64_t> far = distances(seed);
  std::vector<uint32_t> order(tiles.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return std::tie(closedWays[a], far[a], a) < std::tie(closedWays[b], far[b], b); });
  return order;
}

std::vector<uint32_t> Growth::nearestFirst(uint32_t seed) const {
  const std::vector<uint64_t> far = distances(seed);
  std::vector<uint32_t> order(tiles.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return std::tie(far[a], closedWays[a], a) < std::tie(far[b], closedWays[b], b); });
  return order;
}

std::vector<uint8_t> detail::safeTiles(const hw::Chip &chip, const std::vector<Tile> &tiles) {
  constexpr uint64_t mostSteps = 1'000'000'000;
  constexpr size_t mostGrown = 1024; // Their cube over 64 is a fraction of a second.
  const hw::Plane plane(chip);
  const uint64_t around = 2 * (uint64_t(chip.tilesX) + chip.tilesY) * chip.faults.chips.size();
  if ((chip.faults.links.size() + around) * tiles.size() > mostSteps)
    return {};
  std::vector<uint8_t> best = withoutSides(chip, plane, tiles);
  if (tiles.size() > mostGrown)
    return best;
  std::vector<uint64_t> cores;
  for (const Tile &tile : tiles)
    cores.push_back(liveCores(chip, plane, tile));
  uint64_t most = 0;
  for (size_t i = 0; i < tiles.size(); ++i)
    most += best[i] ? cores[i] : 0;
  const Growth growth(chip, plane, tiles);
  for (uint32_t seed = 0; seed < tiles.size(); ++seed)
    for (const auto &order : {growth.mostOpenFirst(seed), growth.nearestFirst(seed)}) {
      const std::vector<uint32_t> set = growth.from(seed, order);
      uint64_t sum = 0;
      for (const uint32_t tile : set)
        sum += cores[tile];
      if (sum <= most)
        continue;
      most = sum;
      std::fill(best.begin(), best.end(), 0);
      for (const uint32_t tile : set)
        best[tile] = 1;
    }
  return best;
}
