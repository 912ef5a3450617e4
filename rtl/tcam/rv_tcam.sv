//===- rv_tcam.sv - Ternary memory: the first entry that matches a key ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry i matches a key when (key & mask[i]) == key[i]; the lowest such i wins. All entries are compared at once: a lookup a cycle, its
// answer in the next one, kept until the next lookup. After reset, and with the words key all ones, mask 0, an entry matches nothing: a
// key bit outside the mask never does. Entries can be written while lookups run; a lookup sees the words written before its cycle.
//===----------------------------------------------------------------------===//
module rv_tcam #(
    parameter int unsigned ENTRIES  = 1024,  // At least 2.
    parameter int unsigned KEY_BITS = 32,
    localparam int unsigned INDEX_BITS = $clog2(ENTRIES)
) (
    input  logic                  clk_i,
    input  logic                  rst_i,
    input  logic                  write_key_i,
    input  logic                  write_mask_i,
    input  logic [INDEX_BITS-1:0] write_index_i,
    input  logic [KEY_BITS-1:0]   write_data_i,
    input  logic                  lookup_i,
    input  logic [KEY_BITS-1:0]   key_i,
    output logic                  hit_o,
    output logic [INDEX_BITS-1:0] index_o
);

  logic [ENTRIES-1:0]    match;
  logic [ENTRIES-1:0]    first;  // The lowest match alone.
  logic [INDEX_BITS-1:0] index;

  for (genvar i = 0; i < ENTRIES; i++) begin : gen_entry
    logic [KEY_BITS-1:0] key_q;
    logic [KEY_BITS-1:0] mask_q;
    logic                chosen;

    assign chosen   = write_index_i == INDEX_BITS'(i);
    assign match[i] = (key_i & mask_q) == key_q;

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        key_q  <= '1;
        mask_q <= '0;
      end else begin
        if (write_key_i && chosen) key_q <= write_data_i;
        if (write_mask_i && chosen) mask_q <= write_data_i;
      end
    end
  end

  assign first = match & (~match + 1'b1);

  // Bit b of the index: whether the first match lies at a place with that bit.
  function automatic logic [ENTRIES-1:0] places_with(input int unsigned b);
    for (int i = 0; i < ENTRIES; i++) places_with[i] = (i >> b) % 2 == 1;
  endfunction

  for (genvar b = 0; b < INDEX_BITS; b++) begin : gen_index
    localparam logic [ENTRIES-1:0] PLACES = places_with(b);
    assign index[b] = |(first & PLACES);
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      hit_o   <= 1'b0;
      index_o <= '0;
    end else if (lookup_i) begin
      hit_o   <= match != '0;
      index_o <= index;
    end
  end

endmodule
