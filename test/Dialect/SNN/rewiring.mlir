// Rules of rewiring round-trip, and a projection without synapses that is rewired is not silent.
// RUN: ranvier-opt %s | ranvier-opt | FileCheck %s
// RUN: ranvier-opt %s --canonicalize | FileCheck %s --check-prefix=CANON

// CHECK-LABEL: snn.rewiring_rule @near {
// CHECK: snn.lateral
// CHECK: snn.squared_distance : f32
// CHECK: snn.current_weight : f32
// CHECK: snn.form %{{.*}} : f32
// CHECK: snn.eliminate %{{.*}} : f32
snn.rewiring_rule @near {
  %p = snn.parameter "p" default 0.5 : f32
  %q = snn.parameter "q" : f32
  %dt = snn.timestep : f32
  %lateral = snn.lateral
  %d2 = snn.squared_distance : f32
  %w = snn.current_weight : f32
  %one = arith.constant 1.0 : f32
  %x = arith.addf %d2, %one : f32
  %y = arith.divf %p, %x : f32
  %form = arith.select %lateral, %p, %y : f32
  %weak = arith.cmpf olt, %w, %one : f32
  %gone = arith.select %weak, %q, %dt : f32
  snn.form %form : f32
  snn.eliminate %gone : f32
}
snn.model @m {
  %x = snn.receive "x" : f32
}
// CHECK-LABEL: snn.network @net
// CANON-LABEL: snn.network @net
snn.network @net dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @to model @m shape [2]
  // CHECK: snn.rewiring @r of @edges rule @near params {q = 0.25} partner "last" grid [2, 1] attempts 10 every 2 most 32 weight 0.2 delay 3 seed 7
  // CHECK: snn.rewiring @s of @others rule @near params {q = 0.5} partner "random" grid [1, 2] attempts 1 every 1 most 1 weight 3.0 delay 1 seed 7 unit 0.5
  // CANON: snn.connect @edges
  // CANON: snn.connect @others
  snn.connect @edges from @in to @to receptor "x" delay 1 "all_to_all" {} weights 0.0
  snn.connect @others from @in to @to receptor "x" delay 2 "fixed_probability" {p = 0.0} weights 1.0
  snn.rewiring @r of @edges rule @near params {q = 0.25} partner "last" grid [2, 1] attempts 10 every 2 most 32 weight 0.2 delay 3 seed 7
  snn.rewiring @s of @others rule @near params {q = 0.5} partner "random" grid [1, 2] attempts 1 every 1 most 1 weight 3.0 delay 1 seed 7 unit 0.5
}
