// n1_cuba.sv - Fast path: the chip's native CUBA leaky integrate-and-fire form, one neuron a cycle.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   u = clip(tz(u * (2^D - du - offset) / 2^D) + (input << shift))       v = clip(tz(v * (2^D - dv) / 2^D) + u + bias)
//   spike if v > vth << shift, then v = 0
//
// tz drops bits towards zero, clip is symmetric. Words are those of the program that docs/spec/target-semantics.md (U1) describes,
// as long as parameters and states are within their widths, which whoever sets the `fast` bit of a slice has checked.
//
//   cycle 0  issue: words are read      1  decay of u      2  u, decay of v      3  v, spike; both are written
module n1_cuba (
    input logic clk_i,
    input logic rst_i,

    // As of n1_engine. The sum is read with the neuron's other words.
    input  logic                                go_i,
    input  logic [     n1_pkg::NEURON_BITS-1:0] neuron_base_i,
    input  logic [       n1_pkg::NEURON_BITS:0] count_i,
    input  logic [n1_pkg::ACCUMULATOR_BITS-1:0] accumulator_base_i,
    output logic                                done_o,

    output logic                                              re_o,
    output logic        [           n1_pkg::NEURON_BITS-1:0] neuron_o,
    input  logic signed [     n1_pkg::NATIVE_STATE_BITS-1:0] u_i,
    input  logic signed [     n1_pkg::NATIVE_STATE_BITS-1:0] v_i,
    input  logic        [     n1_pkg::NATIVE_DECAY_BITS-1:0] du_i,
    input  logic        [     n1_pkg::NATIVE_DECAY_BITS-1:0] dv_i,
    input  logic        [ n1_pkg::NATIVE_THRESHOLD_BITS-1:0] vth_i,
    input  logic signed [      n1_pkg::NATIVE_BIAS_BITS-1:0] bias_i,
    output logic                                              we_o,
    output logic        [           n1_pkg::NEURON_BITS-1:0] wneuron_o,
    output logic        [                              31:0] u_o,
    output logic        [                              31:0] v_o,

    output logic [n1_pkg::ACCUMULATOR_BITS-1:0] sum_addr_o,
    input  logic [                        31:0] sum_word_i,
    output logic                                sum_clear_o,
    output logic [n1_pkg::ACCUMULATOR_BITS-1:0] sum_clear_addr_o,

    output logic                           spike_o,
    output logic [n1_pkg::NEURON_BITS-1:0] spike_neuron_o
);
  localparam int NB = n1_pkg::NEURON_BITS;
  localparam int AB = n1_pkg::ACCUMULATOR_BITS;
  localparam int SB = n1_pkg::NATIVE_STATE_BITS;
  localparam int DB = n1_pkg::NATIVE_DECAY_BITS;
  localparam int TB = n1_pkg::NATIVE_THRESHOLD_BITS;
  localparam int BB = n1_pkg::NATIVE_BIAS_BITS;
  localparam int IB = 32 + n1_pkg::NATIVE_INPUT_SHIFT;  // Of the shifted input.
  localparam int WB = IB + 1;                           // Of its sum with the decayed current.

  // x * keep / 2^D towards zero; keep is 0..2^D.
  function automatic logic signed [SB-1:0] decayed(input logic signed [SB-1:0] x, input logic [DB:0] keep);
    logic signed [SB+DB+1:0] product;
    product = (SB + DB + 2)'(x) * (SB + DB + 2)'(signed'({1'b0, keep}));
    if (product < 0 && product[DB-1:0] != '0) product = product + (SB + DB + 2)'(1 << DB);
    decayed = product[SB+DB-1:DB];
  endfunction

  logic running_q;
  logic [NB:0] number_q;
  logic [AB-1:0] sum_addr;
  assign sum_addr = accumulator_base_i + AB'(number_q);
  assign re_o = running_q;
  assign neuron_o = neuron_base_i + NB'(number_q);
  assign sum_addr_o = sum_addr;
  assign done_o = ~running_q;

  always_ff @(posedge clk_i) begin
    if (go_i) begin
      running_q <= 1'b1;
      number_q  <= '0;
    end else if (running_q) begin
      number_q <= number_q + (NB + 1)'(1);
      if (number_q + (NB + 1)'(1) == count_i) running_q <= 1'b0;
    end
    if (rst_i) running_q <= 1'b0;
  end

  logic c1_q, c2_q, c3_q;
  logic [NB-1:0] c1_neuron_q, c2_neuron_q, c3_neuron_q;
  logic signed [SB-1:0] c2_u_q, c2_v_q, c3_u_q, c3_v_q;
  logic signed [IB-1:0] c2_input_q;
  logic [DB-1:0] c2_dv_q;
  logic [TB-1:0] c2_vth_q, c3_vth_q;
  logic signed [BB-1:0] c2_bias_q, c3_bias_q;
  localparam logic signed [WB-1:0] TOP = WB'((1 << (SB - 1)) - 1);
  logic signed [WB-1:0] current_sum, voltage_sum;  // Not clipped.
  logic signed [SB-1:0] current, voltage;
  logic fires;

  assign sum_clear_o = c1_q;
  always_comb begin
    current = '0;
    voltage = '0;
    current_sum = '0;
    voltage_sum = '0;
    fires = 1'b0;
    if (c2_q) begin
      current_sum = WB'(c2_u_q) + WB'(c2_input_q);
      current = (current_sum > TOP) ? TOP[SB-1:0] : (current_sum < -TOP) ? -TOP[SB-1:0] : current_sum[SB-1:0];
    end
    if (c3_q) begin
      voltage_sum = WB'(c3_v_q) + WB'(c3_u_q) + WB'(c3_bias_q);
      voltage = (voltage_sum > TOP) ? TOP[SB-1:0] : (voltage_sum < -TOP) ? -TOP[SB-1:0] : voltage_sum[SB-1:0];
      fires = WB'(voltage) > WB'(signed'({1'b0, c3_vth_q, n1_pkg::NATIVE_THRESHOLD_SHIFT'(0)}));
    end
  end
  assign we_o = c3_q;
  assign wneuron_o = c3_neuron_q;
  assign u_o = 32'(c3_u_q);
  assign v_o = fires ? '0 : 32'(voltage);
  assign spike_o = fires;
  assign spike_neuron_o = c3_neuron_q;

  always_ff @(posedge clk_i) begin
    c1_q <= running_q;
    c2_q <= c1_q;
    c3_q <= c2_q;
    if (running_q) begin
      c1_neuron_q <= neuron_o;
      sum_clear_addr_o <= sum_addr;
    end
    if (c1_q) begin
      c2_neuron_q <= c1_neuron_q;
      c2_u_q <= decayed(u_i, (DB + 1)'(1 << DB) - (DB + 1)'(n1_pkg::NATIVE_CURRENT_DECAY_OFFSET) - (DB + 1)'(du_i));
      c2_input_q <= {sum_word_i, n1_pkg::NATIVE_INPUT_SHIFT'(0)};
      c2_v_q <= v_i;
      c2_dv_q <= dv_i;
      c2_vth_q <= vth_i;
      c2_bias_q <= bias_i;
    end
    if (c2_q) begin
      c3_neuron_q <= c2_neuron_q;
      c3_u_q <= current;
      c3_v_q <= decayed(c2_v_q, (DB + 1)'(1 << DB) - (DB + 1)'(c2_dv_q));
      c3_vth_q <= c2_vth_q;
      c3_bias_q <= c2_bias_q;
    end
    if (rst_i) begin
      c1_q <= 1'b0;
      c2_q <= 1'b0;
      c3_q <= 1'b0;
    end
  end
endmodule : n1_cuba
