//===- NirTypes.cpp - The primitives of NIR as one table ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NirTypes.h"

using namespace ranvier::formats::nir;

namespace {
ParameterInfo neuron(const char *name, bool mandatory = true, bool positive = false) {
  return {.name = name, .mandatory = mandatory, .perNeuron = true, .positive = positive};
}
ParameterInfo whole(const char *name, bool mandatory = true) { return {.name = name, .mandatory = mandatory, .integer = true}; }
ParameterInfo values(const char *name, int rank) { return {.name = name, .rank = rank}; }

/// Spec of the nir package, versions 0.1.1 to 1.0.7.
const std::vector<TypeInfo> &types() {
  static const std::vector<TypeInfo> table = [] {
    const ParameterInfo padding{.name = "padding", .mandatory = false, .integer = true, .mayBeText = true};
    const ParameterInfo optionalBias{.name = "bias", .mandatory = false};
    const auto tau = [](const char *name) { return neuron(name, true, true); };
    return std::vector<TypeInfo>{
        {"Input", Kind::Port, {whole("shape", false)}},
        {"Output", Kind::Port, {whole("shape", false)}},
        {"Linear", Kind::Matrix, {values("weight", 2)}},
        {"Affine", Kind::Matrix, {values("weight", 2), {.name = "bias"}}},
        {"Scale", Kind::PerNeuron, {neuron("scale")}},
        {"Conv1d", Kind::Window, {whole("input_shape", false), values("weight", 3), whole("stride", false), padding, whole("dilation", false), whole("groups", false), optionalBias}},
        {"Conv2d", Kind::Window, {whole("input_shape", false), values("weight", 4), whole("stride", false), padding, whole("dilation", false), whole("groups", false), optionalBias}},
        {"SumPool2d", Kind::Window, {whole("kernel_size"), whole("stride", false), padding}},
        {"AvgPool2d", Kind::Window, {whole("kernel_size"), whole("stride", false), padding}},
        {"Flatten", Kind::Reshape, {whole("start_dim", false), whole("end_dim", false), whole("input_type", false)}},
        {"Delay", Kind::PerNeuron, {neuron("delay")}},
        {"Threshold", Kind::PerNeuron, {neuron("threshold")}},
        {"I", Kind::PerNeuron, {neuron("r")}},
        {"IF", Kind::PerNeuron, {neuron("r"), neuron("v_threshold"), neuron("v_reset", false)}},
        {"LI", Kind::PerNeuron, {tau("tau"), neuron("r"), neuron("v_leak")}},
        {"LIF", Kind::PerNeuron, {tau("tau"), neuron("r"), neuron("v_leak"), neuron("v_threshold"), neuron("v_reset", false)}},
        {"CubaLI", Kind::PerNeuron, {tau("tau_syn"), tau("tau_mem"), neuron("r"), neuron("v_leak"), neuron("w_in", false)}},
        {"CubaLIF", Kind::PerNeuron, {tau("tau_syn"), tau("tau_mem"), neuron("r"), neuron("v_leak"), neuron("v_threshold"), neuron("v_reset", false), neuron("w_in", false)}},
    };
  }();
  return table;
}
} // namespace

const ParameterInfo *TypeInfo::find(const std::string &key) const {
  for (const auto &info : parameters)
    if (info.name == key)
      return &info;
  return nullptr;
}
std::string TypeInfo::names() const {
  std::string out;
  for (const auto &info : parameters)
    out += (out.empty() ? "" : ", ") + info.name;
  return out;
}
const TypeInfo *ranvier::formats::nir::findType(const std::string &name) {
  for (const auto &type : types())
    if (type.name == name)
      return &type;
  return nullptr;
}
std::string ranvier::formats::nir::knownTypes() {
  std::string out;
  for (const auto &type : types())
    out += (out.empty() ? "" : ", ") + type.name;
  return out;
}
