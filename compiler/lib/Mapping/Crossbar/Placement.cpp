//===- Placement.cpp - Weights onto cells that are not alike --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows and columns are moved in turn, each turn a linear assignment that is solved exactly, so that the error never grows.
//===----------------------------------------------------------------------===//
#include "Assignment.h"
#include "ranvier/Mapping/CrossbarPlacement.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {
constexpr uint32_t none = CrossbarPlacement::none;
/// Turns of rows and columns, at most. After the third one gains less than a hundredth on random matrices and faults.
constexpr int mostTurns = 4;
/// A repair must be worth a quarter of a level squared a spike: a half-level error of one weight, which rounding leaves anyway.
constexpr double leastRepair = 0.25;

/// What the two cells of a pair are told, and the weight they make.
struct Pair {
  uint32_t positive = 0, negative = 0;
  double weight = 0;
};

double conductance(const CrossbarCell &cell, uint32_t level, uint32_t top) {
  switch (cell.stuck) {
  case CrossbarCell::Stuck::Low:
    return 0;
  case CrossbarCell::Stuck::High:
    return top;
  case CrossbarCell::Stuck::No:
    break;
  }
  return level + double(cell.deviation);
}

/// A stuck cell is told what it is stuck at.
uint32_t atLevel(const CrossbarCell &cell, uint32_t level, uint32_t top) {
  return cell.stuck == CrossbarCell::Stuck::No ? level : cell.stuck == CrossbarCell::Stuck::High ? top : 0;
}

Pair told(const CrossbarCell *cells, uint32_t positive, uint32_t negative, uint32_t top) {
  positive = atLevel(cells[0], positive, top);
  negative = atLevel(cells[1], negative, top);
  return {positive, negative, conductance(cells[0], positive, top) - conductance(cells[1], negative, top)};
}

bool isGood(const CrossbarCell *cells) { return cells[0] == CrossbarCell{} && cells[1] == CrossbarCell{}; }
uint32_t level(double x, uint32_t top) { return static_cast<uint32_t>(std::clamp(std::rint(x), 0.0, double(top))); }

/// The levels that come closest to a weight; of several the least conducting ones.
Pair closest(const CrossbarCell *cells, double weight, uint32_t top) {
  const bool positiveStuck = cells[0].stuck != CrossbarCell::Stuck::No, negativeStuck = cells[1].stuck != CrossbarCell::Stuck::No;
  if (positiveStuck && negativeStuck)
    return told(cells, 0, 0, top);
  if (positiveStuck)
    return told(cells, 0, level(conductance(cells[0], 0, top) - weight - double(cells[1].deviation), top), top);
  if (negativeStuck)
    return told(cells, level(weight + conductance(cells[1], 0, top) - double(cells[0].deviation), top), 0, top);
  const double difference = weight - (double(cells[0].deviation) - double(cells[1].deviation));
  return told(cells, level(difference, top), level(-difference, top), top);
}
/// Levels as if both cells were good.
Pair plain(const CrossbarCell *cells, double weight, uint32_t top) {
  return told(cells, level(weight, top), level(-weight, top), top);
}

class Placer {
public:
  Placer(const CrossbarMacro &macro, const CrossbarWeights &weights, const CrossbarPlacementOptions &options)
      : macro(macro), weights(weights), options(options), activity(weights.activity), rowOf(weights.axons),
        columnOf(weights.columns), flipped(weights.columns, 0) {
    std::iota(rowOf.begin(), rowOf.end(), 0u);
    std::iota(columnOf.begin(), columnOf.end(), 0u);
    setActivity();
    findBad();
  }

  CrossbarPlacement run() {
    CrossbarPlacement result;
    const double scale = weights.columns > 0 ? weights.columns : 1;
    const bool wanted = options.partners;
    partners = false;
    result.errors.plain = std::sqrt(cellError() / scale);
    partners = wanted;
    result.errors.partners = std::sqrt(cellError() / scale);
    move();
    result.errors.moved = std::sqrt(cellError() / scale);
    fill(result);
    if (options.repair)
      repair(result);
    result.errors.repaired = result.repairRows > 0 ? std::sqrt(remaining / scale) : result.errors.moved;
    result.columnOf = std::move(columnOf);
    result.flipped = std::move(flipped);
    return result;
  }

private:
  /// Axons that never spiked in what activity was taken from count a thousandth of the busiest one: they may spike yet.
  void setActivity() {
    const double most = activity.empty() ? 0 : *std::max_element(activity.begin(), activity.end());
    if (most <= 0)
      activity.assign(weights.axons, 1);
    for (double &a : activity)
      a = std::max(a, most * 1e-3);
  }
  void findBad() {
    bad.resize(macro.rows);
    for (uint32_t row = 0; row < macro.rows; ++row)
      for (uint32_t column = 0; column < macro.columns; ++column)
        if (!isGood(macro.pair(row, column)))
          bad[row].push_back(column);
  }

