// n1_host.sv - The host's way in: an input's number becomes a packet.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
module n1_host (
    input logic clk_i,
    input logic rst_i,

    input  logic                         valid_i,
    output logic                         ready_o,
    input  logic [n1_pkg::HOST_BITS-1:0] index_i,
    input  logic [                 31:0] payload_i,

    // Destination masks by input number: read by spikes, or by the configuration bus while no spike comes.
    input  logic                         mask_re_i,
    input  logic                         mask_we_i,
    input  logic [n1_pkg::HOST_BITS-1:0] mask_addr_i,
    input  logic [n1_pkg::MASK_BITS-1:0] mask_wdata_i,
    output logic [n1_pkg::MASK_BITS-1:0] mask_o,

    output logic                           valid_o,
    input  logic                           ready_i,
    output logic [  n1_pkg::FLIT_BITS-1:0] flit_o,
    output logic [n1_pkg::CREDIT_BITS-1:0] given_o,
    output logic                           idle_o
);
  localparam int MB = n1_pkg::MASK_BITS;
  localparam int CB = n1_pkg::CREDIT_BITS;
  localparam int SB = n1_pkg::SOURCE_BITS;

  logic held_q;
  logic [n1_pkg::HOST_BITS-1:0] index_q;
  logic [31:0] payload_q;
  logic [MB-1:0] mask;
  logic [CB-1:0] credits;
  logic take;

  rv_ram #(
      .WIDTH(MB),
      .DEPTH(n1_pkg::HOST_INPUTS)
  ) u_masks (
      .clk_i,
      .re_i   (take | mask_re_i),
      .raddr_i(mask_re_i ? mask_addr_i : index_i),
      .rdata_o(mask),
      .we_i   (mask_we_i),
      .waddr_i(mask_addr_i),
      .wdata_i(mask_wdata_i)
  );

  assign take = valid_i & ready_o;
  assign ready_o = ~held_q | ready_i | ~valid_o;
  assign mask_o = mask;
  assign valid_o = held_q & (mask != '0);
  assign flit_o = {mask, SB'(n1_pkg::NODES * n1_pkg::NEURONS) + SB'(index_q), payload_q};
  assign idle_o = ~held_q & ~valid_i;

  always_comb begin
    credits = '0;
    if (valid_o & ready_i) begin
      for (int n = 0; n < MB; n++) credits = credits + CB'(mask[n]);
    end
  end

  always_ff @(posedge clk_i) begin
    given_o <= credits;
    if (take) begin
      index_q   <= index_i;
      payload_q <= payload_i;
      held_q    <= 1'b1;
    end else if (ready_i | ~valid_o) held_q <= 1'b0;
    if (rst_i) begin
      held_q  <= 1'b0;
      given_o <= '0;
    end
  end
endmodule : n1_host
