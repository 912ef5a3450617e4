//===- ProgramTest.cpp - Encoding and validation --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/ISA/Program.h"
#include "isa/RandomProgram.h"
#include <cstdio>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::isa;
using ranvier::test::RandomSource;

/// A small legal program of either profile to break.
static Program smallProgram(Profile profile = Profile::Int) {
  Program program;
  program.name = "small";
  program.profile = profile;
  program.states = {"v", "w"};
  program.params = {"threshold"};
  program.inputs = {"in"};
  program.tables = {{1, 2, 3}};
  program.code = {{Opcode::LdState, 0, 0, 0, 1}, {Opcode::LdParam, 1, 0, 0, 0}, {Opcode::Spk, 0, 0, 0, 0}};
  return program;
}

/// The code and text of the validator's answer; code 0: legal.
static Error verdict(const Program &program) {
  const auto result = validate(program);
  return result ? Error{} : result.error();
}

/// The verdict on the small program with `instruction` put before its spike.
static unsigned codeWith(const Instruction &instruction, Profile profile = Profile::Int) {
  Program program = smallProgram(profile);
  program.code.insert(program.code.begin() + 2, instruction);
  const Error error = verdict(program);
  if (error.code) {
    CHECK(error.place == "program 'small', instruction 2");
    CHECK_FALSE(error.message.empty());
    CHECK_FALSE(error.expected.empty());
    CHECK_FALSE(error.found.empty());
  }
  return error.code;
}

TEST_CASE("instructions have the documented 64-bit layout") {
  CHECK(encode({Opcode::Mulsh, 3, 1, 2, 12 | 1 << 8}) == 0x0000010C'02'01'03'30u);
  const auto back = decode(0xFFFFFFFE'00'00'05'05u);
  REQUIRE(back);
  CHECK(*back == Instruction{Opcode::Li, 5, 0, 0, 0xFFFFFFFE});
  for (unsigned op = 0; op < 256; ++op) {
    const auto result = decode(0x12345678'00'00'00'00u | op);
    CHECK(static_cast<bool>(result) == (findOpcode(static_cast<uint8_t>(op)) != nullptr));
    if (result)
      CHECK(encode(*result) == (0x12345678'00'00'00'00u | op));
    else
      CHECK(result.error().code == 4001);
  }
}

TEST_CASE("legal programs pass") {
  CHECK(verdict(smallProgram()).code == 0);
  CHECK(verdict(smallProgram(Profile::F32)).code == 0);
  CHECK(verdict(Program{}).code == 0); // No code at all: a population that never spikes.
  CHECK(codeWith({Opcode::Add, 63, 0, 1, 0}) == 0);
  CHECK(codeWith({Opcode::Sel, 2, 0, 1, 1}) == 0);
}

TEST_CASE("RNV4001: opcode bytes outside the table") {
  CHECK(codeWith({static_cast<Opcode>(0), 0, 0, 0, 0}) == 4001);
  CHECK(codeWith({static_cast<Opcode>(255), 0, 0, 0, 0}) == 4001);
}

TEST_CASE("RNV4002: program length") {
  Program program = smallProgram();
  program.code.pop_back();
  program.code.resize(maxInstructions, {Opcode::Mov, 0, 0, 0, 0});
  CHECK(verdict(program).code == 0);
  program.code.push_back({Opcode::Mov, 0, 0, 0, 0});
  CHECK(verdict(program).code == 4002);
}

TEST_CASE("RNV4003: slots and tables") {
  for (auto names : {&Program::states, &Program::params, &Program::inputs}) {
    Program program = smallProgram();
    (program.*names).resize(maxSlots, "x");
    CHECK(verdict(program).code == 0);
    (program.*names).push_back("y");
    CHECK(verdict(program).code == 4003);
  }
  Program program = smallProgram();
  program.tables = {std::vector<int32_t>(maxTableWords - 1), {7}};
  CHECK(verdict(program).code == 0);
  program.tables.push_back({8});
  CHECK(verdict(program).code == 4003);
  program.tables = {{}};
  CHECK(verdict(program).code == 4003);
}

TEST_CASE("RNV4004: profile") {
  CHECK(codeWith({Opcode::Fadd, 2, 0, 1, 0}, Profile::Int) == 4004);
  CHECK(codeWith({Opcode::Fadd, 2, 0, 1, 0}, Profile::F32) == 0);
  CHECK(codeWith({Opcode::Add, 2, 0, 1, 0}, Profile::F32) == 4004);
  Program program = smallProgram();
  program.profile = static_cast<Profile>(2);
  CHECK(verdict(program).code == 4004);
}

TEST_CASE("RNV4005: register numbers") {
  CHECK(codeWith({Opcode::Add, 64, 0, 1, 0}) == 4005);
  CHECK(codeWith({Opcode::Add, 2, 64, 1, 0}) == 4005);
  CHECK(codeWith({Opcode::Add, 2, 0, 255, 0}) == 4005);
  CHECK(codeWith({Opcode::Sel, 2, 0, 1, 64}) == 4005);
  CHECK(codeWith({Opcode::Sel, 2, 0, 1, 1 << 8}) == 4005);
}

TEST_CASE("RNV4006: registers read before they are written") {
  CHECK(codeWith({Opcode::Mov, 2, 2, 0, 0}) == 4006);
  CHECK(codeWith({Opcode::Add, 2, 0, 3, 0}) == 4006);
  CHECK(codeWith({Opcode::Sel, 2, 0, 1, 2}) == 4006);
  CHECK(codeWith({Opcode::StState, 0, 9, 0, 0}) == 4006);
  CHECK(codeWith({Opcode::Spkp, 0, 0, 9, 0}) == 4006);
}