  Pair make(uint32_t row, uint32_t column, double weight) const {
    const CrossbarCell *cells = macro.pair(row, column);
    return partners ? closest(cells, weight, macro.top) : plain(cells, weight, macro.top);
  }
  double wanted(uint32_t axon, uint32_t column) const { return weights.levels[size_t(axon) * weights.columns + column]; }
  double wanted(uint32_t axon, uint32_t column, bool flip) const { return flip ? -wanted(axon, column) : wanted(axon, column); }
  double squared(uint32_t row, uint32_t column, double weight) const {
    const double error = make(row, column, weight).weight - weight;
    return error * error;
  }
  bool hasWires() const { return !macro.rowLoss.empty(); }
  double loss(uint32_t row, uint32_t column) const { return macro.rowLoss[row] + macro.columnLoss[column]; }

  /// Columns of the weights by column of the macro; none where there is no such.
  std::vector<uint32_t> logicalColumns() const {
    std::vector<uint32_t> logical(macro.columns, none);
    for (uint32_t c = 0; c < columnOf.size(); ++c)
      logical[columnOf[c]] = c;
    return logical;
  }

  double cellError() const {
    const auto logical = logicalColumns();
    double sum = 0;
    for (uint32_t axon = 0; axon < weights.axons; ++axon)
      for (const uint32_t column : bad[rowOf[axon]])
        if (logical[column] != none)
          sum += activity[axon] * squared(rowOf[axon], column, wanted(axon, logical[column], flipped[logical[column]]));
    return sum;
  }
  double wireError() const {
    double sum = 0;
    for (uint32_t axon = 0; hasWires() && axon < weights.axons; ++axon)
      for (uint32_t c = 0; c < weights.columns; ++c) {
        const double lost = wanted(axon, c) * loss(rowOf[axon], columnOf[c]);
        sum += activity[axon] * lost * lost;
      }
    return sum;
  }

  void move() {
    double error = cellError() + wireError();
    for (int turn = 0; turn < mostTurns && error > 0; ++turn) {
      const auto formerRows = rowOf, formerColumns = columnOf;
      const auto formerSigns = flipped;
      if (options.moveRows)
        moveRows();
      if (options.moveColumns)
        moveColumns();
      const double now = cellError() + wireError();
      if (!(now < error)) { // Nothing gained but another order.
        rowOf = formerRows;
        columnOf = formerColumns;
        flipped = formerSigns;
        return;
      }
      error = now;
    }
  }

  void moveRows() {
    const auto logical = logicalColumns();
    std::vector<double> cost(size_t(weights.axons) * macro.rows, 0);
    for (uint32_t axon = 0; axon < weights.axons; ++axon)
      for (uint32_t row = 0; row < macro.rows; ++row) {
        double sum = 0;
        for (const uint32_t column : bad[row])
          if (const uint32_t c = logical[column]; c != none)
            sum += squared(row, column, wanted(axon, c, flipped[c]));
        cost[size_t(axon) * macro.rows + row] = activity[axon] * sum;
      }
    if (hasWires())
      addWires(cost, true);
    rowOf = detail::assign(cost, weights.axons, macro.rows);
  }

  void moveColumns() {
    std::vector<double> cost(size_t(weights.columns) * macro.columns), other = cost;
    for (uint32_t axon = 0; axon < weights.axons; ++axon)
      for (const uint32_t column : bad[rowOf[axon]])
        for (uint32_t c = 0; c < weights.columns; ++c) {
          const size_t at = size_t(c) * macro.columns + column;
          cost[at] += activity[axon] * squared(rowOf[axon], column, wanted(axon, c));
          other[at] += activity[axon] * squared(rowOf[axon], column, -wanted(axon, c));
        }
    std::vector<uint8_t> flip(cost.size(), 0);
    for (size_t at = 0; at < cost.size(); ++at)
      if (other[at] < cost[at]) {
        cost[at] = other[at];
        flip[at] = 1;
      }
    if (hasWires())
      addWires(cost, false);
    columnOf = detail::assign(cost, weights.columns, macro.columns);
    for (uint32_t c = 0; c < weights.columns; ++c)
      flipped[c] = flip[size_t(c) * macro.columns + columnOf[c]];
  }

