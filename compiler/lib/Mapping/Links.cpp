//===- Links.cpp - Messages over links ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Links.h"
#include "Shared.h"
#include <map>
#include <tuple>

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
  explicit LinkCounter(const hw::Chip &chip) : chip(chip) {}
  void send(const CoreAssignment &from, const CoreAssignment &to, uint64_t messages);
  std::vector<LinkLoad> loads() const;

private:
  void step(Tile &at, int dx, int dy, uint64_t messages);

  const hw::Chip &chip;
  bool sameChip = false;
  std::map<std::tuple<uint32_t, uint32_t, Direction>, LinkLoad> counts;
};

} // namespace

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
  const Direction direction = directionOf(dx, dy);
  LinkLoad &load = counts.try_emplace({at.x, at.y, direction}, LinkLoad{at.x, at.y, direction, false, 0}).first->second;
  load.betweenChips = at.x / chip.tilesX != next.x / chip.tilesX || at.y / chip.tilesY != next.y / chip.tilesY;
  load.messages += messages;
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
  std::vector<LinkLoad> loads;
  loads.reserve(counts.size());
  for (const auto &[place, load] : counts)
    loads.push_back(load);
  return loads;
}

std::vector<LinkLoad> mapping::linkLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  if (chip.topology == hw::Topology::None)
    return {};
  const Traffic messages = traffic(network, mapping);
  LinkCounter counter(chip);
  for (size_t c = 0; c < mapping.cores.size(); ++c)
    for (uint64_t e = messages.ptr[c]; e < messages.ptr[c + 1]; ++e)
      counter.send(mapping.cores[c], mapping.cores[messages.edges[e].first], messages.edges[e].second);
  return counter.loads();
}
