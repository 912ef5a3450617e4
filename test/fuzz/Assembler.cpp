// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Microcode text: an accepted line prints as a line that assembles to the same instruction.
#include "Fuzz.h"
#include "ranvier/ISA/Program.h"

using namespace ranvier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  isa::Program program;
  program.profile = size && data[0] & 1 ? isa::Profile::F32 : isa::Profile::Int;
  program.states = {"v", "u"}, program.params = {"vth", "tau"}, program.inputs = {"i"}, program.tables = {{1, 2, 3, 4}};
  const std::string_view line = size ? fuzz::text(data + 1, size - 1) : std::string_view();
  const auto instruction = isa::assemble(program, line);
  if (!instruction) {
    fuzz::checkError(instruction.error(), 4001, 4099);
    return 0;
  }
  const auto word = isa::decode(isa::encode(*instruction));
  FUZZ_CHECK(word && *word == *instruction, line);
  const std::string printed = isa::disassemble(program, *instruction);
  const auto again = isa::assemble(program, printed);
  FUZZ_CHECK(again, printed + ": " + again.error().str());
  FUZZ_CHECK(*again == *instruction, printed);
  return 0;
}
