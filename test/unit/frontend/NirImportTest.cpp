// Checks of the NIR importer: what each primitive becomes, how graphs are cut into projections, options, report, errors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Graphs.h"
#include "ranvier/Support/Json.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::test;
using frontend::importNir;
using frontend::NirImportOptions;
using frontend::Reset;

namespace {

FlatGraph chain(std::vector<FlatNode> middle, Shape in, Shape out) {
  std::vector<std::pair<std::string, std::string>> edges;
  std::string last = "in";
  for (const FlatNode &node : middle) {
    edges.emplace_back(last, node.name);
    last = node.name;
  }
  edges.emplace_back(last, "out");
  middle.push_back(input("in", in));
  middle.push_back(output("out", out));
  return graph(std::move(middle), edges);
}
unsigned codeOf(const FlatGraph &graph, const NirImportOptions &options = {}) {
  mlir::MLIRContext context;
  auto result = importNir(graph, &context, options);
  return result ? 0 : result.error().code;
}

} // namespace

TEST_CASE("a linear node between two neuron nodes is one projection between them") {
  mlir::MLIRContext context;
  auto made = import(chain({affine("fc", 3, 2), lif("0", {3})}, {2}, {3}), context);
  auto network = networkOf(*made.module);
  CHECK(countOf<snn::JunctionOp>(network) == 0);
  auto fc = find<snn::DenseOp>(network, "fc");
  CHECK(fc.getSource() == "in");
  CHECK(fc.getTarget() == "0");
  CHECK(!fc.getDelayAttr());
  CHECK(fc.getWeights().getShapedType().getShape() == llvm::ArrayRef<int64_t>{3, 2});
  CHECK(fc.getWeights().getShapedType().getElementType().isF32());
  CHECK(mlir::isa<mlir::DenseResourceElementsAttr>(fc.getWeights()));
  CHECK(values(fc.getWeights()) == std::vector<double>{0.5, 1, 1.5, 2, 2.5, 3});
  CHECK(values(fc.getBiasOrNull()) == std::vector<double>{0.5, 1, 1.5});
  CHECK(find<snn::OutputOp>(network, "out").getSource() == "0");
  auto population = find<snn::PopulationOp>(network, "0");
  CHECK(population.getModel() == "lif");
  CHECK(values(population.getParams().get("tau")) == std::vector<double>{0.01});
  CHECK(made.dt == 1e-3);
  CHECK(network.getDt().convertToDouble() == 1e-3);
}

TEST_CASE("parameters that differ stay per neuron, in row-major order") {
  mlir::MLIRContext context;
  FlatNode neuron = lif("n", {2, 2});
  neuron.params["v_threshold"] = ramp({2, 2});
  neuron.params["v_leak"] = tensor({}, {0.25});
  auto made = import(chain({neuron}, {2, 2}, {2, 2}), context);
  auto population = find<snn::PopulationOp>(networkOf(*made.module), "n");
  CHECK(values(population.getParams().get("v_threshold")) == std::vector<double>{0.5, 1, 1.5, 2});
  CHECK(values(population.getParams().get("v_leak")) == std::vector<double>{0.25});
  CHECK(population.getShape() == llvm::ArrayRef<int64_t>{2, 2});
}

TEST_CASE("an edge without a linear node is one-to-one with weight 1") {
  mlir::MLIRContext context;
  auto made = import(chain({lif("a", {3}), lif("b", {3})}, {3}, {3}), context);
  auto network = networkOf(*made.module);
  for (const char *name : {"in_to_a", "a_to_b"}) {
    auto direct = find<snn::ConnectOp>(network, name);
    CHECK(direct.getRule() == "one_to_one");
    CHECK(values(direct.getWeights()) == std::vector<double>{1});
  }
}

TEST_CASE("linear nodes in a row meet in junctions, reshapes leave no trace") {
  mlir::MLIRContext context;
  const FlatNode pool = node("pool", "AvgPool2d", {2, 4, 4}, {2, 2, 2},
                             {{"kernel_size", whole({2, 2})}, {"stride", whole({2})}, {"padding", whole({0, 0})}});
  const FlatNode flat = node("flat", "Flatten", {2, 2, 2}, {8}, {{"start_dim", whole({0})}, {"end_dim", whole({-1})}});
  auto made = import(chain({pool, flat, linear("fc", 3, 8), lif("n", {3})}, {2, 4, 4}, {3}), context);
  auto network = networkOf(*made.module);
  CHECK(countOf<snn::JunctionOp>(network) == 1);
  auto op = find<snn::PoolOp>(network, "pool");
  CHECK(op.getKind() == "average");
  CHECK(op.getTarget() == "pool.out");
  CHECK(op.getInputShape() == llvm::ArrayRef<int64_t>{2, 4, 4});
  CHECK(op.getKernel() == llvm::ArrayRef<int64_t>{2, 2});
  CHECK(op.getStride() == llvm::ArrayRef<int64_t>{2, 2});
  CHECK(find<snn::JunctionOp>(network, "pool.out").getShape() == llvm::ArrayRef<int64_t>{2, 2, 2});
  CHECK(find<snn::DenseOp>(network, "fc").getSource() == "pool.out");
}

