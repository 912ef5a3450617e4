//===- Routes.cpp - The way of a message between tiles --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Routes.h"
#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace ranvier::hw {

uint64_t Way::length() const {
  uint64_t sum = 0;
  for (const Run &run : *this)
    sum += run.length;
  return sum;
}

//===--- Plane ------------------------------------------------------------===//

Plane::Plane(const Chip &chip)
    : torus(chip.topology == Topology::Torus), triangular(chip.topology == Topology::TriangularTorus), trees(chip.multicastTrees),
      tilesX(std::max(1u, chip.tilesX)), tilesY(std::max(1u, chip.tilesY)), coresPerTile(std::max(1u, chip.coresPerTile)),
      chipRows(std::max(1u, chip.chipsY)), maxChips(std::max(1u, chip.maxChips)), chipLinkCost(chip.chipLinkCost) {
  // A torus closes around the machine as it is described, whatever part of it a network uses.
  chipColumns = std::max({1u, chip.chipsX, static_cast<uint32_t>((uint64_t(maxChips) + chipRows - 1) / chipRows)});
  sizeX = uint64_t(tilesX) * chipColumns;
  sizeY = uint64_t(tilesY) * chipRows;
  if (!triangular || chip.faults.links.empty())
    return;
  closed.assign(sizeX * sizeY, 0);
  for (const Faults::Link &link : chip.faults.links) {
    const uint64_t x = link.chip / chipRows * tilesX + link.x, y = link.chip % chipRows * tilesY + link.y;
    closed[x * sizeY + y] |= static_cast<uint8_t>(1u << static_cast<unsigned>(link.direction));
  }
}

Tile Plane::tileOf(uint32_t chip, uint32_t core) const {
  const uint32_t tile = core / coresPerTile;
  return {chip / chipRows * tilesX + tile / tilesY, chip % chipRows * tilesY + tile % tilesY};
}

/// From a to b along a ring of `size` places: the shorter way, upwards on ties.
static int64_t aroundRing(int64_t a, int64_t b, int64_t size) {
  const int64_t up = (b - a + size) % size;
  return 2 * up <= size ? up : up - size;
}

std::pair<int64_t, int64_t> Plane::displacement(Tile from, Tile to) const {
  const int64_t dx = int64_t(to.x) - from.x, dy = int64_t(to.y) - from.y;
  const int64_t sx = static_cast<int64_t>(sizeX), sy = static_cast<int64_t>(sizeY);
  if (torus)
    return {aroundRing(from.x, to.x, sx), aroundRing(from.y, to.y, sy)};
  if (!triangular)
    return {dx, dy};
  // The third direction moves along both axes at once; the shortest path takes it as far as both need it with the same sign.
  std::pair<int64_t, int64_t> best;
  int64_t least = INT64_MAX;
  for (int64_t wx : {-sx, int64_t(0), sx})
    for (int64_t wy : {-sy, int64_t(0), sy}) {
      const int64_t x = dx + wx, y = dy + wy, ax = std::abs(x), ay = std::abs(y);
      const int64_t length = (x < 0) == (y < 0) ? std::max(ax, ay) : ax + ay;
      if (length < least) {
        least = length;
        best = {x, y};
      }
    }
  return best;
}

Way Plane::way(Tile from, Tile to) const {
  Way way;
  auto [dx, dy] = displacement(from, to);
  const auto go = [&](Direction direction, int64_t length) {
    way.runs[way.count++] = {from, direction, static_cast<uint32_t>(length)};
    from = after(from, direction, static_cast<uint32_t>(length));
  };
  if (triangular && dx && dy && (dx < 0) == (dy < 0)) {
    const int64_t both = std::min(std::abs(dx), std::abs(dy)), sign = dx < 0 ? -1 : 1;
    go(sign > 0 ? Direction::NorthEast : Direction::SouthWest, both);
    dx -= sign * both;
    dy -= sign * both;
  }
  if (dx)
    go(dx > 0 ? Direction::East : Direction::West, std::abs(dx));
  if (dy)
    go(dy > 0 ? Direction::North : Direction::South, std::abs(dy));
  return way;
}

