//===- CrossbarCore.cpp - The macro of a core -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CrossbarCore.h"
#include "ranvier/Emulator/CrossbarChip.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace ranvier::emu {

CrossbarCounts &CrossbarCounts::operator+=(const CrossbarCounts &o) {
  products += o.products;
  rows += o.rows;
  conversions += o.conversions;
  shiftAdds += o.shiftAdds;
  conductance += o.conductance;
  return *this;
}

namespace {
/// Levels of all cells of the macro; those that the image does not name are at the least.
std::vector<uint8_t> levelsOf(const image::Image &image, const image::CrossbarRecord &record) {
  const hw::Crossbar &crossbar = *image.chip.crossbar;
  const size_t cells = crossbar.cellsPerWeight(), columns = crossbar.columns();
  std::vector<uint8_t> levels(size_t(crossbar.inputs) * columns * cells, 0);
  const uint8_t *from = image.crossbarLevels.data() + record.firstLevel;
  for (uint32_t r = 0; r < record.rowCount; ++r)
    for (uint32_t c = 0; c < record.columnCount; ++c, from += cells) {
      const size_t row = image.crossbarRows[record.firstRow + r].row, column = image.crossbarColumns[record.firstColumn + c].column;
      std::copy_n(from, cells, levels.begin() + static_cast<ptrdiff_t>((row * columns + column) * cells));
    }
  return levels;
}

CrossbarConfig configOf(const image::Image &image, const image::CrossbarRecord &record, const DeviceOptions &device) {
  const image::CoreRecord &core = image.cores[record.core];
  CrossbarConfig config = crossbarConfig(*image.chip.crossbar);
  for (uint32_t r = 0; r < record.rangeCount; ++r) {
    const image::CrossbarRangeRecord &range = image.crossbarRanges[record.firstRange + r];
    config.ranges.push_back({range.low, range.high});
  }
  config.device = uint64_t(core.chip) * image.chip.coresPerChip() + core.core;
  config.seed = device.seed.value_or(config.seed);
  for (const hw::StuckCell &cell :
       hw::stuckCells(*image.chip.crossbar, device.faults, core.chip, core.core, image.chip.coresPerChip()))
    config.faults.cells.push_back(
        {.output = cell.column, .input = cell.row, .slice = cell.slice, .negative = cell.negative, .high = cell.high});
  return config;
}
} // namespace

Result<std::unique_ptr<CrossbarCore>> CrossbarCore::load(const image::Image &image, uint32_t index, const DeviceOptions &device) {
  const auto at = std::lower_bound(image.crossbars.begin(), image.crossbars.end(), index,
                                   [](const image::CrossbarRecord &record, uint32_t core) { return record.core < core; });
  if (at == image.crossbars.end() || at->core != index)
    return std::unique_ptr<CrossbarCore>();
  const hw::Crossbar &crossbar = *image.chip.crossbar;
  auto array =
      CrossbarArray::programLevels(levelsOf(image, *at), crossbar.columns(), crossbar.inputs, configOf(image, *at, device));
  if (!array) {
    Error error = array.error();
    const image::CoreRecord &core = image.cores[index];
    return Error{.code = 7061,
                 .message = "the macro of a core cannot be programmed: " + error.message,
                 .file = image.chip.path,
                 .place = "chip " + std::to_string(core.chip) + ", core " + std::to_string(core.core) + ", " + error.place,
                 .expected = error.expected,
                 .found = error.found,
                 .hint = error.hint,
                 .kind = error.kind};
  }
  std::unique_ptr<CrossbarCore> core(new CrossbarCore(*std::move(array)));
  core->index(image, *at);
  return core;
}

void CrossbarCore::index(const image::Image &image, const image::CrossbarRecord &record) {
  const image::CoreRecord &core = image.cores[record.core];
  const hw::Crossbar &crossbar = *image.chip.crossbar;
  rows = image.crossbarRows.subspan(record.firstRow, record.rowCount);
  columns = image.crossbarColumns.subspan(record.firstColumn, record.columnCount);
  firstDrive.assign(size_t(core.inAxonCount) + 1, 0);
  for (const image::CrossbarRowRecord &row : rows)
    ++firstDrive[row.axon + 1];
  for (size_t a = 1; a < firstDrive.size(); ++a)
    firstDrive[a] += firstDrive[a - 1];
  drives.resize(rows.size());
  std::vector<uint32_t> next(firstDrive.begin(), firstDrive.end() - 1);
  for (uint32_t r = 0; r < rows.size(); ++r)
    drives[next[rows[r].axon]++] = {r, rows[r].delay};
  const std::span<const double> sums = array.rowConductances();
  for (const image::CrossbarRowRecord &row : rows)
    conductance.push_back(static_cast<uint32_t>(std::min(std::nearbyint(sums[row.row] * 0x1p16), 0x1p31)));
  slotCount = std::max(1u, core.delaySlots);
  words = (rows.size() + 31) / 32;
  bits.assign(size_t(slotCount) * words, 0);
  slices = crossbar.sliceCount();
  if (crossbar.readout != hw::Crossbar::Readout::Ideal)
    conversionsEach = slices * (columns.size() + (crossbar.unitColumn ? 1 : 0));
}

void CrossbarCore::receive(std::span<const uint32_t> axons, uint32_t emissionStep) {
  for (const uint32_t axon : axons)
    for (uint32_t d = firstDrive[axon]; d < firstDrive[axon + 1]; ++d)
      bits[size_t((emissionStep + drives[d].delay) % slotCount) * words + drives[d].row / 32] |= 1u << drives[d].row % 32;
}

void CrossbarCore::act(uint32_t step, int32_t *sums, CrossbarWork &work) {
  last = {};
  work.active.clear();
  const std::span<uint32_t> marked = marks(step);
  for (size_t w = 0; w < marked.size(); ++w) {
    for (uint32_t word = marked[w]; word; word &= word - 1) {
      const auto row = static_cast<uint32_t>(w * 32) + static_cast<uint32_t>(std::countr_zero(word));
      work.active.push_back(rows[row].row); // ascending, as the rows are
      last.conductance += conductance[row];
    }
    marked[w] = 0;
  }
  if (work.active.empty())
    return;
  work.sums.resize(array.outputs());
  array.productOfRows(work.active, work.sums, step, work.scratch);
  for (size_t a = 0; a < columns.size(); ++a) {
    const auto sum = static_cast<int32_t>(std::nearbyint(std::clamp(work.sums[columns[a].column], -0x1p30, 0x1p30)));
    sums[a] = static_cast<int32_t>(static_cast<uint32_t>(sums[a]) + static_cast<uint32_t>(columns[a].flipped ? -sum : sum));
  }
  last.products = 1;
  last.rows = work.active.size();
  last.conversions = conversionsEach;
  last.shiftAdds = slices * columns.size();
}

void CrossbarCore::prepare(CrossbarWork &work) const {
  work.active.resize(array.inputs());
  std::iota(work.active.begin(), work.active.end(), 0u);
  work.sums.resize(array.outputs());
  if (!(array.config().hasWires() && array.config().read.acts())) // which solves the array each time, in memory of its own
    array.productOfRows(work.active, work.sums, 0, work.scratch);
}

void CrossbarCore::clear() {
  std::fill(bits.begin(), bits.end(), 0u);
  last = {};
}

uint64_t CrossbarCore::bytes() const {
  return firstDrive.size() * 4 + drives.size() * sizeof(Drive) + conductance.size() * 4 + bits.size() * 4 + array.bytes();
}

} // namespace ranvier::emu
