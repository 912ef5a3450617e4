//===- CalibrateMacros.cpp - Ranges of converters from samples ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CalibrateMacros.h"
#include "SampleRuns.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// The largest currents of every macro and slice, from the spikes of a run and the levels of the image.
class Currents {
public:
  Currents(const image::ImageData &data, const hw::Crossbar &crossbar) : data(data), crossbar(crossbar) {
    for (const image::CrossbarRecord &record : data.crossbars) {
      most.emplace_back(crossbar.sliceCount(), 0.0);
      for (uint32_t r = 0; r < record.rowCount; ++r)
        longest = std::max(longest, data.crossbarRows[record.firstRow + r].delay);
    }
    for (const image::PopulationMeta &population : data.meta.populations)
      fired.emplace_back(longest + 1, std::vector<uint8_t>(population.count, 0));
  }
  void reset() {
    for (auto &steps : fired)
      for (auto &flags : steps)
        std::fill(flags.begin(), flags.end(), uint8_t(0));
  }
  /// The spikes of a step, and the currents that act in it.
  void observe(emu::Machine &machine) {
    const uint32_t now = machine.currentStep();
    for (uint32_t p = 0; p < fired.size(); ++p) {
      std::vector<uint8_t> &flags = fired[p][now % (longest + 1)];
      std::fill(flags.begin(), flags.end(), uint8_t(0));
      for (const uint32_t neuron : machine.spikes(p))
        flags[neuron] = 1;
    }
    for (size_t m = 0; m < data.crossbars.size(); ++m)
      add(data.crossbars[m], now, most[m]);
  }
  std::vector<std::vector<double>> most; ///< [macro][slice] [cells]

private:
  void add(const image::CrossbarRecord &record, uint32_t now, std::vector<double> &largest) {
    const uint32_t slices = crossbar.sliceCount(), perSlice = crossbar.isPair() ? 2 : 1;
    const double g0 = crossbar.leastConductance(), step = (1 - g0) / crossbar.largestLevel();
    sums.assign(size_t(record.columnCount) * slices, 0.0);
    const image::CoreRecord &core = data.cores[record.core];
    bool any = false;
    for (uint32_t r = 0; r < record.rowCount; ++r) {
      const image::CrossbarRowRecord &row = data.crossbarRows[record.firstRow + r];
      const image::InAxonRecord &axon = data.inAxons[core.firstInAxon + row.axon];
      if (row.delay >= now || !fired[axon.population][(now - row.delay) % (longest + 1)][axon.neuron])
        continue;
      any = true;
      const uint8_t *cells = data.crossbarLevels.data() + record.firstLevel + size_t(r) * sums.size() * perSlice;
      for (double &sum : sums) {
        sum += perSlice == 2 ? (int(cells[0]) - int(cells[1])) * step : g0 + cells[0] * step;
        cells += perSlice;
      }
    }
    for (size_t k = 0; k < sums.size() && any; ++k)
      largest[k % slices] = std::max(largest[k % slices], std::abs(sums[k]));
  }

  const image::ImageData &data;
  const hw::Crossbar &crossbar;
  uint32_t longest = 1;
  std::vector<std::vector<std::vector<uint8_t>>> fired; ///< [population][step modulo longest + 1][neuron]
  std::vector<double> sums;
};

/// The same image on a chip whose cells and converters do what they should.
image::ImageData withoutErrors(const image::ImageData &data, hw::Chip chip) {
  image::ImageData out = data;
  chip.crossbar->readout = hw::Crossbar::Readout::Ideal;
  chip.crossbar->programming = chip.crossbar->read = hw::Crossbar::Noise::None;
  chip.crossbar->driftSeconds = chip.crossbar->rowOhm = chip.crossbar->columnOhm = 0;
  chip.crossbar->selectsCells = false;
  out.chipText = hw::resolvedText(chip);
  out.crossbarRanges.clear();
  for (image::CrossbarRecord &record : out.crossbars) {
    record.firstRange = 0;
    record.rangeCount = 0;
  }
  return out;
}
} // namespace

Result<void> tools::calibrateMacros(image::ImageData &data, const hw::Chip &chip, const std::string &sampleFile, Context &context) {
  if (data.crossbarRanges.empty() || chip.crossbar->range == hw::Crossbar::Range::Fixed)
    return {};
  RANVIER_TRY(image::Image opened, image::fromData(withoutErrors(data, chip)));
  auto image = std::make_shared<const image::Image>(std::move(opened));
  Currents currents(data, *chip.crossbar);
  RANVIER_CHECK(runOnSamples(
      image, sampleFile, "compile: ranges of converters", context, [&] { currents.reset(); },
      [&](emu::Machine &at) { currents.observe(at); }));
  for (size_t m = 0; m < data.crossbars.size(); ++m)
    for (uint32_t slice = 0; slice < data.crossbars[m].rangeCount; ++slice) {
      image::CrossbarRangeRecord &range = data.crossbarRanges[data.crossbars[m].firstRange + slice];
      const double most = currents.most[m][slice];
      if (most > 0) // else nothing has been seen, and the chip's rule stands
        range = {.low = range.low < 0 ? -most : 0, .high = most};
    }
  return {};
}
