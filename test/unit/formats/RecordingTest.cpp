//===- RecordingTest.cpp - What a run leaves behind -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Recording.h"
#include "Hdf5Sink.h"
#include "Helpers.h"
#include "Limits.h"
#include "ranvier/Formats/Spikes.h"
#include <bit>
#include <filesystem>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
using Words = std::vector<int32_t>;
using Neurons = std::vector<uint32_t>;

/// Three steps of an integer population with two states, a graded one in floats, and one of a single neuron.
std::vector<RecordedPopulation> populations() {
  return {{"lif", 3, false, false, {{"u", 0.5}, {"v", 0.25}}},
          {"graded", 2, true, true, {{"x", 1}}, 0.5},
          {"one", 1, false, false, {{"v", 2}}}};
}
int32_t bits(float value) { return std::bit_cast<int32_t>(value); }

Result<void> record(const std::string &path) {
  RANVIER_TRY(auto out, Recorder::create(path, 1e-3, populations()));
  for (uint32_t step = 1; step <= 3; ++step) {
    const Neurons spikes = step == 2 ? Neurons{0, 2} : Neurons{};
    RANVIER_CHECK(out->spikes(0, step, spikes, {}));
    RANVIER_CHECK(out->spikes(1, step, Neurons{1}, Words{bits(1.5f * static_cast<float>(step))}));
    RANVIER_CHECK(out->spikes(2, step, step == 3 ? Neurons{0} : Neurons{}, {}));
    const int32_t k = static_cast<int32_t>(step);
    RANVIER_CHECK(out->state(0, 0, Words{k, -k, 100 * k}));
    RANVIER_CHECK(out->state(0, 1, Words{4 * k, 0, -4}));
    RANVIER_CHECK(out->state(1, 0, Words{bits(0.5f), bits(-0.25f * static_cast<float>(step))}));
    RANVIER_CHECK(out->state(2, 0, Words{k}));
  }
  return out->finish(3);
}
std::string recorded() {
  const std::string path = fresh(".h5");
  good(record(path));
  return path;
}
using Values = std::vector<double>;
} // namespace

TEST_CASE("a recording comes back, states scaled") {
  const Recording back = good(readRecording(recorded()));
  CHECK(back.dt == 1e-3);
  CHECK(back.steps == 3);
  REQUIRE(back.populations.size() == 3);
  const auto &graded = back.populations[0], &lif = back.populations[1], &one = back.populations[2]; // By name.
  CHECK(lif.name == "lif");
  CHECK(lif.count == 3);
  CHECK(lif.spikeSteps == Neurons{2, 2});
  CHECK(lif.spikeNeurons == Neurons{0, 2});
  REQUIRE(lif.states.size() == 2);
  CHECK(lif.states[0].first == "u");
  CHECK(lif.states[0].second == Values{0.5, -0.5, 50, 1, -1, 100, 1.5, -1.5, 150});
  CHECK(lif.states[1].second == Values{1, 0, -1, 2, 0, -1, 3, 0, -1});
  CHECK(graded.spikeSteps == Neurons{1, 2, 3});
  CHECK(graded.spikeValues == Values{0.75, 1.5, 2.25});
  CHECK(graded.states[0].second == Values{0.5, -0.25, 0.5, -0.5, 0.5, -0.75});
  CHECK(one.count == 1);
  CHECK(one.states[0].second == Values{2, 4, 6}); // One neuron has rows, too.
}

TEST_CASE("the layout that the header promises") {
  CHECK(
      h5py(
          recorded(),
          "p = f['populations']\n"
          "print(f.attrs['format'], int(f.attrs['version']), float(f.attrs['dt']), int(f.attrs['steps']), sorted(p))\n"
          "print(int(p['lif'].attrs['n']), p['lif/spike_steps'].dtype, p['lif/u'].dtype, p['lif/u'].shape, "
          "float(p['lif/u'].attrs['scale']))\n"
          "print(p['graded/spike_values'].dtype, p['graded/spike_values'][()].tolist(), p['one/v'].shape)\n"
          "s = f['spikes/lif']; print(s['timestamps'][()].tolist(), s['node_ids'][()].tolist(), s['timestamps'].attrs['units'])") ==
      "ranvier-run 1 0.001 3 ['graded', 'lif', 'one']\n3 uint32 int32 (3, 3) 0.5\nfloat32 [1.5, 3.0, 4.5] (3, 1)\n[1.5, 1.5] [0, "
      "2] ms");
}

TEST_CASE("a recording is a SONATA spike file, too") {
  const SpikeTrains trains = good(readSpikes(recorded(), {.dt = 1e-3}));
  REQUIRE(trains.size() == 3);
  CHECK((trains.at("lif").events == std::vector<SpikeEvent>{{2, 0}, {2, 2}}));
  CHECK((trains.at("one").events == std::vector<SpikeEvent>{{3, 0}}));
}

TEST_CASE("more rows than any buffer") {
  const std::string path = fresh(".h5");
  const uint32_t steps = 3000, count = 100;
  auto out =
      good(Recorder::create(path, 1e-3, {{"p", count, false, false, {{"v", 1}}}, {"wide", 70000, false, false, {{"v", 1}}}}));
  Words row(count), wide(70000);
  for (uint32_t step = 1; step <= steps; ++step) {
    Neurons spikes;
    for (uint32_t n = 0; n < count; ++n) {
      row[n] = static_cast<int32_t>(step * count + n);
      if (n % 2 == step % 2)
        spikes.push_back(n);
    }
    good(out->spikes(0, step, spikes, {}));
    good(out->state(0, 0, row));
    if (step <= 3) {
      wide[69999] = static_cast<int32_t>(step);
      good(out->state(1, 0, wide));
    }
  }
  good(out->finish(steps));
  CHECK(h5py(path,
             "v = f['populations/p/v'][()]; s = f['populations/p/spike_steps'][()]; n = f['populations/p/spike_neurons'][()]\n"
             "print(bool((v == np.arange(100, 300100).reshape(3000, 100)).all()), len(s), bool((n % 2 == s % 2).all()), "
             "bool((np.diff(s) >= 0).all()))\n"
             "print(f['populations/wide/v'].shape, f['populations/wide/v'][:, 69999].tolist())") ==
        "True 150000 True True\n(3, 70000) [1, 2, 3]");
}

