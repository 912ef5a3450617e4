//===- TableReport.h - Tables and memories of cores -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_TABLEREPORT_H
#define RANVIER_TOOLS_TABLEREPORT_H

#include "Common.h"
#include "ranvier/Mapping/MachineTables.h"
#include "ranvier/Support/Json.h"

namespace ranvier::tools {

/// Lines about `memories` of a mapping report that this process made; nothing where there is none.
std::string memoryLines(const Json &mapping);
/// What a mapping report says of the time of a step; empty if it says nothing of it.
std::string loadLines(const Json &mapping);
/// Sizes of an image's tables, core by core and router by router; null where its chip has no such tables.
Result<Json> tablesJson(const image::Image &image);
std::string tablesText(const Json &tables);

/// `ranvier export --sdram`: bytes of each core and router with an index, docs/spec/population-tables.md, section 8.
Result<void> exportTables(Context &context, const std::string &imagePath, const std::string &folder);

} // namespace ranvier::tools

#endif
