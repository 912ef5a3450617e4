//===- RuleReach.cpp - Which cores a neuron reaches by rule ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Rules.h"
#include <algorithm>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;
using Kind = ProjectionRule::Kind;

namespace {

/// A core that neurons of a population reach other than one to one.
struct Destination {
  uint32_t core;
  uint64_t most; ///< Sources that can reach it.
  bool exact;    ///< All do.
};

/// Destinations of slices.
class Reach {
public:
  Reach(const RuleTables &tables, const SlicesOf &where) : tables(tables), where(where), broad(where.size()) {
    for (uint32_t p = 0; p < where.size(); ++p)
      if (!tables.network.nodes.populations[p].input)
        broad[p] = destinations(p);
  }
  /// Pairs of cores, but for those joined one to one only.
  uint64_t pairs(const Mapping &mapping) const {
    uint64_t sum = 0;
    for (const CoreAssignment &core : mapping.cores)
      for (const Slice &slice : core.slices)
        sum += broad[slice.population].size();
    return sum;
  }
  /// Calls fn(core, neurons, exact, intervals) for every core that the slice reaches; intervals: the neurons, empty for any.
  template <typename Fn> void forEach(const Slice &slice, Fn &&fn) const;

private:
  using Interval = std::pair<uint32_t, uint32_t>;
  std::vector<Destination> destinations(uint32_t population) const;

  const RuleTables &tables;
  const SlicesOf &where;
  std::vector<std::vector<Destination>> broad; ///< [population] sorted by core.
};

} // namespace

static uint64_t plus(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

std::vector<Destination> Reach::destinations(uint32_t population) const {
  std::vector<Destination> found;
  for (uint32_t r : tables.outOf[population]) {
    const ProjectionRule &rule = tables.network.rules[r];
    if (rule.kind == Kind::OneToOne)
      continue;
    for (const auto &[core, slice] : where[rule.target]) {
      const RuleRows rows = tables.rows(r, slice);
      if (rows.sources.value)
        found.push_back({core, rows.everySource ? UINT64_MAX : rows.sources.value, rows.everySource});
    }
  }
  std::sort(found.begin(), found.end(), [](const Destination &a, const Destination &b) { return a.core < b.core; });
  size_t kept = 0;
  for (const Destination &next : found)
    if (kept && found[kept - 1].core == next.core) {
      found[kept - 1].most = plus(found[kept - 1].most, next.most);
      found[kept - 1].exact |= next.exact;
    } else {
      found[kept++] = next;
    }
  found.resize(kept);
  return found;
}

template <typename Fn> void Reach::forEach(const Slice &slice, Fn &&fn) const {
  const std::vector<Destination> &everywhere = broad[slice.population];
  for (const Destination &to : everywhere)
    fn(to.core, std::min<uint64_t>(slice.count, to.most), to.exact, std::vector<Interval>{});
  std::map<uint32_t, std::vector<Interval>> single; // One-to-one, by core.
  for (uint32_t r : tables.outOf[slice.population]) {
    const ProjectionRule &rule = tables.network.rules[r];
    if (rule.kind != Kind::OneToOne || rule.skipsSelf)
      continue;
    const auto &slices = where[rule.target];
    auto at = std::upper_bound(slices.begin(), slices.end(), slice.first,
                               [](uint32_t first, const auto &entry) { return first < entry.second.first; });
    for (at -= at != slices.begin(); at != slices.end() && at->second.first < slice.first + slice.count; ++at) {
      const uint32_t first = std::max(slice.first, at->second.first);
      const uint32_t end = std::min(slice.first + slice.count, at->second.first + at->second.count);
      if (first < end)
        single[at->first].push_back({first, end});
    }
  }
  for (auto &[core, intervals] : single) {
    const auto same =
        std::lower_bound(everywhere.begin(), everywhere.end(), core, [](const Destination &d, uint32_t c) { return d.core < c; });
    const bool known = same != everywhere.end() && same->core == core;
    if (known && same->most >= slice.count)
      continue; // Counted above, all of them.
    std::sort(intervals.begin(), intervals.end());
    std::vector<Interval> joined;
    uint64_t count = 0;
    for (const Interval &next : intervals) {
      const uint32_t first = joined.empty() ? next.first : std::max(next.first, joined.back().second);
      if (first < next.second) {
        joined.push_back({first, next.second});
        count += next.second - first;
      }
    }
    if (known) // Some of them may be among those that were counted.
      fn(core, std::min(count, slice.count - same->most), false, std::vector<Interval>{});
    else
      fn(core, count, true, joined);
  }
}

std::vector<Count> detail::outputAxons(const RuleTables &tables, const Mapping &mapping, const SlicesOf &where) {
  const Reach reach(tables, where);
  std::vector<Count> axons(mapping.cores.size());
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices)
      reach.forEach(slice, [&](uint32_t, uint64_t neurons, bool exact, const auto &) { axons[c] += Count{neurons, exact}; });
  return axons;
}

Result<Messages> detail::ruleMessages(const RuleTables &tables, const Mapping &mapping, const SlicesOf &where, const Rates &rates,
                                      bool &exact) {
  constexpr uint64_t mostPairs = 50'000'000; // 800 MB.
  const Reach reach(tables, where);
  if (const uint64_t pairs = reach.pairs(mapping); pairs > mostPairs)
    return Error{.code = 6090,
                 .message = "too many pairs of cores exchange messages to place and route them",
                 .place = "network '" + tables.network.nodes.name + "'",
                 .expected = "at most " + std::to_string(mostPairs) + " pairs",
                 .found = std::to_string(pairs) + ", with " + std::to_string(mapping.cores.size()) + " cores",
                 .hint = "let fewer populations reach each other",
                 .kind = ErrorKind::DoesNotFit};
  std::vector<std::vector<uint64_t>> spikes; // [population][neuron] of all neurons before.
  for (const auto &list : rates) {
    std::vector<uint64_t> sums{0};
    for (uint32_t rate : list)
      sums.push_back(sums.back() + rate);
    spikes.push_back(std::move(sums));
  }
  Messages messages;
  exact = true;
  std::map<uint32_t, Messages::Edge> row;
  for (const CoreAssignment &core : mapping.cores) {
    row.clear();
    for (const Slice &slice : core.slices)
      reach.forEach(slice, [&](uint32_t to, uint64_t neurons, bool known, const auto &intervals) {
        Messages::Edge &edge = row[to];
        edge.to = to;
        edge.neurons += static_cast<uint32_t>(neurons);
        exact &= known;
        if (rates.empty())
          edge.spikes += neurons;
        else if (const auto &sums = spikes[slice.population]; intervals.empty())
          edge.spikes += sums[slice.first + slice.count] - sums[slice.first];
        else
          for (const auto &[first, end] : intervals)
            edge.spikes += sums[end] - sums[first];
      });
    for (const auto &[to, edge] : row)
      messages.edges.push_back(edge);
    messages.ptr.push_back(messages.edges.size());
  }
  return messages;
}
