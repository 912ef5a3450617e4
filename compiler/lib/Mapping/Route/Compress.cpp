//===- Compress.cpp - Shorter multicast tables ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Blocks.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// Distinct routes of blocks that need an entry.
uint32_t lowerBound(const Blocks &blocks) {
  std::vector<uint8_t> needed(blocks.routes.size(), 0);
  for (const Block &block : blocks.blocks)
    needed[block.route] |= !block.defaultable;
  return static_cast<uint32_t>(std::count(needed.begin(), needed.end(), 1));
}

} // namespace

uint32_t mapping::entryLowerBound(const RoutingTable &table) {
  std::vector<uint32_t> routes;
  for (const RoutingEntry &entry : table)
    if (!entry.defaultable)
      routes.push_back(entry.route);
  std::sort(routes.begin(), routes.end());
  return static_cast<uint32_t>(std::unique(routes.begin(), routes.end()) - routes.begin());
}

Result<RoutingTable> mapping::compressTable(const RoutingTable &table, const CompressOptions &options) {
  RANVIER_TRY(const Blocks blocks, makeBlocks(table));
  RoutingTable best = prefixTable(blocks);
  const uint32_t floor = lowerBound(blocks);
  const auto take = [&](RoutingTable other) {
    if (other.size() < best.size())
      best = std::move(other);
  };
  const bool exactKeys =
      std::all_of(blocks.blocks.begin(), blocks.blocks.end(), [&](const Block &block) { return block.length == blocks.bits; });
  if (best.size() > floor && exactKeys && options.mostParts)
    if (auto tree = treeTable(blocks, options.mostParts))
      take(*std::move(tree));
  const uint64_t steps = std::min<uint64_t>(options.maxSteps, uint64_t(options.stepsPerEntry) * best.size());
  if (best.size() > floor && exactKeys && blocks.bits <= annealBits)
    take(annealedTable(blocks, floor, steps, options.seed));
  else if (best.size() > floor)
    if (auto searched = searchedTable(blocks, best, floor, steps, options.seed))
      take(*std::move(searched));
  if (best.size() > table.size())
    best = table;
  return best;
}
