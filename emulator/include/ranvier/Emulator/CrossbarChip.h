//===- CrossbarChip.h - Macros of a chip as crossbars -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_CROSSBARCHIP_H
#define RANVIER_EMULATOR_CROSSBARCHIP_H

#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/HwModels/Crossbar.h"

namespace ranvier::emu {

/// The array that a chip description's macro is: inputs are spikes, weights and results integers of one unit. Ranges of
/// converters, the device, its seed and its faults are left for the caller, who knows the macro.
CrossbarConfig crossbarConfig(const hw::Crossbar &crossbar);

} // namespace ranvier::emu

#endif
