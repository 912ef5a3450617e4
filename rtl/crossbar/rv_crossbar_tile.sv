//===- rv_crossbar_tile.sv - Digital periphery of a crossbar tile ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A matrix-vector product with an array that multiplies binary vectors (docs/rtl/blocks.md). Input words are written row by row; a start
// sends them into the array bit by bit, highest first. For each bit the rows are driven for READ_CYCLES cycles until the column sums on
// sums_i have settled, then converted LANES columns a converter, one a cycle, and added up with their weights. Then the results of all
// columns come out in order. The array is not part of this: sums_i are the integers that a converter would see.
//===----------------------------------------------------------------------===//
module rv_crossbar_tile #(
    parameter int unsigned ROWS        = 64,  // At least 2.
    parameter int unsigned COLUMNS     = 16,  // A multiple of LANES.
    parameter int unsigned LANES       = 4,   // Columns that share a converter, at least 2.
    parameter int unsigned INPUT_BITS  = 8,   // 2 to 16.
    parameter int unsigned SUM_BITS    = 16,  // 2 to 32.
    parameter int unsigned CODE_BITS   = 8,   // 1 to 16.
    parameter int unsigned READ_CYCLES = 2,   // At least 1.
    localparam int unsigned ROW_BITS = $clog2(ROWS),
    localparam int unsigned COLUMN_BITS = $clog2(COLUMNS),
    localparam int unsigned ADCS = COLUMNS / LANES,
    localparam int unsigned DATA_BITS = CODE_BITS + INPUT_BITS + 1
) (
    input  logic                        clk_i,
    input  logic                        rst_i,
    input  logic                        in_valid_i,
    output logic                        in_ready_o,
    input  logic [ROW_BITS-1:0]         in_row_i,
    input  logic [INPUT_BITS-1:0]       in_data_i,
    input  logic                        start_valid_i,
    output logic                        start_ready_o,
    output logic                        read_o,         // The rows are driven.
    output logic [ROWS-1:0]             rows_o,
    input  logic [COLUMNS*SUM_BITS-1:0] sums_i,         // Two's complement.
    output logic                        out_valid_o,
    input  logic                        out_ready_i,
    output logic [COLUMN_BITS-1:0]      out_column_o,
    output logic [DATA_BITS-1:0]        out_data_o,     // Two's complement.
    output logic                        code_valid_o,   // The codes of one cycle, for observation.
    output logic [ADCS*CODE_BITS-1:0]   codes_o,
    input  logic                        cfg_valid_i,
    input  logic                        cfg_write_i,
    input  logic [3:0]                  cfg_addr_i,
    input  logic [31:0]                 cfg_wdata_i,
    output logic                        cfg_rvalid_o,
    output logic [31:0]                 cfg_rdata_o
);

  localparam int unsigned SHIFT_BITS = 5;
  localparam int unsigned LANE_BITS = $clog2(LANES);
  localparam int unsigned READ_BITS = (READ_CYCLES > 1) ? $clog2(READ_CYCLES) : 1;
  localparam int unsigned BIT_BITS = $clog2(INPUT_BITS + 1);
  localparam logic [3:0] OFFSET = 4'd0, SHIFT = 4'd1, ZERO = 4'd2, INPUT = 4'd3, STATUS = 4'd4, LOW = 4'd5, HIGH = 4'd6;

  typedef enum logic [2:0] {
    Idle,
    Read,     // The rows are driven, the sums settle.
    Convert,  // A lane a cycle; the rows stay driven.
    Add,      // The last codes are added.
    Drain     // Results go out.
  } state_e;

  state_e                 state_q;
  logic [READ_BITS-1:0]   read_q;
  logic [LANE_BITS-1:0]   lane_q;
  logic [BIT_BITS-1:0]    bit_q;        // Input bits still to come after this one.
  logic                   first_q;
  logic [COLUMN_BITS-1:0] column_q;     // Going out.
  logic [ADCS-1:0]        converter_q;  // The converter whose column goes out, one bit.

  logic                  last_lane, last_column;
  logic                  row_there;
  logic                  start;
  logic                  convert;
  logic [INPUT_BITS-1:0] aligned;

  logic                      step_q, first_step_q;
  logic [ADCS-1:0]           low, high, low_q, high_q;
  logic [ADCS*CODE_BITS-1:0] codes;
  logic [ADCS*DATA_BITS-1:0] heads;

  logic [SUM_BITS-1:0]   offset_q;
  logic [SHIFT_BITS-1:0] shift_q;
  logic [CODE_BITS-1:0]  zero_q;
  logic [BIT_BITS-1:0]   bits_q;
  logic                  signed_q;
  logic                  bad_q;
  logic [31:0]           low_count_q, high_count_q;
  logic [31:0]           low_count, high_count;
  logic                  write, locked, refused;
  logic [31:0]           register;

  // ---- Rows ----------------------------------------------------------------------------------------------------------------------

  assign in_ready_o    = state_q == Idle || state_q == Drain;
  assign start_ready_o = state_q == Idle;
  assign start         = start_valid_i && start_ready_o;
  assign convert       = state_q == Convert;
  assign read_o        = state_q == Read || convert;
  assign row_there     = 32'(in_row_i) < ROWS;
  assign aligned       = in_data_i << (BIT_BITS'(INPUT_BITS) - bits_q);
  assign last_lane     = lane_q == LANE_BITS'(LANES - 1);
  assign last_column   = column_q == COLUMN_BITS'(COLUMNS - 1);

  rv_bit_driver #(
      .ROWS      (ROWS),
      .INPUT_BITS(INPUT_BITS)
  ) u_rows (
      .clk_i  (clk_i),
      .rst_i  (rst_i),
      .write_i(in_valid_i && in_ready_o && row_there),
      .row_i  (in_row_i),
      .data_i (aligned),
      .shift_i(convert && last_lane),
      .drive_i(read_o),
      .rows_o (rows_o)
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q     <= Idle;
      read_q      <= '0;
      lane_q      <= '0;
      bit_q       <= '0;
      first_q     <= 1'b0;
      column_q    <= '0;
      converter_q <= '0;
    end else begin
      unique case (state_q)
        Idle:
        if (start) begin
          state_q <= Read;
          read_q  <= '0;
          bit_q   <= bits_q - 1'b1;
          first_q <= 1'b1;
        end
        Read: begin
          read_q <= read_q + 1'b1;
          lane_q <= '0;
          if (read_q == READ_BITS'(READ_CYCLES - 1)) state_q <= Convert;
        end
        Convert: begin
          lane_q <= lane_q + 1'b1;
          read_q <= '0;
          if (last_lane) begin
            state_q <= (bit_q == '0) ? Add : Read;
            bit_q   <= bit_q - 1'b1;
            first_q <= 1'b0;
          end
        end
        Add: begin
          state_q     <= Drain;
          lane_q      <= '0;
          column_q    <= '0;
          converter_q <= ADCS'(1);
        end
        default:
        if (out_ready_i) begin
          column_q <= column_q + 1'b1;
          lane_q   <= last_lane ? '0 : lane_q + 1'b1;
          if (last_lane) converter_q <= converter_q << 1;
          if (last_column) state_q <= Idle;
        end
      endcase
    end
  end

  // ---- Columns -------------------------------------------------------------------------------------------------------------------

  for (genvar a = 0; a < ADCS; a++) begin : gen_converter
    logic [SUM_BITS-1:0] sum;

    always_comb begin
      sum = '0;
      for (int k = 0; k < LANES; k++) begin
        if (lane_q == LANE_BITS'(k)) sum = sum | sums_i[(a*LANES+k)*SUM_BITS+:SUM_BITS];
      end
    end

    rv_integer_adc #(
        .SUM_BITS  (SUM_BITS),
        .CODE_BITS (CODE_BITS),
        .SHIFT_BITS(SHIFT_BITS)
    ) u_adc (
        .sum_i   (sum),
        .offset_i(offset_q),
        .shift_i (shift_q),
        .code_o  (codes[a*CODE_BITS+:CODE_BITS]),
        .low_o   (low[a]),
        .high_o  (high[a])
    );

    rv_shift_add #(
        .LANES     (LANES),
        .CODE_BITS (CODE_BITS),
        .INPUT_BITS(INPUT_BITS)
    ) u_sums (
        .clk_i     (clk_i),
        .step_i    (step_q || (state_q == Drain && out_ready_i && converter_q[a])),
        .first_i   (first_step_q),
        .negative_i(signed_q),
        .code_i    (codes_o[a*CODE_BITS+:CODE_BITS]),
        .zero_i    (zero_q),
        .data_o    (heads[a*DATA_BITS+:DATA_BITS])
    );
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      step_q <= 1'b0;
      low_q  <= '0;
      high_q <= '0;
    end else begin
      step_q <= convert;
      low_q  <= convert ? low : '0;
      high_q <= convert ? high : '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (convert) begin
      codes_o      <= codes;
      first_step_q <= first_q;
    end
  end

  assign code_valid_o = step_q;
  assign out_valid_o  = state_q == Drain;
  assign out_column_o = column_q;

  always_comb begin
    out_data_o = '0;
    for (int a = 0; a < ADCS; a++) begin
      if (converter_q[a]) out_data_o = out_data_o | heads[a*DATA_BITS+:DATA_BITS];
    end
  end

  // ---- Configuration -------------------------------------------------------------------------------------------------------------

  assign write = cfg_valid_i && cfg_write_i;

  assign locked = state_q != Idle || start;

  // What a write must keep to; a refused one changes nothing.
  always_comb begin
    case (cfg_addr_i)
      OFFSET:     refused = locked || signed'(cfg_wdata_i) != 32'(signed'(cfg_wdata_i[SUM_BITS-1:0]));
      SHIFT:      refused = locked || (cfg_wdata_i >> SHIFT_BITS) != '0;
      ZERO:       refused = locked || (cfg_wdata_i >> CODE_BITS) != '0;
      INPUT:      refused = locked || {cfg_wdata_i[31:9], 1'b0, cfg_wdata_i[7:0]} - 32'd1 >= INPUT_BITS;
      STATUS,
      LOW,
      HIGH:       refused = 1'b0;
      default:    refused = 1'b1;
    endcase
  end

  always_comb begin
    low_count  = '0;
    high_count = '0;
    for (int a = 0; a < ADCS; a++) begin
      low_count  = low_count + 32'(low_q[a]);
      high_count = high_count + 32'(high_q[a]);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      offset_q     <= '0;
      shift_q      <= '0;
      zero_q       <= '0;
      bits_q       <= BIT_BITS'(INPUT_BITS);
      signed_q     <= 1'b0;
      bad_q        <= 1'b0;
      low_count_q  <= '0;
      high_count_q <= '0;
    end else begin
      if (write && !refused) begin
        if (cfg_addr_i == OFFSET) offset_q <= cfg_wdata_i[SUM_BITS-1:0];
        if (cfg_addr_i == SHIFT) shift_q <= cfg_wdata_i[SHIFT_BITS-1:0];
        if (cfg_addr_i == ZERO) zero_q <= cfg_wdata_i[CODE_BITS-1:0];
        if (cfg_addr_i == INPUT) {signed_q, bits_q} <= {cfg_wdata_i[8], cfg_wdata_i[BIT_BITS-1:0]};
      end
      bad_q <= (write && refused) || (cfg_valid_i && cfg_addr_i > HIGH) || (in_valid_i && in_ready_o && !row_there) ||
               (bad_q && !(write && cfg_addr_i == STATUS && cfg_wdata_i[1]));
      low_count_q  <= (write && cfg_addr_i == LOW) ? cfg_wdata_i : low_count_q + low_count;
      high_count_q <= (write && cfg_addr_i == HIGH) ? cfg_wdata_i : high_count_q + high_count;
    end
  end

  always_comb begin
    case (cfg_addr_i)
      OFFSET:  register = 32'(signed'(offset_q));
      SHIFT:   register = 32'(shift_q);
      ZERO:    register = 32'(zero_q);
      INPUT:   register = {23'd0, signed_q, 8'(bits_q)};
      STATUS:  register = {30'd0, bad_q, state_q != Idle};
      LOW:     register = low_count_q;
      HIGH:    register = high_count_q;
      default: register = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      cfg_rvalid_o <= 1'b0;
      cfg_rdata_o  <= '0;
    end else begin
      cfg_rvalid_o <= cfg_valid_i && !cfg_write_i;
      cfg_rdata_o  <= register;
    end
  end

endmodule
