//===- rv_fifo.sv - Queue between two valid/ready streams -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Holds up to DEPTH words in order. The word at the head lies in a register of its own, so out_data_o has no logic behind it; the words
// after it lie in a ring of DEPTH - 1 registers. in_ready_o and out_valid_o depend on registers only: no path leads through the queue,
// and a full one takes no word in the cycle in which its head leaves. A word that goes into an empty queue is at the head in the next
// cycle; one word a cycle passes.
//===----------------------------------------------------------------------===//
module rv_fifo #(
    parameter int unsigned WIDTH = 32,  // Bits of a word, at least 1.
    parameter int unsigned DEPTH = 2    // Words, at least 2; not only powers of two.
) (
    input  logic             clk_i,
    input  logic             rst_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    input  logic [WIDTH-1:0] in_data_i,
    output logic             out_valid_o,
    input  logic             out_ready_i,
    output logic [WIDTH-1:0] out_data_o
);

  localparam int unsigned RING = DEPTH - 1;
  localparam int unsigned PLACE_BITS = (RING > 1) ? $clog2(RING) : 1;
  localparam int unsigned COUNT_BITS = $clog2(RING + 1);

  logic [WIDTH-1:0]      ring[0:RING-1];
  logic [WIDTH-1:0]      head_q;
  logic                  valid_q;
  logic                  ready_q;
  logic [PLACE_BITS-1:0] read_q;
  logic [PLACE_BITS-1:0] write_q;
  logic [COUNT_BITS-1:0] count_q;  // Words in the ring.

  logic push;
  logic pop;
  logic ring_empty;
  logic to_head;
  logic to_ring;
  logic from_ring;

  assign in_ready_o  = ready_q;
  assign out_valid_o = valid_q;
  assign out_data_o  = head_q;

  assign push       = in_valid_i && ready_q;
  assign pop        = valid_q && out_ready_i;
  assign ring_empty = count_q == '0;
  assign to_head    = push && ring_empty && (pop || !valid_q);
  assign to_ring    = push && !to_head;
  assign from_ring  = pop && !ring_empty;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      valid_q <= 1'b0;
      ready_q <= 1'b1;
      read_q  <= '0;
      write_q <= '0;
      count_q <= '0;
    end else begin
      if (to_head) valid_q <= 1'b1;
      else if (pop && ring_empty) valid_q <= 1'b0;
      if (to_ring) write_q <= (write_q == PLACE_BITS'(RING - 1)) ? '0 : write_q + 1'b1;
      if (from_ring) read_q <= (read_q == PLACE_BITS'(RING - 1)) ? '0 : read_q + 1'b1;
      if (to_ring && !from_ring) begin
        count_q <= count_q + 1'b1;
        ready_q <= count_q != COUNT_BITS'(RING - 1);
      end else if (from_ring && !to_ring) begin
        count_q <= count_q - 1'b1;
        ready_q <= 1'b1;
      end
    end
  end

  // Words carry no reset: none is seen before it was written.
  always_ff @(posedge clk_i) begin
    if (to_ring) ring[write_q] <= in_data_i;
    if (to_head) head_q <= in_data_i;
    else if (from_ring) head_q <= ring[read_q];
  end

endmodule
