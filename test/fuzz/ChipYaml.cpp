// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chip descriptions: an accepted one printed completely is the same chip again. What is none may be a file of faults.
#include "Fuzz.h"
#include "ranvier/HwModels/Chip.h"

using namespace ranvier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto chip = hw::parseChip(std::string(fuzz::text(data, size)), "fuzz.yaml");
  if (!chip) {
    fuzz::checkError(chip.error(), 2001, 2999);
    hw::Chip machine;
    machine.name = "machine";
    machine.topology = hw::Topology::Mesh;
    machine.tilesX = machine.tilesY = machine.maxChips = machine.chipsX = 2;
    if (const auto added = hw::addFaultsOf(machine, std::string(fuzz::text(data, size)), "fuzz.yaml"); !added)
      fuzz::checkError(added.error(), 2001, 2999);
    return 0;
  }
  const std::string printed = hw::resolvedText(*chip);
  const auto again = hw::parseChip(printed, "fuzz.yaml");
  FUZZ_CHECK(again, again.error().str() + "\n" + printed);
  FUZZ_CHECK(*again == *chip, printed);
  return 0;
}
