// n1_accumulators.sv - Delay accumulators: a bank for each step within reach.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two users at a time: one (the update, or the configuration bus) reads and writes one bank, the other (delivery) another one;
// delays of 1 to SLOTS - 1 steps keep them apart.
module n1_accumulators (
    input  logic                                clk_i,
    // Update or configuration.
    input  logic                                a_re_i,
    input  logic                                a_we_i,
    input  logic [       n1_pkg::SLOT_BITS-1:0] a_slot_i,
    input  logic [n1_pkg::ACCUMULATOR_BITS-1:0] a_raddr_i,
    input  logic [n1_pkg::ACCUMULATOR_BITS-1:0] a_waddr_i,
    input  logic [                        31:0] a_wdata_i,
    output logic [                        31:0] a_rdata_o,
    // Delivery.
    input  logic                                b_re_i,
    input  logic                                b_we_i,
    input  logic [       n1_pkg::SLOT_BITS-1:0] b_rslot_i,
    input  logic [n1_pkg::ACCUMULATOR_BITS-1:0] b_raddr_i,
    input  logic [       n1_pkg::SLOT_BITS-1:0] b_wslot_i,
    input  logic [n1_pkg::ACCUMULATOR_BITS-1:0] b_waddr_i,
    input  logic [                        31:0] b_wdata_i,
    output logic [                        31:0] b_rdata_o
);
  localparam int SLOTS = n1_pkg::SLOTS;
  localparam int SB = n1_pkg::SLOT_BITS;

  logic [SLOTS-1:0] a_banks, a_reads, a_writes, reads, writes;
  logic [32*SLOTS-1:0] rdata;
  logic [SB-1:0] a_slot_q, b_slot_q;

  assign a_banks = SLOTS'(1) << a_slot_i;
  assign a_reads = a_re_i ? a_banks : '0;
  assign a_writes = a_we_i ? a_banks : '0;
  assign reads = a_reads | (SLOTS'(b_re_i) << b_rslot_i);
  assign writes = a_writes | (SLOTS'(b_we_i) << b_wslot_i);

  for (genvar s = 0; s < SLOTS; s++) begin : g_bank
    rv_ram #(
        .WIDTH(32),
        .DEPTH(n1_pkg::ACCUMULATORS)
    ) u_ram (
        .clk_i,
        .re_i   (reads[s]),
        .raddr_i(a_reads[s] ? a_raddr_i : b_raddr_i),
        .rdata_o(rdata[32*s+:32]),
        .we_i   (writes[s]),
        .waddr_i(a_writes[s] ? a_waddr_i : b_waddr_i),
        .wdata_i(a_writes[s] ? a_wdata_i : b_wdata_i)
    );
  end

  always_ff @(posedge clk_i) begin
    if (a_re_i) a_slot_q <= a_slot_i;
    if (b_re_i) b_slot_q <= b_rslot_i;
  end
  assign a_rdata_o = rdata[32*a_slot_q+:32];
  assign b_rdata_o = rdata[32*b_slot_q+:32];
endmodule : n1_accumulators
