//===- rv_tcam_router.sv - Multicast router that looks packets up by key --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The router of a SpiNNaker-like chip (docs/rtl/blocks.md): seven inputs (links 0 to 5: E, NE, N, W, SW, S; 6: the chip's cores), one
// lookup a cycle, outputs to six links and CORES cores. The first entry with (key & mask) == key gives the outputs. Without a match a
// packet from a link goes out by the opposite link, one from a core is dropped; a packet that its outputs do not take in time is dropped.
// Every drop is counted, flagged, and the first one readable.
//
//   input queues -> K: chosen, round robin -> A: matched -> B: route read -> outputs
//
// A stage moves on when the next one does; the queues end the chain of readiness that starts at the outputs.
//===----------------------------------------------------------------------===//
module rv_tcam_router #(
    parameter int unsigned ENTRIES   = 1024,  // 2 to 16384.
    parameter int unsigned CORES     = 18,    // 1 to 26.
    parameter int unsigned KEY_BITS  = 32,    // At most 32.
    parameter int unsigned BODY_BITS = 40,    // Of a packet besides the key, carried along; at most 64.
    parameter int unsigned DEPTH     = 2,     // Of each input queue.
    localparam int unsigned INPUTS = 7,
    localparam int unsigned OUTPUTS = 6 + CORES
) (
    input  logic                        clk_i,
    input  logic                        rst_i,
    input  logic [INPUTS-1:0]           in_valid_i,
    output logic [INPUTS-1:0]           in_ready_o,
    input  logic [INPUTS*KEY_BITS-1:0]  in_key_i,
    input  logic [INPUTS*BODY_BITS-1:0] in_body_i,
    output logic [OUTPUTS-1:0]          out_valid_o,
    input  logic [OUTPUTS-1:0]          out_ready_i,
    output logic [KEY_BITS-1:0]         out_key_o,
    output logic [BODY_BITS-1:0]        out_body_o,
    input  logic                        cfg_valid_i,
    input  logic                        cfg_write_i,
    input  logic [15:0]                 cfg_addr_i,
    input  logic [31:0]                 cfg_wdata_i,
    output logic                        cfg_rvalid_o,
    output logic [31:0]                 cfg_rdata_o,
    output logic                        alarm_o
);

  localparam int unsigned INDEX_BITS = $clog2(ENTRIES);
  localparam int unsigned WORD_BITS = BODY_BITS + KEY_BITS;
  localparam int unsigned PACKET_BITS = 3 + WORD_BITS;  // {input, body, key}
  localparam logic [1:0] KEY = 2'd0, MASK = 2'd1, ROUTE = 2'd2, REGISTER = 2'd3;

  logic [INPUTS-1:0]           head_valid;
  logic [INPUTS*WORD_BITS-1:0] head;
  logic [INPUTS-1:0]           grant;
  logic [PACKET_BITS-1:0]      chosen;
  logic                        choose;

  logic                   k_valid_q, a_valid_q, b_valid_q;
  logic [PACKET_BITS-1:0] k_packet_q, a_packet_q, b_packet_q;
  logic                   k_ready, a_ready, b_ready;
  logic                   a_hit, b_hit_q;
  logic [INDEX_BITS-1:0]  a_index, b_index_q;
  logic                   b_read_q;  // The route word at hand is that of the packet in B.
  logic                   b_go, b_stays;
  logic [2:0]             b_input;
  logic [OUTPUTS-1:0]     b_outputs;
  logic                   b_defaulted, b_discarded, b_unrouted;
  logic                   out_ready;
  logic [2:0]             out_input;
  logic                   dropped;
  logic [OUTPUTS-1:0]     dropped_outputs;

  logic [1:0]         cfg_space;
  logic [13:0]        cfg_index;
  logic               cfg_entry;  // The access is to an entry that is there.
  logic               cfg_bad;
  logic               cfg_route_read;
  logic               cfg_read_q, cfg_route_q;
  logic [OUTPUTS-1:0] route;
  logic [31:0]        cfg_register;

  logic        enable;
  logic        wait_forever;
  logic [19:0] limit;
  logic        busy;

  // ---- Inputs --------------------------------------------------------------------------------------------------------------------

  for (genvar i = 0; i < INPUTS; i++) begin : gen_input
    rv_fifo #(
        .WIDTH(WORD_BITS),
        .DEPTH(DEPTH)
    ) u_queue (
        .clk_i      (clk_i),
        .rst_i      (rst_i),
        .in_valid_i (in_valid_i[i]),
        .in_ready_o (in_ready_o[i]),
        .in_data_i  ({in_body_i[i*BODY_BITS+:BODY_BITS], in_key_i[i*KEY_BITS+:KEY_BITS]}),
        .out_valid_o(head_valid[i]),
        .out_ready_i(choose && grant[i]),
        .out_data_o (head[i*WORD_BITS+:WORD_BITS])
    );
  end

  rv_round_robin #(
      .REQUESTS(INPUTS)
  ) u_choice (
      .clk_i    (clk_i),
      .rst_i    (rst_i),
      .request_i(head_valid),
      .grant_o  (grant),
      .advance_i(choose)
  );

  assign choose = k_ready && enable;

  always_comb begin
    chosen = '0;
    for (int i = 0; i < INPUTS; i++) begin
      if (grant[i]) chosen = chosen | {3'(i), head[i*WORD_BITS+:WORD_BITS]};
    end
  end

  // ---- Lookup --------------------------------------------------------------------------------------------------------------------

  assign k_ready = !k_valid_q || a_ready;
  assign a_ready = !a_valid_q || b_ready;
  assign b_ready = !b_valid_q || b_go;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      k_valid_q <= 1'b0;
      a_valid_q <= 1'b0;
      b_valid_q <= 1'b0;
      b_read_q  <= 1'b0;
    end else begin
      if (k_ready) k_valid_q <= choose && grant != '0;
      if (a_ready) a_valid_q <= k_valid_q;
      if (b_ready) b_valid_q <= a_valid_q;
      b_read_q <= !cfg_route_read;
    end
  end

  always_ff @(posedge clk_i) begin
    if (k_ready) k_packet_q <= chosen;
    if (a_ready) a_packet_q <= k_packet_q;
    if (b_ready) begin
      b_packet_q <= a_packet_q;
      b_hit_q    <= a_hit;
      b_index_q  <= a_index;
    end
  end

  rv_tcam #(
      .ENTRIES (ENTRIES),
      .KEY_BITS(KEY_BITS)
  ) u_tcam (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .write_key_i  (cfg_valid_i && cfg_write_i && cfg_entry && cfg_space == KEY),
      .write_mask_i (cfg_valid_i && cfg_write_i && cfg_entry && cfg_space == MASK),
      .write_index_i(cfg_index[INDEX_BITS-1:0]),
      .write_data_i (cfg_wdata_i[KEY_BITS-1:0]),
      .lookup_i     (k_valid_q && a_ready),
      .key_i        (k_packet_q[KEY_BITS-1:0]),
      .hit_o        (a_hit),
      .index_o      (a_index)
  );

  // The configuration reads routes through the port of the lookups and goes first; a packet that waits in B then reads its word again.
  rv_ram #(
      .WIDTH(OUTPUTS),
      .DEPTH(ENTRIES)
  ) u_routes (
      .clk_i  (clk_i),
      .re_i   (cfg_route_read || (b_stays ? !b_read_q : a_valid_q)),
      .raddr_i(cfg_route_read ? cfg_index[INDEX_BITS-1:0] : b_stays ? b_index_q : a_index),
      .rdata_o(route),
      .we_i   (cfg_valid_i && cfg_write_i && cfg_entry && cfg_space == ROUTE),
      .waddr_i(cfg_index[INDEX_BITS-1:0]),
      .wdata_i(cfg_wdata_i[OUTPUTS-1:0])
  );

  // ---- Route ---------------------------------------------------------------------------------------------------------------------

  assign b_input = b_packet_q[WORD_BITS+:3];

  always_comb begin
    b_outputs = '0;
    if (b_hit_q) begin
      b_outputs = route;
    end else begin
      case (b_input)
        3'd0:    b_outputs[3] = 1'b1;
        3'd1:    b_outputs[4] = 1'b1;
        3'd2:    b_outputs[5] = 1'b1;
        3'd3:    b_outputs[0] = 1'b1;
        3'd4:    b_outputs[1] = 1'b1;
        3'd5:    b_outputs[2] = 1'b1;
        default: b_outputs = '0;
      endcase
    end
  end

  assign b_go        = b_valid_q && b_read_q && (out_ready || b_outputs == '0);
  assign b_stays     = b_valid_q && !b_go;
  assign b_defaulted = b_go && !b_hit_q && b_outputs != '0;
  assign b_discarded = b_go && b_hit_q && b_outputs == '0;
  assign b_unrouted  = b_go && !b_hit_q && b_outputs == '0;

  rv_multicast_out #(
      .OUTPUTS   (OUTPUTS),
      .WIDTH     (PACKET_BITS),
      .LIMIT_BITS(20)
  ) u_out (
      .clk_i            (clk_i),
      .rst_i            (rst_i),
      .in_valid_i       (b_go && b_outputs != '0),
      .in_ready_o       (out_ready),
      .in_outputs_i     (b_outputs),
      .in_data_i        (b_packet_q),
      .out_valid_o      (out_valid_o),
      .out_ready_i      (out_ready_i),
      .out_data_o       ({out_input, out_body_o, out_key_o}),
      .limit_i          (limit),
      .forever_i        (wait_forever),
      .dropped_o        (dropped),
      .dropped_outputs_o(dropped_outputs)
  );

  // ---- Configuration -------------------------------------------------------------------------------------------------------------

  assign cfg_space      = cfg_addr_i[15:14];
  assign cfg_index      = cfg_addr_i[13:0];
  assign cfg_entry      = 32'(cfg_index) < ENTRIES;
  assign cfg_route_read = cfg_valid_i && !cfg_write_i && cfg_space == ROUTE && cfg_entry;
  assign cfg_bad        = cfg_valid_i && cfg_space != REGISTER && (!cfg_entry || (!cfg_write_i && cfg_space != ROUTE));
  assign busy           = head_valid != '0 || k_valid_q || a_valid_q || b_valid_q || out_valid_o != '0;

  rv_tcam_registers #(
      .OUTPUTS  (OUTPUTS),
      .KEY_BITS (KEY_BITS),
      .BODY_BITS(BODY_BITS)
  ) u_registers (
      .clk_i            (clk_i),
      .rst_i            (rst_i),
      .read_i           (cfg_valid_i && !cfg_write_i && cfg_space == REGISTER),
      .write_i          (cfg_valid_i && cfg_write_i && cfg_space == REGISTER),
      .address_i        (cfg_index),
      .wdata_i          (cfg_wdata_i),
      .rdata_o          (cfg_register),
      .bad_access_i     (cfg_bad),
      .busy_i           (busy),
      .link_lookup_i    (b_go && b_input != 3'd6),
      .core_lookup_i    (b_go && b_input == 3'd6),
      .defaulted_i      (b_defaulted),
      .discarded_i      (b_discarded),
      .unrouted_i       (b_unrouted),
      .unrouted_packet_i(b_packet_q),
      .dropped_i        (dropped),
      .dropped_outputs_i(dropped_outputs),
      .dropped_packet_i ({out_input, out_body_o, out_key_o}),
      .copies_i         (out_valid_o & out_ready_i),
      .enable_o         (enable),
      .forever_o        (wait_forever),
      .limit_o          (limit),
      .alarm_o          (alarm_o)
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      cfg_read_q   <= 1'b0;
      cfg_route_q  <= 1'b0;
      cfg_rvalid_o <= 1'b0;
      cfg_rdata_o  <= '0;
    end else begin
      cfg_read_q   <= cfg_valid_i && !cfg_write_i;
      cfg_route_q  <= cfg_route_read;
      cfg_rvalid_o <= cfg_read_q;
      cfg_rdata_o  <= cfg_route_q ? 32'(route) : cfg_register;
    end
  end

endmodule
