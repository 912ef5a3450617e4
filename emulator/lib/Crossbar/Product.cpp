//===- Product.cpp - Currents, codes, sums --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernels.h"
#include "Noise.h"
#include "Tiles.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

using namespace ranvier;
using namespace ranvier::emu;

/// Kept over the products of a batch.
struct emu::CrossbarScratch::Parts {
  std::vector<double> volts;       ///< Where cells bend inputs: what linear ones would have to see.
  std::vector<double> x, currents; ///< Of all inputs; [pass][columns].
  std::vector<int16_t> levels;
  std::vector<int8_t> bytes;  ///< [stride]
  std::vector<int16_t> words; ///< [stride]
  std::vector<uint8_t> bits;  ///< [pass][stride]
  std::vector<int32_t> sums;  ///< [pass][columns]
  std::vector<uint32_t> active;
  std::vector<double> passScale; ///< Of each pass.
  std::vector<LadderStep> steps;
  std::vector<double> ladder;
  std::vector<CodeScale> codes;
  std::vector<double> zeros; ///< [inputs] 0 between products of rows.
};
emu::CrossbarScratch::CrossbarScratch() : parts(std::make_unique<Parts>()) {}
emu::CrossbarScratch::CrossbarScratch(CrossbarScratch &&) noexcept = default;
emu::CrossbarScratch &emu::CrossbarScratch::operator=(CrossbarScratch &&) noexcept = default;
emu::CrossbarScratch::~CrossbarScratch() = default;

namespace {
using Scratch = CrossbarScratch::Parts;

class Multiplier {
public:
  Multiplier(const CrossbarTiles &all, bool convert, Scratch &scratch)
      : all(all), config(all.config), kernels(crossbarKernels()), scratch(scratch) {
    converting = convert && config.converter != CrossbarConfig::Converter::None;
    inputTop = config.inputBits ? std::ldexp(1.0, static_cast<int>(config.inputBits - (config.inputSigned ? 1 : 0))) - 1 : 0;
    eachBit = config.bitSerial && config.convertEachBit;
    integer = converting && config.converter == CrossbarConfig::Converter::Integer;
    scratch.codes.clear();
    for (unsigned s = 0; s < config.sliceCount() && converting && !integer && !config.ranges.empty(); ++s) {
      const CrossbarConfig::Range &range = config.ranges[config.ranges.size() == 1 ? 0 : s];
      const double steps = std::ldexp(1.0, static_cast<int>(config.converterBits)) -
                           (config.converter == CrossbarConfig::Converter::Uniform ? 1 : 2);
      scratch.codes.push_back({range.low, steps / (range.high - range.low), steps, (range.high - range.low) / steps});
    }
    inputOhm = config.wires.inputOhm / config.minOhm;
    outputOhm = config.wires.outputOhm / config.minOhm;
    passes = eachBit ? config.inputBits : 1;
    scratch.passScale.assign(passes, 1);
    for (unsigned p = 0; p < passes && eachBit; ++p)
      scratch.passScale[p] = std::ldexp(1.0, static_cast<int>(p)) / inputTop;
    if (eachBit && config.inputSigned) // The highest bit of two's complement.
      scratch.passScale[passes - 1] *= -1;
  }

  /// What converters would see, of each slice, is added here, and nothing is converted.
  void observe(std::vector<std::vector<double>> &currents) {
    observed = &currents;
    converting = integer = false;
  }

  /// Product `which` of one tile with spikes on some rows: what run() gives, without a look at the others.
  void runRows(std::span<const uint32_t> active, double *y, uint64_t which) {
    number = static_cast<uint32_t>(which);
    conversions = 0;
    rows = &active;
    scratch.zeros.resize(all.inputs);
    for (const uint32_t j : active)
      scratch.zeros[j] = 1;
    volts = scratch.zeros.data();
    std::fill(y, y + all.outputs, 0.0);
    run(all.tiles.front(), y);
    for (const uint32_t j : active)
      scratch.zeros[j] = 0;
    rows = nullptr;
  }

