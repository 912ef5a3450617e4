//===- PassTest.cpp - Networks through lowering and quantisation ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PlainModel.h"
#include "Simulate.h"
#include "mlir/IR/Verifier.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Quantize/Quantize.h"
#include "ranvier/Quantize/Report.h"
#include "ranvier/Support/Random.h"
#include <bit>
#include <cmath>
#include <doctest/doctest.h>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

namespace {
std::string lif() { return sourceFile("models/lif.mlir"); }

/// Random 0/1 input with the given probability; a function of the seed.
std::vector<std::vector<uint32_t>> noise(uint32_t neurons, uint32_t steps, double probability, uint64_t seed) {
  std::vector<std::vector<uint32_t>> out(steps);
  for (uint32_t t = 0; t < steps; ++t)
    for (uint32_t n = 0; n < neurons; ++n)
      if (uniformFromWord(randomWord(seed, n, t + 1, 0)) < probability)
        out[t].push_back(n);
  return out;
}

/// dense<[[...]]> of weights that look trained: sums of sines. `grid`: multiples of 2^-8, which 8-bit weights of both signs hold
/// exactly if the largest lies in 1/4..1/2 (even numbers of 2^-9); 0: as they are.
std::string matrix(int rows, int columns, double size, double phase, bool grid = false) {
  std::string text = "dense<[";
  for (int r = 0; r < rows; ++r) {
    text += r ? ", [" : "[";
    for (int c = 0; c < columns; ++c) {
      double weight = size * (std::sin(r * 1.7 + c * 0.9 + phase) + 0.3);
      if (grid)
        weight = std::ldexp(std::round(std::ldexp(weight, 8)), -8);
      text += (c ? ", " : "") + std::to_string(weight);
    }
    text += "]";
  }
  return text + "]> : tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "xf32>";
}

std::string twoLayers(const std::string &model, const std::string &params, const std::string &delay, const std::string &bias = "",
                      bool grid = false) {
  return "snn.network @net dt 0.001 {\n  snn.input @in shape [20]\n"
         "  snn.population @hidden model @" +
         model + " shape [30] params {" + params +
         "}\n"
         "  snn.population @out model @" +
         model + " shape [5] params {" + params +
         "}\n"
         "  snn.dense @fc1 from @in to @hidden delay " +
         delay + " weights " + matrix(30, 20, 0.25, 0, grid) + bias +
         "\n"
         "  snn.dense @fc2 from @hidden to @out delay " +
         delay + " weights " + matrix(5, 30, grid ? 0.3 : 0.4, 1, grid) + "\n}\n";
}
const std::string lifParams = "tau = 0.01, r = 10.0, v_threshold = 1.0";

snn::PopulationOp population(ModuleOp module, StringRef name) {
  return cast<snn::PopulationOp>(SymbolTable::lookupSymbolIn(*module.getOps<snn::NetworkOp>().begin(), name));
}
size_t total(const Trace &trace, const std::string &name) {
  size_t sum = 0;
  for (const auto &step : trace.spikes.at(name))
    sum += step.size();
  return sum;
}
/// Cells (step, neuron) in which two runs differ.
size_t differences(const Trace &a, const Trace &b, const std::string &name, size_t neurons) {
  size_t sum = 0;
  for (size_t t = 0; t < a.spikes.at(name).size(); ++t) {
    std::vector<int> cells(neurons);
    for (uint32_t n : a.spikes.at(name)[t])
      cells[n] ^= 1;
    for (uint32_t n : b.spikes.at(name)[t])
      cells[n] ^= 1;
    for (int cell : cells)
      sum += cell;
  }
  return sum;
}
} // namespace

