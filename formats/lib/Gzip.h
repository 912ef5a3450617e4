//===- Gzip.h - Texts that may be compressed --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_GZIP_H
#define RANVIER_LIB_FORMATS_GZIP_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <string>

namespace ranvier::formats {

/// A whole text; unpacked if the name ends in .gz. Errors: RNV9001, RNV9002 (also if it unpacks to more), RNV1091.
Result<std::string> readText(const std::string &path, uint64_t maxBytes);
/// Packed if the name ends in .gz, without name and time, so that equal texts give equal bytes. Atomic. Errors: RNV9003, RNV9004.
Result<void> writeText(const std::string &path, const std::string &text);

} // namespace ranvier::formats

#endif