  /// Product `which` of the array.
  Result<void> run(const double *given, double *y, uint64_t which) {
    number = static_cast<uint32_t>(which);
    conversions = 0;
    scratch.x.resize(all.inputs);
    scratch.levels.resize(all.inputs);
    kernels.drive(given, all.inputs, config.inputMax, lowest(), inputTop, scratch.x.data(),
                  all.form == CrossbarForm::Integer || config.bitSerial ? scratch.levels.data() : nullptr);
    if (all.form == CrossbarForm::Selected && !config.bitSerial)
      for (uint64_t j = 0; j < all.inputs; ++j)
        if (const double x = scratch.x[j]; x != 0 && x != 1)
          return Error{.code = 7054,
                       .message = "an input selects its cells or not, and this one does neither",
                       .place = "X[.., " + std::to_string(j) + "]",
                       .expected = "0 or full scale (" + decimal(config.inputMax) + "), dac_bits 1, or input_bitslicing",
                       .found = decimal(given[j])};
    volts = scratch.x.data();
    if (config.bendsInputs()) {
      scratch.volts.resize(all.inputs);
      for (uint64_t j = 0; j < all.inputs; ++j)
        scratch.volts[j] = scratch.x[j] * ((1 - config.nonlinearity) + config.nonlinearity * scratch.x[j] * scratch.x[j]);
      volts = scratch.volts.data();
    }
    std::fill(y, y + all.outputs, 0.0);
    for (const CrossbarTile &tile : all.tiles)
      run(tile, y + tile.firstOutput);
    return {};
  }

private:
  double lowest() const { return !config.inputSigned ? 0 : config.bitSerial ? -(inputTop + 1) / inputTop : -1; }

  /// Codes and their sum as integers; a factor alone makes user units of it.
  void runInteger(const CrossbarTile &tile, double *y) {
    uint32_t columnCodes[16] = {};
    for (unsigned s = 0; s < config.sliceCount(); ++s) {
      integerSums(tile, tile.slices[s]);
      for (uint64_t i = 0; i < tile.outputs; ++i) {
        for (unsigned p = 0; p < passes; ++p) // The highest bit first.
          columnCodes[passes - 1 - p] = config.integer.convert(scratch.sums[p * tile.columns + i]);
        y[i] +=
            all.integerSteps[s] * static_cast<double>(hw::shiftAdd({columnCodes, passes}, config.integerZero, config.inputSigned));
      }
    }
  }

  void convert(double *v, uint64_t count, unsigned slice) {
    if (config.converter == CrossbarConfig::Converter::IntegrateAndFire) {
      const double most = std::ldexp(1.0, static_cast<int>(config.converterBits)) - 1;
      for (uint64_t i = 0; i < count; ++i)
        v[i] = std::clamp(std::floor(v[i] / config.threshold), 0.0, most) * config.threshold;
    } else if (config.converter == CrossbarConfig::Converter::Comparator) {
      for (uint64_t i = 0; i < count; ++i)
        v[i] = v[i] > config.threshold ? 1 : 0;
    } else if (config.roundsAtRandom) {
      const CodeScale &code = scratch.codes[slice];
      for (uint64_t i = 0; i < count; ++i, ++conversions) {
        const double at = std::clamp((v[i] - code.low) * code.perUnit, 0.0, code.steps);
        const uint32_t word = streamWords(stream(CrossbarDraw::Conversion, conversions), 0)[0];
        v[i] = code.low + std::floor(at + word * 0x1p-32) * code.step;
      }
    } else {
      kernels.convert(v, count, scratch.codes[slice]);
    }
  }

