//===- SpikeParsers.h - Spike files that are not HDF5 -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_SPIKEPARSERS_H
#define RANVIER_LIB_FORMATS_SPIKEPARSERS_H

#include "ranvier/Formats/Spikes.h"
#include <string_view>

namespace ranvier::formats {

/// The contents of a CSV and of an N-MNIST file; `path` only names them in errors.
Result<SpikeTrains> parseCsvSpikes(std::string_view text, const std::string &path, const SpikeReadOptions &options);
Result<SpikeTrains> parseEventBin(std::string_view bytes, const std::string &path, const SpikeReadOptions &options);

} // namespace ranvier::formats

#endif
