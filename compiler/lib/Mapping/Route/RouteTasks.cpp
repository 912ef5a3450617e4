//===- RouteTasks.cpp - Trees, keys and tables ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Place/CanonicalOrder.h"
#include "Steiner.h"
#include <algorithm>
#include <bit>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

Result<void> checkPlaces(const Tasks &tasks, const MachineGraph &machine, const std::vector<uint32_t> &placeOf) {
  if (placeOf.size() != tasks.cores())
    return Error{.code = 6052,
                 .message = "wrong number of placed cores",
                 .place = "placement",
                 .expected = std::to_string(tasks.cores()),
                 .found = std::to_string(placeOf.size())};
  std::vector<uint32_t> used(machine.size(), 0);
  for (uint32_t core = 0; core < placeOf.size(); ++core)
    if (placeOf[core] >= machine.size() || ++used[placeOf[core]] > machine.cores(placeOf[core]))
      return Error{.code = 6052,
                   .message = "a core stands on a place that does not exist, does not work or is full",
                   .place = "core " + std::to_string(core),
                   .expected = "a place with room",
                   .found = std::to_string(placeOf[core])};
  return {};
}

/// Places of a population's cores, ascending, and how many stand on each.
std::map<uint32_t, uint32_t> spread(const Tasks &tasks, const std::vector<uint32_t> &placeOf, uint32_t population) {
  std::map<uint32_t, uint32_t> places;
  for (uint32_t core = tasks.first[population]; core < tasks.first[population + 1]; ++core)
    ++places[placeOf[core]];
  return places;
}

} // namespace

Result<Routes> mapping::routeTasks(const TaskGraph &graph, const MachineGraph &machine, const std::vector<uint32_t> &placeOf) {
  RANVIER_TRY(const Tasks tasks, readTasks(graph));
  RANVIER_CHECK(checkPlaces(tasks, machine, placeOf));
  Routes routes;
  routes.treeOf.resize(tasks.cores());
  TreeBuilder builder(machine);
  // Trees go around the load of those before them.
  for (const uint32_t population : canonicalOrder(tasks)) {
    std::vector<uint32_t> targets;
    for (const uint32_t target : tasks.feeds[population])
      for (const auto &[place, count] : spread(tasks, placeOf, target))
        targets.push_back(place);
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    std::map<uint32_t, uint32_t> made;
    for (const auto &[place, count] : spread(tasks, placeOf, population)) {
      for (const uint32_t target : targets)
        RANVIER_ASSERT(machine.distance(place, target) != MachineGraph::unreachable, "places that have cores reach each other");
      const uint64_t packets = uint64_t(count) * tasks.weights[population];
      made[place] = static_cast<uint32_t>(routes.trees.size());
      routes.trees.push_back(builder.build(place, targets, packets));
      routes.hops += packets * routes.trees.back().hops.size();
    }
    for (uint32_t core = tasks.first[population]; core < tasks.first[population + 1]; ++core)
      routes.treeOf[core] = made[placeOf[core]];
  }
  routes.worstLink = builder.worstLink();
  return routes;
}

Result<std::vector<KeyBlock>> mapping::assignKeys(const MachineGraph &machine, const std::vector<uint32_t> &placeOf,
                                                  const Routes &routes, uint32_t neuronsPerCore) {
  // Places in the order of a Z curve: places near each other share the first bits of their keys.
  const auto interleave = [](uint32_t x, uint32_t y) {
    uint64_t code = 0;
    for (unsigned bit = 0; bit < 32; ++bit)
      code |= uint64_t(x >> bit & 1) << (2 * bit + 1) | uint64_t(y >> bit & 1) << (2 * bit);
    return code;
  };
  std::vector<std::vector<uint32_t>> cores(machine.size());
  for (uint32_t core = 0; core < placeOf.size(); ++core)
    cores[placeOf[core]].push_back(core);
  std::vector<uint32_t> order;
  size_t most = 1;
  for (uint32_t place = 0; place < machine.size(); ++place)
    if (!cores[place].empty()) {
      order.push_back(place);
      most = std::max(most, cores[place].size());
    }
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return interleave(a / machine.height(), a % machine.height()) < interleave(b / machine.height(), b % machine.height());
  });
  const unsigned neuronBits = static_cast<unsigned>(std::bit_width(std::max(1u, neuronsPerCore) - 1));
  const unsigned coreBits = static_cast<unsigned>(std::bit_width(most - 1)),
                 placeBits = static_cast<unsigned>(std::bit_width(order.size() - 1));
  if (neuronBits + coreBits + placeBits > 32)
    return Error{.code = 6055,
                 .message = "the keys of all cores do not fit 32 bits",
                 .place = "keys",
                 .expected = "at most 32 bits",
                 .found = std::to_string(neuronBits) + " for neurons, " + std::to_string(coreBits) + " for cores of a chip, " +
                          std::to_string(placeBits) + " for chips",
                 .hint = "put fewer neurons on a core",
                 .kind = ErrorKind::DoesNotFit};
  const uint32_t mask = neuronBits == 32 ? 0 : ~0u << neuronBits;
  std::vector<KeyBlock> keys(placeOf.size());
  for (size_t rank = 0; rank < order.size(); ++rank) {
    auto &here = cores[order[rank]];
    // Cores with one tree side by side: one entry may stand for them all.
    std::stable_sort(here.begin(), here.end(), [&](uint32_t a, uint32_t b) { return routes.treeOf[a] < routes.treeOf[b]; });
    for (size_t k = 0; k < here.size(); ++k)
      keys[here[k]] = {static_cast<uint32_t>((uint64_t(rank) << coreBits | k) << neuronBits), mask};
  }
  return keys;
}

