//===- StepWork.h - Cores that work longer than a step ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_STEPWORK_H
#define RANVIER_TOOLS_STEPWORK_H

#include "Common.h"
#include "ranvier/Emulator/Machine.h"
#include <vector>

namespace ranvier::tools {

/// On chips whose steps end with a timer (those with memories, docs/spec/timing-and-energy.md, section 9): how often the work of a
/// core, all its shares one after another, takes longer than the network's time step. Needs the times of every core.
class StepWork {
public:
  explicit StepWork(const emu::Machine &machine);
  /// Whether there is anything to count on this chip.
  bool counts() const { return timestep > 0; }
  /// After each step.
  void step(const emu::Machine &machine, uint32_t number);
  /// Cores that were over in any step, steps in which any was, and the longest work of a core.
  Json json(const image::Image &image) const;
  std::string text(const image::Image &image) const;
  /// Adds each core's own to the `cores` of a report.
  void addTo(Json &cores) const;

private:
  struct Core {
    uint64_t stepsOver = 0;
    int64_t longest = 0; ///< [ps]
    uint32_t step = 0;   ///< In which that was.
  };
  size_t busiest() const;
  int64_t timestep = 0; ///< [ps]
  uint64_t stepsOver = 0;
  std::vector<Core> cores;
};

} // namespace ranvier::tools

#endif
