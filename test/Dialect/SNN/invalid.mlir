// One case for every rule of the verifiers: models, programs, networks, nodes, projections.
// RUN: ranvier-opt %s --verify-diagnostics --split-input-file

// Only snn declarations and scalar arithmetic stand in a model.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %i = arith.constant 1.0 : f32
  // expected-error @+1 {{is not allowed in a neuron model; expected snn declarations and scalar arith or math ops}}
  %s = math.sin %i : f32
}

// -----

// Arithmetic is on scalars.
snn.model @m {
  // expected-error @+1 {{expected f32, f64 or i1 in a neuron model, found 'i32'}}
  %i = arith.constant 1 : i32
}

// -----

// Declarations have floating-point results of 32 or 64 bits.
snn.model @m {
  // expected-error @+1 {{result #0 must be f32 or f64, but got 'f16'}}
  %v = snn.state "v" : f16
}

// -----

// Names of parameters and state variables are unique.
snn.model @m {
  // expected-note @+1 {{the first declaration is here}}
  %a = snn.parameter "v" : f32
  // expected-error @+1 {{'v' is declared twice}}
  %v = snn.state "v" : f32
}

// -----

// Names of receptors are unique.
snn.model @m {
  // expected-note @+1 {{the first declaration is here}}
  %a = snn.receive "x" : f32
  // expected-error @+1 {{'x' is declared twice}}
  %v = snn.receive "x" : f32
}

// -----

// Names are identifiers.
snn.model @m {
  // expected-error @+1 {{expected a name of letters, digits, '_' and '.' that starts with a letter or '_', found "2v"}}
  %v = snn.state "2v" : f32
}

// -----

// A range has two ends.
snn.model @m {
  // expected-error @+1 {{expected a range of two numbers, [low, high], found 3}}
  %v = snn.state "v" range [0.0, 1.0, 2.0] : f32
}

// -----

// A range rises.
snn.model @m {
  // expected-error @+1 {{expected a finite range with low < high, found [}}
  %v = snn.receive "x" range [1.0, 1.0] : f32
}

// -----

// A state starts inside its range.
snn.model @m {
  // expected-error @+1 {{lies outside the range}}
  %v = snn.state "v" init 3.0 range [0.0, 1.0] : f32
}

// -----

// A state starts at a finite value.
snn.model @m {
  // expected-error @+1 {{expected a finite initial value}}
  %v = snn.state "v" init 0x7FF0000000000000 : f32
}

// -----

// A default is a number.
snn.model @m {
  // expected-error @+1 {{expected a number as default, found NaN}}
  %v = snn.parameter "p" default 0x7FF8000000000000 : f32
}

// -----

// There are 256 draws a step.
snn.model @m {
  // expected-error @+1 {{expected a draw in 0..255, found 256}}
  %r = snn.random 256 : f32
}

// -----

// An update names a declared state variable.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %v = snn.state "v" : f32
  // expected-error @+1 {{'u' is no state variable of the model}}
  snn.update "u" = %v : f32
}

// -----

// A parameter is not updated.
snn.model @m {
  // expected-note @+1 {{it is declared here}}
  %p = snn.parameter "p" : f32
  // expected-error @+1 {{'p' is a parameter and cannot be updated}}
  snn.update "p" = %p : f32
}

// -----

// A state variable is updated once.
snn.model @m {
  %v = snn.state "v" : f32
  // expected-note @+1 {{the first update is here}}
  snn.update "v" = %v : f32
  // expected-error @+1 {{updates 'v' a second time}}
  snn.update "v" = %v : f32
}

// -----

// An update has the type of the state variable.
snn.model @m {
  // expected-note @+1 {{the state variable is declared here}}
  %v = snn.state "v" : f32
  %c = arith.constant 1.0 : f64
  // expected-error @+1 {{expected a value of type 'f32', found 'f64'}}
  snn.update "v" = %c : f64
}

// -----

// A neuron emits at most once a step.
snn.model @m {
  %s = arith.constant true
  // expected-note @+1 {{the first one is here}}
  snn.spike %s
  // expected-error @+1 {{is the second of the model}}
  snn.spike %s
}

// -----

// Declarations stand in a model.
// expected-error @+1 {{'snn.parameter' op expects parent op to be one of 'snn.model, snn.rule, snn.rewiring_rule'}}
%p = snn.parameter "p" : f32

// -----

// A program has a known profile.
// expected-error @+1 {{expected profile "int" or "f32", found "f16"}}
snn.program @p "f16" states [] params [] inputs [] code []

// -----

// Slots of a kind have different names.
// expected-error @+1 {{state 'v' is named twice}}
snn.program @p "int" states ["v", "v"] params [] inputs [] code []

// -----

// Slots have identifiers as names.
// expected-error @+1 {{expected a name of letters}}
snn.program @p "int" states ["a b"] params [] inputs [] code []

// -----

// Tables are arrays of i32.
// expected-error @+1 {{expected tables of the form array<i32: ...>, found 3 : i64}}
snn.program @p "int" states [] params [] inputs [] tables [3] code []

// -----

