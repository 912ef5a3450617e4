//===- RecordBlock.cpp - What a run records, in blocks --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RecordBlock.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
enum Kind : uint32_t { PlainSpikes = 0, GradedSpikes = 1, StateRow = 2 };
constexpr size_t headWords = 4;

/// Words of payloads and states as they stand in a block.
std::span<const int32_t> asSigned(std::span<const uint32_t> words) {
  return {reinterpret_cast<const int32_t *>(words.data()), words.size()};
}
} // namespace

void formats::putSpikes(RecordBlock &block, uint32_t population, uint32_t step, std::span<const uint32_t> neurons,
                        std::span<const int32_t> payloads) {
  block.insert(block.end(),
               {payloads.empty() ? PlainSpikes : GradedSpikes, population, step, static_cast<uint32_t>(neurons.size())});
  block.insert(block.end(), neurons.begin(), neurons.end());
  block.insert(block.end(), payloads.begin(), payloads.end());
}

void formats::putState(RecordBlock &block, uint32_t population, uint32_t state, std::span<const int32_t> words) {
  block.insert(block.end(), {StateRow, population, state, static_cast<uint32_t>(words.size())});
  block.insert(block.end(), words.begin(), words.end());
}

Result<void> formats::takeRecords(std::span<const uint32_t> block, const std::vector<RecordedPopulation> &populations,
                                  RecordSink &sink) {
  for (size_t at = 0; at < block.size();) {
    const auto wrong = [&](std::string expected, std::string found) {
      return Error{.code = 1084,
                   .message = "a record of the unfinished recording is wrong",
                   .place = "word " + std::to_string(at) + " of the block",
                   .expected = std::move(expected),
                   .found = std::move(found)};
    };
    if (block.size() - at < headWords)
      return wrong("a record of 4 words or more", std::to_string(block.size() - at));
    const uint32_t kind = block[at], p = block[at + 1], which = block[at + 2], count = block[at + 3];
    const uint64_t length = uint64_t(count) * (kind == GradedSpikes ? 2 : 1);
    if (kind > StateRow)
      return wrong("kind 0, 1 or 2", std::to_string(kind));
    if (p >= populations.size())
      return wrong("a population below " + std::to_string(populations.size()), std::to_string(p));
    if (length > block.size() - at - headWords)
      return wrong("at most " + std::to_string(block.size() - at - headWords) + " words", std::to_string(length));
    const RecordedPopulation &population = populations[p];
    const std::span<const uint32_t> words = block.subspan(at + headWords, count), payloads = block.subspan(at + headWords + count);
    if (kind == StateRow) {
      if (which >= population.states.size() || count != population.count)
        return wrong("a row of " + std::to_string(population.count) + " words of a state below " +
                         std::to_string(population.states.size()),
                     std::to_string(count) + " words of state " + std::to_string(which));
      RANVIER_CHECK(sink.state(p, which, asSigned(words)));
    } else {
      if ((kind == GradedSpikes) != population.graded)
        return wrong(population.graded ? "spikes with values" : "spikes without values", "others");
      if (words.empty() || words.back() >= population.count ||
          std::adjacent_find(words.begin(), words.end(), std::greater_equal<>()) != words.end())
        return wrong("ascending neurons below " + std::to_string(population.count), "others");
      RANVIER_CHECK(sink.spikes(p, which, words, asSigned(payloads.first(length - count))));
    }
    at += headWords + length;
  }
  return {};
}