Result<PlaceTables> mapping::makeTables(const TaskGraph &graph, const MachineGraph &machine, const std::vector<uint32_t> &placeOf,
                                        const Routes &routes, const std::vector<KeyBlock> &keys) {
  RANVIER_TRY(const Tasks tasks, readTasks(graph));
  RANVIER_CHECK(checkPlaces(tasks, machine, placeOf));
  PlaceTables out;
  out.tables.resize(machine.size());
  out.coreOnPlace.resize(tasks.cores());
  std::vector<uint32_t> used(machine.size(), 0);
  for (uint32_t core = 0; core < tasks.cores(); ++core)
    if ((out.coreOnPlace[core] = ++used[placeOf[core]]) > 31 - firstCoreBit)
      return Error{.code = 6056,
                   .message = "a chip holds more cores than a route word has bits for",
                   .place = "place " + std::to_string(placeOf[core]),
                   .expected = "at most " + std::to_string(31 - firstCoreBit),
                   .found = std::to_string(used[placeOf[core]])};
  std::vector<uint32_t> word(machine.size(), 0);
  std::vector<uint8_t> cameBy(machine.size(), 0xFF);
  for (uint32_t population = 0; population < tasks.populations(); ++population) {
    std::map<uint32_t, uint32_t> local; // place -> bits of target cores
    for (const uint32_t target : tasks.feeds[population])
      for (uint32_t core = tasks.first[target]; core < tasks.first[target + 1]; ++core)
        local[placeOf[core]] |= 1u << (firstCoreBit + out.coreOnPlace[core]);
    for (uint32_t core = tasks.first[population]; core < tasks.first[population + 1] && !local.empty(); ++core) {
      const MulticastTree &tree = routes.trees[routes.treeOf[core]];
      std::vector<uint32_t> places{tree.root};
      cameBy[tree.root] = 0xFF;
      for (const auto &hop : tree.hops) {
        word[hop.from] |= 1u << hop.port;
        cameBy[hop.to] = hop.port;
        places.push_back(hop.to);
      }
      for (const uint32_t place : places) {
        const bool straight = place != tree.root && word[place] == 1u << cameBy[place] && !local.count(place);
        if (const auto at = local.find(place); at != local.end())
          word[place] |= at->second;
        out.tables[place].push_back({keys[core].key, keys[core].mask, word[place], straight});
        word[place] = 0;
      }
    }
  }
  for (RoutingTable &table : out.tables)
    std::sort(table.begin(), table.end(), [](const RoutingEntry &a, const RoutingEntry &b) { return a.key < b.key; });
  return out;
}

Result<void> mapping::walkTables(const TaskGraph &graph, const MachineGraph &machine, const std::vector<uint32_t> &placeOf,
                                 const std::vector<KeyBlock> &keys, const PlaceTables &tables) {
  RANVIER_TRY(const Tasks tasks, readTasks(graph));
  struct At {
    uint32_t place;
    unsigned port; ///< By which it came; ports() for the sender's own place.
  };
  std::vector<uint32_t> coreAt(size_t(machine.size()) * 32, ~0u);
  for (uint32_t core = 0; core < tasks.cores(); ++core)
    coreAt[size_t(placeOf[core]) * 32 + tables.coreOnPlace[core]] = core;
  std::vector<uint32_t> visit(machine.size(), ~0u), got(tasks.cores(), ~0u);
  for (uint32_t core = 0; core < tasks.cores(); ++core) {
    const uint32_t key = keys[core].key;
    const auto wrong = [&](uint32_t place, const std::string &what) {
      return Error{.code = 6057,
                   .message = "a packet of core " + std::to_string(core) + " " + what,
                   .place = "place " + std::to_string(place)};
    };
    size_t reached = 0, expected = 0;
    const auto &feeds = tasks.feeds[tasks.populationOf[core]];
    for (const uint32_t target : feeds)
      expected += tasks.first[target + 1] - tasks.first[target];
    std::vector<At> stack;
    if (expected)
      stack.push_back({placeOf[core], machine.ports()});
    while (!stack.empty()) {
      const auto [place, port] = stack.back();
      stack.pop_back();
      if (visit[place] == core)
        return wrong(place, "comes to a place twice");
      visit[place] = core;
      const auto entry = std::find_if(tables.tables[place].begin(), tables.tables[place].end(),
                                      [&](const RoutingEntry &one) { return (key & one.mask) == one.key; });
      if (entry == tables.tables[place].end() && port == machine.ports())
        return wrong(place, "has no entry where it starts");
      const uint32_t route = entry == tables.tables[place].end() ? 1u << port : entry->route;
      for (uint32_t bits = route; bits; bits &= bits - 1) {
        const unsigned bit = static_cast<unsigned>(std::countr_zero(bits));
        if (bit < machine.ports()) {
          const auto links = machine.links(place);
          const auto link = std::find_if(links.begin(), links.end(), [&](const Link &one) { return one.port == bit; });
          if (link == links.end())
            return wrong(place, "leaves by a link that does not work");
          stack.push_back({link->to, bit});
          continue;
        }
        const uint32_t found = bit < firstCoreBit ? ~0u : coreAt[size_t(place) * 32 + bit - firstCoreBit];
        if (found == ~0u || !std::binary_search(feeds.begin(), feeds.end(), tasks.populationOf[found]))
          return wrong(place, "reaches a core that it must not");
        if (got[found] == core)
          return wrong(place, "reaches a core twice");
        got[found] = core;
        ++reached;
      }
    }
    if (reached != expected)
      return wrong(placeOf[core], "reaches " + std::to_string(reached) + " of " + std::to_string(expected) + " cores");
  }
  return {};
}
