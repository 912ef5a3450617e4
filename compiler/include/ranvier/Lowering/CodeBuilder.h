//===- CodeBuilder.h - Straight-line microcode from values ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings name values, not registers; allocation gives each value a register from its definition to its last use.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LOWERING_CODEBUILDER_H
#define RANVIER_LOWERING_CODEBUILDER_H

#include "ranvier/ISA/Program.h"
#include "ranvier/Lowering/Model.h"

namespace ranvier::compiler {

class CodeBuilder {
public:
  /// Appends an instruction and returns its value's number. `c`: third register operand (sel), goes into the immediate.
  int value(isa::Opcode op, int a = -1, int b = -1, uint32_t imm = 0, int c = -1);
  /// Appends an instruction without a value (st.state, spk, spkp).
  void effect(isa::Opcode op, int a, int b = -1, uint32_t imm = 0);
  size_t size() const { return lines.size(); }
  /// Registers by linear scan in program order. False: more than isa::maxRegisters values are alive at once.
  bool allocate(std::vector<isa::Instruction> &code) const;

private:
  struct Line {
    isa::Opcode op;
    int dst, a, b, c;
    uint32_t imm;
  };
  std::vector<Line> lines;
  int count = 0;
};

/// A model as a program, and the values of its parameter slots.
struct Lowered {
  isa::Program program;
  std::vector<Values> params; ///< By slot; on f32 rounded to binary32, on int integers.
};

/// Checks a finished program against the limits of microcode. Errors: RNV5104, at the model.
Result<void> checkProgram(const Model &model, const isa::Program &program);

} // namespace ranvier::compiler

#endif
