// Parses networks for the tests of the structural passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_NETWORK_IR_H
#define RANVIER_TEST_UNIT_NETWORK_IR_H

#include "ranvier/Network/Network.h"
#include "mlir/Parser/Parser.h"
#include <doctest/doctest.h>

struct Ir {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  explicit Ir(const std::string &body) {
    context.loadDialect<ranvier::snn::SNNDialect, mlir::arith::ArithDialect, mlir::math::MathDialect>();
    const std::string model = R"(
      snn.model @m {
        %x = snn.receive "x" : f32
        %v = snn.state "v" : f32
        %s = arith.addf %v, %x : f32
        %one = arith.constant 1.0 : f32
        %z = arith.cmpf ogt, %s, %one : f32
        snn.update "v" = %s : f32
        snn.spike %z
      }
      snn.network @net dt 1.0e-3 {)";
    module = mlir::parseSourceString<mlir::ModuleOp>(model + body + "}", &context);
    REQUIRE(module);
  }
  ranvier::snn::NetworkOp network() { return *ranvier::compiler::theNetwork(*module); }
  ranvier::snn::ProjectionOpInterface projection(const char *name) {
    return mlir::cast<ranvier::snn::ProjectionOpInterface>(network().lookupSymbol(name));
  }
  uint32_t delay(const char *name) {
    auto synapses = ranvier::compiler::expandProjection(projection(name));
    REQUIRE(synapses);
    return synapses->delay(0);
  }
};

#endif
