//===- AssemblerTest.cpp - Text form of microcode -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "isa/RandomProgram.h"
#include "ranvier/ISA/Program.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::isa;

static Program named(Profile profile) {
  Program program;
  program.profile = profile;
  program.states = {"v", "u.soma", "v", "two words", "7"};
  program.params = {"decay"};
  program.inputs = {"in"};
  program.tables = {{1}, {2}};
  return program;
}

static std::string text(Profile profile, const Instruction &instruction) { return disassemble(named(profile), instruction); }

TEST_CASE("disassembly") {
  CHECK(text(Profile::Int, {Opcode::LdState, 0, 0, 0, 0}) == "ld.state r0, v");
  CHECK(text(Profile::Int, {Opcode::LdState, 0, 0, 0, 1}) == "ld.state r0, u.soma");
  CHECK(text(Profile::Int, {Opcode::LdState, 0, 0, 0, 2}) == "ld.state r0, 2"); // The name stands for slot 0.
  CHECK(text(Profile::Int, {Opcode::LdState, 0, 0, 0, 3}) == "ld.state r0, 3"); // Not an identifier.
  CHECK(text(Profile::Int, {Opcode::LdState, 0, 0, 0, 4}) == "ld.state r0, 4");
  CHECK(text(Profile::Int, {Opcode::StState, 0, 5, 0, 0}) == "st.state r5, v");
  CHECK(text(Profile::Int, {Opcode::Mulsh, 3, 1, 2, 12 | 1 << 8}) == "mulsh r3, r1, r2, 12, tz");
  CHECK(text(Profile::Int, {Opcode::Shr, 3, 1, 0, 4 | 3 << 8}) == "shr r3, r1, 4, even");
  CHECK(text(Profile::Int, {Opcode::Sel, 3, 1, 2, 0}) == "sel r3, r1, r2, r0");
  CHECK(text(Profile::Int, {Opcode::Lut, 3, 1, 0, 1}) == "lut r3, r1, t1");
  CHECK(text(Profile::Int, {Opcode::Spk, 0, 9, 0, 0}) == "spk r9");
  CHECK(text(Profile::Int, {Opcode::Li, 3, 0, 0, 0x80000000}) == "li r3, -2147483648");
  CHECK(text(Profile::F32, {Opcode::Li, 3, 0, 0, 0x3F800000}) == "li r3, 1.0");
  CHECK(text(Profile::F32, {Opcode::Li, 3, 0, 0, 0x3DCCCCCD}) == "li r3, 0.1");
  CHECK(text(Profile::F32, {Opcode::Li, 3, 0, 0, 0x80000000}) == "li r3, -0.0");
  CHECK(text(Profile::F32, {Opcode::Li, 3, 0, 0, 0x00000001}) == "li r3, 0x00000001");
  CHECK(text(Profile::F32, {Opcode::Li, 3, 0, 0, 0x7FC00000}) == "li r3, 0x7fc00000");
  CHECK(text(Profile::Int, {static_cast<Opcode>(0), 0, 0, 0, 1}) == "illegal 0x0000000100000000");
}

TEST_CASE("assembly takes names, numbers and loose spacing") {
  const Program program = named(Profile::Int), floats = named(Profile::F32);
  auto check = [](const Program &p, std::string_view line, const Instruction &expected) {
    const auto result = assemble(p, line);
    CHECK_MESSAGE(result, (result ? "" : result.error().str()));
    if (result)
      CHECK(*result == expected);
  };
  check(program, "ld.state r0, v", {Opcode::LdState, 0, 0, 0, 0});
  check(program, "  ld.state\tr0 ,v \n", {Opcode::LdState, 0, 0, 0, 0});
  check(program, "ld.state r63, 4", {Opcode::LdState, 63, 0, 0, 4});
  check(program, "lut r1, r2, t1", {Opcode::Lut, 1, 2, 0, 1});
  check(program, "lut r1, r2, 1", {Opcode::Lut, 1, 2, 0, 1});
  check(program, "li r1, 0xffffffff", {Opcode::Li, 1, 0, 0, 0xFFFFFFFF});
  check(program, "li r1, 4294967295", {Opcode::Li, 1, 0, 0, 0xFFFFFFFF});
  check(program, "li r1, -1", {Opcode::Li, 1, 0, 0, 0xFFFFFFFF});
  check(program, "mulshs r1, r2, r3, 0x10, up", {Opcode::Mulshs, 1, 2, 3, 16 | 2 << 8});
  check(floats, "li r1, 1", {Opcode::Li, 1, 0, 0, 0x3F800000});
  check(floats, "li r1, -2.5e-1", {Opcode::Li, 1, 0, 0, 0xBE800000});
  check(floats, "li r1, 0x1", {Opcode::Li, 1, 0, 0, 1});
}

