//===- NoiseTest.cpp - Numbers drawn for cells ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Noise.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emu;

TEST_CASE("pairs are Box-Muller of the project's generator") {
  constexpr uint64_t count = 4096;
  std::vector<float> p(count), n(count), plainP(count), plainN(count);
  const CrossbarStream stream{.seed = 0x123456789ABCDEF0u, .draw = CrossbarDraw::Read, .step = 77, .first = 1000};
  normalPairs(stream, count, p.data(), n.data());
  for (const auto width : {CrossbarWidth::Plain, CrossbarWidth::Avx2}) {
    normalPairs(stream, count, plainP.data(), plainN.data(), width);
    CHECK(std::memcmp(p.data(), plainP.data(), count * 4) == 0);
    CHECK(std::memcmp(n.data(), plainN.data(), count * 4) == 0);
  }
  for (uint32_t k = 0; k < count; ++k) {
    const auto words = threefry2x32({0x9ABCDEF0u, 0x12345678u + 0x41u * 0x9E3779B9u}, {1000 + k, 77});
    const double radius = std::sqrt(-2 * std::log((std::floor(words[0] / 2.0) + 0.5) * 0x1p-31)),
                 turn = words[1] * 0x1p-32 * 2 * M_PI;
    // Binary32 throughout: radii of u near 1 lose digits of u, not of the distribution.
    CHECK(std::abs(p[k] - radius * std::cos(turn)) < 1e-3);
    CHECK(std::abs(n[k] - radius * std::sin(turn)) < 1e-3);
  }
}

TEST_CASE("moments and tails of a million numbers") {
  constexpr uint64_t count = uint64_t(1) << 19;
  std::vector<float> p(count), n(count);
  normalPairs({.seed = 4, .draw = CrossbarDraw::Programming, .step = 0, .first = 0}, count, p.data(), n.data());
  double product = 0;
  for (uint64_t k = 0; k < count; ++k)
    product += double(p[k]) * double(n[k]);
  CHECK(std::abs(product / count) < 5 / std::sqrt(double(count)));
  for (const auto *values : {&p, &n}) {
    double moments[5] = {};
    for (const float z : *values)
      for (int m = 1; m <= 4; ++m)
        moments[m] += std::pow(double(z), m) / count;
    // Five sigma: variances of z, z^2, z^3, z^4 are 1, 2, 15, 96.
    const double unit = 5 / std::sqrt(double(count));
    CHECK(std::abs(moments[1]) < unit);
    CHECK(std::abs(moments[2] - 1) < unit * std::sqrt(2.0));
    CHECK(std::abs(moments[3]) < unit * std::sqrt(15.0));
    CHECK(std::abs(moments[4] - 3) < unit * std::sqrt(96.0));
    for (const double at : {-4.0, -3.0, -1.0, -0.1, 0.5, 2.0, 3.5}) {
      const double expected = std::erfc(-at / std::sqrt(2.0)) / 2;
      const double found = double(std::count_if(values->begin(), values->end(), [&](float z) { return z < at; })) / count;
      CHECK(std::abs(found - expected) < unit * std::sqrt(expected * (1 - expected)));
    }
    CHECK(*std::max_element(values->begin(), values->end()) < 6.7f);
  }
}

TEST_CASE("noisy products: both forms to the bit, and cell by cell") {
  constexpr uint64_t inputs = 45, stride = 24;
  std::vector<double> positive(inputs * stride), negative(inputs * stride), x(inputs);
  for (uint32_t k = 0; k < positive.size(); ++k) {
    positive[k] = uniformFromWord(randomWord(1, k, 1, 0));
    negative[k] = uniformFromWord(randomWord(1, k, 2, 0));
  }
  std::vector<uint32_t> active;
  for (uint32_t j = 0; j < inputs; ++j) {
    x[j] = j % 4 == 2 ? 0 : 1 - 0.05 * j;
    if (x[j] != 0)
      active.push_back(j);
  }
  for (const auto &noise :
       {CrossbarNoise{CrossbarNoise::Model::Independent, 0.3, {}}, CrossbarNoise{CrossbarNoise::Model::Proportional, 0.2, {}},
        CrossbarNoise{CrossbarNoise::Model::Polynomial, 0, {1, 0.2, 0.001}}})
    for (const bool pairs : {false, true}) {
      const double micro = 100;
      const CrossbarStream stream{.seed = 8, .draw = CrossbarDraw::Read, .step = 5, .first = 640};
      NoisyCells cells;
      cells.positive.assign(positive.begin(), positive.end());
      if (pairs)
        cells.negative.assign(negative.begin(), negative.end());
      if (noise.model == CrossbarNoise::Model::Polynomial)
        for (uint64_t k = 0; k < positive.size(); ++k) {
          cells.positiveSigma.push_back(static_cast<float>(noiseDeviation(noise, positive[k], micro)));
          cells.negativeSigma.push_back(static_cast<float>(noiseDeviation(noise, negative[k], micro)));
        }
      std::vector<double> wide(stride), plain(stride), expected(stride);
      noisyProduct(cells, noise, stream, active.data(), active.size(), x.data(), stride, wide.data());
      for (const auto width : {CrossbarWidth::Plain, CrossbarWidth::Avx2}) {
        noisyProduct(cells, noise, stream, active.data(), active.size(), x.data(), stride, plain.data(), width);
        CHECK(wide == plain);
      }
      std::vector<double> p = positive, n = pairs ? negative : std::vector<double>();
      disturb(p, n, noise, micro, stream);
      for (uint64_t j = 0; j < inputs; ++j)
        for (uint64_t c = 0; c < stride; ++c)
          expected[c] += (p[j * stride + c] - (pairs ? n[j * stride + c] : 0)) * x[j];
      for (uint64_t c = 0; c < stride; ++c)
        CHECK(wide[c] == doctest::Approx(expected[c]).epsilon(1e-5));
    }
}

TEST_CASE("measured devices have the deviations of their sources") {
  const auto deviation = [](const char *name, double micro) {
    for (const CrossbarDevice &device : crossbarDevices())
      if (std::string(device.name) == name)
        return noiseDeviation({CrossbarNoise::Model::Polynomial, 0, device.coefficients}, micro / 50, 50) * 50;
    return -1.0;
  };
  CHECK(deviation("RRAMWan", 10) == doctest::Approx(1.536e-4 * 1000 - 1.167 + 2.374 + 1.053));
  CHECK(deviation("RRAMMilo", 100) == doctest::Approx(4.782 - 0.9107));
  CHECK(deviation("PCMJoshi", 20) == doctest::Approx(-0.001788 * 400 + 0.07586 * 20 + 0.2864));
  CHECK(deviation("ReRamWan2022 1 s", 20) == doctest::Approx(0.348 + 16.030 / 2 - 43.853 / 4 + 45.393 / 8 - 16.815 / 16));
  CHECK(deviation("PCM", 12.5) == doctest::Approx(0.26348 + 1.9650 / 2 - 1.1731 / 4));
  CHECK(deviation("nothing", 1) == -1);
}
