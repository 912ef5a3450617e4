//===- CodeBuilder.cpp - Register allocation ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/CodeBuilder.h"
#include <set>

using namespace ranvier;
using namespace ranvier::compiler;

int CodeBuilder::value(isa::Opcode op, int a, int b, uint32_t imm, int c) {
  lines.push_back({op, count, a, b, c, imm});
  return count++;
}

void CodeBuilder::effect(isa::Opcode op, int a, int b, uint32_t imm) { lines.push_back({op, -1, a, b, -1, imm}); }

bool CodeBuilder::allocate(std::vector<isa::Instruction> &code) const {
  std::vector<size_t> lastUse(count, 0);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].dst >= 0)
      lastUse[lines[i].dst] = i; // a value nothing reads frees its register at once
    for (int operand : {lines[i].a, lines[i].b, lines[i].c})
      if (operand >= 0)
        lastUse[operand] = i;
  }
  std::set<uint8_t> free;
  for (unsigned r = 0; r < isa::maxRegisters; ++r)
    free.insert(static_cast<uint8_t>(r));
  std::vector<uint8_t> where(count, 0);
  code.clear();
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line &line = lines[i];
    isa::Instruction instruction{line.op, 0, 0, 0, line.imm};
    if (line.a >= 0)
      instruction.a = where[line.a];
    if (line.b >= 0)
      instruction.b = where[line.b];
    if (line.c >= 0)
      instruction.imm = where[line.c];
    // Operands are read before the result is written, so the result may take the register of one that dies here.
    for (int operand : {line.a, line.b, line.c})
      if (operand >= 0 && lastUse[operand] == i)
        free.insert(where[operand]);
    if (line.dst >= 0) {
      if (free.empty())
        return false;
      instruction.dst = where[line.dst] = *free.begin();
      free.erase(free.begin());
      if (lastUse[line.dst] == i)
        free.insert(where[line.dst]);
    }
    code.push_back(instruction);
  }
  return true;
}

Result<void> compiler::checkProgram(const Model &model, const isa::Program &program) {
  if (auto valid = isa::validate(program); !valid)
    return model.error({.code = 5104, .message = "the model exceeds the microcode: " + valid.error().message, .expected = valid.error().expected,
                        .found = valid.error().found, .hint = "split the model or drop states and parameters", .kind = ErrorKind::DoesNotFit});
  return {};
}
