//===- EventSetsTest.cpp - Recordings of sensors as data sets -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "EventBins.h"
#include "Helpers.h"
#include "ranvier/Support/Random.h"
#include <filesystem>
#include <limits>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
/// One event of five bytes.
std::string event(unsigned x, unsigned y, unsigned p, unsigned micros) {
  const uint8_t bytes[] = {static_cast<uint8_t>(x), static_cast<uint8_t>(y), static_cast<uint8_t>(p << 7 | micros >> 16),
                           static_cast<uint8_t>(micros >> 8), static_cast<uint8_t>(micros)};
  return {reinterpret_cast<const char *>(bytes), 5};
}
/// Time goes on by 2^13 us.
const std::string overflow = event(3, 240, 1, 17);

/// A sensor of 2 x 4 x 6, of which the middle 2 x 3 are taken: rows 1 and 2, columns 1 to 3.
CameraOptions small(Polarity polarity = Polarity::Both) {
  return {.bins = {.steps = 3, .dt = 1e-3}, .sensor = {2, 4, 6}, .crop = {2, 3}, .polarity = polarity};
}
std::vector<uint8_t> binned(const std::string &bytes, const CameraOptions &options, EventCounts &counts) {
  std::vector<uint8_t> cells(size_t(options.bins.steps) * good(neuronsOf(options)), 0);
  good(binCameraEvents(bytes, "x.bin", options, cells, counts));
  return cells;
}
std::vector<size_t> spikes(const std::vector<uint8_t> &cells) {
  std::vector<size_t> out;
  for (size_t k = 0; k < cells.size(); ++k)
    if (cells[k])
      out.push_back(k);
  return out;
}

/// A folder of recordings, written file by file.
std::string recordings(std::initializer_list<std::pair<std::string, std::string>> files) {
  const std::string folder = fresh("");
  for (const auto &[name, bytes] : files) {
    std::filesystem::create_directories(std::filesystem::path(folder + "/" + name).parent_path());
    write(folder + "/" + name, bytes);
  }
  return folder;
}

/// A file of SHD's form: three samples, one of them empty, times in binary16.
std::string cochlea(const std::string &change = "") {
  const std::string path = fresh(".h5");
  good(writeDataSet(path, {.samples = 1, .steps = 1, .neurons = 1, .spikes = {0}}));
  h5py(path, "del f['input_spikes']\n"
             "t = [[0.0, 0.25, 0.25, 0.5, 0.96875], [], [0.125, 4.0]]; u = [[0, 3, 3, 9, 4], [], [7, 1]]\n"
             "f.create_dataset('spikes/times', (3,), dtype=h5py.vlen_dtype('f2')); f.create_dataset('spikes/units', (3,), "
             "dtype=h5py.vlen_dtype('u2'))\n"
             "for k in range(3): f['spikes/times'][k] = np.array(t[k], 'f2'); f['spikes/units'][k] = np.array(u[k], 'u2')\n"
             "f['labels'] = np.array([4, 0, 4], 'u1'); f['extra/keys'] = np.array([b'a', b'b'])\n" +
                 change);
  return path;
}
AudioOptions ten(uint32_t channels = 0) { return {.bins = {.steps = 4, .dt = 0.25}, .units = 10, .channels = channels}; }
void refusedAudio(const std::string &change, unsigned code, std::initializer_list<std::string> parts) {
  INFO(change);
  const std::string path = cochlea(change);
  refused(readAudioSpikes(path, ten()), code, path, parts);
}
} // namespace

