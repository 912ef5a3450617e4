//===- Operands.h - Checks one instruction against the table ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the validator and the assembler, so that text and image obey the same rules.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_ISA_LIB_OPERANDS_H
#define RANVIER_ISA_LIB_OPERANDS_H

#include "ranvier/ISA/Program.h"

namespace ranvier::isa::detail {

/// What an operand check found; code 0: nothing wrong.
struct OperandFault {
  unsigned code = 0;
  std::string message = {}, expected = {}, found = {};
};

/// Profile, register numbers, unused fields, immediate. Safe on any bytes. Codes: RNV4001, RNV4004, RNV4005, RNV4007, RNV4008.
OperandFault checkOperands(const Program &program, const Instruction &instruction);

/// The slots or tables an immediate of this kind counts: how many the program has; 0 for other kinds.
size_t numSlots(const Program &program, ImmKind kind);

/// Names of the slots of this kind; null if the kind has no names.
const std::vector<std::string> *slotNames(const Program &program, ImmKind kind);

} // namespace ranvier::isa::detail

#endif
