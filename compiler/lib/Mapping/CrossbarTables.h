//===- CrossbarTables.h - What macros are programmed with -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_CROSSBARTABLES_H
#define RANVIER_LIB_MAPPING_CROSSBARTABLES_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Image/Image.h"

namespace ranvier::mapping::detail {

/// Adds the macros of all cores to an image that has everything else: rows in the order of in-axons and delays, columns in that of
/// accumulators, levels of the summed weights, ranges of converters by the chip's rule. Errors (DoesNotFit): RNV6122 (synapses of
/// one row onto one column that sum up to more than cells hold).
Result<void> addCrossbars(image::ImageData &data, const hw::Chip &chip);

/// Ranges of the converters of a macro with these levels [row][column][cell], one for each slice; none where converters need none.
std::vector<image::CrossbarRangeRecord> converterRanges(const hw::Crossbar &crossbar, std::span<const uint8_t> levels,
                                                        uint32_t rows, uint32_t columns);

} // namespace ranvier::mapping::detail

#endif
