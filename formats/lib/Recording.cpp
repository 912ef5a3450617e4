//===- Recording.cpp - What a run leaves behind ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Spikes and state rows go to chunked, extensible data sets through buffers of fixed size, so a recording may be larger than memory.
//===----------------------------------------------------------------------===//
#include "ranvier/Formats/Recording.h"
#include "Hdf5Tree.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <cmath>
#include <hdf5.h>
#include <optional>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
/// An extensible one- or two-dimensional data set with a buffer of rows.
class Column {
public:
  Column(hid_t file, const std::string &path, hid_t type, size_t width, uint64_t rowLength) : type(type), width(width), rowLength(rowLength) {
    const uint64_t rows = std::max<uint64_t>(1, (1u << 16) / std::max<uint64_t>(1, rowLength));
    capacity = rows * rowLength * width;
    const bool flat = rowLength == 1;
    const hsize_t now[2] = {0, rowLength}, most[2] = {H5S_UNLIMITED, rowLength}, chunk[2] = {rows, std::max<hsize_t>(1, rowLength)};
    const hid_t space = H5Screate_simple(flat ? 1 : 2, now, most), links = H5Pcreate(H5P_LINK_CREATE), plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(plist, 0);
    H5Pset_chunk(plist, flat ? 1 : 2, chunk);
    H5Pset_deflate(plist, 1);
    set = H5Dcreate2(file, path.c_str(), type, space, links, plist, H5P_DEFAULT);
    H5Sclose(space), H5Pclose(links), H5Pclose(plist);
  }
  ~Column() {
    if (set >= 0)
      H5Dclose(set);
  }
  Column(const Column &) = delete;
  bool good() const { return set >= 0; }
  bool append(const void *data, size_t bytes) {
    buffer.append(static_cast<const char *>(data), bytes);
    return buffer.size() < capacity || flush();
  }
  bool flush() {
    const hsize_t rows = buffer.size() / (rowLength * width);
    if (!rows)
      return true;
    const bool flat = rowLength == 1;
    const hsize_t total[2] = {written + rows, rowLength}, start[2] = {written, 0}, count[2] = {rows, rowLength};
    bool good = H5Dset_extent(set, total) >= 0;
    const hid_t space = H5Dget_space(set), memory = H5Screate_simple(flat ? 1 : 2, count, nullptr);
    good = good && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr) >= 0 &&
           H5Dwrite(set, type, memory, space, H5P_DEFAULT, buffer.data()) >= 0;
    H5Sclose(space), H5Sclose(memory);
    written += rows;
    buffer.clear();
    return good;
  }
  hid_t id() const { return set; }

private:
  hid_t type, set = -1;
  size_t width, capacity = 0;
  uint64_t rowLength, written = 0;
  std::string buffer;
};

class Hdf5Recorder final : public Recorder {
public:
  Hdf5Recorder(AtomicFile file, std::string path, double dt, std::vector<RecordedPopulation> populations)
      : target(std::move(file)), path(std::move(path)), dt(dt), populations(std::move(populations)) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    handle = H5Fcreate(target.temporaryPath().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  }
  ~Hdf5Recorder() override {
    columns.clear();
    if (handle >= 0)
      H5Fclose(handle);
  }

  Result<void> open() {
    bool good = handle >= 0;
    for (const auto &population : populations) {
      const std::string group = "populations/" + population.name;
      const hid_t word = population.isFloat ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT32;
      Columns &set = columns.emplace_back();
      set.steps = std::make_unique<Column>(handle, group + "/spike_steps", H5T_NATIVE_UINT32, 4, 1);
      set.neurons = std::make_unique<Column>(handle, group + "/spike_neurons", H5T_NATIVE_UINT32, 4, 1);
      set.times = std::make_unique<Column>(handle, "spikes/" + population.name + "/timestamps", H5T_NATIVE_DOUBLE, 8, 1);
      set.ids = std::make_unique<Column>(handle, "spikes/" + population.name + "/node_ids", H5T_NATIVE_UINT64, 8, 1);
      if (population.graded)
        set.values = std::make_unique<Column>(handle, group + "/spike_values", word, 4, 1);
      for (const auto &[name, scale] : population.states) {
        set.states.push_back(std::make_unique<Column>(handle, group + "/" + name, word, 4, population.count));
        good = good && set.states.back()->good();
        attribute(set.states.back()->id(), "scale", H5T_NATIVE_DOUBLE, &scale);
      }
      const uint32_t count = population.count;
      const hid_t owner = H5Gopen2(handle, group.c_str(), H5P_DEFAULT);
      attribute(owner, "n", H5T_NATIVE_UINT32, &count);
      H5Gclose(owner);
      good = good && set.steps->good() && set.neurons->good() && set.times->good() && set.ids->good();
      text(set.times->id(), "units", "ms");
    }
    return good ? Result<void>() : failure();
  }

