//===- KernelsTest.cpp - Inner loops of crossbar products -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain and wide forms give the same bits, at the ends of their ranges too.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "ranvier/Support/Random.h"
#include <bit>
#include <cstddef>
#include <doctest/doctest.h>
#include <vector>

using namespace ranvier;
using namespace ranvier::emu;

namespace {
struct Draw {
  uint32_t next = 0;
  uint32_t operator()(uint32_t below) { return randomWord(5, next++, 1, 0) % below; }
  double real() { return uniformFromWord(randomWord(5, next++, 1, 1)) * 2 - 1; }
};

template <typename T> bool sameBits(const std::vector<T> &a, const std::vector<T> &b) {
  for (std::size_t k = 0; k < a.size(); ++k)
    if constexpr (sizeof(T) == 8) {
      if (std::bit_cast<uint64_t>(a[k]) != std::bit_cast<uint64_t>(b[k]))
        return false;
    } else if (a[k] != b[k])
      return false;
  return a.size() == b.size();
}
} // namespace

TEST_CASE("integer sums: both forms, and a sum written down here") {
  const CrossbarKernels &plain = crossbarKernels(CrossbarWidth::Plain), &wide = crossbarKernels();
  Draw draw;
  for (const uint64_t stride : {32u, 64u, 8192u})
    for (const bool extreme : {false, true}) {
      constexpr uint64_t columns = 5;
      constexpr unsigned passes = 13;
      std::vector<int8_t> w(columns * stride), x(stride);
      std::vector<uint8_t> bits(passes * stride);
      std::vector<int16_t> words(columns * stride), wordX(stride);
      for (auto &value : w)
        value = extreme ? (draw(2) ? 127 : -127) : static_cast<int8_t>(static_cast<int>(draw(255)) - 127);
      for (auto &value : x)
        value = extreme ? 127 : static_cast<int8_t>(static_cast<int>(draw(255)) - 127);
      for (auto &value : bits)
        value = extreme || draw(2);
      for (std::size_t k = 0; k < words.size(); ++k)
        words[k] = static_cast<int16_t>(w[k] * 4);
      for (std::size_t k = 0; k < wordX.size(); ++k)
        wordX[k] = static_cast<int16_t>(x[k] * 4);
      if (extreme) // All of one sign in the first column.
        std::fill(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(stride), int8_t(127));
      std::vector<int32_t> a(columns), b(columns), expected(columns);
      for (uint64_t c = 0; c < columns; ++c)
        for (uint64_t j = 0; j < stride; ++j)
          expected[c] += w[c * stride + j] * x[j];
      plain.dotBytes(w.data(), x.data(), stride, columns, a.data());
      wide.dotBytes(w.data(), x.data(), stride, columns, b.data());
      CHECK(sameBits(a, expected));
      CHECK(sameBits(b, expected));
      plain.dotWords(words.data(), wordX.data(), stride, columns, a.data());
      wide.dotWords(words.data(), wordX.data(), stride, columns, b.data());
      CHECK(sameBits(a, b));
      std::vector<int32_t> aBits(passes * columns), bBits(passes * columns), sums(passes * columns);
      for (unsigned p = 0; p < passes; ++p)
        for (uint64_t c = 0; c < columns; ++c)
          for (uint64_t j = 0; j < stride; ++j)
            sums[p * columns + c] += w[c * stride + j] * bits[p * stride + j];
      plain.dotBits(w.data(), bits.data(), stride, columns, passes, aBits.data());
      wide.dotBits(w.data(), bits.data(), stride, columns, passes, bBits.data());
      CHECK(sameBits(aBits, sums));
      CHECK(sameBits(bBits, sums));
      // The same bytes as rows of inputs.
      const uint64_t rows = columns * stride / 32;
      std::vector<uint32_t> active;
      for (uint32_t r = 0; r < rows; ++r)
        if (extreme || draw(3) == 0)
          active.push_back(r);
      for (const uint32_t width : {32u, 64u, 96u, 160u}) {
        std::vector<int32_t> c(width), d(width), e(width);
        std::vector<uint32_t> there;
        for (const uint32_t r : active)
          if ((r + 1) * width <= w.size())
            there.push_back(r);
        for (const uint32_t r : there)
          for (uint32_t k = 0; k < width; ++k)
            e[k] += w[r * width + k];
        plain.addRows(w.data(), there.data(), there.size(), width, c.data());
        wide.addRows(w.data(), there.data(), there.size(), width, d.data());
        CHECK(sameBits(c, e));
        CHECK(sameBits(d, e));
      }
    }
}

