//===- NirNodes.cpp - The primitives of NIR as a table --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Source: neuromorphs/NIR (BSD-3), nir/ir/*.py and nir/serialization.py, version 1.0.7; Pedersen et al., Nature Communications 2024.
//===----------------------------------------------------------------------===//
#include "NirNodes.h"
#include "H5Tree.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::formats::nir;

namespace {

constexpr ParameterInfo shape[] = {{"shape", Range::WholePositive}};
constexpr ParameterInfo linear[] = {{"weight"}};
constexpr ParameterInfo affine[] = {{"weight"}, {"bias"}};
constexpr ParameterInfo scale[] = {{"scale"}};
constexpr ParameterInfo conv[] = {{"weight"},
                                  {"bias"},
                                  {"stride", Range::WholePositive},
                                  {"padding", Range::WholeNotNegative, false, true},
                                  {"dilation", Range::WholePositive},
                                  {"groups", Range::WholePositive},
                                  {"input_shape", Range::WholePositive, true}};
constexpr ParameterInfo pool[] = {{"kernel_size", Range::WholePositive}, {"stride", Range::WholePositive}, {"padding", Range::WholeNotNegative}};
constexpr ParameterInfo flat[] = {{"start_dim", Range::Whole}, {"end_dim", Range::Whole}, {"input_type", Range::WholePositive, true}};
constexpr ParameterInfo delay[] = {{"delay", Range::NotNegative}};
constexpr ParameterInfo threshold[] = {{"threshold"}};
constexpr ParameterInfo current[] = {{"r"}};
constexpr ParameterInfo reset = {"v_reset", Range::Any, false, false, 0.0};
constexpr ParameterInfo gain = {"w_in", Range::Any, false, false, 1.0};
constexpr ParameterInfo integrator[] = {{"r"}, {"v_threshold"}, reset};
constexpr ParameterInfo li[] = {{"tau", Range::Positive}, {"r"}, {"v_leak"}};
constexpr ParameterInfo lif[] = {{"tau", Range::Positive}, {"r"}, {"v_leak"}, {"v_threshold"}, reset};
constexpr ParameterInfo cubaLi[] = {{"tau_syn", Range::Positive}, {"tau_mem", Range::Positive}, {"r"}, {"v_leak"}, gain};
constexpr ParameterInfo cubaLif[] = {{"tau_syn", Range::Positive}, {"tau_mem", Range::Positive}, {"r"}, {"v_leak"}, {"v_threshold"}, gain, reset};

constexpr TypeInfo types[] = {
    {"Affine", ShapeRule::Linear, affine},         {"AvgPool2d", ShapeRule::Pool, pool, 2},
    {"Conv1d", ShapeRule::Conv, conv, 1},          {"Conv2d", ShapeRule::Conv, conv, 2},
    {"CubaLI", ShapeRule::Elementwise, cubaLi},    {"CubaLIF", ShapeRule::Elementwise, cubaLif},
    {"Delay", ShapeRule::Elementwise, delay},      {"Flatten", ShapeRule::Flatten, flat},
    {"I", ShapeRule::Elementwise, current},        {"IF", ShapeRule::Elementwise, integrator},
    {"Input", ShapeRule::Port, shape},             {"LI", ShapeRule::Elementwise, li},
    {"LIF", ShapeRule::Elementwise, lif},          {"Linear", ShapeRule::Linear, linear},
    {"Output", ShapeRule::Port, shape},            {"Scale", ShapeRule::Elementwise, scale},
    {"SumPool2d", ShapeRule::Pool, pool, 2},       {"Threshold", ShapeRule::Elementwise, threshold},
};

bool inRange(double value, Range range) {
  const bool whole = std::trunc(value) == value && std::fabs(value) <= 0x1p31;
  switch (range) {
  case Range::Any:
    return true;
  case Range::Positive:
    return value > 0;
  case Range::NotNegative:
    return value >= 0;
  case Range::WholePositive:
    return whole && value >= 1;
  case Range::WholeNotNegative:
    return whole && value >= 0;
  case Range::Whole:
    return whole;
  }
  return false;
}

const char *rangeText(Range range) {
  switch (range) {
  case Range::Any:
    return "a finite number";
  case Range::Positive:
    return "more than 0";
  case Range::NotNegative:
    return "0 or more";
  case Range::WholePositive:
    return "a whole number from 1 to 2^31";
  case Range::WholeNotNegative:
    return "a whole number from 0 to 2^31";
  case Range::Whole:
    return "a whole number";
  }
  return "";
}

std::string numberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

Result<void> checkOne(const std::string &path, const FlatNode &node, const ParameterInfo &info, const Parameter &parameter) {
  const std::string place = "node " + node.name + ": parameter " + info.name;
  if (const auto *text = std::get_if<std::string>(&parameter)) {
    if (info.mayBeText && (*text == "same" || *text == "valid"))
      return {};
    return Error{.code = 1024, .message = "the parameter is ill-typed", .file = path, .place = place,
                 .expected = info.mayBeText ? "a whole number, \"same\" or \"valid\"" : "numbers", .found = "\"" + *text + "\""};
  }
  const auto &tensor = std::get<Tensor>(parameter);
  for (uint64_t i = 0; i < tensor.size(); ++i) {
    const double value = tensor.values[i];
    if (std::isfinite(value) && inRange(value, info.range))
      continue;
    return Error{.code = std::isfinite(value) ? 1026u : 1025u, .message = "the parameter has an impossible value", .file = path,
                 .place = place + ", element " + std::to_string(i), .expected = rangeText(info.range), .found = numberText(value)};
  }
  return {};
}

} // namespace

const TypeInfo *nir::findType(const std::string &type) {
  for (const TypeInfo &info : types)
    if (type == info.type)
      return &info;
  return nullptr;
}

std::string nir::knownTypes() {
  std::string text;
  for (const TypeInfo &info : types)
    text += std::string(info.type) + ", ";
  return text + "NIRGraph";
}

Result<void> nir::checkParameters(const std::string &path, FlatNode &node, std::vector<std::string> &warnings) {
  const TypeInfo *type = findType(node.type);
  if (!type)
    return Error{.code = 1020, .message = "the node type is unknown", .file = path, .place = "node " + node.name + ": type",
                 .expected = "one of " + knownTypes(), .found = "\"" + node.type + "\""};
  for (const auto &[name, value] : node.params)
    if (std::none_of(type->parameters.begin(), type->parameters.end(), [&, &key = name](const ParameterInfo &info) { return key == info.name; }))
      warnings.push_back("node " + node.name + ": parameter " + name + " is unknown for " + node.type + " and has no effect.");
  for (const ParameterInfo &info : type->parameters) {
    auto at = node.params.find(info.name);
    if (at != node.params.end()) {
      RANVIER_CHECK(checkOne(path, node, info, at->second));
      continue;
    }
    if (info.standard) {
      node.params.emplace(info.name, Tensor{{}, {*info.standard}});
      warnings.push_back("node " + node.name + ": parameter " + info.name + " is absent and taken as " + numberText(*info.standard) + ".");
    } else if (!info.isOptional) {
      std::string present;
      for (const auto &entry : node.params)
        present += (present.empty() ? "" : ", ") + entry.first;
      return Error{.code = 1023, .message = "a parameter is missing", .file = path, .place = "node " + node.name + ": parameter " + info.name,
                   .expected = node.type + " with " + info.name, .found = present.empty() ? "no parameters" : "only " + present};
    }
  }
  return {};
}
