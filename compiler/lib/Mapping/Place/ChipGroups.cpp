//===- ChipGroups.cpp - Cores that must share a chip ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ChipGroups.h"
#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

std::optional<std::vector<uint32_t>> detail::arrange(const std::vector<uint32_t> &sizes, std::vector<uint32_t> room) {
  std::vector<uint32_t> order(sizes.size()), chipOf(sizes.size(), nowhere);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return sizes[a] > sizes[b]; });
  uint64_t steps = uint64_t(1 + sizes.size()) * room.size() + 1'000'000;
  const std::function<bool(size_t)> put = [&](size_t at) {
    if (at == order.size())
      return true;
    const uint32_t group = order[at];
    std::set<uint32_t> tried; // Chips with equal room are alike.
    for (uint32_t chip = 0; chip < room.size() && steps; ++chip) {
      --steps;
      if (room[chip] < sizes[group] || !tried.insert(room[chip]).second)
        continue;
      room[chip] -= sizes[group];
      chipOf[group] = chip;
      if (put(at + 1))
        return true;
      room[chip] += sizes[group];
    }
    return false;
  };
  if (!put(0))
    return std::nullopt;
  return chipOf;
}

/// The same with groups numbered from 0 without gaps and groups of one core, which are free, left out.
static GroupOf withoutSingles(const GroupOf &groupOf, std::vector<uint32_t> &sizes) {
  std::map<uint32_t, uint32_t> cores, number;
  for (const uint32_t group : groupOf)
    if (group != nowhere)
      ++cores[group];
  for (const auto &[group, count] : cores)
    if (count > 1) {
      number[group] = static_cast<uint32_t>(sizes.size());
      sizes.push_back(count);
    }
  GroupOf result;
  for (const uint32_t group : groupOf)
    result.push_back(number.contains(group) ? number[group] : nowhere);
  return result;
}

/// [site] -> its chip, numbered in the order of the sites.
static std::vector<uint32_t> chipsOf(const Sites &sites, uint32_t &chips) {
  std::map<uint32_t, uint32_t> number;
  std::vector<uint32_t> chipOf;
  for (size_t site = 0; site < sites.size(); ++site)
    chipOf.push_back(number.emplace(sites[site].chip, static_cast<uint32_t>(number.size())).first->second);
  chips = static_cast<uint32_t>(number.size());
  return chipOf;
}

std::optional<std::vector<uint32_t>> detail::firstSites(const Sites &sites, size_t cores, const GroupOf &groupOf) {
  std::vector<uint32_t> siteOf(cores, nowhere), sizes;
  const GroupOf groups = withoutSingles(groupOf, sizes);
  if (sizes.empty()) {
    std::iota(siteOf.begin(), siteOf.end(), 0u);
    return siteOf;
  }
  uint32_t chips = 0;
  const std::vector<uint32_t> chipOf = chipsOf(sites, chips);
  std::vector<uint32_t> room(chips, 0);
  for (const uint32_t chip : chipOf)
    ++room[chip];
  const auto arranged = arrange(sizes, room);
  if (!arranged)
    return std::nullopt;
  std::vector<uint8_t> taken(sites.size(), 0);
  std::vector<uint32_t> next(chips, 0), first(chips, 0);
  for (uint32_t site = static_cast<uint32_t>(chipOf.size()); site-- > 0;)
    first[chipOf[site]] = site;
  for (uint32_t core = 0; core < cores; ++core) {
    if (groups[core] == nowhere)
      continue;
    const uint32_t chip = (*arranged)[groups[core]]; // The sites of a chip follow one another.
    siteOf[core] = first[chip] + next[chip]++;
    taken[siteOf[core]] = 1;
  }
  uint32_t free = 0;
  for (uint32_t core = 0; core < cores; ++core)
    if (siteOf[core] == nowhere) {
      while (taken[free])
        ++free;
      siteOf[core] = free++;
    }
  return siteOf;
}

