//===- NativeCuba.cpp - Numbers for the fixed CUBA unit -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything the unit holds is one scale S away from real units: v = S (V - reset), u = S h (U - K). The larger S, the finer
// threshold and decay rounding; 24-bit states, the 17-bit threshold, the bias and the weight exponents bound it from above. Weight
// errors repeat every octave (the exponent follows), so S is searched over the last octave below the bound.
//===----------------------------------------------------------------------===//
#include "ranvier/Quantize/NativeCuba.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
/// A threshold of fewer steps than this is coarser than one percent of a percent; then the voltage may saturate at its floor.
constexpr double wantedThresholdSteps = 1024;
/// A calibrated scale leaves this much room above what was seen.
constexpr double calibrationMargin = 1.25;
constexpr int scaleCandidates = 128;

class NativeQuantiser {
public:
  NativeQuantiser(const Model &model, const CubaForm &form, uint64_t count, const std::vector<Values> &init,
                  const std::vector<ProjectionView> &projections, const hw::NativeCubaLif &unit, const hw::Weights &limits,
                  const NativeOptions &options)
      : model(model), form(form), count(count), init(init), projections(projections), unit(unit), limits(limits), options(options) {
  }

  Result<NativeCuba> run() {
    RANVIER_CHECK(decays());
    RANVIER_CHECK(origins());
    RANVIER_TRY(double most, largestScale());
    if (auto best = chooseScale(most))
      out.scale = *best;
    else
      return noScale("no weight exponent in " + std::to_string(limits.minExponent) + ".." + std::to_string(limits.maxExponent) +
                     " suits the weights");
    RANVIER_CHECK(words());
    for (const ProjectionView &projection : projections) {
      const WeightFormat format = weightFormat(projection.weights, limits, options.weightBits);
      const double one = std::ldexp(1.0, static_cast<int>(unit.inputShift)) / out.scale;
      out.projections.push_back(*bestWeights(projection.weights, format, one, limits));
    }
    return std::move(out);
  }

private:
  double full() const { return std::ldexp(1.0, static_cast<int>(unit.decayBits)); }
  double stateMax() const { return std::ldexp(1.0, static_cast<int>(unit.stateBits) - 1) - 1; }
  double biasMax() const { // in a word of 32 bits, whatever the mantissa and exponent could make
    return std::min(0x1p30, (std::ldexp(1.0, static_cast<int>(unit.biasMantissaBits) - 1) - 1) *
                                std::ldexp(1.0, (1 << unit.biasExponentBits) - 1));
  }
  double thresholdMax() const { return std::ldexp(1.0, static_cast<int>(unit.thresholdBits)) - 1; }
  double thresholdStep() const { return std::ldexp(1.0, static_cast<int>(unit.thresholdShift)); }

  template <typename Function> Values forEach(Function function) const {
    Values values(count);
    for (uint64_t i = 0; i < count; ++i)
      values[i] = function(i);
    return compact(std::move(values));
  }
  Error fault(unsigned code, std::string message, std::string expected, double found, ErrorKind kind) const {
    return model.error(
        {.code = code, .message = std::move(message), .expected = std::move(expected), .found = decimal(found), .kind = kind});
  }
  Error noScale(std::string why) const {
    return model.error({.code = 5303,
                        .message = "the dynamic range does not fit the unit: " + std::move(why),
                        .hint = "use a calibration profile, or rescale weights, bias or threshold",
                        .kind = ErrorKind::DoesNotFit});
  }

  /// Q1: decay words.
  Result<void> decays() {
    for (uint64_t i = 0; i < std::max(form.a.size(), form.b.size()); ++i)
      for (const auto &[kept, what] : {std::pair{at(form.a, i), "current"}, std::pair{at(form.b, i), "voltage"}})
        if (!(kept >= 0 && kept <= 1))
          return fault(5301, std::string("the ") + what + " does not decay", "a kept fraction in 0..1", kept, ErrorKind::CannotRun);
    const auto word = [&](double kept, double offset) {
      return std::clamp(std::round(full() * (1 - kept)) - offset, 0.0, full() - 1);
    };
    const double offset = unit.currentDecayOffset;
    out.du = forEach([&](uint64_t i) { return word(at(form.a, i), offset); });
    out.dv = forEach([&](uint64_t i) { return word(at(form.b, i), 0); });
    keptU = forEach([&](uint64_t i) { return std::max(0.0, full() - at(out.du, i) - offset) / full(); });
    keptV = forEach([&](uint64_t i) { return (full() - at(out.dv, i)) / full(); });
    for (uint64_t i = 0; i < count; ++i) {
      out.currentDecayError = std::max(out.currentDecayError, std::fabs(at(keptU, i) - at(form.a, i)));
      out.voltageDecayError = std::max(out.voltageDecayError, std::fabs(at(keptV, i) - at(form.b, i)));
    }
    if (out.currentDecayError > 0.51 / full())
      out.warnings.push_back("the current's decay is clipped to the unit's width");
    if (out.voltageDecayError > 0.51 / full())
      out.warnings.push_back("the voltage's decay is clipped to the unit's width");
    return {};
  }

