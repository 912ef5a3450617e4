// n1_engine.sv - Programmable neuron engine: runs the microcode of one slice, eight neurons abreast.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lanes of a batch take turns, one issue a cycle, so that every instruction of a neuron has left the pipeline before the next one
// of it enters: no hazards, no stalls, and the time of a slice is known from its length. docs/rtl/architecture.md, section 5.
//
//   cycle 0  issue: operands, state, parameter and input words are read
//   cycle 1  one-pass instructions, product, look-up address, first rounds of a random number; states written, spikes queued
//   cycle 2  shift and round, look-up word
//   cycle 5  the result is written
module n1_engine (
    input logic clk_i,
    input logic rst_i,

    // A slice: `go_i` for one cycle with the rest stable until `done_o`, which is 1 from the cycle after the last issue on.
    input  logic                                go_i,
    input  logic [     n1_pkg::NEURON_BITS-1:0] neuron_base_i,
    input  logic [       n1_pkg::NEURON_BITS:0] count_i,
    input  logic [      n1_pkg::INPUT_BITS-1:0] inputs_i,
    input  logic [n1_pkg::ACCUMULATOR_BITS-1:0] accumulator_base_i,
    input  logic [    n1_pkg::PROGRAM_BITS-1:0] program_first_i,
    input  logic [      n1_pkg::PROGRAM_BITS:0] program_length_i,
    input  logic [                        63:0] seed_i,
    input  logic [                        31:0] entity_i,
    input  logic [                        31:0] step_i,
    output logic                                done_o,

    // Program and tables.
    output logic                            program_re_o,
    output logic [n1_pkg::PROGRAM_BITS-1:0] program_addr_o,
    input  logic [                    63:0] program_word_i,
    output logic                            table_re_o,
    output logic [  n1_pkg::TABLE_BITS-1:0] table_addr_o,
    input  logic [                    31:0] table_word_i,

    // Words of neurons.
    output logic                           state_re_o,
    output logic                           param_re_o,
    output logic [  n1_pkg::PARAM_BITS-1:0] slot_o,
    output logic [ n1_pkg::NEURON_BITS-1:0] neuron_o,
    input  logic [                   31:0] state_word_i,
    input  logic [                   31:0] param_word_i,
    output logic                           state_we_o,
    output logic [ n1_pkg::STATE_BITS-1:0] state_wslot_o,
    output logic [n1_pkg::NEURON_BITS-1:0] state_wneuron_o,
    output logic [                   31:0] state_wdata_o,

    // Accumulators of the step: read, and zeroed in the cycle after.
    output logic                                sum_re_o,
    output logic [n1_pkg::ACCUMULATOR_BITS-1:0] sum_addr_o,
    input  logic [                        31:0] sum_word_i,
    output logic                                sum_clear_o,
    output logic [n1_pkg::ACCUMULATOR_BITS-1:0] sum_clear_addr_o,

    output logic                           spike_o,
    output logic [n1_pkg::NEURON_BITS-1:0] spike_neuron_o,
    output logic [                   31:0] spike_payload_o,
    output logic                           illegal_o
);
  localparam int NB = n1_pkg::NEURON_BITS;
  localparam int IB = n1_pkg::INPUT_BITS;
  localparam int AB = n1_pkg::ACCUMULATOR_BITS;
  localparam int PB = n1_pkg::PROGRAM_BITS;
  localparam int SB = n1_pkg::STATE_BITS;
  localparam int MB = n1_pkg::PARAM_BITS;
  localparam int TB = n1_pkg::TABLE_BITS;
  localparam int GB = PB + 1;  // Holds inputs and instructions of a batch.

  //===--- What is issued when --------------------------------------------===//

  // Each input and each instruction of a batch is a group of eight cycles, one for each lane.
  logic prime_q, running_q;
  logic [NB:0] batch_q;     // Slice-local number of lane 0.
  logic [2:0] lane_q;
  logic [GB-1:0] group_q;
  logic [GB-1:0] groups;
  logic [NB:0] local_number, next_batch;
  logic lane_active, last_group, last_batch, is_input;

  always_comb begin
    groups = '0;
    local_number = '0;
    next_batch = '0;
    lane_active = 1'b0;
    last_group = 1'b0;
    last_batch = 1'b0;
    is_input = 1'b0;
    if (prime_q | running_q) begin
      groups = program_length_i + GB'(inputs_i);
      local_number = batch_q + (NB + 1)'(lane_q);
      next_batch = batch_q + (NB + 1)'(8);
      lane_active = running_q & (local_number < count_i);
      last_group = group_q + GB'(1) == groups;
      last_batch = next_batch >= count_i;
      is_input = group_q < GB'(inputs_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (go_i) begin
      prime_q <= 1'b1;
      batch_q <= '0;
      lane_q  <= '0;
      group_q <= '0;
    end else if (prime_q) begin
      prime_q   <= 1'b0;
      running_q <= groups != '0;
    end else if (running_q) begin
      lane_q <= lane_q + 3'd1;
      if (lane_q == 3'd7) begin
        group_q <= last_group ? '0 : group_q + GB'(1);
        if (last_group) begin
          batch_q <= next_batch;
          if (last_batch) running_q <= 1'b0;
        end
      end
    end
    if (rst_i) begin
      prime_q   <= 1'b0;
      running_q <= 1'b0;
    end
  end
  assign done_o = ~(prime_q | running_q);

  // The instruction of the next group is read in the last cycle of this one, the very first one beforehand.
  logic [GB-1:0] next_group;
  logic [PB-1:0] next_instruction;
  always_comb begin
    next_group = '0;
    next_instruction = '0;
    program_re_o = 1'b0;
    if (prime_q | (running_q & (lane_q == 3'd7))) begin
      if (~prime_q & ~last_group) next_group = group_q + GB'(1);
      next_instruction = PB'(next_group - GB'(inputs_i));
      program_re_o = next_group >= GB'(inputs_i);
    end
  end
  assign program_addr_o = program_first_i + next_instruction;

  //===--- Inputs ---------------------------------------------------------===//

  logic input_q, input_active_q;
  logic [IB-1:0] input_number_q;
  logic [2:0] input_lane_q;
  logic [AB-1:0] input_base_q;  // Accumulator of the slice's first neuron for the input of this group.
  assign sum_re_o = lane_active & is_input;
  assign sum_addr_o = input_base_q + AB'(local_number);
  assign sum_clear_o = input_active_q;

  always_ff @(posedge clk_i) begin
    if (prime_q | (running_q & (lane_q == 3'd7) & last_group)) input_base_q <= accumulator_base_i;
    else if (running_q & (lane_q == 3'd7) & is_input) input_base_q <= input_base_q + AB'(count_i);
    input_q <= running_q & is_input;
    input_active_q <= sum_re_o;
    input_lane_q <= lane_q;
    input_number_q <= IB'(group_q);
    if (sum_re_o) sum_clear_addr_o <= sum_addr_o;
    if (rst_i) begin
      input_q <= 1'b0;
      input_active_q <= 1'b0;
    end
  end

  logic issue, bad;
  logic [NB-1:0] neuron;
  logic [63:0] word;
  logic [7:0] op;
  logic [31:0] imm, input_word;
  assign word = program_word_i;
  assign op   = word[7:0];
  assign imm  = word[63:32];

  rv_ram #(
      .WIDTH(32),
      .DEPTH(8 << IB)
  ) u_inputs (
      .clk_i,
      .re_i   (issue & (op == n1_pkg::OP_LD_INPUT)),
      .raddr_i({imm[IB-1:0], lane_q}),
      .rdata_o(input_word),
      .we_i   (input_q),
      .waddr_i({input_number_q, input_lane_q}),
      .wdata_i(input_active_q ? sum_word_i : '0)
  );

  //===--- Issue ----------------------------------------------------------===//

  assign issue = running_q & ~is_input;
  always_comb begin
    bad = 1'b0;
    // Registers are 0 to 63.
    if (issue) bad = n1_alu_pkg::illegal(op, imm) || word[15:14] != '0 || word[23:22] != '0 || word[31:30] != '0;
  end
  assign neuron = neuron_base_i + NB'(local_number);
  assign state_re_o = issue & (op == n1_pkg::OP_LD_STATE);
  assign param_re_o = issue & (op == n1_pkg::OP_LD_PARAM);
  assign slot_o = imm[MB-1:0];
  assign neuron_o = neuron;
  assign illegal_o = issue & lane_active & bad;

  logic write;
  logic [8:0] write_addr;
  logic [31:0] write_word, a, b, c;
  for (genvar k = 0; k < 3; k++) begin : g_registers
    logic [31:0] word_o;
    rv_ram #(
        .WIDTH(32),
        .DEPTH(512)
    ) u_ram (
        .clk_i,
        .re_i   (issue),
        .raddr_i({(k == 0) ? word[21:16] : (k == 1) ? word[29:24] : imm[5:0], lane_q}),
        .rdata_o(word_o),
        .we_i   (write),
        .waddr_i(write_addr),
        .wdata_i(write_word)
    );
  end
  assign a = g_registers[0].word_o;
  assign b = g_registers[1].word_o;
  assign c = g_registers[2].word_o;

  //===--- Execution ------------------------------------------------------===//

  // Stage 1 holds the instruction whose operands have just been read.
  logic e1_q, e1_active_q, e2_q, e3_q, e4_q;
  logic [7:0] e1_op_q, e2_op_q, e3_op_q, e4_op_q;
  logic [31:0] e1_imm_q, e1_entity_q;
  logic [8:0] e1_addr_q, e2_addr_q, e3_addr_q, e4_addr_q;
  logic [NB-1:0] e1_neuron_q;
  logic [31:0] e2_result_q, e3_result_q, e4_result_q;
  logic [63:0] e2_product_q, e2_random_q, e3_random_q, e4_random_q;
  logic [63:0] e2_key_q, e3_key_q, e4_key_q;
  logic [5:0] e2_shift_q;
  logic [7:0] e2_mode_q;
  logic e1_multiplies, e1_shifts, e1_has_result;

  // A look-up index beyond the table's ends takes the word at the end.
  logic [15:0] table_last;
  logic [63:0] key;
  assign table_last = e1_imm_q[31:16];
  assign spike_neuron_o = e1_neuron_q;
  assign state_wneuron_o = e1_neuron_q;
  always_comb begin
    e1_multiplies = 1'b0;
    e1_shifts = 1'b0;
    e1_has_result = 1'b0;
    table_re_o = 1'b0;
    table_addr_o = '0;
    state_we_o = 1'b0;
    state_wslot_o = '0;
    state_wdata_o = '0;
    spike_o = 1'b0;
    spike_payload_o = 32'd1;
    key = '0;
    if (e1_q) begin
      e1_has_result = 1'b1;
      case (e1_op_q)
        n1_pkg::OP_LUT: begin
          table_re_o = 1'b1;
          table_addr_o = e1_imm_q[TB-1:0] + (a[31] ? '0 : (a > 32'(table_last)) ? table_last[TB-1:0] : a[TB-1:0]);
        end
        n1_pkg::OP_ST_STATE: begin
          e1_has_result = 1'b0;
          state_we_o = e1_active_q;
          state_wslot_o = e1_imm_q[SB-1:0];
          state_wdata_o = a;
        end
        n1_pkg::OP_SPK: begin
          e1_has_result = 1'b0;
          spike_o = e1_active_q & (a != '0);
        end
        n1_pkg::OP_SPKP: begin
          e1_has_result = 1'b0;
          spike_o = e1_active_q & (a != '0);
          spike_payload_o = b;
        end
        n1_pkg::OP_MULSH, n1_pkg::OP_MULSHS: e1_multiplies = 1'b1;
        n1_pkg::OP_SHR: e1_shifts = 1'b1;
        n1_pkg::OP_RNG: key = {seed_i[63:32] + 32'(e1_imm_q[7:0]) * 32'h9E37_79B9, seed_i[31:0]};
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    e1_q <= issue & ~bad;
    e1_active_q <= issue & ~bad & lane_active;
    if (issue) begin
      e1_op_q <= op;
      e1_imm_q <= imm;
      e1_addr_q <= {word[13:8], lane_q};
      e1_neuron_q <= neuron;
      e1_entity_q <= entity_i + 32'(local_number);
    end

    e2_q <= e1_q & e1_has_result;
    if (e1_q) begin
      e2_op_q <= e1_op_q;
      e2_addr_q <= e1_addr_q;
      case (e1_op_q)
        n1_pkg::OP_LD_STATE: e2_result_q <= state_word_i;
        n1_pkg::OP_LD_PARAM: e2_result_q <= param_word_i;
        n1_pkg::OP_LD_INPUT: e2_result_q <= input_word;
        default: e2_result_q <= n1_alu_pkg::one_pass(e1_op_q, a, b, c, e1_imm_q);
      endcase
      if (e1_multiplies) e2_product_q <= 64'(signed'(a)) * 64'(signed'(b));
      if (e1_shifts) e2_product_q <= 64'(signed'(a));
      e2_shift_q <= e1_imm_q[5:0];
      e2_mode_q  <= e1_imm_q[15:8];
      if (e1_op_q == n1_pkg::OP_RNG) begin
        e2_key_q <= key;
        e2_random_q <= n1_alu_pkg::threefry(2'd0, {step_i + key[63:32], e1_entity_q + key[31:0]}, key);
      end
    end

    e3_q <= e2_q;
    if (e2_q) begin
      e3_op_q <= e2_op_q;
      e3_addr_q <= e2_addr_q;
      case (e2_op_q)
        n1_pkg::OP_LUT: e3_result_q <= table_word_i;
        n1_pkg::OP_MULSH, n1_pkg::OP_SHR: e3_result_q <= 32'(n1_alu_pkg::shift_right(e2_product_q, e2_shift_q, e2_mode_q));
        n1_pkg::OP_MULSHS:
        e3_result_q <= n1_alu_pkg::saturate32(n1_alu_pkg::shift_right(e2_product_q, e2_shift_q, e2_mode_q));
        default: e3_result_q <= e2_result_q;
      endcase
      if (e2_op_q == n1_pkg::OP_RNG) begin
        e3_key_q <= e2_key_q;
        e3_random_q <= n1_alu_pkg::threefry(2'd1, e2_random_q, e2_key_q);
      end
    end

    e4_q <= e3_q;
    if (e3_q) begin
      e4_op_q <= e3_op_q;
      e4_addr_q <= e3_addr_q;
      e4_result_q <= e3_result_q;
      if (e3_op_q == n1_pkg::OP_RNG) begin
        e4_key_q <= e3_key_q;
        e4_random_q <= n1_alu_pkg::threefry(2'd2, e3_random_q, e3_key_q);
      end
    end

    write <= e4_q;
    if (e4_q) begin
      write_addr <= e4_addr_q;
      write_word <= (e4_op_q == n1_pkg::OP_RNG) ? 32'(n1_alu_pkg::threefry(2'd3, e4_random_q, e4_key_q)) : e4_result_q;
    end
    if (rst_i) begin
      e1_q <= 1'b0;
      e1_active_q <= 1'b0;
      e2_q <= 1'b0;
      e3_q <= 1'b0;
      e4_q <= 1'b0;
      write <= 1'b0;
    end
  end
endmodule : n1_engine
