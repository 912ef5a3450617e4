// Networks of rules beside the same networks with every synapse listed: exact counts are equal, bounds are never below, and what is
// legal by rule is legal for the draw. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Partitioner.h"
#include "ranvier/Mapping/RuleNetwork.h"
#include "ranvier/Network/Synapses.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;
using Kind = ProjectionRule::Kind;

namespace {
const char *nameOf(Kind kind) {
  const char *names[] = {"all_to_all",        "one_to_one",         "fixed_in_degree",
                         "fixed_probability", "fixed_total_number", "distance_dependent"};
  return names[static_cast<unsigned>(kind)];
}

/// Lists what the connectors of the compiler make of the rules.
Network expanded(const RuleNetwork &rules, uint64_t seed) {
  Network network = rules.nodes;
  for (const ProjectionRule &rule : rules.rules) {
    const Population &source = network.populations[rule.source], &target = network.populations[rule.target];
    compiler::ConnectRule how;
    how.rule = nameOf(rule.kind);
    how.probability = rule.probability;
    how.scale = 2;
    how.number = rule.number;
    how.seed = seed++;
    how.autapses = !rule.skipsSelf;
    how.samePopulation = rule.source == rule.target;
    how.sourceShape.assign(source.shape.begin(), source.shape.end());
    how.targetShape.assign(target.shape.begin(), target.shape.end());
    auto made = compiler::connect(how, source.count, target.count);
    REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
    Projection projection;
    projection.name = rule.name;
    projection.source = rule.source;
    projection.target = rule.target;
    projection.receptor = rule.receptor;
    projection.weightExponent = rule.weightExponent;
    projection.weightBits = rule.weightBits;
    projection.dense = made->dense;
    projection.rowPtr = made->rowPtr;
    projection.targets = made->targets;
    projection.weights.assign(made->targets.size(), rule.weights[0]);
    projection.delays = {rule.delay};
    network.projections.push_back(std::move(projection));
  }
  return network;
}

RuleNetwork randomRules(uint64_t seed, bool closedForm) {
  Dice dice(seed + 1000);
  Rates rates;
  auto base = generate({.neurons = 10, .degree = 1}, rates);
  REQUIRE(bool(base));
  RuleNetwork network;
  network.nodes = *std::move(base);
  network.nodes.projections.clear();
  network.nodes.programs[0].tables = {{1, 2, 3}, {4}};
  const Population cells = network.nodes.populations[0];
  network.nodes.populations.clear();
  const uint32_t count = static_cast<uint32_t>(dice(2, 6));
  for (uint32_t p = 0; p < count; ++p) {
    Population population = cells;
    population.name = "p" + std::to_string(p);
    population.count = static_cast<uint64_t>(dice(1, 3)) == 1 ? 30 : static_cast<uint64_t>(dice(1, 90));
    population.shape = {population.count};
    network.nodes.populations.push_back(population);
  }
  addPopulation(network.nodes, "input", 12, -1);
  const uint32_t rules = static_cast<uint32_t>(dice(2, 12));
  for (uint32_t r = 0; r < rules; ++r) {
    ProjectionRule rule;
    rule.name = "r" + std::to_string(r);
    rule.source = static_cast<uint32_t>(dice(0, count));
    rule.target = static_cast<uint32_t>(dice(0, count - 1));
    const uint64_t sources = network.nodes.populations[rule.source].count, targets = network.nodes.populations[rule.target].count;
    rule.kind = static_cast<Kind>(dice(0, closedForm ? 1 : 5));
    if (rule.kind == Kind::OneToOne && sources != targets)
      rule.kind = Kind::AllToAll;
    rule.skipsSelf = rule.source == rule.target && sources > 1 && dice.chance(0.5);
    rule.number = static_cast<uint64_t>(dice(0, 40));
    rule.probability = dice.chance(0.2) ? static_cast<double>(dice(0, 1)) : 0.01 * static_cast<double>(dice(1, 99));
    rule.weightBits = static_cast<unsigned>(dice(2, 9));
    rule.weights = {2};
    rule.delay = static_cast<uint16_t>(dice(1, 9));
    network.rules.push_back(rule);
  }
  return network;
}

/// Exact figures are equal, bounds are not below; says how many of both there were.
struct Tally {
  unsigned exact = 0, bounds = 0, tight = 0;
  void compare(uint64_t found, uint64_t listed, bool isExact) {
    if (isExact)
      CHECK(found == listed);
    else
      CHECK(found >= listed);
    ++(isExact ? exact : bounds);
    tight += !isExact && found == listed;
  }
};

void compare(const RuleNetwork &rules, const Network &listed, const hw::Chip &chip, const Mapping &mapping, Tally &tally) {
  const std::vector<RuleUse> byRule = measureRules(rules, chip, mapping);
  const std::vector<CoreUse> counted = measure(listed, chip, mapping);
  REQUIRE(byRule.size() == counted.size());
  for (size_t c = 0; c < counted.size(); ++c) {
    CAPTURE(c);
    const RuleUse &rule = byRule[c];
    tally.compare(rule.use.neurons, counted[c].neurons, true);
    tally.compare(rule.use.neuronConfigs, counted[c].neuronConfigs, true);
    tally.compare(rule.use.thresholdConfigs, counted[c].thresholdConfigs, true);
    tally.compare(rule.use.programWords, counted[c].programWords, true);
    tally.compare(rule.use.tableWords, counted[c].tableWords, true);
    tally.compare(rule.use.synapses, counted[c].synapses, rule.exactSynapses);
    tally.compare(rule.use.synapticMemoryBits, counted[c].synapticMemoryBits, rule.exactMemory);
    tally.compare(rule.use.axonsIn, counted[c].axonsIn, rule.exactAxonsIn);
    tally.compare(rule.use.axonsOut, counted[c].axonsOut, rule.exactAxonsOut);
    tally.compare(rule.use.maxFanIn, counted[c].maxFanIn, rule.exactFanIn);
  }
}

hw::Chip chipFor(Dice &dice) {
  hw::CoreLimits limits;
  limits.neurons = static_cast<uint32_t>(dice(20, 60));
  limits.synapticMemoryBits = 1 << static_cast<unsigned>(dice(16, 19));
  limits.axonsIn = static_cast<uint32_t>(dice(250, 600));
  limits.axonsOut = static_cast<uint32_t>(dice(500, 3000));
  hw::Chip chip = tinyChip(limits);
  chip.storage = {
      .synapsesPerChunk = static_cast<unsigned>(dice(5, 64)), .headerBits = 10, .wordBits = dice.chance(0.5) ? 64u : 32u};
  chip.maxChips = 64;
  chip.storage.synapseBits = dice.chance(0.2) ? 24 : 0;
  return chip;
}
} // namespace

