//===- NirShapeTest.cpp - Shapes of NIR nodes -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Helpers.h"
#include <chrono>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
FlatGraph flat(const nir::File &file) { return good(nir::flatten(file)); }
using P = std::map<std::string, Parameter>;

P convolution(Shape weight, std::vector<double> stride, Parameter padding, std::vector<double> dilation, double groups = 1) {
  const uint64_t out = weight[0];
  return {{"weight", ramp(std::move(weight))},      {"stride", whole(std::move(stride))}, {"padding", std::move(padding)},
          {"dilation", whole(std::move(dilation))}, {"groups", whole({groups})},          {"bias", all({out}, 0)}};
}
/// Output shape of node "n" between an Input and an Output without shape.
Shape through(std::vector<double> in, Node n) {
  n.name = "n";
  return named(flat(chain({input("in", std::move(in)), n, node("out", "Output")})), "n").outputShape;
}
} // namespace

TEST_CASE("convolutions: floor((n + 2p - d(k-1) - 1)/s + 1) on each axis of its own") {
  // Values of torch.nn.functional.conv1d / conv2d.
  CHECK(through({1, 10}, node("", "Conv1d", convolution({4, 1, 3}, {1}, whole({0}), {1}))) == Shape{4, 8});
  CHECK(through({2, 10}, node("", "Conv1d", convolution({4, 2, 3}, {2}, whole({1}), {1}))) == Shape{4, 5});
  CHECK(through({2, 10}, node("", "Conv1d", convolution({4, 2, 3}, {3}, whole({2}), {4}))) == Shape{4, 2});
  CHECK(through({2, 34, 34}, node("", "Conv2d", convolution({16, 2, 5, 5}, {2, 2}, whole({1, 1}), {1, 1}))) == Shape{16, 16, 16});
  CHECK(through({1, 7, 9}, node("", "Conv2d", convolution({3, 1, 2, 5}, {1, 3}, whole({0, 2}), {3, 1}))) ==
        Shape{3, 4, 3}); // Kernels need not be square.
  CHECK(through({1, 7, 9}, node("", "Conv2d", convolution({3, 1, 2, 2}, {2}, whole({1}), {1}))) ==
        Shape{3, 4, 5}); // One number for both axes.
  CHECK(through({6, 4, 4}, node("", "Conv2d", convolution({9, 2, 1, 1}, {1}, whole({0}), {1}, 3))) == Shape{9, 4, 4});
}

TEST_CASE("padding in words") {
  CHECK(through({1, 7, 9}, node("", "Conv2d", convolution({3, 1, 3, 5}, {1}, std::string("same"), {2}))) == Shape{3, 7, 9});
  CHECK(through({1, 7, 9}, node("", "Conv2d", convolution({3, 1, 3, 5}, {1}, std::string("valid"), {1}))) == Shape{3, 5, 5});
}

TEST_CASE("pools") {
  const auto pool = [](std::vector<double> kernel, std::vector<double> stride, std::vector<double> padding) {
    return node(
        "", "AvgPool2d",
        {{"kernel_size", whole(std::move(kernel))}, {"stride", whole(std::move(stride))}, {"padding", whole(std::move(padding))}});
  };
  CHECK(through({3, 8, 8}, pool({2}, {2}, {0})) == Shape{3, 4, 4});
  CHECK(through({3, 9, 8}, pool({2, 4}, {2, 1}, {1, 0})) == Shape{3, 5, 5});
  CHECK(through({3, 9, 8}, node("", "SumPool2d", {{"kernel_size", whole({3, 2})}})) ==
        Shape{3, 3, 4}); // The stride is the kernel's size.
}

TEST_CASE("flatten") {
  const auto flatten = [](double start, double end) {
    return node("", "Flatten", {{"start_dim", whole({start})}, {"end_dim", whole({end})}});
  };
  CHECK(through({2, 3, 4}, flatten(0, -1)) == Shape{24});
  CHECK(through({2, 3, 4}, flatten(1, -1)) == Shape{2, 12});
  CHECK(through({2, 3, 4}, flatten(0, 1)) == Shape{6, 4});
  CHECK(through({2, 3, 4}, flatten(-2, -1)) == Shape{2, 12});
  CHECK(through({2, 3, 4}, flatten(1, 1)) == Shape{2, 3, 4});
  CHECK(through({5}, flatten(1, -1)) == Shape{5}); // Exporters flatten vectors too.
}

