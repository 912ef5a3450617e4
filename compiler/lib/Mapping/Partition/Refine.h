//===- Refine.h - Moving groups of neurons to cheaper cores -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_REFINE_H
#define RANVIER_LIB_MAPPING_PARTITION_REFINE_H

#include "Cluster.h"
#include "CoreState.h"

namespace ranvier::mapping::detail {

/// Moves and exchanges of groups whose members stand on one core. A state within the limits stays so.
class Refiner {
public:
  Refiner(const Hypergraph &graph, CoreState &state, uint64_t seed);
  /// All members of a group must stand on one core.
  void use(const Groups &groups);
  /// Visits every group once in random order; it goes to another core with the probabilities of a heat bath at `temperature`
  /// [spikes x hops], 0: only where it costs less. Returns the number of groups moved.
  uint64_t pass(double temperature);
  /// Puts a vertex that stands nowhere on the cheapest core that has room, but for `except`; false if none has.
  bool insert(uint32_t vertex, uint32_t except = nowhere);
  /// Moves vertices off cores that are over a limit, the cheapest first; false if that does not end. Counts what it moves.
  bool repair(uint64_t &moved);

private:
  struct Candidate {
    uint32_t core;
    int64_t change;
    double score;
  };
  /// Fills `field` and `saved` for members that stand (or would stand) on `from`.
  void gather(std::span<const uint32_t> members, uint32_t from);
  /// Cost of the gathered members on a core, up to a constant.
  int64_t costOn(uint32_t core) const;
  void forget();
  void listCandidates(uint32_t from, double temperature);
  int64_t changeOf(uint32_t group, uint32_t to);
  void moveGroup(uint32_t group, uint32_t to);
  bool tryMove(uint32_t group, const Candidate &candidate, double temperature);
  bool tryExchange(uint32_t group, const Candidate &candidate, uint32_t from, double temperature);
  bool exchangeWith(uint32_t partner, uint32_t back, int64_t change, double allowance);

  const Hypergraph &graph;
  CoreState &state;
  RandomStream random;
  const Groups *groups = nullptr;
  std::vector<uint32_t> listOfRow;    ///< [row] list of its net, nowhere if the net costs nothing.
  std::vector<uint32_t> multiplicity; ///< [list] gathered synapses.
  std::vector<uint8_t> own;           ///< [list] sent by a gathered vertex.
  std::vector<uint32_t> touchedLists, touchedCores;
  std::vector<uint8_t> touched;      ///< [core]
  std::vector<int64_t> field, saved; ///< [core]
  std::vector<std::pair<uint32_t, int64_t>> pulls;
  std::vector<Candidate> candidates;
  std::vector<std::vector<uint32_t>> onCore;                  ///< [core] groups.
  std::vector<uint32_t> slot;                                 ///< [group] in onCore.
  std::unordered_map<uint64_t, std::vector<uint32_t>> wishes; ///< (from, to) -> groups that found no room.
  std::vector<uint32_t> order;
};

} // namespace ranvier::mapping::detail

#endif