TEST_CASE("RNV4010: malformed lines are refused and quoted") {
  const Program program = named(Profile::Int), floats = named(Profile::F32);
  auto refuse = [](const Program &p, std::string_view line, std::string_view message) {
    const auto result = assemble(p, line);
    CAPTURE(line);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == 4010);
    CHECK(result.error().message == message);
    CHECK(result.error().place == "microcode '" + std::string(line) + "'");
    CHECK_FALSE(result.error().expected.empty());
  };
  refuse(program, "", "unknown instruction");
  refuse(program, "jump r1", "unknown instruction");
  refuse(program, "ADD r1, r2, r3", "unknown instruction");
  refuse(program, "add", "missing operand");
  refuse(program, "add r1, , r2", "missing operand");
  refuse(program, "add r1, r2", "too few operands");
  refuse(program, "add r1, r2, r3, r4", "too many operands");
  refuse(program, "spk r1,", "too many operands");
  refuse(program, "add r1, r2, r64", "malformed register");
  refuse(program, "add r1, r2, 3", "malformed register");
  refuse(program, "add r1, r2, r", "malformed register");
  refuse(program, "add r1 r2, r3", "malformed register");
  refuse(program, "add r1, r2, r-1", "malformed register");
  refuse(program, "ld.state r1, w", "no slot of that name");
  refuse(program, "ld.state r1, 5", "no such slot");
  refuse(program, "ld.state r1, -1", "malformed number");
  refuse(program, "lut r1, r2, t2", "no such look-up table");
  refuse(program, "lut r1, r2, t", "malformed number");
  refuse(program, "li r1, 4294967296", "malformed constant");
  refuse(program, "li r1, -2147483649", "malformed constant");
  refuse(program, "li r1, 1.5", "malformed constant");
  refuse(program, "li r1, 0x", "malformed number");
  refuse(program, "li r1, 0x100000000", "malformed number");
  refuse(program, "shl r1, r2, 32", "immediate out of range");
  refuse(program, "sat r1, r2, 0", "immediate out of range");
  refuse(program, "shr r1, r2, 4", "too few operands");
  refuse(program, "shr r1, r2, 4, sideways", "unknown rounding mode");
  refuse(program, "shr r1, r2, 32, tz", "shift or rounding out of range");
  refuse(program, "shr r1, r2, 257, tz", "shift out of range");
  refuse(program, "fadd r1, r2, r3", "instruction is not in the program's profile");
  refuse(floats, "li r1, nan", "malformed constant");
  refuse(floats, "li r1, inf", "malformed constant");
  refuse(floats, "li r1, 1e99", "malformed constant");
  refuse(floats, "li r1, 1.5f", "malformed constant");
}

TEST_CASE("assemble reads back what disassemble prints") {
  test::RandomSource random(21);
  for (int i = 0; i < 4000; ++i) {
    const Program program = test::randomProgram(random, i % 2 ? Profile::F32 : Profile::Int);
    for (const Instruction &instruction : program.code) {
      const std::string line = disassemble(program, instruction);
      const auto back = assemble(program, line);
      CHECK_MESSAGE(back, line);
      if (back && !(*back == instruction))
        FAIL_CHECK(line << " is read as " << disassemble(program, *back));
    }
  }
}

TEST_CASE("assembler on noise: an error or an instruction that prints as itself, never a crash") {
  test::RandomSource random(22);
  const std::string_view alphabet = "abdelrstu.0123456789, x-t\t\n_";
  for (int i = 0; i < 20000; ++i) {
    const Program program = named(random.oneIn(2) ? Profile::F32 : Profile::Int);
    std::string line(opcodeTable[random.below(numOpcodes)].mnemonic);
    line += ' ';
    for (uint32_t length = random.below(24); length; --length)
      line += random.pick(alphabet);
    if (const auto result = assemble(program, line)) {
      const auto again = assemble(program, disassemble(program, *result));
      REQUIRE(again);
      CHECK(*again == *result);
    } else {
      CHECK(result.error().code == 4010);
    }
  }
}
