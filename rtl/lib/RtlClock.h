//===- RtlClock.h - How long the RTL takes ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_RTL_LIB_RTLCLOCK_H
#define RANVIER_RTL_LIB_RTLCLOCK_H

#include "ranvier/Rtl/Timing.h"
#include <map>

namespace ranvier::rtl {

/// An image on the RTL, nothing compared but the number of spikes.
class RtlClock {
public:
  static Result<RtlClock> open(const TimedRun &run, const std::string &model);
  /// The step that the machine has just run, from its inputs on: cycles.
  Result<uint64_t> step(emu::Machine &machine);
  /// A register of a core.
  Result<uint32_t> read(uint32_t node, uint32_t address);
  /// That all of it was what the machine did, as far as spikes can be counted.
  Result<void> finish();

private:
  Error other(const std::string &expected, const std::string &found) const;
  std::optional<LoadedImage> layout;
  std::unique_ptr<Model> chip;
  std::vector<ModelInput> given;
  uint64_t spikes = 0;
  uint32_t steps = 0;
};

/// Models of a job by grid, built when they are asked for first.
class ModelShelf {
public:
  explicit ModelShelf(const TimingJob &job) : job(job) {}
  Result<std::string> of(Grid grid) {
    std::string &path = paths[grid.str()];
    if (path.empty()) {
      RANVIER_TRY(const Geometry geometry, geometryOf(job.chip, grid));
      RANVIER_TRY(const ModelFile model, buildModel(job.sources, geometry, job.build));
      path = model.path;
    }
    return path;
  }

private:
  const TimingJob &job;
  std::map<std::string, std::string> paths;
};

} // namespace ranvier::rtl

#endif
