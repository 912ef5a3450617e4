//===- BoundsTest.cpp - Nothing overflows that is promised not to ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PlainModel.h"
#include "Simulate.h"
#include "mlir/IR/Verifier.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Quantize/FixedPoint.h"
#include "ranvier/Quantize/NativeCuba.h"
#include "ranvier/Quantize/Quantize.h"
#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <random>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

namespace {
std::string shipped(const std::string &name) { return sourceFile("models/" + name + ".mlir"); }

snn::NetworkOp networkOf(ModuleOp module) { return *module.getOps<snn::NetworkOp>().begin(); }
snn::PopulationOp population(ModuleOp module, StringRef name) {
  return cast<snn::PopulationOp>(SymbolTable::lookupSymbolIn(networkOf(module), name));
}

std::string listed(const std::vector<double> &values) {
  std::string text = "dense<[";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : "") + std::to_string(values[i]);
  return text + "]>";
}

/// One neuron with the given input weights, every input spiking in every step; what u shows after each.
std::vector<int32_t> drive(const std::string &model, const std::string &params, const std::vector<double> &weights, unsigned bits,
                           uint32_t steps, const hw::Chip &chip, const std::string &state) {
  const std::string count = std::to_string(weights.size());
  auto module =
      parse(shipped(model) + "snn.network @net dt 0.001 {\n  snn.input @in shape [" + count + "]\n  snn.population @p model @" +
            model + " shape [1] params {" + params + "}\n  snn.sparse @w from @in to @p delay 1 row_ptr dense<[0, " + count +
            "]> : tensor<2xi64> columns dense<[" +
            [&] {
              std::string text;
              for (size_t i = 0; i < weights.size(); ++i)
                text += (i ? ", " : "") + std::to_string(i);
              return text;
            }() +
            "]> : tensor<" + count + "xi32> weights " + listed(weights) + " : tensor<" + count + "xf32>\n}\n");
  auto report = quantizeForTarget(*module, chip, {bits, ""});
  if (!report)
    FAIL(report.error().str());
  REQUIRE(succeeded(verify(*module)));
  std::vector<uint32_t> all(weights.size());
  for (uint32_t i = 0; i < all.size(); ++i)
    all[i] = i;
  const Trace trace = simulate(*module, {{"in", std::vector<std::vector<uint32_t>>(steps, all)}}, steps);
  std::vector<int32_t> out;
  for (const auto &row : trace.states.at("p").at(state))
    out.push_back(row[0]);
  return out;
}
} // namespace

TEST_CASE("by range u never wraps, however few bits round the weights up [Q3]") {
  std::mt19937_64 random(7);
  int risen = 0;
  for (int trial = 0; trial < 60; ++trial) {
    CAPTURE(trial);
    const unsigned bits = 1 + trial % 4;
    std::vector<double> weights(60);
    for (double &w : weights) // most lie just above half a step of the coarsest widths
      w = std::uniform_real_distribution<double>(0.26, trial % 3 ? 0.3 : 1.0)(random);
    weights[0] = 1;
    const auto u = drive("cuba_lif", "tau_syn = 0.005, tau_mem = 0.01, v_threshold = 1.0", weights, bits, 60, fixedChip(), "u");
    for (size_t t = 2; t < u.size(); ++t) // rises to its bound, never falls over it
      CHECK(u[t] >= u[t - 1]);
    CHECK(u.back() < 1 << 23);
    risen += u.back() > 1 << 22;
  }
  CHECK(risen > 10); // the bound is used, not avoided
}

TEST_CASE("the load of the current counts integers, floors and the initial value [Q3]") {
  NativeCuba numbers;
  const hw::NativeCubaLif unit;
  numbers.du = {2047}; // keeps one half
  CHECK(currentLoad(numbers, {65535}, {0}, unit) == doctest::Approx(65535.0 * 64 * 2 / ((1 << 23) - 1)));
  CHECK(currentLoad(numbers, {0}, {-65536}, unit) > 1);
  CHECK(currentLoad(numbers, {0}, {0}, unit) == 0);
  numbers.u0 = {-(1 << 23)};
  CHECK(currentLoad(numbers, {0}, {0}, unit) > 1);
  numbers.u0 = {0, 0};
  numbers.du = {4095, 0}; // nothing kept; 4095 of 4096 kept
  CHECK(currentLoad(numbers, {100000, 1}, {0, 0}, unit) == doctest::Approx(100000.0 * 64 / ((1 << 23) - 1)));
  CHECK(currentLoad(numbers, {1, 40}, {0, 0}, unit) > 1);
}

