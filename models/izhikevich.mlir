// Izhikevich's neuron with exponential currents or conductances.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms, so the time step is taken times 1000. Expressions of parameters alone are folded in double precision when a
// population is lowered. Equations, parameters and sources: docs/models/izhikevich.md.

snn.model @izk_curr_exp {
  %dt = snn.timestep : f32
  %thousand = arith.constant 1000.0 : f32
  %ms = arith.mulf %dt, %thousand : f32
  %a = snn.parameter "a" default 0.02 : f32
  %b = snn.parameter "b" default 0.2 : f32
  %c = snn.parameter "c" default -65.0 unit "mV" : f32
  %d = snn.parameter "d" default 2.0 : f32
  %tau_syn_e = snn.parameter "tau_syn_E" default 5.0 unit "ms" : f32
  %tau_syn_i = snn.parameter "tau_syn_I" default 5.0 unit "ms" : f32
  %i_offset = snn.parameter "i_offset" default 0.0 : f32
  %x_e = snn.receive "excitatory" : f32
  %x_i = snn.receive "inhibitory" : f32
  %v = snn.state "v" init -70.0 unit "mV" range [-200.0, 100.0] : f32
  %u = snn.state "u" init -14.0 range [-500.0, 500.0] : f32
  %i_e = snn.state "isyn_exc" : f32
  %i_i = snn.state "isyn_inh" : f32
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %k2 = arith.constant 0.04 : f32
  %k1 = arith.constant 5.0 : f32
  %k0 = arith.constant 140.0 : f32
  %peak = arith.constant 30.0 : f32

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
  %held = arith.addf %k0, %current : f32

  // Half a step, and a whole one with the slopes that are there.
  %half_ms = arith.mulf %half, %ms : f32
  %s_k2 = arith.mulf %k2, %v : f32
  %s_k21 = arith.addf %s_k2, %k1 : f32
  %s_sq = arith.mulf %s_k21, %v : f32
  %s_in = arith.addf %s_sq, %held : f32
  %s_dv = arith.subf %s_in, %u : f32
  %s_bv = arith.mulf %b, %v : f32
  %s_off = arith.subf %s_bv, %u : f32
  %s_du = arith.mulf %a, %s_off : f32
  %v_step = arith.mulf %half_ms, %s_dv : f32
  %v_mid = arith.addf %v, %v_step : f32
  %u_step = arith.mulf %half_ms, %s_du : f32
  %u_mid = arith.addf %u, %u_step : f32
  %h_k2 = arith.mulf %k2, %v_mid : f32
  %h_k21 = arith.addf %h_k2, %k1 : f32
  %h_sq = arith.mulf %h_k21, %v_mid : f32
  %h_in = arith.addf %h_sq, %held : f32
  %h_dv = arith.subf %h_in, %u_mid : f32
  %h_bv = arith.mulf %b, %v_mid : f32
  %h_off = arith.subf %h_bv, %u_mid : f32
  %h_du = arith.mulf %a, %h_off : f32
  %v_whole = arith.mulf %ms, %h_dv : f32
  %v_moved = arith.addf %v, %v_whole : f32
  %u_whole = arith.mulf %ms, %h_du : f32
  %u_moved = arith.addf %u, %u_whole : f32

  %fire = arith.cmpf oge, %v_moved, %peak : f32
  %v_new = arith.select %fire, %c, %v_moved : f32
  %u_up = arith.addf %u_moved, %d : f32
  %u_new = arith.select %fire, %u_up, %u_moved : f32

  snn.update "v" = %v_new : f32
  snn.update "u" = %u_new : f32
  snn.update "isyn_exc" = %exc_left : f32
  snn.update "isyn_inh" = %inh_left : f32
  snn.spike %fire
}

