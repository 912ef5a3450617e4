//===- Steiner.h - Short trees over a machine -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to compiler/lib/Mapping.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_ROUTE_STEINER_H
#define RANVIER_LIB_MAPPING_ROUTE_STEINER_H

#include "ranvier/Mapping/PlaceRoute.h"

namespace ranvier::mapping::detail {

/// Builds one tree after the other and keeps what every link carries, so that later trees avoid busy links where it costs no
/// length.
class TreeBuilder {
public:
  explicit TreeBuilder(const MachineGraph &machine);
  /// `targets`: distinct places, all reachable from `root` (which may be among them). `packets`: what the tree will carry.
  MulticastTree build(uint32_t root, const std::vector<uint32_t> &targets, uint64_t packets);
  uint64_t worstLink() const;

private:
  void addSteinerPoints(std::vector<uint32_t> &nodes) const;
  uint32_t spanningTree(const std::vector<uint32_t> &nodes, std::vector<uint32_t> &parent) const;
  void grow(uint32_t root, const std::vector<uint32_t> &nodes);
  void walk(uint32_t from, uint32_t to);
  void prune(const std::vector<uint32_t> &targets);
  bool reconnect(const std::vector<uint32_t> &targets);
  void attach(uint32_t place, uint32_t parent, uint8_t port);
  MulticastTree finish(uint32_t root);

  const MachineGraph &machine;
  std::vector<uint64_t> load; ///< [place * ports + port]
  // The tree under construction.
  static constexpr uint32_t outside = ~0u;
  std::vector<uint32_t> parentOf; ///< [place] `outside` if not in the tree; the root is its own parent.
  std::vector<uint8_t> portOf;    ///< [place] port of the parent that leads here.
  std::vector<uint32_t> children; ///< [place] number of them.
  std::vector<uint8_t> isTarget;  ///< [place]
  std::vector<uint32_t> inTree;   ///< Places in the order in which they joined.
  std::vector<uint32_t> waiting;  ///< Nodes not reached yet, with the nearest place of the tree.
  std::vector<uint32_t> nearest;
  std::vector<uint16_t> gap;
};

} // namespace ranvier::mapping::detail

#endif
