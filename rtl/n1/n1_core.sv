// n1_core.sv - A neuron core: memories, update, delivery, axon-out, configuration and counters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/rtl/architecture.md, sections 2 and 4 to 6.
module n1_core (
    input logic clk_i,
    input logic rst_i,

    input logic        start_i,
    input logic        idle_i,  // Of the chip: the configuration bus has the memories.
    input logic [31:0] step_i,

    // Configuration: a request, and the answer two cycles later (0 while there is none).
    input  logic        cfg_valid_i,
    input  logic        cfg_write_i,
    input  logic [ 3:0] cfg_space_i,
    input  logic [15:0] cfg_addr_i,
    input  logic [31:0] cfg_wdata_i,
    output logic [31:0] cfg_rdata_o,

    // Packets from the router.
    input  logic                           in_valid_i,
    output logic                           in_ready_o,
    input  logic [n1_pkg::SOURCE_BITS-1:0] in_source_i,
    input  logic [                   31:0] in_payload_i,

    // Packets to the router.
    output logic                           out_valid_o,
    input  logic                           out_ready_i,
    output logic [  n1_pkg::MASK_BITS-1:0] out_mask_o,
    output logic [n1_pkg::NEURON_BITS-1:0] out_neuron_o,
    output logic [                   31:0] out_payload_o,

    output logic                           sent_o,
    output logic [n1_pkg::CREDIT_BITS-1:0] given_o,
    output logic                           returned_o
);
  localparam int NB = n1_pkg::NEURON_BITS;
  localparam int IB = n1_pkg::INPUT_BITS;
  localparam int AB = n1_pkg::ACCUMULATOR_BITS;
  localparam int PB = n1_pkg::PROGRAM_BITS;
  localparam int TB = n1_pkg::TABLE_BITS;
  localparam int SB = n1_pkg::STATE_BITS;
  localparam int MB = n1_pkg::PARAM_BITS;
  localparam int YB = n1_pkg::SYNAPSE_BITS;
  localparam int RB = n1_pkg::SOURCE_BITS;
  localparam int KB = n1_pkg::SLOT_BITS;
  localparam int CB = n1_pkg::CREDIT_BITS;

  //===--- Who has the memories -------------------------------------------===//

  // While the chip is idle the configuration bus, else the units of the core. One address serves both ports of a memory that only
  // the bus writes.
  logic cfg_read, cfg_write, unknown;
  logic [15:0] addr;
  logic [9:0] here;  // By space: the bus addresses it.
  assign addr = cfg_addr_i;
  always_comb begin
    here = '0;
    unknown = 1'b0;
    cfg_read = 1'b0;
    cfg_write = 1'b0;
    if (cfg_valid_i) begin
      case (cfg_space_i)
        n1_pkg::SPACE_AXON_IN: here[0] = 32'(addr) < n1_pkg::SOURCES;
        n1_pkg::SPACE_SYNAPSE: here[1] = 32'(addr) < n1_pkg::SYNAPSES;
        n1_pkg::SPACE_STATE: here[2] = 32'(addr) < n1_pkg::STATES * n1_pkg::NEURONS;
        n1_pkg::SPACE_PARAM: here[3] = 32'(addr) < n1_pkg::PARAMS * n1_pkg::NEURONS;
        n1_pkg::SPACE_AXON_OUT: here[4] = 32'(addr) < n1_pkg::NEURONS;
        n1_pkg::SPACE_CSR: here[5] = addr < 16'd8;
        n1_pkg::SPACE_PROGRAM: here[6] = 32'(addr) < 2 * n1_pkg::PROGRAM;
        n1_pkg::SPACE_TABLE: here[7] = 32'(addr) < n1_pkg::TABLE;
        n1_pkg::SPACE_SLICE: here[8] = 32'(addr) < 8 * n1_pkg::NEURONS && addr[2:0] < 3'd5;
        n1_pkg::SPACE_ACCUMULATOR: here[9] = 32'(addr) < n1_pkg::SLOTS * n1_pkg::ACCUMULATORS;
        default: ;
      endcase
      unknown = here == '0;
      cfg_read = ~unknown & ~cfg_write_i;
      cfg_write = ~unknown & cfg_write_i;
    end
  end

  logic [4:0] slice_reads, slice_writes;
  logic [NB-1:0] slice_at;
  logic [1:0] program_reads, program_writes;
  logic [PB-1:0] program_at;
  logic table_reads, table_writes, axon_reads, axon_writes, synapse_reads, synapse_writes, mask_reads, mask_writes;
  logic [TB-1:0] table_at;
  logic [RB-1:0] axon_at;
  logic [YB-1:0] synapse_at;
  logic [NB-1:0] mask_at;
  logic [1:0] state_reads, state_writes;
  logic [SB+NB-2:0] state_rat, state_wat;
  logic [31:0] state_wdata_0, state_wdata_1;
  logic [3:0] param_reads, param_writes;
  logic [MB+NB-3:0] param_at;
  logic sum_reads, sum_writes;
  logic [KB-1:0] sum_slot;
  logic [AB-1:0] sum_rat, sum_wat;
  logic [31:0] sum_wdata;

  always_comb begin
    slice_writes = '0;
    program_writes = '0;
    table_writes = 1'b0;
    axon_writes = 1'b0;
    synapse_writes = 1'b0;
    mask_writes = 1'b0;
    param_writes = '0;
    sum_wdata = '0;
    if (idle_i) begin
      slice_reads = {4'b0, cfg_read & here[8]} << addr[2:0];
      slice_writes = {4'b0, cfg_write & here[8]} << addr[2:0];
      slice_at = addr[NB+2:3];
      program_reads = {1'b0, cfg_read & here[6]} << addr[0];
      program_writes = {1'b0, cfg_write & here[6]} << addr[0];
      program_at = addr[PB:1];
      table_reads = cfg_read & here[7];
      table_writes = cfg_write & here[7];
      table_at = addr[TB-1:0];
      axon_reads = cfg_read & here[0];
      axon_writes = cfg_write & here[0];
      axon_at = addr[RB-1:0];
      synapse_reads = cfg_read & here[1];
      synapse_writes = cfg_write & here[1];
      synapse_at = addr[YB-1:0];
      mask_reads = cfg_read & here[4];
      mask_writes = cfg_write & here[4];
      mask_at = addr[NB-1:0];
      state_reads = {1'b0, cfg_read & here[2]} << addr[NB];
      state_writes = {1'b0, cfg_write & here[2]} << addr[NB];
      state_rat = {addr[NB+SB-1:NB+1], addr[NB-1:0]};
      state_wat = state_rat;
      state_wdata_0 = cfg_wdata_i;
      state_wdata_1 = cfg_wdata_i;
      param_reads = {3'b0, cfg_read & here[3]} << addr[NB+1:NB];
      param_writes = {3'b0, cfg_write & here[3]} << addr[NB+1:NB];
      param_at = {addr[NB+MB-1:NB+2], addr[NB-1:0]};
      sum_reads = cfg_read & here[9];
      sum_writes = cfg_write & here[9];
      sum_slot = addr[AB+KB-1:AB];
      sum_rat = addr[AB-1:0];
      sum_wat = addr[AB-1:0];
      sum_wdata = cfg_wdata_i;
    end else begin
      slice_reads = {5{slice_re}};
      slice_at = slice_addr;
      program_reads = {2{program_re}};
      program_at = program_addr;
      table_reads = table_re;
      table_at = table_addr;
      axon_reads = axon_re;
      axon_at = in_source_i;
      synapse_reads = synapse_re;
      synapse_at = synapse_addr;
      mask_reads = mask_re;
      mask_at = mask_addr;
      // Banks of state and parameter words by the low bits of the slot; the fast path reads a row of them.
      state_reads = f_re ? 2'b11 : 2'(e_state_re) << e_slot[0];
      state_rat = f_re ? {{SB - 1{1'b0}}, f_neuron} : {e_slot[SB-1:1], e_neuron};
      state_writes = f_we ? 2'b11 : 2'(e_state_we) << e_wslot[0];
      state_wat = f_we ? {{SB - 1{1'b0}}, f_wneuron} : {e_wslot[SB-1:1], e_wneuron};
      state_wdata_0 = f_we ? f_u : e_wdata;
      state_wdata_1 = f_we ? f_v : e_wdata;
      param_reads = f_re ? 4'b1111 : 4'(e_param_re) << e_slot[1:0];
      param_at = f_re ? {{MB - 2{1'b0}}, f_neuron} : {e_slot[MB-1:2], e_neuron};
      // A sum is read and, a cycle later, zeroed.
      sum_reads = f_re | e_sum_re;
      sum_writes = f_sum_clear | e_sum_clear;
      sum_slot = slot;
      sum_rat = f_re ? f_sum_addr : e_sum_addr;
      sum_wat = f_sum_clear ? f_clear_addr : e_clear_addr;
    end
  end

  //===--- Slices and programs --------------------------------------------===//

  logic slice_re;
  logic [NB-1:0] slice_addr;
  logic [NB+NB+1+IB:0] slice_0;  // fast, inputs, count, neuron base
  logic [AB+PB+PB:0] slice_1;    // length, first instruction, first accumulator

  rv_ram #(
      .WIDTH(NB + NB + 2 + IB),
      .DEPTH(n1_pkg::NEURONS)
  ) u_slice_0 (
      .clk_i,
      .re_i   (slice_reads[0]),
      .raddr_i(slice_at),
      .rdata_o(slice_0),
      .we_i   (slice_writes[0]),
      .waddr_i(slice_at),
      .wdata_i(cfg_wdata_i[NB+NB+1+IB:0])
  );
  rv_ram #(
      .WIDTH(AB + PB + PB + 1),
      .DEPTH(n1_pkg::NEURONS)
  ) u_slice_1 (
      .clk_i,
      .re_i   (slice_reads[1]),
      .raddr_i(slice_at),
      .rdata_o(slice_1),
      .we_i   (slice_writes[1]),
      .waddr_i(slice_at),
      .wdata_i(cfg_wdata_i[AB+PB+PB:0])
  );
  for (genvar w = 2; w < 5; w++) begin : g_slice
    logic [31:0] word;
    rv_ram #(
        .WIDTH(32),
        .DEPTH(n1_pkg::NEURONS)
    ) u_ram (
        .clk_i,
        .re_i   (slice_reads[w]),
        .raddr_i(slice_at),
        .rdata_o(word),
        .we_i   (slice_writes[w]),
        .waddr_i(slice_at),
        .wdata_i(cfg_wdata_i)
    );
  end

  logic [NB-1:0] neuron_base;
  logic [NB:0] count;
  logic [IB-1:0] inputs;
  logic [AB-1:0] accumulator_base;
  logic [PB-1:0] program_first;
  logic [PB:0] program_length;
  assign neuron_base = slice_0[NB-1:0];
  assign count = slice_0[NB+NB:NB];
  assign inputs = slice_0[NB+NB+IB:NB+NB+1];
  assign accumulator_base = slice_1[AB-1:0];
  assign program_first = slice_1[AB+PB-1:AB];
  assign program_length = slice_1[AB+PB+PB:AB+PB];

  logic program_re;
  logic [PB-1:0] program_addr;
  logic [63:0] program_word;
  for (genvar h = 0; h < 2; h++) begin : g_program
    rv_ram #(
        .WIDTH(32),
        .DEPTH(n1_pkg::PROGRAM)
    ) u_ram (
        .clk_i,
        .re_i   (program_reads[h]),
        .raddr_i(program_at),
        .rdata_o(program_word[32*h+:32]),
        .we_i   (program_writes[h]),
        .waddr_i(program_at),
        .wdata_i(cfg_wdata_i)
    );
  end

  logic table_re;
  logic [TB-1:0] table_addr;
  logic [31:0] table_word;
  rv_ram #(
      .WIDTH(32),
      .DEPTH(n1_pkg::TABLE)
  ) u_table (
      .clk_i,
      .re_i   (table_reads),
      .raddr_i(table_at),
      .rdata_o(table_word),
      .we_i   (table_writes),
      .waddr_i(table_at),
      .wdata_i(cfg_wdata_i)
  );

  //===--- Update: engine and fast path -----------------------------------===//

  logic [NB:0] slices_q;
  logic updating, engine_go, engine_done, fast_go, fast_done;
  n1_update u_update (
      .clk_i,
      .rst_i,
      .start_i,
      .slices_i     (slices_q),
      .running_o    (updating),
      .slice_re_o   (slice_re),
      .slice_addr_o (slice_addr),
      .slice_fast_i (slice_0[NB+NB+1+IB]),
      .slice_empty_i(count == '0),
      .engine_go_o  (engine_go),
      .engine_done_i(engine_done),
      .fast_go_o    (fast_go),
      .fast_done_i  (fast_done)
  );

  logic e_state_re, e_param_re, e_state_we, e_sum_re, e_sum_clear, e_spike, illegal;
  logic [MB-1:0] e_slot;
  logic [SB-1:0] e_wslot;
  logic [NB-1:0] e_neuron, e_wneuron, e_spike_neuron;
  logic [31:0] e_state, e_param, e_wdata, e_payload, sum_word;
  logic [AB-1:0] e_sum_addr, e_clear_addr;
  n1_engine u_engine (
      .clk_i,
      .rst_i,
      .go_i              (engine_go),
      .neuron_base_i     (neuron_base),
      .count_i           (count),
      .inputs_i          (inputs),
      .accumulator_base_i(accumulator_base),
      .program_first_i   (program_first),
      .program_length_i  (program_length),
      .seed_i            ({g_slice[3].word, g_slice[2].word}),
      .entity_i          (g_slice[4].word),
      .step_i,
      .done_o            (engine_done),
      .program_re_o      (program_re),
      .program_addr_o    (program_addr),
      .program_word_i    (program_word),
      .table_re_o        (table_re),
      .table_addr_o      (table_addr),
      .table_word_i      (table_word),
      .state_re_o        (e_state_re),
      .param_re_o        (e_param_re),
      .slot_o            (e_slot),
      .neuron_o          (e_neuron),
      .state_word_i      (e_state),
      .param_word_i      (e_param),
      .state_we_o        (e_state_we),
      .state_wslot_o     (e_wslot),
      .state_wneuron_o   (e_wneuron),
      .state_wdata_o     (e_wdata),
      .sum_re_o          (e_sum_re),
      .sum_addr_o        (e_sum_addr),
      .sum_word_i        (sum_word),
      .sum_clear_o       (e_sum_clear),
      .sum_clear_addr_o  (e_clear_addr),
      .spike_o           (e_spike),
      .spike_neuron_o    (e_spike_neuron),
      .spike_payload_o   (e_payload),
      .illegal_o         (illegal)
  );

  logic f_re, f_we, f_sum_clear, f_spike;
  logic [NB-1:0] f_neuron, f_wneuron, f_spike_neuron;
  logic [31:0] f_u, f_v;
  logic [AB-1:0] f_sum_addr, f_clear_addr;
  logic [63:0] state_words;   // Of both banks.
  logic [127:0] param_words;  // Of all four.
  n1_cuba u_cuba (
      .clk_i,
      .rst_i,
      .go_i              (fast_go),
      .neuron_base_i     (neuron_base),
      .count_i           (count),
      .accumulator_base_i(accumulator_base),
      .done_o            (fast_done),
      .re_o              (f_re),
      .neuron_o          (f_neuron),
      .u_i               (state_words[0+:n1_pkg::NATIVE_STATE_BITS]),
      .v_i               (state_words[32+:n1_pkg::NATIVE_STATE_BITS]),
      .du_i              (param_words[0+:n1_pkg::NATIVE_DECAY_BITS]),
      .dv_i              (param_words[32+:n1_pkg::NATIVE_DECAY_BITS]),
      .vth_i             (param_words[64+:n1_pkg::NATIVE_THRESHOLD_BITS]),
      .bias_i            (param_words[96+:n1_pkg::NATIVE_BIAS_BITS]),
      .we_o              (f_we),
      .wneuron_o         (f_wneuron),
      .u_o               (f_u),
      .v_o               (f_v),
      .sum_addr_o        (f_sum_addr),
      .sum_word_i        (sum_word),
      .sum_clear_o       (f_sum_clear),
      .sum_clear_addr_o  (f_clear_addr),
      .spike_o           (f_spike),
      .spike_neuron_o    (f_spike_neuron)
  );

  //===--- Words of neurons -----------------------------------------------===//

  for (genvar k = 0; k < 2; k++) begin : g_state
    rv_ram #(
        .WIDTH(32),
        .DEPTH(n1_pkg::NEURONS * n1_pkg::STATES / 2)
    ) u_ram (
        .clk_i,
        .re_i   (state_reads[k]),
        .raddr_i(state_rat),
        .rdata_o(state_words[32*k+:32]),
        .we_i   (state_writes[k]),
        .waddr_i(state_wat),
        .wdata_i((k == 0) ? state_wdata_0 : state_wdata_1)
    );
  end
  for (genvar k = 0; k < 4; k++) begin : g_param
    rv_ram #(
        .WIDTH(32),
        .DEPTH(n1_pkg::NEURONS * n1_pkg::PARAMS / 4)
    ) u_ram (
        .clk_i,
        .re_i   (param_reads[k]),
        .raddr_i(param_at),
        .rdata_o(param_words[32*k+:32]),
        .we_i   (param_writes[k]),
        .waddr_i(param_at),
        .wdata_i(cfg_wdata_i)
    );
  end
  logic state_bank_q;
  logic [1:0] param_bank_q;
  assign e_state = state_bank_q ? state_words[63:32] : state_words[31:0];
  assign e_param = param_words[32*param_bank_q+:32];
  always_ff @(posedge clk_i) begin
    if (e_state_re) state_bank_q <= e_slot[0];
    else if (cfg_read) state_bank_q <= addr[NB];
    if (e_param_re) param_bank_q <= e_slot[1:0];
    else if (cfg_read) param_bank_q <= addr[NB+1:NB];
  end

  //===--- Delivery -------------------------------------------------------===//

  logic axon_re, axon_valid, synapse_re, d_sum_re, d_sum_we, added, busy, unmapped, bad_format;
  logic [YB-1:0] axon_first, synapse_addr;
  logic [31:0] synapse_word, d_sum_rdata, d_sum_wdata;
  logic [KB-1:0] slot, d_rslot, d_wslot;
  logic [AB-1:0] d_raddr, d_waddr;
  assign slot = step_i[KB-1:0];

  rv_ram #(
      .WIDTH(YB + 1),
      .DEPTH(n1_pkg::SOURCES)
  ) u_axons (
      .clk_i,
      .re_i   (axon_reads),
      .raddr_i(axon_at),
      .rdata_o({axon_valid, axon_first}),
      .we_i   (axon_writes),
      .waddr_i(axon_at),
      .wdata_i(cfg_wdata_i[YB:0])
  );
  rv_ram #(
      .WIDTH(32),
      .DEPTH(n1_pkg::SYNAPSES)
  ) u_synapses (
      .clk_i,
      .re_i   (synapse_reads),
      .raddr_i(synapse_at),
      .rdata_o(synapse_word),
      .we_i   (synapse_writes),
      .waddr_i(synapse_at),
      .wdata_i(cfg_wdata_i)
  );
  n1_delivery u_delivery (
      .clk_i,
      .rst_i,
      .slot_i        (slot),
      .valid_i       (in_valid_i),
      .ready_o       (in_ready_o),
      .payload_i     (in_payload_i),
      .axon_re_o     (axon_re),
      .axon_first_i  (axon_first),
      .axon_valid_i  (axon_valid),
      .synapse_re_o  (synapse_re),
      .synapse_addr_o(synapse_addr),
      .synapse_word_i(synapse_word),
      .sum_re_o      (d_sum_re),
      .sum_rslot_o   (d_rslot),
      .sum_raddr_o   (d_raddr),
      .sum_rdata_i   (d_sum_rdata),
      .sum_we_o      (d_sum_we),
      .sum_wslot_o   (d_wslot),
      .sum_waddr_o   (d_waddr),
      .sum_wdata_o   (d_sum_wdata),
      .retire_o      (returned_o),
      .added_o       (added),
      .busy_o        (busy),
      .unmapped_o    (unmapped),
      .format_o      (bad_format)
  );

  n1_accumulators u_accumulators (
      .clk_i,
      .a_re_i   (sum_reads),
      .a_we_i   (sum_writes),
      .a_slot_i (sum_slot),
      .a_raddr_i(sum_rat),
      .a_waddr_i(sum_wat),
      .a_wdata_i(sum_wdata),
      .a_rdata_o(sum_word),
      .b_re_i   (d_sum_re),
      .b_we_i   (d_sum_we),
      .b_rslot_i(d_rslot),
      .b_raddr_i(d_raddr),
      .b_wslot_i(d_wslot),
      .b_waddr_i(d_waddr),
      .b_wdata_i(d_sum_wdata),
      .b_rdata_o(d_sum_rdata)
  );

  //===--- Axon-out -------------------------------------------------------===//

  logic mask_re, sender_empty, spikes;
  logic [NB-1:0] mask_addr;
  logic [n1_pkg::MASK_BITS-1:0] mask;
  assign spikes = e_spike | f_spike;
  rv_ram #(
      .WIDTH(n1_pkg::MASK_BITS),
      .DEPTH(n1_pkg::NEURONS)
  ) u_masks (
      .clk_i,
      .re_i   (mask_reads),
      .raddr_i(mask_at),
      .rdata_o(mask),
      .we_i   (mask_writes),
      .waddr_i(mask_at),
      .wdata_i(cfg_wdata_i[n1_pkg::MASK_BITS-1:0])
  );
  n1_sender u_sender (
      .clk_i,
      .rst_i,
      .start_i,
      .updating_i      (updating),
      .spike_i         (spikes),
      .spike_neuron_i  (f_spike ? f_spike_neuron : e_spike_neuron),
      .spike_payload_i (f_spike ? 32'd1 : e_payload),
      .mask_re_o       (mask_re),
      .mask_addr_o     (mask_addr),
      .mask_i          (mask),
      .valid_o         (out_valid_o),
      .ready_i         (out_ready_i),
      .packet_mask_o   (out_mask_o),
      .packet_neuron_o (out_neuron_o),
      .packet_payload_o(out_payload_o),
      .empty_o         (sender_empty)
  );
  assign sent_o = ~updating & sender_empty;

  logic [CB-1:0] credits;
  always_comb begin
    credits = '0;
    if (out_valid_o & out_ready_i) begin
      for (int n = 0; n < n1_pkg::MASK_BITS; n++) credits = credits + CB'(mask[n]);
    end
  end

  //===--- Registers and answers ------------------------------------------===//

  logic [2:0] errors_q;
  logic [31:0] spikes_q, packets_out_q, packets_in_q, synapses_q, update_cycles_q, busy_cycles_q;
  logic answer_q;
  logic [3:0] space_q;
  logic [2:0] word_q;
  logic [31:0] csr, csr_q, answer;

  always_comb begin
    csr = '0;
    if (cfg_read) case (addr[2:0])
      3'd0: csr = 32'(slices_q);
      3'd1: csr = 32'(errors_q);
      3'd2: csr = spikes_q;
      3'd3: csr = packets_out_q;
      3'd4: csr = packets_in_q;
      3'd5: csr = synapses_q;
      3'd6: csr = update_cycles_q;
      default: csr = busy_cycles_q;
    endcase
  end
  always_comb begin
    answer = '0;
    if (answer_q) case (space_q)
      n1_pkg::SPACE_AXON_IN: answer = 32'({axon_valid, axon_first});
      n1_pkg::SPACE_SYNAPSE: answer = synapse_word;
      n1_pkg::SPACE_STATE: answer = e_state;
      n1_pkg::SPACE_PARAM: answer = e_param;
      n1_pkg::SPACE_AXON_OUT: answer = 32'(mask);
      n1_pkg::SPACE_CSR: answer = csr_q;
      n1_pkg::SPACE_PROGRAM: answer = word_q[0] ? program_word[63:32] : program_word[31:0];
      n1_pkg::SPACE_TABLE: answer = table_word;
      n1_pkg::SPACE_SLICE:
      answer = (word_q == 3'd0) ? 32'(slice_0) : (word_q == 3'd1) ? 32'(slice_1) : (word_q == 3'd2) ? g_slice[2].word :
               (word_q == 3'd3) ? g_slice[3].word : g_slice[4].word;
      default: answer = sum_word;
    endcase
  end

  logic writes_csr;
  assign writes_csr = cfg_write & here[5];
  always_ff @(posedge clk_i) begin
    given_o <= credits;
    answer_q <= cfg_read;
    if (cfg_read) begin
      space_q <= cfg_space_i;
      word_q <= addr[2:0];
      csr_q <= csr;
    end
    cfg_rdata_o <= answer;

    if (start_i) update_cycles_q <= 32'd0;
    else if (updating) update_cycles_q <= update_cycles_q + 32'd1;
    if (start_i) busy_cycles_q <= 32'd0;
    else if (busy) busy_cycles_q <= busy_cycles_q + 32'd1;
    if (spikes) spikes_q <= spikes_q + 32'd1;
    if (out_valid_o & out_ready_i) packets_out_q <= packets_out_q + 32'd1;
    if (returned_o) packets_in_q <= packets_in_q + 32'd1;
    if (added) synapses_q <= synapses_q + 32'd1;
    errors_q <= errors_q | {unmapped, bad_format | unknown, illegal};
    if (writes_csr) begin
      case (addr[2:0])
        3'd0: slices_q <= cfg_wdata_i[NB:0];
        3'd1: errors_q <= cfg_wdata_i[2:0];
        3'd2: spikes_q <= cfg_wdata_i;
        3'd3: packets_out_q <= cfg_wdata_i;
        3'd4: packets_in_q <= cfg_wdata_i;
        3'd5: synapses_q <= cfg_wdata_i;
        default: ;
      endcase
    end
    if (rst_i) begin
      given_o <= '0;
      answer_q <= 1'b0;
      cfg_rdata_o <= '0;
      slices_q <= '0;
      errors_q <= '0;
      spikes_q <= '0;
      packets_out_q <= '0;
      packets_in_q <= '0;
      synapses_q <= '0;
      update_cycles_q <= '0;
      busy_cycles_q <= '0;
    end
  end
endmodule : n1_core
