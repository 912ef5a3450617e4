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
      entry["formats"].push_back({{"name", format.name},
                                  {"fraction_bits", format.fractionBits},
                                  {"unit", std::ldexp(format.scale, -format.fractionBits)},
                                  {"low", format.low},
                                  {"high", format.high},
                                  {"step_error", format.error}});
    if (!population.warnings.empty())
      entry["warnings"] = population.warnings;
    json["populations"].push_back(std::move(entry));
  }
  json["projections"] = Json::array();
  for (const ProjectionReport &projection : report.projections) {
    Json entry = {{"name", projection.name},       {"mode", projection.mode},         {"exponent", projection.exponent},
                  {"bits", projection.bits},       {"unit", projection.unit},         {"rms_error", projection.rms},
                  {"max_error", projection.worst}, {"max_weight", projection.largest}};
    if (!projection.warnings.empty())
      entry["warnings"] = projection.warnings;
    json["projections"].push_back(std::move(entry));
  }
  return json.dump(2);
}

std::vector<std::string> compiler::warningsOf(const QuantizationReport &report) {
  std::vector<std::string> out;
  for (const PopulationReport &population : report.populations)
    for (const std::string &warning : population.warnings)
      out.push_back("population " + population.name + ": " + warning);
  for (const ProjectionReport &projection : report.projections)
    for (const std::string &warning : projection.warnings)
      out.push_back("projection " + projection.name + ": " + warning);
  return out;
}

namespace {
Error wrong(std::string place, std::string expected) {
  return {
      .code = 5320, .message = "the calibration profile is malformed", .place = std::move(place), .expected = std::move(expected)};
}

Result<std::map<std::string, Observed>> readRanges(const Json &json, const std::string &place) {
  std::map<std::string, Observed> out;
  if (!json.is_object())
    return wrong(place, "an object of [low, high] by name");
  for (const auto &[name, pair] : json.items()) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number() ||
        pair[0].get<double>() > pair[1].get<double>())
      return wrong(place + "." + name, "[low, high] with low <= high");
    out[name] = {pair[0].get<double>(), pair[1].get<double>()};
  }
  return out;
}
} // namespace

Result<Calibration> compiler::parseCalibration(const std::string &text) {
  RANVIER_TRY(Json json, parseJson(text, "calibration profile"));
  if (!json.is_object() || !json.contains("format") || json["format"] != "ranvier-calibration" || !json.contains("version") ||
      json["version"] != 1)
    return wrong("format", "\"format\": \"ranvier-calibration\", \"version\": 1");
  if (!json.contains("populations") || !json["populations"].is_object())
    return wrong("populations", "an object by population name");
  Calibration out;
  for (const auto &[name, entry] : json["populations"].items()) {
    const std::string place = "populations." + name;
    if (!entry.is_object())
      return wrong(place, "an object with \"states\"");
    out.populations[name];
    for (const auto &[key, ranges] : entry.items()) {
      if (key != "states")
        return wrong(place + "." + key, "\"states\"");
      RANVIER_TRY(out.populations[name].states, readRanges(ranges, place + "." + key));
    }
  }
  return out;
}
