//===- MapLarge.cpp - Networks of a hundred million synapses --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "MapCandidate.h"
#include "Search.h"
#include <algorithm>
#include <numeric>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

/// Slices of a core by population and neuron, neighbours joined: how an order came to them is of no use to anybody.
static void tidy(Mapping &mapping) {
  for (CoreAssignment &core : mapping.cores) {
    std::sort(core.slices.begin(), core.slices.end(),
              [](const Slice &a, const Slice &b) { return std::tie(a.population, a.first) < std::tie(b.population, b.first); });
    std::vector<Slice> joined;
    for (const Slice &slice : core.slices)
      if (!joined.empty() && joined.back().population == slice.population &&
          joined.back().first + joined.back().count == slice.first)
        joined.back().count += slice.count;
      else
        joined.push_back(slice);
    core.slices = std::move(joined);
  }
}

/// The first message between cores with a closed way; its sender stands for all neurons of its core.
static std::optional<Undelivered> closedWay(const Candidate &candidate, const hw::Chip &chip) {
  const hw::Blockages blockages(chip);
  if (blockages.none())
    return std::nullopt;
  const hw::Plane plane(chip);
  const Mapping &mapping = candidate.mapping;
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (uint64_t e = candidate.messages.ptr[c]; e < candidate.messages.ptr[c + 1]; ++e) {
      const uint32_t to = candidate.messages.edges[e].to;
      std::string obstacle = blockages.on(tileOf(plane, mapping.cores[c]), tileOf(plane, mapping.cores[to]));
      if (!obstacle.empty())
        return Undelivered{mapping.cores[c].slices[0].population, mapping.cores[c].slices[0].first, c, to, std::move(obstacle)};
    }
  return std::nullopt;
}

/// Gives the cores these sites and counts what that costs.
static void settleOn(Candidate &candidate, const Sites &sites, uint64_t seed, bool near) {
  Mapping &mapping = candidate.mapping;
  candidate.result = {};
  candidate.result.placed = candidate.messages.edges.size() <= mostEdges;
  std::vector<uint32_t> siteOf(mapping.cores.size());
  std::iota(siteOf.begin(), siteOf.end(), 0u);
  if (candidate.result.placed)
    siteOf =
        near ? improveCores(coreGraph(candidate.messages), sites, seed) : placeCores(coreGraph(candidate.messages), sites, seed);
  for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
    mapping.cores[c].chip = sites[siteOf[c]].chip;
    mapping.cores[c].core = sites[siteOf[c]].core;
  }
  candidate.result.cores = mapping.cores.size();
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (uint64_t e = candidate.messages.ptr[c]; e < candidate.messages.ptr[c + 1]; ++e) {
      const Messages::Edge &edge = candidate.messages.edges[e];
      const uint32_t a = siteOf[c], b = siteOf[edge.to];
      candidate.result.spikeHops += edge.spikes * (sites.distance(a, b) - sites.extra(a, b));
      candidate.result.messages += edge.to != c ? edge.spikes : 0;
    }
}

Result<void> detail::settle(Candidate &candidate, const Network &nodes, const hw::Chip &chip, uint64_t seed, bool near) {
  std::optional<Error> failure;
  for (const bool safe : {false, true}) {
    const Sites sites(chip, candidate.mapping.cores.size(), safe);
    if (sites.size() < candidate.mapping.cores.size())
      break;
    settleOn(candidate, sites, seed, near);
    const auto message = closedWay(candidate, chip);
    if (!message)
      return {};
    if (!failure)
      failure = noOpenPlacement(nodes, chip, candidate.mapping, *message);
  }
  RANVIER_ASSERT(failure, "without faults the first sites suffice");
  return std::move(*failure);
}

