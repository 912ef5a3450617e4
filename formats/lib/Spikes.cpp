//===- Spikes.cpp - Spike trains and data sets ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Spikes.h"
#include "Hdf5Sink.h"
#include "Hdf5Tree.h"
#include "SpikeParsers.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
constexpr double mostSteps = 4000000000.0;
constexpr uint32_t mostNeurons = 4294967294u;
constexpr uint64_t mostEvents = uint64_t(1) << 28, mostText = uint64_t(1) << 30;

Error wrong(unsigned code, const std::string &file, const std::string &place, std::string message, std::string expected = "",
            std::string found = "") {
  return {.code = code,
          .message = std::move(message),
          .file = file,
          .place = place,
          .expected = std::move(expected),
          .found = std::move(found)};
}

/// What several spikes of a neuron in one step become.
enum class Repeats {
  Flag,       ///< One spike if all are plain, as a spike is a flag; else one of their summed value.
  FlagEvents, ///< The same, and what is left out is told.
  Count       ///< One of their summed value always, as frames of camera events count them.
};

/// Sorted, cut, and one event for each neuron and step.
Result<SpikeTrain> finished(SpikeTrain train, const SpikeReadOptions &options, const std::string &file, const std::string &place,
                            Repeats repeats = Repeats::Flag) {
  if (train.events.size() > mostEvents)
    return wrong(1056, file, place, "too many spikes", "at most " + std::to_string(mostEvents),
                 std::to_string(train.events.size()));
  if (options.steps)
    std::erase_if(train.events, [&](const SpikeEvent &e) { return e.step > options.steps; });
  std::stable_sort(train.events.begin(), train.events.end(),
                   [](const auto &a, const auto &b) { return std::tie(a.step, a.neuron) < std::tie(b.step, b.neuron); });
  size_t kept = 0;
  for (size_t first = 0; first < train.events.size();) {
    SpikeEvent sum = train.events[first];
    bool plain = sum.value == 1;
    size_t next = first + 1;
    for (; next < train.events.size() && train.events[next].step == sum.step && train.events[next].neuron == sum.neuron; ++next) {
      plain &= train.events[next].value == 1;
      sum.value += train.events[next].value;
    }
    if (plain && repeats != Repeats::Count)
      sum.value = 1;
    train.events[kept++] = sum;
    first = next;
  }
  if (repeats == Repeats::FlagEvents)
    train.uncounted = train.events.size() - kept;
  train.events.resize(kept);
  for (const SpikeEvent &event : train.events) {
    if (!std::isfinite(event.value))
      return wrong(1055, file, place, "a value is not finite", "finite numbers", decimal(event.value));
    train.neurons = std::max(train.neurons, event.neuron + 1);
  }
  return train;
}

} // namespace

Result<uint32_t> formats::stepOf(double time, double dt, const std::string &file, const std::string &place) {
  const double step = std::floor(time / dt + 1e-6);
  if (!(step >= 0 && step < mostSteps))
    return wrong(1054, file, place, "a spike time is negative or too late", "0.." + std::to_string(mostSteps * dt) + " s",
                 std::to_string(time));
  return static_cast<uint32_t>(step) + 1;
}

Result<uint32_t> formats::neuronOf(double value, uint32_t count, const std::string &file, const std::string &place) {
  const uint32_t most = count ? count - 1 : mostNeurons - 1;
  if (!(value >= 0 && value <= most) || value != std::floor(value))
    return wrong(1055, file, place, "no such neuron", "0.." + std::to_string(most), std::to_string(value));
  return static_cast<uint32_t>(value);
}

std::string formats::indexed(const std::string &place, uint64_t index) { return place + "[" + std::to_string(index) + "]"; }

namespace {
//===--- CSV --------------------------------------------------------------===//

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const size_t first = text.find_first_not_of(blank);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// The whole field is one number.
template <typename T> bool parseField(std::string_view field, T &out) {
  field = trimmed(field);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), out);
  return error == std::errc() && end == field.data() + field.size();
}

