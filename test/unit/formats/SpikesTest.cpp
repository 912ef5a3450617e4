//===- SpikesTest.cpp - Spike files of every kind, read -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Spikes.h"
#include "Helpers.h"
#include <iostream>
#include <limits>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace doctest {
template <> struct StringMaker<SpikeEvent> {
  static String convert(const SpikeEvent &e) {
    return ("(" + std::to_string(e.step) + ", " + std::to_string(e.neuron) + ", " + std::to_string(e.value) + ")").c_str();
  }
};
template <typename T> struct StringMaker<std::vector<T>> {
  static String convert(const std::vector<T> &values) {
    String out = "[";
    for (const T &value : values)
      out += StringMaker<T>::convert(value) + String(" ");
    return out + "]";
  }
};
} // namespace doctest

namespace {
using Events = std::vector<SpikeEvent>;

std::string made(const std::string &suffix, const std::string &bytes) {
  const std::string path = fresh(suffix);
  write(path, bytes);
  return path;
}
SpikeTrain only(Result<SpikeTrains> read) {
  const SpikeTrains trains = good(std::move(read));
  REQUIRE(trains.size() == 1);
  CHECK(trains.begin()->first == "");
  return trains.begin()->second;
}
SpikeTrain csv(const std::string &text, const SpikeReadOptions &options = {}) {
  return only(readSpikes(made(".csv", text), options));
}
void refusedCsv(const std::string &text, unsigned code, std::initializer_list<std::string> parts) {
  const std::string path = made(".csv", text);
  refused(readSpikes(path, {}), code, path, parts);
}
/// One event of N-MNIST.
std::string event(uint8_t x, uint8_t y, bool on, uint32_t micros) {
  const char bytes[5] = {static_cast<char>(x), static_cast<char>(y), static_cast<char>((on ? 128u : 0u) | (micros >> 16 & 127u)),
                         static_cast<char>(micros >> 8), static_cast<char>(micros)};
  return std::string(bytes, 5);
}
} // namespace

TEST_CASE("CSV with and without header, values, comments, blanks") {
  const Events two{{1, 3}, {2, 0}};
  CHECK(csv("step,neuron\n1,3\n2,0\n").events == two);
  CHECK(csv("1,3\n2,0").events == two);
  CHECK(csv("2,0\r\n1,3\r\n").events == two); // Sorted.
  CHECK(csv("# made by hand\n\nstep, neuron\n 1 ,\t3 \n# more\n2,0\n\n").events == two);
  CHECK(csv("\xEF\xBB\xBFstep,neuron\n1,3\n2,0\n").events == two);
  CHECK(csv("step,neuron,value\n1,3,1\n2,0,-2.5e-1\n").events == Events{{1, 3, 1}, {2, 0, -0.25f}});
  CHECK(csv("1,3\n1,4,2\n").events == Events{{1, 3, 1}, {1, 4, 2}});
  CHECK(csv("1,3\n1,3\n2,0,0.5\n2,0,0.25\n").events == Events{{1, 3, 1}, {2, 0, 0.75f}}); // A spike is a flag; values add up,
  CHECK(csv("1,3\n1,3,2\n1,3\n").events == Events{{1, 3, 4}});                            // and plain ones among them count 1.
  CHECK(csv("").events.empty());
  CHECK(csv("step,neuron\n").events.empty());
  CHECK(csv("7,4\n").neurons == 5);
  CHECK(csv("7,4\n").steps == 0);
  CHECK(csv("1,1\n2,2\n3,3\n", {.steps = 2}).events == Events{{1, 1}, {2, 2}});
  CHECK(csv("4000000000,4294967293\n").events == Events{{4000000000u, 4294967293u}});
  CHECK(only(readSpikes(made(".txt", "1,3\n2,0\n"), {})).events == two);
}

TEST_CASE("CSV that is wrong, by line") {
  refusedCsv("time,neuron\n1,3\n", 1051,
             {"line 1", "unknown header: expected step,neuron or step,neuron,value, found time,neuron"});
  refusedCsv("# c\nt\n", 1051, {"line 2"});
  refusedCsv("\"step\",\"neuron\"\n", 1051, {"line 1"});
  for (const char *row : {"1",        "1,",    ",1",    "1,2,",         "1,2,3,4",      "1;2",          "0,3",     "-1,3",
                          "1,-3",     "1.5,3", "1,3.5", "4000000001,0", "4294967296,0", "1,4294967294", "1,2,nan", "1,2,inf",
                          "1,2,1e99", "1,2,x", "one,2", "0x1,2",        "+1,2",         "1 2"}) {
    INFO(row);
    refusedCsv(std::string("step,neuron\n1,1\n") + row + "\n2,2\n", 1052,
               {"line 3", "not a spike: expected step (from 1),neuron[,value]"});
  }
  refusedCsv("1,1\nstep,neuron\n", 1052, {"line 2"});
  refusedCsv("1,1\n" + std::string(1, '\0') + "\n", 1052, {"line 2"});
  refusedCsv("1,1,3e38\n1,1,3e38\n", 1055, {"a value is not finite"}); // The sum is not.
}

