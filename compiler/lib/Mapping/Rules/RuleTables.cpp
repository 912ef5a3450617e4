//===- RuleTables.cpp - What rules ask of a core --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Rules.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;
using Kind = ProjectionRule::Kind;

// bits(n + chunk) = bits(n) + bits(chunk), so all of the least concave function above it that is not a line through points of one
// chunk is a line with the slope of whole chunks, through the point that lies highest above such a line.
RowEnvelope::RowEnvelope(const hw::SynapseStorage &storage, const RowFormat &format) : storage(&storage), format(format) {
  const uint64_t chunk = std::max(1u, storage.synapsesPerChunk);
  slope = static_cast<double>(bits(chunk)) / static_cast<double>(chunk);
  uint64_t corner = 0;
  double highest = 0;
  for (uint64_t n = 0; n < chunk; ++n)
    if (const double above = static_cast<double>(bits(n)) - slope * static_cast<double>(n); above > highest) {
      highest = above;
      corner = n;
    }
  for (uint64_t n = 0; n <= corner; ++n) {
    const auto turnsUp = [&] { // The last corner lies on or below the line from the one before it to the new point.
      const auto &[x0, y0] = hull[hull.size() - 2];
      const auto &[x1, y1] = hull.back();
      return (y1 - y0) * (n - x0) <= (bits(n) - y0) * (x1 - x0);
    };
    while (hull.size() > 1 && turnsUp())
      hull.pop_back();
    hull.push_back({n, bits(n)});
  }
}

uint64_t RowEnvelope::mostBits(uint64_t synapses, uint64_t rows) const {
  if (synapses == 0 || rows == 0)
    return 0;
  if (rows == 1)
    return bits(synapses);
  rows = std::min(rows, synapses);
  if (synapses == rows)
    return rows * bits(1);
  const double mean = static_cast<double>(synapses) / static_cast<double>(rows);
  const auto &[lastAt, lastBits] = hull.back();
  double each = static_cast<double>(lastBits) + slope * (mean - static_cast<double>(lastAt));
  for (size_t i = 1; i < hull.size(); ++i)
    if (const auto &[x1, y1] = hull[i]; mean <= static_cast<double>(x1)) {
      const auto &[x0, y0] = hull[i - 1];
      each =
          static_cast<double>(y0) + (mean - static_cast<double>(x0)) * static_cast<double>(y1 - y0) / static_cast<double>(x1 - x0);
      break;
    }
  return static_cast<uint64_t>(std::ceil(each * static_cast<double>(rows) * (1 + 1e-12))); // Never below for rounding.
}

Network detail::delaysOf(const RuleNetwork &network) {
  Network out = network.nodes;
  for (const ProjectionRule &rule : network.rules) {
    Projection projection;
    projection.name = rule.name;
    projection.source = rule.source;
    projection.target = rule.target;
    projection.weightBits = rule.weightBits;
    projection.dense = rule.kind == Kind::AllToAll && !rule.skipsSelf;
    projection.targets = {0}; // levels() looks at delays of projections with synapses.
    projection.delays = {rule.delay};
    out.projections.push_back(std::move(projection));
  }
  return out;
}

RuleTables::RuleTables(const RuleNetwork &network, const hw::Chip &chip, std::vector<uint32_t> level)
    : network(network), chip(chip), configs(configurations(network.nodes)), into(network.nodes.populations.size()),
      outOf(network.nodes.populations.size()), level(std::move(level)) {
  for (const RowFormat &format : rowFormats(delaysOf(network), chip))
    envelopes.emplace_back(chip.storage, format);
  for (uint32_t r = 0; r < network.rules.size(); ++r) {
    into[network.rules[r].target].push_back(r);
    outOf[network.rules[r].source].push_back(r);
  }
}

/// Every pair of source and slice, but for the neuron itself where it is skipped.
static RuleRows everyPair(const RowEnvelope &envelope, uint64_t sources, uint64_t targets, bool skipsSelf, bool exact) {
  RuleRows rows;
  rows.synapses = {sources * targets - (skipsSelf ? targets : 0), exact};
  rows.bits = {skipsSelf ? (sources - targets) * envelope.bits(targets) + targets * envelope.bits(targets - 1)
                         : sources * envelope.bits(targets),
               exact};
  rows.sources = {sources - (skipsSelf && targets == 1), exact};
  rows.everySource = exact && rows.sources.value == sources;
  return rows;
}