TEST_CASE("lowering to f32 computes the network's own equations") {
  auto module = parse(lif() + twoLayers("lif", lifParams, "0", " bias dense<0.125> : tensor<30xf32>"));
  auto lowered = lowerModelsF32(*module);
  REQUIRE(bool(lowered));
  REQUIRE(succeeded(verify(*module)));
  auto hidden = population(*module, "hidden");
  CHECK(isa<snn::ProgramOp>(snn::lookupModel(hidden)));
  CHECK(hidden.getModel() != population(*module, "out").getModel()); // one has a bias, one has none
  const auto input = noise(20, 60, 0.3, 5);
  const Trace trace = simulate(*module, {{"in", input}}, 60);
  // V = 0.9 V + 1 (W s + b), strict threshold, reset to 0, the second layer in the same step.
  auto weights = [&](const char *name) {
    auto op = SymbolTable::lookupSymbolIn(*module->getOps<snn::NetworkOp>().begin(), name);
    std::vector<float> out;
    for (const auto &w : cast<DenseElementsAttr>(op->getAttr("weights")).getValues<float>())
      out.push_back(w);
    return out;
  };
  const auto w1 = weights("fc1"), w2 = weights("fc2");
  std::vector<float> v1(30), v2(5);
  for (size_t t = 0; t < 60; ++t) {
    std::vector<uint32_t> fired1, fired2;
    for (size_t n = 0; n < 30; ++n) {
      double sum = 0;
      for (uint32_t s : input[t])
        sum += w1[n * 20 + s];
      v1[n] = (0.9f * v1[n] + (static_cast<float>(sum) + 0.125f)) + 0.0f;
      if (v1[n] > 1.0f) {
        fired1.push_back(uint32_t(n));
        v1[n] = 0;
      }
    }
    for (size_t n = 0; n < 5; ++n) {
      double sum = 0;
      for (uint32_t s : fired1)
        sum += w2[n * 30 + s];
      v2[n] = 0.9f * v2[n] + static_cast<float>(sum);
      if (v2[n] > 1.0f) {
        fired2.push_back(uint32_t(n));
        v2[n] = 0;
      }
    }
    REQUIRE(trace.spikes.at("hidden")[t] == fired1);
    REQUIRE(trace.spikes.at("out")[t] == fired2);
  }
  CHECK(total(trace, "hidden") > 50);
  CHECK(total(trace, "out") > 5);
}

TEST_CASE("junctions become populations that pass on their sum") {
  auto module = parse(lif() + R"(
    snn.network @net dt 0.001 {
      snn.input @in shape [2]
      snn.junction @sum shape [2]
      snn.population @p model @lif shape [2] params {tau = 0.01, r = 10.0, v_threshold = 1.0}
      snn.connect @a from @in to @sum "one_to_one" {} weights 0.75
      snn.connect @b from @sum to @p "one_to_one" {} weights 2.0
    })");
  REQUIRE(bool(lowerModelsF32(*module)));
  REQUIRE(succeeded(verify(*module)));
  // Populations are declared before junctions were replaced in place, so the order is still topological.
  const Trace trace = simulate(*module, {{"in", {{0}, {}, {1}}}}, 3);
  CHECK(trace.spikes.at("p") == std::vector<std::vector<uint32_t>>{{0}, {}, {1}});
}

TEST_CASE("an op without microcode is an error that names op and line") {
  // The dialect's verifier refuses the op first (docs/spec/snn-dialect.md), so that only IR made by a program can get here.
  auto module =
      parseUnverified("snn.model @m {\n  %x = snn.receive \"x\" : f32\n  %v = snn.state \"v\" : f32\n  %t = math.tanh %x : f32\n"
                      "  snn.update \"v\" = %t : f32\n}\nsnn.network @n dt 0.001 {\n  snn.population @p model @m shape [1]\n}");
  auto lowered = lowerModelsF32(*module);
  REQUIRE(!lowered);
  CHECK(lowered.error().code == 5110);
  CHECK(lowered.error().message.find("math.tanh") != std::string::npos);
  CHECK(lowered.error().place.find("line 4") != std::string::npos);
}

