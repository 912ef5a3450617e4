//===- ElementsTest.cpp - Reading, making and drawing numbers ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements.h from the outside: every element type, dense and resource, against values written down here; distributions against
// their definition in terms of randomWord and against their moments. Then the look-ups of SNN.h on a small network.
//===----------------------------------------------------------------------===//
#include <doctest/doctest.h>

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Support/Random.h"
#include <cmath>

using namespace ranvier;
using Numbers = std::vector<double>;
using Integers = std::vector<int64_t>;

namespace {
struct Fixture {
  Fixture() { context.loadDialect<snn::SNNDialect>(); }
  mlir::Attribute parse(const char *text) {
    mlir::Attribute attribute = mlir::parseAttribute(text, &context);
    REQUIRE_MESSAGE(attribute, text);
    return attribute;
  }
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};
} // namespace

TEST_CASE_FIXTURE(Fixture, "numbers and dense elements of every type are read") {
  CHECK(snn::readElements(parse("0.1 : f64")) == Numbers{0.1});
  CHECK(snn::readElements(parse("0.1 : f32")) == Numbers{static_cast<double>(0.1f)});
  CHECK(snn::readElements(parse("-3 : i64")) == Numbers{-3});
  CHECK(snn::readElements(parse("-3 : i8")) == Numbers{-3});
  CHECK(snn::readElements(parse("true")) == Numbers{1});
  CHECK(snn::readElements(parse("dense<[[1.5, -2.0], [0.0, 4.0]]> : tensor<2x2xf32>")) == Numbers{1.5, -2, 0, 4});
  CHECK(snn::readElements(parse("dense<[1.5, -2.0]> : tensor<2xf64>")) == Numbers{1.5, -2});
  CHECK(snn::readElements(parse("dense<[-128, 127]> : tensor<2xi8>")) == Numbers{-128, 127});
  CHECK(snn::readElements(parse("dense<[0, 255]> : tensor<2xui8>")) == Numbers{0, 255});
  CHECK(snn::readElements(parse("dense<[-32768, 1]> : tensor<2xi16>")) == Numbers{-32768, 1});
  CHECK(snn::readElements(parse("dense<[-2147483648, 1]> : tensor<2xi32>")) == Numbers{-2147483648.0, 1});
  CHECK(snn::readElements(parse("dense<[-4294967296, 1]> : tensor<2xi64>")) == Numbers{-4294967296.0, 1});
  CHECK(snn::readElements(parse("dense<[true, false, true]> : tensor<3xi1>")) == Numbers{1, 0, 1});
  CHECK(snn::readElements(parse("dense<7.0> : tensor<3xf32>")) == Numbers{7, 7, 7});
  CHECK(snn::readElements(parse("dense<-7> : tensor<3xi16>")) == Numbers{-7, -7, -7});
  CHECK(snn::readElements(parse("dense<> : tensor<0xf32>")) == Numbers{});
}

TEST_CASE_FIXTURE(Fixture, "what is no list of numbers is not read") {
  CHECK_FALSE(snn::readElements(mlir::Attribute()));
  CHECK_FALSE(snn::readElements(parse("\"text\"")));
  CHECK_FALSE(snn::readElements(parse("[1, 2]")));
  CHECK_FALSE(snn::readElements(parse("dense<1.0> : tensor<2xf16>")));
  CHECK_FALSE(snn::readElements(parse("dense<1> : tensor<2xi4>")));
  CHECK_FALSE(snn::readElements(parse("#snn.uniform<0.0, 1.0, seed = 1>")));
  CHECK_FALSE(snn::readElements(parse("dense_resource<nothing> : tensor<2xf32>")));
}

TEST_CASE_FIXTURE(Fixture, "integers are read without a detour through floating point") {
  CHECK(snn::readIntegers(parse("dense<[9007199254740993, -1]> : tensor<2xi64>")) == Integers{9007199254740993, -1});
  CHECK(snn::readIntegers(parse("dense<[200, 3]> : tensor<2xui8>")) == Integers{200, 3});
  CHECK(snn::readIntegers(parse("5 : i32")) == Integers{5});
  CHECK_FALSE(snn::readIntegers(parse("dense<[1.0, 2.0]> : tensor<2xf32>")));
  CHECK_FALSE(snn::readIntegers(parse("1.0 : f64")));
}

