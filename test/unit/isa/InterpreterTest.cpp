//===- InterpreterTest.cpp - Each instruction against other arithmetic ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference here shares no code with the interpreter: integers are done in 128 bits with division, floats in binary64 rounded
// once (exact for these operations: 53 >= 2 * 24 + 2 bits), so that a mistake would have to be made twice.
//===----------------------------------------------------------------------===//
#include "isa/RandomProgram.h"
#include "ranvier/ISA/Program.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <limits>
#include <map>

using namespace ranvier;
using namespace ranvier::isa;
using Wide = __int128;

namespace {
struct Operands {
  int32_t a, b, c;
  uint32_t imm, entity;
  uint64_t seed;
  uint32_t step;
};
using Reference = std::function<uint32_t(const Operands &)>;
} // namespace

static uint32_t low(Wide x) { return static_cast<uint32_t>(static_cast<uint64_t>(static_cast<unsigned __int128>(x))); }
static uint32_t clip(Wide x, Wide from, Wide to) { return low(x < from ? from : x > to ? to : x); }
static uint32_t clip32(Wide x) { return clip(x, -(Wide(1) << 31), (Wide(1) << 31) - 1); }

/// x / 2^s rounded by the text of the table: quotient and remainder of a division towards minus infinity, then the choice.
static Wide rounded(Wide x, unsigned s, unsigned mode) {
  const Wide divisor = Wide(1) << s;
  Wide quotient = x / divisor, rest = x % divisor;
  if (rest < 0) {
    rest += divisor;
    --quotient;
  }
  const bool up = mode == 0   ? false
                  : mode == 1 ? x < 0 && rest != 0
                  : mode == 2 ? 2 * rest >= divisor
                              : 2 * rest > divisor || (2 * rest == divisor && quotient % 2 != 0);
  return quotient + (up && rest != 0 ? 1 : 0);
}

static double asDouble(int32_t word) { return std::bit_cast<float>(word); }
static uint32_t bitsOf(double value) {
  if (std::isnan(value))
    return 0x7FC00000;
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}
static bool isNegative(int32_t word) { return word < 0; }

static std::map<Opcode, Reference> integerReferences() {
  std::map<Opcode, Reference> r;
  r[Opcode::Mov] = [](const Operands &o) { return low(o.a); };
  r[Opcode::Li] = [](const Operands &o) { return o.imm; };
  r[Opcode::Sel] = [](const Operands &o) { return low(o.c ? o.a : o.b); };
  r[Opcode::And] = [](const Operands &o) { return low(o.a & o.b); };
  r[Opcode::Or] = [](const Operands &o) { return low(o.a | o.b); };
  r[Opcode::Xor] = [](const Operands &o) { return low((o.a | o.b) - (o.a & o.b)); };
  r[Opcode::Not] = [](const Operands &o) { return low(-Wide(1) - o.a); };
  r[Opcode::Lnot] = [](const Operands &o) { return o.a ? 0u : 1u; };
  r[Opcode::Add] = [](const Operands &o) { return low(Wide(o.a) + o.b); };
  r[Opcode::Sub] = [](const Operands &o) { return low(Wide(o.a) - o.b); };
  r[Opcode::Adds] = [](const Operands &o) { return clip32(Wide(o.a) + o.b); };
  r[Opcode::Subs] = [](const Operands &o) { return clip32(Wide(o.a) - o.b); };
  r[Opcode::Neg] = [](const Operands &o) { return low(-Wide(o.a)); };
  r[Opcode::Abs] = [](const Operands &o) { return low(o.a < 0 ? -Wide(o.a) : Wide(o.a)); };
  r[Opcode::Min] = [](const Operands &o) { return low(o.a < o.b ? o.a : o.b); };
  r[Opcode::Max] = [](const Operands &o) { return low(o.a < o.b ? o.b : o.a); };
  r[Opcode::Lt] = [](const Operands &o) { return o.a < o.b ? 1u : 0u; };
  r[Opcode::Le] = [](const Operands &o) { return o.a > o.b ? 0u : 1u; };
  r[Opcode::Eq] = [](const Operands &o) { return Wide(o.a) - o.b == 0 ? 1u : 0u; };
  r[Opcode::Sat] = [](const Operands &o) {
    const Wide top = (Wide(1) << (o.imm - 1)) - 1;
    return clip(o.a, -top, top);
  };
  r[Opcode::Satt] = [](const Operands &o) {
    const Wide end = Wide(1) << (o.imm - 1);
    return clip(o.a, -end, end - 1);
  };
  r[Opcode::Mulsh] = [](const Operands &o) { return low(rounded(Wide(o.a) * o.b, o.imm % 256, o.imm / 256)); };
  r[Opcode::Mulshs] = [](const Operands &o) { return clip32(rounded(Wide(o.a) * o.b, o.imm % 256, o.imm / 256)); };
  r[Opcode::Shl] = [](const Operands &o) { return low(Wide(o.a) * (Wide(1) << o.imm)); };
  r[Opcode::Shls] = [](const Operands &o) { return clip32(Wide(o.a) * (Wide(1) << o.imm)); };
  r[Opcode::Shr] = [](const Operands &o) { return low(rounded(o.a, o.imm % 256, o.imm / 256)); };
  r[Opcode::Rng] = [](const Operands &o) { return randomWord(o.seed, o.entity, o.step, o.imm); };
  return r;
}

