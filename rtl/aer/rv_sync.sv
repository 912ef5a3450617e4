//===- rv_sync.sv - Synchroniser of two flip-flops ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Brings one asynchronous level into the clock: sync_o follows async_i after two to three rising edges, glitch-free. RESET_LEVEL is
// what sync_o shows during reset and until the first real level has come through.
//===----------------------------------------------------------------------===//
module rv_sync #(
    parameter bit RESET_LEVEL = 1'b0
) (
    input  logic clk_i,
    input  logic rst_i,
    input  logic async_i,
    output logic sync_o
);

  logic first_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      first_q <= RESET_LEVEL;
      sync_o  <= RESET_LEVEL;
    end else begin
      first_q <= async_i;
      sync_o  <= first_q;
    end
  end

endmodule
