//===- NativeCubaTest.cpp - Numbers for the fixed CUBA unit ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/NativeCuba.h"
#include "PlainModel.h"
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

namespace {
Model named() {
  Model model;
  model.name = "neuron";
  model.file = "neuron.mlir";
  model.states = {{"u", 0.0, {}, {}}, {"v", 0.0, {}, {}}};
  return model;
}
CubaForm cuba(double a, double b, double threshold) {
  CubaForm form;
  form.g = {{1.0}};
  form.a = {a};
  form.b = {b};
  form.threshold = {threshold};
  form.uState = 0;
  form.vState = 1;
  return form;
}
ProjectionView view(Values weights, double positive, double negative) { return {"w", std::move(weights), {positive}, {negative}}; }
const hw::NativeCubaLif unit;
const hw::Weights limits{1, 8, -8, 7, true, false};
} // namespace

TEST_CASE("weight formats survive the chip's truncation [U4]") {
  for (unsigned bits = 1; bits <= 8; ++bits)
    for (const Values &sample : {Values{0.5, 1.0}, Values{-0.5, -1.0}, Values{-0.7, 0.9}}) {
      CAPTURE(bits);
      const bool mixed = sample[0] < 0 && sample[1] > 0;
      const WeightFormat format = weightFormat(sample, limits, bits);
      Values ramp;
      for (int i = -300; i <= 300; ++i)
        if ((format.low < 0 || i >= 0) && (format.high > 0 || i <= 0))
          ramp.push_back(i);
      for (int word : quantiseWeights(ramp, format, 1.0, 0).words) {
        // Lava: clip, then (w >> k) << k; inhibitory weights are negated around it.
        const unsigned k = 8 - bits + mixed;
        const int magnitude = !mixed && sample[0] < 0 ? -word : word;
        CHECK(magnitude >= (mixed ? -256 : 0));
        CHECK(magnitude <= 255);
        CHECK(((magnitude >> k) << k) == magnitude);
      }
    }
  CHECK(weightFormat({-1.0, 1.0}, limits, 8).high == 254);
  CHECK(weightFormat({-1.0, 1.0}, limits, 8).low == -256);
  CHECK(weightFormat({0.0, 1.0}, limits, 8).high == 255);
  CHECK(weightFormat({0.0, 1.0}, limits, 4).high == 240);
  const WeightFormat plain = weightFormat({-1.0, 1.0}, {1, 8, 0, 0, false, false}, 8);
  CHECK(plain.low == -255);
  CHECK(plain.storedBits == 9);
}

TEST_CASE("weights round to nearest and the exponent is the smallest that fits") {
  const Values weights{0.1, 0.25, 0.5};
  const WeightFormat format = weightFormat(weights, limits, 8);
  const auto exponent = smallestExponent(weights, format, 1.0 / 64, limits); // 0.5 = 32/64 = 2^5 units; 255 allows * 2^2 more
  REQUIRE(exponent);
  CHECK(*exponent == -2);
  const QuantisedWeights words = quantiseWeights(weights, format, 1.0 / 64, *exponent);
  CHECK(words.words == std::vector<int32_t>{26, 64, 128});
  CHECK(words.worst == doctest::Approx(std::fabs(26.0 / 256 - 0.1)));
  CHECK(!smallestExponent({1e9}, weightFormat({1e9}, limits, 8), 1.0, limits));
}

TEST_CASE("decays, thresholds and offsets by hand [Q1..Q7]") {
  CubaForm form = cuba(0.55, 0.9, 1.0);
  auto result = quantiseNative(named(), form, 1, {{0.0}, {0.0}}, {view({0.5, -1.0}, 0.5, -1.0)}, unit, limits, {});
  REQUIRE(bool(result));
  CHECK(result->du == Values{std::round(4096 * 0.45) - 1}); // 1842
  CHECK(result->dv == Values{std::round(4096 * 0.1)});
  CHECK(result->bias == Values{0});
  CHECK(result->currentDecayError <= 0.5 / 4096);
  CHECK(result->thresholdError < 1e-12); // one threshold: the scale is a multiple of its step
  CHECK(result->vth[0] * 64 == doctest::Approx(result->scale));
  // The words mean what they say: u after one spike of the second synapse is -1 * scale.
  const QuantisedWeights &w = result->projections[0];
  CHECK(w.words[1] * std::ldexp(64.0, w.exponent) / result->scale == doctest::Approx(-1.0).epsilon(0.005));
  // No overflow for any input: worst case current -1 / (1 - 0.55), times the scale, fits 24 bits.
  CHECK(result->scale * 1.0 / (1 - 0.5503) < (1 << 23));
}

