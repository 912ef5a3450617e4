//===- WeightRange.h - Whether weights fit their bits -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_IMAGE_WEIGHTRANGE_H
#define RANVIER_IMAGE_WEIGHTRANGE_H

#include "ranvier/HwModels/Chip.h"
#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

namespace ranvier::image {

/// Integer weights of one projection, summed up: what decides whether a chip can store them in a number of bits (clause Y6 of
/// docs/spec/image-format.md). The mapper and the validator ask the same question.
struct WeightRange {
  int32_t least = 0, most = 0;
  uint32_t ones = 0; ///< Bits set in any weight.

  void add(int32_t weight) {
    least = std::min(least, weight);
    most = std::max(most, weight);
    ones |= static_cast<uint32_t>(weight);
  }
  void add(const WeightRange &other) {
    least = std::min(least, other.least);
    most = std::max(most, other.most);
    ones |= other.ones;
  }
  /// A chip with sign modes clears low bits that all weights of a projection lack, and needs no sign where all have the same.
  bool fits(const hw::Weights &chip, unsigned weightBits) const {
    const auto within = [](int64_t low, int64_t high, unsigned bits) { // two's complement
      const int64_t bound = bits ? int64_t(1) << (bits - 1) : 0;
      return low >= -bound && high <= (bits ? bound - 1 : 0);
    };
    if (!within(least, most, chip.maxBits + 1))
      return false;
    if (ones == 0 || !chip.signModes)
      return within(least, most, weightBits);
    const int64_t step = int64_t(1) << std::countr_zero(ones), low = least / step, high = most / step;
    if (least < 0 && most > 0)
      return within(low, high, weightBits);
    return std::max(-low, high) < int64_t(1) << weightBits;
  }
  std::string str() const { return std::to_string(least) + ".." + std::to_string(most); }
};

} // namespace ranvier::image

#endif
