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
    const double rms = rootMeanSquare(expected), tolerance = (config.hasWires() ? 1e-4 : 1e-5) * rms;
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

namespace {
class Replayer {
public:
  Replayer(const CrossbarCase &golden, CrossbarConfig config)
      : golden(golden), config(std::move(config)), gain(referenceGain(this->config)) {}

  Result<CrossbarReplayResult> run() {
    result.computed.outputs = golden.outputs;
    result.computed.inputs = golden.inputs;
    result.computed.vectors = golden.vectors;
    RANVIER_CHECK(golden.trials ? statistics() : products());
    return std::move(result);
  }

private:
  Error located(Error error) const {
    error.file = golden.path;
    return error;
  }
  Result<CrossbarArray> programmed() const {
    auto array = CrossbarArray::program(golden.weights, golden.outputs, golden.inputs, config);
    if (!array)
      return located(std::move(array.error()));
    return array;
  }
  Result<std::vector<double>> multiply(const CrossbarArray &array, bool convert, uint64_t number = 0) const {
    std::vector<double> y(golden.vectors * golden.outputs);
    if (auto done = convert ? array.product(golden.x, y, number) : array.analogueProduct(golden.x, y, number); !done)
      return located(std::move(done.error()));
    for (double &value : y)
      value *= gain;
    return y;
  }

  Result<void> products() {
    if (config.programming.acts() || config.read.acts())
      return Error{.code = 8088,
                   .message = "products of an array that errs at random cannot be compared",
                   .file = golden.path,
                   .place = "Y",
                   .expected = "Y_nominal, err_mean, err_std, trials and pooled",
                   .found = "Y"};
    RANVIER_TRY(const CrossbarArray array, programmed());
    Comparison comparison{golden, config, result};
    RANVIER_TRY(result.computed.y, multiply(array, true));
    comparison.compare("Y", golden.y, result.computed.y, codeSteps(config, gain));
    if (golden.analogue.empty())
      return {};
    RANVIER_TRY(result.computed.analogue, multiply(array, false));
    comparison.compare("Y_no_adc", golden.analogue, result.computed.analogue, {});
    return {};
  }

  Result<void> statistics() {
    CrossbarCase &out = result.computed;
    const size_t cells = golden.nominal.size();
    std::vector<double> mean(cells), squares(cells); // Of errors, by Welford's recurrence.
    std::optional<CrossbarArray> array;
    for (uint64_t trial = 0; trial < golden.trials; ++trial) {
      if (!array || config.programming.acts()) {
        config.device = trial;
        RANVIER_TRY(array, programmed());
      }
      RANVIER_TRY(const std::vector<double> y, multiply(*array, true, trial * golden.vectors));
      for (size_t k = 0; k < cells; ++k) {
        const double error = y[k] - golden.nominal[k], off = error - mean[k];
        mean[k] += off / static_cast<double>(trial + 1);
        squares[k] += off * (error - mean[k]);
      }
    }
    out.trials = golden.trials;
    out.nominal = golden.nominal;
    double sum = 0, spread = 0, errors = 0;
    for (size_t k = 0; k < cells; ++k) {
      const double variance = squares[k] / static_cast<double>(golden.trials);
      out.errorSpread.push_back(std::sqrt(variance));
      sum += mean[k];
      spread += variance;
      errors += variance + mean[k] * mean[k];
    }
    out.errorMean = std::move(mean);
    const double count = static_cast<double>(cells);
    out.pooled = {sum / count, std::sqrt(spread / count), std::sqrt(errors / count)};
    compareStatistics();
    return {};
  }

  void compareStatistics() {
    const CrossbarCase &out = result.computed;
    Comparison comparison{golden, config, result};
    const double rounding = 1e-5 * rootMeanSquare(golden.nominal), expected = golden.pooled[1];
    result.worst = expected > 0 ? std::abs(out.pooled[1] / expected - 1) : 0;
    if (std::abs(out.pooled[1] - expected) > 0.02 * expected + rounding)
      comparison.different("pooled standard deviation", 0, expected, out.pooled[1], 0.02 * expected);
    const double factor = 5 * std::sqrt(2 / static_cast<double>(golden.trials));
    for (size_t k = 0; k < golden.nominal.size(); ++k) {
      const double allowed = factor * golden.errorSpread[k] + rounding;
      if (std::abs(out.errorMean[k] - golden.errorMean[k]) > allowed)
        comparison.different("err_mean", k, golden.errorMean[k], out.errorMean[k], allowed);
    }
    result.comparedCells += golden.nominal.size();
  }

  const CrossbarCase &golden;
  CrossbarConfig config;
  double gain;
  CrossbarReplayResult result;
};
} // namespace

Result<CrossbarReplayResult> tools::replayCrossbar(const CrossbarCase &golden, uint64_t seed) {
  RANVIER_TRY(CrossbarConfig config, crossbarConfig(golden.config, golden.path));
  config.seed = seed;
  return Replayer(golden, std::move(config)).run();
}
