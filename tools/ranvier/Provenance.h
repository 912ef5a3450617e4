//===- Provenance.h - Where an image comes from -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The record carries everything that decides the bytes of an image besides the network file itself, so that `verify` can compile
// again. It holds no time stamp and no folder: the same input gives the same bytes on any machine.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TOOLS_PROVENANCE_H
#define RANVIER_TOOLS_PROVENANCE_H

#include "NetworkFile.h"

namespace ranvier::tools {

std::string makeProvenance(const NetworkOptions &network, const std::string &hash, const TargetOptions &target,
                           const std::string &mappingText);

struct Provenance {
  NetworkOptions network; ///< Without path and model folders.
  TargetOptions target;
  std::string hash;
};
/// Errors: RNV8050 malformed record.
Result<Provenance> readProvenance(const std::string &text);

/// The target with the faults of --faults. Errors: those of hw::findTarget and hw::addFaults.
Result<hw::Chip> chipOf(const TargetOptions &target);
/// Errors: those of chipOf.
Result<compiler::CompileOptions> makeCompileOptions(const TargetOptions &target);

} // namespace ranvier::tools

#endif
