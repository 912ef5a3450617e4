//===- Interpreter.cpp - The definition of the microcode ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every other executor is compared with this file bit for bit, so it is written to be read: one case an instruction, each a line
// of arithmetic over 32-bit words. An instruction is decoded once for a block of neurons; neurons share no words, so the result is
// that of running them one after the other.
//===----------------------------------------------------------------------===//
#include "ranvier/ISA/Program.h"
#include "ranvier/Support/FixedPoint.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace ranvier::isa {

namespace {

using Word = uint32_t;

constexpr unsigned blockSize = 64; ///< The register file of a block stays in the first-level cache: 64 x 64 x 4 bytes.

int32_t toInt(Word word) { return static_cast<int32_t>(word); }
int64_t wide(Word word) { return static_cast<int32_t>(word); }
Word fromInt(int32_t value) { return static_cast<Word>(value); }
float toFloat(Word word) { return std::bit_cast<float>(word); }
/// A NaN of any sign and payload becomes the one canonical NaN: which NaN an operation returns depends on the machine.
Word fromFloat(float value) { return value != value ? 0x7FC00000u : std::bit_cast<Word>(value); }

Word floatMin(Word a, Word b) {
  const float x = toFloat(a), y = toFloat(b);
  if (x != x || y != y)
    return 0x7FC00000u;
  return x == y ? (a | b) : x < y ? a : b; // Equal words differ at most in the sign of zero.
}
Word floatMax(Word a, Word b) {
  const float x = toFloat(a), y = toFloat(b);
  if (x != x || y != y)
    return 0x7FC00000u;
  return x == y ? (a & b) : x > y ? a : b;
}
Word floatToInt(float x) {
  if (x != x)
    return 0;
  if (x >= 0x1p31f)
    return fromInt(INT32_MAX);
  return x < -0x1p31f ? fromInt(INT32_MIN) : fromInt(static_cast<int32_t>(x));
}

/// Runs a program over up to blockSize neurons.
class Block {
public:
  Block(const Program &program, const SliceView &slice, uint32_t base)
      : program(program), slice(slice), base(base), lanes(std::min<uint32_t>(blockSize, slice.count - base)) {}
  void run() {
    for (const Instruction &instruction : program.code)
      execute(instruction);
    for (uint32_t i = 0; i < lanes; i += 32)
      slice.spikes[(base + i) / 32] = static_cast<uint32_t>(emitted >> i);
  }

private:
  template <typename F> void nullary(const Instruction &i, F f) {
    Word *dst = registers[i.dst];
    for (uint32_t n = 0; n < lanes; ++n)
      dst[n] = f(n);
  }
  template <typename F> void unary(const Instruction &i, F f) {
    Word *dst = registers[i.dst];
    const Word *a = registers[i.a];
    for (uint32_t n = 0; n < lanes; ++n)
      dst[n] = f(a[n]);
  }
  template <typename F> void binary(const Instruction &i, F f) {
    Word *dst = registers[i.dst];
    const Word *a = registers[i.a], *b = registers[i.b];
    for (uint32_t n = 0; n < lanes; ++n)
      dst[n] = f(a[n], b[n]);
  }
  void load(const Instruction &i, const int32_t *words) { std::memcpy(registers[i.dst], words + base, lanes * sizeof(Word)); }
  Word random(const Instruction &i, uint32_t n) const {
    return randomWord(slice.seed, slice.firstEntity + base + n, slice.step, i.imm);
  }
  void spike(const Instruction &i, bool withPayload) {
    for (uint32_t n = 0; n < lanes; ++n) {
      const bool emit = registers[i.a][n] != 0;
      emitted |= static_cast<uint64_t>(emit) << n;
      if (withPayload)
        slice.payload[base + n] = emit ? toInt(registers[i.b][n]) : 0;
    }
  }
  void execute(const Instruction &i);
  void executeInt(const Instruction &i);
  void executeF32(const Instruction &i);

