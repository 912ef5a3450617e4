//===- CoreState.h - What every core holds, kept while neurons move -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Use of every limit on every core and the cost of the whole mapping, exact after every move: counted as measure() counts.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_PARTITION_CORESTATE_H
#define RANVIER_LIB_MAPPING_PARTITION_CORESTATE_H

#include "../Place/CorePlacer.h"
#include "Hypergraph.h"
#include <unordered_map>

namespace ranvier::mapping::detail {

class CoreState {
public:
  enum Resource { Neurons, Memory, AxonsIn, AxonsOut, Accumulators, NeuronConfigs, Thresholds, Program, Tables, ResourceCount };
  struct Entry {
    uint32_t core, count;
  };

  /// All vertices stand nowhere at first. Cores stand on the sites in order.
  CoreState(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, uint32_t cores);
  /// Moves a vertex; `to` may be nowhere. Limits may be exceeded.
  void move(uint32_t vertex, uint32_t to);
  void assign(const std::vector<uint32_t> &coreOf);
  /// Puts the cores on other sites.
  void place(const std::vector<uint32_t> &sites);

  const std::vector<uint32_t> &partition() const { return part; }
  uint32_t coreOf(uint32_t vertex) const { return part[vertex]; }
  uint32_t cores() const { return coreCount; }
  int64_t cost() const { return total; }
  /// Pairs of core and limit that are over.
  uint64_t violations() const { return over; }
  bool overLimit(uint32_t core) const;
  /// By how much the core is over its limits, each as a share of the limit.
  double excess(uint32_t core) const;
  uint64_t used(uint32_t core, Resource resource) const { return use[size_t(core) * ResourceCount + resource]; }
  uint64_t bound(Resource resource) const { return bounds[resource]; }
  uint32_t distance(uint32_t a, uint32_t b) const { return sites.distance(siteOf[a], siteOf[b]); }
  const std::vector<uint32_t> &placement() const { return siteOf; }
  /// Cores that the list reaches, and with how many synapses.
  std::span<const Entry> reached(uint32_t list) const { return {entries.data() + first[list], sizes[list]}; }
  uint32_t levelOf(uint32_t core) const { return level[core]; }
  CoreGraph traffic() const;
  uint64_t messages() const;

private:
  void change(uint32_t core, Resource resource, int64_t by) {
    uint64_t &value = use[size_t(core) * ResourceCount + resource];
    over -= value > bounds[resource];
    value += static_cast<uint64_t>(by);
    over += value > bounds[resource];
  }
  /// Count of the list on the core before it changed by `by`.
  uint32_t count(uint32_t list, uint32_t core, int by);
  void synapse(uint32_t row, uint32_t core, int by);
  void home(uint32_t vertex, uint32_t core, int by);
  void holdings(uint32_t vertex, uint32_t core, int by);
  uint64_t bits(uint32_t projection, uint32_t synapses) const {
    const auto &row = rowBits[projection];
    return synapses < row.size() ? row[synapses]
                                 : chip.storage.bits(synapses, formats[projection].weightBits, formats[projection].delayBits,
                                                     formats[projection].indexBits);
  }

  const Hypergraph &graph;
  const hw::Chip &chip;
  const Sites &sites;
  const std::vector<RowFormat> formats;
  const Configs configs;
  uint32_t coreCount;
  std::array<uint64_t, ResourceCount> bounds;
  std::vector<uint64_t> use;
  std::vector<uint32_t> part, level, siteOf;
  std::vector<std::vector<uint64_t>> rowBits; ///< [projection][synapses], for short rows.
  /// [projection][core]: rows of it there; empty where rows do not share weights.
  std::vector<std::vector<uint32_t>> kernelRows;
  std::vector<uint64_t> first; ///< [list] of its entries.
  std::vector<uint32_t> sizes; ///< [list]
  std::vector<Entry> entries;
  bool countsConfigs, countsThresholds, countsPrograms, countsTables;
  std::unordered_map<uint64_t, uint32_t> holders; ///< (kind, core, number) -> neurons.
  int64_t total = 0;
  uint64_t over = 0;
};

} // namespace ranvier::mapping::detail

#endif
