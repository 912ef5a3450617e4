//===- RunCheckpoint.h - Checkpoints of `ranvier run` -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_RUNCHECKPOINT_H
#define RANVIER_TOOLS_RUNCHECKPOINT_H

#include "RunReport.h"
#include "ranvier/Emulator/Checkpoint.h"
#include "ranvier/Emulator/Collector.h"
#include "ranvier/Formats/Recording.h"

namespace ranvier::tools {

/// Options of run that concern checkpoints.
struct CheckpointFlags {
  std::string file, resume;
  uint32_t every = 0;
  bool used() const { return !file.empty() || !resume.empty(); }
  void addTo(CLI::App &command);
  /// `output`: that of -o. Errors: RNV8025, RNV8035.
  Result<void> check(const std::string &image, const std::string &input, const std::string &output) const;
};

/// The checkpoints of one run: that which it goes on from, and those which it takes.
class Checkpoints {
public:
  /// What a run brings that a checkpoint has to agree with.
  struct Run {
    const image::Image &image;
    std::string imagePath;
    std::span<const emu::InputSpike> inputs; ///< All of the run, those before the checkpoint included.
    const MachineFlags &machine;
    uint32_t steps;
    bool recorded, perStep; ///< Is there an -o, a --report?
    emu::Transport *ranks;  ///< Null: the machine is whole.
  };
  /// Reads the checkpoint to go on from, if any. Errors: those of emu::readCheckpoint and checkBelongs, RNV8034, RNV8036.
  Result<void> open(const CheckpointFlags &flags, const Run &run);

  /// Steps that the run has behind it already.
  uint32_t stepsBefore() const { return before; }
  bool resumes() const { return !flags.resume.empty(); }
  /// Whether the recording has to outlive the process.
  bool keepsSpool() const { return resumes() || flags.every; }
  /// Where the recording goes on.
  formats::RecordingMark mark() const { return {now.recording->bytes, now.recording->chain}; }
  /// External spikes that are yet to come.
  std::span<const emu::InputSpike> inputsLeft(std::span<const emu::InputSpike> inputs) const;
  /// Brings the machine where the checkpoint was taken. `spikes`: counts by population; what ranks count alone goes on on rank 0.
  /// Errors: RNV7036.
  Result<emu::RunResult> restore(emu::Machine &machine, std::vector<uint64_t> &spikes);

  /// Names the state that the run goes on from; empty without one.
  std::string identity() const;
  bool due(uint32_t step) const { return flags.every && step % flags.every == 0; }
  /// `mark`: of the recording, made just before. On several ranks collective, and rank 0 writes. Errors: RNV7017, RNV9003, RNV9004.
  Result<void> take(emu::Machine &machine, const emu::RunResult &soFar, const std::vector<uint64_t> &spikes,
                    std::optional<formats::RecordingMark> mark);

private:
  emu::Transport *ranks = nullptr;
  emu::Timing timing = emu::Timing::Off;
  CheckpointFlags flags;
  uint32_t before = 0;
  emu::Checkpoint now; ///< What the next one will be.
};

} // namespace ranvier::tools

#endif
