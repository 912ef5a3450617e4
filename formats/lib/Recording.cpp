//===- Recording.cpp - What a run leaves behind ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Records are gathered in blocks, which a thread writes: to the HDF5 file at once, or, where the run takes checkpoints, to a spool
// of which the file is made in the end. Either way the file's bytes follow from the records alone.
//===----------------------------------------------------------------------===//
#include "ranvier/Formats/Recording.h"
#include "BackgroundWriter.h"
#include "Hdf5Recording.h"
#include "Hdf5Sink.h"
#include "Hdf5Tree.h"
#include "RecordingSpool.h"
#include "ranvier/Support/File.h"
#include <optional>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
struct Reader {
  const H5Group &root;
  const std::string &path;

  Error wrong(const std::string &place, std::string message, std::string expected = "", std::string found = "") const {
    return {.code = 1082,
            .message = std::move(message),
            .file = path,
            .place = place,
            .expected = std::move(expected),
            .found = std::move(found),
            .hint = "`ranvier run -o` writes recordings"};
  }
  static std::optional<double> number(const std::map<std::string, H5Array> &map, const char *key) {
    const auto at = map.find(key);
    return at != map.end() && at->second.isNumber() && at->second.count() == 1 ? std::optional<double>(at->second.number(0))
                                                                               : std::nullopt;
  }
  static std::optional<uint32_t> word(const std::map<std::string, H5Array> &map, const char *key) {
    const auto value = number(map, key);
    return value && *value >= 0 && *value < 4294967296.0 ? std::optional(static_cast<uint32_t>(*value)) : std::nullopt;
  }

  Result<Recording> run() const {
    const auto format = root.attributes.find("format");
    if (format == root.attributes.end() || format->second.texts != std::vector<std::string>{"ranvier-run"})
      return wrong("attribute format", "the file is no recording", "ranvier-run");
    if (word(root.attributes, "version") != 1u)
      return wrong("attribute version", "the recording is of another version", "1");
    const auto dt = number(root.attributes, "dt");
    const auto steps = word(root.attributes, "steps");
    const H5Group *populations = root.group("populations");
    if (!dt || !(*dt > 0) || !steps || !populations)
      return wrong("/", "the attributes dt (positive) or steps, or the group populations are missing");
    Recording out;
    out.dt = *dt;
    out.steps = *steps;
    for (const auto &[name, group] : populations->groups) {
      RANVIER_TRY(auto population, read(name, group, *steps));
      out.populations.push_back(std::move(population));
    }
    return out;
  }

  Result<Recording::Population> read(const std::string &name, const H5Group &group, uint32_t steps) const {
    const std::string place = "populations/" + name;
    Recording::Population out;
    out.name = name;
    const auto n = word(group.attributes, "n");
    const H5Array *at = group.array("spike_steps"), *who = group.array("spike_neurons");
    if (!n || !at || !who || !at->isNumber() || !who->isNumber() || at->count() != who->count())
      return wrong(place, "the population is incomplete", "attribute n, and spike_steps and spike_neurons of one length");
    out.count = *n;
    for (uint64_t k = 0; k < at->count(); ++k) {
      const double step = at->number(k), neuron = who->number(k);
      if (!(step >= 1 && step <= steps && neuron >= 0 && neuron < *n))
        return wrong(place + "/spike_steps[" + std::to_string(k) + "]", "a spike lies outside the recording",
                     "step 1.." + std::to_string(steps) + ", neuron below " + std::to_string(*n),
                     std::to_string(step) + ", " + std::to_string(neuron));
      out.spikeSteps.push_back(static_cast<uint32_t>(step));
      out.spikeNeurons.push_back(static_cast<uint32_t>(neuron));
    }
    if (const H5Array *values = group.array("spike_values")) {
      if (!values->isNumber() || values->count() != at->count())
        return wrong(place + "/spike_values", "not one value a spike", std::to_string(at->count()) + " numbers");
      RANVIER_TRY(out.spikeValues, scaled(group, "spike_values", *values, place));
    }
    for (const auto &[key, array] : group.arrays) {
      if (key == "spike_steps" || key == "spike_neurons" || key == "spike_values")
        continue;
      if (!array.isNumber() || array.shape != std::vector<uint64_t>{steps, *n})
        return wrong(place + "/" + key, "a state has the wrong shape",
                     "[" + std::to_string(steps) + ", " + std::to_string(*n) + "] numbers");
      RANVIER_TRY(std::vector<double> values, scaled(group, key, array, place));
      out.states.push_back({key, std::move(values)});
    }
    return out;
  }

  Result<std::vector<double>> scaled(const H5Group &group, const std::string &key, const H5Array &array,
                                     const std::string &place) const {
    const auto owner = group.arrayAttributes.find(key);
    const auto scale = owner == group.arrayAttributes.end() ? std::nullopt : number(owner->second, "scale");
    if (!scale)
      return wrong(place + "/" + key, "the words have no scale", "attribute scale");
    std::vector<double> values = array.numbers();
    for (double &value : values)
      value *= *scale;
    return values;
  }
};
} // namespace