  const Program &program;
  const SliceView &slice;
  const uint32_t base, lanes;
  uint64_t emitted = 0;
  Word registers[maxRegisters][blockSize]; // Not initialised: the validator has seen every register written before it is read.
};

} // namespace

void Block::execute(const Instruction &i) {
  switch (i.op) {
  case Opcode::LdState:
    return load(i, slice.state[i.imm]);
  case Opcode::LdParam:
    return load(i, slice.param[i.imm]);
  case Opcode::LdInput:
    return load(i, slice.input[i.imm]);
  case Opcode::StState:
    std::memcpy(slice.state[i.imm] + base, registers[i.a], lanes * sizeof(Word));
    return;
  case Opcode::Li:
    return nullary(i, [&](uint32_t) { return i.imm; });
  case Opcode::Mov:
    return unary(i, [](Word a) { return a; });
  case Opcode::Sel: {
    const Word *a = registers[i.a], *b = registers[i.b], *c = registers[i.imm];
    return nullary(i, [&](uint32_t n) { return c[n] != 0 ? a[n] : b[n]; });
  }
  case Opcode::Lut: {
    const std::vector<int32_t> &table = program.tables[i.imm];
    const int32_t last = static_cast<int32_t>(table.size()) - 1;
    return unary(i, [&](Word a) { return fromInt(table[static_cast<size_t>(std::clamp(toInt(a), 0, last))]); });
  }
  case Opcode::Spk:
    return spike(i, false);
  case Opcode::Spkp:
    return spike(i, true);
  case Opcode::And:
    return binary(i, [](Word a, Word b) { return a & b; });
  case Opcode::Or:
    return binary(i, [](Word a, Word b) { return a | b; });
  case Opcode::Xor:
    return binary(i, [](Word a, Word b) { return a ^ b; });
  case Opcode::Not:
    return unary(i, [](Word a) { return ~a; });
  case Opcode::Lnot:
    return unary(i, [](Word a) { return Word(a == 0); });
  default:
    return program.profile == Profile::Int ? executeInt(i) : executeF32(i);
  }
}

void Block::executeInt(const Instruction &i) {
  const unsigned shift = i.imm & 0xFF;
  const auto rounding = static_cast<Rounding>(i.imm >> 8 & 0xFF);
  switch (i.op) {
  case Opcode::Add:
    return binary(i, [](Word a, Word b) { return a + b; });
  case Opcode::Sub:
    return binary(i, [](Word a, Word b) { return a - b; });
  case Opcode::Adds:
    return binary(i, [](Word a, Word b) { return fromInt(saturate32(wide(a) + wide(b))); });
  case Opcode::Subs:
    return binary(i, [](Word a, Word b) { return fromInt(saturate32(wide(a) - wide(b))); });
  case Opcode::Neg:
    return unary(i, [](Word a) { return 0 - a; });
  case Opcode::Abs:
    return unary(i, [](Word a) { return toInt(a) < 0 ? 0 - a : a; });
  case Opcode::Min:
    return binary(i, [](Word a, Word b) { return fromInt(std::min(toInt(a), toInt(b))); });
  case Opcode::Max:
    return binary(i, [](Word a, Word b) { return fromInt(std::max(toInt(a), toInt(b))); });
  case Opcode::Lt:
    return binary(i, [](Word a, Word b) { return Word(toInt(a) < toInt(b)); });
  case Opcode::Le:
    return binary(i, [](Word a, Word b) { return Word(toInt(a) <= toInt(b)); });
  case Opcode::Eq:
    return binary(i, [](Word a, Word b) { return Word(a == b); });
  case Opcode::Sat: {
    const int64_t top = (int64_t(1) << (i.imm - 1)) - 1;
    return unary(i, [&](Word a) { return fromInt(static_cast<int32_t>(std::clamp(wide(a), -top, top))); });
  }
  case Opcode::Satt: {
    const int64_t top = (int64_t(1) << (i.imm - 1)) - 1;
    return unary(i, [&](Word a) { return fromInt(static_cast<int32_t>(std::clamp(wide(a), -top - 1, top))); });
  }
  case Opcode::Mulsh:
    return binary(i, [&](Word a, Word b) { return fromInt(wrap32(shiftRight(wide(a) * wide(b), shift, rounding))); });
  case Opcode::Mulshs:
    return binary(i, [&](Word a, Word b) { return fromInt(saturate32(shiftRight(wide(a) * wide(b), shift, rounding))); });
  case Opcode::Shl:
    return unary(i, [&](Word a) { return a << shift; });
  case Opcode::Shls:
    return unary(i, [&](Word a) { return fromInt(saturate32(wide(a) * (int64_t(1) << shift))); });
  case Opcode::Shr:
    return unary(i, [&](Word a) { return fromInt(static_cast<int32_t>(shiftRight(wide(a), shift, rounding))); });
  case Opcode::Rng:
    return nullary(i, [&](uint32_t n) { return random(i, n); });
  default:
    assertionFailed("a validated program", __FILE__, __LINE__, "no int instruction " + disassemble(program, i));
  }
}