// Every line assembles.
// expected-error @+1 {{line 2: malformed register}}
snn.program @p "int" states ["v"] params [] inputs [] code ["ld.state r0, v", "mov r1, v"]

// -----

// A program is legal: registers are written before they are read.
// expected-error @+1 {{register is read before it is written}}
snn.program @p "int" states ["v"] params [] inputs [] code ["st.state r3, v"]

// -----

// The profile allows every instruction.
// expected-error @+1 {{line 2: instruction is not in the program's profile}}
snn.program @p "int" states ["v"] params [] inputs [] code ["ld.state r0, v", "fadd r0, r0, r0"]

// -----

// A program has one spike instruction.
// expected-error @+1 {{second spike instruction}}
snn.program @p "f32" states ["v"] params [] inputs [] code ["ld.state r0, v", "spk r0", "spk r0"]

// -----

// Time advances.
// expected-error @+1 {{expected a time step dt > 0 [s], found}}
snn.network @n dt 0.0 {}

// -----

// Only ops of the dialect stand in a network.
// expected-note @+1 {{the network is here}}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{is not allowed in a network; expected nodes, projections, outputs, probes, plasticities and rewirings}}
  %c = arith.constant 1.0 : f32
}

// -----

// Names in a network are unique.
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{see existing symbol definition here}}
  snn.junction @a shape [1]
  // expected-error @+1 {{redefinition of symbol named 'a'}}
  snn.input @a shape [1]
}

// -----

// A shape has extents.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected at least one extent in the shape}}
  snn.junction @a shape []
}

// -----

// Extents are positive.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected extents in 1..2147483648 in the shape, found [2, 0]}}
  snn.input @a shape [2, 0]
}

// -----

// A node has at most 2^31 neurons.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected at most 2147483648 elements in the shape, found [65536, 32769]}}
  snn.junction @a shape [65536, 32769]
}

// -----

// Sources are of three kinds.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected #snn.poisson, #snn.regular or #snn.spike_list as source, found}}
  snn.input @a shape [2] source "poisson"
}

// -----

// A Poisson source has one rate or one per neuron.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected 1 or 3 rates, found 2}}
  snn.input @a shape [3] source #snn.poisson<[1.0, 2.0], seed = 0>
}

// -----

// A Poisson source has rates.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{poisson source: expected at least one rate}}
  snn.input @a shape [3] source #snn.poisson<[], seed = 0>
}

// -----

// Rates are not negative.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{poisson source: expected finite rates >= 0 [1/s], found}}
  snn.input @a shape [3] source #snn.poisson<[-1.0], seed = 0>
}

// -----

// A regular source has one interval or one per neuron.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected 1 or 3 intervals, found 2}}
  snn.input @a shape [3] source #snn.regular<[1, 2], phase = [1]>
}

// -----

// A regular source has one phase or one per neuron.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected 1 or 3 phases, found 4}}
  snn.input @a shape [3] source #snn.regular<[1], phase = [1, 1, 1, 1]>
}

// -----

// Intervals are positive.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{regular source: expected every interval in 1..4294967295 steps, found 0}}
  snn.input @a shape [3] source #snn.regular<[0], phase = [1]>
}

// -----

// Phases count from 1.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{regular source: expected every phase in 1..4294967295 steps, found 0}}
  snn.input @a shape [3] source #snn.regular<[1], phase = [0]>
}

// -----

// A regular source has phases.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{regular source: expected at least one phase}}
  snn.input @a shape [3] source #snn.regular<[1], phase = []>
}

// -----

// A spike list has as many neurons as steps.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{spike list: expected as many neurons as steps, found 1 neurons and 2 steps}}
  snn.input @a shape [3] source #snn.spike_list<[1, 2], [0]>
}

// -----

// Steps count from 1.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{spike list: expected steps in 1..4294967295, found 0}}
  snn.input @a shape [3] source #snn.spike_list<[0], [0]>
}

// -----

// Spikes are sorted by step.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{spike list: expected steps in ascending order, found 1 after 2}}
  snn.input @a shape [3] source #snn.spike_list<[2, 1], [0, 0]>
}

// -----

// A neuron fires once a step.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{spike list: neuron 2 fires twice in step 4}}
  snn.input @a shape [3] source #snn.spike_list<[4, 4, 4], [2, 0, 2]>
}

// -----

// Listed neurons are not negative.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{spike list: expected neurons in 0..2147483647, found -1}}
  snn.input @a shape [3] source #snn.spike_list<[4], [-1]>
}

// -----

// Listed neurons exist.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected neurons below 3 in the spike list, found 3}}
  snn.input @a shape [3] source #snn.spike_list<[4], [3]>
}

// -----

// A uniform distribution has low < high.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [2]
  // expected-error @+1 {{uniform distribution: expected finite bounds with low < high, found [}}
  snn.connect @c from @a to @a "all_to_all" {} weights #snn.uniform<1.0, 1.0, seed = 0>
}

// -----

