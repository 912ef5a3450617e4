//===- GoldenReader.h - Golden cases out of a tree --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_GOLDENREADER_H
#define RANVIER_LIB_FORMATS_GOLDENREADER_H

#include "Hdf5Tree.h"
#include "ranvier/Formats/GoldenCase.h"

namespace ranvier::formats {

/// The case of Loihi-style arithmetic that a file's tree holds. Errors: RNV1070..1076.
Result<GoldenCase> goldenFromTree(const H5Group &root, const std::string &path);

} // namespace ranvier::formats

#endif
