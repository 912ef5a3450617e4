//===- NativeForm.h - The fixed neuron unit as microcode --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_HWMODELS_NATIVEFORM_H
#define RANVIER_HWMODELS_NATIVEFORM_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/ISA/Program.h"

namespace ranvier::hw {

/// Parameter slots of nativeCubaProgram.
enum NativeCubaParam : uint32_t { NativeDu = 0, NativeDv = 1, NativeVth = 2, NativeBias = 3 };

/// The chip's CUBA leaky integrate-and-fire unit as a microprogram with exactly the arithmetic documented at hw::NativeCubaLif.
/// States u, v; parameters du, dv, vth (before its shift), bias (mantissa already shifted by its exponent); input i (before
/// inputShift).
isa::Program nativeCubaProgram(const NativeCubaLif &form);

} // namespace ranvier::hw

#endif
