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
    output logic [n1_pkg::FLIT_BITS-n1_pkg::MASK_BITS-1:0] out_l_o  // Without the mask: it would hold the core alone.
);
  localparam int FB = n1_pkg::FLIT_BITS;
  localparam int MB = n1_pkg::MASK_BITS;
  localparam int LOW = FB - MB;  // Bits of a flit below its mask.

  // No arrays here: yosys 0.23 takes nets in arrays without complaint and leaves them unconnected. No functions either: what is handed
  // to them stays with the module in Verilator, whose nodes then share no code (docs/rationale/rtl-model.md). Bit 5 * i + o, or bits from 3 * o
  // on, are those of input i and output o.
  logic [4:0] head_valid, pop;
  logic [24:0] served_q;  // A copy of the head has left by the output.
  logic [24:0] want;      // It has still to.
  logic [24:0] taken;     // It leaves in this cycle.
  logic [14:0] next_q;    // Input that an output serves first.
  logic [14:0] choice;    // That it serves.
  logic [4:0] wanted;     // Outputs that some input wants.
  logic [4:0] asks;       // Inputs that want an output, from the one it serves first on.
  logic [3:0] turn;       // The first of them, counted on beyond 4.

  for (genvar i = 0; i < 5; i++) begin : g_input
    logic [FB-1:0] head;
    logic [4:0] toward;  // Outputs behind which some of its destinations lie.
    rv_fifo #(
        .WIDTH(FB),
        .DEPTH(n1_pkg::LINK_BUFFER)
    ) u_fifo (
        .clk_i,
        .rst_i,
        .in_valid_i (in_valid_i[i]),
        .in_ready_o (in_ready_o[i]),
        .in_data_i  ((i == 0) ? in_e_i : (i == 1) ? in_w_i : (i == 2) ? in_n_i : (i == 3) ? in_s_i : in_l_i),
        .out_valid_o(head_valid[i]),
        .out_ready_i(pop[i]),
        .out_data_o (head)
    );
    always_comb begin
      toward = '0;
      if (head_valid[i]) begin
        toward[0] = |(head[FB-1:LOW] & behind_e_i);
        toward[1] = |(head[FB-1:LOW] & behind_w_i);
        toward[2] = |(head[FB-1:LOW] & behind_n_i);
        toward[3] = |(head[FB-1:LOW] & behind_s_i);
        toward[4] = |(head[FB-1:LOW] & behind_l_i);
      end
    end
  end

  always_comb begin
    out_valid_o = '0;
    pop = '0;
    want = '0;
    taken = '0;
    choice = '0;
    wanted = '0;
    asks = '0;
    turn = '0;
    if (head_valid != '0) begin
      want[4:0] = ~served_q[4:0] & g_input[0].toward;
      want[9:5] = ~served_q[9:5] & g_input[1].toward;
      want[14:10] = ~served_q[14:10] & g_input[2].toward;
      want[19:15] = ~served_q[19:15] & g_input[3].toward;
      want[24:20] = ~served_q[24:20] & g_input[4].toward;
      wanted = want[4:0] | want[9:5] | want[14:10] | want[19:15] | want[24:20];
      for (int o = 0; o < 5; o++) begin
        if (wanted[o]) begin
          out_valid_o[o] = 1'b1;
          asks = 5'({2{want[20+o], want[15+o], want[10+o], want[5+o], want[o]}} >> next_q[3*o+:3]);
          turn = 4'(next_q[3*o+:3]) + (asks[0] ? 4'd0 : asks[1] ? 4'd1 : asks[2] ? 4'd2 : asks[3] ? 4'd3 : {1'b0, asks[4], 2'b00});
          choice[3*o+:3] = (turn > 4'd4) ? 3'(turn - 4'd5) : 3'(turn);
          if (out_ready_i[o]) begin
            for (int i = 0; i < 5; i++) taken[5*i+o] = choice[3*o+:3] == 3'(i);
          end
        end
      end
      for (int i = 0; i < 5; i++) pop[i] = head_valid[i] && (want[5*i+:5] & ~taken[5*i+:5]) == '0;
    end
  end

  // What leaves by an output: copies of a head with the destinations that lie behind it. One for the core has no mask, which would hold
  // the core alone.
  for (genvar o = 0; o < 4; o++) begin : g_output
    logic [FB-1:0] leaves;
    always_comb begin
      leaves = '0;
      if (wanted[o]) case (choice[3*o+:3])
        3'd0: leaves = g_input[0].head;
        3'd1: leaves = g_input[1].head;
        3'd2: leaves = g_input[2].head;
        3'd3: leaves = g_input[3].head;
        default: leaves = g_input[4].head;
      endcase
    end
  end
  always_comb begin
    out_l_o = '0;
    if (wanted[4]) case (choice[14:12])
      3'd0: out_l_o = g_input[0].head[LOW-1:0];
      3'd1: out_l_o = g_input[1].head[LOW-1:0];
      3'd2: out_l_o = g_input[2].head[LOW-1:0];
      3'd3: out_l_o = g_input[3].head[LOW-1:0];
      default: out_l_o = g_input[4].head[LOW-1:0];
    endcase
  end
  assign out_e_o = {g_output[0].leaves[FB-1:LOW] & behind_e_i, g_output[0].leaves[LOW-1:0]};
  assign out_w_o = {g_output[1].leaves[FB-1:LOW] & behind_w_i, g_output[1].leaves[LOW-1:0]};
  assign out_n_o = {g_output[2].leaves[FB-1:LOW] & behind_n_i, g_output[2].leaves[LOW-1:0]};
  assign out_s_o = {g_output[3].leaves[FB-1:LOW] & behind_s_i, g_output[3].leaves[LOW-1:0]};

  always_ff @(posedge clk_i) begin
    for (int i = 0; i < 5; i++) begin
      if (head_valid[i]) served_q[5*i+:5] <= pop[i] ? '0 : served_q[5*i+:5] | taken[5*i+:5];
    end
    for (int o = 0; o < 5; o++) begin
      // An output that waits keeps its choice, so that what it offers stays.
      if (wanted[o]) begin
        if (!out_ready_i[o]) next_q[3*o+:3] <= choice[3*o+:3];
        else next_q[3*o+:3] <= (choice[3*o+:3] == 3'd4) ? 3'd0 : choice[3*o+:3] + 3'd1;
      end
    end
    if (rst_i) begin
      served_q <= '0;
      next_q   <= '0;
    end
  end
endmodule : n1_router
