//===- RandomProgram.h - Data for random programs ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For differential tests of executors: the arrays that a random program runs on.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_UNIT_ISA_RANDOMPROGRAM_H
#define RANVIER_TEST_UNIT_ISA_RANDOMPROGRAM_H

#include "ranvier/ISA/RandomProgram.h"
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::test {

using isa::edgeWord;
using isa::randomProgram;
using isa::RandomSource;

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
