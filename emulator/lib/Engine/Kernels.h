//===- Kernels.h - Compiled kernels for the slices --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_LIB_KERNELS_H
#define RANVIER_EMULATOR_LIB_KERNELS_H

#include "State.h"
#include "ranvier/Emulator/Jit.h"

namespace ranvier::emu {

/// Kernels made of one program at most: one for each set of uniform parameters that slices have, while there are no more sets.
constexpr size_t mostKernelsOfProgram = 4;

/// Compiles a kernel for every slice of a loaded engine and gives it to the slice. A parameter that has one value in a slice is
/// read once there and not for every neuron. With timing, kernels note active neurons: their argument is the slice of an
/// ActivityView. They live as long as the result. Errors: RNV7100.
Result<std::unique_ptr<Jit>> compileKernels(Engine &engine);

} // namespace ranvier::emu

#endif
