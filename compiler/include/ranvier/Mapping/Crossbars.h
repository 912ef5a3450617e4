//===- Crossbars.h - Macros of an image that know their device --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_MAPPING_CROSSBARS_H
#define RANVIER_MAPPING_CROSSBARS_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Image/Image.h"

namespace ranvier::mapping {

/// What stuck cells do to the weights of an image, in units of weights.
struct FaultReport {
  uint64_t stuck = 0;           ///< Stuck cells under a row and a column in use.
  uint64_t weights = 0;         ///< Weights with a stuck cell.
  uint64_t wrong = 0;           ///< Of those, that are not what the network says, after compensation.
  double before = 0, after = 0; ///< Sum of |error| of all weights, without compensation and with it.
};

/// Programs the cells beside stuck ones so that each weight is as near to the network's as it can be: of a pair with one stuck cell
/// the other one is moved. Levels of stuck cells become what they are stuck at.
FaultReport compensateFaults(image::ImageData &data, const hw::Chip &chip, const hw::CellFaults &faults);

} // namespace ranvier::mapping

#endif
