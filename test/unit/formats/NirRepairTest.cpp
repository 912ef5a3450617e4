//===- NirRepairTest.cpp - Broken in known ways, and repaired -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Helpers.h"
#include <iostream>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
FlatGraph flat(const nir::File &file) { return good(nir::flatten(file)); }
using Warnings = std::vector<std::string>;
const Tensor &tensor(const FlatGraph &graph, const std::string &name, const std::string &key) {
  return std::get<Tensor>(named(graph, name).params.at(key));
}
} // namespace

TEST_CASE("a whole graph needs no repair") {
  const FlatGraph made = flat(chain({input("in", {4}), linear("fc", 3, 4), lif("lif", {3}), output("out", {3})}));
  CHECK(made.warnings == Warnings{});
  CHECK(made.version == "1.0.7");
  CHECK(made.path == "made.nir");
  CHECK(namesOf(made) == std::vector<std::string>{"fc", "in", "lif", "out"}); // Sorted by name.
  CHECK(edgesOf(made) == std::vector<std::string>{"fc>lif", "in>fc", "lif>out"});
  CHECK(named(made, "fc").inputShape == Shape{4});
  CHECK(named(made, "fc").outputShape == Shape{3});
  CHECK(tensor(made, "fc", "weight").values[11] == 6);
}

TEST_CASE("scalar parameters take the size of the node before") {
  for (const Shape &shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
    const FlatGraph made = flat(chain({input("in", {4}), linear("fc", 3, 4), lif("lif", shape), output("out", {3})}));
    CHECK(made.warnings == Warnings{"node 'lif': scalar parameters; the size [3] is taken from 'fc'"});
    CHECK(named(made, "lif").outputShape == Shape{3});
    CHECK(tensor(made, "lif", "tau").shape.empty()); // Scalars stay scalars.
    CHECK(tensor(made, "lif", "tau").values == std::vector<double>{0.01});
  }
}

TEST_CASE("a chain of scalar nodes takes the size from where it is known, on either side") {
  const FlatGraph forward = flat(chain({input("z", {5}), lif("c", {}), lif("b", {1}), threshold("a", {}), output("out", {5})}));
  for (const char *name : {"a", "b", "c"})
    CHECK(named(forward, name).outputShape == Shape{5});
  CHECK(mentions(forward.warnings, "node 'a': scalar parameters; the size [5] is taken from 'b'"));
  // No shape comes from the front: that of the weights behind counts.
  const FlatGraph backward = flat(chain({node("in", "Input"), lif("a", {}), lif("b", {}), linear("fc", 3, 5), output("out", {3})}));
  CHECK(named(backward, "a").outputShape == Shape{5});
  CHECK(named(backward, "in").outputShape == Shape{5});
  CHECK(mentions(backward.warnings, "node 'b': scalar parameters; the size [5] is taken from 'fc'"));
}

TEST_CASE("one scalar among vectors") {
  Node half = lif("lif", {3});
  half.params["tau"] = scalar(0.02);
  half.params["r"] = all({1}, 7);
  const FlatGraph made = flat(chain({input("in", {3}), half, output("out", {3})}));
  CHECK(made.warnings == Warnings{"node 'lif': tau, r scalar; the value stands for all 3 neurons"});
  CHECK(tensor(made, "lif", "tau").shape.empty());
  CHECK(tensor(made, "lif", "r").shape.empty());
  CHECK(tensor(made, "lif", "v_leak").shape == Shape{3});
}

TEST_CASE("one neuron is one neuron: nothing to repair") {
  CHECK(flat(chain({input("in", {1}), linear("fc", 1, 1), lif("lif", {1}), output("out", {1})})).warnings == Warnings{});
  const FlatGraph made = flat(chain({input("in", {1}), lif("lif", {}), output("out", {1})}));
  CHECK(made.warnings == Warnings{"node 'lif': scalar parameters; the size [1] is taken from 'in'"});
  CHECK(named(made, "lif").outputShape == Shape{1});
}

TEST_CASE("a scalar bias stands for all outputs") {
  for (const char *type : {"Affine", "Conv1d"}) {
    const bool conv = type[0] == 'C';
    std::map<std::string, Parameter> params{{"weight", ramp(conv ? Shape{3, 2, 1} : Shape{3, 2})}, {"bias", scalar(0.25)}};
    if (conv)
      for (const char *key : {"stride", "dilation", "groups"})
        params[key] = whole({1});
    if (conv)
      params["padding"] = whole({0});
    const FlatGraph made = flat(chain(
        {input("in", conv ? std::vector<double>{2, 4} : std::vector<double>{2}), node("fc", type, params), node("out", "Output")}));
    CHECK(made.warnings == Warnings{"node 'fc': bias is a scalar; it stands for all 3 outputs"});
    CHECK(tensor(made, "fc", "bias").values == std::vector<double>{0.25, 0.25, 0.25});
  }
}

