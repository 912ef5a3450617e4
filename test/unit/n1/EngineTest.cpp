// What is illegal to the neuron engine, one instruction at a time, and which neurons a slice has (docs/rtl/architecture.md, section
// 5). SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;
using isa::ImmKind;
using isa::Instruction;
using isa::Opcode;
using test::N1Chip;

namespace {
uint64_t word(Opcode op, uint32_t dst, uint32_t a, uint32_t b, uint32_t imm) {
  return isa::encode(
      {.op = op, .dst = static_cast<uint8_t>(dst), .a = static_cast<uint8_t>(a), .b = static_cast<uint8_t>(b), .imm = imm});
}

/// By the manual: opcode, rounding, width, slot, registers.
bool isLegal(uint64_t word) {
  const Geometry &g = test::n1Geometry();
  const auto at = [&](unsigned bit, unsigned bits) {
    return static_cast<uint32_t>(word >> bit) & static_cast<uint32_t>((uint64_t(1) << bits) - 1);
  };
  const auto *info = std::find_if(std::begin(isa::opcodeTable), std::end(isa::opcodeTable),
                                  [&](const isa::OpcodeInfo &info) { return uint32_t(info.op) == at(0, 8); });
  if (info == std::end(isa::opcodeTable) || !info->inInt || at(8, 8) > 63 || at(16, 8) > 63 || at(24, 8) > 63)
    return false;
  const uint32_t imm = at(32, 32);
  switch (info->imm) {
  case ImmKind::None:
    return imm == 0;
  case ImmKind::Const:
    return true;
  case ImmKind::State:
    return imm < g.states;
  case ImmKind::Param:
    return imm < g.params;
  case ImmKind::Input:
    return imm < g.inputs;
  case ImmKind::Table: // Its place: base, last index.
    return (imm & 0xFFFF) < g.tableWords && imm >> 16 < g.tableWords;
  case ImmKind::Reg:
    return imm < 64;
  case ImmKind::Shift:
  case ImmKind::Bits:
  case ImmKind::Draw:
    return imm >= info->immMin && imm <= info->immMax;
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift:
    return (imm & 0xFF) >= info->immMin && (imm & 0xFF) <= info->immMax && imm >> 8 < std::size(isa::roundingNames);
  }
  return false;
}

/// A word near what is legal: a legal one, or one with one or two bits changed, or an immediate at an end of its range.
uint64_t randomWord(isa::RandomSource &random) {
  const isa::OpcodeInfo &info = isa::opcodeTable[random.below(isa::numOpcodes)];
  const Geometry &g = test::n1Geometry();
  const auto below = [&](uint32_t bound) { return random.oneIn(3) ? bound - random.oneIn(2) : random.below(bound); };
  uint32_t imm = 0;
  switch (info.imm) {
  case ImmKind::None:
    break;
  case ImmKind::Const:
    imm = static_cast<uint32_t>(random.next());
    break;
  case ImmKind::State:
    imm = below(g.states);
    break;
  case ImmKind::Param:
    imm = below(g.params);
    break;
  case ImmKind::Input:
    imm = below(g.inputs);
    break;
  case ImmKind::Table:
    imm = below(g.tableWords) | below(g.tableWords) << 16;
    break;
  case ImmKind::Reg:
    imm = below(64);
    break;
  case ImmKind::Shift:
  case ImmKind::Bits:
  case ImmKind::Draw:
    imm = random.oneIn(3) ? info.immMin - random.oneIn(2) : below(info.immMax + 1);
    break;
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift:
    imm = below(info.immMax + 1) | below(std::size(isa::roundingNames)) << 8;
    break;
  }
  uint64_t out = word(info.op, random.below(64), random.below(64), random.below(64), imm);
  for (uint32_t flips = random.oneIn(3) ? random.below(3) : 0; flips; --flips)
    out ^= uint64_t(1) << random.below(64);
  return out;
}
} // namespace