TEST_CASE("every op that the dialect allows has microcode [R2]") {
  const std::string text = R"(
snn.model @all {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-1024.0, 1024.0] : f32
  %one = arith.constant 1.0 : f32
  %eight = arith.constant 8.0 : f32
  %yes = arith.constant true
  %minus = arith.negf %one : f32
  %wide = arith.extf %x : f32 to f64
  %again = arith.truncf %wide : f64 to f32
  %up = math.ceil %again : f32
  %down = math.floor %x : f32
  %size = math.absf %x : f32
  %big = arith.cmpf ogt, %x, %one : f32
  %small = arith.cmpf olt, %x, %minus : f32
  %far = arith.ori %big, %small : i1
  %both = arith.andi %far, %yes : i1
  %not = arith.xori %big, %yes : i1
  %chosen = arith.select %far, %big, %not : i1
  %flag = arith.uitofp %chosen : i1 to f32
  %bothflag = arith.uitofp %both : i1 to f32
  %least = arith.minimumf %x, %one : f32
  %most = arith.maxnumf %x, %minus : f32
  %lo = arith.minnumf %least, %eight : f32
  %hi = arith.maximumf %most, %minus : f32
  %s0 = arith.mulf %up, %eight : f32
  %s1 = arith.addf %s0, %down : f32
  %s2 = arith.subf %s1, %size : f32
  %s3 = arith.divf %s2, %eight : f32
  %f0 = arith.mulf %flag, %eight : f32
  %f1 = arith.addf %f0, %bothflag : f32
  %s4 = arith.addf %s3, %f1 : f32
  %s5 = arith.addf %s4, %lo : f32
  %s6 = arith.addf %s5, %hi : f32
  snn.update "v" = %s6 : f32
  snn.spike %chosen
}
snn.network @net dt 0.001 {
  snn.input @in shape [1]
  snn.population @p model @all shape [6]
  snn.dense @w from @in to @p delay 1 weights dense<[[-2.5], [-1.0], [-0.5], [0.5], [1.0], [2.5]]> : tensor<6x1xf32>
})";
  const double inputs[] = {-2.5, -1, -0.5, 0.5, 1, 2.5};
  for (const bool integer : {false, true}) {
    CAPTURE(integer);
    auto module = parse(text);
    if (integer) {
      auto done = quantizeForTarget(*module, programmableChip(), {});
      if (!done)
        FAIL(done.error().str());
    } else {
      REQUIRE(bool(lowerModelsF32(*module)));
    }
    REQUIRE(succeeded(verify(*module)));
    const Trace trace = simulate(*module, {{"in", {{0}, {}}}}, 2);
    const double scale = integer ? cast<FloatAttr>(population(*module, "p").getScale()->get("v")).getValueAsDouble() : 1;
    std::vector<uint32_t> spiking;
    for (uint32_t n = 0; n < 6; ++n) {
      const double x = inputs[n];
      const bool far = x > 1 || x < -1, chosen = far ? x > 1 : x <= 1;
      if (chosen)
        spiking.push_back(n);
      const double wanted =
          (std::ceil(x) * 8 + std::floor(x) - std::fabs(x)) / 8 + 8 * chosen + far + std::min(x, 1.0) + std::max(x, -1.0);
      const int32_t word = trace.states.at("p").at("v")[1][n];
      CAPTURE(x);
      CHECK((integer ? word * scale : double(std::bit_cast<float>(word))) == doctest::Approx(wanted).epsilon(1e-6));
    }
    CHECK(trace.spikes.at("p")[1] == spiking);
  }
}

