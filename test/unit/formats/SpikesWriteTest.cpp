//===- SpikesWriteTest.cpp - Spike files written and read back ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Helpers.h"
#include "Limits.h"
#include "ranvier/Formats/Spikes.h"
#include "ranvier/Support/Random.h"

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
const char *suffixOf(SpikeFormat format) { return format == SpikeFormat::Csv ? ".csv" : ".h5"; }
constexpr SpikeFormat formats3[] = {SpikeFormat::Csv, SpikeFormat::NirGraphData, SpikeFormat::Sonata};

/// Random spikes, the last of them in the last step.
SpikeTrain train(uint32_t neurons, uint32_t steps, bool graded, uint32_t seed) {
  SpikeTrain out{neurons, steps, {}};
  for (uint32_t step = 1; step <= steps; ++step)
    for (uint32_t n = 0; n < neurons; ++n)
      if (randomWord(seed, n, step, 0) % 7 == 0 || (step == steps && n + 1 == neurons))
        out.events.push_back({step, n, graded ? static_cast<float>(randomWord(seed, n, step, 1) % 100) / 8 + 0.5f : 1.0f});
  return out;
}
} // namespace

TEST_CASE("what is written is what is read, in every format and time step") {
  for (const SpikeFormat format : formats3)
    for (const double dt : {1e-3, 1e-4, 0.1, 1.0 / 3}) {
      const SpikeTrain made = train(20, 300, false, 7);
      const std::string path = fresh(suffixOf(format));
      good(writeSpikes(path, format, {{format == SpikeFormat::Csv ? "" : "pop", made}}, dt));
      const SpikeTrains back = good(readSpikes(path, {.dt = dt}));
      REQUIRE(back.size() == 1);
      CHECK(back.begin()->first == (format == SpikeFormat::Csv ? "" : "pop"));
      CHECK((back.begin()->second.events == made.events));
      CHECK(back.begin()->second.neurons == 20);
    }
}

TEST_CASE("times hold to the last step a run can have") {
  const SpikeTrain late{1, 0, {{1, 0}, {3999999999u, 0}, {4000000000u, 0}}};
  for (const SpikeFormat format : formats3)
    for (const double dt : {1e-3, 1e-4, 0.1, 1.0 / 3}) {
      const std::string path = fresh(suffixOf(format));
      good(writeSpikes(path, format, {{"", late}}, dt));
      CHECK((good(readSpikes(path, {.dt = dt})).begin()->second.events == late.events));
    }
}

TEST_CASE("values, several populations, and none") {
  const SpikeTrain graded = train(5, 40, true, 3), plain = train(8, 40, false, 4), none{6, 40, {}};
  const std::string data = fresh(".h5"), csv = fresh(".csv"), sonata = fresh(".h5");
  good(writeSpikes(data, SpikeFormat::NirGraphData, {{"a", graded}, {"b.c", plain}, {"empty", none}}, 1e-3));
  const SpikeTrains back = good(readSpikes(data, {}));
  REQUIRE(back.size() == 3);
  CHECK((back.at("a").events == graded.events));
  CHECK((back.at("b.c").events == plain.events));
  CHECK(back.at("empty").events.empty());
  CHECK(back.at("empty").neurons == 6);
  good(writeSpikes(csv, SpikeFormat::Csv, {{"a", graded}}, 1e-3));
  CHECK((good(readSpikes(csv, {})).at("").events == graded.events));
  CHECK(slurp(csv).substr(0, 18) == "step,neuron,value\n");
  good(writeSpikes(sonata, SpikeFormat::Sonata, {{"a", plain}, {"empty", none}}, 1e-3));
  CHECK((good(readSpikes(sonata, {})).at("a").events == plain.events));
  CHECK(good(readSpikes(sonata, {})).at("empty").events.empty());
}

