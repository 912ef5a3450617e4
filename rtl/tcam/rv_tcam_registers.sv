//===- rv_tcam_registers.sv - Control, counters and dropped packet --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The registers of rv_tcam_router (docs/rtl/blocks.md). Reads answer in the cycle after. Counters count modulo 2^32 and can be written;
// an event of the same cycle is then lost to the counter. Of a flag that is cleared in the cycle of its event, the event wins.
//===----------------------------------------------------------------------===//
module rv_tcam_registers #(
    parameter int unsigned OUTPUTS   = 24,  // At most 32.
    parameter int unsigned KEY_BITS  = 32,  // At most 32.
    parameter int unsigned BODY_BITS = 40,  // At most 64.
    localparam int unsigned PACKET_BITS = 3 + BODY_BITS + KEY_BITS
) (
    input  logic                   clk_i,
    input  logic                   rst_i,
    input  logic                   read_i,
    input  logic                   write_i,
    input  logic [13:0]            address_i,
    input  logic [31:0]            wdata_i,
    output logic [31:0]            rdata_o,
    input  logic                   bad_access_i,   // An access to the tables that does not exist.
    input  logic                   busy_i,
    input  logic                   link_lookup_i,
    input  logic                   core_lookup_i,
    input  logic                   defaulted_i,
    input  logic                   discarded_i,
    input  logic                   unrouted_i,
    input  logic [PACKET_BITS-1:0] unrouted_packet_i,
    input  logic                   dropped_i,
    input  logic [OUTPUTS-1:0]     dropped_outputs_i,
    input  logic [PACKET_BITS-1:0] dropped_packet_i,
    input  logic [OUTPUTS-1:0]     copies_i,       // Outputs that take a copy in this cycle.
    output logic                   enable_o,
    output logic                   forever_o,
    output logic [19:0]            limit_o,
    output logic                   alarm_o
);

  localparam logic [13:0] CONTROL = 14'd0, STATUS = 14'd1, LINK_LOOKUPS = 14'd2, CORE_LOOKUPS = 14'd3, DEFAULTED = 14'd4,
      DISCARDED = 14'd5, UNROUTED = 14'd6, TIMED_OUT = 14'd7, COPIES = 14'd8, DUMP_KEY = 14'd9, DUMP_BODY_LOW = 14'd10,
      DUMP_BODY_HIGH = 14'd11, DUMP_OUTPUTS = 14'd12, DUMP_INPUT = 14'd13, REGISTERS = 14'd14;

  logic       enable_q;
  logic [7:0] wait_q;
  logic       timed_out_q, unrouted_q, dumped_q, missed_q, bad_q;  // The bits of STATUS.
  logic [31:0] link_lookups_q, core_lookups_q, defaulted_count_q, discarded_count_q, unrouted_count_q, timed_out_count_q, copies_q;
  logic [PACKET_BITS-1:0] packet_q;
  logic [OUTPUTS-1:0]     outputs_q;

  logic [31:0] read;
  logic [31:0] copies;
  logic        write_status;
  logic        keep_dumped;
  logic [3:0]  exponent;
  logic [19:0] mantissa;

  // The time to wait is SpiNNaker's 8-bit float: (m + 16 - 2^(4-e)) * 2^e up to e = 4, above it (m + 16) * 2^e; all ones is for ever.
  assign exponent  = wait_q[7:4];
  assign mantissa  = {15'd0, 1'b1, wait_q[3:0]};
  assign limit_o   = (exponent <= 4'd4) ? (mantissa << exponent) - 20'd16 : mantissa << exponent;
  assign forever_o = wait_q == '1;
  assign enable_o  = enable_q;
  assign alarm_o   = timed_out_q || unrouted_q;

  always_comb begin
    copies = '0;
    for (int i = 0; i < OUTPUTS; i++) copies = copies + 32'(copies_i[i]);
  end

  assign write_status = write_i && address_i == STATUS;
  assign keep_dumped  = dumped_q && !(write_status && wdata_i[2]);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      enable_q    <= 1'b1;
      wait_q      <= 8'h40;
      timed_out_q <= 1'b0;
      unrouted_q  <= 1'b0;
      dumped_q    <= 1'b0;
      missed_q    <= 1'b0;
      bad_q       <= 1'b0;
    end else begin
      if (write_i && address_i == CONTROL) begin
        enable_q <= wdata_i[0];
        wait_q   <= wdata_i[23:16];
      end
      timed_out_q <= dropped_i || (timed_out_q && !(write_status && wdata_i[0]));
      unrouted_q  <= unrouted_i || (unrouted_q && !(write_status && wdata_i[1]));
      dumped_q    <= dropped_i || unrouted_i || keep_dumped;
      // A packet that found the dump registers in use, or came second in a cycle.
      missed_q <= (keep_dumped && (dropped_i || unrouted_i)) || (dropped_i && unrouted_i) || (missed_q && !(write_status && wdata_i[3]));
      bad_q <= bad_access_i || ((read_i || write_i) && address_i >= REGISTERS) || (bad_q && !(write_status && wdata_i[4]));
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      link_lookups_q    <= '0;
      core_lookups_q    <= '0;
      defaulted_count_q <= '0;
      discarded_count_q <= '0;
      unrouted_count_q  <= '0;
      timed_out_count_q <= '0;
      copies_q          <= '0;
    end else begin
      link_lookups_q    <= (write_i && address_i == LINK_LOOKUPS) ? wdata_i : link_lookups_q + 32'(link_lookup_i);
      core_lookups_q    <= (write_i && address_i == CORE_LOOKUPS) ? wdata_i : core_lookups_q + 32'(core_lookup_i);
      defaulted_count_q <= (write_i && address_i == DEFAULTED) ? wdata_i : defaulted_count_q + 32'(defaulted_i);
      discarded_count_q <= (write_i && address_i == DISCARDED) ? wdata_i : discarded_count_q + 32'(discarded_i);
      unrouted_count_q  <= (write_i && address_i == UNROUTED) ? wdata_i : unrouted_count_q + 32'(unrouted_i);
      timed_out_count_q <= (write_i && address_i == TIMED_OUT) ? wdata_i : timed_out_count_q + 32'(dropped_i);
      copies_q          <= (write_i && address_i == COPIES) ? wdata_i : copies_q + copies;
    end
  end

  // The first dropped packet since the registers were set free; of two in a cycle the one that was at the outputs, which is older.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      packet_q  <= '0;
      outputs_q <= '0;
    end else if (!keep_dumped && (dropped_i || unrouted_i)) begin
      packet_q  <= dropped_i ? dropped_packet_i : unrouted_packet_i;
      outputs_q <= dropped_i ? dropped_outputs_i : '0;
    end
  end

  always_comb begin
    case (address_i)
      CONTROL:        read = {8'd0, wait_q, 15'd0, enable_q};
      STATUS:         read = {23'd0, busy_i, 3'd0, bad_q, missed_q, dumped_q, unrouted_q, timed_out_q};
      LINK_LOOKUPS:   read = link_lookups_q;
      CORE_LOOKUPS:   read = core_lookups_q;
      DEFAULTED:      read = defaulted_count_q;
      DISCARDED:      read = discarded_count_q;
      UNROUTED:       read = unrouted_count_q;
      TIMED_OUT:      read = timed_out_count_q;
      COPIES:         read = copies_q;
      DUMP_KEY:       read = 32'(packet_q[KEY_BITS-1:0]);
      DUMP_BODY_LOW:  read = 32'(64'(packet_q[KEY_BITS+:BODY_BITS]));
      DUMP_BODY_HIGH: read = 32'(64'(packet_q[KEY_BITS+:BODY_BITS]) >> 32);
      DUMP_OUTPUTS:   read = 32'(outputs_q);
      DUMP_INPUT:     read = 32'(packet_q[KEY_BITS+BODY_BITS+:3]);
      default:        read = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) rdata_o <= '0;
    else rdata_o <= read_i ? read : '0;
  end

endmodule
