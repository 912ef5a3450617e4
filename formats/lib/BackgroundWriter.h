//===- BackgroundWriter.h - Blocks written by a thread of their own -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run computes while a thread compresses and writes. What waits for the disk is bounded: who brings more waits, too.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_BACKGROUNDWRITER_H
#define RANVIER_LIB_FORMATS_BACKGROUNDWRITER_H

#include "RecordBlock.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ranvier::formats {

class BackgroundWriter {
public:
  /// Words that may wait (8 MiB); a single block may be larger, then it waits alone.
  static constexpr size_t mostWaiting = size_t(1) << 21;
  /// Does the work with one block, on the thread.
  using Take = std::function<Result<void>(std::span<const uint32_t>)>;

  explicit BackgroundWriter(Take take) : take(std::move(take)) {}
  /// Ends the thread; blocks that wait are dropped.
  ~BackgroundWriter();
  /// Errors: RNV1086 (the operating system refused a thread).
  Result<void> start(const std::string &path);

  /// Hands a block over and leaves an empty one in its place. Waits while too much waits. Errors: what `take` said of an earlier
  /// block; no block is taken after that.
  Result<void> put(RecordBlock &block);
  /// Waits until every block has been taken. Errors: as put.
  Result<void> drain();
  /// Whether `take` has failed: cheap, for every record.
  bool failed() const { return broken.load(std::memory_order_relaxed); }
  /// What it said.
  Error failure();

private:
  void work();
  Take take;
  std::mutex mutex;
  std::condition_variable brought, taken;
  std::deque<RecordBlock> waiting;
  std::vector<RecordBlock> spare; ///< Emptied blocks: their memory is used again.
  size_t waitingWords = 0;
  bool busy = false, stopping = false;
  Result<void> outcome;
  std::atomic<bool> broken = false;
  std::thread thread;
};

} // namespace ranvier::formats

#endif
