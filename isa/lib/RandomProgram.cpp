//===- RandomProgram.cpp - Random legal microcode -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::isa {

uint32_t edgeWord(RandomSource &random, Profile profile) {
  static constexpr uint32_t ints[] = {0,          1,          2,          3,          0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF,
                                      0x7FFFFFFE, 0x80000000, 0x80000001, 0x40000000, 0xC0000000, 0x3FFFFFFF, 0xBFFFFFFF,
                                      0x0000FFFF, 0x00010000, 0xFFFF0000, 0x00800000, 0xFF800000, 0x007FFFFF, 0x00000FFF};
  static constexpr uint32_t floats[] = {
      0x00000000, 0x80000000,                                                 // zeros
      0x00000001, 0x80000001, 0x007FFFFF, 0x807FFFFF, 0x00400000,             // subnormals
      0x00800000, 0x80800000, 0x7F7FFFFF, 0xFF7FFFFF,                         // smallest and largest normal
      0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFBFFFFF, // infinities, quiet and signalling NaNs
      0x3F800000, 0xBF800000, 0x3F000000, 0x3FC00000, 0x40200000, 0xC0200000, 0x3F7FFFFF, 0x3F800001, // near 1, halves
      0x4B000000, 0x4AFFFFFF, 0xCB000000, 0x4F000000, 0xCF000000, 0x4EFFFFFF, 0xCF000001,             // 2^23, 2^31
      0x42B17218, 0x42B17217, 0xC2CFF1B5, 0xC2AEAC50, 0x42B20000, 0xC2D00000, // where exp overflows and underflows
      0x3FB504F3, 0x3F3504F3};                                                // sqrt(2), where log changes its exponent
  if (profile == Profile::Int) {
    switch (random.below(4)) {
    case 0:
      return random.pick(ints);
    case 1:
      return static_cast<uint32_t>(random.next());
    case 2:
      return random.below(513) - 256u;
    default:
      return static_cast<uint32_t>(static_cast<int32_t>(random.next()) >> random.below(32));
    }
  }
  switch (random.below(4)) {
  case 0:
    return random.pick(floats);
  case 1:
    return static_cast<uint32_t>(random.next());
  case 2: // Small whole numbers and halves, exact in arithmetic.
    return std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(random.below(129)) - 64) * 0.5f);
  default: // Ordinary magnitudes.
    return (random.below(2) << 31) | ((127 - 12 + random.below(24)) << 23) | random.below(1u << 23);
  }
}

/// An immediate of the right kind; slots must exist.
static uint32_t randomImmediate(RandomSource &random, const Program &program, const OpcodeInfo &info,
                                const std::vector<uint8_t> &written) {
  switch (info.imm) {
  case ImmKind::None:
    return 0;
  case ImmKind::Const:
    return edgeWord(random, program.profile);
  case ImmKind::State:
    return random.below(static_cast<uint32_t>(program.states.size()));
  case ImmKind::Param:
    return random.below(static_cast<uint32_t>(program.params.size()));
  case ImmKind::Input:
    return random.below(static_cast<uint32_t>(program.inputs.size()));
  case ImmKind::Table:
    return random.below(static_cast<uint32_t>(program.tables.size()));
  case ImmKind::Reg:
    return random.pick(written);
  case ImmKind::Shift:
  case ImmKind::Bits:
  case ImmKind::Draw:
    return info.immMin + random.below(info.immMax - info.immMin + 1);
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift:
    return random.below(info.immMax + 1) | random.below(static_cast<uint32_t>(std::size(roundingNames))) << 8;
  }
  return 0;
}

Program randomProgram(RandomSource &random, Profile profile, unsigned maxLength, const RandomProgramLimits &limits) {
  Program program;
  program.name = "random";
  program.profile = profile;
  auto slots = [&](std::vector<std::string> &names, const char *prefix, uint32_t most) {
    for (uint32_t i = 0, count = 1 + random.below(most); i < count; ++i)
      names.push_back(prefix + std::to_string(i));
  };
  slots(program.states, "v", limits.states);
  slots(program.params, "p", limits.params);
  slots(program.inputs, "in", limits.inputs);
  const uint32_t mostOfTable = limits.tableWords / 2;
  for (uint32_t i = 0, count = 1 + random.below(2); i < count; ++i) {
    std::vector<int32_t> table(1 + random.below(random.oneIn(8) ? mostOfTable : std::min(mostOfTable, 16u)));
    for (int32_t &word : table)
      word = static_cast<int32_t>(edgeWord(random, profile));
    program.tables.push_back(std::move(table));
  }

  std::vector<uint8_t> written, order; // Registers with a value; the same by time of writing.
  // Recent results are read often, or most of a program would be dead code.
  auto source = [&] {
    const uint32_t newest = std::min<uint32_t>(4, static_cast<uint32_t>(order.size()));
    return random.oneIn(2) ? order[order.size() - 1 - random.below(newest)] : random.pick(written);
  };
  auto emit = [&](const OpcodeInfo &info) {
    Instruction i{.op = info.op};
    if (info.a)
      i.a = source();
    if (info.b)
      i.b = random.oneIn(16) ? i.a : source();
    i.imm = randomImmediate(random, program, info, written);
    if (info.dst) {
      i.dst = static_cast<uint8_t>(random.below(random.oneIn(2) ? maxRegisters : 8));
      if (std::find(written.begin(), written.end(), i.dst) == written.end())
        written.push_back(i.dst);
      order.push_back(i.dst);
    }
    program.code.push_back(i);
  };
  for (Opcode load : {Opcode::LdState, Opcode::LdParam, Opcode::LdInput})
    emit(opcodeInfo(load));
  bool spiked = false;
  constexpr Opcode sources[] = {Opcode::LdState, Opcode::LdParam, Opcode::LdInput, Opcode::Li};
  for (uint32_t length = random.below(maxLength); program.code.size() < length;) {
    // Fresh data now and then: the results of results tend to zero, to the ends of the range and to NaN.
    const OpcodeInfo &info = random.oneIn(5) ? opcodeInfo(random.pick(sources)) : opcodeTable[random.below(numOpcodes)];
    if (!(profile == Profile::Int ? info.inInt : info.inF32) || (info.spike && spiked))
      continue;
    spiked |= info.spike;
    emit(info);
  }
  if (!spiked && !random.oneIn(8))
    emit(opcodeInfo(random.oneIn(2) ? Opcode::Spk : Opcode::Spkp));
  for (uint32_t slot = 0; slot < program.states.size(); ++slot)
    program.code.push_back(
        {.op = Opcode::StState, .a = order[order.size() - std::min<size_t>(order.size(), slot + 1)], .imm = slot});
  return program;
}

} // namespace ranvier::isa
