//===- Passes.td - The compiler's stages as passes ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `ranvier compile` calls the functions behind these passes as one pipeline (compiler/lib/Pipelines); ranvier-opt runs them one by one.
#ifndef RANVIER_PASSES_PASSES_TD
#define RANVIER_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

class RanvierPass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::ranvier::snn::SNNDialect", "::ranvier::fabric::FabricDialect"];
}
defvar TargetOption = Option<"target", "target", "std::string", "\"\"", "Shipped chip (loihi1, ...), or a chip's YAML file">;

def SNNBreakCycles : RanvierPass<"snn-break-cycles"> {
  let summary = "Give the edge that closes a cycle of delay-0 edges a delay of 1";
  let description = [{
    Depth-first search from the inputs, names sorted (clause T8 of `docs/spec/time.md`). A remark stands at each projection changed.
  }];
}
def SNNComposeJunctions : RanvierPass<"snn-compose-junctions"> {
  let summary = "Replace junctions by the products of the projections on their two sides";
  let description = [{
    Chips hold neurons and synapses only. Where one side is one-to-one with weight 1, the other keeps its kind (convolutions their shared
    weights); otherwise the product is listed as `snn.sparse`. Fails at a junction that is an output.
  }];
}
def SNNExpandDistributions : RanvierPass<"snn-expand-distributions"> {
  let summary = "List the synapses of projections whose weights or delays are drawn";
  let description = [{
    What is listed is exactly what `docs/spec/snn-dialect.md`, *What is drawn, exactly*, says. Other rules and kernels stay as they are.
  }];
}
def SNNLegalizeDelays : RanvierPass<"snn-legalize-delays"> {
  let summary = "Delays of a chip whose edges take at least a step; populations get their depth";
  let description = [{
    Skip paths get balancing delays, feedback that cannot keep the network's own time comes later and gets a warning. Run after
    `snn-break-cycles` and `snn-compose-junctions`.
  }];
  let options = [TargetOption];
}
def SNNLowerF32 : RanvierPass<"snn-lower-f32"> {
  let summary = "Models to binary32 microcode; biases into parameters; junctions to neurons";
}
def SNNQuantize : RanvierPass<"snn-quantize"> {
  let summary = "The whole step from models to a target's arithmetic, as `ranvier compile --emit quantised`";
  let description = [{
    Time, junctions, distributions, then binary32 microcode or integers, as the target has it. The network remembers its target and what was
    decided (`semantics`).
  }];
  let options = [TargetOption, Option<"weightBits", "weight-bits", "unsigned", "0", "Magnitude bits of weights on integer targets, 1..8; 0: 8, or all that a chip with ring buffers has">];
}
def FabricMap : RanvierPass<"fabric-map"> {
  let summary = "Partition and place a quantised network: a fabric.mapping";
  let options = [TargetOption, Option<"seed", "seed", "uint64_t", "0", "Seed of placement">];
}

#endif
