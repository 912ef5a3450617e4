// Every op of the dialect in its text form: it must read back as it was written.
// RUN: ranvier-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: snn.model @lif
// CHECK-SAME: nir {type = "LIF"}
// CHECK: %dt = snn.timestep : f32
// CHECK: %tau = snn.parameter "tau" unit "s" : f32
// CHECK: %v_threshold = snn.parameter "v_threshold" default 1.0 unit "V" : f32
// CHECK: %v = snn.state "v" unit "V" range [-10.0, 10.5] : f32
// CHECK: %a = snn.state "a" init 0.125 : f32
// CHECK: %i = snn.receive "i" unit "A" range [-1.0e-09, 1.0e-09] : f32
// CHECK: snn.random 0 : f32
// CHECK: snn.update "v" = %{{.*}} : f32
// CHECK: snn.update "a" = %{{.*}} : f32
// CHECK: snn.spike %{{.*}} payload %{{.*}} : f32
snn.model @lif nir {type = "LIF"} {
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" unit "s" : f32
  %th = snn.parameter "v_threshold" default 1.0 unit "V" : f32
  %v = snn.state "v" unit "V" range [-10.0, 10.5] : f32
  %a = snn.state "a" init 0.125 : f32
  %i = snn.receive "i" unit "A" range [-1.0e-9, 1.0e-9] : f32
  %noise = snn.random 0 : f32
  %k = arith.divf %dt, %tau : f32
  %d = arith.subf %i, %v : f32
  %dv = arith.mulf %d, %k : f32
  %v1 = arith.addf %v, %dv : f32
  %v2 = arith.addf %v1, %noise : f32
  %s = arith.cmpf oge, %v2, %th : f32
  %r = arith.subf %v2, %th : f32
  %v3 = arith.select %s, %r, %v2 : f32
  snn.update "v" = %v3 : f32
  snn.update "a" = %a : f32
  snn.spike %s payload %v2 : f32
}

// CHECK-LABEL: snn.model @spiker
// CHECK: snn.spike %{{.*}}
// CHECK-NOT: payload
snn.model @spiker {
  %x = snn.receive "x" : f32
  %zero = arith.constant 0.0 : f32
  %s = arith.cmpf ogt, %x, %zero : f32
  snn.spike %s
}

// CHECK-LABEL: snn.network @n dt 1.0e-04 seed 7 target "reference"
// CHECK-SAME: attributes {semantics = "{}"}
// CHECK: snn.input @in shape [2, 4, 4]
// CHECK: snn.input @noise shape [4] source #snn.poisson<[20.0, 21.5, 0.0, 3.0], seed = 5>
// CHECK: snn.input @clock shape [4] source #snn.regular<[10], phase = [1, 2, 3, 4]>
// CHECK: snn.input @list shape [4] source #snn.spike_list<[1, 1, 7], [0, 3, 2]>
// CHECK: snn.population @p model @lif shape [4] params {tau = 0.02, v_threshold = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>} init {v = #snn.uniform<-1.0, 1.0, seed = 3>}
// CHECK: snn.population @q model @lif shape [2, 3, 3] params {tau = #snn.normal<0.02, 0.001, clip = [0.01, 0.03], seed = 1>} scale {v = 0.015625} depth 2
// CHECK: snn.junction @j shape [4]
// CHECK: snn.output @out from @p
// CHECK: snn.probe @watch of @p ["v", "a"]
// CHECK: snn.dense @d from @noise to @p receptor "i" delay 3 exponent -2 bits 8 weights dense<1.000000e+00> : tensor<4x4xf32> bias dense_resource<bias> : tensor<4xf32>
// CHECK: snn.sparse @s from @clock to @j row_ptr dense<[0, 1, 1, 2, 2]> : tensor<5xi64> columns dense<[3, 0]> : tensor<2xi32> weights dense<5.000000e-01> : tensor<2xf32>
// CHECK: snn.conv2d @c2 from @in to @q weights dense<5.000000e-01> : tensor<2x2x2x2xf32> bias dense<0.000000e+00> : tensor<2xf32> input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
// CHECK: snn.conv1d @c1 from @list to @j weights dense<1> : tensor<4x1x1xi8> input [4, 1] stride [1] padding [0] dilation [1] groups 4
// CHECK: snn.pool @pl from @in to @pooled "average" input [2, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]
// CHECK: snn.connect @o from @j to @p "one_to_one" {} weights 1.5
// CHECK: snn.connect @r from @p to @p delay #snn.uniform<1.0, 5.0, seed = 2> "fixed_probability" {p = 0.1} weights #snn.normal<0.0, 1.0, clip = [-3.0, 3.0], seed = 9> seed 11 autapses false
snn.network @n dt 1.0e-4 seed 7 target "reference" attributes {semantics = "{}"} {
  snn.input @in shape [2, 4, 4]
  snn.input @noise shape [4] source #snn.poisson<[20.0, 21.5, 0.0, 3.0], seed = 5>
  snn.input @clock shape [4] source #snn.regular<[10], phase = [1, 2, 3, 4]>
  snn.input @list shape [4] source #snn.spike_list<[1, 1, 7], [0, 3, 2]>
  snn.population @p model @lif shape [4] params {tau = 0.02, v_threshold = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>}
    init {v = #snn.uniform<-1.0, 1.0, seed = 3>}
  snn.population @q model @lif shape [2, 3, 3] params {tau = #snn.normal<0.02, 0.001, clip = [0.01, 0.03], seed = 1>}
    scale {v = 0.015625} depth 2
  snn.junction @j shape [4]
  snn.junction @pooled shape [8]
  snn.output @out from @p
  snn.probe @watch of @p ["v", "a"]
  snn.dense @d from @noise to @p receptor "i" delay 3 exponent -2 bits 8 weights dense<1.0> : tensor<4x4xf32>
    bias dense_resource<bias> : tensor<4xf32>
  snn.sparse @s from @clock to @j row_ptr dense<[0, 1, 1, 2, 2]> : tensor<5xi64> columns dense<[3, 0]> : tensor<2xi32>
    weights dense<0.5> : tensor<2xf32>
  snn.conv2d @c2 from @in to @q weights dense<0.5> : tensor<2x2x2x2xf32> bias dense<0.0> : tensor<2xf32>
    input [2, 4, 4] stride [1, 1] padding [0, 0] dilation [1, 1]
  snn.conv1d @c1 from @list to @j weights dense<1> : tensor<4x1x1xi8> input [4, 1] stride [1] padding [0] dilation [1] groups 4
  snn.pool @pl from @in to @pooled "average" input [2, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]
  snn.connect @o from @j to @p "one_to_one" {} weights 1.5
  snn.connect @r from @p to @p delay #snn.uniform<1.0, 5.0, seed = 2> "fixed_probability" {p = 0.1}
    weights #snn.normal<0.0, 1.0, clip = [-3.0, 3.0], seed = 9> seed 11 autapses false
}

{-#
  dialect_resources: {
    builtin: {
      bias: "0x040000000000803F000000400000404000008040"
    }
  }
#-}
