//===- ConverterTest.cpp - Calibrated and integer converters --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emu;

static std::vector<double> integers(uint64_t count, uint32_t stream, int low, int high) {
  std::vector<double> out(count);
  for (uint32_t k = 0; k < count; ++k)
    out[k] = low + static_cast<int>(randomWord(2, k, stream, 0) % static_cast<uint32_t>(high - low + 1));
  return out;
}

TEST_CASE("a calibrated range holds the currents of its samples, or the share asked for") {
  constexpr uint64_t outputs = 40, inputs = 30, vectors = 25;
  std::vector<double> w(outputs * inputs), x(vectors * inputs), y(vectors * outputs), exact(vectors * outputs);
  for (uint32_t k = 0; k < w.size(); ++k)
    w[k] = uniformFromWord(randomWord(1, k, 1, 0)) * 2 - 1;
  for (uint32_t k = 0; k < x.size(); ++k)
    x[k] = uniformFromWord(randomWord(1, k, 2, 0));
  for (const auto converter : {CrossbarConfig::Converter::Uniform, CrossbarConfig::Converter::SignMagnitude})
    for (const bool sliced : {false, true}) {
      CrossbarConfig config;
      config.inputSigned = false;
      config.converter = converter;
      config.converterBits = 10;
      config.calibrated = true;
      config.tileInputs = 16;
      if (sliced) {
        config.mapping = CrossbarConfig::Mapping::SlicedPairs;
        config.slices = 2;
      }
      auto array = CrossbarArray::program(w, outputs, inputs, config);
      REQUIRE(array);
      auto early = array->product(x, y);
      REQUIRE_FALSE(early);
      CHECK(early.error().code == 7056);
      REQUIRE(array->calibrate(x));
      REQUIRE(array->product(x, y));
      REQUIRE(array->analogueProduct(x, exact));
      double half = 0; // Nothing is clipped: every current is off by half a step at most, of two tiles.
      for (const double step : array->config().outputSteps())
        half += step;
      for (size_t k = 0; k < y.size(); ++k)
        CHECK(std::abs(y[k] - exact[k]) <= half * (1 + 1e-9));
      if (sliced || converter == CrossbarConfig::Converter::SignMagnitude)
        continue;
      const double all = array->config().ranges[0].high;
      REQUIRE(array->calibrate(x, 0.9));
      CHECK(array->config().ranges[0].high < all);
      // One tile, one pass: a twentieth of the outputs lies beyond either end.
      config.tileInputs = 0;
      auto one = CrossbarArray::program(w, outputs, inputs, config);
      REQUIRE(one);
      REQUIRE(one->calibrate(x, 0.9));
      const auto range = one->config().ranges[0];
      const double dg = 1 - config.leastConductance();
      const auto beyond = std::count_if(exact.begin(), exact.end(), [&](double v) { return v * dg > range.high + 1e-7; });
      CHECK(std::abs(beyond - static_cast<std::ptrdiff_t>(vectors * outputs / 20)) <= 1);
    }
}

TEST_CASE("what cannot be calibrated is refused") {
  const std::vector<double> w{1, 0, 0, 1};
  CrossbarConfig config;
  config.converter = CrossbarConfig::Converter::Uniform;
  config.calibrated = true;
  auto array = CrossbarArray::program(w, 2, 2, config);
  REQUIRE(array);
  const auto code = [&](const std::vector<double> &samples, double share) {
    auto result = array->calibrate(samples, share);
    return result ? 0u : result.error().code;
  };
  CHECK(code({0.5, 1}, 1) == 0);
  CHECK(code({0, 0}, 1) == 7056);
  CHECK(code({}, 1) == 7056);
  CHECK(code({1}, 1) == 7056);
  CHECK(code({0.5, 1}, 0) == 7056);
  CHECK(code({0.5, 1}, 1.5) == 7056);
  CHECK(code({0.5, std::nan("")}, 1) == 7053);
  config.converter = CrossbarConfig::Converter::None;
  array = CrossbarArray::program(w, 2, 2, config);
  REQUIRE(array);
  CHECK(code({0.5, 1}, 1) == 7056);
}

/// Plain loops over words and weights: what rv_crossbar_tile is documented to compute.
static int64_t byHand(const std::vector<double> &w, const double *x, uint64_t inputs, uint64_t output, unsigned bits, bool isSigned,
                      const hw::IntegerConverter &converter, uint32_t zero) {
  int64_t result = 0;
  for (unsigned b = 0; b < bits; ++b) {
    int64_t sum = 0;
    for (uint64_t j = 0; j < inputs; ++j)
      sum += (static_cast<int64_t>(x[j]) >> b & 1) * static_cast<int64_t>(w[output * inputs + j]);
    const int64_t code = std::clamp<int64_t>((sum + converter.offset) >> converter.shift, 0, (int64_t(1) << converter.bits) - 1);
    result += (code - int64_t(zero)) * (int64_t(1) << b) * (isSigned && b + 1 == bits ? -1 : 1);
  }
  return result;
}

