//===- BackgroundWriter.cpp - Blocks written by a thread of their own -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BackgroundWriter.h"
#include <new>
#include <system_error>

using namespace ranvier;
using namespace ranvier::formats;

Result<void> BackgroundWriter::start(const std::string &path) {
  try {
    thread = std::thread([this] { work(); });
  } catch (const std::system_error &refused) {
    return Error{.code = 1086,
                 .message = "cannot record in the background: the operating system refused a thread",
                 .file = path,
                 .found = refused.what(),
                 .kind = ErrorKind::System};
  }
  return {};
}

BackgroundWriter::~BackgroundWriter() {
  if (!thread.joinable())
    return;
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  brought.notify_all();
  thread.join();
}

void BackgroundWriter::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    brought.wait(lock, [&] { return stopping || !waiting.empty(); });
    if (stopping)
      return;
    RecordBlock block = std::move(waiting.front());
    waiting.pop_front();
    waitingWords -= block.size();
    busy = true;
    lock.unlock();
    taken.notify_all();
    Result<void> done;
    try { // Nothing may leave a thread.
      done = take(block);
    } catch (const std::bad_alloc &) {
      done = Error{.code = 1086, .message = "not enough memory to record", .kind = ErrorKind::System};
    }
    lock.lock();
    busy = false;
    block.clear();
    if (spare.size() < 4)
      spare.push_back(std::move(block));
    if (!done) {
      outcome = std::move(done);
      broken = true;
      waiting.clear();
      waitingWords = 0;
      taken.notify_all();
      return;
    }
    taken.notify_all();
  }
}

Result<void> BackgroundWriter::put(RecordBlock &block) {
  std::unique_lock lock(mutex);
  taken.wait(lock, [&] { return !outcome || waiting.empty() || waitingWords + block.size() <= mostWaiting; });
  if (!outcome)
    return outcome;
  waitingWords += block.size();
  waiting.push_back(std::move(block));
  block = RecordBlock();
  if (!spare.empty()) {
    block = std::move(spare.back());
    spare.pop_back();
  }
  lock.unlock();
  brought.notify_one();
  return {};
}

Result<void> BackgroundWriter::drain() {
  std::unique_lock lock(mutex);
  taken.wait(lock, [&] { return !outcome || (waiting.empty() && !busy); });
  return outcome;
}

Error BackgroundWriter::failure() {
  const std::lock_guard lock(mutex);
  return outcome.error();
}
