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

/// The step of a time [s]: floor(time / dt) + 1, with room for times that are multiples of dt up to rounding. Errors: RNV1054.
Result<uint32_t> stepOf(double time, double dt, const std::string &file, const std::string &place);
/// A neuron's number, which must be an integer below `count` (0: any). Errors: RNV1055.
Result<uint32_t> neuronOf(double value, uint32_t count, const std::string &file, const std::string &place);
std::string indexed(const std::string &place, uint64_t index);

} // namespace ranvier::formats

#endif