static std::map<Opcode, Reference> floatReferences() {
  std::map<Opcode, Reference> r;
  auto arithmetic = [&](Opcode op, double (*f)(double, double)) {
    r[op] = [f](const Operands &o) { return bitsOf(f(asDouble(o.a), asDouble(o.b))); };
  };
  arithmetic(Opcode::Fadd, [](double a, double b) { return a + b; });
  arithmetic(Opcode::Fsub, [](double a, double b) { return a - b; });
  arithmetic(Opcode::Fmul, [](double a, double b) { return a * b; });
  arithmetic(Opcode::Fdiv, [](double a, double b) { return a / b; });
  arithmetic(Opcode::Fneg, [](double a, double) { return -a; });
  arithmetic(Opcode::Fabs, [](double a, double) { return std::fabs(a); });
  arithmetic(Opcode::Fsqrt, [](double a, double) { return std::sqrt(a); });
  arithmetic(Opcode::Ffloor, [](double a, double) { return std::floor(a); });
  arithmetic(Opcode::Fexp, [](double a, double) { return double(exp32(static_cast<float>(a))); }); // Own test for its accuracy.
  arithmetic(Opcode::Flog, [](double a, double) { return double(log32(static_cast<float>(a))); });
  auto smaller = [](const Operands &o, bool wantSmaller) {
    const double a = asDouble(o.a), b = asDouble(o.b);
    if (std::isnan(a) || std::isnan(b))
      return 0x7FC00000u;
    const bool aFirst = a < b || (a == b && isNegative(o.a));
    return low(aFirst == wantSmaller ? o.a : o.b);
  };
  r[Opcode::Fmin] = [=](const Operands &o) { return smaller(o, true); };
  r[Opcode::Fmax] = [=](const Operands &o) { return smaller(o, false); };
  r[Opcode::Flt] = [](const Operands &o) { return std::isless(asDouble(o.a), asDouble(o.b)) ? 1u : 0u; };
  r[Opcode::Fle] = [](const Operands &o) { return std::islessequal(asDouble(o.a), asDouble(o.b)) ? 1u : 0u; };
  r[Opcode::Feq] = [](const Operands &o) { return asDouble(o.a) == asDouble(o.b) ? 1u : 0u; };
  r[Opcode::Ftoi] = [](const Operands &o) {
    const double a = std::trunc(asDouble(o.a));
    return std::isnan(a) ? 0u : static_cast<uint32_t>(static_cast<int32_t>(std::fmin(std::fmax(a, INT32_MIN), INT32_MAX)));
  };
  r[Opcode::Itof] = [](const Operands &o) { return std::bit_cast<uint32_t>(static_cast<float>(static_cast<double>(o.a))); };
  r[Opcode::Frng] = [](const Operands &o) {
    return bitsOf(std::floor(randomWord(o.seed, o.entity, o.step, o.imm) * 0x1p-8) * 0x1p-24);
  };
  for (Opcode op : {Opcode::Mov, Opcode::Li, Opcode::Sel, Opcode::And, Opcode::Or, Opcode::Xor, Opcode::Not, Opcode::Lnot})
    r[op] = integerReferences()[op];
  return r;
}