// A deviation is not negative.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [2]
  // expected-error @+1 {{normal distribution: expected a finite mean and a deviation >= 0, found}}
  snn.connect @c from @a to @a "all_to_all" {} weights #snn.normal<1.0, -1.0, clip = [0.0, 1.0], seed = 0>
}

// -----

// Clip bounds do not fall.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [2]
  // expected-error @+1 {{normal distribution: expected finite clip bounds with low <= high, found [}}
  snn.connect @c from @a to @a "all_to_all" {} weights #snn.normal<1.0, 1.0, clip = [2.0, 1.0], seed = 0>
}

// -----

// A population has a model.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected an snn.model or snn.program @nothing beside the network, found none}}
  snn.population @a model @nothing shape [2]
}

// -----

// The model is a model.
snn.network @other dt 1.0 {}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected an snn.model or snn.program @other beside the network, found none}}
  snn.population @a model @other shape [2]
}

// -----

// Parameters are known to the model.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{model @m has no parameter 'r'}}
  snn.population @a model @m shape [2] params {p = 1.0, r = 2.0}
}

// -----

// Parameters without a default are given.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{gives no value for parameter 'p', which has no default}}
  snn.population @a model @m shape [2] params {q = 1.0}
}

// -----

// All parameters of a program are given.
// expected-note @+1 {{the model is here}}
snn.program @m "int" states [] params ["p"] inputs [] code []
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{gives no value for parameter 'p', which has no default}}
  snn.population @a model @m shape [2]
}

// -----

// Initial values are of state variables.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{model @m has no state variable 'q'}}
  snn.population @a model @m shape [2] params {p = 1.0} init {q = 0.0}
}

// -----

// Scales are of state variables.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{model @m has no state variable 'p'}}
  snn.population @a model @m shape [2] params {p = 1.0} scale {p = 0.5}
}

// -----

// Scales are positive.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a finite number > 0 as scale of 'v', found}}
  snn.population @a model @m shape [2] params {p = 1.0} scale {v = 0.0}
}

// -----

snn.model @m {
  %p = snn.parameter "p" : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a finite number > 0 as value_scale, found 0.0}}
  snn.population @a model @m shape [2] params {p = 1.0} {value_scale = 0.0 : f64}
}

// -----

snn.model @m {
  %p = snn.parameter "p" : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a name as the network's own name of 'v', found 3}}
  snn.population @a model @m shape [2] params {p = 1.0} {state_names = {v = 3}}
}

// -----

// expected-note @+1 {{the model is here}}
snn.model @m {
  %p = snn.parameter "p" : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{model @m has no state variable 'w'}}
  snn.population @a model @m shape [2] params {p = 1.0} {state_names = {w = "i"}}
}

// -----

// Elements have one value per neuron.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected 4 values for parameter 'p', found 3}}
  snn.population @a model @m shape [2, 2] params {p = dense<1.0> : tensor<3xf32>}
}

// -----

// Values are numbers, elements or distributions.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a number, elements, #snn.uniform or #snn.normal for initial value 'v', found "zero"}}
  snn.population @a model @m shape [2] params {p = 1.0} init {v = "zero"}
}

// -----

// Values are numbers.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a number for parameter 'p', found NaN}}
  snn.population @a model @m shape [2] params {p = 0x7FF8000000000000 : f64}
}

// -----

// Elements have a supported type.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected parameter 'p' of f32, f64, i8, i16, i32 or i64, found 'bf16'}}
  snn.population @a model @m shape [2] params {p = dense<1.0> : tensor<2xbf16>}
}

// -----

// A depth is a number of steps.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a depth in 0..65535 steps, found -1}}
  snn.population @a model @m shape [2] params {p = 1.0} depth -1
}

// -----

// A name is given one value.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{'p' is given twice}}
  snn.population @a model @m shape [2] params {p = 1.0, p = 2.0}
}

// -----

// An output comes from a node.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected an input, population or junction @a in the network, found none}}
  snn.output @o from @a
}

// -----

// An output does not come from an output.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [1]
  snn.output @o from @a
  // expected-error @+1 {{expected an input, population or junction @o in the network, found none}}
  snn.output @p from @o
}

// -----

// A probe watches a node.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected an input, population or junction @a in the network, found none}}
  snn.probe @o of @a ["v"]
}

// -----

// A probe watches something.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [1]
  // expected-error @+1 {{expected at least one variable}}
  snn.probe @o of @a []
}

// -----

// A probe watches state variables.
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the node is here}}
  snn.population @a model @m shape [2] params {p = 1.0}
  // expected-error @+1 {{@a has no state variable 'p'}}
  snn.probe @o of @a ["v", "p"]
}

// -----

// A probe names a variable once.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [2]
  // expected-error @+1 {{names 'spikes' twice}}
  snn.probe @o of @a ["spikes", "spikes"]
}

// -----

// A projection starts at a node.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected an input, population or junction @b in the network, found none}}
  snn.dense @d from @b to @a weights dense<1.0> : tensor<2x3xf32>
}

// -----

