//===- Activity.h - Which neurons count as active ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_LIB_ACTIVITY_H
#define RANVIER_EMULATOR_LIB_ACTIVITY_H

#include <cstdint>
#include <span>

namespace ranvier::emu {

/// Bit n of `bits` (ceil(count / 32) words, overwritten) becomes 1 where a word n of one of the arrays has a bit of `mask`; bits
/// from `count` on become 0. Arrays may stand anywhere and are read up to the next multiple of 8 words.
using FindActive = void (*)(std::span<const int32_t *const> arrays, uint32_t count, int32_t mask, uint32_t *bits);
void findActivePlain(std::span<const int32_t *const> arrays, uint32_t count, int32_t mask, uint32_t *bits);
/// The same by vectors, or null on a processor without AVX2.
FindActive findActiveAvx2();
/// The faster of the two that this processor has.
FindActive selectFindActive();

} // namespace ranvier::emu

#endif
