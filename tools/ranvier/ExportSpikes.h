//===- ExportSpikes.h - Spike files from one format to another --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_EXPORTSPIKES_H
#define RANVIER_TOOLS_EXPORTSPIKES_H

#include "Common.h"

namespace ranvier::tools {

struct SpikeExport {
  std::string input, output, format;    ///< format: csv, nir or sonata
  std::vector<std::string> populations; ///< Empty: all.
  double dt = 0;                        ///< [s]; 0: not given.
  std::optional<uint32_t> sample;
};

/// Reads a recording of `ranvier run` or any spike file and writes its spikes in another format. Errors: RNV8061 (times without a
/// step), 8062 (which population?), 8043 (an option the input leaves no room for), those of formats.
Result<void> exportSpikes(Context &context, const SpikeExport &what);

} // namespace ranvier::tools

#endif
