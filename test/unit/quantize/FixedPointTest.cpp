//===- FixedPointTest.cpp - Generic conversion against exact arithmetic ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/FixedPoint.h"
#include "PlainModel.h"
#include "ranvier/Quantize/Weights.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <doctest/doctest.h>
#include <random>

using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

namespace {
FixedOptions noInputs() { return {}; }

/// Words of parameters for neuron 0.
std::vector<int32_t> firstWords(const Lowered &lowered) {
  std::vector<int32_t> out;
  for (const Values &values : lowered.params) {
    CHECK(values[0] == std::nearbyint(values[0]));
    CHECK(std::fabs(values[0]) <= 2147483647.0);
    out.push_back(static_cast<int32_t>(values[0]));
  }
  return out;
}

class RandomModel {
public:
  explicit RandomModel(uint64_t seed) : random(seed) {
    values.push_back(m.state("s0", std::pair{-2.0, 3.0}));
    values.push_back(m.state("s1", std::pair{-100.0, 40.0}));
    values.push_back(m.state("s2", std::pair{0.0, 0.01}));
    values.push_back(m.input("x"));
    values.push_back(m.param("p"));
    values.push_back(m.op(NodeKind::Mul, m.param("q"), m.dt()));
    values.push_back(m.constant(number(-3, 3)));
    for (int i = 0; i < 14; ++i)
      grow();
    for (int s = 0; s < 3; ++s)
      m.model.update[s] = pick();
    m.model.spike = conditions.empty() ? -1 : conditions.back();
  }
  double number(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); }
  Maker m;

private:
  int index(size_t size) { return static_cast<int>(std::uniform_int_distribution<size_t>(0, size - 1)(random)); }
  int pick() { return values[index(values.size())]; }
  void grow() {
    switch (index(10)) {
    case 0:
    case 1:
      values.push_back(m.op(NodeKind::Add, pick(), pick()));
      break;
    case 2:
      values.push_back(m.op(NodeKind::Sub, pick(), pick()));
      break;
    case 3:
      values.push_back(m.op(NodeKind::Mul, pick(), pick()));
      break;
    case 4:
      values.push_back(m.op(NodeKind::Div, pick(), values[4]));
      break;
    case 5:
      values.push_back(m.op(index(2) ? NodeKind::Neg : NodeKind::Abs, pick()));
      break;
    case 6:
      values.push_back(m.op(index(2) ? NodeKind::Maximum : NodeKind::Minimum, pick(), pick()));
      break;
    case 7:
      conditions.push_back(m.compare(static_cast<Predicate>(2 + index(4)), pick(), pick()));
      break;
    default:
      if (conditions.empty())
        return;
      values.push_back(m.op(NodeKind::Select, conditions[index(conditions.size())], pick(), pick()));
    }
  }
  std::mt19937_64 random;
  std::vector<int> values, conditions;
};

/// True if every comparison of the model is decided by more than `margin` for these states.
bool clearOfBoundaries(const Model &model, const std::vector<double> &params, const std::vector<double> &states,
                       const std::vector<double> &inputs, double margin) {
  for (const Node &node : model.nodes) {
    if (node.kind != NodeKind::Compare)
      continue;
    Model probe = model; // the difference as a payload
    probe.nodes.push_back({.kind = NodeKind::Sub, .a = node.a, .b = node.b});
    probe.payload = static_cast<int>(probe.nodes.size()) - 1;
    std::vector<double> copy = states;
    if (std::fabs(evaluate(probe, params, 1e-3, copy, inputs).payload) <= margin)
      return false;
  }
  return true;
}
} // namespace

TEST_CASE("fractions use 30 bits of the largest magnitude") {
  CHECK(fittingFraction({-1, 1}) == 30);
  CHECK(fittingFraction({-1, 1.0001}) == 29);
  CHECK(fittingFraction({0, 100}) == 23);
  CHECK(fittingFraction({0, 0}) == 40);
  CHECK(fittingFraction({0, 1e12}) == -10);
}

