//===- SameChip.h - Populations that must share a chip ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to compiler/lib/Mapping: what the user's sets mean for cores. A core holds neurons of one set only or of none, so that
// cores can be placed as the sets want it: to partition, a set is one more reason to keep neurons apart, like a level.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_SAMECHIP_H
#define RANVIER_LIB_MAPPING_SAMECHIP_H

#include "Place/CorePlacer.h"

namespace ranvier::mapping::detail {

class SameChip {
public:
  /// Overlapping sets become one. No sets where the machine has a single chip: nothing is to be kept then. Errors: RNV6091.
  static Result<SameChip> of(const Network &network, const hw::Chip &chip, const PopulationSets &sets);
  bool empty() const { return united.empty(); }
  /// [population]: its level and set as one number, equal where neurons may share a core; the level itself where there are no sets.
  std::vector<uint32_t> classes(const std::vector<uint32_t> &level) const;
  /// The set in such a number, nowhere if none.
  uint32_t setIn(uint32_t coreClass) const { return coreClass % modulus() ? coreClass % modulus() - 1 : nowhere; }
  /// [core] -> set. Empty where there are no sets.
  GroupOf groupsOf(const Mapping &mapping) const;
  /// Whether every set fits a chip and all of them the machine. Errors (DoesNotFit): RNV6092, RNV6093.
  Result<void> fit(const Network &network, const hw::Chip &chip, const Mapping &mapping) const;

private:
  uint32_t modulus() const { return static_cast<uint32_t>(united.size()) + 1; }
  std::vector<uint32_t> setOf; ///< [population], nowhere: none.
  PopulationSets united;       ///< [set] populations, sorted.
};

/// "'a', 'b' and 3 more".
std::string namesOf(const Network &network, const std::vector<uint32_t> &populations);

} // namespace ranvier::mapping::detail

#endif
