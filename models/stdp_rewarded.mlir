// Plasticity by pairs of spikes that waits for a reward (Izhikevich 2007).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms. Equations, parameters and sources: docs/models/stdp.md.

snn.rule @stdp_rewarded_additive third "reward" {
  %tau_plus = snn.parameter "tau_plus" default 20.0 unit "ms" : f32
  %tau_minus = snn.parameter "tau_minus" default 20.0 unit "ms" : f32
  %tau_c = snn.parameter "tau_c" default 1000.0 unit "ms" : f32
  %tau_d = snn.parameter "tau_d" default 200.0 unit "ms" : f32
  %a_plus = snn.parameter "a_plus" default 0.01 : f32
  %a_minus = snn.parameter "a_minus" default 0.01 : f32
  %w_min = snn.parameter "w_min" default 0.0 : f32
  %w_max = snn.parameter "w_max" default 1.0 : f32
  %w = snn.weight in [%w_min, %w_max] : f32
  %c = snn.synapse "c" : f32
  %r1 = snn.trace "r1" of "pre" : f32
  %o1 = snn.trace "o1" of "post" : f32
  %d = snn.trace "d" of "third" : f32
  %amount = snn.amount : f32
  %since_pre = snn.elapsed "pre" : f32
  %since_post = snn.elapsed "post" : f32
  %since_third = snn.elapsed "third" : f32
  %thousand = arith.constant 1000.0 : f32
  %one = arith.constant 1.0 : f32
  %since_pre_ms = arith.mulf %since_pre, %thousand : f32
  %since_post_ms = arith.mulf %since_post, %thousand : f32
  %since_third_ms = arith.mulf %since_third, %thousand : f32

  // Since the event before this one, of whatever end; and how old the reward was then.
  %both = arith.minimumf %since_pre, %since_post : f32
  %since = arith.minimumf %both, %since_third : f32
  %since_ms = arith.mulf %since, %thousand : f32
  %age = arith.subf %since_third, %since : f32
  %age_ms = arith.mulf %age, %thousand : f32

  %r1_share = arith.divf %since_pre_ms, %tau_plus : f32
  %r1_minus = arith.negf %r1_share : f32
  %r1_left = math.exp %r1_minus : f32
  %r1_now = arith.mulf %r1, %r1_left : f32
  %o1_share = arith.divf %since_post_ms, %tau_minus : f32
  %o1_minus = arith.negf %o1_share : f32
  %o1_left = math.exp %o1_minus : f32
  %o1_now = arith.mulf %o1, %o1_left : f32
  %d_share = arith.divf %since_third_ms, %tau_d : f32
  %d_minus = arith.negf %d_share : f32
  %d_left = math.exp %d_minus : f32
  %d_now = arith.mulf %d, %d_left : f32
  %then_share = arith.divf %age_ms, %tau_d : f32
  %then_minus = arith.negf %then_share : f32
  %then_left = math.exp %then_minus : f32
  %then_now = arith.mulf %d, %then_left : f32
  %c_share = arith.divf %since_ms, %tau_c : f32
  %c_minus = arith.negf %c_share : f32
  %c_left = math.exp %c_minus : f32
  %c_now = arith.mulf %c, %c_left : f32

  // The integral of eligibility times reward since then.
  %rate_c = arith.divf %one, %tau_c : f32
  %rate_d = arith.divf %one, %tau_d : f32
  %rate = arith.addf %rate_c, %rate_d : f32
  %whole = arith.divf %one, %rate : f32
  %area_share = arith.mulf %since_ms, %rate : f32
  %area_minus = arith.negf %area_share : f32
  %area_left = math.exp %area_minus : f32
  %area = arith.subf %one, %area_left : f32
  %met = arith.mulf %then_now, %area : f32
  %met_whole = arith.mulf %met, %whole : f32
  %gain = arith.mulf %c, %met_whole : f32
  %w_new = arith.addf %w, %gain : f32

  %r1_up = arith.addf %r1_now, %one : f32
  %o1_up = arith.addf %o1_now, %one : f32
  %d_up = arith.addf %d_now, %amount : f32
  %more = arith.mulf %a_plus, %r1_now : f32
  %less = arith.mulf %a_minus, %o1_now : f32
  %c_up = arith.addf %c_now, %more : f32
  %c_down = arith.subf %c_now, %less : f32
  snn.on "pre" set "r1" = %r1_up : f32
  snn.on "post" set "o1" = %o1_up : f32
  snn.on "third" set "d" = %d_up : f32
  snn.on "pre" set "weight" = %w_new : f32
  snn.on "post" set "weight" = %w_new : f32
  snn.on "third" set "weight" = %w_new : f32
  snn.on "pre" set "c" = %c_down : f32
  snn.on "post" set "c" = %c_up : f32
  snn.on "third" set "c" = %c_now : f32
}
