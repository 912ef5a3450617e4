//===- KernelBuilder.h - Microcode to LLVM IR -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_JIT_KERNELBUILDER_H
#define RANVIER_EMULATOR_JIT_KERNELBUILDER_H

#include "ranvier/ISA/Program.h"
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <string>

namespace ranvier::emu::jit {

/// Neurons a vector. Slices are padded to 16, so no tail is needed; a spike mask of 8 is a byte of the spike words.
constexpr unsigned lanes = 8;

/// Adds `void name(const SliceView *)` to the module: the program as one loop over vectors of neurons. The program must have been
/// validated.
void buildKernel(llvm::Module &module, const isa::Program &program, const std::string &name);

} // namespace ranvier::emu::jit

#endif
