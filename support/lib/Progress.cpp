//===- Progress.cpp - Progress on a terminal ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread of its own draws, five times a second from the second second on: the work itself only stores a number, and a phase that
// never reports (parsing, placement) still shows that it is alive.
//===----------------------------------------------------------------------===//
#include "ranvier/Support/Progress.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace ranvier;
using Clock = std::chrono::steady_clock;

struct Progress::State {
  std::string what;
  std::atomic<uint64_t> total{0}, done{0};
  Clock::time_point start = Clock::now(), phaseStart = start;
  bool drawn = false, ended = false, hidden = false;
  Progress *outer = nullptr; ///< The bar that this one hides.
  std::mutex mutex;          ///< Of everything but the two counts.
  std::condition_variable wake;
  std::thread painter;

  void paint();
  void draw();
  void clear() {
    if (std::exchange(drawn, false))
      std::fputs("\r\033[K", stderr), std::fflush(stderr);
  }
};

namespace {
std::mutex currentMutex;
Progress *current = nullptr;
} // namespace

Progress::Progress(std::string what, uint64_t total, bool wanted) {
  if (!wanted || !isatty(STDERR_FILENO))
    return;
  state = std::make_unique<State>();
  state->what = std::move(what);
  state->total = total;
  state->painter = std::thread([this] { state->paint(); });
  std::lock_guard lock(currentMutex);
  state->outer = std::exchange(current, this);
  if (state->outer)
    state->outer->hide(true);
}

void Progress::hide(bool hidden) {
  std::lock_guard lock(state->mutex);
  state->hidden = hidden;
  if (hidden)
    state->clear();
}

Progress::~Progress() {
  if (!state)
    return;
  {
    std::lock_guard lock(state->mutex);
    state->ended = true;
  }
  state->wake.notify_all();
  state->painter.join();
  state->clear();
  std::lock_guard lock(currentMutex);
  current = state->outer;
  if (current)
    current->hide(false);
}

void Progress::phase(const std::string &what, uint64_t total) {
  if (!state)
    return;
  std::lock_guard lock(state->mutex);
  state->what = what;
  state->done = 0;
  state->total = total;
  state->phaseStart = Clock::now();
}

void Progress::advance(uint64_t done) {
  if (state)
    state->done.store(done, std::memory_order_relaxed);
}

void Progress::clearLine() {
  std::lock_guard lock(currentMutex);
  if (!current)
    return;
  std::lock_guard inner(current->state->mutex);
  current->state->clear();
}

void Progress::State::paint() {
  std::unique_lock lock(mutex);
  wake.wait_until(lock, start + std::chrono::seconds(1), [&] { return ended; });
  while (!ended) {
    if (!hidden)
      draw();
    wake.wait_for(lock, std::chrono::milliseconds(200), [&] { return ended; });
  }
}

void Progress::State::draw() {
  const auto now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - phaseStart).count();
  const uint64_t most = total.load(std::memory_order_relaxed), at = std::min(done.load(std::memory_order_relaxed), most);
  std::string line = what;
  if (most) {
    constexpr size_t width = 30;
    const double part = static_cast<double>(at) / static_cast<double>(most);
    const size_t filled = static_cast<size_t>(part * width);
    char figures[64];
    if (at)
      std::snprintf(figures, sizeof figures, "%3.0f %%, %.0f s left", part * 100, elapsed * (1 - part) / part);
    else
      std::snprintf(figures, sizeof figures, "  0 %%");
    line += " [" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + figures;
  } else {
    char figures[32];
    std::snprintf(figures, sizeof figures, " ... %.0f s", std::chrono::duration<double>(now - start).count());
    line += figures;
  }
  // A line that wraps could not be taken back.
  struct winsize window = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 && line.size() >= window.ws_col)
    line.resize(window.ws_col - 1u);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  drawn = true;
}
