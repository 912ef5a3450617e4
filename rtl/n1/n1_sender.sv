// n1_sender.sv - Axon-out: queued spikes become packets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Spikes queue up during the update phase and leave after it, one a cycle unless the router makes them wait; what has no
// destination takes its cycle and is left out. docs/rtl/architecture.md, section 2.
module n1_sender (
    input logic clk_i,
    input logic rst_i,

    input logic start_i,     // Of a step: empties the queue.
    input logic updating_i,

    input logic                           spike_i,
    input logic [n1_pkg::NEURON_BITS-1:0] spike_neuron_i,
    input logic [                   31:0] spike_payload_i,

    output logic                           mask_re_o,
    output logic [n1_pkg::NEURON_BITS-1:0] mask_addr_o,
    input  logic [  n1_pkg::MASK_BITS-1:0] mask_i,

    output logic                           valid_o,
    input  logic                           ready_i,
    output logic [  n1_pkg::MASK_BITS-1:0] packet_mask_o,
    output logic [n1_pkg::NEURON_BITS-1:0] packet_neuron_o,
    output logic [                   31:0] packet_payload_o,

    output logic empty_o  // Nothing is queued or under way.
);
  localparam int NB = n1_pkg::NEURON_BITS;

  logic [NB:0] queued_q, taken_q;
  logic queue_valid_q, mask_valid_q;
  logic [NB+31:0] queue_word;
  logic [NB-1:0] neuron_q;
  logic [31:0] payload_q;
  logic more, go;

  // Either everything moves on or nothing does.
  assign go = ready_i | ~valid_o;
  assign more = ~updating_i & (taken_q != queued_q);

  rv_ram #(
      .WIDTH(NB + 32),
      .DEPTH(n1_pkg::NEURONS)
  ) u_queue (
      .clk_i,
      .re_i   (go & more),
      .raddr_i(taken_q[NB-1:0]),
      .rdata_o(queue_word),
      .we_i   (spike_i),
      .waddr_i(queued_q[NB-1:0]),
      .wdata_i({spike_neuron_i, spike_payload_i})
  );

  assign mask_re_o = go & queue_valid_q;
  assign mask_addr_o = queue_word[NB+31:32];
  assign valid_o = mask_valid_q & (mask_i != '0);
  assign packet_mask_o = mask_i;
  assign packet_neuron_o = neuron_q;
  assign packet_payload_o = payload_q;
  assign empty_o = (taken_q == queued_q) & ~queue_valid_q & ~mask_valid_q;

  always_ff @(posedge clk_i) begin
    if (spike_i) queued_q <= queued_q + (NB + 1)'(1);
    if (go) begin
      if (more) taken_q <= taken_q + (NB + 1)'(1);
      queue_valid_q <= more;
      mask_valid_q  <= queue_valid_q;
      if (queue_valid_q) {neuron_q, payload_q} <= queue_word;
    end
    if (rst_i | start_i) begin
      queued_q <= '0;
      taken_q <= '0;
      queue_valid_q <= 1'b0;
      mask_valid_q <= 1'b0;
    end
  end
endmodule : n1_sender
