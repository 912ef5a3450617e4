// Compression of routing tables: same routes for every key, as short as it can be proven, and a checker that finds every change.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/RoutingTable.h"
#include "ranvier/Support/Random.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <map>
#include <optional>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {

/// Route by plain search; nothing where no entry matches.
std::optional<RoutingEntry> lookUp(const RoutingTable &table, uint32_t key) {
  for (const RoutingEntry &entry : table)
    if ((key & entry.mask) == entry.key)
      return entry;
  return std::nullopt;
}

/// Every key of 0..keys-1 (other bits as `high`), one by one.
void checkSame(const RoutingTable &original, const RoutingTable &shorter, uint32_t keys, uint32_t high = 0) {
  for (uint32_t key = 0; key < keys; ++key) {
    const auto wanted = lookUp(original, key | high);
    if (!wanted)
      continue;
    const auto found = lookUp(shorter, key | high);
    CAPTURE(key);
    if (found)
      REQUIRE(found->route == wanted->route);
    else
      REQUIRE(wanted->defaultable);
  }
}

struct Draw {
  uint32_t seed, number = 0;
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(uint64_t(randomWord(seed, number++, 1, 0)) * bound >> 32); }
};

enum class Kind { Exact, Prefixes, Anything };

RoutingTable randomTable(uint32_t seed, Kind kind, unsigned bits, uint32_t entries, uint32_t routes, uint32_t high) {
  Draw draw{seed};
  RoutingTable table;
  std::set<uint32_t> used;
  for (uint32_t i = 0; i < entries; ++i) {
    uint32_t key = draw.below(1u << bits), mask = ~0u;
    if (kind == Kind::Prefixes)
      mask <<= draw.below(bits);
    if (kind == Kind::Anything)
      for (unsigned b = 0; b < bits; ++b)
        mask &= draw.below(3) ? ~0u : ~(1u << b);
    key = (key | high) & mask;
    if (kind == Kind::Exact && !used.insert(key).second)
      continue;
    table.push_back({key, mask, 1u << draw.below(routes), draw.below(3) == 0});
  }
  return table;
}

/// Fewest entries of any ordered table, by trying all of up to `most` entries over cubes of `bits` bits.
bool possible(const RoutingTable &original, unsigned bits, unsigned most, RoutingTable &partial,
              const std::vector<uint32_t> &routes) {
  bool good = true;
  for (uint32_t key = 0; key < 1u << bits && good; ++key)
    if (const auto wanted = lookUp(original, key)) {
      const auto found = lookUp(partial, key);
      good = found ? found->route == wanted->route : wanted->defaultable;
    }
  if (good)
    return true;
  if (partial.size() == most)
    return false;
  const uint32_t all = (1u << bits) - 1;
  for (uint32_t mask = 0; mask <= all; ++mask)
    for (uint32_t key = 0; key <= all; ++key)
      if (!(key & ~mask))
        for (const uint32_t route : routes) {
          partial.push_back({key, mask, route, false});
          if (possible(original, bits, most, partial, routes))
            return true;
          partial.pop_back();
        }
  return false;
}

} // namespace

TEST_CASE("random tables of every kind keep every route") {
  for (const Kind kind : {Kind::Exact, Kind::Prefixes, Kind::Anything})
    for (uint32_t seed = 0; seed < 40; ++seed) {
      CAPTURE(int(kind));
      CAPTURE(seed);
      const uint32_t high = seed % 2 ? 0x5A000000u : 0;
      const RoutingTable table = randomTable(seed, kind, 8, 3 + seed * 3, 1 + seed % 7, high);
      auto shorter = compressTable(table, {.seed = seed});
      REQUIRE(bool(shorter));
      CHECK(shorter->size() <= table.size());
      checkSame(table, *shorter, 256, high);
      auto verified = verifyTable(table, *shorter);
      CHECK_MESSAGE(bool(verified), (verified ? "" : verified.error().str()));
      auto again = compressTable(table, {.seed = seed});
      CHECK(*again == *shorter);
    }
}

TEST_CASE("tables of every size up to a full space") {
  CHECK(compressTable({})->empty());
  CHECK(compressTable({{7, ~0u, 3, false}})->size() == 1);
  CHECK(compressTable({{7, ~0u, 3, true}})->empty());                        // The packet finds its way alone.
  CHECK(compressTable({{0, 0, 1, false}, {5, ~0u, 2, false}})->size() == 1); // The second never matched.
  RoutingTable full;
  for (uint32_t key = 0; key < 4096; ++key)
    full.push_back({key, ~0u, key < 4000 ? 1u : 2u, false});
  auto shorter = compressTable(full);
  REQUIRE(bool(shorter));
  CHECK(shorter->size() == 3); // 4000..4095 is 4000..4031 and 4032..4095; all others in one.
  checkSame(full, *shorter, 4096);
}

TEST_CASE("a defaultable key is dropped only if nothing else takes it") {
  // One route for all but key 2, which would go straight on; a single entry for the others would catch it.
  const RoutingTable table = {{0, ~0u, 1, false}, {1, ~0u, 1, false}, {2, ~0u, 4, true}, {3, ~0u, 1, false}};
  auto shorter = compressTable(table);
  REQUIRE(bool(shorter));
  CHECK(shorter->size() == 2);
  checkSame(table, *shorter, 4);
  CHECK(bool(verifyTable(table, *shorter)));
  CHECK_FALSE(bool(verifyTable(table, {{0, 0, 1, false}})));
}

