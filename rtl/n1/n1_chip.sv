// n1_chip.sv - The chip: a mesh of nodes, the host's ports, the barrier and the configuration bus.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/rtl/architecture.md, sections 1, 2, 6 and 7.
module n1_chip (
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
    input  logic in_done_i,
    output logic idle_o,

    input  logic                         in_valid_i,
    output logic                         in_ready_o,
    input  logic [n1_pkg::HOST_BITS-1:0] in_index_i,
    input  logic [                 31:0] in_payload_i,

    output logic                           out_valid_o,
    input  logic                           out_ready_i,
    output logic [n1_pkg::SOURCE_BITS-1:0] out_source_o,
    output logic [                   31:0] out_payload_o,

    input logic [6*n1_pkg::NODES:0] stall_i
);
  localparam int NODES = n1_pkg::NODES;
  localparam int ROWS = n1_pkg::ROWS;
  localparam int COLUMNS = n1_pkg::COLUMNS;
  localparam int FB = n1_pkg::FLIT_BITS;
  localparam int MB = n1_pkg::MASK_BITS;
  localparam int RB = n1_pkg::SOURCE_BITS;
  localparam int CB = n1_pkg::CREDIT_BITS;

  //===--- Configuration bus ----------------------------------------------===//

  logic cfg_valid_q, cfg_write_q, cfg_reads_q, cfg_answers_q;
  logic [7:0] cfg_node_q;
  logic [3:0] cfg_space_q;
  logic [15:0] cfg_addr_q;
  logic [31:0] cfg_wdata_q;
  logic [32*NODES-1:0] node_rdata;
  logic [31:0] host_rdata_q, all_rdata;

  always_ff @(posedge clk_i) begin
    cfg_valid_q <= cfg_valid_i & idle_o;
    if (cfg_valid_i) begin
      cfg_write_q <= cfg_write_i;
      cfg_node_q  <= cfg_node_i;
      cfg_space_q <= cfg_space_i;
      cfg_addr_q  <= cfg_addr_i;
      cfg_wdata_q <= cfg_wdata_i;
    end
    cfg_reads_q   <= cfg_valid_q & ~cfg_write_q;
    cfg_answers_q <= cfg_reads_q;
    if (rst_i) begin
      cfg_valid_q   <= 1'b0;
      cfg_reads_q   <= 1'b0;
      cfg_answers_q <= 1'b0;
    end
  end
  assign cfg_rvalid_o = cfg_answers_q;
  always_comb begin
    all_rdata = '0;
    if (cfg_answers_q) begin
      all_rdata = host_rdata_q;
      for (int n = 0; n < NODES; n++) all_rdata = all_rdata | node_rdata[32*n+:32];
    end
  end
  assign cfg_rdata_o = all_rdata;

  //===--- Barrier and the host's ports -----------------------------------===//

  logic start, host_idle, host_valid, host_ready;
  logic [31:0] step, cycles;
  logic [NODES-1:0] sent;
  logic [(NODES+1)*CB-1:0] given;
  logic [NODES-1:0] returned;
  logic host_returned_q;
  logic [FB-1:0] host_flit, host_out_flit;
  logic host_out_valid, host_out_ready;
  logic [6*NODES:0] stall_q;
  logic [MB-1:0] host_mask;
  logic cfg_host, cfg_host_mask, cfg_host_csr;

  assign cfg_host = cfg_valid_q & (cfg_node_q == 8'(NODES));
  assign cfg_host_mask = cfg_host & (cfg_space_q == n1_pkg::SPACE_HOST_MASK) & (32'(cfg_addr_q) < n1_pkg::HOST_INPUTS);
  assign cfg_host_csr = cfg_host & (cfg_space_q == n1_pkg::SPACE_CSR) & (cfg_addr_q < 16'd2);

  n1_barrier u_barrier (
      .clk_i,
      .rst_i,
      .start_i,
      .in_done_i,
      .idle_o,
      .start_o    (start),
      .sent_i     (sent),
      .host_idle_i(host_idle),
      .given_i    (given),
      .returned_i ({host_returned_q, returned}),
      .step_we_i  (cfg_host_csr & cfg_write_q & ~cfg_addr_q[0]),
      .step_i     (cfg_wdata_q),
      .step_o     (step),
      .cycles_o   (cycles)
  );

  n1_host u_host (
      .clk_i,
      .rst_i,
      .valid_i     (in_valid_i),
      .ready_o     (in_ready_o),
      .index_i     (in_index_i),
      .payload_i   (in_payload_i),
      .mask_re_i   (cfg_host_mask & ~cfg_write_q),
      .mask_we_i   (cfg_host_mask & cfg_write_q),
      .mask_addr_i (cfg_addr_q[n1_pkg::HOST_BITS-1:0]),
      .mask_wdata_i(cfg_wdata_q[MB-1:0]),
      .mask_o      (host_mask),
      .valid_o     (host_valid),
      .ready_i     (host_ready),
      .flit_o      (host_flit),
      .given_o     (given[NODES*CB+:CB]),
      .idle_o      (host_idle)
  );

  logic host_mask_read_q;
  logic [31:0] host_csr_q;
  always_ff @(posedge clk_i) begin
    host_mask_read_q <= cfg_host_mask & ~cfg_write_q;
    host_csr_q <= (cfg_host_csr & ~cfg_write_q) ? (cfg_addr_q[0] ? cycles : step) : '0;
    host_rdata_q <= host_mask_read_q ? 32'(host_mask) : host_csr_q;
  end

  //===--- Mesh -----------------------------------------------------------===//

  // Nodes of the columns from x0 to below x1 and rows from y0 to below y1.
  function automatic logic [MB-1:0] nodes(input int x0, input int x1, input int y0, input int y1);
    nodes = '0;
    for (int x = 0; x < COLUMNS; x++) begin
      for (int y = 0; y < ROWS; y++) begin
        if (x >= x0 && x < x1 && y >= y0 && y < y1) nodes[x*ROWS+y] = 1'b1;
      end
    end
  endfunction

  for (genvar x = 0; x < COLUMNS; x++) begin : g_column
    for (genvar y = 0; y < ROWS; y++) begin : g_row
      localparam int N = x * ROWS + y;
      localparam logic [MB-1:0] HERE = MB'(1) << N;
      localparam logic [MB-1:0] HOST = MB'(1) << NODES;
      localparam logic [MB-1:0] BEHIND_W = nodes(0, x, 0, ROWS) | ((x > 0) ? HOST : '0);
      localparam logic [MB-1:0] BEHIND_S = nodes(x, x + 1, 0, y) | ((x == 0) ? HOST : '0);

      // Neighbours; beyond an edge the node on the other side, from which nothing is taken.
      localparam int EAST = (x + 1) % COLUMNS;
      localparam int WEST = (x + COLUMNS - 1) % COLUMNS;
      localparam int NORTH = (y + 1) % ROWS;
      localparam int SOUTH = (y + ROWS - 1) % ROWS;
      localparam logic HAS_E = x + 1 < COLUMNS;
      localparam logic HAS_W = x > 0;
      localparam logic HAS_N = y + 1 < ROWS;
      localparam logic HAS_S = y > 0;
      localparam logic HAS_HOST = x == 0 && y == 0;

      logic [3:0] in_valid, in_ready, out_valid, out_ready;
      logic [FB-1:0] out_e, out_w, out_n, out_s;
      assign in_valid[0] = HAS_E & g_column[EAST].g_row[y].out_valid[1];
      assign in_valid[1] = HAS_HOST ? host_valid : (HAS_W & g_column[WEST].g_row[y].out_valid[0]);
      assign in_valid[2] = HAS_N & g_column[x].g_row[NORTH].out_valid[3];
      assign in_valid[3] = HAS_S & g_column[x].g_row[SOUTH].out_valid[2];
      assign out_ready[0] = HAS_E & g_column[EAST].g_row[y].in_ready[1];
      assign out_ready[1] = HAS_W & g_column[WEST].g_row[y].in_ready[0];
      assign out_ready[2] = HAS_N & g_column[x].g_row[NORTH].in_ready[3];
      assign out_ready[3] = HAS_HOST ? (host_out_ready & ~stall_q[6*NODES]) : (HAS_S & g_column[x].g_row[SOUTH].in_ready[2]);

      n1_node u_node (
          .clk_i,
          .rst_i,
          .first_source_i(RB'(N * n1_pkg::NEURONS)),
          .behind_e_i    (nodes(x + 1, COLUMNS, 0, ROWS)),
          .behind_w_i    (BEHIND_W),
          .behind_n_i    (nodes(x, x + 1, y + 1, ROWS)),
          .behind_s_i    (BEHIND_S),
          .behind_l_i    (HERE),
          .start_i       (start),
          .idle_i        (idle_o),
          .step_i        (step),
          .cfg_valid_i   (cfg_valid_q & (cfg_node_q == 8'(N))),
          .cfg_write_i   (cfg_write_q),
          .cfg_space_i   (cfg_space_q),
          .cfg_addr_i    (cfg_addr_q),
          .cfg_wdata_i   (cfg_wdata_q),
          .cfg_rdata_o   (node_rdata[32*N+:32]),
          .in_valid_i    (in_valid),
          .in_ready_o    (in_ready),
          .in_e_i        (g_column[EAST].g_row[y].out_w),
          .in_w_i        (HAS_HOST ? host_flit : g_column[WEST].g_row[y].out_e),
          .in_n_i        (g_column[x].g_row[NORTH].out_s),
          .in_s_i        (g_column[x].g_row[SOUTH].out_n),
          .out_valid_o   (out_valid),
          .out_ready_i   (out_ready),
          .out_e_o       (out_e),
          .out_w_o       (out_w),
          .out_n_o       (out_n),
          .out_s_o       (out_s),
          .stall_i       (stall_q[6*N+:6]),
          .sent_o        (sent[N]),
          .given_o       (given[N*CB+:CB]),
          .returned_o    (returned[N])
      );
    end
  end

  assign host_ready = g_column[0].g_row[0].in_ready[1];

  // Spikes for the host: what leaves the mesh by the south port of node (0,0).
  assign host_out_flit = g_column[0].g_row[0].out_s;
  assign host_out_valid = g_column[0].g_row[0].out_valid[3] & (host_out_flit[FB-1:RB+32] != '0) & ~stall_q[6*NODES];
  rv_fifo #(
      .WIDTH(RB + 32),
      .DEPTH(2)
  ) u_out (
      .clk_i,
      .rst_i,
      .in_valid_i(host_out_valid),
      .in_ready_o(host_out_ready),
      .in_data_i (host_out_flit[RB+31:0]),
      .out_valid_o(out_valid_o),
      .out_ready_i(out_ready_i),
      .out_data_o ({out_source_o, out_payload_o})
  );
  always_ff @(posedge clk_i) begin
    stall_q <= stall_i;
    host_returned_q <= ~rst_i & out_valid_o & out_ready_i;
  end
endmodule : n1_chip
