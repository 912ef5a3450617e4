//===- FloatLoweringTest.cpp - Every op in f32 microcode ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/FloatLowering.h"
#include "PlainModel.h"
#include "ranvier/Support/Random.h"
#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

namespace {
int32_t bits(float value) { return std::bit_cast<int32_t>(value); }
float real(int32_t word) { return std::bit_cast<float>(word); }

/// The state after one step of a model with states a, b, c (the operands) and r (the result).
float run(Maker &m, float a, float b, float c) {
  auto folded = foldParameters(m.model, {}, 1e-3);
  REQUIRE(bool(folded));
  auto lowered = lowerF32(*folded, {});
  REQUIRE(bool(lowered));
  std::vector<int32_t> states{bits(a), bits(b), bits(c), 0};
  interpretOnce(lowered->program, {}, states, {});
  return real(states[3]);
}
bool same(float a, float b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }
const float samples[] = {0.0f,
                         -0.0f,
                         1.5f,
                         -2.25f,
                         3e38f,
                         -3e38f,
                         1e-40f,
                         7.0f,
                         std::numeric_limits<float>::infinity(),
                         std::numeric_limits<float>::quiet_NaN()};
float maximum(float a, float b) {
  return std::isnan(a) || std::isnan(b) ? NAN : a == b ? (std::signbit(a) ? b : a) : std::max(a, b);
}
float minimum(float a, float b) {
  return std::isnan(a) || std::isnan(b) ? NAN : a == b ? (std::signbit(a) ? a : b) : std::min(a, b);
}
} // namespace

TEST_CASE("every number op agrees with direct evaluation in binary32") {
  struct Case {
    NodeKind kind;
    float (*direct)(float, float);
    bool unary;
  };
  const Case cases[] = {
      {NodeKind::Add, [](float a, float b) { return a + b; }, false},
      {NodeKind::Sub, [](float a, float b) { return a - b; }, false},
      {NodeKind::Mul, [](float a, float b) { return a * b; }, false},
      {NodeKind::Div, [](float a, float b) { return a / b; }, false},
      {NodeKind::Maximum, maximum, false},
      {NodeKind::Minimum, minimum, false},
      {NodeKind::MaxNum, [](float a, float b) { return std::isnan(a)   ? b
                                                       : std::isnan(b) ? a
                                                                       : maximum(a, b); }, false},
      {NodeKind::MinNum, [](float a, float b) { return std::isnan(a)   ? b
                                                       : std::isnan(b) ? a
                                                                       : minimum(a, b); }, false},
      {NodeKind::Neg, [](float a, float) { return -a; }, true},
      {NodeKind::Abs, [](float a, float) { return std::fabs(a); }, true},
      {NodeKind::Floor, [](float a, float) { return std::floor(a); }, true},
      {NodeKind::Sqrt, [](float a, float) { return std::sqrt(a); }, true},
      {NodeKind::Exp, [](float a, float) { return isa::exp32(a); }, true},
      {NodeKind::Log, [](float a, float) { return isa::log32(a); }, true},
  };
  for (const Case &c : cases) {
    Maker m;
    const int a = m.state("a"), b = m.state("b");
    m.state("c");
    m.state("r");
    m.model.update[3] = c.unary ? m.op(c.kind, a) : m.op(c.kind, a, b);
    for (float x : samples)
      for (float y : samples) {
        CAPTURE(int(c.kind));
        CAPTURE(x);
        CAPTURE(y);
        CHECK(same(run(m, x, y, 0), c.direct(x, y)));
      }
  }
}

