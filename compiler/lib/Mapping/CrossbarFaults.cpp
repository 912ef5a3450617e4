//===- CrossbarFaults.cpp - Stuck cells and the cells beside them ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Crossbars.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {
/// One weight: its cells, and which of them are stuck, by slice and polarity.
class Weight {
public:
  Weight(const hw::Crossbar &crossbar, std::span<uint8_t> cells)
      : crossbar(crossbar), cells(cells), wanted(crossbar.weightOf(cells)), held(cells.size(), false) {
    for (uint32_t s = 0; s < crossbar.sliceCount() && crossbar.isPair(); ++s)
      differences.push_back(int(cells[2 * s]) - int(cells[2 * s + 1]));
  }

  void stick(const hw::StuckCell &cell) {
    const size_t at = crossbar.isPair() ? 2 * cell.slice + (cell.negative ? 1 : 0) : cell.slice;
    held[at] = true;
    cells[at] = cell.high ? static_cast<uint8_t>(crossbar.largestLevel()) : 0;
  }
  /// After all of its stuck cells are known.
  void compensate() {
    const int top = static_cast<int>(crossbar.largestLevel());
    for (size_t s = 0; s < differences.size(); ++s) {
      uint8_t &positive = cells[2 * s], &negative = cells[2 * s + 1];
      if (held[2 * s] && !held[2 * s + 1])
        negative = static_cast<uint8_t>(std::clamp(int(positive) - differences[s], 0, top));
      else if (!held[2 * s] && held[2 * s + 1])
        positive = static_cast<uint8_t>(std::clamp(int(negative) + differences[s], 0, top));
    }
  }
  int64_t error() const { return std::abs(crossbar.weightOf(cells) - wanted); }

private:
  const hw::Crossbar &crossbar;
  std::span<uint8_t> cells;
  const int64_t wanted;
  std::vector<bool> held;
  std::vector<int> differences; ///< By slice of pairs.
};
} // namespace

FaultReport mapping::compensateFaults(image::ImageData &data, const hw::Chip &chip, const hw::CellFaults &faults) {
  const hw::Crossbar &crossbar = *chip.crossbar;
  const size_t cells = crossbar.cellsPerWeight();
  FaultReport report;
  for (const image::CrossbarRecord &record : data.crossbars) {
    std::map<uint32_t, uint32_t> rowOf, columnOf; // by physical number
    for (uint32_t r = 0; r < record.rowCount; ++r)
      rowOf[data.crossbarRows[record.firstRow + r].row] = r;
    for (uint32_t c = 0; c < record.columnCount; ++c)
      columnOf[data.crossbarColumns[record.firstColumn + c].column] = c;
    const image::CoreRecord &core = data.cores[record.core];
    const auto stuck = hw::stuckCells(crossbar, faults, core.chip, core.core, chip.coresPerChip());
    for (size_t i = 0; i < stuck.size();) {
      size_t end = i;
      while (end < stuck.size() && stuck[end].row == stuck[i].row && stuck[end].column == stuck[i].column)
        ++end;
      const auto row = rowOf.find(stuck[i].row), column = columnOf.find(stuck[i].column);
      if (row == rowOf.end() || column == columnOf.end()) {
        i = end;
        continue;
      }
      const size_t at = record.firstLevel + (size_t(row->second) * record.columnCount + column->second) * cells;
      Weight weight(crossbar, std::span(data.crossbarLevels).subspan(at, cells));
      report.stuck += end - i;
      ++report.weights;
      for (; i < end; ++i)
        weight.stick(stuck[i]);
      report.before += static_cast<double>(weight.error());
      weight.compensate();
      report.wrong += weight.error() != 0;
      report.after += static_cast<double>(weight.error());
    }
  }
  return report;
}
