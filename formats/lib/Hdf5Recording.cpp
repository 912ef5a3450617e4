//===- Hdf5Recording.cpp - A recording as an HDF5 file --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Recording.h"
#include "Hdf5Sink.h"
#include <algorithm>
#include <optional>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
/// An extensible data set of rows with a buffer: [rows], or [rows, length] for the states of a population.
class Column {
public:
  /// `reason` hears why something was refused.
  Column(hid_t file, const Hdf5Sink &sink, const std::string &path, std::string &reason, hid_t type, size_t width,
         std::optional<uint64_t> length = {})
      : sink(sink), reason(reason), type(type), width(width), flat(!length), rowLength(length.value_or(1)) {
    constexpr uint64_t cells = 1u << 16; // Of a chunk, and of the buffer.
    const uint64_t rows = std::max<uint64_t>(1, cells / std::max<uint64_t>(1, rowLength));
    capacity = rows * rowLength * width;
    const hsize_t now[2] = {0, rowLength}, most[2] = {H5S_UNLIMITED, rowLength},
                  chunk[2] = {rows, std::clamp<uint64_t>(rowLength, 1, cells)};
    const Hdf5Handle space(H5Screate_simple(flat ? 1 : 2, now, most), H5Sclose);
    const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose), how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
    H5Pset_chunk_cache(access, 0, 0, 1); // Chunks are written whole; a cache of each data set would only hold memory.
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(how, 0);
    H5Pset_chunk(how, flat ? 1 : 2, chunk);
    H5Pset_deflate(how, 1);
    set = Hdf5Handle(H5Dcreate2(file, path.c_str(), type, space, links, how, access), H5Dclose);
    worked(set);
  }
  bool good() const { return static_cast<bool>(set); }
  bool append(const void *data, size_t bytes) {
    if (buffer.capacity() < capacity) // Without this, appending would let it grow to twice as much.
      buffer.reserve(std::min(capacity, std::max(buffer.size() + bytes, 2 * buffer.capacity())));
    buffer.append(static_cast<const char *>(data), bytes);
    return buffer.size() < capacity || flush();
  }
  bool flush() {
    const hsize_t rows = buffer.empty() ? 0 : buffer.size() / (rowLength * width);
    if (!rows)
      return true;
    const hsize_t total[2] = {written + rows, rowLength}, start[2] = {written, 0}, count[2] = {rows, rowLength};
    if (!worked(H5Dset_extent(set, total)))
      return false;
    const Hdf5Handle space(H5Dget_space(set), H5Sclose), memory(H5Screate_simple(flat ? 1 : 2, count, nullptr), H5Sclose);
    if (!worked(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr)) ||
        !worked(H5Dwrite(set, type, memory, space, H5P_DEFAULT, buffer.data())))
      return false;
    written += rows;
    buffer.clear();
    return true;
  }
  hid_t id() const { return set; }

private:
  bool worked(int64_t outcome) { // Closing a handle forgets the reason.
    const bool good = outcome >= 0 && !sink.failed();
    if (!good)
      reason = sink.reason();
    return good;
  }
  const Hdf5Sink &sink;
  std::string &reason;
  hid_t type;
  Hdf5Handle set;
  size_t width, capacity = 0;
  bool flat;
  uint64_t rowLength, written = 0;
  std::string buffer;
};

class RecordingFile final : public Hdf5Recording {
public:
  RecordingFile(AtomicFile file, std::string path, double dt, std::vector<RecordedPopulation> populations)
      : target(std::move(file)), sink(target.descriptor()), path(std::move(path)), dt(dt), populations(std::move(populations)),
        handle(sink.create()) {
    if (!handle)
      reason = sink.reason();
  }