TEST_CASE("a leading batch dimension is dropped") {
  const FlatGraph made = flat(chain({input("in", {4}), linear("fc", 3, 4), lif("lif", {1, 3}), output("out", {3})}));
  CHECK(made.warnings ==
        Warnings{"node 'lif': parameters have the shape [1, 3]; the leading 1 is taken as a batch dimension and dropped"});
  CHECK(named(made, "lif").outputShape == Shape{3});
  CHECK(tensor(made, "lif", "tau").shape == Shape{3});
}

TEST_CASE("one channel is no batch dimension") {
  const auto conv = [](const char *name, uint64_t out, uint64_t in) {
    return node(name, "Conv2d",
                {{"weight", ramp({out, in, 1, 1})},
                 {"stride", whole({1})},
                 {"padding", whole({0})},
                 {"dilation", whole({1})},
                 {"groups", whole({1})},
                 {"bias", ramp({out})}});
  };
  // Two channels to one, a neuron layer of one channel, and back: the shape before says what the 1 is.
  const FlatGraph made =
      flat(chain({input("in", {2, 5, 5}), conv("c1", 1, 2), lif("lif", {1, 5, 5}), conv("c2", 2, 1), output("out", {2, 5, 5})}));
  CHECK(made.warnings == Warnings{});
  CHECK(named(made, "lif").outputShape == Shape{1, 5, 5});
  // Nothing before says so: the convolution behind does.
  const FlatGraph open = flat(chain({node("in", "Input"), lif("lif", {1, 5, 5}), conv("c2", 2, 1), node("out", "Output")}));
  CHECK(named(open, "lif").outputShape == Shape{1, 5, 5});
  CHECK(open.warnings == Warnings{});
  const FlatGraph batch = flat(chain({node("in", "Input"), lif("lif", {1, 1, 5, 5}), conv("c2", 2, 1), node("out", "Output")}));
  CHECK(named(batch, "lif").outputShape == Shape{1, 5, 5});
  CHECK(mentions(batch.warnings, "node 'lif': parameters have the shape [1, 1, 5, 5]; the leading 1 is taken"));
}

TEST_CASE("nobody says what a leading 1 is: it counts as a batch dimension") {
  const FlatGraph made = flat(chain({node("in", "Input"), lif("lif", {1, 7}), node("out", "Output")}));
  CHECK(named(made, "in").outputShape == Shape{7});
  CHECK(named(made, "out").inputShape == Shape{7});
  CHECK(made.warnings ==
        Warnings{"node 'lif': parameters have the shape [1, 7]; the leading 1 is taken as a batch dimension and dropped"});
}

TEST_CASE("a batch dimension of ports, and before windows") {
  const FlatGraph plain = flat(chain({input("in", {1, 4}), linear("fc", 3, 4), output("out", {1, 1, 3})}));
  CHECK(named(plain, "in").outputShape == Shape{4});
  CHECK(named(plain, "out").outputShape == Shape{3});
  CHECK(mentions(plain.warnings, "node 'out': shape [1, 1, 3] after 'fc' of shape [3]; axes of extent 1 are ignored"));
  const FlatGraph pool =
      flat(chain({input("in", {1, 2, 4, 4}),
                  node("p", "SumPool2d", {{"kernel_size", whole({2})}, {"stride", whole({2})}, {"padding", whole({0})}}),
                  output("out", {2, 2, 2})}));
  CHECK(named(pool, "in").outputShape == Shape{2, 4, 4});
  CHECK(mentions(pool.warnings,
                 "node 'p': its input has the shape [1, 2, 4, 4]; the leading 1 is taken as a batch dimension and dropped"));
}

