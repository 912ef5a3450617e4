//===- MapRules.cpp - Networks whose projections are rules ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Partition/MapCandidate.h"
#include "../Partition/Search.h"
#include "Rules.h"
#include <algorithm>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

std::vector<RuleUse> mapping::measureRules(const RuleNetwork &network, const hw::Chip &chip, const Mapping &mapping) {
  const RuleTables tables(network, chip, {});
  const std::vector<Count> axons = outputAxons(tables, mapping, slicesOf(network, mapping));
  std::vector<RuleUse> use;
  for (size_t c = 0; c < mapping.cores.size(); ++c) {
    use.push_back(tables.useOf(mapping.cores[c].slices));
    use.back().use.axonsOut = axons[c].value;
    use.back().exactAxonsOut = axons[c].exact;
  }
  return use;
}

Result<void> mapping::checkRules(const RuleNetwork &network, const hw::Chip &chip, const Mapping &mapping) {
  RANVIER_CHECK(checkRuleNetwork(network, chip));
  RANVIER_TRY(const std::vector<uint32_t> level, levels(delaysOf(network)));
  RANVIER_CHECK(detail::checkMapping(network.nodes, chip, mapping, level)); // Places, coverage, and what needs no synapses.
  const std::vector<RuleUse> use = measureRules(network, chip, mapping);
  for (size_t c = 0; c < use.size(); ++c)
    for (const Limit &limit : limits(chip))
      if (limit.bound && use[c].use.*limit.use > limit.bound)
        return Error{.code = 6025,
                     .message = std::string("perhaps more ") + limit.name + " than a core of '" + chip.name + "' has",
                     .place = "chip " + std::to_string(mapping.cores[c].chip) + ", core " + std::to_string(mapping.cores[c].core) +
                              " (population '" + network.nodes.populations[mapping.cores[c].slices[0].population].name + "')",
                     .expected = "at most " + std::to_string(limit.bound) + " for any draw",
                     .found = std::to_string(use[c].use.*limit.use),
                     .hint = "give the core fewer neurons, or leave the mapping to the partitioner",
                     .kind = ErrorKind::DoesNotFit};
  return {};
}

namespace {
struct RuleCandidate : Candidate {
  bool exact = true;
};
} // namespace

/// Moves whole populations to where their messages have less far to go: first of all they decide where cores come to lie. Cores
/// that follow each other with the same population are one block, and a block stands in the middle of its cores.
static void placeBlocks(Candidate &candidate, const hw::Chip &chip, uint64_t seed) {
  const uint32_t cores = static_cast<uint32_t>(candidate.mapping.cores.size());
  const auto populationOf = [&](uint32_t c) { return candidate.mapping.cores[c].slices[0].population; };
  std::vector<uint32_t> blockOf(cores, 0), first{0};
  for (uint32_t c = 1; c < cores; ++c) {
    if (populationOf(c) != populationOf(c - 1))
      first.push_back(c);
    blockOf[c] = static_cast<uint32_t>(first.size() - 1);
  }
  const uint32_t blocks = static_cast<uint32_t>(first.size());
  const Sites sites(chip, cores);
  if (blocks < 3 || sites.alike)
    return;
  first.push_back(cores);
  std::vector<uint32_t> middles, slotOf;
  for (uint32_t b = 0; b < blocks; ++b) {
    middles.push_back((first[b] + first[b + 1]) / 2);
    slotOf.push_back(b);
  }
  Messages between;
  std::map<uint32_t, uint64_t> row;
  for (uint32_t b = 0; b < blocks; ++b) {
    row.clear();
    for (uint64_t e = candidate.messages.ptr[first[b]]; e < candidate.messages.ptr[first[b + 1]]; ++e)
      row[blockOf[candidate.messages.edges[e].to]] += candidate.messages.edges[e].spikes;
    for (const auto &[to, spikes] : row)
      between.edges.push_back({to, 0, spikes});
    between.ptr.push_back(between.edges.size());
  }
  const CoreGraph graph = coreGraph(between);
  uint64_t links = 1;
  for (const auto &ties : graph)
    links += ties.size();
  // Twice as many distances as one search for single cores looks at. Warm, so that what the order says is not all forgotten.
  const uint64_t proposals = std::min<uint64_t>(uint64_t(blocks) * 40'000, 800'000'000 / (1 + 4 * links / blocks));
  annealPlacement(graph, sites.only(middles), slotOf, 0.2, proposals, seed + 2);
  std::vector<uint32_t> blockAt(blocks), order;
  for (uint32_t b = 0; b < blocks; ++b)
    blockAt[slotOf[b]] = b;
  for (uint32_t b : blockAt)
    for (uint32_t c = first[b]; c < first[b + 1]; ++c)
      order.push_back(c);
  reorder(candidate, order);
}

static Result<RuleCandidate> follow(const RuleTables &tables, const std::vector<uint32_t> &given, bool found,
                                    const LargeOptions &options) {
  const Clock::time_point start = Clock::now();
  RuleCandidate candidate;
  RANVIER_TRY(candidate.mapping, cutPopulations(tables, found ? orderOfRules(tables, given) : given));
  RANVIER_TRY(candidate.messages,
              ruleMessages(tables, candidate.mapping, slicesOf(tables.network, candidate.mapping), options.rates, candidate.exact));
  if (found)
    placeBlocks(candidate, tables.chip, options.seed);
  RANVIER_CHECK(settle(candidate, tables.network.nodes, tables.chip, options.seed, /*near=*/found));
  candidate.result.seconds = since(start);
  return candidate;
}

static Count synapsesOf(const RuleTables &tables) {
  Count sum;
  const auto &populations = tables.network.nodes.populations;
  for (uint32_t r = 0; r < tables.network.rules.size(); ++r) {
    const uint32_t target = tables.network.rules[r].target;
    sum += tables.rows(r, {target, 0, static_cast<uint32_t>(populations[target].count)}).synapses;
  }
  return sum;
}

Result<RuleMapping> mapping::mapRules(const RuleNetwork &network, const hw::Chip &chip, const LargeOptions &options) {
  RANVIER_CHECK(checkUnicast(chip));
  RANVIER_CHECK(checkRuleNetwork(network, chip));
  RANVIER_CHECK(checkRates(network.nodes, options.rates));
  RANVIER_TRY(const std::vector<uint32_t> level, levels(delaysOf(network)));
  const RuleTables tables(network, chip, level);
  std::vector<uint32_t> given;
  for (const Slice &slice : givenOrder(network.nodes, tables.level))
    given.push_back(slice.population);
  // Order is free within one level only.
  const bool search = std::all_of(tables.level.begin(), tables.level.end(), [](uint32_t l) { return l == 0; });
  RuleMapping out;
  const Count synapses = synapsesOf(tables);
  out.synapses = synapses.value;
  out.exactSynapses = synapses.exact;
  auto run = bothOrders<RuleCandidate>(search, options.threads,
                                       [&](bool found, unsigned) { return follow(tables, given, found, options); });
  RANVIER_TRY(RuleCandidate best, takeCheaper(run, out));
  out.exactSpikeHops = best.exact;
  RANVIER_CHECK(finish(best, chip, out, [&] { return checkRules(network, chip, best.mapping); }));
  return out;
}
