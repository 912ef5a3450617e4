//===- Blocks.h - A routing table as disjoint blocks of keys ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the compressors. The bits of the keys are reordered so that those that most entries care about come first; then each
// block is a prefix, and only bits that tell blocks apart are kept.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_ROUTE_BLOCKS_H
#define RANVIER_LIB_MAPPING_ROUTE_BLOCKS_H

#include "ranvier/Mapping/RoutingTable.h"
#include <optional>

namespace ranvier::mapping::detail {

/// Keys whose first `length` of `Blocks::bits` bits equal those of `key` (held in the high end of Blocks::bits bits).
struct Block {
  uint32_t key = 0;
  uint8_t length = 0;
  bool defaultable = false;
  uint32_t route = 0; ///< Number of the route, into Blocks::routes.
};

struct Blocks {
  unsigned bits = 0;             ///< Of a reduced key; bit bits-1 comes first.
  std::vector<uint8_t> position; ///< [bits] reduced bit -> bit of the original key.
  std::vector<uint32_t> routes;  ///< Distinct routes, ascending.
  std::vector<Block> blocks;     ///< Disjoint, ascending by key.

  /// A cube of reduced keys as an entry of the original ones: bits that were left out are not cared about.
  RoutingEntry entry(uint32_t key, uint32_t mask, uint32_t route) const;
};

/// Errors: RNV6040, RNV6041.
Result<Blocks> makeBlocks(const RoutingTable &table);

/// The shortest table of prefixes, most specific first; by dynamic programming over the tree of blocks.
RoutingTable prefixTable(const Blocks &blocks);

/// The shortest table whose cubes lie within each other or apart, for tables of at most 128 keys, all of full length, and 64
/// routes. Nothing: the table is larger, or has more than `mostParts` parts to look at.
std::optional<RoutingTable> treeTable(const Blocks &blocks, size_t mostParts);

/// An ordered table over reduced keys of at most `annealBits` bits, found by a seeded search that stops at `floor` entries.
constexpr unsigned annealBits = 14;
RoutingTable annealedTable(const Blocks &blocks, uint32_t floor, uint64_t steps, uint64_t seed);

/// An ordered table found by a seeded search that starts from `prefixes` and joins their cubes; for any number of keys, in at most
/// 4,096 prefixes of one route each. Nothing: there are more. Not always shorter than `prefixes`.
std::optional<RoutingTable> searchedTable(const Blocks &blocks, const RoutingTable &prefixes, uint32_t floor, uint64_t steps,
                                          uint64_t seed);

} // namespace ranvier::mapping::detail

#endif