TEST_CASE("distributions of parameters and initial values are drawn") {
  auto module = parse(lif() + R"(
    snn.network @net dt 0.001 {
      snn.population @p model @lif shape [50] params {tau = 0.01, r = 10.0, v_threshold = #snn.uniform<1.0, 2.0, seed = 3>} init {v = #snn.normal<0.0, 0.1, clip = [-0.2, 0.2], seed = 4>}
    })");
  REQUIRE(bool(lowerModelsF32(*module)));
  const Trace trace = simulate(*module, {}, 1);
  double low = 1, high = -1;
  for (int32_t word : trace.states.at("p").at("v")[0]) {
    low = std::min<double>(low, std::bit_cast<float>(word));
    high = std::max<double>(high, std::bit_cast<float>(word));
  }
  CHECK(low < -0.05);
  CHECK(high > 0.05);
  CHECK(high <= 0.18001);
}

TEST_CASE("the fixed unit reproduces the float network closely") {
  const hw::Chip chip = fixedChip();
  const auto input = noise(20, 200, 0.3, 9);
  auto reference = parse(lif() + twoLayers("lif", lifParams, "1"));
  REQUIRE(bool(lowerModelsF32(*reference)));
  const Trace wanted = simulate(*reference, {{"in", input}}, 200);
  size_t before = 1u << 30;
  for (unsigned bits : {3u, 8u}) {
    auto module = parse(lif() + twoLayers("lif", lifParams, "1"));
    auto report = quantizeForTarget(*module, chip, {bits, ""});
    if (!report)
      FAIL(report.error().str());
    REQUIRE(succeeded(verify(*module)));
    const Trace found = simulate(*module, {{"in", input}}, 200);
    const size_t off = differences(wanted, found, "hidden", 30);
    CAPTURE(bits);
    MESSAGE(bits << " bits: " << off << " of 6000 hidden cells differ, " << total(wanted, "hidden") << " spikes");
    CHECK(off < before);
    before = off;
  }
  CHECK(before < 120);
  CHECK(total(wanted, "hidden") > 200);
}

TEST_CASE("a quantised network is integer through and through") {
  auto module = parse(lif() + twoLayers("lif", lifParams, "1", " bias dense<0.125> : tensor<30xf32>"));
  auto report = quantizeForTarget(*module, fixedChip(), {});
  REQUIRE(bool(report));
  auto hidden = population(*module, "hidden");
  auto program = cast<snn::ProgramOp>(snn::lookupModel(hidden));
  CHECK(program.getProfile() == "int");
  CHECK(program.getCode().size() == hw::nativeCubaProgram(hw::NativeCubaLif()).code.size());
  CHECK(cast<IntegerAttr>(hidden.getParams().get("du")).getInt() == 4095);
  CHECK(cast<IntegerAttr>(hidden.getParams().get("dv")).getInt() == 410); // round(4096 * 0.1)
  CHECK(cast<IntegerAttr>(hidden.getParams().get("bias")).getInt() > 0);
  CHECK(hidden.getScale());
  auto fc1 = cast<snn::DenseOp>(SymbolTable::lookupSymbolIn(*module->getOps<snn::NetworkOp>().begin(), "fc1"));
  CHECK(!fc1.getBias());
  CHECK(fc1.getWeights().getShapedType().getElementType().isInteger(16));
  CHECK(fc1.getExponent());
  CHECK(report->find("\"form\": \"native\"") != std::string::npos);
  CHECK((*module->getOps<snn::NetworkOp>().begin()).getTarget() == "fixed");
  // The same input gives the same report.
  auto again = parse(lif() + twoLayers("lif", lifParams, "1", " bias dense<0.125> : tensor<30xf32>"));
  CHECK(*quantizeForTarget(*again, fixedChip(), {}) == *report);
}

TEST_CASE("gains are folded into weights, per neuron where synapses are listed") {
  const std::string params =
      "tau = dense<[0.01, 0.02]> : tensor<2xf64>, r = dense<[10.0, 40.0]> : tensor<2xf64>, v_threshold = 4.0";
  const auto network = [&](const std::string &projection) {
    return lif() + "snn.network @net dt 0.001 {\n  snn.input @in shape [1]\n  snn.population @p model @lif shape [2] params {" +
           params + "}\n" + projection + "\n}\n";
  };
  auto module = parse(network("snn.dense @w from @in to @p delay 1 weights dense<[[0.5], [0.5]]> : tensor<2x1xf32>"));
  REQUIRE(bool(quantizeForTarget(*module, fixedChip(), {})));
  const Trace trace = simulate(*module, {{"in", {{0}, {}}}}, 2);
  const auto &v = trace.states.at("p").at("v")[1];
  CHECK(double(v[1]) / v[0] == doctest::Approx(2.0).epsilon(0.01)); // gains dt/tau r = 1 and 2
  auto shared = parse(network("snn.connect @w from @in to @p delay 1 \"all_to_all\" {} weights 0.5"));
  auto refused = quantizeForTarget(*shared, fixedChip(), {});
  REQUIRE(!refused);
  CHECK(refused.error().code == 5306);
}

TEST_CASE("pooling carries its weight as a depthwise convolution") {
  auto module = parse(lif() + R"(
    snn.network @net dt 0.001 {
      snn.input @in shape [2, 4, 4]
      snn.population @p model @lif shape [2, 2, 2] params {tau = 0.01, r = 10.0, v_threshold = 1.0}
      snn.pool @pool from @in to @p delay 1 "average" input [2, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]
    })");
  auto reference = parse(lif() + "snn.network @net dt 0.001 {\n" + R"(
      snn.input @in shape [2, 4, 4]
      snn.population @p model @lif shape [2, 2, 2] params {tau = 0.01, r = 10.0, v_threshold = 1.0}
      snn.pool @pool from @in to @p delay 1 "average" input [2, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]
    })");
  REQUIRE(bool(quantizeForTarget(*module, fixedChip(), {})));
  REQUIRE(succeeded(verify(*module)));
  REQUIRE(bool(lowerModelsF32(*reference)));
  const auto input = noise(32, 50, 0.4, 2);
  CHECK(differences(simulate(*module, {{"in", input}}, 50), simulate(*reference, {{"in", input}}, 50), "p", 8) < 10);
}

