//===- Snapshot.h - The engine's state in terms of the image ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_LIB_SNAPSHOT_H
#define RANVIER_EMULATOR_LIB_SNAPSHOT_H

#include "State.h"
#include "ranvier/Emulator/Checkpoint.h"

namespace ranvier::emu {

/// Between two steps, of which `now` was the last.
void saveState(const Engine &engine, uint32_t now, MachineState &state);
/// Whether every word of `state` has a place in the engine. Errors: RNV7036.
Result<void> checkState(const Engine &engine, const MachineState &state);
/// Of a state that was checked. The machine's step is the caller's to set.
void restoreState(Engine &engine, const MachineState &state);

} // namespace ranvier::emu

#endif