snn.model @izk_cond_exp {
  %dt = snn.timestep : f32
  %thousand = arith.constant 1000.0 : f32
  %ms = arith.mulf %dt, %thousand : f32
  %a = snn.parameter "a" default 0.02 : f32
  %b = snn.parameter "b" default 0.2 : f32
  %c = snn.parameter "c" default -65.0 unit "mV" : f32
  %d = snn.parameter "d" default 2.0 : f32
  %tau_syn_e = snn.parameter "tau_syn_E" default 5.0 unit "ms" : f32
  %tau_syn_i = snn.parameter "tau_syn_I" default 5.0 unit "ms" : f32
  %e_rev_e = snn.parameter "e_rev_E" default 0.0 unit "mV" : f32
  %e_rev_i = snn.parameter "e_rev_I" default -70.0 unit "mV" : f32
  %i_offset = snn.parameter "i_offset" default 0.0 : f32
  %x_e = snn.receive "excitatory" : f32
  %x_i = snn.receive "inhibitory" : f32
  %v = snn.state "v" init -70.0 unit "mV" range [-200.0, 100.0] : f32
  %u = snn.state "u" init -14.0 range [-500.0, 500.0] : f32
  %g_e = snn.state "gsyn_exc" : f32
  %g_i = snn.state "gsyn_inh" : f32
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %k2 = arith.constant 0.04 : f32
  %k1 = arith.constant 5.0 : f32
  %k0 = arith.constant 140.0 : f32
  %peak = arith.constant 30.0 : f32

  %exc_decay_share = arith.divf %ms, %tau_syn_e : f32
  %exc_decay_minus = arith.negf %exc_decay_share : f32
  %exc_decay = math.exp %exc_decay_minus : f32
  %exc_gain_steps = arith.divf %tau_syn_e, %ms : f32
  %exc_gain_lost = arith.subf %one, %exc_decay : f32
  %exc_gain = arith.mulf %exc_gain_steps, %exc_gain_lost : f32
  %exc_new = arith.mulf %exc_gain, %x_e : f32
  %exc = arith.addf %g_e, %exc_new : f32
  %exc_left = arith.mulf %exc_decay, %exc : f32
  %inh_decay_share = arith.divf %ms, %tau_syn_i : f32
  %inh_decay_minus = arith.negf %inh_decay_share : f32
  %inh_decay = math.exp %inh_decay_minus : f32
  %inh_gain_steps = arith.divf %tau_syn_i, %ms : f32
  %inh_gain_lost = arith.subf %one, %inh_decay : f32
  %inh_gain = arith.mulf %inh_gain_steps, %inh_gain_lost : f32
  %inh_new = arith.mulf %inh_gain, %x_i : f32
  %inh = arith.addf %g_i, %inh_new : f32
  %inh_left = arith.mulf %inh_decay, %inh : f32
  %exc_apart = arith.subf %e_rev_e, %v : f32
  %exc_current = arith.mulf %exc, %exc_apart : f32
  %inh_apart = arith.subf %e_rev_i, %v : f32
  %inh_current = arith.mulf %inh, %inh_apart : f32
  %synaptic = arith.addf %exc_current, %inh_current : f32
  %current = arith.addf %synaptic, %i_offset : f32
  %held = arith.addf %k0, %current : f32

  // Half a step, and a whole one with the slopes that are there.
  %half_ms = arith.mulf %half, %ms : f32
  %s_k2 = arith.mulf %k2, %v : f32
  %s_k21 = arith.addf %s_k2, %k1 : f32
  %s_sq = arith.mulf %s_k21, %v : f32
  %s_in = arith.addf %s_sq, %held : f32
  %s_dv = arith.subf %s_in, %u : f32
  %s_bv = arith.mulf %b, %v : f32
  %s_off = arith.subf %s_bv, %u : f32
  %s_du = arith.mulf %a, %s_off : f32
  %v_step = arith.mulf %half_ms, %s_dv : f32
  %v_mid = arith.addf %v, %v_step : f32
  %u_step = arith.mulf %half_ms, %s_du : f32
  %u_mid = arith.addf %u, %u_step : f32
  %h_k2 = arith.mulf %k2, %v_mid : f32
  %h_k21 = arith.addf %h_k2, %k1 : f32
  %h_sq = arith.mulf %h_k21, %v_mid : f32
  %h_in = arith.addf %h_sq, %held : f32
  %h_dv = arith.subf %h_in, %u_mid : f32
  %h_bv = arith.mulf %b, %v_mid : f32
  %h_off = arith.subf %h_bv, %u_mid : f32
  %h_du = arith.mulf %a, %h_off : f32
  %v_whole = arith.mulf %ms, %h_dv : f32
  %v_moved = arith.addf %v, %v_whole : f32
  %u_whole = arith.mulf %ms, %h_du : f32
  %u_moved = arith.addf %u, %u_whole : f32

  %fire = arith.cmpf oge, %v_moved, %peak : f32
  %v_new = arith.select %fire, %c, %v_moved : f32
  %u_up = arith.addf %u_moved, %d : f32
  %u_new = arith.select %fire, %u_up, %u_moved : f32

  snn.update "v" = %v_new : f32
  snn.update "u" = %u_new : f32
  snn.update "gsyn_exc" = %exc_left : f32
  snn.update "gsyn_inh" = %inh_left : f32
  snn.spike %fire
}