TEST_CASE("CUBA neurons with biases: the current's offset is exact in the steady state") {
  const std::string params = "tau_syn = 0.0022222222, tau_mem = 0.01, r = 10.0, w_in = 2.2222222, v_threshold = 1.0";
  const std::string text =
      sourceFile("models/cuba_lif.mlir") + twoLayers("cuba_lif", params, "1", " bias dense<0.03> : tensor<30xf32>");
  auto reference = parse(text), module = parse(text);
  REQUIRE(bool(lowerModelsF32(*reference)));
  auto report = quantizeForTarget(*module, fixedChip(), {});
  if (!report)
    FAIL(report.error().str());
  const auto input = noise(20, 200, 0.1, 9);
  const Trace wanted = simulate(*reference, {{"in", input}}, 200), found = simulate(*module, {{"in", input}}, 200);
  MESSAGE(differences(wanted, found, "hidden", 30) << " of 6000 cells differ, " << total(wanted, "hidden") << " spikes");
  CHECK(differences(wanted, found, "hidden", 30) < 200);
  CHECK(total(wanted, "hidden") > 100);
}

TEST_CASE("probes follow the states' names") {
  const std::string params = "tau_syn = 0.002, tau_mem = 0.01, v_threshold = 1.0";
  auto module = parse(sourceFile("models/cuba_lif.mlir") +
                      "snn.network @net dt 0.001 {\n  snn.population @p model @cuba_lif shape [2] params {" + params +
                      "}\n  snn.probe @probe of @p [\"i\", \"v\", \"spikes\"]\n}\n");
  REQUIRE(bool(quantizeForTarget(*module, fixedChip(), {})));
  REQUIRE(succeeded(verify(*module)));
  auto probe = *(*module->getOps<snn::NetworkOp>().begin()).getBody().getOps<snn::ProbeOp>().begin();
  CHECK(cast<StringAttr>(probe.getVariables()[0]).getValue() == "u");
}

