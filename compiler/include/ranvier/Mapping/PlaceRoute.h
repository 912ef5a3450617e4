//===- PlaceRoute.h - Cores onto chips, packets along trees -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For machines whose routers multicast: populations are already cut into cores; each core sends one packet a spike to all cores of
// the populations that its own feeds. Placement, trees, keys and tables are functions of their own over plain structs.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_PLACEROUTE_H
#define RANVIER_MAPPING_PLACEROUTE_H

#include "ranvier/Mapping/MachineGraph.h"
#include "ranvier/Mapping/RoutingTable.h"

namespace ranvier::mapping {

/// Cores are numbered population by population.
struct TaskGraph {
  std::vector<uint32_t> cores;                      ///< [population] number of cores, at least 1.
  std::vector<std::pair<uint32_t, uint32_t>> edges; ///< Source and target population: every core to every core. Repeats count once.
  std::vector<uint32_t> weights;                    ///< [population] packets of each core; empty: 1 each.
  std::vector<std::vector<uint32_t>> together;      ///< Populations whose cores must share one chip.

  uint32_t totalCores() const;
};

struct PlaceTasksOptions {
  uint64_t seed = 0;
  /// Moves tried per population; of a population's further cores, eight count as one.
  uint32_t movesPerUnit = 400;
  uint64_t mostMoves = 2000000;
  /// Independent searches, of which the best is taken: the result depends on it, and on threads never.
  unsigned replicas = 1;
  unsigned threads = 1; ///< At most one per replica.
};

/// [core] -> place. Minimises the estimated number of links that packets cross, on places and links that work. Deterministic.
/// Errors: RNV6052 (no core, an edge of no population), RNV6053 (DoesNotFit: more cores than the machine has, or a set that must
/// share a chip and does not fit one).
Result<std::vector<uint32_t>> placeTasks(const TaskGraph &graph, const MachineGraph &machine,
                                         const PlaceTasksOptions &options = {});

/// A tree of links from a place to all places that hold a target. A link stands behind the one that leads to its start.
struct MulticastTree {
  struct Hop {
    uint32_t from = 0, to = 0;
    uint8_t port = 0;
    bool operator==(const Hop &) const = default;
  };
  uint32_t root = 0;
  std::vector<Hop> hops;
};

struct Routes {
  std::vector<MulticastTree> trees;
  std::vector<uint32_t> treeOf; ///< [core] cores of one population on one place share a tree.
  uint64_t hops = 0;            ///< Sum over cores of the links of their tree, times the weight.
  uint64_t worstLink = 0;       ///< Packets over the busiest link when every core sends its weight.
};

/// Short trees (Steiner points included), ties broken by the load that links already carry. Errors: RNV6052.
Result<Routes> routeTasks(const TaskGraph &graph, const MachineGraph &machine, const std::vector<uint32_t> &placeOf);

/// First key and mask of each core's block of keys: one key a neuron.
struct KeyBlock {
  uint32_t key = 0, mask = 0;
  bool operator==(const KeyBlock &) const = default;
};
/// Cores that stand together have neighbouring keys, so that tables compress. `neuronsPerCore`: keys of a block, rounded up to a
/// power of two. Errors: RNV6055 (DoesNotFit: more than 32 bits).
Result<std::vector<KeyBlock>> assignKeys(const MachineGraph &machine, const std::vector<uint32_t> &placeOf, const Routes &routes,
                                         uint32_t neuronsPerCore);

/// Bit of a route word for a core of a chip, as SpiNNaker numbers them: links below, core k (from 1) at 6 + k.
constexpr unsigned firstCoreBit = 6;

/// [place] one entry for each core's keys where its packets pass or end. [core] -> number of the core on its place, from 1.
struct PlaceTables {
  std::vector<RoutingTable> tables;
  std::vector<uint32_t> coreOnPlace;
};
/// Errors: RNV6052, RNV6056 (a place holds more cores than a route word has bits for).
Result<PlaceTables> makeTables(const TaskGraph &graph, const MachineGraph &machine, const std::vector<uint32_t> &placeOf,
                               const Routes &routes, const std::vector<KeyBlock> &keys);

/// Sends one packet of every core through the tables, as the routers would, default routes included, and checks that it reaches
/// each core that it must exactly once and no other. Errors: RNV6057 naming core, place and what was wrong.
Result<void> walkTables(const TaskGraph &graph, const MachineGraph &machine, const std::vector<uint32_t> &placeOf,
                        const std::vector<KeyBlock> &keys, const PlaceTables &tables);

} // namespace ranvier::mapping

#endif