TEST_CASE("N-MNIST events: x, y, polarity, 23 bits of microseconds") {
  const std::string bytes = event(0, 0, false, 0) + event(33, 2, true, 999) + event(33, 2, true, 1000) + event(5, 33, false, 2500) +
                            event(5, 33, false, 2999);
  const SpikeTrain train = only(readSpikes(made(".bin", bytes), {.dt = 1e-3}));
  CHECK(train.neurons == 2 * 34 * 34);
  // Neuron (polarity * 34 + y) * 34 + x; two events of a pixel in a step are one of value 2.
  CHECK(train.events == Events{{1, 0}, {1, (34 + 2) * 34 + 33}, {2, (34 + 2) * 34 + 33}, {3, 33 * 34 + 5, 2}});
  CHECK(train.uncounted == 0);
  const SpikeTrain plain = only(readSpikes(made(".bin", bytes), {.dt = 1e-3, .countEvents = false}));
  CHECK(plain.events == Events{{1, 0}, {1, (34 + 2) * 34 + 33}, {2, (34 + 2) * 34 + 33}, {3, 33 * 34 + 5}});
  CHECK(plain.uncounted == 1);
}

TEST_CASE("N-MNIST time runs over by 2^13 us at each event with y = 240") {
  const std::string bytes = event(1, 1, false, 8191) + event(0, 240, false, 77) + event(1, 1, false, 8191) +
                            event(9, 240, true, 0) + event(0, 240, true, 0) + event(1, 1, false, 0);
  const SpikeTrain train = only(readSpikes(made(".bin", bytes), {.dt = 1e-3}));
  // 8191, 8191 + 8192, 0 + 3 * 8192 us; the markers themselves are no events.
  CHECK(train.events == Events{{9, 35}, {17, 35}, {25, 35}});
  const std::string late = event(1, 1, false, 0x7FFFFF); // All 23 bits.
  CHECK(only(readSpikes(made(".bin", late), {.dt = 1e-6})).events == Events{{8388608, 35}});
}

TEST_CASE("N-MNIST files that are wrong, and sensors of other shapes") {
  const std::string odd = made(".bin", "123456"), empty = made(".bin", ""),
                    outside = made(".bin", event(1, 1, true, 0) + event(34, 0, true, 0));
  refused(readSpikes(odd, {}), 1053, odd, {"not an event file: expected a multiple of 5 bytes, found 6 bytes"});
  refused(readSpikes(empty, {}), 1053, empty, {"found 0 bytes"});
  refused(readSpikes(outside, {}), 1053, outside,
          {"event 1", "an event lies outside the sensor: expected x < 34, y < 34, polarity < 2, found 34, 0, 1"});
  CHECK(only(readSpikes(outside, {.sensorShape = {2, 2, 40}})).events == Events{{1, 2 * 40 + 34}, {1, 3 * 40 + 1}});
  refused(readSpikes(outside, {.sensorShape = {1, 40, 40}}), 1053, outside, {"event 0", "polarity < 1"});
  refused(readSpikes(outside, {.sensorShape = {1u << 20, 1u << 20, 1u << 20}}), 1053, outside, {"the sensor is too large"});
  refused(readSpikes(outside, {.dt = 1e-18}), 1053, outside, {});
}

TEST_CASE("a real N-MNIST recording") {
  const std::string path = RANVIER_SHARED_DIR "/networks/nir/nmnist_cnn/sample_nmnist.bin";
  if (!exists(path)) {
    std::cout << "SKIP: sample_nmnist.bin of the shared folder is not there" << std::endl;
    return;
  }
  const SpikeTrain all = only(readSpikes(path, {.dt = 1e-3})),
                   cut = only(readSpikes(path, {.dt = 1e-3, .sensorShape = {}, .steps = 300}));
  const auto total = [](const SpikeTrain &train) {
    float sum = 0;
    for (const auto &e : train.events)
      sum += e.value;
    return sum;
  };
  CHECK(total(all) == 4325); // As its README says: 4325 events to 311 ms, 4302 of them in 300 frames.
  CHECK(total(cut) == 4302);
  CHECK(all.events.front().step == 1);
  CHECK(all.events.back().step == 312);
}

