//===- Elimination.h - Nodes out of a resistor network ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_EMULATOR_CROSSBAR_ELIMINATION_H
#define RANVIER_LIB_EMULATOR_CROSSBAR_ELIMINATION_H

#include "Kernels.h"
#include <cstdint>
#include <vector>

namespace ranvier::emu {

/// The admittances between the last nodes of a symmetric positive definite [size][size] matrix once the first `count`, which nobody
/// feeds, are eliminated: its Schur complement. Destroys `front`. The same bits on any processor.
std::vector<double> eliminate(std::vector<double> &front, uint64_t size, uint64_t count,
                              CrossbarWidth width = CrossbarWidth::Widest);

} // namespace ranvier::emu

#endif
