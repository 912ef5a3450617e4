//===- SameChip.cpp - Populations that must share a chip ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SameChip.h"
#include "Place/ChipGroups.h"
#include <algorithm>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

static std::string text(uint64_t value) { return std::to_string(value); }

std::string detail::namesOf(const Network &network, const std::vector<uint32_t> &populations) {
  constexpr size_t most = 6; // A message is read by people.
  std::string list;
  for (size_t i = 0; i < std::min(most, populations.size()); ++i)
    list += (i ? ", '" : "'") + network.populations[populations[i]].name + "'";
  return populations.size() > most ? list + " and " + text(populations.size() - most) + " more" : list;
}

static Error noSuchMember(const Network &network, size_t set, const std::string &found) {
  std::vector<uint32_t> members;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    if (!network.populations[p].input)
      members.push_back(p);
  return Error{.code = 6091,
               .message = "a set of populations that must share a chip names what stands on no core",
               .place = "set " + text(set + 1),
               .expected = members.empty() ? "a population that is not an input" : "populations of " + namesOf(network, members),
               .found = found,
               .hint = "sets hold the network's populations by name; inputs stand on no core"};
}

Result<PopulationSets> mapping::populationSets(const Network &network, const std::vector<std::vector<std::string>> &names) {
  std::map<std::string, uint32_t> numbers;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    numbers.emplace(network.populations[p].name, p);
  PopulationSets sets;
  for (size_t s = 0; s < names.size(); ++s) {
    sets.emplace_back();
    for (const std::string &name : names[s]) {
      const auto at = numbers.find(name);
      if (at == numbers.end() || network.populations[at->second].input)
        return noSuchMember(network, s, at == numbers.end() ? "'" + name + "'" : "'" + name + "', an input");
      sets.back().push_back(at->second);
    }
  }
  return unite(network, sets);
}

Result<PopulationSets> mapping::unite(const Network &network, const PopulationSets &sets) {
  std::vector<uint32_t> leader(network.populations.size());
  for (uint32_t p = 0; p < leader.size(); ++p)
    leader[p] = p;
  const auto root = [&](uint32_t p) {
    while (leader[p] != p)
      p = leader[p] = leader[leader[p]];
    return p;
  };
  std::vector<uint8_t> named(leader.size(), 0);
  for (size_t s = 0; s < sets.size(); ++s) {
    if (sets[s].empty())
      return noSuchMember(network, s, "no population");
    for (const uint32_t p : sets[s]) {
      if (p >= leader.size() || network.populations[p].input)
        return noSuchMember(network, s,
                            p < leader.size() ? "'" + network.populations[p].name + "', an input" : "number " + text(p));
      named[p] = 1;
      const uint32_t a = root(sets[s][0]), b = root(p);
      leader[std::max(a, b)] = std::min(a, b);
    }
  }
  std::map<uint32_t, std::vector<uint32_t>> members; // The smallest population leads.
  for (uint32_t p = 0; p < leader.size(); ++p)
    if (named[p])
      members[root(p)].push_back(p);
  PopulationSets united;
  for (auto &[first, set] : members)
    united.push_back(std::move(set));
  return united;
}

Result<void> mapping::checkSameChip(const Network &network, const Mapping &mapping, const PopulationSets &sets) {
  RANVIER_TRY(const PopulationSets united, unite(network, sets));
  std::vector<uint32_t> setOf(network.populations.size(), nowhere);
  for (uint32_t s = 0; s < united.size(); ++s)
    for (const uint32_t p : united[s])
      setOf[p] = s;
  struct First {
    const CoreAssignment *core = nullptr;
    uint32_t population = 0;
  };
  std::vector<First> first(united.size());
  for (const CoreAssignment &core : mapping.cores)
    for (const Slice &slice : core.slices) {
      const uint32_t set = setOf[slice.population];
      if (set == nowhere)
        continue;
      if (!first[set].core)
        first[set] = {&core, slice.population};
      if (first[set].core->chip != core.chip)
        return Error{.code = 6094,
                     .message = "populations that must share a chip do not: set of " + namesOf(network, united[set]),
                     .place = "population '" + network.populations[slice.population].name + "', neurons from " + text(slice.first),
                     .expected = "chip " + text(first[set].core->chip) + ", where '" +
                                 network.populations[first[set].population].name + "' is",
                     .found = nameOfCore(core)};
    }
  return {};
}