std::optional<Sites> detail::sitesFor(const hw::Chip &chip, size_t cores, const GroupOf &groupOf, bool safe) {
  for (size_t wanted = cores;;) {
    Sites sites(chip, wanted, safe);
    if (sites.size() >= cores && (groupOf.empty() || firstSites(sites, cores, groupOf)))
      return sites;
    if (groupOf.empty() || sites.size() < wanted) // The machine has no more.
      return std::nullopt;
    wanted = safe ? wanted + wanted / 4 + 1 : sites.size() + 1;
  }
}

ChipGroups::ChipGroups(const GroupOf &all, const Sites &sites) {
  uint32_t chips = 0;
  std::vector<uint32_t> sizes;
  if (all.empty())
    return;
  chipOf = chipsOf(sites, chips);
  groupOf = withoutSingles(all, sizes);
  if (chips < 2 || sizes.empty())
    return;
  members.resize(sizes.size());
  for (uint32_t core = 0; core < groupOf.size(); ++core)
    if (groupOf[core] != nowhere)
      members[groupOf[core]].push_back(core);
  sitesOn.resize(chips);
  for (uint32_t site = 0; site < chipOf.size(); ++site)
    sitesOn[chipOf[site]].push_back(site);
}

std::vector<uint32_t> ChipGroups::sitesOfGroup(uint32_t group, const std::vector<uint32_t> &siteOf) const {
  std::vector<uint32_t> list;
  for (const uint32_t core : members[group])
    list.push_back(siteOf[core]);
  std::sort(list.begin(), list.end());
  return list;
}

std::vector<uint32_t> ChipGroups::ungrouped(uint32_t chip, const std::vector<uint32_t> &coreOn) const {
  std::vector<uint32_t> list;
  for (const uint32_t site : sitesOn[chip])
    if (coreOn[site] == nowhere || groupOf[coreOn[site]] == nowhere)
      list.push_back(site);
  return list;
}

ChipGroups::Pairs ChipGroups::propose(const std::vector<uint32_t> &siteOf, const std::vector<uint32_t> &coreOn,
                                      RandomStream &random) const {
  const uint32_t chips = static_cast<uint32_t>(sitesOn.size());
  const uint32_t group = random.below(static_cast<uint32_t>(members.size()));
  const uint32_t from = chipOf[siteOf[members[group][0]]];
  uint32_t to = random.below(chips - 1);
  to += to >= from;
  std::vector<uint32_t> leaving = sitesOfGroup(group, siteOf), coming, there;
  for (const uint32_t site : sitesOn[to])
    if (coreOn[site] != nowhere && groupOf[coreOn[site]] != nowhere)
      if (const uint32_t other = groupOf[coreOn[site]]; std::find(there.begin(), there.end(), other) == there.end())
        there.push_back(other);
  if (!there.empty() && random.word() & 1)
    coming = sitesOfGroup(there[random.below(static_cast<uint32_t>(there.size()))], siteOf);
  // The larger of the two takes the sites of the smaller and others beside each other, so that it keeps its shape where it can.
  const bool more = leaving.size() >= coming.size();
  std::vector<uint32_t> &large = more ? leaving : coming, &small = more ? coming : leaving;
  const uint32_t lacking = static_cast<uint32_t>(large.size() - small.size());
  const std::vector<uint32_t> others = lacking ? ungrouped(more ? to : from, coreOn) : std::vector<uint32_t>{};
  if (others.size() < lacking)
    return {};
  const uint32_t first = lacking ? random.below(static_cast<uint32_t>(others.size()) - lacking + 1) : 0;
  small.insert(small.end(), others.begin() + first, others.begin() + first + lacking);
  std::sort(small.begin(), small.end());
  Pairs pairs;
  for (size_t i = 0; i < large.size(); ++i)
    pairs.push_back({large[i], small[i]});
  return pairs;
}
