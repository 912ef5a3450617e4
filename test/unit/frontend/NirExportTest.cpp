// Checks of the NIR exporter: round trips of every primitive, what NIR cannot say.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Frontend/NirExport.h"
#include "Graphs.h"
#include "mlir/Parser/Parser.h"

using namespace ranvier;
using namespace ranvier::test;

namespace {

frontend::NirExport exported(mlir::ModuleOp module) {
  auto result = frontend::exportNir(module);
  if (!result)
    FAIL(result.error().str());
  return *std::move(result);
}
/// import -> export -> flatten -> import gives the same text.
formats::nir::File checkRoundTrip(const FlatGraph &file, const frontend::NirImportOptions &options = {}) {
  mlir::MLIRContext first, second;
  auto made = import(file, first, options);
  frontend::NirExport back = exported(*made.module);
  back.file.path = file.path;
  auto flat = formats::nir::flatten(back.file);
  REQUIRE_MESSAGE(flat, (flat ? "" : flat.error().str()));
  frontend::NirImportOptions again = options;
  again.timeUnit = frontend::TimeUnit::Seconds;
  CHECK(difference(textOf(*made.module), textOf(*import(*flat, second, again).module)) == "");
  return back.file;
}
std::map<std::string, std::string> typesOf(const formats::nir::File &file) {
  std::map<std::string, std::string> types;
  for (const auto &node : file.root.nodes)
    types[node.name] = node.type;
  return types;
}
/// An error of exporting `body`, the ops of a network with model @m (NIR type IF) beside it.
Error errorOf(const std::string &body, const std::string &model = R"(nir {type = "IF"})", bool verify = true) {
  mlir::MLIRContext context;
  context.loadDialect<snn::SNNDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
  const std::string text = "snn.model @m " + model + R"( {
    %x = snn.receive "x" : f32
    %y = snn.receive "y" : f32
    %v = snn.state "v" : f32
    %v1 = arith.addf %v, %x : f32
    %v2 = arith.addf %v1, %y : f32
    %fire = arith.cmpf ogt, %v2, %v : f32
    snn.update "v" = %v2 : f32
    snn.spike %fire
  }
  snn.network @net dt 0.001 {
    snn.input @in shape [2]
)" + body + "\n}\n";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context, verify));
  REQUIRE(module);
  auto result = frontend::exportNir(*module);
  return result ? Error{} : result.error();
}

} // namespace

TEST_CASE("every primitive survives a round trip") {
  const Shape image{2, 4, 4}, half{2, 2, 2}, flat{3};
  const FlatNode conv = node("conv", "Conv2d", image, image,
                             {{"weight", ramp({2, 2, 3, 3})},
                              {"bias", ramp({2})},
                              {"stride", whole({1, 1})},
                              {"padding", whole({1, 1})},
                              {"dilation", whole({1, 1})},
                              {"groups", tensor({}, {1})},
                              {"input_shape", whole({4, 4})}});
  const FlatNode sum = node("sum", "SumPool2d", image, half,
                            {{"kernel_size", whole({2, 2})}, {"stride", whole({2, 2})}, {"padding", whole({0, 0})}});
  const FlatNode mean = node("mean", "AvgPool2d", half, {2, 1, 1},
                             {{"kernel_size", whole({2, 2})}, {"stride", whole({2, 2})}, {"padding", whole({0, 0})}});
  const FlatNode reshape = node("reshape", "Flatten", {2, 1, 1}, {2},
                                {{"start_dim", whole({0})}, {"end_dim", whole({-1})}, {"input_type", whole({2, 1, 1})}});
  const FlatNode scale = node("scale", "Scale", flat, flat, {{"scale", ramp(flat)}});
  const FlatNode late = node("late", "Delay", flat, flat, {{"delay", tensor(flat, {0, 0.001, 0.003})}});
  const FlatNode li = node("li", "LI", flat, flat, {{"tau", all(flat, 0.01)}, {"r", all(flat, 10)}, {"v_leak", ramp(flat)}});
  const auto file = checkRoundTrip(graph({input("in", image), conv, integrator("if", image), sum, mean, reshape, affine("fc", 3, 2),
                                          lif("lif", flat), scale, late, li, linear("rec", 3, 3), output("out", flat)},
                                         {{"in", "conv"},
                                          {"conv", "if"},
                                          {"if", "sum"},
                                          {"sum", "mean"},
                                          {"mean", "reshape"},
                                          {"reshape", "fc"},
                                          {"fc", "lif"},
                                          {"lif", "scale"},
                                          {"scale", "late"},
                                          {"late", "li"},
                                          {"lif", "rec"},
                                          {"rec", "lif"},
                                          {"li", "out"}}));
  const auto types = typesOf(file);
  for (const auto &[name, type] :
       {std::pair("conv", "Conv2d"), std::pair("if", "IF"), std::pair("sum", "SumPool2d"), std::pair("mean", "AvgPool2d"),
        std::pair("fc", "Affine"), std::pair("lif", "LIF"), std::pair("scale", "Scale"), std::pair("late", "Delay"),
        std::pair("li", "LI"), std::pair("rec", "Linear"), std::pair("in", "Input"), std::pair("out", "Output")})
    CHECK(types.at(name) == type);
  CHECK(types.at("mean.flatten") == "Flatten");
}

