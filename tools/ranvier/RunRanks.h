//===- RunRanks.h - A run over several ranks --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_RUNRANKS_H
#define RANVIER_TOOLS_RUNRANKS_H

#include "Common.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Emulator/Transport.h"

namespace ranvier::tools {

/// Runs `prepare` once in this process, then `body` as each of its ranks: as the one that mpirun made it, as `pretended` ranks in
/// threads of their own (0: none are pretended), or as none (null). On rank 0 `body` runs in the calling thread. One rank speaks of
/// a failure; where the others cannot know of it, all are ended.
Result<void> onRanks(Context &context, unsigned pretended, const std::function<Result<void>()> &prepare,
                     const std::function<Result<void>(std::shared_ptr<emu::Transport> ranks)> &body);

/// That all ranks run the same: `items` are names of what must be equal and what stands for it here; collective. Errors: RNV8048.
Result<void> checkSame(emu::Transport &ranks, const std::vector<std::pair<std::string, std::string>> &items);

/// What a rank holds and has said.
struct RankShare {
  uint64_t cores = 0, neurons = 0, synapses = 0, threads = 0;
  emu::MachineMemory memory;
  emu::RankTraffic traffic;
  uint64_t peakBytes = 0; ///< Of its process, as the system counts; 0 where ranks are pretended.
};
/// Of all ranks, on rank 0; collective. Errors: RNV7017.
Result<std::vector<RankShare>> shares(const emu::Machine &machine, emu::Transport &ranks, bool pretended);
Json sharesJson(const std::vector<RankShare> &shares);
/// Lines for a text report.
std::string sharesText(const std::vector<RankShare> &shares, bool pretended);

} // namespace ranvier::tools

#endif