TEST_CASE("a threshold equal to the reset value is a threshold like any other [Q3]") {
  for (const char *model : {"if", "lif", "threshold"}) {
    const bool stateless = std::string(model) == "threshold";
    const std::string params = stateless                     ? "threshold = 0.0"
                               : std::string(model) == "lif" ? "tau = 0.01, v_threshold = 0.0"
                                                             : "v_threshold = 0.0";
    auto module =
        parse(shipped(model) + "snn.network @net dt 0.001 {\n  snn.input @in shape [2]\n  snn.population @p model @" +
              std::string(model) + " shape [2] params {" + params +
              "}\n  snn.dense @w from @in to @p delay 1 weights dense<[[0.5, -0.25], [0.25, -0.5]]> : tensor<2x2xf32>\n}\n");
    auto report = quantizeForTarget(*module, fixedChip(), {});
    if (!report)
      FAIL(report.error().str());
    const Trace trace = simulate(*module, {{"in", {{0}, {1}, {0, 1}, {}}}}, 4);
    CHECK(trace.spikes.at("p")[1] == std::vector<uint32_t>{0, 1}); // what arrived in step 2 was positive
    CHECK(trace.spikes.at("p")[2].empty());
  }
}

TEST_CASE("intervals come from the integer weights [F2]") {
  // Weights just above half a step: at 1 bit they double, and so must the range that the state is given.
  const std::string integrator = R"(
snn.model @leaky {
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %k = arith.constant 0.5 : f32
  %kv = arith.mulf %k, %v : f32
  %v1 = arith.addf %kv, %x : f32
  %limit = arith.constant 1.0e3 : f32
  %fire = arith.cmpf ogt, %v1, %limit : f32
  %less = arith.subf %v1, %limit : f32
  %v2 = arith.select %fire, %less, %v1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}
)";
  std::vector<double> weights(64, 0.51);
  weights[0] = 1.0;
  const std::string network =
      "snn.network @net dt 0.001 {\n  snn.input @in shape [64]\n  snn.population @p model @leaky shape [1]\n"
      "  snn.dense @w from @in to @p delay 1 weights dense<[" +
      listed(weights).substr(6, listed(weights).size() - 7) + "]> : tensor<1x64xf32>\n}\n";
  for (unsigned bits : {1u, 2u, 8u}) {
    CAPTURE(bits);
    auto module = parse(integrator + network);
    auto report = quantizeForTarget(*module, programmableChip(), {bits, ""});
    if (!report)
      FAIL(report.error().str());
    std::vector<uint32_t> all(64);
    for (uint32_t i = 0; i < 64; ++i)
      all[i] = i;
    const Trace trace = simulate(*module, {{"in", std::vector<std::vector<uint32_t>>(40, all)}}, 40);
    auto words = snn::readElements(networkOf(*module).lookupSymbol("w")->getAttr("weights"));
    REQUIRE(words);
    double sum = 0;
    for (double w : *words)
      sum += w;
    const double scale = cast<FloatAttr>(population(*module, "p").getScale()->get("v")).getValueAsDouble();
    const size_t at = report->find("\"unit\": ", report->find("\"projections\""));
    REQUIRE(at != std::string::npos);
    const double unit = std::stod(report->substr(at + 8));
    // Not clipped on the way to its limit 2 x: the state holds what the rounded weights bring.
    CHECK(trace.states.at("p").at("v").back()[0] * scale == doctest::Approx(2 * sum * unit).epsilon(1e-6));
  }
}

TEST_CASE("a bias arrives even where no weight does, and an input without synapses is 0 [F4]") {
  const std::string model = R"(
snn.model @two {
  %x = snn.receive "x" : f32
  %y = snn.receive "y" : f32
  %v = snn.state "v" range [-0.08, 0.04] : f32
  %sum = arith.addf %x, %y : f32
  %v1 = arith.addf %v, %sum : f32
  snn.update "v" = %v1 : f32
}
)";
  // Millivolts in volts: a state whose binary point lies 33 places to the left, beside an accumulator that nothing feeds.
  const auto build = [&](const std::string &projection) {
    return parse(model + "snn.network @net dt 0.001 {\n  snn.input @in shape [2]\n  snn.population @p model @two shape [2]\n" +
                 projection + "\n}\n");
  };
  auto biased =
      build("snn.dense @w from @in to @p delay 1 weights dense<0.0> : tensor<2x2xf32> bias dense<[0.003, -0.005]> : tensor<2xf32>");
  auto report = quantizeForTarget(*biased, programmableChip(), {});
  if (!report)
    FAIL(report.error().str());
  const double scale = cast<FloatAttr>(population(*biased, "p").getScale()->get("v")).getValueAsDouble();
  const Trace trace = simulate(*biased, {}, 4);
  CHECK(trace.states.at("p").at("v")[3][0] * scale == doctest::Approx(0.012));
  CHECK(trace.states.at("p").at("v")[3][1] * scale == doctest::Approx(-0.02));
  auto plain = build("snn.dense @w from @in to @p receptor \"y\" delay 1 weights dense<0.001> : tensor<2x2xf32>");
  if (auto done = quantizeForTarget(*plain, programmableChip(), {}); !done)
    FAIL(done.error().str());
  CHECK(simulate(*plain, {{"in", {{0}, {}, {}}}}, 3).states.at("p").at("v")[2][0] * scale == doctest::Approx(0.001).epsilon(0.01));
}

