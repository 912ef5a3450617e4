//===- Program.cpp - Encoding and validation of microcode -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The validator is what makes an image from a stranger safe to run: the executors index arrays with register and slot numbers
// without looking at them again. It reads operand kinds from the generated table alone, so a new row needs no new check.
//===----------------------------------------------------------------------===//
#include "ranvier/ISA/Program.h"
#include "Operands.h"
#include "ranvier/Support/FixedPoint.h"
#include <bitset>
#include <cstdio>
#include <iterator>

namespace ranvier::isa {

static_assert(std::size(roundingNames) == 4 && static_cast<unsigned>(Rounding::Floor) == 0 &&
                  static_cast<unsigned>(Rounding::TowardZero) == 1 && static_cast<unsigned>(Rounding::NearestUp) == 2 &&
                  static_cast<unsigned>(Rounding::NearestEven) == 3,
              "the rounding codes of microcode.toml are those of ranvier::Rounding");

static std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%X", value);
  return text;
}

uint64_t encode(const Instruction &instruction) {
  return static_cast<uint64_t>(instruction.op) | static_cast<uint64_t>(instruction.dst) << 8 |
         static_cast<uint64_t>(instruction.a) << 16 | static_cast<uint64_t>(instruction.b) << 24 |
         static_cast<uint64_t>(instruction.imm) << 32;
}

Result<Instruction> decode(uint64_t word) {
  const uint8_t op = static_cast<uint8_t>(word);
  if (!findOpcode(op))
    return Error{.code = 4001,
                 .message = "unknown opcode",
                 .expected = "an opcode of microcode version " + std::to_string(microcodeVersion),
                 .found = hex(op)};
  return Instruction{static_cast<Opcode>(op), static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word >> 16),
                     static_cast<uint8_t>(word >> 24), static_cast<uint32_t>(word >> 32)};
}

namespace detail {

const std::vector<std::string> *slotNames(const Program &program, ImmKind kind) {
  switch (kind) {
  case ImmKind::State:
    return &program.states;
  case ImmKind::Param:
    return &program.params;
  case ImmKind::Input:
    return &program.inputs;
  default:
    return nullptr;
  }
}

size_t numSlots(const Program &program, ImmKind kind) {
  if (const auto *names = slotNames(program, kind))
    return names->size();
  return kind == ImmKind::Table ? program.tables.size() : 0;
}

static OperandFault checkImmediate(const Program &program, const OpcodeInfo &info, uint32_t imm) {
  auto fault = [&](unsigned code, const char *message, std::string expected) {
    return OperandFault{code, message, std::move(expected), hex(imm)};
  };
  switch (info.imm) {
  case ImmKind::None:
    return imm == 0 ? OperandFault{} : fault(4008, "unused immediate is not 0", "0");
  case ImmKind::Const:
    return {};
  case ImmKind::State:
  case ImmKind::Param:
  case ImmKind::Input:
  case ImmKind::Table: {
    const size_t count = numSlots(program, info.imm);
    if (imm < count)
      return {};
    return {4007, info.imm == ImmKind::Table ? "no such look-up table" : "no such slot", "a number below " + std::to_string(count),
            std::to_string(imm)};
  }
  case ImmKind::Reg:
    return imm < maxRegisters ? OperandFault{} : fault(4005, "no such register c", "below " + std::to_string(maxRegisters));
  case ImmKind::Shift:
  case ImmKind::Bits:
  case ImmKind::Draw:
    if (imm >= info.immMin && imm <= info.immMax)
      return {};
    return fault(4008, "immediate out of range", std::to_string(info.immMin) + ".." + std::to_string(info.immMax));
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift:
    if ((imm & 0xFF) <= info.immMax && imm >> 8 < std::size(roundingNames))
      return {};
    return fault(4008, "shift or rounding out of range",
                 "shift 0.." + std::to_string(info.immMax) + " in bits 0-7, rounding 0..3 in bits 8-15, 0 above");
  }
  return fault(4008, "immediate of unknown kind", "a kind of the table");
}

OperandFault checkOperands(const Program &program, const Instruction &instruction) {
  const OpcodeInfo *info = findOpcode(static_cast<uint8_t>(instruction.op));
  if (!info)
    return {4001, "unknown opcode", "an opcode of microcode version " + std::to_string(microcodeVersion),
            hex(static_cast<uint8_t>(instruction.op))};
  if (!(program.profile == Profile::Int ? info->inInt : info->inF32))
    return {4004, "instruction is not in the program's profile",
            program.profile == Profile::Int ? "an instruction of profile int" : "an instruction of profile f32",
            std::string(info->mnemonic)};
  const struct {
    bool used;
    uint8_t value;
    const char *name;
  } fields[] = {{info->dst, instruction.dst, "dst"}, {info->a, instruction.a, "a"}, {info->b, instruction.b, "b"}};
  for (const auto &field : fields) {
    if (field.used && field.value >= maxRegisters)
      return {4005, std::string("no such register ") + field.name, "below " + std::to_string(maxRegisters),
              std::to_string(field.value)};
    if (!field.used && field.value != 0)
      return {4008, std::string("unused field ") + field.name + " is not 0", "0", std::to_string(field.value)};
  }
  return checkImmediate(program, *info, instruction.imm);
}

} // namespace detail

