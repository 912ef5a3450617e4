//===- VerifyTable.cpp - Is a compressed table the same table? ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks both tables at once: the space of keys is halved until the first matching entry of either table is the same for all keys of
// a part, and then the two routes are compared. Exact for any masks and any overlap; parts without keys of the original end at
// once.
//===----------------------------------------------------------------------===//
#include "ranvier/Mapping/RoutingTable.h"
#include <bit>
#include <cstdio>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {

using Live = std::vector<uint32_t>;

std::string hex(uint32_t word) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08X", word);
  return text;
}

class Comparison {
public:
  Comparison(const RoutingTable &original, const RoutingTable &compressed) : original(original), compressed(compressed) {}

  /// `value` on the bits of `decided`; the lists hold the entries that match some key of the part, in order.
  Result<void> run(uint32_t value, uint32_t decided, const Live &old, const Live &now) {
    if (old.empty())
      return {};
    const RoutingEntry &wanted = original[old[0]];
    uint32_t open = wanted.mask & ~decided;
    if (open == 0) {
      if (now.empty())
        return wanted.defaultable ? Result<void>() : wrong(value, wanted.route, "no entry");
      const RoutingEntry &taken = compressed[now[0]];
      open = taken.mask & ~decided;
      if (open == 0)
        return taken.route == wanted.route ? Result<void>() : wrong(value, wanted.route, hex(taken.route));
    }
    const uint32_t bit = std::bit_floor(open);
    for (const uint32_t half : {0u, bit})
      RANVIER_CHECK(run(value | half, decided | bit, matching(original, old, bit, half), matching(compressed, now, bit, half)));
    return {};
  }

private:
  static Live matching(const RoutingTable &table, const Live &live, uint32_t bit, uint32_t half) {
    Live out;
    for (const uint32_t index : live)
      if (((table[index].key ^ half) & table[index].mask & bit) == 0)
        out.push_back(index);
    return out;
  }
  static Error wrong(uint32_t key, uint32_t route, const std::string &found) {
    return Error{.code = 6042,
                 .message = "a compressed routing table sends a key elsewhere than the original",
                 .place = "key " + hex(key),
                 .expected = "route " + hex(route),
                 .found = found};
  }

  const RoutingTable &original, &compressed;
};

} // namespace

Result<void> mapping::verifyTable(const RoutingTable &original, const RoutingTable &compressed) {
  Live old(original.size()), now(compressed.size());
  std::iota(old.begin(), old.end(), 0u);
  std::iota(now.begin(), now.end(), 0u);
  return Comparison(original, compressed).run(0, 0, old, now);
}
