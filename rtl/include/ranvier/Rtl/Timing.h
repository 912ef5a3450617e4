//===- Timing.h - Cycles of the RTL, fitted and held against it -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The constants by which the emulator times a chip (hw::CycleModel) are fitted to what the RTL takes on networks made for it, and
// are held against it on random ones. A step of n cycles: another one could start n cycles after it.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_TIMING_H
#define RANVIER_RTL_TIMING_H

#include "ranvier/Rtl/Lockstep.h"

namespace ranvier::rtl {

/// A step as the RTL took it and as the emulator times it [cycles].
struct TimedStep {
  uint64_t rtl = 0, fast = 0, detailed = 0;
};
/// A network with its inputs, sorted by step.
struct TimedRun {
  std::shared_ptr<const image::Image> image;
  Grid grid;
  std::vector<emu::InputSpike> inputs;
  uint32_t steps = 0;
};
/// Runs it on the RTL, whose host hears what image::hostHears names, and on the emulator; the chip's default profile counts cycles.
/// Errors: those of loadImage, Machine::create and Model; RNV7526 (the RTL does not do what the emulator does).
Result<std::vector<TimedStep>> timeSteps(const TimedRun &run, const std::string &model);

struct TimingJob {
  hw::Chip chip;
  RtlSources sources;
  BuildOptions build;
  uint64_t seed = 1;
  uint32_t count = 10; ///< Random networks of each class.
  std::function<void(const std::string &what, uint32_t done, uint32_t all)> progress = {};
};

/// The numbers that fit best, without `lanes`, which is no number of cycles, and the clock, which no count tells.
struct TimingFit {
  hw::CycleModel model;                                      ///< Values alone.
  std::array<double, hw::CycleModel::NumNumbers> exact = {}; ///< Before rounding.
  /// Numbers that no sweep depends on (hop, of a chip of one node): they are those of the description.
  std::vector<hw::CycleModel::Number> notMeasured;
  uint32_t networks = 0, counts = 0; ///< That were measured: lengths of steps and of update phases.
  double mean = 0, worst = 0;        ///< Absolute error of the rounded ones, of a count.
};
/// Least squares over sweeps on one core and on the whole grid. The chip's first cost profile counts cycles. Errors: those of
/// timeSteps and buildModel.
Result<TimingFit> fitTiming(const TimingJob &job);

/// How far the emulator is off on random networks of a kind.
struct TimingClass {
  struct Side {
    double bound = 0;           ///< The mean has to be within.
    double mean = 0, worst = 0; ///< Absolute error of a step's cycles, relative to the RTL's.
    uint64_t worstSeed = 0;     ///< Of the network of the worst step.
    bool within() const { return mean <= bound; }
  };
  std::string name, description;
  uint32_t networks = 0, steps = 0;
  uint64_t cycles = 0; ///< Of the RTL.
  Side fast, detailed;
};
/// Draws networks from the seed on. Errors: as fitTiming.
Result<std::vector<TimingClass>> validateTiming(const TimingJob &job);
/// One of its networks: number `seed` of a class (0: a core alone, 1: without contention, 2: heavy traffic). Errors: those of
/// geometryOf and image::fromData.
Result<TimedRun> randomTraffic(const hw::Chip &chip, unsigned kind, uint64_t seed);

} // namespace ranvier::rtl

#endif
