//===- parse-snn.cpp - A user's program around the snn dialect ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// parse-snn NETWORK.mlir: parses and verifies a network and lists its populations.
//===----------------------------------------------------------------------===//
#include <cstdio>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Math/IR/Math.h>
#include <mlir/Parser/Parser.h>
#include <ranvier/Dialect/SNN/IR/SNN.h>

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  mlir::DialectRegistry registry;
  registry.insert<ranvier::snn::SNNDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  module->walk([](ranvier::snn::PopulationOp population) { std::printf("%s\n", population.getSymName().str().c_str()); });
  return 0;
}
