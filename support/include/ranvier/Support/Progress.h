//===- Progress.h - Progress on a terminal ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_SUPPORT_PROGRESS_H
#define RANVIER_SUPPORT_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>

namespace ranvier {

/// A progress bar on stderr, drawn only when stderr is a terminal and the work has lasted longer than a second. Not thread safe.
class Progress {
public:
  Progress(std::string what, uint64_t total);
  ~Progress();
  void advance(uint64_t done);

private:
  void draw();
  std::string what;
  uint64_t total, done = 0;
  std::chrono::steady_clock::time_point start, lastDraw;
  bool enabled, drawn = false;
};

} // namespace ranvier

#endif
