//===- CrossbarConfig.cpp - The description of an array in a golden case --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Crossbar.h"
#include "ranvier/Support/Json.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

using namespace ranvier;
using namespace ranvier::tools;
using emu::CrossbarConfig;

namespace {
/// Reads keys of one object; what nobody asked for is an error at the end.
class Keys {
public:
  Keys(const Json &object, std::string place, const std::string &file, std::optional<Error> &failure)
      : object(object), place(std::move(place)), file(file), failure(failure) {
    if (!object.is_object())
      fail("", "an object", shown(object));
  }

  bool has(const char *key) {
    asked.insert(key);
    return object.is_object() && object.contains(key);
  }
  double number(const char *key, std::optional<double> otherwise = {}) {
    const Json *value = find(key, !otherwise);
    if (value && value->is_number())
      return value->get<double>();
    if (value)
      fail(key, "a number", shown(*value));
    return otherwise.value_or(1);
  }
  unsigned integer(const char *key, unsigned otherwise, bool needed = false) {
    const Json *value = find(key, needed);
    if (!value)
      return otherwise;
    const double found = value->is_number() ? value->get<double>() : -1;
    if (found < 0 || found > 4294967295.0 || found != std::floor(found)) {
      fail(key, "an integer, not negative", shown(*value));
      return otherwise;
    }
    return static_cast<unsigned>(found);
  }
  bool boolean(const char *key, bool otherwise) {
    const Json *value = find(key, false);
    if (value && !value->is_boolean())
      fail(key, "true or false", shown(*value));
    return value && value->is_boolean() ? value->get<bool>() : otherwise;
  }
  /// The place of the word found in `words`.
  size_t word(const char *key, const std::vector<std::string> &words, std::optional<size_t> otherwise) {
    const Json *value = find(key, !otherwise);
    if (!value)
      return otherwise.value_or(0);
    std::string all;
    for (size_t k = 0; k < words.size(); ++k) {
      if (value->is_string() && value->get<std::string>() == words[k])
        return k;
      all += (k ? ", " : "") + words[k];
    }
    fail(key, all, shown(*value));
    return otherwise.value_or(0);
  }
  void text(const char *key) {
    if (const Json *value = find(key, false); value && !value->is_string())
      fail(key, "a text", shown(*value));
  }
  const Json *find(const char *key, bool needed) {
    if (has(key))
      return &object[key];
    if (needed && object.is_object())
      fail(key, "a value", "none");
    return nullptr;
  }
  void fail(const std::string &key, const std::string &expected, const std::string &found, const char *message = "a wrong value") {
    if (!failure)
      failure = Error{.code = 8087,
                      .message = std::string(message) + " in the description of a crossbar",
                      .file = file,
                      .place = place + (key.empty() ? "" : "." + key),
                      .expected = expected,
                      .found = found};
  }
  void finish() {
    if (!object.is_object())
      return;
    std::string all;
    for (const std::string &key : asked)
      all += (all.empty() ? "" : ", ") + key;
    for (const auto &[key, value] : object.items())
      if (!asked.count(key))
        fail(key, all, "'" + printable(key) + "'", "an unknown key");
  }
  static std::string shown(const Json &value) {
    // What is nested a hundred thousand deep would take as many calls to print.
    if (value.is_structured())
      return (value.is_array() ? "a list of " : "an object of ") + std::to_string(value.size());
    const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 60) + "..." : text;
  }

private:
  const Json &object;
  std::string place;
  const std::string &file;
  std::optional<Error> &failure;
  std::set<std::string> asked;
};

void readRanges(Keys &keys, CrossbarConfig &out) {
  const Json *value = keys.find("adc_range", true);
  if (!value)
    return;
  const auto pair = [&](const Json &range) {
    if (!range.is_array() || range.size() != 2 || !range[0].is_number() || !range[1].is_number())
      return keys.fail("adc_range", "[low, high], or a list of them", Keys::shown(*value));
    out.ranges.push_back({range[0].get<double>(), range[1].get<double>()});
  };
  if (value->is_array() && !value->empty() && (*value)[0].is_array())
    for (const Json &range : *value)
      pair(range);
  else
    pair(*value);
}

void readMapping(Keys &keys, CrossbarConfig &out) {
  const size_t mapping = keys.word("mapping", {"balanced", "offset", "bitsliced"}, {});
  const bool sliced = mapping == 2;
  if (sliced) {
    const bool offset = keys.word("slice_mapping", {"balanced", "offset"}, {}) == 1;
    out.mapping = offset ? CrossbarConfig::Mapping::SlicedOffset : CrossbarConfig::Mapping::SlicedPairs;
    out.slices = keys.integer("num_slices", 1, true);
  } else {
    out.mapping = mapping == 1 ? CrossbarConfig::Mapping::Offset : CrossbarConfig::Mapping::Pairs;
    if (const unsigned slices = keys.integer("num_slices", 1); slices != 1)
      keys.fail("num_slices", "1 outside mapping bitsliced", std::to_string(slices));
  }
  out.weightBits = keys.integer("weight_bits", out.weightBits, sliced);
  out.cellBits = keys.integer("cell_bits", 0);
  if (keys.has("cell_bits") && out.cellBits == 0)
    keys.fail("cell_bits", "1 or more, or no such key for analogue cells", "0");
  out.twoSided = keys.boolean("two_sided", false);
  out.interleaved = keys.boolean("interleaved", false);
  out.unitColumn = keys.boolean("unit_column", false);
}

