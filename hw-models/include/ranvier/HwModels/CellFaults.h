//===- CellFaults.h - Stuck cells from options and files --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_HWMODELS_CELLFAULTS_H
#define RANVIER_HWMODELS_CELLFAULTS_H

#include "ranvier/HwModels/Chip.h"

namespace ranvier::hw {

/// Whether an option speaks of cells: "rate=R,seed=S", "low=L,high=H,seed=S", or a file whose format is ranvier-cell-faults. What
/// cannot be read does not.
bool speaksOfCells(const std::string &option);
/// The stuck cells that such an option names, on a chip with crossbars. Errors: RNV2033 (the text of the option), RNV2034 (a cell
/// that the chip does not have, or twice), RNV2035 (a chip without crossbars); of files those of parseChip, too.
Result<CellFaults> cellFaultsOf(const std::string &option, const Chip &chip);
/// The same of a file's text; `path` only names it in messages. Text is refused beyond 1 MiB.
Result<CellFaults> parseCellFaults(const std::string &text, const std::string &path, const Chip &chip);

} // namespace ranvier::hw

#endif
