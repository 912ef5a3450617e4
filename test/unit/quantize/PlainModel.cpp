//===- PlainModel.cpp - Models for tests, without MLIR --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PlainModel.h"

using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

Maker::Maker() {
  model.name = "m";
  model.file = "m.mlir";
}
int Maker::add(Node node) {
  model.nodes.push_back(std::move(node));
  return static_cast<int>(model.nodes.size()) - 1;
}
int Maker::constant(double value) { return add({.kind = NodeKind::Constant, .value = value, .op = "arith.constant"}); }
int Maker::truth(bool value) {
  return add({.kind = NodeKind::Constant, .boolean = true, .value = value ? 1.0 : 0.0, .op = "arith.constant"});
}
int Maker::dt() { return add({.kind = NodeKind::Timestep, .op = "snn.timestep"}); }
int Maker::param(const std::string &name) {
  model.params.push_back({name, {}, {}, {}});
  return add({.kind = NodeKind::Parameter, .slot = static_cast<uint32_t>(model.params.size() - 1), .op = "snn.parameter"});
}
int Maker::state(const std::string &name, std::optional<std::pair<double, double>> range) {
  model.states.push_back({name, 0.0, range, {}});
  model.update.push_back(-1);
  return add({.kind = NodeKind::State, .slot = static_cast<uint32_t>(model.states.size() - 1), .op = "snn.state"});
}
int Maker::input(const std::string &name) {
  model.inputs.push_back({name, {}, {}, {}});
  return add({.kind = NodeKind::Input, .slot = static_cast<uint32_t>(model.inputs.size() - 1), .op = "snn.receive"});
}
int Maker::random(uint32_t draw) { return add({.kind = NodeKind::Random, .slot = draw, .op = "snn.random"}); }
int Maker::op(NodeKind kind, int a, int b, int c) {
  const bool boolean = kind >= NodeKind::Compare;
  return add({.kind = kind, .a = a, .b = b, .c = c, .boolean = boolean, .op = "op" + std::to_string(int(kind))});
}
int Maker::compare(Predicate predicate, int a, int b) {
  return add({.kind = NodeKind::Compare, .a = a, .b = b, .predicate = predicate, .boolean = true, .op = "arith.cmpf"});
}

OneStep test::interpretOnce(const isa::Program &program, const std::vector<int32_t> &params, std::vector<int32_t> &states,
                            const std::vector<int32_t> &inputs, uint32_t step) {
  std::vector<int32_t *> state;
  std::vector<const int32_t *> param, input;
  for (int32_t &word : states)
    state.push_back(&word);
  for (const int32_t &word : params)
    param.push_back(&word);
  for (const int32_t &word : inputs)
    input.push_back(&word);
  uint32_t spikes = 0;
  OneStep out;
  isa::SliceView view{1, 7, 42, step, state.data(), param.data(), input.data(), &spikes, &out.payload};
  isa::interpret(program, view);
  out.spike = spikes & 1;
  return out;
}

hw::Chip test::fixedChip() {
  hw::Chip chip;
  chip.name = "fixed";
  chip.nativeCuba = hw::NativeCubaLif();
  chip.stateBits = 24;
  chip.weights = {1, 8, -8, 7, true, false};
  return chip;
}

hw::Chip test::programmableChip() {
  hw::Chip chip;
  chip.name = "programmable";
  chip.programmable = true;
  chip.gradedSpikes = true;
  chip.stateBits = 32;
  chip.weights = {1, 8, -8, 7, true, false};
  return chip;
}
