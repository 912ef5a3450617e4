//===- Spikes.cpp - Spike trains and data sets ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Spikes.h"
#include "Hdf5Tree.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <charconv>
#include <cmath>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
constexpr double maxSteps = 4000000000.0;

Error wrong(unsigned code, const std::string &file, const std::string &place, std::string message, std::string expected = "", std::string found = "") {
  return {.code = code, .message = std::move(message), .file = file, .place = place, .expected = std::move(expected), .found = std::move(found)};
}

void finish(SpikeTrain &train, const SpikeReadOptions &options) {
  if (options.steps)
    std::erase_if(train.events, [&](const SpikeEvent &e) { return e.step > options.steps; });
  std::stable_sort(train.events.begin(), train.events.end(), [](const auto &a, const auto &b) { return std::tie(a.step, a.neuron) < std::tie(b.step, b.neuron); });
}

/// Events of one pixel in one step become one of their summed value, as frames count them.
void mergeRepeats(SpikeTrain &train) {
  std::vector<SpikeEvent> merged;
  for (const SpikeEvent &event : train.events) {
    if (!merged.empty() && merged.back().step == event.step && merged.back().neuron == event.neuron)
      merged.back().value += event.value;
    else
      merged.push_back(event);
  }
  train.events = std::move(merged);
}

/// Step of a time: floor(t / dt) + 1, with room for times that are multiples of dt up to rounding.
Result<uint32_t> stepOf(double time, double dt, const std::string &file, const std::string &place) {
  const double step = std::floor(time / dt + 1e-6);
  if (!(step >= 0 && step < maxSteps))
    return wrong(1054, file, place, "a spike time is negative or too late", "0.." + std::to_string(maxSteps * dt) + " s", std::to_string(time));
  return static_cast<uint32_t>(step) + 1;
}

Result<uint32_t> neuronOf(double value, const std::string &file, const std::string &place) {
  if (!(value >= 0 && value < 4294967295.0) || value != std::floor(value))
    return wrong(1055, file, place, "a neuron number is no natural number", "0..2^32-2", std::to_string(value));
  return static_cast<uint32_t>(value);
}

Result<SpikeTrains> readCsv(const std::string &text, const std::string &path, const SpikeReadOptions &options) {
  SpikeTrain train;
  size_t line = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view row(text.data() + at, end - at);
    at = end + 1;
    ++line;
    while (!row.empty() && (row.back() == '\r' || row.back() == ' '))
      row.remove_suffix(1);
    if (row.empty() || row.front() == '#')
      continue;
    if (line == 1 && !(row.front() >= '0' && row.front() <= '9')) {
      if (row != "step,neuron" && row != "step,neuron,value")
        return wrong(1051, path, "line 1", "unknown header", "step,neuron or step,neuron,value", std::string(row.substr(0, 60)));
      continue;
    }
    SpikeEvent event{};
    const char *from = row.data(), *to = row.data() + row.size();
    auto [afterStep, e1] = std::from_chars(from, to, event.step);
    bool good = e1 == std::errc() && event.step >= 1 && afterStep != to && *afterStep == ',';
    if (good) {
      auto [afterNeuron, e2] = std::from_chars(afterStep + 1, to, event.neuron);
      good = e2 == std::errc();
      if (good && afterNeuron != to) {
        auto [afterValue, e3] = std::from_chars(afterNeuron + 1, to, event.value);
        good = *afterNeuron == ',' && e3 == std::errc() && afterValue == to && std::isfinite(event.value);
      }
    }
    if (!good)
      return wrong(1052, path, "line " + std::to_string(line), "not a spike", "step (from 1),neuron[,value]", std::string(row.substr(0, 60)));
    train.events.push_back(event);
  }
  finish(train, options);
  for (const auto &event : train.events)
    train.neurons = std::max(train.neurons, event.neuron + 1);
  return SpikeTrains{{"", std::move(train)}};
}

