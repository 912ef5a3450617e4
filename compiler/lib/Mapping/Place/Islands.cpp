//===- Islands.cpp - Tiles joined by links that work ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Islands.h"
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;
using hw::Direction;

Islands::Islands(const hw::Chip &chip, const std::vector<Tile> &tiles)
    : chip(chip), plane(chip), tiles(tiles), parent(tiles.size()) {
  std::iota(parent.begin(), parent.end(), 0u);
  for (uint32_t tile = 0; tile < tiles.size(); ++tile) {
    join(tile, Direction::East, Direction::West);
    join(tile, Direction::North, Direction::South);
  }
}

uint32_t detail::liveCores(const hw::Chip &chip, const hw::Plane &plane, Tile tile) {
  const uint32_t at = plane.chipOf(tile);
  if (chip.faults.cores.empty()) // Large machines have many tiles.
    return chip.faults.isDead(at) ? 0 : chip.coresPerTile;
  const uint32_t first = (tile.x % chip.tilesX * chip.tilesY + tile.y % chip.tilesY) * chip.coresPerTile;
  uint32_t live = 0;
  for (uint32_t core = first; core < first + chip.coresPerTile; ++core)
    live += !chip.faults.isDead(at, core);
  return live;
}

uint32_t Islands::rootOf(uint32_t tile) const {
  while (parent[tile] != tile)
    tile = parent[tile] = parent[parent[tile]];
  return tile;
}

bool Islands::isDead(Tile tile, Direction direction) const {
  const hw::Faults::Link link{plane.chipOf(tile), tile.x % chip.tilesX, tile.y % chip.tilesY, direction};
  return std::binary_search(chip.faults.links.begin(), chip.faults.links.end(), link);
}

void Islands::join(uint32_t from, Direction there, Direction back) {
  const auto next = std::lower_bound(tiles.begin(), tiles.end(), plane.after(tiles[from], there));
  if (next == tiles.end() || *next != plane.after(tiles[from], there) || isDead(tiles[from], there) || isDead(*next, back))
    return;
  const uint32_t a = rootOf(from), b = rootOf(static_cast<uint32_t>(next - tiles.begin()));
  parent[std::max(a, b)] = std::min(a, b);
}

uint64_t Islands::mostCores() const {
  std::vector<uint64_t> cores(tiles.size() + 1, 0);
  for (uint32_t tile = 0; tile < tiles.size(); ++tile)
    cores[rootOf(tile)] += liveCores(chip, plane, tiles[tile]);
  return *std::max_element(cores.begin(), cores.end());
}

std::vector<uint8_t> Islands::largest() const {
  std::vector<uint32_t> size(tiles.size(), 0);
  for (uint32_t tile = 0; tile < tiles.size(); ++tile)
    ++size[rootOf(tile)];
  const uint32_t root = static_cast<uint32_t>(std::max_element(size.begin(), size.end()) - size.begin());
  std::vector<uint8_t> chosen(tiles.size());
  for (uint32_t tile = 0; tile < tiles.size(); ++tile)
    chosen[tile] = rootOf(tile) == root;
  return chosen;
}

std::string Islands::describe() const {
  std::map<uint32_t, std::set<uint32_t>> chipsOf, islandsOf; // By island, by chip.
  std::map<uint32_t, uint32_t> sizes;
  for (uint32_t tile = 0; tile < tiles.size(); ++tile) {
    const uint32_t island = rootOf(tile), at = plane.chipOf(tiles[tile]);
    chipsOf[island].insert(at);
    islandsOf[at].insert(island);
    ++sizes[island];
  }
  if (chipsOf.size() < 2)
    return "";
  for (const auto &[at, islands] : islandsOf)
    if (islandsOf.size() > 1 && std::all_of(islands.begin(), islands.end(), [&](uint32_t i) { return chipsOf.at(i).size() == 1; }))
      return "chip " + std::to_string(at) + " is isolated: no link joins it to another chip both ways";
  const auto most = std::max_element(sizes.begin(), sizes.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
  return "the machine is disconnected: " + std::to_string(chipsOf.size()) + " parts, the largest of " +
         std::to_string(most->second) + " out of " + std::to_string(tiles.size()) + " tiles";
}
