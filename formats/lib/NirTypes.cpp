//===- NirTypes.cpp - The primitives of NIR as one table ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NirTypes.h"

using namespace ranvier::formats::nir;

namespace {
ParameterInfo neuron(const char *name) { return {.name = name, .perNeuron = true}; }
ParameterInfo tau(const char *name) { return {.name = name, .perNeuron = true, .positive = true}; }
ParameterInfo absentNeuron(const char *name, const char *assumed) {
  return {.name = name, .mandatory = false, .perNeuron = true, .assumed = assumed};
}
/// Integers: one, or one for each axis.
ParameterInfo whole(const char *name) { return {.name = name, .integer = true, .mostRank = 1}; }
ParameterInfo absentWhole(const char *name, const char *assumed) {
  return {.name = name, .mandatory = false, .integer = true, .mostRank = 1, .assumed = assumed};
}
ParameterInfo weights(int leastRank, int mostRank) { return {.name = "weight", .leastRank = leastRank, .mostRank = mostRank}; }

std::vector<ParameterInfo> convolution(int rank) {
  ParameterInfo padding = absentWhole("padding", "0");
  padding.mayBeText = true;
  return {absentWhole("input_shape", ""),
          weights(rank, rank),
          absentWhole("stride", "1"),
          padding,
          absentWhole("dilation", "1"),
          absentWhole("groups", "1"),
          {.name = "bias", .mandatory = false, .assumed = "0"}};
}

/// The nir package, versions 0.1.1 to 1.0.7.
const std::vector<TypeInfo> &types() {
  static const std::vector<TypeInfo> table = [] {
    const std::vector<ParameterInfo> pool{whole("kernel_size"), absentWhole("stride", "the kernel size"),
                                          absentWhole("padding", "0")};
    return std::vector<TypeInfo>{
        {"Input", Kind::Port, {absentWhole("shape", "")}},
        {"Output", Kind::Port, {absentWhole("shape", "")}},
        {"Linear", Kind::Matrix, {weights(2, 8)}},
        {"Affine", Kind::Matrix, {weights(2, 8), {.name = "bias"}}},
        {"Scale", Kind::PerNeuron, {neuron("scale")}},
        {"Conv1d", Kind::Window, convolution(3), 1},
        {"Conv2d", Kind::Window, convolution(4), 2},
        {"SumPool2d", Kind::Window, pool, 2},
        {"AvgPool2d", Kind::Window, pool, 2},
        {"Flatten", Kind::Reshape, {absentWhole("start_dim", "1"), absentWhole("end_dim", "-1"), absentWhole("input_type", "")}},
        {"Delay", Kind::PerNeuron, {neuron("delay")}},
        {"Threshold", Kind::PerNeuron, {neuron("threshold")}},
        {"I", Kind::PerNeuron, {neuron("r")}},
        {"IF", Kind::PerNeuron, {neuron("r"), neuron("v_threshold"), absentNeuron("v_reset", "0")}},
        {"LI", Kind::PerNeuron, {tau("tau"), neuron("r"), neuron("v_leak")}},
        {"LIF", Kind::PerNeuron, {tau("tau"), neuron("r"), neuron("v_leak"), neuron("v_threshold"), absentNeuron("v_reset", "0")}},
        {"CubaLI", Kind::PerNeuron, {tau("tau_syn"), tau("tau_mem"), neuron("r"), neuron("v_leak"), absentNeuron("w_in", "1")}},
        {"CubaLIF",
         Kind::PerNeuron,
         {tau("tau_syn"), tau("tau_mem"), neuron("r"), neuron("v_leak"), neuron("v_threshold"), absentNeuron("v_reset", "0"),
          absentNeuron("w_in", "1")}},
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
  std::string out = "NIRGraph";
  for (const auto &type : types())
    out += ", " + type.name;
  return out;
}