/// N-MNIST: five bytes an event: x, y, then bit 23 polarity and 23 bits of microseconds; y = 240 adds 2^13 us.
Result<SpikeTrains> readEventBin(const std::string &bytes, const std::string &path, const SpikeReadOptions &options) {
  const std::vector<uint64_t> shape = options.sensorShape.size() == 3 ? options.sensorShape : std::vector<uint64_t>{2, 34, 34};
  if (bytes.empty() || bytes.size() % 5)
    return wrong(1053, path, "", "not an event file", "a multiple of 5 bytes", std::to_string(bytes.size()) + " bytes");
  SpikeTrain train;
  train.neurons = static_cast<uint32_t>(shape[0] * shape[1] * shape[2]);
  uint64_t overflow = 0;
  for (size_t at = 0; at < bytes.size(); at += 5) {
    const auto byte = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + k])); };
    const uint32_t x = byte(0), y = byte(1), polarity = byte(2) >> 7, micros = (byte(2) & 127) << 16 | byte(3) << 8 | byte(4);
    if (y == 240) {
      overflow += 1u << 13;
      continue;
    }
    if (x >= shape[2] || y >= shape[1] || polarity >= shape[0])
      return wrong(1053, path, "event " + std::to_string(at / 5), "an event lies outside the sensor",
                   std::to_string(shape[2]) + " x " + std::to_string(shape[1]), "(" + std::to_string(x) + ", " + std::to_string(y) + ")");
    RANVIER_TRY(uint32_t step, stepOf(static_cast<double>(micros + overflow) * 1e-6, options.dt, path, "event " + std::to_string(at / 5)));
    train.events.push_back({step, static_cast<uint32_t>((polarity * shape[1] + y) * shape[2] + x), 1});
  }
  finish(train, options);
  mergeRepeats(train);
  return SpikeTrains{{"", std::move(train)}};
}

Result<SpikeTrain> fromDense(const H5Array &array, uint32_t sample, const std::string &path, const std::string &place) {
  const size_t rank = array.shape.size();
  if (!array.isNumber() || rank < 2 || rank > 3)
    return wrong(1056, path, place, "not an array of spikes", "[T, N] or [S, T, N] numbers");
  if (rank == 3 && sample >= array.shape[0])
    return wrong(1056, path, place, "the sample does not exist", "0.." + std::to_string(array.shape[0] - 1), std::to_string(sample));
  const uint64_t steps = array.shape[rank - 2], neurons = array.shape[rank - 1];
  if (steps > 4000000000u || neurons > 4294967294u)
    return wrong(1056, path, place, "the array is too large");
  SpikeTrain train{static_cast<uint32_t>(neurons), static_cast<uint32_t>(steps), {}};
  const uint64_t base = rank == 3 ? sample * steps * neurons : 0;
  for (uint64_t k = 0; k < steps * neurons; ++k)
    if (const double value = array.number(base + k); value != 0) {
      if (!std::isfinite(value))
        return wrong(1056, path, place, "a value is not finite");
      train.events.push_back({static_cast<uint32_t>(k / neurons) + 1, static_cast<uint32_t>(k % neurons), static_cast<float>(value)});
    }
  return train;
}

double attribute(const H5Group &group, const std::string &name, double absent) {
  const auto at = group.attributes.find(name);
  return at != group.attributes.end() && at->second.isNumber() && at->second.count() == 1 ? at->second.number(0) : absent;
}

/// NIRGraphData: nodes/<n>/observables/<o> with idx and time (EventData, ValuedEventData) or data (TimeGriddedData).
Result<SpikeTrains> readNirGraphData(const H5Group &root, const std::string &path, const SpikeReadOptions &options, uint32_t sample) {
  SpikeTrains out;
  const H5Group *nodes = root.group("nodes");
  if (!nodes)
    return wrong(1057, path, "/nodes", "the NIRGraphData file has no nodes");
  for (const auto &[name, node] : nodes->groups) {
    const H5Group *observables = node.group("observables");
    const H5Group *spikes = observables ? observables->group("spikes") : nullptr;
    if (!spikes && observables && observables->groups.size() == 1)
      spikes = &observables->groups.begin()->second;
    const std::string place = "/nodes/" + name;
    if (!spikes)
      return wrong(1057, path, place, "the node has no observable 'spikes'");
    SpikeTrain train;
    if (const H5Array *data = spikes->array("data")) {
      H5Array turned = *data; // Stored as (samples, steps, neurons).
      RANVIER_TRY(train, fromDense(turned, sample, path, place + "/data"));
    } else {
      const H5Array *idx = spikes->array("idx"), *time = spikes->array("time"), *value = spikes->array("value");
      if (!idx || !time || !idx->isNumber() || !time->isNumber() || idx->count() != time->count() || (value && value->count() != idx->count()))
        return wrong(1057, path, place, "no event data", "arrays idx and time of one length");
      train.neurons = static_cast<uint32_t>(std::clamp(attribute(*spikes, "n_neurons", 0), 0.0, 4294967294.0));
      // Batched event data are [samples, events], padded with negative indices.
      const uint64_t events = idx->shape.size() == 2 ? idx->shape[1] : idx->count(), base = idx->shape.size() == 2 ? sample * events : 0;
      if (base + events > idx->count())
        return wrong(1056, path, place, "the sample does not exist");
      for (uint64_t k = base; k < base + events; ++k) {
        if (idx->number(k) < 0)
          continue;
        RANVIER_TRY(uint32_t neuron, neuronOf(idx->number(k), path, place + "/idx[" + std::to_string(k) + "]"));
        RANVIER_TRY(uint32_t step, stepOf(time->number(k), options.dt, path, place + "/time[" + std::to_string(k) + "]"));
        train.events.push_back({step, neuron, value ? static_cast<float>(value->number(k)) : 1.0f});
      }
    }
    finish(train, options);
    out[name] = std::move(train);
  }
  return out;
}

