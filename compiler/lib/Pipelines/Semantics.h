//===- Semantics.h - The semantics report -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_PIPELINES_SEMANTICS_H
#define RANVIER_LIB_PIPELINES_SEMANTICS_H

#include <string>
#include <utility>
#include <vector>

namespace ranvier::compiler {

/// What the time passes decided, as plain data.
struct TimeFacts {
  std::vector<std::string> closingEdges, balanced, lateFeedback;
  std::vector<std::pair<std::string, unsigned>> depths;
  unsigned minDelay = 0;
};

/// Adds the keys "time" and "quantisation" to a report (JSON text, may be empty) and returns it. `quantisation` may be empty.
std::string extendSemantics(const std::string &report, const TimeFacts &time, const std::string &quantisation);

} // namespace ranvier::compiler

#endif