TEST_CASE("an instruction is illegal where the manual says so, in the lanes that have neurons") {
  if (!test::haveN1())
    return;
  isa::RandomSource random(5);
  N1Chip chip(5);
  for (uint32_t node = 0; node < test::n1Host; ++node) {
    chip.putSlice(node, 0, {.base = 3, .count = 1, .length = 1});
    chip.put(node, Space::Csr, CsrSlices, 1);
  }
  std::vector<uint64_t> words;
  for (uint64_t op = 0; op < 256; ++op)
    words.push_back(op);
  for (uint64_t bit = 0; bit < 64; ++bit)
    words.push_back(uint64_t(1) << bit | (bit < 8 ? 0 : uint64_t(Opcode::Mov)));
  while (words.size() < 1800)
    words.push_back(randomWord(random));
  uint64_t wrong = 0, legal = 0;
  for (size_t first = 0; first < words.size(); first += test::n1Host) { // one a node
    for (uint32_t node = 0; node < test::n1Host; ++node) {
      chip.putProgram(node, 0, {words[first + node]});
      chip.put(node, Space::Csr, CsrErrors, 0);
    }
    chip.step();
    for (uint32_t node = 0; node < test::n1Host; ++node) {
      const bool right = isLegal(words[first + node]);
      legal += right;
      if (chip.csr(node, CsrErrors) != (right ? 0u : 1u) && !wrong++)
        MESSAGE("word ", words[first + node], " is ", right ? "legal" : "illegal");
    }
  }
  CHECK(wrong == 0);
  CHECK(legal > 300);
  CHECK(legal < 1500);
}