  /// Q2: origins. v counts from the reset value, u from the level K that a constant input would hold it at.
  Result<void> origins() {
    for (uint64_t i = 0; i < std::max(form.a.size(), form.c.size()); ++i)
      if (at(form.c, i) != 0 && at(form.a, i) >= 1)
        return fault(5301, "a constant input to a current that does not decay", "a kept fraction below 1", at(form.a, i),
                     ErrorKind::CannotRun);
    out.currentOffset = forEach([&](uint64_t i) { return at(form.c, i) == 0 ? 0.0 : at(form.c, i) / (1 - at(form.a, i)); });
    out.voltageOffset = forEach([&](uint64_t i) { return at(form.reset, i); });
    bias = forEach([&](uint64_t i) {
      return at(form.d, i) + at(form.h, i) * at(out.currentOffset, i) - (1 - at(form.b, i)) * at(form.reset, i);
    });
    threshold = forEach([&](uint64_t i) { return at(form.threshold, i) - at(form.reset, i); });
    startU = forEach(
        [&](uint64_t i) { return form.uState < 0 ? 0.0 : at(form.h, i) * (at(init[form.uState], i) - at(out.currentOffset, i)); });
    startV = forEach([&](uint64_t i) { return form.vState < 0 ? 0.0 : at(init[form.vState], i) - at(form.reset, i); });
    if (smallest(threshold) < 0)
      return fault(5302, "the threshold lies below the reset value", "threshold >= reset", smallest(threshold),
                   ErrorKind::CannotRun);
    return {};
  }

  /// Q3: the largest scale that no width forbids.
  Result<double> largestScale() {
    constexpr double none = std::numeric_limits<double>::infinity();
    double current = 0, below = 0, mostBias = 0;
    for (uint64_t i = 0; i < count; ++i) {
      double high = 0, low = 0;
      for (const ProjectionView &projection : projections) {
        high += at(projection.positive, i);
        low += at(projection.negative, i);
      }
      const double gather = at(keptU, i) < 1 ? 1 / (1 - at(keptU, i)) : none;
      double lowest = low * gather, highest = high * gather;
      if (options.current && form.uState >= 0) {
        const double a = at(form.h, i) * (options.current->low - at(out.currentOffset, i)),
                     b = at(form.h, i) * (options.current->high - at(out.currentOffset, i));
        lowest = calibrationMargin * std::min({a, b, 0.0});
        highest = calibrationMargin * std::max({a, b, 0.0});
      }
      lowest = std::min(lowest, at(startU, i));
      highest = std::max(highest, at(startU, i));
      current = std::max({current, highest, -lowest});
      double floor = std::min(0.0, lowest + at(bias, i));
      floor = floor == 0 ? 0 : at(keptV, i) < 1 ? floor / (1 - at(keptV, i)) : -none;
      if (options.voltage)
        floor = calibrationMargin * std::min(0.0, options.voltage->low - at(form.reset, i));
      below = std::max({below, -floor, std::fabs(at(startV, i))});
      mostBias = std::max(mostBias, std::fabs(at(bias, i)));
    }
    if (current == none)
      return noScale("a current that does not decay has no bound");
    double most = current > 0 ? stateMax() / current : none;
    if (mostBias > 0)
      most = std::min(most, biasMax() / mostBias);
    const double top = largest(threshold);
    if (top > 0)
      most = std::min(most, thresholdMax() * thresholdStep() / top);
    double voltage = below > 0 ? stateMax() / below : none;
    if (top > 0 ? voltage * top / thresholdStep() < wantedThresholdSteps : voltage == 0) {
      voltage = top > 0 ? std::min(most, wantedThresholdSteps * thresholdStep() / top) : none;
      floorReachable = true;
    }
    for (uint64_t i = 0; i < startV.size(); ++i) // An initial value must be exact whatever the floor is.
      if (startV[i] != 0)
        voltage = std::min(voltage, stateMax() / std::fabs(startV[i]));
    most = std::min(most, voltage);
    for (const ProjectionView &projection : projections) {
      const WeightFormat format = weightFormat(projection.weights, limits, options.weightBits);
      for (double w : projection.weights) {
        const double edge = w > 0 ? format.high : -format.low;
        if (w != 0 && edge > 0)
          most = std::min(most, std::ldexp(edge, static_cast<int>(unit.inputShift) + limits.maxExponent) / std::fabs(w));
      }
    }
    if (most == none)
      most = thresholdStep(); // nothing to scale: no weights, threshold 0
    most = std::min(most, options.largestScale);
    if (top > 0 && most * top / thresholdStep() < 1)
      return noScale("the threshold would be less than one step of the unit");
    return most;
  }

