//===- ValidateCrossbars.cpp - Clauses X of the image format --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The records tile their tables without gaps, as those of the cores do. What levels mean is not judged: cells may be programmed to
// anything.
//===----------------------------------------------------------------------===//
#include "Validator.h"
#include <algorithm>
#include <cmath>
#include <set>

namespace ranvier::image::detail {
namespace {
std::string number(uint64_t value) { return std::to_string(value); }

struct Ends {
  uint64_t rows = 0, columns = 0, levels = 0, ranges = 0;
};

/// Whether [first, first + count) starts where the last range ended and stays within `size`; advances `end`.
bool tiles(uint64_t first, uint64_t count, uint64_t size, uint64_t &end) {
  if (first != end || count > size - end)
    return false;
  end += count;
  return true;
}

/// Clause X2: the range of a table.
Result<void> checkRange(const char *what, const std::string &place, uint64_t first, uint64_t count, uint64_t size, uint64_t &end) {
  const uint64_t start = end;
  if (tiles(first, count, size, end))
    return {};
  return broken(3026, "X2", place, std::string("range of ") + what + " is wrong",
                "a start at " + number(start) + ", an end up to " + number(size), number(count) + " from " + number(first));
}

/// The delays with which an axon's synapses act, and whether a row answers for each.
class Drivers {
public:
  Drivers(const Image &image, const CoreRecord &core) : image(image), core(core) {
    for (uint32_t a = 0; a < core.inAxonCount; ++a) {
      const InAxonRecord &axon = image.inAxons[core.firstInAxon + a];
      for (uint64_t r = axon.firstRow; r < uint64_t(axon.firstRow) + axon.rowCount; ++r) {
        const RowRecord &row = image.rows[core.firstRow + r];
        for (uint64_t s = 0; s < row.count; ++s)
          missing.insert({a, delayOf(core.firstSynapse + row.firstSynapse + s)});
      }
    }
    all = missing;
  }
  /// False if no synapse acts so.
  bool drive(uint32_t axon, uint32_t delay) {
    missing.erase({axon, delay});
    return all.count({axon, delay}) != 0;
  }
  std::set<std::pair<uint32_t, uint32_t>> missing;

private:
  uint32_t delayOf(uint64_t at) const {
    return core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32) ? unpackSynapse(image.synapses32[at]).delay
                                                                            : unpackSynapse(image.synapses64[at]).delay;
  }
  const Image &image;
  const CoreRecord &core;
  std::set<std::pair<uint32_t, uint32_t>> all;
};

/// Clauses X4 and X5.
Result<void> checkRows(const Image &image, const CrossbarRecord &record, const CoreRecord &core) {
  const hw::Crossbar &crossbar = *image.chip.crossbar;
  Drivers drivers(image, core);
  for (uint64_t r = record.firstRow; r < record.firstRow + record.rowCount; ++r) {
    const CrossbarRowRecord &row = image.crossbarRows[r];
    const std::string place = at("crossbar_rows", r);
    if (row.row >= crossbar.inputs || row.reserved != 0 || (r != record.firstRow && row.row <= image.crossbarRows[r - 1].row))
      return broken(3026, "X4", place, "physical row of a macro is wrong",
                    "ascending rows below " + number(crossbar.inputs) + ", reserved 0",
                    "row " + number(row.row) + ", reserved " + number(row.reserved));
    if (row.axon >= core.inAxonCount || !drivers.drive(row.axon, row.delay))
      return broken(3026, "X5", place, "nothing drives a row of a macro",
                    "an in-axon of the core below " + number(core.inAxonCount) + ", and the delay of one of its synapses",
                    "in-axon " + number(row.axon) + ", delay " + number(row.delay));
  }
  if (!drivers.missing.empty())
    return broken(3026, "X5", at("cores", record.core), "an in-axon drives no row",
                  "a row for in-axon " + number(drivers.missing.begin()->first) + ", delay " +
                      number(drivers.missing.begin()->second),
                  "none");
  return {};
}

/// Clause X6.
Result<void> checkColumns(const Image &image, const CrossbarRecord &record) {
  const hw::Crossbar &crossbar = *image.chip.crossbar;
  std::vector<bool> taken(crossbar.columns(), false);
  for (uint64_t c = record.firstColumn; c < record.firstColumn + record.columnCount; ++c) {
    const CrossbarColumnRecord &column = image.crossbarColumns[c];
    if (column.column >= crossbar.columns() || column.flipped > 1 || taken[column.column])
      return broken(3026, "X6", at("crossbar_columns", c), "physical column of a macro is wrong",
                    "columns below " + number(crossbar.columns()) + ", each once, flipped 0 or 1",
                    "column " + number(column.column) + ", flipped " + number(column.flipped));
    taken[column.column] = true;
  }
  return {};
}

/// Clauses X7 and X8.
Result<void> checkValues(const Image &image, const CrossbarRecord &record, uint64_t levels, const std::string &place) {
  const hw::Crossbar &crossbar = *image.chip.crossbar;
  const auto cells = image.crossbarLevels.subspan(record.firstLevel, levels);
  const auto high = std::find_if(cells.begin(), cells.end(), [&](uint8_t level) { return level > crossbar.largestLevel(); });
  if (high != cells.end())
    return broken(3026, "X7", at("crossbar_levels", record.firstLevel + static_cast<uint64_t>(high - cells.begin())),
                  "a cell has no such level", "at most " + number(crossbar.largestLevel()), number(*high));
  const bool converts =
      crossbar.readout == hw::Crossbar::Readout::Adc || crossbar.readout == hw::Crossbar::Readout::SignMagnitudeAdc;
  const uint32_t wanted = converts ? crossbar.sliceCount() : 0;
  if (record.rangeCount != wanted)
    return broken(3026, "X8", place, "number of converter ranges is wrong", number(wanted), number(record.rangeCount));
  for (uint64_t r = record.firstRange; r < record.firstRange + record.rangeCount; ++r) {
    const CrossbarRangeRecord &range = image.crossbarRanges[r];
    if (!(std::isfinite(range.low) && std::isfinite(range.high) && range.low < range.high && std::isfinite(range.high - range.low)))
      return broken(3026, "X8", at("crossbar_ranges", r), "range of a converter is wrong",
                    "two finite numbers, the lower one first", std::to_string(range.low) + " to " + std::to_string(range.high));
  }
  return {};
}
} // namespace

