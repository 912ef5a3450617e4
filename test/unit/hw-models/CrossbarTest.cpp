// Levels of cells and the weights they make, and which cells are stuck.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Chip.h"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::hw;

TEST_CASE("cells of every form make the weight that they were given") {
  using Form = Crossbar::Form;
  for (const auto &[form, bits, slices] :
       {std::tuple(Form::Pair, 7u, 1u), std::tuple(Form::Pair, 1u, 1u), std::tuple(Form::Pair, 8u, 1u),
        std::tuple(Form::TwoSidedPair, 7u, 1u), std::tuple(Form::TwoSidedPair, 2u, 1u), std::tuple(Form::Offset, 8u, 1u),
        std::tuple(Form::Offset, 2u, 1u), std::tuple(Form::SlicedPair, 8u, 2u), std::tuple(Form::SlicedPair, 16u, 4u),
        std::tuple(Form::SlicedOffset, 8u, 8u), std::tuple(Form::SlicedOffset, 6u, 3u)}) {
    Crossbar crossbar{.form = form, .cellBits = bits, .weightBits = bits, .slices = slices};
    CAPTURE(static_cast<int>(form));
    CAPTURE(bits);
    std::vector<uint8_t> cells(crossbar.cellsPerWeight());
    for (int32_t weight = -crossbar.largestWeight(); weight <= crossbar.largestWeight(); ++weight) {
      crossbar.levelsOf(weight, cells);
      REQUIRE(*std::max_element(cells.begin(), cells.end()) <= crossbar.largestLevel());
      REQUIRE(crossbar.weightOf(cells) == weight);
    }
  }
}

TEST_CASE("stuck cells are those listed and others of each macro, as many as the rates say") {
  const Crossbar crossbar{.inputs = 200, .outputs = 300};
  CellFaults faults = cellFaultsOfRate(0.1, 3);
  CHECK(faults.lowRate + faults.highRate == doctest::Approx(0.1));
  CHECK(faults.highRate / faults.lowRate == doctest::Approx(9.04 / 1.75));
  faults.cells = {{.chip = 0, .core = 2, .row = 5, .column = 7, .high = false},
                  {.chip = 0, .core = 2, .row = 5, .column = 7, .negative = true, .high = true}};
  const auto one = stuckCells(crossbar, faults, 0, 2, 8), again = stuckCells(crossbar, faults, 0, 2, 8),
             other = stuckCells(crossbar, faults, 1, 2, 8);
  CHECK(one == again);
  CHECK(std::is_sorted(one.begin(), one.end(), [](const StuckCell &a, const StuckCell &b) {
    return std::tie(a.row, a.column, a.slice, a.negative) < std::tie(b.row, b.column, b.slice, b.negative);
  }));
  for (const StuckCell &cell : faults.cells)
    CHECK(std::find(one.begin(), one.end(), cell) != one.end());
  const double cells = 200.0 * 150 * 2;
  for (const auto *list : {&one, &other}) {
    const auto high = static_cast<double>(std::count_if(list->begin(), list->end(), [](const StuckCell &c) { return c.high; }));
    const auto low = static_cast<double>(list->size()) - high;
    for (const auto &[found, rate] : {std::pair(low, faults.lowRate), std::pair(high, faults.highRate)})
      CHECK(std::abs(found - cells * rate) < 5 * std::sqrt(cells * rate) + 2);
  }
  size_t shared = 0;
  for (const StuckCell &cell : one)
    shared += std::any_of(other.begin(), other.end(), [&](const StuckCell &c) {
      return c.row == cell.row && c.column == cell.column && c.negative == cell.negative;
    });
  CHECK(static_cast<double>(shared) < 0.15 * static_cast<double>(one.size())); // a tenth by chance
  faults.lowRate = faults.highRate = 0;
  CHECK(stuckCells(crossbar, faults, 0, 2, 8) == faults.cells);
  CHECK(stuckCells(crossbar, faults, 0, 3, 8).empty());
}