/// Random models on a chip, which brings sums with 20 or `inputFraction` fraction bits. Returns how many could be compared.
static int stayWithinTheirBound(const hw::Chip &chip, int inputFraction) {
  int converted = 0, compared = 0, firing = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    RandomModel random(seed);
    const std::vector<double> params{random.number(0.3, 5), random.number(-500, 500)};
    auto folded = foldParameters(random.m.model, {{params[0]}, {params[1]}}, 1e-3);
    REQUIRE(bool(folded));
    FixedOptions how;
    how.inputs = {{-8, 8}};
    how.inputFraction = {inputFraction};
    how.bias = {{0.3}};
    auto fixed = convertFixedPoint(*folded, chip, how);
    if (!fixed) {
      CHECK(fixed.error().code == 5404); // products of products may leave 32 bits, and are refused
      continue;
    }
    auto plan = planFormats(*folded, chip, how);
    REQUIRE(bool(plan));
    if (std::any_of(plan->nodes.begin(), plan->nodes.end(), [](const Format &format) { return format.saturates; }))
      continue; // exact arithmetic does not
    ++converted;
    for (int trial = 0; trial < 40; ++trial) {
      std::vector<int32_t> words;
      std::vector<double> states;
      for (size_t s = 0; s < 3; ++s) {
        const double value = random.number(fixed->stateRange[s].low, fixed->stateRange[s].high);
        words.push_back(static_cast<int32_t>(std::trunc(std::ldexp(value, fixed->stateFraction[s]))));
        states.push_back(std::ldexp(words.back(), -fixed->stateFraction[s]));
      }
      const auto input = static_cast<int32_t>(random.number(-8, 8) * (1 << inputFraction));
      const std::vector<double> inputs{std::ldexp(input, -inputFraction) + 0.3};
      const bool clear = clearOfBoundaries(random.m.model, params, states, inputs, 2 * fixed->comparisonError + 1e-12);
      const Evaluated exact = evaluate(random.m.model, params, 1e-3, states, inputs);
      const OneStep step = interpretOnce(fixed->lowered.program, firstWords(fixed->lowered), words, {input});
      if (!clear)
        continue;
      ++compared;
      firing += exact.spike;
      CHECK(step.spike == exact.spike);
      for (size_t s = 0; s < 3; ++s) {
        const double wanted = std::clamp(states[s], fixed->stateRange[s].low, fixed->stateRange[s].high);
        const double got = std::ldexp(words[s], -fixed->stateFraction[s]);
        CAPTURE(s);
        CHECK(std::fabs(got - wanted) <= fixed->stepError[s] + std::ldexp(1.0, -fixed->stateFraction[s]));
      }
    }
  }
  MESSAGE("models " << converted << ", steps " << compared << ", spikes " << firing);
  CHECK(firing > 100);
  return compared;
}

TEST_CASE("random models stay within the stated error bound of exact arithmetic [F5]") {
  CHECK(stayWithinTheirBound(programmableChip(), 20) > 5000);
}

TEST_CASE("random models in s16.15 do, too, where nothing saturates [S1, S2]") {
  hw::Chip chip = programmableChip();
  chip.fractionBits = 15;
  CHECK(stayWithinTheirBound(chip, 12) > 1000);
}

TEST_CASE("what may leave s16.15 saturates, and a number that is no word is refused [S1]") {
  hw::Chip chip = programmableChip();
  chip.fractionBits = 15;
  const auto fixedOf = [&](double parameter) {
    Maker m;
    const int v = m.state("v", std::pair{-200.0, 200.0}), p = m.param("p");
    m.model.update = {m.op(NodeKind::Sub, m.op(NodeKind::Mul, m.op(NodeKind::Mul, v, v), p), m.op(NodeKind::Mul, v, p))};
    auto folded = foldParameters(m.model, {{parameter}}, 1e-3);
    REQUIRE(bool(folded));
    return convertFixedPoint(*folded, chip, {});
  };
  auto fixed = fixedOf(30);
  REQUIRE(bool(fixed));
  // 200 * 200 * 30 - 200 * 30 leaves the word at every step; the state's range ends it.
  for (const double value : {200.0, -200.0, 100.0, 0.5}) {
    std::vector<int32_t> words{static_cast<int32_t>(std::ldexp(value, 15))};
    interpretOnce(fixed->lowered.program, firstWords(fixed->lowered), words, {});
    const double most = 65536 - 1.0 / 32768, square = std::min(value * value, most);
    const double wanted = std::clamp(std::min(square * 30, most) - std::clamp(value * 30, -most, most), -200.0, 200.0);
    CHECK(std::ldexp(words[0], -15) == doctest::Approx(wanted).epsilon(1e-4));
  }
  CHECK(bool(fixedOf(65535.9)));
  CHECK(fixedOf(65536).error().code == 5404);
}

