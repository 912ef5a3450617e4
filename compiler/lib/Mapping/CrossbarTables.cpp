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

/// A row of weights: what drives it, in the order of in-axons and delays.
using Drivers = std::map<std::pair<uint32_t, uint32_t>, uint32_t>; ///< (in-axon, delay) -> number

class MacroBuilder {
public:
  MacroBuilder(image::ImageData &data, const hw::Chip &chip, const EmitOptions &options, const std::vector<double> &bySource)
      : data(data), chip(chip), crossbar(*chip.crossbar), options(options) {
    if (bySource.empty())
      return;
    for (const image::CoreRecord &core : data.cores)
      activity.emplace_back(core.inAxonCount, 0.0);
    for (size_t source = 0; source + 1 < data.outPtr.size(); ++source)
      for (uint64_t k = data.outPtr[source]; k < data.outPtr[source + 1]; ++k)
        activity[data.outAxons[k].core][data.outAxons[k].axon] += bySource[source];
  }

  Result<void> add(uint32_t index) {
    const image::CoreRecord core = data.cores[index];
    drivers.clear();
    forEachSynapse(data, core, [&](uint32_t axon, uint32_t, uint32_t delay, int32_t) { drivers.try_emplace({axon, delay}, 0); });
    uint32_t next = 0;
    for (auto &[driver, number] : drivers)
      number = next++;
    columns = core.accumulatorCount;
    RANVIER_ASSERT(next <= crossbar.inputs && columns <= crossbar.columns(), "a core within its macro");
    RANVIER_CHECK(sum(core));
    image::CrossbarRecord record{.core = index,
                                 .rowCount = next,
                                 .columnCount = columns,
                                 .rangeCount = 0,
                                 .firstRow = data.crossbarRows.size(),
                                 .firstColumn = data.crossbarColumns.size(),
                                 .firstLevel = data.crossbarLevels.size(),
                                 .firstRange = data.crossbarRanges.size()};
    if (options.cells || hasWires())
      addPlaced(record, core);
    else
      addInOrder();
    record.rowCount = static_cast<uint32_t>(data.crossbarRows.size() - record.firstRow);
    const auto ranges =
        converterRanges(crossbar, std::span(data.crossbarLevels).subspan(record.firstLevel), record.rowCount, columns);
    record.rangeCount = static_cast<uint32_t>(ranges.size());
    data.crossbarRanges.insert(data.crossbarRanges.end(), ranges.begin(), ranges.end());
    data.crossbars.push_back(record);
    return {};
  }

private:
  /// Only where placement can judge what they take.
  bool hasWires() const { return crossbar.form == hw::Crossbar::Form::Pair && (crossbar.rowOhm > 0 || crossbar.columnOhm > 0); }

  /// Weights of the rows of all drivers.
  Result<void> sum(const image::CoreRecord &core) {
    weights.assign(drivers.size() * columns, 0);
    forEachSynapse(data, core, [&](uint32_t axon, uint32_t accumulator, uint32_t delay, int32_t weight) {
      weights[size_t(drivers.at({axon, delay})) * columns + accumulator] += weight;
    });
    for (size_t w = 0; w < weights.size(); ++w)
      if (std::abs(weights[w]) > crossbar.largestWeight())
        return Error{.code = 6122,
                     .message = "synapses of one source and delay onto one neuron sum up to more than the cells of a weight hold",
                     .place = nameOfAccumulator(data, core, static_cast<uint32_t>(w % columns)),
                     .expected = "sums from " + std::to_string(-crossbar.largestWeight()) + " to " +
                                 std::to_string(crossbar.largestWeight()),
                     .found = std::to_string(weights[w]),
                     .hint = "use fewer weight bits, or give the synapses different delays or receptors",
                     .kind = ErrorKind::DoesNotFit};
    return {};
  }

  void addInOrder() {
    for (const auto &[driver, number] : drivers)
      data.crossbarRows.push_back({.row = number, .axon = driver.first, .delay = driver.second, .reserved = 0});
    for (uint32_t column = 0; column < columns; ++column)
      data.crossbarColumns.push_back({.column = column, .flipped = 0});
    const size_t cells = crossbar.cellsPerWeight(), first = data.crossbarLevels.size();
    data.crossbarLevels.resize(first + weights.size() * cells);
    for (size_t w = 0; w < weights.size(); ++w)
      crossbar.levelsOf(static_cast<int32_t>(weights[w]), std::span(data.crossbarLevels).subspan(first + w * cells, cells));
  }

