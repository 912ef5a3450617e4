//===- NirFileTest.cpp - NIR files in and out -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Helpers.h"
#include "Limits.h"
#include "Primitives.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include <cmath>
#include <limits>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
void same(const Node &a, const Node &b, const std::string &place) {
  INFO(place);
  CHECK(a.name == b.name);
  CHECK(a.type == b.type);
  CHECK(a.edges == b.edges);
  REQUIRE(a.params.size() == b.params.size());
  for (const auto &[key, value] : a.params) {
    INFO(key);
    REQUIRE(b.params.count(key));
    const Parameter &other = b.params.at(key);
    REQUIRE(value.index() == other.index());
    if (const auto *word = std::get_if<std::string>(&value)) {
      CHECK(*word == std::get<std::string>(other));
      continue;
    }
    const auto &x = std::get<Tensor>(value), &y = std::get<Tensor>(other);
    CHECK(x.shape == y.shape);
    CHECK(x.values == y.values);
    CHECK(x.isFloat32 == y.isFloat32);
    CHECK(x.isInteger == y.isInteger);
  }
  REQUIRE(a.nodes.size() == b.nodes.size());
  for (size_t k = 0; k < a.nodes.size(); ++k)
    same(a.nodes[k], b.nodes[k], place + "/" + a.nodes[k].name);
}

nir::File at(nir::File file, const std::string &path) {
  file.path = path;
  return file;
}
} // namespace

TEST_CASE("every primitive survives writing and reading, and flattens without a warning") {
  for (const auto &[name, made] : primitives()) {
    INFO(name);
    const std::string path = fresh(".nir");
    good(nir::write(at(made, path)));
    const nir::File back = good(nir::read(path));
    CHECK(back.version == "1.0.7");
    CHECK(back.path == path);
    same(made.root, back.root, "/node");
    const FlatGraph flat = good(nir::flatten(back));
    CHECK(flat.warnings == std::vector<std::string>{});
    CHECK(flat.nodes.size() == made.root.nodes.size());
  }
}

TEST_CASE("the file is what nir.read expects: variable-length strings, edges [E, 2], gzip, no attributes") {
  const std::string path = fresh(".nir");
  good(nir::write(at(chain({input("in", {40}), linear("fc", 3, 40), lif("lif", {3}), output("out", {3})}), path)));
  CHECK(
      h5py(
          path,
          "v = f['version']; e = f['node/edges']; w = f['node/nodes/fc/weight']\n"
          "print(v[()].decode(), h5py.check_string_dtype(v.dtype), f['node/type'][()].decode())\n"
          "print(e.shape, h5py.check_string_dtype(e.dtype).length, sorted((a.decode(), b.decode()) for a, b in e[()]))\n"
          "print(w.dtype, w.shape, w.compression, list(f.attrs), f['node/nodes/in/shape'].dtype, f['node/nodes/lif/tau'].dtype)") ==
      "1.0.7 string_info(encoding='utf-8', length=None) NIRGraph\n"
      "(3, 2) None [('fc', 'lif'), ('in', 'fc'), ('lif', 'out')]\n"
      "float32 (3, 40) gzip [] int64 float64");
}

TEST_CASE("a graph without edges and a nested graph come back") {
  const std::string path = fresh(".nir");
  const nir::File made = file({graph("inner", {input("in", {2}), output("out", {2}), threshold("t.dotted", {2})},
                                     {{"in", "t.dotted"}, {"t.dotted", "out"}}),
                               input("x", {2})},
                              {{"x", "inner"}});
  good(nir::write(at(made, path)));
  same(made.root, good(nir::read(path)).root, "/node");
  good(nir::write(at(file({threshold("alone", {4})}, {}), path)));
  CHECK(good(nir::read(path)).root.edges.empty());
}

TEST_CASE("files of other writers") {
  const nir::File old = good(nir::read(foreign("old.nir")));
  CHECK(old.version == "0.1.1");
  REQUIRE(old.root.nodes.size() == 4);
  const Node &lif = old.root.nodes[1];
  CHECK(lif.name == "1");
  CHECK(lif.type == "LIF");
  CHECK_FALSE(std::get<Tensor>(lif.params.at("tau")).isFloat32);
  CHECK(std::get<Tensor>(lif.params.at("r")).isFloat32);
  CHECK(old.root.edges == Edges{{"input", "0"}, {"0", "1"}, {"1", "output"}});
  CHECK(good(nir::read(foreign("metadata.nir"))).root.nodes.size() == 2); // Must not be needed for execution.
  const nir::File bare = good(nir::read(foreign("no_edges.nir")));        // No version, edges an empty array of numbers.
  CHECK(bare.version.empty());
  CHECK(bare.root.edges.empty());
}

