//===- RunCheckpoint.cpp - Checkpoints of `ranvier run` -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RunCheckpoint.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <filesystem>

using namespace ranvier;
using namespace ranvier::tools;

void CheckpointFlags::addTo(CLI::App &command) {
  CLI::Option *name =
      command.add_option("--checkpoint", file, "File to keep the newest checkpoint in: what a killed run goes on from");
  CLI::Option *interval =
      command.add_option("--checkpoint-every", every, "Steps between checkpoints")->check(CLI::Range(1u, 4000000000u));
  name->needs(interval);
  interval->needs(name);
  command.add_option(
      "--resume", resume,
      "Checkpoint to go on from, with the options of the run that took it; executor, threads and a larger --steps may differ");
}

Result<void> CheckpointFlags::check(const std::string &image, const std::string &input, const std::string &output) const {
  RANVIER_CHECK(checkOutput(output, {resume}));
  RANVIER_CHECK(checkOutput(file, {image, input}));
  std::error_code failure;
  const auto absolute = [&](const std::string &path) { return std::filesystem::weakly_canonical(path, failure); };
  if (!file.empty() && !output.empty() && (absolute(file) == absolute(output) || absolute(file) == absolute(output + ".spool")))
    return Error{.code = 8035,
                 .message = "--checkpoint and the recording (-o) would be the same file",
                 .file = file,
                 .expected = "two names",
                 .kind = ErrorKind::Usage};
  return {};
}

Result<void> Checkpoints::open(const CheckpointFlags &given, const Run &run) {
  flags = given;
  ranks = run.ranks;
  timing = run.machine.options().timing;
  std::string costs;
  if (run.machine.timed())
    if (const hw::CostProfile *profile = run.image.chip.findCosts(run.machine.costs))
      costs = profile->name;
  std::map<std::string, std::string> options = {
      {"--timing", run.machine.timing}, {"--costs", costs}, {"--weights", run.machine.weights}};
  if (run.image.chip.crossbar) {
    options["--faults"] = run.machine.faultsIdentity();
    options["--device-seed"] = std::to_string(run.machine.deviceSeed.value_or(run.image.chip.crossbar->seed));
  }
  if (resumes()) {
    RANVIER_TRY(now, emu::readCheckpoint(flags.resume));
    RANVIER_CHECK(emu::checkBelongs(now, flags.resume, run.image, run.imagePath, options, run.inputs));
    before = now.machine.step;
    if (before > run.steps)
      return Error{.code = 8034,
                   .message = "the checkpoint was taken after the last step of this run",
                   .file = flags.resume,
                   .expected = "--steps " + std::to_string(before) + " or more (all steps are counted, those before it, too)",
                   .found = "--steps " + std::to_string(run.steps),
                   .kind = ErrorKind::Usage};
    const auto differs = [&](const char *option, bool had) {
      return Error{.code = 8036,
                   .message = std::string("the run that the checkpoint belongs to had ") + (had ? "an " : "no ") + option,
                   .file = flags.resume,
                   .expected = had ? std::string("the ") + option + " of that run" : std::string("none"),
                   .found = had ? "none" : std::string(option) + ", whose first steps nobody kept",
                   .kind = ErrorKind::Usage};
    };
    if (run.recorded != now.recording.has_value())
      return differs("-o", now.recording.has_value());
    if (run.perStep && !now.perStepKept)
      return differs("--report", false);
  }
  now.image = fileName(run.imagePath);
  now.network = run.image.meta.network;
  now.identity = run.image.identity;
  now.options = options;
  now.inputSpikes = run.inputs.size();
  now.inputIdentity = emu::identityOf(run.inputs);
  now.perStepKept = run.perStep;
  return {};
}

std::string Checkpoints::identity() const {
  return resumes() ? "step " + std::to_string(before) + ", " + contentHash(std::as_bytes(std::span(now.machine.states))) : "";
}

std::span<const emu::InputSpike> Checkpoints::inputsLeft(std::span<const emu::InputSpike> inputs) const {
  if (!resumes())
    return inputs;
  const auto first = std::upper_bound(inputs.begin(), inputs.end(), stepsBefore(),
                                      [](uint32_t step, const emu::InputSpike &spike) { return step < spike.step; });
  return inputs.subspan(static_cast<size_t>(first - inputs.begin()));
}

Result<emu::RunResult> Checkpoints::restore(emu::Machine &machine, std::vector<uint64_t> &spikes) {
  if (!resumes())
    return emu::RunResult{};
  if (auto done = machine.restore(now.machine); !done) {
    done.error().file = flags.resume;
    return std::move(done.error());
  }
  now.machine = {};
  spikes = now.spikes;
  if (!now.perStepKept) // Of a run with --report that goes on without.
    now.soFar.perStep.clear();
  if (ranks && ranks->rank() != 0) {
    std::fill(spikes.begin(), spikes.end(), 0);
    if (timing == emu::Timing::Off) {
      now.soFar.total = {};
      std::fill(now.soFar.perStep.begin(), now.soFar.perStep.end(), emu::StepCounts());
    }
  }
  return std::move(now.soFar);
}

Result<void> Checkpoints::take(emu::Machine &machine, const emu::RunResult &soFar, const std::vector<uint64_t> &spikes,
                               std::optional<formats::RecordingMark> mark) {
  machine.save(now.machine);
  now.soFar = soFar;
  now.spikes = spikes;
  if (ranks) {
    if (!emu::addUp(*ranks, timing, now.soFar, now.spikes))
      return Error{.code = emu::otherRankFailed, .message = "another rank has left the run", .kind = ErrorKind::System};
    if (ranks->rank() != 0)
      return {};
  }
  if (mark)
    now.recording = {mark->bytes, mark->chain};
  return emu::writeCheckpoint(flags.file, now);
}
