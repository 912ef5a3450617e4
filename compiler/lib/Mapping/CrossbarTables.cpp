//===- CrossbarTables.cpp - What macros are programmed with ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CrossbarTables.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {
/// Calls visit(in-axon, accumulator, delay, weight) for each synapse of a core.
template <typename Visit> void forEachSynapse(const image::ImageData &data, const image::CoreRecord &core, Visit &&visit) {
  const bool packed = core.synapseKind == static_cast<uint32_t>(image::SynapseKind::Packed32);
  for (uint32_t a = 0; a < core.inAxonCount; ++a) {
    const image::InAxonRecord &axon = data.inAxons[core.firstInAxon + a];
    for (uint64_t r = axon.firstRow; r < uint64_t(axon.firstRow) + axon.rowCount; ++r) {
      const image::RowRecord &row = data.rows[core.firstRow + r];
      for (uint64_t s = core.firstSynapse + row.firstSynapse, end = s + row.count; s < end; ++s) {
        const image::Synapse synapse = packed ? image::unpackSynapse(data.synapses32[s]) : image::unpackSynapse(data.synapses64[s]);
        visit(a, synapse.accumulator, synapse.delay, static_cast<int32_t>(synapse.weight));
      }
    }
  }
}

/// "population 'p', neuron 3" of an accumulator.
std::string nameOfAccumulator(const image::ImageData &data, const image::CoreRecord &core, uint32_t accumulator) {
  const image::CoreRecord &target = core.feeds ? data.cores[core.feeds - 1] : core;
  for (uint32_t s = target.firstSlice; s < target.firstSlice + target.sliceCount; ++s) {
    const image::SliceRecord &slice = data.slices[s];
    const uint32_t width = slice.count * static_cast<uint32_t>(data.meta.programs[slice.program].inputs.size());
    if (accumulator - slice.accumulatorBase < width)
      return "population '" + data.meta.populations[slice.population].name + "', neuron " +
             std::to_string(slice.first + (accumulator - slice.accumulatorBase) % slice.count);
  }
  return "accumulator " + std::to_string(accumulator);
}

Result<void> addCrossbar(image::ImageData &data, const hw::Crossbar &crossbar, uint32_t index) {
  const image::CoreRecord core = data.cores[index];
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> rowOf; // (in-axon, delay)
  forEachSynapse(data, core, [&](uint32_t axon, uint32_t, uint32_t delay, int32_t) { rowOf.try_emplace({axon, delay}, 0); });
  image::CrossbarRecord record{.core = index,
                               .rowCount = static_cast<uint32_t>(rowOf.size()),
                               .columnCount = core.accumulatorCount,
                               .rangeCount = 0,
                               .firstRow = data.crossbarRows.size(),
                               .firstColumn = data.crossbarColumns.size(),
                               .firstLevel = data.crossbarLevels.size(),
                               .firstRange = data.crossbarRanges.size()};
  RANVIER_ASSERT(record.rowCount <= crossbar.inputs && record.columnCount <= crossbar.columns(), "a core within its macro");
  uint32_t next = 0;
  for (auto &[driver, row] : rowOf) {
    row = next++;
    data.crossbarRows.push_back({.row = row, .axon = driver.first, .delay = driver.second, .reserved = 0});
  }
  for (uint32_t column = 0; column < record.columnCount; ++column)
    data.crossbarColumns.push_back({.column = column, .flipped = 0});
  std::vector<int64_t> weights(size_t(record.rowCount) * record.columnCount, 0);
  forEachSynapse(data, core, [&](uint32_t axon, uint32_t accumulator, uint32_t delay, int32_t weight) {
    weights[size_t(rowOf.at({axon, delay})) * record.columnCount + accumulator] += weight;
  });
  const size_t cells = crossbar.cellsPerWeight();
  data.crossbarLevels.resize(record.firstLevel + weights.size() * cells);
  for (size_t w = 0; w < weights.size(); ++w) {
    if (std::abs(weights[w]) > crossbar.largestWeight())
      return Error{.code = 6122,
                   .message = "synapses of one source and delay onto one neuron sum up to more than the cells of a weight hold",
                   .place = nameOfAccumulator(data, core, static_cast<uint32_t>(w % record.columnCount)),
                   .expected =
                       "sums from " + std::to_string(-crossbar.largestWeight()) + " to " + std::to_string(crossbar.largestWeight()),
                   .found = std::to_string(weights[w]),
                   .hint = "use fewer weight bits, or give the synapses different delays or receptors",
                   .kind = ErrorKind::DoesNotFit};
    crossbar.levelsOf(static_cast<int32_t>(weights[w]),
                      std::span(data.crossbarLevels).subspan(record.firstLevel + w * cells, cells));
  }
  const auto ranges =
      converterRanges(crossbar, std::span(data.crossbarLevels).subspan(record.firstLevel), record.rowCount, record.columnCount);
  record.rangeCount = static_cast<uint32_t>(ranges.size());
  data.crossbarRanges.insert(data.crossbarRanges.end(), ranges.begin(), ranges.end());
  data.crossbars.push_back(record);
  return {};
}
} // namespace

std::vector<image::CrossbarRangeRecord> detail::converterRanges(const hw::Crossbar &crossbar, std::span<const uint8_t> levels,
                                                                uint32_t rows, uint32_t columns) {
  if (crossbar.readout != hw::Crossbar::Readout::Adc && crossbar.readout != hw::Crossbar::Readout::SignMagnitudeAdc)
    return {};
  const bool pairs = crossbar.isPair();
  const bool centred = pairs || crossbar.readout == hw::Crossbar::Readout::SignMagnitudeAdc;
  const uint32_t slices = crossbar.sliceCount(), perSlice = pairs ? 2 : 1;
  const double g0 = crossbar.leastConductance(), step = (1 - g0) / crossbar.largestLevel();
  std::vector<image::CrossbarRangeRecord> ranges;
  for (uint32_t slice = 0; slice < slices; ++slice) {
    double full = crossbar.fullScale;
    if (crossbar.range == hw::Crossbar::Range::Weights) {
      double most = 0;
      for (uint32_t column = 0; column < columns; ++column) {
        double up = 0, down = 0;
        for (uint32_t row = 0; row < rows; ++row) {
          const uint8_t *cells = levels.data() + ((size_t(row) * columns + column) * slices + slice) * perSlice;
          const double current = pairs ? (int(cells[0]) - int(cells[1])) * step : g0 + cells[0] * step;
          (current > 0 ? up : down) += std::abs(current);
        }
        most = std::max({most, up, down});
      }
      full = most > 0 ? crossbar.rangeShare * most : 1; // Nothing ever flows through columns of zeros.
    }
    ranges.push_back({.low = centred ? -full : 0, .high = full});
  }
  return ranges;
}

Result<void> detail::addCrossbars(image::ImageData &data, const hw::Chip &chip) {
  for (uint32_t core = 0; core < data.cores.size(); ++core)
    if (data.cores[core].inAxonCount != 0)
      RANVIER_CHECK(addCrossbar(data, *chip.crossbar, core));
  return {};
}
