//===- Report.h - What quantisation saw and did -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain structs in, JSON text out, and the other way for calibration profiles: MLIR code may not use the JSON library, whose errors
// are exceptions.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_QUANTIZE_REPORT_H
#define RANVIER_QUANTIZE_REPORT_H

#include "ranvier/Quantize/NativeCuba.h"
#include <map>

namespace ranvier::compiler {

struct PopulationReport {
  std::string name, model;
  std::string form;                                    ///< "native", "fixed-point" or "float".
  std::vector<std::pair<std::string, double>> numbers; ///< Scales, offsets and errors, in order of printing.
  struct Format {
    std::string name;
    int fractionBits = 0;
    double low = 0, high = 0, error = 0; ///< Range; largest error that one step adds, real units.
    double scale = 1;                    ///< One unit is scale * 2^-fractionBits.
  };
  std::vector<Format> formats;
  std::vector<std::string> warnings;
};
struct ProjectionReport {
  std::string name, mode;
  int exponent = 0;
  unsigned bits = 0;
  double unit = 0, rms = 0, worst = 0, largest = 0; ///< Real size of one integer; errors and largest |weight|, real units.
  std::vector<std::string> warnings;
};
struct QuantizationReport {
  std::string target, scales; ///< `scales`: "range" or "calibration".
  unsigned weightBits = 0;
  std::vector<PopulationReport> populations;
  std::vector<ProjectionReport> projections;
};
/// {"target", "scales", "weight_bits", "populations": [...], "projections": [...]}; the same report gives the same bytes.
std::string printReport(const QuantizationReport &report);
/// All warnings, each with the population or projection it is about.
std::vector<std::string> warningsOf(const QuantizationReport &report);

/// What a run of the float network saw: by population, then by state name.
struct Calibration {
  struct Population {
    std::map<std::string, Observed> states;
  };
  std::map<std::string, Population> populations;
};
/// {"format": "ranvier-calibration", "version": 1, "populations": {"p": {"states": {"v": [low, high]}}}}
/// Errors: RNV5320.
Result<Calibration> parseCalibration(const std::string &text);

} // namespace ranvier::compiler

#endif