  /// Q4: the scale of the last octave with the least squared weight error; thresholds are met exactly where all are equal.
  std::optional<double> chooseScale(double most) const {
    std::vector<Values> samples;
    for (const ProjectionView &projection : projections)
      samples.push_back(sampleOf(projection.weights));
    std::optional<double> best;
    double least = 0;
    for (int candidate = 0; candidate < scaleCandidates; ++candidate) {
      double scale = most * std::exp2(-double(candidate) / scaleCandidates);
      if (const double th = threshold[0]; th > 0 && threshold.size() == 1)
        scale = std::floor(scale * th / thresholdStep()) * thresholdStep() / th;
      if (scale <= 0)
        continue;
      double cost = 0;
      bool fits = true;
      for (const Values &sample : samples) {
        const WeightFormat format = weightFormat(sample, limits, options.weightBits);
        const double one = std::ldexp(1.0, static_cast<int>(unit.inputShift)) / scale;
        const std::optional<QuantisedWeights> words = bestWeights(sample, format, one, limits);
        fits = fits && words.has_value();
        if (!fits)
          break;
        cost += words->rms * words->rms * double(sample.size());
      }
      if (fits && (!best || cost < least * (1 - 1e-9))) {
        best = scale;
        least = cost;
      }
    }
    return best;
  }

  /// Q5..Q7: threshold, bias and initial words.
  Result<void> words() {
    const double scale = out.scale;
    out.vth = forEach(
        [&](uint64_t i) { return std::clamp(std::round(scale * at(threshold, i) / thresholdStep()), 0.0, thresholdMax()); });
    out.bias = forEach([&](uint64_t i) { return biasWord(scale * at(bias, i)); });
    out.u0 = forEach([&](uint64_t i) { return std::round(scale * at(startU, i)); });
    out.v0 = forEach([&](uint64_t i) { return std::round(scale * at(startV, i)); });
    for (uint64_t i = 0; i < count; ++i) {
      out.thresholdError = std::max(out.thresholdError, std::fabs(at(out.vth, i) * thresholdStep() / scale - at(threshold, i)));
      out.biasError = std::max(out.biasError, std::fabs(at(out.bias, i) / scale - at(bias, i)));
    }
    out.saturatesBelow = -stateMax() / scale;
    if (floorReachable)
      out.warnings.push_back("the voltage may saturate: it cannot go below " + decimal(out.saturatesBelow));
    if (largest(threshold) > 0 && largest(out.vth) < 64)
      out.warnings.push_back("the threshold has only " + std::to_string(static_cast<int>(largest(out.vth))) +
                             " steps: use a calibration profile");
    return {};
  }

  /// Mantissa << exponent with the smallest exponent that holds it; to nearest.
  double biasWord(double wanted) const {
    const double most = std::ldexp(1.0, static_cast<int>(unit.biasMantissaBits) - 1) - 1;
    for (int exponent = 0; exponent < (1 << unit.biasExponentBits); ++exponent) {
      const double mantissa = std::round(std::ldexp(wanted, -exponent));
      if (std::fabs(mantissa) <= most)
        return std::ldexp(mantissa, exponent);
    }
    return std::copysign(biasMax(), wanted);
  }

  const Model &model;
  const CubaForm &form;
  const uint64_t count;
  const std::vector<Values> &init;
  const std::vector<ProjectionView> &projections;
  const hw::NativeCubaLif &unit;
  const hw::Weights &limits;
  const NativeOptions &options;
  NativeCuba out;
  Values keptU, keptV, bias, threshold, startU, startV;
  bool floorReachable = false;
};
} // namespace

double compiler::currentLoad(const NativeCuba &numbers, const Values &high, const Values &low, const hw::NativeCubaLif &unit) {
  const double full = std::ldexp(1.0, static_cast<int>(unit.decayBits)),
               most = std::ldexp(1.0, static_cast<int>(unit.stateBits) - 1) - 1;
  double load = 0;
  for (size_t i = 0; i < std::max({high.size(), low.size(), numbers.du.size(), numbers.u0.size()}); ++i) {
    const double arriving = std::ldexp(std::max(at(high, i), -at(low, i)), static_cast<int>(unit.inputShift));
    const double kept = std::max(0.0, full - at(numbers.du, i) - unit.currentDecayOffset) / full;
    // Rounding towards zero only shortens what is kept, so that the geometric sum bounds u.
    load = std::max({load, std::fabs(at(numbers.u0, i)) / most, arriving == 0 ? 0 : arriving / (1 - kept) / most});
  }
  return load;
}

Result<NativeCuba> compiler::quantiseNative(const Model &model, const CubaForm &form, uint64_t count,
                                            const std::vector<Values> &init, const std::vector<ProjectionView> &projections,
                                            const hw::NativeCubaLif &unit, const hw::Weights &limits,
                                            const NativeOptions &options) {
  return NativeQuantiser(model, form, count, init, projections, unit, limits, options).run();
}
