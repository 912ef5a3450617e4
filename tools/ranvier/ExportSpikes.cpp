//===- ExportSpikes.cpp - Spike files from one format to another ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps are what is kept: a file of times is read with --dt and written with the same, so that every spike stays in its step.
//===----------------------------------------------------------------------===//
#include "ExportSpikes.h"
#include "ranvier/Formats/Recording.h"
#include "ranvier/Formats/Spikes.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;
using formats::SpikeTrains;

namespace {
struct Spikes {
  SpikeTrains trains;
  double dt = 0; ///< 0: the file counts steps and nobody said how long they are.
};

Spikes fromRecording(const formats::Recording &recording) {
  Spikes out{{}, recording.dt};
  for (const auto &population : recording.populations) {
    formats::SpikeTrain &train = out.trains[population.name];
    train.neurons = population.count;
    train.steps = recording.steps;
    for (size_t k = 0; k < population.spikeSteps.size(); ++k)
      train.events.push_back({population.spikeSteps[k], population.spikeNeurons[k],
                              population.spikeValues.empty() ? 1.0f : static_cast<float>(population.spikeValues[k])});
  }
  return out;
}

bool countsSteps(const std::string &path) { return path.ends_with(".csv") || path.ends_with(".txt"); }

Result<Spikes> load(const SpikeExport &what) {
  auto recording = formats::readRecording(what.input);
  if (recording) {
    if (what.dt > 0)
      return pointlessOption("--dt", "a recording knows its time step");
    if (what.sample)
      return pointlessOption("--sample", "a recording holds one run");
    return fromRecording(*recording);
  }
  const bool otherFile =
      recording.error().code == 1001 || (recording.error().code == 1082 && recording.error().place == "attribute format");
  if (!otherFile)
    return recording.error();
  if (what.dt <= 0 && !(countsSteps(what.input) && what.format == "csv"))
    return Error{.code = 8061,
                 .message = "--dt is needed to turn times into steps or steps into times",
                 .file = what.input,
                 .hint = "--dt SECONDS, the time step of the network the spikes belong to",
                 .kind = ErrorKind::Usage};
  Spikes out{{}, what.dt};
  formats::SpikeReadOptions read;
  if (what.dt > 0)
    read.dt = what.dt;
  RANVIER_TRY(out.trains, formats::readSpikes(what.input, read, what.sample.value_or(0)));
  return out;
}

std::string namesOf(const SpikeTrains &trains) {
  std::string out;
  for (const auto &[name, train] : trains)
    out += (out.empty() ? "" : ", ") + (name.empty() ? "(without a name)" : name);
  return out;
}

/// Keeps the populations asked for, and one only where the format holds one only.
Result<void> choose(Spikes &spikes, const SpikeExport &what) {
  const std::string known = namesOf(spikes.trains);
  for (const auto &name : what.populations)
    if (!spikes.trains.count(name))
      return Error{
          .code = 8062, .message = "no spikes of a population of this name", .file = what.input, .expected = known, .found = name};
  if (!what.populations.empty())
    std::erase_if(spikes.trains, [&](const auto &entry) {
      return std::find(what.populations.begin(), what.populations.end(), entry.first) == what.populations.end();
    });
  if (what.format == "csv" && spikes.trains.size() != 1)
    return Error{.code = 8062,
                 .message = "a CSV file holds the spikes of one population",
                 .file = what.input,
                 .expected = "one of " + known,
                 .found = std::to_string(spikes.trains.size()) + " populations",
                 .hint = "--population NAME"};
  return {};
}
} // namespace

Result<void> tools::exportSpikes(Context &context, const SpikeExport &what) {
  RANVIER_TRY(Spikes spikes, load(what));
  RANVIER_CHECK(choose(spikes, what));
  Json populations = Json::object();
  uint64_t total = 0;
  for (auto &[name, train] : spikes.trains) {
    for (const auto &event : train.events) {
      train.steps = std::max(train.steps, event.step);
    }
    total += train.events.size();
    populations[name] = {{"neurons", train.neurons}, {"spikes", train.events.size()}};
  }
  const auto format = what.format == "csv"   ? formats::SpikeFormat::Csv
                      : what.format == "nir" ? formats::SpikeFormat::NirGraphData
                                             : formats::SpikeFormat::Sonata;
  RANVIER_CHECK(formats::writeSpikes(what.output, format, spikes.trains, spikes.dt));
  context.print(Json{{"command", "export"},
                     {"output", fileName(what.output)},
                     {"format", what.format},
                     {"populations", populations},
                     {"warnings", Json::array()}},
                "written " + what.output + " (" + counted(total, "spike") + ")\n");
  return {};
}
