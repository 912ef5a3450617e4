// Checks of `ranvier check`: every rule at its limit and one beyond, on chips made for the purpose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Check/Check.h"
#include "Graphs.h"
#include "mlir/Parser/Parser.h"

using namespace ranvier;
using namespace ranvier::test;
using check::Finding;
using check::Findings;
using check::Severity;

namespace {

/// A chip without limits, on which every edge takes a step.
hw::Chip bareChip() {
  hw::Chip chip;
  chip.name = "made";
  chip.programmable = true;
  chip.gradedSpikes = true;
  return chip;
}
Findings findingsOf(const std::string &body, const hw::Chip &chip, const check::CheckOptions &options = {},
                    const std::string &spike = "snn.spike %fire") {
  mlir::MLIRContext context;
  context.loadDialect<snn::SNNDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
  const std::string text = R"(snn.model @m {
    %x = snn.receive "x" : f32
    %v = snn.state "v" : f32
    %v1 = arith.addf %v, %x : f32
    %fire = arith.cmpf ogt, %v1, %v : f32
    snn.update "v" = %v1 : f32
    )" + spike + R"(
  }
  snn.network @net dt 0.001 {
    snn.input @in shape [4]
    snn.population @a model @m shape [4]
    snn.population @b model @m shape [4]
)" + body + "\n}\n";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  REQUIRE(module);
  return check::check(*module, chip, options);
}
/// Findings about an op (and a parameter), leaving notes out unless asked for.
Findings about(const Findings &all, const std::string &op, const std::string &parameter = "", bool notes = false) {
  Findings some;
  for (const Finding &finding : all)
    if (finding.op == op && finding.parameter == parameter && (notes || finding.severity != Severity::Note))
      some.push_back(finding);
  return some;
}
const std::string forward = "snn.connect @f from @in to @a \"all_to_all\" {} weights 1.0\n";

} // namespace

TEST_CASE("a network that fits has no errors and no warnings") {
  const Findings found = findingsOf(forward, bareChip());
  for (const Finding &finding : found)
    CHECK(finding.severity == Severity::Note);
}

TEST_CASE("delays at the limit and one beyond") {
  hw::Chip chip = bareChip();
  chip.maxDelay = 7;
  const auto at = [&](const std::string &delay) {
    return about(findingsOf("snn.connect @f from @in to @a delay " + delay + " \"one_to_one\" {} weights 1.0", chip), "f", "delay");
  };
  CHECK(at("7").empty());
  REQUIRE(at("8").size() == 1);
  CHECK(at("8")[0].severity == Severity::Error);
  CHECK(at("8")[0].message == "a delay of 8 steps, and made holds at most 7");
  CHECK(at("dense<[1, 2, 3, 8]> : tensor<4xi32>").size() == 1);
  CHECK(at("#snn.uniform<1.0, 7.0, seed = 1>").empty());
  // What is drawn counts, not what could be.
  CHECK(at("#snn.uniform<7.6, 9.0, seed = 1>").size() == 1);
  CHECK(at("#snn.normal<2.0, 0.1, clip = [1.0, 9.0], seed = 1>").empty());
}

TEST_CASE("edges that act at once are noted on chips, not on reference-like targets") {
  hw::Chip chip = bareChip();
  CHECK(about(findingsOf(forward, chip), "net", "delay", true).size() == 1);
  chip.minDelay = 0;
  CHECK(about(findingsOf(forward, chip), "net", "delay", true).empty());
}

TEST_CASE("feedback across populations is late unless its delays leave room") {
  const auto loop = [&](const std::string &there, const std::string &back, unsigned minDelay = 1) {
    hw::Chip chip = bareChip();
    chip.minDelay = minDelay;
    const Findings found = findingsOf(forward + "snn.connect @there from @a to @b " + there + " \"one_to_one\" {} weights 1.0\n" +
                                          "snn.connect @back from @b to @a " + back + " \"one_to_one\" {} weights 1.0\n",
                                      chip);
    return about(found, "back", "delay");
  };
  REQUIRE(loop("", "").size() == 1);
  CHECK(loop("", "")[0].severity == Severity::Warning);
  CHECK(loop("", "")[0].message ==
        "feedback through a, b takes one step per edge on made: 1 step later than in the network's own reading");
  CHECK(loop("", "delay 1").size() == 1);
  CHECK(loop("delay 1", "delay 1").empty());
  CHECK(loop("", "delay 2").empty());
  CHECK(loop("", "", 0).empty());
  // Recurrence of a population onto itself sees the step before on every target.
  const Findings self = findingsOf(forward + "snn.connect @self from @a to @a \"all_to_all\" {} weights 1.0", bareChip());
  CHECK(about(self, "self", "delay").empty());
  const Findings closing = about(self, "self", "delay", true);
  REQUIRE(closing.size() == 1);
  CHECK(closing[0].severity == Severity::Note);
  CHECK(closing[0].message.find("closes a cycle of edges that act in the same step") == 0);
}