TEST_CASE("convolutions keep their shared weights") {
  mlir::MLIRContext context;
  const FlatNode conv = node("conv", "Conv2d", {2, 5, 7}, {4, 3, 3},
                             {{"weight", ramp({4, 1, 3, 2})},
                              {"bias", all({4}, 0)},
                              {"stride", whole({2, 3})},
                              {"padding", whole({1, 1})},
                              {"dilation", whole({1})},
                              {"groups", tensor({}, {2})},
                              {"input_shape", whole({5, 7})}});
  auto made = import(chain({conv, integrator("n", {4, 3, 3})}, {2, 5, 7}, {4, 3, 3}), context);
  auto op = find<snn::Conv2dOp>(networkOf(*made.module), "conv");
  CHECK(op.getInputShape() == llvm::ArrayRef<int64_t>{2, 5, 7});
  CHECK(op.getStride() == llvm::ArrayRef<int64_t>{2, 3});
  CHECK(op.getPadding() == llvm::ArrayRef<int64_t>{1, 1});
  CHECK(op.getDilation() == llvm::ArrayRef<int64_t>{1, 1});
  CHECK(op.getGroups() == 2);
  CHECK(!op.getBiasOrNull()); // NIR makes the bias mandatory; all zeros are none.
  CHECK(values(op.getWeights()).size() == 24);

  const FlatNode line =
      node("conv", "Conv1d", {2, 8}, {3, 8}, {{"weight", ramp({3, 2, 3})}, {"bias", ramp({3})}, {"padding", std::string("same")}});
  mlir::MLIRContext other;
  auto single = import(chain({line, integrator("n", {3, 8})}, {2, 8}, {3, 8}), other);
  auto conv1d = find<snn::Conv1dOp>(networkOf(*single.module), "conv");
  CHECK(conv1d.getPadding() == llvm::ArrayRef<int64_t>{1});
  CHECK(values(conv1d.getBiasOrNull()) == std::vector<double>{0.5, 1, 1.5});
}

TEST_CASE("scale and delay are one-to-one projections") {
  mlir::MLIRContext context;
  const FlatNode scale = node("scale", "Scale", {3}, {3}, {{"scale", ramp({3})}});
  const FlatNode late = node("late", "Delay", {3}, {3}, {{"delay", tensor({3}, {0, 0.001, 0.0034})}});
  const FlatNode later = node("later", "Delay", {3}, {3}, {{"delay", all({3}, 0.002)}});
  auto made = import(chain({scale, lif("a", {3}), late, lif("b", {3}), later, lif("c", {3})}, {3}, {3}), context);
  auto network = networkOf(*made.module);
  CHECK(values(find<snn::ConnectOp>(network, "scale").getWeights()) == std::vector<double>{0.5, 1, 1.5});
  CHECK(values(*find<snn::ConnectOp>(network, "late").getDelay()) == std::vector<double>{0, 1, 3});
  CHECK(values(*find<snn::ConnectOp>(network, "later").getDelay()) == std::vector<double>{2});
  CHECK(mentions(made.warnings, "node late: delays were rounded to whole time steps"));
  CHECK(!mentions(made.warnings, "node later"));
  FlatNode negative = late;
  negative.params["delay"] = all({3}, -0.001);
  CHECK(codeOf(chain({negative, lif("b", {3})}, {3}, {3})) == 5213);
  negative.params["delay"] = all({3}, 1e3);
  CHECK(codeOf(chain({negative, lif("b", {3})}, {3}, {3})) == 5213);
}

TEST_CASE("cycles are kept, without any delay") {
  mlir::MLIRContext context;
  auto made = import(graph({input("in", {2}), lif("n", {2}), linear("rec", 2, 2), output("out", {2})},
                           {{"in", "n"}, {"n", "rec"}, {"rec", "n"}, {"n", "out"}}),
                     context);
  auto rec = find<snn::DenseOp>(networkOf(*made.module), "rec");
  CHECK(rec.getSource() == "n");
  CHECK(rec.getTarget() == "n");
  CHECK(!rec.getDelayAttr());
}

