//===- KernelBuilder.h - Microcode to LLVM IR -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_JIT_KERNELBUILDER_H
#define RANVIER_EMULATOR_JIT_KERNELBUILDER_H

#include "ranvier/ISA/Program.h"
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <string>

namespace ranvier::emu::jit {

/// How a kernel is made.
struct KernelShape {
  unsigned lanes = 16; ///< Neurons of a pass of the loop: 8 or 16. Slices are padded to 16, and a mask of spikes is whole bytes.
  unsigned inlinedCalls = 4; ///< Of exp, log and random numbers.
  uint32_t uniform = 0;      ///< Bit p: parameter p has one value for all neurons; its first word is read, once.
  bool activity = false;     ///< Notes active neurons: see ActivityView.
  int32_t bias = -1;         ///< Parameter that makes a neuron active; -1: none.
};

/// Adds `void name(const SliceView *)` to the module: the program as one loop over vectors of neurons. The program must have been
/// validated.
void buildKernel(llvm::Module &module, const isa::Program &program, const KernelShape &shape, const std::string &name);

} // namespace ranvier::emu::jit

#endif