bool parseEvent(std::string_view row, SpikeEvent &out) {
  std::vector<std::string_view> fields;
  for (size_t at = 0; at <= row.size() && fields.size() < 4;) {
    const size_t comma = std::min(row.find(',', at), row.size());
    fields.push_back(row.substr(at, comma - at));
    at = comma + 1;
  }
  if (fields.size() < 2 || fields.size() > 3)
    return false;
  return parseField(fields[0], out.step) && parseField(fields[1], out.neuron) &&
         (fields.size() < 3 || parseField(fields[2], out.value)) && out.step >= 1 && out.step <= mostSteps &&
         out.neuron < mostNeurons && std::isfinite(out.value);
}

} // namespace

Result<SpikeTrains> formats::parseCsvSpikes(std::string_view text, const std::string &path, const SpikeReadOptions &options) {
  SpikeTrain train;
  if (text.starts_with("\xEF\xBB\xBF")) // Spreadsheets mark UTF-8 so.
    text.remove_prefix(3);
  size_t line = 0;
  bool first = true;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view row = trimmed(text.substr(at, end - at));
    at = end + 1;
    ++line;
    if (row.empty() || row.front() == '#')
      continue;
    const bool letter =
        (row.front() >= 'a' && row.front() <= 'z') || (row.front() >= 'A' && row.front() <= 'Z') || row.front() == '"';
    if (std::exchange(first, false) && letter) {
      std::string header(row);
      std::erase_if(header, [](char c) { return c == ' ' || c == '\t'; });
      if (header != "step,neuron" && header != "step,neuron,value")
        return wrong(1051, path, "line " + std::to_string(line), "unknown header", "step,neuron or step,neuron,value",
                     std::string(row.substr(0, 60)));
      continue;
    }
    SpikeEvent event{};
    if (!parseEvent(row, event))
      return wrong(1052, path, "line " + std::to_string(line), "not a spike", "step (from 1),neuron[,value]",
                   std::string(row.substr(0, 60)));
    train.events.push_back(event);
  }
  RANVIER_TRY(train, finished(std::move(train), options, path, ""));
  return SpikeTrains{{"", std::move(train)}};
}

//===--- N-MNIST ----------------------------------------------------------===//

/// Five bytes an event: x, y, then bit 23 polarity and 23 bits of microseconds; y = 240 adds 2^13 us to all that follow.
Result<SpikeTrains> formats::parseEventBin(std::string_view bytes, const std::string &path, const SpikeReadOptions &options) {
  const std::vector<uint64_t> shape = options.sensorShape.size() == 3 ? options.sensorShape : std::vector<uint64_t>{2, 34, 34};
  if (bytes.empty() || bytes.size() % 5)
    return wrong(1053, path, "", "not an event file", "a multiple of 5 bytes", std::to_string(bytes.size()) + " bytes");
  uint64_t cells = 1;
  for (uint64_t extent : shape)
    if (__builtin_mul_overflow(cells, extent, &cells) || cells > mostNeurons)
      return wrong(1053, path, "", "the sensor is too large", "at most " + std::to_string(mostNeurons) + " pixels");
  SpikeTrain train;
  train.neurons = static_cast<uint32_t>(cells);
  uint64_t overflow = 0;
  for (size_t at = 0; at < bytes.size(); at += 5) {
    const auto byte = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + k])); };
    const uint32_t x = byte(0), y = byte(1), polarity = byte(2) >> 7, micros = (byte(2) & 127) << 16 | byte(3) << 8 | byte(4);
    if (y == 240) {
      overflow += 1u << 13;
      continue;
    }
    const std::string place = "event " + std::to_string(at / 5);
    if (x >= shape[2] || y >= shape[1] || polarity >= shape[0])
      return wrong(1053, path, place, "an event lies outside the sensor",
                   "x < " + std::to_string(shape[2]) + ", y < " + std::to_string(shape[1]) + ", polarity < " +
                       std::to_string(shape[0]),
                   std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(polarity));
    RANVIER_TRY(uint32_t step, stepOf(static_cast<double>(micros + overflow) * 1e-6, options.dt, path, place));
    train.events.push_back({step, static_cast<uint32_t>((polarity * shape[1] + y) * shape[2] + x), 1});
  }
  RANVIER_TRY(train, finished(std::move(train), options, path, "", options.countEvents ? Repeats::Count : Repeats::FlagEvents));
  return SpikeTrains{{"", std::move(train)}};
}