TEST_CASE("NIRGraphData: events, valued events, grids, graphs in graphs, samples") {
  const std::string path = foreign("graph_data.h5");
  const SpikeTrains first = good(readSpikes(path, {.dt = 1e-3}));
  REQUIRE(first.size() == 4);
  CHECK(first.at("events").events == Events{{1, 0}, {4, 3}}); // Padding is left out; time t is step floor(t / dt) + 1.
  CHECK(first.at("events").neurons == 4);
  CHECK(first.at("valued").events == Events{{1, 0, 2.5f}});
  CHECK(first.at("part.grid").events == Events{{1, 1}, {3, 0}});
  CHECK(first.at("part.grid").steps == 3);
  CHECK(first.at("coarse").events == Events{{3, 0, 1}, {13, 0, 2}}); // Rows of 5 ms: the middle of a row decides.
  const SpikeTrains second = good(readSpikes(path, {.dt = 1e-3}, 1));
  CHECK(second.at("events").events == Events{{2, 1}, {11, 2}});
  CHECK(second.at("valued").events == Events{{2, 1, -3}});
  CHECK(second.at("part.grid").events == Events{{2, 1}});
  refused(readSpikes(path, {.dt = 1e-3}, 2), 1056, path,
          {"/nodes/coarse/observables/spikes/data", "the sample does not exist: expected 0..1, found 2"});
  CHECK(good(readSpikes(path, {.dt = 1e-2})).at("events").events == Events{{1, 0}, {1, 3}}); // A coarser step.
}

TEST_CASE("NIRGraphData that is wrong") {
  const std::string original = foreign("graph_data.h5");
  auto changed = [&](const std::string &line) {
    const std::string path = made(".h5", slurp(original));
    h5py(path, "e = f['nodes/events/observables/spikes']\n" + line);
    return path;
  };
  const auto refusedData = [&](const std::string &line, unsigned code, std::initializer_list<std::string> parts) {
    INFO(line);
    const std::string path = changed(line);
    refused(readSpikes(path, {.dt = 1e-3}), code, path, parts);
  };
  refusedData("e['idx'][0, 1] = 4", 1055, {"/nodes/events/observables/spikes/idx[1]", "no such neuron: expected 0..3, found 4"});
  refusedData("e['time'][0, 0] = -0.001", 1054,
              {"/nodes/events/observables/spikes/time[0]", "a spike time is negative or too late"});
  refusedData("e['time'][0, 0] = float('nan')", 1054, {"time[0]"});
  refusedData("e['time'][0, 1] = float('inf')", 1054, {"time[1]"}); // Only padding may have it.
  refusedData("del e['time']", 1057, {"/nodes/events/observables/spikes", "no event data"});
  refusedData("del e['time']; e['time'] = [[1.0]]", 1057, {"of one shape"});
  refusedData("e.attrs['n_neurons'] = -1", 1055, {"/nodes/events/observables/spikes@n_neurons"});
  refusedData("del f['nodes/events/observables']", 1057,
              {"/nodes/events/observables", "the node has no spikes: expected an observable 'spikes'"});
  refusedData("del f['nodes']", 1057, {"/nodes", "has no nodes"});
  // A lone observable of another name may be a voltage.
  refusedData("f.move('nodes/coarse/observables/spikes', 'nodes/coarse/observables/v')", 1057,
              {"/nodes/coarse/observables", "the node has no spikes"});
  CHECK(readSpikes(changed("f.move('nodes/events/observables/spikes', 'nodes/events/observables/events')"), {.dt = 1e-3}));
  CHECK(readSpikes(changed("f.move('nodes/part/nodes/grid/observables/spikes', 'nodes/part/nodes/grid/observables/z')"),
                   {.dt = 1e-3}));
  CHECK(good(readSpikes(changed("del e.attrs['n_neurons']"), {.dt = 1e-3})).at("events").neurons == 4);
}

TEST_CASE("SONATA spikes: populations, units, any order, the older layout") {
  const SpikeTrains trains = good(readSpikes(foreign("sonata.h5"), {.dt = 1e-3}));
  REQUIRE(trains.size() == 3);
  for (const char *name : {"v1", "lgn", "slow"}) { // Milliseconds in words, by default, and seconds.
    CHECK(trains.at(name).events == Events{{1, 0}, {4, 7}, {13, 0}});
    CHECK(trains.at(name).neurons == 8);
  }
  CHECK(only(readSpikes(foreign("old_sonata.h5"), {.dt = 1e-3})).events == Events{{2, 5}, {3, 6}});
  CHECK(good(readSpikes(foreign("sonata.h5"), {.dt = 0.1})).at("v1").events == Events{{1, 0}, {1, 7}});
}

