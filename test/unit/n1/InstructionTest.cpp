// Every instruction with every immediate on the engine and in the interpreter, with operands from the ends of their range; programs
// and slices as long and as many as a core holds (docs/spec/microcode.md). SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <functional>

using namespace ranvier;
using namespace ranvier::rtl;
using isa::ImmKind;
using isa::Instruction;
using isa::Opcode;
using test::N1Chip;

namespace {
constexpr uint32_t neurons = 32, states = 8, params = 16;

/// Every instruction but loads, stores and spikes, once for each immediate; constants and draws: some.
std::vector<Instruction> everyInstruction(isa::RandomSource &random) {
  std::vector<Instruction> out;
  for (const isa::OpcodeInfo &info : isa::opcodeTable) {
    if (!info.inInt || !info.dst || info.imm == ImmKind::State || info.imm == ImmKind::Param || info.imm == ImmKind::Input)
      continue;
    const auto add = [&](uint32_t imm) {
      out.push_back(
          {.op = info.op, .a = static_cast<uint8_t>(info.a ? 1 : 0), .b = static_cast<uint8_t>(info.b ? 2 : 0), .imm = imm});
    };
    switch (info.imm) {
    case ImmKind::Const:
      for (int i = 0; i < 12; ++i)
        add(isa::edgeWord(random, isa::Profile::Int));
      break;
    case ImmKind::Reg:
      for (int i = 0; i < 4; ++i)
        add(3);
      break;
    case ImmKind::Draw:
      for (int i = 0; i < 10; ++i)
        add(i < 2 ? 255 * i : random.below(256));
      break;
    case ImmKind::Table:
      for (int i = 0; i < 6; ++i)
        add(i % 2);
      break;
    case ImmKind::Shift:
    case ImmKind::Bits:
      for (uint32_t imm = info.immMin; imm <= info.immMax; ++imm)
        add(imm);
      break;
    case ImmKind::ShiftRound:
    case ImmKind::ProductShift:
      for (uint32_t rounding = 0; rounding < std::size(isa::roundingNames); ++rounding)
        for (uint32_t shift = info.immMin; shift <= info.immMax; ++shift)
          add(shift | rounding << 8);
      break;
    default:
      add(0);
      add(0);
    }
  }
  return out;
}

/// One core's words, as the chip has them and as the interpreter wants them.
struct Core {
  alignas(64) int32_t state[states][neurons], param[params][neurons], input[2][neurons];

  void draw(isa::RandomSource &random) {
    for (auto *rows : {state[0], param[0], input[0]})
      for (uint32_t i = 0; i < (rows == state[0] ? states : rows == param[0] ? params : 2) * neurons; ++i)
        rows[i] = static_cast<int32_t>(isa::edgeWord(random, isa::Profile::Int));
  }
  void put(N1Chip &chip, uint32_t node, uint32_t bank) const {
    const Geometry &g = test::n1Geometry();
    std::vector<ConfigWrite> writes;
    for (uint32_t n = 0; n < neurons; ++n) {
      for (uint32_t s = 0; s < states; ++s)
        writes.push_back({node, Space::State, s * neurons + n, static_cast<uint32_t>(state[s][n])});
      for (uint32_t p = 0; p < params; ++p)
        writes.push_back({node, Space::Param, p * neurons + n, static_cast<uint32_t>(param[p][n])});
      for (uint32_t r = 0; r < 2; ++r)
        writes.push_back({node, Space::Accumulator, bank * g.accumulators() + r * neurons + n, static_cast<uint32_t>(input[r][n])});
    }
    chip.write(writes);
  }
  void interpret(const isa::Program &program, uint64_t seed, uint32_t entity, uint32_t step) {
    int32_t *stateRows[states];
    const int32_t *paramRows[params], *inputRows[2] = {input[0], input[1]};
    for (uint32_t s = 0; s < states; ++s)
      stateRows[s] = state[s];
    for (uint32_t p = 0; p < params; ++p)
      paramRows[p] = param[p];
    uint32_t spikes[1] = {};
    isa::interpret(program, {.count = neurons,
                             .firstEntity = entity,
                             .seed = seed,
                             .step = step,
                             .state = stateRows,
                             .param = paramRows,
                             .input = inputRows,
                             .spikes = spikes});
  }
  std::vector<uint32_t> words() const { return {&state[0][0], &state[0][0] + states * neurons}; }
};

isa::Program emptyProgram() {
  isa::Program out;
  out.name = "test";
  for (uint32_t s = 0; s < states; ++s)
    out.states.push_back("v" + std::to_string(s));
  for (uint32_t p = 0; p < params; ++p)
    out.params.push_back("p" + std::to_string(p));
  out.inputs = {"i", "j"};
  out.tables = {std::vector<int32_t>(37), std::vector<int32_t>(27)}; // Together as many as there is room for.
  return out;
}

/// A program's words with the tables' places in them.
std::vector<uint64_t> encoded(const isa::Program &program) {
  std::vector<uint64_t> out;
  for (Instruction i : program.code) {
    if (i.op == Opcode::Lut)
      i.imm = (i.imm ? 37u : 0u) | static_cast<uint32_t>(program.tables[i.imm].size() - 1) << 16;
    out.push_back(isa::encode(i));
  }
  return out;
}

struct Engines {
  const Geometry &g = test::n1Geometry();
  N1Chip chip;
  isa::RandomSource random;
  explicit Engines(uint32_t seed) : chip(seed), random(seed) {}

