//===- Routes.h - The way of a message between tiles ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one definition of where messages go, for mapper, emulator and the image's validator (docs/spec/timing-and-energy.md, section
// 2). All chips together form one plane of tiles: chip c stands in column c / chips_y and row c % chips_y. A message runs along the
// diagonal first (where there is one), then along x, then along y; on a torus the shorter way round the whole plane, eastwards and
// northwards on ties. Nothing makes it turn elsewhere: a message whose way crosses a dead link or a dead chip is lost. On chips
// with multicast trees one message a spike takes all its ways at once and crosses no link twice; elsewhere each destination core
// gets one of its own. Triangular toruses have tables in their routers, so trees go around dead links there.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_ROUTES_H
#define RANVIER_HWMODELS_ROUTES_H

#include "ranvier/HwModels/Chip.h"
#include <array>
#include <optional>
#include <span>
#include <unordered_map>

namespace ranvier::hw {

/// A tile of the plane.
struct Tile {
  uint32_t x = 0, y = 0;
  auto operator<=>(const Tile &) const = default;
};

/// `length` links in one direction.
struct Run {
  Tile from;
  Direction direction = Direction::East;
  uint32_t length = 0; ///< At least 1.
};
/// At most three runs; none between two cores of one tile.
struct Way {
  std::array<Run, 3> runs;
  uint32_t count = 0;
  uint64_t length() const;
  const Run *begin() const { return runs.data(); }
  const Run *end() const { return runs.data() + count; }
};

/// Links by kind; diagonal ones count as east-west.
struct LinkCounts {
  uint64_t eastWest = 0, northSouth = 0, chips = 0;
  uint64_t total() const { return eastWest + northSouth + chips; }
  bool operator==(const LinkCounts &) const = default;
};

class Plane {
public:
  explicit Plane(const Chip &chip);
  Tile tileOf(uint32_t chip, uint32_t core) const;
  uint32_t chipOf(Tile tile) const { return tile.x / tilesX * chipRows + tile.y / tilesY; }
  bool isTorus() const { return torus || triangular; }
  /// Tiles of the whole machine along an axis. Meshes are as wide as the chips of the machine need.
  uint64_t width() const { return sizeX; }
  uint64_t height() const { return sizeY; }
  /// Tiles to go along x and y. Not for chips without a topology.
  std::pair<int64_t, int64_t> displacement(Tile from, Tile to) const;
  Way way(Tile from, Tile to) const;
  /// What one spike crosses on its ways to the tiles of its destination cores (one entry a core): with multicast trees no link
  /// twice, else every way in full. Ascending by start and direction with trees, else way after way. On a triangular torus where
  /// one of the ways is closed: a shortest tree of links that work (see detour), one link a run.
  std::vector<Run> spread(Tile from, std::span<const Tile> to) const;
  bool hasTrees() const { return trees; }
  /// What the links cost placement, in links inside a chip: one between chips counts topology.chip_link_cost.
  uint64_t cost(const LinkCounts &links) const { return links.eastWest + links.northSouth + links.chips * chipLinkCost; }
  /// The tile `length` links on.
  Tile after(Tile from, Direction direction, uint32_t length = 1) const;
  /// Whether a link leads from one chip to another (also around the edge of a torus of several chips).
  bool betweenChips(Tile from, Direction direction) const;
  LinkCounts count(const Run &run) const;
  LinkCounts count(Tile from, Tile to) const;
  LinkCounts count(std::span<const Run> runs) const;
  /// Whether the machine has the link. For links of a chip that exists.
  bool hasLink(const Faults::Link &link) const;
  /// A tile with a live core that some other such tile cannot reach, or that cannot reach one, over links that work, in whatever
  /// way; none if all can. Triangular toruses only.
  std::optional<Tile> cutOff(const Chip &chip) const;

private:
  bool isClosed(Tile from, Direction direction) const {
    return !closed.empty() && closed[from.x * sizeY + from.y] >> static_cast<unsigned>(direction) & 1;
  }
  /// For each tile, the link by which a search from `from` came first, breadth first, links in the order of Direction; `none`
  /// where it did not come. With `back` against the links. Ends early once all of `to` are reached.
  std::vector<uint8_t> search(Tile from, std::span<const Tile> to, bool back) const;
  std::vector<Run> detour(Tile from, std::span<const Tile> to) const;

  bool torus, triangular, trees;
  uint32_t tilesX, tilesY, coresPerTile, chipRows, chipColumns, maxChips, chipLinkCost;
  uint64_t sizeX, sizeY;
  std::vector<uint8_t> closed; ///< Dead links of a triangular torus, a bit for each Direction [x * sizeY + y]; empty without any.
};

/// What closes ways: dead links and dead chips. Every question is a few searches in short lists, whatever the length of the way.
/// Meshes and toruses only; elsewhere nothing is ever closed.
class Blockages {
public:
  explicit Blockages(const Chip &chip);
  bool none() const { return links.empty() && rowsOfChips.empty(); }
  /// The first obstacle on the way of a message, in words ("dead link: chip 0, tile (3,1), east"); empty if there is none.
  std::string on(Tile from, Tile to) const;
  bool block(Tile from, Tile to) const;

private:
  using Lines = std::unordered_map<uint64_t, std::vector<uint32_t>>;
  std::string on(const Run &run) const;

  const Plane plane;
  uint32_t tilesX, tilesY;
  Lines links;                       ///< (direction, row or column) -> places of dead links on it, sorted.
  Lines rowsOfChips, columnsOfChips; ///< Row (column) of chips -> columns (rows) of dead ones, sorted.
};

} // namespace ranvier::hw

#endif
