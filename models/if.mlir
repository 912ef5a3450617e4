// Integrate-and-fire neuron (NIR type IF), reset to a value and reset by subtraction.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A spike brings r into v at once: no time step appears, because published files count spikes, one per step, with r = 1.
// Equations, parameters and sources: docs/models/if.md.

snn.model @if nir {type = "IF", reset = "v_reset", reading = "v' = v + r*x; spike: v' > v_threshold; then v := v_reset"} {
  %r = snn.parameter "r" default 1.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %reset = snn.parameter "v_reset" default 0.0 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32

  %drive = arith.mulf %r, %x : f32
  %v1 = arith.addf %v, %drive : f32
  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %v2 = arith.select %fire, %reset, %v1 : f32

  snn.update "v" = %v2 : f32
  snn.spike %fire
}

snn.model @if_subtract nir {type = "IF", reset = "subtract", reading = "v' = v + r*x; spike: v' > v_threshold; then v := v' - v_threshold"} {
  %r = snn.parameter "r" default 1.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32

  %drive = arith.mulf %r, %x : f32
  %v1 = arith.addf %v, %drive : f32
  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %less = arith.subf %v1, %threshold : f32
  %v2 = arith.select %fire, %less, %v1 : f32

  snn.update "v" = %v2 : f32
  snn.spike %fire
}
