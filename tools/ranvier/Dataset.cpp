//===- Dataset.cpp - `ranvier dataset` ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data sets as their authors publish them become the binned sets that `eval` and `compile --calibrate` take.
//===----------------------------------------------------------------------===//
#include "Common.h"
#include "ranvier/Formats/EventSets.h"
#include "ranvier/Support/Text.h"
#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct DatasetFlags {
  std::string input, output, sensor, crop, polarity, labels;
  formats::BinOptions bins;
  uint32_t units = 0, channels = 0;
};

Error badOption(const std::string &option, const std::string &expected, const std::string &found) {
  return {.code = 8091,
          .message = option + " cannot be understood",
          .place = "command line",
          .expected = expected,
          .found = "'" + found + "'",
          .kind = ErrorKind::Usage};
}

bool number(std::string_view text, uint64_t &out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size();
}

/// "2x34x34".
template <size_t N>
Result<std::array<uint64_t, N>> extents(const std::string &option, const std::string &text, const char *expected) {
  std::array<uint64_t, N> out{};
  size_t at = 0;
  for (size_t k = 0; k < N; ++k) {
    const size_t end = k + 1 < N ? text.find('x', at) : text.size();
    if (end == std::string::npos || !number(std::string_view(text).substr(at, end - at), out[k]) || out[k] == 0)
      return badOption(option, expected, text);
    at = end + 1;
  }
  return out;
}

/// "0,2,5-9".
Result<std::set<int64_t>> classes(const std::string &text) {
  std::set<int64_t> out;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view part = std::string_view(text).substr(at, comma - at);
    const size_t dash = std::min(part.find('-'), part.size());
    uint64_t first = 0, last = 0;
    if (!number(part.substr(0, dash), first) || !number(dash < part.size() ? part.substr(dash + 1) : part, last) || last < first ||
        last > 1000000)
      return badOption("--classes", "numbers and ranges such as 0,2,5-9, up to 1000000", text);
    for (uint64_t label = first; label <= last; ++label)
      out.insert(static_cast<int64_t>(label));
    at = comma + 1;
  }
  return out;
}

formats::EventProgress progressOf(Context &context) {
  return [&context, started = false](uint64_t done, uint64_t all) mutable {
    if (!std::exchange(started, true))
      context.progress->phase("recordings", all);
    context.progress->advance(done);
  };
}

Result<formats::EventSet> fromCamera(Context &context, const DatasetFlags &flags) {
  for (const auto &[given, option] : {std::pair(flags.units, "--units"), {flags.channels, "--channels"}})
    if (given)
      return pointlessOption(option, "the input is a folder of camera recordings");
  formats::CameraOptions options;
  options.bins = flags.bins;
  if (!flags.sensor.empty()) {
    RANVIER_TRY(options.sensor, extents<3>("--sensor", flags.sensor, "POLARITIESxHEIGHTxWIDTH, such as 2x34x34"));
  }
  if (!flags.crop.empty()) {
    RANVIER_TRY(options.crop, extents<2>("--crop", flags.crop, "HEIGHTxWIDTH, such as 16x16"));
  }
  options.polarity = flags.polarity == "on"       ? formats::Polarity::On
                     : flags.polarity == "off"    ? formats::Polarity::Off
                     : flags.polarity == "merged" ? formats::Polarity::Merged
                                                  : formats::Polarity::Both;
  return formats::readCameraFolder(flags.input, options, progressOf(context));
}

Result<formats::EventSet> fromCochlea(Context &context, const DatasetFlags &flags) {
  for (const auto &[given, option] :
       {std::pair(&flags.sensor, "--sensor"), {&flags.crop, "--crop"}, {&flags.polarity, "--polarity"}})
    if (!given->empty())
      return pointlessOption(option, "the input is a file of spikes of a cochlea, not a folder of camera recordings");
  formats::AudioOptions options{.bins = flags.bins, .channels = flags.channels};
  if (flags.units)
    options.units = flags.units;
  return formats::readAudioSpikes(flags.input, options, progressOf(context));
}

