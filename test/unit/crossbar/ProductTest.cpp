//===- ProductTest.cpp - Products of programmed arrays --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Laws that hold whatever the numbers: the plain product, superposition, the error of a code. test/e2e/test_crossbar.py compares
// every rule with an independent model.
//===----------------------------------------------------------------------===//
#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace ranvier;
using namespace ranvier::emu;

static std::vector<double> random(uint64_t count, uint32_t stream, double low = -1) {
  std::vector<double> out(count);
  for (uint32_t k = 0; k < count; ++k)
    out[k] = low + (1 - low) * uniformFromWord(randomWord(2, k, stream, 0));
  return out;
}
static std::vector<double> multiply(const CrossbarArray &array, const std::vector<double> &x) {
  std::vector<double> y(x.size() / array.inputs() * array.outputs());
  const auto done = array.product(x, y);
  REQUIRE(done);
  return y;
}
static CrossbarArray programmed(const std::vector<double> &w, uint64_t outputs, const CrossbarConfig &config) {
  auto array = CrossbarArray::program(w, outputs, w.size() / outputs, config);
  REQUIRE(array);
  return *std::move(array);
}

TEST_CASE("every mapping of analogue or fine cells is the plain product") {
  constexpr uint64_t outputs = 13, inputs = 31;
  const auto w = random(outputs * inputs, 1), x = random(2 * inputs, 2);
  for (const auto mapping : {CrossbarConfig::Mapping::Pairs, CrossbarConfig::Mapping::Offset, CrossbarConfig::Mapping::SlicedPairs,
                             CrossbarConfig::Mapping::SlicedOffset})
    for (const unsigned tile : {0u, 7u}) {
      CrossbarConfig config{.mapping = mapping, .weightBits = 16, .slices = 4, .tileInputs = tile, .tileOutputs = tile};
      const auto y = multiply(programmed(w, outputs, config), x);
      for (uint64_t v = 0; v < 2; ++v)
        for (uint64_t i = 0; i < outputs; ++i) {
          double expected = 0;
          for (uint64_t j = 0; j < inputs; ++j)
            expected += w[i * inputs + j] * x[v * inputs + j];
          const bool sliced = config.isSliced();
          CHECK(std::abs(y[v * outputs + i] - expected) < (sliced ? 1e-3 : 1e-8));
        }
    }
}

TEST_CASE("integers are exact: no rounding but the last") {
  constexpr uint64_t outputs = 3, inputs = 2000;
  std::vector<double> w(outputs * inputs), x(inputs);
  for (uint32_t k = 0; k < w.size(); ++k)
    w[k] = static_cast<int>(randomWord(2, k, 7, 0) % 255) - 127;
  for (uint32_t k = 0; k < x.size(); ++k)
    x[k] = static_cast<int>(randomWord(2, k, 8, 0) % 255) - 127;
  CrossbarConfig config{.weightMax = 127, .inputMax = 127, .cellBits = 7, .inputBits = 8};
  const CrossbarArray array = programmed(w, outputs, config);
  CHECK(array.isExact());
  const auto y = multiply(array, x);
  for (uint64_t i = 0; i < outputs; ++i) {
    int64_t expected = 0;
    for (uint64_t j = 0; j < inputs; ++j)
      expected += int64_t(w[i * inputs + j]) * int64_t(x[j]);
    CHECK(y[i] == doctest::Approx(double(expected)).epsilon(1e-15));
  }
}

TEST_CASE("superposition holds with wires, and only wires that select cells break it") {
  constexpr uint64_t outputs = 9, inputs = 14;
  const auto w = random(outputs * inputs, 3);
  std::vector<double> first(inputs), second(inputs), both(inputs);
  for (uint64_t j = 0; j < inputs; ++j)
    both[j] = (first[j] = j % 3 == 0) + (second[j] = j % 3 == 1);
  for (const bool selects : {false, true})
    for (const bool interleaved : {false, true}) {
      CrossbarConfig config{.interleaved = interleaved, .inputSigned = false, .wires = {20, 30, selects}};
      const CrossbarArray array = programmed(w, outputs, config);
      const auto a = multiply(array, first), b = multiply(array, second), c = multiply(array, both);
      double off = 0;
      for (uint64_t i = 0; i < outputs; ++i)
        off = std::max(off, std::abs(a[i] + b[i] - c[i]));
      if (selects)
        CHECK(off > 1e-4);
      else
        CHECK(off < 1e-12);
    }
}

TEST_CASE("a code is off by half a step at most, uniformly") {
  constexpr uint64_t outputs = 400, inputs = 24;
  const auto w = random(outputs * inputs, 4), x = random(inputs, 5);
  CrossbarConfig config{.converter = CrossbarConfig::Converter::Uniform, .converterBits = 8, .ranges = {{-8, 8.1}}};
  const CrossbarArray array = programmed(w, outputs, config);
  const auto y = multiply(array, x);
  std::vector<double> exact(outputs);
  REQUIRE(array.analogueProduct(x, exact));
  const double step = config.outputSteps()[0];
  double squares = 0;
  for (uint64_t i = 0; i < outputs; ++i) {
    CHECK(std::abs(y[i] - exact[i]) <= step / 2 * (1 + 1e-9));
    squares += (y[i] - exact[i]) * (y[i] - exact[i]);
  }
  // step^2 / 12; of 400 such squares the mean is within 5 sigma (relative sqrt(4 / 5 / 400)) of it but once in two million.
  CHECK(squares / outputs / (step * step / 12) == doctest::Approx(1).epsilon(5 * std::sqrt(0.8 / outputs)));
}

TEST_CASE("inputs that are no numbers, or select half a cell, are refused") {
  CrossbarConfig config{.inputSigned = false, .wires = {1, 1, true}};
  const CrossbarArray array = programmed(random(6, 6), 2, config);
  std::vector<double> x{0, 1, 0}, y(2);
  CHECK(array.product(x, y));
  x[1] = 0.5;
  auto result = array.product(x, y);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == 7054);
  x[1] = std::numeric_limits<double>::quiet_NaN();
  result = array.product(x, y);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == 7053);
  CHECK(result.error().place == "X[0, 1]");
}