/// `synapses` of any pairs that leave at most `most` sources to choose from.
static RuleRows anyPairs(const RowEnvelope &envelope, Count synapses, uint64_t most) {
  RuleRows rows;
  const uint64_t count = std::min(most, synapses.value);
  const bool exact = synapses.exact && count <= 1; // All come from one source.
  rows.synapses = synapses;
  rows.bits = {envelope.mostBits(synapses.value, count), exact};
  rows.sources = {count, exact};
  return rows;
}

RuleRows RuleTables::rows(uint32_t r, const Slice &slice) const {
  const ProjectionRule &rule = network.rules[r];
  const uint64_t sources = network.nodes.populations[rule.source].count, targets = slice.count;
  switch (rule.kind) {
  case Kind::AllToAll:
    return everyPair(envelopes[r], sources, targets, rule.skipsSelf, true);
  case Kind::FixedProbability:
  case Kind::DistanceDependent:
    if (rule.probability <= 0)
      return {};
    return everyPair(envelopes[r], sources, targets, rule.skipsSelf, rule.kind == Kind::FixedProbability && rule.probability >= 1);
  case Kind::OneToOne: {
    RuleRows rows;
    if (!rule.skipsSelf) {
      rows.synapses = rows.sources = {targets, true};
      rows.bits = {targets * envelopes[r].bits(1), true};
    }
    return rows;
  }
  case Kind::FixedInDegree:
    return anyPairs(envelopes[r], {targets * rule.number, true}, sources - (rule.skipsSelf && targets == 1));
  case Kind::FixedTotalNumber:
    return anyPairs(envelopes[r], {rule.number, rule.number == 0 || targets == network.nodes.populations[rule.target].count},
                    sources - (rule.skipsSelf && targets == 1));
  }
  return {};
}

Count RuleTables::fanIn(uint32_t population) const {
  Count sum;
  for (uint32_t r : into[population])
    sum += rows(r, {population, 0, 1}).synapses;
  return sum;
}

RuleUse RuleTables::useOf(const std::vector<Slice> &slices) const {
  RuleUse out;
  struct Sources {
    uint64_t sum = 0;
    unsigned rules = 0;
    bool exact = true, every = false;
  };
  std::map<uint32_t, Sources> from; // By source population.
  std::set<uint32_t> neuron, threshold;
  std::set<int32_t> programs;
  for (const Slice &slice : slices) {
    const uint32_t p = slice.population;
    out.use.neurons += slice.count;
    programs.insert(network.nodes.populations[p].program);
    const auto collect = [&](const std::vector<uint32_t> &numbers, std::set<uint32_t> &set) {
      if (numbers.size() == 1)
        set.insert(numbers[0]);
      else if (!numbers.empty())
        set.insert(numbers.begin() + slice.first, numbers.begin() + slice.first + slice.count);
    };
    collect(configs.neuron[p], neuron);
    collect(configs.threshold[p], threshold);
    for (uint32_t r : into[p]) {
      const RuleRows asked = rows(r, slice);
      out.use.synapses += asked.synapses.value;
      out.exactSynapses &= asked.synapses.exact;
      if (chip.core.synapticMemoryBits) {
        out.use.synapticMemoryBits += asked.bits.value;
        out.exactMemory &= asked.bits.exact;
      }
      if (asked.sources.value == 0)
        continue;
      Sources &sources = from[network.rules[r].source];
      sources.sum += asked.sources.value;
      ++sources.rules;
      sources.exact &= asked.sources.exact;
      sources.every |= asked.everySource;
    }
    const Count fan = fanIn(p);
    out.use.maxFanIn = std::max(out.use.maxFanIn, fan.value);
    out.exactFanIn &= fan.exact;
  }
  for (const auto &[p, sources] : from) {
    out.use.axonsIn += std::min(network.nodes.populations[p].count, sources.sum);
    out.exactAxonsIn &= sources.every || (sources.rules == 1 && sources.exact);
  }
  out.use.neuronConfigs = neuron.size();
  out.use.thresholdConfigs = threshold.size();
  for (int32_t program : programs) {
    out.use.programWords += network.nodes.programs[static_cast<size_t>(program)].code.size();
    out.use.tableWords += isa::tableWords(network.nodes.programs[static_cast<size_t>(program)]);
  }
  return out;
}

