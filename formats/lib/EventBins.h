//===- EventBins.h - Recordings of sensors, once they are read --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_EVENTBINS_H
#define RANVIER_LIB_FORMATS_EVENTBINS_H

#include "Hdf5Tree.h"
#include "ranvier/Formats/EventSets.h"
#include <span>
#include <string_view>

namespace ranvier::formats {

/// Neurons of a set of these options. Errors: RNV1067.
Result<uint32_t> neuronsOf(const CameraOptions &options);
Result<uint32_t> neuronsOf(const AudioOptions &options);

/// Bins one recording of five-byte events into `cells` [steps * neurons], which are 0 before, and counts. `path` only names the
/// recording in errors: RNV1053, RNV1054.
Result<void> binCameraEvents(std::string_view bytes, const std::string &path, const CameraOptions &options,
                             std::span<uint8_t> cells, EventCounts &counts);

/// The set in a file of SHD's form, as it came out of the sandbox.
Result<EventSet> binAudioSpikes(const H5Group &root, const std::string &path, const AudioOptions &options,
                                const EventProgress &progress);

} // namespace ranvier::formats

#endif