TEST_CASE("events of a camera by hand: crop, planes, steps and what is left out") {
  // In: (1,1) of both planes in step 1, (3,2) in step 2 twice, (2,1) in step 3 by an overflow; out: a corner, and step 9.
  const std::string bytes = event(1, 1, 0, 0) + event(1, 1, 1, 999) + event(3, 2, 1, 1000) + event(3, 2, 1, 1999) +
                            event(0, 0, 1, 5) + event(4, 1, 0, 5) + event(2, 1, 1, 2000) + overflow + event(2, 1, 0, 0);
  EventCounts both;
  CHECK(spikes(binned(bytes, small(), both)) == std::vector<size_t>{0, 6, 12 + 6 + 5, 24 + 6 + 1});
  CHECK(both.events == 8);
  CHECK(both.spikes == 4);
  CHECK(both.merged == 1);
  CHECK(both.outside == 2);
  CHECK(both.late == 1);
  CHECK(both.otherPolarity == 0);
  EventCounts on, off, merged;
  CHECK(spikes(binned(bytes, small(Polarity::On), on)) == std::vector<size_t>{0, 6 + 5, 12 + 1});
  CHECK(on.otherPolarity == 2);
  CHECK(on.outside == 1);
  CHECK(spikes(binned(bytes, small(Polarity::Off), off)) == std::vector<size_t>{0});
  CHECK(off.otherPolarity == 5);
  CHECK(spikes(binned(bytes, small(Polarity::Merged), merged)) == std::vector<size_t>{0, 6 + 5, 12 + 1});
  CHECK(merged.merged == 2);
  for (const EventCounts &c : {both, on, off, merged})
    CHECK(c.events == c.spikes + c.merged + c.late + c.outside + c.otherPolarity);
}

TEST_CASE("a folder for each class") {
  const std::string folder = recordings({{"7/b.bin", event(1, 1, 0, 0)},
                                         {"7/a.bin", event(2, 1, 0, 0)},
                                         {"10/z.bin", event(3, 1, 0, 0)},
                                         {"0/only.bin", overflow},
                                         {".hidden", ""},
                                         {"7/.DS_Store", "x"}});
  const EventSet set = good(readCameraFolder(folder, small()));
  CHECK(set.names == std::vector<std::string>{"0/only.bin", "7/a.bin", "7/b.bin", "10/z.bin"});
  CHECK(set.data.labels == std::vector<int64_t>{0, 7, 7, 10});
  CHECK(spikes(set.data.spikes) == std::vector<size_t>{36 + 1, 72, 108 + 2});
  CameraOptions some = small();
  some.bins.labels = {7, 10};
  some.bins.samplesPerClass = 1;
  CHECK(good(readCameraFolder(folder, some)).names == std::vector<std::string>{"7/a.bin", "10/z.bin"});
  // What is written is what a data set is read from.
  const std::string path = fresh(".h5");
  good(writeDataSet(path, set.data, set.names));
  const DataSet back = good(readDataSet(path));
  CHECK(back.spikes == set.data.spikes);
  CHECK(back.labels == set.data.labels);
  CHECK(back.dt == 1e-3);
}

TEST_CASE("folders that are no set of recordings") {
  const std::string ok = event(1, 1, 0, 0);
  auto bad = [&](std::initializer_list<std::pair<std::string, std::string>> files, unsigned code, const std::string &below,
                 std::initializer_list<std::string> parts) {
    const std::string folder = recordings(files);
    refused(readCameraFolder(folder, small()), code, folder + below, parts);
  };
  bad({{"one/a.bin", ok}}, 1064, "", {"one", "folders called by the number of their class"});
  bad({{"-1/a.bin", ok}}, 1064, "", {"-1"});
  bad({{"1/a.bin", ok}, {"2", ""}}, 1064, "", {"found '2'"});
  bad({{"1/a.bin", ok}, {"01/a.bin", ok}}, 1064, "", {"two folders of one class"});
  bad({{"1/a.aedat", ok}}, 1064, "/1", {"a.aedat", "files ending in .bin"});
  bad({{"1/a.bin", ok + "x"}}, 1053, "/1/a.bin", {"a multiple of 5 bytes", "6 bytes"});
  bad({{"1/a.bin", ""}}, 1053, "/1/a.bin", {});
  bad({{"1/a.bin", ok + event(6, 0, 0, 0)}}, 1053, "/1/a.bin", {"event 1", "x < 6"});
  const std::string empty = recordings({{"1/.keep", ""}});
  refused(readCameraFolder(empty, small()), 1068, empty, {"no samples"});
  refused(readCameraFolder(empty + "/none", small()), 9001, empty + "/none", {"cannot read the folder"});
  const std::string one = recordings({{"1/a.bin", ok}});
  CameraOptions options = small();
  options.bins.steps = 4294967295u;
  refused(readCameraFolder(one, options), 1068, one, {"at most 2^32 cells", "4294967295 steps"});
}

