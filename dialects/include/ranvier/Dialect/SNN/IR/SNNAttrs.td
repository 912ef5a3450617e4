//===- SNNAttrs.td - Attributes of the snn dialect ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Distributions (where a value per entity is wanted) and sources (what an input emits when no spikes come with the run).
#ifndef RANVIER_DIALECT_SNN_SNNATTRS_TD
#define RANVIER_DIALECT_SNN_SNNATTRS_TD

include "ranvier/Dialect/SNN/IR/SNNDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class SNN_Attr<string name, string mnem, list<Trait> traits = []> : AttrDef<SNNDialect, name, traits> {
  let mnemonic = mnem;
  let genVerifyDecl = 1;
}
/// A double that is compared and hashed by its bits (Real.h); the accessor returns a double.
class SNN_Real<string what> : AttrParameter<"::ranvier::snn::Real", what, "double">;

def SNN_UniformAttr : SNN_Attr<"Uniform", "uniform"> {
  let summary = "Uniform distribution on [low, high), drawn per entity from the counter-based generator";
  let description = "`#snn.uniform<-1.0, 1.0, seed = 3>`. Bounds are finite, low < high. How values are drawn: docs/spec/snn-dialect.md.";
  let parameters = (ins SNN_Real<"smallest value">:$low, SNN_Real<"bound that is not reached">:$high, "uint64_t":$seed);
  let assemblyFormat = "`<` custom<Number>($low) `,` custom<Number>($high) `,` `seed` `=` $seed `>`";
}
def SNN_NormalAttr : SNN_Attr<"Normal", "normal"> {
  let summary = "Normal distribution, drawn per entity, clipped to [low, high]";
  let description = "`#snn.normal<0.02, 0.001, clip = [0.01, 0.03], seed = 1>`: mean, standard deviation >= 0, finite clip bounds, low <= high.";
  let parameters = (ins SNN_Real<"mean">:$mean, SNN_Real<"standard deviation">:$deviation, SNN_Real<"smallest value">:$low,
                        SNN_Real<"largest value">:$high, "uint64_t":$seed);
  let assemblyFormat = [{
    `<` custom<Number>($mean) `,` custom<Number>($deviation) `,` `clip` `=` `[` custom<Number>($low) `,` custom<Number>($high) `]` `,`
    `seed` `=` $seed `>`
  }];
}
def SNN_PoissonAttr : SNN_Attr<"Poisson", "poisson"> {
  let summary = "Poisson source: each neuron fires with probability 1 - exp(-rate dt) per step; rates [1/s]";
  let description = "`#snn.poisson<[20.0], seed = 5>`: one rate for all neurons or one for each.";
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$rates, "uint64_t":$seed); // 1 or count values
  let assemblyFormat = "`<` custom<Numbers>($rates) `,` `seed` `=` $seed `>`";
}
def SNN_RegularAttr : SNN_Attr<"Regular", "regular"> {
  let summary = "Fires every `interval` steps from step `phase` (1-based) on";
  let description = "`#snn.regular<[10], phase = [1, 2, 3, 4]>`: one interval and phase for all neurons or one for each.";
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$intervals, "::mlir::DenseI64ArrayAttr":$phases); // 1 or count values each
  let assemblyFormat = "`<` $intervals `,` `phase` `=` $phases `>`";
}
def SNN_ListAttr : SNN_Attr<"SpikeList", "spike_list"> {
  let summary = "Fixed spikes: step and neuron of each, sorted by step";
  let description = "`#snn.spike_list<[1, 1, 7], [0, 3, 2]>`: steps (1-based, ascending) and the neuron that fires in each.";
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$steps, "::mlir::DenseI64ArrayAttr":$neurons);
  let assemblyFormat = "`<` $steps `,` $neurons `>`";
}

#endif