  void addPlaced(const image::CrossbarRecord &record, const image::CoreRecord &core) {
    CrossbarWeights wanted{.axons = record.rowCount, .columns = columns, .levels = {}, .activity = activityOf(record.core)};
    wanted.levels.assign(weights.begin(), weights.end());
    CrossbarMacro macro{.rows = crossbar.inputs, .columns = crossbar.columns(), .top = crossbar.largestLevel()};
    macro.cells.resize(size_t(macro.rows) * macro.columns * 2);
    uint32_t stuck = 0;
    if (options.cells)
      for (const hw::StuckCell &cell : hw::stuckCells(crossbar, options.cells->faults, core.chip, core.core, chip.coresPerChip())) {
        macro.cells[(size_t(cell.row) * macro.columns + cell.column) * 2 + cell.negative].stuck =
            cell.high ? CrossbarCell::Stuck::High : CrossbarCell::Stuck::Low;
        ++stuck;
      }
    const CrossbarPlacementOptions how = options.cells ? options.cells->how : CrossbarPlacementOptions{};
    if (hasWires())
      setLosses(macro, wanted);
    const CrossbarPlacement placement = placeOnCrossbar(macro, wanted, how);
    write(placement, macro.columns);
    if (options.macros)
      options.macros->push_back(
          {.chip = core.chip,
           .core = core.core,
           .axons = wanted.axons,
           .columns = columns,
           .stuckCells = stuck,
           .repairRows = placement.repairRows,
           .flipped = static_cast<uint32_t>(std::count(placement.flipped.begin(), placement.flipped.end(), 1)),
           .errors = placement.errors});
  }

  /// What wires take where weights lie in order at the sense end and the drivers, as they will after being placed.
  void setLosses(CrossbarMacro &macro, const CrossbarWeights &wanted) const {
    std::vector<double> conductance(size_t(macro.rows) * macro.columns, 0), driven(macro.rows, 0);
    for (uint32_t axon = 0; axon < wanted.axons; ++axon) {
      const uint32_t row = macro.rows - wanted.axons + axon;
      driven[row] = wanted.activity.empty() ? 1 : wanted.activity[axon];
      for (uint32_t c = 0; c < wanted.columns; ++c)
        conductance[size_t(row) * macro.columns + c] =
            std::abs(wanted.levels[size_t(axon) * wanted.columns + c]) / (2.0 * macro.top);
    }
    setWireLosses(macro, conductance, driven, crossbar.rowOhm, crossbar.columnOhm, crossbar.onOhm);
  }

  void write(const CrossbarPlacement &placement, uint32_t macroColumns) {
    std::vector<std::pair<uint32_t, uint32_t>> byNumber;
    for (const auto &[driver, number] : drivers)
      byNumber.push_back(driver);
    for (uint32_t c = 0; c < columns; ++c)
      data.crossbarColumns.push_back({.column = placement.columnOf[c], .flipped = placement.flipped[c]});
    for (uint32_t row = 0; row < crossbar.inputs; ++row) {
      const uint32_t number = placement.axonOfRow[row];
      if (number == CrossbarPlacement::none)
        continue;
      data.crossbarRows.push_back({.row = row, .axon = byNumber[number].first, .delay = byNumber[number].second, .reserved = 0});
      for (uint32_t c = 0; c < columns; ++c)
        for (uint32_t half = 0; half < 2; ++half)
          data.crossbarLevels.push_back(
              static_cast<uint8_t>(placement.levels[(size_t(row) * macroColumns + placement.columnOf[c]) * 2 + half]));
    }
  }

  /// [drivers] Spikes a step of the sources of their in-axons.
  std::vector<double> activityOf(uint32_t index) const {
    std::vector<double> out;
    for (const auto &[driver, number] : drivers)
      if (!activity.empty())
        out.push_back(activity[index][driver.first]);
    return out;
  }

  image::ImageData &data;
  const hw::Chip &chip;
  const hw::Crossbar &crossbar;
  const EmitOptions &options;
  std::vector<std::vector<double>> activity; ///< [core][in-axon] Spikes a step; empty: all alike.
  Drivers drivers;
  uint32_t columns = 0;
  std::vector<int64_t> weights; ///< [drivers][columns]
};
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

Result<void> detail::addCrossbars(image::ImageData &data, const hw::Chip &chip, const EmitOptions &options,
                                  const std::vector<double> &activity) {
  if (options.cells && chip.crossbar->form != hw::Crossbar::Form::Pair)
    return Error{.code = 6124,
                 .message = "known cells decide where weights go on macros of single pairs only",
                 .file = chip.path,
                 .place = "crossbar.cells_per_weight",
                 .expected = "pair",
                 .found = "another form",
                 .hint = "compile without --faults of cells; they act when the image runs",
                 .kind = ErrorKind::Unsupported};
  MacroBuilder builder(data, chip, options, activity);
  for (uint32_t core = 0; core < data.cores.size(); ++core)
    if (data.cores[core].inAxonCount != 0)
      RANVIER_CHECK(builder.add(core));
  return {};
}