TEST_CASE("graded spikes need a target that has them") {
  hw::Chip chip = bareChip();
  const std::string graded = "snn.spike %fire payload %v1 : f32";
  CHECK(about(findingsOf(forward, chip, {}, graded), "a", "model").empty());
  chip.gradedSpikes = false;
  CHECK(about(findingsOf(forward, chip, {}, graded), "a", "model").size() == 1);
  CHECK(about(findingsOf(forward, chip), "a", "model").empty());
}

TEST_CASE("graded events in a loop need a neuron without a payload in it, on integer targets") {
  const std::string graded = "snn.spike %fire payload %v1 : f32";
  const std::string loop = forward + "snn.connect @there from @a to @b delay 1 \"one_to_one\" {} weights 1.0\n";
  const std::string back = "snn.connect @back from @b to @a delay 1 \"one_to_one\" {} weights 1.0\n";
  CHECK(about(findingsOf(loop, bareChip(), {}, graded), "a", "model").empty());
  const Findings found = about(findingsOf(loop + back, bareChip(), {}, graded), "a", "model");
  REQUIRE(found.size() == 1);
  CHECK(found[0].code == 5324);
  CHECK(about(findingsOf(loop + back, bareChip()), "a", "model").empty());
  hw::Chip real = bareChip();
  real.profile = isa::Profile::F32;
  CHECK(about(findingsOf(loop + back, real, {}, graded), "a", "model").empty());
}

TEST_CASE("models are judged by the caller's analysis") {
  hw::Chip chip = bareChip();
  chip.programmable = false;
  Findings found = about(findingsOf(forward, chip), "a", "model", true);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "whether made has model @m was not examined");
  check::CheckOptions options;
  options.modelFits = [](snn::PopulationOp population) -> Result<void> {
    if (population.getSymName() == "a")
      return Error{.code = 1, .message = "the decay of v is not constant", .hint = "write it otherwise"};
    return {};
  };
  const Findings all = findingsOf(forward, chip, options);
  found = about(all, "a", "model", true);
  REQUIRE(found.size() == 1);
  CHECK(found[0] == Finding{Severity::Error, "a", "model", "the decay of v is not constant", "write it otherwise", 1});
  CHECK(about(all, "b", "model", true).empty());
}

TEST_CASE("biases on chips act ahead of the input") {
  const std::string biased = "snn.dense @f from @in to @a weights dense<1.0> : tensor<4x4xf32> bias dense<";
  hw::Chip chip = bareChip();
  CHECK(about(findingsOf(biased + "0.5> : tensor<4xf32>", chip), "f", "bias").size() == 1);
  CHECK(about(findingsOf(biased + "0.0> : tensor<4xf32>", chip), "f", "bias").empty());
  chip.minDelay = 0;
  CHECK(about(findingsOf(biased + "0.5> : tensor<4xf32>", chip), "f", "bias").empty());
}

TEST_CASE("an output of weights is named") {
  const Findings found = findingsOf(
      "snn.junction @j shape [4]\nsnn.connect @f from @a to @j \"one_to_one\" {} weights 2.0\nsnn.output @out from @j", bareChip());
  REQUIRE(about(found, "out", "from").size() == 1);
  CHECK(about(found, "out", "from")[0].severity == Severity::Error);
}

TEST_CASE("quantised weights at the limits and one beyond") {
  hw::Chip chip = bareChip();
  chip.weights.maxBits = 8;
  chip.weights.minExponent = -8;
  chip.weights.maxExponent = 7;
  const auto with = [&](const std::string &text) {
    return findingsOf("snn.dense @f from @in to @a " + text + " weights dense<1> : tensor<4x4xi16>", chip);
  };
  CHECK(about(with("exponent 7 bits 9"), "f", "bits").empty());
  CHECK(about(with("exponent 7 bits 10"), "f", "bits").size() == 1);
  CHECK(about(with("exponent 7 bits 9"), "f", "exponent").empty());
  CHECK(about(with("exponent 8 bits 9"), "f", "exponent").size() == 1);
  CHECK(about(with("exponent -9 bits 9"), "f", "exponent").size() == 1);
  CHECK(about(with("bits 9"), "net", "weights", true).empty());
  CHECK(about(findingsOf(forward, chip), "net", "weights", true).size() == 1);
}

