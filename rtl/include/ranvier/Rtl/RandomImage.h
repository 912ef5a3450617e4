//===- RandomImage.h - Constrained-random networks for the RTL --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Legal images that no compiler would make: random microcode and the native form side by side, slices scattered over the grid,
// rows that reach one word again and again, weights, exponents, delays and values at their ends, full cores, silent steps. A
// function of the seed and the chip alone, so a printed seed reproduces a failure anywhere.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_RANDOMIMAGE_H
#define RANVIER_RTL_RANDOMIMAGE_H

#include "ranvier/Rtl/Cosim.h"

namespace ranvier::rtl {

/// What is not left to chance.
struct RandomCaseOptions {
  std::optional<Grid> grid = {};            ///< Else one of 1x1, 2x1, 1x2, 2x2 and, rarely, all of the chip's tiles.
  std::optional<uint32_t> steps = {};       ///< Else 12 to 40.
  std::optional<uint32_t> stallsOf256 = {}; ///< Else none (half of the cases) or 20 to 230.
};

/// A random network with its input and the way in which it is run: `image`, `inputs`, `steps` and `lockstep` of a job. Errors:
/// those of geometryOf.
Result<CosimJob> randomCase(uint64_t seed, const hw::Chip &chip, const RandomCaseOptions &options);

/// The network alone, for a grid of nodes. Populations of 1 to a core's neurons; fits the chip. Errors: those of geometryOf.
Result<image::ImageData> randomImage(uint64_t seed, const hw::Chip &chip, Grid grid);

/// Input spikes for steps 1 to `steps`, sorted by step: some steps silent, some full, most between; values of graded ones at the
/// ends of their range now and then.
std::vector<emu::InputSpike> randomSpikes(uint64_t seed, const image::Image &image, uint32_t steps);

} // namespace ranvier::rtl

#endif