TEST_CASE_FIXTURE(Fixture, "resources hold what was put in, with shape and type, under names of their own") {
  const std::vector<float> floats{1.5f, -2, 0.1f, 3, 4, 5};
  mlir::ElementsAttr first = snn::makeResource(&context, "w", {2, 3}, std::span<const float>(floats));
  CHECK(first.getShapedType().getShape() == llvm::ArrayRef<int64_t>{2, 3});
  CHECK(first.getElementType().isF32());
  CHECK(snn::readElements(first) == Numbers(floats.begin(), floats.end()));
  mlir::ElementsAttr second = snn::makeResource(&context, "w", {6}, std::span<const float>(floats));
  CHECK(second != first);
  const auto check = [&](auto value, auto isType) {
    using T = decltype(value);
    const std::vector<T> values{std::numeric_limits<T>::lowest(), 0, 5, std::numeric_limits<T>::max()};
    mlir::ElementsAttr made = snn::makeResource(&context, "typed", {4}, std::span<const T>(values));
    CHECK(isType(made.getElementType()));
    CHECK(snn::readElements(made) == Numbers(values.begin(), values.end()));
  };
  check(double(), [](mlir::Type t) { return t.isF64(); });
  check(int8_t(), [](mlir::Type t) { return t.isSignlessInteger(8); });
  check(int16_t(), [](mlir::Type t) { return t.isSignlessInteger(16); });
  check(int32_t(), [](mlir::Type t) { return t.isSignlessInteger(32); });
  check(int64_t(), [](mlir::Type t) { return t.isSignlessInteger(64); });
  CHECK(snn::readElements(snn::makeResource(&context, "none", {0}, std::span<const float>())) == Numbers{});
}

TEST_CASE_FIXTURE(Fixture, "drawing constants and elements") {
  CHECK(snn::drawValues(parse("2.5 : f64"), 3) == Numbers{2.5, 2.5, 2.5});
  CHECK(snn::drawValues(parse("dense<[1.0, 2.0]> : tensor<2xf32>"), 2) == Numbers{1, 2});
  CHECK_FALSE(snn::drawValues(parse("dense<[1.0, 2.0]> : tensor<2xf32>"), 3));
  CHECK_FALSE(snn::drawValues(parse("\"text\""), 3));
  CHECK(snn::drawValues(parse("#snn.uniform<0.0, 1.0, seed = 1>"), 0) == Numbers{});
}

TEST_CASE_FIXTURE(Fixture, "a drawn value is a function of seed and entity") {
  mlir::Attribute uniform = parse("#snn.uniform<-1.0, 3.0, seed = 77>"),
                  normal = parse("#snn.normal<0.5, 2.0, clip = [-1.0, 2.0], seed = 5>");
  const Numbers all = *snn::drawValues(uniform, 100);
  for (uint32_t i = 0; i < 100; ++i)
    CHECK(all[i] == -1.0 + 4.0 * (randomWord(77, i, 0, 0) * 0x1p-32));
  const Numbers tail = *snn::drawValues(uniform, 40, 60); // Any part of the entities gives the same values.
  CHECK(std::equal(tail.begin(), tail.end(), all.begin() + 60));
  CHECK(snn::drawOne(uniform, 99) == all[99]);
  CHECK(snn::drawOne(uniform, uint64_t(1) << 32) == -1.0 + 4.0 * (randomWord(77, 0, 1, 0) * 0x1p-32));
  const Numbers normals = *snn::drawValues(normal, 100);
  for (uint32_t i = 0; i < 100; ++i)
    CHECK(normals[i] == std::clamp(0.5 + 2.0 * normalFromWord(randomWord(5, i, 0, 0)), -1.0, 2.0));
}

TEST_CASE_FIXTURE(Fixture, "distributions have the moments they promise") {
  const uint64_t count = 100000;
  const auto moments = [&](const char *text) {
    double sum = 0, squares = 0;
    const Numbers values = *snn::drawValues(parse(text), count);
    for (double value : values) {
      sum += value;
      squares += value * value;
    }
    const double mean = sum / count;
    return std::pair(mean, std::sqrt(squares / count - mean * mean));
  };
  // Standard errors of mean and deviation are below deviation / sqrt(count) = 0.0032 deviations; the bounds are 5 of them.
  const auto [uniformMean, uniformDeviation] = moments("#snn.uniform<2.0, 5.0, seed = 3>");
  CHECK(std::abs(uniformMean - 3.5) < 0.016 * 0.87);
  CHECK(std::abs(uniformDeviation - 3 / std::sqrt(12.0)) < 0.016 * 0.87);
  const auto [normalMean, normalDeviation] = moments("#snn.normal<-1.0, 2.0, clip = [-100.0, 100.0], seed = 4>");
  CHECK(std::abs(normalMean + 1) < 0.016 * 2);
  CHECK(std::abs(normalDeviation - 2) < 0.016 * 2);
}