TEST_CASE("an illegal instruction does nothing") {
  if (!test::haveN1())
    return;
  N1Chip chip(6);
  chip.putSlice(1, 0, {.base = 4, .count = 9, .length = 8});
  chip.put(1, Space::Csr, CsrSlices, 1);
  const uint64_t illegal[] = {word(Opcode::Li, 64, 0, 0, 9),      word(Opcode::Li, 128, 0, 0, 9),
                              word(Opcode::Mov, 0, 1, 0, 1),      word(Opcode::Spk, 0, 1, 0, 2),
                              word(Opcode::Spkp, 0, 1, 128, 0),   word(Opcode::StState, 0, 1, 0, 8),
                              word(Opcode::StState, 0, 65, 0, 0), word(Opcode::Sat, 0, 1, 0, 33)};
  for (const uint64_t bad : illegal) {
    CAPTURE(bad);
    chip.putProgram(1, 0,
                    {word(Opcode::Li, 0, 0, 0, 5), word(Opcode::Li, 1, 0, 0, 77), word(Opcode::StState, 0, 0, 0, 0), bad,
                     word(Opcode::StState, 0, 0, 0, 1), word(Opcode::Li, 2, 0, 0, 0), word(Opcode::Spk, 0, 2, 0, 0),
                     word(Opcode::StState, 0, 2, 0, 2)});
    for (uint32_t neuron = 0; neuron < 32; ++neuron)
      for (uint32_t slot = 0; slot < 4; ++slot)
        chip.put(1, Space::State, slot * 32 + neuron, 1000 + neuron);
    chip.put(1, Space::Csr, CsrErrors, 0);
    chip.step();
    CHECK(chip.csr(1, CsrErrors) == 1);
    CHECK(chip.csr(1, CsrSpikes) == 0);
    const std::vector<uint32_t> states = chip.get(1, Space::State);
    uint64_t wrong = 0;
    for (uint32_t neuron = 0; neuron < 32; ++neuron) {
      const bool its = neuron >= 4 && neuron < 13;
      wrong += states[neuron] != (its ? 5u : 1000 + neuron) || states[32 + neuron] != (its ? 5u : 1000 + neuron) ||
               states[64 + neuron] != (its ? 0u : 1000 + neuron) || states[96 + neuron] != 1000 + neuron;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE(
    "slices of no neurons are passed over, slices without a program empty their sums, and time is as long as the manual says") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  N1Chip chip(7);
  const auto run = [&](uint32_t slices, uint64_t right) {
    chip.put(2, Space::Csr, CsrSlices, slices);
    const uint64_t cycles = chip.step().cycles;
    CHECK(chip.csr(2, CsrUpdateCycles) == right);
    CHECK(cycles + 1 == right + 2);
    CHECK(chip.get(g.host(), Space::Csr, HostCsrCycles) == cycles + 1);
  };
  for (uint32_t bank = 0; bank < g.slots; ++bank)
    for (uint32_t i = 0; i < g.accumulators(); ++i)
      chip.put(2, Space::Accumulator, bank * g.accumulators() + i, 1 + i);
  chip.putSlice(2, 0, {.base = 0, .count = 0, .inputs = 2, .length = 5});
  chip.putSlice(2, 1, {.base = 1, .count = 11, .inputs = 2, .accumulators = 3, .length = 0});
  chip.putSlice(2, 2, {.base = 12, .count = 20, .inputs = 1, .fast = 1, .accumulators = 40});
  chip.putSlice(2, 3, {.base = 5, .count = 1, .inputs = 0, .length = 0});
  chip.putSlice(2, 4, {.base = 5, .count = 1, .inputs = 0, .length = 3});
  for (uint32_t neuron = 12; neuron < g.neurons; ++neuron)
    chip.put(2, Space::Param, 2 * g.neurons + neuron, 0x1FFFF); // A threshold that nobody reaches.
  // Step 1: bank 1.
  run(1, 4 + 3);
  run(2, 4 + 3 + 5 + 8 * 2 * 2);
  run(3, 4 + 3 + 5 + 8 * 2 * 2 + 4 + 20);
  run(4, 4 + 3 + 5 + 8 * 2 * 2 + 4 + 20 + 5);
  run(5, 4 + 3 + 5 + 8 * 2 * 2 + 4 + 20 + 5 + 5 + 8 * 3);
  const std::vector<uint32_t> sums = chip.get(2, Space::Accumulator);
  uint64_t wrong = 0;
  for (uint32_t bank = 0; bank < g.slots; ++bank)
    for (uint32_t i = 0; i < g.accumulators(); ++i) {
      const bool taken = (bank >= 2 && bank <= 5 && i >= 3 && i < 25) || (bank >= 3 && bank <= 5 && i >= 40 && i < 60);
      wrong += sums[bank * g.accumulators() + i] != (taken ? 0 : 1 + i);
    }
  CHECK(wrong == 0);
}

TEST_CASE("the fast path rounds a decay towards zero by each bit that is dropped") {
  if (!test::haveN1())
    return;
  const Geometry &g = test::n1Geometry();
  const uint32_t bits = g.native.decayBits, one = 1u << bits, offset = g.native.currentDecayOffset;
  REQUIRE(2 * bits <= g.neurons);
  N1Chip chip(9);
  std::vector<ConfigWrite> writes;
  const auto put = [&](Space space, uint32_t slot, uint32_t neuron, int64_t word) {
    writes.push_back({1, space, slot * g.neurons + neuron, static_cast<uint32_t>(word)});
  };
  // Of x * 2^b the dropped bits are all 0 but bit b: a negative product is then too small by one if that bit is not seen.
  for (uint32_t b = 0; b < bits; ++b)
    for (const bool current : {true, false}) {
      const uint32_t neuron = 2 * b + !current;
      const int64_t x = 1 - (int64_t(1) << (bits - b));
      put(Space::State, !current, neuron, x);
      put(Space::Param, 0, neuron, current ? one - offset - (1u << b) : one - offset); // du; the other state is 0.
      put(Space::Param, 1, neuron, current ? one - 1 : one - (1u << b));               // dv
      put(Space::Param, 2, neuron, (1u << g.native.thresholdBits) - 1);
    }
  chip.write(writes);
  chip.putSlice(1, 0, {.base = 0, .count = 2 * bits, .inputs = 1, .fast = 1});
  chip.put(1, Space::Csr, CsrSlices, 1);
  chip.step();
  const std::vector<uint32_t> states = chip.get(1, Space::State);
  for (uint32_t neuron = 0; neuron < 2 * bits; ++neuron) {
    CAPTURE(neuron);
    // |x| * 2^b = 2^bits - 2^b, of which nothing is left.
    CHECK(states[neuron] == 0);
    CHECK(states[g.neurons + neuron] == 0);
  }
}