Result<void> checkCrossbars(const Image &image) {
  Ends ends;
  if (image.chip.crossbar) {
    const uint64_t cells = image.chip.crossbar->cellsPerWeight();
    uint64_t next = 0;
    for (uint32_t c = 0; c < image.cores.size(); ++c) {
      const CoreRecord &core = image.cores[c];
      if (core.inAxonCount == 0)
        continue;
      const std::string place = at("crossbars", next);
      if (next == image.crossbars.size() || image.crossbars[next].core != c)
        return broken(3026, "X1", place, "a core that takes in messages has no macro", "core " + number(c),
                      next == image.crossbars.size() ? "none" : "core " + number(image.crossbars[next].core));
      const CrossbarRecord &record = image.crossbars[next++];
      if (record.columnCount != core.accumulatorCount)
        return broken(3026, "X3", place, "number of columns is wrong", number(core.accumulatorCount) + ", the core's accumulators",
                      number(record.columnCount));
      RANVIER_CHECK(checkRange("crossbar_rows", place, record.firstRow, record.rowCount, image.crossbarRows.size(), ends.rows));
      RANVIER_CHECK(checkRange("crossbar_columns", place, record.firstColumn, record.columnCount, image.crossbarColumns.size(),
                               ends.columns));
      const uint64_t levels = uint64_t(record.rowCount) * record.columnCount * cells; // rows and columns are in tables: no overflow
      RANVIER_CHECK(checkRange("crossbar_levels", place, record.firstLevel, levels, image.crossbarLevels.size(), ends.levels));
      RANVIER_CHECK(
          checkRange("crossbar_ranges", place, record.firstRange, record.rangeCount, image.crossbarRanges.size(), ends.ranges));
      RANVIER_CHECK(checkRows(image, record, core));
      RANVIER_CHECK(checkColumns(image, record));
      RANVIER_CHECK(checkValues(image, record, levels, place));
    }
    if (next != image.crossbars.size())
      return broken(3026, "X1", at("crossbars", next), "a macro of no core that takes in messages", number(next) + " macros",
                    number(image.crossbars.size()));
  } else if (!image.crossbars.empty()) {
    return broken(3026, "X1", "crossbars", "macros on a chip without crossbars", "none", number(image.crossbars.size()));
  }
  const struct {
    const char *table;
    uint64_t used, size;
  } totals[] = {{"crossbar_rows", ends.rows, image.crossbarRows.size()},
                {"crossbar_columns", ends.columns, image.crossbarColumns.size()},
                {"crossbar_levels", ends.levels, image.crossbarLevels.size()},
                {"crossbar_ranges", ends.ranges, image.crossbarRanges.size()}};
  for (const auto &total : totals)
    if (total.used != total.size)
      return broken(3026, "X2", total.table, "entries that belong to no macro", number(total.used), number(total.size));
  return {};
}

} // namespace ranvier::image::detail