TEST_CASE("missing optional parameters are assumed, each with a warning") {
  Node cuba =
      node("n", "CubaLIF",
           {{"tau_syn", ramp({2})}, {"tau_mem", ramp({2})}, {"r", ramp({2})}, {"v_leak", ramp({2})}, {"v_threshold", ramp({2})}});
  CHECK(flat(chain({input("in", {2}), cuba, output("out", {2})})).warnings ==
        Warnings{"node 'n': v_reset is missing; 0 is assumed", "node 'n': w_in is missing; 1 is assumed"});
  const FlatGraph conv =
      flat(chain({input("in", {1, 4, 4}), node("c", "Conv2d", {{"weight", ramp({2, 1, 3, 3})}}), output("out", {2, 2, 2})}));
  for (const char *what :
       {"stride is missing; 1", "padding is missing; 0", "dilation is missing; 1", "groups is missing; 1", "bias is missing; 0"})
    CHECK_MESSAGE(mentions(conv.warnings, std::string("node 'c': ") + what + " is assumed"), what);
  const FlatGraph pool =
      flat(chain({input("in", {1, 4, 4}), node("p", "AvgPool2d", {{"kernel_size", whole({2, 4})}}), output("out", {1, 2, 1})}));
  CHECK(mentions(pool.warnings, "node 'p': stride is missing; the kernel size is assumed"));
  const FlatGraph shaped = flat(chain({input("in", {2, 3, 4}), node("f", "Flatten"), output("out", {2, 12})}));
  CHECK(mentions(shaped.warnings, "node 'f': start_dim is missing; 1 is assumed"));
  CHECK(mentions(shaped.warnings, "node 'f': end_dim is missing; -1 is assumed"));
}

TEST_CASE("missing Input and Output are added around what is open") {
  const FlatGraph made = flat(file({linear("fc1", 3, 4), linear("fc2", 3, 4), lif("lif", {3})}, {{"fc1", "lif"}, {"fc2", "lif"}}));
  CHECK(made.warnings == Warnings{"node 'input': the graph has no Input; one was added before fc1, fc2",
                                  "node 'output': the graph has no Output; one was added after lif"});
  CHECK(edgesOf(made) == std::vector<std::string>{"fc1>lif", "fc2>lif", "input>fc1", "input>fc2", "lif>output"});
  CHECK(named(made, "input").outputShape == Shape{4});
  CHECK(named(made, "output").inputShape == Shape{3});
}

TEST_CASE("an added port finds a free name, and a node that only feeds itself is open") {
  const FlatGraph made =
      flat(file({lif("input", {3}), threshold("output", {3})}, {{"input", "input"}, {"input", "output"}, {"output", "output"}}));
  CHECK(edgesOf(made) ==
        std::vector<std::string>{"input>input", "input>output", "input_>input", "output>output", "output>output_"});
  CHECK(named(made, "input_").type == "Input");
  CHECK(named(made, "output_").type == "Output");
}

TEST_CASE("spec versions before 1.0 and numeric names say so") {
  const FlatGraph old = flat(good(nir::read(foreign("old.nir"))));
  CHECK(mentions(old.warnings, "the file follows NIR 0.1.1; it is read as NIR 1.0.7"));
  CHECK(mentions(old.warnings, "node '0': numeric names are kept as names; they say nothing about the order of nodes"));
  CHECK(mentions(old.warnings, "node '1': v_reset is missing; 0 is assumed"));
  CHECK(old.warnings.size() == 3);
  CHECK(edgesOf(old) == std::vector<std::string>{"0>1", "1>output", "input>0"});
  const FlatGraph bare = flat(good(nir::read(foreign("no_edges.nir"))));
  CHECK(mentions(bare.warnings, "the file has no version; it is read as NIR 1.0.7"));
  CHECK(edgesOf(bare) == std::vector<std::string>{"a>output", "input>a"});
}

TEST_CASE("an edge that stands twice counts once") {
  const FlatGraph made = flat(file({input("a", {2}), output("b", {2})}, {{"a", "b"}, {"a", "b"}}));
  CHECK(made.warnings == Warnings{"edge ('a', 'b') stands twice; it counts once"});
  CHECK(edgesOf(made) == std::vector<std::string>{"a>b"});
}

TEST_CASE("nested graphs are flattened") {
  const Node cell = graph("cell", {input("in", {3}), lif("lif", {3}), linear("w_rec", 3, 3), output("out", {3})},
                          {{"in", "lif"}, {"lif", "w_rec"}, {"w_rec", "lif"}, {"lif", "out"}});
  const FlatGraph made = flat(chain({input("x", {4}), linear("fc", 3, 4), cell, output("y", {3})}));
  CHECK(namesOf(made) == std::vector<std::string>{"cell.lif", "cell.w_rec", "fc", "x", "y"});
  CHECK(edgesOf(made) ==
        std::vector<std::string>{"cell.lif>cell.w_rec", "cell.lif>y", "cell.w_rec>cell.lif", "fc>cell.lif", "x>fc"});
  CHECK(made.warnings == Warnings{"node 'cell': nested graph flattened; its nodes are called cell.<node>"});
}

