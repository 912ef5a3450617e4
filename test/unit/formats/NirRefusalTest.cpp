//===- NirRefusalTest.cpp - Graphs that are refused -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every error names the file, the node, the parameter where there is one, what was expected and what was found.
//===----------------------------------------------------------------------===//
#include "Helpers.h"
#include "Primitives.h"
#include <cmath>
#include <limits>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
using P = std::map<std::string, Parameter>;

void refusedGraph(const nir::File &file, unsigned code, std::initializer_list<std::string> parts) {
  refused(nir::flatten(file), code, "made.nir", parts);
}
/// A node between an Input and an Output.
nir::File around(std::vector<double> in, Node n) {
  return chain({input("in", std::move(in)), std::move(n), node("out", "Output")});
}
/// The graph of a primitive with one parameter of "n" replaced.
nir::File with(const std::string &type, const std::string &key, Parameter value) {
  for (auto [name, file] : primitives())
    if (name == type) {
      for (Node &n : file.root.nodes)
        if (n.name == "n")
          n.params[key] = std::move(value);
      return file;
    }
  FAIL("no primitive " << type);
  return {};
}
Tensor text(Shape shape, std::vector<double> values) { return {std::move(shape), std::move(values), false, false}; }
} // namespace

TEST_CASE("dangling edges") {
  refusedGraph(file({input("in", {1}), output("out", {1})}, {{"in", "lif1"}}), 1021,
               {"edge ('in', 'lif1')", "an edge names a node that does not exist", "expected one of in, out", "found 'lif1'"});
  refusedGraph(file({input("in", {1}), output("out", {1})}, {{"nobody", "out"}}), 1021,
               {"edge ('nobody', 'out')", "found 'nobody'"});
  // As in published files: the nodes are called lif1.lif, lif1.input, ..., the edges say lif1.
  refusedGraph(file({input("input", {1}), lif("lif1.lif", {1}), output("output", {1})}, {{"input", "lif1"}, {"lif1", "output"}}),
               1021, {"edge ('input', 'lif1')", "lif1.lif"});
  // And within a nested graph, by the name of another level.
  const Node inner = graph("lif1", {input("in", {1}), threshold("t", {1}), output("out", {1})}, {{"in", "lif"}, {"t", "out"}});
  refusedGraph(chain({input("x", {1}), inner, output("y", {1})}), 1021,
               {"node 'lif1', edge ('in', 'lif')", "expected one of in, out, t", "found 'lif'"});
  const Node good = graph("a", {input("in", {1}), threshold("t", {1}), output("out", {1})}, {{"in", "t"}, {"t", "out"}});
  refusedGraph(file({input("x", {1}), good, output("y", {1})}, {{"x", "a.t"}, {"a", "y"}}), 1021, {"edge ('x', 'a.t')"});
  // Long lists are cut.
  nir::File many = file({}, {{"n1", "nobody"}});
  for (int k = 0; k < 1000; ++k)
    many.root.nodes.push_back(threshold("n" + std::to_string(k), {1}));
  const auto flat = nir::flatten(many);
  REQUIRE_FALSE(flat);
  CHECK(has(flat.error().expected, ", ..."));
  CHECK(flat.error().expected.size() < 400);
}

TEST_CASE("names") {
  refusedGraph(file({threshold("a", {1}), threshold("a", {1})}, {}), 1020, {"node 'a'", "two nodes have this name"});
  refusedGraph(file({threshold("a.b", {1}), graph("a", {threshold("b", {1})}, {})}, {}), 1020,
               {"node 'a.b'", "two nodes have this name"});
  refusedGraph(file({graph("a", {threshold("b", {1})}, {}), threshold("a.b", {1})}, {}), 1020, {"node 'a.b'"});
  refusedGraph(file({threshold("", {1})}, {}), 1020, {"a node has no name"});
}

TEST_CASE("types") {
  refusedGraph(around({1}, node("n", "Izhikevich")), 1022,
               {"node 'n', parameter 'type'", "unknown node type", "expected NIRGraph, Input, Output, Linear", "found Izhikevich"});
  refusedGraph(around({1}, node("n", "lif")), 1022, {"found lif"}); // Case counts.
  refusedGraph(around({1}, node("n", "")), 1022, {"node 'n'"});
}

TEST_CASE("parameters a type does not have") {
  refusedGraph(with("LIF", "tau_ref", ramp({3})), 1023,
               {"node 'n', parameter 'tau_ref'", "expected tau, r, v_leak, v_threshold, v_reset", "found tau_ref"});
  refusedGraph(with("Linear", "bias", ramp({3})), 1023, {"node 'n', parameter 'bias'"});
}