TEST_CASE("a state saturates at its declared range when it is written") {
  Maker m;
  const int v = m.state("v", std::pair{-1.0, 2.0}), x = m.input("x");
  m.model.update[0] = m.op(NodeKind::Add, v, x);
  auto folded = foldParameters(m.model, {}, 1e-3);
  FixedOptions how;
  how.inputs = {{-10, 10}};
  how.inputFraction = {10};
  auto fixed = convertFixedPoint(*folded, programmableChip(), how);
  REQUIRE(bool(fixed));
  std::vector<int32_t> words{0};
  interpretOnce(fixed->lowered.program, {}, words, {5 << 10});
  CHECK(std::ldexp(words[0], -fixed->stateFraction[0]) == doctest::Approx(2.0));
  interpretOnce(fixed->lowered.program, {}, words, {-(9 << 10)});
  CHECK(std::ldexp(words[0], -fixed->stateFraction[0]) == doctest::Approx(-1.0));
}

TEST_CASE("state words fit the chip's width") {
  Maker m;
  const int v = m.state("v", std::pair{-64.0, 64.0});
  m.model.update[0] = v;
  hw::Chip chip = programmableChip();
  chip.stateBits = 24;
  auto fixed = convertFixedPoint(*foldParameters(m.model, {}, 1e-3), chip, noInputs());
  REQUIRE(bool(fixed));
  CHECK(fixed->stateFraction[0] == 16); // 64 * 2^17 = 2^23 would be one too many
}

TEST_CASE("a declared range of the input is enforced") {
  Maker m;
  m.state("v", std::pair{-10.0, 10.0});
  const int x = m.input("x");
  m.model.inputs[0].range = std::pair{-1.0, 1.0};
  m.model.update[0] = x;
  FixedOptions how;
  how.inputs = {{-100, 100}};
  how.inputFraction = {16};
  auto fixed = convertFixedPoint(*foldParameters(m.model, {}, 1e-3), programmableChip(), how);
  REQUIRE(bool(fixed));
  std::vector<int32_t> words{0};
  interpretOnce(fixed->lowered.program, {}, words, {50 << 16});
  CHECK(std::ldexp(words[0], -fixed->stateFraction[0]) == doctest::Approx(1.0));
}

TEST_CASE("random numbers of both profiles agree to 24 bits") {
  Maker m;
  m.state("r", std::pair{0.0, 1.0});
  m.model.update[0] = m.random(2);
  auto fixed = convertFixedPoint(*foldParameters(m.model, {}, 1e-3), programmableChip(), noInputs());
  REQUIRE(bool(fixed));
  for (uint32_t step = 1; step < 200; ++step) {
    std::vector<int32_t> words{0};
    interpretOnce(fixed->lowered.program, {}, words, {}, step);
    CHECK(std::fabs(std::ldexp(words[0], -fixed->stateFraction[0]) - (randomWord(42, 7, step, 2) >> 8) * 0x1p-24) < 0x1p-23);
  }
}

