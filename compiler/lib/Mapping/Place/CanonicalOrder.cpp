//===- CanonicalOrder.cpp - An order that does not come from numbers ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Colour refinement: a population's colour is a hash of what it is, and is hashed again with the colours of those it feeds and of
// those that feed it until no more populations become distinct. Where some still look alike (the cells of a ring) one of the
// rarest kind is given a colour of its own and the rest follows from it. Colours are sums and mixtures of hashes, so no number of
// a population enters them.
//===----------------------------------------------------------------------===//
#include "CanonicalOrder.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ x >> 27) * 0x94D049BB133111EBull;
  return x ^ x >> 31;
}

class Refiner {
public:
  explicit Refiner(const Tasks &tasks) : tasks(tasks), colour(tasks.populations()), next(colour.size()), sorted(colour.size()) {
    for (uint32_t p = 0; p < tasks.populations(); ++p)
      colour[p] = mix(mix(tasks.first[p + 1] - tasks.first[p]) + tasks.weights[p]);
    cost = tasks.populations() * 8;
    for (const auto &list : tasks.feeds)
      cost += 2 * list.size();
  }

  std::vector<uint32_t> run() {
    refine();
    while (distinct < colour.size() && spent < effort) {
      colour[oneOfTheRarest()] += 0x2545F4914F6CDD1Dull;
      refine();
    }
    std::vector<uint32_t> order(colour.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return colour[a] < colour[b]; });
    return order;
  }

private:
  static constexpr uint64_t effort = 30'000'000; ///< Edges looked at, and eight times populations.

  /// Until no more colours appear. Chains need a round a link; the effort ends them early.
  void refine() {
    size_t before;
    count();
    do {
      before = distinct;
      round();
      count();
      spent += cost;
    } while (distinct > before && distinct < colour.size() && spent < effort);
  }

  void round() {
    std::vector<uint64_t> ofSet(tasks.sets.size(), 0);
    for (uint32_t p = 0; p < colour.size(); ++p)
      if (tasks.setOf[p] != Tasks::alone)
        ofSet[tasks.setOf[p]] += mix(colour[p] + 3);
    for (uint32_t p = 0; p < colour.size(); ++p) {
      uint64_t fed = 0, feeding = 0;
      for (const uint32_t other : tasks.feeds[p])
        fed += mix(colour[other] + 1);
      for (const uint32_t other : tasks.feeders[p])
        feeding += mix(colour[other] + 2);
      const uint64_t set = tasks.setOf[p] == Tasks::alone ? 0 : ofSet[tasks.setOf[p]];
      next[p] = mix(mix(mix(mix(colour[p]) + fed) + feeding) + set);
    }
    colour.swap(next);
  }

  void count() {
    sorted = colour;
    std::sort(sorted.begin(), sorted.end());
    distinct = static_cast<size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  }

  /// A population of the smallest group of one colour; of groups of one size the one of the least colour. Which of the group does
  /// not matter where they can be exchanged for each other, as those of regular networks can.
  uint32_t oneOfTheRarest() {
    std::vector<uint32_t> order(colour.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return colour[a] < colour[b]; });
    size_t least = ~size_t(0);
    uint32_t found = 0;
    for (size_t first = 0, last; first < order.size(); first = last) {
      for (last = first; last < order.size() && colour[order[last]] == colour[order[first]]; ++last)
        ;
      if (last - first > 1 && last - first < least) {
        least = last - first;
        found = order[first];
      }
    }
    return found;
  }

  const Tasks &tasks;
  std::vector<uint64_t> colour, next, sorted;
  size_t distinct = 0;
  uint64_t cost = 0, spent = 0;
};

} // namespace

std::vector<uint32_t> detail::canonicalOrder(const Tasks &tasks) { return Refiner(tasks).run(); }

TaskGraph detail::renumbered(const TaskGraph &graph, const std::vector<uint32_t> &order) {
  std::vector<uint32_t> numberOf(order.size());
  TaskGraph result;
  for (uint32_t number = 0; number < order.size(); ++number) {
    numberOf[order[number]] = number;
    result.cores.push_back(graph.cores[order[number]]);
    if (!graph.weights.empty())
      result.weights.push_back(graph.weights[order[number]]);
  }
  for (const auto &[source, target] : graph.edges)
    result.edges.push_back({numberOf[source], numberOf[target]});
  for (const auto &set : graph.together) {
    std::vector<uint32_t> members;
    for (const uint32_t population : set)
      members.push_back(numberOf[population]);
    std::sort(members.begin(), members.end());
    result.together.push_back(std::move(members));
  }
  std::sort(result.together.begin(), result.together.end());
  return result;
}