// A projection ends on a node.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected a population or junction @b in the network, found none}}
  snn.dense @d from @in to @b weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Inputs receive nothing.
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the input is here}}
  snn.input @in shape [3]
  // expected-error @+1 {{ends on an input, which receives nothing}}
  snn.connect @c from @in to @in "all_to_all" {} weights 1.0
}

// -----

// Junctions have no named receptor.
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the junction is here}}
  snn.junction @a shape [3]
  // expected-error @+1 {{names receptor 'x' of a junction, which has none}}
  snn.connect @c from @a to @a receptor "x" "all_to_all" {} weights 1.0
}

// -----

// The receptor is one of the target model.
// expected-note @+1 {{the model is here}}
snn.model @m {
  %p = snn.parameter "p" : f32
  %q = snn.parameter "q" default 1.0 : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @a model @m shape [2] params {p = 1.0}
  // expected-error @+1 {{model @m has no receptor 'y'}}
  snn.connect @c from @a to @a receptor "y" "all_to_all" {} weights 1.0
}

// -----

// The target model has a receptor.
// expected-note @+1 {{the model is here}}
snn.model @deaf {}
snn.network @n dt 1.0e-3 {
  snn.population @a model @deaf shape [2]
  // expected-error @+1 {{model @deaf has no receptor}}
  snn.connect @c from @a to @a "all_to_all" {} weights 1.0
}

// -----

// Exponents are small.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected an exponent in -31..31, found 32}}
  snn.dense @d from @in to @a exponent 32 weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Weights have 1 to 32 bits.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected weights of 1..32 bits, found 0}}
  snn.dense @d from @in to @a bits 0 weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Delays are not negative.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays in 0..65535 steps, found -1}}
  snn.dense @d from @in to @a delay -1 weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Delays are at most 65535.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays in 0..65535 steps, found 65536}}
  snn.dense @d from @in to @a delay 65536 weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Drawn delays are not negative.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays in 0..65535 steps, found}}
  snn.dense @d from @in to @a delay #snn.uniform<-1.0, 2.0, seed = 0> weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Drawn delays are at most 65535.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays in 0..65535 steps, found}}
  snn.dense @d from @in to @a delay #snn.normal<1.0, 2.0, clip = [0.0, 70000.0], seed = 0> weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Delays are integers.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected an integer, integer elements or a distribution as delay [steps], found}}
  snn.dense @d from @in to @a delay 1.5 weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Listed delays are integers.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected integers as delays [steps], found 'f32'}}
  snn.dense @d from @in to @a delay dense<1.0> : tensor<3xf32> weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Listed delays have a shape that fits.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays of shape [3] (per source neuron) or [2, 3] (per synapse), found [2]}}
  snn.dense @d from @in to @a delay dense<1> : tensor<2xi32> weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Kernels have delays per source neuron at most.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays of shape [3] (per source neuron), found [2, 3]}}
  snn.connect @d from @in to @a delay dense<1> : tensor<2x3xi32> "all_to_all" {} weights 1.0
}

// -----

// Listed delays are in range.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays in 0..65535 steps, found -4}}
  snn.dense @d from @in to @a delay dense<[1, -4, 2]> : tensor<3xi16> weights dense<1.0> : tensor<2x3xf32>
}

// -----

// Dense weights are [targets, sources].
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the source is here}}
  snn.input @in shape [3]
  // expected-note @+1 {{the target is here}}
  snn.junction @a shape [2]
  // expected-error @+1 {{expected weights of shape [2, 3] (targets, sources), found [3, 2]}}
  snn.dense @d from @in to @a weights dense<1.0> : tensor<3x2xf32>
}

// -----

// Weights have a supported type.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected the weights of f32, f64, i8, i16, i32 or i64, found 'f16'}}
  snn.dense @d from @in to @a weights dense<1.0> : tensor<2x3xf16>
}

// -----

// A bias has one value per target.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected the bias of shape [2], found [3]}}
  snn.dense @d from @in to @a weights dense<1.0> : tensor<2x3xf32> bias dense<1.0> : tensor<3xf32>
}

// -----

// Elements are dense or a resource.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected the weights as dense<...> or dense_resource<...>}}
  snn.dense @d from @in to @a weights sparse<[[0, 0]], [1.0]> : tensor<2x3xf32>
}

// -----

// A resource has data.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{the data of the weights is missing: there is no resource 'nothing'}}
  snn.dense @d from @in to @a weights dense_resource<nothing> : tensor<2x3xf32>
}

// -----

// A resource has as many bytes as its type says.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected 24 bytes in resource 'short' of the weights, found 8}}
  snn.dense @d from @in to @a weights dense_resource<short> : tensor<2x3xf32>
}

{-#
  dialect_resources: {
    builtin: {
      short: "0x040000000000803F00000040"
    }
  }
#-}

// -----

// row_ptr has an entry per target and one more.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected row_ptr of shape [3], found [2]}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 3]> : tensor<2xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// There is a weight for each column.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected the weights of shape [3], found [2]}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 3]> : tensor<3xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<2xf32>
}

// -----