namespace {
//===--- HDF5 -------------------------------------------------------------===//

/// One sample of [T, N] or [S, T, N]. Row k is step k + 1, or the step of the middle of its time if rows have a dt of their own.
Result<SpikeTrain> fromDense(const H5Array &array, uint32_t sample, std::optional<double> rowDt, const SpikeReadOptions &options,
                             const std::string &path, const std::string &place) {
  const size_t rank = array.shape.size();
  if (!array.isNumber() || rank < 2 || rank > 3)
    return wrong(1056, path, place, "not an array of spikes", "numbers of shape [T, N] or [S, T, N]",
                 array.isNumber() ? std::to_string(rank) + " axes" : std::string("no numbers"));
  const uint64_t samples = rank == 3 ? array.shape[0] : 1;
  if (sample >= samples)
    return wrong(1056, path, place, "the sample does not exist", samples ? "0.." + std::to_string(samples - 1) : "at least one",
                 std::to_string(sample));
  const uint64_t steps = array.shape[rank - 2], neurons = array.shape[rank - 1];
  if (steps > static_cast<uint64_t>(mostSteps) || neurons > mostNeurons)
    return wrong(1056, path, place, "the array is too large", "at most 4e9 steps and 2^32 - 2 neurons");
  const bool own = rowDt && std::abs(*rowDt / options.dt - 1) > 1e-5;
  SpikeTrain train{static_cast<uint32_t>(neurons), own ? 0 : static_cast<uint32_t>(steps), {}};
  const uint64_t base = sample * steps * neurons;
  for (uint64_t k = 0; k < steps * neurons; ++k) {
    const double value = array.number(base + k);
    if (value == 0)
      continue;
    if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
      return wrong(1056, path, indexed(place, base + k), "a value is not finite", "finite float32", decimal(value));
    auto step = static_cast<uint32_t>(k / neurons) + 1;
    if (own) {
      RANVIER_TRY(step, stepOf((step - 0.5) * *rowDt, options.dt, path, indexed(place, base + k)));
    }
    train.events.push_back({step, static_cast<uint32_t>(k % neurons), static_cast<float>(value)});
    if (train.events.size() > mostEvents)
      return wrong(1056, path, place, "too many spikes", "at most " + std::to_string(mostEvents));
  }
  return finished(std::move(train), options, path, place);
}

std::optional<double> attribute(const std::map<std::string, H5Array> &attributes, const std::string &name) {
  const auto at = attributes.find(name);
  return at != attributes.end() && at->second.isNumber() && at->second.count() == 1 ? std::optional(at->second.number(0))
                                                                                    : std::nullopt;
}
std::string attributeText(const std::map<std::string, H5Array> &attributes, const std::string &name) {
  const auto at = attributes.find(name);
  return at != attributes.end() && at->second.texts.size() == 1 ? at->second.texts[0] : "";
}

class GraphDataReader {
public:
  GraphDataReader(const std::string &path, const SpikeReadOptions &options, uint32_t sample)
      : path(path), options(options), sample(sample) {}

