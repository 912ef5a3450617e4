//===- Noise.h - Cells that are not what they should be ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two standard normal numbers come from one Threefry block by Box-Muller in binary32, with a logarithm, sine and cosine written out
// here, so that they are the same on any machine: for a cell's positive and its negative half.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_EMULATOR_CROSSBAR_NOISE_H
#define RANVIER_LIB_EMULATOR_CROSSBAR_NOISE_H

#include "Kernels.h"
#include "Tiles.h"
#include <array>
#include <cmath>

namespace ranvier::emu {

/// What numbers are drawn for; part of their name.
enum class CrossbarDraw : uint32_t { Programming = 0x40, Read = 0x41, Drift = 0x42, Faults = 0x43, Conversion = 0x45 };

/// Names the blocks of an array: cell k of it is entity `first` + k.
struct CrossbarStream {
  uint64_t seed = 0;
  CrossbarDraw draw = CrossbarDraw::Programming;
  uint32_t step = 0, first = 0;
};

/// Both numbers of cells 0..count-1; count a multiple of 8. Within 6.7 of 0.
void normalPairs(const CrossbarStream &stream, uint64_t count, float *positive, float *negative,
                 CrossbarWidth width = CrossbarWidth::Widest);

/// Conductances that noise leaves a cell, relative to Gmax.
struct NoiseLimits {
  double low = 0, high = HUGE_VAL;
};
/// Adds the noise to conductances relative to Gmax and clips. `negative` may be empty; cells of conductance 0 in padding stay as
/// they are only if nobody looks at them.
void disturb(std::vector<double> &positive, std::vector<double> &negative, const CrossbarNoise &noise, double microsiemens,
             const CrossbarStream &stream, const NoiseLimits &limits = {});

/// What is left of cells by this configuration.
inline NoiseLimits noiseLimits(const CrossbarConfig &config) {
  return config.clipsCells ? NoiseLimits{config.leastConductance(), 1} : NoiseLimits{};
}

/// Standard deviation, or width, of a cell relative to Gmax, which is `microsiemens`.
double noiseDeviation(const CrossbarNoise &noise, double conductance, double microsiemens);

/// Conductances `drift.seconds` after programming.
void letDrift(std::vector<double> &positive, std::vector<double> &negative, const CrossbarDrift &drift,
              const CrossbarStream &stream);

/// The words of cell `cell`: of its positive half and of its negative one, if it draws no normal numbers.
std::array<uint32_t, 2> streamWords(const CrossbarStream &stream, uint64_t cell);

/// ln and exp in binary64 to 2e-15, from additions, products and quotients alone, so that they are the same on any machine. value >
/// 0; exponent within 700 of 0.
double naturalLogarithm(double value);
double exponential(double exponent);

/// Cells whose noise is drawn anew in each product, in binary32: [input][stride].
struct NoisyCells {
  std::vector<float> positive, negative;
  std::vector<float> positiveSigma, negativeSigma; ///< Empty if the model gives them from the cell.
};
/// Whether deviations are one number, or one times the conductance.
inline bool isSimple(CrossbarNoise::Model model) {
  return model == CrossbarNoise::Model::None || model == CrossbarNoise::Model::Independent ||
         model == CrossbarNoise::Model::Proportional;
}

/// out[c] = sum over `active` rows of max(G + sigma z, 0) x, pairs subtracted; `x` by input. Sums of 32 rows are binary32, theirs
/// binary64.
void noisyProduct(const NoisyCells &cells, const CrossbarNoise &noise, const CrossbarStream &stream, const uint32_t *active,
                  uint64_t count, const double *x, uint64_t stride, double *out, CrossbarWidth width = CrossbarWidth::Widest);

} // namespace ranvier::emu

#endif