TEST_CASE("one-dimensional convolution, currents and thresholds survive a round trip") {
  const Shape line{2, 8};
  const FlatNode conv = node("conv", "Conv1d", line, line,
                             {{"weight", ramp({2, 2, 3})},
                              {"bias", all({2}, 0)},
                              {"stride", whole({1})},
                              {"padding", whole({1})},
                              {"dilation", whole({1})},
                              {"groups", whole({1})},
                              {"input_shape", whole({8})}});
  const FlatNode cuba = node("cuba", "CubaLIF", line, line,
                             {{"tau_syn", all(line, 0.005)},
                              {"tau_mem", all(line, 0.01)},
                              {"r", all(line, 10)},
                              {"v_leak", all(line, 0)},
                              {"w_in", all(line, 5)},
                              {"v_threshold", all(line, 0.1)},
                              {"v_reset", all(line, 0)}});
  const FlatNode cubaLi = node("cubali", "CubaLI", line, line,
                               {{"tau_syn", all(line, 0.005)},
                                {"tau_mem", all(line, 0.01)},
                                {"r", all(line, 10)},
                                {"v_leak", all(line, 0)},
                                {"w_in", all(line, 5)}});
  const FlatNode i = node("i", "I", line, line, {{"r", ramp(line)}});
  const FlatNode t = node("t", "Threshold", line, line, {{"threshold", all(line, 0.5)}});
  checkRoundTrip(graph({input("in", line), conv, cuba, cubaLi, i, t, output("out", line)},
                       {{"in", "conv"}, {"conv", "cuba"}, {"cuba", "t"}, {"t", "cubali"}, {"cubali", "i"}, {"i", "out"}}));
}

TEST_CASE("branches, several outputs and shared nodes survive a round trip") {
  const FlatGraph file = graph(
      {input("in", {2}), lif("a", {2}), lif("b", {2}), affine("fc", 3, 2), lif("c", {3}), lif("d", {3}), output("out", {3}),
       output("raw", {3})},
      {{"in", "a"}, {"in", "b"}, {"a", "fc"}, {"b", "fc"}, {"fc", "c"}, {"fc", "d"}, {"c", "out"}, {"d", "out"}, {"c", "raw"}});
  // The first export has a node for each use of fc, from then on nothing changes.
  mlir::MLIRContext first, second;
  auto made = import(file, first);
  frontend::NirExport once = exported(*made.module);
  once.file.path = file.path;
  auto flat = formats::nir::flatten(once.file);
  REQUIRE_MESSAGE(flat, (flat ? "" : flat.error().str()));
  auto again = import(*flat, second);
  auto before = networkOf(*made.module), after = networkOf(*again.module);
  for (const char *name : {"fc", "fc_1", "fc_2", "fc_3"}) {
    auto one = find<snn::DenseOp>(before, name), two = find<snn::DenseOp>(after, name);
    CHECK(one.getSource() == two.getSource());
    CHECK(one.getTarget() == two.getTarget());
    CHECK(values(one.getWeights()) == values(two.getWeights()));
    CHECK((one.getBiasOrNull() == nullptr) == (two.getBiasOrNull() == nullptr));
  }
  checkRoundTrip(*flat);
}

TEST_CASE("what an importer must be told is a warning") {
  mlir::MLIRContext context;
  frontend::NirImportOptions options;
  options.dt = 5e-4;
  options.reset = frontend::Reset::Subtract;
  auto made = import(graph({input("in", {2}), lif("n", {2}), output("out", {2})}, {{"in", "n"}, {"n", "out"}}), context, options);
  const frontend::NirExport back = exported(*made.module);
  CHECK(mentions(back.warnings,
                 "population n: NIR does not say that the reset subtracts the threshold; import with --reset=subtract"));
  CHECK(mentions(back.warnings, "import with --dt 0.0005"));
  options = {};
  auto plain = import(graph({input("in", {2}), lif("n", {2}), output("out", {2})}, {{"in", "n"}, {"n", "out"}}), context, options);
  CHECK(exported(*plain.module).warnings.empty());
}

