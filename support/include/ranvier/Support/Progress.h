//===- Progress.h - Progress on a terminal ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_SUPPORT_PROGRESS_H
#define RANVIER_SUPPORT_PROGRESS_H

#include <cstdint>
#include <memory>
#include <string>

namespace ranvier {

/// A progress bar on stderr, drawn only when stderr is a terminal and the work has lasted longer than a second. It redraws itself,
/// so that work that cannot say how far it is shows at least that it lives. All members are thread safe. A second bar
/// made while one exists hides the first until it goes.
class Progress {
public:
  /// `total` 0: unknown, the bar then shows the time that went by. `wanted` false: no bar at all (--quiet).
  explicit Progress(std::string what, uint64_t total = 0, bool wanted = true);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Starts the count again, with a new text and total: the next phase of the work.
  void phase(const std::string &what, uint64_t total = 0);
  void advance(uint64_t done);

  /// Takes a drawn bar off its line, for whoever is about to write to stderr; the next redraw brings it back.
  static void clearLine();

private:
  void hide(bool hidden);
  struct State;
  std::unique_ptr<State> state; ///< Null without a terminal: advance() costs a comparison.
};

} // namespace ranvier

#endif