TEST_CASE("what the fixed unit cannot do is refused with the near miss") {
  auto module = parse(lif() + twoLayers("lif_subtract", lifParams, "1"));
  auto refused = quantizeForTarget(*module, fixedChip(), {});
  REQUIRE(!refused);
  CHECK(refused.error().code == 5304);
  CHECK(refused.error().message.find("resets by subtraction") != std::string::npos);
  CHECK(refused.error().place.find("line ") != std::string::npos);
  auto checked = parse(lif() + twoLayers("lif_subtract", lifParams, "1"));
  CHECK(canExecute(population(*checked, "hidden"), fixedChip()).error().code == 5304);
  CHECK(bool(canExecute(population(*checked, "hidden"), programmableChip())));
  hw::Chip floating = fixedChip();
  floating.profile = isa::Profile::F32;
  CHECK(bool(canExecute(population(*checked, "hidden"), floating)));
}

TEST_CASE("options and left-overs are checked") {
  auto module = parse(lif() + twoLayers("lif", lifParams, "1"));
  CHECK(quantizeForTarget(*module, fixedChip(), {0, ""}).error().code == 5322);
  CHECK(quantizeForTarget(*module, fixedChip(), {9, ""}).error().code == 5322);
  CHECK(quantizeForTarget(*module, fixedChip(), {8, "{}"}).error().code == 5320);
  CHECK(quantizeForTarget(*module, fixedChip(), {8, R"({"format": "ranvier-calibration", "version": 1, "populations": {}})"})
            .error()
            .code == 5321);
  auto junction = parse("snn.network @n dt 0.001 {\n  snn.junction @j shape [1]\n}");
  CHECK(quantizeForTarget(*junction, fixedChip(), {}).error().code == 5323);
  auto wrong = parse("snn.model @m {\n  %x = snn.receive \"x\" : f32\n  %v = snn.state \"v\" range [0.0, 1.0] : f32\n  %r = "
                     "arith.addf %x, %v : f32\n  snn.update \"v\" = %r : f32\n}\n"
                     "snn.network @n dt 0.001 {\n  snn.population @p model @m shape [1] init {v = 2.0}\n}");
  CHECK(quantizeForTarget(*wrong, programmableChip(), {}).error().code == 5308);
}

TEST_CASE("calibration profiles are read, malformed ones refused") {
  auto good =
      parseCalibration(R"({"format": "ranvier-calibration", "version": 1, "populations": {"p": {"states": {"v": [-3, 1]}}}})");
  REQUIRE(bool(good));
  CHECK(good->populations["p"].states["v"].low == -3);
  for (const char *bad : {"[]", R"({"format": "ranvier-calibration", "version": 2})",
                          R"({"format": "ranvier-calibration", "version": 1, "populations": []})",
                          R"({"format": "ranvier-calibration", "version": 1, "populations": {"p": {"state": {}}}})",
                          R"({"format": "ranvier-calibration", "version": 1, "populations": {"p": {"inputs": {"x": [0, 1]}}}})",
                          R"({"format": "ranvier-calibration", "version": 1, "populations": {"p": {"states": {"v": [2, 1]}}}})"})
    CHECK(parseCalibration(bad).error().code == 5320);
}

//===--- Models that are not shipped, as a user writes them ---------------===//

