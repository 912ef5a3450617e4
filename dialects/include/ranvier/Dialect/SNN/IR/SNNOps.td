//===- SNNOps.td - Operations of the snn dialect -----------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules that the verifiers check stand in docs/spec/snn-dialect.md; the reasons for the shape of the ops in docs/rationale/snn.md.
#ifndef RANVIER_DIALECT_SNN_SNNOPS_TD
#define RANVIER_DIALECT_SNN_SNNOPS_TD

include "ranvier/Dialect/SNN/IR/SNNDialect.td"
include "ranvier/Dialect/SNN/IR/SNNAttrs.td"
include "ranvier/Dialect/SNN/IR/SNNInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"

class SNN_Op<string mnemonic, list<Trait> traits = []> : Op<SNNDialect, mnemonic, traits>;
def SNN_Float : AnyTypeOf<[F32, F64], "f32 or f64">;

//===--- Neuron models ----------------------------------------------------===//

def ModelOp : SNN_Op<"model", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "A neuron model: declarations and one step of its dynamics";
  let description = [{
    The body declares parameters, state variables and receptors and computes, in `arith` and `math` on `f32` (or `f64`), the value of
    every state variable after the step and whether the neuron emits. Every value is read at the start of the step; the order of the
    `snn.update` ops does not matter. `nir` tells the NIR front end which primitive the model stands for.

    Example:

    ```mlir
    snn.model @lif {
      %dt = snn.timestep : f32
      %tau = snn.parameter "tau" unit "s" : f32
      %threshold = snn.parameter "v_threshold" default 1.0 : f32
      %v = snn.state "v" : f32
      %x = snn.receive "x" : f32
      %a = arith.divf %dt, %tau : f32
      %d = arith.subf %x, %v : f32
      %dv = arith.mulf %a, %d : f32
      %v1 = arith.addf %v, %dv : f32
      %fire = arith.cmpf ogt, %v1, %threshold : f32
      %zero = arith.constant 0.0 : f32
      %v2 = arith.select %fire, %zero, %v1 : f32
      snn.update "v" = %v2 : f32
      snn.spike %fire
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<DictionaryAttr>:$nir);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name (`nir` custom<Values>($nir)^)? attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// Networks are symbol tables of their own, so their uses of a model are not seen from the module: never discard it.
    bool canDiscardOnUseEmpty() { return false; }
  }];
}

class SNN_ModelBodyOp<string mnemonic, list<Trait> traits = []> : SNN_Op<mnemonic, !listconcat([HasParent<"ModelOp">], traits)>;
class SNN_NamedValueOp<string mnemonic, list<Trait> traits = []> :
  SNN_ModelBodyOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>], traits)>;

/// What models and rules of plasticity declare alike.
class SNN_SharedValueOp<string mnemonic, list<Trait> traits = []> :
  SNN_Op<mnemonic, !listconcat([ParentOneOf<["ModelOp", "RuleOp", "RewiringRuleOp"]>, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>],
                               traits)>;

def TimestepOp : SNN_SharedValueOp<"timestep", [Pure]> {
  let summary = "The network's time step [s]";
  let description = "`%dt = snn.timestep : f32`: the attribute `dt` of the network in which the model or rule is used.";
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}
def ParameterOp : SNN_SharedValueOp<"parameter"> {
  let summary = "Declares a parameter; populations (of a model), plasticities and rewirings (of a rule) give its value";
  let description = [{
    `%tau = snn.parameter "tau" default 0.02 unit "s" : f32`. Without a default, every user must give the value. The unit is text
    for people and reports; numbers are in the unit named.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<F64Attr>:$default_value, OptionalAttr<StrAttr>:$unit);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "$name (`default` custom<Number>($default_value)^)? (`unit` $unit^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def StateOp : SNN_NamedValueOp<"state"> {
  let summary = "Declares a state variable; the result is its value at the start of the step";
  let description = [{
    `%v = snn.state "v" init 0.0 unit "V" range [-1.0, 2.0] : f32`. `range` [low, high] promises where the value stays, for the choice of
    a fixed-point format.
  }];
  let arguments = (ins StrAttr:$name, DefaultValuedAttr<F64Attr, "0.0">:$initial, OptionalAttr<StrAttr>:$unit,
                       OptionalAttr<DenseF64ArrayAttr>:$range);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = [{
    $name (`init` custom<Number>($initial)^)? (`unit` $unit^)? (`range` custom<Numbers>($range)^)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}
def ReceiveOp : SNN_NamedValueOp<"receive"> {
  let summary = "Declares a receptor; the result is the sum of what arrives in this step, biases included";
  let description = [{
    `%x = snn.receive "x" unit "A" range [-4.0, 4.0] : f32`. Projections name the receptor they end on; without a name they end on the
    first one of the model.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrAttr>:$unit, OptionalAttr<DenseF64ArrayAttr>:$range);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "$name (`unit` $unit^)? (`range` custom<Numbers>($range)^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def RandomOp : SNN_NamedValueOp<"random", [Pure]> {
  let summary = "A uniform random number in [0, 1) of (seed, neuron, step, draw)";
  let description = [{
    `%u = snn.random 0 : f32`. `draw` 0..255 tells several numbers of one step apart; the same draw gives the same number wherever it
    stands, which is why the op counts as pure.
  }];
  let arguments = (ins I64Attr:$draw);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "$draw attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def UpdateOp : SNN_ModelBodyOp<"update"> {
  let summary = "The value of a state variable after the step (after any reset)";
  let description = "`snn.update \"v\" = %v1 : f32`. A state variable without an update keeps its value.";
  let arguments = (ins StrAttr:$name, SNN_Float:$value);
  let assemblyFormat = "$name `=` $value attr-dict `:` type($value)";
  let hasCanonicalizeMethod = 1;
}
def SpikeOp : SNN_ModelBodyOp<"spike"> {
  let summary = "The neuron emits if the condition holds; with a payload if one is given";
  let description = "`snn.spike %fire` or `snn.spike %fire payload %v1 : f32`. Without a payload an event counts as 1.";
  let arguments = (ins I1:$condition, Optional<SNN_Float>:$payload);
  let assemblyFormat = "$condition (`payload` $payload^ `:` type($payload))? attr-dict";
  let hasCanonicalizeMethod = 1;
}

def ProgramOp : SNN_Op<"program", [Symbol]> {
  let summary = "A model lowered to neuron microcode (isa/microcode.toml)";
  let description = [{
    `states`, `params` and `inputs` name the slots in order; `code` holds one instruction a line, in the text form of the microcode;
    `tables` holds look-up tables (each an `array<i32: ...>`).

    Example:

    ```mlir
    snn.program @counter "int" states ["v"] params ["step"] inputs [] code [
      "ld.state r0, v", "ld.param r1, step", "add r0, r0, r1",
      "st.state r0, v"]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$profile /* "int" | "f32" */, StrArrayAttr:$states, StrArrayAttr:$params,
                       StrArrayAttr:$inputs, StrArrayAttr:$code, OptionalAttr<ArrayAttr>:$tables /* of DenseI32ArrayAttr */);
  let assemblyFormat = [{
    $sym_name $profile `states` $states `params` $params `inputs` $inputs (`tables` $tables^)? `code` $code attr-dict-with-keyword
  }];
  let hasVerifier = 1; // assembles with isa::assemble, passes isa::validate
  let extraClassDeclaration = [{
    bool canDiscardOnUseEmpty() { return false; } // As for models.
  }];
}

//===--- Rules of plasticity ----------------------------------------------===//

def RuleOp : SNN_Op<"rule", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "A rule of plasticity: what a synapse remembers, and what events of its two ends do to it";
  let description = [{
    Events are spikes of the source ("pre"), spikes of the target ("post"), and what arrives at the target's receptor named by `third`
    ("third": a reward, say). The body declares parameters, the weight and further words of a synapse, and traces, which are kept once
    for each source neuron or target neuron; it computes, in `arith` and `math`, what each event sets (`snn.on`). Every value is read as it was
    before the event; the order of the `snn.on` ops does not matter. When events reach a synapse: docs/spec/plasticity.md.

    Example:

    ```mlir
    snn.rule @pair {
      %tau = snn.parameter "tau" default 0.02 unit "s" : f32
      %up = snn.parameter "a_plus" default 0.01 : f32
      %down = snn.parameter "a_minus" default 0.012 : f32
      %low = snn.parameter "w_min" default 0.0 : f32
      %high = snn.parameter "w_max" default 1.0 : f32
      %w = snn.weight in [%low, %high] : f32
      %r = snn.trace "r" of "pre" : f32
      %o = snn.trace "o" of "post" : f32
      %since_pre = snn.elapsed "pre" : f32
      %since_post = snn.elapsed "post" : f32
      %one = arith.constant 1.0 : f32
      %x = arith.divf %since_pre, %tau : f32
      %nx = arith.negf %x : f32
      %ex = math.exp %nx : f32
      %r_now = arith.mulf %r, %ex : f32
      %r_up = arith.addf %r_now, %one : f32
      %y = arith.divf %since_post, %tau : f32
      %ny = arith.negf %y : f32
      %ey = math.exp %ny : f32
      %o_now = arith.mulf %o, %ey : f32
      %o_up = arith.addf %o_now, %one : f32
      %gain = arith.mulf %up, %r_now : f32
      %more = arith.addf %w, %gain : f32
      %loss = arith.mulf %down, %o_now : f32
      %less = arith.subf %w, %loss : f32
      snn.on "pre" set "r" = %r_up : f32
      snn.on "post" set "o" = %o_up : f32
      snn.on "pre" set "weight" = %less : f32
      snn.on "post" set "weight" = %more : f32
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$third);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name (`third` $third^)? attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    bool canDiscardOnUseEmpty() { return false; } // As for models.
  }];
}

class SNN_RuleValueOp<string mnemonic, list<Trait> traits = []> :
  SNN_Op<mnemonic, !listconcat([HasParent<"RuleOp">, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>], traits)>;

def WeightOp : SNN_RuleValueOp<"weight", [AllTypesMatch<["low", "high", "result"]>]> {
  let summary = "The synapse's weight, and the bounds into which every event's result is clipped";
  let description = "`%w = snn.weight in [%low, %high] : f32`. The bounds depend on parameters and constants alone. One in a rule.";
  let arguments = (ins SNN_Float:$low, SNN_Float:$high);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "`in` ` ` `[` $low `,` $high `]` attr-dict `:` type($result)";
}
def SynapseOp : SNN_RuleValueOp<"synapse"> {
  let summary = "Declares a further word of each synapse";
  let description = "`%c = snn.synapse \"c\" init 0.0 : f32`: an eligibility, say.";
  let arguments = (ins StrAttr:$name, DefaultValuedAttr<F64Attr, "0.0">:$initial);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "$name (`init` custom<Number>($initial)^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def TraceOp : SNN_RuleValueOp<"trace"> {
  let summary = "Declares a trace of one end; the result is its value after the last event of that end";
  let description = [{
    `%r = snn.trace "r" of "pre" init 0.0 : f32`. Kept for each source neuron ("pre") or target neuron ("post", "third"). It does not decay by itself:
    its age is `snn.elapsed` of the same end.
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$end, DefaultValuedAttr<F64Attr, "0.0">:$initial);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "$name `of` $end (`init` custom<Number>($initial)^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def ElapsedOp : SNN_RuleValueOp<"elapsed", [Pure]> {
  let summary = "Time since the last event of an end [s], a whole number of steps";
  let description = "`%t = snn.elapsed \"pre\" : f32`. Before the first event it counts from step 0.";
  let arguments = (ins StrAttr:$end);
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "$end attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def AmountOp : SNN_RuleValueOp<"amount", [Pure]> {
  let summary = "What arrived at the third factor's receptor in the step of the event";
  let description = "`%m = snn.amount : f32`. Read by what a \"third\" event sets, nothing else.";
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}
def OnOp : SNN_Op<"on", [HasParent<"RuleOp">]> {
  let summary = "What an event sets: the weight, a word of the synapse, or a trace of the event's own end";
  let description = "`snn.on \"pre\" set \"weight\" = %w1 : f32`. What no `snn.on` names keeps its value.";
  let arguments = (ins StrAttr:$event, StrAttr:$name, SNN_Float:$value);
  let assemblyFormat = "$event `set` $name `=` $value attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def LearnerOp : SNN_Op<"learner", [Symbol]> {
  let summary = "A rule of plasticity lowered to microcode for one plasticity";
  let description = [{
    `programs` names programs by `on_pre`, `on_post`, `on_third` (states: the weight, then the further words of a synapse) and `trace_pre`, `trace_post`,
    `trace_third` (states: the traces of that end); `params` has the values of their parameters, by program; `init` the initial values of words and
    traces, by name. Inputs of programs are called `pre.elapsed`, `pre.r` (trace r of "pre"), `third.amount` and so on; an elapsed time is in steps on integer
    targets and in seconds on `reference`. `weight_shift`: a stored weight is shifted left by it for the programs, and right again (floor) afterwards;
    one unit of it is worth `weight_scale` in the network's own terms.

    Example:

    ```mlir
    snn.program @count "f32" states ["weight"] params ["step"] inputs [] code ["ld.state r0, weight", "ld.param r1, step", "fadd r0, r0, r1", "st.state r0, weight"]
    snn.learner @counter programs {on_pre = @count} params {on_pre = {step = 1.0}} init {} weight_shift 0 weight_scale 1.0
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DictionaryAttr:$programs, DictionaryAttr:$params, DictionaryAttr:$init,
                       I64Attr:$weight_shift, F64Attr:$weight_scale, OptionalAttr<StrAttr>:$third);
  let assemblyFormat = [{
    $sym_name `programs` custom<Values>($programs) `params` custom<Values>($params) `init` custom<Values>($init) `weight_shift` $weight_shift
    `weight_scale` custom<Number>($weight_scale) (`third` $third^)? attr-dict-with-keyword
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    bool canDiscardOnUseEmpty() { return false; } // As for models.
  }];
}

//===--- Rules of structural plasticity -----------------------------------===//

def RewiringRuleOp : SNN_Op<"rewiring_rule", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "A rule of structural plasticity: how likely an attempt forms a synapse, and how likely it eliminates one";
  let description = [{
    The body computes two probabilities, in `arith` and `math`: that of formation (`snn.form`) from the squared distance of the pair, that of elimination
    (`snn.eliminate`) from the synapse's weight, which it may compare with numbers and nothing else. When attempts happen, and between which neurons:
    docs/spec/structural-plasticity.md.

    Example:

    ```mlir
    snn.rewiring_rule @near {
      %p = snn.parameter "p_form" default 0.5 : f32
      %sigma = snn.parameter "sigma" default 2.0 : f32
      %weak = snn.parameter "threshold" default 0.1 : f32
      %often = snn.parameter "p_weak" default 0.02 : f32
      %rarely = snn.parameter "p_strong" default 0.0001 : f32
      %d2 = snn.squared_distance : f32
      %w = snn.current_weight : f32
      %s2 = arith.mulf %sigma, %sigma : f32
      %two = arith.constant 2.0 : f32
      %s22 = arith.mulf %two, %s2 : f32
      %x = arith.divf %d2, %s22 : f32
      %nx = arith.negf %x : f32
      %e = math.exp %nx : f32
      %form = arith.mulf %p, %e : f32
      %is_weak = arith.cmpf olt, %w, %weak : f32
      %gone = arith.select %is_weak, %often, %rarely : f32
      snn.form %form : f32
      snn.eliminate %gone : f32
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    bool canDiscardOnUseEmpty() { return false; } // As for models.
  }];
}

class SNN_RewiringValueOp<string mnemonic> :
  SNN_Op<mnemonic, [Pure, HasParent<"RewiringRuleOp">, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]>;

def SquaredDistanceOp : SNN_RewiringValueOp<"squared_distance"> {
  let summary = "Squared distance of source and target on the rewiring's grid, whose opposite edges meet; a whole number";
  let description = "`%d2 = snn.squared_distance : f32`. Read by what `snn.form` says, nothing else.";
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}
def CurrentWeightOp : SNN_RewiringValueOp<"current_weight"> {
  let summary = "The weight of the synapse that may be eliminated";
  let description = "`%w = snn.current_weight : f32`. Read by what `snn.eliminate` says, nothing else; an operand of comparisons alone.";
  let results = (outs SNN_Float:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}
def LateralOp : SNN_RewiringValueOp<"lateral"> {
  let summary = "Whether the projection leads from a population to itself";
  let description = "`%lateral = snn.lateral`";
  let results = (outs I1:$result);
  let assemblyFormat = "attr-dict";
}
class SNN_ProbabilityOp<string mnemonic> : SNN_Op<mnemonic, [HasParent<"RewiringRuleOp">]> {
  let arguments = (ins SNN_Float:$probability);
  let assemblyFormat = "$probability attr-dict `:` type($probability)";
}
def FormOp : SNN_ProbabilityOp<"form"> {
  let summary = "The probability that an attempt forms the synapse, 0 to 1. One in a rule";
  let description = "`snn.form %p : f32`";
}
def EliminateOp : SNN_ProbabilityOp<"eliminate"> {
  let summary = "The probability that an attempt eliminates the synapse, 0 to 1. One in a rule";
  let description = "`snn.eliminate %p : f32`";
}

//===--- Networks ---------------------------------------------------------===//

def NetworkOp : SNN_Op<"network", [Symbol, SymbolTable, SingleBlock, NoTerminator, NoRegionArguments, IsolatedFromAbove]> {
  let summary = "A network: nodes, projections, outputs, probes";
  let description = [{
    `dt` [s] is the length of a step. `seed` keys every random number. `target` names the chip the network was quantised for.
    `semantics` is the report of assumptions (JSON). The network is a symbol table: its nodes and projections are looked up in it,
    models and programs in the table that holds the network.

    Example:

    ```mlir
    snn.network @net dt 1.0e-4 seed 1 {
      snn.input @in shape [64]
      snn.population @out model @lif shape [10] params {tau = 0.02}
      snn.dense @fc from @in to @out weights dense_resource<fc> : tensor<10x64xf32>
      snn.output @result from @out
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, F64Attr:$dt, DefaultValuedAttr<I64Attr, "0">:$seed, OptionalAttr<StrAttr>:$target,
                       OptionalAttr<StrAttr>:$semantics);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `dt` custom<Number>($dt) (`seed` $seed^)? (`target` $target^)? attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

class SNN_NetworkBodyOp<string mnemonic, list<Trait> traits = []> :
  SNN_Op<mnemonic, !listconcat([HasParent<"NetworkOp">, Symbol], traits)>;
class SNN_NodeOp<string mnemonic, list<Trait> traits = []> :
  SNN_NetworkBodyOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<NodeOpInterface, ["getNodeShape", "getNodeName"]>], traits)>;

def InputOp : SNN_NodeOp<"input"> {
  let summary = "Spikes from outside, or from a built-in source";
  let description = "`source`: `#snn.poisson`, `#snn.regular` or `#snn.spike_list`; without one, spikes come with the run.";
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$shape, OptionalAttr<AnyAttr>:$source);
  let assemblyFormat = "$sym_name `shape` $shape (`source` custom<Value>($source)^)? attr-dict";
  let hasVerifier = 1;
}
def PopulationOp : SNN_NodeOp<"population", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Neurons of one model";
  let description = [{
    `params` and `init` give values by name: a number, elements of `count` values, or a distribution. Missing ones take the model's
    default. After quantisation `model` names an `snn.program` and the values are integers; `scale` maps state names to the
    size of one unit in the network's own terms, `value_scale` is the size of one unit of the values that its spikes carry, and
    `state_names` gives the network's own names of states that the program calls otherwise. `depth`: steps by which quantised output lags behind the network's own time.
    In C++ the model is found with `snn::lookupModel`: it lives in the symbol table around the network, not in the network.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$model, DenseI64ArrayAttr:$shape,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$params, DefaultValuedAttr<DictionaryAttr, "{}">:$init,
                       OptionalAttr<DictionaryAttr>:$scale, DefaultValuedAttr<I64Attr, "0">:$depth,
                       OptionalAttr<F64Attr>:$value_scale, OptionalAttr<DictionaryAttr>:$state_names);
  let assemblyFormat = [{
    $sym_name `model` $model `shape` $shape (`params` custom<Values>($params)^)? (`init` custom<Values>($init)^)?
    (`scale` custom<Values>($scale)^)? (`depth` $depth^)? attr-dict
  }];
  let hasVerifier = 1;
}
def JunctionOp : SNN_NodeOp<"junction"> {
  let summary = "Passes on the sum of what arrives, in the same step; has no state";
  let description = "What NIR's Flatten, Scale, Affine chains and the like need between two projections; composed away before mapping.";
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$shape);
  let assemblyFormat = "$sym_name `shape` $shape attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}
def OutputOp : SNN_NetworkBodyOp<"output", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A node whose events leave the network";
  let description = "`snn.output @result from @out`.";
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$source);
  let assemblyFormat = "$sym_name `from` $source attr-dict";
  let hasCanonicalizeMethod = 1;
}
def ProbeOp : SNN_NetworkBodyOp<"probe", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "State variables to record by default";
  let description = "`snn.probe @watch of @out [\"v\", \"spikes\"]`: names of state variables of the node's model, or `spikes`.";
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$node, StrArrayAttr:$variables);
  let assemblyFormat = "$sym_name `of` $node $variables attr-dict";
}

//===--- Projections ------------------------------------------------------===//

class SNN_ProjectionOp<string mnemonic, list<Trait> traits = []> :
  SNN_NetworkBodyOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<ProjectionOpInterface, ["getBiasOrNull", "getExponentOrZero", "isProcedural"]>], traits)> {
  let hasCanonicalizeMethod = 1;
}
defvar SNN_Ends = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$source, FlatSymbolRefAttr:$target, OptionalAttr<StrAttr>:$receptor,
                       OptionalAttr<AnyAttr>:$delay, OptionalAttr<I64Attr>:$exponent, OptionalAttr<I64Attr>:$weight_bits);
