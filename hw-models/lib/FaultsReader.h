//===- FaultsReader.h - Dead parts of a machine from YAML -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_HWMODELS_LIB_FAULTSREADER_H
#define RANVIER_HWMODELS_LIB_FAULTSREADER_H

#include "ranvier/HwModels/Chip.h"

namespace ranvier::hw::detail {

struct YamlNode;
/// A section `faults` about `chip`, of which everything else is known. Errors: as parseChip and addFaults.
Result<Faults> readFaults(const YamlNode &node, const Chip &chip, const std::string &file);

} // namespace ranvier::hw::detail

#endif
