//===- Links.cpp - Messages over links ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Links.h"
#include "Shared.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

const char *mapping::toString(Direction direction) {
  const char *names[] = {"east", "north-east", "north", "west", "south-west", "south"};
  return names[static_cast<unsigned>(direction)];
}

namespace {

/// Follows messages over the plane of chips and counts them on each link.
class LinkCounter {
public:
  LinkCounter(const hw::Chip &chip, const Mapping &mapping);
  void send(const CoreAssignment &from, const CoreAssignment &to, uint64_t messages);
  std::vector<LinkLoad> loads() const;

private:
  void step(Tile &at, int dx, int dy, uint64_t messages);

  const hw::Chip &chip;
  bool sameChip = false;
  uint32_t columns = 0, rows = 0;
  std::vector<uint64_t> counts; ///< [x][y][direction]
};
constexpr uint32_t directions = 6;

} // namespace

/// The plane ends with the last chip in use.
LinkCounter::LinkCounter(const hw::Chip &chip, const Mapping &mapping) : chip(chip) {
  for (const CoreAssignment &core : mapping.cores) {
    const Tile last = tileOf(chip, core.chip, chip.coresPerChip() - 1);
    columns = std::max(columns, last.x + 1);
    rows = std::max(rows, last.y + 1);
  }
  counts.assign(size_t(columns) * rows * directions, 0);
}

static Direction directionOf(int dx, int dy) {
  if (dx > 0)
    return dy > 0 ? Direction::NorthEast : Direction::East;
  if (dx < 0)
    return dy < 0 ? Direction::SouthWest : Direction::West;
  return dy > 0 ? Direction::North : Direction::South;
}

/// `at` + `by` on an axis of chips with `size` tiles each; on one chip around its edge.
static uint32_t moved(uint32_t at, int by, uint32_t size, bool sameChip) {
  const int64_t next = int64_t(at) + by;
  if (!sameChip)
    return static_cast<uint32_t>(next);
  const int64_t first = int64_t(at / size) * size;
  return static_cast<uint32_t>(first + (next - first + size) % size);
}

void LinkCounter::step(Tile &at, int dx, int dy, uint64_t messages) {
  const Tile next{moved(at.x, dx, chip.tilesX, sameChip), moved(at.y, dy, chip.tilesY, sameChip)};
  counts[(size_t(at.x) * rows + at.y) * directions + static_cast<uint32_t>(directionOf(dx, dy))] += messages;
  at = next;
}

void LinkCounter::send(const CoreAssignment &from, const CoreAssignment &to, uint64_t messages) {
  Tile at = tileOf(chip, from.chip, from.core);
  auto [dx, dy] = displacement(chip, from.chip, from.core, to.chip, to.core);
  sameChip = from.chip == to.chip;
  const auto sign = [](int64_t value) { return value > 0 ? 1 : value < 0 ? -1 : 0; };
  if (chip.topology == hw::Topology::TriangularTorus && sameChip)
    for (; dx && dy && (dx < 0) == (dy < 0); dx -= sign(dx), dy -= sign(dy))
      step(at, sign(dx), sign(dy), messages);
  for (; dx; dx -= sign(dx))
    step(at, sign(dx), 0, messages);
  for (; dy; dy -= sign(dy))
    step(at, 0, sign(dy), messages);
  RANVIER_ASSERT(at == tileOf(chip, to.chip, to.core), "a route ends where it was sent");
}

std::vector<LinkLoad> LinkCounter::loads() const {
  const int stepX[directions] = {1, 1, 0, -1, -1, 0}, stepY[directions] = {0, 1, 1, 0, -1, -1};
  // Only a torus of one chip goes around an edge, and that stays on the chip.
  const auto leaves = [](uint32_t at, int step, uint32_t size, uint32_t end) {
    const int64_t next = int64_t(at) + step;
    return next >= 0 && next < end && next / size != at / size;
  };
  std::vector<LinkLoad> loads;
  for (uint32_t x = 0; x < columns; ++x)
    for (uint32_t y = 0; y < rows; ++y)
      for (uint32_t way = 0; way < directions; ++way)
        if (const uint64_t messages = counts[(size_t(x) * rows + y) * directions + way])
          loads.push_back({x, y, static_cast<Direction>(way),
                           leaves(x, stepX[way], chip.tilesX, columns) || leaves(y, stepY[way], chip.tilesY, rows), messages});
  return loads;
}

std::vector<LinkLoad> detail::linkLoads(const hw::Chip &chip, const Mapping &mapping, const Traffic &messages) {
  if (chip.topology == hw::Topology::None)
    return {};
  LinkCounter counter(chip, mapping);
  for (size_t c = 0; c < mapping.cores.size(); ++c)
    for (uint64_t e = messages.ptr[c]; e < messages.ptr[c + 1]; ++e)
      counter.send(mapping.cores[c], mapping.cores[messages.edges[e].first], messages.edges[e].second);
  return counter.loads();
}

std::vector<LinkLoad> mapping::linkLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  return detail::linkLoads(chip, mapping, traffic(network, mapping));
}
