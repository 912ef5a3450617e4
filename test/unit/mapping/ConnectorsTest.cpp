// Images of profile int that hold connectors as rules: opened, they have the tables of the same synapses listed one by one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/Rows.h"
#include "ranvier/Mapping/Mapping.h"
#include "ranvier/Mapping/Partitioner.h"
#include "support/ShippedChip.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <tuple>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
hw::Chip spinnaker() { return shippedChip("spinnaker1"); }

Distribution someDistribution(Dice &dice, double low, double high) {
  Distribution out;
  out.kind = static_cast<Distribution::Kind>(dice(0, 2));
  out.first = low + (high - low) * (out.kind == Distribution::Kind::Uniform ? 0 : 0.4);
  out.second = out.kind == Distribution::Kind::Uniform ? high : (high - low) / 3;
  out.low = low;
  out.high = high;
  out.seed = static_cast<uint64_t>(dice(0, 1000));
  return out;
}

/// A connector of a projection, and the synapses that it makes, one by one in the order of the rule.
void connect(Network &network, Dice &dice, uint32_t source, uint32_t target) {
  image::ConnectorMeta rule;
  const uint64_t sources = network.populations[source].count, targets = network.populations[target].count;
  rule.rule = static_cast<image::Rule>(dice(sources == targets ? 0 : 1, 5));
  rule.probability = rule.rule == image::Rule::DistanceDependent || dice.chance(0.8) ? 0.1 : 1.0;
  rule.scale = 3;
  rule.number = static_cast<uint64_t>(rule.rule == image::Rule::FixedInDegree ? dice(0, 9) : dice(0, 4000));
  rule.seed = static_cast<uint64_t>(dice(0, 1000));
  rule.autapses = dice.chance(0.5);
  rule.delay = someDistribution(dice, 1, 40);
  rule.weight = someDistribution(dice, 0, 2);
  const bool word = rule.weight.kind == Distribution::Kind::Constant;
  if (word)
    rule.weight.first = static_cast<double>(dice(0, 65535));
  else
    rule.unit = std::ldexp(dice.chance(0.5) ? 1.0 : -1.0, static_cast<int>(-dice(12, 17))); // at 2^-17 some are clipped
  const image::Connector connector{.rule = rule.rule,
                                   .probability = rule.probability,
                                   .scale = rule.scale,
                                   .number = rule.number,
                                   .seed = rule.seed,
                                   .skipsSelf = !rule.autapses && source == target,
                                   .sources = sources,
                                   .targets = targets,
                                   .sourceShape = {sources},
                                   .targetShape = {targets}};
  REQUIRE(connector.fault().empty());
  std::vector<Edge> edges;
  forEachSynapse(connector, 0, connector.items(), [&](uint32_t from, uint32_t to, uint64_t number) {
    double weight = rule.weight.draw(number);
    if (!word)
      weight = std::clamp(std::round(static_cast<float>(weight) / rule.unit), -65535.0, 65535.0);
    edges.push_back({from, to, static_cast<int32_t>(weight), static_cast<uint16_t>(std::floor(rule.delay.draw(number) + 0.5))});
  });
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Edge &a, const Edge &b) { return std::tie(a.source, a.target) < std::tie(b.source, b.target); });
  addProjection(network, source, target, static_cast<uint32_t>(dice(0, 1)), 0, std::move(edges));
  network.projections.back().weightBits = 17;
  network.projections.back().connector = rule;
}

Network randomNetwork(uint64_t seed) {
  Dice dice(seed);
  Network network;
  network.name = "rules" + std::to_string(seed);
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", static_cast<uint64_t>(dice(1, 400)), -1);
  addPopulation(network, "a", static_cast<uint64_t>(dice(1, 600)), 0);
  addPopulation(network, "b", dice.chance(0.5) ? network.populations[1].count : static_cast<uint64_t>(dice(1, 300)), 0);
  const int64_t projections = dice(1, 6);
  for (int64_t p = 0; p < projections; ++p) {
    connect(network, dice, static_cast<uint32_t>(dice(0, 2)), static_cast<uint32_t>(dice(1, 2)));
    if (dice.chance(0.3)) // a list beside the rules
      network.projections.back().connector.reset();
  }
  return network;
}

image::Image opened(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  auto data = emitImage(network, chip, mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  auto image = image::fromData(*std::move(data));
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  return *std::move(image);
}

template <typename T> bool same(std::span<const T> a, std::span<const T> b) {
  return a.size_bytes() == b.size_bytes() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}
} // namespace

TEST_CASE("rules of an image become the tables of the lists that they make") {
  const hw::Chip chip = spinnaker();
  uint64_t synapses = 0, rules = 0, clipped = 0;
  for (uint64_t seed = 0; seed < cases(60, 1000); ++seed) {
    CAPTURE(seed);
    const Network network = randomNetwork(seed);
    auto mapping = mapNetwork(network, chip, {.strategy = seed % 2 ? Strategy::Sequential : Strategy::Multilevel});
    REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
    Network lists = network;
    for (Projection &projection : lists.projections)
      projection.connector.reset();
    const image::Image found = opened(network, chip, *mapping), expected = opened(lists, chip, *mapping);
    CHECK(found.meta == expected.meta);
    CHECK(same(found.cores, expected.cores));
    CHECK(same(found.inAxons, expected.inAxons));
    CHECK(same(found.rows, expected.rows));
    CHECK(same(found.synapses32, expected.synapses32));
    CHECK(same(found.synapses64, expected.synapses64));
    CHECK(same(found.outPtr, expected.outPtr));
    CHECK(same(found.outAxons, expected.outAxons));
    CHECK(found.expanded.size() ==
          static_cast<size_t>(std::count_if(network.projections.begin(), network.projections.end(),
                                            [](const Projection &projection) { return projection.connector.has_value(); })));
    auto rebuilt = rebuildNetwork(found);
    REQUIRE(bool(rebuilt));
    CHECK(compareNetworks(network, *rebuilt).empty());
    synapses += found.synapses32.size() + found.synapses64.size();
    rules += found.expanded.size();
    for (const Projection &projection : network.projections)
      if (projection.connector && projection.connector->unit != 0)
        clipped += static_cast<uint64_t>(std::count(projection.weights.begin(), projection.weights.end(), 65535));
  }
  CHECK(rules > cases(60, 1000));
  CHECK(synapses > 1000 * cases(60, 1000));
  CHECK(clipped > 50);
}

TEST_CASE("rules that make more synapses than memory holds are refused, not tried") {
  const hw::Chip chip = spinnaker();
  Dice dice(1);
  Network network;
  network.name = "much";
  network.programs = {twoInputProgram()};
  addPopulation(network, "a", 100, 0);
  connect(network, dice, 0, 0);
  auto mapping = mapNetwork(network, chip, {.strategy = Strategy::Sequential});
  REQUIRE(bool(mapping));
  image::ConnectorMeta &rule = *network.projections[0].connector;
  rule.rule = image::Rule::FixedTotalNumber;
  rule.number = uint64_t(1) << 36;
  auto data = emitImage(network, chip, *mapping, "{}");
  REQUIRE(bool(data));
  const auto image = image::fromData(*std::move(data));
  REQUIRE(!image);
  CHECK(image.error().code == 7080);
}
