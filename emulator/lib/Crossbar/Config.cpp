//===- Config.cpp - What a crossbar may be asked for ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/Support/Text.h"
#include <cmath>

using namespace ranvier;
using namespace ranvier::emu;

static std::string shown(double value) { return decimal(value); }

static Error outOfRange(const std::string &key, const std::string &expected, const std::string &found) {
  return Error{
      .code = 7050, .message = "a value of the crossbar is out of range", .place = key, .expected = expected, .found = found};
}
static Error contradiction(const char *key, const std::string &expected, const std::string &found) {
  return Error{
      .code = 7051, .message = "the crossbar cannot have this together", .place = key, .expected = expected, .found = found};
}

static Result<void> validateDevice(const CrossbarConfig &c) {
  if (!(std::isfinite(c.minOhm) && c.minOhm > 0))
    return outOfRange("Rmin_ohm", "a positive number", shown(c.minOhm));
  if (!c.infiniteOnOff && !(std::isfinite(c.maxOhm) && c.maxOhm > c.minOhm))
    return outOfRange("Rmax_ohm", "a number above Rmin_ohm (" + shown(c.minOhm) + ")", shown(c.maxOhm));
  for (const auto &[key, value] : {std::pair("w_max", c.weightMax), std::pair("x_max", c.inputMax)})
    if (!(std::isfinite(value) && value > 0))
      return outOfRange(key, "a positive number", shown(value));
  for (const auto &[key, value] : {std::pair("Rp_row_ohm", c.wires.inputOhm), std::pair("Rp_col_ohm", c.wires.outputOhm)})
    if (!(std::isfinite(value) && value >= 0))
      return outOfRange(key, "0 or a positive number", shown(value));
  return {};
}

static Result<void> validateNoise(const CrossbarConfig &c) {
  for (const auto &[key, noise] : {std::pair("programming_error", &c.programming), std::pair("read_noise", &c.read)}) {
    const std::string at = key;
    if (!(std::isfinite(noise->sigma) && noise->sigma >= 0))
      return outOfRange(at + ".sigma", "0 or a positive number", shown(noise->sigma));
    if (noise->coefficients.size() > 8)
      return outOfRange(at + ".coefficients", "at most 8", std::to_string(noise->coefficients.size()));
    for (const double coefficient : noise->coefficients)
      if (!std::isfinite(coefficient))
        return outOfRange(at + ".coefficients", "finite numbers", shown(coefficient));
    if (noise->model == CrossbarNoise::Model::PhaseChange && !(std::isfinite(noise->seconds) && noise->seconds > 250e-9))
      return outOfRange(at + ".seconds", "more than 2.5e-07", shown(noise->seconds));
  }
  if (c.drift.compensated && !c.isPairs())
    return contradiction("drift.compensated", "a mapping to pairs", "single cells");
  if (!(std::isfinite(c.drift.seconds) && c.drift.seconds >= 0))
    return outOfRange("drift.seconds", "0 or a positive number", shown(c.drift.seconds));
  if (!(std::isfinite(c.drift.origin) && c.drift.origin > 0))
    return outOfRange("drift.origin", "a positive number", shown(c.drift.origin));
  for (const auto &[key, value] : {std::pair("drift.exponent", c.drift.exponent), std::pair("drift.spread", c.drift.spread)})
    if (!(value >= 0 && value <= 1))
      return outOfRange(key, "0..1", shown(value));
  for (const auto &[key, value] : {std::pair("faults.low", c.faults.lowRate), std::pair("faults.high", c.faults.highRate)})
    if (!(value >= 0 && value <= 1) || c.faults.lowRate + c.faults.highRate > 1)
      return outOfRange(key, "0..1, both together at most 1", shown(value));
  if (!(c.nonlinearity >= 0 && c.nonlinearity < 1))
    return outOfRange("nonlinearity", "0 to below 1", shown(c.nonlinearity));
  if (c.nonlinearity > 0 && c.hasWires())
    return contradiction("nonlinearity", "wires without resistance: only linear networks are solved", shown(c.nonlinearity));
  if (c.device > UINT32_MAX)
    return outOfRange("device", "0..4294967295", std::to_string(c.device));
  return {};
}