TEST_CASE("matrices with leading axes multiply block by block") {
  const FlatGraph made =
      flat(chain({input("in", {2, 5, 4}), node("n", "Affine", {{"weight", ramp({2, 5, 3, 4})}, {"bias", ramp({3})}}),
                  output("out", {2, 5, 3})}));
  CHECK(named(made, "n").inputShape == Shape{2, 5, 4});
  CHECK(named(made, "n").outputShape == Shape{2, 5, 3});
  const Tensor &bias = std::get<Tensor>(named(made, "n").params.at("bias"));
  CHECK(bias.shape == Shape{2, 5, 3}); // The same three for every block.
  REQUIRE(bias.values.size() == 30);
  for (size_t k = 0; k < 30; ++k)
    CHECK(bias.values[k] == 0.5 * static_cast<double>(k % 3 + 1));
  CHECK(made.warnings.empty());
}

TEST_CASE("shapes come from input_shape and input_type where nothing before has one") {
  P params = convolution({4, 2, 3, 3}, {1}, whole({0}), {1}, 2);
  params["input_shape"] = whole({6, 5});
  const FlatGraph conv = flat(chain({node("in", "Input"), node("n", "Conv2d", params), node("out", "Output")}));
  CHECK(named(conv, "in").outputShape == Shape{4, 6, 5}); // Two groups of two channels.
  CHECK(named(conv, "out").inputShape == Shape{4, 4, 3});
  params["input_shape"] = whole({6});
  CHECK(named(flat(chain({node("in", "Input"), node("n", "Conv2d", params), node("out", "Output")})), "in").outputShape ==
        Shape{4, 6, 6});
  const FlatGraph flattened =
      flat(chain({node("in", "Input"),
                  node("n", "Flatten", {{"start_dim", whole({0})}, {"end_dim", whole({-1})}, {"input_type", whole({2, 3})}}),
                  node("out", "Output")}));
  CHECK(named(flattened, "in").outputShape == Shape{2, 3});
  CHECK(named(flattened, "out").inputShape == Shape{6});
}

TEST_CASE("recurrence and branches") {
  const FlatGraph made = flat(
      file({input("in", {4}), linear("a", 3, 4), linear("b", 3, 4), lif("lif", {}), linear("rec", 3, 3), output("out", {3})},
           {{"in", "a"}, {"in", "b"}, {"a", "lif"}, {"b", "lif"}, {"lif", "rec"}, {"rec", "lif"}, {"lif", "out"}, {"lif", "lif"}}));
  CHECK(named(made, "lif").outputShape == Shape{3});
}

TEST_CASE("shapes that differ in axes of extent 1 only") {
  const FlatGraph made = flat(chain({input("in", {3, 1, 1}), linear("fc", 2, 3), threshold("t", {2, 1}), output("out", {2})}));
  CHECK(mentions(made.warnings, "node 'fc': shape [3] after 'in' of shape [3, 1, 1]; axes of extent 1 are ignored"));
  CHECK(mentions(made.warnings, "node 't': shape [2, 1] after 'fc' of shape [2]; axes of extent 1 are ignored"));
}

TEST_CASE("hostile graphs take no more than linear time") {
  const auto begin = std::chrono::steady_clock::now();
  // A long chain of scalars whose only shape is at its end, with names in the worst order.
  const int length = 20000;
  nir::File line;
  line.root.type = "NIRGraph";
  auto name = [&](int k) { return "n" + std::to_string(length * 10 - k); };
  for (int k = 0; k < length; ++k) {
    line.root.nodes.push_back(threshold(name(k), {}));
    if (k)
      line.root.edges.push_back({name(k - 1), name(k)});
  }
  line.root.nodes.push_back(linear("fc", 2, 3));
  line.root.edges.push_back({name(length - 1), "fc"});
  const FlatGraph made = flat(line);
  CHECK(named(made, name(0)).outputShape == Shape{3});
  // A star of many sources and targets, and two nested graphs of many ports whose edges would be too many.
  nir::File star;
  star.root.type = "NIRGraph";
  star.root.nodes.push_back(threshold("hub", {1}));
  Node from = graph("from", {}, {}), to = graph("to", {}, {});
  for (int k = 0; k < 5000; ++k) {
    star.root.nodes.push_back(threshold("a" + std::to_string(k), {1}));
    star.root.edges.push_back({"a" + std::to_string(k), "hub"}), star.root.edges.push_back({"hub", "a" + std::to_string(k)});
    from.nodes.push_back(output("o" + std::to_string(k), {1})), to.nodes.push_back(input("i" + std::to_string(k), {1}));
  }
  star.root.nodes.push_back(input("x", {1})), star.root.edges.push_back({"x", "hub"});
  star.root.nodes.push_back(output("y", {1})), star.root.edges.push_back({"hub", "y"});
  CHECK(flat(star).edges.size() == 10002);
  refused(nir::flatten(file({from, to}, {{"from", "to"}})), 1032, "made.nir", {"too many edges"});
  Node deep = threshold("t", {1});
  for (int k = 0; k < 100; ++k)
    deep = graph("g", {deep}, {});
  refused(nir::flatten(file({deep}, {})), 1032, "made.nir", {"graphs are nested too deeply"});
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}