TEST_CASE("what has no NIR form names its op") {
  const std::string population = "snn.population @p model @m shape [2]\n";
  CHECK(errorOf(population).code == 0);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"snn.input @poisson shape [2] source #snn.poisson<[10.0], seed = 1>", "@poisson (snn.input)"},
      {population + R"(snn.connect @c from @in to @p "fixed_probability" {p = 0.5} weights 1.0 seed 3)", "@c (snn.connect)"},
      {population + R"(snn.connect @c from @in to @p "one_to_one" {} weights #snn.uniform<0.0, 1.0, seed = 1>)",
       "@c (snn.connect)"},
      {population + R"(snn.connect @c from @in to @p receptor "y" "one_to_one" {} weights 1.0)", "@c (snn.connect)"},
      {population + R"(snn.dense @d from @in to @p exponent 2 weights dense<1> : tensor<2x2xi8>)", "@d (snn.dense)"},
      {population +
           R"(snn.dense @d from @in to @p delay dense<[[1, 2], [3, 4]]> : tensor<2x2xi32> weights dense<1.0> : tensor<2x2xf32>)",
       "@d (snn.dense)"},
      {"snn.population @p model @m shape [2] init {v = 0.5}", "@p (snn.population)"},
  };
  for (const auto &[body, place] : cases) {
    CAPTURE(body);
    const Error error = errorOf(body);
    CHECK(error.code == 5221);
    CHECK(error.kind == ErrorKind::Unsupported);
    CHECK(error.place == place);
  }
  CHECK(errorOf(population, "").code == 5221);
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> empty = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  CHECK(frontend::exportNir(*empty).error().code == 5220);
}

TEST_CASE("a resource without data is refused") {
  // Verified IR has none; a library must not depend on that.
  CHECK(errorOf("snn.population @p model @m shape [2]\nsnn.dense @d from @in to @p weights dense_resource<gone> : tensor<2x2xf32>",
                R"(nir {type = "IF"})", false)
            .code == 5222);
}

TEST_CASE("delays on weighted projections and all-to-all become NIR nodes") {
  mlir::MLIRContext context;
  context.loadDialect<snn::SNNDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
  snn.model @m nir {type = "IF"} {
    %threshold = snn.parameter "v_threshold" : f32
    %x = snn.receive "x" : f32
    %fire = arith.cmpf ogt, %x, %threshold : f32
    snn.spike %fire
  }
  snn.network @net dt 0.002 {
    snn.input @in shape [2]
    snn.population @p model @m shape [3] params {v_threshold = 1.0}
    snn.connect @all from @in to @p delay 3 "all_to_all" {} weights 0.25
    snn.dense @each from @in to @p delay dense<[1, 2]> : tensor<2xi32> weights dense<0.5> : tensor<3x2xf32>
    snn.connect @self from @p to @p "all_to_all" {} weights 0.5 autapses false
    snn.output @out from @p
  })",
                                                        mlir::ParserConfig(&context));
  REQUIRE(module);
  const frontend::NirExport back = exported(*module);
  const auto types = typesOf(back.file);
  CHECK(types.at("all") == "Linear");
  CHECK(types.at("all.delay") == "Delay");
  CHECK(types.at("each.delay") == "Delay");
  const auto edge = [&](const char *a, const char *b) {
    const auto &edges = back.file.root.edges;
    return std::find(edges.begin(), edges.end(), std::pair<std::string, std::string>(a, b)) != edges.end();
  };
  CHECK(edge("all", "all.delay"));
  CHECK(edge("all.delay", "p"));
  CHECK(edge("in", "each.delay"));
  CHECK(edge("each.delay", "each"));
  for (const auto &node : back.file.root.nodes) {
    if (node.name == "all.delay")
      CHECK(std::get<Tensor>(node.params.at("delay")).values == std::vector<double>{0.006, 0.006, 0.006});
    if (node.name == "each.delay")
      CHECK(std::get<Tensor>(node.params.at("delay")).values == std::vector<double>{0.002, 0.004});
    if (node.name == "self")
      CHECK(std::get<Tensor>(node.params.at("weight")).values == std::vector<double>{0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0});
  }
}
