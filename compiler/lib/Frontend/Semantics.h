//===- Semantics.h - The report of everything NIR leaves open ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FRONTEND_SEMANTICS_H
#define RANVIER_LIB_FRONTEND_SEMANTICS_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::frontend {

struct PopulationSemantics {
  struct Gain {
    std::string gain, tau;          ///< Parameter names.
    double perStepLow, perStepHigh; ///< gain * dt / tau: what an arrival of 1 adds.
  };
  std::string name, nirType, model, reading, reset;
  std::vector<std::pair<std::string, std::vector<double>>> parameters; ///< Values as used (times in seconds).
  std::vector<Gain> gains;
};

struct Semantics {
  std::string file, nirVersion; ///< File name without its folder.
  double dt = 0;
  std::string dtFrom, timeUnit;
  std::vector<PopulationSemantics> populations;
  std::vector<std::string> assumptions;
};

/// JSON text, keys in a fixed order, numbers in their shortest exact form: the same input gives the same bytes.
std::string toJson(const Semantics &semantics);

} // namespace ranvier::frontend

#endif
