//===- NirTimestep.h - The time step a NIR file implies ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FRONTEND_NIRTIMESTEP_H
#define RANVIER_LIB_FRONTEND_NIRTIMESTEP_H

#include <optional>
#include <string>
#include <vector>

namespace ranvier::frontend {

/// A time constant [s] and the gain that an exporter multiplied by tau/dt, of one node; sizes 1 or count.
struct GainPair {
  std::string node, tauName, gainName;
  std::vector<double> tau, gain;
  bool primary = true; ///< The model's first pair.
};

struct InferredTimestep {
  std::optional<double> dt; ///< [s]; absent: the file does not tell.
  std::string how;          ///< Where dt comes from, or why there is none; a clause for reports.
};

/// See importNir for the rule.
InferredTimestep inferTimestep(const std::vector<GainPair> &pairs);

} // namespace ranvier::frontend

#endif
