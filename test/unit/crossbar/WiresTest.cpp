//===- WiresTest.cpp - Nodal analysis against closed forms ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Wires.h"
#include "Elimination.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emu;

static std::vector<double> randomCells(uint64_t count, uint32_t stream) {
  std::vector<double> out(count);
  for (uint32_t k = 0; k < count; ++k)
    out[k] = 0.01 + 0.99 * uniformFromWord(randomWord(9, k, stream, 0));
  return out;
}
static double worst(const std::vector<double> &a, const std::vector<double> &b) {
  REQUIRE(a.size() == b.size());
  double out = 0, largest = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    out = std::max(out, std::abs(a[k] - b[k]));
    largest = std::max(largest, std::abs(a[k]));
  }
  return out / largest;
}

TEST_CASE("Ohm: one cell and its two wires in series") {
  const auto m = effectiveConductances({0.5}, {}, 1, 1, 0.25, 0.125);
  CHECK(m[0] == doctest::Approx(1 / (2 + 0.25 + 0.125)).epsilon(1e-14));
}

TEST_CASE("Kirchhoff: a divider of two cells on one output line") {
  // Input 0 through 1/g0 into a node, ro to the next node, where input 1 comes in, ro to ground.
  const double g0 = 0.4, g1 = 0.7, ri = 0.01, ro = 0.2;
  const double a = 1 / g0 + ri, b = 1 / g1 + ri;
  // Input 0 alone: ground and input 1 (at 0) in parallel behind ro.
  const double parallel = 1 / (1 / b + 1 / ro), i0 = 1 / (a + ro + parallel) * parallel / ro;
  const double parallel1 = 1 / (1 / (a + ro) + 1 / ro), i1 = 1 / (b + parallel1) * parallel1 / ro;
  const auto m = effectiveConductances({g0, g1}, {}, 2, 1, ri, ro);
  CHECK(m[0] == doctest::Approx(i0).epsilon(1e-13));
  CHECK(m[1] == doctest::Approx(i1).epsilon(1e-13));
}

TEST_CASE("without wires on one side, and towards that limit") {
  constexpr uint64_t inputs = 11, columns = 7;
  const auto cells = randomCells(inputs * columns, 1), others = randomCells(inputs * columns, 2);
  CHECK(worst(effectiveConductances(cells, {}, inputs, columns, 0, 0), cells) < 1e-15);
  for (const auto &minus : {std::vector<double>(), others}) {
    CHECK(worst(effectiveConductances(cells, minus, inputs, columns, 0.003, 0),
                effectiveConductances(cells, minus, inputs, columns, 0.003, 1e-9)) < 1e-6);
    CHECK(worst(effectiveConductances(cells, minus, inputs, columns, 0, 0.003),
                effectiveConductances(cells, minus, inputs, columns, 1e-9, 0.003)) < 1e-6);
  }
}

TEST_CASE("an array turned over is the same network") {
  // By reciprocity: inputs become outputs, both counted from the other end, wires change places.
  constexpr uint64_t inputs = 19, columns = 26;
  const auto cells = randomCells(inputs * columns, 3);
  std::vector<double> turned(cells.size());
  for (uint64_t j = 0; j < inputs; ++j)
    for (uint64_t i = 0; i < columns; ++i)
      turned[(columns - 1 - i) * inputs + (inputs - 1 - j)] = cells[j * columns + i];
  const auto m = effectiveConductances(cells, {}, inputs, columns, 0.002, 0.005),
             t = effectiveConductances(turned, {}, columns, inputs, 0.005, 0.002);
  std::vector<double> back(m.size());
  for (uint64_t j = 0; j < inputs; ++j)
    for (uint64_t i = 0; i < columns; ++i)
      back[j * columns + i] = t[(columns - 1 - i) * inputs + (inputs - 1 - j)];
  CHECK(worst(m, back) < 1e-13);
}

TEST_CASE("equal pairs on shared output lines cancel, opposite ones differ in sign") {
  constexpr uint64_t inputs = 8, columns = 9;
  const auto cells = randomCells(inputs * columns, 4), others = randomCells(inputs * columns, 5);
  for (const double value : effectiveConductances(cells, cells, inputs, columns, 0.002, 0.005))
    CHECK(std::abs(value) < 1e-14);
  auto a = effectiveConductances(cells, others, inputs, columns, 0.002, 0.005);
  const auto b = effectiveConductances(others, cells, inputs, columns, 0.002, 0.005);
  for (double &value : a)
    value = -value;
  CHECK(worst(a, b) < 1e-13);
}

TEST_CASE("elimination in panels is the plain Schur complement") {
  for (const auto &[size, count] : {std::pair(5u, 2u), {70u, 40u}, {131u, 65u}, {40u, 40u}}) {
    std::vector<double> m(size * size);
    for (uint32_t a = 0; a < size; ++a)
      for (uint32_t b = 0; b < a; ++b) {
        const double g = uniformFromWord(randomWord(3, a, b + 1, 0));
        m[a * size + b] -= g;
        m[b * size + a] -= g;
        m[a * size + a] += g;
        m[b * size + b] += g;
      }
    for (uint32_t a = 0; a < size; ++a)
      m[a * size + a] += 0.1;
    std::vector<double> plain = m;
    for (uint32_t k = 0; k < count; ++k)
      for (uint32_t a = k + 1; a < size; ++a)
        for (uint32_t b = k + 1; b < size; ++b)
          plain[a * size + b] -= plain[a * size + k] * plain[k * size + b] / plain[k * size + k];
    std::vector<double> again = m;
    const auto out = eliminate(m, size, count);
    CHECK(out == eliminate(again, size, count, CrossbarWidth::Plain));
    REQUIRE(out.size() == (size - count) * (size - count));
    for (uint32_t a = count; a < size; ++a)
      for (uint32_t b = count; b < size; ++b)
        CHECK(out[(a - count) * (size - count) + b - count] == doctest::Approx(plain[a * size + b]).epsilon(1e-11));
  }
}
