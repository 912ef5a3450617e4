// Leaky integrator (NIR type LI): no spikes, its voltage leaves as the payload of an event every step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forward Euler. Expressions of parameters alone (decay, gain) are folded in double precision when a population is lowered.
// Equations, parameters and sources: docs/models/li.md.

snn.model @li nir {type = "LI",
    dt_from = [["tau", "r"]],
    reading = "v' = (1 - dt/tau)*v + dt/tau*r*x + dt/tau*v_leak; emits v' every step"} {
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" unit "s" : f32
  %r = snn.parameter "r" default 1.0 : f32
  %leak = snn.parameter "v_leak" default 0.0 : f32
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
  %always = arith.constant true

  snn.update "v" = %v1 : f32
  snn.spike %always payload %v1 : f32
}
