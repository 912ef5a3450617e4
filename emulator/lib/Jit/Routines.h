//===- Routines.h - Functions that kernels call -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_JIT_ROUTINES_H
#define RANVIER_EMULATOR_JIT_ROUTINES_H

#include <llvm/IR/Module.h>

namespace ranvier::emu::jit {

// Each is made once in a module, at its first use, a hundred instructions that would otherwise be compiled at every
// use. `like`: a kernel of vectors of `lanes`, whose target attributes the function shares, so that both agree on how vectors are
// passed.

/// `<lanes x i32> threefry(<lanes x i32> counter0, <lanes x i32> counter1, i32 key0, i32 key1)`: first word of
/// ranvier::threefry2x32.
llvm::Function *threefryFunction(llvm::Module &module, const llvm::Function *like, unsigned lanes);
/// `<lanes x i32> exp(<lanes x i32>)` over the bits of binary32 numbers: isa::exp32, NaN canonical.
llvm::Function *expFunction(llvm::Module &module, const llvm::Function *like, unsigned lanes);
/// The same for isa::log32.
llvm::Function *logFunction(llvm::Module &module, const llvm::Function *like, unsigned lanes);

} // namespace ranvier::emu::jit

#endif
