//===- NativeForm.cpp - The fixed neuron unit as microcode ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A chip with a fixed neuron unit runs exactly one update; writing it as microcode lets every executor run it without knowing of
// it.
//===----------------------------------------------------------------------===//
#include "ranvier/HwModels/NativeForm.h"
#include <string>

namespace ranvier::hw {
namespace {
void append(isa::Program &program, const std::string &line) {
  auto instruction = isa::assemble(program, line);
  RANVIER_ASSERT(instruction, line + ": " + instruction.error().str());
  program.code.push_back(*instruction);
}

/// r0 = the current after decay and input, r5 = a threshold of the wrap.
void appendCurrent(isa::Program &program, const NativeCubaLif &form) {
  const int64_t half = int64_t(1) << (form.stateBits - 1);
  const std::string shift = std::to_string(form.inputShift), decay = std::to_string(form.decayBits);
  append(program, "ld.state r0, u");
  append(program, "ld.param r1, du");
  append(program, "li r2, " + std::to_string((int64_t(1) << form.decayBits) - form.currentDecayOffset));
  append(program, "sub r1, r2, r1");
  append(program, "mulsh r0, r0, r1, " + decay + ", tz");
  append(program, "ld.input r3, i");
  if (!form.currentWraps) {
    append(program, "shls r3, r3, " + shift);
    append(program, "adds r0, r0, r3");
    append(program, "sat r0, r0, " + std::to_string(form.stateBits));
    append(program, "st.state r0, u");
    return;
  }
  append(program, "shl r3, r3, " + shift);
  append(program, "add r0, r0, r3");
  append(program, "li r4, " + std::to_string(2 * half));
  append(program, "li r5, " + std::to_string(half));
  append(program, "lt r6, r5, r0");
  append(program, "sub r7, r0, r4");
  append(program, "li r5, " + std::to_string(-half));
  append(program, "le r8, r0, r5");
  append(program, "add r9, r0, r4");
  append(program, "sel r0, r7, r0, r6"); // One wrap: at most one of the conditions holds, both on the value before it.
  append(program, "sel r0, r9, r0, r8");
  append(program, "st.state r0, u");
}

} // namespace

isa::Program nativeCubaProgram(const NativeCubaLif &form) {
  isa::Program program;
  program.name = "native_cuba_lif";
  program.profile = isa::Profile::Int;
  program.states = {"u", "v"};
  program.params = {"du", "dv", "vth", "bias"};
  program.inputs = {"i"};
  appendCurrent(program, form);
  append(program, "ld.state r1, v");
  append(program, "ld.param r2, dv");
  append(program, "li r3, " + std::to_string(int64_t(1) << form.decayBits));
  append(program, "sub r2, r3, r2");
  append(program, "mulsh r1, r1, r2, " + std::to_string(form.decayBits) + ", tz");
  append(program, "ld.param r2, bias");
  append(program, "add r1, r1, r0");
  append(program, "adds r1, r1, r2");
  append(program, "sat r1, r1, " + std::to_string(form.stateBits));
  append(program, "ld.param r2, vth");
  append(program, "shls r2, r2, " + std::to_string(form.thresholdShift));
  append(program, "lt r2, r2, r1");
  append(program, "li r3, 0");
  append(program, "sel r1, r3, r1, r2");
  append(program, "st.state r1, v");
  append(program, "spk r2");
  return program;
}

} // namespace ranvier::hw