Result<SameChip> SameChip::of(const Network &network, const hw::Chip &chip, const PopulationSets &sets) {
  SameChip same;
  RANVIER_TRY(same.united, unite(network, sets));
  if (chip.maxChips <= 1)
    same.united.clear();
  same.setOf.assign(network.populations.size(), nowhere);
  for (uint32_t s = 0; s < same.united.size(); ++s)
    for (const uint32_t p : same.united[s])
      same.setOf[p] = s;
  return same;
}

std::vector<uint32_t> SameChip::classes(const std::vector<uint32_t> &level) const {
  std::vector<uint32_t> result;
  for (size_t p = 0; p < level.size(); ++p)
    result.push_back(level[p] * modulus() + (empty() || setOf[p] == nowhere ? 0 : setOf[p] + 1));
  return result;
}

GroupOf SameChip::groupsOf(const Mapping &mapping) const {
  GroupOf groups;
  if (!empty())
    for (const CoreAssignment &core : mapping.cores)
      groups.push_back(setOf[core.slices[0].population]);
  return groups;
}

/// Cores that work, by chip that is not dead.
static std::vector<uint32_t> roomOf(const hw::Chip &chip) {
  std::vector<uint32_t> dead(chip.maxChips, 0), room;
  for (const hw::Faults::Core &core : chip.faults.cores)
    if (core.chip < dead.size())
      ++dead[core.chip];
  for (uint32_t c = 0; c < chip.maxChips; ++c)
    if (!chip.faults.isDead(c))
      room.push_back(chip.coresPerChip() - dead[c]);
  return room;
}

Result<void> SameChip::fit(const Network &network, const hw::Chip &chip, const Mapping &mapping) const {
  if (empty())
    return {};
  std::vector<uint32_t> sizes(united.size(), 0);
  std::vector<std::map<uint32_t, uint32_t>> of(united.size()); // [set] population -> cores with neurons of it.
  const GroupOf groups = groupsOf(mapping);
  for (size_t c = 0; c < groups.size(); ++c) {
    if (groups[c] == nowhere)
      continue;
    ++sizes[groups[c]];
    std::map<uint32_t, uint32_t> here;
    for (const Slice &slice : mapping.cores[c].slices)
      here[slice.population] = 1;
    for (const auto &[population, one] : here)
      ++of[groups[c]][population];
  }
  const std::vector<uint32_t> room = roomOf(chip);
  const uint32_t most = room.empty() ? 0 : *std::max_element(room.begin(), room.end());
  const std::string less = most < chip.coresPerChip() ? ", less " + text(chip.coresPerChip() - most) + " dead" : "";
  for (size_t s = 0; s < sizes.size(); ++s)
    if (sizes[s] > most) {
      const auto largest = std::max_element(of[s].begin(), of[s].end(), [](auto &a, auto &b) { return a.second < b.second; });
      return Error{.code = 6092,
                   .message = "populations that must share a chip need " + text(sizes[s] - most) +
                              " more cores than any chip of '" + chip.name + "' offers",
                   .place = "set of " + namesOf(network, united[s]),
                   .expected = "at most " + text(most) + " cores (a chip of " + text(chip.coresPerChip()) + less + ")",
                   .found = text(sizes[s]),
                   .hint = "take a population out of the set: '" + network.populations[largest->first].name + "' alone is on " +
                           text(largest->second) + " cores",
                   .kind = ErrorKind::DoesNotFit};
    }
  if (arrange(sizes, room))
    return {};
  std::vector<uint32_t> sorted = sizes;
  std::sort(sorted.rbegin(), sorted.rend());
  std::string list;
  for (size_t i = 0; i < std::min<size_t>(8, sorted.size()); ++i)
    list += (i ? ", " : "") + text(sorted[i]);
  return Error{.code = 6093,
               .message = "no arrangement was found in which every set of populations that must share a chip has room on one",
               .place = "network '" + network.name + "'",
               .expected = "sets that " + text(room.size()) + " chips of at most " + text(most) + " cores hold" +
                           (less.empty() ? "" : " (a chip of " + text(chip.coresPerChip()) + less + ")"),
               .found = "sets of " + list + (sorted.size() > 8 ? ", ..." : "") + " cores",
               .hint = "make sets smaller or fewer, or describe a machine of more chips",
               .kind = ErrorKind::DoesNotFit};
}
