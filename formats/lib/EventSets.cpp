//===- EventSets.cpp - Recordings of sensors as data sets -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/EventSets.h"
#include "EventBins.h"
#include "SpikeParsers.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>

using namespace ranvier;
using namespace ranvier::formats;
namespace fs = std::filesystem;

namespace {
constexpr uint64_t mostCells = uint64_t(1) << 32, mostRecording = uint64_t(1) << 26, mostUnits = uint64_t(1) << 24;

Error wrong(unsigned code, const std::string &file, const std::string &place, std::string message, std::string expected = "",
            std::string found = "", std::string hint = "") {
  return {.code = code,
          .message = std::move(message),
          .file = file,
          .place = place,
          .expected = std::move(expected),
          .found = std::move(found),
          .hint = std::move(hint)};
}

Result<void> checkBins(const BinOptions &bins) {
  if (bins.steps == 0)
    return wrong(1067, "", "steps", "a sample has no steps", "1 or more", "0");
  if (!(bins.dt > 0 && std::isfinite(bins.dt)))
    return wrong(1067, "", "dt", "the time step is not positive", "> 0 s", decimal(bins.dt));
  return {};
}

bool wanted(const BinOptions &bins, int64_t label) { return bins.labels.empty() || bins.labels.count(label); }

/// Room for so many samples. What a file holds decides their number, so it is held against a limit.
Result<void> makeRoom(EventSet &set, const std::string &path, uint64_t samples, const BinOptions &bins, uint32_t neurons) {
  uint64_t cells = 0;
  const bool tooMany = __builtin_mul_overflow(samples, static_cast<uint64_t>(bins.steps), &cells) ||
                       __builtin_mul_overflow(cells, static_cast<uint64_t>(neurons), &cells) || cells > mostCells;
  if (tooMany)
    return wrong(1068, path, "", "the set is too large", "at most 2^32 cells",
                 counted(samples, "sample") + " of " + counted(bins.steps, "step") + " of " + counted(neurons, "neuron"),
                 "take fewer samples of each class, fewer steps, or a smaller crop");
  if (samples == 0)
    return wrong(1068, path, "", "no samples", "at least one of the classes asked for", "none");
  set.data.samples = static_cast<uint32_t>(samples);
  set.data.steps = bins.steps;
  set.data.neurons = neurons;
  set.data.dt = bins.dt;
  set.data.spikes.assign(cells, 0);
  return {};
}

std::span<uint8_t> cellsOf(EventSet &set, uint64_t sample) {
  const uint64_t size = uint64_t(set.data.steps) * set.data.neurons;
  return std::span(set.data.spikes).subspan(sample * size, size);
}

/// A cell becomes a spike; more events of it are counted.
void mark(std::span<uint8_t> cells, uint64_t cell, uint64_t events, EventCounts &counts) {
  const bool first = !cells[cell];
  cells[cell] = 1;
  counts.spikes += first;
  counts.merged += events - first;
}
} // namespace

//===--- Event cameras ----------------------------------------------------===//

Result<uint32_t> formats::neuronsOf(const CameraOptions &options) {
  const auto &[planes, height, width] = options.sensor;
  const std::string sensor = std::to_string(planes) + "x" + std::to_string(height) + "x" + std::to_string(width);
  // Addresses are a byte each; y = 240 is no pixel.
  if (planes < 1 || planes > 2 || height < 1 || height > 256 || width < 1 || width > 256)
    return wrong(1067, "", "sensor", "no sensor of five-byte events", "1 or 2 polarities, 1..256 rows, 1..256 columns", sensor);
  const uint64_t h = options.crop[0] ? options.crop[0] : height, w = options.crop[1] ? options.crop[1] : width;
  if (h > height || w > width)
    return wrong(1067, "", "crop", "the crop is larger than the sensor",
                 "at most " + std::to_string(height) + "x" + std::to_string(width), std::to_string(h) + "x" + std::to_string(w));
  if (options.polarity == Polarity::On && planes == 1)
    return wrong(1067, "", "polarity", "the sensor has one polarity, which is 0", "off, both or merged", "on");
  return static_cast<uint32_t>(h * w * (options.polarity == Polarity::Both ? planes : 1));
}

