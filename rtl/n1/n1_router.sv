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

  // No arrays here: yosys 0.23 takes nets in arrays without complaint and leaves them unconnected. Bit 5 * i + o, or bits from 3 * o
  // on, are those of input i and output o.
  logic [4:0] head_valid, pop;
  logic [24:0] served_q;  // A copy of the head has left by the output.
  logic [24:0] want;      // It has still to.
  logic [24:0] taken;     // It leaves in this cycle.
  logic [14:0] next_q;    // Input that an output serves first.
  logic [14:0] choice;    // That it serves.
  logic [4:0] wanted;     // Outputs that some input wants.
  logic [4:0] asks;       // Inputs that want an output, from the one it serves first on.

  for (genvar i = 0; i < 5; i++) begin : g_input
    logic [FB-1:0] head;
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
  end

  // Outputs that a mask wants.
  function automatic logic [4:0] outputs(input logic [MB-1:0] mask, input logic [MB-1:0] e, input logic [MB-1:0] w,
                                         input logic [MB-1:0] n, input logic [MB-1:0] s, input logic [MB-1:0] l);
    outputs = {|(mask & l), |(mask & s), |(mask & n), |(mask & w), |(mask & e)};
  endfunction
  // The first of five that asks, from `first` on.
  function automatic logic [2:0] next_asking(input logic [2:0] first, input logic [4:0] from_first);
    logic [3:0] turn;
    turn = 4'(first) + (from_first[0] ? 4'd0 : from_first[1] ? 4'd1 : from_first[2] ? 4'd2 : from_first[3] ? 4'd3 : {1'b0, from_first[4], 2'b00});
    next_asking = (turn > 4'd4) ? 3'(turn - 4'd5) : 3'(turn);
  endfunction

  always_comb begin
    out_valid_o = '0;
    pop = '0;
    want = '0;
    taken = '0;
    choice = '0;
    wanted = '0;
    asks = '0;
    if (head_valid != '0) begin
      if (head_valid[0]) want[4:0] = ~served_q[4:0] & outputs(g_input[0].head[FB-1:LOW], behind_e_i, behind_w_i, behind_n_i, behind_s_i, behind_l_i);
      if (head_valid[1]) want[9:5] = ~served_q[9:5] & outputs(g_input[1].head[FB-1:LOW], behind_e_i, behind_w_i, behind_n_i, behind_s_i, behind_l_i);
      if (head_valid[2]) want[14:10] = ~served_q[14:10] & outputs(g_input[2].head[FB-1:LOW], behind_e_i, behind_w_i, behind_n_i, behind_s_i, behind_l_i);
      if (head_valid[3]) want[19:15] = ~served_q[19:15] & outputs(g_input[3].head[FB-1:LOW], behind_e_i, behind_w_i, behind_n_i, behind_s_i, behind_l_i);
      if (head_valid[4]) want[24:20] = ~served_q[24:20] & outputs(g_input[4].head[FB-1:LOW], behind_e_i, behind_w_i, behind_n_i, behind_s_i, behind_l_i);
      wanted = want[4:0] | want[9:5] | want[14:10] | want[19:15] | want[24:20];
      for (int o = 0; o < 5; o++) begin
        if (wanted[o]) begin
          out_valid_o[o] = 1'b1;
          asks = 5'({2{want[20+o], want[15+o], want[10+o], want[5+o], want[o]}} >> next_q[3*o+:3]);
          choice[3*o+:3] = next_asking(next_q[3*o+:3], asks);
          if (out_ready_i[o]) begin
            for (int i = 0; i < 5; i++) taken[5*i+o] = choice[3*o+:3] == 3'(i);
          end
        end
      end
      for (int i = 0; i < 5; i++) pop[i] = head_valid[i] && (want[5*i+:5] & ~taken[5*i+:5]) == '0;
    end
  end

  // What leaves by an output.
  function automatic logic [FB-1:0] chosen(input logic [2:0] which, input logic [FB-1:0] e, input logic [FB-1:0] w,
                                           input logic [FB-1:0] n, input logic [FB-1:0] s, input logic [FB-1:0] l);
    case (which)
      3'd0: chosen = e;
      3'd1: chosen = w;
      3'd2: chosen = n;
      3'd3: chosen = s;
      default: chosen = l;
    endcase
  endfunction
  logic [FB-1:0] leaves_e, leaves_w, leaves_n, leaves_s;
  logic [LOW-1:0] leaves_l;
  always_comb begin
    leaves_e = '0;
    leaves_w = '0;
    leaves_n = '0;
    leaves_s = '0;
    leaves_l = '0;
    if (wanted[0]) leaves_e = chosen(choice[2:0], g_input[0].head, g_input[1].head, g_input[2].head, g_input[3].head, g_input[4].head);
    if (wanted[1]) leaves_w = chosen(choice[5:3], g_input[0].head, g_input[1].head, g_input[2].head, g_input[3].head, g_input[4].head);
    if (wanted[2]) leaves_n = chosen(choice[8:6], g_input[0].head, g_input[1].head, g_input[2].head, g_input[3].head, g_input[4].head);
    if (wanted[3]) leaves_s = chosen(choice[11:9], g_input[0].head, g_input[1].head, g_input[2].head, g_input[3].head, g_input[4].head);
    if (wanted[4]) leaves_l = LOW'(chosen(choice[14:12], g_input[0].head, g_input[1].head, g_input[2].head, g_input[3].head, g_input[4].head));
  end
  assign out_e_o = {leaves_e[FB-1:LOW] & behind_e_i, leaves_e[LOW-1:0]};
  assign out_w_o = {leaves_w[FB-1:LOW] & behind_w_i, leaves_w[LOW-1:0]};
  assign out_n_o = {leaves_n[FB-1:LOW] & behind_n_i, leaves_n[LOW-1:0]};
  assign out_s_o = {leaves_s[FB-1:LOW] & behind_s_i, leaves_s[LOW-1:0]};
  assign out_l_o = leaves_l;  // Its mask would hold the core alone.

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
