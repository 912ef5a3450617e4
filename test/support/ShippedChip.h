// A chip of hw-models/chips by its name.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_SUPPORT_SHIPPEDCHIP_H
#define RANVIER_TEST_SUPPORT_SHIPPEDCHIP_H

#include "ranvier/HwModels/Chip.h"
#include <doctest/doctest.h>
#include <string>

namespace ranvier::test {

inline hw::Chip shippedChip(const std::string &name) {
  auto chip = hw::findChip(name);
  REQUIRE_MESSAGE(bool(chip), (chip ? "" : chip.error().str()));
  return *std::move(chip);
}

} // namespace ranvier::test

#endif
