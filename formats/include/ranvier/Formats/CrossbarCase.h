//===- CrossbarCase.h - Golden products of crossbars ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The format "ranvier-golden-crossbar" of ranvier-replay: a matrix, input vectors, a description of the array and what comes out.
// docs/spec/crossbar.md describes it.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_CROSSBARCASE_H
#define RANVIER_FORMATS_CROSSBARCASE_H

#include "ranvier/Formats/GoldenCase.h"
#include <array>
#include <variant>

namespace ranvier::formats {

struct CrossbarCase {
  std::string path, config; ///< config: JSON text, as it stands in the file.
  uint64_t outputs = 0, inputs = 0, vectors = 0;
  std::vector<double> weights;  ///< [outputs, inputs], user units.
  std::vector<double> x;        ///< [vectors, inputs]
  std::vector<double> y;        ///< [vectors, outputs]; empty for a statistical case.
  std::vector<double> analogue; ///< The same without converter; may be empty.
  /// Of a statistical case: errors are results less `nominal`.
  std::vector<double> nominal, errorMean, errorSpread; ///< [vectors, outputs]
  uint64_t trials = 0;                                 ///< 0: not statistical.
  /// Mean error, root mean square of the standard deviations of single outputs, root mean square error.
  std::array<double, 3> pooled{};
};

using AnyGoldenCase = std::variant<GoldenCase, CrossbarCase>;
/// Reads a file of either format, told apart by the attribute `format`. Errors: RNV1001..1004, RNV1070..1076.
Result<AnyGoldenCase> readAnyGoldenCase(const std::string &path);

/// `ranvier-replay --out`: `Y` and `Y_no_adc`, or the statistics under their names in the format. Empty arrays are left out.
/// Errors: RNV1010, RNV1011, RNV9003, RNV9004.
Result<void> writeCrossbarResults(const std::string &path, const CrossbarCase &computed);

} // namespace ranvier::formats

#endif
