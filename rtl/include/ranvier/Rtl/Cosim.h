//===- Cosim.h - A whole lockstep run, and what to do when it fails -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_RTL_COSIM_H
#define RANVIER_RTL_COSIM_H

#include "ranvier/Rtl/Coverage.h"
#include "ranvier/Rtl/Shrink.h"

namespace ranvier::rtl {

struct CosimJob {
  std::shared_ptr<const image::Image> image;
  RtlSources sources;
  LockstepOptions lockstep;
  BuildOptions build;
  std::vector<emu::InputSpike> inputs; ///< Sorted by step.
  bool random = false;                 ///< Instead: randomInputs() by the seed of `lockstep`.
  uint32_t steps = 0;
  Coverage *coverage = nullptr;      ///< Told of the run if there is one.
  Counting counting = Counting::All; ///< If there is one: what the model counts.
};

struct CosimOutcome {
  LockstepTotals totals;
  std::optional<Divergence> divergence; ///< The run ended with it.
  bool backDoor = false;                ///< All memories were found.
  ModelFile model;
  double seconds = 0; ///< Of both sides' steps and their comparison, building and loading left out.
};
/// Called after each step that both have run, the one that differs included.
using LockstepCallback = std::function<Result<void>(Lockstep &run, uint32_t step)>;
/// Builds, loads, runs until the end or the first divergence. Errors: those of geometryOf, buildModel, Lockstep, emu::checkInputs
/// and the callback.
Result<CosimOutcome> runCosim(const CosimJob &job, const LockstepCallback &onStep = {});

/// What a divergence turns out to be when it is looked into.
struct Investigation {
  Divergence divergence;       ///< With the cycle, where it can be known.
  bool again = false;          ///< A second run, the traced one, failed alike in the same step.
  std::string noWaveform = {}; ///< Why there is none; empty if there is.
  std::optional<Shrunk> least; ///< Nothing if what differs needs no run (loading).
};
/// Runs again with an FST waveform of the step that differs and the one before, and shrinks for at most `shrinkSeconds` (0: not
/// at all). Errors: those of runCosim.
Result<Investigation> investigate(const CosimJob &job, const Divergence &first, const std::string &waveform, double shrinkSeconds);

} // namespace ranvier::rtl

#endif
