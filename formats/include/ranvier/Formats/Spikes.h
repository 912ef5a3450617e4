//===- Spikes.h - Spike trains and data sets --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_FORMATS_SPIKES_H
#define RANVIER_FORMATS_SPIKES_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ranvier::formats {

struct SpikeEvent {
  uint32_t step; ///< 1-based.
  uint32_t neuron;
  float value = 1; ///< Payload; 1 for plain spikes.
  bool operator==(const SpikeEvent &) const = default;
};
/// Spikes of one population, sorted by (step, neuron), one event for each: several plain ones of a neuron in a step are one, values
/// add up (a plain one among them counts 1), and camera events are counted unless SpikeReadOptions says otherwise.
struct SpikeTrain {
  uint32_t neurons = 0, steps = 0; ///< Bounds; steps 0 if the file does not say, neurons then one more than the last that spikes.
  std::vector<SpikeEvent> events;
  uint64_t uncounted = 0; ///< Camera events that are not in `events` because countEvents is off.
};
/// By population name ("" if the file has no names: belongs to the only input).
using SpikeTrains = std::map<std::string, SpikeTrain>;

/// How to read a spike file whose contents are times or events.
struct SpikeReadOptions {
  double dt = 1e-3;                       ///< [s]; time t belongs to step floor(t/dt) + 1.
  std::vector<uint64_t> sensorShape = {}; ///< N-MNIST .bin: [polarities, height, width], default [2, 34, 34].
  uint32_t steps = 0;                     ///< Cut after this many steps (0: all).
  bool countEvents = true; ///< Camera events of a pixel in one step: one spike of their number, or (off) one plain spike.
};

/// Recognises by content and suffix (docs/guide/spikes.md): NIRGraphData HDF5, SONATA spikes.h5, dense HDF5 array `input_spikes
/// [T,N]` or
/// `[S,T,N]`, CSV "step,neuron[,value]" with or without header, N-MNIST .bin. `sample` is for files of several samples. Step
/// numbers in CSV are 1-based. HDF5 is read in the sandbox. Errors: RNV1001..1004, RNV1050..1058 naming file, place, expected,
/// found; RNV9001, RNV9002.
Result<SpikeTrains> readSpikes(const std::string &path, const SpikeReadOptions &options, uint32_t sample = 0);

enum class SpikeFormat { Csv, NirGraphData, Sonata };
/// CSV holds one population, SONATA no values; a population without a name is called "input" in HDF5. Atomic. Errors: RNV1054,
/// RNV1059, RNV1010, RNV9003, RNV9004.
Result<void> writeSpikes(const std::string &path, SpikeFormat format, const SpikeTrains &trains, double dt);

/// A labelled test set: `input_spikes [S,T,N]` (0 or 1), `labels [S]` optional, attribute dt [s] optional; other data sets
/// (ref_hidden_spikes, ...) are kept out unless asked for with readDense. Errors: RNV1001..1004, RNV1060..1062.
struct DataSet {
  uint32_t samples = 0, steps = 0, neurons = 0;
  std::vector<uint8_t> spikes; ///< [samples][steps][neurons]
  std::vector<int64_t> labels; ///< Empty if the file has none.
  double dt = 0;               ///< 0 if the file does not say.
};
Result<DataSet> readDataSet(const std::string &path);

/// Any numeric data set of an HDF5 file, read in the sandbox as doubles. Errors: RNV1001..1004, RNV1063.
struct DenseArray {
  std::vector<uint64_t> shape;
  std::vector<double> values;
};
Result<DenseArray> readDense(const std::string &path, const std::string &dataset);

} // namespace ranvier::formats

#endif
