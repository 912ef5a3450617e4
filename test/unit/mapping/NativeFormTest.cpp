// The native CUBA unit as microcode against a direct transcription of the equations, on random and on extreme data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/NativeForm.h"
#include "support/TestNetworks.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using test::Dice;

namespace {
struct Neuron {
  int64_t u, v, du, dv, vth, bias, input;
  bool spike = false;
};
int64_t towardZero(int64_t x, unsigned s) { return x < 0 ? -(-x >> s) : x >> s; }
/// test/golden and Lava's PyLifModelBitAcc: one step.
void reference(Neuron &n) {
  const int64_t half = int64_t(1) << 23;
  n.u = towardZero(n.u * (4096 - n.du - 1), 12) + n.input * 64;
  if (n.u > half)
    n.u -= 2 * half;
  else if (n.u <= -half)
    n.u += 2 * half;
  n.v = std::clamp(towardZero(n.v * (4096 - n.dv), 12) + n.u + n.bias, -(half - 1), half - 1);
  n.spike = n.v > n.vth * 64;
  if (n.spike)
    n.v = 0;
}
void run(const isa::Program &program, Neuron &n) {
  alignas(64) int32_t words[7][16] = {};
  const int64_t values[7] = {n.u, n.v, n.du, n.dv, n.vth, n.bias, n.input};
  for (int i = 0; i < 7; ++i)
    words[i][0] = static_cast<int32_t>(values[i]);
  int32_t *state[] = {words[0], words[1]};
  const int32_t *param[] = {words[2], words[3], words[4], words[5]}, *input[] = {words[6]};
  uint32_t spikes = 0;
  isa::SliceView view;
  view.count = 1;
  view.step = 1;
  view.state = state;
  view.param = param;
  view.input = input;
  view.spikes = &spikes;
  isa::interpret(program, view);
  n.u = words[0][0];
  n.v = words[1][0];
  n.spike = spikes & 1;
}
void checkBoth(const isa::Program &program, const Neuron &start) {
  Neuron expected = start, found = start;
  reference(expected);
  run(program, found);
  INFO("u ", start.u, ", v ", start.v, ", du ", start.du, ", dv ", start.dv, ", vth ", start.vth, ", bias ", start.bias, ", input ",
       start.input);
  REQUIRE(found.u == expected.u);
  REQUIRE(found.v == expected.v);
  REQUIRE(found.spike == expected.spike);
}
} // namespace

TEST_CASE("the native form is a legal program") {
  const isa::Program program = mapping::nativeCubaProgram({});
  auto valid = isa::validate(program);
  REQUIRE_MESSAGE(bool(valid), (valid ? "" : valid.error().str()));
  CHECK(program.params[mapping::NativeDu] == "du");
  CHECK(program.params[mapping::NativeDv] == "dv");
  CHECK(program.params[mapping::NativeVth] == "vth");
  CHECK(program.params[mapping::NativeBias] == "bias");
}

TEST_CASE("the native form agrees with the equations on random data") {
  const isa::Program program = mapping::nativeCubaProgram({});
  Dice dice(1);
  for (int trial = 0; trial < 20000; ++trial) {
    const int64_t half = 1 << 23;
    checkBoth(program, {.u = dice(-half + 1, half),
                        .v = dice(-half + 1, half - 1),
                        .du = dice(0, 4095),
                        .dv = dice(0, 4095),
                        .vth = dice(0, 131071),
                        .bias = dice(-4096, 4095) << dice(0, 7),
                        .input = dice(-260000, 260000)});
  }
}

TEST_CASE("the native form agrees at the edges: wrap, saturation, decay limits") {
  const isa::Program program = mapping::nativeCubaProgram({});
  const int64_t half = 1 << 23;
  for (int64_t u : {-half + 1, -int64_t(1), int64_t(0), int64_t(1), half - 1, half})
    for (int64_t v : {-half + 1, -int64_t(1), int64_t(0), int64_t(4096), half - 1})
      for (int64_t du : {0, 1, 4095})
        for (int64_t dv : {0, 1, 4095})
          for (int64_t input : {-262144, -131073, -131072, -131071, -1, 0, 1, 131071, 131072, 131073, 262144})
            for (int64_t vth : {0, 131071})
              checkBoth(program,
                        {.u = u, .v = v, .du = du, .dv = dv, .vth = vth, .bias = input % 3 ? -4096 : 4095 << 7, .input = input});
}

TEST_CASE("+2^23 is kept and -2^23 wraps to it") {
  const isa::Program program = mapping::nativeCubaProgram({});
  Neuron n{.u = 0, .v = 0, .du = 0, .dv = 0, .vth = 131071, .bias = 0, .input = 131072};
  run(program, n);
  CHECK(n.u == 1 << 23);
  n = {.u = 0, .v = 0, .du = 0, .dv = 0, .vth = 131071, .bias = 0, .input = -131072};
  run(program, n);
  CHECK(n.u == 1 << 23);
}

TEST_CASE("a unit that saturates instead of wrapping") {
  hw::NativeCubaLif form;
  form.currentWraps = false;
  form.stateBits = 16;
  const isa::Program program = mapping::nativeCubaProgram(form);
  REQUIRE(bool(isa::validate(program)));
  Neuron n{.u = 32767, .v = -32767, .du = 0, .dv = 0, .vth = 500, .bias = -5, .input = 40000};
  run(program, n);
  CHECK(n.u == 32767);
  CHECK(n.v == -5);
  CHECK(!n.spike);
}
