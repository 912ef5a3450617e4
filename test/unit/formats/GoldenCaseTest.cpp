//===- GoldenCaseTest.cpp - Golden cases read and results written ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/GoldenCase.h"
#include "Helpers.h"
#include "Limits.h"
#include "ranvier/Formats/Spikes.h"

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
std::string shipped(const std::string &name) { return RANVIER_SOURCE_DIR "/test/golden/loihi/" + name + ".h5"; }
/// A copy of p02 (24 inputs, groups h of 16 and o of 6 neurons, 200 steps) that a line of Python changed.
std::string changed(const std::string &line) {
  const std::string path = fresh(".h5");
  write(path, slurp(shipped("p02_two_layer_delays")));
  h5py(path, "def put(name, value):\n  if name in f: del f[name]\n  f[name] = value\n" + line);
  return path;
}
void refusedCase(const std::string &line, unsigned code, std::initializer_list<std::string> parts) {
  INFO(line);
  const std::string path = changed(line);
  refused(readGoldenCase(path), code, path, parts);
}
} // namespace

TEST_CASE("the shipped cases") {
  const GoldenCase one = good(readGoldenCase(shipped("p01_single_layer")));
  CHECK(one.name == "p01_single_layer");
  CHECK(one.steps == 200);
  REQUIRE(one.inputs.size() == 1);
  CHECK(one.inputs[0].name == "in");
  CHECK(one.inputs[0].count == 12);
  CHECK(one.inputs[0].spikes.size() == 2400);
  REQUIRE(one.groups.size() == 1);
  CHECK(one.groups[0].du == 350);
  CHECK(one.groups[0].dv == 180);
  CHECK(one.groups[0].vth == 6169);
  CHECK(one.groups[0].hasExpected);
  CHECK(one.groups[0].recorded == std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(one.groups[0].u.size() == 1600);

  const GoldenCase two = good(readGoldenCase(shipped("p02_two_layer_delays")));
  REQUIRE(two.connections.size() == 2);
  CHECK(two.connections[0].kind == "delay");
  CHECK(two.connections[0].delays.size() == 16 * 24);
  CHECK(two.connections[1].kind == "dense");
  CHECK(two.connections[1].delays.empty());
  CHECK(two.connections[1].weightExponent == -1);
  CHECK(two.connections[1].weightBits == 6);
  CHECK(two.connections[1].signMode == "AUTO");
  CHECK(two.connections[1].source == "h");
  CHECK(two.connections[1].target == "o");
  // Against the same arrays by another way.
  const DenseArray weights = good(readDense(shipped("p02_two_layer_delays"), "connections/01/weights"));
  REQUIRE(weights.values.size() == two.connections[1].weights.size());
  for (size_t k = 0; k < weights.values.size(); ++k)
    CHECK(static_cast<double>(two.connections[1].weights[k]) == weights.values[k]);
  CHECK(good(readGoldenCase(shipped("p03_recurrent32"))).steps == 300);
}

TEST_CASE("connections come in the order of their numbers") {
  const GoldenCase made =
      good(readGoldenCase(changed("f.move('connections/00', 'connections/10'); f.move('connections/01', 'connections/9')")));
  REQUIRE(made.connections.size() == 2);
  CHECK(made.connections[0].name == "9");
  CHECK(made.connections[1].name == "10");
}

TEST_CASE("a case without expected results, and with part of the neurons recorded") {
  CHECK_FALSE(good(readGoldenCase(changed("del f['expected']"))).groups[0].hasExpected);
  const GoldenCase part =
      good(readGoldenCase(changed("e = f['expected/h']\nfor k in 'uv':\n  a = e[k][()][:, [3, 1]]; del e[k]; e[k] = a\n"
                                  "del e['recorded']; e['recorded'] = np.array([3, 1]); del e.attrs['all_neurons']")));
  CHECK(part.groups[0].recorded == std::vector<uint32_t>{3, 1});
  CHECK(part.groups[0].u.size() == 400);
}

TEST_CASE("unknown keys anywhere are errors") {
  for (const auto &[line, place, key] : std::initializer_list<std::tuple<const char *, const char *, const char *>>{
           {"f.attrs['seed'] = 1", "attributes of the file", "seed"},
           {"f.create_group('probes')", "groups of the file", "probes"},
           {"f['extra'] = 1", "data sets of the file", "extra"},
           {"f['inputs'].attrs['x'] = 1", "inputs", "x"},
           {"f['groups/x'] = 1", "groups", "x"},
           {"f['inputs/in'].attrs['rate'] = 1", "inputs/in", "rate"},
           {"f['inputs/in/more'] = 1", "inputs/in", "more"},
           {"f.create_group('inputs/in/g')", "inputs/in", "g"},
           {"f['groups/h'].attrs['refractory'] = 1", "groups/h", "refractory"},
           {"f['groups/h/noise'] = 1", "groups/h", "noise"},
           {"f['groups/h/bias_exp'].attrs['unit'] = 1", "groups/h/bias_exp", "unit"},
           {"f['connections/00'].attrs['learning'] = 1", "connections/00", "learning"},
           {"f['connections/00/mask'] = 1", "connections/00", "mask"},
           {"f['connections'].attrs['x'] = 1", "connections", "x"},
           {"f['expected/h'].attrs['tolerance'] = 1", "expected/h", "tolerance"},
           {"f['expected/h/x'] = 1", "expected/h", "x"}})
    refusedCase(line, 1071, {std::string(place) + ": error RNV1071: unknown key", std::string("found ") + key});
  refusedCase("put('connections/01/delays', np.zeros((6, 16), 'i2'))", 1071, {"connections/01", "a dense connection has delays"});
}

TEST_CASE("another format, version, kind or model") {
  refusedCase("f.attrs['format'] = 'ranvier-golden-crossbar'", 1070,
              {"attribute format", "expected ranvier-golden-loihi, found 'ranvier-golden-crossbar'"});
  refusedCase("f.attrs['kind'] = 'learning'", 1070, {"attribute kind", "expected inference, found 'learning'"});
  refusedCase("f.attrs['version'] = 2", 1073, {"file", "attribute 'version' is out of range: expected 1..1"});
  refusedCase("f['groups/h'].attrs['model'] = 'ALIF'", 1075, {"groups/h", "unknown model: expected LIF, found ALIF"});
  refusedCase("f['connections/00'].attrs['kind'] = 'sparse'", 1075,
              {"connections/00", "unknown kind: expected dense, delay, found sparse"});
  refusedCase("f['connections/00'].attrs['sign_mode'] = 'NULL'", 1075, {"connections/00", "unknown sign mode", "found NULL"});
  refusedCase("del f['groups']; del f['connections']; del f['expected']", 1070, {"groups", "no neuron groups"});
}

TEST_CASE("every attribute and array is missed by name") {
  for (const char *key : {"format", "version", "kind", "name", "num_steps"})
    refusedCase("del f.attrs['" + std::string(key) + "']", 1072, {"attribute '" + std::string(key) + "' is missing"});
  for (const auto &[place, keys] : std::initializer_list<std::pair<std::string, std::vector<std::string>>>{
           {"inputs/in", {"n"}},
           {"groups/h", {"model", "n", "du", "dv", "vth"}},
           {"connections/00", {"src", "dst", "kind", "weight_exp", "num_weight_bits", "sign_mode", "num_message_bits"}}})
    for (const std::string &key : keys)
      refusedCase("del f['" + place + "'].attrs['" + key + "']", 1072, {place, "attribute '" + key + "' is missing"});
  for (const char *path : {"inputs/in/spikes", "groups/h/bias_mant", "groups/h/bias_exp", "connections/00/weights",
                           "connections/00/delays", "expected/h/s", "expected/h/recorded", "expected/h/u", "expected/h/v"}) {
    const std::string name = path, owner = name.substr(0, name.rfind('/')), key = name.substr(name.rfind('/') + 1);
    refusedCase("del f['" + name + "']", 1072, {owner, "data set '" + key + "' is missing or holds no numbers"});
    refusedCase("put('" + name + "', 'text')", 1072, {owner, "'" + key + "'"});
  }
  refusedCase("f.attrs['num_steps'] = 'many'", 1072, {"attribute 'num_steps' is missing or no number"});
  refusedCase("f.attrs['name'] = 3", 1072, {"attribute 'name' is missing or no string"});
}

TEST_CASE("values out of range") {
  refusedCase("f.attrs['num_steps'] = 0", 1073, {"attribute 'num_steps' is out of range: expected 1..100000000"});
  refusedCase("f.attrs['num_steps'] = 10.5", 1073, {"found 10.5"});
  refusedCase("f.attrs['num_steps'] = np.nan", 1073, {"'num_steps'"});
  for (const auto &[place, key, values] : std::initializer_list<std::tuple<std::string, std::string, std::vector<int>>>{
           {"inputs/in", "n", {-1, 1 << 25}},
           {"groups/h", "n", {-1, (1 << 24) + 1}},
           {"groups/h", "du", {-1, 4096}},
           {"groups/h", "dv", {-1, 4096}},
           {"groups/h", "vth", {-1, 131072}},
           {"connections/00", "weight_exp", {-9, 8}},
           {"connections/00", "num_weight_bits", {-1, 9}},
           {"connections/00", "num_message_bits", {-1, 33}}})
    for (int value : values)
      refusedCase("f['" + place + "'].attrs['" + key + "'] = " + std::to_string(value), 1073,
                  {place, "attribute '" + key + "' is out of range"});
  refusedCase("f['inputs/in/spikes'][3, 2] = 2", 1073, {"inputs/in/spikes[74]", "expected 0..1, found 2"});
  refusedCase("f['expected/h/s'][0, 1] = -1", 1073, {"expected/h/s[1]"});
  refusedCase("f['groups/h/bias_exp'][2] = 32", 1073, {"groups/h/bias_exp[2]", "expected -31..31"});
  refusedCase("put('groups/h/bias_mant', np.full(16, 2 ** 31, 'i8'))", 1073, {"groups/h/bias_mant[0]"});
  refusedCase("f['connections/00/delays'][0, 0] = 63", 1073, {"connections/00/delays[0]", "expected 0..62, found 63"});
  refusedCase("a = f['connections/00/weights'][()].astype('f4'); a[1, 0] = 0.5; put('connections/00/weights', a)", 1073,
              {"connections/00/weights[24]", "found 0.5"});
  refusedCase("f['expected/h/recorded'][4] = 16", 1073, {"expected/h/recorded[4]", "expected 0..15, found 16"});
  CHECK(readGoldenCase(changed("f['connections/00/delays'][0, 0] = 62")));
}

TEST_CASE("shapes that do not fit") {
  refusedCase("put('inputs/in/spikes', np.zeros((200, 23), 'i1'))", 1074,
              {"inputs/in/spikes", "wrong shape: expected [200, 24], found [200, 23]"});
  refusedCase("f['inputs/in'].attrs['n'] = 25", 1074, {"inputs/in/spikes", "expected [200, 25]"});
  refusedCase("put('groups/o/bias_exp', np.zeros((6, 1), 'i1'))", 1074, {"groups/o/bias_exp", "expected [6], found [6, 1]"});
  refusedCase("put('connections/00/weights', np.zeros((24, 16), 'i2'))", 1074,
              {"connections/00/weights", "expected [16, 24], found [24, 16]"});
  refusedCase("put('connections/00/delays', np.int16(3))", 1074, {"connections/00/delays", "found []"});
  refusedCase("put('expected/h/u', np.zeros((200, 15), 'i4'))", 1074, {"expected/h/u", "expected [200, 16]"});
  refusedCase("put('expected/h/s', np.zeros((199, 16), 'i1'))", 1074, {"expected/h/s", "expected [200, 16]"});
  refusedCase("e = f['expected/h']; put('expected/h/recorded', np.arange(3))", 1074,
              {"expected/h/recorded", "all_neurons is set, but neurons are missing: expected 16 neurons, found 3"});
  refusedCase(
      "del f['inputs/in/spikes']; f.create_dataset('inputs/in/spikes', shape=(1 << 20, 1 << 20), dtype='i1', chunks=(1024, 1024))",
      1002, {"/inputs/in/spikes"});
}

TEST_CASE("names that lead nowhere, or to two things") {
  refusedCase("f['connections/01'].attrs['src'] = 'x'", 1076,
              {"connections/01", "unknown source: expected a group or an input, found 'x'"});
  refusedCase("f['connections/01'].attrs['dst'] = 'in'", 1076, {"connections/01", "unknown target: expected a group, found 'in'"});
  refusedCase("f.move('expected/h', 'expected/x')", 1076, {"expected/x", "results of an unknown group"});
  refusedCase("f.copy('inputs/in', 'inputs/h')", 1076, {"groups/h", "an input has the same name"});
}

TEST_CASE("files that are no golden case at all") {
  const std::string nir = foreign("old.nir"), none = fresh(".h5");
  refused(readGoldenCase(nir), 1071, nir, {"unknown key"});
  refused(readGoldenCase(none), 1001, none, {"cannot open"});
}

TEST_CASE("results are written as <group>/s, u, v of all neurons, and atomically") {
  const std::string path = fresh(".h5");
  const std::vector<GoldenResult> results{{"h", 2, {0, 1, 1, 0, 0, 0}, {1, -2, 3, -4, 5, -6}, {INT32_MIN, INT32_MAX, 0, 0, 0, 7}},
                                          {"o", 1, {1, 0, 1}, {1, 2, 3}, {4, 5, 6}}};
  good(writeGoldenResults(path, 3, results));
  CHECK(good(readDense(path, "h/s")).shape == Shape{3, 2});
  CHECK(good(readDense(path, "h/s")).values == std::vector<double>{0, 1, 1, 0, 0, 0});
  CHECK(good(readDense(path, "h/v")).values == std::vector<double>{-2147483648.0, 2147483647.0, 0, 0, 0, 7});
  CHECK(good(readDense(path, "o/u")).values == std::vector<double>{1, 2, 3});
  const std::string before = slurp(path);
  refused(writeGoldenResults(path, 4, results), 1011, path, {"h/s", "a shape does not fit"});
  refused(writeGoldenResults(path, 3, {{"a//b", 2, results[0].s, results[0].u, results[0].v}}), 1011, path, {"a//b"});
  {
    const FileSizeLimit full(1000);
    refused(writeGoldenResults(path, 3, results), 1010, path, {"File too large"});
  }
  CHECK(slurp(path) == before);
}
