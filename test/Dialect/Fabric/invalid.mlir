// One case for every rule of the verifiers.
// RUN: ranvier-opt %s --verify-diagnostics --split-input-file

// The network exists.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
// expected-error @+1 {{expected an snn.network @other, found none}}
fabric.mapping @other on "loihi1" {}

// -----

// Cores alone stand in a mapping.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{is not allowed in a mapping; expected fabric.core}}
  %c = arith.constant 1.0 : f32
}

// -----

// A core stands in a mapping.
snn.model @m {
  %x = snn.receive "x" : f32
}
// expected-error @+1 {{'fabric.core' op expects parent op 'fabric.mapping'}}
fabric.core chip 0 core 0 [#fabric.slice<@p, 0, 4>]

// -----

// A core is used once.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-note @+1 {{its first use is here}}
  fabric.core chip 0 core 1 [#fabric.slice<@p, 0, 2>]
  // expected-error @+1 {{chip 0 core 1 is used twice}}
  fabric.core chip 0 core 1 level 1 [#fabric.slice<@p, 2, 2>]
}

// -----

// A neuron has one place.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{neuron 1 of @p has a place already}}
  fabric.core chip 0 core 1 [#fabric.slice<@p, 1, 3>]
  // expected-note @+1 {{it is here}}
  fabric.core chip 0 core 2 [#fabric.slice<@p, 0, 2>]
}

// -----

// Every neuron has a place.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the population is here}}
  snn.population @p model @m shape [4]
}
// expected-error @+1 {{places 3 of the 4 neurons of @p}}
fabric.mapping @n on "loihi1" {
  fabric.core chip 0 core 1 [#fabric.slice<@p, 0, 3>]
}

// -----

// A slice is of a node of the network.
snn.model @m {
  %x = snn.receive "x" : f32
}
// expected-note @+1 {{the network is here}}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{expected a population or input @q in network @n}}
  fabric.core chip 0 core 1 [#fabric.slice<@q, 0, 3>]
}

// -----

// A slice is not of a junction.
snn.model @m {
  %x = snn.receive "x" : f32
}
// expected-note @+1 {{the network is here}}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{expected a population or input @j in network @n}}
  fabric.core chip 0 core 1 [#fabric.slice<@j, 0, 3>]
}

// -----

// A slice ends inside its population.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  // expected-note @+1 {{the node is here}}
  snn.population @p model @m shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{slice [2, 5) of @p, which has 4 neurons}}
  fabric.core chip 0 core 1 [#fabric.slice<@p, 2, 3>]
}

// -----

// A slice has neurons.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{slice of @p: expected neurons below 2147483648 and at least one, found 0 from 4}}
  fabric.core chip 0 core 1 [#fabric.slice<@p, 4, 0>]
}

// -----

// A slice does not wrap around.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{slice of @p: expected neurons below 2147483648 and at least one, found 2 from 18446744073709551615}}
  fabric.core chip 0 core 1 [#fabric.slice<@p, 18446744073709551615, 2>]
}

// -----

// A chip counts from 0.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{expected a chip in 0..2147483647, found -1}}
  fabric.core chip -1 core 0 [#fabric.slice<@p, 0, 4>]
}

// -----

// A core counts from 0.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{expected a core in 0..2147483647, found -1}}
  fabric.core chip 0 core -1 [#fabric.slice<@p, 0, 4>]
}

// -----

// A level counts from 0.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{expected a level in 0..2147483647, found -1}}
  fabric.core chip 0 core 0 level -1 [#fabric.slice<@p, 0, 4>]
}

// -----

// A core holds something.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "loihi1" {
  // expected-error @+1 {{expected at least one slice}}
  fabric.core chip 0 core 0 []
}

// -----

// Synapse cores count from 0.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
  snn.junction @j shape [4]
}
fabric.mapping @n on "spinnaker1" {
  // expected-error @+1 {{expected synapse cores in 0..2147483647, found -1}}
  fabric.core chip 0 core 0 [#fabric.slice<@p, 0, 4>] synapses [-1]
}

// -----

// A synapse core has a place of its own.
snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.population @p model @m shape [4]
}
fabric.mapping @n on "spinnaker1" {
  // expected-note @+1 {{its first use is here}}
  fabric.core chip 0 core 0 [#fabric.slice<@p, 0, 2>] synapses [2]
  // expected-error @+1 {{chip 0 core 2 is used twice}}
  fabric.core chip 0 core 2 [#fabric.slice<@p, 2, 2>]
}
