//===- Replay.h - A golden case through the whole chain ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Golden case -> mapping::Network -> partition, place, emit -> image -> emu::Machine, the way every compiled network takes. Apart
// from the tool's main() so that unit tests reach every step.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TOOLS_REPLAY_H
#define RANVIER_TOOLS_REPLAY_H

#include "ranvier/Emulator/Machine.h"
#include "ranvier/Formats/GoldenCase.h"
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Mapping/Network.h"
#include <optional>
#include <string>
#include <vector>

namespace ranvier::tools {

/// The weights of a connection as the chip would hold them: clipped for the sign mode, lowest bits cleared. Lava's truncation,
/// restated in docs/spec/golden-loihi.md. Errors: RNV8083 unknown sign mode, RNV8084 weight bits outside 0..8.
Result<std::vector<int32_t>> truncatedWeights(const formats::GoldenConnection &connection);

/// Inputs come first, then groups, both in file order; every connection becomes one projection with delays d + 1. Inputs and groups
/// without neurons are left out, and connections with them.
/// Errors: RNV8081 (unknown model, kind, or message format), RNV8082 (a name or value that does not fit the rest), RNV8083,
/// RNV8084.
Result<mapping::Network> buildNetwork(const formats::GoldenCase &golden);

struct ReplayOptions {
  emu::Executor executor = emu::Executor::Jit;
  unsigned threads = 1;
  uint64_t seed = 0;
};

/// The first cell that differs, in the order step, group, neuron, u, v, s.
struct Difference {
  uint32_t step = 0;       ///< 1-based.
  std::string group, what; ///< what: "u", "v" or "s".
  uint32_t neuron = 0;
  int64_t expected = 0, found = 0;
};
struct ReplayResult {
  uint32_t steps = 0;
  uint64_t comparedCells = 0;
  size_t cores = 0;
  std::optional<Difference> difference;
  std::vector<formats::GoldenResult> computed; ///< Every group, every step.
};
/// Errors: those of buildNetwork, mapping and machine; RNV8085 (the chip cannot run the arithmetic of golden cases).
Result<ReplayResult> replay(const formats::GoldenCase &golden, const hw::Chip &chip, const ReplayOptions &options);

} // namespace ranvier::tools

#endif