// Columns are a list.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected columns of shape [3], found [3, 1]}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 3]> : tensor<3xi64> columns dense<1> : tensor<3x1xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// row_ptr and columns are integers.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected integers as row_ptr and columns}}
  snn.sparse @s from @in to @a row_ptr dense<0.0> : tensor<3xf32> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// row_ptr starts at 0.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected row_ptr to start with 0, found 1}}
  snn.sparse @s from @in to @a row_ptr dense<[1, 1, 3]> : tensor<3xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// row_ptr never falls.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected row_ptr to rise from 0 to 3 (synapses), found 1 after 2 at target 1}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 2, 1]> : tensor<3xi64> columns dense<[0, 1, 2]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// row_ptr stays below the number of synapses.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected row_ptr to rise from 0 to 3 (synapses), found 4 after 1 at target 1}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 4]> : tensor<3xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// row_ptr ends at the number of synapses.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected row_ptr to end with 3 (synapses), found 2}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 2]> : tensor<3xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// Columns ascend in each row.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected columns in ascending order in each row, found 0 after 1 at target 1}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 3]> : tensor<3xi64> columns dense<[2, 1, 0]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// Columns name sources.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected columns in 0..2, found 3 at target 1}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 3]> : tensor<3xi64> columns dense<[2, 0, 3]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// A sparse bias has one value per target.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected the bias of shape [2], found [3]}}
  snn.sparse @s from @in to @a row_ptr dense<[0, 1, 3]> : tensor<3xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32> bias dense<1.0> : tensor<3xf32>
}

// -----

// Sparse delays are per source neuron or synapse.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected delays of shape [3] (per source neuron) or [3] (per synapse), found [2]}}
  snn.sparse @s from @in to @a delay dense<1> : tensor<2xi32> row_ptr dense<[0, 1, 3]> : tensor<3xi64> columns dense<[2, 0, 1]> : tensor<3xi32> weights dense<1.0> : tensor<3xf32>
}

// -----

// The input of a convolution has channels first.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected an input of rank 3 (channels first), found [4, 4]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
}

// -----

// The input of a convolution has positive extents.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected extents in 1..2147483648 in the input, found [2, 0, 4]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 0, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
}

// -----

// Convolution weights have rank 4.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected weights of rank 4 (out channels, in channels / groups, kernel), found [6, 2, 2]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
}

// -----

// A stride has an entry per dimension.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected 2 value(s) in the stride, found 1}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1] padding [0, 0] dilation [1, 1]
}

// -----

// A stride is positive.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected values in 1..2147483648 in the stride, found [1, 0]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 0] padding [0, 0] dilation [1, 1]
}

// -----

// A padding is not negative.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected values in 0..2147483648 in the padding, found [-1, 0]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [-1, 0] dilation [1, 1]
}

// -----

// A dilation is positive.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected values in 1..2147483648 in the dilation, found [0, 1]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [0, 1]
}

// -----

// Groups divide the channels.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected groups that divide 2 input and 6 output channels, found 4}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1] groups 4
}

// -----

// Weights have the input channels of a group.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected weights with 1 input channel(s) per group, found 2}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1] groups 2
}

// -----

// A convolution has a bias per output channel.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected the bias of shape [6], found [3]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> bias dense<1.0> : tensor<3xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
}

// -----

// The kernel fits into the padded input.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{the kernel is larger than the padded input: the result would have shape [6, 0, 0]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [4, 4]
}

// -----

// The source of a convolution has the shape of its input.
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the source is here}}
  snn.input @in shape [4, 4, 2]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected a source of shape [2, 4, 4] or the same flattened, found [4, 4, 2]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
}

// -----

// The target of a convolution has the shape of its result: floor((4 + 2 - 2 * (2 - 1) - 1) / 2 + 1) = 2.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [32]
  // expected-note @+1 {{the target is here}}
  snn.junction @a shape [54]
  // expected-error @+1 {{expected a target of shape [6, 2, 2] or the same flattened, found [54]}}
  snn.conv2d @c from @in to @a weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [2, 2] padding [1, 1] dilation [2, 2]
}

// -----

// The target of a one-dimensional convolution, too.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 8]
  // expected-note @+1 {{the target is here}}
  snn.junction @a shape [4, 8]
  // expected-error @+1 {{expected a target of shape [4, 6] or the same flattened, found [4, 8]}}
  snn.conv1d @c from @in to @a weights dense<1.0> : tensor<4x2x3xf32> input [2, 8] stride [1] padding [0] dilation [1]
}

// -----

// Shared weights have no delays per synapse.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [6, 3, 3]
  // expected-error @+1 {{expected delays of shape [32] (per source neuron), found [2, 4, 4]}}
  snn.conv2d @c from @in to @a delay dense<1> : tensor<2x4x4xi32> weights dense<1.0> : tensor<6x2x2x2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
}

// -----

// Pooling sums or averages.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [2, 2, 2]
  // expected-error @+1 {{expected kind "sum" or "average", found "max"}}
  snn.pool @p from @in to @a "max" input [2, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]
}

// -----

