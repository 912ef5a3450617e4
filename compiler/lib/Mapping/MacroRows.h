//===- MacroRows.h - Rows of a core divided over macros ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A core whose neurons hear more sources than a macro has rows takes further macros of its tile, each with converters of its own:
// they are synapse cores (Split.h), and the core's own macro takes its share.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_MACROROWS_H
#define RANVIER_LIB_MAPPING_MACROROWS_H

#include "Shared.h"

namespace ranvier::mapping::detail {

/// What a source takes of a core's rows: one for each delay of its synapses there.
struct SourceRows {
  uint32_t population = 0, neuron = 0;
  uint32_t rows = 0;
};
/// [core of the mapping] its sources, by population and neuron.
std::vector<std::vector<SourceRows>> sourceRows(const Network &network, const Mapping &mapping);

/// Which of `macros` macros of `inputs` rows takes each source, as evenly as whole sources allow; empty if they do not fit.
std::vector<uint32_t> divideRows(const std::vector<SourceRows> &sources, uint32_t inputs, uint32_t macros);

/// Gives each core as many synapse cores as its rows take macros besides its own; they are placed later. False if some core takes
/// more than one.
bool takeMacros(const Network &network, const hw::Chip &chip, Mapping &mapping);

/// That every macro holds its share. Errors (DoesNotFit): RNV6123.
Result<void> checkMacros(const Network &network, const hw::Chip &chip, const Mapping &mapping);

} // namespace ranvier::mapping::detail

#endif
