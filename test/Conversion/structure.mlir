// What is procedural or shared stays so: rules are not listed, kernels keep one copy of their weights, whatever the size of the nodes.
// RUN: ranvier-opt %s --snn-compose-junctions | FileCheck %s
// RUN: ranvier-opt %s --snn-compose-junctions --snn-expand-distributions | FileCheck %s --check-prefix=DRAWN
// RUN: ranvier-opt %s --snn-quantize=target=reference | FileCheck %s --check-prefix=F32
// RUN: ranvier-opt %s --snn-quantize=target=loihi2 | FileCheck %s --check-prefix=INT

snn.model @m {
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %v1 = arith.addf %v, %x : f32
  %fire = arith.cmpf ogt, %v1, %one : f32
  %v2 = arith.select %fire, %zero, %v1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}

// An identity on one side keeps the other side's kind.
// CHECK-NOT: snn.junction
// CHECK: snn.conv2d @kernel from @image to @features weights dense<5.000000e-01> : tensor<4x2x3x3xf32> bias
// CHECK: snn.connect @random from @features to @out "fixed_probability" {p = 0.1} weights 0.5 seed 3
// CHECK: snn.connect @drawn from @features to @out "fixed_probability" {p = 0.1} weights #snn.uniform<0.0, 1.0, seed = 4> seed 3
// CHECK: snn.connect @all from @out to @out delay 1 "all_to_all" {} weights -0.5

// DRAWN: snn.conv2d @kernel
// DRAWN: snn.connect @random
// DRAWN: snn.sparse @drawn from @features to @out row_ptr dense_resource<drawn.row_ptr> : tensor<1001xi64>
// DRAWN: snn.connect @all

// Binary32 lists nothing at all.
// F32: snn.conv2d @kernel from @passed to @features weights dense<5.000000e-01> : tensor<4x2x3x3xf32> input
// F32: snn.connect @random from @features to @out "fixed_probability" {p = 0.1} weights 0.5 seed 3
// F32: snn.connect @drawn from @features to @out "fixed_probability" {p = 0.1} weights #snn.uniform
// F32: snn.connect @all

// Integers are listed where each weight is a number of its own, nowhere else.
// INT: snn.conv2d @kernel from @image to @features delay 1 exponent {{-?[0-9]+}} bits {{[0-9]+}} weights dense_resource<kernel.weights> : tensor<4x2x3x3x{{i8|i16}}>
// INT: snn.connect @random from @features to @out delay 1 exponent {{-?[0-9]+}} bits {{[0-9]+}} "fixed_probability" {p = 0.1} weights {{[0-9]+}} seed 3
// INT: snn.sparse @drawn
// INT: snn.connect @all from @out to @out delay 1 exponent {{-?[0-9]+}} bits {{[0-9]+}} "all_to_all" {} weights -{{[0-9]+}}
snn.network @net dt 1.0e-3 {
  snn.input @image shape [2, 100, 100]
  snn.junction @passed shape [2, 100, 100]
  snn.population @features model @m shape [4, 98, 98]
  snn.population @out model @m shape [1000]
  snn.connect @pass from @image to @passed "one_to_one" {} weights 1.0
  snn.conv2d @kernel from @passed to @features weights dense<0.5> : tensor<4x2x3x3xf32> bias dense<0.125> : tensor<4xf32>
    input [2, 100, 100] stride [1, 1] padding [0, 0] dilation [1, 1]
  snn.connect @random from @features to @out "fixed_probability" {p = 0.1} weights 0.5 seed 3
  snn.connect @drawn from @features to @out "fixed_probability" {p = 0.1} weights #snn.uniform<0.0, 1.0, seed = 4> seed 3
  snn.connect @all from @out to @out delay 1 "all_to_all" {} weights -0.5
}