  void run(const CrossbarTile &tile, double *y) {
    const uint64_t width = all.form == CrossbarForm::Integer ? tile.columns : tile.stride;
    scratch.currents.resize(passes * width);
    prepare(tile);
    if (integer)
      return runInteger(tile, y);
    for (unsigned s = 0; s < config.sliceCount(); ++s) {
      currents(tile, tile.slices[s]);
      for (unsigned p = 0; p < passes; ++p) {
        double *v = scratch.currents.data() + p * width;
        if (config.columnLimit > 0)
          for (uint64_t i = 0; i < tile.columns; ++i)
            v[i] = std::clamp(v[i], -config.columnLimit, config.columnLimit);
        if (observed)
          (*observed)[s].insert((*observed)[s].end(), v, v + tile.columns);
        if (converting)
          convert(v, tile.columns, s);
        if (converting && config.converter == CrossbarConfig::Converter::Comparator) {
          std::copy_n(v, tile.outputs, y);
          return;
        }
        const double unit = config.unitColumn ? v[tile.outputs] : 0;
        kernels.accumulate(v, tile.outputs, all.sliceScale[s] * tile.slices[s].gain * scratch.passScale[p], unit, y);
      }
    }
    if (all.inputScale != 0) {
      const double *x = scratch.x.data() + tile.firstInput;
      const double driven = rows ? static_cast<double>(rows->size()) : std::accumulate(x, x + tile.inputs, 0.0);
      const double shift = all.inputScale * driven;
      for (uint64_t i = 0; i < tile.outputs; ++i)
        y[i] -= shift;
    }
  }

  /// Inputs of a tile in the form its slices want.
  void prepare(const CrossbarTile &tile) {
    if (all.form != CrossbarForm::Integer && !eachBit && !(all.form == CrossbarForm::Selected && config.bitSerial))
      return;
    if (rows) {
      scratch.active.assign(rows->begin(), rows->end());
      return;
    }
    const int16_t *levels = scratch.levels.data() + tile.firstInput;
    if (all.form != CrossbarForm::Integer) {
      scratch.words.assign(levels, levels + tile.inputs);
      return;
    }
    if (all.spikes) {
      scratch.active.clear();
      for (uint32_t j = 0; j < tile.inputs; ++j)
        if (levels[j])
          scratch.active.push_back(j);
      return;
    }
    const bool bytes = !tile.slices[0].bytes.empty(), words = !allBytes(tile);
    if (eachBit) {
      scratch.bits.resize(passes * tile.stride);
      for (unsigned p = 0; p < passes; ++p) {
        uint8_t *bits = scratch.bits.data() + p * tile.stride;
        for (uint64_t j = 0; j < tile.inputs; ++j)
          bits[j] = (static_cast<uint16_t>(levels[j]) >> p) & 1;
        std::fill(bits + tile.inputs, bits + tile.stride, uint8_t(0));
      }
      return;
    }
    if (bytes || !words) {
      scratch.bytes.resize(tile.stride);
      for (uint64_t j = 0; j < tile.inputs; ++j)
        scratch.bytes[j] = static_cast<int8_t>(levels[j]);
      std::fill(scratch.bytes.begin() + static_cast<ptrdiff_t>(tile.inputs), scratch.bytes.end(), int8_t(0));
    }
    if (words) {
      scratch.words.resize(tile.stride);
      std::copy(levels, levels + tile.inputs, scratch.words.begin());
      std::fill(scratch.words.begin() + static_cast<ptrdiff_t>(tile.inputs), scratch.words.end(), int16_t(0));
    }
  }
  static bool allBytes(const CrossbarTile &tile) {
    return std::none_of(tile.slices.begin(), tile.slices.end(), [](const CrossbarSlice &s) { return s.bytes.empty(); });
  }

  /// scratch.currents of every pass.
  void currents(const CrossbarTile &tile, const CrossbarSlice &slice) {
    if (all.form == CrossbarForm::Integer)
      integerCurrents(tile, slice);
    else if (all.form == CrossbarForm::Noisy)
      noisyCurrents(tile, slice);
    else if (config.read.acts())
      reread(tile, slice);
    else
      steadyCurrents(tile, slice);
  }

  void steadyCurrents(const CrossbarTile &tile, const CrossbarSlice &slice) {
    if (all.form == CrossbarForm::Selected)
      selectedCurrents(tile, slice);
    else
      linearCurrents(tile, slice);
  }

  /// Whether the driven rows are given.
  bool takeRows() {
    if (rows)
      scratch.active.assign(rows->begin(), rows->end());
    return rows != nullptr;
  }

