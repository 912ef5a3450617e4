//===- Session.h - Run a machine over an input ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `run`, `eval` and `replay` share: check the input once, step, sum counts, hand each step to a callback. Knows no file
// format.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_SESSION_H
#define RANVIER_EMULATOR_SESSION_H

#include "ranvier/Emulator/Machine.h"

namespace ranvier::emu {

/// Called after each step; false stops the run there (Ctrl-C, an early decision).
using StepCallback = std::function<bool(const StepView &view, Machine &machine)>;

struct RunOptions {
  uint32_t steps = 0;       ///< Steps to run, from the machine's current step on.
  bool keepPerStep = false; ///< Fill RunResult::perStep.
  bool keepPlaces = false;  ///< Fill RunResult::cores and ::links.
  /// Called before each step, with its number: adds spikes of that step which are known only then. They are checked as all are.
  std::function<Result<void>(uint32_t step, std::vector<InputSpike> &spikes)> inject;
};

struct RunResult {
  uint32_t steps = 0; ///< Run; fewer than asked if the callback stopped the run.
  StepCounts total;
  std::vector<StepCounts> perStep; ///< [steps] if asked for.
  std::vector<CoreTimes> cores;    ///< Sums over the steps, by core, if asked for; empty with timing off.
  std::vector<LinkTimes> links;    ///< Likewise, by link of Machine::links(); empty but for timing detailed.
  uint64_t inputsAfterEnd = 0;     ///< External spikes whose step was not reached: the caller's to report.
  /// Simulated time of the slowest step [ps].
  int64_t longestStep = 0;
};

/// Is `inputs` a legal input for the image from step `firstStep` on: sorted by step, none before it, populations that are inputs,
/// neurons in range, payloads plain unless the chip has graded spikes. Errors: RNV7010..7014 naming the entry.
Result<void> checkInputs(const image::Image &image, std::span<const InputSpike> inputs, uint32_t firstStep);

/// Runs `options.steps` steps. `inputs` are sorted by step, absolute step numbers. `before`: what the steps before these gave,
/// where the run was taken up again; the result goes on from there. Errors: those of checkInputs and of `options.inject`, RNV7017
/// (another rank left).
Result<RunResult> run(Machine &machine, std::span<const InputSpike> inputs, const RunOptions &options,
                      const StepCallback &onStep = {}, RunResult before = {});

/// The payload word of a plain spike of this image: 1, or the bits of 1.0f.
int32_t plainPayload(const image::Image &image);

} // namespace ranvier::emu

#endif