TEST_CASE("rules: counts beside those of the listed network") {
  Tally open, closed;
  unsigned mapped = 0;
  for (uint64_t seed = 0; seed < cases(36, 100); ++seed) {
    CAPTURE(seed);
    const bool closedForm = seed % 3 == 0;
    Dice dice(seed);
    const RuleNetwork rules = randomRules(seed, closedForm);
    const hw::Chip chip = chipFor(dice);
    auto made = mapRules(rules, chip, {.seed = seed});
    if (!made) {
      CHECK_MESSAGE((made.error().code >= 6010 && made.error().code <= 6016), made.error().str());
      continue;
    }
    ++mapped;
    auto legal = checkRules(rules, chip, made->mapping);
    CHECK_MESSAGE(bool(legal), (legal ? "" : legal.error().str()));
    for (uint64_t draw = 0; draw < 3; ++draw) { // Whatever the rules draw.
      const Network listed = expanded(rules, 100 * draw + seed);
      auto sound = checkMapping(listed, chip, made->mapping);
      CHECK_MESSAGE(bool(sound), (sound ? "" : sound.error().str()));
      compare(rules, listed, chip, made->mapping, closedForm ? closed : open);
      uint64_t synapses = 0;
      for (const Projection &projection : listed.projections)
        synapses += projection.targets.size();
      Tally totals;
      totals.compare(made->synapses, synapses, made->exactSynapses);
      const OrderResult &chosen = made->found ? *made->ofSynapses : made->given;
      totals.compare(chosen.spikeHops, *spikeHops(listed, chip, made->mapping, {}), made->exactSpikeHops);
      if (made->exactSpikeHops)
        CHECK(made->links == linkLoads(listed, chip, made->mapping));
    }
    auto again = mapRules(rules, chip, {.seed = seed, .threads = 3});
    REQUIRE(bool(again));
    CHECK(printMapping(rules.nodes, again->mapping) == printMapping(rules.nodes, made->mapping));
  }
  CHECK(mapped > cases(25, 70));
  CHECK(closed.exact > 20 * closed.bounds); // A neuron alone on a core that skips itself is all that is not known.
  CHECK(open.bounds > cases(300, 800));
  CHECK(open.tight > cases(30, 80));
}

