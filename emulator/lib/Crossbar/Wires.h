//===- Wires.h - Nodal analysis of arrays with resistive wires --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An array whose cells draw from their input line is a linear network that inputs do not change: its output currents are a matrix
// times the input voltages, which is worked out once.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_EMULATOR_CROSSBAR_WIRES_H
#define RANVIER_LIB_EMULATOR_CROSSBAR_WIRES_H

#include <cstdint>
#include <vector>

namespace ranvier::emu {

/// Cells [input][columns] relative to Gmax; `negative` only if pairs are interleaved: then each input has a second line, driven
/// with the opposite voltage, from which these cells draw. Wires in ohm relative to minOhm, not negative. Input line j runs past
/// columns 0..columns-1 with one inputOhm before each cell; output line i past inputs 0..inputs-1 with one outputOhm after each
/// cell, the last to ground. Returns current of output line i per volt of input j, [input][columns].
std::vector<double> effectiveConductances(const std::vector<double> &positive, const std::vector<double> &negative, uint64_t inputs,
                                          uint64_t columns, double inputOhm, double outputOhm);

} // namespace ranvier::emu

#endif