  /// Of what is drawn for this product alone.
  CrossbarStream stream(CrossbarDraw draw, uint32_t first) const {
    return {.seed = config.seed ^ (config.device * 0x9E3779B97F4A7C15u), .draw = draw, .step = number, .first = first};
  }
  /// The array as it is in this product alone.
  void reread(const CrossbarTile &tile, const CrossbarSlice &slice) {
    CrossbarSlice now{.positive = slice.positive, .negative = slice.negative};
    disturb(now.positive, now.negative, config.read, 1e6 / config.minOhm, stream(CrossbarDraw::Read, slice.firstEntity),
            noiseLimits(config));
    if (all.form == CrossbarForm::Linear)
      setEffective(now, tile, config);
    steadyCurrents(tile, now);
  }
  /// Rows at 0 carry no current, so nobody sees their noise.
  void noisyCurrents(const CrossbarTile &tile, const CrossbarSlice &slice) {
    const double *x = volts + tile.firstInput;
    if (!takeRows()) {
      scratch.active.clear();
      for (uint32_t j = 0; j < tile.inputs; ++j)
        if (x[j] != 0)
          scratch.active.push_back(j);
    }
    noisyProduct(*slice.noisy, config.read, stream(CrossbarDraw::Read, slice.firstEntity), scratch.active.data(),
                 scratch.active.size(), x, tile.stride, scratch.currents.data());
  }

  /// scratch.sums of every pass.
  void integerSums(const CrossbarTile &tile, const CrossbarSlice &slice) {
    scratch.sums.resize(std::max(passes * tile.columns, all.spikes ? tile.stride : 0));
    int32_t *sums = scratch.sums.data();
    const bool bytes = !slice.bytes.empty();
    if (all.spikes) {
      const uint64_t count = scratch.active.size();
      if (bytes)
        kernels.addRows(slice.bytes.data(), scratch.active.data(), count, tile.stride, sums);
      else
        kernels.addWordRows(slice.words.data(), scratch.active.data(), count, tile.stride, sums);
    } else if (eachBit && bytes) {
      kernels.dotBits(slice.bytes.data(), scratch.bits.data(), tile.stride, tile.columns, passes, sums);
    } else if (eachBit) {
      scratch.words.resize(tile.stride);
      for (unsigned p = 0; p < passes; ++p) {
        std::copy_n(scratch.bits.begin() + static_cast<ptrdiff_t>(p * tile.stride), tile.stride, scratch.words.begin());
        kernels.dotWords(slice.words.data(), scratch.words.data(), tile.stride, tile.columns, sums + p * tile.columns);
      }
    } else if (bytes) {
      kernels.dotBytes(slice.bytes.data(), scratch.bytes.data(), tile.stride, tile.columns, sums);
    } else {
      kernels.dotWords(slice.words.data(), scratch.words.data(), tile.stride, tile.columns, sums);
    }
  }

  void integerCurrents(const CrossbarTile &tile, const CrossbarSlice &slice) {
    integerSums(tile, slice);
    const int32_t *sums = scratch.sums.data();
    const int16_t *levels = scratch.levels.data() + tile.firstInput;
    for (unsigned p = 0; p < passes; ++p) {
      int64_t driven = rows ? static_cast<int64_t>(rows->size()) : 0;
      for (uint64_t j = 0; j < tile.inputs && all.levelFloor > 0 && !rows; ++j)
        driven += eachBit ? (static_cast<uint16_t>(levels[j]) >> p) & 1 : levels[j];
      const double unit = eachBit ? 1 : inputTop;
      kernels.scale(sums + p * tile.columns, tile.columns, all.levelScale / unit,
                    all.levelFloor * static_cast<double>(driven) / unit, scratch.currents.data() + p * tile.columns);
    }
  }

