//===- NirTimestep.cpp - The time step a NIR file implies -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NIR stores no time step. Exporters that follow the usual convention (snnTorch, Norse, snn-mlir) write gain = tau / dt, so that
// the discrete input gain gain * dt / tau is 1; then tau / gain is dt. Files that do not follow it have gain 1.
//===----------------------------------------------------------------------===//
#include "NirTimestep.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ranvier::frontend {

namespace {

constexpr double constancy = 1e-5; ///< float32 noise of tau and gain is below 1e-6; real differences are far above.

/// Files carry values that went through float32; the number a person would write is preferred if it is as near as that noise.
double withoutFloatNoise(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  const double rounded = std::strtod(text, nullptr);
  return std::fabs(rounded - value) <= 5e-7 * std::fabs(value) ? rounded : value;
}

} // namespace

InferredTimestep inferTimestep(const std::vector<GainPair> &pairs) {
  double low = INFINITY, high = 0;
  const GainPair *lowPair = nullptr, *highPair = nullptr;
  bool anyPrimary = false, informative = false;
  std::vector<std::string> kinds;
  for (const GainPair &pair : pairs) {
    anyPrimary |= pair.primary;
    for (size_t i = 0; i < std::max(pair.tau.size(), pair.gain.size()); ++i) {
      const double tau = pair.tau.size() == 1 ? pair.tau[0] : pair.tau[i];
      const double gain = pair.gain.size() == 1 ? pair.gain[0] : pair.gain[i];
      const bool isOne = std::fabs(gain - 1.0) <= constancy;
      if (isOne && !pair.primary)
        continue;
      informative |= pair.primary && !isOne;
      const double quotient = tau / gain;
      if (!(quotient > 0) || !std::isfinite(quotient))
        return {std::nullopt, pair.tauName + "/" + pair.gainName + " of node " + pair.node + " is not a positive number"};
      if (quotient < low)
        low = quotient, lowPair = &pair;
      if (quotient > high)
        high = quotient, highPair = &pair;
      const std::string kind = pair.tauName + "/" + pair.gainName;
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
        kinds.push_back(kind);
    }
  }
  if (!anyPrimary)
    return {std::nullopt, "no node has a time constant"};
  if (!informative)
    return {std::nullopt, "every gain is 1, so time constants do not tell the step"};
  if (high - low > constancy * high) {
    char text[160];
    std::snprintf(text, sizeof text, " is %.6g s in node ", low);
    std::string how = lowPair->tauName + "/" + lowPair->gainName + text + lowPair->node;
    std::snprintf(text, sizeof text, " and %.6g s in node ", high);
    return {std::nullopt, how + text + highPair->node};
  }
  std::string how;
  for (const std::string &kind : kinds)
    how += (how.empty() ? "" : ", ") + kind;
  return {withoutFloatNoise(0.5 * (low + high)), how + ", constant over the graph"};
}

} // namespace ranvier::frontend