TEST_CASE("RNV4007: slots and tables that do not exist") {
  CHECK(codeWith({Opcode::LdState, 2, 0, 0, 2}) == 4007);
  CHECK(codeWith({Opcode::StState, 0, 0, 0, 0xFFFFFFFF}) == 4007);
  CHECK(codeWith({Opcode::LdParam, 2, 0, 0, 1}) == 4007);
  CHECK(codeWith({Opcode::LdInput, 2, 0, 0, 1}) == 4007);
  CHECK(codeWith({Opcode::Lut, 2, 0, 0, 1}) == 4007);
}

TEST_CASE("RNV4008: immediates out of range and fields that must be 0") {
  CHECK(codeWith({Opcode::Shl, 2, 0, 0, 31}) == 0);
  CHECK(codeWith({Opcode::Shl, 2, 0, 0, 32}) == 4008);
  CHECK(codeWith({Opcode::Shr, 2, 0, 0, 31 | 3 << 8}) == 0);
  CHECK(codeWith({Opcode::Shr, 2, 0, 0, 32}) == 4008);
  CHECK(codeWith({Opcode::Shr, 2, 0, 0, 1 | 4 << 8}) == 4008);
  CHECK(codeWith({Opcode::Shr, 2, 0, 0, 1 | 1 << 16}) == 4008);
  CHECK(codeWith({Opcode::Mulsh, 2, 0, 1, 62}) == 0);
  CHECK(codeWith({Opcode::Mulsh, 2, 0, 1, 63}) == 4008);
  CHECK(codeWith({Opcode::Sat, 2, 0, 0, 0}) == 4008);
  CHECK(codeWith({Opcode::Sat, 2, 0, 0, 33}) == 4008);
  CHECK(codeWith({Opcode::Satt, 2, 0, 0, 32}) == 0);
  CHECK(codeWith({Opcode::Rng, 2, 0, 0, 255}) == 0);
  CHECK(codeWith({Opcode::Rng, 2, 0, 0, 256}) == 4008);
  CHECK(codeWith({Opcode::Add, 2, 0, 1, 1}) == 4008);
  CHECK(codeWith({Opcode::Li, 2, 1, 0, 5}) == 4008);
  CHECK(codeWith({Opcode::Mov, 2, 0, 1, 0}) == 4008);
  CHECK(codeWith({Opcode::StState, 1, 0, 0, 0}) == 4008);
}

TEST_CASE("RNV4009: a second spike instruction") {
  CHECK(codeWith({Opcode::Mov, 2, 0, 0, 0}) == 0);
  Program program = smallProgram();
  program.code.push_back({Opcode::Spkp, 0, 0, 1, 0});
  const Error error = verdict(program);
  CHECK(error.code == 4009);
  CHECK(error.str().find("program 'small', instruction 3") != std::string::npos);
  CHECK(error.found == "spkp r0, r1");
}

TEST_CASE("emitsPayload looks for spkp") {
  Program program = smallProgram();
  CHECK_FALSE(emitsPayload(program));
  program.code.back() = {Opcode::Spkp, 0, 0, 1, 0};
  CHECK(emitsPayload(program));
}

TEST_CASE("random programs are legal and survive encoding") {
  RandomSource random(11);
  bool seen[256] = {};
  for (int i = 0; i < 2000; ++i) {
    const Program program = test::randomProgram(random, i % 2 ? Profile::F32 : Profile::Int);
    const Error error = verdict(program);
    CHECK_MESSAGE(error.code == 0, error.str());
    for (const Instruction &instruction : program.code) {
      seen[static_cast<uint8_t>(instruction.op)] = true;
      const auto back = decode(encode(instruction));
      REQUIRE(back);
      CHECK(*back == instruction);
    }
  }
  for (const OpcodeInfo &info : opcodeTable)
    CHECK_MESSAGE(seen[static_cast<uint8_t>(info.op)], info.mnemonic); // The generator leaves no instruction out.
}

TEST_CASE("hostile images: whatever decodes and validates is safe to run") {
  RandomSource random(12);
  unsigned legal = 0, refused = 0, undecodable = 0;
  for (int i = 0; i < 20000; ++i) {
    Program program = test::randomProgram(random, random.oneIn(2) ? Profile::F32 : Profile::Int);
    bool decoded = true;
    for (Instruction &instruction : program.code) {
      uint64_t word = encode(instruction);
      if (random.oneIn(24))
        word ^= uint64_t(1) << random.below(64);
      if (random.oneIn(200))
        word = random.next();
      const auto back = decode(word);
      if ((decoded = decoded && back))
        instruction = *back;
    }
    if (random.oneIn(16))
      program.states.pop_back();
    if (random.oneIn(16))
      program.tables.pop_back();
    if (!decoded) {
      ++undecodable;
      continue;
    }
    const Error error = verdict(program);
    if (error.code) {
      ++refused;
      CHECK(error.code >= 4001);
      CHECK(error.code <= 4009);
      for (const Instruction &instruction : program.code)
        CHECK_FALSE(disassemble(program, instruction).empty());
      continue;
    }
    ++legal;
    test::SliceData data(program, 1 + random.below(40), random);
    interpret(program, data.view());
    CHECK(data.guardsIntact());
  }
  MESSAGE("legal " << legal << ", refused " << refused << ", undecodable " << undecodable);
  CHECK(legal > 1000);
  CHECK(refused > 1000);
  CHECK(undecodable > 100);
}
