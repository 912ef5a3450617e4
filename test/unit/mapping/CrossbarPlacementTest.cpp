// Weights on macros with stuck and deviating cells: assignments against every permutation and by their prices, levels against every
// pair of levels, placements against their own arithmetic done anew.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/CrossbarPlacement.h"
#include "../../../compiler/lib/Mapping/Crossbar/Assignment.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <numeric>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

namespace {
using Stuck = CrossbarCell::Stuck;

/// `rate` of cells stuck, low and high alike; deviations of up to `deviation` levels.
CrossbarMacro randomMacro(Dice &dice, uint32_t rows, uint32_t columns, uint32_t top, double rate, double deviation = 0) {
  CrossbarMacro macro{.rows = rows, .columns = columns, .top = top};
  macro.cells.resize(size_t(rows) * columns * 2);
  for (CrossbarCell &cell : macro.cells) {
    if (dice(0, 999'999) < rate * 1e6)
      cell.stuck = dice(0, 1) ? Stuck::High : Stuck::Low;
    else if (deviation > 0)
      cell.deviation = static_cast<float>(deviation * (static_cast<double>(dice(0, 2000)) / 1000 - 1));
  }
  return macro;
}

CrossbarWeights randomWeights(Dice &dice, uint32_t axons, uint32_t columns, int32_t top) {
  CrossbarWeights weights{.axons = axons, .columns = columns};
  for (size_t k = 0; k < size_t(axons) * columns; ++k)
    weights.levels.push_back(static_cast<int32_t>(dice(0, 2 * static_cast<uint32_t>(top))) - top);
  for (uint32_t a = 0; a < axons; ++a)
    weights.activity.push_back(static_cast<double>(dice(1, 100)) / 100);
  return weights;
}

double rms(const CrossbarMacro &macro, const CrossbarWeights &weights, const CrossbarPlacement &placement) {
  const auto realised = realisedWeights(macro, placement, weights.axons);
  double sum = 0;
  for (size_t k = 0; k < realised.size(); ++k) {
    const double error = realised[k] - weights.levels[k];
    sum += weights.activity[k / weights.columns] * error * error;
  }
  return std::sqrt(sum / weights.columns);
}

/// Each axon has a row, each column one of its own, levels are in range.
void checkLegal(const CrossbarMacro &macro, const CrossbarWeights &weights, const CrossbarPlacement &placement) {
  std::vector<uint32_t> rows(weights.axons, 0);
  uint32_t used = 0;
  REQUIRE(placement.axonOfRow.size() == macro.rows);
  for (const uint32_t axon : placement.axonOfRow)
    if (axon != CrossbarPlacement::none) {
      REQUIRE(axon < weights.axons);
      ++rows[axon];
      ++used;
    }
  CHECK(std::all_of(rows.begin(), rows.end(), [](uint32_t n) { return n >= 1; }));
  CHECK(used == weights.axons + placement.repairRows);
  REQUIRE(placement.columnOf.size() == weights.columns);
  CHECK(std::set<uint32_t>(placement.columnOf.begin(), placement.columnOf.end()).size() == weights.columns);
  CHECK(*std::max_element(placement.columnOf.begin(), placement.columnOf.end()) < macro.columns);
  CHECK(*std::max_element(placement.levels.begin(), placement.levels.end()) <= macro.top);
}
} // namespace

TEST_CASE("assignments cost no more than any permutation, and their prices prove it") {
  Dice dice(11);
  for (uint64_t round = 0; round < cases(300, 3000); ++round) {
    const uint32_t rows = dice(1, 5), columns = rows + dice(0, 2);
    std::vector<double> cost;
    for (uint32_t k = 0; k < rows * columns; ++k)
      cost.push_back(static_cast<double>(dice(0, round % 2 ? 4 : 1000)) - (round % 3 ? 0 : 500)); // With many ties, and without.
    std::vector<double> rowPrice, columnPrice;
    const auto chosen = detail::assign(cost, rows, columns, &rowPrice, &columnPrice);
    REQUIRE(chosen.size() == rows);
    CHECK(std::set<uint32_t>(chosen.begin(), chosen.end()).size() == rows);
    double sum = 0;
    for (uint32_t r = 0; r < rows; ++r)
      sum += cost[r * columns + chosen[r]];
    std::vector<uint32_t> order(columns);
    std::iota(order.begin(), order.end(), 0u);
    double least = sum;
    do {
      double other = 0;
      for (uint32_t r = 0; r < rows; ++r)
        other += cost[r * columns + order[r]];
      least = std::min(least, other);
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(sum == least);
  }
  const uint32_t rows = 60, columns = 80;
  std::vector<double> cost, rowPrice, columnPrice;
  for (uint32_t k = 0; k < rows * columns; ++k)
    cost.push_back(dice(0, 1'000'000) * 1e-3);
  const auto chosen = detail::assign(cost, rows, columns, &rowPrice, &columnPrice);
  std::vector<char> taken(columns, 0);
  for (uint32_t r = 0; r < rows; ++r) {
    taken[chosen[r]] = 1;
    CHECK(cost[r * columns + chosen[r]] == doctest::Approx(rowPrice[r] + columnPrice[chosen[r]]).epsilon(1e-9));
    for (uint32_t c = 0; c < columns; ++c)
      CHECK(rowPrice[r] + columnPrice[c] <= cost[r * columns + c] + 1e-7);
  }
  for (uint32_t c = 0; c < columns; ++c)
    CHECK((columnPrice[c] <= 0 && (taken[c] || columnPrice[c] == 0)));
}

TEST_CASE("equal costs keep the order") {
  const std::vector<double> cost(6 * 9, 1.5);
  CHECK(detail::assign(cost, 6, 9) == std::vector<uint32_t>{0, 1, 2, 3, 4, 5});
  CHECK(detail::assign({}, 0, 0).empty());
}

TEST_CASE("good cells make every weight, and nothing moves") {
  Dice dice(3);
  const CrossbarMacro macro = randomMacro(dice, 20, 12, 127, 0);
  const CrossbarWeights weights = randomWeights(dice, 17, 12, 127);
  const CrossbarPlacement placement = placeOnCrossbar(macro, weights);
  checkLegal(macro, weights, placement);
  CHECK(placement.errors.plain == 0);
  CHECK(placement.errors.repaired == 0);
  CHECK(placement.repairRows == 0);
  for (uint32_t row = 0; row < 20; ++row)
    CHECK(placement.axonOfRow[row] == (row < 17 ? row : CrossbarPlacement::none));
  CHECK(std::count(placement.flipped.begin(), placement.flipped.end(), 1) == 0);
  const auto realised = realisedWeights(macro, placement, 17);
  for (size_t k = 0; k < realised.size(); ++k)
    CHECK(realised[k] == weights.levels[k]);
}

TEST_CASE("a pair comes as close to a weight as any levels of its cells") {
  Dice dice(5);
  const uint32_t top = 7;
  for (uint64_t round = 0; round < cases(400, 4000); ++round) {
    CrossbarMacro macro{.rows = 1, .columns = 1, .top = top};
    for (int k = 0; k < 2; ++k)
      macro.cells.push_back(
          {.deviation = dice(0, 1) ? 0 : static_cast<float>(dice(0, 40)) / 10 - 2, .stuck = static_cast<Stuck>(dice(0, 2))});
    const int32_t weight = static_cast<int32_t>(dice(0, 2 * top)) - static_cast<int32_t>(top);
    const CrossbarWeights weights{.axons = 1, .columns = 1, .levels = {weight}};
    const auto placement = placeOnCrossbar(macro, weights, {.moveColumns = false, .repair = false});
    const auto value = [&](int which, uint32_t level) {
      const CrossbarCell &cell = macro.cells[which];
      return cell.stuck == Stuck::Low ? 0 : cell.stuck == Stuck::High ? double(top) : level + double(cell.deviation);
    };
    double least = 1e9;
    for (uint32_t a = 0; a <= top; ++a)
      for (uint32_t b = 0; b <= top; ++b)
        least = std::min(least, std::abs(value(0, a) - value(1, b) - weight));
    CHECK(std::abs(realisedWeights(macro, placement, 1)[0] - weight) == doctest::Approx(least).epsilon(1e-6));
    CHECK(placement.errors.partners == doctest::Approx(least).epsilon(1e-6));
  }
}

TEST_CASE("each step of a placement loses nothing, and the errors it tells are those of its cells") {
  Dice dice(7);
  for (uint64_t round = 0; round < cases(40, 400); ++round) {
    const uint32_t rows = dice(4, 40), columns = dice(2, 24), top = round % 2 ? 127 : 3;
    const CrossbarMacro macro = randomMacro(dice, rows, columns, top, round % 4 ? 0.1 : 0.4, round % 5 ? 0 : 1.5);
    const CrossbarWeights weights = randomWeights(dice, dice(1, rows), dice(1, columns), static_cast<int32_t>(top));
    const CrossbarPlacement placement = placeOnCrossbar(macro, weights);
    checkLegal(macro, weights, placement);
    CHECK(placement.errors.partners <= placement.errors.plain * (1 + 1e-9));
    CHECK(placement.errors.moved <= placement.errors.partners * (1 + 1e-9));
    CHECK(placement.errors.repaired <= placement.errors.moved * (1 + 1e-9));
    CHECK(placement.errors.repaired == doctest::Approx(rms(macro, weights, placement)).epsilon(1e-6));
    const CrossbarPlacementOptions nothing{.moveRows = false, .moveColumns = false, .partners = false, .repair = false};
    CHECK(placement.errors.plain == doctest::Approx(rms(macro, weights, placeOnCrossbar(macro, weights, nothing))).epsilon(1e-6));
    const CrossbarPlacement again = placeOnCrossbar(macro, weights);
    CHECK(again.axonOfRow == placement.axonOfRow);
    CHECK(again.columnOf == placement.columnOf);
    CHECK(again.levels == placement.levels);
  }
}

TEST_CASE("moving rows finds the best order, as every order shows") {
  Dice dice(9);
  for (uint64_t round = 0; round < cases(60, 600); ++round) {
    const CrossbarMacro macro = randomMacro(dice, 5, 3, 15, 0.3);
    const CrossbarWeights weights = randomWeights(dice, 4, 3, 15);
    const CrossbarPlacementOptions rowsOnly{.moveColumns = false, .repair = false};
    const double found = placeOnCrossbar(macro, weights, rowsOnly).errors.moved;
    // Orders of rows, as macros whose rows are exchanged and weights that stay.
    std::vector<uint32_t> order{0, 1, 2, 3, 4};
    double least = 1e9;
    do {
      CrossbarMacro other = macro;
      for (uint32_t r = 0; r < 5; ++r)
        std::copy_n(macro.pair(order[r], 0), 6, &other.cells[size_t(r) * 6]);
      least =
          std::min(least, placeOnCrossbar(other, weights, {.moveRows = false, .moveColumns = false, .repair = false}).errors.moved);
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(found == doctest::Approx(least).epsilon(1e-9));
  }
}

TEST_CASE("a column of the wrong sign is turned round, and rows left over repair what nothing else can") {
  // The only pair of column 0 has a positive cell that is stuck low: it makes no positive weight, but a negative one.
  CrossbarMacro macro{.rows = 1, .columns = 1, .top = 10, .cells = {{.stuck = Stuck::Low}, {}}};
  CrossbarWeights weights{.axons = 1, .columns = 1, .levels = {8}, .activity = {0.5}};
  CrossbarPlacement placement = placeOnCrossbar(macro, weights);
  CHECK(placement.flipped == std::vector<uint8_t>{1});
  CHECK(placement.levels == std::vector<uint16_t>{0, 8});
  CHECK(placement.errors.partners == doctest::Approx(8 * std::sqrt(0.5)));
  CHECK(placement.errors.moved == 0);
  // Both cells are stuck at +10 where 8 is wanted; a spare row takes 2 away.
  macro = {
      .rows = 2, .columns = 1, .top = 10, .cells = {{.stuck = Stuck::High}, {.stuck = Stuck::Low}, {}, {.stuck = Stuck::High}}};
  weights.levels = {8};
  placement = placeOnCrossbar(macro, weights, {.moveRows = false, .moveColumns = false});
  CHECK(placement.repairRows == 1);
  CHECK(placement.axonOfRow == std::vector<uint32_t>{0, 0});
  CHECK(placement.levels == std::vector<uint16_t>{10, 0, 8, 10});
  CHECK(placement.errors.moved == doctest::Approx(2 * std::sqrt(0.5)));
  CHECK(placement.errors.repaired == 0);
}

TEST_CASE("one cell in ten stuck: placement takes back most of what it costs") {
  Dice dice(21);
  const CrossbarMacro macro = randomMacro(dice, 288, 96, 127, 0.1);
  CrossbarWeights weights = randomWeights(dice, 128, 96, 127);
  // Weights as of trained networks: most are small.
  for (int32_t &w : weights.levels)
    w = w * std::abs(w) / 127;
  const CrossbarPlacement placement = placeOnCrossbar(macro, weights);
  CHECK(placement.errors.partners < 0.7 * placement.errors.plain);
  CHECK(placement.errors.moved < 0.4 * placement.errors.partners);
  CHECK(placement.errors.repaired < 0.7 * placement.errors.moved);
}

TEST_CASE("wires: busy heavy rows go to the sense end, heavy columns to the drivers") {
  CrossbarMacro macro{.rows = 6, .columns = 4, .top = 10};
  macro.cells.resize(48);
  const CrossbarWeights weights{
      .axons = 4, .columns = 3, .levels = {1, 1, 1, 10, 9, 10, 2, 2, 2, 10, 10, 10}, .activity = {0.1, 0.1, 0.1, 0.9}};
  std::vector<double> conductance(24, 0.5);
  setWireLosses(macro, conductance, std::vector<double>(6, 0.5), 2, 1, 1000);
  // By hand: row 5 sees the one segment that all six rows' currents pass, row 4 a second one with those of five rows.
  CHECK(macro.rowLoss[5] == doctest::Approx(6 * 0.25 / 1000));
  CHECK(macro.rowLoss[4] == doctest::Approx((6 + 5) * 0.25 / 1000));
  CHECK(macro.columnLoss[0] == doctest::Approx(4 * 0.5 * 2 / 1000));
  CHECK(macro.columnLoss[1] == doctest::Approx((4 + 3) * 0.5 * 2 / 1000));
  const CrossbarPlacement placement = placeOnCrossbar(macro, weights);
  CHECK(placement.axonOfRow[5] == 3);
  CHECK(placement.axonOfRow[4] == 1);
  CHECK(placement.axonOfRow[0] == CrossbarPlacement::none);
  CHECK(placement.columnOf[1] == 2); // The lightest one is farthest from the drivers.
  checkLegal(macro, weights, placement);
}
