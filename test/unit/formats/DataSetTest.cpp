//===- DataSetTest.cpp - Labelled test sets and single arrays -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Helpers.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Formats/Spikes.h"

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
/// A set of 2 samples of 3 steps of 4 neurons: cell k is a spike if k % 3 == 0.
std::string set(bool labels = true, bool dt = true) {
  const std::string path = fresh(".h5");
  auto out = good(Hdf5Writer::create(path));
  std::vector<uint8_t> cells(24);
  for (size_t k = 0; k < cells.size(); ++k)
    cells[k] = k % 3 == 0;
  out->array("input_spikes", std::span<const uint8_t>(cells), {2, 3, 4});
  const std::vector<int32_t> classes{7, 0};
  if (labels)
    out->array("labels", std::span<const int32_t>(classes), {2});
  if (dt)
    out->attribute("", "dt", 0.002);
  out->array("ref_hidden_spikes", std::span<const uint8_t>(cells), {24});
  good(out->finish());
  return path;
}
void refusedSet(const std::string &line, unsigned code, std::initializer_list<std::string> parts) {
  INFO(line);
  const std::string path = set();
  h5py(path, line);
  refused(readDataSet(path), code, path, parts);
}
} // namespace

TEST_CASE("a labelled set") {
  const DataSet data = good(readDataSet(set()));
  CHECK(data.samples == 2);
  CHECK(data.steps == 3);
  CHECK(data.neurons == 4);
  REQUIRE(data.spikes.size() == 24);
  for (size_t k = 0; k < 24; ++k)
    CHECK(data.spikes[k] == (k % 3 == 0));
  CHECK(data.labels == std::vector<int64_t>{7, 0});
  CHECK(data.dt == 0.002);
}

TEST_CASE("labels and dt may be missing; every number type may hold spikes") {
  const DataSet data = good(readDataSet(set(false, false)));
  CHECK(data.labels.empty());
  CHECK(data.dt == 0);
  for (const char *type : {"bool", "i1", "u1", "i2", ">i4", "i8", "f4", "f8"}) {
    const std::string path = set();
    h5py(path, std::string("a = f['input_spikes'][()]; del f['input_spikes']; f['input_spikes'] = a.astype('") + type + "')");
    CHECK_MESSAGE(good(readDataSet(path)).spikes == data.spikes, type);
  }
}

TEST_CASE("sets that are wrong") {
  refusedSet("del f['input_spikes']", 1060, {"/input_spikes", "numbers of shape [samples, steps, neurons], found nothing"});
  refusedSet("del f['input_spikes']; f['input_spikes'] = np.zeros((2, 3))", 1060, {"found 2 axes"});
  refusedSet("del f['input_spikes']; f['input_spikes'] = 'x'", 1060, {"found text"});
  refusedSet("del f['input_spikes']; f['input_spikes'] = np.zeros((2, 0, 3))", 1060,
             {"/input_spikes", "an extent is 0 or too large", "found 0"});
  refusedSet("f['input_spikes'][1, 0, 1] = 2", 1061, {"/input_spikes[13]", "a cell is no spike: expected 0 or 1, found 2"});
  refusedSet("a = f['input_spikes'][()].astype('f4'); a[0, 0, 2] = np.nan; del f['input_spikes']; f['input_spikes'] = a", 1061,
             {"/input_spikes[2]", "nan"});
  refusedSet("del f['labels']; f['labels'] = [1, 2, 3]", 1062,
             {"/labels", "not one label per sample: expected 2 numbers, found 3"});
  refusedSet("del f['labels']; f['labels'] = 'x'", 1062, {"/labels", "found text"});
  refusedSet("del f['labels']; f['labels'] = [1, 2.5]", 1062, {"/labels[1]", "a label is no integer", "found 2.5"});
  refusedSet("del f['labels']; f['labels'] = [np.nan, 2]", 1062, {"/labels[0]"});
  refusedSet("f.attrs['dt'] = -1.0", 1060, {"attribute dt", "the time step is not positive"});
  refusedSet("f.attrs['dt'] = 'fast'", 1060, {"attribute dt", "found no number"});
  const std::string other = foreign("old.nir"), none = fresh(".h5");
  refused(readDataSet(other), 1060, other, {"/input_spikes"});
  refused(readDataSet(none), 1001, none, {"cannot open the file"});
}

TEST_CASE("a set that stands for more than there is memory") {
  const std::string path = set();
  h5py(path, "del f['input_spikes']; f.create_dataset('input_spikes', shape=(1 << 20, 1 << 10, 1 << 10), dtype='u1', chunks=(1, 1 "
             "<< 10, 1 << 10))");
  refused(readDataSet(path), 1002, path, {"/input_spikes"});
}

TEST_CASE("any numeric array by its path") {
  const std::string path = foreign("numbers.h5");
  const DenseArray array = good(readDense(path, "i64"));
  CHECK(array.shape == Shape{1, 2});
  CHECK(array.values == std::vector<double>{-9007199254740992.0, 9007199254740992.0});
  CHECK(good(readDense(path, "/f64")).values == std::vector<double>{3.141592653589793});
  refused(readDense(path, "vlen"), 1063, path, {"/vlen", "no numeric data set of this name"});
  refused(readDense(path, "nothing"), 1063, path, {"/nothing"});
  refused(readDense(path, "inner/most"), 1063, path, {"/inner/most"});
  refused(readDense(path, ""), 1063, path, {});
  CHECK(good(readDense(RANVIER_SOURCE_DIR "/test/golden/loihi/p02_two_layer_delays.h5", "connections/00/delays")).shape ==
        Shape{16, 24});
}
