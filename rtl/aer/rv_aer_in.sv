//===- rv_aer_in.sv - From a 4-phase AER bus to a valid/ready stream ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The receiving end of a bundled-data 4-phase handshake: the sender puts data, raises req, holds both until ack rises, lowers req, and
// waits until ack falls. Only req is synchronised; data are sampled after it was seen, when they have been stable for two edges. ack
// rises in the cycle in which the word is in out_data_o, which the stream's consumer may leave waiting: then the next word is not
// acknowledged, so nothing is lost. ack comes from a register.
//
// Reset drops a word that waits in out_data_o. A req that stands through reset is a new word afterwards.
//===----------------------------------------------------------------------===//
module rv_aer_in #(
    parameter int unsigned WIDTH = 32  // Bits of an address event.
) (
    input  logic             clk_i,
    input  logic             rst_i,
    input  logic             aer_req_i,
    input  logic [WIDTH-1:0] aer_data_i,
    output logic             aer_ack_o,
    output logic             out_valid_o,
    input  logic             out_ready_i,
    output logic [WIDTH-1:0] out_data_o
);

  logic req;
  logic take;

  rv_sync #(
      .RESET_LEVEL(1'b0)
  ) u_req (
      .clk_i  (clk_i),
      .rst_i  (rst_i),
      .async_i(aer_req_i),
      .sync_o (req)
  );

  // A word is taken once a handshake: req is up and ack is not yet.
  assign take = req && !aer_ack_o && (!out_valid_o || out_ready_i);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      aer_ack_o   <= 1'b0;
      out_valid_o <= 1'b0;
    end else begin
      if (take) aer_ack_o <= 1'b1;
      else if (!req) aer_ack_o <= 1'b0;
      if (take) out_valid_o <= 1'b1;
      else if (out_ready_i) out_valid_o <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) out_data_o <= aer_data_i;
  end

endmodule