/// SONATA: /spikes/<population>/{timestamps, node_ids}, or the older /spikes/{timestamps, gids}. Times in ms unless `units` says s.
Result<SpikeTrains> readSonata(const H5Group &root, const std::string &path, const SpikeReadOptions &options) {
  SpikeTrains out;
  const H5Group &spikes = *root.group("spikes");
  auto read = [&](const H5Group &group, const char *ids, const std::string &name) -> Result<void> {
    const H5Array *time = group.array("timestamps"), *node = group.array(ids);
    const std::string place = "/spikes" + (name.empty() ? "" : "/" + name);
    if (!time || !node || !time->isNumber() || !node->isNumber() || time->count() != node->count())
      return wrong(1058, path, place, "no SONATA spikes", std::string("timestamps and ") + ids + " of one length");
    double unit = 1e-3;
    if (auto owner = group.arrayAttributes.find("timestamps"); owner != group.arrayAttributes.end())
      if (auto units = owner->second.find("units"); units != owner->second.end() && units->second.texts.size() == 1 && units->second.texts[0] == "s")
        unit = 1;
    SpikeTrain train;
    for (uint64_t k = 0; k < time->count(); ++k) {
      RANVIER_TRY(uint32_t neuron, neuronOf(node->number(k), path, place + "[" + std::to_string(k) + "]"));
      RANVIER_TRY(uint32_t step, stepOf(time->number(k) * unit, options.dt, path, place + "[" + std::to_string(k) + "]"));
      train.events.push_back({step, neuron, 1});
      train.neurons = std::max(train.neurons, neuron + 1);
    }
    finish(train, options);
    out[name] = std::move(train);
    return {};
  };
  if (spikes.arrays.count("timestamps"))
    RANVIER_CHECK(read(spikes, spikes.arrays.count("gids") ? "gids" : "node_ids", ""));
  for (const auto &[name, group] : spikes.groups)
    RANVIER_CHECK(read(group, "node_ids", name));
  return out;
}
} // namespace

Result<SpikeTrains> formats::readSpikes(const std::string &path, const SpikeReadOptions &options, uint32_t sample) {
  RANVIER_TRY(std::string bytes, readFile(path, uint64_t(1) << 33));
  if (std::string_view(bytes).starts_with("\x89HDF\r\n\x1a\n")) {
    RANVIER_TRY(H5Group root, readHdf5(path));
    if (root.arrays.count("input_spikes")) {
      RANVIER_TRY(SpikeTrain train, fromDense(root.arrays["input_spikes"], sample, path, "/input_spikes"));
      finish(train, options);
      return SpikeTrains{{"", std::move(train)}};
    }
    const auto type = root.attributes.find("__type__");
    if ((type != root.attributes.end() && type->second.texts.size() == 1 && type->second.texts[0] == "NIRGraphData") || root.group("nodes"))
      return readNirGraphData(root, path, options, sample);
    if (root.group("spikes"))
      return readSonata(root, path, options);
    return wrong(1050, path, "/", "no spikes in this HDF5 file", "input_spikes, /nodes (NIRGraphData) or /spikes (SONATA)");
  }
  if (path.ends_with(".bin"))
    return readEventBin(bytes, path, options);
  if (path.ends_with(".csv") || path.ends_with(".txt"))
    return readCsv(bytes, path, options);
  return wrong(1050, path, "", "unknown kind of spike file", ".csv, .bin or HDF5");
}