TEST_CASE("every mandatory parameter of every primitive is missed by name") {
  const std::set<std::string> optional{"v_reset", "w_in",     "shape",  "input_shape", "input_type", "stride",
                                       "padding", "dilation", "groups", "start_dim",   "end_dim"};
  size_t missed = 0;
  for (const auto &[name, whole] : primitives())
    for (size_t k = 0; k < whole.root.nodes.size(); ++k)
      for (const auto &[key, value] : whole.root.nodes[k].params) {
        INFO(name << " without " << key);
        nir::File made = whole;
        made.root.nodes[k].params.erase(key);
        const auto flat = nir::flatten(made);
        if (optional.count(key) || (key == "bias" && name != "Affine")) {
          CHECK((flat || flat.error().code != 1024)); // It may still have changed a shape.
          continue;
        }
        refused(flat, 1024, "made.nir",
                {"node 'n', parameter '" + key + "'", "a parameter is missing", made.root.nodes[k].type + " needs " + key,
                 "found none"});
        ++missed;
      }
  CHECK(missed == 29);
}

TEST_CASE("wrong types and empty arrays") {
  for (const auto &[name, whole] : primitives())
    for (size_t k = 0; k < whole.root.nodes.size(); ++k)
      for (const auto &[key, value] : whole.root.nodes[k].params) {
        INFO(name << " with " << key);
        const std::string place = "node '" + whole.root.nodes[k].name + "', parameter '" + key + "'";
        nir::File made = whole;
        Parameter &changed = made.root.nodes[k].params[key];
        changed = std::string("reflect");
        if (key == "padding" && name.substr(0, 4) == "Conv")
          refusedGraph(made, 1026, {place, "unknown padding", "expected same, valid or numbers, found 'reflect'"});
        else
          refusedGraph(made, 1025, {place, "wrong type: expected numbers, found 'reflect'"});
        changed = text({2, 2}, {1, 2, 3});
        refusedGraph(made, 1025, {place, "the shape does not fit the number of values", "[2, 2]", "found 3"});
        changed = text({0}, {});
        refusedGraph(made, 1025, {place, "no values", "found [0]"});
        changed = text({uint64_t(1) << 63, 4}, {1});
        refusedGraph(made, 1025, {place, "the shape does not fit"});
      }
}

TEST_CASE("values that no number may have") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const auto &[name, whole] : primitives())
    for (size_t k = 0; k < whole.root.nodes.size(); ++k)
      for (const auto &[key, value] : whole.root.nodes[k].params)
        for (const double bad : {nan, inf, -inf}) {
          INFO(name << " with " << key);
          nir::File made = whole;
          if (auto *tensor = std::get_if<Tensor>(&made.root.nodes[k].params[key]))
            tensor->values.back() = bad;
          else
            continue;
          refusedGraph(made, 1026,
                       {"node '" + whole.root.nodes[k].name + "', parameter '" + key + "'",
                        "a value is not finite: expected finite numbers, found"});
        }
  for (const auto &[type, key] : {std::pair("LIF", "tau"),
                                  {"LI", "tau"},
                                  {"CubaLI", "tau_syn"},
                                  {"CubaLI", "tau_mem"},
                                  {"CubaLIF", "tau_syn"},
                                  {"CubaLIF", "tau_mem"}})
    for (const double bad : {0.0, -0.01})
      refusedGraph(with(type, key, text({3}, {1, bad, 1})), 1026, {"node 'n'", key, "a value is not positive: expected > 0"});
  refusedGraph(with("Conv2d", "stride", text({2}, {1.5, 1})), 1026,
               {"node 'n', parameter 'stride'", "a value is no integer", "found 1.5"});
  refusedGraph(with("Conv2d", "stride", whole({1e12})), 1026, {"a value is no integer: expected integers up to 2^32"});
  refusedGraph(around({0}, threshold("n", {1})), 1026,
               {"node 'in', parameter 'shape'", "an extent is not positive: expected >= 1, found 0"});
  refusedGraph(around({-3}, threshold("n", {1})), 1026, {"node 'in', parameter 'shape'", "found -3"});
  refusedGraph(with("Flatten", "input_type", whole({2, 0, 4})), 1026, {"node 'n', parameter 'input_type'"});
}