/// Numbers of slots and sizes of tables.
static Result<void> checkLimits(const Program &program, const std::string &place) {
  if (program.profile != Profile::Int && program.profile != Profile::F32)
    return Error{.code = 4004,
                 .message = "unknown profile",
                 .place = place,
                 .expected = "0 (int) or 1 (f32)",
                 .found = std::to_string(static_cast<unsigned>(program.profile))};
  if (program.code.size() > maxInstructions)
    return Error{.code = 4002,
                 .message = "program is too long",
                 .place = place,
                 .expected = "at most " + std::to_string(maxInstructions) + " instructions",
                 .found = std::to_string(program.code.size())};
  for (ImmKind kind : {ImmKind::State, ImmKind::Param, ImmKind::Input})
    if (const size_t count = detail::numSlots(program, kind); count > maxSlots)
      return Error{.code = 4003,
                   .message = "too many states, parameters or inputs",
                   .place = place,
                   .expected = "at most " + std::to_string(maxSlots) + " each",
                   .found = std::to_string(count)};
  size_t words = 0;
  for (const std::vector<int32_t> &table : program.tables) {
    words += table.size();
    if (table.empty() || table.size() > maxTableWords || words > maxTableWords)
      return Error{.code = 4003,
                   .message = "look-up table is empty or the tables are too large",
                   .place = place,
                   .expected = "1 word a table at least, " + std::to_string(maxTableWords) + " words over all tables at most",
                   .found = table.empty() ? "an empty table" : std::to_string(words) + " words"};
  }
  return {};
}

/// The first register of `instruction` that is not in `written`; -1 if there is none.
static int firstUnwritten(const Instruction &instruction, const OpcodeInfo &info, const std::bitset<maxRegisters> &written) {
  if (info.a && !written[instruction.a])
    return instruction.a;
  if (info.b && !written[instruction.b])
    return instruction.b;
  if (info.imm == ImmKind::Reg && !written[instruction.imm])
    return static_cast<int>(instruction.imm);
  return -1;
}

Result<void> validate(const Program &program) {
  const std::string place = "program '" + program.name + "'";
  RANVIER_CHECK(checkLimits(program, place));
  std::bitset<maxRegisters> written;
  bool spiked = false;
  for (size_t i = 0; i < program.code.size(); ++i) {
    const Instruction &instruction = program.code[i];
    auto fail = [&](unsigned code, std::string message, std::string expected, std::string found) {
      return Error{.code = code,
                   .message = std::move(message),
                   .place = place + ", instruction " + std::to_string(i),
                   .expected = std::move(expected),
                   .found = std::move(found)};
    };
    if (detail::OperandFault fault = detail::checkOperands(program, instruction); fault.code)
      return fail(fault.code, std::move(fault.message), std::move(fault.expected), std::move(fault.found));
    const OpcodeInfo &info = opcodeInfo(instruction.op);
    if (const int reg = firstUnwritten(instruction, info, written); reg >= 0)
      return fail(4006, "register is read before it is written", "an earlier instruction with dst r" + std::to_string(reg),
                  disassemble(program, instruction));
    if (info.dst)
      written.set(instruction.dst);
    if (info.spike && spiked)
      return fail(4009, "second spike instruction", "at most one spk or spkp", disassemble(program, instruction));
    spiked |= info.spike;
  }
  return {};
}

uint64_t tableWords(const Program &program) {
  uint64_t words = 0;
  for (const std::vector<int32_t> &table : program.tables)
    words += table.size();
  return words;
}

bool emitsPayload(const Program &program) {
  for (const Instruction &instruction : program.code)
    if (const OpcodeInfo *info = findOpcode(static_cast<uint8_t>(instruction.op)); info && info->payload)
      return true;
  return false;
}

} // namespace ranvier::isa
