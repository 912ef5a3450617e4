//===- CorePlacer.h - Cores onto the sites of a chip ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to compiler/lib/Mapping: distances between sites, and the search that gives cores their sites.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_PLACE_COREPLACER_H
#define RANVIER_LIB_MAPPING_PLACE_COREPLACER_H

#include "../Shared.h"
#include <cstdlib>

namespace ranvier::mapping::detail {

/// A stream of random words from a seed: word i is a function of seed and i.
class RandomStream {
public:
  explicit RandomStream(uint64_t seed) : seed(seed) {}
  uint32_t word();
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(uint64_t(word()) * bound >> 32); }
  /// Uniform in (0, 1).
  double open() { return (word() + 0.5) * 0x1p-32; }
  void shuffle(std::vector<uint32_t> &list) {
    for (uint32_t i = static_cast<uint32_t>(list.size()); i > 1; --i)
      std::swap(list[i - 1], list[below(i)]);
  }

private:
  uint64_t seed, counter = 0;
  uint32_t second = 0;
  bool left = false;
};

struct Site {
  uint32_t chip = 0, core = 0;
  bool operator==(const Site &) const = default;
};

/// Sites that a number of cores may take, neighbours in the list being neighbours on the chip, and how far apart they are [links
/// inside a chip; one between chips counts topology.chip_link_cost]. Where the chip has no topology all places are alike and two
/// different ones are one apart: then sums of distances count messages. Dead cores and chips are no sites. Two sites with a closed
/// way between them, whichever way round, are farther apart than any others, unless there are more than `mostTilesAsked` tiles.
class Sites {
public:
  /// `safe`: only sites between which every way is open; more chips are opened for them. Fewer than `cores` sites if the machine
  /// has no more.
  Sites(const hw::Chip &chip, size_t cores, bool safe = false);
  /// Some of the sites, as far apart as they are: where things larger than a core are placed.
  Sites only(const std::vector<uint32_t> &chosen) const;
  size_t size() const { return places.size(); }
  const Site &operator[](size_t site) const { return places[site]; }
  uint32_t distance(uint32_t a, uint32_t b) const {
    if (alike)
      return a != b;
    if (table.empty())
      return static_cast<uint32_t>(std::abs(x[a] - x[b]) + std::abs(y[a] - y[b]));
    return table[size_t(tile[a]) * tiles + tile[b]];
  }
  /// What a closed way adds to the distance; 0 where it is open.
  uint32_t extra(uint32_t a, uint32_t b) const { return closed && distance(a, b) >= closed ? closed : 0; }
  bool alike = false;
  uint32_t coresPerTile = 1;

private:
  Sites() = default;
  void addChip(const hw::Chip &chip, uint32_t number, const std::vector<uint32_t> &order);
  void keepSafe(const hw::Chip &chip);
  void makeTable(const hw::Chip &chip, const std::vector<Tile> &at, bool avoid);

  static constexpr size_t mostTilesAsked = 2048;
  std::vector<Site> places;
  std::vector<int32_t> x, y;  ///< Mesh: position of the tile over all chips, costlier links between chips drawn longer.
  std::vector<uint32_t> tile; ///< Else: number among those of the sites, into `table`.
  std::vector<uint32_t> table;
  size_t tiles = 0;
  uint32_t closed = 0; ///< More than any distance; 0: closed ways are not asked for.
};

/// Weighted messages between cores, symmetric: [core] (other core, weight), sorted.
using CoreGraph = std::vector<std::vector<std::pair<uint32_t, int64_t>>>;

/// [core] -> number of a group of cores that must stand on one chip; nowhere: in none. Empty: there are no groups.
using GroupOf = std::vector<uint32_t>;
class ChipGroups;

/// Sum over pairs of weight times distance.
int64_t placementCost(const CoreGraph &graph, const Sites &sites, const std::vector<uint32_t> &siteOf);
/// Improves `siteOf` [core] -> site by annealing from a temperature of `heat` times the mean change of a random exchange; never
/// returns anything worse than it got. `proposals`: exchanges tried. Deterministic for a seed. `groupOf`: groups that share a chip
/// in `siteOf` and must go on doing so.
void annealPlacement(const CoreGraph &graph, const Sites &sites, std::vector<uint32_t> &siteOf, double heat, uint64_t proposals,
                     uint64_t seed, const GroupOf &groupOf = {});
/// The placement from scratch: from the order of the cores and from a hot start, the better, whatever the threads. Empty if no
/// arrangement was found in which every group is on one chip.
std::vector<uint32_t> placeCores(const CoreGraph &graph, const Sites &sites, uint64_t seed, unsigned threads = 1,
                                 const GroupOf &groupOf = {});
/// The first half of placeCores: from the order of the cores.
std::vector<uint32_t> improveCores(const CoreGraph &graph, const Sites &sites, uint64_t seed);

} // namespace ranvier::mapping::detail

#endif
