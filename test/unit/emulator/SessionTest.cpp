//===- SessionTest.cpp - Runs over an input -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Session.h"
#include "TestNet.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::InputSpike;

namespace {

Net sessionNet() {
  Net net;
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "in", .count = 2}, {.name = "out", .count = 2, .program = 0}};
  net.projections = {{"p", 0, 1}};
  net.synapses = {{0, 0, 0, 1, 1}, {0, 1, 1, 1, 1}};
  return net;
}

unsigned errorOf(const std::vector<InputSpike> &inputs) {
  auto m = machine(build(sessionNet()), interp());
  auto result = emu::run(*m, inputs, {.steps = 5});
  CHECK((result || m->currentStep() == 0)); // nothing runs on a wrong input
  return result ? 0 : result.error().code;
}

} // namespace

TEST_CASE("a session feeds the machine, sums counts and stops when told") {
  auto m = machine(build(sessionNet()), interp(1, emu::Timing::Fast));
  const std::vector<InputSpike> inputs = {{1, 0, 0, 1}, {3, 0, 0, 1}, {3, 0, 1, 1}, {9, 0, 0, 1}};
  std::vector<uint32_t> perStep;
  auto result = emu::run(*m, inputs, {.steps = 6, .keepPerStep = true}, [&](const emu::StepView &view, emu::Machine &machine) {
    CHECK(view.step == machine.currentStep());
    perStep.push_back(static_cast<uint32_t>(machine.spikes(1).size()));
    return true;
  });
  REQUIRE(result);
  CHECK(perStep == std::vector<uint32_t>{0, 1, 0, 2, 0, 0});
  CHECK(result->steps == 6);
  CHECK(result->total.spikes == 3);
  CHECK(result->total.inputMessages == 3);
  CHECK(result->perStep.size() == 6);
  CHECK(result->perStep[3].spikes == 2);
  CHECK(result->inputsAfterEnd == 1);
  // Goes on from where it was.
  result = emu::run(*m, std::span(inputs).subspan(3), {.steps = 10},
                    [](const emu::StepView &view, emu::Machine &) { return view.step < 10; });
  REQUIRE(result);
  CHECK(result->steps == 4);
  CHECK(m->currentStep() == 10);
  CHECK(result->total.spikes == 1);
  CHECK(result->perStep.empty());
  CHECK(result->inputsAfterEnd == 0);
}

TEST_CASE("wrong inputs are named") {
  CHECK(errorOf({{1, 0, 0, 1}}) == 0);
  CHECK(errorOf({{0, 0, 0, 1}}) == 7010);
  CHECK(errorOf({{2, 0, 0, 1}, {1, 0, 0, 1}}) == 7011);
  CHECK(errorOf({{1, 1, 0, 1}}) == 7012);
  CHECK(errorOf({{1, 2, 0, 1}}) == 7012);
  CHECK(errorOf({{1, 0, 2, 1}}) == 7013);
  CHECK(errorOf({{1, 0, 1, 5}}) == 7014);
}
