//===- Mapping.cpp - Weights to conductances ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/spec/crossbar.md, "Weights". Every level is found by one rounding to nearest, ties to even.
//===----------------------------------------------------------------------===//
#include "Mapping.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::emu;

namespace {
class Mapper {
public:
  Mapper(const CrossbarConfig &config, unsigned slice)
      : config(config), slice(slice), g0(config.leastConductance()), dg(1 - g0),
        top(config.levelBits() ? std::ldexp(1.0, static_cast<int>(config.levelBits())) - 1 : 0),
        sliceTop(std::ldexp(1.0, static_cast<int>(config.weightBits) - 1) - 1) {}

  /// Conductances, and the difference of levels, of a weight in [-1, 1].
  void map(double w, double &positive, double &negative, int16_t &level) const {
    switch (config.mapping) {
    case CrossbarConfig::Mapping::Pairs:
      return pair(w, positive, negative, level);
    case CrossbarConfig::Mapping::Offset: {
      const double span = config.offsetSpan();
      return cell(1 - span + span * (w + 1) / 2, positive, level);
    }
    case CrossbarConfig::Mapping::SlicedPairs: {
      const int64_t k = static_cast<int64_t>(std::nearbyint(w * sliceTop));
      const int64_t digit = digitOf(std::abs(k));
      level = static_cast<int16_t>(k < 0 ? -digit : digit);
      positive = g0 + dg * static_cast<double>(k > 0 ? digit : 0) / top;
      negative = g0 + dg * static_cast<double>(k < 0 ? digit : 0) / top;
      return;
    }
    case CrossbarConfig::Mapping::SlicedOffset: {
      const int64_t digit = digitOf(static_cast<int64_t>(std::nearbyint(w * sliceTop + sliceTop + 1)));
      level = static_cast<int16_t>(digit);
      positive = g0 + dg * static_cast<double>(digit) / top;
      return;
    }
    }
  }

  double conductance(uint8_t level) const { return g0 + dg * level / top; }

private:
  int64_t digitOf(int64_t k) const {
    const unsigned bits = config.levelBits();
    return (k >> (bits * slice)) & ((int64_t(1) << bits) - 1);
  }
  void cell(double conductance, double &out, int16_t &level) const {
    if (!top) {
      out = conductance;
      return;
    }
    const double at = std::nearbyint((conductance - g0) / dg * top);
    level = static_cast<int16_t>(at);
    out = g0 + dg * at / top;
  }
  void pair(double w, double &positive, double &negative, int16_t &level) const {
    int16_t up = 0, down = 0;
    if (config.twoSided) {
      cell(g0 + dg * (1 + w) / 2, positive, up);
      cell(g0 + dg * (1 - w) / 2, negative, down);
    } else {
      cell(g0 + dg * std::max(w, 0.0), positive, up);
      cell(g0 + dg * std::max(-w, 0.0), negative, down);
    }
    level = static_cast<int16_t>(up - down);
  }

  const CrossbarConfig &config;
  unsigned slice;
  double g0, dg, top, sliceTop;
};
} // namespace

CrossbarCells emu::mapWeights(const CrossbarConfig &config, std::span<const double> weights, uint64_t allInputs,
                              const CrossbarTile &tile, unsigned slice) {
  const Mapper mapper(config, slice);
  const uint64_t cells = tile.inputs * tile.columns;
  CrossbarCells out;
  out.positive.resize(cells);
  if (config.isPairs())
    out.negative.resize(cells);
  if (config.levelBits())
    out.levels.resize(cells);
  double unused = 0;
  int16_t unusedLevel = 0;
  for (uint64_t j = 0; j < tile.inputs; ++j)
    for (uint64_t i = 0; i < tile.columns; ++i) {
      // The unit column is the last one.
      const double weight = i < tile.outputs ? weights[(tile.firstOutput + i) * allInputs + tile.firstInput + j] : 0;
      const double w = std::clamp(weight, -config.weightMax, config.weightMax) / config.weightMax;
      const uint64_t at = j * tile.columns + i;
      mapper.map(w, out.positive[at], out.negative.empty() ? unused : out.negative[at],
                 out.levels.empty() ? unusedLevel : out.levels[at]);
    }
  return out;
}

