//===- ranvier-lsp-server.cpp - Editor support for Ranvier IR ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Speaks the language server protocol on standard input and output: diagnostics, go to definition and hover for .mlir files of the
// snn and fabric dialects.
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/Fabric/IR/Fabric.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<ranvier::snn::SNNDialect, ranvier::fabric::FabricDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
