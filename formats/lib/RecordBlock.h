//===- RecordBlock.h - What a run records, in blocks ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Spikes and rows of states on their way to disk: records of 32-bit words, gathered in blocks. A record is four words (kind,
// population, step of spikes or number of a state, count) and `count` words, of graded spikes as many payloads behind them.
// docs/spec/run-recording.md describes the file that such blocks make.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_RECORDBLOCK_H
#define RANVIER_LIB_FORMATS_RECORDBLOCK_H

#include "ranvier/Formats/Recording.h"

namespace ranvier::formats {

using RecordBlock = std::vector<uint32_t>;

/// Where records go. Spikes of one population in one step, ascending, never none; or one row of one state.
class RecordSink {
public:
  virtual ~RecordSink() = default;
  virtual Result<void> spikes(uint32_t population, uint32_t step, std::span<const uint32_t> neurons,
                              std::span<const int32_t> payloads) = 0;
  virtual Result<void> state(uint32_t population, uint32_t state, std::span<const int32_t> words) = 0;
};

void putSpikes(RecordBlock &block, uint32_t population, uint32_t step, std::span<const uint32_t> neurons,
               std::span<const int32_t> payloads);
void putState(RecordBlock &block, uint32_t population, uint32_t state, std::span<const int32_t> words);

/// Hands the records of a block to a sink, in order. A record that does not fit `populations` is RNV1084 (without a file's name):
/// blocks may come from a file.
Result<void> takeRecords(std::span<const uint32_t> block, const std::vector<RecordedPopulation> &populations, RecordSink &sink);

} // namespace ranvier::formats

#endif
