//===- Semantics.cpp - The report of everything NIR leaves open -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written with LLVM's JSON writer: this library is compiled without exceptions, the project's JSON library is not.
//===----------------------------------------------------------------------===//
#include "Semantics.h"
#include "llvm/Support/JSON.h"
#include <algorithm>
#include <charconv>

namespace ranvier::frontend {

namespace {

void number(llvm::json::OStream &json, double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  json.rawValue(llvm::StringRef(text, static_cast<size_t>(end - text)));
}

/// One number where all are equal, else their range: reports stay readable at any population size.
void numbers(llvm::json::OStream &json, llvm::StringRef key, const std::vector<double> &values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  json.attributeBegin(key);
  if (*low == *high)
    number(json, *low);
  else
    json.object([&] {
      json.attributeBegin("min");
      number(json, *low);
      json.attributeEnd();
      json.attributeBegin("max");
      number(json, *high);
      json.attributeEnd();
    });
  json.attributeEnd();
}

void text(llvm::json::OStream &json, llvm::StringRef key, const std::string &value) {
  json.attribute(key, llvm::json::fixUTF8(value));
}

void population(llvm::json::OStream &json, const PopulationSemantics &entry) {
  text(json, "name", entry.name);
  text(json, "nir_type", entry.nirType);
  text(json, "model", entry.model);
  if (!entry.reading.empty())
    text(json, "reading", entry.reading);
  text(json, "reset", entry.reset);
  json.attributeObject("parameters", [&] {
    for (const auto &[name, values] : entry.parameters)
      numbers(json, llvm::json::fixUTF8(name), values);
  });
  if (entry.gains.empty())
    return;
  json.attributeArray("gains", [&] {
    for (const PopulationSemantics::Gain &gain : entry.gains)
      json.object([&] {
        text(json, "gain", gain.gain);
        text(json, "time_constant", gain.tau);
        numbers(json, "folded_per_step", {gain.perStepLow, gain.perStepHigh});
      });
  });
}

} // namespace

std::string toJson(const Semantics &semantics) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  llvm::json::OStream json(stream);
  json.object([&] {
    text(json, "format", "ranvier-semantics");
    json.attribute("version", 1);
    text(json, "source", semantics.file);
    text(json, "nir_version", semantics.nirVersion);
    json.attributeBegin("dt_s");
    number(json, semantics.dt);
    json.attributeEnd();
    text(json, "dt_from", semantics.dtFrom);
    text(json, "file_time_unit", semantics.timeUnit);
    text(json, "discretisation", "forward Euler, as each population's reading says");
    text(json, "spike_amplitude", "1 per step");
    text(json, "update_order",
         "in each step: sum of what arrives, biases added in every step, update, spike test, reset, emission");
    text(json, "edges", "act in the same step; an edge that closes a cycle acts in the next step");
    json.attributeArray("populations", [&] {
      for (const PopulationSemantics &entry : semantics.populations)
        json.object([&] { population(json, entry); });
    });
    json.attributeArray("assumptions", [&] {
      for (const std::string &assumption : semantics.assumptions)
        json.value(llvm::json::fixUTF8(assumption));
    });
  });
  return result;
}

} // namespace ranvier::frontend
