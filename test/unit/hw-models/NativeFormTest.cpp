// The native CUBA unit as microcode against a direct transcription of the equations, on random and on extreme data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::hw;

namespace {
/// Numbers named by a seed and a count.
class Dice {
public:
  explicit Dice(uint32_t seed) : seed(seed) {}
  /// Uniform in [least, most].
  int64_t operator()(int64_t least, int64_t most) {
    const auto words = threefry2x32({seed, 0}, {draw++, 0});
    return least + static_cast<int64_t>((uint64_t(words[0]) << 32 | words[1]) % static_cast<uint64_t>(most - least + 1));
  }

private:
  uint32_t seed, draw = 0;
};

struct Neuron {
  int64_t u, v, du, dv, vth, bias, input;
  bool spike = false;
};
/// A unit like that of ranvier-n1: no offset of the decay, and a current that saturates.
NativeCubaLif saturating() {
  NativeCubaLif form;
  form.currentDecayOffset = 0;
  form.currentWraps = false;
  return form;
}

int64_t towardZero(int64_t x, unsigned s) { return x < 0 ? -(-x >> s) : x >> s; }
/// One step of the equations at hw::NativeCubaLif; with its defaults that of test/golden and Lava's PyLifModelBitAcc.
void reference(const NativeCubaLif &form, Neuron &n) {
  const int64_t half = int64_t(1) << (form.stateBits - 1), whole = int64_t(1) << form.decayBits;
  n.u = towardZero(n.u * (whole - n.du - form.currentDecayOffset), form.decayBits) + n.input * (int64_t(1) << form.inputShift);
  if (!form.currentWraps)
    n.u = std::clamp(n.u, -(half - 1), half - 1);
  else if (n.u > half)
    n.u -= 2 * half;
  else if (n.u <= -half)
    n.u += 2 * half;
  n.v = std::clamp(towardZero(n.v * (whole - n.dv), form.decayBits) + n.u + n.bias, -(half - 1), half - 1);
  n.spike = n.v > n.vth * (int64_t(1) << form.thresholdShift);
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
void checkBoth(const NativeCubaLif &form, const isa::Program &program, const Neuron &start) {
  Neuron expected = start, found = start;
  reference(form, expected);
  run(program, found);
  INFO("u ", start.u, ", v ", start.v, ", du ", start.du, ", dv ", start.dv, ", vth ", start.vth, ", bias ", start.bias, ", input ",
       start.input);
  REQUIRE(found.u == expected.u);
  REQUIRE(found.v == expected.v);
  REQUIRE(found.spike == expected.spike);
}
} // namespace

TEST_CASE("the native form is a legal program") {
  for (const NativeCubaLif &form : {NativeCubaLif(), saturating()}) {
    const isa::Program program = nativeCubaProgram(form);
    auto valid = isa::validate(program);
    REQUIRE_MESSAGE(bool(valid), (valid ? "" : valid.error().str()));
    CHECK(program.params[NativeDu] == "du");
    CHECK(program.params[NativeDv] == "dv");
    CHECK(program.params[NativeVth] == "vth");
    CHECK(program.params[NativeBias] == "bias");
  }
}

TEST_CASE("the native form agrees with the equations on random data") {
  Dice dice(1);
  for (const NativeCubaLif &form : {NativeCubaLif(), saturating()}) {
    const isa::Program program = nativeCubaProgram(form);
    const int64_t half = 1 << 23;
    for (int trial = 0; trial < 20000; ++trial)
      checkBoth(form, program,
                {.u = dice(-half + 1, form.currentWraps ? half : half - 1),
                 .v = dice(-half + 1, half - 1),
                 .du = dice(0, 4095),
                 .dv = dice(0, 4095),
                 .vth = dice(0, 131071),
                 .bias = dice(-4096, 4095) << dice(0, 7),
                 .input = dice(-260000, 260000)});
  }
}

TEST_CASE("the native form agrees at the edges: wrap, saturation, decay limits") {
  const int64_t half = 1 << 23;
  for (const NativeCubaLif &form : {NativeCubaLif(), saturating()}) {
    const isa::Program program = nativeCubaProgram(form);
    for (int64_t u : {-half + 1, -int64_t(1), int64_t(0), int64_t(1), half - 1, half - !form.currentWraps})
      for (int64_t v : {-half + 1, -int64_t(1), int64_t(0), int64_t(4096), half - 1})
        for (int64_t du : {0, 1, 4095})
          for (int64_t dv : {0, 1, 4095})
            for (int64_t input : {-262144, -131073, -131072, -131071, -1, 0, 1, 131071, 131072, 131073, 262144})
              for (int64_t vth : {0, 131071})
                checkBoth(form, program,
                          {.u = u, .v = v, .du = du, .dv = dv, .vth = vth, .bias = input % 3 ? -4096 : 4095 << 7, .input = input});
  }
}

TEST_CASE("+2^23 is kept and -2^23 wraps to it") {
  const isa::Program program = nativeCubaProgram({});
  Neuron n{.u = 0, .v = 0, .du = 0, .dv = 0, .vth = 131071, .bias = 0, .input = 131072};
  run(program, n);
  CHECK(n.u == 1 << 23);
  n = {.u = 0, .v = 0, .du = 0, .dv = 0, .vth = 131071, .bias = 0, .input = -131072};
  run(program, n);
  CHECK(n.u == 1 << 23);
}

TEST_CASE("a unit that saturates instead of wrapping") {
  NativeCubaLif form;
  form.currentWraps = false;
  form.stateBits = 16;
  const isa::Program program = nativeCubaProgram(form);
  REQUIRE(bool(isa::validate(program)));
  Neuron n{.u = 32767, .v = -32767, .du = 0, .dv = 0, .vth = 500, .bias = -5, .input = 40000};
  run(program, n);
  CHECK(n.u == 32767);
  CHECK(n.v == -5);
  CHECK(!n.spike);
}

TEST_CASE("without an offset a current that does not decay keeps its value") {
  Neuron n{.u = -5000000, .v = 0, .du = 0, .dv = 0, .vth = 131071, .bias = 0, .input = 0};
  run(nativeCubaProgram(saturating()), n);
  CHECK(n.u == -5000000);
  run(nativeCubaProgram({}), n);
  CHECK(n.u == -4998779); // 5000000 * 4095 / 4096, towards zero
}

TEST_CASE("a saturating current stays at its bound whatever arrives") {
  const isa::Program program = nativeCubaProgram(saturating());
  for (const int64_t input : {int64_t(INT32_MAX), int64_t(INT32_MIN), int64_t(1) << 25, -(int64_t(1) << 25)}) {
    Neuron n{.u = 0, .v = 0, .du = 0, .dv = 0, .vth = 131071, .bias = 0, .input = input};
    run(program, n);
    CHECK(n.u == (input > 0 ? (1 << 23) - 1 : -(1 << 23) + 1));
  }
}
