// n1_barrier.sv - Starts a step everywhere and ends it when nothing is left to do, by counting credits.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who injects a packet gives as many credits as it has destinations; each destination returns one when it has done with it. A credit is
// counted in the cycle after its packet was injected, a return at the earliest in the cycle after that: the count is never too low.
module n1_barrier (
    input logic clk_i,
    input logic rst_i,

    input  logic start_i,    // From the host, while idle.
    input  logic in_done_i,  // The host has no more spikes for this step.
    output logic idle_o,
    output logic start_o,    // Cores begin.

    input logic [n1_pkg::NODES-1:0] sent_i,  // A core has sent all of its spikes.
    input logic host_idle_i,
    input logic [(n1_pkg::NODES+1)*n1_pkg::CREDIT_BITS-1:0] given_i,  // Of each core and, last, of the host.
    input logic [n1_pkg::NODES:0] returned_i,

    input  logic        step_we_i,
    input  logic [31:0] step_i,
    output logic [31:0] step_o,
    output logic [31:0] cycles_o  // Of the last step.
);
  localparam int NODES = n1_pkg::NODES;
  localparam int CB = n1_pkg::CREDIT_BITS;
  localparam int WB = n1_pkg::FLIGHT_BITS;

  typedef enum logic [1:0] {
    IDLE,
    BEGINS,  // Cores take notice.
    RUNS
  } state_t;

  state_t state_q;
  logic [WB-1:0] flight_q;  // Credits given and not yet returned.
  logic [WB-1:0] given, returned;
  logic [31:0] cycles_q;
  logic quiet;

  always_comb begin
    given = '0;
    returned = '0;
    if (given_i != '0 || returned_i != '0) begin
      for (int n = 0; n <= NODES; n++) begin
        given = given + WB'(given_i[n*CB+:CB]);
        returned = returned + WB'(returned_i[n]);
      end
    end
  end

  assign quiet = in_done_i & host_idle_i & (&sent_i) & (flight_q == '0) & (given == '0);
  assign idle_o = state_q == IDLE;
  assign start_o = (state_q == IDLE) & start_i;

  always_ff @(posedge clk_i) begin
    flight_q <= flight_q + given - returned;
    case (state_q)
      IDLE:
      if (start_i) begin
        state_q  <= BEGINS;
        step_o   <= step_o + 32'd1;
        cycles_q <= 32'd1;
      end else if (step_we_i) step_o <= step_i;
      BEGINS: begin
        state_q  <= RUNS;
        cycles_q <= cycles_q + 32'd1;
      end
      default: begin
        cycles_q <= cycles_q + 32'd1;
        if (quiet) begin
          state_q  <= IDLE;
          cycles_o <= cycles_q + 32'd1;
        end
      end
    endcase
    if (rst_i) begin
      state_q  <= IDLE;
      flight_q <= '0;
      step_o   <= '0;
      cycles_o <= '0;
    end
  end
endmodule : n1_barrier