TEST_CASE("what has no integer form is refused by name") {
  for (NodeKind kind : {NodeKind::Exp, NodeKind::Log, NodeKind::Sqrt}) {
    Maker m;
    const int v = m.state("v", std::pair{0.5, 1.0});
    m.model.update[0] = m.op(kind, v);
    auto fixed = convertFixedPoint(*foldParameters(m.model, {}, 1e-3), programmableChip(), noInputs());
    REQUIRE(!fixed);
    CHECK(fixed.error().code == 5401);
    CHECK(fixed.error().message.find("op" + std::to_string(int(kind))) != std::string::npos);
    CHECK(fixed.error().kind == ErrorKind::CannotRun);
  }
  Maker moving;
  const int v = moving.state("v", std::pair{0.5, 1.0});
  moving.model.update[0] = moving.op(NodeKind::Div, moving.constant(1), v);
  CHECK(convertFixedPoint(*foldParameters(moving.model, {}, 1e-3), programmableChip(), noInputs()).error().code == 5403);
  Maker nothing;
  const int w = nothing.state("v", std::pair{0.5, 1.0});
  nothing.model.update[0] = nothing.op(NodeKind::Div, w, nothing.param("p"));
  CHECK(convertFixedPoint(*foldParameters(nothing.model, {{0.0}}, 1e-3), programmableChip(), noInputs()).error().code == 5403);
  Maker rangeless;
  rangeless.model.update[0] = rangeless.state("v");
  auto fixed = convertFixedPoint(*foldParameters(rangeless.model, {}, 1e-3), programmableChip(), noInputs());
  REQUIRE(!fixed);
  CHECK(fixed.error().code == 5402);
  CHECK(fixed.error().hint.find("range") != std::string::npos);
  Maker huge;
  int power = huge.state("v", std::pair{-1e9, 1e9});
  for (int i = 0; i < 3; ++i)
    power = huge.op(NodeKind::Mul, power, power);
  huge.model.update[0] = power;
  CHECK(convertFixedPoint(*foldParameters(huge.model, {}, 1e-3), programmableChip(), noInputs()).error().code == 5404);
  Maker plain;
  const int s = plain.state("v", std::pair{-1.0, 1.0});
  plain.model.update[0] = plain.op(NodeKind::Mul, s, s);
  hw::Chip lacking = programmableChip();
  lacking.forbiddenOps = {"mulsh"};
  CHECK(convertFixedPoint(*foldParameters(plain.model, {}, 1e-3), lacking, noInputs()).error().code == 5405);
}

TEST_CASE("ranges of decaying states follow from their inputs") {
  Maker m;
  const int decay = m.param("k"), th = m.param("th"), u = m.state("u"), v = m.state("v"), x = m.input("x");
  const int u1 = m.op(NodeKind::Add, m.op(NodeKind::Mul, decay, u), x);
  const int v1 = m.op(NodeKind::Add, m.op(NodeKind::Mul, decay, v), u1);
  const int fire = m.compare(Predicate::OGT, v1, th);
  m.model.update = {u1, m.op(NodeKind::Select, fire, m.op(NodeKind::Sub, v1, th), v1)};
  m.model.spike = fire;
  auto folded = foldParameters(m.model, {{0.5}, {1.0}}, 1e-3);
  const auto ranges = deriveRanges(*folded, {{-1, 2}}, {{0.0}, {0.0}});
  REQUIRE(ranges[0]);
  CHECK(ranges[0]->low == doctest::Approx(-2));
  CHECK(ranges[0]->high == doctest::Approx(4));
  REQUIRE(ranges[1]);
  CHECK(ranges[1]->high >= 8 - 1e-9);
  // An integrator has no range of its own.
  Maker free;
  const int w = free.state("v"), y = free.input("x");
  free.model.update[0] = free.op(NodeKind::Add, w, y);
  CHECK(!deriveRanges(*foldParameters(free.model, {}, 1e-3), {{-1, 2}}, {{0.0}})[0]);
}

