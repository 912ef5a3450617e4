//===- Quantize.h - From real numbers to a chip's ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass-level interface: reads IR into plain structs, calls the maths (NativeCuba.h, FixedPoint.h), writes the results back.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_QUANTIZE_QUANTIZE_H
#define RANVIER_QUANTIZE_QUANTIZE_H

#include "mlir/IR/BuiltinOps.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/HwModels/Chip.h"
#include <string>

namespace ranvier::compiler {

struct QuantizeOptions {
  unsigned weightBits = 8; ///< Magnitude bits of weights on int targets, within the chip's limits.
  std::string calibration; ///< Text of a calibration profile (Report.h); empty: scales from the range of the weights.
};

/// Where nobody says how many: 8, or all that a chip with ring buffers has, whose unit is theirs.
unsigned defaultWeightBits(const hw::Chip &chip);

/// Turns a network of models into a network of programs for the chip: models become the chip's native form or fixed-point microcode
/// (float microcode on f32 chips), weights integers with an exponent, biases parameters. Junctions must have been composed away on
/// integer chips. Populations that already name a program are left alone. Returns the report as JSON text (Report.h); its warnings
/// are appended to `warnings` too. Errors: RNV51xx of the lowering, RNV5301..5337, RNV5401..5409, each at the model, population or
/// projection to blame.
Result<std::string> quantizeForTarget(mlir::ModuleOp module, const hw::Chip &chip, const QuantizeOptions &options,
                                      std::vector<std::string> *warnings = nullptr);

/// Whether the chip can learn, if the network does. Errors: RNV5331, at the plasticity.
Result<void> canLearn(snn::NetworkOp network, const hw::Chip &chip);

/// Whether the chip can execute a population's model, before any number is chosen: native form, or an update that generic
/// conversion takes, with ranges of its states that are declared or follow from the update. Errors: as quantizeForTarget's; RNV5402
/// goes away with a calibration profile.
Result<void> canExecute(snn::PopulationOp population, const hw::Chip &chip);

} // namespace ranvier::compiler

#endif
