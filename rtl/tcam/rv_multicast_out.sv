//===- rv_multicast_out.sv - One packet to many outputs, or given up ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Holds one packet and offers it to all its outputs at once; each takes its copy when it is ready, and when the last one has, the next
// packet can come in the same cycle. A packet of which copies are left after it was offered for limit_i + 1 cycles is given up: dropped_o
// is 1 in that last cycle, dropped_outputs_o names the outputs that did not take it, and it is gone in the next. With forever_i it
// waits without end. Nothing leaves in a way that neither an output nor dropped_o shows.
//===----------------------------------------------------------------------===//
module rv_multicast_out #(
    parameter int unsigned OUTPUTS    = 24,  // At least 2.
    parameter int unsigned WIDTH      = 75,
    parameter int unsigned LIMIT_BITS = 20
) (
    input  logic                  clk_i,
    input  logic                  rst_i,
    input  logic                  in_valid_i,
    output logic                  in_ready_o,
    input  logic [OUTPUTS-1:0]    in_outputs_i,  // At least one bit.
    input  logic [WIDTH-1:0]      in_data_i,
    output logic [OUTPUTS-1:0]    out_valid_o,
    input  logic [OUTPUTS-1:0]    out_ready_i,
    output logic [WIDTH-1:0]      out_data_o,    // The same for every output.
    input  logic [LIMIT_BITS-1:0] limit_i,
    input  logic                  forever_i,
    output logic                  dropped_o,
    output logic [OUTPUTS-1:0]    dropped_outputs_o
);

  logic [LIMIT_BITS-1:0] waited_q;
  logic [OUTPUTS-1:0]    left;  // Outputs still without their copy after this cycle.

  assign left              = out_valid_o & ~out_ready_i;
  assign dropped_o         = left != '0 && waited_q >= limit_i && !forever_i;
  assign dropped_outputs_o = left;
  assign in_ready_o        = left == '0 || dropped_o;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      out_valid_o <= '0;
      waited_q    <= '0;
    end else if (in_ready_o) begin
      out_valid_o <= in_valid_i ? in_outputs_i : '0;
      waited_q    <= '0;
    end else begin
      out_valid_o <= left;
      if (waited_q != '1) waited_q <= waited_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (in_ready_o && in_valid_i) out_data_o <= in_data_i;
  end

endmodule