TEST_CASE("a parameter beside the range of the state that takes it is clipped as a number [F6]") {
  Maker m;
  m.state("v", std::pair{0.0, 0.01});
  m.model.update[0] = m.param("p");
  for (double value : {5.0, 0.0042, -1.0}) {
    auto folded = foldParameters(m.model, {{value}}, 1e-3);
    REQUIRE(bool(folded));
    auto fixed = convertFixedPoint(*folded, programmableChip(), {});
    REQUIRE(bool(fixed));
    std::vector<int32_t> words{0};
    interpretOnce(fixed->lowered.program, {static_cast<int32_t>(fixed->lowered.params[0][0])}, words, {});
    CHECK(std::fabs(std::ldexp(words[0], -fixed->stateFraction[0]) - std::clamp(value, 0.0, 0.01)) <= fixed->stepError[0]);
  }
}

TEST_CASE("derived parameters never take the place of the model's own") {
  // v' = v / tau + inverse_tau: the slot of 1 / tau must not be that of the parameter of this name.
  Maker m;
  const int tau = m.param("tau"), inverse = m.param("inverse_tau"), v = m.state("v", std::pair{-8.0, 8.0});
  m.model.update[0] = m.op(NodeKind::Add, m.op(NodeKind::Div, v, tau), m.op(NodeKind::Mul, inverse, v));
  auto fixed = convertFixedPoint(*foldParameters(m.model, {{4.0}, {0.375}}, 1e-3), programmableChip(), {});
  REQUIRE(bool(fixed));
  std::vector<int32_t> params, words{static_cast<int32_t>(std::ldexp(1.0, fixed->stateFraction[0]))};
  for (const Values &values : fixed->lowered.params)
    params.push_back(static_cast<int32_t>(values[0]));
  interpretOnce(fixed->lowered.program, params, words, {});
  CHECK(std::ldexp(words[0], -fixed->stateFraction[0]) == doctest::Approx(0.25 + 0.375));
}

TEST_CASE("repeated expressions keep one number per neuron [R1]") {
  Maker m;
  const int tau = m.param("tau"), v = m.state("v");
  const int first = m.op(NodeKind::Div, m.dt(), tau), again = m.op(NodeKind::Div, m.dt(), tau);
  const int twice = m.op(NodeKind::Add, again, m.constant(0)); // of the repetition, not of the first
  m.model.update[0] = m.op(NodeKind::Mul, m.op(NodeKind::Mul, v, first), twice);
  auto folded = foldParameters(m.model, {{0.001, 0.002, 0.004}}, 1e-3);
  REQUIRE(bool(folded));
  for (const Values &values : folded->params)
    CHECK(values == Values{1.0, 0.5, 0.25});
}

TEST_CASE("rules that connect a pair twice, or nobody, reach integer targets") {
  const auto build = [](const std::string &projection) {
    return parse(shipped("lif") +
                 "snn.network @net dt 0.001 {\n  snn.input @in shape [3]\n  snn.population @p model @lif shape [4] params {tau = "
                 "0.01, v_threshold = 20.0}\n" +
                 projection + "\n}\n");
  };
  auto none =
      build("snn.connect @w from @in to @p delay 1 \"fixed_total_number\" {n = 0} weights #snn.uniform<0.0, 1.0, seed = 3>");
  if (auto done = quantizeForTarget(*none, fixedChip(), {}); !done)
    FAIL(done.error().str());
  CHECK(succeeded(verify(*none)));
  // 40 draws over 12 pairs: several synapses each, and each with a delay of its own.
  for (const char *delay : {"delay 1", "delay #snn.uniform<1.0, 3.0, seed = 5>"}) {
    const std::string rule = std::string("snn.connect @w from @in to @p ") + delay +
                             " \"fixed_in_degree\" {k = 10} weights #snn.uniform<0.1, 1.0, seed = 3> seed 9";
    auto reference = build(rule), module = build(rule);
    REQUIRE(bool(lowerModelsF32(*reference)));
    if (auto done = quantizeForTarget(*module, fixedChip(), {}); !done)
      FAIL(done.error().str());
    REQUIRE(succeeded(verify(*module)));
    const Trace wanted = simulate(*reference, {{"in", {{0}, {1}, {2}, {0, 1, 2}, {}, {}, {}}}}, 7),
                found = simulate(*module, {{"in", {{0}, {1}, {2}, {0, 1, 2}, {}, {}, {}}}}, 7);
    const double scale = cast<FloatAttr>(population(*module, "p").getScale()->get("v")).getValueAsDouble();
    for (size_t t = 0; t < 7; ++t)
      for (size_t n = 0; n < 4; ++n)
        CHECK(found.states.at("p").at("v")[t][n] * scale ==
              doctest::Approx(std::bit_cast<float>(wanted.states.at("p").at("v")[t][n])).epsilon(0.02));
  }
}
