//===- MapPartition.h - `ranvier map partition`, `network` ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_MAPPARTITION_H
#define RANVIER_TOOLS_MAPPARTITION_H

#include "Common.h"

namespace ranvier::tools {
void addMapPartition(CLI::App &map, Context &context);
void addMapNetwork(CLI::App &map, Context &context);
} // namespace ranvier::tools

#endif
