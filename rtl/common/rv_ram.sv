//===- rv_ram.sv - Memory with one read port and one write port -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only place of memory in the design, so that a chip's own macros need replacing in one file. Both ports are synchronous. A read
// takes one cycle and its word stays on rdata_o until the next read. A read of the word that is written in the same cycle returns the
// OLD word. Nothing is reset: words are unknown until written, and rdata_o until the first read. Addresses are below DEPTH.
//===----------------------------------------------------------------------===//
module rv_ram #(
    parameter int unsigned WIDTH = 32,   // Bits of a word, at least 1.
    parameter int unsigned DEPTH = 256,  // Words, at least 2.
    localparam int unsigned ADDR_BITS = $clog2(DEPTH)
) (
    input  logic                 clk_i,
    input  logic                 re_i,
    input  logic [ADDR_BITS-1:0] raddr_i,
    output logic [WIDTH-1:0]     rdata_o,
    input  logic                 we_i,
    input  logic [ADDR_BITS-1:0] waddr_i,
    input  logic [WIDTH-1:0]     wdata_i
);

  logic [WIDTH-1:0] mem[0:DEPTH-1];

  always_ff @(posedge clk_i) begin
    if (we_i) mem[waddr_i] <= wdata_i;
    if (re_i) rdata_o <= mem[raddr_i];
  end

endmodule