Result<void> formats::binCameraEvents(std::string_view bytes, const std::string &path, const CameraOptions &options,
                                      std::span<uint8_t> cells, EventCounts &counts) {
  const auto &[planes, height, width] = options.sensor;
  const uint64_t h = options.crop[0] ? options.crop[0] : height, w = options.crop[1] ? options.crop[1] : width;
  const uint64_t top = (height - h) / 2, left = (width - w) / 2, size = h * w * (options.polarity == Polarity::Both ? planes : 1);
  RANVIER_TRY(const SpikeTrains read,
              parseEventBin(bytes, path, {.dt = options.bins.dt, .sensorShape = {planes, height, width}, .countEvents = true}));
  for (const SpikeEvent &event : read.begin()->second.events) {
    const uint64_t p = event.neuron / (height * width), y = event.neuron / width % height, x = event.neuron % width;
    const auto count = static_cast<uint64_t>(event.value);
    counts.events += count;
    if (event.step > options.bins.steps)
      counts.late += count;
    else if ((options.polarity == Polarity::On && p == 0) || (options.polarity == Polarity::Off && p == 1))
      counts.otherPolarity += count;
    else if (y < top || y >= top + h || x < left || x >= left + w)
      counts.outside += count;
    else
      mark(cells, (event.step - 1) * size + ((options.polarity == Polarity::Both ? p * h : 0) + y - top) * w + x - left, count,
           counts);
  }
  return {};
}

namespace {
struct Recording {
  int64_t label;
  std::string name; ///< "3/00042.bin".
};

/// Names in a folder, sorted; those from a dot are none.
Result<std::vector<std::string>> entries(const std::string &folder) {
  std::vector<std::string> out;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (std::string name = at->path().filename().string(); !name.starts_with("."))
      out.push_back(std::move(name));
  if (problem)
    return wrong(9001, folder, "", "cannot read the folder", "a readable folder", problem.message());
  std::sort(out.begin(), out.end());
  return out;
}

/// The recordings that the options take, in the order of class and name.
Result<std::vector<Recording>> recordings(const std::string &folder, const BinOptions &bins) {
  std::map<int64_t, std::string> classes;
  RANVIER_TRY(const std::vector<std::string> names, entries(folder));
  for (const std::string &name : names) {
    uint32_t label = 0;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), label);
    std::error_code ignored;
    if (problem != std::errc() || end != name.data() + name.size() || !fs::is_directory(folder + "/" + name, ignored))
      return wrong(1064, folder, name, "not a folder of recordings of one class", "folders called by the number of their class",
                   "'" + name + "'");
    if (!classes.emplace(label, name).second)
      return wrong(1064, folder, name, "two folders of one class", "one for each", "'" + classes[label] + "' and '" + name + "'");
  }
  std::vector<Recording> out;
  for (const auto &[label, name] : classes) {
    if (!wanted(bins, label))
      continue;
    RANVIER_TRY(std::vector<std::string> files, entries(folder + "/" + name));
    if (bins.samplesPerClass && files.size() > bins.samplesPerClass)
      files.resize(bins.samplesPerClass);
    for (const std::string &file : files) {
      if (!file.ends_with(".bin"))
        return wrong(1064, folder + "/" + name, file, "not a recording", "files ending in .bin", "'" + file + "'");
      out.push_back({label, name + "/" + file});
    }
  }
  return out;
}
} // namespace

Result<EventSet> formats::readCameraFolder(const std::string &folder, const CameraOptions &options, const EventProgress &progress) {
  RANVIER_CHECK(checkBins(options.bins));
  RANVIER_TRY(const uint32_t neurons, neuronsOf(options));
  RANVIER_TRY(const std::vector<Recording> files, recordings(folder, options.bins));
  EventSet set;
  RANVIER_CHECK(makeRoom(set, folder, files.size(), options.bins, neurons));
  for (uint64_t k = 0; k < files.size(); ++k) {
    const std::string path = folder + "/" + files[k].name;
    RANVIER_TRY(const std::string bytes, readFile(path, mostRecording));
    RANVIER_CHECK(binCameraEvents(bytes, path, options, cellsOf(set, k), set.counts));
    set.data.labels.push_back(files[k].label);
    set.names.push_back(files[k].name);
    if (progress)
      progress(k + 1, files.size());
  }
  return set;
}

//===--- Cochleas ---------------------------------------------------------===//

Result<uint32_t> formats::neuronsOf(const AudioOptions &options) {
  if (options.units < 1 || options.units > mostUnits)
    return wrong(1067, "", "units", "the file cannot have so many units", "1.." + std::to_string(mostUnits),
                 std::to_string(options.units));
  if (options.channels > options.units)
    return wrong(1067, "", "channels", "there are fewer units than channels", "at most " + std::to_string(options.units),
                 std::to_string(options.channels));
  return options.channels ? options.channels : options.units;
}

