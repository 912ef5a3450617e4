//===- OrderPopulations.cpp - Populations that belong side by side --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cores lie along a line over the chips, so populations that exchange many messages should be near each other in one order. The
// order by the second eigenvector of the graph's Laplacian minimises the sum of weighted squared distances; a few long-range
// projections, which mislead a search that goes from neighbour to neighbour, hardly move it.
//===----------------------------------------------------------------------===//
#include "Rules.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {
/// [vertex] (other, weight), symmetric.
using Ties = std::vector<std::vector<std::pair<uint32_t, double>>>;
} // namespace

/// What pairs of populations exchange, as good as it can be said before they are cut: neurons, once for each part of the target.
static Ties tiesOf(const RuleTables &tables, const std::vector<uint32_t> &order) {
  const Network &nodes = tables.network.nodes;
  std::vector<uint32_t> numberOf(nodes.populations.size(), nowhere);
  for (uint32_t i = 0; i < order.size(); ++i)
    numberOf[order[i]] = i;
  std::map<std::pair<uint32_t, uint32_t>, double> weights;
  for (const ProjectionRule &rule : tables.network.rules) {
    const uint32_t a = numberOf[rule.source], b = numberOf[rule.target];
    if (a == nowhere || b == nowhere || a == b)
      continue;
    const double sources = static_cast<double>(nodes.populations[rule.source].count);
    const double targets = static_cast<double>(nodes.populations[rule.target].count);
    double weight = rule.kind == ProjectionRule::Kind::OneToOne ? sources : sources * targets / 64;
    if (rule.kind == ProjectionRule::Kind::FixedTotalNumber)
      weight = std::min(weight, static_cast<double>(rule.number));
    weights[{std::min(a, b), std::max(a, b)}] += weight;
  }
  Ties ties(order.size());
  for (const auto &[pair, weight] : weights) {
    ties[pair.first].push_back({pair.second, weight});
    ties[pair.second].push_back({pair.first, weight});
  }
  return ties;
}

/// Mean 0, length 1.
static void normalise(std::vector<double> &x) {
  double mean = 0, square = 0;
  for (double value : x)
    mean += value / static_cast<double>(x.size());
  for (double &value : x) {
    value -= mean;
    square += value * value;
  }
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  for (double &value : x)
    value *= scale;
}

std::vector<uint32_t> detail::orderOfRules(const RuleTables &tables, const std::vector<uint32_t> &given) {
  constexpr uint64_t mostSteps = 200'000'000; // About half a second.
  const Ties ties = tiesOf(tables, given);
  const uint32_t count = static_cast<uint32_t>(given.size());
  uint64_t edges = count;
  double shift = 0;
  std::vector<double> degree(count, 0);
  for (uint32_t v = 0; v < count; ++v) {
    for (const auto &[other, weight] : ties[v])
      degree[v] += weight;
    edges += ties[v].size();
    shift = std::max(shift, 2 * degree[v]); // Above every eigenvalue.
  }
  if (count < 3 || shift == 0)
    return given;
  RandomStream random(0);
  std::vector<double> x(count), next(count);
  for (double &value : x)
    value = random.open();
  normalise(x);
  for (uint64_t step = 0; step < std::min<uint64_t>(20'000, mostSteps / edges); ++step) {
    for (uint32_t v = 0; v < count; ++v) {
      double sum = (shift - degree[v]) * x[v];
      for (const auto &[other, weight] : ties[v])
        sum += weight * x[other];
      next[v] = sum;
    }
    x.swap(next);
    normalise(x);
  }
  std::vector<uint32_t> byValue(count);
  for (uint32_t v = 0; v < count; ++v)
    byValue[v] = v;
  std::stable_sort(byValue.begin(), byValue.end(), [&](uint32_t a, uint32_t b) { return x[a] < x[b]; });
  std::vector<uint32_t> order;
  for (uint32_t v : byValue)
    order.push_back(given[v]);
  return order;
}