TEST_CASE("every predicate, select, logic op and mask agrees with direct evaluation") {
  for (int p = 0; p < 16; ++p) {
    Maker m;
    const int a = m.state("a"), b = m.state("b"), c = m.state("c");
    m.state("r");
    const int test = m.compare(static_cast<Predicate>(p), a, b);
    m.model.update[3] = m.op(NodeKind::Add, m.op(NodeKind::Select, test, c, a), m.op(NodeKind::FromBool, test));
    for (float x : samples)
      for (float y : samples) {
        const bool holds = compare(static_cast<Predicate>(p), x, y);
        CAPTURE(p);
        CHECK(same(run(m, x, y, 5.0f), (holds ? 5.0f : x) + (holds ? 1.0f : 0.0f)));
      }
  }
  for (NodeKind kind : {NodeKind::And, NodeKind::Or, NodeKind::Xor}) {
    Maker m;
    const int a = m.state("a"), b = m.state("b"), zero = m.constant(0);
    m.state("c");
    m.state("r");
    const int left = m.compare(Predicate::OGT, a, zero), right = m.compare(Predicate::OGT, b, zero);
    m.model.update[3] = m.op(NodeKind::FromBool, m.op(kind, left, right));
    for (float x : {-1.0f, 1.0f})
      for (float y : {-1.0f, 1.0f}) {
        const bool l = x > 0, r = y > 0;
        CHECK(run(m, x, y, 0) == float(kind == NodeKind::And ? l && r : kind == NodeKind::Or ? l || r : l != r));
      }
  }
}

TEST_CASE("parameters are rounded once, biases are added to the input, factors of 1 vanish") {
  Maker m;
  const int tau = m.param("tau"), r = m.param("r"), x = m.input("x"), v = m.state("v");
  const int a = m.op(NodeKind::Div, m.dt(), tau), one = m.constant(1.0);
  const int kept = m.op(NodeKind::Mul, m.op(NodeKind::Sub, one, a), v);
  m.model.update[0] = m.op(NodeKind::Add, kept, m.op(NodeKind::Mul, m.op(NodeKind::Mul, a, r), x));
  auto folded = foldParameters(m.model, {{static_cast<double>(0.01f)}, {10.0}}, 1e-3);
  REQUIRE(bool(folded));
  auto lowered = lowerF32(*folded, {{0.125}});
  REQUIRE(bool(lowered));
  CHECK(lowered->program.params == std::vector<std::string>{"fold0", "bias_x"}); // gain dt/tau*r is 1 in binary32
  CHECK(lowered->params[0] == Values{static_cast<double>(0.9f)});
  std::vector<int32_t> states{bits(0.3f)};
  interpretOnce(lowered->program, {bits(0.9f), bits(0.125f)}, states, {bits(0.7f)});
  CHECK(real(states[0]) == 0.9f * 0.3f + (0.7f + 0.125f));
}

TEST_CASE("static booleans are words of logic") {
  Maker m;
  const int p = m.param("p"), v = m.state("v"), zero = m.constant(0);
  const int fixed = m.compare(Predicate::OGT, p, zero), moving = m.compare(Predicate::OGT, v, zero);
  m.model.spike = m.op(NodeKind::And, fixed, moving);
  for (double value : {-1.0, 1.0}) {
    auto folded = foldParameters(m.model, {{value}}, 1e-3);
    REQUIRE(bool(folded));
    auto lowered = lowerF32(*folded, {});
    REQUIRE(bool(lowered));
    std::vector<int32_t> states{bits(2.0f)};
    CHECK(interpretOnce(lowered->program, {bits(static_cast<float>(lowered->params[0][0]))}, states, {}).spike == (value > 0));
  }
}

TEST_CASE("states are read as they were at the start of the step") {
  Maker m;
  const int a = m.state("a"), b = m.state("b");
  m.model.update = {b, a}; // swap
  auto folded = foldParameters(m.model, {}, 1e-3);
  auto lowered = lowerF32(*folded, {});
  REQUIRE(bool(lowered));
  std::vector<int32_t> states{1, 2};
  interpretOnce(lowered->program, {}, states, {});
  CHECK(states == std::vector<int32_t>{2, 1});
}

