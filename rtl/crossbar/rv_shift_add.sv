//===- rv_shift_add.sv - Sums of codes weighted by input bits -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One accumulator for each of LANES columns that share a converter, in a ring: the column whose turn it is lies at the head, and step_i
// moves on. Input bits come highest first: the first one sets a sum to its term, negated if it weighs negative (the sign bit of two's
// complement), every other one doubles the sum and adds its term. A term is code - zero. LANES steps later the head is the same column
// again. Over a product |sum| stays below 2^(CODE_BITS + INPUT_BITS): nothing overflows. Reading out is by steps too, and destroys.
//===----------------------------------------------------------------------===//
module rv_shift_add #(
    parameter int unsigned LANES      = 4,  // At least 2.
    parameter int unsigned CODE_BITS  = 8,
    parameter int unsigned INPUT_BITS = 8,
    localparam int unsigned DATA_BITS = CODE_BITS + INPUT_BITS + 1
) (
    input  logic                 clk_i,
    input  logic                 step_i,
    input  logic                 first_i,
    input  logic                 negative_i,
    input  logic [CODE_BITS-1:0] code_i,
    input  logic [CODE_BITS-1:0] zero_i,
    output logic [DATA_BITS-1:0] data_o       // Of the column at the head, two's complement.
);

  logic [LANES*DATA_BITS-1:0] ring_q;
  logic [DATA_BITS-1:0]       term;
  logic [DATA_BITS-1:0]       sum;

  assign data_o = ring_q[DATA_BITS-1:0];
  assign term   = DATA_BITS'(code_i) - DATA_BITS'(zero_i);

  always_comb begin
    if (first_i) sum = negative_i ? ~term + 1'b1 : term;
    else sum = {data_o[DATA_BITS-2:0], 1'b0} + term;
  end

  always_ff @(posedge clk_i) begin
    if (step_i) ring_q <= {sum, ring_q[LANES*DATA_BITS-1:DATA_BITS]};
  end

endmodule
