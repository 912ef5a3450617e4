//===- FromChip.cpp - Macros of a chip as crossbars -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/CrossbarChip.h"
#include <algorithm>
#include <string_view>

using namespace ranvier;
using namespace ranvier::emu;

static CrossbarNoise noiseOf(hw::Crossbar::Noise model, double sigma) {
  const auto device = [](std::string_view name) {
    const auto &all = crossbarDevices();
    const auto at = std::find_if(all.begin(), all.end(), [&](const CrossbarDevice &one) { return one.name == name; });
    RANVIER_ASSERT(at != all.end(), "a device of the list");
    return CrossbarNoise{.model = CrossbarNoise::Model::Polynomial, .sigma = 0, .coefficients = at->coefficients};
  };
  switch (model) {
  case hw::Crossbar::Noise::None:
    return {};
  case hw::Crossbar::Noise::Independent:
    return {.model = CrossbarNoise::Model::Independent, .sigma = sigma, .coefficients = {}};
  case hw::Crossbar::Noise::Proportional:
    return {.model = CrossbarNoise::Model::Proportional, .sigma = sigma, .coefficients = {}};
  case hw::Crossbar::Noise::RramWan:
    return device("RRAMWan");
  case hw::Crossbar::Noise::RramMilo:
    return device("RRAMMilo");
  case hw::Crossbar::Noise::PcmJoshi:
    return device("PCMJoshi");
  case hw::Crossbar::Noise::ReramWan1s:
    return device("ReRamWan2022 1 s");
  case hw::Crossbar::Noise::ReramWan1Day:
    return device("ReRamWan2022 1 day");
  case hw::Crossbar::Noise::ReramWan2Days:
    return device("ReRamWan2022 2 days");
  case hw::Crossbar::Noise::Pcm:
    return device("PCM");
  }
  return {};
}

CrossbarConfig emu::crossbarConfig(const hw::Crossbar &crossbar) {
  using Config = CrossbarConfig;
  CrossbarConfig config;
  config.minOhm = crossbar.onOhm;
  config.infiniteOnOff = crossbar.offOhm == 0;
  if (crossbar.offOhm > 0)
    config.maxOhm = crossbar.offOhm;
  config.weightMax = crossbar.largestWeight();
  switch (crossbar.form) {
  case hw::Crossbar::Form::Pair:
  case hw::Crossbar::Form::TwoSidedPair:
    config.mapping = Config::Mapping::Pairs;
    config.twoSided = crossbar.form == hw::Crossbar::Form::TwoSidedPair;
    break;
  case hw::Crossbar::Form::Offset:
    config.mapping = Config::Mapping::Offset;
    break;
  case hw::Crossbar::Form::SlicedPair:
    config.mapping = Config::Mapping::SlicedPairs;
    break;
  case hw::Crossbar::Form::SlicedOffset:
    config.mapping = Config::Mapping::SlicedOffset;
    break;
  }
  if (crossbar.isSliced()) {
    config.weightBits = crossbar.weightBits;
    config.slices = crossbar.slices;
  } else {
    config.cellBits = crossbar.cellBits;
  }
  config.interleaved = crossbar.interleaved;
  config.unitColumn = crossbar.unitColumn;
  config.inputBits = 1;
  config.inputSigned = false;
  config.converterBits = crossbar.adcBits;
  switch (crossbar.readout) {
  case hw::Crossbar::Readout::Ideal:
    config.converter = Config::Converter::None;
    break;
  case hw::Crossbar::Readout::Adc:
    config.converter = Config::Converter::Uniform;
    break;
  case hw::Crossbar::Readout::SignMagnitudeAdc:
    config.converter = Config::Converter::SignMagnitude;
    break;
  case hw::Crossbar::Readout::IntegerAdc:
    config.converter = Config::Converter::Integer;
    config.integer = {.offset = static_cast<int32_t>(crossbar.adcOffset), .shift = crossbar.adcShift, .bits = crossbar.adcBits};
    config.integerZero = crossbar.adcZero;
    break;
  case hw::Crossbar::Readout::IntegrateAndFire:
    config.converter = Config::Converter::IntegrateAndFire;
    config.threshold = crossbar.threshold;
    break;
  }
  config.programming = noiseOf(crossbar.programming, crossbar.programmingSigma);
  config.read = noiseOf(crossbar.read, crossbar.readSigma);
  config.drift = {.seconds = crossbar.driftSeconds,
                  .origin = crossbar.driftOrigin,
                  .exponent = crossbar.driftExponent,
                  .spread = crossbar.driftSpread,
                  .phaseChange = crossbar.driftPhaseChange};
  config.seed = crossbar.seed;
  config.wires = {.inputOhm = crossbar.rowOhm, .outputOhm = crossbar.columnOhm, .selectsCells = crossbar.selectsCells};
  return config;
}