TEST_CASE("a random number is the one of (seed, neuron, step, draw)") {
  Maker m;
  m.state("r");
  m.model.update[0] = m.random(3);
  auto folded = foldParameters(m.model, {}, 1e-3);
  auto lowered = lowerF32(*folded, {});
  REQUIRE(bool(lowered));
  std::vector<int32_t> states{0};
  interpretOnce(lowered->program, {}, states, {}, 9);
  CHECK(real(states[0]) == (randomWord(42, 7, 9, 3) >> 8) * 0x1p-24f);
}

TEST_CASE("registers: many values at once, and too many [F8]") {
  // Values are computed where they are first used, so only what is used twice has to wait: each term goes into two sums.
  const auto wide = [](int width) {
    Maker m;
    const int v = m.state("v"), w = m.state("w");
    std::vector<int> terms;
    for (int i = 0; i < width; ++i)
      terms.push_back(m.op(NodeKind::Mul, v, m.constant(i + 0.5)));
    int forth = terms.front(), back = terms.back();
    for (int i = 1; i < width; ++i) {
      forth = m.op(NodeKind::Add, forth, terms[i]);
      back = m.op(NodeKind::Sub, back, terms[width - 1 - i]);
    }
    m.model.update = {forth, m.op(NodeKind::Add, back, w)};
    return *foldParameters(m.model, {}, 1e-3);
  };
  auto fits = lowerF32(wide(60), {});
  REQUIRE(bool(fits));
  std::vector<int32_t> states{bits(1.0f), bits(0.0f)};
  interpretOnce(fits->program, {}, states, {});
  CHECK(real(states[0]) == 1800.0f);
  CHECK(real(states[1]) == 59.5f - (1800.0f - 59.5f));
  auto tooMany = lowerF32(wide(70), {});
  REQUIRE(!tooMany);
  CHECK(tooMany.error().code == 5103);
  CHECK(tooMany.error().kind == ErrorKind::DoesNotFit);
  // A sum of many terms alone needs few.
  Maker chain;
  int sum = chain.state("v");
  for (int i = 0; i < 200; ++i)
    sum = chain.op(NodeKind::Add, sum, chain.op(NodeKind::Mul, 0, chain.constant(i)));
  chain.model.update[0] = sum;
  CHECK(bool(lowerF32(*foldParameters(chain.model, {}, 1e-3), {})));
}

TEST_CASE("limits of words and programs are errors at the model") {
  Maker big;
  const int p = big.param("p"), v = big.state("v");
  big.model.update[0] = big.op(NodeKind::Mul, v, p);
  auto overflow = lowerF32(*foldParameters(big.model, {{1e39}}, 1e-3), {});
  REQUIRE(!overflow);
  CHECK(overflow.error().code == 5102);
  Maker many;
  int sum = many.state("v");
  std::vector<Values> values;
  for (unsigned i = 0; i < isa::maxSlots + 1; ++i) {
    sum = many.op(NodeKind::Add, sum, many.param("p" + std::to_string(i)));
    values.push_back({i + 0.25});
  }
  many.model.update[0] = sum;
  auto slots = lowerF32(*foldParameters(many.model, values, 1e-3), {});
  REQUIRE(!slots);
  CHECK(slots.error().code == 5104);
}

TEST_CASE("a junction passes on a sum that is not 0, bias included") {
  const Lowered plain = junctionF32({});
  std::vector<int32_t> none;
  CHECK(!interpretOnce(plain.program, {}, none, {bits(0.0f)}).spike);
  CHECK(!interpretOnce(plain.program, {}, none, {bits(-0.0f)}).spike);
  const OneStep passed = interpretOnce(plain.program, {}, none, {bits(-2.5f)});
  CHECK(passed.spike);
  CHECK(real(passed.payload) == -2.5f);
  const Lowered biased = junctionF32({0.5});
  CHECK(interpretOnce(biased.program, {bits(0.5f)}, none, {bits(0.0f)}).payload == bits(0.5f));
  CHECK(!interpretOnce(biased.program, {bits(0.5f)}, none, {bits(-0.5f)}).spike);
}