TEST_CASE("NIRGraphData is laid out as nir.read_data reads it, SONATA as its tools do") {
  const SpikeTrain made{4, 10, {{2, 3}, {5, 0}}};
  const std::string data = fresh(".h5"), sonata = fresh(".h5");
  good(writeSpikes(data, SpikeFormat::NirGraphData, {{"", made}}, 1e-3));
  CHECK(h5py(data, "n = f['nodes/input']; s = n['observables/spikes']\n"
                   "print(f.attrs['__type__'], n.attrs['__type__'], s.attrs['__type__'], int(s.attrs['n_neurons']), "
                   "float(s.attrs['t_max']))\n"
                   "print(s['idx'].dtype, s['idx'].shape, s['idx'][0].tolist(), s['time'][0].tolist(), 'value' in s)") ==
        "NIRGraphData NIRNodeData EventData 4 0.01\nint64 (1, 2) [3, 0] [0.0015, 0.0045000000000000005] False");
  good(writeSpikes(sonata, SpikeFormat::Sonata, {{"", made}}, 1e-3));
  CHECK(h5py(sonata, "g = f['spikes/input']\n"
                     "print(int(f.attrs['magic']), f.attrs['version'].tolist(), g['timestamps'].attrs['units'], "
                     "g['timestamps'][()].tolist(), g['node_ids'].dtype)\n"
                     "print(int(g.attrs['sorting']), h5py.check_enum_dtype(g.attrs.get_id('sorting').dtype))") ==
        "2682 [0, 1] ms [1.5, 4.5] uint64\n2 {'none': 0, 'by_id': 1, 'by_time': 2}");
}

TEST_CASE("what a format cannot hold is not written, and an earlier file stays") {
  const SpikeTrain plain{2, 3, {{1, 0}}}, graded{2, 3, {{1, 0, 2.5f}}};
  for (const SpikeFormat format : formats3) {
    const std::string path = fresh(suffixOf(format));
    write(path, "earlier");
    auto refusedWrite = [&](const SpikeTrains &trains, double dt, unsigned code, std::initializer_list<std::string> parts) {
      refused(writeSpikes(path, format, trains, dt), code, path, parts);
      CHECK(slurp(path) == "earlier");
    };
    for (const double dt : {0.0, -1e-3, 1.0 / 0.0})
      if (format != SpikeFormat::Csv) // CSV counts steps.
        refusedWrite({{"a", plain}}, dt, 1054, {"the time step is not positive"});
    refusedWrite({{"a", {1, 1, {{0, 0}}}}}, 1e-3, 1059, {"population 'a'", "a spike outside any run", "found step 0, neuron 0"});
    refusedWrite({{"a", {1, 1, {{1, 4294967295u}}}}}, 1e-3, 1059, {"neuron 4294967295"});
    if (format == SpikeFormat::Csv) {
      refusedWrite({{"a", plain}, {"b", plain}}, 1e-3, 1059, {"a CSV file holds one population: expected 1, found 2"});
      refusedWrite({}, 1e-3, 1059, {"found 0"});
      continue;
    }
    refusedWrite({{"a/b", plain}}, 1e-3, 1059, {"population 'a/b'", "the name cannot stand in the file"});
    refusedWrite({{".", plain}}, 1e-3, 1059, {"population '.'"});
    refusedWrite({{"", plain}, {"input", plain}}, 1e-3, 1059, {"population 'input'", "different names"});
    if (format == SpikeFormat::Sonata)
      refusedWrite({{"a", graded}}, 1e-3, 1059, {"population 'a'", "SONATA spikes have no values"});
  }
}

TEST_CASE("a full disk while spikes are written") {
  const SpikeTrain made = train(100, 2000, true, 9);
  for (const SpikeFormat format : {SpikeFormat::Csv, SpikeFormat::NirGraphData}) {
    const std::string path = fresh(suffixOf(format));
    write(path, "earlier");
    const FileSizeLimit full(20000);
    const auto done = writeSpikes(path, format, {{"", made}}, 1e-3);
    refused(done, format == SpikeFormat::Csv ? 9004 : 1010, path, {"File too large"});
    CHECK(slurp(path) == "earlier");
  }
}