// Pooling has a kernel.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  snn.junction @a shape [2, 2, 2]
  // expected-error @+1 {{expected 2 value(s) in the kernel, found 1}}
  snn.pool @p from @in to @a "sum" input [2, 4, 4] kernel [2] stride [2, 2] padding [0, 0]
}

// -----

// The target of a pooling has the shape of its result.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2, 4, 4]
  // expected-note @+1 {{the target is here}}
  snn.junction @a shape [2, 2, 2]
  // expected-error @+1 {{expected a target of shape [2, 3, 3] or the same flattened, found [2, 2, 2]}}
  snn.pool @p from @in to @a "sum" input [2, 4, 4] kernel [2, 2] stride [1, 1] padding [0, 0]
}

// -----

// Rules are known.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{unknown rule "some"}}
  snn.connect @c from @in to @a "some" {} weights 1.0
}

// -----

// A rule has its parameters.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{rule "fixed_probability" needs the parameter 'p'}}
  snn.connect @c from @in to @a "fixed_probability" {} weights 1.0
}

// -----

// A rule has no others.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{rule "all_to_all" has no parameter 'p'}}
  snn.connect @c from @in to @a "all_to_all" {p = 0.5} weights 1.0
}

// -----

// A probability is at most 1.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected a probability in [0, 1] for 'p', found}}
  snn.connect @c from @in to @a "fixed_probability" {p = 1.5} weights 1.0
}

// -----

// A probability is a number.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected a probability in [0, 1] for 'p', found}}
  snn.connect @c from @in to @a "fixed_probability" {p = "half"} weights 1.0
}

// -----

// An in-degree is an integer.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected an integer in 0..2^40 for 'k', found}}
  snn.connect @c from @in to @a "fixed_in_degree" {k = 1.5} weights 1.0
}

// -----

// A number of synapses is not negative.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected an integer in 0..2^40 for 'n', found -1 : i64}}
  snn.connect @c from @in to @a "fixed_total_number" {n = -1} weights 1.0
}

// -----

// A largest probability is a probability.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected a probability in [0, 1] for 'p_max', found}}
  snn.connect @c from @in to @a "distance_dependent" {p_max = -0.5, scale = 1.0} weights 1.0
}

// -----

// A length is positive.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected a number > 0 for 'scale', found}}
  snn.connect @c from @in to @a "distance_dependent" {p_max = 0.5, scale = 0.0} weights 1.0
}

// -----

// one_to_one joins nodes of the same size.
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the source is here}}
  snn.input @in shape [3]
  // expected-note @+1 {{the target is here}}
  snn.junction @a shape [2]
  // expected-error @+1 {{one_to_one needs nodes of the same size, found 3 sources and 2 targets}}
  snn.connect @c from @in to @a "one_to_one" {} weights 1.0
}

// -----

// Distances are between nodes of the same rank.
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the source is here}}
  snn.input @in shape [3]
  // expected-note @+1 {{the target is here}}
  snn.junction @a shape [2, 2]
  // expected-error @+1 {{distance_dependent needs nodes of the same rank, found [3] and [2, 2]}}
  snn.connect @c from @in to @a "distance_dependent" {p_max = 0.5, scale = 1.0} weights 1.0
}

// -----

// Only one_to_one lists weights.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected a number or a distribution as weights of rule "all_to_all": only one_to_one lists them}}
  snn.connect @c from @in to @a "all_to_all" {} weights dense<1.0> : tensor<3xf32>
}

// -----

// one_to_one lists a weight per neuron.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [2]
  // expected-error @+1 {{expected 2 values for the weights, found 3}}
  snn.connect @c from @a to @a "one_to_one" {} weights dense<1.0> : tensor<3xf32>
}

// -----

// A drawn source exists.
snn.network @n dt 1.0e-3 {
  snn.junction @a shape [1]
  // expected-error @+1 {{a single neuron without autapses leaves no source to draw}}
  snn.connect @c from @a to @a "fixed_in_degree" {k = 1} weights 1.0 autapses false
}

// -----

// Elements are tensors.
snn.network @n dt 1.0e-3 {
  snn.input @in shape [3]
  snn.junction @a shape [2]
  // expected-error @+1 {{expected the weights as a tensor of known shape, found 'vector<2x3xf32>'}}
  snn.dense @d from @in to @a weights dense<1.0> : vector<2x3xf32>
}

// -----

// The time step is finite.
// expected-error @+1 {{'snn.network' op expected a time step dt > 0 [s], found}}
snn.network @n dt 0x7FF0000000000000 {}

// -----

// Rules of plasticity: one weight, with bounds that no event changes.
// expected-error @+1 {{'snn.rule' op has no snn.weight}}
snn.rule @r {}

// -----

// expected-note @+1 {{the rule is here}}
snn.rule @r {
  %one = arith.constant 1.0 : f32
  %t = snn.elapsed "pre" : f32
  // expected-error @+1 {{expected bounds of parameters and constants alone}}
  %w = snn.weight in [%t, %one] : f32
}

// -----