  /// Adds what wires take to the cost of rows, or of columns, where they might go. sum w^2 (r + l)^2 is taken apart in powers of
  /// the loss of the line that moves.
  void addWires(std::vector<double> &cost, bool rows) const {
    const uint32_t moving = rows ? weights.axons : weights.columns, places = rows ? macro.rows : macro.columns;
    const std::vector<double> &losses = rows ? macro.rowLoss : macro.columnLoss;
    std::vector<double> none(moving, 0), once(moving, 0), twice(moving, 0);
    for (uint32_t axon = 0; axon < weights.axons; ++axon)
      for (uint32_t c = 0; c < weights.columns; ++c) {
        const double square = activity[axon] * wanted(axon, c) * wanted(axon, c);
        const double still = rows ? macro.columnLoss[columnOf[c]] : macro.rowLoss[rowOf[axon]];
        const uint32_t line = rows ? axon : c;
        twice[line] += square;
        once[line] += 2 * square * still;
        none[line] += square * still * still;
      }
    for (uint32_t line = 0; line < moving; ++line)
      for (uint32_t place = 0; place < places; ++place)
        cost[size_t(line) * places + place] += none[line] + losses[place] * (once[line] + losses[place] * twice[line]);
  }

  void tell(CrossbarPlacement &result, uint32_t row, uint32_t column, const Pair &pair) const {
    uint16_t *levels = &result.levels[(size_t(row) * macro.columns + column) * 2];
    levels[0] = static_cast<uint16_t>(pair.positive);
    levels[1] = static_cast<uint16_t>(pair.negative);
  }
  void fill(CrossbarPlacement &result) const {
    result.axonOfRow.assign(macro.rows, none);
    result.levels.assign(size_t(macro.rows) * macro.columns * 2, 0);
    for (uint32_t axon = 0; axon < weights.axons; ++axon) {
      result.axonOfRow[rowOf[axon]] = axon;
      for (uint32_t c = 0; c < weights.columns; ++c)
        tell(result, rowOf[axon], columnOf[c], make(rowOf[axon], columnOf[c], wanted(axon, c, flipped[c])));
    }
  }

  /// Rows left over go where they gain most, until none gains.
  void repair(CrossbarPlacement &result) {
    std::vector<double> missing(size_t(weights.axons) * weights.columns); // In the sign of the column.
    for (uint32_t axon = 0; axon < weights.axons; ++axon)
      for (uint32_t c = 0; c < weights.columns; ++c) {
        const double weight = wanted(axon, c, flipped[c]);
        missing[size_t(axon) * weights.columns + c] = weight - make(rowOf[axon], columnOf[c], weight).weight;
      }
    for (bool more = true; more;)
      more = repairOnce(result, missing);
    remaining = 0;
    for (uint32_t axon = 0; axon < weights.axons; ++axon)
      for (uint32_t c = 0; c < weights.columns; ++c)
        remaining += activity[axon] * missing[size_t(axon) * weights.columns + c] * missing[size_t(axon) * weights.columns + c];
  }

