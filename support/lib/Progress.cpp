//===- Progress.cpp - Progress on a terminal ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Progress.h"
#include <cstdio>
#include <unistd.h>

using namespace ranvier;
using Clock = std::chrono::steady_clock;

Progress::Progress(std::string what, uint64_t total)
    : what(std::move(what)), total(total), start(Clock::now()), lastDraw(start), enabled(isatty(STDERR_FILENO)) {}

Progress::~Progress() {
  if (drawn)
    std::fprintf(stderr, "\r\033[K");
}

void Progress::advance(uint64_t newDone) {
  done = newDone;
  if (!enabled)
    return;
  const auto now = Clock::now();
  if (now - start < std::chrono::seconds(1) || now - lastDraw < std::chrono::milliseconds(200))
    return;
  lastDraw = now;
  draw();
}

void Progress::draw() {
  constexpr int width = 30;
  const double part = total ? static_cast<double>(done) / static_cast<double>(total) : 0.0;
  const int filled = static_cast<int>(part * width);
  const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  const double remaining = part > 0 ? elapsed * (1 - part) / part : 0.0;
  std::fprintf(stderr, "\r\033[K%s [%.*s%.*s] %3.0f %% %.0f s left", what.c_str(), filled, "##############################",
               width - filled, "..............................", part * 100, remaining);
  std::fflush(stderr);
  drawn = true;
}
