//===- NirExport.h - The snn dialect as a NIR graph -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inverse of NirImport.h: importing what was exported gives the network back, apart from what NIR cannot say, which is an
// error (ops) or a warning (time step, reset by subtraction, probes).
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FRONTEND_NIREXPORT_H
#define RANVIER_FRONTEND_NIREXPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "ranvier/Formats/Nir.h"
#include "ranvier/Support/Error.h"
#include <string>
#include <vector>

namespace ranvier::frontend {

struct NirExport {
  formats::nir::File file;           ///< Flat graph; `path` empty. Numbers are float32 where that is exact.
  std::vector<std::string> warnings; ///< What NIR cannot say and an importer must be told, one sentence each.
};

/// The only snn.network of `module`. Populations need models with a `nir` dictionary; sparse and all-to-all projections become
/// dense matrices of up to 2^26 weights; a delay becomes a Delay node; a Flatten goes between shapes that differ.
///
/// Errors: RNV5220 (no network, or several), RNV5221 (Unsupported: an op or attribute without a NIR form: built-in sources,
/// procedural or seeded values, initial values, per-synapse delays, quantised numbers, models without `nir`, second receptors),
/// RNV5222 (a resource without data).
Result<NirExport> exportNir(mlir::ModuleOp module);

} // namespace ranvier::frontend

#endif