TEST_CASE("what is HDF5 but no NIR graph is refused with its place") {
  struct Row {
    const char *name;
    unsigned code;
    std::vector<const char *> parts;
    void (*make)(Hdf5Writer &);
  };
  auto base = [](Hdf5Writer &out) {
    out.text("node/type", "NIRGraph");
    out.texts("node/edges", {}, {0, 2});
  };
  static const auto start = base;
  for (const Row &row : std::initializer_list<Row>{
           {"no node", 1001, {"no NIR graph", "a group /node"}, [](Hdf5Writer &out) { out.text("version", "1.0.7"); }},
           {"root is no graph",
            1001,
            {"/node/type", "expected NIRGraph, found LIF"},
            [](Hdf5Writer &out) { out.text("node/type", "LIF"); }},
           {"no type",
            1005,
            {"/node/nodes/a", "'type' is missing"},
            [](Hdf5Writer &out) { start(out), out.group("node/nodes/a"); }},
           {"type is a number",
            1005,
            {"/node/nodes/a/type", "expected one string, found numbers"},
            [](Hdf5Writer &out) {
              const double one = 1;
              start(out), out.array("node/nodes/a/type", std::span(&one, 1), {1});
            }},
           {"two types",
            1005,
            {"/node/nodes/a/type", "found 2 strings"},
            [](Hdf5Writer &out) { start(out), out.texts("node/nodes/a/type", {"LIF", "IF"}, {2}); }},
           {"strings for numbers",
            1005,
            {"/node/nodes/a/tau", "found 3 strings"},
            [](Hdf5Writer &out) {
              start(out), out.text("node/nodes/a/type", "LI"), out.texts("node/nodes/a/tau", {"1", "2", "3"}, {3});
            }},
           {"no edges", 1005, {"/node: ", "'edges' is missing"}, [](Hdf5Writer &out) { out.text("node/type", "NIRGraph"); }},
           {"edges in one row",
            1005,
            {"/node/edges", "[edges, 2] strings"},
            [](Hdf5Writer &out) { out.text("node/type", "NIRGraph"), out.texts("node/edges", {"a", "b"}, {2}); }},
           {"a node that is a data set",
            1005,
            {"/node/nodes/a", "a node is no group"},
            [](Hdf5Writer &out) { start(out), out.text("node/nodes/a", "LIF"); }},
           {"an unknown group",
            1005,
            {"/node/nodes/a/weights", "unknown group in a node"},
            [](Hdf5Writer &out) { start(out), out.text("node/nodes/a/type", "LIF"), out.group("node/nodes/a/weights"); }},
           {"nodes in a neuron",
            1005,
            {"/node/nodes/a/nodes", "unknown group in a node"},
            [](Hdf5Writer &out) {
              start(out), out.text("node/nodes/a/type", "LIF"), out.text("node/nodes/a/nodes/b/type", "LIF");
            }},
           {"version of numbers",
            1005,
            {"/version", "one string"},
            [](Hdf5Writer &out) {
              const double one = 1;
              start(out), out.array("version", std::span(&one, 1), {});
            }},
       }) {
    INFO(row.name);
    const std::string path = fresh(".nir");
    auto out = good(Hdf5Writer::create(path));
    row.make(*out);
    good(out->finish());
    const auto read = nir::read(path);
    refused(read, row.code, path, {});
    for (const char *part : row.parts)
      CHECK_MESSAGE(has(read.error().str(), part), read.error().str());
  }
  const std::string three = foreign("shapeless_edges.nir");
  refused(nir::read(three), 1005, three, {"/node/edges", "[edges, 2] strings"});
  const std::string nested = fresh(".nir");
  Node deep = threshold("t", {1});
  for (int k = 0; k < 10; ++k)
    deep = graph("g", {deep}, {});
  good(nir::write(at(file({deep}, {}), nested)));
  CHECK(nir::read(nested)); // Twenty groups of HDF5 a level or two.
}

TEST_CASE("what the format cannot hold is not written, and an earlier file stays") {
  const std::string path = fresh(".nir");
  const nir::File plain = chain({input("in", {1}), output("out", {1})});
  good(nir::write(at(plain, path)));
  const std::string before = slurp(path);
  auto refusedWrite = [&](const nir::File &file, unsigned code, std::initializer_list<std::string> parts) {
    refused(nir::write(at(file, path)), code, path, parts);
    CHECK(slurp(path) == before);
  };
  nir::File root = plain;
  root.root.type = "LIF";
  refusedWrite(root, 1011, {"the root node is no graph"});
  refusedWrite(file({threshold("a/b", {1})}, {}), 1011, {"a node's name has a slash", "'a/b'"});
  refusedWrite(file({threshold("", {1})}, {}), 1011, {"a name cannot be a name in HDF5"});
  refusedWrite(file({threshold(".", {1})}, {}), 1011, {"a name cannot be a name in HDF5"});
  refusedWrite(file({threshold("a", {1}), threshold("a", {1})}, {}), 1011, {"two nodes of one name", "'a'"});
  for (const char *key : {"type", "metadata", "x/y"})
    refusedWrite(file({node("a", "I", {{key, scalar(1)}})}, {}), 1011, {"/node/nodes/a", "a parameter cannot have this name", key});
  Node parent = threshold("a", {1});
  parent.nodes.push_back(threshold("b", {1}));
  refusedWrite(file({parent}, {}), 1011, {"only a NIRGraph has nodes"});
  refusedWrite(file({node("a", "I", {{"r", Tensor{{3}, {1, 2}, false, false}}})}, {}), 1011,
               {"node/nodes/a/r", "a shape does not fit"});
  for (const double value : {0.5, 1e300, std::numeric_limits<double>::quiet_NaN()})
    refusedWrite(file({node("a", "I", {{"r", Tensor{{1}, {value}, false, true}}})}, {}), 1011,
                 {"/node/nodes/a/r", "a value marked as an integer is none"});
  refusedWrite(file({node("a", "I", {{"r", Tensor{{1}, {1e300}, true, false}}})}, {}), 1011,
               {"/node/nodes/a/r", "a value marked as float32 is none"});
  {
    const FileSizeLimit full(2000);
    refusedWrite(plain, 1010, {"cannot write HDF5", "File too large"});
  }
  good(nir::write(at(plain, path)));
}
