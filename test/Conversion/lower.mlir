// Models become microcode; what consists of parameters alone is folded in double precision and rounded once.
// RUN: ranvier-opt %s --snn-lower-f32 | FileCheck %s
// RUN: ranvier-opt %s --snn-quantize=target=reference --fabric-map=target=reference | FileCheck %s --check-prefix=MAP
// RUN: ranvier-opt %s --snn-quantize=target=reference --fabric-map=target=reference --verify-roundtrip -o /dev/null

// CHECK: snn.program @leaky_f32 "f32" states ["v"] params ["fold0", "bias_x"] inputs ["x"] code
// CHECK-SAME: "ld.input
// CHECK: snn.program @junction_f32 "f32" states [] params [] inputs ["x"]
// CHECK: snn.population @a model @leaky_f32 shape [2] params {bias_x = 0.25, fold0 = 0.8999999761581421} init {v = 0.0}
// CHECK: snn.population @j model @junction_f32 shape [2]
// CHECK: snn.dense @d from @in to @a weights
// CHECK-NOT: bias
// CHECK: snn.probe @p of @a ["v"]
// MAP: fabric.mapping
snn.model @leaky {
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" unit "s" : f32
  %v = snn.state "v" : f32
  %x = snn.receive "x" : f32
  %one = arith.constant 1.0 : f32
  %a = arith.divf %dt, %tau : f32
  %keep = arith.subf %one, %a : f32
  %kept = arith.mulf %keep, %v : f32
  %v1 = arith.addf %kept, %x : f32
  snn.update "v" = %v1 : f32
}
snn.network @net dt 1.0e-3 {
  snn.input @in shape [3]
  snn.population @a model @leaky shape [2] params {tau = 0.01}
  snn.junction @j shape [2]
  snn.dense @d from @in to @a weights dense<1.0> : tensor<2x3xf32> bias dense<0.25> : tensor<2xf32>
  snn.connect @aj from @a to @j "one_to_one" {} weights 1.0
  snn.probe @p of @a ["v"]
}
