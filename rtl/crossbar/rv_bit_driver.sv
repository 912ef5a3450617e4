//===- rv_bit_driver.sv - Bit-serial drivers of a crossbar's rows ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shift register a row, whose top bit drives the row while drive_i is 1. A shift brings the next lower bit up and a 0 in from below, so
// after as many shifts as bits all rows are 0 again and only rows that are not 0 need writing.
//===----------------------------------------------------------------------===//
module rv_bit_driver #(
    parameter int unsigned ROWS       = 64,  // At least 2.
    parameter int unsigned INPUT_BITS = 8,   // At least 2.
    localparam int unsigned ROW_BITS = $clog2(ROWS)
) (
    input  logic                  clk_i,
    input  logic                  rst_i,
    input  logic                  write_i,  // Not together with shift_i.
    input  logic [ROW_BITS-1:0]   row_i,
    input  logic [INPUT_BITS-1:0] data_i,
    input  logic                  shift_i,
    input  logic                  drive_i,
    output logic [ROWS-1:0]       rows_o
);

  for (genvar r = 0; r < ROWS; r++) begin : gen_row
    logic [INPUT_BITS-1:0] bits_q;

    assign rows_o[r] = drive_i && bits_q[INPUT_BITS-1];

    always_ff @(posedge clk_i) begin
      if (rst_i) bits_q <= '0;
      else if (shift_i) bits_q <= {bits_q[INPUT_BITS-2:0], 1'b0};
      else if (write_i && row_i == ROW_BITS'(r)) bits_q <= data_i;
    end
  end

endmodule
