//===- EventSets.h - Recordings of sensors as data sets ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labelled recordings of event cameras and of cochleas, binned into the data sets that `eval` and `--calibrate` take. Both publish
// microseconds or seconds and the addresses of a large sensor; a network takes steps and fewer inputs.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_EVENTSETS_H
#define RANVIER_FORMATS_EVENTSETS_H

#include "ranvier/Formats/Spikes.h"
#include <array>
#include <functional>
#include <set>

namespace ranvier::formats {

/// What becomes of the time of recordings, and which of them are taken.
struct BinOptions {
  uint32_t steps = 0;           ///< Of every sample; events after the last are left out and counted.
  double dt = 0;                ///< [s]; an event at time t belongs to step floor(t / dt) + 1.
  std::set<int64_t> labels{};   ///< Only these classes; empty: all.
  uint32_t samplesPerClass = 0; ///< Only the first so many of each class; 0: all.
};

enum class Polarity { Both, On, Off, Merged };
/// An event camera in N-MNIST's form.
struct CameraOptions {
  BinOptions bins;
  std::array<uint64_t, 3> sensor{2, 34, 34}; ///< [polarities, height, width].
  std::array<uint64_t, 2> crop{0, 0};        ///< [height, width] around the middle (rounded down); 0: all.
  Polarity polarity = Polarity::Both;        ///< Both: neuron (p * h + y) * w + x; one of them, or both as one: neuron y * w + x.
};

/// A cochlea in SHD's form.
struct AudioOptions {
  BinOptions bins;
  uint32_t units = 700;  ///< Of the file.
  uint32_t channels = 0; ///< Unit u becomes neuron floor(u * channels / units); 0: as many as units.
};

/// What became of the events of all samples: events = spikes + merged + late + outside + otherPolarity.
struct EventCounts {
  uint64_t events = 0;        ///< Read.
  uint64_t spikes = 0;        ///< Cells of the set that are 1.
  uint64_t merged = 0;        ///< Events beyond the first of their neuron and step.
  uint64_t late = 0;          ///< After the last step.
  uint64_t outside = 0;       ///< Outside the crop.
  uint64_t otherPolarity = 0; ///< Of the polarity that was not asked for.
};

/// A data set that eval takes, and where it comes from.
struct EventSet {
  DataSet data;
  EventCounts counts;
  std::vector<std::string> names; ///< Of the samples: "3/00042.bin", or the number in the file.
};

/// Called with the number of samples that are done, and of all.
using EventProgress = std::function<void(uint64_t, uint64_t)>;

/// Folder with a folder for each class, named by its number, of recordings `*.bin` (five bytes an event: docs/guide/spikes.md), in
/// the order of class and name; names from a dot are left out. Errors: RNV1053, RNV1054, RNV1064, RNV1067, RNV1068,
/// RNV9001, RNV9002.
Result<EventSet> readCameraFolder(const std::string &folder, const CameraOptions &options, const EventProgress &progress = {});

/// HDF5 with `spikes/times` [S] (variable-length, seconds), `spikes/units` [S] (variable-length, integers) and `labels` [S]; read
/// in the sandbox. Errors: RNV1001..1004, RNV1054, RNV1055, RNV1062, RNV1066..1068.
Result<EventSet> readAudioSpikes(const std::string &path, const AudioOptions &options, const EventProgress &progress = {});

/// The file that readDataSet reads: `input_spikes` [S, T, N], `labels` [S] if there are any, attribute dt. `names`, if any, become
/// a data set of that name, which nothing reads. Atomic. Errors: RNV1010, RNV1011, RNV9003, RNV9004.
Result<void> writeDataSet(const std::string &path, const DataSet &data, const std::vector<std::string> &names = {});

} // namespace ranvier::formats

#endif
