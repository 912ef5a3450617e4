// Checks of the synapse lists: convolutions and pools against their definition written as loops over outputs, connectors against
// their statistics and their rules, products against dense matrix products. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Network/Synapses.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <doctest/doctest.h>
#include <map>

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
using Matrix = std::map<std::pair<uint32_t, uint32_t>, double>; // (source, target) -> summed weight

Matrix matrix(const Synapses &s) {
  Matrix out;
  for (uint64_t i = 0; i < s.sources; ++i)
    for (uint64_t k = s.rowPtr[i]; k < s.rowPtr[i + 1]; ++k)
      out[{static_cast<uint32_t>(i), s.targets[k]}] += s.weight(k);
  return out;
}

bool sorted(const Synapses &s) {
  for (uint64_t i = 0; i < s.sources; ++i)
    for (uint64_t k = s.rowPtr[i] + 1; k < s.rowPtr[i + 1]; ++k)
      if (s.targets[k] < s.targets[k - 1])
        return false;
  return true;
}

WindowAxis axis(int64_t n, int64_t k, int64_t s, int64_t p, int64_t d) {
  return {n, k, s, p, d, WindowAxis::outputExtent(n, k, s, p, d)};
}
} // namespace

TEST_CASE("convolution lists exactly the taps of the definition") {
  uint32_t draw = 0;
  for (int trial = 0; trial < 40; ++trial) {
    auto pick = [&](uint32_t n) { return static_cast<int64_t>(randomWord(7, trial, draw++, 0) % n); };
    const int64_t groups = 1 + pick(2), ci = groups * (1 + pick(2)), co = groups * (1 + pick(3));
    const WindowAxis y = axis(3 + pick(5), 1 + pick(3), 1 + pick(2), pick(3), 1 + pick(2)),
                     x = axis(3 + pick(5), 1 + pick(3), 1 + pick(3), pick(2), 1);
    std::vector<double> w(co * (ci / groups) * y.kernel * x.kernel);
    for (size_t k = 0; k < w.size(); ++k)
      w[k] = static_cast<double>(k + 1);
    const Synapses got = convolution(ci, co, groups, y, x, w, 3);
    CHECK(sorted(got));
    if (got.size())
      CHECK(got.delay(0) == 3);
    Matrix expected;
    for (int64_t o = 0; o < co; ++o)
      for (int64_t oy = 0; oy < y.output; ++oy)
        for (int64_t ox = 0; ox < x.output; ++ox)
          for (int64_t i = 0; i < ci / groups; ++i)
            for (int64_t ky = 0; ky < y.kernel; ++ky)
              for (int64_t kx = 0; kx < x.kernel; ++kx) {
                const int64_t iy = oy * y.stride + ky * y.dilation - y.padBefore,
                              ix = ox * x.stride + kx * x.dilation - x.padBefore;
                if (iy < 0 || ix < 0 || iy >= y.input || ix >= x.input)
                  continue;
                const int64_t channel = o / (co / groups) * (ci / groups) + i;
                expected[{static_cast<uint32_t>((channel * y.input + iy) * x.input + ix),
                          static_cast<uint32_t>((o * y.output + oy) * x.output + ox)}] +=
                    w[((o * (ci / groups) + i) * y.kernel + ky) * x.kernel + kx];
              }
    CHECK(matrix(got) == expected);
  }
}

TEST_CASE("output extents follow the formula") {
  CHECK(WindowAxis::outputExtent(34, 5, 2, 1, 1) == 16);
  CHECK(WindowAxis::outputExtent(16, 3, 1, 1, 1) == 16);
  CHECK(WindowAxis::outputExtent(2, 3, 1, 0, 1) == 0);
  CHECK(WindowAxis::outputExtent(10, 3, 1, 0, 4) == 2);
}

TEST_CASE("pooling keeps channels apart and drops incomplete windows") {
  const Synapses got = pooling(2, axis(5, 2, 2, 0, 1), axis(4, 2, 2, 0, 1), 0.25, 1);
  CHECK(got.targetCount == 2 * 2 * 2);
  CHECK(got.size() == 2 * 4 * 4);
  for (const auto &[pair, weight] : matrix(got)) {
    CHECK(weight == 0.25);
    CHECK(pair.first / 20 == pair.second / 4);
  }
}

