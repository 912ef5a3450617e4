//===- Report.cpp - What quantisation saw and did -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/Report.h"
#include "ranvier/Support/Json.h"
#include <cmath>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::compiler;

std::string compiler::printReport(const QuantizationReport &report) {
  Json json = {{"target", report.target}, {"scales", report.scales}, {"weight_bits", report.weightBits}};
  json["populations"] = Json::array();
  for (const PopulationReport &population : report.populations) {
    Json entry = {{"name", population.name}, {"model", population.model}, {"form", population.form}};
    for (const auto &[name, number] : population.numbers)
      entry[name] = number;
    for (const PopulationReport::Format &format : population.formats)
      entry["formats"].push_back({{"name", format.name}, {"fraction_bits", format.fractionBits}, {"low", format.low}, {"high", format.high},
                                  {"step_error", format.error}});
    if (!population.warnings.empty())
      entry["warnings"] = population.warnings;
    json["populations"].push_back(std::move(entry));
  }
  json["projections"] = Json::array();
  for (const ProjectionReport &projection : report.projections)
    json["projections"].push_back({{"name", projection.name}, {"mode", projection.mode}, {"exponent", projection.exponent},
                                   {"bits", projection.bits}, {"unit", projection.unit}, {"rms_error", projection.rms},
                                   {"max_error", projection.worst}, {"max_weight", projection.largest}});
  return json.dump(2);
}

namespace {
Error wrong(std::string place, std::string expected) {
  return {.code = 5320, .message = "the calibration profile is malformed", .place = std::move(place), .expected = std::move(expected)};
}

Result<std::map<std::string, Observed>> readRanges(const Json &json, const std::string &place) {
  std::map<std::string, Observed> out;
  if (!json.is_object())
    return wrong(place, "an object of [low, high] by name");
  for (const auto &[name, pair] : json.items()) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number() || pair[0].get<double>() > pair[1].get<double>())
      return wrong(place + "." + name, "[low, high] with low <= high");
    out[name] = {pair[0].get<double>(), pair[1].get<double>()};
  }
  return out;
}
} // namespace

Result<Calibration> compiler::parseCalibration(const std::string &text) {
  RANVIER_TRY(Json json, parseJson(text, "calibration profile"));
  if (!json.is_object() || !json.contains("format") || json["format"] != "ranvier-calibration" || !json.contains("version") || json["version"] != 1)
    return wrong("format", "\"format\": \"ranvier-calibration\", \"version\": 1");
  if (!json.contains("populations") || !json["populations"].is_object())
    return wrong("populations", "an object by population name");
  Calibration out;
  for (const auto &[name, entry] : json["populations"].items()) {
    const std::string place = "populations." + name;
    if (!entry.is_object())
      return wrong(place, "an object with \"states\" and \"inputs\"");
    for (const auto &[key, ranges] : entry.items()) {
      if (key != "states" && key != "inputs")
        return wrong(place + "." + key, "\"states\" or \"inputs\"");
      RANVIER_TRY(auto observed, readRanges(ranges, place + "." + key));
      (key == "states" ? out.populations[name].states : out.populations[name].inputs) = std::move(observed);
    }
  }
  return out;
}
