//===- Recording.h - What a run leaves behind -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The output of `ranvier run -o OUT.h5`: root attributes format = "ranvier-run", version = 1, dt [s], steps; group
// populations/<name> with attribute n, data sets spike_steps u32 [E], spike_neurons u32 [E] (sorted by step, neuron), spike_values
// (graded populations), and per recorded state a data set <state> [T, n]; both int32 or float32 words with attribute scale. SONATA
// readers find the same spikes under /spikes/<name>/{timestamps, node_ids}. Written beside the final name and renamed when whole.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_RECORDING_H
#define RANVIER_FORMATS_RECORDING_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ranvier::formats {

struct RecordedPopulation {
  std::string name;
  uint32_t count = 0;
  bool graded = false, isFloat = false;               ///< isFloat: state and payload words are binary32 bits.
  std::vector<std::pair<std::string, double>> states; ///< Recorded states and their scale; may be empty.
  double valueScale = 1;                              ///< Of the values of spikes: value = word * scale.
};

/// What a resumable recorder had written when it was asked: the size of its spool and a checksum of all of it.
struct RecordingMark {
  uint64_t bytes = 0, chain = 0;
  bool operator==(const RecordingMark &) const = default;
};

/// A thread of its own compresses and writes; the run waits where the disk is slower. In memory: at most 10 MiB under way (or four
/// rows of the widest state, if that is more), and buffers of 256 to 512 KiB (or a row) for each data set. While a recorder lives
/// nothing else in the process may use libhdf5. A call may report that an earlier one failed.
class Recorder {
public:
  /// Errors: RNV1080 (full disk), RNV1081 (names that HDF5 cannot hold), RNV1086 (no thread), RNV9003.
  static Result<std::unique_ptr<Recorder>> create(const std::string &path, double dt, std::vector<RecordedPopulation> populations);
  /// The same file in the end, but until then everything is in PATH.spool, which outlives the process from the first mark() on.
  /// Errors: those of create, RNV1083 (there is such a spool).
  static Result<std::unique_ptr<Recorder>> createResumable(const std::string &path, double dt,
                                                           std::vector<RecordedPopulation> populations);
  /// Goes on with PATH.spool as it was at `mark`. Errors: those of create, RNV1084 (it is damaged or another), RNV1085 (it holds
  /// other populations or states), RNV9001 (there is none).
  static Result<std::unique_ptr<Recorder>> resume(const std::string &path, double dt, std::vector<RecordedPopulation> populations,
                                                  const RecordingMark &mark);
  /// Without finish(): leaves no file, but for the spool of a recorder that was marked.
  virtual ~Recorder() = default;
  /// Spikes of one population in one step, ascending; `payloads` one word each if the population is graded. Errors: RNV1080,
  /// RNV1086.
  virtual Result<void> spikes(uint32_t population, uint32_t step, std::span<const uint32_t> neurons,
                              std::span<const int32_t> payloads) = 0;
  /// One row of one recorded state (index into RecordedPopulation::states), `count` words. Errors: RNV1080, RNV1086.
  virtual Result<void> state(uint32_t population, uint32_t state, std::span<const int32_t> words) = 0;
  /// Makes everything so far durable in the spool. Resumable recorders only. Errors: RNV1080, RNV9004.
  virtual Result<RecordingMark> mark() = 0;
  /// Every recorded state has had `steps` rows. Errors: RNV1080, RNV1084, RNV9004.
  virtual Result<void> finish(uint32_t steps) = 0;
};

/// A recording read back (for `ranvier diff`), in the sandbox. States and values as doubles in words * scale.
struct Recording {
  double dt = 0;
  uint32_t steps = 0;
  struct Population {
    std::string name;
    uint32_t count = 0;
    std::vector<uint32_t> spikeSteps, spikeNeurons;
    std::vector<double> spikeValues;                                 ///< In words * scale. Graded populations only; else empty.
    std::vector<std::pair<std::string, std::vector<double>>> states; ///< [T * count]
  };
  std::vector<Population> populations;
};
/// Errors: RNV1001..1004, RNV1082.
Result<Recording> readRecording(const std::string &path);

} // namespace ranvier::formats

#endif
