//===- FabricOps.td - The fabric dialect -------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_DIALECT_FABRIC_FABRICOPS_TD
#define RANVIER_DIALECT_FABRIC_FABRICOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"

def FabricDialect : Dialect {
  let name = "fabric";
  let cppNamespace = "::ranvier::fabric";
  let summary = "Who holds what: chips, cores, slices of populations";
  let description = "The number of ops grows with cores, never with axons; tables are made when the image is emitted.";
  let useDefaultAttributePrinterParser = 1;
}
class Fabric_Op<string mnemonic, list<Trait> traits = []> : Op<FabricDialect, mnemonic, traits>;

def SliceAttr : AttrDef<FabricDialect, "Slice"> {
  let mnemonic = "slice";
  let summary = "Neurons [first, first + count) of a population";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$population, "uint64_t":$first, "uint64_t":$count);
  let assemblyFormat = "`<` $population `,` $first `,` $count `>`";
  let genVerifyDecl = 1; // count > 0, first + count <= 2^31
}
def MappingOp : Fabric_Op<"mapping", [SingleBlock, NoTerminator, NoRegionArguments, IsolatedFromAbove,
                                      DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Where the neurons of a network live on a target";
  let description = [{
    Every core stands here at most once, every neuron of a population of the network on exactly one core. Inputs may be placed or left
    to the host.

    Example:

    ```mlir
    fabric.mapping @net on "loihi1" {
      fabric.core chip 0 core 0 [#fabric.slice<@hidden, 0, 1024>]
      fabric.core chip 0 core 1 [#fabric.slice<@hidden, 1024, 476>, #fabric.slice<@out, 0, 10>]
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$network, StrAttr:$target);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$network `on` $target attr-dict-with-keyword $body";
  let hasRegionVerifier = 1; // every core once, slices of a population disjoint
}
def CoreOp : Fabric_Op<"core", [HasParent<"MappingOp">]> {
  let summary = "One core, its level and its slices";
  let description = [{
    `chip` and `core` count from 0 in the order of the chip description. `level` orders the cores of one step where edges of delay 0
    exist (`reference`); elsewhere 0. `synapses`: cores of the same tile that take in messages in its stead and hand it their sums.
  }];
  let arguments = (ins I64Attr:$chip, I64Attr:$core, DefaultValuedAttr<I64Attr, "0">:$level, TypedArrayAttrBase<SliceAttr, "slices">:$slices,
                       OptionalAttr<DenseI64ArrayAttr>:$synapseCores);
  let assemblyFormat = "`chip` $chip `core` $core (`level` $level^)? $slices (`synapses` $synapseCores^)? attr-dict";
  let hasVerifier = 1;
}

#endif
