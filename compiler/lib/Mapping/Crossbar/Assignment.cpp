//===- Assignment.cpp - One to each at the least cost ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Assignment.h"
#include <limits>
#include <numeric>

using namespace ranvier::mapping;

namespace {
constexpr uint32_t none = UINT32_MAX;

class Assigner {
public:
  Assigner(std::span<const double> cost, uint32_t rows, uint32_t columns)
      : rowPrice(rows, 0), columnPrice(columns, 0), columnOf(rows, none), cost(cost), rowAt(columns, none), distance(columns),
        before(columns), open(columns) {}

  void run() {
    for (uint32_t row = 0; row < columnOf.size(); ++row)
      augment(row);
  }

  std::vector<double> rowPrice, columnPrice;
  std::vector<uint32_t> columnOf;

private:
  /// Gives `start` a column: the shortest path, by reduced cost, to a free one, along which rows change their columns.
  void augment(uint32_t start) {
    distance.assign(distance.size(), std::numeric_limits<double>::infinity());
    open.resize(distance.size());
    std::iota(open.begin(), open.end(), 0u);
    reached.clear();
    uint32_t row = start, column = none;
    for (double length = 0; column == none || rowAt[column] != none; length = distance[column]) {
      if (column != none) {
        reached.push_back(column);
        row = rowAt[column];
      }
      const size_t nearest = extend(row, length);
      column = open[nearest];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(nearest)); // Keeps the order, on which ties depend.
    }
    const double length = distance[column];
    rowPrice[start] += length;
    for (const uint32_t c : reached) {
      rowPrice[rowAt[c]] += length - distance[c];
      columnPrice[c] -= length - distance[c];
    }
    for (bool done = false; !done;) {
      row = before[column];
      done = row == start;
      rowAt[column] = row;
      std::swap(columnOf[row], column);
    }
  }

  /// Distances of open columns by way of `row`, which is `length` away. The nearest of them, as a place in `open`: of several a
  /// free one, then the first.
  size_t extend(uint32_t row, double length) {
    const double *of = &cost[size_t(row) * distance.size()];
    const double offset = length - rowPrice[row];
    size_t nearest = 0;
    for (size_t k = 0; k < open.size(); ++k) {
      const uint32_t c = open[k];
      if (const double through = offset + of[c] - columnPrice[c]; through < distance[c]) {
        distance[c] = through;
        before[c] = row;
      }
      const uint32_t best = open[nearest];
      if (distance[c] < distance[best] || (distance[c] == distance[best] && rowAt[c] == none && rowAt[best] != none))
        nearest = k;
    }
    return nearest;
  }

  std::span<const double> cost;
  std::vector<uint32_t> rowAt; ///< [columns] The row that has it.
  std::vector<double> distance;
  std::vector<uint32_t> before;  ///< [columns] The row by way of which it is nearest.
  std::vector<uint32_t> open;    ///< Columns not reached yet, in order.
  std::vector<uint32_t> reached; ///< Columns that rows give up along some path.
};
} // namespace

std::vector<uint32_t> detail::assign(std::span<const double> cost, uint32_t rows, uint32_t columns, std::vector<double> *rowPrice,
                                     std::vector<double> *columnPrice) {
  Assigner assigner(cost, rows, columns);
  assigner.run();
  if (rowPrice)
    *rowPrice = std::move(assigner.rowPrice);
  if (columnPrice)
    *columnPrice = std::move(assigner.columnPrice);
  return std::move(assigner.columnOf);
}
