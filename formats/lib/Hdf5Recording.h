//===- Hdf5Recording.h - A recording as an HDF5 file ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file of docs/spec/run-recording.md. Spikes and state rows go to chunked, extensible data sets through buffers of fixed size,
// so a recording may be larger than memory. The bytes of the file follow from what is recorded alone, not from when.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_HDF5RECORDING_H
#define RANVIER_LIB_FORMATS_HDF5RECORDING_H

#include "RecordBlock.h"
#include "ranvier/Support/File.h"

namespace ranvier::formats {

class Hdf5Recording : public RecordSink {
public:
  /// May move between threads, never be used by two at once. Errors: RNV1080.
  static Result<std::unique_ptr<Hdf5Recording>> create(AtomicFile file, const std::string &path, double dt,
                                                       std::vector<RecordedPopulation> populations);
  /// Flushes, completes and renames. Errors: RNV1080, RNV9004.
  virtual Result<void> finish(uint32_t steps) = 0;
};

} // namespace ranvier::formats

#endif