Result<void> dataset(Context &context, DatasetFlags flags) {
  RANVIER_CHECK(checkOutput(flags.output, {flags.input}));
  if (!flags.labels.empty()) {
    RANVIER_TRY(flags.bins.labels, classes(flags.labels));
  }
  std::error_code ignored;
  const bool camera = std::filesystem::is_directory(flags.input, ignored);
  RANVIER_TRY(const formats::EventSet set, camera ? fromCamera(context, flags) : fromCochlea(context, flags));
  RANVIER_CHECK(formats::writeDataSet(flags.output, set.data, set.names));
  std::map<int64_t, uint64_t> samples;
  for (const int64_t label : set.data.labels)
    ++samples[label];
  Json classes = Json::object();
  for (const auto &[label, count] : samples)
    classes[std::to_string(label)] = count;
  const formats::EventCounts &counts = set.counts;
  const Json report = {{"command", "dataset"},
                       {"input", camera ? "camera" : "cochlea"},
                       {"output", fileName(flags.output)},
                       {"samples", set.data.samples},
                       {"steps", set.data.steps},
                       {"neurons", set.data.neurons},
                       {"dt", set.data.dt},
                       {"classes", classes},
                       {"events",
                        {{"read", counts.events},
                         {"spikes", counts.spikes},
                         {"merged", counts.merged},
                         {"late", counts.late},
                         {"outside", counts.outside},
                         {"other_polarity", counts.otherPolarity}}}};
  std::string text = "written " + flags.output + ": " + counted(set.data.samples, "sample") + " of " +
                     (samples.size() == 1 ? "1 class" : std::to_string(samples.size()) + " classes") + ", " +
                     counted(set.data.steps, "step") + " of " + decimal(set.data.dt) + " s, " +
                     counted(set.data.neurons, "neuron") + "\nevents         " + std::to_string(counts.events) + " read, " +
                     std::to_string(counts.spikes) + " became spikes, " + std::to_string(counts.merged) +
                     " fell on one that was there";
  for (const auto &[count, what] : {std::pair(counts.late, "came after the last step"),
                                    {counts.outside, "lay outside the crop"},
                                    {counts.otherPolarity, "had the other polarity"}})
    if (count)
      text += ", " + std::to_string(count) + " " + what;
  context.print(report, text + "\n");
  return {};
}
} // namespace

void tools::addDataset(CLI::App &app, Context &context) {
  auto flags = std::make_shared<DatasetFlags>();
  CLI::App *command =
      addCommand(app, context, "dataset", "Bin recordings of event cameras or cochleas into a data set for eval",
                 "  ranvier dataset N-MNIST/Train --steps 50 --dt 6e-3 --crop 16x16 --polarity on --per-class 100 -o train.h5\n"
                 "  ranvier dataset shd_test.h5 --steps 129 --dt 8e-3 --channels 64 --classes 0-9 -o test.h5 --json",
                 [&context, flags] { return dataset(context, *flags); });
  command
      ->add_option("input", flags->input,
                   "Folder with a folder for each class (0, 1, ...) of N-MNIST's .bin files, or an HDF5 file of SHD's form")
      ->required();
  command->add_option("--steps", flags->bins.steps, "Steps of every sample; what comes later is left out and counted")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--dt", flags->bins.dt, "Seconds of a step")->required()->check(CLI::PositiveNumber);
  command->add_option("--classes", flags->labels, "Only these classes, such as 0,2,5-9");
  command->add_option("--per-class", flags->bins.samplesPerClass, "Only the first so many samples of each class")
      ->check(CLI::PositiveNumber);
  command->add_option("--sensor", flags->sensor, "Camera: polarities x height x width (default 2x34x34)");
  command->add_option("--crop", flags->crop, "Camera: height x width around the middle (default: all)");
  command->add_option("--polarity", flags->polarity, "Camera: both planes (default), one of them, or both as one plane")
      ->check(CLI::IsMember({"both", "on", "off", "merged"}));
  command->add_option("--units", flags->units, "Cochlea: units of the file (default 700)")->check(CLI::PositiveNumber);
  command->add_option("--channels", flags->channels, "Cochlea: neighbouring units become so many neurons (default: one each)")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--output", flags->output, "HDF5 file to write: input_spikes [S,T,N], labels [S], names [S], dt")
      ->required();
}
