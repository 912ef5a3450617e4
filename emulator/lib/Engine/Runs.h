//===- Runs.h - Rows of neighbouring accumulators ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row of a convolution meets accumulators that stand side by side. Such a row is kept a second time, as runs of up to eight
// neighbours: a run is one addition of vectors, where single synapses are an addition each. Integer images only: additions of one
// row to different accumulators may happen at once, and what a vector has beyond its run stays as it is only where x + 0 is x.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_RUNS_H
#define RANVIER_EMULATOR_LIB_RUNS_H

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier::emu {

/// Accumulators of a run at most.
constexpr uint32_t longestRun = 8;
/// Words behind an array of accumulators that are read, and written as they are, with the last run.
constexpr uint32_t wordsBehindRuns = longestRun - 1;

/// A row as runs, in words: how many runs; a word a run, first accumulator in bits 0-15, synapses in 16-23, delay in 24-31; then a
/// weight of 16 bits a synapse, in the order of the row.
class RunStore {
public:
  /// Appends the row (packed synapses, sorted by delay and accumulator) if that takes no more words than the row has. Returns the
  /// number of its first word and how many words it takes; 0 words: it was not appended, because its runs are short.
  struct Place {
    uint64_t first = 0;
    uint32_t words = 0;
  };
  Place append(std::span<const uint32_t> row);
  /// After the last append: what vectors read beyond the last weight.
  void finish();
  const uint32_t *data() const { return words.data(); }
  size_t size() const { return words.size(); }

private:
  std::vector<uint32_t> words;
};

/// Adds a row, each weight times `factor`, modulo 2^32, to accumulators of `ring` that begin at `slotOffset[delay]`.
using AddRuns = void (*)(const uint32_t *row, uint32_t *ring, const uint32_t *slotOffset, uint32_t factor);
void addRunsPlain(const uint32_t *row, uint32_t *ring, const uint32_t *slotOffset, uint32_t factor);
/// The same by vectors, or null on a processor without AVX2. Reads and writes back wordsBehindRuns words behind a run.
AddRuns addRunsAvx2();
/// The faster of the two that this processor has.
AddRuns selectAddRuns();

} // namespace ranvier::emu

#endif
