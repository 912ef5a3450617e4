// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_RTL_STUBMODEL_H
#define RANVIER_TEST_UNIT_RTL_STUBMODEL_H

#include <cstdint>

namespace ranvier::test {

/// What is wrong with the stub, given as its seed.
enum class Fault : uint32_t {
  None,
  LosesAWrite,
  DoesNotAnswer,
  HasNoBackDoor,
  Hangs,
  SpikesTooMuch,
  SpikesFromNowhere,
  ReportsAnError,
  CountsWrongly,
  WritesAState,
  WritesAnAccumulator,
  WritesASynapse,
  WritesFarAway
};

} // namespace ranvier::test

#endif
