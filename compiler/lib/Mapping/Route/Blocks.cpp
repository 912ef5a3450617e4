//===- Blocks.cpp - A routing table as disjoint blocks of keys ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Blocks.h"
#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <span>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

constexpr size_t maxBlocks = size_t(1) << 22;

std::string hex(uint32_t word) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08X", word);
  return text;
}

/// Moves bit position[i] of a word to bit bits-1-i.
uint32_t gatherBits(uint32_t word, const std::vector<uint8_t> &position) {
  uint32_t out = 0;
  for (const uint8_t bit : position)
    out = out << 1 | (word >> bit & 1);
  return out;
}

/// Splits the space of reduced keys until each part is decided by its first matching entry, or matched by none.
class Splitter {
public:
  Splitter(Blocks &out, const std::vector<RoutingEntry> &entries) : out(out), entries(entries) {}

  /// `live`: entries that match some key of the part, in order of priority. False: too many blocks.
  bool split(uint32_t key, unsigned length, std::span<const uint32_t> live) {
    if (live.empty())
      return true;
    const uint32_t below = length >= 32 ? 0u : ~0u >> length >> (32 - out.bits); // Bits not yet decided.
    const RoutingEntry &first = entries[live[0]];
    if ((first.mask & below) == 0)
      return add(key, length, first);
    const uint32_t bit = 1u << (out.bits - 1 - length);
    std::vector<uint32_t> part;
    part.reserve(live.size());
    for (const uint32_t value : {0u, bit}) {
      part.clear();
      for (const uint32_t index : live)
        if (((entries[index].key ^ value) & entries[index].mask & bit) == 0)
          part.push_back(index);
      if (!split(key | value, length + 1, part))
        return false;
    }
    return true;
  }

private:
  bool add(uint32_t key, unsigned length, const RoutingEntry &entry) {
    out.blocks.push_back({key, static_cast<uint8_t>(length), entry.defaultable, entry.route});
    return out.blocks.size() <= maxBlocks;
  }

  Blocks &out;
  const std::vector<RoutingEntry> &entries;
};

/// Tables of distinct full-length keys, the usual case, need no splitting.
bool addExactKeys(Blocks &out, const std::vector<RoutingEntry> &entries) {
  const uint32_t all = out.bits >= 32 ? ~0u : (1u << out.bits) - 1;
  if (std::any_of(entries.begin(), entries.end(), [&](const RoutingEntry &entry) { return entry.mask != all; }))
    return false;
  for (const RoutingEntry &entry : entries)
    out.blocks.push_back({entry.key, static_cast<uint8_t>(out.bits), entry.defaultable, entry.route});
  std::stable_sort(out.blocks.begin(), out.blocks.end(), [](const Block &a, const Block &b) { return a.key < b.key; });
  out.blocks.erase(std::unique(out.blocks.begin(), out.blocks.end(), [](const Block &a, const Block &b) { return a.key == b.key; }),
                   out.blocks.end());
  return true;
}

} // namespace

RoutingEntry Blocks::entry(uint32_t key, uint32_t mask, uint32_t route) const {
  RoutingEntry result{0, 0, routes[route], false};
  for (unsigned i = 0; i < bits; ++i) {
    const uint32_t reduced = 1u << (bits - 1 - i);
    if (mask & reduced) {
      result.mask |= 1u << position[i];
      if (key & reduced)
        result.key |= 1u << position[i];
    }
  }
  return result;
}

Result<Blocks> detail::makeBlocks(const RoutingTable &table) {
  Blocks out;
  uint32_t ones = ~0u, zeros = ~0u;
  std::array<uint32_t, 32> cares{};
  for (size_t i = 0; i < table.size(); ++i) {
    const RoutingEntry &entry = table[i];
    if (entry.key & ~entry.mask)
      return Error{.code = 6040,
                   .message = "a routing entry matches nothing: its key has bits outside its mask",
                   .place = "entry " + std::to_string(i),
                   .expected = "key & ~mask == 0",
                   .found = "key " + hex(entry.key) + ", mask " + hex(entry.mask)};
    ones &= entry.key;
    zeros &= ~entry.key & entry.mask;
    for (unsigned bit = 0; bit < 32; ++bit)
      cares[bit] += entry.mask >> bit & 1;
    out.routes.push_back(entry.route);
  }
  std::sort(out.routes.begin(), out.routes.end());
  out.routes.erase(std::unique(out.routes.begin(), out.routes.end()), out.routes.end());
  // A bit that is the same in all entries tells nothing apart; keys with the other value are none of the table's.
  for (int bit = 31; bit >= 0; --bit)
    if (cares[bit] && !((ones | zeros) >> bit & 1))
      out.position.push_back(static_cast<uint8_t>(bit));
  std::stable_sort(out.position.begin(), out.position.end(), [&](uint8_t a, uint8_t b) { return cares[a] > cares[b]; });
  out.bits = static_cast<unsigned>(out.position.size());

  std::vector<RoutingEntry> reduced;
  reduced.reserve(table.size());
  for (const RoutingEntry &entry : table)
    reduced.push_back(
        {gatherBits(entry.key, out.position), gatherBits(entry.mask, out.position),
         static_cast<uint32_t>(std::lower_bound(out.routes.begin(), out.routes.end(), entry.route) - out.routes.begin()),
         entry.defaultable});
  if (out.bits == 0) {
    if (!reduced.empty())
      out.blocks.push_back({0, 0, reduced[0].defaultable, reduced[0].route});
    return out;
  }
  if (addExactKeys(out, reduced))
    return out;
  std::vector<uint32_t> live(reduced.size());
  std::iota(live.begin(), live.end(), 0u);
  if (!Splitter(out, reduced).split(0, 0, live))
    return Error{.code = 6041,
                 .message = "the entries of a routing table overlap in too many ways",
                 .expected = "at most " + std::to_string(maxBlocks) + " disjoint blocks",
                 .found = "more",
                 .kind = ErrorKind::Unsupported};
  return out;
}
