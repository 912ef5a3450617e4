//===- Peers.h - METIS, Scotch and Zoltan on a hypergraph -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_PEERS_H
#define RANVIER_LIB_MAPPING_PARTITION_PEERS_H

#include "Hypergraph.h"
#include "ranvier/Mapping/ComparePartitioners.h"

namespace ranvier::mapping::detail {

struct PeerTask {
  uint32_t cores = 0;
  double imbalance = 1.03;           ///< Largest allowed part over the mean one, by `vertexWeight`.
  std::vector<int32_t> vertexWeight; ///< [vertex] what fills a core.
  uint64_t seed = 0;
};
/// [vertex] -> part. METIS minimises communication volume and Zoltan PHG connectivity, each a net counted once a part; Scotch
/// minimises the cut, the only objective it has. Errors: RNV6073 (the library failed or is absent).
Result<std::vector<uint32_t>> runPeer(Peer peer, const Hypergraph &graph, const PeerTask &task);

} // namespace ranvier::mapping::detail

#endif
