// n1_update.sv - Update phase of a step: slice after slice, each by the engine or by the fast path.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A slice takes 5 + 8 * batches * (inputs + instructions) cycles in the engine, 4 + neurons in the fast path; the phase takes 4 more.
module n1_update (
    input logic clk_i,
    input logic rst_i,

    input  logic                         start_i,
    input  logic [n1_pkg::NEURON_BITS:0] slices_i,
    output logic                         running_o,

    output logic                           slice_re_o,
    output logic [n1_pkg::NEURON_BITS-1:0] slice_addr_o,
    input  logic                           slice_fast_i,   // Of the entry that has been read.
    input  logic                           slice_empty_i,

    output logic engine_go_o,
    input  logic engine_done_i,
    output logic fast_go_o,
    input  logic fast_done_i
);
  localparam int NB = n1_pkg::NEURON_BITS;

  typedef enum logic [2:0] {
    IDLE,
    FETCH,  // The slice's entry is read.
    LOOK,   // It is there, and stays until the next one is read.
    GO,
    WAIT,
    DRAIN
  } state_t;

  state_t state_q;
  logic [NB:0] slice_q;
  logic [1:0] drain_q;
  logic fast_q;

  assign running_o = state_q != IDLE;
  assign slice_re_o = state_q == FETCH;
  assign slice_addr_o = slice_q[NB-1:0];
  assign engine_go_o = (state_q == GO) & ~fast_q;
  assign fast_go_o = (state_q == GO) & fast_q;

  always_ff @(posedge clk_i) begin
    case (state_q)
      IDLE:
      if (start_i) begin
        slice_q <= '0;
        drain_q <= '0;
        state_q <= (slices_i == '0) ? DRAIN : FETCH;
      end
      FETCH: state_q <= LOOK;
      LOOK: begin
        fast_q  <= slice_fast_i;
        state_q <= slice_empty_i ? WAIT : GO;
      end
      GO: state_q <= WAIT;
      WAIT:
      if (engine_done_i & fast_done_i) begin
        slice_q <= slice_q + (NB + 1)'(1);
        state_q <= (slice_q + (NB + 1)'(1) == slices_i) ? DRAIN : FETCH;
      end
      default: begin
        // The last neurons leave the pipelines.
        drain_q <= drain_q + 2'd1;
        if (drain_q == 2'd3) state_q <= IDLE;
      end
    endcase
    if (rst_i) state_q <= IDLE;
  end
endmodule : n1_update
