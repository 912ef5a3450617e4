//===- ranvier-opt.cpp - Parse, check, transform and print IR ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tool that tests drive: reads snn and fabric IR (text or bytecode), verifies it, runs passes and prints it.
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/Fabric/IR/Fabric.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

#ifdef RANVIER_HAVE_PASSES
namespace ranvier {
void registerAllPasses();
} // namespace ranvier
#endif

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<ranvier::snn::SNNDialect, ranvier::fabric::FabricDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
  mlir::registerTransformsPasses(); // canonicalize, cse, symbol-dce...
#ifdef RANVIER_HAVE_PASSES
  ranvier::registerAllPasses();
#endif
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Ranvier IR: check, transform, print\n", registry));
}