void Block::executeF32(const Instruction &i) {
  switch (i.op) {
  case Opcode::Fadd:
    return binary(i, [](Word a, Word b) { return fromFloat(toFloat(a) + toFloat(b)); });
  case Opcode::Fsub:
    return binary(i, [](Word a, Word b) { return fromFloat(toFloat(a) - toFloat(b)); });
  case Opcode::Fmul:
    return binary(i, [](Word a, Word b) { return fromFloat(toFloat(a) * toFloat(b)); });
  case Opcode::Fdiv:
    return binary(i, [](Word a, Word b) { return fromFloat(toFloat(a) / toFloat(b)); });
  case Opcode::Fneg:
    return unary(i, [](Word a) { return fromFloat(toFloat(a ^ 0x80000000u)); });
  case Opcode::Fabs:
    return unary(i, [](Word a) { return fromFloat(toFloat(a & 0x7FFFFFFFu)); });
  case Opcode::Fmin:
    return binary(i, floatMin);
  case Opcode::Fmax:
    return binary(i, floatMax);
  case Opcode::Fsqrt:
    return unary(i, [](Word a) { return fromFloat(std::sqrt(toFloat(a))); });
  case Opcode::Fexp:
    return unary(i, [](Word a) { return fromFloat(exp32(toFloat(a))); });
  case Opcode::Flog:
    return unary(i, [](Word a) { return fromFloat(log32(toFloat(a))); });
  case Opcode::Ffloor:
    return unary(i, [](Word a) { return fromFloat(std::floor(toFloat(a))); });
  case Opcode::Flt:
    return binary(i, [](Word a, Word b) { return Word(toFloat(a) < toFloat(b)); });
  case Opcode::Fle:
    return binary(i, [](Word a, Word b) { return Word(toFloat(a) <= toFloat(b)); });
  case Opcode::Feq:
    return binary(i, [](Word a, Word b) { return Word(toFloat(a) == toFloat(b)); });
  case Opcode::Ftoi:
    return unary(i, [](Word a) { return floatToInt(toFloat(a)); });
  case Opcode::Itof:
    return unary(i, [](Word a) { return fromFloat(static_cast<float>(toInt(a))); });
  case Opcode::Frng:
    return nullary(i, [&](uint32_t n) { return fromFloat(static_cast<float>(random(i, n) >> 8) * 0x1p-24f); });
  default:
    assertionFailed("a validated program", __FILE__, __LINE__, "no f32 instruction " + disassemble(program, i));
  }
}

void interpret(const Program &program, const SliceView &slice) {
  for (uint64_t base = 0; base < slice.count; base += blockSize)
    Block(program, slice, static_cast<uint32_t>(base)).run();
}

} // namespace ranvier::isa