namespace {
/// A block is handed over when it has this many words (1 MiB), or one row of a wider state.
constexpr size_t blockWords = size_t(1) << 18;

class StreamRecorder final : public Recorder {
public:
  /// With a spool no `file` is written before the end.
  StreamRecorder(std::string path, double dt, std::vector<RecordedPopulation> populations, std::unique_ptr<Hdf5Recording> file,
                 std::unique_ptr<RecordingSpool> spool)
      : path(std::move(path)), dt(dt), populations(std::move(populations)), file(std::move(file)), spool(std::move(spool)),
        writer([this](std::span<const uint32_t> words) { return take(words); }) {}
  Result<void> start() { return writer.start(path); }

  Result<void> spikes(uint32_t p, uint32_t step, std::span<const uint32_t> neurons, std::span<const int32_t> payloads) override {
    const bool graded = populations[p].graded;
    RANVIER_ASSERT(!graded || payloads.size() == neurons.size(),
                   "a payload for each of " + std::to_string(neurons.size()) + " graded spikes");
    if (!neurons.empty())
      putSpikes(block, p, step, neurons, graded ? payloads : std::span<const int32_t>());
    return handOver(blockWords);
  }
  Result<void> state(uint32_t p, uint32_t state, std::span<const int32_t> words) override {
    RANVIER_ASSERT(words.size() == populations[p].count, "a word for each of " + std::to_string(populations[p].count) + " neurons");
    putState(block, p, state, words);
    return handOver(blockWords);
  }
  Result<RecordingMark> mark() override {
    RANVIER_ASSERT(spool, "a recorder without a spool cannot be marked");
    RANVIER_CHECK(flush());
    return spool->mark();
  }
  Result<void> finish(uint32_t steps) override {
    RANVIER_CHECK(flush());
    if (!spool)
      return file->finish(steps);
    RANVIER_TRY(AtomicFile target, AtomicFile::create(path));
    RANVIER_TRY(const auto whole, Hdf5Recording::create(std::move(target), path, dt, populations));
    RANVIER_CHECK(spool->read([&](std::span<const uint32_t> words) { return takeRecords(words, populations, *whole); }));
    RANVIER_CHECK(whole->finish(steps));
    spool->remove();
    return {};
  }

private:
  Result<void> handOver(size_t least) {
    if (writer.failed())
      return writer.failure();
    return block.size() < least ? Result<void>() : writer.put(block);
  }
  Result<void> flush() {
    RANVIER_CHECK(handOver(1));
    return writer.drain();
  }
  /// On the writer's thread.
  Result<void> take(std::span<const uint32_t> words) {
    if (spool)
      return spool->append(words);
    Hdf5Sink::quiet();
    return takeRecords(words, populations, *file);
  }

  std::string path;
  double dt;
  std::vector<RecordedPopulation> populations;
  RecordBlock block;
  std::unique_ptr<Hdf5Recording> file;
  std::unique_ptr<RecordingSpool> spool;
  BackgroundWriter writer; ///< Ends before what it writes to.
};

Result<void> checkNames(const std::string &path, const std::vector<RecordedPopulation> &populations) {
  std::set<std::string> seen;
  for (const auto &population : populations) {
    if (!isHdf5Name(population.name) || !seen.insert(population.name).second)
      return Error{.code = 1081,
                   .message = "a population's name cannot be a name in the recording",
                   .file = path,
                   .expected = "different names without a slash",
                   .found = "'" + population.name + "'"};
    for (const auto &state : population.states)
      if (!isHdf5Name(state.first) || state.first.starts_with("spike_"))
        return Error{.code = 1081,
                     .message = "a state's name cannot be a name in the recording",
                     .file = path,
                     .place = "population '" + population.name + "'",
                     .found = "'" + state.first + "'"};
  }
  return {};
}

Result<std::unique_ptr<Recorder>> started(std::unique_ptr<StreamRecorder> recorder) {
  RANVIER_CHECK(recorder->start());
  return std::unique_ptr<Recorder>(std::move(recorder));
}
} // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string &path, double dt,
                                                   std::vector<RecordedPopulation> populations) {
  RANVIER_CHECK(checkNames(path, populations));
  RANVIER_TRY(AtomicFile target, AtomicFile::create(path));
  RANVIER_TRY(auto file, Hdf5Recording::create(std::move(target), path, dt, populations));
  return started(std::make_unique<StreamRecorder>(path, dt, std::move(populations), std::move(file), nullptr));
}

Result<std::unique_ptr<Recorder>> Recorder::createResumable(const std::string &path, double dt,
                                                            std::vector<RecordedPopulation> populations) {
  RANVIER_CHECK(checkNames(path, populations));
  RANVIER_CHECK(AtomicFile::create(path)); // What stands in its way is better known now than in the end.
  RANVIER_TRY(auto spool, RecordingSpool::create(path, dt, populations));
  return started(std::make_unique<StreamRecorder>(path, dt, std::move(populations), nullptr, std::move(spool)));
}

Result<std::unique_ptr<Recorder>> Recorder::resume(const std::string &path, double dt, std::vector<RecordedPopulation> populations,
                                                   const RecordingMark &mark) {
  RANVIER_CHECK(checkNames(path, populations));
  RANVIER_CHECK(AtomicFile::create(path));
  RANVIER_TRY(auto spool, RecordingSpool::resume(path, dt, populations, mark));
  return started(std::make_unique<StreamRecorder>(path, dt, std::move(populations), nullptr, std::move(spool)));
}

Result<Recording> formats::readRecording(const std::string &path) {
  RANVIER_TRY(H5Group root, readHdf5(path, {.maxNumbers = uint64_t(1) << 29}));
  return Reader{root, path}.run();
}
