// The unit of ranvier-n1 (clause U6 of docs/spec/target-semantics.md): it keeps (4095 - du) / 4096 of its current and saturates; weights have
// nine bits with sign and no negative exponent. What is not the unit becomes microcode with a state word each.
// RUN: ranvier-opt %s --snn-quantize=target=ranvier-n1 2>/dev/null | FileCheck %s

// CHECK: snn.program @native_cuba_lif "int" states ["u", "v"] params ["du", "dv", "vth", "bias"] inputs ["i"]
// CHECK-SAME: "li r2, 4095", "sub r1, r2, r1", "mulsh r0, r0, r1, 12, tz"
// CHECK-SAME: "adds r0, r0, r3", "sat r0, r0, 24", "st.state r0, u"
// CHECK: snn.program @m_int "int" states ["v"] params [] inputs ["x"]
// CHECK: snn.population @unit model @native_cuba_lif shape [4] params {bias = 0, du = 409, dv = 205, vth = {{[0-9]+}}}
// CHECK: snn.population @other model @m_int shape [4]
// CHECK: snn.dense @small from @in to @unit delay 1 exponent {{[0-7]}} bits 9 weights dense_resource<small.weights> : tensor<4x3xi16>
// CHECK: snn.connect @back from @unit to @other delay 1 exponent {{[0-7]}} bits 9 "all_to_all" {} weights -{{[0-9]+}}

snn.model @cuba {
  %dt = snn.timestep : f32
  %keep_i = arith.constant 0.9 : f32
  %keep_v = arith.constant 0.95 : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %x = snn.receive "x" : f32
  %i = snn.state "i" : f32
  %v = snn.state "v" : f32
  %i0 = arith.mulf %keep_i, %i : f32
  %i1 = arith.addf %i0, %x : f32
  %v0 = arith.mulf %keep_v, %v : f32
  %v1 = arith.addf %v0, %i1 : f32
  %fire = arith.cmpf ogt, %v1, %one : f32
  %v2 = arith.select %fire, %zero, %v1 : f32
  snn.update "i" = %i1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}

snn.model @m {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-4.0, 4.0] : f32
  %one = arith.constant 1.0 : f32
  %v1 = arith.addf %v, %x : f32
  %fire = arith.cmpf ogt, %v1, %one : f32
  %less = arith.subf %v1, %one : f32
  %v2 = arith.select %fire, %less, %v1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}

snn.network @net dt 1.0e-3 {
  snn.input @in shape [3]
  snn.population @unit model @cuba shape [4]
  snn.population @other model @m shape [4]
  snn.dense @small from @in to @unit weights dense<[[1.0e-3, 0.5, -0.25], [0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.0, -0.5, 1.0]]> : tensor<4x3xf32>
  snn.connect @back from @unit to @other "all_to_all" {} weights -0.5
}