defvar SNN_EndsFormat = [{
  $sym_name `from` $source `to` $target (`receptor` $receptor^)? (`delay` custom<Value>($delay)^)? (`exponent` $exponent^)? (`bits` $weight_bits^)? }];
defvar SNN_EndsDescription = [{

    Common to all projections: `receptor` names a receptor of the target's model (absent: its first). `delay` [steps], 0..65535: an
    integer, integer elements (one per synapse where the kind lists synapses, or one per source neuron), or a distribution, rounded to
    the nearest step; absent: 0. `exponent`: after quantisation the sum is shifted by it (negative: right, floor). `bits`: stored bits
    of a weight, sign included.
  }];

def DenseOp : SNN_ProjectionOp<"dense"> {
  let summary = "All sources to all targets, one weight each";
  let description = !strconcat([{
    `weights` [targets, sources]; `bias` [targets]; per-synapse delays [targets, sources].
  }], SNN_EndsDescription);
  let arguments = !con(SNN_Ends, (ins ElementsAttr:$weights, OptionalAttr<ElementsAttr>:$bias));
  let assemblyFormat = SNN_EndsFormat # "`weights` $weights (`bias` $bias^)? attr-dict";
}
def SparseOp : SNN_ProjectionOp<"sparse"> {
  let summary = "Listed synapses, compressed sparse rows by target";
  let description = !strconcat([{
    `row_ptr` i64 [targets + 1], `columns` i32 [synapses] source neurons ascending in a row (one may stand several times: as many
    synapses), `weights` [synapses]; `bias` [targets]; per-synapse delays [synapses].
  }], SNN_EndsDescription);
  let arguments = !con(SNN_Ends, (ins ElementsAttr:$row_ptr, ElementsAttr:$columns, ElementsAttr:$weights, OptionalAttr<ElementsAttr>:$bias));
  let assemblyFormat = SNN_EndsFormat # "`row_ptr` $row_ptr `columns` $columns `weights` $weights (`bias` $bias^)? attr-dict";
}
class SNN_WindowOp<string mnemonic> : SNN_ProjectionOp<mnemonic> {
  let extraClassDeclaration = [{
    /// [channels, spatial extents...] of the result: floor((n + 2 padding - dilation (kernel - 1) - 1) / stride + 1) per extent.
    /// Only for ops that verify.
    ::llvm::SmallVector<int64_t> getOutputShape();
  }];
}
def Conv2dOp : SNN_WindowOp<"conv2d"> {
  let summary = "Two-dimensional cross-correlation with shared weights, PyTorch's convention; shapes [channels, height, width]";
  let description = !strconcat([{
    `weights` [out channels, in channels / groups, kernel height, kernel width]; `bias` [out channels]. Zero padding.
    `input` is the source's shape as the kernel sees it: a source or target node of rank 1 holds the flattened array (channel-major);
    nodes of rank 3 must have exactly that shape.
  }], SNN_EndsDescription);
  let arguments = !con(SNN_Ends, (ins ElementsAttr:$weights, OptionalAttr<ElementsAttr>:$bias, DenseI64ArrayAttr:$input_shape, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$padding, DenseI64ArrayAttr:$dilation, DefaultValuedAttr<I64Attr, "1">:$groups));
  let assemblyFormat = SNN_EndsFormat # [{
    `weights` $weights (`bias` $bias^)? `input` $input_shape `stride` $stride `padding` $padding `dilation` $dilation (`groups` $groups^)? attr-dict }];
}
def Conv1dOp : SNN_WindowOp<"conv1d"> {
  let summary = "One-dimensional cross-correlation; shapes [channels, length]";
  let description = !strconcat([{
    `weights` [out channels, in channels / groups, kernel length]; `bias` [out channels]; else as `snn.conv2d`.
  }], SNN_EndsDescription);
  let arguments = !con(SNN_Ends, (ins ElementsAttr:$weights, OptionalAttr<ElementsAttr>:$bias, DenseI64ArrayAttr:$input_shape, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$padding, DenseI64ArrayAttr:$dilation, DefaultValuedAttr<I64Attr, "1">:$groups));
  let assemblyFormat = SNN_EndsFormat # [{
    `weights` $weights (`bias` $bias^)? `input` $input_shape `stride` $stride `padding` $padding `dilation` $dilation (`groups` $groups^)? attr-dict }];
}
def PoolOp : SNN_WindowOp<"pool"> {
  let summary = "Sum or average over windows of each channel; shapes [channels, height, width]; zero padding counts in the average";
  let description = !strconcat([{
    `kind`: `"sum"` or `"average"`; `kernel`, `stride`, `padding`: [height, width].
  }], SNN_EndsDescription);
  let arguments = !con(SNN_Ends, (ins StrAttr:$kind /* "sum" | "average" */, DenseI64ArrayAttr:$input_shape, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$padding));
  let assemblyFormat = SNN_EndsFormat # "$kind `input` $input_shape `kernel` $kernel `stride` $stride `padding` $padding attr-dict";
  let hasCanonicalizeMethod = 0; // A pool has no weights that could all be zero.
}
def ConnectOp : SNN_ProjectionOp<"connect"> {
  let summary = "Synapses by rule, generated from a seed";
  let description = !strconcat([{
    `rule`: "one_to_one", "all_to_all", "fixed_probability" {p}, "fixed_in_degree" {k}, "fixed_total_number" {n},
    "distance_dependent" {p_max, scale} (Gaussian p_max * exp(-d^2 / (2 scale^2)) over positions in the nodes' shapes, unit spacing).
    `rule_params`: those numbers. `weights`: a number, elements (one_to_one: [count]) or a distribution. `autapses`: whether a neuron
    may connect to itself when source = target. Fixed in-degree and total number draw with replacement.
  }], SNN_EndsDescription);
  let arguments = !con(SNN_Ends, (ins StrAttr:$rule, DefaultValuedAttr<DictionaryAttr, "{}">:$rule_params, AnyAttr:$weights,
                       DefaultValuedAttr<I64Attr, "0">:$seed, DefaultValuedAttr<BoolAttr, "true">:$autapses));
  let assemblyFormat = SNN_EndsFormat # [{
    $rule custom<Values>($rule_params) `weights` custom<Value>($weights) (`seed` $seed^)? (`autapses` $autapses^)? attr-dict }];
}