std::vector<Run> Plane::spread(Tile from, std::span<const Tile> to) const {
  std::vector<Run> runs;
  for (const Tile tile : to) {
    const Way part = way(from, tile);
    runs.insert(runs.end(), part.begin(), part.end());
  }
  if (!trees)
    return runs;
  // Ways of one source that meet have begun their runs at the same tile: of runs with one start and direction the longest holds all
  // others, and runs with different ones share no link.
  std::sort(runs.begin(), runs.end(), [](const Run &a, const Run &b) {
    return std::tie(a.from, a.direction, b.length) < std::tie(b.from, b.direction, a.length);
  });
  runs.erase(std::unique(runs.begin(), runs.end(),
                         [](const Run &a, const Run &b) { return a.from == b.from && a.direction == b.direction; }),
             runs.end());
  const auto crosses = [&](const Run &run) {
    for (uint32_t i = 0; i < run.length; ++i)
      if (isClosed(after(run.from, run.direction, i), run.direction))
        return true;
    return false;
  };
  return closed.empty() || std::none_of(runs.begin(), runs.end(), crosses) ? runs : detour(from, to);
}

static constexpr uint8_t notReached = 6, begun = 7;

std::vector<uint8_t> Plane::search(Tile from, std::span<const Tile> to, bool back) const {
  std::vector<uint8_t> came(sizeX * sizeY, notReached);
  const auto at = [&](Tile tile) -> uint8_t & { return came[tile.x * sizeY + tile.y]; };
  std::vector<Tile> reached = {from};
  at(from) = begun;
  size_t wanted = 0; // Of `to`, those before are reached.
  for (size_t next = 0; next < reached.size(); ++next) {
    while (wanted < to.size() && at(to[wanted]) != notReached)
      ++wanted;
    if (!to.empty() && wanted == to.size())
      break;
    for (unsigned way = 0; way < 6; ++way) {
      const Direction direction = static_cast<Direction>(way), opposite = static_cast<Direction>((way + 3) % 6);
      const Tile tile = after(reached[next], direction);
      if (at(tile) != notReached || (back ? isClosed(tile, opposite) : isClosed(reached[next], direction)))
        continue;
      at(tile) = static_cast<uint8_t>(way);
      reached.push_back(tile);
    }
  }
  return came;
}

std::vector<Run> Plane::detour(Tile from, std::span<const Tile> to) const {
  const std::vector<uint8_t> came = search(from, to, false);
  std::vector<Run> runs;
  std::vector<uint8_t> joined(came.size(), 0);
  joined[from.x * sizeY + from.y] = 1;
  for (Tile tile : to)
    while (!joined[tile.x * sizeY + tile.y]) {
      const uint8_t way = came[tile.x * sizeY + tile.y];
      if (way == notReached)
        break; // Refused with the description (cutOff).
      joined[tile.x * sizeY + tile.y] = 1;
      tile = after(tile, static_cast<Direction>((way + 3) % 6));
      runs.push_back({tile, static_cast<Direction>(way), 1});
    }
  std::sort(runs.begin(), runs.end(),
            [](const Run &a, const Run &b) { return std::tie(a.from, a.direction) < std::tie(b.from, b.direction); });
  return runs;
}

std::optional<Tile> Plane::cutOff(const Chip &chip) const {
  std::vector<uint32_t> dead(sizeX * sizeY, 0); // Cores.
  const auto at = [&](Tile tile) { return tile.x * sizeY + tile.y; };
  for (const Faults::Core &core : chip.faults.cores)
    ++dead[at(tileOf(core.chip, core.core))];
  std::vector<Tile> live;
  for (uint32_t x = 0; x < sizeX; ++x)
    for (uint32_t y = 0; y < sizeY; ++y)
      if (dead[at({x, y})] < coresPerTile)
        live.push_back({x, y});
  if (live.empty())
    return std::nullopt;
  const std::vector<uint8_t> forth = search(live.front(), live, false), back = search(live.front(), live, true);
  const auto lost = std::find_if(live.begin(), live.end(),
                                 [&](Tile tile) { return forth[at(tile)] == notReached || back[at(tile)] == notReached; });
  return lost == live.end() ? std::nullopt : std::optional(*lost);
}

