//===- Links.cpp - Messages over links ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Links.h"
#include "Shared.h"
#include <algorithm>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// Follows messages over the plane of chips and counts them on each link.
class LinkCounter {
public:
  LinkCounter(const hw::Chip &chip, const Mapping &mapping);
  void send(const Mapping &mapping, const Spread &spread);
  std::vector<LinkLoad> loads() const;

private:
  void add(Tile at, Direction direction, uint64_t messages) {
    if (counts.empty())
      sparse[{at.x, at.y, direction}] += messages;
    else
      counts[(size_t(at.x) * rows + at.y) * directions + static_cast<uint32_t>(direction)] += messages;
  }

  static constexpr uint32_t directions = 6;
  const hw::Plane plane;
  uint32_t columns = 0, rows = 0;
  std::vector<uint64_t> counts; ///< [x][y][direction]; ways on a mesh stay within the chips in use.
  std::map<std::tuple<uint32_t, uint32_t, Direction>, uint64_t> sparse; ///< Elsewhere they may go around the whole machine.
};

} // namespace

/// The plane ends with the last chip in use.
LinkCounter::LinkCounter(const hw::Chip &chip, const Mapping &mapping) : plane(chip) {
  if (plane.isTorus())
    return;
  for (const CoreAssignment &core : mapping.cores) {
    const Tile last = plane.tileOf(core.chip, chip.coresPerChip() - 1);
    columns = std::max(columns, last.x + 1);
    rows = std::max(rows, last.y + 1);
  }
  counts.assign(size_t(columns) * rows * directions, 0);
}

void LinkCounter::send(const Mapping &mapping, const Spread &spread) {
  std::vector<Tile> tiles;
  for (const uint32_t core : spread.to)
    tiles.push_back(tileOf(plane, mapping.cores[core]));
  for (const hw::Run &run : plane.spread(tileOf(plane, mapping.cores[spread.from]), tiles)) {
    Tile at = run.from;
    for (uint32_t i = 0; i < run.length; ++i, at = plane.after(at, run.direction))
      add(at, run.direction, spread.spikes);
  }
}

std::vector<LinkLoad> LinkCounter::loads() const {
  std::vector<LinkLoad> loads;
  const auto list = [&](uint32_t x, uint32_t y, Direction direction, uint64_t messages) {
    loads.push_back({x, y, direction, plane.betweenChips({x, y}, direction), messages});
  };
  for (const auto &[link, messages] : sparse)
    list(std::get<0>(link), std::get<1>(link), std::get<2>(link), messages);
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i])
      list(static_cast<uint32_t>(i / directions / rows), static_cast<uint32_t>(i / directions % rows),
           static_cast<Direction>(i % directions), counts[i]);
  return loads;
}

std::vector<LinkLoad> detail::linkLoads(const hw::Chip &chip, const Mapping &mapping, const std::vector<Spread> &sent) {
  if (chip.topology == hw::Topology::None)
    return {};
  LinkCounter counter(chip, mapping);
  for (const Spread &spread : sent)
    counter.send(mapping, spread);
  return counter.loads();
}

std::vector<LinkLoad> mapping::linkLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  return detail::linkLoads(chip, mapping, traffic(network, chip, mapping).sent);
}
