//===- Primitives.h - A graph for every primitive of NIR --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_FORMATS_PRIMITIVES_H
#define RANVIER_TEST_UNIT_FORMATS_PRIMITIVES_H

#include "Helpers.h"

namespace ranvier::test {

/// For each type of NIR a graph around one node "n" of it, complete and consistent.
inline std::vector<std::pair<std::string, formats::nir::File>> primitives() {
  using P = std::map<std::string, Parameter>;
  const auto around = [](std::vector<double> in, Node made, std::vector<double> out) {
    return chain({input("in", std::move(in)), std::move(made), output("out", std::move(out))});
  };
  const auto neuron = [&](const std::string &type, std::vector<std::string> keys) {
    P params;
    for (const auto &key : keys)
      params[key] = ramp({3});
    return around({3}, node("n", type, params), {3});
  };
  const P conv2{
      {"input_shape", whole({8, 6})}, {"weight", ramp({4, 2, 3, 2})}, {"stride", whole({2, 1})}, {"padding", whole({1, 0})},
      {"dilation", whole({1, 2})},    {"groups", whole({1})},         {"bias", ramp({4})}};
  const P conv1{{"input_shape", whole({9})}, {"weight", ramp({4, 1, 3})}, {"stride", whole({2})}, {"padding", std::string("valid")},
                {"dilation", whole({1})},    {"groups", whole({2})},      {"bias", ramp({4})}};
  const P pool{{"kernel_size", whole({2, 3})}, {"stride", whole({2, 1})}, {"padding", whole({0, 1})}};
  return {
      {"Input, Output", chain({input("in", {2, 3}), output("out", {2, 3})})},
      {"Linear", around({2}, linear("n", 3, 2), {3})},
      {"Affine", around({2}, node("n", "Affine", {{"weight", ramp({3, 2})}, {"bias", ramp({3})}}), {3})},
      {"Scale", around({2, 2}, node("n", "Scale", {{"scale", ramp({2, 2})}}), {2, 2})},
      {"Conv1d", around({2, 9}, node("n", "Conv1d", conv1), {4, 4})},
      {"Conv2d", around({2, 8, 6}, node("n", "Conv2d", conv2), {4, 4, 4})},
      {"SumPool2d", around({2, 4, 5}, node("n", "SumPool2d", pool), {2, 2, 5})},
      {"AvgPool2d", around({2, 4, 5}, node("n", "AvgPool2d", pool), {2, 2, 5})},
      {"Flatten",
       around({2, 3, 4},
              node("n", "Flatten", {{"start_dim", whole({0})}, {"end_dim", whole({-1})}, {"input_type", whole({2, 3, 4})}}), {24})},
      {"Delay", neuron("Delay", {"delay"})},
      {"Threshold", neuron("Threshold", {"threshold"})},
      {"I", neuron("I", {"r"})},
      {"IF", neuron("IF", {"r", "v_threshold", "v_reset"})},
      {"LI", neuron("LI", {"tau", "r", "v_leak"})},
      {"LIF", neuron("LIF", {"tau", "r", "v_leak", "v_threshold", "v_reset"})},
      {"CubaLI", neuron("CubaLI", {"tau_syn", "tau_mem", "r", "v_leak", "w_in"})},
      {"CubaLIF", neuron("CubaLIF", {"tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"})},
  };
}

} // namespace ranvier::test

#endif