TEST_CASE("small tables come out as short as any table can be") {
  unsigned compared = 0;
  for (uint32_t seed = 100; seed < 112; ++seed) {
    const RoutingTable table = randomTable(seed, Kind::Exact, 3, 8, 3, 0);
    auto shorter = compressTable(table, {.stepsPerEntry = 20000});
    REQUIRE(bool(shorter));
    CAPTURE(seed);
    checkSame(table, *shorter, 8);
    std::set<uint32_t> routes;
    for (const RoutingEntry &entry : table)
      routes.insert(entry.route);
    if (shorter->empty() || shorter->size() > 3)
      continue; // The exhaustive search would take too long.
    RoutingTable partial;
    CHECK_FALSE(possible(table, 3, static_cast<unsigned>(shorter->size()) - 1, partial, {routes.begin(), routes.end()}));
    ++compared;
  }
  CHECK(compared >= 4);
}

TEST_CASE("the search finds what trees of prefixes cannot") {
  // 600 keys of 11 bits with 60 routes at random: partly overlapping cubes pay.
  Draw draw{77};
  RoutingTable table;
  for (uint32_t key = 0; key < 2048; ++key)
    if (draw.below(10) < 3)
      table.push_back({key, ~0u, 1u + draw.below(60), false});
  auto prefixes = compressTable(table, {.stepsPerEntry = 0, .mostParts = 0});
  auto searched = compressTable(table);
  REQUIRE(bool(prefixes));
  REQUIRE(bool(searched));
  CHECK(searched->size() < prefixes->size());
  CHECK(searched->size() >= entryLowerBound(table));
  checkSame(table, *searched, 2048);
}

TEST_CASE("cubes are joined across prefixes in tables of many keys") {
  // The route follows from bit 7 alone, which prefixes reach after eight others; 65,536 keys are too many to search one by one.
  RoutingTable table;
  for (uint32_t high = 0; high < 256; ++high)
    for (uint32_t bit = 0; bit < 2; ++bit)
      if (high % 5 != 2 || bit == 0)
        table.push_back({high << 8 | bit << 7, 0xFF80u, high == 77 ? 9u : 1u + bit, false});
  auto prefixes = compressTable(table, {.stepsPerEntry = 0, .mostParts = 0});
  auto searched = compressTable(table);
  REQUIRE(bool(prefixes));
  REQUIRE(bool(searched));
  CHECK(prefixes->size() > 100);
  CHECK(searched->size() <= 6); // 3 at best.
  checkSame(table, *searched, 65536);
  CHECK(bool(verifyTable(table, *searched)));
}

TEST_CASE("tables of many keys keep every route") {
  for (uint32_t seed = 0; seed < test::cases(4, 12); ++seed) {
    Draw draw{seed + 500};
    RoutingTable table; // Runs of equal route and of keys that would go straight on, with gaps; 16 bits.
    for (uint32_t key = 0; key < 65536;) {
      const uint32_t length = 1 + draw.below(seed % 2 ? 3000 : 200), route = 1u + draw.below(6);
      const uint32_t kind = draw.below(5);
      for (const uint32_t end = std::min(key + length, 65536u); key < end; ++key)
        if (kind)
          table.push_back({key, ~0u, route, kind == 1});
    }
    CAPTURE(seed);
    auto prefixes = compressTable(table, {.stepsPerEntry = 0, .mostParts = 0});
    auto searched = compressTable(table, {.stepsPerEntry = 50, .seed = seed});
    REQUIRE(bool(prefixes));
    REQUIRE(bool(searched));
    CHECK(searched->size() <= prefixes->size());
    checkSame(table, *searched, 65536);
    CHECK(bool(verifyTable(table, *searched)));
  }
}

TEST_CASE("the checker finds a changed route, mask and key, and a lost entry") {
  const RoutingTable table = randomTable(5, Kind::Exact, 9, 120, 6, 0);
  auto shorter = compressTable(table);
  REQUIRE(bool(shorter));
  unsigned noticed = 0;
  for (size_t i = 0; i < shorter->size(); ++i) {
    RoutingTable changed = *shorter;
    changed[i].route ^= 1u << 31;
    if (auto same = verifyTable(table, changed); !same) {
      ++noticed;
      CHECK(same.error().code == 6042);
      CHECK(same.error().expected != same.error().found);
    }
    changed = *shorter;
    changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
    bool differs = false;
    for (const RoutingEntry &entry : table) {
      const auto found = lookUp(changed, entry.key);
      differs |= found ? found->route != entry.route : !entry.defaultable;
    }
    CHECK(bool(verifyTable(table, changed)) == !differs);
  }
  CHECK(noticed == shorter->size()); // No entry of the result is there for nothing.
}

TEST_CASE("an entry that matches nothing is refused") {
  auto refused = compressTable({{1, ~0u, 1, false}, {3, 1, 1, false}});
  REQUIRE_FALSE(bool(refused));
  CHECK(refused.error().code == 6040);
  CHECK(refused.error().place == "entry 1");
}

TEST_CASE("masks that scatter over all bits are refused before they fill the memory") {
  // Each entry cares about two bits of 32 of its own: their disjoint form has about 3^16 blocks.
  RoutingTable table;
  for (unsigned i = 0; i < 16; ++i)
    table.push_back({3u << 2 * i, 3u << 2 * i, 1u << i, false});
  auto refused = compressTable(table);
  REQUIRE_FALSE(bool(refused));
  CHECK(refused.error().code == 6041);
}
