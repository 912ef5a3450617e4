//===- ErrorsTest.cpp - Kinds of noise, compensation, limits, ranges ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Noise.h"
#include "Refused.h"
#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emu;
using ranvier::test::refused;

using Model = CrossbarNoise::Model;

static std::vector<double> random(uint64_t count, uint32_t stream, double low = -1) {
  std::vector<double> out(count);
  for (uint32_t k = 0; k < count; ++k)
    out[k] = low + (1 - low) * uniformFromWord(randomWord(3, k, stream, 0));
  return out;
}
static std::vector<double> multiply(const CrossbarConfig &config, const std::vector<double> &w, uint64_t outputs,
                                    const std::vector<double> &x, uint64_t number = 0) {
  auto array = CrossbarArray::program(w, outputs, w.size() / outputs, config);
  REQUIRE(array);
  std::vector<double> y(x.size() / array->inputs() * outputs);
  REQUIRE(array->product(x, y, number));
  return y;
}

/// Deviations of as many cells of conductance g.
static std::vector<double> deviations(const CrossbarNoise &noise, double g, double microsiemens, const NoiseLimits &limits = {}) {
  constexpr uint64_t count = 1 << 15;
  std::vector<double> positive(count, g), negative(count, g);
  disturb(positive, negative, noise, microsiemens, {.seed = 21, .draw = CrossbarDraw::Programming}, limits);
  positive.insert(positive.end(), negative.begin(), negative.end());
  for (double &cell : positive)
    cell -= g;
  return positive;
}
static double meanOf(const std::vector<double> &values) {
  double sum = 0;
  for (const double v : values)
    sum += v;
  return sum / static_cast<double>(values.size());
}
static double deviationOf(const std::vector<double> &values) {
  const double mean = meanOf(values);
  double sum = 0;
  for (const double v : values)
    sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST_CASE("uniform deviations fill their width evenly") {
  const double width = 0.2, five = 5 / std::sqrt(65536.0);
  const auto found = deviations({.model = Model::Independent, .sigma = width, .uniform = true}, 0.5, 100);
  CHECK(std::abs(meanOf(found)) < five * width / std::sqrt(12.0));
  CHECK(std::abs(deviationOf(found) / (width / std::sqrt(12.0)) - 1) < five);
  CHECK(*std::max_element(found.begin(), found.end()) <= width / 2);
  CHECK(*std::min_element(found.begin(), found.end()) >= -width / 2);
  for (const double share : {0.1, 0.5, 0.9}) {
    const auto below = std::count_if(found.begin(), found.end(), [&](double d) { return d < width * (share - 0.5); });
    CHECK(std::abs(double(below) / 65536 - share) < five * std::sqrt(share * (1 - share)));
  }
  const auto proportional = deviations({.model = Model::Proportional, .sigma = width, .uniform = true}, 0.25, 100);
  CHECK(*std::max_element(proportional.begin(), proportional.end()) <= 0.25 * width / 2);
  CHECK(std::abs(deviationOf(proportional) / (0.25 * width / std::sqrt(12.0)) - 1) < five);
}

TEST_CASE("inverse and phase-change noise have the deviation of their formula") {
  const double five = 5 / std::sqrt(65536.0);
  const auto inverse = deviations({.model = Model::Inverse, .sigma = 0.01}, 0.4, 100);
  CHECK(std::abs(deviationOf(inverse) / 0.025 - 1) < five);
  CHECK(deviationOf(deviations({.model = Model::Inverse, .sigma = 0.01}, 0, 100)) == 0);
  for (const double g : {1.0, 0.3, 0.001}) {
    const CrossbarNoise noise{.model = Model::PhaseChange, .seconds = 3600};
    const double expected = g * std::min(0.0088 / std::pow(g, 0.65), 0.2) * std::sqrt(std::log((3600 + 250e-9) / 500e-9));
    CHECK(noiseDeviation(noise, g, 25) == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("cells are clipped to what they can be, where asked for") {
  const CrossbarNoise noise{.model = Model::Independent, .sigma = 0.3};
  const auto free = deviations(noise, 0.9, 100), clipped = deviations(noise, 0.9, 100, {0.2, 1});
  CHECK(*std::max_element(free.begin(), free.end()) > 0.5);
  for (size_t k = 0; k < free.size(); ++k)
    CHECK(clipped[k] == doctest::Approx(std::clamp(free[k] + 0.9, 0.2, 1.0) - 0.9));
  // In a product: noise far beyond either end leaves every cell at one of them.
  CrossbarConfig config{.minOhm = 1e4, .maxOhm = 1e5, .mapping = CrossbarConfig::Mapping::Offset, .clipsCells = true};
  config.read = {.model = Model::Independent, .sigma = 1e6};
  const std::vector<double> w(64, 0.3), x{1};
  for (const double y : multiply(config, w, 64, x)) {
    const double span = config.offsetSpan(), cell = y * span / 2 + (1 - span / 2);
    CHECK((std::abs(cell - 1) < 1e-6 || std::abs(cell - 0.1) < 1e-6));
  }
}

TEST_CASE("noise of every kind is the same in batches and alone, and drawn anew each product") {
  const uint64_t outputs = 9, inputs = 12;
  const auto w = random(outputs * inputs, 1), x = random(2 * inputs, 2, 0);
  const std::vector<double> first(x.begin(), x.begin() + inputs), second(x.begin() + inputs, x.end());
  for (const auto model : {Model::Independent, Model::Proportional, Model::Inverse, Model::PhaseChange})
    for (const bool uniform : {false, true})
      for (const bool clips : {false, true}) {
        CrossbarConfig config{.clipsCells = clips};
        config.read = {.model = model, .sigma = 0.02, .uniform = uniform, .seconds = 1};
        const auto both = multiply(config, w, outputs, x, 5), one = multiply(config, w, outputs, first, 5),
                   two = multiply(config, w, outputs, second, 6);
        CHECK(std::equal(one.begin(), one.end(), both.begin()));
        CHECK(std::equal(two.begin(), two.end(), both.begin() + outputs));
        CHECK(multiply(config, w, outputs, first, 6) != one);
      }
}

TEST_CASE("a reference read makes up for drift that all cells share") {
  const uint64_t outputs = 6, inputs = 40;
  const auto w = random(outputs * inputs, 3), x = random(inputs, 4);
  CrossbarConfig config{.tileInputs = 25};
  const auto fresh = multiply(config, w, outputs, x);
  config.drift = {.seconds = 86400, .exponent = 0.06};
  const auto old = multiply(config, w, outputs, x);
  config.drift.compensated = true;
  const auto compensated = multiply(config, w, outputs, x);
  for (uint64_t i = 0; i < outputs; ++i) {
    CHECK(std::abs(compensated[i] - fresh[i]) < 1e-8);
    CHECK(std::abs(old[i] - fresh[i]) > 0.01 * std::abs(fresh[i]));
  }
  // With spread and a stuck cell: by hand, from the sum of all cells.
  config = {.infiniteOnOff = true};
  config.drift = {.seconds = 100, .exponent = 0.05, .spread = 0.02};
  config.faults.cells = {{.output = 1, .input = 0, .high = true}};
  const std::vector<double> single{0.5, 0.25, 0, 0.75};
  std::vector<double> cells;
  for (const double input : {1.0, 0.0}) {
    const auto y = multiply(config, single, 2, {input, 1 - input});
    cells.insert(cells.end(), y.begin(), y.end()); // [input][output]: without partners, what conducts.
  }
  config.drift.compensated = true;
  const double gain = (0.5 + 0.25 + 1 + 0.75) / (cells[0] + cells[1] + cells[2] + cells[3]);
  const auto y = multiply(config, single, 2, {1, 1});
  CHECK(y[0] == doctest::Approx(gain * (cells[0] + cells[2])));
  CHECK(y[1] == doctest::Approx(gain * (cells[1] + cells[3])));
}

TEST_CASE("output lines carry no more than their limit") {
  CrossbarConfig config{.infiniteOnOff = true, .columnLimit = 2};
  const std::vector<double> w{1, 1, 1, 1, 0.5, 0.25, 0.25, 0, -1, -1, -1, 0.5};
  const auto y = multiply(config, w, 3, {1, 1, 1, 1});
  CHECK(y[0] == 2);
  CHECK(y[1] == doctest::Approx(1));
  CHECK(y[2] == -2);
  config.cellBits = 7; // Sums of integers are cut off too.
  config.inputBits = 8;
  CHECK(multiply(config, {1, 1, 1, 1}, 1, {1, 1, 1, 1}) == std::vector<double>{2});
}

TEST_CASE("rounding at random takes one of two codes, and is right in the mean") {
  CrossbarConfig config{.infiniteOnOff = true,
                        .converter = CrossbarConfig::Converter::Uniform,
                        .converterBits = 4,
                        .ranges = {{0, 15}},
                        .roundsAtRandom = true};
  const uint64_t outputs = 64, vectors = 256;
  std::vector<double> w(outputs * 10);
  for (uint64_t i = 0; i < outputs; ++i)
    std::fill_n(w.begin() + static_cast<ptrdiff_t>(i * 10), 10, static_cast<double>(i) / outputs);
  const auto y = multiply(config, w, outputs, std::vector<double>(vectors * 10, 1));
  for (uint64_t i = 0; i < outputs; ++i) {
    const double exact = 10 * static_cast<double>(i) / outputs, part = exact - std::floor(exact);
    double mean = 0;
    for (uint64_t v = 0; v < vectors; ++v) {
      CHECK(std::abs(y[v * outputs + i] - std::floor(exact) - (y[v * outputs + i] > exact ? 1 : 0)) < 1e-7);
      mean += y[v * outputs + i] / vectors;
    }
    CHECK(std::abs(mean - exact) <= 5 * std::sqrt(part * (1 - part) / vectors) + 1e-7);
  }
}

TEST_CASE("ranges of the worst case clip nothing; granular ones tell single levels apart") {
  const uint64_t outputs = 5, inputs = 30;
  for (const auto mapping :
       {CrossbarConfig::Mapping::Pairs, CrossbarConfig::Mapping::SlicedPairs, CrossbarConfig::Mapping::Offset}) {
    CrossbarConfig config{.mapping = mapping, .slices = 2, .inputBits = 1, .inputSigned = false};
    if (mapping != CrossbarConfig::Mapping::SlicedPairs)
      config.cellBits = 5;
    const std::vector<double> all(inputs, 1);
    for (const double sign : {1.0, -1.0}) {
      const std::vector<double> w(outputs * inputs, sign);
      config.converter = CrossbarConfig::Converter::None;
      const auto exact = multiply(config, w, outputs, all);
      config.converter = CrossbarConfig::Converter::Uniform;
      config.converterBits = 16;
      config.ranges = config.worstCaseRanges(inputs);
      double half = 0;
      for (const double step : config.outputSteps())
        half += step / 2;
      const auto converted = multiply(config, w, outputs, all);
      for (uint64_t i = 0; i < outputs; ++i)
        CHECK(std::abs(converted[i] - exact[i]) <= half * (1 + 1e-6));
    }
    config.converterBits = 12;
    config.ranges = config.granularRanges();
    config.cellBits = mapping == CrossbarConfig::Mapping::SlicedPairs ? 0 : 5;
    const double level = config.mapping == CrossbarConfig::Mapping::Pairs ? 1.0 / 31 : 0;
    if (level > 0)
      CHECK(config.outputSteps()[0] == doctest::Approx(level));
    config.ranges.clear();
    config.converter = CrossbarConfig::Converter::SignMagnitude;
    config.ranges = config.granularRanges();
    CHECK((config.ranges[0].high - config.ranges[0].low) / 4094 ==
          doctest::Approx((1 - config.leastConductance()) / (std::ldexp(1.0, static_cast<int>(config.levelBits())) - 1)));
  }
}

TEST_CASE("what excludes itself is refused by key") {
  refused(7050, "read_noise.seconds", [](CrossbarConfig &c) { c.read = {.model = Model::PhaseChange, .seconds = 1e-7}; });
  refused(7050, "columnLimit", [](CrossbarConfig &c) { c.columnLimit = -1; });
  refused(7051, "columnLimit", [](CrossbarConfig &c) {
    c.columnLimit = 1;
    c.inputBits = 4;
    c.inputSigned = false;
    c.bitSerial = true;
  });
  refused(7051, "roundsAtRandom", [](CrossbarConfig &c) { c.roundsAtRandom = true; });
  refused(7051, "drift.compensated", [](CrossbarConfig &c) {
    c.mapping = CrossbarConfig::Mapping::Offset;
    c.drift.compensated = true;
  });
}
