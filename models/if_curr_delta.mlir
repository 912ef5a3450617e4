// Integrate-and-fire neuron with currents of one step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms, so the time step is taken times 1000. Expressions of parameters alone are folded in double precision when a
// population is lowered. Equations, parameters and sources: docs/models/if_curr_delta.md.

snn.model @if_curr_delta {
  %dt = snn.timestep : f32
  %thousand = arith.constant 1000.0 : f32
  %ms = arith.mulf %dt, %thousand : f32
  %tau_m = snn.parameter "tau_m" default 20.0 unit "ms" : f32
  %cm = snn.parameter "cm" default 1.0 unit "nF" : f32
  %v_rest = snn.parameter "v_rest" default -65.0 unit "mV" : f32
  %v_reset = snn.parameter "v_reset" default -65.0 unit "mV" : f32
  %v_thresh = snn.parameter "v_thresh" default -50.0 unit "mV" : f32
  %tau_refrac = snn.parameter "tau_refrac" default 0.1 unit "ms" : f32
  %i_offset = snn.parameter "i_offset" default 0.0 unit "nA" : f32
  %x_e = snn.receive "excitatory" : f32
  %x_i = snn.receive "inhibitory" : f32
  %v = snn.state "v" init -65.0 unit "mV" range [-200.0, 100.0] : f32
  %refrac = snn.state "refrac" range [0.0, 32767.0] : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32

  %synaptic = arith.subf %x_e, %x_i : f32
  %current = arith.addf %synaptic, %i_offset : f32

  %v_decay_share = arith.divf %ms, %tau_m : f32
  %v_decay_minus = arith.negf %v_decay_share : f32
  %v_decay = math.exp %v_decay_minus : f32
  %r = arith.divf %tau_m, %cm : f32
  %drive = arith.mulf %current, %r : f32
  %goal = arith.addf %drive, %v_rest : f32
  %apart = arith.subf %goal, %v : f32
  %apart_left = arith.mulf %v_decay, %apart : f32
  %v_moved = arith.subf %goal, %apart_left : f32

  %awake = arith.cmpf ole, %refrac, %zero : f32
  %above = arith.cmpf oge, %v_moved, %v_thresh : f32
  %fire = arith.andi %awake, %above : i1
  %v_kept = arith.select %awake, %v_moved, %v : f32
  %v_new = arith.select %fire, %v_reset, %v_kept : f32
  %rest_share = arith.divf %tau_refrac, %ms : f32
  %rest = math.ceil %rest_share : f32
  %refrac_less = arith.subf %refrac, %one : f32
  %refrac_awake = arith.select %fire, %rest, %zero : f32
  %refrac_new = arith.select %awake, %refrac_awake, %refrac_less : f32

  snn.update "v" = %v_new : f32
  snn.update "refrac" = %refrac_new : f32
  snn.spike %fire
}
