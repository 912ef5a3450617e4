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

/// Errors: those of hw::findChip.
Result<compiler::CompileOptions> makeCompileOptions(const TargetOptions &target);

} // namespace ranvier::tools

#endif
