//===- ChipGroups.h - Cores that must share a chip --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to compiler/lib/Mapping: the start and the moves of a placement that keeps groups of cores on one chip each.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_PLACE_CHIPGROUPS_H
#define RANVIER_LIB_MAPPING_PLACE_CHIPGROUPS_H

#include "CorePlacer.h"

namespace ranvier::mapping::detail {

/// Groups of so many cores onto chips with so much room: [group] -> index into `room`. The largest first, each onto the first chip
/// that has room; where that leads nowhere, others are tried, some 10^6 times. Nothing if no arrangement was found.
std::optional<std::vector<uint32_t>> arrange(const std::vector<uint32_t> &sizes, std::vector<uint32_t> room);

/// The first sites for the cores, in their order, but each group on one chip: [core] -> site. `groupOf` [core]: nowhere where a
/// core is in none; empty: there are no groups. Nothing if no arrangement was found.
std::optional<std::vector<uint32_t>> firstSites(const Sites &sites, size_t cores, const GroupOf &groupOf);

/// Sites on as few chips as hold the cores and firstSites() finds an arrangement for; nothing if the machine has no such.
std::optional<Sites> sitesFor(const hw::Chip &chip, size_t cores, const GroupOf &groupOf, bool safe);

/// What exchanges of sites must keep and how groups move.
class ChipGroups {
public:
  using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;
  ChipGroups(const GroupOf &groupOf, const Sites &sites);
  /// Whether every exchange is allowed: no group of two cores or more, or a single chip.
  bool empty() const { return members.empty(); }
  /// Whether `core` may leave `home` for `site` while `other` (nowhere: none) goes the other way.
  bool allow(uint32_t core, uint32_t home, uint32_t site, uint32_t other) const {
    return empty() || chipOf[home] == chipOf[site] || (groupOf[core] == nowhere && (other == nowhere || groupOf[other] == nowhere));
  }
  /// Sites that exchange what they hold, so that a group goes to another chip: against cores of no group and free sites, or against
  /// a whole group. No site occurs twice. Empty where the group drawn finds no room on the chip drawn.
  Pairs propose(const std::vector<uint32_t> &siteOf, const std::vector<uint32_t> &coreOn, RandomStream &random) const;

private:
  std::vector<uint32_t> sitesOfGroup(uint32_t group, const std::vector<uint32_t> &siteOf) const;
  /// Sites of a chip that no group holds.
  std::vector<uint32_t> ungrouped(uint32_t chip, const std::vector<uint32_t> &coreOn) const;

  GroupOf groupOf;                            ///< [core]; groups of one core are none.
  std::vector<std::vector<uint32_t>> members; ///< [group] cores.
  std::vector<uint32_t> chipOf;               ///< [site], the chips numbered without gaps.
  std::vector<std::vector<uint32_t>> sitesOn; ///< [chip]
};

} // namespace ranvier::mapping::detail

#endif