  Result<void> spikes(uint32_t p, uint32_t step, std::span<const uint32_t> neurons, std::span<const int32_t> payloads) override {
    Columns &set = columns[p];
    bool good = true;
    for (size_t k = 0; k < neurons.size() && good; ++k) {
      const double time = (step - 0.5) * dt * 1e3;
      const uint64_t id = neurons[k];
      good = set.steps->append(&step, 4) && set.neurons->append(&neurons[k], 4) && set.times->append(&time, 8) && set.ids->append(&id, 8) &&
             (!set.values || payloads.empty() || set.values->append(&payloads[k], 4));
    }
    return good ? Result<void>() : failure();
  }
  Result<void> state(uint32_t p, uint32_t state, std::span<const int32_t> words) override {
    return columns[p].states[state]->append(words.data(), words.size_bytes()) ? Result<void>() : failure();
  }
  Result<void> finish(uint32_t steps) override {
    bool good = true;
    for (Columns &set : columns) {
      good = good && set.steps->flush() && set.neurons->flush() && set.times->flush() && set.ids->flush() && (!set.values || set.values->flush());
      for (auto &column : set.states)
        good = good && column->flush();
    }
    const uint32_t version = 1, magic = 0x0A7A;
    text(handle, "format", "ranvier-run");
    attribute(handle, "version", H5T_NATIVE_UINT32, &version);
    attribute(handle, "magic", H5T_NATIVE_UINT32, &magic);
    attribute(handle, "dt", H5T_NATIVE_DOUBLE, &dt);
    attribute(handle, "steps", H5T_NATIVE_UINT32, &steps);
    columns.clear();
    good = H5Fclose(std::exchange(handle, -1)) >= 0 && good;
    if (!good)
      return failure();
    return target.commit();
  }

private:
  struct Columns {
    std::unique_ptr<Column> steps, neurons, times, ids, values;
    std::vector<std::unique_ptr<Column>> states;
  };
  Error failure() const { return {.code = 1080, .message = "cannot write the recording (disk full?)", .file = path, .kind = ErrorKind::System}; }
  static void attribute(hid_t owner, const char *name, hid_t type, const void *value) {
    const hid_t space = H5Screate(H5S_SCALAR), made = H5Acreate2(owner, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(made, type, value);
    H5Aclose(made), H5Sclose(space);
  }
  static void text(hid_t owner, const char *name, const char *value) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    attribute(owner, name, type, &value);
    H5Tclose(type);
  }

  AtomicFile target;
  std::string path;
  double dt;
  std::vector<RecordedPopulation> populations;
  std::vector<Columns> columns;
  hid_t handle = -1;
};
} // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string &path, double dt, std::vector<RecordedPopulation> populations) {
  for (const auto &population : populations)
    if (population.name.empty() || population.name.find('/') != std::string::npos)
      return Error{.code = 1081, .message = "a population's name cannot be a name in HDF5", .file = path, .found = "'" + population.name + "'"};
  RANVIER_TRY(AtomicFile file, AtomicFile::create(path));
  auto out = std::make_unique<Hdf5Recorder>(std::move(file), path, dt, std::move(populations));
  RANVIER_CHECK(out->open());
  return std::unique_ptr<Recorder>(std::move(out));
}

Result<Recording> formats::readRecording(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path));
  auto wrong = [&](const std::string &place, std::string message) {
    return Error{.code = 1082, .message = std::move(message), .file = path, .place = place, .expected = "a recording of `ranvier run -o`"};
  };
  auto number = [](const std::map<std::string, H5Array> &map, const char *key) -> std::optional<double> {
    const auto at = map.find(key);
    return at != map.end() && at->second.isNumber() && at->second.count() == 1 ? std::optional<double>(at->second.number(0)) : std::nullopt;
  };
  const auto format = root.attributes.find("format");
  if (format == root.attributes.end() || format->second.texts.size() != 1 || format->second.texts[0] != "ranvier-run")
    return wrong("attribute format", "the file is no recording");
  const auto dt = number(root.attributes, "dt"), steps = number(root.attributes, "steps");
  const H5Group *populations = root.group("populations");
  if (!dt || !steps || !populations || !(*steps >= 0 && *steps < 4294967296.0))
    return wrong("attributes", "dt, steps or populations are missing");
  Recording out;
  out.dt = *dt;
  out.steps = static_cast<uint32_t>(*steps);
  for (const auto &[name, group] : populations->groups) {
    Recording::Population population;
    population.name = name;
    const auto n = number(group.attributes, "n");
    const H5Array *at = group.array("spike_steps"), *who = group.array("spike_neurons");
    if (!n || !(*n >= 0 && *n < 4294967296.0) || !at || !who || !at->isNumber() || !who->isNumber() || at->count() != who->count())
      return wrong("populations/" + name, "spikes are missing");
    population.count = static_cast<uint32_t>(*n);
    for (uint64_t k = 0; k < at->count(); ++k) {
      const double step = at->number(k), neuron = who->number(k);
      if (!(step >= 0 && step < 4294967296.0 && neuron >= 0 && neuron < *n))
        return wrong("populations/" + name, "a spike lies outside the population");
      population.spikeSteps.push_back(static_cast<uint32_t>(step));
      population.spikeNeurons.push_back(static_cast<uint32_t>(neuron));
    }
    for (const auto &[key, array] : group.arrays) {
      if (key.starts_with("spike_"))
        continue;
      if (!array.isNumber() || array.shape.size() != 2 || array.shape[1] != population.count)
        return wrong("populations/" + name + "/" + key, "a state has the wrong shape");
      const auto owner = group.arrayAttributes.find(key);
      const double scale = owner == group.arrayAttributes.end() ? 1.0 : number(owner->second, "scale").value_or(1.0);
      std::vector<double> values = array.numbers();
      for (double &value : values)
        value *= scale;
      population.states.push_back({key, std::move(values)});
    }
    out.populations.push_back(std::move(population));
  }
  return out;
}
