//===- CostModel.cpp - Time and energy from counts ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CostModel.h"
#include <algorithm>
#include <set>
#include <span>

namespace ranvier::emu {

CoreTimes &CoreTimes::operator+=(const CoreTimes &o) {
  for (int64_t CoreTimes::*part :
       {&CoreTimes::soma, &CoreTimes::axonOut, &CoreTimes::stalled, &CoreTimes::axonIn, &CoreTimes::synapse, &CoreTimes::idle})
    this->*part = addTime(this->*part, 1, o.*part);
  return *this;
}

LinkTimes &LinkTimes::operator+=(const LinkTimes &o) {
  packets += o.packets;
  for (int64_t LinkTimes::*part : {&LinkTimes::busy, &LinkTimes::waited, &LinkTimes::blocked})
    this->*part = addTime(this->*part, 1, o.*part);
  return *this;
}

//===--- Constants --------------------------------------------------------===//

const char *CostTable::name(Event event) {
  static constexpr const char *names[NumEvents] = {"soma_access",
                                                   "soma_update",
                                                   "soma_spike",
                                                   "synapse_event_dense",
                                                   "synapse_event_sparse",
                                                   "synapse_event_convolution",
                                                   "axon_in",
                                                   "axon_out",
                                                   "hop_within_tile",
                                                   "hop_east_west",
                                                   "hop_north_south",
                                                   "chip_hop",
                                                   "crossbar_product",
                                                   "crossbar_row",
                                                   "crossbar_cell",
                                                   "crossbar_conversion",
                                                   "crossbar_shift_add"};
  return names[event];
}

int64_t barrierPicoseconds(const hw::CostProfile &profile, uint32_t tiles) {
  const auto &table = profile.barrierPicoseconds;
  if (table.empty())
    return 0;
  auto above = table.upper_bound(tiles);
  if (above == table.begin())
    return above->second; // fewer tiles than the smallest key
  auto below = std::prev(above);
  if (!profile.interpolateBarrier || above == table.end())
    return below->second;
  const int64_t span = int64_t(above->first) - below->first, part = int64_t(tiles) - below->first;
  const __int128 rise = static_cast<__int128>(above->second - below->second) * part;
  return below->second + static_cast<int64_t>(rise >= 0 ? rise / span : -((-rise + span - 1) / span));
}

CostTable::CostTable(const hw::CostProfile *profile, uint32_t tiles, bool macros) {
  for (unsigned e = 0; e < NumEvents; ++e) {
    const hw::Cost *cost = nullptr;
    const auto take = [&](const char *key) {
      keys[e] = key;
      if (profile)
        if (auto found = profile->events.find(key); found != profile->events.end())
          cost = &found->second;
    };
    take(name(Event(e)));
    if (!cost && e >= SynapseDense && e <= SynapseConvolution)
      take("synapse_event"); // of every kind that has no figures of its own
    if (cost && cost->joules) {
      joules[e] = *cost->joules;
      energyKnown[e] = true;
    }
    if (cost && cost->picoseconds)
      times[e] = *cost->picoseconds;
    else if ((macros || e < CrossbarProduct) && e != CrossbarCell && (missingTimes.empty() || missingTimes.back() != keys[e]))
      missingTimes.push_back(keys[e]);
  }
  if (profile && profile->cycles) { // all times follow from it (CycleTiming)
    const hw::CycleModel &cycles = *profile->cycles;
    missingTimes.clear();
    times[AxonIn] = addTime(0, cycles[hw::CycleModel::Packet], cycles.clockPicoseconds);
    barrierTime = addTime(0, cycles[hw::CycleModel::Step], cycles.clockPicoseconds);
  } else if (profile && !profile->barrierPicoseconds.empty())
    barrierTime = ranvier::emu::barrierPicoseconds(*profile, tiles);
  else
    missingTimes.push_back("barrier");
}

Energy CostTable::energy(const StepCounts &c) const {
  const uint64_t counts[NumEvents] = {c.somaAccesses,
                                      c.somaUpdates,
                                      c.spikes,
                                      c.eventsByClass[0],
                                      c.eventsByClass[1],
                                      c.eventsByClass[2],
                                      c.arrivals,
                                      c.messages,
                                      c.hopsWithinTile,
                                      c.hopsEastWest,
                                      c.hopsNorthSouth,
                                      c.chipHops,
                                      c.crossbar.products,
                                      c.crossbar.rows,
                                      c.crossbar.conductance,
                                      c.crossbar.conversions,
                                      c.crossbar.shiftAdds};
  Energy result;
  double *const parts[] = {&result.products, &result.drivers, &result.array, &result.converters, &result.shiftAdds};
  for (unsigned e = 0; e < NumEvents; ++e) {
    if (!energyKnown[e]) {
      if (counts[e] && (result.unknown.empty() || result.unknown.back() != keys[e]))
        result.unknown.push_back(keys[e]);
      continue;
    }
    if (e >= CrossbarProduct) {
      const double each = e == CrossbarCell ? joules[e] * 0x1p-16 : joules[e];
      *parts[e - CrossbarProduct] += static_cast<double>(counts[e]) * each;
      continue;
    }
    double &part = e <= SomaSpike ? result.soma : e <= SynapseConvolution ? result.synapse : result.network;
    part += static_cast<double>(counts[e]) * joules[e];
  }
  result.synapse += result.macros();
  return result;
}

int64_t CostTable::product(const CrossbarCounts &c) const {
  int64_t sum = addTime(0, c.products, times[CrossbarProduct]);
  sum = addTime(sum, c.rows, times[CrossbarRow]);
  sum = addTime(sum, c.conversions, times[CrossbarConversion]);
  return addTime(sum, c.shiftAdds, times[CrossbarShiftAdd]);
}

int64_t CostTable::processing(uint64_t messages, const SynapseClassCounts &events) const {
  int64_t sum = addTime(0, messages, times[AxonIn]);
  for (unsigned k = 0; k < numSynapseClasses; ++k)
    sum = addTime(sum, events[k], times[synapse(k)]);
  return sum;
}

SynapseClass synapseClass(const image::ProjectionMeta &projection) {
  if (projection.kernelWeights)
    return SynapseClass::Convolution;
  return projection.indexBits == 0 ? SynapseClass::Dense : SynapseClass::Sparse;
}

//===--- Places and routes ------------------------------------------------===//

/// The links of a tile, in the order of their numbers; the diagonal ones exist on triangular toruses alone.
static constexpr hw::Direction linkOrder[] = {hw::Direction::East,  hw::Direction::West,      hw::Direction::North,
                                              hw::Direction::South, hw::Direction::NorthEast, hw::Direction::SouthWest};

uint32_t ChipGrid::linkAt(hw::Tile tile, hw::Direction direction) const {
  const auto number =
      static_cast<uint32_t>(std::find(std::begin(linkOrder), std::end(linkOrder), direction) - std::begin(linkOrder));
  return (tile.x * height + tile.y) * linksOfTile + number;
}

Result<ChipGrid> ChipGrid::create(const hw::Chip &chip, std::span<const image::CoreRecord> cores) {
  ChipGrid grid(chip);
  grid.hasNetwork = chip.topology != hw::Topology::None;
  grid.linksOfTile = chip.topology == hw::Topology::TriangularTorus ? 6 : 4;
  const uint32_t chipsY = std::max(1u, chip.chipsY), tilesX = std::max(1u, chip.tilesX);
  grid.tilesX = tilesX;
  grid.tilesY = std::max(1u, chip.tilesY);
  std::set<std::pair<uint32_t, uint32_t>> tiles; // chip, tile
  uint32_t chipsX = std::max(1u, chip.chipsX);
  for (const auto &core : cores) {
    chipsX = std::max(chipsX, core.chip / chipsY + 1);
    if (core.neuronCount)
      tiles.emplace(core.chip, core.core / std::max(1u, chip.coresPerTile));
  }
  grid.usedTiles = static_cast<uint32_t>(tiles.size());
  if (!grid.hasNetwork)
    return grid;
  // A description may state any arrangement; only what 32 bits address is laid out.
  constexpr uint64_t mostTiles = uint64_t(1) << 22;
  // Ways on a mesh stay within the chips in use; a torus is as large as the machine.
  const uint64_t width = grid.plane.isTorus() ? grid.plane.width() : uint64_t(chipsX) * tilesX, height = grid.plane.height();
  if (width > mostTiles || height > mostTiles || width * height > mostTiles)
    return Error{.code = 7008,
                 .message = "timing of an array of so many tiles",
                 .file = chip.path,
                 .place = "topology",
                 .expected = "at most " + std::to_string(mostTiles) + " tiles over all chips",
                 .found = std::to_string(width) + " x " + std::to_string(height),
                 .hint = "run with timing off, or describe fewer chips",
                 .kind = ErrorKind::Unsupported};
  grid.width = static_cast<uint32_t>(width);
  grid.height = static_cast<uint32_t>(height);
  for (const auto &core : cores) {
    const hw::Tile place = grid.plane.tileOf(core.chip, core.core);
    RANVIER_ASSERT(place.x < grid.width && place.y < grid.height, "core outside its chip in a validated image");
    grid.places.push_back(place);
  }
  grid.linkCount = grid.width * grid.height * grid.linksOfTile;
  grid.kinds.resize(grid.linkCount);
  for (uint32_t x = 0; x < grid.width; ++x)
    for (uint32_t y = 0; y < grid.height; ++y)
      for (const hw::Direction way : std::span(linkOrder).first(grid.linksOfTile)) {
        const bool vertical = way == hw::Direction::North || way == hw::Direction::South; // diagonal ones count as east-west
        grid.kinds[grid.linkAt({x, y}, way)] = grid.plane.betweenChips({x, y}, way) ? LinkKind::Chip
                                               : vertical                           ? LinkKind::NorthSouth
                                                                                    : LinkKind::EastWest;
      }
  return grid;
}

TrafficPattern ChipGrid::pattern(uint32_t sourceCore, std::span<const uint32_t> destinations) const {
  TrafficPattern result;
  result.messages = plane.hasTrees() ? (destinations.empty() ? 0 : 1) : destinations.size();
  if (!hasNetwork)
    return result;
  std::map<uint32_t, uint32_t> loads;
  const hw::Tile from = places[sourceCore];
  std::vector<hw::Tile> tiles;
  for (const uint32_t destination : destinations) {
    tiles.push_back(places[destination]);
    result.withinTile += from == places[destination];
  }
  for (const hw::Run &run : plane.spread(from, tiles)) {
    hw::Tile at = run.from;
    for (uint32_t i = 0; i < run.length; ++i, at = plane.after(at, run.direction))
      ++loads[linkAt(at, run.direction)];
  }
  for (const auto &[link, load] : loads)
    result.links.push_back({link, load});
  return result;
}

std::vector<uint32_t> ChipGrid::way(uint32_t from, uint32_t to) const {
  std::vector<uint32_t> links;
  if (hasNetwork)
    for (const hw::Run &run : plane.way(places[from], places[to])) {
      hw::Tile at = run.from;
      for (uint32_t i = 0; i < run.length; ++i, at = plane.after(at, run.direction))
        links.push_back(linkAt(at, run.direction));
    }
  return links;
}

std::pair<hw::Tile, hw::Direction> ChipGrid::linkPlace(uint32_t link) const {
  const uint32_t tile = link / linksOfTile;
  return {{tile / height, tile % height}, linkOrder[link % linksOfTile]};
}

LinkPlace ChipGrid::placeOnChip(uint32_t link) const {
  const auto [tile, direction] = linkPlace(link);
  return {plane.chipOf(tile), tile.x % tilesX, tile.y % tilesY, direction};
}

} // namespace ranvier::emu