  bool repairOnce(CrossbarPlacement &result, std::vector<double> &missing) const {
    std::vector<uint32_t> spare, wounded;
    for (uint32_t row = 0; row < macro.rows; ++row)
      if (result.axonOfRow[row] == none)
        spare.push_back(row);
    for (uint32_t axon = 0; axon < weights.axons; ++axon) {
      double sum = 0;
      for (uint32_t c = 0; c < weights.columns; ++c)
        sum += missing[size_t(axon) * weights.columns + c] * missing[size_t(axon) * weights.columns + c];
      if (sum > leastRepair)
        wounded.push_back(axon);
    }
    if (spare.empty() || wounded.empty())
      return false;
    const bool rowsChoose = spare.size() < wounded.size();
    const auto few = static_cast<uint32_t>(std::min(spare.size(), wounded.size()));
    const auto many = static_cast<uint32_t>(std::max(spare.size(), wounded.size()));
    std::vector<double> cost(size_t(few) * many, 0);
    for (uint32_t s = 0; s < spare.size(); ++s)
      for (uint32_t w = 0; w < wounded.size(); ++w) {
        const double gained = gain(spare[s], wounded[w], missing);
        cost[rowsChoose ? size_t(s) * many + w : size_t(w) * many + s] = gained > leastRepair ? -activity[wounded[w]] * gained : 0;
      }
    const auto chosen = detail::assign(cost, few, many);
    bool any = false;
    for (uint32_t k = 0; k < few; ++k)
      if (cost[size_t(k) * many + chosen[k]] < 0) {
        add(result, rowsChoose ? spare[k] : spare[chosen[k]], rowsChoose ? wounded[chosen[k]] : wounded[k], missing);
        any = true;
      }
    return any;
  }
  /// How much less is squared away if `row` carries what `axon` misses. [levels squared a spike]
  double gain(uint32_t row, uint32_t axon, const std::vector<double> &missing) const {
    double sum = 0;
    for (uint32_t c = 0; c < weights.columns; ++c) {
      const double lacks = missing[size_t(axon) * weights.columns + c];
      const double left = lacks - make(row, columnOf[c], lacks).weight;
      sum += lacks * lacks - left * left;
    }
    return sum;
  }
  void add(CrossbarPlacement &result, uint32_t row, uint32_t axon, std::vector<double> &missing) const {
    for (uint32_t c = 0; c < weights.columns; ++c) {
      double &lacks = missing[size_t(axon) * weights.columns + c];
      const Pair pair = make(row, columnOf[c], lacks);
      tell(result, row, columnOf[c], pair);
      lacks -= pair.weight;
    }
    result.axonOfRow[row] = axon;
    ++result.repairRows;
  }

  const CrossbarMacro &macro;
  const CrossbarWeights &weights;
  const CrossbarPlacementOptions &options;
  std::vector<double> activity;           ///< [axons]
  std::vector<uint32_t> rowOf, columnOf;  ///< [axons], [columns of the weights]
  std::vector<uint8_t> flipped;           ///< [columns of the weights]
  std::vector<std::vector<uint32_t>> bad; ///< [rows of the macro] Columns whose pair is not good.
  bool partners = false;
  double remaining = 0;
};
} // namespace

CrossbarPlacement mapping::placeOnCrossbar(const CrossbarMacro &macro, const CrossbarWeights &weights,
                                           const CrossbarPlacementOptions &options) {
  return Placer(macro, weights, options).run();
}

std::vector<double> mapping::realisedWeights(const CrossbarMacro &macro, const CrossbarPlacement &placement, uint32_t axons) {
  const size_t columns = placement.columnOf.size();
  std::vector<double> weights(axons * columns, 0);
  for (uint32_t row = 0; row < macro.rows; ++row) {
    const uint32_t axon = placement.axonOfRow[row];
    for (size_t c = 0; axon != none && c < columns; ++c) {
      const uint32_t column = placement.columnOf[c];
      const uint16_t *levels = &placement.levels[(size_t(row) * macro.columns + column) * 2];
      const double made = told(macro.pair(row, column), levels[0], levels[1], macro.top).weight;
      weights[axon * columns + c] += placement.flipped[c] ? -made : made;
    }
  }
  return weights;
}

void mapping::setWireLosses(CrossbarMacro &macro, const std::vector<double> &conductance, const std::vector<double> &activity,
                            double inputOhm, double outputOhm, double minOhm) {
  std::vector<double> driven(macro.rows, 0), mean(macro.columns, 0); // Current of a row in the mean of columns, and the reverse.
  for (uint32_t row = 0; row < macro.rows; ++row)
    for (uint32_t column = 0; column < macro.columns; ++column) {
      driven[row] += activity[row] * conductance[size_t(row) * macro.columns + column] / macro.columns;
      mean[column] += conductance[size_t(row) * macro.columns + column] / macro.rows;
    }
  // From the node of row p to ground are rows - p segments, of which the current of row q passes rows - max(p, q).
  macro.rowLoss.assign(macro.rows, 0);
  for (uint32_t p = 0; p < macro.rows; ++p)
    for (uint32_t q = 0; q < macro.rows; ++q)
      macro.rowLoss[p] += outputOhm / minOhm * (macro.rows - std::max(p, q)) * driven[q];
  // From the driver to the node of column c are c + 1 segments, of which the current of column d passes min(c, d) + 1.
  macro.columnLoss.assign(macro.columns, 0);
  for (uint32_t c = 0; c < macro.columns; ++c)
    for (uint32_t d = 0; d < macro.columns; ++d)
      macro.columnLoss[c] += inputOhm / minOhm * (std::min(c, d) + 1) * mean[d];
}
