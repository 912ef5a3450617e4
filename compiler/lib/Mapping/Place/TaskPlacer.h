//===- TaskPlacer.h - Search for a placement of cores -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to compiler/lib/Mapping: one search, from a legal start to a legal end.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_PLACE_TASKPLACER_H
#define RANVIER_LIB_MAPPING_PLACE_TASKPLACER_H

#include "ranvier/Mapping/PlaceRoute.h"

namespace ranvier::mapping::detail {

/// A task graph with its repeats removed and its cores numbered.
struct Tasks {
  std::vector<uint32_t> first;                ///< [population + 1] first core.
  std::vector<uint32_t> populationOf;         ///< [core]
  std::vector<std::vector<uint32_t>> feeds;   ///< [population] distinct target populations, ascending.
  std::vector<std::vector<uint32_t>> feeders; ///< [population] distinct source populations, ascending.
  std::vector<uint32_t> weights;              ///< [population]
  std::vector<uint32_t> setOf;                ///< [population] number of the set that shares a chip, or `alone`.
  std::vector<std::vector<uint32_t>> sets;    ///< [set] its cores.
  static constexpr uint32_t alone = ~0u;
  uint32_t populations() const { return static_cast<uint32_t>(weights.size()); }
  uint32_t cores() const { return static_cast<uint32_t>(populationOf.size()); }
};
/// Errors: RNV6052.
Result<Tasks> readTasks(const TaskGraph &graph);

/// A legal start: populations in order over places near each other, each on one place where it fits.
struct Start {
  std::vector<uint32_t> placeOf;
  std::vector<uint32_t> region; ///< Places to use, ascending: a little more than needed, so that cores can pass each other.
};
/// Errors: RNV6053.
Result<Start> firstPlacement(const Tasks &tasks, const MachineGraph &machine);

struct Search {
  std::vector<uint32_t> placeOf;
  int64_t cost = 0; ///< Estimated packets times links.
};
/// Simulated annealing from `start`, `moves` proposals.
Search anneal(const Tasks &tasks, const MachineGraph &machine, const Start &start, uint64_t moves, uint64_t seed);

} // namespace ranvier::mapping::detail

#endif