TEST_CASE("rules: rates weigh messages") {
  RuleNetwork rules = randomRules(3, true);
  Dice dice(3);
  const hw::Chip chip = chipFor(dice);
  Rates rates;
  for (const Population &population : rules.nodes.populations) {
    rates.emplace_back();
    for (uint64_t n = 0; !population.input && n < population.count; ++n)
      rates.back().push_back(static_cast<uint32_t>(dice(0, 50)));
  }
  auto made = mapRules(rules, chip, {.rates = rates});
  REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
  REQUIRE(made->exactSpikeHops);
  CHECK((made->found ? *made->ofSynapses : made->given).spikeHops == *spikeHops(expanded(rules, 0), chip, made->mapping, rates));
  auto wrong = mapRules(rules, chip, {.rates = {{1}}});
  REQUIRE_FALSE(bool(wrong));
  CHECK(wrong.error().code == 6070);
}

TEST_CASE("rules: populations in any order come to lie beside each other" * doctest::test_suite("quality")) {
  // A ring of populations, declared at random.
  Rates rates;
  auto base = generate({.neurons = 32, .degree = 1}, rates);
  REQUIRE(bool(base));
  RuleNetwork network;
  network.nodes = *std::move(base);
  network.nodes.projections.clear();
  const Population cells = network.nodes.populations[0];
  network.nodes.populations.assign(100, cells);
  for (uint32_t p = 0; p < 100; ++p) {
    network.nodes.populations[p].name = "p" + std::to_string(p);
    network.rules.push_back({.name = "r" + std::to_string(p), .source = p * 37 % 100, .target = (p + 1) * 37 % 100});
  }
  hw::CoreLimits limits;
  limits.neurons = 8;
  hw::Chip chip = tinyChip(limits);
  chip.maxChips = 64;
  auto made = mapRules(network, chip, {});
  REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
  REQUIRE(made->ofSynapses);
  CHECK(made->exactSpikeHops);
  CHECK(made->found);
  CHECK(made->ofSynapses->spikeHops < made->given.spikeHops);
}

TEST_CASE("rules: errors name the population or the rule") {
  const auto code = [](const RuleNetwork &network, const hw::Chip &chip, const Mapping *mapping = nullptr) {
    if (mapping) {
      auto checked = checkRules(network, chip, *mapping);
      return checked ? 0u : checked.error().code;
    }
    auto made = mapRules(network, chip, {});
    return made ? 0u : made.error().code;
  };
  Dice dice(1);
  const hw::Chip chip = chipFor(dice);
  RuleNetwork good = randomRules(3, true);
  RuleNetwork bad = good;
  bad.rules[0].target = 99;
  CHECK(code(bad, chip) == 6002);
  bad = good;
  bad.rules[0].probability = 2;
  CHECK(code(bad, chip) == 6002);
  bad = good;
  bad.rules[0].delay = 99;
  CHECK(code(bad, chip) == 6017);
  bad = good;
  bad.rules[0].weightBits = 30;
  CHECK(code(bad, chip) == 6019);
  bad = good;
  bad.rules[0].kind = Kind::FixedInDegree;
  bad.rules[0].number = 1'000'000;
  CHECK(code(bad, chip) == 6010);
  hw::Chip small = chip;
  small.maxChips = 1;
  small.core.neurons = 2;
  CHECK(code(good, small) == 6016);
  auto made = mapRules(good, chip, {});
  REQUIRE(bool(made));
  small = chip;
  small.core.axonsOut = 1;
  CHECK(code(good, small, &made->mapping) == 6025);
  CHECK(code(good, small) == 6012);
  // 8,000 cores of one neuron that all reach all.
  RuleNetwork dense = good;
  dense.nodes.populations = {good.nodes.populations[0]};
  dense.nodes.populations[0].count = 8000;
  dense.nodes.populations[0].shape = {8000};
  dense.rules = {{.name = "all"}};
  hw::CoreLimits one;
  one.neurons = 1;
  hw::Chip wide = tinyChip(one);
  wide.maxChips = 2000;
  CHECK(code(dense, wide) == 6090);
}
