// Leaky integrate-and-fire neuron with a synaptic current (NIR type CubaLIF), reset to a value and by subtraction.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forward Euler. Expressions of parameters alone (decay, gain) are folded in double precision when a population is lowered.
// The voltage sees the current of the same step (after its update).
// Equations, parameters and sources: docs/models/cuba_lif.md.

snn.model @cuba_lif nir {type = "CubaLIF", reset = "v_reset",
    dt_from = [["tau_mem", "r"], ["tau_syn", "w_in"]],
    reading = "i' = (1 - dt/tau_syn)*i + dt/tau_syn*w_in*x; v' = (1 - dt/tau_mem)*v + dt/tau_mem*r*i' + dt/tau_mem*v_leak; spike: v' > v_threshold; then v := v_reset"} {
  %dt = snn.timestep : f32
  %tau_syn = snn.parameter "tau_syn" unit "s" : f32
  %tau_mem = snn.parameter "tau_mem" unit "s" : f32
  %r = snn.parameter "r" default 1.0 : f32
  %leak = snn.parameter "v_leak" default 0.0 : f32
  %w_in = snn.parameter "w_in" default 1.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %reset = snn.parameter "v_reset" default 0.0 : f32
  %x = snn.receive "x" : f32
  %i = snn.state "i" : f32
  %v = snn.state "v" : f32

  %one = arith.constant 1.0 : f32
  %as = arith.divf %dt, %tau_syn : f32
  %i_decay = arith.subf %one, %as : f32
  %i_gain = arith.mulf %as, %w_in : f32
  %i_kept = arith.mulf %i_decay, %i : f32
  %i_drive = arith.mulf %i_gain, %x : f32
  %i1 = arith.addf %i_kept, %i_drive : f32

  %am = arith.divf %dt, %tau_mem : f32
  %v_decay = arith.subf %one, %am : f32
  %v_gain = arith.mulf %am, %r : f32
  %v_pull = arith.mulf %am, %leak : f32
  %v_kept = arith.mulf %v_decay, %v : f32
  %v_drive = arith.mulf %v_gain, %i1 : f32
  %v_moved = arith.addf %v_kept, %v_drive : f32
  %v1 = arith.addf %v_moved, %v_pull : f32

  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %v2 = arith.select %fire, %reset, %v1 : f32

  snn.update "i" = %i1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}

snn.model @cuba_lif_subtract nir {type = "CubaLIF", reset = "subtract",
    dt_from = [["tau_mem", "r"], ["tau_syn", "w_in"]],
    reading = "i' = (1 - dt/tau_syn)*i + dt/tau_syn*w_in*x; v' = (1 - dt/tau_mem)*v + dt/tau_mem*r*i' + dt/tau_mem*v_leak; spike: v' > v_threshold; then v := v' - v_threshold"} {
  %dt = snn.timestep : f32
  %tau_syn = snn.parameter "tau_syn" unit "s" : f32
  %tau_mem = snn.parameter "tau_mem" unit "s" : f32
  %r = snn.parameter "r" default 1.0 : f32
  %leak = snn.parameter "v_leak" default 0.0 : f32
  %w_in = snn.parameter "w_in" default 1.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %x = snn.receive "x" : f32
  %i = snn.state "i" : f32
  %v = snn.state "v" : f32

  %one = arith.constant 1.0 : f32
  %as = arith.divf %dt, %tau_syn : f32
  %i_decay = arith.subf %one, %as : f32
  %i_gain = arith.mulf %as, %w_in : f32
  %i_kept = arith.mulf %i_decay, %i : f32
  %i_drive = arith.mulf %i_gain, %x : f32
  %i1 = arith.addf %i_kept, %i_drive : f32

  %am = arith.divf %dt, %tau_mem : f32
  %v_decay = arith.subf %one, %am : f32
  %v_gain = arith.mulf %am, %r : f32
  %v_pull = arith.mulf %am, %leak : f32
  %v_kept = arith.mulf %v_decay, %v : f32
  %v_drive = arith.mulf %v_gain, %i1 : f32
  %v_moved = arith.addf %v_kept, %v_drive : f32
  %v1 = arith.addf %v_moved, %v_pull : f32

  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %less = arith.subf %v1, %threshold : f32
  %v2 = arith.select %fire, %less, %v1 : f32

  snn.update "i" = %i1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}