TEST_CASE("SONATA spikes that are wrong") {
  const std::string units = foreign("parsec.h5");
  refused(readSpikes(units, {}), 1058, units, {"/spikes/p/timestamps@units", "unknown unit of time: expected ms or s, found 'us'"});
  const auto refusedData = [&](const std::string &line, unsigned code, std::initializer_list<std::string> parts) {
    INFO(line);
    const std::string path = made(".h5", slurp(foreign("sonata.h5")));
    h5py(path, "g = f['spikes/v1']\n" + line);
    refused(readSpikes(path, {}), code, path, parts);
  };
  refusedData("del g['node_ids']", 1058, {"/spikes/v1", "timestamps and node_ids of one length"});
  refusedData("del g['node_ids']; g['node_ids'] = [1, 2]", 1058, {"/spikes/v1"});
  refusedData("g['timestamps'][2] = -1", 1054, {"/spikes/v1/timestamps[2]", "negative or too late"});
  refusedData("g['timestamps'][2] = 1e30", 1054, {"/spikes/v1/timestamps[2]"});
  refusedData("g['node_ids'][1] = 2**32 - 2", 1055, {"/spikes/v1/node_ids[1]", "no such neuron"});
  refusedData("del g['node_ids']; g['node_ids'] = [0.5, 1, 2]", 1055, {"/spikes/v1/node_ids[0]", "found 0.5"});
  refusedData("del f['spikes']; f.create_group('spikes')", 1058, {"/spikes", "no SONATA spikes"});
}

TEST_CASE("dense arrays [T, N] and [S, T, N]") {
  const std::string three = foreign("dense.h5"), two = foreign("dense_one.h5");
  const SpikeTrain first = only(readSpikes(three, {}, 0)), second = only(readSpikes(three, {}, 1));
  CHECK(first.events == Events{{2, 2}});
  CHECK(first.neurons == 3);
  CHECK(first.steps == 4);
  CHECK(second.events == Events{{1, 0}, {4, 1, 7}});
  CHECK(only(readSpikes(three, {.steps = 3}, 1)).events == Events{{1, 0}});
  CHECK(only(readSpikes(three, {.dt = 1}, 1)).events == second.events); // Rows are steps.
  CHECK(only(readSpikes(two, {})).events == Events{{1, 1}, {2, 0, 0.5f}});
  refused(readSpikes(three, {}, 2), 1056, three, {"/input_spikes", "the sample does not exist: expected 0..1, found 2"});
  refused(readSpikes(two, {}, 1), 1056, two, {"expected 0..0, found 1"});
  const auto refusedData = [&](const std::string &array, std::initializer_list<std::string> parts) {
    INFO(array);
    const std::string path = made(".h5", slurp(two));
    h5py(path, "del f['input_spikes']; f['input_spikes'] = " + array);
    refused(readSpikes(path, {}), 1056, path, parts);
  };
  refusedData("[1, 0]", {"/input_spikes", "not an array of spikes", "[T, N] or [S, T, N], found 1 axes"});
  refusedData("np.zeros((1, 1, 1, 1))", {"found 4 axes"});
  refusedData("'text'", {"found no numbers"});
  refusedData("[[0, float('nan')]]", {"/input_spikes[1]", "a value is not finite"});
  refusedData("[[0, 1e300]]", {"/input_spikes[1]", "a value is not finite"});
  refusedData("np.zeros((0, 2, 2))", {"the sample does not exist: expected at least one"});
}

TEST_CASE("what is no spike file") {
  const std::string other = made(".dat", "1,2\n"), numbers = foreign("numbers.h5"), cut = made(".h5", "not HDF5"),
                    missing = fresh(".csv");
  refused(readSpikes(other, {}), 1050, other, {"unknown kind of spike file: expected .csv, .txt, .bin or HDF5"});
  refused(readSpikes(numbers, {}), 1050, numbers, {"no spikes in this HDF5 file"});
  refused(readSpikes(cut, {}), 1001, cut, {"the file is not HDF5"});
  refused(readSpikes(missing, {}), 9001, missing, {"cannot open the file"});
  refused(readSpikes(folder(), {}), 1050, folder(), {});
  const std::string renamed = made(".spikes", slurp(foreign("dense.h5"))); // Contents count before the name.
  CHECK(readSpikes(renamed, {}));
  for (const double dt : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    refused(readSpikes(renamed, {.dt = dt}), 1054, renamed, {"the time step is not positive"});
}
