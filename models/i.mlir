// Integrator (NIR type I): no leak, no spikes, its voltage leaves as the payload of an event every step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As in the model IF no time step appears: an arrival of 1 counts as one spike.
// Equations, parameters and sources: docs/models/i.md.

snn.model @i nir {type = "I", reading = "v' = v + r*x; emits v' every step"} {
  %r = snn.parameter "r" default 1.0 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32

  %drive = arith.mulf %r, %x : f32
  %v1 = arith.addf %v, %drive : f32
  %always = arith.constant true

  snn.update "v" = %v1 : f32
  snn.spike %always payload %v1 : f32
}