CrossbarCells emu::mapLevels(const CrossbarConfig &config, std::span<const uint8_t> levels, const CrossbarTile &tile,
                             unsigned slice) {
  const Mapper mapper(config, slice);
  const uint64_t cells = tile.inputs * tile.columns, polarities = config.isPairs() ? 2 : 1;
  CrossbarCells out;
  out.positive.resize(cells);
  out.levels.resize(cells);
  if (config.isPairs())
    out.negative.resize(cells);
  double unused = 0;
  for (uint64_t j = 0; j < tile.inputs; ++j)
    for (uint64_t i = 0; i < tile.columns; ++i) {
      const uint64_t at = j * tile.columns + i;
      if (i == tile.outputs) {
        mapper.map(0, out.positive[at], unused, out.levels[at]);
        continue;
      }
      const uint8_t *given = levels.data() + ((j * tile.outputs + i) * config.sliceCount() + slice) * polarities;
      out.positive[at] = mapper.conductance(given[0]);
      out.levels[at] = given[0];
      if (polarities == 2) {
        out.negative[at] = mapper.conductance(given[1]);
        out.levels[at] = static_cast<int16_t>(given[0] - given[1]);
      }
    }
  return out;
}

void emu::setScales(CrossbarTiles &tiles) {
  const CrossbarConfig &config = tiles.config;
  const double g0 = config.leastConductance(), dg = 1 - g0, full = config.weightMax * config.inputMax;
  const double top = config.levelBits() ? std::ldexp(1.0, static_cast<int>(config.levelBits())) - 1 : 1;
  const double weightTop = std::ldexp(1.0, static_cast<int>(config.weightBits) - 1) - 1;
  tiles.levelScale = dg / top;
  tiles.levelFloor = config.isPairs() ? 0 : g0;
  tiles.sliceScale.assign(config.sliceCount(), 0);
  tiles.inputScale = 0;
  switch (config.mapping) {
  case CrossbarConfig::Mapping::Pairs:
    tiles.sliceScale[0] = full / dg;
    break;
  case CrossbarConfig::Mapping::Offset: {
    const double span = config.offsetSpan();
    tiles.sliceScale[0] = 2 * full / span;
    tiles.inputScale = config.unitColumn ? 0 : tiles.sliceScale[0] * (1 - span / 2);
    break;
  }
  case CrossbarConfig::Mapping::SlicedPairs:
  case CrossbarConfig::Mapping::SlicedOffset:
    for (unsigned s = 0; s < config.slices; ++s) {
      tiles.sliceScale[s] = full * top * std::ldexp(1.0, static_cast<int>(config.levelBits() * s)) / (dg * weightTop);
      if (config.mapping == CrossbarConfig::Mapping::SlicedOffset)
        tiles.inputScale += tiles.sliceScale[s] * g0;
    }
    if (config.mapping == CrossbarConfig::Mapping::SlicedOffset)
      tiles.inputScale += full * (weightTop + 1) / weightTop;
  }
}

/// Of one code of an integer converter, of the least bit.
static std::vector<double> integerSteps(const CrossbarTiles &tiles) {
  const CrossbarConfig &config = tiles.config;
  const double inputTop = std::ldexp(1.0, static_cast<int>(config.inputBits - (config.inputSigned ? 1 : 0))) - 1;
  std::vector<double> out;
  for (const double scale : tiles.sliceScale)
    out.push_back(std::ldexp(scale * tiles.levelScale / inputTop, static_cast<int>(config.integer.shift)));
  return out;
}

std::vector<double> CrossbarConfig::outputSteps() const {
  if (converter == Converter::None || (calibrated && ranges.empty()))
    return {};
  CrossbarTiles scales;
  scales.config = *this;
  setScales(scales);
  if (converter == Converter::Comparator)
    return {1};
  const double steps = std::ldexp(1.0, static_cast<int>(converterBits)) - (converter == Converter::Uniform ? 1 : 2);
  if (converter == Converter::Integer)
    return integerSteps(scales);
  const double least = bitSerial && convertEachBit ? std::ldexp(1.0, static_cast<int>(inputBits)) - 1 : 1;
  std::vector<double> out;
  for (unsigned s = 0; s < sliceCount(); ++s) {
    if (converter == Converter::IntegrateAndFire) {
      out.push_back(scales.sliceScale[s] * threshold / least);
      continue;
    }
    const Range &range = ranges[ranges.size() == 1 ? 0 : s];
    out.push_back(scales.sliceScale[s] * (range.high - range.low) / steps / least);
  }
  return out;
}