  Result<void> open() {
    const Hdf5Handle parent(H5Gcreate2(handle, "populations", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    bool good = handle && parent;
    for (const auto &population : populations) {
      const std::string group = "populations/" + population.name, sonata = "spikes/" + population.name;
      const hid_t word = population.isFloat ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT32;
      Columns &set = columns.emplace_back();
      set.steps = std::make_unique<Column>(handle, sink, group + "/spike_steps", reason, H5T_NATIVE_UINT32, 4);
      set.neurons = std::make_unique<Column>(handle, sink, group + "/spike_neurons", reason, H5T_NATIVE_UINT32, 4);
      set.times = std::make_unique<Column>(handle, sink, sonata + "/timestamps", reason, H5T_NATIVE_DOUBLE, 8);
      set.ids = std::make_unique<Column>(handle, sink, sonata + "/node_ids", reason, H5T_NATIVE_UINT64, 8);
      good = good && set.steps->good() && set.neurons->good() && set.times->good() && set.ids->good();
      if (population.graded) {
        set.values = std::make_unique<Column>(handle, sink, group + "/spike_values", reason, word, 4);
        good = good && set.values->good() && attribute(set.values->id(), "scale", H5T_NATIVE_DOUBLE, &population.valueScale);
      }
      for (const auto &[name, scale] : population.states) {
        set.states.push_back(std::make_unique<Column>(handle, sink, group + "/" + name, reason, word, 4, population.count));
        good = good && set.states.back()->good() && attribute(set.states.back()->id(), "scale", H5T_NATIVE_DOUBLE, &scale);
      }
      good = good && attribute(Hdf5Handle(H5Gopen2(handle, group.c_str(), H5P_DEFAULT), H5Gclose), "n", H5T_NATIVE_UINT32,
                               &population.count);
      good = good && text(set.times->id(), "units", "ms");
      if (!good)
        return failure("populations/" + population.name);
    }
    return good ? Result<void>() : failure("the file");
  }

  Result<void> spikes(uint32_t p, uint32_t step, std::span<const uint32_t> neurons, std::span<const int32_t> payloads) override {
    Columns &set = columns[p];
    RANVIER_ASSERT(!set.values || payloads.size() == neurons.size(),
                   "a payload for each of " + std::to_string(neurons.size()) + " graded spikes");
    bool good = true;
    for (size_t k = 0; k < neurons.size() && good; ++k) {
      const double time = (step - 0.5) * dt * 1e3;
      const uint64_t id = neurons[k];
      good = set.steps->append(&step, 4) && set.neurons->append(&neurons[k], 4) && set.times->append(&time, 8) &&
             set.ids->append(&id, 8) && (!set.values || set.values->append(&payloads[k], 4));
    }
    return good ? Result<void>() : failure("populations/" + populations[p].name);
  }
  Result<void> state(uint32_t p, uint32_t state, std::span<const int32_t> words) override {
    RANVIER_ASSERT(words.size() == populations[p].count, "a word for each of " + std::to_string(populations[p].count) + " neurons");
    return columns[p].states[state]->append(words.data(), words.size_bytes()) ? Result<void>()
                                                                              : failure("populations/" + populations[p].name);
  }
  Result<void> finish(uint32_t steps) override {
    for (size_t p = 0; p < columns.size(); ++p) {
      const Columns &set = columns[p];
      bool good = set.steps->flush() && set.neurons->flush() && set.times->flush() && set.ids->flush() &&
                  (!set.values || set.values->flush());
      for (const auto &column : set.states)
        good = good && column->flush();
      if (!good)
        return failure("populations/" + populations[p].name);
    }
    const uint32_t version = 1, magic = 0x0A7A;
    const bool good = text(handle, "format", "ranvier-run") && attribute(handle, "version", H5T_NATIVE_UINT32, &version) &&
                      attribute(handle, "magic", H5T_NATIVE_UINT32, &magic) && attribute(handle, "dt", H5T_NATIVE_DOUBLE, &dt) &&
                      attribute(handle, "steps", H5T_NATIVE_UINT32, &steps);
    columns.clear();
    if (good && handle.reset() && !sink.failed())
      return target.commit();
    reason = sink.reason();
    return failure("the file");
  }

private:
  struct Columns {
    std::unique_ptr<Column> steps, neurons, times, ids, values;
    std::vector<std::unique_ptr<Column>> states;
  };
  Error failure(std::string place) const {
    return {.code = 1080,
            .message = "cannot write the recording",
            .file = path,
            .place = std::move(place),
            .found = reason,
            .kind = ErrorKind::System};
  }
  static bool attribute(hid_t owner, const char *name, hid_t type, const void *value) {
    const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose),
        made(H5Acreate2(owner, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    return made && H5Awrite(made, type, value) >= 0;
  }
  static bool text(hid_t owner, const char *name, const char *value) {
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, H5T_VARIABLE);
    return attribute(owner, name, type, &value);
  }

  AtomicFile target; // What the handle writes to outlives it.
  Hdf5Sink sink;
  std::string path, reason;
  double dt;
  std::vector<RecordedPopulation> populations;
  Hdf5Handle handle;
  std::vector<Columns> columns; ///< Closed before the file.
};
} // namespace

Result<std::unique_ptr<Hdf5Recording>> Hdf5Recording::create(AtomicFile file, const std::string &path, double dt,
                                                             std::vector<RecordedPopulation> populations) {
  auto out = std::make_unique<RecordingFile>(std::move(file), path, dt, std::move(populations));
  RANVIER_CHECK(out->open());
  return std::unique_ptr<Hdf5Recording>(std::move(out));
}
