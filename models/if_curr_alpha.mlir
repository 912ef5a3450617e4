// Integrate-and-fire neuron with currents of alpha shape (PyNN's IF_curr_alpha).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms, so the time step is taken times 1000. Expressions of parameters alone are folded in double precision when a
// population is lowered. Equations, parameters and sources: docs/models/if_curr_alpha.md.

snn.model @if_curr_alpha {
  %dt = snn.timestep : f32
  %thousand = arith.constant 1000.0 : f32
  %ms = arith.mulf %dt, %thousand : f32
  %tau_m = snn.parameter "tau_m" default 20.0 unit "ms" : f32
  %cm = snn.parameter "cm" default 1.0 unit "nF" : f32
  %v_rest = snn.parameter "v_rest" default -65.0 unit "mV" : f32
  %v_reset = snn.parameter "v_reset" default -65.0 unit "mV" : f32
  %v_thresh = snn.parameter "v_thresh" default -50.0 unit "mV" : f32
  %tau_refrac = snn.parameter "tau_refrac" default 0.1 unit "ms" : f32
  %tau_syn_e = snn.parameter "tau_syn_E" default 5.0 unit "ms" : f32
  %tau_syn_i = snn.parameter "tau_syn_I" default 5.0 unit "ms" : f32
  %i_offset = snn.parameter "i_offset" default 0.0 unit "nA" : f32
  %x_e = snn.receive "excitatory" : f32
  %x_i = snn.receive "inhibitory" : f32
  %v = snn.state "v" init -65.0 unit "mV" range [-200.0, 100.0] : f32
  %refrac = snn.state "refrac" range [0.0, 32767.0] : f32
  %i_e = snn.state "isyn_exc" unit "nA" : f32
  %z_e = snn.state "rise_exc" : f32
  %i_i = snn.state "isyn_inh" unit "nA" : f32
  %z_i = snn.state "rise_inh" : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32

  %e = math.exp %one : f32
  %exc_decay_share = arith.divf %ms, %tau_syn_e : f32
  %exc_decay_minus = arith.negf %exc_decay_share : f32
  %exc_decay = math.exp %exc_decay_minus : f32
  %exc_held_steps = arith.divf %tau_syn_e, %ms : f32
  %exc_held_lost = arith.subf %one, %exc_decay : f32
  %exc_held = arith.mulf %exc_held_steps, %exc_held_lost : f32
  %exc_area = arith.mulf %tau_syn_e, %exc_held_lost : f32
  %exc_end = arith.mulf %ms, %exc_decay : f32
  %exc_net = arith.subf %exc_area, %exc_end : f32
  %exc_rising = arith.mulf %exc_held_steps, %exc_net : f32
  %exc_slope = arith.divf %e, %tau_syn_e : f32
  %exc_new = arith.mulf %exc_slope, %x_e : f32
  %exc_z = arith.addf %z_e, %exc_new : f32
  %exc_old = arith.mulf %exc_held, %i_e : f32
  %exc_grown = arith.mulf %exc_rising, %exc_z : f32
  %exc = arith.addf %exc_old, %exc_grown : f32
  %exc_rise = arith.mulf %ms, %exc_z : f32
  %exc_peak = arith.addf %i_e, %exc_rise : f32
  %exc_left = arith.mulf %exc_decay, %exc_peak : f32
  %exc_z_left = arith.mulf %exc_decay, %exc_z : f32
  %inh_decay_share = arith.divf %ms, %tau_syn_i : f32
  %inh_decay_minus = arith.negf %inh_decay_share : f32
  %inh_decay = math.exp %inh_decay_minus : f32
  %inh_held_steps = arith.divf %tau_syn_i, %ms : f32
  %inh_held_lost = arith.subf %one, %inh_decay : f32
  %inh_held = arith.mulf %inh_held_steps, %inh_held_lost : f32
  %inh_area = arith.mulf %tau_syn_i, %inh_held_lost : f32
  %inh_end = arith.mulf %ms, %inh_decay : f32
  %inh_net = arith.subf %inh_area, %inh_end : f32
  %inh_rising = arith.mulf %inh_held_steps, %inh_net : f32
  %inh_slope = arith.divf %e, %tau_syn_i : f32
  %inh_new = arith.mulf %inh_slope, %x_i : f32
  %inh_z = arith.addf %z_i, %inh_new : f32
  %inh_old = arith.mulf %inh_held, %i_i : f32
  %inh_grown = arith.mulf %inh_rising, %inh_z : f32
  %inh = arith.addf %inh_old, %inh_grown : f32
  %inh_rise = arith.mulf %ms, %inh_z : f32
  %inh_peak = arith.addf %i_i, %inh_rise : f32
  %inh_left = arith.mulf %inh_decay, %inh_peak : f32
  %inh_z_left = arith.mulf %inh_decay, %inh_z : f32
  %synaptic = arith.subf %exc, %inh : f32
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
  snn.update "isyn_exc" = %exc_left : f32
  snn.update "rise_exc" = %exc_z_left : f32
  snn.update "isyn_inh" = %inh_left : f32
  snn.update "rise_inh" = %inh_z_left : f32
  snn.spike %fire
}
