//===- CrossbarReplay.cpp - A golden product of a crossbar ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Crossbar.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::tools;
using emu::CrossbarArray;
using emu::CrossbarConfig;
using formats::CrossbarCase;

static double rootMeanSquare(const std::vector<double> &values) {
  double sum = 0;
  for (const double value : values)
    sum += value * value;
  return values.empty() ? 0 : std::sqrt(sum / static_cast<double>(values.size()));
}

/// Quantised offset cells of the reference have a gain that ours have not: it divides by the whole span instead of that of the
/// levels.
static double referenceGain(const CrossbarConfig &config) {
  if (config.mapping != CrossbarConfig::Mapping::Offset)
    return 1;
  return config.offsetSpan() / (1 - config.leastConductance());
}

/// What one code of one conversion makes at an output: of every slice, of every bit.
static std::vector<double> codeSteps(const CrossbarConfig &config, double gain) {
  std::vector<double> out;
  for (const double step : config.outputSteps())
    for (unsigned bit = 0; bit < (config.bitSerial && config.convertEachBit ? config.inputBits : 1); ++bit)
      out.push_back(gain * std::ldexp(step, static_cast<int>(bit)));
  return out;
}

namespace {
struct Comparison {
  const CrossbarCase &golden;
  const CrossbarConfig &config;
  CrossbarReplayResult &result;

  /// `steps`: an output may be off by one of them, if few are.
  void compare(const char *what, const std::vector<double> &expected, const std::vector<double> &found,
               const std::vector<double> &steps) {
    const bool wires = config.wires.inputOhm > 0 || config.wires.outputOhm > 0;
    const double rms = rootMeanSquare(expected), tolerance = (wires ? 1e-4 : 1e-5) * rms;
    std::vector<size_t> others;
    for (size_t k = 0; k < expected.size(); ++k) {
      const double off = std::abs(expected[k] - found[k]);
      if (off <= tolerance) {
        result.worst = std::max(result.worst, rms > 0 ? off / rms : 0);
        continue;
      }
      others.push_back(k);
      if (std::none_of(steps.begin(), steps.end(), [&](double step) { return std::abs(off - step) <= tolerance + 1e-9 * step; }))
        return different(what, k, expected[k], found[k], steps.empty() ? tolerance : *std::max_element(steps.begin(), steps.end()));
    }
    result.comparedCells += expected.size();
    result.otherCodes += others.size();
    if (100 * others.size() > expected.size())
      different(what, others.front(), expected[others.front()], found[others.front()], tolerance);
  }
  void different(const char *what, size_t at, double expected, double found, double allowed) {
    if (!result.difference)
      result.difference = CrossbarDifference{what, at / golden.outputs, at % golden.outputs, expected, found, allowed};
  }
};
} // namespace

Result<CrossbarReplayResult> tools::replayCrossbar(const CrossbarCase &golden) {
  RANVIER_TRY(const CrossbarConfig config, crossbarConfig(golden.config, golden.path));
  const auto located = [&](Error error) {
    error.file = golden.path;
    return error;
  };
  auto array = CrossbarArray::program(golden.weights, golden.outputs, golden.inputs, config);
  if (!array)
    return located(std::move(array.error()));
  CrossbarReplayResult result;
  CrossbarCase &computed = result.computed;
  computed.outputs = golden.outputs;
  computed.inputs = golden.inputs;
  computed.vectors = golden.vectors;
  const double gain = referenceGain(config);
  const auto multiply = [&](bool convert) -> Result<std::vector<double>> {
    std::vector<double> y(golden.vectors * golden.outputs);
    if (auto done = convert ? array->product(golden.x, y) : array->analogueProduct(golden.x, y); !done)
      return located(std::move(done.error()));
    for (double &value : y)
      value *= gain;
    return y;
  };
  Comparison comparison{golden, config, result};
  RANVIER_TRY(computed.y, multiply(true));
  comparison.compare("Y", golden.y, computed.y, codeSteps(config, gain));
  if (!golden.analogue.empty()) {
    RANVIER_TRY(computed.analogue, multiply(false));
    comparison.compare("Y_no_adc", golden.analogue, computed.analogue, {});
  }
  return result;
}
