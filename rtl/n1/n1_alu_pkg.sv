// n1_alu_pkg.sv - Arithmetic of the microcode's int profile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each function is one line of docs/spec/microcode.md in gates; isa/lib/Interpreter.cpp is the definition.
package n1_alu_pkg;

  // The low 32 bits, or the nearest number that 32 bits hold.
  function automatic logic [31:0] saturate32(input logic signed [63:0] x);
    if (x > 64'sh0000_0000_7FFF_FFFF) saturate32 = 32'h7FFF_FFFF;
    else if (x < -64'sh0000_0000_8000_0000) saturate32 = 32'h8000_0000;
    else saturate32 = x[31:0];
  endfunction

  // x / 2^shift, rounded as `mode` says; shift 0..63.
  function automatic logic signed [63:0] shift_right(input logic signed [63:0] x, input logic [5:0] shift, input logic [7:0] mode);
    logic signed [63:0] down;
    logic [63:0] below;  // Ones at the bits that fall out.
    logic half, rest, up;
    down  = x >>> shift;
    below = (64'd1 << shift) - 64'd1;
    half  = |(x & (below ^ (below >> 1)));
    rest  = |(x & (below >> 1));
    case (mode)
      n1_pkg::ROUND_FLOOR: up = 1'b0;
      n1_pkg::ROUND_TZ: up = x[63] & (half | rest);
      n1_pkg::ROUND_UP: up = half;
      n1_pkg::ROUND_EVEN: up = half & (rest | down[0]);
      default: up = 1'b0;
    endcase
    shift_right = down + 64'(up);
  endfunction

  // `a` clipped to n bits: symmetric, or two's complement.
  function automatic logic [31:0] clip(input logic [31:0] a, input logic [5:0] bits, input logic symmetric);
    logic signed [32:0] x, top, bottom;
    x = {a[31], a};
    top = (33'sd1 <<< (bits - 6'd1)) - 33'sd1;
    bottom = symmetric ? -top : -top - 33'sd1;
    clip = (x > top) ? top[31:0] : (x < bottom) ? bottom[31:0] : a;
  endfunction

  // Instructions of one pass: all but multiplications, shifts to the right, look-up, loads of memory and random numbers.
  function automatic logic [31:0] one_pass(input logic [7:0] op, input logic [31:0] a, input logic [31:0] b, input logic [31:0] c,
                                           input logic [31:0] imm);
    logic signed [63:0] wide_a, wide_b;
    wide_a = 64'(signed'(a));
    wide_b = 64'(signed'(b));
    case (op)
      n1_pkg::OP_LI: one_pass = imm;
      n1_pkg::OP_MOV: one_pass = a;
      n1_pkg::OP_SEL: one_pass = (c != '0) ? a : b;
      n1_pkg::OP_AND: one_pass = a & b;
      n1_pkg::OP_OR: one_pass = a | b;
      n1_pkg::OP_XOR: one_pass = a ^ b;
      n1_pkg::OP_NOT: one_pass = ~a;
      n1_pkg::OP_LNOT: one_pass = 32'(a == '0);
      n1_pkg::OP_ADD: one_pass = a + b;
      n1_pkg::OP_SUB: one_pass = a - b;
      n1_pkg::OP_ADDS: one_pass = saturate32(wide_a + wide_b);
      n1_pkg::OP_SUBS: one_pass = saturate32(wide_a - wide_b);
      n1_pkg::OP_NEG: one_pass = -a;
      n1_pkg::OP_ABS: one_pass = a[31] ? -a : a;
      n1_pkg::OP_MIN: one_pass = (signed'(a) < signed'(b)) ? a : b;
      n1_pkg::OP_MAX: one_pass = (signed'(a) < signed'(b)) ? b : a;
      n1_pkg::OP_LT: one_pass = 32'(signed'(a) < signed'(b));
      n1_pkg::OP_LE: one_pass = 32'(signed'(a) <= signed'(b));
      n1_pkg::OP_EQ: one_pass = 32'(a == b);
      n1_pkg::OP_SAT: one_pass = clip(a, imm[5:0], 1'b1);
      n1_pkg::OP_SATT: one_pass = clip(a, imm[5:0], 1'b0);
      n1_pkg::OP_SHL: one_pass = a << imm[4:0];
      n1_pkg::OP_SHLS: one_pass = saturate32(wide_a <<< imm[4:0]);
      default: one_pass = '0;
    endcase
  endfunction

  // Threefry-2x32: rounds 5 * stage to 5 * stage + 4 of 20, {x1, x0} in and out, keys {k1, k0}.
  function automatic logic [63:0] threefry(input logic [1:0] stage, input logic [63:0] x, input logic [63:0] key);
    logic [31:0] x0, x1, k2;
    logic [4:0] round;
    k2 = 32'h1BD1_1BDA ^ key[31:0] ^ key[63:32];
    x0 = x[31:0];
    x1 = x[63:32];
    for (int i = 0; i < 5; i++) begin
      round = 5'(stage) * 5'd5 + 5'(i);
      x0 = x0 + x1;
      case (round[2:0])
        3'd0: x1 = {x1[18:0], x1[31:19]};
        3'd1: x1 = {x1[16:0], x1[31:17]};
        3'd2: x1 = {x1[5:0], x1[31:6]};
        3'd3: x1 = {x1[25:0], x1[31:26]};
        3'd4: x1 = {x1[14:0], x1[31:15]};
        3'd5: x1 = {x1[2:0], x1[31:3]};
        3'd6: x1 = {x1[15:0], x1[31:16]};
        default: x1 = {x1[7:0], x1[31:8]};
      endcase
      x1 = x1 ^ x0;
      // After every fourth round the keys are added.
      case (round)
        5'd3: begin
          x0 = x0 + key[63:32];
          x1 = x1 + k2 + 32'd1;
        end
        5'd7: begin
          x0 = x0 + k2;
          x1 = x1 + key[31:0] + 32'd2;
        end
        5'd11: begin
          x0 = x0 + key[31:0];
          x1 = x1 + key[63:32] + 32'd3;
        end
        5'd15: begin
          x0 = x0 + key[63:32];
          x1 = x1 + k2 + 32'd4;
        end
        5'd19: begin
          x0 = x0 + k2;
          x1 = x1 + key[31:0] + 32'd5;
        end
        default: ;
      endcase
    end
    threefry = {x1, x0};
  endfunction

  // Whether an instruction is none of the chip's: unknown opcode, slot, rounding or width.
  function automatic logic illegal(input logic [7:0] op, input logic [31:0] imm);
    illegal = 1'b0;
    case (op)
      n1_pkg::OP_LD_STATE, n1_pkg::OP_ST_STATE: illegal = (imm >> n1_pkg::STATE_BITS) != '0;
      n1_pkg::OP_LD_PARAM: illegal = (imm >> n1_pkg::PARAM_BITS) != '0;
      n1_pkg::OP_LD_INPUT: illegal = imm >= 32'(n1_pkg::INPUTS);
      n1_pkg::OP_LUT: illegal = (imm[15:0] >> n1_pkg::TABLE_BITS) != '0 || (imm[31:16] >> n1_pkg::TABLE_BITS) != '0;
      n1_pkg::OP_SEL: illegal = imm[31:6] != '0;
      n1_pkg::OP_SAT, n1_pkg::OP_SATT: illegal = imm == '0 || imm > 32'd32;
      n1_pkg::OP_SHL, n1_pkg::OP_SHLS: illegal = imm[31:5] != '0;
      n1_pkg::OP_SHR: illegal = imm[7:5] != '0 || imm[31:10] != '0;
      n1_pkg::OP_MULSH, n1_pkg::OP_MULSHS: illegal = imm[7:0] > 8'd62 || imm[31:10] != '0;
      n1_pkg::OP_RNG: illegal = imm[31:8] != '0;
      n1_pkg::OP_LI: ;
      n1_pkg::OP_MOV, n1_pkg::OP_SPK, n1_pkg::OP_SPKP, n1_pkg::OP_AND, n1_pkg::OP_OR, n1_pkg::OP_XOR, n1_pkg::OP_NOT,
      n1_pkg::OP_LNOT, n1_pkg::OP_ADD, n1_pkg::OP_SUB, n1_pkg::OP_ADDS, n1_pkg::OP_SUBS, n1_pkg::OP_NEG, n1_pkg::OP_ABS,
      n1_pkg::OP_MIN, n1_pkg::OP_MAX, n1_pkg::OP_LT, n1_pkg::OP_LE, n1_pkg::OP_EQ:
      illegal = imm != '0;
      default: illegal = 1'b1;
    endcase
  endfunction

endpackage : n1_alu_pkg
