//===- NirImport.h - NIR graphs into the snn dialect ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Neuron nodes become populations, linear nodes become projections, and everything a NIR file leaves open (time step, reset, units)
// is decided here and written down in the network's semantics report. docs/guide/nir.md is the user's view of this.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FRONTEND_NIRIMPORT_H
#define RANVIER_FRONTEND_NIRIMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ranvier/Formats/Nir.h"
#include "ranvier/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace ranvier::frontend {

/// What happens to v after a spike. NIR has only "v := v_reset"; networks trained with another rule do not say so.
enum class Reset : uint8_t {
  FileDefault, ///< NIR's own: v := v_reset (0 where the file has none).
  Zero,        ///< v := 0 whatever the file says.
  Subtract,    ///< v := v - v_threshold.
  VReset       ///< v := v_reset, asked for explicitly.
};
enum class TimeUnit : uint8_t { Seconds, Milliseconds };

struct NirImportOptions {
  std::optional<double> dt; ///< Time step [s]; absent: inferred, see NirImport::dt.
  Reset reset = Reset::FileDefault;
  TimeUnit timeUnit = TimeUnit::Seconds; ///< Of the file's time constants and delays; published files use seconds.
  std::vector<std::string> modelFolders; ///< Where neuron models are looked up; empty: the shipped folder.
  std::string networkName = "network";
};

struct NirImport {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< One snn.network and clones of the models it uses; verified.
  std::vector<std::string> warnings;        ///< What was assumed or repaired, one sentence each; also in the semantics report.
  double dt = 0;                            ///< [s]
};

/// Turns a repaired graph into the snn dialect.
///
/// Node names become symbol names unchanged. A linear node between neuron nodes becomes one projection of its name per (source,
/// target) pair; a linear node that feeds another linear node or an Output ends in a junction "<name>.out". Edges without a linear
/// node become one-to-one projections of weight 1. Biases of a node with several sources stand on the first projection only.
/// Cycles are kept as they are; no delay is invented.
///
/// dt: given; else time constant / gain (the pairs each model lists in `dt_from`) where that is constant over the graph to a
/// relative 1e-5 and the gains are not all 1; else 1e-4 s with a warning. The first pair of a model counts always, further ones
/// only where their gain is not 1 (its default). A quotient within 5e-7 of a number of six digits is taken as that number, because
/// files carry float32 noise.
///
/// Errors: RNV5201..5206 (models), RNV5210 (option out of range), RNV5212 (missing
/// parameter or wrong number of values), RNV5213 (delay negative or too long), RNV5214 (loop without a neuron), RNV5215
/// (unsupported shape or padding), RNV5216 (node without sources), RNV5217 (result does not verify).
Result<NirImport> importNir(const formats::nir::FlatGraph &graph, mlir::MLIRContext *context, const NirImportOptions &options = {});

/// Reads, flattens and imports. Errors: also those of formats::nir::read and flatten.
Result<NirImport> importNirFile(const std::string &path, mlir::MLIRContext *context, const NirImportOptions &options = {});

} // namespace ranvier::frontend

#endif
