//===- SNNInterfaces.td - Families of ops ------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_DIALECT_SNN_SNNINTERFACES_TD
#define RANVIER_DIALECT_SNN_SNNINTERFACES_TD

include "mlir/IR/OpBase.td"

def NodeOpInterface : OpInterface<"NodeOpInterface"> {
  let cppNamespace = "::ranvier::snn";
  let description = "Anything spikes come from or go to: population, input, junction.";
  let methods = [
    InterfaceMethod<"Shape, outermost first.", "::llvm::ArrayRef<int64_t>", "getNodeShape">,
    InterfaceMethod<"Symbol name.", "::llvm::StringRef", "getNodeName">,
    InterfaceMethod<"Number of neurons.", "int64_t", "getNodeCount", (ins), "", [{
      int64_t count = 1;
      for (int64_t extent : $_op.getNodeShape()) count *= extent;
      return count;
    }]>];
}

def ProjectionOpInterface : OpInterface<"ProjectionOpInterface"> {
  let cppNamespace = "::ranvier::snn";
  let description = "A set of synapses from one node to one receptor of another.";
  let methods = [
    InterfaceMethod<"Source node.", "::mlir::FlatSymbolRefAttr", "getSourceAttr">,
    InterfaceMethod<"Target node.", "::mlir::FlatSymbolRefAttr", "getTargetAttr">,
    InterfaceMethod<"Name of the receptor of the target's model (null: its first).", "::mlir::StringAttr", "getReceptorAttr">,
    InterfaceMethod<"Delay [steps]: IntegerAttr, elements per synapse (or per source neuron), or a distribution; null: 0.",
                    "::mlir::Attribute", "getDelayAttr">,
    InterfaceMethod<"Bias per target neuron or channel, added to the receptor every step (null: none).",
                    "::mlir::ElementsAttr", "getBiasOrNull">,
    InterfaceMethod<"Weight exponent after quantisation: the sum is shifted by it.", "int64_t", "getExponentOrZero">,
    InterfaceMethod<"True if synapses are generated from a seed or a kernel, not listed.", "bool", "isProcedural">];
}

#endif
