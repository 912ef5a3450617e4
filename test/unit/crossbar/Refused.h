// Configurations that validate() refuses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_CROSSBAR_REFUSED_H
#define RANVIER_TEST_UNIT_CROSSBAR_REFUSED_H

#include "ranvier/Emulator/Crossbar.h"
#include <doctest/doctest.h>

namespace ranvier::test {

/// A default configuration after `change` is refused with this code, at this key.
template <typename Change> void refused(unsigned code, const char *key, Change &&change) {
  emu::CrossbarConfig config;
  change(config);
  const auto result = config.validate();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == code);
  CHECK(result.error().place == key);
}

} // namespace ranvier::test

#endif