  /// One program a node, in one step. `change` has a say in a node's words, which are drawn at random.
  void
  run(std::vector<isa::Program> programs, const std::function<void(uint32_t node, Core &core)> &change = [](uint32_t, Core &) {}) {
    const auto before = static_cast<uint32_t>(random.next());
    chip.put(test::n1Host, Space::Csr, HostCsrStep, before);
    std::vector<Core> cores(programs.size());
    for (uint32_t node = 0; node < programs.size(); ++node) {
      isa::Program &program = programs[node];
      const uint64_t seed = random.next();
      const auto entity = static_cast<uint32_t>(random.next());
      const auto first = static_cast<uint32_t>(random.below(static_cast<uint32_t>(g.programWords - program.code.size()) + 1));
      uint32_t address = 0;
      for (std::vector<int32_t> &table : program.tables)
        for (int32_t &word : table) {
          word = static_cast<int32_t>(random.next());
          chip.put(node, Space::Table, address++, static_cast<uint32_t>(word));
        }
      chip.putProgram(node, first, encoded(program));
      chip.putSlice(
          node, 0,
          {.base = 0, .count = neurons, .inputs = 2, .start = first, .length = static_cast<uint32_t>(program.code.size())});
      chip.write({{node, Space::Slice, 2, static_cast<uint32_t>(seed)},
                  {node, Space::Slice, 3, static_cast<uint32_t>(seed >> 32)},
                  {node, Space::Slice, 4, entity},
                  {node, Space::Csr, CsrSlices, 1}});
      cores[node].draw(random);
      change(node, cores[node]);
      cores[node].put(chip, node, (before + 1) % g.slots);
      cores[node].interpret(program, seed, entity, before + 1);
    }
    chip.step();
    for (uint32_t node = 0; node < programs.size(); ++node) {
      CHECK(chip.csr(node, CsrErrors) == 0);
      const std::vector<uint32_t> found = chip.get(node, Space::State), right = cores[node].words();
      const auto at = std::mismatch(found.begin(), found.end(), right.begin()).first;
      CHECK(found == right);
      if (at != found.end())
        MESSAGE("state ", (at - found.begin()) / neurons, " of neuron ", (at - found.begin()) % neurons);
    }
  }
};
} // namespace

