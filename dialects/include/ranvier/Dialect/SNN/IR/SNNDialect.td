//===- SNNDialect.td - The snn dialect ---------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_DIALECT_SNN_SNNDIALECT_TD
#define RANVIER_DIALECT_SNN_SNNDIALECT_TD

include "mlir/IR/OpBase.td"

def SNNDialect : Dialect {
  let name = "snn";
  let cppNamespace = "::ranvier::snn";
  let summary = "Spiking neural networks, no hardware in sight";
  let description = [{
    A network is populations of neurons, inputs and junctions, joined by projections. A neuron model is an op with a region: its
    parameters, state and inputs are declared by ops, its update is written in `arith` and `math`. Populations and projections are
    symbols, so networks may have cycles and every message can name its culprit.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif
