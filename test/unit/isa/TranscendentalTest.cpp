//===- TranscendentalTest.cpp - Accuracy of exp32 and log32 ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/ISA/Program.h"
#include "ranvier/Support/File.h"
#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <span>
#include <vector>

using ranvier::isa::exp32;
using ranvier::isa::log32;

static uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

/// |found - exact| in units of the last place of binary32 at `exact`; subnormals have the place of 2^-149.
static double ulps(float found, double exact) {
  if (std::fabs(exact) > std::numeric_limits<float>::max()) // Overflow is right from half a unit beyond the largest number.
    return std::isinf(found) || std::fabs(exact) < 0x1.FFFFFFp127 ? 0 : 1e9;
  if (std::isinf(found))
    return 1e9;
  const int exponent = exact == 0 ? -126 : std::max(-126, std::ilogb(exact));
  return std::fabs(found - exact) / std::ldexp(1.0, exponent - 23);
}

TEST_CASE("exp32 and log32 stay within their bound over the whole range") {
  double worstExp = 0, worstLog = 0;
  // 997 and 2^32 share no factor: about 4.3 million words from all binades and both signs.
  for (uint64_t word = 0; word < (uint64_t(1) << 32); word += 997) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(word));
    if (std::isnan(x) || std::isinf(x))
      continue;
    if (std::fabs(x) < 110)
      worstExp = std::max(worstExp, ulps(exp32(x), std::exp(double(x))));
    if (x > 0)
      worstLog = std::max(worstLog, ulps(log32(x), std::log(double(x))));
  }
  MESSAGE("largest error [ulp]: exp32 " << worstExp << ", log32 " << worstLog);
  CHECK(worstExp < 0.501);
  CHECK(worstLog < 0.501);
}

TEST_CASE("exp32 and log32 near 0, 1 and the ends") {
  for (int i = -200000; i <= 200000; ++i) {
    const float nearOne = std::bit_cast<float>(0x3F800000u + i);
    REQUIRE(ulps(log32(nearOne), std::log(double(nearOne))) < 0.501);
  }
  for (uint32_t word = 0x42B17218 - 100000; word < 0x42B17218 + 100000; ++word) // Overflow: ln(2^128)
    REQUIRE(ulps(exp32(std::bit_cast<float>(word)), std::exp(double(std::bit_cast<float>(word)))) < 0.501);
  for (uint32_t word = 0xC2AEAC50 - 1000; word < 0xC2D00100; word += 17) // Subnormal results to 0.
    REQUIRE(ulps(exp32(std::bit_cast<float>(word)), std::exp(double(std::bit_cast<float>(word)))) < 0.501);
}

TEST_CASE("exp32 and log32 of special values") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::bit_cast<float>(0xFFA00001u);
  CHECK(bits(exp32(0.0f)) == bits(1.0f));
  CHECK(bits(exp32(-0.0f)) == bits(1.0f));
  CHECK(bits(exp32(inf)) == bits(inf));
  CHECK(bits(exp32(-inf)) == bits(0.0f));
  CHECK(bits(exp32(nan)) == 0x7FC00000);
  CHECK(bits(exp32(std::numeric_limits<float>::max())) == bits(inf));
  CHECK(bits(exp32(std::numeric_limits<float>::lowest())) == bits(0.0f));
  CHECK(bits(exp32(std::numeric_limits<float>::denorm_min())) == bits(1.0f));
  CHECK(bits(log32(1.0f)) == bits(0.0f));
  CHECK(bits(log32(0.0f)) == bits(-inf));
  CHECK(bits(log32(-0.0f)) == bits(-inf));
  CHECK(bits(log32(inf)) == bits(inf));
  CHECK(bits(log32(-inf)) == 0x7FC00000);
  CHECK(bits(log32(-1.0f)) == 0x7FC00000);
  CHECK(bits(log32(-std::numeric_limits<float>::denorm_min())) == 0x7FC00000);
  CHECK(bits(log32(nan)) == 0x7FC00000);
  CHECK(ulps(log32(std::numeric_limits<float>::denorm_min()), -149 * std::log(2.0)) < 0.501);
}

TEST_CASE("exp32 and log32 have the same bits on every machine and with every compiler") {
  std::vector<uint32_t> results;
  for (uint64_t word = 0; word < (uint64_t(1) << 32); word += 65521) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(word));
    results.push_back(bits(exp32(x)));
    results.push_back(bits(log32(x)));
  }
  // A compiler that contracts or reorders changes a rounding somewhere among these 131,000 results.
  CHECK(ranvier::checksum64(std::as_bytes(std::span(results))) == 9713817688606377897u);
}