/// Immediates worth trying: all of them where there are few.
static std::vector<uint32_t> immediates(const OpcodeInfo &info) {
  std::vector<uint32_t> list;
  switch (info.imm) {
  case ImmKind::Const:
    return {0, 1, 0xFFFFFFFF, 0x80000000, 0x7FA00001, 0x3F800000};
  case ImmKind::Reg:
    return {2};
  case ImmKind::Draw:
    return {0, 1, 7, 255};
  case ImmKind::Shift:
  case ImmKind::Bits:
    for (uint32_t i = info.immMin; i <= info.immMax; ++i)
      list.push_back(i);
    return list;
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift:
    for (uint32_t i = 0; i <= info.immMax; ++i)
      for (uint32_t mode = 0; mode < 4; ++mode)
        list.push_back(i | mode << 8);
    return list;
  default:
    return {0};
  }
}

/// state 3 = op(state 0, state 1, state 2).
static Program singleOp(Profile profile, const OpcodeInfo &info, uint32_t imm) {
  Program program;
  program.profile = profile;
  program.states = {"a", "b", "c", "result"};
  program.code = {{Opcode::LdState, 0, 0, 0, 0}, {Opcode::LdState, 1, 0, 0, 1}, {Opcode::LdState, 2, 0, 0, 2}};
  program.code.push_back({info.op, 3, 0, static_cast<uint8_t>(info.b ? 1 : 0), imm});
  program.code.push_back({Opcode::StState, 0, 3, 0, 3});
  return program;
}

static void checkAll(Profile profile, const std::map<Opcode, Reference> &references, uint64_t seed) {
  test::RandomSource random(seed);
  for (const OpcodeInfo &info : opcodeTable) {
    const auto reference = references.find(info.op);
    if (reference == references.end())
      continue;
    const auto imms = immediates(info);
    for (uint32_t imm : imms) {
      const Program program = singleOp(profile, info, imm);
      REQUIRE(validate(program));
      test::SliceData data(program, imms.size() > 16 ? 1500 : 20000, random);
      const isa::SliceView &view = data.view();
      interpret(program, view);
      unsigned wrong = 0;
      for (uint32_t n = 0; n < view.count && wrong < 3; ++n) {
        const Operands o{view.state[0][n], view.state[1][n], view.state[2][n], imm, view.firstEntity + n, view.seed, view.step};
        const uint32_t expected = reference->second(o), found = static_cast<uint32_t>(view.state[3][n]);
        if (expected != found) {
          ++wrong;
          FAIL_CHECK(disassemble(program, program.code[3])
                     << " of " << o.a << ", " << o.b << ", " << o.c << ": expected " << expected << ", found " << found);
        }
      }
    }
  }
}

TEST_CASE("int instructions agree with 128-bit arithmetic") { checkAll(Profile::Int, integerReferences(), 31); }

TEST_CASE("f32 instructions agree with binary64 arithmetic") { checkAll(Profile::F32, floatReferences(), 32); }

TEST_CASE("every instruction is checked: against a reference, or by a case below") {
  const auto ints = integerReferences(), floats = floatReferences();
  const Opcode others[] = {Opcode::LdState, Opcode::LdParam, Opcode::LdInput, Opcode::StState,
                           Opcode::Lut,     Opcode::Spk,     Opcode::Spkp};
  for (const OpcodeInfo &info : opcodeTable) {
    CAPTURE(info.mnemonic);
    const bool other = std::find(std::begin(others), std::end(others), info.op) != std::end(others);
    CHECK((other || ((!info.inInt || ints.count(info.op)) && (!info.inF32 || floats.count(info.op)))));
  }
}

static Program assembleAll(Program program, std::initializer_list<const char *> lines) {
  for (const char *line : lines) {
    const auto instruction = assemble(program, line);
    REQUIRE_MESSAGE(instruction, (instruction ? "" : instruction.error().str()));
    program.code.push_back(*instruction);
  }
  const auto legal = validate(program);
  REQUIRE_MESSAGE(legal, (legal ? "" : legal.error().str()));
  return program;
}