namespace {
const char *const adaptive = R"(
snn.model @adaptive_lif {
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" : f32
  %tau_a = snn.parameter "tau_a" : f32
  %base = snn.parameter "threshold" default 1.0 : f32
  %jump = snn.parameter "jump" default 0.2 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-8.0, 8.0] : f32
  %a = snn.state "a" range [0.0, 16.0] : f32
  %one = arith.constant 1.0 : f32
  %kv = arith.divf %dt, %tau : f32
  %ka = arith.divf %dt, %tau_a : f32
  %keep = arith.subf %one, %kv : f32
  %keepa = arith.subf %one, %ka : f32
  %v0 = arith.mulf %v, %keep : f32
  %v1 = arith.addf %v0, %x : f32
  %th = arith.addf %base, %a : f32
  %fire = arith.cmpf ogt, %v1, %th : f32
  %less = arith.subf %v1, %th : f32
  %v2 = arith.select %fire, %less, %v1 : f32
  %a0 = arith.mulf %a, %keepa : f32
  %aj = arith.addf %a0, %jump : f32
  %a1 = arith.select %fire, %aj, %a0 : f32
  snn.update "v" = %v2 : f32
  snn.update "a" = %a1 : f32
  snn.spike %fire
}
)";
const char *const izhikevich = R"(
snn.model @izhikevich {
  %dt = snn.timestep : f32
  %a = snn.parameter "a" default 0.02 : f32
  %b = snn.parameter "b" default 0.2 : f32
  %c = snn.parameter "c" default -65.0 : f32
  %d = snn.parameter "d" default 8.0 : f32
  %i = snn.receive "i" : f32
  %v = snn.state "v" init -65.0 range [-120.0, 60.0] : f32
  %u = snn.state "u" init -13.0 range [-40.0, 40.0] : f32
  %ms = arith.constant 1000.0 : f32
  %h = arith.mulf %dt, %ms : f32
  %q = arith.constant 0.04 : f32
  %five = arith.constant 5.0 : f32
  %k = arith.constant 140.0 : f32
  %peak = arith.constant 30.0 : f32
  %vv = arith.mulf %v, %v : f32
  %t1 = arith.mulf %q, %vv : f32
  %t2 = arith.mulf %five, %v : f32
  %t3 = arith.addf %t1, %t2 : f32
  %t4 = arith.addf %t3, %k : f32
  %t5 = arith.subf %t4, %u : f32
  %t6 = arith.addf %t5, %i : f32
  %dv = arith.mulf %h, %t6 : f32
  %v1 = arith.addf %v, %dv : f32
  %bv = arith.mulf %b, %v : f32
  %w = arith.subf %bv, %u : f32
  %aw = arith.mulf %a, %w : f32
  %du = arith.mulf %h, %aw : f32
  %u1 = arith.addf %u, %du : f32
  %fire = arith.cmpf oge, %v1, %peak : f32
  %v2 = arith.select %fire, %c, %v1 : f32
  %ud = arith.addf %u1, %d : f32
  %u2 = arith.select %fire, %ud, %u1 : f32
  snn.update "v" = %v2 : f32
  snn.update "u" = %u2 : f32
  snn.spike %fire
}
)";
} // namespace

TEST_CASE("adaptive-threshold LIF in fixed point is the float network where the weights are exact [F5]") {
  const auto run = [](bool grid) {
    const std::string text = adaptive + twoLayers("adaptive_lif", "tau = 0.01, tau_a = 0.1", "1", "", grid);
    auto reference = parse(text), module = parse(text);
    REQUIRE(bool(lowerModelsF32(*reference)));
    auto report = quantizeForTarget(*module, programmableChip(), {});
    if (!report)
      FAIL(report.error().str());
    REQUIRE(succeeded(verify(*module)));
    CHECK(report->find("\"form\": \"fixed-point\"") != std::string::npos);
    const auto input = noise(20, 300, 0.3, 1);
    return std::pair(simulate(*reference, {{"in", input}}, 300), simulate(*module, {{"in", input}}, 300));
  };
  // The conversion itself errs by about 1e-7 a step, like binary32: no comparison of 9000 comes that close.
  const auto [wanted, found] = run(true);
  CHECK(differences(wanted, found, "hidden", 30) == 0);
  CHECK(differences(wanted, found, "out", 5) == 0);
  CHECK(total(wanted, "hidden") > 500);
  // Rounded weights (relative 2^-8) change rates by as much; single spikes move by a step, and subtraction keeps what is left over.
  const auto [real, rounded] = run(false);
  MESSAGE(differences(real, rounded, "hidden", 30) << " of 9000 cells differ, " << total(real, "hidden") << " spikes");
  CHECK(std::fabs(double(total(rounded, "hidden")) / double(total(real, "hidden")) - 1) < 0.01);
}

