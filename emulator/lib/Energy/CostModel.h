//===- CostModel.h - Time and energy from counts ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every figure is an integer count times a constant of the chip's cost profile (docs/spec/timing-and-energy.md). Whatever depends
// only on the mapping (messages, hops and link loads of a neuron's spike) is worked out at load time, so that a spike costs one
// counter and a message two.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_COSTMODEL_H
#define RANVIER_EMULATOR_LIB_COSTMODEL_H

#include "ranvier/Emulator/Machine.h"
#include "ranvier/HwModels/Routes.h"
#include <map>
#include <string>
#include <vector>

namespace ranvier::emu {

/// `sum` + `count` * `each` [ps], none below 0; ends at the greatest number (292 years): a description may state any cost.
inline int64_t addTime(int64_t sum, uint64_t count, int64_t each) {
  uint64_t product, result;
  const bool beyond = __builtin_mul_overflow(count, static_cast<uint64_t>(each), &product) ||
                      __builtin_add_overflow(static_cast<uint64_t>(sum), product, &result) || result > INT64_MAX;
  return beyond ? INT64_MAX : static_cast<int64_t>(result);
}

/// The constants of one profile; what the profile does not know is 0 and has `known` false.
class CostTable {
public:
  enum Event : unsigned {
    SomaAccess,
    SomaUpdate,
    SomaSpike,
    SynapseDense, ///< In the order of SynapseClass.
    SynapseSparse,
    SynapseConvolution,
    AxonIn,
    AxonOut,
    HopWithinTile,
    HopEastWest,
    HopNorthSouth,
    ChipHop,
    CrossbarProduct, ///< Of macros: these stand last.
    CrossbarRow,
    CrossbarCell,
    CrossbarConversion,
    CrossbarShiftAdd,
    NumEvents
  };
  static const char *name(Event event);
  static Event synapse(unsigned kind) { return static_cast<Event>(SynapseDense + kind); }