TEST_CASE("ranges follow through choices by any condition, extremes and masks [F2]") {
  const auto rangeOf = [](Maker &m, const Values &k, const std::vector<Interval> &inputs) {
    auto folded = foldParameters(m.model, {k}, 1e-3);
    REQUIRE(bool(folded));
    return deriveRanges(*folded, inputs, std::vector<Values>(m.model.states.size(), Values{0.0}))[0];
  };
  const auto leaky = [](Maker &m, int &v, int &x) {
    v = m.state("v");
    x = m.input("x");
    return m.op(NodeKind::Add, m.op(NodeKind::Mul, m.param("k"), v), x);
  };
  int v = 0, x = 0;
  Maker held; // |v'| > 1 ? v' / 2 : v', beside a second state that only sometimes follows
  const int v1 = leaky(held, v, x), one = held.constant(1), sent = held.state("sent", std::pair{-9.0, 9.0});
  const int far = held.compare(Predicate::OGT, held.op(NodeKind::Abs, v1), one);
  held.model.update = {held.op(NodeKind::Select, far, held.op(NodeKind::Mul, v1, held.constant(0.5)), v1),
                       held.op(NodeKind::Select, far, v1, sent)};
  const auto range = rangeOf(held, {0.5}, {{-1, 2}});
  REQUIRE(range);
  CHECK(range->low == doctest::Approx(-2));
  CHECK(range->high == doctest::Approx(4));
  Maker floor; // max(v', -1): the floor is inside, the leak bounds the rest
  const int w1 = leaky(floor, v, x);
  floor.model.update = {floor.op(NodeKind::Maximum, w1, floor.constant(-1))};
  const auto floored = rangeOf(floor, {0.5}, {{-8, 2}});
  REQUIRE(floored);
  CHECK(floored->low >= -16);
  CHECK(floored->high == doctest::Approx(4));
  Maker growing; // one of the choices does not decay
  const int g1 = leaky(growing, v, x), big = growing.compare(Predicate::OGT, growing.op(NodeKind::Abs, g1), growing.constant(1));
  growing.model.update = {growing.op(NodeKind::Select, big, g1, growing.op(NodeKind::Add, v, x))};
  CHECK(!rangeOf(growing, {0.5}, {{-1, 1}}));
  Maker still;
  still.state("v");
  still.param("k");
  still.model.spike = still.compare(Predicate::OGT, still.input("x"), 0);
  auto folded = foldParameters(still.model, {{0.5}}, 1e-3);
  const auto fixed = deriveRanges(*folded, {{-1, 1}}, {{0.25, 0.75}});
  REQUIRE(fixed[0]); // nothing updates it
  CHECK(fixed[0]->low == 0.25);
  CHECK(fixed[0]->high == 0.75);
}

TEST_CASE("an accumulator's unit need not be a power of two [F4]") {
  // v' = x: the sum, times its scale, to within the error that the plan states.
  for (double scale : {1.0, 1.3, 1.999}) {
    CAPTURE(scale);
    Maker m;
    m.state("v", std::pair{-9.0, 9.0});
    m.model.update[0] = m.input("x");
    FixedOptions how;
    how.inputs = {{-8, 8}};
    how.inputFraction = {20};
    how.inputScale = {scale};
    how.bias = {{-0.25}};
    auto fixed = convertFixedPoint(*foldParameters(m.model, {}, 1e-3), programmableChip(), how);
    REQUIRE(bool(fixed));
    for (int32_t word : {0, 1, -1, 12345, -7654321, 4000000}) {
      std::vector<int32_t> states{0}, params;
      for (const Values &values : fixed->lowered.params)
        params.push_back(static_cast<int32_t>(values[0]));
      interpretOnce(fixed->lowered.program, params, states, {word});
      CHECK(std::fabs(std::ldexp(states[0], -fixed->stateFraction[0]) - (std::ldexp(scale * word, -20) - 0.25)) <=
            fixed->stepError[0]);
    }
    CHECK(fixed->stepError[0] < 1e-6);
  }
}

TEST_CASE("weights use their bits whatever their size [F4]") {
  // 255 steps of an excitatory weight: a largest weight just above a power of two must not leave half of them unused.
  std::vector<double> weights;
  for (int i = 1; i <= 64; ++i)
    weights.push_back(1.02 * i / 64);
  const WeightFormat format = weightFormat(weights, programmableChip().weights, 8);
  const double binary = bestWeights(weights, format, std::ldexp(1.0, -13), programmableChip().weights)->rms;
  const double scaled = bestWeights(weights, format, 1.02 / 255 / 128, programmableChip().weights)->rms;
  CHECK(scaled < 0.6 * binary);
}