static void checkInteger(unsigned bits, bool isSigned, const hw::IntegerConverter &converter) {
  constexpr uint64_t outputs = 33, inputs = 50, vectors = 6;
  constexpr uint32_t zero = 17;
  const int top = (1 << (bits - isSigned)) - 1;
  const auto w = integers(outputs * inputs, 11, -63, 63), x = integers(vectors * inputs, 12, isSigned ? -top - 1 : 0, top);
  CrossbarConfig config;
  config.weightMax = 63;
  config.inputMax = top;
  config.cellBits = 6;
  config.inputBits = bits;
  config.inputSigned = isSigned;
  config.bitSerial = config.convertEachBit = bits > 1;
  config.converter = CrossbarConfig::Converter::Integer;
  config.integer = converter;
  config.integerZero = zero;
  auto array = CrossbarArray::program(w, outputs, inputs, config);
  REQUIRE(array);
  CHECK(array->isExact());
  std::vector<double> y(vectors * outputs);
  REQUIRE(array->product(x, y));
  for (uint64_t v = 0; v < vectors; ++v)
    for (uint64_t i = 0; i < outputs; ++i) {
      const int64_t expected = byHand(w, x.data() + v * inputs, inputs, i, bits, isSigned, converter, zero);
      CHECK(std::llround(std::ldexp(y[v * outputs + i], -int(converter.shift))) == expected);
      CHECK(y[v * outputs + i] == doctest::Approx(std::ldexp(double(expected), int(converter.shift))).epsilon(1e-13));
    }
  // Without converter, the plain product.
  REQUIRE(array->analogueProduct(x, y));
  for (uint64_t i = 0; i < outputs; ++i) {
    double expected = 0;
    for (uint64_t j = 0; j < inputs; ++j)
      expected += w[i * inputs + j] * x[j];
    CHECK(y[i] == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("integer converters: products are those integers") {
  for (const unsigned bits : {1u, 2u, 8u, 15u})
    for (const bool isSigned : {false, true})
      if (bits > 1 || !isSigned)
        for (const auto &converter : {hw::IntegerConverter{.offset = 900, .shift = 3, .bits = 8},
                                      hw::IntegerConverter{.offset = 4000, .shift = 0, .bits = 13}})
          checkInteger(bits, isSigned, converter);
}

TEST_CASE("integer converters are refused where sums are none") {
  const auto code = [](auto change) {
    CrossbarConfig config;
    config.cellBits = 4;
    config.inputBits = 1;
    config.inputSigned = false;
    config.converter = CrossbarConfig::Converter::Integer;
    change(config);
    const auto result = config.validate();
    return result ? 0u : result.error().code;
  };
  CHECK(code([](CrossbarConfig &) {}) == 0);
  CHECK(code([](CrossbarConfig &c) { c.integer.bits = 17; }) == 7050);
  CHECK(code([](CrossbarConfig &c) { c.integer.shift = 32; }) == 7050);
  CHECK(code([](CrossbarConfig &c) { c.integerZero = 256; }) == 7050);
  CHECK(code([](CrossbarConfig &c) { c.cellBits = 0; }) == 7051);
  CHECK(code([](CrossbarConfig &c) { c.mapping = CrossbarConfig::Mapping::Offset; }) == 7051);
  CHECK(code([](CrossbarConfig &c) { c.inputBits = 4; }) == 7051);
  CHECK(code([](CrossbarConfig &c) { c.wires.inputOhm = 1; }) == 7051);
  CHECK(code([](CrossbarConfig &c) { c.faults.lowRate = 0.1; }) == 7051);
  CHECK(code([](CrossbarConfig &c) { c.ranges = {{0, 1}}; }) == 7051);
}

TEST_CASE("columns that integrate and fire: whole spikes of their current") {
  // Currents are exact: two-bit cells, spikes.
  const std::vector<double> w{1, 1, 1, -1, 1, 1, -1, -1, 0}, x{1, 1, 1};
  CrossbarConfig config;
  config.cellBits = 2;
  config.inputSigned = false;
  config.inputBits = 1;
  config.infiniteOnOff = true;
  config.converter = CrossbarConfig::Converter::IntegrateAndFire;
  config.converterBits = 2;
  const auto run = [&](double threshold) {
    config.threshold = threshold;
    auto array = CrossbarArray::program(w, 3, 3, config);
    REQUIRE(array);
    std::vector<double> y(3);
    REQUIRE(array->product(x, y));
    return y;
  };
  CHECK(run(1) == std::vector<double>{3, 1, 0});          // Currents 3, 1, -2.
  CHECK(run(0.75) == std::vector<double>{2.25, 0.75, 0}); // 4 spikes are one more than two bits count.
  CHECK(run(2) == std::vector<double>{2, 0, 0});
  CHECK(config.outputSteps() == std::vector<double>{2});
  config.converter = CrossbarConfig::Converter::Comparator;
  CHECK(run(1) == std::vector<double>{1, 0, 0}); // A current that is the threshold does not exceed it.
  CHECK(run(0.999) == std::vector<double>{1, 1, 0});
  CHECK(run(-2.5) == std::vector<double>{1, 1, 1});
  config.tileInputs = 2;
  auto tiles = CrossbarArray::program(w, 3, 3, config);
  REQUIRE_FALSE(tiles);
  CHECK(tiles.error().code == 7051);
}

TEST_CASE("thresholds that mean nothing are refused") {
  const auto code = [](CrossbarConfig::Converter converter, auto change) {
    CrossbarConfig config;
    config.converter = converter;
    CHECK(config.validate());
    change(config);
    const auto result = config.validate();
    return result ? 0u : result.error().code;
  };
  constexpr auto fire = CrossbarConfig::Converter::IntegrateAndFire, compare = CrossbarConfig::Converter::Comparator;
  CHECK(code(fire, [](CrossbarConfig &c) { c.threshold = 0; }) == 7050);
  CHECK(code(compare, [](CrossbarConfig &c) { c.threshold = 0; }) == 0);
  CHECK(code(compare, [](CrossbarConfig &c) { c.threshold = std::nan(""); }) == 7050);
  CHECK(code(fire, [](CrossbarConfig &c) { c.converterBits = 0; }) == 7050);
  CHECK(code(fire, [](CrossbarConfig &c) { c.ranges = {{0, 1}}; }) == 7051);
  CHECK(code(compare, [](CrossbarConfig &c) {
          c.mapping = CrossbarConfig::Mapping::SlicedPairs;
          c.slices = 2;
        }) == 7051);
}