static Result<void> validateWeights(const CrossbarConfig &c) {
  if (c.isSliced()) {
    if (c.weightBits < 2 || c.weightBits > 16)
      return outOfRange("weight_bits", "2..16", std::to_string(c.weightBits));
    if (c.slices < 1 || c.weightBits % c.slices != 0)
      return outOfRange("num_slices", "a divisor of weight_bits (" + std::to_string(c.weightBits) + ")", std::to_string(c.slices));
    if (c.cellBits && c.cellBits != c.levelBits())
      return contradiction("cell_bits", "weight_bits / num_slices (" + std::to_string(c.levelBits()) + "), or none",
                           std::to_string(c.cellBits));
  } else {
    // An offset of one bit has one level less than two: none.
    const unsigned least = c.mapping == CrossbarConfig::Mapping::Offset ? 2 : 1;
    if (c.cellBits && (c.cellBits < least || c.cellBits > 14))
      return outOfRange("cell_bits", std::to_string(least) + "..14", std::to_string(c.cellBits));
  }
  if (c.twoSided && c.mapping != CrossbarConfig::Mapping::Pairs)
    return contradiction("two_sided", "mapping \"balanced\"", "another mapping");
  if (c.interleaved && !c.isPairs())
    return contradiction("interleaved", "a mapping to pairs", "single cells");
  if (c.unitColumn && c.mapping != CrossbarConfig::Mapping::Offset)
    return contradiction("unit_column", "mapping \"offset\"", "another mapping");
  return {};
}

static Result<void> validateInput(const CrossbarConfig &c) {
  const unsigned least = c.inputSigned ? 2 : 1;
  if (c.inputBits && (c.inputBits < least || c.inputBits > 16))
    return outOfRange("dac_bits", std::to_string(least) + "..16", std::to_string(c.inputBits));
  if (c.bitSerial && !c.inputBits)
    return contradiction("input_bitslicing", "dac_bits", "analogue inputs");
  if (c.bitSerial && c.inputSigned && c.converter != CrossbarConfig::Converter::Integer)
    return contradiction("input_bitslicing", "input_signed false", "signed inputs");
  if (c.convertEachBit && !c.bitSerial)
    return contradiction("adc_per_input_slice", "input_bitslicing", "inputs in one pass");
  if (c.wires.selectsCells && c.inputSigned)
    return contradiction("current_from_input", "input_signed false, since a cell is selected or not", "signed inputs");
  return {};
}

static Result<void> validateInteger(const CrossbarConfig &c) {
  if (!c.integer.isValid())
    return outOfRange("integer", "1..16 bits and a shift of 0..31",
                      std::to_string(c.integer.bits) + " bits, shift " + std::to_string(c.integer.shift));
  if (c.integerZero > c.integer.largestCode())
    return outOfRange("integer.zero", "0.." + std::to_string(c.integer.largestCode()), std::to_string(c.integerZero));
  if (!c.isPairs() || !c.levelBits())
    return contradiction("integer", "pairs of quantised cells", c.isPairs() ? "analogue cells" : "single cells");
  if (c.inputBits != 1 && !(c.bitSerial && c.convertEachBit))
    return contradiction("integer", "spikes, or bits with a conversion each", "other inputs");
  if (c.hasWires() || c.wires.selectsCells || c.programming.acts() || c.read.acts() || c.drift.acts() || c.faults.acts())
    return contradiction("integer", "cells without errors and wires without resistance", "others");
  if (!c.ranges.empty() || c.calibrated)
    return contradiction("integer", "no range", "one");
  return {};
}

static Result<void> validateThreshold(const CrossbarConfig &c) {
  const bool comparator = c.converter == CrossbarConfig::Converter::Comparator;
  if (!(std::isfinite(c.threshold) && (comparator || c.threshold > 0)))
    return outOfRange("threshold", comparator ? "a finite number" : "a positive number", shown(c.threshold));
  if (!comparator && (c.converterBits < 1 || c.converterBits > 24))
    return outOfRange("converterBits", "1..24", std::to_string(c.converterBits));
  if (!c.ranges.empty() || c.calibrated)
    return contradiction("threshold", "no range", "one");
  // One bit of a sum of several conversions would mean nothing.
  if (comparator && (c.sliceCount() > 1 || c.unitColumn || c.convertEachBit))
    return contradiction("comparator", "one conversion for each output", "slices, unit columns or bits converted apart");
  return {};
}

static Result<void> validateColumns(const CrossbarConfig &c) {
  if (!(std::isfinite(c.columnLimit) && c.columnLimit >= 0))
    return outOfRange("columnLimit", "0 or a positive number", shown(c.columnLimit));
  if (c.columnLimit > 0 && (c.converter == CrossbarConfig::Converter::Integer || (c.bitSerial && !c.convertEachBit)))
    return contradiction("columnLimit", "currents of one pass each, in no integer converter", "others");
  if (c.roundsAtRandom && c.converter != CrossbarConfig::Converter::Uniform &&
      c.converter != CrossbarConfig::Converter::SignMagnitude)
    return contradiction("roundsAtRandom", "converters with steps", "others, or none");
  return {};
}

