// Plasticity by triplets of spikes (Pfister and Gerstner).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms. Equations, parameters and sources: docs/models/stdp.md.

snn.rule @stdp_triplet_additive {
  %tau_plus = snn.parameter "tau_plus" default 16.8 unit "ms" : f32
  %tau_minus = snn.parameter "tau_minus" default 33.7 unit "ms" : f32
  %tau_x = snn.parameter "tau_x" default 101.0 unit "ms" : f32
  %tau_y = snn.parameter "tau_y" default 125.0 unit "ms" : f32
  %a2_plus = snn.parameter "a2_plus" : f32
  %a2_minus = snn.parameter "a2_minus" : f32
  %a3_plus = snn.parameter "a3_plus" : f32
  %a3_minus = snn.parameter "a3_minus" : f32
  %w_min = snn.parameter "w_min" default 0.0 : f32
  %w_max = snn.parameter "w_max" default 1.0 : f32
  %w = snn.weight in [%w_min, %w_max] : f32
  %r1 = snn.trace "r1" of "pre" : f32
  %o1 = snn.trace "o1" of "post" : f32
  %r2 = snn.trace "r2" of "pre" : f32
  %o2 = snn.trace "o2" of "post" : f32
  %since_pre = snn.elapsed "pre" : f32
  %since_post = snn.elapsed "post" : f32
  %thousand = arith.constant 1000.0 : f32
  %one = arith.constant 1.0 : f32
  %since_pre_ms = arith.mulf %since_pre, %thousand : f32
  %since_post_ms = arith.mulf %since_post, %thousand : f32

  %r1_share = arith.divf %since_pre_ms, %tau_plus : f32
  %r1_minus = arith.negf %r1_share : f32
  %r1_left = math.exp %r1_minus : f32
  %r1_now = arith.mulf %r1, %r1_left : f32
  %o1_share = arith.divf %since_post_ms, %tau_minus : f32
  %o1_minus = arith.negf %o1_share : f32
  %o1_left = math.exp %o1_minus : f32
  %o1_now = arith.mulf %o1, %o1_left : f32
  %r2_share = arith.divf %since_pre_ms, %tau_x : f32
  %r2_minus = arith.negf %r2_share : f32
  %r2_left = math.exp %r2_minus : f32
  %r2_now = arith.mulf %r2, %r2_left : f32
  %o2_share = arith.divf %since_post_ms, %tau_y : f32
  %o2_minus = arith.negf %o2_share : f32
  %o2_left = math.exp %o2_minus : f32
  %o2_now = arith.mulf %o2, %o2_left : f32

  %up_slow = arith.mulf %a3_plus, %o2_now : f32
  %up_rate = arith.addf %a2_plus, %up_slow : f32
  %down_slow = arith.mulf %a3_minus, %r2_now : f32
  %down_rate = arith.addf %a2_minus, %down_slow : f32
  %more = arith.mulf %up_rate, %r1_now : f32
  %less = arith.mulf %down_rate, %o1_now : f32
  %w_up = arith.addf %w, %more : f32
  %w_down = arith.subf %w, %less : f32

  %r1_up = arith.addf %r1_now, %one : f32
  snn.on "pre" set "r1" = %r1_up : f32
  %o1_up = arith.addf %o1_now, %one : f32
  snn.on "post" set "o1" = %o1_up : f32
  %r2_up = arith.addf %r2_now, %one : f32
  snn.on "pre" set "r2" = %r2_up : f32
  %o2_up = arith.addf %o2_now, %one : f32
  snn.on "post" set "o2" = %o2_up : f32
  snn.on "post" set "weight" = %w_up : f32
  snn.on "pre" set "weight" = %w_down : f32
}

snn.rule @stdp_triplet_multiplicative {
  %tau_plus = snn.parameter "tau_plus" default 16.8 unit "ms" : f32
  %tau_minus = snn.parameter "tau_minus" default 33.7 unit "ms" : f32
  %tau_x = snn.parameter "tau_x" default 101.0 unit "ms" : f32
  %tau_y = snn.parameter "tau_y" default 125.0 unit "ms" : f32
  %a2_plus = snn.parameter "a2_plus" : f32
  %a2_minus = snn.parameter "a2_minus" : f32
  %a3_plus = snn.parameter "a3_plus" : f32
  %a3_minus = snn.parameter "a3_minus" : f32
  %w_min = snn.parameter "w_min" default 0.0 : f32
  %w_max = snn.parameter "w_max" default 1.0 : f32
  %w = snn.weight in [%w_min, %w_max] : f32
  %r1 = snn.trace "r1" of "pre" : f32
  %o1 = snn.trace "o1" of "post" : f32
  %r2 = snn.trace "r2" of "pre" : f32
  %o2 = snn.trace "o2" of "post" : f32
  %since_pre = snn.elapsed "pre" : f32
  %since_post = snn.elapsed "post" : f32
  %thousand = arith.constant 1000.0 : f32
  %one = arith.constant 1.0 : f32
  %since_pre_ms = arith.mulf %since_pre, %thousand : f32
  %since_post_ms = arith.mulf %since_post, %thousand : f32

  %r1_share = arith.divf %since_pre_ms, %tau_plus : f32
  %r1_minus = arith.negf %r1_share : f32
  %r1_left = math.exp %r1_minus : f32
  %r1_now = arith.mulf %r1, %r1_left : f32
  %o1_share = arith.divf %since_post_ms, %tau_minus : f32
  %o1_minus = arith.negf %o1_share : f32
  %o1_left = math.exp %o1_minus : f32
  %o1_now = arith.mulf %o1, %o1_left : f32
  %r2_share = arith.divf %since_pre_ms, %tau_x : f32
  %r2_minus = arith.negf %r2_share : f32
  %r2_left = math.exp %r2_minus : f32
  %r2_now = arith.mulf %r2, %r2_left : f32
  %o2_share = arith.divf %since_post_ms, %tau_y : f32
  %o2_minus = arith.negf %o2_share : f32
  %o2_left = math.exp %o2_minus : f32
  %o2_now = arith.mulf %o2, %o2_left : f32

  %up_slow = arith.mulf %a3_plus, %o2_now : f32
  %up_rate = arith.addf %a2_plus, %up_slow : f32
  %down_slow = arith.mulf %a3_minus, %r2_now : f32
  %down_rate = arith.addf %a2_minus, %down_slow : f32
  %room_up = arith.subf %w_max, %w : f32
  %room_down = arith.subf %w, %w_min : f32
  %up_here = arith.mulf %up_rate, %room_up : f32
  %down_here = arith.mulf %down_rate, %room_down : f32
  %more = arith.mulf %up_here, %r1_now : f32
  %less = arith.mulf %down_here, %o1_now : f32
  %w_up = arith.addf %w, %more : f32
  %w_down = arith.subf %w, %less : f32

  %r1_up = arith.addf %r1_now, %one : f32
  snn.on "pre" set "r1" = %r1_up : f32
  %o1_up = arith.addf %o1_now, %one : f32
  snn.on "post" set "o1" = %o1_up : f32
  %r2_up = arith.addf %r2_now, %one : f32
  snn.on "pre" set "r2" = %r2_up : f32
  %o2_up = arith.addf %o2_now, %one : f32
  snn.on "post" set "o2" = %o2_up : f32
  snn.on "post" set "weight" = %w_up : f32
  snn.on "pre" set "weight" = %w_down : f32
}
