//===- RandomProgram.h - Random legal microcode and data --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For differential tests of executors: every instruction of the table, operands and immediates from its operand kinds, data full
// of the values where arithmetic goes wrong. A function of its seed alone, so a printed seed reproduces a failure anywhere.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_UNIT_ISA_RANDOMPROGRAM_H
#define RANVIER_TEST_UNIT_ISA_RANDOMPROGRAM_H

#include "ranvier/ISA/Program.h"
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::test {

/// SplitMix64: small, and the same everywhere (the distributions of the standard library are not).
class RandomSource {
public:
  explicit RandomSource(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// 0..bound-1; bound > 0.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  bool oneIn(uint32_t n) { return below(n) == 0; }
  template <typename Range> auto pick(const Range &range) { return range[below(static_cast<uint32_t>(std::size(range)))]; }

private:
  uint64_t state;
};

/// A 32-bit word as a program may meet it: half the time a value at the edge of something.
inline uint32_t edgeWord(RandomSource &random, isa::Profile profile) {
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
  if (profile == isa::Profile::Int) {
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
inline uint32_t randomImmediate(RandomSource &random, const isa::Program &program, const isa::OpcodeInfo &info,
                                const std::vector<uint8_t> &written) {
  using isa::ImmKind;
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
    return random.below(info.immMax + 1) | random.below(static_cast<uint32_t>(std::size(isa::roundingNames))) << 8;
  }
  return 0;
}

/// A legal program of up to `maxLength` instructions; the last ones store what was computed, so that nothing goes unseen.
inline isa::Program randomProgram(RandomSource &random, isa::Profile profile, unsigned maxLength = 40) {
  using namespace isa;
  Program program;
  program.name = "random";
  program.profile = profile;
  auto slots = [&](std::vector<std::string> &names, const char *prefix) {
    for (uint32_t i = 0, count = 1 + random.below(6); i < count; ++i)
      names.push_back(prefix + std::to_string(i));
  };
  slots(program.states, "v");
  slots(program.params, "p");
  slots(program.inputs, "in");
  for (uint32_t i = 0, count = 1 + random.below(2); i < count; ++i) {
    std::vector<int32_t> table(1 + random.below(random.oneIn(8) ? 1024 : 16));
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

/// The arrays behind a SliceView: aligned to 64 bytes, padded to 16 neurons, and followed by guard words.
class SliceData {
public:
  SliceData(const isa::Program &program, uint32_t count, RandomSource &random) : padded((count + 15) / 16 * 16) {
    slice.count = count;
    slice.firstEntity = static_cast<uint32_t>(random.next());
    slice.seed = random.next();
    slice.step = static_cast<uint32_t>(random.next()) | 1;
    auto fill = [&](size_t numArrays, std::vector<int32_t *> &pointers) {
      for (size_t i = 0; i < numArrays; ++i) {
        pointers.push_back(allocate(padded));
        for (uint32_t n = 0; n < padded; ++n)
          pointers.back()[n] = static_cast<int32_t>(edgeWord(random, program.profile));
      }
    };
    fill(program.states.size(), state);
    fill(program.params.size(), param);
    fill(program.inputs.size(), input);
    slice.state = state.data();
    slice.param = param.data();
    slice.input = input.data();
    slice.spikes = reinterpret_cast<uint32_t *>(allocate((count + 31) / 32));
    std::fill_n(slice.spikes, (count + 31) / 32, 0xDEADBEEFu); // Must be overwritten.
    if (isa::emitsPayload(program))
      slice.payload = allocate(padded);
  }
  /// A copy with arrays of its own.
  SliceData(const SliceData &other) : slice(other.slice), padded(other.padded) {
    auto copy = [&](const std::vector<int32_t *> &from, std::vector<int32_t *> &to) {
      for (const int32_t *array : from)
        std::copy_n(array, padded, to.emplace_back(allocate(padded)));
    };
    copy(other.state, state);
    copy(other.param, param);
    copy(other.input, input);
    slice.state = state.data();
    slice.param = param.data();
    slice.input = input.data();
    const uint32_t words = (slice.count + 31) / 32;
    slice.spikes = reinterpret_cast<uint32_t *>(allocate(words));
    std::copy_n(other.slice.spikes, words, slice.spikes);
    if (other.slice.payload)
      std::copy_n(other.slice.payload, padded, slice.payload = allocate(padded));
  }
  SliceData &operator=(const SliceData &) = delete;

  /// Gives every neuron the first one's value of the parameters whose bit is set.
  void makeUniform(uint32_t params) {
    for (size_t p = 0; p < param.size(); ++p)
      if (params >> p & 1)
        std::fill_n(param[p], padded, param[p][0]);
  }
  /// Spoils all but the first word of the parameters whose bit is set: nobody may need more.
  void spoilUniform(uint32_t params) {
    for (size_t p = 0; p < param.size(); ++p)
      if (params >> p & 1)
        std::fill_n(param[p] + 1, padded - 1, guard);
  }

  /// Puts zeros into three of four neurons: all states and inputs, and parameters that differ between neurons anyway.
  void clearSome(RandomSource &random) {
    for (uint32_t n = 0; n < padded; ++n)
      if (!random.oneIn(4))
        for (const auto *arrays : {&state, &param, &input})
          for (int32_t *array : *arrays)
            if (arrays != &param || array[0] != array[padded - 1])
              array[n] = 0;
  }

  const isa::SliceView &view() const { return slice; }
  isa::SliceView &view() { return slice; }

  /// The first difference in states, spikes or payloads of the `count` neurons; empty if there is none.
  std::string difference(const SliceData &other) const {
    for (size_t s = 0; s < state.size(); ++s)
      for (uint32_t n = 0; n < slice.count; ++n)
        if (state[s][n] != other.state[s][n])
          return describe("state " + std::to_string(s), n, state[s][n], other.state[s][n]);
    for (uint32_t w = 0; w < (slice.count + 31) / 32; ++w)
      if (slice.spikes[w] != other.slice.spikes[w])
        return describe("spike word", w, static_cast<int32_t>(slice.spikes[w]), static_cast<int32_t>(other.slice.spikes[w]));
    for (uint32_t n = 0; slice.payload && n < slice.count; ++n)
      if (slice.payload[n] != other.slice.payload[n])
        return describe("payload", n, slice.payload[n], other.slice.payload[n]);
    return "";
  }
  /// True if nobody wrote behind an array.
  bool guardsIntact() const {
    for (const auto &[array, words] : arrays)
      for (size_t i = 0; i < guardWords; ++i)
        if (array.get()[words + i] != guard)
          return false;
    return true;
  }

private:
  static constexpr size_t guardWords = 16;
  static constexpr int32_t guard = 0x5A5A5A5A;
  struct Free {
    void operator()(int32_t *p) const { std::free(p); }
  };
  static std::string describe(const std::string &what, uint32_t n, int32_t mine, int32_t theirs) {
    return what + ", " + std::to_string(n) + ": " + std::to_string(mine) + " != " + std::to_string(theirs);
  }
  int32_t *allocate(size_t words) {
    const size_t bytes = ((words + guardWords) * sizeof(int32_t) + 63) / 64 * 64;
    auto *array = static_cast<int32_t *>(std::aligned_alloc(64, bytes));
    std::fill_n(array, words, 0);
    std::fill_n(array + words, guardWords, guard);
    arrays.emplace_back(std::unique_ptr<int32_t, Free>(array), words);
    return array;
  }

  isa::SliceView slice;
  uint32_t padded;
  std::vector<int32_t *> state, param, input;
  std::vector<std::pair<std::unique_ptr<int32_t, Free>, size_t>> arrays;
};

} // namespace ranvier::test

#endif