static Result<void> validateConverter(const CrossbarConfig &c) {
  RANVIER_CHECK(validateColumns(c));
  if (c.converter == CrossbarConfig::Converter::None)
    return {};
  if (c.converter == CrossbarConfig::Converter::Integer)
    return validateInteger(c);
  if (c.converter == CrossbarConfig::Converter::IntegrateAndFire || c.converter == CrossbarConfig::Converter::Comparator)
    return validateThreshold(c);
  const unsigned least = c.converter == CrossbarConfig::Converter::SignMagnitude ? 2 : 1;
  if (c.converterBits < least || c.converterBits > 24)
    return outOfRange("adc_bits", std::to_string(least) + "..24", std::to_string(c.converterBits));
  if (c.calibrated && c.ranges.empty())
    return {};
  if (c.ranges.size() != 1 && c.ranges.size() != c.sliceCount())
    return outOfRange("adc_range",
                      c.sliceCount() == 1 ? "one range" : "one range, or " + std::to_string(c.sliceCount()) + " for the slices",
                      std::to_string(c.ranges.size()) + " ranges");
  for (const CrossbarConfig::Range &range : c.ranges)
    if (!(std::isfinite(range.low) && std::isfinite(range.high) && range.low < range.high))
      return outOfRange("adc_range", "two finite numbers, the lower one first",
                        std::string("[").append(shown(range.low)).append(", ").append(shown(range.high)).append("]"));
  return {};
}

Result<void> CrossbarConfig::validate() const {
  RANVIER_CHECK(validateDevice(*this));
  RANVIER_CHECK(validateNoise(*this));
  RANVIER_CHECK(validateWeights(*this));
  RANVIER_CHECK(validateInput(*this));
  RANVIER_CHECK(validateConverter(*this));
  return {};
}

const std::vector<CrossbarDevice> &emu::crossbarDevices() {
  // Standard deviations in uS; docs/spec/crossbar.md has the sources. Polynomials of r = g / Gmax are restated in g.
  static const std::vector<CrossbarDevice> devices = {
      {"RRAMWan", 39.26, {1.053, 0.2374, -1.167e-2, 1.536e-4}},
      {"RRAMMilo", 225, {4.782, -0.009107}},
      {"PCMJoshi", 25, {0.2864, 0.07586, -0.001788}},
      {"ReRamWan2022 1 s", 40, {0.348, 16.030 / 40, -43.853 / 1600, 45.393 / 64e3, -16.815 / 256e4}},
      {"ReRamWan2022 1 day", 40, {0.701, 22.086 / 40, -50.773 / 1600, 47.095 / 64e3, -16.458 / 256e4}},
      {"ReRamWan2022 2 days", 40, {0.782, 20.274 / 40, -43.507 / 1600, 37.062 / 64e3, -11.934 / 256e4}},
      {"PCM", 25, {0.26348, 1.9650 / 25, -1.1731 / 625}}};
  return devices;
}

std::vector<CrossbarConfig::Range> CrossbarConfig::worstCaseRanges(uint64_t rows) const {
  // Pairs that are one-sided differ by at most what the two ends of a cell do; single cells conduct from the least on.
  const double most = static_cast<double>(rows) * (isPairs() ? 1 - leastConductance() : 1);
  return std::vector<Range>(sliceCount(), {isPairs() || inputSigned ? -most : 0, most});
}

std::vector<CrossbarConfig::Range> CrossbarConfig::granularRanges() const {
  const double top = std::ldexp(1.0, static_cast<int>(levelBits())) - 1;
  const double steps = std::ldexp(1.0, static_cast<int>(converterBits)) - (converter == Converter::Uniform ? 1 : 2);
  const double span = steps * (1 - leastConductance()) / top;
  return std::vector<Range>(sliceCount(), isPairs() || inputSigned ? Range{-span / 2, span / 2} : Range{0, span});
}

double CrossbarConfig::offsetSpan() const {
  const double span = 1 - leastConductance();
  if (!cellBits)
    return span;
  const double top = std::ldexp(1.0, static_cast<int>(cellBits)) - 1;
  return span * (top - 1) / top;
}

std::vector<uint64_t> emu::crossbarParts(uint64_t count, uint64_t cap, bool fillTiles) {
  if (!cap || count <= cap)
    return {count};
  const uint64_t parts = (count + cap - 1) / cap;
  // round(count / parts) rounds ties to even, as every rounding here.
  const uint64_t size = fillTiles ? cap : static_cast<uint64_t>(std::nearbyint(double(count) / double(parts)));
  std::vector<uint64_t> sizes(parts, size);
  sizes.back() = count - size * (parts - 1);
  return sizes;
}