TEST_CASE("connectors keep their rules") {
  SUBCASE("one_to_one") {
    auto got = connect({.rule = "one_to_one"}, 5, 5);
    REQUIRE(got);
    CHECK(got->size() == 5);
    CHECK(connect({.rule = "one_to_one"}, 5, 6).error().code == 5702);
    CHECK(connect({.rule = "one_to_one", .autapses = false, .samePopulation = true}, 5, 5)->size() == 0);
    CHECK(connect({.rule = "one_to_one", .autapses = false}, 5, 5)->size() == 5);
  }
  SUBCASE("all_to_all without autapses") {
    auto got = connect({.rule = "all_to_all", .autapses = false, .samePopulation = true}, 6, 6);
    CHECK(got->size() == 30);
    CHECK(!got->dense);
    CHECK(connect({.rule = "all_to_all"}, 3, 4)->dense);
  }
  SUBCASE("fixed_in_degree") {
    auto got = connect({.rule = "fixed_in_degree", .number = 7, .seed = 3, .autapses = false, .samePopulation = true}, 50, 50);
    std::vector<unsigned> degree(50);
    for (uint32_t t : got->targets)
      ++degree[t];
    for (unsigned d : degree)
      CHECK(d == 7);
    for (const auto &[pair, weight] : matrix(*got))
      CHECK(pair.first != pair.second);
    CHECK(connect({.rule = "fixed_in_degree", .number = 1, .autapses = false, .samePopulation = true}, 1, 1).error().code == 5702);
  }
  SUBCASE("fixed_total_number") { CHECK(connect({.rule = "fixed_total_number", .number = 1234}, 10, 20)->size() == 1234); }
  SUBCASE("fixed_probability hits its mean within five standard deviations, whatever the probability") {
    for (double p : {0.001, 0.05, 0.5, 0.97, 1.0, 0.0}) {
      auto got = connect({.rule = "fixed_probability", .probability = p, .seed = 11}, 300, 400);
      const double n = 120000, sd = std::sqrt(n * p * (1 - p));
      CHECK(std::abs(static_cast<double>(got->size()) - n * p) <= 5 * sd + 1e-9);
      CHECK(sorted(*got));
      CHECK(matrix(*got).size() == got->size());
    }
  }
  SUBCASE("distance_dependent falls off with distance") {
    auto got = connect(
        {.rule = "distance_dependent", .probability = 1, .scale = 2, .seed = 5, .sourceShape = {20, 20}, .targetShape = {20, 20}},
        400, 400);
    double near = 0, far = 0;
    for (const auto &[pair, weight] : matrix(*got)) {
      const double dy = double(pair.first / 20) - double(pair.second / 20), dx = double(pair.first % 20) - double(pair.second % 20);
      (dy * dy + dx * dx <= 4 ? near : dy * dy + dx * dx > 64 ? far : near) += 1;
    }
    CHECK(far < 0.02 * near);
    const Matrix pairs = matrix(*got);
    for (uint32_t i = 0; i < 400; ++i)
      CHECK(pairs.count({i, i}) == 1);
  }
  SUBCASE("the same seed gives the same synapses, another seed others") {
    const ConnectRule rule{.rule = "fixed_probability", .probability = 0.2, .seed = 1};
    ConnectRule other = rule;
    other.seed = 2;
    CHECK(connect(rule, 40, 40)->targets == connect(rule, 40, 40)->targets);
    CHECK(connect(rule, 40, 40)->targets != connect(other, 40, 40)->targets);
  }
  CHECK(connect({.rule = "small_world"}, 3, 3).error().code == 5701);
  CHECK(connect({.rule = "fixed_total_number", .number = uint64_t(1) << 40}, 3, 3).error().code == 5703);
  // The product of in-degree and targets is 2^64.
  CHECK(connect({.rule = "fixed_in_degree", .number = uint64_t(1) << 34}, 3, uint64_t(1) << 30).error().code == 5703);
}

TEST_CASE("a composition is the matrix product, delays added") {
  const WindowAxis y = axis(6, 3, 1, 1, 1), x = axis(6, 3, 1, 1, 1);
  std::vector<double> w(2 * 1 * 9);
  for (size_t k = 0; k < w.size(); ++k)
    w[k] = 0.5 + static_cast<double>(k);
  const Synapses first = pooling(1, axis(12, 2, 2, 0, 1), axis(12, 2, 2, 0, 1), 1, 2), second = convolution(1, 2, 1, y, x, w, 1);
  const Synapses product = compose(first, second);
  const Matrix a = matrix(first), b = matrix(second);
  Matrix expected;
  for (const auto &[from, u] : a)
    for (const auto &[to, v] : b)
      if (from.second == to.first)
        expected[{from.first, to.second}] += u * v;
  CHECK(matrix(product) == expected);
  CHECK(product.delay(0) == 3);
  CHECK(sorted(product));
}

TEST_CASE("in-degrees of rules are those of the listed synapses") {
  uint32_t draw = 0;
  for (const char *name :
       {"one_to_one", "all_to_all", "fixed_probability", "fixed_in_degree", "fixed_total_number", "distance_dependent"})
    for (int trial = 0; trial < 12; ++trial) {
      CAPTURE(name);
      CAPTURE(trial);
      const auto pick = [&](uint32_t n) { return randomWord(9, static_cast<uint32_t>(trial), draw++, 0) % n; };
      const bool same = std::string(name) == "one_to_one" || pick(2);
      const uint64_t sources = 2 + pick(20), targets = same ? sources : 1 + pick(20);
      ConnectRule rule{.rule = name, .probability = trial == 0 ? 1.0 : 0.3, .scale = 3, .number = pick(9), .seed = pick(99)};
      rule.samePopulation = same;
      rule.autapses = pick(2);
      rule.sourceShape = {static_cast<int64_t>(sources)};
      rule.targetShape = {static_cast<int64_t>(targets)};
      const auto listed = connect(rule, sources, targets);
      const auto degrees = inDegrees(rule, sources, targets);
      REQUIRE(bool(listed));
      REQUIRE(bool(degrees));
      std::vector<uint64_t> counted(targets, 0);
      for (const uint32_t target : listed->targets)
        ++counted[target];
      REQUIRE((degrees->size() == 1 || degrees->size() == targets));
      for (uint64_t n = 0; n < targets; ++n)
        CHECK((*degrees)[degrees->size() == 1 ? 0 : n] == counted[n]);
    }
  CHECK_FALSE(bool(inDegrees({.rule = "fixed_in_degree", .number = 1}, 0, 3)));
  CHECK_FALSE(bool(inDegrees({.rule = "one_to_one"}, 2, 3)));
}