TEST_CASE("Izhikevich neurons in fixed point stay close to float") {
  const std::string text = izhikevich + std::string(R"(
    snn.network @net dt 0.0005 {
      snn.input @in shape [8]
      snn.population @p model @izhikevich shape [8]
      snn.connect @w from @in to @p delay 1 "one_to_one" {} weights 16.0
    })");
  auto reference = parse(text), module = parse(text);
  REQUIRE(bool(lowerModelsF32(*reference)));
  auto report = quantizeForTarget(*module, programmableChip(), {});
  if (!report)
    FAIL(report.error().str());
  REQUIRE(succeeded(verify(*module)));
  const auto input = noise(8, 2000, 0.7, 3);
  const Trace wanted = simulate(*reference, {{"in", input}}, 2000), found = simulate(*module, {{"in", input}}, 2000);
  const auto expected = wanted.counts("p", 8), actual = found.counts("p", 8);
  const double scale = cast<FloatAttr>(population(*module, "p").getScale()->get("v")).getValueAsDouble();
  for (size_t n = 0; n < 8; ++n) {
    CHECK(expected[n] > 5);
    CHECK(std::abs(expected[n] - actual[n]) <= 1);
    // Membranes agree to a millivolt until spikes drift by a step.
    for (size_t t = 0; t < 100; ++t)
      CHECK(std::fabs(found.states.at("p").at("v")[t][n] * scale - std::bit_cast<float>(wanted.states.at("p").at("v")[t][n])) <
            1.0);
  }
}

TEST_CASE("graded events: the size of a payload unit is part of the target's weights [F9]") {
  const std::string text = sourceFile("models/li.mlir") + lif() + R"(
    snn.network @net dt 0.001 {
      snn.input @in shape [4]
      snn.population @integrate model @li shape [4] params {tau = 0.01, r = 10.0}
      snn.population @fire model @lif_subtract shape [4] params {tau = 0.01, r = 10.0, v_threshold = 4.0}
      snn.connect @a from @in to @integrate delay 1 "one_to_one" {} weights 0.5
      snn.connect @b from @integrate to @fire delay 1 "one_to_one" {} weights 0.6875
    })"; // both weights are 8-bit numbers: what differs is the payload, rounded to 2^-12 of a value below 5
  auto reference = parse(text), module = parse(text);
  REQUIRE(bool(lowerModelsF32(*reference)));
  auto report = quantizeForTarget(*module, programmableChip(), {});
  if (!report)
    FAIL(report.error().str());
  const auto input = noise(4, 300, 0.5, 3);
  const Trace wanted = simulate(*reference, {{"in", input}}, 300), found = simulate(*module, {{"in", input}}, 300);
  MESSAGE(differences(wanted, found, "fire", 4) << " of 1200 cells differ, " << total(wanted, "fire") << " spikes");
  // |v' - v| stays below 10 * 0.6875 * 2^-13 < 1e-3 of a range of 4: at most one comparison in a thousand may go the other way.
  CHECK(differences(wanted, found, "fire", 4) <= 4);
  CHECK(total(wanted, "fire") > 100);
  hw::Chip plain = programmableChip();
  plain.gradedSpikes = false;
  auto again = parse(text);
  CHECK(quantizeForTarget(*again, plain, {}).error().code == 5305);
  auto checked = parse(text);
  CHECK(canExecute(population(*checked, "integrate"), plain).error().code == 5305);
}
