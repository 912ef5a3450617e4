//===- Activity.h - Which neurons count as active ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_LIB_ACTIVITY_H
#define RANVIER_EMULATOR_LIB_ACTIVITY_H

#include <cstddef>
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

/// Sets in `bits` what is set in `more` (`words` words each) and returns how many bits are set then.
using MergeBits = uint64_t (*)(uint32_t *bits, const uint32_t *more, size_t words);
uint64_t mergeBitsPlain(uint32_t *bits, const uint32_t *more, size_t words);
/// The same by the processor's own instruction, or null where it has none.
MergeBits mergeBitsPopcount();
/// The faster of the two that this processor has.
MergeBits selectMergeBits();

} // namespace ranvier::emu

#endif
