//===- IntegerConverterTest.cpp - The converter model integer_adc ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "ranvier/HwModels/IntegerConverter.h"
#include <cmath>
#include <doctest/doctest.h>
#include <random>
#include <vector>

using ranvier::hw::IntegerConverter;
using ranvier::hw::shiftAdd;

namespace {

/// The same by real numbers: exact, as every value has less than 64 bits.
uint32_t byReals(const IntegerConverter &converter, int64_t sum) {
  long double level = std::floor((static_cast<long double>(sum) + converter.offset) / std::ldexp(1.0L, converter.shift));
  return static_cast<uint32_t>(std::fmin(std::fmax(level, 0.0L), std::ldexp(1.0L, converter.bits) - 1));
}

} // namespace

TEST_CASE("codes worked out by hand") {
  IntegerConverter converter{.offset = 3, .shift = 1, .bits = 3};
  CHECK(converter.convert(-4) == 0); // (-1) / 2 rounds down to -1, clamped.
  CHECK(converter.clampsLow(-4));
  CHECK(converter.convert(-3) == 0);
  CHECK_FALSE(converter.clampsLow(-3));
  CHECK(converter.convert(0) == 1); // 3 / 2
  CHECK(converter.convert(1) == 2);
  CHECK(converter.convert(12) == 7); // 15 / 2
  CHECK_FALSE(converter.clampsHigh(12));
  CHECK(converter.convert(13) == 7);
  CHECK(converter.clampsHigh(13));
  CHECK(converter.convert(int64_t(1) << 61) == 7);
  CHECK(converter.convert(-(int64_t(1) << 61)) == 0);
}

TEST_CASE("the ranges of the settings") {
  CHECK(IntegerConverter{}.isValid());
  CHECK(IntegerConverter{.shift = 31, .bits = 16}.isValid());
  CHECK_FALSE(IntegerConverter{.shift = 32}.isValid());
  CHECK_FALSE(IntegerConverter{.bits = 0}.isValid());
  CHECK_FALSE(IntegerConverter{.bits = 17}.isValid());
  CHECK(IntegerConverter{.bits = 1}.largestCode() == 1);
  CHECK(IntegerConverter{.bits = 16}.largestCode() == 65535);
  CHECK(IntegerConverter::name == "integer_adc");
}

TEST_CASE("codes are the rounded-down quotient, clamped, at every setting") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    IntegerConverter converter{.offset = static_cast<int32_t>(random() >> random() % 32),
                               .shift = static_cast<uint32_t>(random() % 32),
                               .bits = static_cast<uint32_t>(1 + random() % 16)};
    int64_t sum = static_cast<int64_t>(random()) >> (2 + random() % 60);
    if (i % 3 == 0) // Near an edge of a code.
      sum = (static_cast<int64_t>(random() % (converter.largestCode() + 3)) - 1) * (int64_t(1) << converter.shift) -
            converter.offset + int64_t(random() % 3) - 1;
    REQUIRE(converter.convert(sum) == byReals(converter, sum));
  }
}

TEST_CASE("a lossless converter gives the plain product") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    uint32_t bits = 1 + random() % 16;
    bool isSigned = random() % 2;
    // Inputs x, weights w of a column; sums of a bit of all inputs within +-zero.
    constexpr uint32_t rows = 20;
    IntegerConverter converter{.offset = 8 * rows, .shift = 0, .bits = 16};
    std::vector<int64_t> x(rows), w(rows);
    int64_t product = 0;
    for (uint32_t r = 0; r < rows; ++r) {
      x[r] = static_cast<int64_t>(random() % (uint64_t(1) << bits)) - (isSigned ? int64_t(1) << (bits - 1) : 0);
      w[r] = static_cast<int64_t>(random() % 17) - 8;
      product += x[r] * w[r];
    }
    std::vector<uint32_t> codes;
    for (uint32_t b = bits; b-- > 0;) {
      int64_t sum = 0;
      for (uint32_t r = 0; r < rows; ++r)
        sum += (x[r] >> b & 1) * w[r];
      codes.push_back(converter.convert(sum));
    }
    REQUIRE(shiftAdd(codes, converter.offset, isSigned) == product);
  }
}

TEST_CASE("sums at their extremes") {
  std::vector<uint32_t> large(16, 65535), mixed(16, 0);
  CHECK(shiftAdd(large, 0, false) == int64_t(65535) * 65535);
  CHECK(shiftAdd(large, 0, true) == -65535);
  mixed[0] = 65535;
  CHECK(shiftAdd(mixed, 0, true) == -(int64_t(65535) << 15));
  CHECK(shiftAdd({}, 5, true) == 0);
  CHECK(shiftAdd(std::vector<uint32_t>{1}, 0, true) == -1);
}