  /// nodes/<n>/observables/<o>, where a node may be such a graph itself: its nodes are then called n.<node>.
  Result<void> graph(const H5Group &group, const std::string &place, const std::string &prefix, SpikeTrains &out) const {
    const H5Group *nodes = group.group("nodes");
    if (!nodes)
      return wrong(1057, path, place + "/nodes", "the NIRGraphData has no nodes", "a group");
    for (const auto &[name, node] : nodes->groups) {
      const std::string full = prefix.empty() ? name : prefix + "." + name, inner = place + "/nodes/" + name;
      if (attributeText(node.attributes, "__type__") == "NIRGraphData" || node.group("nodes")) {
        RANVIER_CHECK(graph(node, inner, full, out));
        continue;
      }
      RANVIER_TRY(SpikeTrain train, nodeSpikes(node, inner));
      if (!out.emplace(full, std::move(train)).second)
        return wrong(1057, path, inner, "two nodes have this name", "unique names", full);
    }
    return {};
  }

private:
  Result<SpikeTrain> nodeSpikes(const H5Group &node, const std::string &place) const {
    const H5Group *observables = node.group("observables");
    const H5Group *spikes = observables ? observables->group("spikes") : nullptr;
    std::string name = "spikes";
    if (!spikes && observables && observables->groups.size() == 1) {
      // Another name will do for events, but an array of numbers may be a voltage.
      name = observables->groups.begin()->first;
      const H5Group &only = observables->groups.begin()->second;
      const H5Array *data = only.array("data");
      spikes = !data || data->type == H5Type::U8 ? &only : nullptr;
    }
    if (!spikes)
      return wrong(1057, path, place + "/observables", "the node has no spikes", "an observable 'spikes'");
    const std::string here = place + "/observables/" + name;
    if (const H5Array *data = spikes->array("data"))
      return fromDense(*data, sample, attribute(spikes->attributes, "dt"), options, path, here + "/data");
    return events(*spikes, here);
  }

  /// idx, time and value, [samples, events] padded with idx = -1, or [events].
  Result<SpikeTrain> events(const H5Group &group, const std::string &place) const {
    const H5Array *idx = group.array("idx"), *time = group.array("time"), *value = group.array("value");
    const bool complete = idx && time && idx->isNumber() && time->isNumber() && (!value || value->isNumber());
    if (!complete || idx->shape != time->shape || (value && value->shape != idx->shape) || idx->shape.empty() ||
        idx->shape.size() > 2)
      return wrong(1057, path, place, "no event data", "arrays idx, time (and value) of one shape [samples, events] or [events]");
    const uint64_t samples = idx->shape.size() == 2 ? idx->shape[0] : 1, count = idx->shape.back();
    if (sample >= samples)
      return wrong(1056, path, place, "the sample does not exist", samples ? "0.." + std::to_string(samples - 1) : "at least one",
                   std::to_string(sample));
    SpikeTrain train;
    if (const auto neurons = attribute(group.attributes, "n_neurons")) {
      RANVIER_TRY(train.neurons, neuronOf(*neurons, 0, path, place + "@n_neurons"));
    }
    for (uint64_t k = sample * count; k < (sample + uint64_t(1)) * count; ++k) {
      if (idx->number(k) < 0)
        continue;
      RANVIER_TRY(uint32_t neuron, neuronOf(idx->number(k), train.neurons, path, indexed(place + "/idx", k)));
      RANVIER_TRY(uint32_t step, stepOf(time->number(k), options.dt, path, indexed(place + "/time", k)));
      train.events.push_back({step, neuron, value ? static_cast<float>(value->number(k)) : 1.0f});
    }
    return finished(std::move(train), options, path, place);
  }

  const std::string &path;
  const SpikeReadOptions &options;
  uint32_t sample;
};

/// SONATA: /spikes/<population>/{timestamps, node_ids}, or the older /spikes/{timestamps, gids}. Times are milliseconds unless
/// `units` says otherwise.
class SonataReader {
public:
  SonataReader(const std::string &path, const SpikeReadOptions &options) : path(path), options(options) {}