static Result<Candidate> follow(const Network &network, const hw::Chip &chip, const Incoming &into,
                                const std::vector<uint32_t> &level, bool found, const LargeOptions &options, unsigned threads) {
  const Clock::time_point start = Clock::now();
  Candidate candidate;
  const std::vector<Slice> order = found ? foundOrder(network, chip, into) : givenOrder(network, level);
  RANVIER_TRY(candidate.mapping, fill(network, chip, into, level, order, /*aligned=*/!found));
  tidy(candidate.mapping);
  candidate.messages = messagesBetween(network, candidate.mapping, options.rates, threads);
  RANVIER_CHECK(settle(candidate, network, chip, options.seed));
  candidate.result.seconds = since(start);
  return candidate;
}

void detail::reorder(Candidate &candidate, const std::vector<uint32_t> &order) {
  std::vector<uint32_t> now(order.size());
  for (uint32_t c = 0; c < order.size(); ++c)
    now[order[c]] = c;
  Mapping mapping;
  Messages messages;
  messages.edges.reserve(candidate.messages.edges.size());
  for (uint32_t c : order) {
    mapping.cores.push_back(std::move(candidate.mapping.cores[c]));
    for (uint64_t e = candidate.messages.ptr[c]; e < candidate.messages.ptr[c + 1]; ++e) {
      messages.edges.push_back(candidate.messages.edges[e]);
      messages.edges.back().to = now[messages.edges.back().to];
    }
    messages.ptr.push_back(messages.edges.size());
  }
  candidate.mapping = std::move(mapping);
  candidate.messages = std::move(messages);
}

/// Sorted as every mapping is.
static void sortCores(Candidate &candidate) {
  std::vector<uint32_t> order(candidate.mapping.cores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const CoreAssignment &left = candidate.mapping.cores[a], &right = candidate.mapping.cores[b];
    return std::tie(left.level, left.chip, left.core) < std::tie(right.level, right.chip, right.core);
  });
  reorder(candidate, order);
}

Result<void> detail::finish(Candidate &best, const hw::Chip &chip, LargeMapping &out, const std::function<Result<void>()> &check) {
  sortCores(best);
  const Clock::time_point routing = Clock::now();
  out.links = linkLoads(chip, best.mapping, spreadsOf(best.messages));
  out.routeSeconds = since(routing);
  const Clock::time_point checking = Clock::now();
  RANVIER_CHECK(check());
  out.checkSeconds = since(checking);
  std::set<uint32_t> chips;
  for (const CoreAssignment &core : best.mapping.cores)
    chips.insert(core.chip);
  out.chips = chips.size();
  out.mapping = std::move(best.mapping);
  return {};
}

Result<void> detail::checkUnicast(const hw::Chip &chip) {
  if (!chip.multicastTrees)
    return {};
  return Error{.code = 6084,
               .message = "large networks are mapped by messages between pairs of cores, and '" + chip.name + "' sends along trees",
               .file = chip.path,
               .place = "topology.multicast_trees",
               .expected = "false",
               .found = "true",
               .hint = "`compile` and `map partition` count trees",
               .kind = ErrorKind::Unsupported};
}

Result<LargeMapping> mapping::mapLarge(const Network &network, const hw::Chip &chip, const LargeOptions &options) {
  RANVIER_CHECK(checkUnicast(chip));
  RANVIER_CHECK(checkNetwork(network));
  RANVIER_CHECK(checkAgainstChip(network, chip));
  RANVIER_CHECK(checkRates(network, options.rates));
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  // A core holds neurons of one level; growth does not look at levels.
  const bool search = std::all_of(level.begin(), level.end(), [](uint32_t l) { return l == 0; });
  LargeMapping out;
  std::optional<Incoming> into = incoming(network);
  auto both = bothOrders<Candidate>(search, options.threads, [&](bool found, unsigned threads) {
    return follow(network, chip, *into, level, found, options, threads);
  });
  into.reset();
  RANVIER_TRY(Candidate best, takeCheaper(both, out));
  RANVIER_CHECK(finish(best, chip, out, [&] { return checkMapping(network, chip, best.mapping); }));
  return out;
}