TEST_CASE("ranks") {
  refusedGraph(around({3}, node("n", "Linear", {{"weight", ramp({3})}})), 1027,
               {"node 'n', parameter 'weight'", "wrong number of axes: expected 2 to 8, found [3]"});
  refusedGraph(with("Conv2d", "weight", ramp({4, 2, 3})), 1027, {"node 'n', parameter 'weight'", "expected 4, found [4, 2, 3]"});
  refusedGraph(with("Conv1d", "weight", ramp({4, 1, 3, 1})), 1027, {"expected 3, found [4, 1, 3, 1]"});
  refusedGraph(chain({node("in", "Input", {{"shape", ramp({2, 2})}}), node("out", "Output")}), 1027,
               {"node 'in', parameter 'shape'"});
  refusedGraph(with("SumPool2d", "kernel_size", Tensor{{1, 2}, {2, 2}, false, true}), 1027,
               {"node 'n', parameter 'kernel_size'", "expected 0 to 1, found [1, 2]"});
  for (const char *type : {"Conv2d", "SumPool2d", "Conv1d"}) {
    nir::File flat = with(type, "padding", whole({0}));
    for (Node &n : flat.root.nodes) {
      if (n.name == "in")
        n.params["shape"] = whole({7});
      n.params.erase("input_shape");
    }
    refusedGraph(flat, 1027, {"node 'n'", "wrong number of axes at the input", "(channels first), found [7]"});
  }
  refusedGraph(with("Conv2d", "stride", whole({1, 1, 1})), 1027,
               {"node 'n', parameter 'stride'", "wrong number of values: expected 1 or 2, found 3"});
  refusedGraph(with("Conv2d", "groups", whole({1, 1})), 1027,
               {"node 'n', parameter 'groups'", "wrong number of values: expected 1, found 2"});
}

TEST_CASE("parameters of one node that differ in shape") {
  refusedGraph(with("LIF", "v_leak", ramp({4})), 1027,
               {"node 'n', parameter 'v_leak'", "parameters of one node differ in shape: expected [3] as tau, found [4]"});
  refusedGraph(with("LIF", "v_leak", ramp({3, 1})), 1027, {"found [3, 1]"});
  refusedGraph(with("Affine", "bias", ramp({2})), 1027,
               {"node 'n', parameter 'bias'", "the bias does not fit the weights: expected [3], found [2]"});
  refusedGraph(with("Conv2d", "bias", ramp({3})), 1027, {"node 'n', parameter 'bias'", "expected [4], found [3]"});
}

TEST_CASE("windows that do not fit") {
  refusedGraph(with("Conv2d", "weight", ramp({4, 3, 3, 2})), 1030,
               {"node 'n', parameter 'input_shape'", "[2, 8, 6]"}); // Three channels by its weights, two come.
  nir::File channels = with("Conv2d", "weight", ramp({4, 3, 3, 2}));
  for (Node &n : channels.root.nodes)
    n.params.erase("input_shape");
  refusedGraph(channels, 1027,
               {"node 'n', parameter 'weight'",
                "the kernel does not fit the input's channels: expected 2 channels in 1 groups, found [4, 3, 3, 2]"});
  refusedGraph(with("Conv1d", "groups", whole({3})), 1027, {"node 'n', parameter 'weight'", "the kernel does not fit"});
  refusedGraph(with("Conv1d", "groups", whole({0})), 1026, {"node 'n', parameter 'groups'", "found 0"});
  refusedGraph(with("Conv2d", "weight", ramp({4, 2, 30, 2})), 1027,
               {"node 'n', parameter 'weight'", "the kernel is larger than the padded input: expected at most 10, found 30"});
  refusedGraph(with("AvgPool2d", "kernel_size", whole({9})), 1027,
               {"node 'n', parameter 'kernel_size'", "larger than the padded input"});
  for (const char *key : {"stride", "dilation"})
    refusedGraph(with("Conv2d", key, whole({0})), 1026,
                 {"node 'n', parameter '" + std::string(key) + "'", "a value is out of range: expected 1..1048576, found 0"});
  refusedGraph(with("Conv2d", "padding", whole({-1})), 1026, {"node 'n', parameter 'padding'", "expected 0..1048576, found -1"});
  refusedGraph(with("Conv2d", "padding", whole({4294967296.0})), 1026, {"node 'n', parameter 'padding'", "found 4294967296"});
  refusedGraph(with("Conv2d", "padding", std::string("same")), 1026,
               {"node 'n', parameter 'padding'", "'same' needs a stride of 1: expected 1, found 2"});
  // 63 x 63 after 16, as in a published file.
  refusedGraph(with("Conv2d", "input_shape", whole({63, 63})), 1030,
               {"node 'n', parameter 'input_shape'", "shapes differ along the edge from 'in'",
                "expected [2, 8, 6] (what 'in' gives), found [2, 63, 63]"});
}

TEST_CASE("flattening axes that do not exist") {
  for (const auto &[start, end] : {std::pair(0, 3), {3, -1}, {-4, -1}, {2, 1}, {0, -4}}) {
    nir::File made = with("Flatten", "start_dim", whole({static_cast<double>(start)}));
    made.root.nodes[1].params["end_dim"] = whole({static_cast<double>(end)});
    refusedGraph(made, 1026, {"node 'n', parameter 'start_dim'", "the axes to flatten do not exist: expected axes of [2, 3, 4]"});
  }
}

