//===- RecordingSpool.h - A recording that survives being killed -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An HDF5 file that is being written is lost with its process. A run with checkpoints appends blocks of records to PATH.spool
// instead, each with a checksum; whatever moment it is killed at, the blocks up to the last mark are whole. The recording is made
// of it in the end. docs/spec/run-recording.md is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_RECORDINGSPOOL_H
#define RANVIER_LIB_FORMATS_RECORDINGSPOOL_H

#include "RecordBlock.h"
#include "ranvier/Support/File.h"
#include <functional>
#include <optional>

namespace ranvier::formats {

class RecordingSpool {
public:
  /// Of the recording `path`. The file has a temporary name until the first mark. Errors: RNV1083 (there is one), RNV9003, RNV1080.
  static Result<std::unique_ptr<RecordingSpool>> create(const std::string &path, double dt,
                                                        const std::vector<RecordedPopulation> &populations);
  /// Goes on behind a mark; what was written after it is cut off. Errors: RNV1084 (not the file that was marked), RNV1085 (of other
  /// populations or states), RNV9001.
  static Result<std::unique_ptr<RecordingSpool>>
  resume(const std::string &path, double dt, const std::vector<RecordedPopulation> &populations, const RecordingMark &mark);
  ~RecordingSpool();
  RecordingSpool(const RecordingSpool &) = delete;

  /// Errors: RNV1080.
  Result<void> append(std::span<const uint32_t> block);
  /// Makes what was appended durable. Errors: RNV1080.
  Result<RecordingMark> mark();
  /// Every block, in order. Errors: RNV1084, those of `take`.
  Result<void> read(const std::function<Result<void>(std::span<const uint32_t>)> &take) const;
  /// The recording is whole: the spool is no longer needed.
  void remove();

private:
  explicit RecordingSpool(const std::string &path);
  Result<void> writeAll(const void *data, size_t bytes);
  Result<void> checkStart(const std::string &description, uint64_t end);
  Error failure() const;
  Error wrong(uint64_t offset, std::string message, std::string expected, std::string found) const;

  std::string path;                    ///< Of the spool.
  std::optional<AtomicFile> temporary; ///< Until it has its name.
  int fd = -1;                         ///< The temporary file's, or our own.
  uint64_t firstBlock = 0;
  RecordingMark now;
};

} // namespace ranvier::formats

#endif
