//===- Inject.h - Input spikes that come while a run goes on ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_INJECT_H
#define RANVIER_TOOLS_INJECT_H

#include "ranvier/Emulator/Machine.h"
#include "ranvier/Support/Json.h"
#include <memory>
#include <string>
#include <vector>

namespace ranvier::tools {

/// A stream of lines `step,neuron` that a run reads as it goes on: a file, a named pipe, or stdin. Lines come sorted by step; a run
/// waits, before each step, until it has read a line of a later step or the end. So what a run does depends on the lines alone and
/// not on when they come. A line of a step that is over is late: it is counted and dropped, as on the machine.
class Injector {
public:
  /// `option`: NAME=FILE, FILE `-` for stdin. Errors: RNV8101 (no such option, or no external input NAME), RNV8102 (FILE cannot be
  /// opened). Waits for the other end of a named pipe.
  static Result<std::unique_ptr<Injector>> open(const std::string &option, const image::Image &image);
  ~Injector();
  Injector(const Injector &) = delete;
  Injector &operator=(const Injector &) = delete;

  /// Adds the spikes of a step; steps ascend. Errors: RNV8103 (a line that is no spike of the input), RNV8102 (reading failed).
  Result<void> collect(uint32_t step, std::vector<emu::InputSpike> &spikes);

  uint32_t population() const { return number; }
  bool readsStdin() const { return file == "-"; }
  const std::string &name() const { return population_; }
  uint64_t late() const { return lateLines; }
  /// The machine's names where it has them.
  Json json() const;

private:
  Injector() = default;
  struct Event {
    uint32_t step = 0, neuron = 0;
  };
  Result<bool> readLine(std::string &line);
  Result<bool> readEvent(Event &event);
  Error broken(const std::string &expected, const std::string &found) const;

  std::string file, population_;
  uint32_t number = 0, neurons = 0;
  int32_t payload = 1;
  int descriptor = -1;
  std::string buffer; ///< Read, and not taken yet.
  size_t at = 0;
  bool ended = false, waiting = false;
  Event next; ///< If `waiting`: of a step to come.
  uint64_t lines = 0, received = 0, sent = 0, lateLines = 0;
};

} // namespace ranvier::tools

#endif
