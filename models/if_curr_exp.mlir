// Integrate-and-fire neurons with exponential currents (PyNN's IF_curr_exp), and with a threshold that adapts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms, so the time step is taken times 1000. Expressions of parameters alone are folded in double precision when a
// population is lowered. Equations, parameters and sources: docs/models/if_curr_exp.md.

snn.model @if_curr_exp {
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
  %i_i = snn.state "isyn_inh" unit "nA" : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32

  %exc_decay_share = arith.divf %ms, %tau_syn_e : f32
  %exc_decay_minus = arith.negf %exc_decay_share : f32
  %exc_decay = math.exp %exc_decay_minus : f32
  %exc_gain_steps = arith.divf %tau_syn_e, %ms : f32
  %exc_gain_lost = arith.subf %one, %exc_decay : f32
  %exc_gain = arith.mulf %exc_gain_steps, %exc_gain_lost : f32
  %exc_new = arith.mulf %exc_gain, %x_e : f32
  %exc = arith.addf %i_e, %exc_new : f32
  %exc_left = arith.mulf %exc_decay, %exc : f32
  %inh_decay_share = arith.divf %ms, %tau_syn_i : f32
  %inh_decay_minus = arith.negf %inh_decay_share : f32
  %inh_decay = math.exp %inh_decay_minus : f32
  %inh_gain_steps = arith.divf %tau_syn_i, %ms : f32
  %inh_gain_lost = arith.subf %one, %inh_decay : f32
  %inh_gain = arith.mulf %inh_gain_steps, %inh_gain_lost : f32
  %inh_new = arith.mulf %inh_gain, %x_i : f32
  %inh = arith.addf %i_i, %inh_new : f32
  %inh_left = arith.mulf %inh_decay, %inh : f32
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
  snn.update "isyn_inh" = %inh_left : f32
  snn.spike %fire
}

snn.model @if_curr_exp_adaptive {
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
  %tau_adapt = snn.parameter "tau_adapt" default 100.0 unit "ms" : f32
  %jump = snn.parameter "jump" default 1.0 unit "mV" : f32
  %x_e = snn.receive "excitatory" : f32
  %x_i = snn.receive "inhibitory" : f32
  %v = snn.state "v" init -65.0 unit "mV" range [-200.0, 100.0] : f32
  %refrac = snn.state "refrac" range [0.0, 32767.0] : f32
  %i_e = snn.state "isyn_exc" unit "nA" : f32
  %i_i = snn.state "isyn_inh" unit "nA" : f32
  %b = snn.state "b" unit "mV" : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32

  %exc_decay_share = arith.divf %ms, %tau_syn_e : f32
  %exc_decay_minus = arith.negf %exc_decay_share : f32
  %exc_decay = math.exp %exc_decay_minus : f32
  %exc_gain_steps = arith.divf %tau_syn_e, %ms : f32
  %exc_gain_lost = arith.subf %one, %exc_decay : f32
  %exc_gain = arith.mulf %exc_gain_steps, %exc_gain_lost : f32
  %exc_new = arith.mulf %exc_gain, %x_e : f32
  %exc = arith.addf %i_e, %exc_new : f32
  %exc_left = arith.mulf %exc_decay, %exc : f32
  %inh_decay_share = arith.divf %ms, %tau_syn_i : f32
  %inh_decay_minus = arith.negf %inh_decay_share : f32
  %inh_decay = math.exp %inh_decay_minus : f32
  %inh_gain_steps = arith.divf %tau_syn_i, %ms : f32
  %inh_gain_lost = arith.subf %one, %inh_decay : f32
  %inh_gain = arith.mulf %inh_gain_steps, %inh_gain_lost : f32
  %inh_new = arith.mulf %inh_gain, %x_i : f32
  %inh = arith.addf %i_i, %inh_new : f32
  %inh_left = arith.mulf %inh_decay, %inh : f32
  %synaptic = arith.subf %exc, %inh : f32
  %current = arith.addf %synaptic, %i_offset : f32

  %threshold = arith.addf %v_thresh, %b : f32
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
  %above = arith.cmpf oge, %v_moved, %threshold : f32
  %fire = arith.andi %awake, %above : i1
  %v_kept = arith.select %awake, %v_moved, %v : f32
  %v_new = arith.select %fire, %v_reset, %v_kept : f32
  %rest_share = arith.divf %tau_refrac, %ms : f32
  %rest = math.ceil %rest_share : f32
  %refrac_less = arith.subf %refrac, %one : f32
  %refrac_awake = arith.select %fire, %rest, %zero : f32
  %refrac_new = arith.select %awake, %refrac_awake, %refrac_less : f32
  %b_decay_share = arith.divf %ms, %tau_adapt : f32
  %b_decay_minus = arith.negf %b_decay_share : f32
  %b_decay = math.exp %b_decay_minus : f32
  %b_left = arith.mulf %b_decay, %b : f32
  %b_up = arith.addf %b_left, %jump : f32
  %b_new = arith.select %fire, %b_up, %b_left : f32

  snn.update "v" = %v_new : f32
  snn.update "refrac" = %refrac_new : f32
  snn.update "isyn_exc" = %exc_left : f32
  snn.update "isyn_inh" = %inh_left : f32
  snn.update "b" = %b_new : f32
  snn.spike %fire
}
