//===- Distribution.h - Numbers drawn by name -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Value i of a distribution is a function of its parameters, its seed and i: the same for any thread, rank and order.
// docs/spec/snn-dialect.md, "What is drawn, exactly", is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_SUPPORT_DISTRIBUTION_H
#define RANVIER_SUPPORT_DISTRIBUTION_H

#include "ranvier/Support/Random.h"
#include <cstdint>
#include <span>
#include <string>

namespace ranvier {

struct Distribution {
  enum class Kind : uint8_t { Constant, Uniform, Normal };
  Kind kind = Kind::Constant;
  double first = 0;         ///< Constant: the value; uniform: the lower end; normal: the mean.
  double second = 0;        ///< Uniform: the upper end, never drawn; normal: the standard deviation.
  double low = 0, high = 0; ///< Normal: values beyond are clipped to these.
  uint64_t seed = 0;
  bool operator==(const Distribution &) const = default;

  /// Value `number`.
  double draw(uint64_t number) const;
  /// Values of many numbers, eight at a time where the processor can; the same bits as draw(). Both spans have one length.
  void draw(std::span<const uint64_t> numbers, std::span<double> values) const;
  /// What every value lies within, ends included.
  double least() const { return kind == Kind::Normal ? low : first; }
  double greatest() const { return kind == Kind::Constant ? first : kind == Kind::Uniform ? second : high; }
  /// Empty if the parameters mean something: all finite, ends in order, no negative deviation. Else what is wrong.
  std::string fault() const;
};

} // namespace ranvier

#endif
