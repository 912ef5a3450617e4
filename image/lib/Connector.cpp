//===- Connector.cpp - Synapses by rule -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/Connector.h"
#include "ranvier/Image/Image.h"
#include <algorithm>

namespace ranvier::image {

static constexpr const char *ruleNames[] = {"one_to_one",      "all_to_all",         "fixed_probability",
                                            "fixed_in_degree", "fixed_total_number", "distance_dependent"};

const char *toString(Rule rule) { return ruleNames[static_cast<size_t>(rule)]; }

std::optional<Rule> ruleNamed(const std::string &name) {
  for (size_t i = 0; i < std::size(ruleNames); ++i)
    if (name == ruleNames[i])
      return static_cast<Rule>(i);
  return std::nullopt;
}

double Connector::mostSynapses() const {
  const double pairs = static_cast<double>(sources) * static_cast<double>(targets);
  switch (rule) {
  case Rule::OneToOne:
    return static_cast<double>(sources);
  case Rule::AllToAll:
    return pairs;
  case Rule::FixedProbability:
  case Rule::DistanceDependent: {
    // Eight deviations above the mean: no seed goes there.
    const double mean = probability * pairs;
    return std::min(pairs, std::ceil(mean + 8 * std::sqrt(mean + 1) + 64));
  }
  case Rule::FixedInDegree:
    return static_cast<double>(number) * static_cast<double>(targets);
  case Rule::FixedTotalNumber:
    return static_cast<double>(number);
  }
  return 0;
}

std::string Connector::fault() const {
  const std::string name = toString(rule);
  if (!(probability >= 0 && probability <= 1))
    return name + " has a probability outside 0 to 1";
  if (rule == Rule::DistanceDependent && !(std::isfinite(scale) && scale > 0))
    return name + " has a scale that is not finite and above 0";
  if (rule == Rule::OneToOne && sources != targets)
    return name + " joins populations of different size";
  const bool draws = (rule == Rule::FixedInDegree || rule == Rule::FixedTotalNumber) && number > 0;
  if (draws && rule == Rule::FixedInDegree && targets > 0 && (sources == 0 || (sources == 1 && skipsSelf)))
    return name + " has no source to draw from";
  if (draws && rule == Rule::FixedTotalNumber && (sources == 0 || targets == 0 || (sources == 1 && targets == 1 && skipsSelf)))
    return name + " has no pair to draw from";
  if (rule == Rule::DistanceDependent && sourceShape.size() != targetShape.size())
    return name + " joins populations of different rank";
  return "";
}

namespace detail {

void totalPairs(const Connector &c, uint64_t k, uint32_t count, uint32_t *source, uint32_t *target) {
  uint32_t low[pairBlock], high[pairBlock];
  for (uint32_t i = 0; i < count; ++i) {
    low[i] = static_cast<uint32_t>(k + i);
    high[i] = static_cast<uint32_t>((k + i) >> 32);
  }
  randomWords(c.seed, 0, low, high, source, target, count);
  for (uint32_t i = 0; i < count; ++i) {
    source[i] = below(source[i], c.sources);
    target[i] = below(target[i], c.targets);
  }
}

double distanceProbability(const Connector &c, uint64_t source, uint64_t target) {
  double square = 0;
  for (size_t axis = c.sourceShape.size(); axis-- > 0;) { // Row-major: the last axis runs fastest.
    const double a = static_cast<double>(source % c.sourceShape[axis]), b = static_cast<double>(target % c.targetShape[axis]);
    source /= c.sourceShape[axis];
    target /= c.targetShape[axis];
    square += (a - b) * (a - b);
  }
  return c.probability * std::exp(-square / (2 * c.scale * c.scale));
}

} // namespace detail

ConnectorRows listRows(const Connector &connector) {
  // A row in the order of its synapses' numbers is sorted by target, but where numbers say nothing of targets.
  constexpr unsigned numberBits = 36;
  const bool sorts = connector.rule == Rule::FixedTotalNumber;
  ConnectorRows out;
  out.rowPtr.assign(connector.sources + 1, 0);
  constexpr uint64_t part = uint64_t(1) << 16;
  const auto each = [&](auto &&visit) {
    for (uint64_t item = 0; item < connector.items(); item += part)
      forEachSynapse(connector, item, std::min(item + part, connector.items()), visit);
  };
  each([&](uint32_t source, uint32_t, uint64_t) { ++out.rowPtr[source + 1]; });
  for (uint64_t s = 0; s < connector.sources; ++s)
    out.rowPtr[s + 1] += out.rowPtr[s];
  out.targets.resize(out.rowPtr.back());
  out.numbers.resize(out.rowPtr.back());
  std::vector<uint64_t> at(out.rowPtr.begin(), out.rowPtr.end() - 1);
  each([&](uint32_t source, uint32_t target, uint64_t number) {
    const uint64_t k = at[source]++;
    out.targets[k] = target;
    out.numbers[k] = sorts ? static_cast<uint64_t>(target) << numberBits | number : number;
  });
  for (uint64_t s = 0; sorts && s < connector.sources; ++s) {
    std::sort(out.numbers.begin() + static_cast<ptrdiff_t>(out.rowPtr[s]),
              out.numbers.begin() + static_cast<ptrdiff_t>(out.rowPtr[s + 1]));
    for (uint64_t k = out.rowPtr[s]; k < out.rowPtr[s + 1]; ++k) {
      out.targets[k] = static_cast<uint32_t>(out.numbers[k] >> numberBits);
      out.numbers[k] &= (uint64_t(1) << numberBits) - 1;
    }
  }
  return out;
}

Connector connectorOf(const Meta &meta, const ConnectorMeta &from) {
  const ProjectionMeta &projection = meta.projections[from.projection];
  const PopulationMeta &source = meta.populations[projection.source], &target = meta.populations[projection.target];
  Connector to;
  to.rule = from.rule;
  to.probability = from.probability;
  to.scale = from.scale;
  to.number = from.number;
  to.seed = from.seed;
  to.skipsSelf = !from.autapses && projection.source == projection.target;
  to.sources = source.count;
  to.targets = target.count;
  to.sourceShape = source.shape;
  to.targetShape = target.shape;
  return to;
}

} // namespace ranvier::image