TEST_CASE("graphs in graphs, and names with dots of their own") {
  const Node inner = graph("b", {input("i", {2}), threshold("t.u", {2}), output("o", {2})}, {{"i", "t.u"}, {"t.u", "o"}});
  const Node outer = graph("a", {input("i", {2}), inner, output("o.o", {2})}, {{"i", "b"}, {"b", "o.o"}});
  const FlatGraph made = flat(chain({input("x", {2}), outer, output("y", {2})}));
  CHECK(edgesOf(made) == std::vector<std::string>{"a.b.t.u>y", "x>a.b.t.u"});
  // A flat file may use dotted names without any graph.
  const FlatGraph dotted = flat(
      file({input("l.input", {2}), threshold("l.t", {2}), output("l.output", {2})}, {{"l.input", "l.t"}, {"l.t", "l.output"}}));
  CHECK(namesOf(dotted) == std::vector<std::string>{"l.input", "l.output", "l.t"});
  CHECK(dotted.warnings == Warnings{});
}

TEST_CASE("a nested graph with several ports, and ports that only pass on") {
  const Node wide = graph("g", {input("i1", {2}), input("i2", {2}), threshold("t", {2}), output("o1", {2}), output("o2", {2})},
                          {{"i1", "t"}, {"i2", "o2"}, {"t", "o1"}});
  const FlatGraph made = flat(file({input("x", {2}), wide, output("y", {2})}, {{"x", "g"}, {"g", "y"}}));
  CHECK(edgesOf(made) == std::vector<std::string>{"g.t>y", "x>g.t", "x>y"}); // An edge to the graph reaches every Input of it.
}

TEST_CASE("two ways through a nested graph sum, so one of its ports stays") {
  const Node twice = graph("g", {input("i1", {2}), input("i2", {2}), threshold("t", {2}), output("o", {2})},
                           {{"i1", "t"}, {"i2", "t"}, {"t", "o"}});
  const FlatGraph made = flat(file({input("x", {2}), twice, output("y", {2})}, {{"x", "g"}, {"g", "y"}}));
  CHECK(edgesOf(made) == std::vector<std::string>{"g.i2>g.t", "g.t>y", "x>g.i2", "x>g.t"});
}

TEST_CASE("a nested graph without ports of its own") {
  const Node bare =
      graph("g", {linear("fc", 3, 2), lif("lif", {3}), linear("w", 3, 3)}, {{"fc", "lif"}, {"lif", "w"}, {"w", "lif"}});
  const auto closed = nir::flatten(chain({input("x", {2}), bare, output("y", {3})}));
  refused(closed, 1028, "made.nir", {"node 'g'", "the nested graph has no Output and every node in it has a successor"});
  const Node open = graph("g", {linear("fc", 3, 2), lif("lif", {3})}, {{"fc", "lif"}});
  const FlatGraph made = flat(chain({input("x", {2}), open, output("y", {3})}));
  CHECK(edgesOf(made) == std::vector<std::string>{"g.fc>g.lif", "g.lif>y", "x>g.fc"});
  CHECK(mentions(made.warnings, "node 'g': the nested graph has no Input; its edges are taken to lead to fc"));
  CHECK(mentions(made.warnings, "node 'g': the nested graph has no Output; its edges are taken to come from lif"));
}

TEST_CASE("a nested graph gives a file its missing ports") {
  const Node cell = graph("cell", {input("in", {3}), lif("lif", {3}), output("out", {3})}, {{"in", "lif"}, {"lif", "out"}});
  const FlatGraph made = flat(file({cell}, {}));
  CHECK(edgesOf(made) == std::vector<std::string>{"cell.lif>output", "input>cell.lif"});
}

TEST_CASE("data sets of a graph itself have no effect, and that is said") {
  nir::File made = chain({input("in", {1}), output("out", {1})});
  made.root.params["dt"] = scalar(0.001);
  CHECK(flat(made).warnings == Warnings{"the graph: 'dt' of a graph has no effect"});
}

TEST_CASE("real files of other people") {
  const std::string folder = RANVIER_SHARED_DIR "/networks/nir/";
  if (!exists(folder)) {
    std::cout << "SKIP: the NIR files of the shared folder are not there" << std::endl;
    return;
  }
  for (const auto &[name, nodes, warnings] : std::initializer_list<std::tuple<const char *, size_t, size_t>>{
           {"digits_h96/network.nir", 6, 0},
           {"lif_single/lif_norse.nir", 4, 3},
           {"nmnist_cnn/cnn_sinabs.nir", 15, 7},
           {"braille_srnn/braille_noDelay_bias_zero.nir", 7, 3},
           {"braille_srnn/braille_noDelay_noBias_subtract.nir", 7, 3}}) {
    INFO(name);
    const FlatGraph made = flat(good(nir::read(folder + name)));
    CHECK(made.nodes.size() == nodes);
    std::string list;
    for (const auto &warning : made.warnings)
      list += warning + "\n";
    INFO(list);
    CHECK(made.warnings.size() == warnings);
  }
}
