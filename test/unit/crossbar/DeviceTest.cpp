//===- DeviceTest.cpp - Drift, stuck cells, bent currents -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Noise.h"
#include "Refused.h"
#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <set>

using namespace ranvier;
using namespace ranvier::emu;
using ranvier::test::refused;

static std::vector<double> random(uint64_t count, uint32_t stream, double low = -1) {
  std::vector<double> out(count);
  for (uint32_t k = 0; k < count; ++k)
    out[k] = low + (1 - low) * uniformFromWord(randomWord(2, k, stream, 0));
  return out;
}
static CrossbarArray programmed(const std::vector<double> &w, uint64_t outputs, const CrossbarConfig &config) {
  auto array = CrossbarArray::program(w, outputs, w.size() / outputs, config);
  REQUIRE(array);
  return *std::move(array);
}
static std::vector<double> multiply(const CrossbarArray &array, const std::vector<double> &x) {
  std::vector<double> y(x.size() / array.inputs() * array.outputs());
  REQUIRE(array.product(x, y));
  return y;
}

TEST_CASE("logarithm and exponential") {
  for (uint32_t k = 0; k < 20000; ++k) {
    const double a = std::exp(60 * (uniformFromWord(randomWord(6, k, 0, 0)) - 0.5)),
                 b = 200 * (uniformFromWord(randomWord(6, k, 1, 0)) - 0.5);
    CHECK(std::abs(naturalLogarithm(a) - std::log(a)) <= 4e-15 * std::max(1.0, std::abs(std::log(a))));
    CHECK(std::abs(exponential(b) / std::exp(b) - 1) < 2e-14);
  }
  CHECK(naturalLogarithm(1) == 0);
  CHECK(exponential(0) == 1);
}

TEST_CASE("without spread everything decays alike, as the power says") {
  constexpr uint64_t outputs = 6, inputs = 40;
  const auto w = random(outputs * inputs, 1), x = random(inputs, 2);
  CrossbarConfig config;
  const auto fresh = multiply(programmed(w, outputs, config), x);
  config.drift = {.seconds = 86400, .origin = 20, .exponent = 0.06};
  const auto old = multiply(programmed(w, outputs, config), x);
  const double factor = std::pow((86400 + 20) / 20.0, -0.06);
  for (uint64_t i = 0; i < outputs; ++i)
    CHECK(std::abs(old[i] - factor * fresh[i]) < 1e-8);
}

TEST_CASE("exponents of cells are normal, and phase-change cells by their conductance") {
  constexpr uint64_t count = 1 << 16;
  const double decades = std::log((1000 + 20) / 20.0), bound = 5 / std::sqrt(double(count));
  const auto statistics = [&](const CrossbarDrift &drift, double g) {
    std::vector<double> cells(count, g), none;
    letDrift(cells, none, drift, {.seed = 3, .draw = CrossbarDraw::Drift});
    double mean = 0, square = 0;
    for (const double cell : cells) {
      const double nu = -std::log(cell / g) / decades;
      mean += nu / count;
      square += nu * nu / count;
    }
    return std::pair(mean, std::sqrt(square - mean * mean));
  };
  auto [mean, spread] = statistics({.seconds = 1000, .exponent = 0.1, .spread = 0.01}, 0.5);
  CHECK(std::abs(mean - 0.1) < bound * 0.01);
  CHECK(std::abs(spread / 0.01 - 1) < bound);
  for (const double g : {1.0, 0.3, 0.05, 0.01}) {
    std::tie(mean, spread) = statistics({.seconds = 1000, .phaseChange = true}, g);
    const double m = std::clamp(-0.0155 * std::log(g) + 0.0244, 0.049, 0.1),
                 s = std::clamp(-0.0125 * std::log(g) - 0.0059, 0.008, 0.045);
    const bool clipped = m < 5 * s; // Exponents below 0 become 0.
    CHECK(std::abs(mean - m) < bound * s + (clipped ? 0.02 * s : 0));
    CHECK(std::abs(spread / s - 1) < bound + (clipped ? 0.05 : 0));
  }
}

TEST_CASE("listed cells are stuck, and nothing else") {
  constexpr uint64_t outputs = 5, inputs = 7;
  const auto w = random(outputs * inputs, 3);
  CrossbarConfig config{.tileInputs = 4, .tileOutputs = 3};
  const double g0 = config.leastConductance(), dg = 1 - g0;
  config.faults.cells = {{.output = 1, .input = 2, .high = true},
                         {.output = 4, .input = 6, .negative = true, .high = true},
                         {.output = 4, .input = 0}};
  const CrossbarArray array = programmed(w, outputs, config);
  std::vector<double> real = w;
  real[1 * inputs + 2] = (1 - (g0 + dg * std::max(-w[1 * inputs + 2], 0.0))) / dg;
  real[4 * inputs + 6] = (g0 + dg * std::max(w[4 * inputs + 6], 0.0) - 1) / dg;
  real[4 * inputs + 0] = std::min(w[4 * inputs + 0], 0.0);
  for (uint64_t j = 0; j < inputs; ++j) {
    std::vector<double> x(inputs);
    x[j] = 1;
    const auto y = multiply(array, x);
    for (uint64_t i = 0; i < outputs; ++i)
      CHECK(std::abs(y[i] - real[i * inputs + j]) < 1e-8);
  }
  CHECK(array.faultMap().size() == 3);
  for (const CrossbarStuckCell &cell : config.faults.cells)
    CHECK(std::count(array.faultMap().begin(), array.faultMap().end(), cell) == 1);
}