SlicesOf detail::slicesOf(const RuleNetwork &network, const Mapping &mapping) {
  SlicesOf where(network.nodes.populations.size());
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices)
      where[slice.population].push_back({c, slice});
  for (auto &slices : where)
    std::sort(slices.begin(), slices.end(), [](const auto &a, const auto &b) { return a.second.first < b.second.first; });
  return where;
}

static Error wrong(const ProjectionRule &rule, const std::string &message, const std::string &expected, const std::string &found) {
  return {.code = 6002, .message = message, .place = "projection '" + rule.name + "'", .expected = expected, .found = found};
}

static Result<void> checkRule(const RuleNetwork &network, const ProjectionRule &rule) {
  const size_t populations = network.nodes.populations.size();
  if (rule.source >= populations || rule.target >= populations)
    return wrong(rule, "no such population", "less than " + std::to_string(populations),
                 std::to_string(std::max(rule.source, rule.target)));
  const uint64_t sources = network.nodes.populations[rule.source].count, targets = network.nodes.populations[rule.target].count;
  if (rule.skipsSelf && rule.source != rule.target)
    return wrong(rule, "skips the neuron itself", "one population as source and target", "two");
  if (rule.kind == Kind::OneToOne && sources != targets)
    return wrong(rule, "one-to-one joins populations of different size", std::to_string(sources), std::to_string(targets));
  if (!(rule.probability >= 0 && rule.probability <= 1))
    return wrong(rule, "bad probability", "0..1", std::to_string(rule.probability));
  const bool drawn = rule.kind == Kind::FixedInDegree || rule.kind == Kind::FixedTotalNumber;
  if (drawn && rule.number > 0 && rule.skipsSelf && sources == 1)
    return wrong(rule, "no source to draw from", "at least 2 neurons", "1");
  if (rule.kind == Kind::FixedInDegree && rule.number > UINT64_MAX / 4096 / std::max<uint64_t>(1, targets))
    return wrong(rule, "too many synapses to count", "less than 2^52", std::to_string(rule.number) + " for each target");
  return {};
}

/// What checkNetwork and checkAgainstChip say of lists, of one synapse for each word: the checks are written once.
Result<void> detail::checkRuleNetwork(const RuleNetwork &network, const hw::Chip &chip) {
  if (!network.nodes.projections.empty())
    return Error{.code = 6002, .message = "a network of rules lists synapses too", .expected = "rules only"};
  RANVIER_CHECK(checkNetwork(network.nodes));
  Network plain;
  plain.profile = network.nodes.profile;
  plain.programs = network.nodes.programs;
  RANVIER_CHECK(checkAgainstChip(network.nodes, chip));
  for (const ProjectionRule &rule : network.rules) {
    RANVIER_CHECK(checkRule(network, rule));
    plain.populations = {network.nodes.populations[rule.source], network.nodes.populations[rule.target]};
    Projection projection;
    projection.name = rule.name;
    projection.target = 1;
    projection.receptor = rule.receptor;
    projection.weightExponent = rule.weightExponent;
    projection.weightBits = rule.weightBits;
    projection.delays = {rule.delay};
    projection.weights = rule.weights;
    projection.targets.assign(rule.weights.size(), 0);
    projection.rowPtr.assign(network.nodes.populations[rule.source].count + 1, rule.weights.size());
    projection.rowPtr[0] = 0;
    plain.projections = {std::move(projection)};
    RANVIER_CHECK(checkNetwork(plain));
    RANVIER_CHECK(checkAgainstChip(plain, chip));
  }
  return {};
}
