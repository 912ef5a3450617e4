//===- CrossbarTables.h - What macros are programmed with -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_CROSSBARTABLES_H
#define RANVIER_LIB_MAPPING_CROSSBARTABLES_H

#include "ranvier/Mapping/Mapping.h"

namespace ranvier::mapping::detail {

/// Adds the macros of all cores to an image that has everything else: levels of the summed weights, ranges of converters by the
/// chip's rule. Rows stand in the order of in-axons and delays and columns in that of accumulators unless cells are known or wires
/// have resistance: then placeOnCrossbar() says where. `activity` [rows of outPtr]: spikes a step of each source; empty: all alike.
/// Errors: RNV6122 (DoesNotFit: synapses of one row onto one column that sum up to more than cells hold), RNV6124 (Unsupported).
Result<void> addCrossbars(image::ImageData &data, const hw::Chip &chip, const EmitOptions &options,
                          const std::vector<double> &activity);

/// Ranges of the converters of a macro with these levels [row][column][cell], one for each slice; none where converters need none.
std::vector<image::CrossbarRangeRecord> converterRanges(const hw::Crossbar &crossbar, std::span<const uint8_t> levels,
                                                        uint32_t rows, uint32_t columns);

} // namespace ranvier::mapping::detail

#endif