TEST_CASE("every instruction with every immediate gives the words of the interpreter") {
  if (!test::haveN1())
    return;
  Engines engines(12);
  for (int round = 0; round < 2; ++round) {
    std::vector<Instruction> all = everyInstruction(engines.random);
    REQUIRE(all.size() > 750);
    std::vector<isa::Program> programs;
    for (size_t first = 0; first < all.size(); first += states) {
      isa::Program program = emptyProgram();
      const uint32_t slot = engines.random.below(params - 2);
      for (uint8_t k = 0; k < 3; ++k)
        program.code.push_back({.op = Opcode::LdParam, .dst = static_cast<uint8_t>(k + 1), .imm = slot + k});
      if (engines.random.oneIn(4))
        program.code[0] = {.op = Opcode::LdInput, .dst = 1, .imm = engines.random.below(2)};
      if (engines.random.oneIn(4))
        program.code[1] = {.op = Opcode::LdState, .dst = 2, .imm = engines.random.below(states)};
      if (engines.random.oneIn(2)) // What chooses is 0 at random.
        program.code.push_back({.op = Opcode::Lt, .dst = 3, .a = 3, .b = 2});
      const uint32_t count = static_cast<uint32_t>(std::min<size_t>(states, all.size() - first));
      for (uint32_t i = 0; i < count; ++i) {
        Instruction one = all[first + i];
        one.dst = static_cast<uint8_t>(10 + i * 7 % 54);
        program.code.push_back(one);
      }
      for (uint32_t i = 0; i < count; ++i)
        program.code.push_back({.op = Opcode::StState, .a = static_cast<uint8_t>(10 + i * 7 % 54), .imm = i});
      programs.push_back(std::move(program));
    }
    for (size_t first = 0; first < programs.size(); first += test::n1Host)
      engines.run({programs.begin() + static_cast<ptrdiff_t>(first),
                   programs.begin() + static_cast<ptrdiff_t>(std::min<size_t>(programs.size(), first + test::n1Host))});
  }
}

TEST_CASE("shifts round powers of two, and thrice them, in every way") {
  if (!test::haveN1())
    return;
  // Words drawn at random hardly ever have only zeros among the bits that fall out, or zeros below the highest of them.
  Engines engines(18);
  const auto power = [](uint32_t exponent, uint32_t factor, bool negative) {
    const uint32_t word = factor << exponent;
    return static_cast<int32_t>(negative ? 0 - word : word);
  };
  std::vector<isa::Program> programs;
  std::vector<uint32_t> shifts;
  const auto run = [&] {
    engines.run(std::move(programs), [&](uint32_t node, Core &core) {
      // A neuron in four has its lowest one at the highest bit that falls out, others near that; of either sign.
      for (uint32_t n = 0; n < neurons; ++n) {
        const auto bit = static_cast<uint32_t>(std::clamp(static_cast<int>(shifts[node] + n % 4) - 2, 0, 62));
        const uint32_t one = std::max(engines.random.below(std::min(bit, 31u) + 1), bit - std::min(bit, 31u));
        core.param[0][n] = power(one, n & 8 ? 3 : 1, n & 4);
        core.param[1][n] = power(bit - one, 1, n & 16);
        core.param[2][n] = power(std::min(bit, 31u), n & 8 ? 3 : 1, n & 4);
      }
    });
    programs.clear();
    shifts.clear();
  };
  for (const isa::OpcodeInfo &info : isa::opcodeTable) {
    if (!info.inInt || (info.imm != ImmKind::ShiftRound && info.imm != ImmKind::ProductShift))
      continue;
    for (uint32_t shift = info.immMin; shift <= info.immMax; ++shift) {
      isa::Program program = emptyProgram();
      for (uint8_t p = 0; p < 3; ++p)
        program.code.push_back({.op = Opcode::LdParam, .dst = p, .imm = p});
      for (uint32_t rounding = 0; rounding < std::size(isa::roundingNames); ++rounding) {
        program.code.push_back({.op = info.op,
                                .dst = 3,
                                .a = static_cast<uint8_t>(info.b ? 0 : 2),
                                .b = static_cast<uint8_t>(info.b ? 1 : 0),
                                .imm = shift | rounding << 8});
        program.code.push_back({.op = Opcode::StState, .a = 3, .imm = rounding});
      }
      programs.push_back(std::move(program));
      shifts.push_back(shift);
      if (programs.size() == test::n1Host)
        run();
    }
  }
  if (!programs.empty())
    run();
}