TEST_CASE("options that no set can have") {
  const std::string one = recordings({{"1/a.bin", event(1, 1, 0, 0)}});
  auto bad = [&](auto change, const std::string &place) {
    CameraOptions options = small();
    change(options);
    refused(readCameraFolder(one, options), 1067, "", {place});
  };
  bad([](auto &o) { o.bins.steps = 0; }, "steps");
  bad([](auto &o) { o.bins.dt = 0; }, "dt");
  bad([](auto &o) { o.bins.dt = std::numeric_limits<double>::quiet_NaN(); }, "dt");
  bad([](auto &o) { o.sensor = {3, 4, 6}; }, "sensor");
  bad([](auto &o) { o.sensor = {2, 257, 6}; }, "1..256 rows");
  bad([](auto &o) { o.crop = {5, 3}; }, "at most 4x6");
  bad([](auto &o) { o.sensor = {1, 4, 6}, o.polarity = Polarity::On; }, "polarity");
  refused(readAudioSpikes(one, {.bins = {.steps = 1, .dt = 1}, .units = 0}), 1067, "", {"units"});
  refused(readAudioSpikes(one, {.bins = {.steps = 1, .dt = 1}, .units = 8, .channels = 9}), 1067, "", {"channels"});
}

TEST_CASE("spikes of a cochlea by hand") {
  const EventSet whole = good(readAudioSpikes(cochlea(), ten()));
  CHECK(whole.data.samples == 3);
  CHECK(whole.data.labels == std::vector<int64_t>{4, 0, 4});
  // Sample 0: unit 0 in step 1, unit 3 in step 2 (twice), unit 9 in step 3, unit 4 in step 4; sample 2: unit 7 in step 1.
  CHECK(spikes(whole.data.spikes) == std::vector<size_t>{0, 13, 29, 34, 80 + 7});
  CHECK(whole.counts.events == 7);
  CHECK(whole.counts.merged == 1);
  CHECK(whole.counts.late == 1);
  // Of 10 units, 4 channels: 0-2, 3-4, 5-7, 8-9.
  CHECK(spikes(good(readAudioSpikes(cochlea(), ten(4))).data.spikes) == std::vector<size_t>{0, 5, 11, 13, 32 + 2});
  AudioOptions some = ten();
  some.bins.labels = {4};
  some.bins.samplesPerClass = 1;
  CHECK(good(readAudioSpikes(cochlea(), some)).names == std::vector<std::string>{"0"});
  some.bins.samplesPerClass = 0;
  CHECK(spikes(good(readAudioSpikes(cochlea(), some)).data.spikes) == std::vector<size_t>{0, 13, 29, 34, 40 + 7});
}

TEST_CASE("files that are no spikes of a cochlea") {
  refusedAudio("del f['spikes/times']", 1066, {"/spikes/times", "found nothing"});
  refusedAudio("del f['spikes/units']; f['spikes/units'] = np.zeros((3, 2))", 1066, {"/spikes/units", "numbers, not sequences"});
  refusedAudio("del f['spikes/units']; f.create_dataset('spikes/units', (3, 1), dtype=h5py.vlen_dtype('u2'))", 1066,
               {"/spikes/units", "found 2 axes"});
  refusedAudio("del f['spikes/units']; f.create_dataset('spikes/units', (2,), dtype=h5py.vlen_dtype('u2'))", 1066,
               {"/spikes/units", "not as many samples"});
  refusedAudio("del f['spikes/units']; f['spikes/units'] = 'x'", 1066, {"text"});
  refusedAudio("f['spikes/units'][2] = np.array([7], 'u2')", 1066, {"/spikes/units[2]", "not as many units as times", "found 1"});
  refusedAudio("f['spikes/units'][2] = np.array([7, 10], 'u2')", 1055, {"/spikes/units[2][1]", "0..9"});
  refusedAudio("f['spikes/times'][2] = np.array([0.5, -1], 'f2')", 1054, {"/spikes/times[2][1]", "negative"});
  refusedAudio("f['spikes/times'][2] = np.array([np.nan, 1], 'f2')", 1054, {"/spikes/times[2][0]"});
  refusedAudio("del f['labels']", 1062, {"/labels", "3 numbers"});
  refusedAudio("del f['labels']; f['labels'] = [1, 2]", 1062, {"/labels", "found 2"});
  refusedAudio("del f['labels']; f['labels'] = [1, 2.5, 3]", 1062, {"/labels[1]", "found 2.5"});
  refusedAudio("del f['spikes/units']; f.create_dataset('spikes/units', (3,), dtype=h5py.vlen_dtype(h5py.vlen_dtype('u2')))", 1004,
               {"/spikes/units", "a type is neither number nor text"});
  const std::string path = foreign("odd-ragged.h5");
  refused(readHdf5(path), 1004, path, {"/r", "a type is neither number nor text"}); // Only where sequences are asked for.
  const H5Group root = good(readHdf5(path, {.ragged = true}));
  CHECK(root.array("r")->lengths == std::vector<uint64_t>{0});
  CHECK_FALSE(root.array("r")->isNumber());
}