void readInput(Keys &keys, CrossbarConfig &out) {
  out.bitSerial = keys.boolean("input_bitslicing", false);
  out.inputSigned = keys.boolean("input_signed", !out.bitSerial);
  out.inputBits = keys.integer("dac_bits", 0);
  if (keys.has("dac_bits") && out.inputBits == 0)
    keys.fail("dac_bits", "1 or more, or no such key for analogue inputs", "0");
  if (const unsigned bits = keys.integer("input_slice_bits", 1); bits != 1 && out.bitSerial)
    keys.fail("input_slice_bits", "1", std::to_string(bits));
}

emu::CrossbarNoise readNoise(Keys &keys, const char *key, const std::string &file, std::optional<Error> &failure) {
  emu::CrossbarNoise out;
  const Json *noise = keys.find(key, false);
  if (!noise)
    return out;
  Keys inner(*noise, std::string("config.") + key, file, failure);
  const size_t model = inner.word("model", {"NormalIndependentDevice", "NormalProportionalDevice", "RRAMWan"}, {});
  if (model == 2) {
    const auto &devices = emu::crossbarDevices();
    out.model = emu::CrossbarNoise::Model::Polynomial;
    out.coefficients =
        std::find_if(devices.begin(), devices.end(), [](const auto &d) { return std::string(d.name) == "RRAMWan"; })->coefficients;
    inner.number("sigma", 0.0); // The polynomial says it all.
  } else {
    out.model = model ? emu::CrossbarNoise::Model::Proportional : emu::CrossbarNoise::Model::Independent;
    out.sigma = inner.number("sigma");
  }
  inner.finish();
  return out;
}

void readConverter(Keys &keys, CrossbarConfig &out) {
  const size_t model = keys.word("adc_model", {"QuantizerADC", "SignMagnitudeADC"}, 0);
  keys.word("adc_range_mode", {"fixed"}, 0);
  const bool each = keys.boolean("adc_per_input_slice", false);
  if (!keys.has("adc_bits")) {
    // No adc_bits: no converter, whatever else is said about it; the range may be there and has to be one.
    if (keys.has("adc_range"))
      readRanges(keys, out);
    out.ranges.clear();
    return;
  }
  out.converter = model ? CrossbarConfig::Converter::SignMagnitude : CrossbarConfig::Converter::Uniform;
  out.converterBits = keys.integer("adc_bits", 8, true);
  out.convertEachBit = each;
  readRanges(keys, out);
}
} // namespace

Result<CrossbarConfig> tools::crossbarConfig(const std::string &text, const std::string &file) {
  auto json = parseJson(text, file);
  if (!json)
    return Error{.code = 8087,
                 .message = "the description of a crossbar is no JSON",
                 .file = file,
                 .place = "config",
                 .expected = json.error().expected,
                 .found = json.error().found.empty() ? json.error().message : json.error().found};
  std::optional<Error> failure;
  CrossbarConfig out;
  Keys keys(*json, "config", file, failure);
  out.infiniteOnOff = keys.boolean("infinite_on_off", false);
  out.minOhm = keys.number("Rmin_ohm");
  out.maxOhm = out.infiniteOnOff ? keys.number("Rmax_ohm", 1e6) : keys.number("Rmax_ohm");
  out.weightMax = keys.number("w_max");
  out.inputMax = keys.number("x_max");
  readMapping(keys, out);
  readInput(keys, out);
  readConverter(keys, out);
  if (const Json *wires = keys.find("parasitics", false)) {
    Keys inner(*wires, "config.parasitics", file, failure);
    out.wires.inputOhm = inner.number("Rp_row_ohm", 0.0);
    out.wires.outputOhm = inner.number("Rp_col_ohm", 0.0);
    out.wires.selectsCells = !inner.boolean("current_from_input", true);
    inner.finish();
  }
  out.programming = readNoise(keys, "programming_error", file, failure);
  out.read = readNoise(keys, "read_noise", file, failure);
  out.tileInputs = keys.integer("tile_inputs", 0);
  out.tileOutputs = keys.integer("tile_outputs", 0);
  for (const char *key : {"tile_inputs", "tile_outputs"})
    if (keys.has(key) && keys.integer(key, 0) == 0)
      keys.fail(key, "1 or more", "0");
  out.fillTiles = keys.word("partition", {"", "max"}, 0) == 1;
  keys.number("seed", 0.0);
  keys.text("name");
  keys.text("about");
  keys.finish();
  if (failure)
    return *failure;
  if (auto valid = out.validate(); !valid) {
    valid.error().file = file;
    valid.error().place = "config." + valid.error().place;
    return std::move(valid.error());
  }
  return out;
}