TEST_CASE("fan-in sums: a bias stands on one projection only") {
  mlir::MLIRContext context;
  auto made =
      import(graph({input("in", {2}), lif("a", {2}), lif("b", {2}), affine("fc", 3, 2), lif("c", {3}), lif("d", {3}),
                    output("out", {3}), output("out2", {3})},
                   {{"in", "a"}, {"in", "b"}, {"a", "fc"}, {"b", "fc"}, {"fc", "c"}, {"fc", "d"}, {"c", "out"}, {"d", "out2"}}),
             context);
  auto network = networkOf(*made.module);
  REQUIRE(countOf<snn::DenseOp>(network) == 4);
  std::map<std::string, unsigned> biases;
  mlir::Attribute shared = find<snn::DenseOp>(network, "fc").getWeights();
  for (auto fc : network.getBody().getOps<snn::DenseOp>()) {
    biases[fc.getTarget().str()] += fc.getBiasOrNull() ? 1 : 0;
    CHECK(fc.getWeights() == shared);
  }
  CHECK(biases == std::map<std::string, unsigned>{{"c", 1}, {"d", 1}});
  for (const char *name : {"fc", "fc_1", "fc_2", "fc_3"})
    find<snn::DenseOp>(network, name);
}

TEST_CASE("an output with several sources and an output of weights get junctions") {
  mlir::MLIRContext context;
  auto made =
      import(graph({input("in", {2}), lif("a", {2}), lif("b", {2}), output("out", {2}), linear("read", 2, 2), output("raw", {2})},
                   {{"in", "a"}, {"in", "b"}, {"a", "out"}, {"b", "out"}, {"a", "read"}, {"read", "raw"}}),
             context);
  auto network = networkOf(*made.module);
  CHECK(find<snn::OutputOp>(network, "out").getSource() == "out.in");
  CHECK(find<snn::OutputOp>(network, "raw").getSource() == "read.out");
  CHECK(find<snn::ConnectOp>(network, "a_to_out.in").getTarget() == "out.in");
}

