//===- CrossbarSchema.cpp - The keys of a section 'crossbar' --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CrossbarSchema.h"
#include <type_traits>

namespace ranvier::hw::detail {
namespace {
using Kind = CrossbarField::Kind;

template <auto Member> double get(const Crossbar &crossbar) { return static_cast<double>(crossbar.*Member); }
template <auto Member> void set(Crossbar &crossbar, double value) {
  auto &target = crossbar.*Member;
  target = static_cast<std::remove_reference_t<decltype(target)>>(value);
}
template <auto Member> CrossbarField integer(const char *key, double min, double max) {
  return {key, Kind::Integer, min, max, false, false, nullptr, get<Member>, set<Member>};
}
template <auto Member> CrossbarField real(const char *key, double min, double max, bool aboveMin = false) {
  return {key, Kind::Real, min, max, aboveMin, false, nullptr, get<Member>, set<Member>};
}
template <auto Member> CrossbarField flag(const char *key) {
  return {key, Kind::Switch, 0, 1, false, false, nullptr, get<Member>, set<Member>};
}
template <auto Member> CrossbarField word(const char *key, const std::vector<std::string> &words) {
  return {key, Kind::Word, 0, 0, false, false, &words, get<Member>, set<Member>};
}

const std::vector<std::string> formWords = {"pair", "pair_two_sided", "offset", "sliced_pair", "sliced_offset"};
const std::vector<std::string> readoutWords = {"ideal", "adc", "sign_magnitude_adc", "integer_adc", "integrate_and_fire"};
const std::vector<std::string> rangeWords = {"weights", "fixed"};
const std::vector<std::string> noiseWords = {"none",      "independent",  "proportional",   "rram_wan",        "rram_milo",
                                             "pcm_joshi", "reram_wan_1s", "reram_wan_1day", "reram_wan_2days", "pcm"};
constexpr double mostLines = 4096; ///< In either direction: a macro of so many takes a few hundred megabytes to program.
} // namespace

std::span<const CrossbarField> crossbarFields() {
  static const std::vector<CrossbarField> fields = [] {
    std::vector<CrossbarField> list = {
        word<&Crossbar::form>("cells_per_weight", formWords),
        integer<&Crossbar::inputs>("inputs", 1, mostLines),
        integer<&Crossbar::outputs>("outputs", 1, mostLines),
        integer<&Crossbar::cellBits>("cell_bits", 1, 8),
        integer<&Crossbar::weightBits>("weight_bits", 2, 16),
        integer<&Crossbar::slices>("slices", 1, 16),
        flag<&Crossbar::interleaved>("interleaved"),
        flag<&Crossbar::unitColumn>("unit_column"),
        real<&Crossbar::onOhm>("r_on_ohm", 0, 1e12, true),
        real<&Crossbar::offOhm>("r_off_ohm", 0, 1e15, true),
        word<&Crossbar::readout>("readout", readoutWords),
        integer<&Crossbar::adcBits>("adc_bits", 1, 16),
        word<&Crossbar::range>("adc_range", rangeWords),
        real<&Crossbar::rangeShare>("adc_share", 0, 1, true),
        real<&Crossbar::fullScale>("adc_full_scale", 0, 1e6),
        integer<&Crossbar::adcOffset>("adc_offset", 0, 2147483647),
        integer<&Crossbar::adcShift>("adc_shift", 0, 31),
        integer<&Crossbar::adcZero>("adc_zero", 0, 65535),
        real<&Crossbar::threshold>("threshold", 0, 1e6, true),
        word<&Crossbar::programming>("programming_error", noiseWords),
        real<&Crossbar::programmingSigma>("programming_sigma", 0, 10),
        word<&Crossbar::read>("read_noise", noiseWords),
        real<&Crossbar::readSigma>("read_sigma", 0, 10),
        real<&Crossbar::driftSeconds>("drift_s", 0, 1e12),
        real<&Crossbar::driftOrigin>("drift_origin_s", 0, 1e12, true),
        real<&Crossbar::driftExponent>("drift_exponent", 0, 1),
        real<&Crossbar::driftSpread>("drift_spread", 0, 1),
        flag<&Crossbar::driftPhaseChange>("drift_phase_change"),
        integer<&Crossbar::seed>("seed", 0, 9007199254740992.0),
        real<&Crossbar::rowOhm>("row_ohm", 0, 1e9),
        real<&Crossbar::columnOhm>("column_ohm", 0, 1e9),
        flag<&Crossbar::selectsCells>("selects_cells"),
    };
    for (CrossbarField &field : list)
      field.mayBeUnlimited = std::string(field.key) == "r_off_ohm";
    return list;
  }();
  return fields;
}

std::optional<CrossbarConflict> crossbarConflict(const Crossbar &c) {
  const auto text = [](auto value) { return std::to_string(value); };
  using Readout = Crossbar::Readout;
  if (c.isSliced() && c.weightBits % c.slices != 0)
    return CrossbarConflict{"slices", "a divisor of weight_bits = " + text(c.weightBits), text(c.slices)};
  if (c.levelBits() > 8)
    return CrossbarConflict{"slices", "cells of at most 8 bits (weight_bits / slices)", text(c.levelBits()) + " bits"};
  if (c.form == Crossbar::Form::Offset && c.cellBits < 2)
    return CrossbarConflict{"cell_bits", "at least 2 in single cells, of which one level is lost", text(c.cellBits)};
  if (c.unitColumn && c.form != Crossbar::Form::Offset)
    return CrossbarConflict{"unit_column", "cells_per_weight offset", "another"};
  if (c.interleaved && !c.isPair())
    return CrossbarConflict{"interleaved", "cells_per_weight of pairs", "single cells"};
  if (c.outputs < c.cellsPerWeight() + (c.unitColumn ? 1 : 0))
    return CrossbarConflict{"outputs", "at least the cells of a weight, " + text(c.cellsPerWeight() + (c.unitColumn ? 1 : 0)),
                            text(c.outputs)};
  if (c.offOhm > 0 && c.offOhm <= c.onOhm)
    return CrossbarConflict{"r_off_ohm", "a number above r_on_ohm, or unlimited", text(c.offOhm)};
  if (c.readout == Readout::SignMagnitudeAdc && c.adcBits < 2)
    return CrossbarConflict{"adc_bits", "at least 2 where 0 is a code", text(c.adcBits)};
  if ((c.readout == Readout::Adc || c.readout == Readout::SignMagnitudeAdc) && c.range == Crossbar::Range::Fixed &&
      !(c.fullScale > 0))
    return CrossbarConflict{"adc_full_scale", "a number above 0 with adc_range fixed", text(c.fullScale)};
  const bool wires = c.rowOhm > 0 || c.columnOhm > 0;
  if (c.readout == Readout::IntegerAdc) {
    if (!c.isPair() || wires || c.selectsCells || c.programming != Crossbar::Noise::None || c.read != Crossbar::Noise::None ||
        c.driftSeconds > 0)
      return CrossbarConflict{"readout", "integer_adc with pairs without errors and with wires without resistance only", "others"};
    if (c.adcZero >> c.adcBits)
      return CrossbarConflict{"adc_zero", "a code of adc_bits = " + text(c.adcBits) + " bits", text(c.adcZero)};
  }
  if (wires && uint64_t(c.inputs) * (c.interleaved ? 2 : 1) + c.outputs > 8192)
    return CrossbarConflict{"inputs", "at most 8192 lines of both kinds with wires that have resistance",
                            text(uint64_t(c.inputs) * (c.interleaved ? 2 : 1) + c.outputs)};
  return std::nullopt;
}

} // namespace ranvier::hw::detail
