//===- Crossbar.h - Golden products of crossbars ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_CROSSBAR_H
#define RANVIER_TOOLS_CROSSBAR_H

#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Formats/CrossbarCase.h"
#include <optional>

namespace ranvier::tools {

/// The array that a case's `config` describes. Errors: RNV8087 (no JSON object, an unknown or missing key, or a value of another
/// type), RNV7050 and RNV7051 (values that no array can have).
Result<emu::CrossbarConfig> crossbarConfig(const std::string &text, const std::string &file);

/// The place and values that break a case.
struct CrossbarDifference {
  std::string what; ///< A data set, or a statistic.
  uint64_t vector = 0, output = 0;
  double expected = 0, found = 0, allowed = 0; ///< allowed: of |expected - found|.
};
struct CrossbarReplayResult {
  uint64_t comparedCells = 0;
  uint64_t otherCodes = 0; ///< Outputs that differ by one code of one conversion; up to 1 % of all pass.
  double worst = 0;        ///< Largest |difference| / rms among the other outputs; of a statistical case: |spread ratio - 1|.
  std::optional<CrossbarDifference> difference;
  formats::CrossbarCase computed;
};
/// Programs the case's matrix and multiplies; a statistical case as often as its trials say, each time as another device of `seed`.
/// Errors: those of crossbarConfig and of emu::CrossbarArray; RNV8088 (products to compare of an array that errs at random).
Result<CrossbarReplayResult> replayCrossbar(const formats::CrossbarCase &golden, uint64_t seed);

} // namespace ranvier::tools

#endif
