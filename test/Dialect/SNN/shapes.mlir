// The geometry of kernels at its edges: each of these is legal; one more or less is in invalid.mlir.
// RUN: ranvier-opt %s | FileCheck %s

// CHECK-LABEL: snn.network @shapes
// CHECK-COUNT-10: from @
snn.network @shapes dt 1.0e-3 {
  snn.input @in shape [2, 7, 5]
  snn.input @flat shape [70]
  // floor((7 + 2*1 - 2*(3-1) - 1)/2 + 1) = 3, floor((5 + 2*2 - 1*(2-1) - 1)/3 + 1) = 3
  snn.junction @a shape [4, 3, 3]
  snn.junction @a_flat shape [36]
  snn.conv2d @c1 from @in to @a weights dense<1.0> : tensor<4x2x3x2xf32> input [2, 7, 5] stride [2, 3] padding [1, 2] dilation [2, 1]
  snn.conv2d @c2 from @flat to @a_flat weights dense<1.0> : tensor<4x1x3x2xf32> input [2, 7, 5] stride [2, 3] padding [1, 2] dilation [2, 1] groups 2
  // A kernel as large as the padded input.
  snn.junction @one shape [1, 1, 1]
  snn.conv2d @c3 from @in to @one weights dense<1.0> : tensor<1x2x9x9xf32> input [2, 7, 5] stride [100, 100] padding [1, 2] dilation [1, 1]
  // One dimension: floor((35 - 4*(8-1) - 1)/5 + 1) = 2
  snn.input @line shape [2, 35]
  snn.junction @b shape [3, 2]
  snn.conv1d @c4 from @line to @b delay 65535 weights dense<1> : tensor<3x2x8xi8> input [2, 35] stride [5] padding [0] dilation [4]
  snn.conv1d @c5 from @flat to @b delay dense<7> : tensor<70xi16> weights dense<1> : tensor<3x2x8xi8> input [2, 35] stride [5] padding [0] dilation [4]
  // Pooling: floor((7 + 2 - 3)/2 + 1) = 4, floor((5 + 2 - 3)/2 + 1) = 3
  snn.junction @p shape [2, 4, 3]
  snn.pool @p1 from @in to @p "sum" input [2, 7, 5] kernel [3, 3] stride [2, 2] padding [1, 1]
  snn.pool @p2 from @flat to @p "average" input [2, 7, 5] kernel [3, 3] stride [2, 2] padding [1, 1]
  // Delays per source neuron and per synapse.
  snn.junction @s shape [2]
  snn.input @three shape [3]
  snn.dense @d1 from @three to @s delay dense<[0, 1, 65535]> : tensor<3xi32> weights dense<1.0> : tensor<2x3xf64>
  snn.dense @d2 from @three to @s delay dense<2> : tensor<2x3xui16> weights dense<1> : tensor<2x3xi16>
  snn.sparse @d3 from @three to @s delay dense<[1, 2, 3, 4]> : tensor<4xi8> row_ptr dense<[0, 3, 4]> : tensor<3xi32>
    columns dense<[0, 1, 2, 2]> : tensor<4xi64> weights dense<1> : tensor<4xi32>
}
