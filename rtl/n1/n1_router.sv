// n1_router.sv - Mesh router: XY multicast trees by destination masks, back-pressure on every link.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A flit at the head of an input's queue wants every output behind which some of its destinations lie. Copies leave
// independently of each other; the flit is popped when the last one has left. The mask of a copy holds only what lies behind its
// output, so the routes of a flit form a tree. docs/rtl/architecture.md, section 3.
module n1_router (
    input logic clk_i,
    input logic rst_i,

    // Destinations behind each output; constant, a matter of the place in the mesh.
    input logic [n1_pkg::MASK_BITS-1:0] behind_e_i,
    input logic [n1_pkg::MASK_BITS-1:0] behind_w_i,
    input logic [n1_pkg::MASK_BITS-1:0] behind_n_i,
    input logic [n1_pkg::MASK_BITS-1:0] behind_s_i,
    input logic [n1_pkg::MASK_BITS-1:0] behind_l_i,

    // Bit 0: east, 1: west, 2: north, 3: south, 4: the core.
    input  logic [                  4:0] in_valid_i,
    output logic [                  4:0] in_ready_o,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_e_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_w_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_n_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_s_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_l_i,
    output logic [                  4:0] out_valid_o,
    input  logic [                  4:0] out_ready_i,
    output logic [n1_pkg::FLIT_BITS-1:0] out_e_o,
    output logic [n1_pkg::FLIT_BITS-1:0] out_w_o,
    output logic [n1_pkg::FLIT_BITS-1:0] out_n_o,
    output logic [n1_pkg::FLIT_BITS-1:0] out_s_o,
    output logic [n1_pkg::SOURCE_BITS+31:0] out_l_o  // Without the mask: it would hold the core alone.
);
  localparam int FB = n1_pkg::FLIT_BITS;
  localparam int MB = n1_pkg::MASK_BITS;
  localparam int LOW = FB - MB;  // Bits of a flit below its mask.

  logic [FB-1:0] in_flit[0:4];
  logic [FB-1:0] head[0:4];
  logic [MB-1:0] behind[0:4];
  logic [FB-1:0] out_flit[0:4];
  logic [4:0] head_valid, pop;

  assign in_flit[0] = in_e_i;
  assign in_flit[1] = in_w_i;
  assign in_flit[2] = in_n_i;
  assign in_flit[3] = in_s_i;
  assign in_flit[4] = in_l_i;
  assign behind[0] = behind_e_i;
  assign behind[1] = behind_w_i;
  assign behind[2] = behind_n_i;
  assign behind[3] = behind_s_i;
  assign behind[4] = behind_l_i;
  assign out_e_o = out_flit[0];
  assign out_w_o = out_flit[1];
  assign out_n_o = out_flit[2];
  assign out_s_o = out_flit[3];
  assign out_l_o = out_flit[4][LOW-1:0];

  for (genvar i = 0; i < 5; i++) begin : g_input
    rv_fifo #(
        .WIDTH(FB),
        .DEPTH(n1_pkg::LINK_BUFFER)
    ) u_fifo (
        .clk_i,
        .rst_i,
        .in_valid_i(in_valid_i[i]),
        .in_ready_o(in_ready_o[i]),
        .in_data_i (in_flit[i]),
        .out_valid_o(head_valid[i]),
        .out_ready_i(pop[i]),
        .out_data_o (head[i])
    );
  end

  // By input, a bit for each output: a copy of the head has left by it; has still to; leaves in this cycle.
  logic [4:0] served_q[0:4];
  logic [4:0] want[0:4];
  logic [4:0] taken[0:4];
  logic [2:0] next_q[0:4];  // Input that an output serves first.
  logic [2:0] choice[0:4];
  logic [4:0] wanted;       // Outputs that some input wants.
  logic [4:0] asks;         // Inputs that want an output, from the one it serves first on.
  logic [3:0] turn;

  always_comb begin
    out_valid_o = '0;
    pop = '0;
    wanted = '0;
    asks = '0;
    turn = '0;
    for (int i = 0; i < 5; i++) begin
      want[i]  = '0;
      taken[i] = '0;
    end
    for (int o = 0; o < 5; o++) begin
      out_flit[o] = '0;
      choice[o]   = '0;
    end
    if (head_valid != '0) begin
      for (int i = 0; i < 5; i++) begin
        if (head_valid[i]) begin
          for (int o = 0; o < 5; o++) want[i][o] = |(head[i][FB-1:LOW] & behind[o]);
          want[i] = want[i] & ~served_q[i];
          wanted = wanted | want[i];
        end
      end
      for (int o = 0; o < 5; o++) begin
        if (wanted[o]) begin
          out_valid_o[o] = 1'b1;
          asks = 5'({2{want[4][o], want[3][o], want[2][o], want[1][o], want[0][o]}} >> next_q[o]);
          turn = 4'(next_q[o]) + (asks[0] ? 4'd0 : asks[1] ? 4'd1 : asks[2] ? 4'd2 : asks[3] ? 4'd3 : {1'b0, asks[4], 2'b00});
          choice[o] = (turn > 4'd4) ? 3'(turn - 4'd5) : 3'(turn);
          for (int i = 0; i < 5; i++) begin
            if (choice[o] == 3'(i)) begin
              out_flit[o] = {head[i][FB-1:LOW] & behind[o], head[i][LOW-1:0]};
              taken[i][o] = out_ready_i[o];
            end
          end
        end
      end
      for (int i = 0; i < 5; i++) pop[i] = head_valid[i] && (want[i] & ~taken[i]) == '0;
    end
  end

  always_ff @(posedge clk_i) begin
    for (int i = 0; i < 5; i++) begin
      if (head_valid[i]) served_q[i] <= pop[i] ? '0 : served_q[i] | taken[i];
    end
    for (int o = 0; o < 5; o++) begin
      // An output that waits keeps its choice, so that what it offers stays.
      if (out_valid_o[o]) begin
        if (!out_ready_i[o]) next_q[o] <= choice[o];
        else next_q[o] <= (choice[o] == 3'd4) ? 3'd0 : choice[o] + 3'd1;
      end
    end
    if (rst_i) begin
      for (int i = 0; i < 5; i++) served_q[i] <= '0;
      for (int o = 0; o < 5; o++) next_q[o] <= '0;
    end
  end
endmodule : n1_router
