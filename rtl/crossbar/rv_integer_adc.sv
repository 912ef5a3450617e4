//===- rv_integer_adc.sv - Converter that is an exact integer function ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The converter model `integer_adc`: code = clamp((sum + offset) >>> shift, 0, 2^CODE_BITS - 1), with the sum formed without overflow and
// the shift rounding down. The same function in C++ is hw::IntegerConverter (hw-models/include/ranvier/HwModels/IntegerConverter.h). It is
// no model of any analogue circuit: it says what digital logic sees when a converter is ideal. Without a register.
//===----------------------------------------------------------------------===//
module rv_integer_adc #(
    parameter int unsigned SUM_BITS   = 16,  // Of sum and offset, two's complement.
    parameter int unsigned CODE_BITS  = 8,
    parameter int unsigned SHIFT_BITS = 5
) (
    input  logic [SUM_BITS-1:0]   sum_i,
    input  logic [SUM_BITS-1:0]   offset_i,
    input  logic [SHIFT_BITS-1:0] shift_i,
    output logic [CODE_BITS-1:0]  code_o,
    output logic                  low_o,   // Clamped to 0.
    output logic                  high_o   // Clamped to the largest code.
);

  // Wide enough for the sum of both and, as a non-negative number, for a code.
  localparam int unsigned BITS = ((SUM_BITS > CODE_BITS) ? SUM_BITS : CODE_BITS) + 1;

  logic signed [BITS-1:0] total;
  logic signed [BITS-1:0] level;

  assign total  = BITS'(signed'(sum_i)) + BITS'(signed'(offset_i));
  assign level  = total >>> shift_i;
  assign low_o  = level[BITS-1];
  assign high_o = !low_o && |(level >> CODE_BITS);
  assign code_o = low_o ? '0 : high_o ? '1 : level[CODE_BITS-1:0];

endmodule