  void linearCurrents(const CrossbarTile &tile, const CrossbarSlice &slice) {
    const double *x = volts + tile.firstInput;
    for (unsigned p = 0; p < passes; ++p) {
      double *v = scratch.currents.data() + p * tile.stride;
      if (eachBit || all.spikes) {
        const bool taken = takeRows();
        if (!taken)
          scratch.active.clear();
        for (uint32_t j = 0; j < tile.inputs && !taken; ++j)
          if (eachBit ? (static_cast<uint16_t>(scratch.words[j]) >> p) & 1 : x[j] != 0)
            scratch.active.push_back(j);
        kernels.linearRows(slice.effective.data(), scratch.active.data(), scratch.active.size(), tile.inputs, tile.stride,
                           slice.effectiveUnit, v);
      } else {
        kernels.linear(slice.effective.data(), x, tile.inputs, tile.stride, slice.effectiveUnit, v);
      }
    }
  }

  /// Each bit selects cells of its own, so each is a network of its own, converted or not.
  void selectedCurrents(const CrossbarTile &tile, const CrossbarSlice &slice) {
    const unsigned bits = config.bitSerial ? config.inputBits : 1;
    scratch.ladder.resize(tile.stride);
    std::fill(scratch.currents.begin(), scratch.currents.end(), 0.0);
    for (unsigned bit = 0; bit < bits; ++bit) {
      scratch.steps.clear();
      uint64_t passed = 0;
      const uint64_t candidates = rows ? rows->size() : tile.inputs;
      for (uint64_t k = 0; k < candidates; ++k) {
        const uint64_t j = rows ? (*rows)[k] : k;
        const bool on = rows               ? true
                        : config.bitSerial ? (static_cast<uint16_t>(scratch.words[j]) >> bit) & 1
                                           : scratch.x[tile.firstInput + j] != 0;
        if (!on)
          continue;
        // The first cell on is behind j + 1 segments of the source line; before it the output line carries nothing.
        const double source = static_cast<double>(j + 1 - passed), output = static_cast<double>(passed ? j + 1 - passed : 0);
        scratch.steps.push_back({j, source * inputOhm, output * outputOhm});
        passed = j + 1;
      }
      const double last = static_cast<double>(tile.inputs + 1 - passed) * outputOhm;
      double *v = scratch.currents.data() + (eachBit ? bit : 0) * tile.stride, *now = scratch.ladder.data();
      const double weight = eachBit || !config.bitSerial ? 1 : std::ldexp(1.0, static_cast<int>(bit)) / inputTop;
      const LadderStep *steps = scratch.steps.data();
      const uint64_t count = scratch.steps.size();
      if (config.interleaved) {
        kernels.pairLadder(slice.positive.data(), slice.negative.data(), steps, count, last, tile.stride, now);
        kernels.accumulate(now, tile.stride, weight, 0, v);
        continue;
      }
      kernels.ladder(slice.positive.data(), steps, count, last, tile.stride, now);
      kernels.accumulate(now, tile.stride, weight, 0, v);
      if (slice.negative.empty())
        continue;
      kernels.ladder(slice.negative.data(), steps, count, last, tile.stride, now);
      kernels.accumulate(now, tile.stride, -weight, 0, v);
    }
  }