TEST_CASE("no steps, no neurons, no populations") {
  for (const auto &what :
       {std::vector<RecordedPopulation>{}, {{"none", 0, false, false, {{"v", 1}}}}, {{"still", 4, false, false, {{"v", 1}}}}}) {
    const std::string path = fresh(".h5");
    auto out = good(Recorder::create(path, 1e-3, what));
    good(out->finish(0));
    CHECK(good(readRecording(path)).populations.size() == what.size());
  }
}

TEST_CASE("names that cannot stand in a recording") {
  const std::string path = fresh(".h5");
  for (const char *name : {"", "a/b", ".", "a"})
    refused(Recorder::create(path, 1e-3, {{"a", 1, false, false, {}}, {name, 1, false, false, {}}}), 1081, path,
            {"a population's name cannot be a name", name});
  for (const char *state : {"", "a/b", ".", "spike_steps"})
    refused(Recorder::create(path, 1e-3, {{"a", 1, false, false, {{state, 1}}}}), 1081, path,
            {"population 'a'", "a state's name cannot be a name", state});
  CHECK_FALSE(exists(path));
}

TEST_CASE("a run that is interrupted leaves what was there") {
  const std::string home = fresh(""), path = home + "/out.h5";
  std::filesystem::create_directory(home);
  write(path, "earlier");
  auto out = good(Recorder::create(path, 1e-3, populations()));
  good(out->spikes(0, 1, Neurons{1}, {}));
  CHECK(filesIn(home).size() == 2);
  out.reset();
  CHECK(filesIn(home) == std::vector<std::string>{"out.h5"});
  CHECK(slurp(path) == "earlier");
  refused(Recorder::create(folder() + "/no folder/x.h5", 1e-3, {}), 9003, folder() + "/no folder/x.h5", {});
}

TEST_CASE("a full disk while a run records") {
  const std::string home = fresh(""), path = home + "/out.h5";
  std::filesystem::create_directory(home);
  write(path, "earlier");
  for (const uint64_t size : {uint64_t(10), uint64_t(3000), uint64_t(300000)}) {
    INFO(size);
    const FileSizeLimit full(size);
    const Result<void> done = [&]() -> Result<void> {
      RANVIER_TRY(auto out, Recorder::create(path, 1e-3, {{"p", 1000, false, false, {{"v", 1}}}}));
      Words row(1000);
      for (uint32_t step = 1; step <= 2000; ++step) {
        for (uint32_t n = 0; n < 1000; ++n)
          row[n] = static_cast<int32_t>(step * 2654435761u ^ n * 40503u); // Hardly compressible.
        RANVIER_CHECK(out->state(0, 0, row));
      }
      return out->finish(2000);
    }();
    refused(done, 1080, path, {"cannot write the recording", "File too large"});
    CHECK(filesIn(home) == std::vector<std::string>{"out.h5"});
    CHECK(slurp(path) == "earlier");
    CHECK(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
  }
}

TEST_CASE("recordings that are wrong") {
  const auto refusedRecording = [](const std::string &line, std::initializer_list<std::string> parts) {
    INFO(line);
    const std::string path = recorded();
    h5py(path, "p = f['populations/lif']\n" + line);
    refused(readRecording(path), 1082, path, parts);
  };
  refusedRecording("del f.attrs['format']", {"attribute format", "the file is no recording: expected ranvier-run"});
  refusedRecording("f.attrs['format'] = 'other'", {"attribute format"});
  refusedRecording("f.attrs['version'] = 2", {"attribute version", "expected 1"});
  refusedRecording("f.attrs['dt'] = 0.0", {"the attributes dt (positive) or steps"});
  refusedRecording("del f.attrs['steps']", {"steps"});
  refusedRecording("del f['populations']", {"populations are missing"});
  refusedRecording("del p.attrs['n']", {"populations/lif", "the population is incomplete"});
  refusedRecording("del p['spike_steps']; p['spike_steps'] = [1]", {"populations/lif", "of one length"});
  refusedRecording("p['spike_steps'][1] = 4",
                   {"populations/lif/spike_steps[1]", "a spike lies outside the recording: expected step 1..3, neuron below 3"});
  refusedRecording("p['spike_steps'][0] = 0", {"populations/lif/spike_steps[0]"});
  refusedRecording("p['spike_neurons'][0] = 3", {"populations/lif/spike_steps[0]"});
  refusedRecording("del p['u']; p['u'] = np.zeros((2, 3), 'i4')",
                   {"populations/lif/u", "a state has the wrong shape: expected [3, 3] numbers"});
  refusedRecording("del p['u']; p['u'] = np.zeros(9, 'i4')", {"populations/lif/u"});
  refusedRecording("del p['u'].attrs['scale']", {"populations/lif/u", "the words have no scale"});
  const std::string other = foreign("old.nir");
  refused(readRecording(other), 1082, other, {"the file is no recording", "ranvier run -o"});
}
