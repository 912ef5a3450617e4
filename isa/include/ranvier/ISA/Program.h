//===- Program.h - Neuron microcode programs --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program is straight-line code over 32-bit registers that updates one neuron: it reads parameters, state and the summed inputs
// of the step, writes state and may emit a spike. No loops, no branches, no addresses: it cannot touch another neuron's memory, and
// its cost is its length. The opcodes come from isa/microcode.toml, the one table of the instruction set.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_ISA_PROGRAM_H
#define RANVIER_ISA_PROGRAM_H

#include "ranvier/ISA/Opcodes.h.inc" // generated: enum class Opcode : uint8_t
#include "ranvier/Support/Error.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier::isa {

/// What a 32-bit word means: two's complement integers, or IEEE binary32 without contraction, subnormals kept.
enum class Profile : uint8_t { Int = 0, F32 = 1 };

constexpr unsigned maxRegisters = 64;
constexpr unsigned maxInstructions = 1024;
constexpr unsigned maxSlots = 32; ///< States, parameters, inputs: at most this many each.
constexpr unsigned maxTableWords = 4096;

/// One instruction: 64 bits in the image, little endian: op 0-7, dst 8-15, a 16-23, b 24-31, imm 32-63.
struct Instruction {
  Opcode op{};
  uint8_t dst = 0, a = 0, b = 0;
  uint32_t imm =
      0; ///< Constant, slot number, third register (bits 0-7) or shift (bits 0-7) with rounding (bits 8-15): see the table.
  bool operator==(const Instruction &) const = default;
};
uint64_t encode(const Instruction &instruction);
/// Errors: RNV4001 unknown opcode.
Result<Instruction> decode(uint64_t word);

struct Program {
  std::string name;
  Profile profile = Profile::Int;
  std::vector<std::string> states, params, inputs; ///< Slot names, by slot number.
  std::vector<std::vector<int32_t>> tables;        ///< Look-up tables (f32 programs: bit patterns).
  std::vector<Instruction> code;
  bool operator==(const Program &) const = default;
};

/// Checks that a program is legal: operands in range, every register written before it is read, profile allows the op, slots exist,
/// at most one spike instruction, lengths within the limits above. A validated program is safe to run on any data.
/// Errors: RNV4002..4009 naming the instruction number.
Result<void> validate(const Program &program);

/// Text form, one instruction a line, as `ranvier inspect` and the fabric dialect print it: "mulsh r3, r1, r2, 12, tz".
std::string disassemble(const Program &program, const Instruction &instruction);
/// Parses one line of that form; names of slots may stand where disassemble prints them ("ld.state r0, v"). Errors: RNV4010.
Result<Instruction> assemble(const Program &program, std::string_view line);

/// True if the program may emit a payload (op spkp), so events carry values.
bool emitsPayload(const Program &program);
/// Words of all look-up tables of the program.
uint64_t tableWords(const Program &program);

/// A slice of a population as the executors see it: `count` neurons, structure of arrays, 64-byte aligned (inputs stand anywhere)
/// and readable to a multiple of 16; padding neurons are computed and their spikes masked away. f32 programs: words are bit
/// patterns.
struct SliceView {
  uint32_t count = 0;
  uint32_t firstEntity = 0;              ///< Random-number entity of neuron 0: first neuron's index within its population.
  uint64_t seed = 0;                     ///< Random-number seed of the population.
  uint32_t step = 0;                     ///< Current step, 1-based.
  int32_t *const *state = nullptr;       ///< [numStates] -> [count]
  const int32_t *const *param = nullptr; ///< [numParams] -> [count] (uniform parameters are broadcast by the loader).
  const int32_t *const *input = nullptr; ///< [numInputs] -> [count], the sum that arrived for this step.
  uint32_t *spikes = nullptr;            ///< Bit n: neuron n emitted in this step. ceil(count/32) words, overwritten.
  int32_t *payload = nullptr;            ///< [count] payload words of neurons that emitted; may be null if !emitsPayload.
};

/// The definition of the microcode: one neuron after the other, one instruction after the other.
/// The program must have been validated.
void interpret(const Program &program, const SliceView &slice);

/// A compiled program; the JIT (emulator/) makes them. Same contract and same bits as interpret().
using SliceKernel = void (*)(const SliceView *slice);

/// exp and log of the f32 profile: shared by interpreter, JIT and compiler folding. Only IEEE + - * / and integer operations,
/// so the bits are the same on every machine. Error < 2 ulp; exp overflows to +inf, log(x < 0) is NaN.
float exp32(float x);
float log32(float x);

} // namespace ranvier::isa

#endif