  Result<SpikeTrains> run(const H5Group &spikes) const {
    SpikeTrains out;
    if (spikes.arrays.count("timestamps")) {
      RANVIER_TRY(out[""], population(spikes, spikes.arrays.count("gids") ? "gids" : "node_ids", "/spikes"));
    }
    for (const auto &[name, group] : spikes.groups) {
      RANVIER_TRY(out[name], population(group, "node_ids", "/spikes/" + name));
    }
    if (out.empty())
      return wrong(1058, path, "/spikes", "no SONATA spikes", "groups of populations, or timestamps and gids", "nothing");
    return out;
  }

private:
  Result<double> unitOf(const H5Group &group, const std::string &place) const {
    const auto owner = group.arrayAttributes.find("timestamps");
    if (owner == group.arrayAttributes.end() || !owner->second.count("units"))
      return 1e-3;
    const std::string unit = attributeText(owner->second, "units");
    for (const auto &[seconds, names] :
         {std::pair<double, std::set<std::string>>{1e-3, {"ms", "msec", "msecs", "millisecond", "milliseconds"}},
          {1.0, {"s", "sec", "secs", "second", "seconds"}}})
      if (names.count(unit))
        return seconds;
    return wrong(1058, path, place + "/timestamps@units", "unknown unit of time", "ms or s", "'" + unit + "'");
  }

  Result<SpikeTrain> population(const H5Group &group, const char *ids, const std::string &place) const {
    const H5Array *time = group.array("timestamps"), *node = group.array(ids);
    if (!time || !node || !time->isNumber() || !node->isNumber() || time->count() != node->count())
      return wrong(1058, path, place, "no SONATA spikes", std::string("timestamps and ") + ids + " of one length");
    RANVIER_TRY(const double unit, unitOf(group, place));
    SpikeTrain train;
    for (uint64_t k = 0; k < time->count(); ++k) {
      RANVIER_TRY(uint32_t neuron, neuronOf(node->number(k), 0, path, indexed(place + "/" + ids, k)));
      RANVIER_TRY(uint32_t step, stepOf(time->number(k) * unit, options.dt, path, indexed(place + "/timestamps", k)));
      train.events.push_back({step, neuron, 1});
    }
    return finished(std::move(train), options, path, place);
  }

  const std::string &path;
  const SpikeReadOptions &options;
};

/// Files that hold one recording have no other sample than 0.
Error onlySample(const std::string &path, uint32_t sample) {
  return wrong(1056, path, "", "the sample does not exist: files of this kind hold one", "0", std::to_string(sample));
}

Result<SpikeTrains> readHdf5Spikes(const std::string &path, const SpikeReadOptions &options, uint32_t sample) {
  RANVIER_TRY(H5Group root, readHdf5(path));
  if (const H5Array *dense = root.array("input_spikes")) {
    RANVIER_TRY(SpikeTrain train, fromDense(*dense, sample, std::nullopt, options, path, "/input_spikes"));
    return SpikeTrains{{"", std::move(train)}};
  }
  if (attributeText(root.attributes, "__type__") == "NIRGraphData" || root.group("nodes")) {
    SpikeTrains out;
    RANVIER_CHECK(GraphDataReader(path, options, sample).graph(root, "", "", out));
    return out;
  }
  if (const H5Group *spikes = root.group("spikes"))
    return sample ? Result<SpikeTrains>(onlySample(path, sample)) : SonataReader(path, options).run(*spikes);
  return wrong(1050, path, "/", "no spikes in this HDF5 file", "input_spikes, nodes (NIRGraphData) or spikes (SONATA)");
}

bool hasHdf5Name(const std::string &path) {
  return path.ends_with(".h5") || path.ends_with(".hdf5") || path.ends_with(".hdf") || path.ends_with(".nir");
}

/// Whether the file starts as HDF5 does.
Result<bool> startsAsHdf5(const std::string &path) {
  std::FILE *file = std::fopen(path.c_str(), "re");
  if (!file)
    return wrong(9001, path, "", "cannot open the file", "a readable file", std::strerror(errno));
  char start[8];
  const size_t got = std::fread(start, 1, sizeof start, file);
  std::fclose(file);
  return std::string_view(start, got) == std::string_view("\x89HDF\r\n\x1a\n", 8);
}
} // namespace