TEST_CASE("fan-in, axons and memory of one neuron at the limit and one beyond") {
  // Eight synapses from four neurons: two projections from @in.
  const std::string twice = forward + "snn.connect @g from @in to @a \"all_to_all\" {} weights 1.0\n";
  hw::Chip chip = bareChip();
  chip.core.fanIn = 8;
  CHECK(about(findingsOf(twice, chip), "a").empty());
  chip.core.fanIn = 7;
  REQUIRE(about(findingsOf(twice, chip), "a").size() == 1);
  CHECK(about(findingsOf(twice, chip), "a")[0].message == "a neuron has 8 synapses, and made allows 7");
  chip = bareChip();
  chip.core.axonsIn = 4;
  CHECK(about(findingsOf(twice, chip), "a").empty());
  chip.core.axonsIn = 3;
  CHECK(about(findingsOf(twice, chip), "a").size() == 1);
  chip = bareChip();
  chip.weights.minBits = 2;
  chip.core.synapticMemoryBits = 16;
  chip.maxChips = 100;
  CHECK(about(findingsOf(twice, chip), "a").empty());
  chip.core.synapticMemoryBits = 15;
  CHECK(about(findingsOf(twice, chip), "a").size() == 1);
}

TEST_CASE("fan-in of each kind of projection") {
  hw::Chip chip = bareChip();
  chip.core.fanIn = 1;
  const auto fanIn = [&](const std::string &projection, const std::string &nodes = "") {
    const Findings found = about(findingsOf(nodes + projection, chip), nodes.empty() ? "a" : "t");
    return found.empty() ? std::string("fits") : found[0].message.substr(0, found[0].message.find(','));
  };
  CHECK(fanIn("snn.connect @f from @in to @a \"one_to_one\" {} weights 1.0") == "fits");
  CHECK(fanIn("snn.connect @f from @in to @a \"fixed_in_degree\" {k = 3} weights 1.0 seed 1") == "a neuron has 3 synapses");
  CHECK(fanIn("snn.connect @f from @in to @a \"fixed_probability\" {p = 0.75} weights 1.0 seed 1") ==
        "a neuron has 3 synapses on average");
  CHECK(fanIn("snn.connect @f from @in to @a \"fixed_total_number\" {n = 20} weights 1.0 seed 1") ==
        "a neuron has 5 synapses on average");
  CHECK(fanIn("snn.connect @f from @a to @a \"all_to_all\" {} weights 1.0 autapses false") == "a neuron has 3 synapses");
  CHECK(fanIn("snn.dense @f from @in to @a weights dense<1.0> : tensor<4x4xf32>") == "a neuron has 4 synapses");
  CHECK(
      fanIn(
          "snn.sparse @f from @in to @a row_ptr dense<[0, 1, 1, 3, 4]> : tensor<5xi64> columns dense<[0, 1, 2, 3]> : tensor<4xi32> "
          "weights dense<1.0> : tensor<4xf32>") == "a neuron has 2 synapses");
  CHECK(fanIn("snn.conv2d @f from @i2 to @t weights dense<1.0> : tensor<1x2x3x3xf32> input [2, 4, 4] stride [1, 1] padding [1, 1] "
              "dilation [1, 1]",
              "snn.input @i2 shape [2, 4, 4]\nsnn.population @t model @m shape [1, 4, 4]\n") == "a neuron has 18 synapses");
  CHECK(fanIn("snn.pool @f from @i2 to @t \"sum\" input [2, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]",
              "snn.input @i2 shape [2, 4, 4]\nsnn.population @t model @m shape [2, 2, 2]\n") == "a neuron has 4 synapses");
}

TEST_CASE("totals at the limit and one beyond") {
  hw::Chip chip = bareChip();
  chip.tilesX = 2;
  chip.core.neurons = 4;
  CHECK(about(findingsOf(forward, chip), "net").empty());
  chip.core.neurons = 3;
  REQUIRE(about(findingsOf(forward, chip), "net").size() == 1);
  CHECK(about(findingsOf(forward, chip), "net")[0].message == "8 neurons, and made holds 6 (2 cores of 3)");
  chip = bareChip();
  chip.weights.minBits = 1;
  chip.core.synapticMemoryBits = 16;
  CHECK(about(findingsOf(forward, chip), "net").empty());
  chip.core.synapticMemoryBits = 15;
  CHECK(about(findingsOf(forward, chip), "net").size() == 1);
  // More synapses than one projection can be expanded to.
  const std::string huge =
      "snn.population @h model @m shape [100000]\nsnn.connect @r from @h to @h \"fixed_probability\" {p = 0.5} weights 1.0 seed 1";
  CHECK(about(findingsOf(huge, bareChip()), "r", "rule").size() == 1);
}

TEST_CASE("what the chip's file says it cannot do is passed on, and a module without a network is an error") {
  hw::Chip chip = bareChip();
  chip.unsupported = {"no plasticity"};
  const Findings found = about(findingsOf(forward, chip), "net", "", true);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "made: no plasticity");
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> empty = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  const Findings none = check::check(*empty, chip);
  REQUIRE(none.size() == 1);
  CHECK(none[0].severity == Severity::Error);
  CHECK(std::string(check::severityName(none[0].severity)) == "error");
}