TEST_CASE("loads, stores and tables") {
  Program program;
  program.states = {"v", "w"};
  program.params = {"p", "q"};
  program.inputs = {"i", "j"};
  program.tables = {{10, 11, 12}, {-7}};
  program = assembleAll(program, {"ld.param r0, q", "ld.input r1, j", "sub r2, r0, r1", "st.state r2, v",
                                  "ld.state r3, v", // Sees the store before it.
                                  "lut r4, r3, t0", "st.state r4, w", "lut r4, r3, t1", "add r3, r3, r4", "st.state r3, v"});
  test::RandomSource random(33);
  test::SliceData data(program, 5, random);
  const int32_t q[] = {0, 5, 1, INT32_MIN, INT32_MAX}, j[] = {0, 4, 2, 0, 0}, index[] = {0, 1, 0, 0, 2};
  for (int n = 0; n < 5; ++n) {
    const_cast<int32_t *>(data.view().param[1])[n] = q[n];
    const_cast<int32_t *>(data.view().input[1])[n] = j[n];
  }
  interpret(program, data.view());
  for (int n = 0; n < 5; ++n) {
    CHECK(data.view().state[0][n] == static_cast<int32_t>(static_cast<uint32_t>(q[n]) - static_cast<uint32_t>(j[n]) - 7u));
    CHECK(data.view().state[1][n] == 10 + index[n]);
  }
  CHECK(data.view().spikes[0] == 0); // Overwritten although the program has no spike instruction.
}

TEST_CASE("spikes and payloads for counts around the word size") {
  Program program;
  program.states = {"v", "w"};
  Program plain = assembleAll(program, {"ld.state r0, v", "spk r0"});
  Program graded = assembleAll(program, {"ld.state r0, v", "ld.state r1, w", "spkp r0, r1"});
  test::RandomSource random(34);
  for (uint32_t count : {0u, 1u, 15u, 16u, 17u, 31u, 32u, 33u, 63u, 64u, 65u, 127u, 128u, 200u})
    for (const Program *p : {&plain, &graded}) {
      test::SliceData data(*p, count, random);
      for (uint32_t n = 0; n < count; ++n)
        data.view().state[0][n] = random.oneIn(2) ? 0 : INT32_MIN;
      interpret(*p, data.view());
      CAPTURE(count);
      CHECK(data.guardsIntact());
      for (uint32_t n = 0; n < (count + 31) / 32 * 32; ++n) {
        const bool emitted = data.view().spikes[n / 32] >> (n % 32) & 1;
        REQUIRE(emitted == (n < count && data.view().state[0][n] != 0));
        if (p == &graded && n < count)
          REQUIRE(data.view().payload[n] == (emitted ? data.view().state[1][n] : 0));
      }
    }
}

TEST_CASE("f32 spike condition is the word: -0.0 counts as a spike, so programs test with flt, fle or feq") {
  Program program;
  program.profile = Profile::F32;
  program = assembleAll(program, {"li r0, -0.0", "spk r0"});
  test::RandomSource random(35);
  test::SliceData data(program, 3, random);
  interpret(program, data.view());
  CHECK(data.view().spikes[0] == 7);
}

TEST_CASE("a neuron's result does not depend on where its slice begins") {
  test::RandomSource random(36);
  for (int i = 0; i < 200; ++i) {
    const Program program = test::randomProgram(random, i % 2 ? Profile::F32 : Profile::Int);
    test::SliceData whole(program, 150, random), copy(whole);
    interpret(program, whole.view());
    for (uint32_t base = 0; base < 150;) {
      // 32 neurons a time at most and one word of spikes each, so that any base works.
      const uint32_t count = std::min(150 - base, 1 + random.below(32));
      isa::SliceView part = copy.view();
      std::vector<int32_t *> state;
      std::vector<const int32_t *> param, input;
      for (size_t s = 0; s < program.states.size(); ++s)
        state.push_back(copy.view().state[s] + base);
      for (size_t s = 0; s < program.params.size(); ++s)
        param.push_back(copy.view().param[s] + base);
      for (size_t s = 0; s < program.inputs.size(); ++s)
        input.push_back(copy.view().input[s] + base);
      uint32_t spikes = 0;
      part.count = count;
      part.firstEntity += base;
      part.state = state.data();
      part.param = param.data();
      part.input = input.data();
      part.spikes = &spikes;
      part.payload = part.payload ? part.payload + base : nullptr;
      interpret(program, part);
      for (uint32_t n = 0; n < count; ++n) {
        uint32_t &word = copy.view().spikes[(base + n) / 32];
        const uint32_t bit = uint32_t(1) << (base + n) % 32;
        word = (spikes >> n & 1) ? word | bit : word & ~bit;
      }
      base += count;
    }
    copy.view().spikes[4] &= (1u << 22) - 1; // Bits past neuron 149 kept the fill pattern.
    const std::string difference = whole.difference(copy);
    CHECK_MESSAGE(difference.empty(), difference);
  }
}
