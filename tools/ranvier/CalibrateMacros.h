//===- CalibrateMacros.h - Ranges of converters from samples ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_CALIBRATEMACROS_H
#define RANVIER_TOOLS_CALIBRATEMACROS_H

#include "Common.h"
#include "ranvier/Image/Image.h"

namespace ranvier::tools {

/// Runs an image of a chip with crossbars, without errors of cells and converters, on at most 100 samples, and sets the ranges of
/// converters to the largest currents seen in each macro and slice. Nothing changes where adc_range is fixed or there are no
/// converters with a range. Errors: those of runOnSamples.
Result<void> calibrateMacros(image::ImageData &data, const hw::Chip &chip, const std::string &sampleFile, Context &context);

} // namespace ranvier::tools

#endif
