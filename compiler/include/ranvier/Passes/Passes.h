//===- Passes.h - The compiler's stages as passes ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_PASSES_PASSES_H
#define RANVIER_PASSES_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>
#include <string>

namespace ranvier::passes {

#define GEN_PASS_DECL
#include "ranvier/Passes/Passes.h.inc"

} // namespace ranvier::passes

namespace ranvier {
/// Makes the passes known by their arguments, for ranvier-opt.
void registerAllPasses();
} // namespace ranvier

#endif