  CostTable() : CostTable(nullptr, 0) {}
  /// `profile` may be null: nothing is known then. `macros`: the chip has crossbars, of which nobody else needs figures.
  CostTable(const hw::CostProfile *profile, uint32_t tiles, bool macros = false);
  int64_t picoseconds(Event event) const { return times[event]; }
  /// Time in which a core takes a message in and processes the events that it causes.
  int64_t processing(uint64_t messages, const SynapseClassCounts &events) const;
  int64_t processing(const SynapseClassCounts &events) const { return processing(0, events); }
  /// Time of a macro's part in a step.
  int64_t product(const CrossbarCounts &counts) const;
  Energy energy(const StepCounts &counts) const;
  int64_t barrier() const { return barrierTime; }
  /// Keys whose latency is unknown, in the order of Event, then "barrier".
  const std::vector<std::string> &unknownTimes() const { return missingTimes; }

private:
  int64_t times[NumEvents] = {};
  double joules[NumEvents] = {};
  bool energyKnown[NumEvents] = {};
  const char *keys[NumEvents] = {}; ///< Of the profile, from which the figures come.
  int64_t barrierTime = 0;
  std::vector<std::string> missingTimes;
};

/// Barrier latency [ps] of a profile for a number of tiles with mapped neurons; interpolation rounds down. Empty table: 0.
int64_t barrierPicoseconds(const hw::CostProfile &profile, uint32_t tiles);

/// The kind of a projection's synapses, which a profile may give costs of their own.
SynapseClass synapseClass(const image::ProjectionMeta &projection);

/// Synapses that a message meets, by kind.
using OutEvents = std::array<uint32_t, numSynapseClasses>;

/// The same in a word where they are of one kind and fewer than 2^30, as they mostly are: the kind in bits 30-31, how many in bits
/// 0-29. Otherwise the kind is `mixedEvents` and the rest numbers an entry of a list.
constexpr uint32_t mixedEvents = 3, eventBits = 30;
static_assert(numSynapseClasses <= mixedEvents);
inline uint32_t packEvents(const OutEvents &events, std::vector<OutEvents> &mixed) {
  uint32_t kind = 0;
  for (unsigned k = 1; k < numSynapseClasses; ++k)
    if (events[k])
      kind = k;
  const uint32_t count = events[kind];
  OutEvents alone = {};
  alone[kind] = count;
  if (alone == events && count >> eventBits == 0)
    return kind << eventBits | count;
  mixed.push_back(events);
  RANVIER_ASSERT(mixed.size() <= size_t(1) << eventBits, "more than a billion messages that meet synapses of several kinds");
  return mixedEvents << eventBits | static_cast<uint32_t>(mixed.size() - 1);
}
/// Adds what such a word stands for.
inline void addEvents(SynapseClassCounts &sum, uint32_t word, const std::vector<OutEvents> &mixed) {
  const uint32_t kind = word >> eventBits, rest = word & ((1u << eventBits) - 1);
  if (kind != mixedEvents) [[likely]] {
    sum[kind] += rest;
    return;
  }
  for (unsigned k = 0; k < numSynapseClasses; ++k)
    sum[k] += mixed[rest][k];
}

/// Messages that a spike sends over a link.
struct LinkUse {
  uint32_t link, messages;
};

/// What one spike of a neuron puts on the network, shared by all neurons of a core that send to the same places.
struct TrafficPattern {
  uint64_t messages = 0, withinTile = 0;
  std::vector<LinkUse> links; ///< Ascending.
};

/// Where cores lie and which links lie between them, by the rules of ranvier/HwModels/Routes.h.
class ChipGrid {
public:
  /// Errors: RNV7008 for too many tiles.
  static Result<ChipGrid> create(const hw::Chip &chip, std::span<const image::CoreRecord> cores);
  uint32_t links() const { return linkCount; }
  uint32_t tilesUsed() const { return usedTiles; }
  /// Adds one message per entry of `destinations` (core indices, sorted, repeats allowed) or, with multicast trees, one message
  /// that takes the union of their routes.
  TrafficPattern pattern(uint32_t sourceCore, std::span<const uint32_t> destinations) const;
  enum LinkKind : uint8_t { EastWest, NorthSouth, Chip, NumLinkKinds };
  LinkKind linkKind(uint32_t link) const { return kinds[link]; }
  /// The hop of a message over a link; the events of hops stand in the order of the kinds.
  static CostTable::Event hop(LinkKind kind) {
    return static_cast<CostTable::Event>(unsigned(CostTable::HopEastWest) + unsigned(kind));
  }
  CostTable::Event hop(uint32_t link) const { return hop(kinds[link]); }
  bool hasLinks() const { return hasNetwork; }
  bool hasTrees() const { return plane.hasTrees(); }
  bool isTorus() const { return plane.isTorus(); }
  bool hasDiagonals() const { return linksOfTile == 6; }
  hw::Tile place(uint32_t core) const { return places[core]; }
  /// Number of a link among those of the tile that it leaves.
  uint32_t linkOfTile(uint32_t link) const { return link % linksOfTile; }
  /// Links from core to core (indices), in the order in which a message crosses them; none within a tile.
  std::vector<uint32_t> way(uint32_t from, uint32_t to) const;
  /// The tile from which a link leads, and where it leads.
  std::pair<hw::Tile, hw::Direction> linkPlace(uint32_t link) const;
  /// The chip of that tile, and the tile's place on it.
  LinkPlace placeOnChip(uint32_t link) const;

private:
  explicit ChipGrid(const hw::Chip &chip) : plane(chip) {}
  uint32_t linkAt(hw::Tile tile, hw::Direction direction) const;
  hw::Plane plane;
  uint32_t tilesX = 1, tilesY = 1; ///< Of a chip.
  std::vector<hw::Tile> places;
  std::vector<LinkKind> kinds;
  uint32_t width = 1, height = 1, usedTiles = 0, linkCount = 0, linksOfTile = 4; ///< With diagonals 6.
  bool hasNetwork = false;
};

} // namespace ranvier::emu

#endif