TEST_CASE("binary64: both forms to the bit") {
  const CrossbarKernels &plain = crossbarKernels(CrossbarWidth::Plain);
  Draw draw;
  constexpr uint64_t inputs = 37, stride = 72;
  std::vector<double> m(inputs * stride), cells(inputs * stride), others(inputs * stride), x(inputs), a(stride), b(stride);
  for (auto *values : {&m, &x})
    for (double &value : *values)
      value = draw.real();
  for (auto *values : {&cells, &others})
    for (double &value : *values)
      value = draw(4) ? (draw.real() + 1) / 2 : 0;
  std::vector<uint32_t> active{0, 3, 4, 20, 36};
  std::vector<LadderStep> steps;
  for (const uint32_t j : active)
    steps.push_back({j, 0.01 * j, j ? 0.02 : 0});
  CodeScale scale{.low = -3, .perUnit = 255 / 6.0, .steps = 255, .step = 6 / 255.0};
  std::vector<int16_t> aLevels(inputs), bLevels(inputs);
  const auto both = [&](auto run) {
    std::vector<double> start = a; // Some kernels work on what is there.
    run(plain, a, aLevels);
    for (const auto width : {CrossbarWidth::Avx2, CrossbarWidth::Widest}) {
      b = start;
      run(crossbarKernels(width), b, bLevels);
      CHECK(sameBits(a, b));
      CHECK(sameBits(aLevels, bLevels));
    }
  };
  std::vector<int32_t> fixed(inputs * stride);
  for (auto &value : fixed)
    value = static_cast<int32_t>(draw.real() * 2147483647);
  both([&](const CrossbarKernels &k, auto &out, auto &) { k.linear(fixed.data(), x.data(), inputs, stride, 1e-9, out.data()); });
  both([&](const CrossbarKernels &k, auto &out, auto &) {
    k.linearRows(fixed.data(), active.data(), active.size(), inputs, stride, 1e-9, out.data());
  });
  both([&](const CrossbarKernels &k, auto &out, auto &) { k.convert(out.data(), stride, scale); });
  both([&](const CrossbarKernels &k, auto &out, auto &) { k.accumulate(m.data(), stride, 1.7, 0.1, out.data()); });
  both([&](const CrossbarKernels &k, auto &out, auto &) {
    k.ladder(cells.data(), steps.data(), steps.size(), 0.3, stride, out.data());
  });
  both([&](const CrossbarKernels &k, auto &out, auto &) {
    k.pairLadder(cells.data(), others.data(), steps.data(), steps.size(), 0.3, stride, out.data());
  });
  both([&](const CrossbarKernels &k, auto &out, auto &levels) {
    k.drive(x.data(), inputs, 0.7, -1, 127, out.data(), levels.data());
  });
}

TEST_CASE("rounding is to nearest, ties to even, and clips first") {
  const CrossbarKernels &kernels = crossbarKernels();
  std::vector<double> v{-1, 0, 0.5, 1.5, 2.5, 2.4999999, 6.6, 7, 100, -0.0};
  kernels.convert(v.data(), v.size(), {.low = 0, .perUnit = 1, .steps = 7, .step = 1});
  CHECK(v == std::vector<double>{0, 0, 0, 2, 2, 2, 7, 7, 7, 0});
  const std::vector<double> given{-3, -1, -0.5, 0.25, 0.5, 0.75, 1, 9};
  std::vector<double> x(given.size());
  std::vector<int16_t> levels(given.size());
  kernels.drive(given.data(), given.size(), 1, -1, 3, x.data(), levels.data());
  CHECK(levels == std::vector<int16_t>{-3, -3, -2, 1, 2, 2, 3, 3});
  kernels.drive(given.data(), given.size(), 2, 0, 0, x.data(), nullptr);
  CHECK(x == std::vector<double>{0, 0, 0, 0.125, 0.25, 0.375, 0.5, 1});
}