snn.rule @r {
  %one = arith.constant 1.0 : f32
  // expected-note @+1 {{the first one is here}}
  %w = snn.weight in [%one, %one] : f32
  // expected-error @+1 {{is the second of the rule}}
  %w2 = snn.weight in [%one, %one] : f32
}

// -----

snn.rule @r {
  // expected-error @+1 {{'weight' is the weight's own name (snn.weight)}}
  %w = snn.synapse "weight" : f32
}

// -----

snn.rule @r {
  // expected-error @+1 {{expected "pre", "post" or "third", found "axon"}}
  %t = snn.elapsed "axon" : f32
}

// -----

// A rule computes with scalar arithmetic of floats and i1.
// expected-note @+1 {{the rule is here}}
snn.rule @r {
  %x = arith.constant 1.0 : f32
  // expected-error @+1 {{is not allowed in a rule; expected snn declarations and scalar arith or math ops}}
  %y = arith.remf %x, %x : f32
}

// -----

snn.rule @r {
  // expected-error @+1 {{expected f32, f64 or i1 in a rule, found 'f16'}}
  %x = arith.constant 1.0 : f16
}

// -----

// A third factor comes by a receptor.
// expected-note @+1 {{the rule is here}}
snn.rule @r {
  // expected-error @+1 {{speaks of a third factor, and the rule names no receptor for one}}
  %m = snn.amount : f32
}

// -----

// An event sets each thing once, of the right type, and traces of its own end.
snn.rule @r {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
  snn.on "pre" set "weight" = %one : f32
  // expected-error @+1 {{sets 'weight' a second time on "pre"}}
  snn.on "pre" set "weight" = %one : f32
}

// -----

snn.rule @r {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f64
  // expected-note @+1 {{it is declared here}}
  %w = snn.weight in [%one, %one] : f32
  // expected-error @+1 {{sets a value of another type than 'weight' has}}
  snn.on "pre" set "weight" = %two : f64
}

// -----

snn.rule @r {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
  // expected-note @+1 {{the trace is declared here}}
  %r = snn.trace "r" of "pre" : f32
  // expected-error @+1 {{an event sets traces of its own end only}}
  snn.on "post" set "r" = %one : f32
}

// -----

snn.rule @r third "reward" {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
  // expected-error @+1 {{is read by what "pre" sets; only a "third" event has an amount}}
  %m = snn.amount : f32
  // expected-note @+1 {{here}}
  snn.on "pre" set "weight" = %m : f32
}

// -----

snn.rule @r {
  %one = arith.constant 1.0 : f32
  // expected-note @+1 {{this is not one of them}}
  %w = snn.weight in [%one, %one] : f32
  %r = snn.trace "r" of "pre" : f32
  // expected-error @+1 {{a trace is kept once for all synapses of its end}}
  snn.on "pre" set "r" = %w : f32
}

// -----

snn.rule @r {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
  // expected-error @+1 {{'r' is never set by "pre"}}
  %r = snn.trace "r" of "pre" : f32
}

// -----

// expected-note @+1 {{the rule is here}}
snn.rule @r {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
  // expected-error @+1 {{'x' is neither the weight nor a word of the synapse nor a trace}}
  snn.on "pre" set "x" = %one : f32
}

// -----

// Learners.
// expected-error @+1 {{expected on_pre, on_post, on_third, trace_pre, trace_post or trace_third, found 'on_monday'}}
snn.learner @l programs {on_monday = @p} params {} init {} weight_shift 0 weight_scale 1.0

// -----

// expected-error @+1 {{expected the name of a program as on_pre, found 3}}
snn.learner @l programs {on_pre = 3} params {} init {} weight_shift 0 weight_scale 1.0

// -----

// expected-error @+1 {{expected values by name for a program of the learner, found 'on_post'}}
snn.learner @l programs {on_pre = @p} params {on_post = {}} init {} weight_shift 0 weight_scale 1.0

// -----

// expected-error @+1 {{expected a number for 'c', found "x"}}
snn.learner @l programs {on_pre = @p} params {} init {c = "x"} weight_shift 0 weight_scale 1.0

// -----

// expected-error @+1 {{expected a shift of 0..31, found 32}}
snn.learner @l programs {on_pre = @p} params {} init {} weight_shift 32 weight_scale 1.0

// -----

// Plasticities.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a projection @edges in the network, found none}}
  snn.plasticity @p of @edges rule @r
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.network @n dt 1.0e-3 {
  snn.input @in shape [1, 4, 4]
  snn.population @to model @m shape [1, 4, 4]
  // expected-note @+1 {{the projection is here}}
  snn.conv2d @edges from @in to @to weights dense<1.0> : tensor<1x1x1x1xf32> input [1, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
  // expected-error @+1 {{synapses of @edges share their weights; expected snn.dense, snn.sparse or snn.connect}}
  snn.plasticity @p of @edges rule @r
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{expected an snn.rule or snn.learner @r beside the network, found none}}
  snn.plasticity @p of @edges rule @r
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  // expected-note @+1 {{the node is here}}
  snn.junction @to shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{@edges ends on a node without spikes of its own; expected a population}}
  snn.plasticity @p of @edges rule @r
}

