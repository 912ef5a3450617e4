// n1_pkg.sv - Constants of the ranvier-n1 chip.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated from the chip description 'ranvier-n1' and isa/microcode.toml; change those.
package n1_pkg;

  // Mesh.
  localparam int COLUMNS = 2;
  localparam int ROWS = 2;
  localparam int NODES = COLUMNS * ROWS;
  localparam int LINK_BUFFER = 4;

  // A core.
  localparam int NEURONS = 256;
  localparam int STATES = 8;
  localparam int PARAMS = 16;
  localparam int INPUTS = 2;
  localparam int SLOTS = 16;
  localparam int ACCUMULATORS = NEURONS * INPUTS;
  localparam int SYNAPSES = 16384;
  localparam int PROGRAM = 512;
  localparam int TABLE = 1024;
  localparam int HOST_INPUTS = 4096;

  // Widths.
  localparam int NEURON_BITS = $clog2(NEURONS);
  localparam int STATE_BITS = $clog2(STATES);
  localparam int PARAM_BITS = $clog2(PARAMS);
  localparam int INPUT_BITS = $clog2(INPUTS + 1);
  localparam int SLOT_BITS = $clog2(SLOTS);
  localparam int ACCUMULATOR_BITS = $clog2(ACCUMULATORS);
  localparam int SYNAPSE_BITS = $clog2(SYNAPSES);
  localparam int PROGRAM_BITS = $clog2(PROGRAM);
  localparam int TABLE_BITS = $clog2(TABLE);
  localparam int HOST_BITS = $clog2(HOST_INPUTS);
  localparam int SOURCES = NODES * NEURONS + HOST_INPUTS;
  localparam int SOURCE_BITS = $clog2(SOURCES);
  localparam int MASK_BITS = NODES + 1;
  localparam int FLIT_BITS = MASK_BITS + SOURCE_BITS + 32;
  localparam int CREDIT_BITS = $clog2(MASK_BITS + 1);
  // Credits of a step: every neuron and input once, to every destination.
  localparam int FLIGHT_BITS = $clog2(SOURCES * MASK_BITS + 1);

  // The native CUBA leaky integrate-and-fire form.
  localparam int NATIVE_DECAY_BITS = 12;
  localparam int NATIVE_CURRENT_DECAY_OFFSET = 1;
  localparam int NATIVE_INPUT_SHIFT = 6;
  localparam int NATIVE_STATE_BITS = 24;
  localparam int NATIVE_THRESHOLD_BITS = 17;
  localparam int NATIVE_THRESHOLD_SHIFT = 6;
  localparam int NATIVE_BIAS_BITS = 20;

  // Microcode: opcodes of the int profile.
  localparam logic [7:0] OP_LD_STATE = 8'h01;
  localparam logic [7:0] OP_LD_PARAM = 8'h02;
  localparam logic [7:0] OP_LD_INPUT = 8'h03;
  localparam logic [7:0] OP_ST_STATE = 8'h04;
  localparam logic [7:0] OP_LI = 8'h05;
  localparam logic [7:0] OP_MOV = 8'h06;
  localparam logic [7:0] OP_SEL = 8'h07;
  localparam logic [7:0] OP_LUT = 8'h08;
  localparam logic [7:0] OP_SPK = 8'h0A;
  localparam logic [7:0] OP_SPKP = 8'h0B;
  localparam logic [7:0] OP_AND = 8'h10;
  localparam logic [7:0] OP_OR = 8'h11;
  localparam logic [7:0] OP_XOR = 8'h12;
  localparam logic [7:0] OP_NOT = 8'h13;
  localparam logic [7:0] OP_LNOT = 8'h14;
  localparam logic [7:0] OP_ADD = 8'h20;
  localparam logic [7:0] OP_SUB = 8'h21;
  localparam logic [7:0] OP_ADDS = 8'h22;
  localparam logic [7:0] OP_SUBS = 8'h23;
  localparam logic [7:0] OP_NEG = 8'h24;
  localparam logic [7:0] OP_ABS = 8'h25;
  localparam logic [7:0] OP_MIN = 8'h26;
  localparam logic [7:0] OP_MAX = 8'h27;
  localparam logic [7:0] OP_LT = 8'h28;
  localparam logic [7:0] OP_LE = 8'h29;
  localparam logic [7:0] OP_EQ = 8'h2A;
  localparam logic [7:0] OP_SAT = 8'h2B;
  localparam logic [7:0] OP_SATT = 8'h2C;
  localparam logic [7:0] OP_MULSH = 8'h30;
  localparam logic [7:0] OP_MULSHS = 8'h31;
  localparam logic [7:0] OP_SHL = 8'h32;
  localparam logic [7:0] OP_SHLS = 8'h33;
  localparam logic [7:0] OP_SHR = 8'h34;
  localparam logic [7:0] OP_RNG = 8'h38;

  // Rounding of a shift to the right: bits 8-15 of its immediate.
  localparam logic [7:0] ROUND_FLOOR = 8'd0;
  localparam logic [7:0] ROUND_TZ = 8'd1;
  localparam logic [7:0] ROUND_UP = 8'd2;
  localparam logic [7:0] ROUND_EVEN = 8'd3;

  // Spaces of the configuration bus.
  localparam logic [3:0] SPACE_AXON_IN = 4'd0;
  localparam logic [3:0] SPACE_SYNAPSE = 4'd1;
  localparam logic [3:0] SPACE_STATE = 4'd2;
  localparam logic [3:0] SPACE_PARAM = 4'd3;
  localparam logic [3:0] SPACE_AXON_OUT = 4'd4;
  localparam logic [3:0] SPACE_CSR = 4'd5;
  localparam logic [3:0] SPACE_PROGRAM = 4'd6;
  localparam logic [3:0] SPACE_TABLE = 4'd7;
  localparam logic [3:0] SPACE_SLICE = 4'd8;
  localparam logic [3:0] SPACE_ACCUMULATOR = 4'd9;
  localparam logic [3:0] SPACE_HOST_MASK = 4'd10;

endpackage : n1_pkg
