// Canonical forms: what changes, and beside it what must not.
// RUN: ranvier-opt %s --canonicalize --split-input-file | FileCheck %s

// Arithmetic folds; declarations stay even if nothing reads them, because populations name them; what is computed for nobody goes.
// CHECK-LABEL: snn.model @folds
// CHECK: %[[C:.*]] = arith.constant 3.000000e+00 : f32
// CHECK: snn.parameter "unused"
// CHECK: snn.state "v"
// CHECK: snn.receive "x"
// CHECK-NOT: snn.random
// CHECK-NOT: snn.timestep
// CHECK: snn.update "v" = %[[C]] : f32
snn.model @folds {
  %p = snn.parameter "unused" : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
  %dt = snn.timestep : f32
  %r = snn.random 1 : f32
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %three = arith.addf %one, %two : f32
  snn.update "v" = %three : f32
}

// The same draw is the same number; two draws are two.
// CHECK-LABEL: snn.model @draws
// CHECK-NEXT: %[[A:.*]] = snn.state "a"
// CHECK-NEXT: %[[B:.*]] = snn.state "b"
// CHECK-NEXT: snn.random 0
// CHECK-NEXT: snn.random 1
// CHECK-NEXT: arith.addf
snn.model @draws {
  %a = snn.state "a" : f32
  %b = snn.state "b" : f32
  %r0 = snn.random 0 : f32
  %r1 = snn.random 1 : f32
  %s = arith.addf %r0, %r1 : f32
  snn.update "a" = %s : f32
  snn.update "b" = %r0 : f32
}

// An update to the same value says nothing; one to another variable's value does.
// CHECK-LABEL: snn.model @kept
// CHECK: snn.update "b" = %a : f32
// CHECK-NOT: snn.update "a"
// CHECK-NOT: snn.spike
snn.model @kept {
  %a = snn.state "a" : f32
  %b = snn.state "b" : f32
  snn.update "a" = %a : f32
  snn.update "b" = %a : f32
  %never = arith.constant false
  snn.spike %never
}

// CHECK-LABEL: snn.model @always
// CHECK: snn.spike
snn.model @always {
  %always = arith.constant true
  snn.spike %always
}

// -----

// Silent projections go; a bias that is not zero keeps its projection.
// CHECK-LABEL: snn.network @silent
// CHECK-NOT: @zero
// CHECK: snn.dense @biased
// CHECK: snn.dense @negative
// CHECK: snn.connect @drawn
// CHECK-NOT: @zero
snn.network @silent dt 1.0e-3 {
  snn.input @in shape [2]
  snn.input @image shape [1, 2, 2]
  snn.junction @a shape [2]
  snn.junction @b shape [1]
  snn.output @out from @a
  snn.output @out_b from @b
  snn.dense @zero_dense from @in to @a weights dense<0.0> : tensor<2x2xf32>
  snn.dense @zero_int from @in to @a weights dense<0> : tensor<2x2xi8> bias dense<0> : tensor<2xi32>
  snn.dense @zero_resource from @in to @a weights dense_resource<zeros> : tensor<2x2xf32>
  snn.dense @biased from @in to @a weights dense<0.0> : tensor<2x2xf32> bias dense<[0.0, 1.0]> : tensor<2xf32>
  snn.dense @negative from @in to @a weights dense<[[0.0, 0.0], [0.0, -1.0]]> : tensor<2x2xf32>
  snn.sparse @zero_rows from @in to @a row_ptr dense<0> : tensor<3xi64> columns dense<> : tensor<0xi32> weights dense<> : tensor<0xf32>
  snn.conv2d @zero_conv2d from @image to @b weights dense<0.0> : tensor<1x1x2x2xf32> input [1, 2, 2] stride [1, 1] padding [0, 0] dilation [1, 1]
  snn.conv1d @zero_conv1d from @in to @a weights dense<0.0> : tensor<1x1x1xf32> input [1, 2] stride [1] padding [0] dilation [1]
  snn.connect @zero_weight from @in to @a "all_to_all" {} weights 0.0
  snn.connect @zero_p from @in to @a "fixed_probability" {p = 0.0} weights 1.0
  snn.connect @zero_k from @in to @a "fixed_in_degree" {k = 0} weights 1.0
  snn.connect @zero_n from @in to @a "fixed_total_number" {n = 0} weights 1.0
  snn.connect @zero_distance from @in to @a "distance_dependent" {p_max = 0.0, scale = 1.0} weights 1.0
  snn.connect @drawn from @in to @a "fixed_probability" {p = 0.5} weights #snn.uniform<0.0, 1.0, seed = 1>
}

