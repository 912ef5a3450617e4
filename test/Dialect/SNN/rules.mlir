// Rules of plasticity round-trip, and a projection of zero weights that learns is not silent.
// RUN: ranvier-opt %s | ranvier-opt | FileCheck %s
// RUN: ranvier-opt %s --canonicalize | FileCheck %s --check-prefix=CANON

// CHECK-LABEL: snn.rule @reward third "reward" {
// CHECK: snn.weight in [%{{.*}}, %{{.*}}] : f32
// CHECK: snn.synapse "c" init 0.5 : f32
// CHECK: snn.trace "r" of "pre" : f32
// CHECK: snn.elapsed "post" : f32
// CHECK: snn.amount : f32
// CHECK: snn.on "third" set "weight" = %{{.*}} : f32
snn.rule @reward third "reward" {
  %low = snn.parameter "w_min" default 0.0 : f32
  %high = snn.parameter "w_max" default 1.0 : f32
  %w = snn.weight in [%low, %high] : f32
  %c = snn.synapse "c" init 0.5 : f32
  %r = snn.trace "r" of "pre" init 0.0 : f32
  %t = snn.elapsed "post" : f32
  %m = snn.amount : f32
  %one = arith.constant 1.0 : f32
  %r1 = arith.addf %r, %one : f32
  %c1 = arith.addf %r, %t : f32
  %gain = arith.mulf %c, %m : f32
  %w1 = arith.addf %w, %gain : f32
  snn.on "pre" set "r" = %r1 : f32
  snn.on "post" set "c" = %c1 : f32
  snn.on "third" set "weight" = %w1 : f32
}
// CHECK: snn.learner @counter programs {on_pre = @count} params {on_pre = {{.*}}step = 1.000000e+00{{.*}}} init {} weight_shift 0 weight_scale 0.5
snn.program @count "f32" states ["weight"] params ["step"] inputs [] code ["ld.state r0, weight", "ld.param r1, step", "fadd r0, r0, r1", "st.state r0, weight"]
snn.learner @counter programs {on_pre = @count} params {on_pre = {step = 1.0}} init {} weight_shift 0 weight_scale 0.5
snn.model @m {
  %x = snn.receive "x" : f32
  %reward = snn.receive "reward" : f32
}
// CHECK-LABEL: snn.network @net
// CANON-LABEL: snn.network @net
snn.network @net dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  // CHECK: snn.plasticity @p of @edges rule @reward params {w_max = 2.0} backprop false
  // CHECK: snn.plasticity @q of @others rule @counter
  // CANON: snn.connect @edges
  // CANON: snn.connect @others
  // CANON-NOT: snn.connect @silent
  snn.connect @edges from @in to @to receptor "x" delay 1 "all_to_all" {} weights 0.0
  snn.connect @others from @in to @to receptor "x" delay 2 "fixed_probability" {p = 0.0} weights 1.0
  snn.connect @silent from @in to @to receptor "x" delay 1 "all_to_all" {} weights 0.0
  snn.plasticity @p of @edges rule @reward params {w_max = 2.0} backprop false
  snn.plasticity @q of @others rule @counter
}