/// Steps of a direction along x and y.
static std::pair<int, int> stepOf(Direction direction) {
  constexpr int x[] = {1, 1, 0, -1, -1, 0}, y[] = {0, 1, 1, 0, -1, -1};
  return {x[static_cast<unsigned>(direction)], y[static_cast<unsigned>(direction)]};
}

Tile Plane::after(Tile from, Direction direction, uint32_t length) const {
  const auto [dx, dy] = stepOf(direction);
  int64_t x = int64_t(from.x) + int64_t(dx) * length, y = int64_t(from.y) + int64_t(dy) * length;
  if (isTorus()) { // No way is longer than the ring.
    const int64_t sx = static_cast<int64_t>(sizeX), sy = static_cast<int64_t>(sizeY);
    x = (x % sx + sx) % sx;
    y = (y % sy + sy) % sy;
  }
  return {static_cast<uint32_t>(x), static_cast<uint32_t>(y)};
}

/// Borders between neighbouring groups of `size` places that `length` steps from `at` cross, on an axis of `groups` groups.
static uint64_t borders(uint32_t at, int step, uint32_t length, uint32_t size, uint32_t groups) {
  if (step == 0 || groups == 1)
    return 0;
  const int64_t to = int64_t(at) + int64_t(step) * length;
  const int64_t last = to >= 0 ? to / size : -((-to + size - 1) / size);
  return static_cast<uint64_t>(std::abs(last - int64_t(at / size)));
}

bool Plane::betweenChips(Tile from, Direction direction) const { return count(Run{from, direction, 1}).chips != 0; }

LinkCounts Plane::count(const Run &run) const {
  const auto [dx, dy] = stepOf(run.direction);
  // A diagonal link through the corner of a chip crosses one border, not two.
  uint64_t crossed = 0;
  if (dx && dy)
    for (uint32_t i = 0; i < run.length; ++i) {
      const Tile at = after(run.from, run.direction, i);
      crossed += borders(at.x, dx, 1, tilesX, chipColumns) || borders(at.y, dy, 1, tilesY, chipRows);
    }
  else
    crossed = borders(run.from.x, dx, run.length, tilesX, chipColumns) + borders(run.from.y, dy, run.length, tilesY, chipRows);
  LinkCounts counts{.chips = crossed};
  (dx ? counts.eastWest : counts.northSouth) = run.length - crossed;
  return counts;
}

LinkCounts Plane::count(Tile from, Tile to) const {
  const Way all = way(from, to);
  return count(std::span<const Run>(all.begin(), all.count));
}

LinkCounts Plane::count(std::span<const Run> runs) const {
  LinkCounts sum;
  for (const Run &run : runs) {
    const LinkCounts part = count(run);
    sum.eastWest += part.eastWest;
    sum.northSouth += part.northSouth;
    sum.chips += part.chips;
  }
  return sum;
}

bool Plane::hasLink(const Faults::Link &link) const {
  const Tile from{link.chip / chipRows * tilesX + link.x, link.chip % chipRows * tilesY + link.y};
  const auto [dx, dy] = stepOf(link.direction);
  if (isTorus())
    return after(from, link.direction) != from;
  const int64_t x = int64_t(from.x) + dx, y = int64_t(from.y) + dy;
  if ((dx && dy) || x < 0 || y < 0 || x >= static_cast<int64_t>(sizeX) || y >= static_cast<int64_t>(sizeY))
    return false;
  return chipOf({static_cast<uint32_t>(x), static_cast<uint32_t>(y)}) < maxChips;
}

//===--- Blockages --------------------------------------------------------===//

static uint64_t lineKey(Direction direction, uint32_t line) { return uint64_t(direction) << 32 | line; }
static bool isHorizontal(Direction direction) { return direction == Direction::East || direction == Direction::West; }
static bool isUp(Direction direction) { return direction == Direction::East || direction == Direction::North; }