namespace {
/// The three arrays of a file of SHD's form, found to fit each other.
struct AudioArrays {
  const H5Array *times, *units;
  std::vector<int64_t> labels;
};

Result<AudioArrays> audioArrays(const H5Group &root, const std::string &path) {
  AudioArrays out{root.array("spikes/times"), root.array("spikes/units"), {}};
  for (const auto &[array, place] : {std::pair(out.times, "/spikes/times"), {out.units, "/spikes/units"}})
    if (!array || array->type != H5Type::Ragged || array->shape.size() != 1)
      return wrong(1066, path, place, "not a set of spikes of a cochlea", "a sequence of numbers for each sample",
                   !array                          ? "nothing"
                   : array->type == H5Type::Ragged ? std::to_string(array->shape.size()) + " axes"
                   : array->type == H5Type::Text   ? "text"
                                                   : "numbers, not sequences of them");
  const H5Array *labels = root.array("labels");
  const uint64_t samples = out.times->count();
  if (out.units->count() != samples)
    return wrong(1066, path, "/spikes/units", "not as many samples as in /spikes/times", std::to_string(samples),
                 std::to_string(out.units->count()));
  if (!labels || !labels->isNumber() || labels->shape.size() != 1 || labels->count() != samples)
    return wrong(1062, path, "/labels", "not one label per sample", std::to_string(samples) + " numbers",
                 !labels || !labels->isNumber() ? "none" : std::to_string(labels->count()));
  for (uint64_t k = 0; k < samples; ++k) {
    if (out.times->lengths[k] != out.units->lengths[k])
      return wrong(1066, path, indexed("/spikes/units", k), "not as many units as times", std::to_string(out.times->lengths[k]),
                   std::to_string(out.units->lengths[k]));
    const double label = labels->number(k);
    if (!(std::abs(label) < 9e15) || label != std::floor(label))
      return wrong(1062, path, indexed("/labels", k), "a label is no integer", "the number of a class", decimal(label));
    out.labels.push_back(static_cast<int64_t>(label));
  }
  return out;
}
} // namespace

Result<EventSet> formats::binAudioSpikes(const H5Group &root, const std::string &path, const AudioOptions &options,
                                         const EventProgress &progress) {
  RANVIER_CHECK(checkBins(options.bins));
  RANVIER_TRY(const uint32_t neurons, neuronsOf(options));
  RANVIER_TRY(const AudioArrays arrays, audioArrays(root, path));
  std::vector<uint64_t> taken;
  std::map<int64_t, uint32_t> perClass;
  for (uint64_t k = 0; k < arrays.labels.size(); ++k)
    if (wanted(options.bins, arrays.labels[k]) &&
        (!options.bins.samplesPerClass || perClass[arrays.labels[k]]++ < options.bins.samplesPerClass))
      taken.push_back(k);
  EventSet set;
  RANVIER_CHECK(makeRoom(set, path, taken.size(), options.bins, neurons));
  uint64_t first = 0, row = 0;
  for (uint64_t k = 0; k < arrays.labels.size() && row < taken.size(); first += arrays.times->lengths[k++]) {
    if (taken[row] != k)
      continue;
    const std::span<uint8_t> cells = cellsOf(set, row++);
    for (uint64_t e = 0; e < arrays.times->lengths[k]; ++e) {
      const auto step = stepOf(arrays.times->number(first + e), options.bins.dt, path, "");
      const auto unit = neuronOf(arrays.units->number(first + e), options.units, path, "");
      if (!step || !unit) { // Places are made here only: there are many spikes.
        Error problem = step ? unit.error() : step.error();
        problem.place = indexed(indexed(step ? "/spikes/units" : "/spikes/times", k), e);
        return problem;
      }
      ++set.counts.events;
      if (*step > options.bins.steps)
        ++set.counts.late;
      else
        mark(cells, uint64_t(*step - 1) * neurons + uint64_t(*unit) * neurons / options.units, 1, set.counts);
    }
    set.data.labels.push_back(arrays.labels[k]);
    set.names.push_back(std::to_string(k));
    if (progress)
      progress(row, taken.size());
  }
  return set;
}

Result<EventSet> formats::readAudioSpikes(const std::string &path, const AudioOptions &options, const EventProgress &progress) {
  RANVIER_CHECK(checkBins(options.bins));
  RANVIER_CHECK(neuronsOf(options));
  RANVIER_TRY(const H5Group root, readHdf5(path, {.only = {"spikes/times", "spikes/units", "labels"}, .ragged = true}));
  return binAudioSpikes(root, path, options, progress);
}

//===--- Writing ----------------------------------------------------------===//

Result<void> formats::writeDataSet(const std::string &path, const DataSet &data, const std::vector<std::string> &names) {
  RANVIER_TRY(auto out, Hdf5Writer::create(path, /*compress=*/true));
  out->array("input_spikes", std::span<const uint8_t>(data.spikes), {data.samples, data.steps, data.neurons});
  if (!data.labels.empty())
    out->array("labels", std::span<const int64_t>(data.labels), {data.samples});
  if (!names.empty())
    out->texts("names", names, {names.size()});
  if (data.dt > 0)
    out->attribute("", "dt", data.dt);
  return out->finish();
}