TEST_CASE("a rate sticks so many cells, and its map is the same device") {
  constexpr uint64_t outputs = 100, inputs = 150;
  const auto w = random(outputs * inputs, 4), x = random(inputs, 5);
  CrossbarConfig config{.mapping = CrossbarConfig::Mapping::SlicedPairs, .slices = 2, .tileInputs = 64};
  config.faults = CrossbarFaults::ofRate(0.1079, 9);
  CHECK(config.faults.lowRate == doctest::Approx(0.0175));
  const CrossbarArray drawn = programmed(w, outputs, config);
  const double cells = 2 * 2 * outputs * inputs;
  double high = 0;
  for (const CrossbarStuckCell &cell : drawn.faultMap())
    high += cell.high;
  const double low = double(drawn.faultMap().size()) - high;
  CHECK(std::abs(high - 0.0904 * cells) < 5 * std::sqrt(0.0904 * cells));
  CHECK(std::abs(low - 0.0175 * cells) < 5 * std::sqrt(0.0175 * cells));
  // The weights have no part in it; another seed has.
  CHECK(programmed(random(outputs * inputs, 8), outputs, config).faultMap() == drawn.faultMap());
  config.faults.seed = 10;
  CHECK(programmed(w, outputs, config).faultMap() != drawn.faultMap());
  config.faults = {.cells = drawn.faultMap()};
  CHECK(multiply(programmed(w, outputs, config), x) == multiply(drawn, x));
}

TEST_CASE("a stuck cell the crossbar does not have is refused") {
  const auto w = random(6, 6);
  const auto code = [&](const CrossbarStuckCell &cell, bool offset = false) {
    CrossbarConfig config{.mapping = offset ? CrossbarConfig::Mapping::Offset : CrossbarConfig::Mapping::Pairs,
                          .unitColumn = offset};
    config.faults.cells = {cell};
    auto result = CrossbarArray::program(w, 2, 3, config);
    return result ? 0u : result.error().code;
  };
  CHECK(code({.output = 1, .input = 2, .negative = true}) == 0);
  CHECK(code({.output = 2, .input = 2}) == 7055);
  CHECK(code({.output = 1, .input = 3}) == 7055);
  CHECK(code({.output = 1, .input = 2, .slice = 1}) == 7055);
  CHECK(code({.output = CrossbarStuckCell::unitColumn}) == 7055);
  CHECK(code({.output = CrossbarStuckCell::unitColumn}, true) == 0);
  CHECK(code({.output = 1, .negative = true}, true) == 7055);
}

TEST_CASE("bent currents: by voltage, not by width, bits or spikes") {
  constexpr uint64_t outputs = 6, inputs = 20;
  const auto w = random(outputs * inputs, 7), x = random(inputs, 8, 0);
  CrossbarConfig config{.inputSigned = false, .nonlinearity = 0.3};
  std::vector<double> bent = x;
  for (double &value : bent)
    value = value * (0.7 + 0.3 * value * value);
  CrossbarConfig linear = config;
  linear.nonlinearity = 0;
  const auto worst = [&](const CrossbarConfig &a, const std::vector<double> &xa, const CrossbarConfig &b,
                         const std::vector<double> &xb) {
    const auto ya = multiply(programmed(w, outputs, a), xa), yb = multiply(programmed(w, outputs, b), xb);
    double out = 0;
    for (uint64_t i = 0; i < outputs; ++i)
      out = std::max(out, std::abs(ya[i] - yb[i]));
    return out;
  };
  CHECK(worst(config, x, linear, bent) < 1e-8);
  CHECK(worst(config, x, linear, x) > 0.01);
  config.pulseWidth = true;
  CHECK(worst(config, x, linear, x) < 1e-8);
  config.pulseWidth = false;
  for (const bool serial : {false, true}) {
    config.bitSerial = linear.bitSerial = serial;
    config.inputBits = linear.inputBits = serial ? 6 : 1;
    CHECK(worst(config, x, linear, x) < 1e-12);
  }
}

TEST_CASE("values that no device can have are refused by key") {
  refused(7050, "drift.seconds", [](CrossbarConfig &c) { c.drift.seconds = -1; });
  refused(7050, "drift.origin", [](CrossbarConfig &c) { c.drift.origin = 0; });
  refused(7050, "drift.exponent", [](CrossbarConfig &c) { c.drift.exponent = -0.1; });
  refused(7050, "drift.spread", [](CrossbarConfig &c) { c.drift.spread = 2; });
  refused(7050, "faults.low", [](CrossbarConfig &c) { c.faults = {.lowRate = 0.6, .highRate = 0.6}; });
  refused(7050, "nonlinearity", [](CrossbarConfig &c) { c.nonlinearity = 1; });
  refused(7051, "nonlinearity", [](CrossbarConfig &c) {
    c.nonlinearity = 0.1;
    c.wires.inputOhm = 1;
  });
}
