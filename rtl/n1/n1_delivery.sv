// n1_delivery.sv - From arriving packets to accumulators: axon-in directory, synapse memory, read-modify-write.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A packet takes 1 + sum over its rows of (1 + synapses) cycles; a synapse is added two cycles after it is read.
// docs/rtl/architecture.md, section 4.
module n1_delivery (
    input logic clk_i,
    input logic rst_i,

    input logic [n1_pkg::SLOT_BITS-1:0] slot_i,  // Bank of the step.

    input  logic                           valid_i,
    output logic                           ready_o,
    input  logic [                   31:0] payload_i,

    // Axon-in directory, read at the packet's source.
    output logic                            axon_re_o,
    input  logic [n1_pkg::SYNAPSE_BITS-1:0] axon_first_i,
    input  logic                            axon_valid_i,

    // Synapse memory.
    output logic                            synapse_re_o,
    output logic [n1_pkg::SYNAPSE_BITS-1:0] synapse_addr_o,
    input  logic [                    31:0] synapse_word_i,

    // Accumulators.
    output logic                                sum_re_o,
    output logic [       n1_pkg::SLOT_BITS-1:0] sum_rslot_o,
    output logic [n1_pkg::ACCUMULATOR_BITS-1:0] sum_raddr_o,
    input  logic [                        31:0] sum_rdata_i,
    output logic                                sum_we_o,
    output logic [       n1_pkg::SLOT_BITS-1:0] sum_wslot_o,
    output logic [n1_pkg::ACCUMULATOR_BITS-1:0] sum_waddr_o,
    output logic [                        31:0] sum_wdata_o,

    output logic retire_o,    // A packet's last synapse has been written.
    output logic added_o,     // A synapse has been added.
    output logic busy_o,
    output logic unmapped_o,  // A packet whose source the directory does not have.
    output logic format_o     // A header or synapse that no core can have.
);
  localparam int AB = n1_pkg::ACCUMULATOR_BITS;
  localparam int SB = n1_pkg::SLOT_BITS;
  localparam int YB = n1_pkg::SYNAPSE_BITS;

  typedef enum logic [2:0] {
    IDLE,   // Takes a packet and reads the directory.
    AXON,   // The directory's word is there; reads the first header.
    HEAD,   // A header is there; reads the first synapse.
    RUN,    // Reads synapses.
    NEXT    // Reads the next header.
  } state_t;

  state_t state_q;
  logic [YB-1:0] address_q;
  logic [15:0] left_q;      // Synapses still to be read.
  logic last_q;             // The row is the last one of its axon.
  logic [31:0] payload_q;
  logic [31:0] factor_q;

  // The header, while it is there.
  logic [15:0] head_count;
  logic head_last, head_bad;
  assign head_count = synapse_word_i[15:0];
  assign head_last  = synapse_word_i[20];
  assign head_bad   = (head_count == '0) || (synapse_word_i[31:21] != '0);

  // What enters the pipeline: a synapse is being read, and the packet ends with it or without one.
  logic feed, ends;
  always_comb begin
    feed = 1'b0;
    ends = 1'b0;
    case (state_q)
      AXON: ends = ~axon_valid_i;
      HEAD: begin
        feed = ~head_bad;
        ends = head_bad | ((head_count == 16'd1) & head_last);
      end
      RUN: begin
        feed = 1'b1;
        ends = (left_q == 16'd1) & last_q;
      end
      default: ;
    endcase
  end

  assign ready_o        = state_q == IDLE;
  assign busy_o         = (state_q != IDLE) | valid_i;
  assign axon_re_o      = (state_q == IDLE) & valid_i;
  assign synapse_re_o   = ((state_q == AXON) & axon_valid_i) | (state_q == HEAD) | (state_q == RUN) | (state_q == NEXT);
  assign synapse_addr_o = (state_q == AXON) ? axon_first_i : address_q;

  always_ff @(posedge clk_i) begin
    case (state_q)
      IDLE:
      if (valid_i) begin
        state_q   <= AXON;
        payload_q <= payload_i;
      end
      AXON: begin
        address_q <= axon_first_i + YB'(1);
        state_q   <= axon_valid_i ? HEAD : IDLE;
      end
      HEAD: begin
        address_q <= address_q + YB'(1);
        left_q <= head_count - 16'd1;
        last_q <= head_last;
        factor_q <= payload_q << synapse_word_i[19:16];
        if (head_bad) state_q <= IDLE;
        else if (head_count == 16'd1) state_q <= head_last ? IDLE : NEXT;
        else state_q <= RUN;
      end
      RUN: begin
        address_q <= address_q + YB'(1);
        left_q <= left_q - 16'd1;
        if (left_q == 16'd1) state_q <= last_q ? IDLE : NEXT;
      end
      default: begin
        address_q <= address_q + YB'(1);
        state_q   <= HEAD;
      end
    endcase
    if (rst_i) state_q <= IDLE;
  end

  // The synapse's word is there: its sum is read.
  logic read_q, read_ends_q;
  logic [15:0] accumulator;
  logic [5:0] delay;
  logic signed [9:0] weight;
  logic synapse_bad;
  assign accumulator = synapse_word_i[15:0];
  assign delay = synapse_word_i[21:16];
  assign weight = synapse_word_i[31:22];
  assign synapse_bad = (accumulator >> AB) != '0 || (delay >> SB) != '0 || delay == '0;
  assign sum_re_o = read_q & ~synapse_bad;
  assign sum_rslot_o = slot_i + delay[SB-1:0];
  assign sum_raddr_o = accumulator[AB-1:0];

  // The sum is there: it is written with the product added.
  logic add_q, add_ends_q, bypass_q;
  logic [SB-1:0] add_slot_q;
  logic [AB-1:0] add_addr_q;
  logic [31:0] product_q, written_q, sum_before;
  assign sum_before = bypass_q ? written_q : sum_rdata_i;
  assign sum_we_o = add_q;
  assign sum_wslot_o = add_slot_q;
  assign sum_waddr_o = add_addr_q;
  assign sum_wdata_o = sum_before + product_q;

  always_ff @(posedge clk_i) begin
    read_q <= feed;
    read_ends_q <= ends;
    add_q <= sum_re_o;
    add_ends_q <= read_ends_q;
    if (sum_re_o) begin
      add_slot_q <= sum_rslot_o;
      add_addr_q <= sum_raddr_o;
      product_q <= 32'(weight) * factor_q;
      // The word is being written in this very cycle: the memory gives the old one.
      bypass_q <= add_q & (add_slot_q == sum_rslot_o) & (add_addr_q == sum_raddr_o);
    end
    if (add_q) written_q <= sum_wdata_o;
    retire_o <= add_ends_q;
    if (rst_i) begin
      read_q <= 1'b0;
      read_ends_q <= 1'b0;
      add_q <= 1'b0;
      add_ends_q <= 1'b0;
      retire_o <= 1'b0;
    end
  end

  assign added_o = add_q;
  assign unmapped_o = (state_q == AXON) & ~axon_valid_i;
  assign format_o = ((state_q == HEAD) & head_bad) | (read_q & synapse_bad);
endmodule : n1_delivery
