//===- Weights.cpp - Weights in a chip's storage format -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/Weights.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::compiler;

WeightFormat compiler::weightFormat(const Values &weights, const hw::Weights &limits, unsigned bits) {
  const bool any = !weights.empty();
  const double low = any ? smallest(weights) : 0, high = any ? largest(weights) : 0;
  if (!limits.signModes) {
    const int most = (1 << bits) - 1;
    return {-most, most, 0, bits + 1, "signed"};
  }
  const bool mixed = low < 0 && high > 0;
  const unsigned drop = 8 - bits + (mixed ? 1 : 0);
  const int most = (255 >> drop) << drop;
  if (mixed)
    return {-256, most, drop, bits, "mixed"};
  return high <= 0 && low < 0 ? WeightFormat{-most, 0, drop, bits, "inhibitory"} : WeightFormat{0, most, drop, bits, "excitatory"};
}

std::optional<int> compiler::smallestExponent(const Values &weights, const WeightFormat &format, double unit,
                                              const hw::Weights &limits) {
  double low = 0, high = 0;
  for (double w : weights) {
    low = std::min(low, w);
    high = std::max(high, w);
  }
  const double slack = std::ldexp(0.5, static_cast<int>(format.drop)) * 0.999;
  for (int exponent = limits.minExponent; exponent <= limits.maxExponent; ++exponent) {
    const double size = std::ldexp(unit, exponent);
    if (high / size <= format.high + slack && low / size >= format.low - slack)
      return exponent;
  }
  return {};
}

QuantisedWeights compiler::quantiseWeights(const Values &weights, const WeightFormat &format, double unit, int exponent) {
  QuantisedWeights out;
  out.exponent = exponent;
  out.format = format;
  out.unit = std::ldexp(unit, exponent);
  out.words.resize(weights.size());
  const double grain = std::ldexp(1.0, static_cast<int>(format.drop));
  double squares = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double word = std::clamp(std::round(weights[i] / out.unit / grain) * grain, double(format.low), double(format.high));
    out.words[i] = static_cast<int32_t>(word);
    const double error = std::fabs(word * out.unit - weights[i]);
    squares += error * error;
    out.worst = std::max(out.worst, error);
  }
  out.rms = weights.empty() ? 0 : std::sqrt(squares / double(weights.size()));
  return out;
}

Values compiler::sampleOf(const Values &weights) {
  constexpr size_t enough = 16384;
  Values sample;
  for (size_t i = 0; i < weights.size(); i += 1 + weights.size() / enough)
    sample.push_back(weights[i]);
  if (!weights.empty()) { // the extremes decide the exponent
    sample.push_back(smallest(weights));
    sample.push_back(largest(weights));
  }
  return sample;
}

std::optional<QuantisedWeights> compiler::bestWeights(const Values &weights, const WeightFormat &format, double unit,
                                                      const hw::Weights &limits) {
  const std::optional<int> fits = smallestExponent(weights, format, unit, limits);
  if (!fits)
    return {};
  QuantisedWeights best = quantiseWeights(weights, format, unit, *fits);
  for (int exponent = *fits - 1; exponent >= std::max(limits.minExponent, *fits - 2); --exponent) {
    QuantisedWeights finer = quantiseWeights(weights, format, unit, exponent);
    if (finer.rms >= best.rms)
      break;
    best = std::move(finer);
  }
  return best;
}
