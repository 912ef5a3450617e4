//===- rv_aer_out.sv - From a valid/ready stream to a 4-phase AER bus -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sending end of the handshake that rv_aer_in receives. A word is on aer_data_o one full cycle before req rises and until ack has
// been seen to fall, which is the set-up and hold that bundled data need. req, data and in_ready_o come from registers.
//
// Reset lowers req and forgets the word under way. No new word starts before ack is seen low.
//===----------------------------------------------------------------------===//
module rv_aer_out #(
    parameter int unsigned WIDTH = 32  // Bits of an address event.
) (
    input  logic             clk_i,
    input  logic             rst_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    input  logic [WIDTH-1:0] in_data_i,
    output logic             aer_req_o,
    output logic [WIDTH-1:0] aer_data_o,
    input  logic             aer_ack_i
);

  typedef enum logic [1:0] {
    Idle,     // No word, ack low: ready.
    SetUp,    // Data are out, req rises at the end of this cycle.
    Request,  // req is up until ack is.
    Release   // req is down until ack is; also the state after reset.
  } state_e;

  state_e state_q;
  logic   ack;

  rv_sync #(
      .RESET_LEVEL(1'b1)
  ) u_ack (
      .clk_i  (clk_i),
      .rst_i  (rst_i),
      .async_i(aer_ack_i),
      .sync_o (ack)
  );

  assign in_ready_o = state_q == Idle;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q   <= Release;
      aer_req_o <= 1'b0;
    end else begin
      unique case (state_q)
        Idle: if (in_valid_i) state_q <= SetUp;
        SetUp: begin
          state_q   <= Request;
          aer_req_o <= 1'b1;
        end
        Request:
        if (ack) begin
          state_q   <= Release;
          aer_req_o <= 1'b0;
        end
        default: if (!ack) state_q <= Idle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == Idle && in_valid_i) aer_data_o <= in_data_i;
  end

endmodule
