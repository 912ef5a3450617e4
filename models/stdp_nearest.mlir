// Plasticity by the times of nearest pairs of spikes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time constants are in ms. Equations, parameters and sources: docs/models/stdp.md.

snn.rule @stdp_nearest_additive {
  %tau_plus = snn.parameter "tau_plus" default 20.0 unit "ms" : f32
  %tau_minus = snn.parameter "tau_minus" default 20.0 unit "ms" : f32
  %a_plus = snn.parameter "a_plus" default 0.01 : f32
  %a_minus = snn.parameter "a_minus" default 0.01 : f32
  %w_min = snn.parameter "w_min" default 0.0 : f32
  %w_max = snn.parameter "w_max" default 1.0 : f32
  %w = snn.weight in [%w_min, %w_max] : f32
  %r1 = snn.trace "r1" of "pre" : f32
  %o1 = snn.trace "o1" of "post" : f32
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

  %more = arith.mulf %a_plus, %r1_now : f32
  %less = arith.mulf %a_minus, %o1_now : f32
  %w_up = arith.addf %w, %more : f32
  %w_down = arith.subf %w, %less : f32

  snn.on "pre" set "r1" = %one : f32
  snn.on "post" set "o1" = %one : f32
  snn.on "post" set "weight" = %w_up : f32
  snn.on "pre" set "weight" = %w_down : f32
}

snn.rule @stdp_nearest_multiplicative {
  %tau_plus = snn.parameter "tau_plus" default 20.0 unit "ms" : f32
  %tau_minus = snn.parameter "tau_minus" default 20.0 unit "ms" : f32
  %a_plus = snn.parameter "a_plus" default 0.01 : f32
  %a_minus = snn.parameter "a_minus" default 0.01 : f32
  %w_min = snn.parameter "w_min" default 0.0 : f32
  %w_max = snn.parameter "w_max" default 1.0 : f32
  %w = snn.weight in [%w_min, %w_max] : f32
  %r1 = snn.trace "r1" of "pre" : f32
  %o1 = snn.trace "o1" of "post" : f32
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

  %room_up = arith.subf %w_max, %w : f32
  %room_down = arith.subf %w, %w_min : f32
  %up_here = arith.mulf %a_plus, %room_up : f32
  %down_here = arith.mulf %a_minus, %room_down : f32
  %more = arith.mulf %up_here, %r1_now : f32
  %less = arith.mulf %down_here, %o1_now : f32
  %w_up = arith.addf %w, %more : f32
  %w_down = arith.subf %w, %less : f32

  snn.on "pre" set "r1" = %one : f32
  snn.on "post" set "o1" = %one : f32
  snn.on "post" set "weight" = %w_up : f32
  snn.on "pre" set "weight" = %w_down : f32
}
