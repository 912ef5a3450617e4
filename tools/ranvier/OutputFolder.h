//===- OutputFolder.h - A folder of results, all or nothing -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_OUTPUTFOLDER_H
#define RANVIER_TOOLS_OUTPUTFOLDER_H

#include "ranvier/Support/Error.h"
#include <filesystem>
#include <functional>

namespace ranvier::tools {

/// Calls `write` with a folder beside the final one, which gets that name when everything is there; after an error nothing is.
/// Errors: RNV8066 (the name is taken by a file, or by a folder that holds something; the system refuses), and those of `write`.
Result<void> writeFolder(const std::string &folder, const std::function<Result<void>(const std::filesystem::path &)> &write);

} // namespace ranvier::tools

#endif