TEST_CASE("many samples that name one long sequence") {
  // The heap object of sample 0 is given to all of 4,000 samples, which would be 64 MB of 16 KB on the disk.
  const std::string path = cochlea("for n, t in (('times', 'f4'), ('units', 'u4')):\n"
                                   "  del f['spikes/' + n]\n"
                                   "  d = f.create_dataset('spikes/' + n, (4000,), dtype=h5py.vlen_dtype(t))\n"
                                   "  d[0] = np.zeros(4000, t)\n"
                                   "del f['labels']; f['labels'] = np.zeros(4000)\n");
  h5py(path, "at = {n: f['spikes/' + n].id.get_offset() for n in ('times', 'units')}\n"
             "name = f.filename; f.close()\n"
             "b = bytearray(open(name, 'rb').read())\n"
             "for n in at: b[at[n]:at[n] + 16 * 4000] = b[at[n]:at[n] + 16] * 4000\n"
             "open(name, 'wb').write(b)\n");
  const H5Group root = good(readHdf5(path, {.only = {"spikes/times"}, .ragged = true}));
  CHECK(root.array("spikes/times")->raw.size() == 4000u * 4000u * 4u);
  refused(readHdf5(path, {.maxBytes = 16 << 20, .only = {"spikes/times"}, .ragged = true}), 1002, path,
          {"/spikes/times", "16 MiB"});
  refused(readHdf5(path, {.maxNumbers = 1 << 20, .only = {"spikes/times"}, .ragged = true}), 1002, path, {"/spikes/times"});
}

TEST_CASE("damaged recordings give a set or an error that names the place") {
  const std::string good5 = event(1, 1, 0, 0) + event(3, 2, 1, 1000) + overflow + event(2, 1, 1, 2000);
  uint32_t accepted = 0;
  const uint32_t mutants = 2000;
  for (uint32_t m = 0; m < mutants; ++m) {
    std::string bytes = good5;
    for (uint32_t k = 0; k <= m % 3; ++k)
      bytes[randomWord(1, m, k, 0) % bytes.size()] = static_cast<char>(randomWord(1, m, k, 1));
    bytes.resize(bytes.size() - (m % 5 == 0 ? randomWord(1, m, 9, 0) % 5 : 0));
    const CameraOptions options = small(static_cast<Polarity>(m % 4));
    std::vector<uint8_t> cells(size_t(options.bins.steps) * good(neuronsOf(options)), 0);
    EventCounts counts;
    const auto done = binCameraEvents(bytes, "x.bin", options, cells, counts);
    if (!done) {
      CHECK(done.error().code == 1053);
      CHECK(done.error().file == "x.bin");
      continue;
    }
    ++accepted;
    CHECK(counts.spikes == spikes(cells).size());
    CHECK(counts.events == counts.spikes + counts.merged + counts.late + counts.outside + counts.otherPolarity);
  }
  CHECK(accepted > mutants / 20);
  CHECK(accepted < mutants);
}

TEST_CASE("damaged files of a cochlea") {
  const std::string whole = slurp(cochlea());
  const std::string path = fresh(".h5");
  uint32_t accepted = 0;
  const uint32_t mutants = 60;
  for (uint32_t m = 0; m < mutants; ++m) {
    std::string bytes = whole;
    for (uint32_t k = 0; k <= m % 4; ++k)
      bytes[randomWord(2, m, k, 0) % bytes.size()] = static_cast<char>(randomWord(2, m, k, 1));
    write(path, bytes);
    const auto set = readAudioSpikes(path, ten());
    accepted += bool(set);
    if (!set) {
      INFO(set.error().str());
      CHECK(set.error().file == path);
      CHECK(((set.error().code >= 1001 && set.error().code <= 1004) || (set.error().code >= 1054 && set.error().code <= 1068)));
    }
  }
  CHECK(accepted < mutants);
}
