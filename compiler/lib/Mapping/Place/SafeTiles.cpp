//===- SafeTiles.cpp - Tiles between which every way is open --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A message goes along x first. A dead link eastwards at (x, y) therefore meets only what tiles of row y up to x send to columns
// beyond x; one northwards only what reaches tiles of column x beyond y from rows up to y. Giving up either side opens every way
// that is left. A dead chip is like dead links into it all around. Only the largest island of tiles is looked at: one link at a
// time, giving up the few tiles of a small one never looks worth while.
//===----------------------------------------------------------------------===//
#include "SafeTiles.h"
#include "Islands.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;
using hw::Direction;

namespace {

struct Closed {
  Tile at;
  Direction direction;
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

std::vector<uint8_t> detail::safeTiles(const hw::Chip &chip, const std::vector<Tile> &tiles) {
  constexpr uint64_t mostSteps = 1'000'000'000;
  const hw::Plane plane(chip);
  const uint64_t around = 2 * (uint64_t(chip.tilesX) + chip.tilesY) * chip.faults.chips.size();
  if ((chip.faults.links.size() + around) * tiles.size() > mostSteps)
    return {};
  std::vector<Closed> closed;
  for (const hw::Faults::Link &link : chip.faults.links) {
    const Tile corner = plane.tileOf(link.chip, 0);
    closed.push_back({{corner.x + link.x, corner.y + link.y}, link.direction});
  }
  for (const uint32_t dead : chip.faults.chips)
    surround(chip, plane, dead, closed);
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