def PlasticityOp : SNN_NetworkBodyOp<"plasticity", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The synapses of a projection learn by a rule";
  let description = [{
    `snn.plasticity @learning of @edges rule @pair params {tau = 0.02}`. Parameters are numbers. `backprop false`: a spike of the target is known at the
    synapse at once; otherwise after the synapse's delay. The projection lists or draws synapses (`snn.dense`, `snn.sparse`, `snn.connect`) with delays of at least
    1 and weights within the rule's bounds; at most one plasticity a projection. Lowered, `rule` names an `snn.learner`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$projection, FlatSymbolRefAttr:$rule,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$params, DefaultValuedAttr<BoolAttr, "true">:$backprop);
  let assemblyFormat = [{
    $sym_name `of` $projection `rule` $rule (`params` custom<Values>($params)^)? (`backprop` $backprop^)? attr-dict
  }];
}

def RewiringOp : SNN_NetworkBodyOp<"rewiring", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Synapses of a projection are formed and eliminated by a rule";
  let description = [{
    `snn.rewiring @growth of @edges rule @near partner "last" grid [16, 16] attempts 10 every 1 most 32 weight 0.2 delay 1 seed 7`. In every step whose number is a
    multiple of `every` there are `attempts` attempts, each at one of the `most` places of a target neuron; `partner`: "random", any source neuron, or "last", one of those
    that spiked in the step before. A formed synapse has `weight` and `delay` [steps]. Parameters are numbers. Neuron i of either end stands on `grid` [x, y] at (i / y, i mod y).
    The projection lists or draws synapses (`snn.dense`, `snn.sparse`, `snn.connect`), each pair at most once, with delays of at least 1; it may learn as well (`snn.plasticity`).
    On integer targets, quantised, `weight` is in stored units and `unit` the size of one.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$projection, FlatSymbolRefAttr:$rule,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$params, StrAttr:$partner, DenseI64ArrayAttr:$grid, I64Attr:$attempts,
                       I64Attr:$every, I64Attr:$most, F64Attr:$weight, I64Attr:$delay, DefaultValuedAttr<I64Attr, "0">:$seed,
                       OptionalAttr<F64Attr>:$unit);
  let assemblyFormat = [{
    $sym_name `of` $projection `rule` $rule (`params` custom<Values>($params)^)? `partner` $partner `grid` $grid `attempts` $attempts `every` $every
    `most` $most `weight` custom<Number>($weight) `delay` $delay (`seed` $seed^)? (`unit` custom<Number>($unit)^)? attr-dict
  }];
  let hasVerifier = 1;
}

#endif
