//===- Checkpoint.h - A run that can be taken up again ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything of a run that changes from step to step, in terms of the image and of time: the same on any number of threads, for
// each executor, however the engine keeps it. Random numbers need nothing, being functions of seed, entity and step.
// docs/spec/checkpoint.md is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_CHECKPOINT_H
#define RANVIER_EMULATOR_CHECKPOINT_H

#include "ranvier/Emulator/Session.h"
#include <map>
#include <optional>

namespace ranvier::emu {

/// What a machine holds between two steps (Machine::save, Machine::restore).
struct MachineState {
  /// Sums of what has arrived at a core and acts `inSteps` steps after `step` (1: in the next one).
  struct PendingInput {
    uint32_t core = 0, inSteps = 0;
    /// [accumulators of the core]; words of the image's number format. On chips with crossbars instead a bit for each row of the
    /// core's macro that will be driven, in the order of the image's rows.
    std::vector<int32_t> sums;
    bool operator==(const PendingInput &) const = default;
  };
  /// A message sent in `step` that its core takes in in the next one.
  struct PendingMessage {
    uint32_t core = 0, axon = 0; ///< Index into Image::cores, in-axon of that core.
    int32_t payload = 0;         ///< A plain spike's word where no spike carries a value.
    bool operator==(const PendingMessage &) const = default;
  };
  /// What the synapses of a core have learned: words in the order of emulator/lib/Engine/Learning.h.
  struct Learned {
    uint32_t core = 0;
    std::vector<int32_t> words;
    bool operator==(const Learned &) const = default;
  };
  uint32_t step = 0;                    ///< Steps run.
  std::vector<int32_t> states;          ///< Slice by slice in the order of Image::slices: [numStates][count] words.
  std::vector<PendingInput> inputs;     ///< By core, then inSteps; where all sums are zero there is none.
  std::vector<PendingMessage> messages; ///< By core, then axon.
  std::vector<Learned> learned;         ///< By core; of those with synapses that learn.
  /// Timing detailed of a chip described in cycles: by router of the mesh that holds all cores (x * rows + y), whose turn it is at
  /// each output (docs/spec/checkpoint.md). Else empty.
  std::vector<uint32_t> turns;
  bool operator==(const MachineState &) const = default;
};

struct Checkpoint {
  std::string image, network; ///< For messages: names of the image's file and of its network.
  std::string identity;       ///< Image::identity.
  /// Options of the run that must be the same when it goes on, by name ("--timing": "fast").
  std::map<std::string, std::string> options;
  uint64_t inputSpikes = 0;  ///< External spikes of the whole run, and
  std::string inputIdentity; ///< identityOf() them.
  /// How far the spool of the recording belongs to it; none: nothing is recorded.
  struct Recording {
    uint64_t bytes = 0, chain = 0;
    bool operator==(const Recording &) const = default;
  };
  std::optional<Recording> recording;
  MachineState machine;
  RunResult soFar;              ///< Its inputsAfterEnd is not kept.
  bool perStepKept = false;     ///< soFar.perStep has an entry for each step.
  std::vector<uint64_t> spikes; ///< By population.
};

/// Names an input: a hash of all its spikes.
std::string identityOf(std::span<const InputSpike> inputs);

/// Replaces `path` atomically: until the new file is whole and on disk the old one stays. Errors: RNV9003, RNV9004.
Result<void> writeCheckpoint(const std::string &path, const Checkpoint &checkpoint);
/// Checks every length, bound and checksum before use. Errors: RNV9001, RNV7030 (not a checkpoint, or of another version), RNV7031
/// (damaged), RNV7032 (makes no sense).
Result<Checkpoint> readCheckpoint(const std::string &path);
/// The same of bytes in memory; `path` is for messages.
Result<Checkpoint> parseCheckpoint(std::span<const std::byte> bytes, const std::string &path);

/// Whether a checkpoint belongs to this image, these options and this input. `path` and `imagePath` are for messages. Whether its
/// state fits the machine is Machine::restore's to say. Errors: RNV7032 (another number of populations), RNV7033 (image), RNV7034
/// (options), RNV7035 (input).
Result<void> checkBelongs(const Checkpoint &checkpoint, const std::string &path, const image::Image &image,
                          const std::string &imagePath, const std::map<std::string, std::string> &options,
                          std::span<const InputSpike> inputs);

} // namespace ranvier::emu

#endif