Result<SpikeTrains> formats::readSpikes(const std::string &path, const SpikeReadOptions &options, uint32_t sample) {
  if (!(options.dt > 0 && std::isfinite(options.dt)))
    return wrong(1054, path, "", "the time step is not positive", "> 0 s", std::to_string(options.dt));
  RANVIER_TRY(const bool isHdf5, startsAsHdf5(path));
  if (isHdf5 || hasHdf5Name(path))
    return readHdf5Spikes(path, options, sample);
  const bool events = path.ends_with(".bin");
  if (!events && !path.ends_with(".csv") && !path.ends_with(".txt"))
    return wrong(1050, path, "", "unknown kind of spike file", ".csv, .txt, .bin or HDF5");
  if (sample)
    return onlySample(path, sample);
  RANVIER_TRY(const std::string bytes, readFile(path, mostText));
  return events ? parseEventBin(bytes, path, options) : parseCsvSpikes(bytes, path, options);
}

//===--- Writing ----------------------------------------------------------===//

namespace {
Result<void> writeCsv(const std::string &path, const SpikeTrains &trains) {
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

/// A train as columns; times in the middle of the step, so that rounding cannot move a spike into a neighbour.
struct Columns {
  std::vector<double> times;
  std::vector<int64_t> neurons;
  std::vector<float> values;
  bool graded = false;
  uint32_t lastStep = 0, count = 0;

  /// `stepTime` in the unit that times are to have.
  Columns(const SpikeTrain &train, double stepTime) : lastStep(train.steps), count(train.neurons) {
    for (const auto &event : train.events) {
      times.push_back((event.step - 0.5) * stepTime);
      neurons.push_back(event.neuron);
      values.push_back(event.value);
      graded |= event.value != 1;
      lastStep = std::max(lastStep, event.step);
      count = std::max(count, event.neuron + 1);
    }
  }
};

void writeSonata(Hdf5Writer &out, const std::string &name, const Columns &columns) {
  const std::vector<uint64_t> ids(columns.neurons.begin(), columns.neurons.end()), shape{columns.times.size()};
  const std::string group = "spikes/" + name;
  out.array(group + "/timestamps", std::span<const double>(columns.times), shape);
  out.array(group + "/node_ids", std::span<const uint64_t>(ids), shape);
  out.attribute(group + "/timestamps", "units", std::string("ms"));
  out.choice(group, "sorting", {"none", "by_id", "by_time"}, 2);
}

void writeGraphData(Hdf5Writer &out, const std::string &name, const Columns &columns, double dt) {
  const std::vector<uint64_t> shape{1, columns.times.size()}; // One sample.
  const std::string node = "nodes/" + name, group = node + "/observables/spikes";
  out.array(group + "/idx", std::span<const int64_t>(columns.neurons), shape);
  out.array(group + "/time", std::span<const double>(columns.times), shape);
  if (columns.graded)
    out.array(group + "/value", std::span<const float>(columns.values), shape);
  out.attribute(node, "__type__", std::string("NIRNodeData"));
  out.attribute(group, "__type__", std::string(columns.graded ? "ValuedEventData" : "EventData"));
  out.attribute(group, "n_neurons", static_cast<int64_t>(columns.count));
  out.attribute(group, "t_max", columns.lastStep * dt);
}
} // namespace

Result<void> formats::writeSpikes(const std::string &path, SpikeFormat format, const SpikeTrains &trains, double dt) {
  // CSV counts steps and needs no time.
  if (format != SpikeFormat::Csv && !(dt > 0 && std::isfinite(dt)))
    return wrong(1054, path, "", "the time step is not positive", "> 0 s", std::to_string(dt));
  for (const auto &[name, train] : trains)
    for (const auto &event : train.events)
      if (event.step == 0 || event.step > mostSteps || event.neuron >= mostNeurons)
        return wrong(1059, path, "population '" + name + "'", "a spike outside any run", "steps from 1, neurons below 2^32 - 2",
                     "step " + std::to_string(event.step) + ", neuron " + std::to_string(event.neuron));
  if (format == SpikeFormat::Csv)
    return writeCsv(path, trains);
  RANVIER_TRY(auto out, Hdf5Writer::create(path, true));
  if (format == SpikeFormat::NirGraphData) {
    out->attribute("", "__type__", std::string("NIRGraphData"));
    out->group("nodes");
  } else {
    out->attribute("", "magic", int64_t(0x0A7A));
    out->attribute("", "version", std::vector<uint32_t>{0, 1});
    out->group("spikes");
  }
  std::set<std::string> labels;
  for (const auto &[name, train] : trains) {
    const std::string label = name.empty() ? "input" : name;
    if (!isHdf5Name(label) || !labels.insert(label).second)
      return wrong(1059, path, "population '" + name + "'", "the name cannot stand in the file", "different names without a slash",
                   label);
    const Columns columns(train, format == SpikeFormat::Sonata ? dt * 1e3 : dt);
    if (format == SpikeFormat::Sonata && columns.graded)
      return wrong(1059, path, "population '" + name + "'", "SONATA spikes have no values", "values of 1", "others");
    if (format == SpikeFormat::Sonata)
      writeSonata(*out, label, columns);
    else
      writeGraphData(*out, label, columns, dt);
  }
  return out->finish();
}

//===--- Data sets --------------------------------------------------------===//

Result<DataSet> formats::readDataSet(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.only = {"input_spikes", "labels"}}));
  const H5Array *spikes = root.array("input_spikes"), *labels = root.array("labels");
  if (!spikes || !spikes->isNumber() || spikes->shape.size() != 3)
    return wrong(1060, path, "/input_spikes", "not a data set of spikes", "numbers of shape [samples, steps, neurons]",
                 !spikes               ? "nothing"
                 : !spikes->isNumber() ? "text"
                                       : std::to_string(spikes->shape.size()) + " axes");
  DataSet out;
  for (uint64_t extent : spikes->shape)
    if (extent == 0 || extent > static_cast<uint64_t>(mostSteps))
      return wrong(1060, path, "/input_spikes", "an extent is 0 or too large", "1..4000000000", std::to_string(extent));
  out.samples = static_cast<uint32_t>(spikes->shape[0]);
  out.steps = static_cast<uint32_t>(spikes->shape[1]);
  out.neurons = static_cast<uint32_t>(spikes->shape[2]);
  out.spikes.resize(spikes->count());
  for (uint64_t k = 0; k < out.spikes.size(); ++k) {
    const double value = spikes->number(k);
    if (value != 0 && value != 1)
      return wrong(1061, path, indexed("/input_spikes", k), "a cell is no spike", "0 or 1", decimal(value));
    out.spikes[k] = static_cast<uint8_t>(value);
  }
  if (labels) {
    if (!labels->isNumber() || labels->count() != out.samples)
      return wrong(1062, path, "/labels", "not one label per sample", std::to_string(out.samples) + " numbers",
                   labels->isNumber() ? std::to_string(labels->count()) : "text");
    for (uint64_t k = 0; k < out.samples; ++k) {
      const double value = labels->number(k);
      if (!(std::abs(value) < 9e15) || value != std::floor(value))
        return wrong(1062, path, indexed("/labels", k), "a label is no integer", "the number of a class", decimal(value));
      out.labels.push_back(static_cast<int64_t>(value));
    }
  }
  if (root.attributes.count("dt")) {
    const auto dt = attribute(root.attributes, "dt");
    if (!dt || !(*dt > 0 && std::isfinite(*dt)))
      return wrong(1060, path, "attribute dt", "the time step is not positive", "> 0 s", dt ? std::to_string(*dt) : "no number");
    out.dt = *dt;
  }
  return out;
}

Result<DenseArray> formats::readDense(const std::string &path, const std::string &dataset) {
  const std::string name = dataset.substr(std::min(dataset.find_first_not_of('/'), dataset.size()));
  RANVIER_TRY(H5Group root, readHdf5(path, {.maxNumbers = uint64_t(1) << 30, .only = {name}}));
  const H5Array *array = root.array(name);
  if (!array || !array->isNumber())
    return wrong(1063, path, "/" + name, "no numeric data set of this name");
  return DenseArray{array->shape, array->numbers()};
}
