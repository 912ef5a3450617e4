// Cycles are broken at the edge that closes them, and a chip's delays balance skip paths; each pass says what it did.
// RUN: ranvier-opt %s --snn-break-cycles --verify-diagnostics -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: ranvier-opt %t.mlir --snn-legalize-delays=target=loihi1 2>%t.err | FileCheck %s --check-prefix=CHIP
// RUN: FileCheck %s --input-file=%t.err --check-prefix=WARN

snn.model @m {
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %one = arith.constant 1.0 : f32
  %v1 = arith.addf %v, %x : f32
  %fire = arith.cmpf ogt, %v1, %one : f32
  snn.update "v" = %v1 : f32
  snn.spike %fire
}

// CHECK: snn.connect @ab from @a to @b "one_to_one"
// CHECK: snn.connect @ba from @b to @a delay 1 "one_to_one"
// CHECK: snn.connect @rec from @b to @b delay dense_resource<rec.steps> : tensor<2xi32> "one_to_one"
// CHIP: snn.population @a model @m shape [2] depth 1
// CHIP: snn.population @b model @m shape [2] depth 2
// CHIP: snn.population @c model @m shape [2] depth 3
// CHIP: @in_a from @in to @a delay 1
// CHIP: @ab from @a to @b delay 1
// CHIP: @ba from @b to @a delay 1
// CHIP: @bc from @b to @c delay 1
// CHIP: @skip from @in to @c delay 3
// WARN: warning: feedback ba: 1 steps later than the network's own reading
snn.network @net dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @a model @m shape [2]
  snn.population @b model @m shape [2]
  snn.population @c model @m shape [2]
  snn.connect @in_a from @in to @a "one_to_one" {} weights 1.0
  snn.connect @ab from @a to @b "one_to_one" {} weights 1.0
  // expected-remark @+1 {{closes a cycle: acts in the next step}}
  snn.connect @ba from @b to @a "one_to_one" {} weights 1.0
  // expected-remark @+1 {{closes a cycle: acts in the next step}}
  snn.connect @rec from @b to @b delay dense<[0, 3]> : tensor<2xi32> "one_to_one" {} weights 1.0
  snn.connect @bc from @b to @c "one_to_one" {} weights 1.0
  snn.connect @skip from @in to @c "one_to_one" {} weights 1.0
}