// -----

// expected-note @+1 {{the model is here}}
snn.model @m { %x = snn.receive "x" : f32 }
snn.rule @r third "reward" {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
}
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{the target's model has no receptor 'reward', the rule's third factor}}
  snn.plasticity @p of @edges rule @r
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
// expected-note @+1 {{the rule is here}}
snn.rule @r {
  %low = snn.parameter "low" : f32
  %w = snn.weight in [%low, %low] : f32
}
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{gives no value for parameter 'low', which has no default}}
  snn.plasticity @p of @edges rule @r
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
// expected-note @+1 {{the rule is here}}
snn.rule @r {
  %one = arith.constant 1.0 : f32
  %w = snn.weight in [%one, %one] : f32
}
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{rule @r has no parameter 'tau'}}
  snn.plasticity @p of @edges rule @r params {tau = 1.0}
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.rule @r {
  %low = snn.parameter "low" : f32
  %w = snn.weight in [%low, %low] : f32
}
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{expected a finite number for 'low', found #snn.uniform<0.0, 1.0, seed = 1>}}
  snn.plasticity @p of @edges rule @r params {low = #snn.uniform<0.0, 1.0, seed = 1>}
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.learner @l programs {} params {} init {} weight_shift 0 weight_scale 1.0
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{gives parameters to a learner, which has its own}}
  snn.plasticity @p of @edges rule @l params {tau = 1.0}
}

// -----

// Rules of rewiring: one formation and one elimination, each of what it may know.
// expected-error @+1 {{expected one snn.form and one snn.eliminate, found 1 and 0}}
snn.rewiring_rule @r {
  %p = arith.constant 0.5 : f32
  snn.form %p : f32
}

// -----

// expected-note @+1 {{the rule is here}}
snn.rewiring_rule @r {
  %p = arith.constant 1.0 : f32
  // expected-error @+1 {{is not allowed in a rule of rewiring; expected its declarations and scalar arith or math ops of docs/spec/snn-dialect.md}}
  %q = arith.remf %p, %p : f32
}

// -----

snn.rewiring_rule @r {
  // expected-error @+1 {{expected f32, f64 or i1 in a rule of rewiring, found 'i32'}}
  %p = arith.constant 1 : i32
}

// -----

snn.rewiring_rule @r {
  // expected-note @+1 {{the first declaration is here}}
  %p = snn.parameter "p" : f32
  // expected-error @+1 {{'p' is declared twice}}
  %q = snn.parameter "p" : f32
}

// -----

snn.rewiring_rule @r {
  %p = arith.constant 0.5 : f32
  // expected-note @+1 {{it is read here}}
  %w = snn.current_weight : f32
  // expected-error @+1 {{depends on a weight, which a synapse has when it is formed only}}
  snn.form %w : f32
  snn.eliminate %p : f32
}

// -----

snn.rewiring_rule @r {
  %p = arith.constant 0.5 : f32
  // expected-note @+1 {{it is read here}}
  %d = snn.squared_distance : f32
  // expected-error @+1 {{depends on a distance, which formation alone does}}
  snn.eliminate %d : f32
  snn.form %p : f32
}

// -----

snn.rewiring_rule @r {
  %p = arith.constant 0.5 : f32
  // expected-note @+1 {{it is read here}}
  %w = snn.current_weight : f32
  // expected-error @+1 {{uses a weight for more than to compare it with a number}}
  %x = arith.mulf %w, %p : f32
  snn.form %p : f32
  snn.eliminate %x : f32
}

// -----

// Rewirings.
snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected partner "random" or "last", found "best"}}
  snn.rewiring @w of @edges rule @r partner "best" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1
}

// -----

snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a grid of two extents of 1..1024, found [2, 0]}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 0] attempts 1 every 1 most 1 weight 1.0 delay 1
}

// -----

snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected 1..4096 as 'most', found 0}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 0 weight 1.0 delay 1
}

// -----

snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a finite weight, found}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 0x7FF0000000000000 delay 1
}

// -----

snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a finite unit > 0, found}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1 unit 0.0
}

// -----

snn.network @n dt 1.0e-3 {
  // expected-error @+1 {{expected a projection @edges in the network, found none}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{expected an snn.rewiring_rule @r beside the network, found none}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  // expected-note @+1 {{the node is here}}
  snn.population @to model @m shape [5]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-error @+1 {{the grid has fewer places than @to has neurons}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1
}

// -----

snn.model @m { %x = snn.receive "x" : f32 }
snn.rewiring_rule @r {
  %p = arith.constant 0.5 : f32
  snn.form %p : f32
  snn.eliminate %p : f32
}
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  snn.connect @edges from @in to @to delay 1 "all_to_all" {} weights 1.0
  // expected-note @+1 {{it is here}}
  snn.rewiring @v of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1
  // expected-error @+1 {{@edges is rewired already}}
  snn.rewiring @w of @edges rule @r partner "last" grid [2, 2] attempts 1 every 1 most 1 weight 1.0 delay 1
}
