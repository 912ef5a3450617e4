// Leaky integrate-and-fire neuron (NIR type LIF), reset to a value and reset by subtraction.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forward Euler. Expressions of parameters alone (decay, gain) are folded in double precision when a population is lowered.
// Equations, parameters and sources: docs/models/lif.md.

snn.model @lif nir {type = "LIF", reset = "v_reset",
    dt_from = [["tau", "r"]],
    reading = "v' = (1 - dt/tau)*v + dt/tau*r*x + dt/tau*v_leak; spike: v' > v_threshold; then v := v_reset"} {
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" unit "s" : f32
  %r = snn.parameter "r" default 1.0 : f32
  %leak = snn.parameter "v_leak" default 0.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %reset = snn.parameter "v_reset" default 0.0 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32

  %one = arith.constant 1.0 : f32
  %a = arith.divf %dt, %tau : f32
  %decay = arith.subf %one, %a : f32
  %gain = arith.mulf %a, %r : f32
  %pull = arith.mulf %a, %leak : f32
  %kept = arith.mulf %decay, %v : f32
  %drive = arith.mulf %gain, %x : f32
  %moved = arith.addf %kept, %drive : f32
  %v1 = arith.addf %moved, %pull : f32

  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %v2 = arith.select %fire, %reset, %v1 : f32

  snn.update "v" = %v2 : f32
  snn.spike %fire
}

snn.model @lif_subtract nir {type = "LIF", reset = "subtract",
    dt_from = [["tau", "r"]],
    reading = "v' = (1 - dt/tau)*v + dt/tau*r*x + dt/tau*v_leak; spike: v' > v_threshold; then v := v' - v_threshold"} {
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" unit "s" : f32
  %r = snn.parameter "r" default 1.0 : f32
  %leak = snn.parameter "v_leak" default 0.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32

  %one = arith.constant 1.0 : f32
  %a = arith.divf %dt, %tau : f32
  %decay = arith.subf %one, %a : f32
  %gain = arith.mulf %a, %r : f32
  %pull = arith.mulf %a, %leak : f32
  %kept = arith.mulf %decay, %v : f32
  %drive = arith.mulf %gain, %x : f32
  %moved = arith.addf %kept, %drive : f32
  %v1 = arith.addf %moved, %pull : f32

  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %less = arith.subf %v1, %threshold : f32
  %v2 = arith.select %fire, %less, %v1 : f32

  snn.update "v" = %v2 : f32
  snn.spike %fire
}