{-#
  dialect_resources: {
    builtin: {
      zeros: "0x0400000000000000000000000000000000000000"
    }
  }
#-}

// -----

// Certain connection is all_to_all, unless values are drawn per synapse.
// CHECK-LABEL: snn.network @certain
// CHECK: snn.connect @c from @in to @a delay 2 "all_to_all" {} weights 0.5 seed 3 autapses false
// CHECK: snn.connect @d from @in to @a "fixed_probability" {p = 1.0} weights #snn.uniform
// CHECK: snn.connect @e from @in to @a delay #snn.uniform<0.0, 4.0, seed = 1> "fixed_probability" {p = 1.0} weights 0.5
snn.network @certain dt 1.0e-3 {
  snn.input @in shape [2]
  snn.junction @a shape [2]
  snn.output @out from @a
  snn.connect @c from @in to @a delay 2 "fixed_probability" {p = 1.0} weights 0.5 seed 3 autapses false
  snn.connect @d from @in to @a "fixed_probability" {p = 1.0} weights #snn.uniform<0.0, 1.0, seed = 1>
  snn.connect @e from @in to @a delay #snn.uniform<0.0, 4.0, seed = 1> "fixed_probability" {p = 1.0} weights 0.5
}

// -----

// A junction that one identity feeds goes, also in a row of them.
// CHECK-LABEL: snn.network @renames
// CHECK-NOT: snn.junction @j
// CHECK: snn.dense @d from @in to @a delay 1 weights
// CHECK-NOT: snn.connect
snn.network @renames dt 1.0e-3 {
  snn.input @in shape [2]
  snn.junction @j1 shape [2]
  snn.junction @j2 shape [2]
  snn.junction @a shape [3]
  snn.output @out from @a
  snn.connect @c1 from @in to @j1 "one_to_one" {} weights 1.0
  snn.connect @c2 from @j1 to @j2 delay 0 "one_to_one" {} weights dense<1.0> : tensor<2xf32>
  snn.dense @d from @j2 to @a delay 1 weights dense<1.0> : tensor<3x2xf32>
}

// -----

// These are no mere names: a weight, a delay, a second source, another shape, an output, a probe, an exponent, a loop.
// CHECK-LABEL: snn.network @kept
// CHECK-COUNT-8: snn.junction @k
snn.network @kept dt 1.0e-3 {
  snn.input @in shape [2, 2]
  snn.junction @k_weight shape [2, 2]
  snn.junction @k_delay shape [2, 2]
  snn.junction @k_sum shape [2, 2]
  snn.junction @k_shape shape [4]
  snn.junction @k_output shape [2, 2]
  snn.junction @k_probe shape [2, 2]
  snn.junction @k_exponent shape [2, 2]
  snn.junction @k_loop shape [2, 2]
  snn.junction @a shape [2, 2]
  snn.output @out from @a
  snn.output @out2 from @k_output
  snn.probe @probe of @k_probe ["spikes"]
  snn.connect @c1 from @in to @k_weight "one_to_one" {} weights 2.0
  snn.connect @c2 from @in to @k_delay delay 1 "one_to_one" {} weights 1.0
  snn.connect @c3 from @in to @k_sum "one_to_one" {} weights 1.0
  snn.connect @c4 from @in to @k_sum "one_to_one" {} weights 1.0
  snn.connect @c5 from @in to @k_shape "one_to_one" {} weights 1.0
  snn.connect @c6 from @in to @k_output "one_to_one" {} weights 1.0
  snn.connect @c7 from @in to @k_probe "one_to_one" {} weights 1.0
  snn.connect @c8 from @in to @k_exponent exponent 1 "one_to_one" {} weights 1.0
  snn.connect @c9 from @k_loop to @k_loop "one_to_one" {} weights 1.0
  snn.connect @d1 from @k_weight to @a "all_to_all" {} weights 1.0
  snn.connect @d2 from @k_delay to @a "all_to_all" {} weights 1.0
  snn.connect @d3 from @k_sum to @a "all_to_all" {} weights 1.0
  snn.connect @d4 from @k_shape to @a "all_to_all" {} weights 1.0
  snn.connect @d5 from @k_output to @a "all_to_all" {} weights 1.0
  snn.connect @d6 from @k_probe to @a "all_to_all" {} weights 1.0
  snn.connect @d7 from @k_exponent to @a "all_to_all" {} weights 1.0
  snn.connect @d8 from @k_loop to @a "all_to_all" {} weights 1.0
}

// -----

// A junction that nothing reads goes with what feeds it; the second output of a node goes, the first stays.
// CHECK-LABEL: snn.network @dead
// CHECK-NEXT: snn.input @in
// CHECK-NEXT: snn.output @first from @in
// CHECK-NEXT: }
snn.network @dead dt 1.0e-3 {
  snn.input @in shape [2]
  snn.junction @j shape [2]
  snn.output @first from @in
  snn.output @second from @in
  snn.connect @c from @in to @j "all_to_all" {} weights 1.0
}

// -----

// Where nodes feed each other in a circle, silent edges and junctions take part in the search for the edge that closes it.
// CHECK-LABEL: snn.network @circle
// CHECK: snn.junction @j
// CHECK: snn.connect @zero_weight
// CHECK: snn.connect @zero_p
// CHECK: snn.dense @zero_dense
// CHECK: snn.connect @name
snn.network @circle dt 1.0e-3 {
  snn.input @in shape [2]
  snn.junction @j shape [2]
  snn.junction @a shape [2]
  snn.junction @b shape [2]
  snn.output @out from @a
  snn.connect @zero_weight from @in to @b "all_to_all" {} weights 0.0
  snn.connect @zero_p from @in to @a "fixed_probability" {p = 0.0} weights 1.0
  snn.dense @zero_dense from @in to @a weights dense<0.0> : tensor<2x2xf32>
  snn.connect @name from @in to @j "one_to_one" {} weights 1.0
  snn.connect @read from @j to @a "all_to_all" {} weights 1.0
  snn.connect @ab from @a to @b "all_to_all" {} weights 1.0
  snn.connect @ba from @b to @a delay 1 "all_to_all" {} weights 1.0
}

// -----

// A node that feeds itself is no circle of several.
// CHECK-LABEL: snn.network @own_circle
// CHECK-NOT: @zero
snn.network @own_circle dt 1.0e-3 {
  snn.input @in shape [2]
  snn.junction @a shape [2]
  snn.output @out from @a
  snn.connect @zero_weight from @in to @a "all_to_all" {} weights 0.0
  snn.connect @zero_loop from @a to @a delay 1 "all_to_all" {} weights 0.0
  snn.connect @in_a from @in to @a "all_to_all" {} weights 1.0
  snn.connect @loop from @a to @a delay 1 "all_to_all" {} weights 1.0
}

// -----

// Terms are added in the order of their sources: @m stands between @in and @j, so @in must not take the place of @j; beside it, nothing
// stands between; and @in that feeds the target itself would mix its own terms with the junction's.
// CHECK-LABEL: snn.network @order
// CHECK: snn.junction @j shape
// CHECK-NOT: snn.junction @next
// CHECK: snn.junction @both
// CHECK: snn.connect @in_j from @in to @j
// CHECK: snn.connect @next_b from @m to @b
// CHECK: snn.connect @in_both from @in to @both
snn.network @order dt 1.0e-3 {
  snn.input @in shape [2]
  snn.input @m shape [2]
  snn.junction @j shape [2]
  snn.junction @next shape [2]
  snn.junction @both shape [2]
  snn.junction @a shape [2]
  snn.junction @b shape [2]
  snn.junction @c shape [2]
  snn.output @out_a from @a
  snn.output @out_b from @b
  snn.output @out_c from @c
  snn.connect @in_j from @in to @j "one_to_one" {} weights 1.0
  snn.connect @j_a from @j to @a "all_to_all" {} weights 0.1
  snn.connect @m_a from @m to @a "all_to_all" {} weights 0.3
  snn.connect @m_next from @m to @next "one_to_one" {} weights 1.0
  snn.connect @next_b from @next to @b "all_to_all" {} weights 0.1
  snn.connect @in_b from @in to @b "all_to_all" {} weights 0.3
  snn.connect @in_both from @in to @both "one_to_one" {} weights 1.0
  snn.connect @both_c from @both to @c "all_to_all" {} weights 0.1
  snn.connect @in_c from @in to @c "all_to_all" {} weights 0.3
}