Result<void> formats::writeSpikes(const std::string &path, SpikeFormat format, const SpikeTrains &trains, double dt) {
  if (format == SpikeFormat::Csv) {
    if (trains.size() != 1)
      return wrong(1059, path, "", "a CSV file holds one population", "1", std::to_string(trains.size()));
    const SpikeTrain &train = trains.begin()->second;
    const bool graded = std::any_of(train.events.begin(), train.events.end(), [](const auto &e) { return e.value != 1; });
    std::string text = graded ? "step,neuron,value\n" : "step,neuron\n";
    for (const auto &event : train.events) {
      char line[80];
      if (graded)
        std::snprintf(line, sizeof line, "%u,%u,%.9g\n", event.step, event.neuron, static_cast<double>(event.value));
      else
        std::snprintf(line, sizeof line, "%u,%u\n", event.step, event.neuron);
      text += line;
    }
    return writeFileAtomically(path, text);
  }
  RANVIER_TRY(auto out, Hdf5Writer::create(path, true));
  if (format == SpikeFormat::NirGraphData) {
    out->attribute("", "__type__", std::string("NIRGraphData"));
  } else {
    out->attribute("", "magic", int64_t(0x0A7A));
    out->texts("version_text", {"0.1"}, {});
  }
  for (const auto &[name, train] : trains) {
    std::vector<double> times;
    std::vector<uint64_t> neurons;
    std::vector<float> values;
    // The middle of the step, so that rounding cannot move a spike into a neighbour.
    for (const auto &event : train.events)
      times.push_back((event.step - 0.5) * dt * (format == SpikeFormat::Sonata ? 1e3 : 1)), neurons.push_back(event.neuron), values.push_back(event.value);
    const std::vector<uint64_t> shape{times.size()};
    const std::string label = name.empty() ? "input" : name;
    if (format == SpikeFormat::Sonata) {
      const std::string group = "spikes/" + label;
      out->array(group + "/timestamps", std::span<const double>(times), shape);
      out->array(group + "/node_ids", std::span<const uint64_t>(neurons), shape);
      out->attribute(group + "/timestamps", "units", std::string("ms"));
      out->attribute(group, "sorting", std::string("by_time"));
    } else {
      const std::string node = "nodes/" + label, group = node + "/observables/spikes";
      const bool graded = std::any_of(values.begin(), values.end(), [](float v) { return v != 1; });
      out->array(group + "/idx", std::span<const uint64_t>(neurons), shape);
      out->array(group + "/time", std::span<const double>(times), shape);
      if (graded)
        out->array(group + "/value", std::span<const float>(values), shape);
      out->attribute(node, "__type__", std::string("NIRNodeData"));
      out->attribute(group, "__type__", std::string(graded ? "ValuedEventData" : "EventData"));
      out->attribute(group, "n_neurons", static_cast<int64_t>(train.neurons));
      out->attribute(group, "t_max", train.steps * dt);
    }
  }
  return out->finish();
}

Result<DataSet> formats::readDataSet(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.only = {"input_spikes", "labels"}}));
  const H5Array *spikes = root.array("input_spikes"), *labels = root.array("labels");
  if (!spikes || !spikes->isNumber() || spikes->shape.size() != 3)
    return wrong(1060, path, "/input_spikes", "not a data set of spikes", "numbers of shape [samples, steps, neurons]", spikes ? "something else" : "nothing");
  DataSet out;
  for (uint64_t extent : spikes->shape)
    if (extent == 0 || extent > 4000000000u)
      return wrong(1060, path, "/input_spikes", "an extent is 0 or too large");
  out.samples = static_cast<uint32_t>(spikes->shape[0]);
  out.steps = static_cast<uint32_t>(spikes->shape[1]);
  out.neurons = static_cast<uint32_t>(spikes->shape[2]);
  out.spikes.resize(spikes->count());
  for (uint64_t k = 0; k < out.spikes.size(); ++k) {
    const double value = spikes->number(k);
    if (value != 0 && value != 1)
      return wrong(1061, path, "/input_spikes[" + std::to_string(k) + "]", "a cell is no spike", "0 or 1", std::to_string(value));
    out.spikes[k] = static_cast<uint8_t>(value);
  }
  if (labels) {
    if (!labels->isNumber() || labels->count() != out.samples)
      return wrong(1062, path, "/labels", "one label per sample", std::to_string(out.samples), std::to_string(labels->count()));
    for (uint64_t k = 0; k < out.samples; ++k)
      out.labels.push_back(static_cast<int64_t>(std::clamp(labels->number(k), -9e15, 9e15)));
  }
  out.dt = attribute(root, "dt", 0);
  return out;
}

Result<DenseArray> formats::readDense(const std::string &path, const std::string &dataset) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.only = {dataset}}));
  const H5Array *array = root.array(dataset);
  if (!array || !array->isNumber())
    return wrong(1063, path, "/" + dataset, "no numeric data set of this name");
  return DenseArray{array->shape, array->numbers()};
}