TEST_CASE_FIXTURE(Fixture, "a uniform value stays below its bound even where rounding would reach it") {
  // In the last step before 1.0 doubles are 2^-53 apart: [1 - 2^-52, 1) holds two of them.
  const Numbers values = *snn::drawValues(parse("#snn.uniform<0.9999999999999998, 1.0, seed = 9>"), 1000);
  for (double value : values) {
    CHECK(value < 1.0);
    CHECK(value >= 0.9999999999999998);
  }
}

TEST_CASE_FIXTURE(Fixture, "models and nodes are found from where they are used") {
  const char *text = R"(
    snn.model @m {
      %p = snn.parameter "p" : f32
      %q = snn.parameter "q" default 2.0 : f32
      %v = snn.state "v" : f32
      %x = snn.receive "x" : f32
      %y = snn.receive "y" : f32
    }
    snn.program @code "int" states ["u"] params ["k"] inputs ["z"] code []
    snn.network @n dt 1.0e-3 {
      snn.population @a model @m shape [2, 3] params {p = 1.0}
      snn.population @b model @code shape [4] params {k = 1}
      snn.connect @all from @a to @b "all_to_all" {} weights 1.0
      snn.connect @noself from @a to @a receptor "y" "all_to_all" {} weights 1.0 autapses false
      snn.connect @k from @b to @b "fixed_in_degree" {k = 3} weights 1.0
      snn.connect @n from @b to @b "fixed_total_number" {n = 7} weights 1.0
      snn.connect @p from @b to @b "fixed_probability" {p = 0.5} weights 1.0
      snn.dense @d from @b to @a exponent -3 weights dense<1.0> : tensor<6x4xf32> bias dense<1.0> : tensor<6xf32>
      snn.conv1d @c from @a to @b weights dense<1.0> : tensor<4x2x3xf32> input [2, 3] stride [1] padding [0] dilation [1]
    })";
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  REQUIRE(module);
  auto network = module->lookupSymbol<snn::NetworkOp>("n");
  auto a = network.lookupSymbol<snn::PopulationOp>("a"), b = network.lookupSymbol<snn::PopulationOp>("b");
  CHECK(mlir::isa<snn::ModelOp>(snn::lookupModel(a)));
  CHECK(mlir::isa<snn::ProgramOp>(snn::lookupModel(b)));
  const snn::ModelSlots slots = snn::getModelSlots(snn::lookupModel(a));
  REQUIRE(slots.parameters.size() == 2);
  CHECK(slots.parameters[0].name == "p");
  CHECK_FALSE(slots.parameters[0].defaultValue);
  CHECK(slots.parameters[1].defaultValue.getValueAsDouble() == 2.0);
  CHECK(slots.states == llvm::SmallVector<mlir::StringRef>{"v"});
  CHECK(slots.receptors == llvm::SmallVector<mlir::StringRef>{"x", "y"});
  CHECK(snn::getModelSlots(snn::lookupModel(b)).receptors == llvm::SmallVector<mlir::StringRef>{"z"});
  const auto projection = [&](const char *name) { return mlir::cast<snn::ProjectionOpInterface>(network.lookupSymbol(name)); };
  CHECK(snn::lookupNode(projection("d"), projection("d").getTargetAttr()).getNodeCount() == 6);
  CHECK(snn::getSynapseCount(projection("all")) == 24);
  CHECK(snn::getSynapseCount(projection("noself")) == 30);
  CHECK(snn::getSynapseCount(projection("k")) == 12);
  CHECK(snn::getSynapseCount(projection("n")) == 7);
  CHECK(snn::getSynapseCount(projection("d")) == 24);
  CHECK_FALSE(snn::getSynapseCount(projection("p")));
  CHECK_FALSE(snn::getSynapseCount(projection("c")));
  CHECK(projection("d").getExponentOrZero() == -3);
  CHECK(projection("all").getExponentOrZero() == 0);
  CHECK(projection("d").getBiasOrNull());
  CHECK_FALSE(projection("c").getBiasOrNull());
  CHECK(projection("c").isProcedural());
  CHECK_FALSE(projection("d").isProcedural());
  CHECK(mlir::cast<snn::Conv1dOp>(network.lookupSymbol("c")).getOutputShape() == llvm::SmallVector<int64_t>{4, 1});
}