TEST_CASE("a bias into the current becomes an offset and a bias of the voltage") {
  CubaForm form = cuba(0.5, 0.75, 10.0);
  form.c = {0.25};
  form.h = {2.0};
  auto result = quantiseNative(named(), form, 1, {{0.0}, {0.0}}, {view({1.0}, 1.0, 0.0)}, unit, limits, {});
  REQUIRE(bool(result));
  CHECK(result->currentOffset == Values{0.5}); // K = c / (1 - a)
  CHECK(result->u0[0] == std::round(-0.5 * 2.0 * result->scale));
  CHECK(result->bias[0] == doctest::Approx(2.0 * 0.5 * result->scale).epsilon(0.001));
  // The bias is a 13-bit mantissa with an exponent of 0..7.
  int exponent = 0;
  double mantissa = result->bias[0];
  while (std::fabs(mantissa) > 4095)
    mantissa = std::ldexp(result->bias[0], -++exponent);
  CHECK(exponent <= 7);
  CHECK(mantissa == std::floor(mantissa));
}

TEST_CASE("a reset value other than 0 shifts the voltage's origin") {
  CubaForm form = cuba(0.0, 0.5, -50.0);
  form.uState = -1;
  form.reset = {-70.0};
  form.d = {-30.0}; // leak towards -60
  Model model = named();
  auto result = quantiseNative(model, form, 1, {{0.0}, {-60.0}}, {view({3.0}, 3.0, 0.0)}, unit, limits, {});
  REQUIRE(bool(result));
  CHECK(result->du == Values{4095});
  CHECK(result->voltageOffset == Values{-70.0});
  CHECK(result->vth[0] * 64 / result->scale == doctest::Approx(20.0));
  CHECK(result->v0[0] / result->scale == doctest::Approx(10.0));
  CHECK(result->bias[0] / result->scale == doctest::Approx(5.0).epsilon(0.001)); // -30 + 0.5 * 70
}

TEST_CASE("what the unit cannot hold is refused") {
  CHECK(quantiseNative(named(), cuba(1.2, 0.9, 1), 1, {{0.0}, {0.0}}, {}, unit, limits, {}).error().code == 5301);
  CHECK(quantiseNative(named(), cuba(0.5, -0.1, 1), 1, {{0.0}, {0.0}}, {}, unit, limits, {}).error().code == 5301);
  CubaForm constant = cuba(1.0, 0.9, 1);
  constant.c = {0.1};
  CHECK(quantiseNative(named(), constant, 1, {{0.0}, {0.0}}, {}, unit, limits, {}).error().code == 5301);
  CHECK(quantiseNative(named(), cuba(0.5, 0.9, -1), 1, {{0.0}, {0.0}}, {}, unit, limits, {}).error().code == 5302);
  const auto wide = quantiseNative(named(), cuba(0.5, 0.9, 1e-6), 1, {{0.0}, {0.0}}, {view({1.0}, 1.0, 0.0)}, unit, limits, {});
  CHECK(wide.error().code == 5303);
  CHECK(wide.error().kind == ErrorKind::DoesNotFit);
}

TEST_CASE("decays beyond the width are clipped and said so") {
  auto result = quantiseNative(named(), cuba(1.0, 0.0, 1), 1, {{0.0}, {0.0}}, {view({0.1}, 0.1, 0.0)}, unit, limits, {});
  REQUIRE(bool(result));
  CHECK(result->du == Values{0});
  CHECK(result->dv == Values{4095});
  CHECK(result->warnings.size() >= 2);
}

TEST_CASE("calibration allows a finer scale than the worst case") {
  const std::vector<ProjectionView> projections{view({0.3, -0.3}, 300.0, -300.0)};
  auto range = quantiseNative(named(), cuba(0.9, 0.9, 1.0), 1, {{0.0}, {0.0}}, projections, unit, limits, {});
  NativeOptions how;
  how.current = Observed{-5, 8};
  how.voltage = Observed{-20, 1};
  auto calibrated = quantiseNative(named(), cuba(0.9, 0.9, 1.0), 1, {{0.0}, {0.0}}, projections, unit, limits, how);
  REQUIRE(bool(range));
  REQUIRE(bool(calibrated));
  CHECK(calibrated->scale > 20 * range->scale);
  CHECK(calibrated->scale * 8 * 1.25 < (1 << 23));
}

TEST_CASE("scales are met for every weight width") {
  Values weights;
  for (int i = 0; i < 500; ++i)
    weights.push_back(std::sin(i * 0.37) * 1.3);
  double before = 1e9;
  for (unsigned bits = 2; bits <= 8; ++bits) {
    NativeOptions how;
    how.weightBits = bits;
    auto result = quantiseNative(named(), cuba(0.5, 0.9, 1.0), 1, {{0.0}, {0.0}}, {view(weights, 12.0, -12.0)}, unit, limits, how);
    REQUIRE(bool(result));
    const QuantisedWeights &w = result->projections[0];
    CHECK(w.rms < 0.7 * before);
    CHECK(w.worst <= 0.51 * std::ldexp(w.unit, int(w.format.drop)) + 1.3 / 127);
    before = w.rms;
  }
}