TEST_CASE("clipping and comparing tell words that are one bit apart") {
  if (!test::haveN1())
    return;
  Engines engines(17);
  // A program clips to four widths, from four parameters. A neuron's bit is flipped in the words at the ends of a width's range.
  for (uint32_t end = 0; end < 4; ++end)
    for (uint32_t first = 1; first <= 32; first += 16) {
      std::vector<isa::Program> programs;
      for (uint32_t node = 0; node < test::n1Host; ++node) {
        isa::Program program = emptyProgram();
        for (uint32_t k = 0; k < 4; ++k) {
          const uint32_t width = first + 4 * node + k;
          program.code.push_back({.op = Opcode::LdParam, .dst = 1, .imm = k});
          program.code.push_back({.op = Opcode::Sat, .dst = 2, .a = 1, .imm = width});
          program.code.push_back({.op = Opcode::Satt, .dst = 3, .a = 1, .imm = width});
          program.code.push_back({.op = Opcode::StState, .a = 2, .imm = 2 * k});
          program.code.push_back({.op = Opcode::StState, .a = 3, .imm = 2 * k + 1});
        }
        programs.push_back(std::move(program));
      }
      engines.run(std::move(programs), [&](uint32_t node, Core &core) {
        for (uint32_t k = 0; k < 4; ++k)
          for (uint32_t n = 0; n < neurons; ++n) {
            const uint32_t top = (uint32_t(1) << (first + 4 * node + k - 1)) - 1;
            const uint32_t ends[] = {top, top + 1, ~top + 1, ~top};
            core.param[k][n] = static_cast<int32_t>(ends[end] ^ uint32_t(1) << n);
          }
      });
    }
  isa::Program program = emptyProgram();
  const Opcode compared[] = {Opcode::Lt, Opcode::Le, Opcode::Eq, Opcode::Min, Opcode::Max, Opcode::Adds, Opcode::Subs, Opcode::Xor};
  program.code = {{.op = Opcode::LdParam, .dst = 1, .imm = 0}, {.op = Opcode::LdParam, .dst = 2, .imm = 1}};
  for (uint32_t k = 0; k < states; ++k) {
    program.code.push_back({.op = compared[k], .dst = 3, .a = 1, .b = 2});
    program.code.push_back({.op = Opcode::StState, .a = 3, .imm = k});
  }
  for (int round = 0; round < 6; ++round)
    engines.run({program, program, program, program}, [&](uint32_t, Core &core) {
      for (uint32_t n = 0; n < neurons; ++n)
        core.param[1][n] = static_cast<int32_t>(static_cast<uint32_t>(core.param[0][n]) ^ uint32_t(1) << n);
    });
}

TEST_CASE("programs as long as there is room for, and slices as many") {
  if (!test::haveN1())
    return;
  Engines engines(13);
  const Geometry &g = test::n1Geometry();
  // Each register takes part in a sum; the sum is stored.
  isa::Program program = emptyProgram();
  for (uint8_t r = 0; r < 64; ++r)
    program.code.push_back({.op = Opcode::Li, .dst = r, .imm = static_cast<uint32_t>(engines.random.next())});
  while (program.code.size() + states < g.programWords) {
    const auto pick = [&] { return static_cast<uint8_t>(engines.random.below(64)); };
    program.code.push_back({.op = engines.random.oneIn(2) ? Opcode::Add : Opcode::Xor, .dst = pick(), .a = pick(), .b = pick()});
  }
  for (uint32_t s = 0; s < states; ++s)
    program.code.push_back({.op = Opcode::StState, .a = static_cast<uint8_t>(engines.random.below(64)), .imm = s});
  engines.run({program, program, program, program});

  // A slice a neuron: each counts itself.
  N1Chip chip(14);
  chip.putProgram(
      3, 0,
      {isa::encode({.op = Opcode::LdState, .dst = 0, .imm = 0}), isa::encode({.op = Opcode::LdParam, .dst = 1, .imm = 0}),
       isa::encode({.op = Opcode::Add, .dst = 0, .a = 0, .b = 1}), isa::encode({.op = Opcode::StState, .a = 0, .imm = 0})});
  for (uint32_t n = 0; n < neurons; ++n) {
    chip.putSlice(3, n, {.base = neurons - 1 - n, .count = 1, .length = 4});
    chip.put(3, Space::Param, n, n * n + 1);
  }
  std::vector<uint32_t> right(neurons, 0);
  for (uint32_t slices = 0; slices <= neurons; ++slices) {
    chip.put(3, Space::Csr, CsrSlices, slices);
    chip.step();
    for (uint32_t n = 0; n < slices; ++n)
      right[neurons - 1 - n] += (neurons - 1 - n) * (neurons - 1 - n) + 1;
    CHECK(chip.csr(3, CsrUpdateCycles) == 4 + slices * (5 + 8 * 4));
    std::vector<uint32_t> found = chip.get(3, Space::State);
    found.resize(neurons);
    CHECK(found == right);
  }
}
