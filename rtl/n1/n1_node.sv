// n1_node.sv - A node of the mesh: a core and its router.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
module n1_node (
    input logic clk_i,
    input logic rst_i,

    // Place in the mesh; constant.
    input logic [n1_pkg::SOURCE_BITS-1:0] first_source_i,
    input logic [  n1_pkg::MASK_BITS-1:0] behind_e_i,
    input logic [  n1_pkg::MASK_BITS-1:0] behind_w_i,
    input logic [  n1_pkg::MASK_BITS-1:0] behind_n_i,
    input logic [  n1_pkg::MASK_BITS-1:0] behind_s_i,
    input logic [  n1_pkg::MASK_BITS-1:0] behind_l_i,

    input logic        start_i,
    input logic        idle_i,
    input logic [31:0] step_i,

    input  logic        cfg_valid_i,
    input  logic        cfg_write_i,
    input  logic [ 3:0] cfg_space_i,
    input  logic [15:0] cfg_addr_i,
    input  logic [31:0] cfg_wdata_i,
    output logic [31:0] cfg_rdata_o,

    // Links to the neighbours; bit 0: east, 1: west, 2: north, 3: south.
    input  logic [                  3:0] in_valid_i,
    output logic [                  3:0] in_ready_o,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_e_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_w_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_n_i,
    input  logic [n1_pkg::FLIT_BITS-1:0] in_s_i,
    output logic [                  3:0] out_valid_o,
    input  logic [                  3:0] out_ready_i,
    output logic [n1_pkg::FLIT_BITS-1:0] out_e_o,
    output logic [n1_pkg::FLIT_BITS-1:0] out_w_o,
    output logic [n1_pkg::FLIT_BITS-1:0] out_n_o,
    output logic [n1_pkg::FLIT_BITS-1:0] out_s_o,

    // Throttles: the router's inputs E, W, N, S, L, the core's delivery.
    input logic [5:0] stall_i,

    output logic                           sent_o,
    output logic [n1_pkg::CREDIT_BITS-1:0] given_o,
    output logic                           returned_o
);
  localparam int MB = n1_pkg::MASK_BITS;
  localparam int RB = n1_pkg::SOURCE_BITS;

  logic [4:0] router_ready, router_valid;
  logic core_valid, core_ready;
  logic [MB-1:0] core_mask;
  logic [n1_pkg::NEURON_BITS-1:0] core_neuron;
  logic [31:0] core_payload;
  logic [RB+31:0] to_core;

  assign in_ready_o = router_ready[3:0] & ~stall_i[3:0];
  assign out_valid_o = router_valid[3:0];

  n1_router u_router (
      .clk_i,
      .rst_i,
      .behind_e_i,
      .behind_w_i,
      .behind_n_i,
      .behind_s_i,
      .behind_l_i,
      .in_valid_i ({core_valid, in_valid_i} & ~stall_i[4:0]),
      .in_ready_o (router_ready),
      .in_e_i,
      .in_w_i,
      .in_n_i,
      .in_s_i,
      .in_l_i     ({core_mask, first_source_i + RB'(core_neuron), core_payload}),
      .out_valid_o(router_valid),
      .out_ready_i({core_ready & ~stall_i[5], out_ready_i}),
      .out_e_o,
      .out_w_o,
      .out_n_o,
      .out_s_o,
      .out_l_o    (to_core)
  );

  n1_core u_core (
      .clk_i,
      .rst_i,
      .start_i,
      .idle_i,
      .step_i,
      .cfg_valid_i,
      .cfg_write_i,
      .cfg_space_i,
      .cfg_addr_i,
      .cfg_wdata_i,
      .cfg_rdata_o,
      .in_valid_i   (router_valid[4] & ~stall_i[5]),
      .in_ready_o   (core_ready),
      .in_source_i  (to_core[RB+31:32]),
      .in_payload_i (to_core[31:0]),
      .out_valid_o  (core_valid),
      .out_ready_i  (router_ready[4] & ~stall_i[4]),
      .out_mask_o   (core_mask),
      .out_neuron_o (core_neuron),
      .out_payload_o(core_payload),
      .sent_o,
      .given_o,
      .returned_o
  );
endmodule : n1_node
