// n1_chip_aer.sv - The chip with 4-phase AER buses for its spikes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An event in is {input, payload}, an event out {source, payload}; the rest is n1_chip. The two buses may belong to other clocks or to
// none; start_i, in_done_i, idle_o and the configuration bus belong to clk_i. docs/rtl/architecture.md, section 7.
module n1_chip_aer (
    input logic clk_i,
    input logic rst_i,

    input  logic        cfg_valid_i,
    input  logic        cfg_write_i,
    input  logic [ 7:0] cfg_node_i,
    input  logic [ 3:0] cfg_space_i,
    input  logic [15:0] cfg_addr_i,
    input  logic [31:0] cfg_wdata_i,
    output logic        cfg_rvalid_o,
    output logic [31:0] cfg_rdata_o,

    input  logic start_i,
    input  logic in_done_i,  // Raised when the last event of the step has been acknowledged.
    output logic idle_o,     // The step has ended, and so has the handshake of its last event out.

    input  logic                           in_req_i,
    output logic                           in_ack_o,
    input  logic [n1_pkg::HOST_BITS+31:0] in_data_i,

    output logic                             out_req_o,
    input  logic                             out_ack_i,
    output logic [n1_pkg::SOURCE_BITS+31:0] out_data_o
);
  localparam int HB = n1_pkg::HOST_BITS;
  localparam int RB = n1_pkg::SOURCE_BITS;

  logic in_valid, in_ready, out_valid, out_ready, chip_idle;
  logic [HB+31:0] in_event;
  logic [RB+31:0] out_event;

  // The chip is done with a spike when the adapter has taken it, but the receiver, which knows steps by idle_o alone, has yet to see it.
  // out_ready says that no event is under way: the one taken last makes it fall before the chip's credit for it has come back.
  assign idle_o = chip_idle & out_ready;

  rv_aer_in #(
      .WIDTH(HB + 32)
  ) u_in (
      .clk_i,
      .rst_i,
      .aer_req_i  (in_req_i),
      .aer_data_i (in_data_i),
      .aer_ack_o  (in_ack_o),
      .out_valid_o(in_valid),
      .out_ready_i(in_ready & ~chip_idle),
      .out_data_o (in_event)
  );

  // The sender of a bus without a clock does not know the cycle in which a step ends. Between steps its event waits in the adapter: the
  // chip takes what is offered at any time, but its memories belong to the configuration bus while it is idle.
  n1_chip u_chip (
      .clk_i,
      .rst_i,
      .cfg_valid_i  (cfg_valid_i & idle_o),
      .cfg_write_i,
      .cfg_node_i,
      .cfg_space_i,
      .cfg_addr_i,
      .cfg_wdata_i,
      .cfg_rvalid_o,
      .cfg_rdata_o,
      .start_i      (start_i & idle_o),
      .in_done_i,
      .idle_o       (chip_idle),
      .in_valid_i   (in_valid & ~chip_idle),
      .in_ready_o   (in_ready),
      .in_index_i   (in_event[HB+31:32]),
      .in_payload_i (in_event[31:0]),
      .out_valid_o  (out_valid),
      .out_ready_i  (out_ready),
      .out_source_o (out_event[RB+31:32]),
      .out_payload_o(out_event[31:0]),
      .stall_i      ('0)
  );

  rv_aer_out #(
      .WIDTH(RB + 32)
  ) u_out (
      .clk_i,
      .rst_i,
      .in_valid_i(out_valid),
      .in_ready_o(out_ready),
      .in_data_i (out_event),
      .aer_req_o (out_req_o),
      .aer_data_o(out_data_o),
      .aer_ack_i (out_ack_i)
  );
endmodule : n1_chip_aer
