//===- rv_round_robin.sv - Fair choice among requests ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// grant_o has one bit, or none without a request: the first request above the one that was served last, else the lowest. Whoever was
// served (advance_i in a cycle with a grant) goes behind all others, so a request waits for at most REQUESTS - 1 grants.
//===----------------------------------------------------------------------===//
module rv_round_robin #(
    parameter int unsigned REQUESTS = 4  // At least 2.
) (
    input  logic                clk_i,
    input  logic                rst_i,
    input  logic [REQUESTS-1:0] request_i,
    output logic [REQUESTS-1:0] grant_o,
    input  logic                advance_i
);

  logic [REQUESTS-1:0] above_q;  // The places above the one served last.
  logic [REQUESTS-1:0] later;
  logic [REQUESTS-1:0] pool;

  assign later   = request_i & above_q;
  assign pool    = (later != '0) ? later : request_i;
  assign grant_o = pool & (~pool + 1'b1);

  always_ff @(posedge clk_i) begin
    if (rst_i) above_q <= '0;
    else if (advance_i && grant_o != '0) above_q <= ~(grant_o | (grant_o - 1'b1));
  end

endmodule