TEST_CASE("ports") {
  refusedGraph(file({}, {}), 1028, {"the graph has no nodes"});
  refusedGraph(file({graph("g", {}, {})}, {}), 1028, {"the graph has no nodes"});
  refusedGraph(file({threshold("a", {1}), threshold("b", {1})}, {{"a", "b"}, {"b", "a"}}), 1028,
               {"the graph has no Input and every node has a predecessor"});
  refusedGraph(file({input("i", {1}), threshold("a", {1}), threshold("b", {1})}, {{"i", "a"}, {"a", "b"}, {"b", "a"}}), 1028,
               {"the graph has no Output and every node has a successor"});
}

TEST_CASE("nodes that nothing leads to") {
  refusedGraph(file({input("in", {1}), threshold("a", {1}), threshold("b", {1}), output("out", {1})}, {{"in", "a"}, {"a", "out"}}),
               1031, {"node 'b'", "nothing leads to the node: expected an edge to it from another node, found none"});
  refusedGraph(file({input("in", {1}), threshold("a", {1}), output("out", {1})}, {{"in", "out"}, {"a", "a"}}), 1031,
               {"node 'a'"}); // Itself does not count.
  refusedGraph(file({input("in", {1}), output("out", {1})}, {}), 1031, {"node 'out'"});
  const Node inner = graph("g", {input("i", {1}), threshold("t", {1}), output("o", {1})}, {{"i", "t"}, {"t", "o"}});
  refusedGraph(file({input("in", {1}), inner, output("out", {1})}, {{"g", "out"}}), 1031, {"node 'g.i'"});
}

TEST_CASE("shapes nobody knows") {
  refusedGraph(chain({node("in", "Input"), node("out", "Output")}), 1029, {"node 'in'", "the shape cannot be inferred"});
  refusedGraph(chain({node("in", "Input"), lif("n", {}), node("out", "Output")}), 1029, {"the shape cannot be inferred"});
  refusedGraph(around({2}, node("n", "SumPool2d", {{"kernel_size", whole({2})}})), 1027, {"node 'n'"});
  refusedGraph(chain({node("in", "Input"), node("n", "SumPool2d", {{"kernel_size", whole({2})}}), node("out", "Output")}), 1029,
               {"node 'in'"});
}

TEST_CASE("shapes that differ along an edge") {
  refusedGraph(chain({input("in", {4}), linear("fc", 3, 5), output("out", {3})}), 1030,
               {"node 'fc'", "shapes differ along the edge from 'in': expected [4] (what 'in' gives), found [5]"});
  refusedGraph(chain({input("in", {4}), linear("fc", 3, 4), lif("lif", {2}), output("out", {2})}), 1030,
               {"node 'lif'", "from 'fc'"});
  refusedGraph(chain({input("in", {4}), linear("fc", 3, 4), output("out", {2})}), 1030, {"node 'out'"});
  refusedGraph(chain({input("in", {6}), threshold("n", {2, 3}), output("out", {6})}), 1030,
               {"node 'n'", "expected [6]", "found [2, 3]"}); // No silent reshape.
  refusedGraph(chain({input("in", {4}), lif("lif", {1, 3}), output("out", {3})}), 1030, {"node 'lif'", "found [1, 3]"});
  refusedGraph(file({input("in", {4}), linear("fc", 3, 4), threshold("t", {3}), linear("rec", 4, 3), output("out", {3})},
                    {{"in", "fc"}, {"fc", "t"}, {"t", "rec"}, {"rec", "t"}, {"t", "out"}}),
               1030, {"node 't'", "from 'rec'"});
  // Inside a nested graph, at its ports.
  const Node inner = graph("g", {input("i", {5}), threshold("t", {4}), output("o", {4})}, {{"i", "t"}, {"t", "o"}});
  refusedGraph(chain({input("x", {4}), inner, output("y", {4})}), 1030, {"node 'g.", "shapes differ"});
}

TEST_CASE("sizes that no machine has") {
  refusedGraph(around({4294967296.0, 4294967296.0}, threshold("n", {})), 1027,
               {"node 'in'", "too many neurons: expected at most 2^31, found [4294967296, 4294967296]"});
  refusedGraph(around({2147483648.0, 2}, threshold("n", {})), 1027, {"node 'in'", "too many neurons"});
  CHECK(nir::flatten(around({2147483648.0}, threshold("n", {})))); // A population of scalars takes no room here.
  nir::File grown = with("Conv2d", "padding", whole({1048576}));
  refusedGraph(grown, 1027, {"node 'n'", "too many neurons"});
}

TEST_CASE("a port of a nested graph that leads to itself") {
  const Node inner = graph("g", {input("i", {1}), output("o", {1})}, {{"i", "i"}, {"i", "o"}});
  refusedGraph(chain({input("x", {1}), inner, output("y", {1})}), 1021, {"node 'g.i'", "a port of a nested graph leads to itself"});
}