  const CrossbarTiles &all;
  const CrossbarConfig &config;
  const CrossbarKernels &kernels;
  Scratch &scratch;
  bool converting = false, eachBit = false, integer = false;
  std::vector<std::vector<double>> *observed = nullptr;
  double inputTop = 0, inputOhm = 0, outputOhm = 0; ///< Ohm: relative to minOhm.
  unsigned passes = 1;
  uint32_t number = 0;                             ///< Of the product.
  uint32_t conversions = 0;                        ///< In it so far, where each draws a number.
  const double *volts = nullptr;                   ///< Of all inputs.
  const std::span<const uint32_t> *rows = nullptr; ///< Those driven, if they are given.
};

Result<void> checkInputs(std::span<const double> x, uint64_t inputs) {
  uint64_t bad = 0;
  for (const double value : x)
    bad |= (std::bit_cast<uint64_t>(value) & 0x7FF0000000000000u) == 0x7FF0000000000000u;
  if (!bad)
    return {};
  const size_t at = static_cast<size_t>(std::find_if(x.begin(), x.end(), [](double v) { return !std::isfinite(v); }) - x.begin());
  return Error{.code = 7053,
               .message = "an input is no finite number",
               .place = "X[" + std::to_string(at / inputs) + ", " + std::to_string(at % inputs) + "]",
               .expected = "a finite number",
               .found = std::isnan(x[at]) ? "nan"
                        : x[at] > 0       ? "inf"
                                          : "-inf"};
}

Error notCalibrated(const std::string &expected, const std::string &found) {
  return Error{.code = 7056,
               .message = "the converters of a crossbar are not calibrated",
               .place = "calibrate",
               .expected = expected,
               .found = found};
}

Result<void> multiply(const CrossbarTiles &tiles, std::span<const double> x, std::span<double> y, uint64_t number, bool convert) {
  RANVIER_ASSERT(x.size() % tiles.inputs == 0 && y.size() == x.size() / tiles.inputs * tiles.outputs,
                 "vectors of " + std::to_string(tiles.inputs) + " inputs and " + std::to_string(tiles.outputs) + " outputs");
  RANVIER_CHECK(checkInputs(x, tiles.inputs));
  if (convert && tiles.config.calibrated && tiles.config.ranges.empty())
    return notCalibrated("ranges of converters", "none yet");
  Scratch scratch;
  Multiplier multiplier(tiles, convert, scratch);
  for (uint64_t v = 0; v < x.size() / tiles.inputs; ++v)
    RANVIER_CHECK(multiplier.run(x.data() + v * tiles.inputs, y.data() + v * tiles.outputs, number + v));
  return {};
}
} // namespace

Result<void> CrossbarArray::product(std::span<const double> x, std::span<double> y, uint64_t number) const {
  return multiply(*tiles, x, y, number, true);
}
void CrossbarArray::productOfRows(std::span<const uint32_t> active, std::span<double> y, uint64_t number,
                                  CrossbarScratch &scratch) const {
  RANVIER_ASSERT(tiles->tiles.size() == 1 && tiles->config.inputBits == 1 && !tiles->config.inputSigned &&
                     !tiles->config.bitSerial && y.size() == tiles->outputs,
                 "spikes for one tile");
  Multiplier(*tiles, true, *scratch.parts).runRows(active, y.data(), number);
}
Result<void> CrossbarArray::analogueProduct(std::span<const double> x, std::span<double> y, uint64_t number) const {
  return multiply(*tiles, x, y, number, false);
}

Result<void> CrossbarArray::calibrate(std::span<const double> samples, double share, uint64_t number) {
  CrossbarConfig &config = tiles->config;
  if (config.converter != CrossbarConfig::Converter::Uniform && config.converter != CrossbarConfig::Converter::SignMagnitude)
    return notCalibrated("converters with a range", "others, or none");
  if (!(share > 0 && share <= 1))
    return notCalibrated("a share above 0, of at most 1", decimal(share));
  if (samples.empty() || samples.size() % tiles->inputs != 0)
    return notCalibrated("vectors of " + std::to_string(tiles->inputs) + " inputs", std::to_string(samples.size()) + " values");
  RANVIER_CHECK(checkInputs(samples, tiles->inputs));
  std::vector<std::vector<double>> currents(config.sliceCount());
  Scratch scratch;
  Multiplier multiplier(*tiles, true, scratch);
  multiplier.observe(currents);
  std::vector<double> y(tiles->outputs);
  for (uint64_t v = 0; v < samples.size() / tiles->inputs; ++v)
    RANVIER_CHECK(multiplier.run(samples.data() + v * tiles->inputs, y.data(), number + v));
  std::vector<CrossbarConfig::Range> ranges;
  for (std::vector<double> &of : currents) {
    std::sort(of.begin(), of.end());
    const size_t out = static_cast<size_t>((1 - share) / 2 * static_cast<double>(of.size()));
    CrossbarConfig::Range range{of[out], of[of.size() - 1 - out]};
    if (config.converter == CrossbarConfig::Converter::SignMagnitude) // 0 has to be a code.
      range = {-std::max(std::abs(range.low), std::abs(range.high)), std::max(std::abs(range.low), std::abs(range.high))};
    if (!(range.low < range.high))
      return notCalibrated("currents that differ", decimal(range.low) + " in all columns");
    ranges.push_back(range);
  }
  config.ranges = std::move(ranges);
  return {};
}