TEST_CASE("leading dimensions of a weight multiply block by block") {
  mlir::MLIRContext context;
  const FlatNode blocks = node("fc", "Linear", {2, 3}, {2, 2}, {{"weight", ramp({2, 2, 3})}});
  auto made = import(chain({blocks, integrator("n", {2, 2})}, {2, 3}, {2, 2}), context);
  auto op = find<snn::SparseOp>(networkOf(*made.module), "fc");
  CHECK(values(op.getRowPtr()) == std::vector<double>{0, 3, 6, 9, 12});
  CHECK(values(op.getColumns()) == std::vector<double>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
  CHECK(values(op.getWeights()).size() == 12);
}

TEST_CASE("graded and stateless types find their models") {
  mlir::MLIRContext context;
  const Shape shape{2};
  const FlatNode li = node("li", "LI", shape, shape, {{"tau", all(shape, 0.01)}, {"r", all(shape, 10)}, {"v_leak", all(shape, 0)}});
  const FlatNode cubaLi =
      node("cubali", "CubaLI", shape, shape,
           {{"tau_syn", all(shape, 0.005)}, {"tau_mem", all(shape, 0.01)}, {"r", all(shape, 10)}, {"v_leak", all(shape, 0)}});
  const FlatNode i = node("i", "I", shape, shape, {{"r", all(shape, 1)}});
  const FlatNode threshold = node("t", "Threshold", shape, shape, {{"threshold", all(shape, 0.5)}});
  auto made = import(chain({li, cubaLi, i, threshold}, shape, shape), context);
  auto network = networkOf(*made.module);
  CHECK(find<snn::PopulationOp>(network, "li").getModel() == "li");
  CHECK(find<snn::PopulationOp>(network, "cubali").getModel() == "cuba_li");
  CHECK(find<snn::PopulationOp>(network, "i").getModel() == "i");
  CHECK(find<snn::PopulationOp>(network, "t").getModel() == "threshold");
}

TEST_CASE("the reset is what the option says") {
  FlatNode neuron = lif("n", {2});
  neuron.params["v_reset"] = all({2}, 0.25);
  const FlatGraph file = chain({neuron}, {2}, {2});
  const auto population = [&](Reset reset, mlir::MLIRContext &context, frontend::NirImport &made) {
    NirImportOptions options;
    options.reset = reset;
    made = import(file, context, options);
    return find<snn::PopulationOp>(networkOf(*made.module), "n");
  };
  for (Reset reset : {Reset::FileDefault, Reset::VReset, Reset::Zero, Reset::Subtract}) {
    mlir::MLIRContext context;
    frontend::NirImport made;
    auto op = population(reset, context, made);
    auto semantics = parseJson(networkOf(*made.module).getSemantics()->str(), "semantics");
    REQUIRE(semantics);
    const std::string reported = (*semantics)["populations"][0]["reset"];
    if (reset == Reset::Subtract) {
      CHECK(op.getModel() == "lif_subtract");
      CHECK(!op.getParams().get("v_reset"));
      CHECK(mentions(made.warnings, "node n: v_reset of the file is not used"));
      CHECK(reported == "subtract");
    } else {
      CHECK(op.getModel() == "lif");
      CHECK(values(op.getParams().get("v_reset")) == std::vector<double>{reset == Reset::Zero ? 0.0 : 0.25});
      CHECK(mentions(made.warnings, "replaced by 0") == (reset == Reset::Zero));
      CHECK(reported == (reset == Reset::Zero ? "zero" : "v_reset"));
    }
  }
}

TEST_CASE("time step and time unit") {
  NirImportOptions options;
  const FlatGraph file = chain({lif("n", {2})}, {2}, {2});
  {
    mlir::MLIRContext context;
    options.dt = 5e-4;
    auto made = import(file, context, options);
    CHECK(made.dt == 5e-4);
    CHECK(made.warnings.empty());
  }
  {
    mlir::MLIRContext context;
    options.dt.reset();
    options.timeUnit = frontend::TimeUnit::Milliseconds;
    auto made = import(chain({lif("n", {2}, 10, 10)}, {2}, {2}), context, options);
    CHECK(made.dt == 1e-3);
    CHECK(values(find<snn::PopulationOp>(networkOf(*made.module), "n").getParams().get("tau")) == std::vector<double>{0.01});
  }
  {
    mlir::MLIRContext context;
    auto made = import(chain({lif("n", {2}, 2.5e-3, 1)}, {2}, {2}), context);
    CHECK(made.dt == 1e-4);
    CHECK(mentions(made.warnings, "time step: taken as 0.0001 s, because the file does not tell (every gain is 1"));
  }
  {
    mlir::MLIRContext context;
    auto made = import(chain({lif("n", {2}, 5e-5, 1)}, {2}, {2}), context);
    CHECK(mentions(made.warnings, "node n: the time step 0.0001 s exceeds tau = 5e-05 s"));
  }
  for (double wrong : {0.0, -1.0, static_cast<double>(INFINITY)}) {
    options.dt = wrong;
    CHECK(codeOf(file, options) == 5210);
  }
}

TEST_CASE("the semantics report is JSON that says what was assumed") {
  mlir::MLIRContext context;
  FlatGraph file = chain({lif("n", {2}, 0.01, 20)}, {2}, {2});
  file.warnings = {"node \"n\": scalar"};
  NirImportOptions options;
  options.dt = 1e-3;
  auto made = import(file, context, options);
  auto report = parseJson(networkOf(*made.module).getSemantics()->str(), "semantics");
  REQUIRE(report);
  CHECK((*report)["source"] == "made.nir");
  CHECK((*report)["dt_s"] == 1e-3);
  CHECK((*report)["dt_from"] == "option");
  CHECK((*report)["file_time_unit"] == "s");
  CHECK((*report)["assumptions"] == Json::array({"node \"n\": scalar"}));
  const Json &population = (*report)["populations"][0];
  CHECK(population["name"] == "n");
  CHECK(population["parameters"]["r"] == 20);
  CHECK(population["gains"][0]["folded_per_step"] == 2.0);
  CHECK(population["reading"].get<std::string>().find("v' = ") == 0);
}

TEST_CASE("the same graph gives the same text") {
  const FlatGraph file = chain({affine("fc", 3, 2), lif("n", {3})}, {2}, {3});
  mlir::MLIRContext one, two;
  CHECK(difference(textOf(*import(file, one).module), textOf(*import(file, two).module)) == "");
}

TEST_CASE("names are kept exactly") {
  mlir::MLIRContext context;
  auto made =
      import(chain({linear("0", 2, 2), lif("lif1.lif", {2}), linear("w rec\xc3\xa9", 2, 2), lif("10", {2})}, {2}, {2}), context);
  auto network = networkOf(*made.module);
  find<snn::DenseOp>(network, "0");
  find<snn::PopulationOp>(network, "lif1.lif");
  find<snn::DenseOp>(network, "w rec\xc3\xa9");
  find<snn::PopulationOp>(network, "10");
}

TEST_CASE("what cannot be imported is a located error") {
  FlatNode neuron = lif("n", {2});
  const auto withNeuron = [&](const FlatNode &changed) { return chain({changed}, {2}, {2}); };
  FlatNode unknown = neuron;
  unknown.type = "Izhikevich";
  CHECK(codeOf(withNeuron(unknown)) == 5205);
  FlatNode missing = neuron;
  missing.params.erase("tau");
  CHECK(codeOf(withNeuron(missing)) == 5212);
  FlatNode wrong = neuron;
  wrong.params["tau"] = ramp({3});
  CHECK(codeOf(withNeuron(wrong)) == 5212);
  wrong.params["tau"] = std::string("fast");
  CHECK(codeOf(withNeuron(wrong)) == 5212);

  CHECK(codeOf(graph({input("in", {2}), neuron, linear("a", 2, 2), linear("b", 2, 2), output("out", {2})},
                     {{"in", "a"}, {"a", "b"}, {"b", "a"}, {"b", "n"}, {"n", "out"}})) == 5214);
  CHECK(codeOf(graph({input("in", {2}), neuron, linear("a", 2, 2), output("out", {2})}, {{"in", "n"}, {"a", "n"}, {"n", "out"}})) ==
        5216);
  // Two paths add twice; 2^30 of them are refused instead of followed.
  std::vector<FlatNode> layers{input("in", {2}), neuron, output("out", {2})};
  std::vector<std::pair<std::string, std::string>> paths{{"n", "out"}};
  std::vector<std::string> before{"in"};
  for (int layer = 0; layer < 30; ++layer) {
    const std::vector<std::string> here{"a" + std::to_string(layer), "b" + std::to_string(layer)};
    for (const std::string &name : here) {
      layers.push_back(node(name, "Flatten", {2}, {2}, {{"start_dim", whole({0})}, {"end_dim", whole({-1})}}));
      for (const std::string &from : before)
        paths.emplace_back(from, name);
    }
    before = here;
  }
  for (const std::string &from : before)
    paths.emplace_back(from, "n");
  CHECK(codeOf(graph(layers, paths)) == 5218);
  // Shapes that the reader would have refused are caught by the dialect's verifier.
  CHECK(codeOf(chain({linear("fc", 3, 2), neuron}, {2}, {2})) == 5217);

  FlatNode conv =
      node("conv", "Conv1d", {1, 8}, {1, 8},
           {{"weight", ramp({1, 1, 2})}, {"bias", all({1}, 0)}, {"padding", std::string("same")}, {"stride", whole({2})}});
  CHECK(codeOf(chain({conv, integrator("n", {1, 8})}, {1, 8}, {1, 8})) == 5215);
  conv.params.erase("stride");
  conv.params["padding"] = std::string("sane");
  CHECK(codeOf(chain({conv, integrator("n", {1, 8})}, {1, 8}, {1, 8})) == 5212);
  conv.params["padding"] = whole({1, 2, 3});
  CHECK(codeOf(chain({conv, integrator("n", {1, 8})}, {1, 8}, {1, 8})) == 5212);
  conv.params["padding"] = tensor({}, {0.5});
  CHECK(codeOf(chain({conv, integrator("n", {1, 8})}, {1, 8}, {1, 8})) == 5212);
  FlatNode huge = linear("fc", 2, 2);
  huge.params["weight"] = all({2, 2}, 1e300);
  CHECK(codeOf(chain({huge, neuron}, {2}, {2})) == 5215);
}

TEST_CASE("a parameter without meaning is reported") {
  mlir::MLIRContext context;
  FlatNode neuron = lif("n", {2});
  neuron.params["tau_ref"] = all({2}, 1e-3);
  auto made = import(chain({neuron}, {2}, {2}), context);
  CHECK(mentions(made.warnings, "node n: parameter tau_ref has no effect, because model @lif does not declare it"));
  CHECK(!find<snn::PopulationOp>(networkOf(*made.module), "n").getParams().get("tau_ref"));
}

TEST_CASE("double precision that float32 cannot hold is reported") {
  mlir::MLIRContext context;
  FlatNode fc = linear("fc", 2, 2);
  fc.params["weight"] = all({2, 2}, 0.1);
  auto made = import(chain({fc, lif("n", {2})}, {2}, {2}), context);
  CHECK(mentions(made.warnings, "node fc: weight is stored in double precision and was rounded to float32"));
}