Blockages::Blockages(const Chip &chip) : plane(chip), tilesX(std::max(1u, chip.tilesX)), tilesY(std::max(1u, chip.tilesY)) {
  if (chip.topology != Topology::Mesh && chip.topology != Topology::Torus)
    return;
  const uint32_t rows = std::max(1u, chip.chipsY);
  for (const Faults::Link &link : chip.faults.links) {
    const uint32_t x = link.chip / rows * tilesX + link.x, y = link.chip % rows * tilesY + link.y;
    const bool horizontal = isHorizontal(link.direction);
    links[lineKey(link.direction, horizontal ? y : x)].push_back(horizontal ? x : y);
  }
  for (const uint32_t dead : chip.faults.chips) {
    rowsOfChips[dead % rows].push_back(dead / rows);
    columnsOfChips[dead / rows].push_back(dead % rows);
  }
  for (Lines *lines : {&links, &rowsOfChips, &columnsOfChips})
    for (auto &[line, places] : *lines)
      std::sort(places.begin(), places.end());
}

/// The first of `places` met on the way from `first` over `count` places, upwards or downwards, on a ring of `size`; -1 if none.
/// On a line the way never leaves [0, size).
static int64_t firstMet(const std::vector<uint32_t> &places, uint64_t first, uint64_t count, bool up, uint64_t size) {
  const auto within = [&](uint64_t low, uint64_t high, bool lowest) -> int64_t { // [low, high]
    const auto from = std::lower_bound(places.begin(), places.end(), low),
               to = std::upper_bound(places.begin(), places.end(), high);
    return from >= to ? int64_t(-1) : int64_t(lowest ? *from : *std::prev(to));
  };
  if (up) {
    const uint64_t end = first + count - 1;
    const int64_t found = within(first, std::min(end, size - 1), true);
    return found >= 0 || end < size ? found : within(0, end - size, true);
  }
  const bool wraps = count > first + 1;
  const int64_t found = within(wraps ? 0 : first + 1 - count, first, false);
  return found >= 0 || !wraps ? found : within(size - (count - first - 1), size - 1, false);
}

std::string Blockages::on(const Run &run) const {
  const bool horizontal = isHorizontal(run.direction), up = isUp(run.direction);
  const uint32_t line = horizontal ? run.from.y : run.from.x, first = horizontal ? run.from.x : run.from.y;
  const uint64_t size = horizontal ? plane.width() : plane.height();
  const uint32_t tiles = horizontal ? tilesX : tilesY;
  if (const auto found = links.find(lineKey(run.direction, line)); found != links.end())
    if (const int64_t at = firstMet(found->second, first, run.length, up, size); at >= 0) {
      const uint32_t place = static_cast<uint32_t>(at);
      const Tile tile = horizontal ? Tile{place, line} : Tile{line, place};
      return "dead link: chip " + std::to_string(plane.chipOf(tile)) + ", tile (" + std::to_string(tile.x % tilesX) + "," +
             std::to_string(tile.y % tilesY) + "), " + toString(run.direction);
    }
  const Lines &chips = horizontal ? rowsOfChips : columnsOfChips;
  const uint32_t chipLine = line / (horizontal ? tilesY : tilesX);
  if (const auto found = chips.find(chipLine); found != chips.end()) {
    const uint64_t crossed = borders(first, up ? 1 : -1, run.length, tiles, 0);
    const int64_t at = firstMet(found->second, first / tiles, crossed + 1, up, size / tiles);
    if (at >= 0) {
      const uint32_t place = static_cast<uint32_t>(at);
      const Tile tile = horizontal ? Tile{place * tilesX, line} : Tile{line, place * tilesY};
      return "dead chip " + std::to_string(plane.chipOf(tile));
    }
  }
  return "";
}

std::string Blockages::on(Tile from, Tile to) const {
  if (!none())
    for (const Run &run : plane.way(from, to))
      if (std::string found = on(run); !found.empty())
        return found;
  return "";
}

bool Blockages::block(Tile from, Tile to) const { return !on(from, to).empty(); }

} // namespace ranvier::hw
