//===- Folders.h - Where the program lies -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_HWMODELS_FOLDERS_H
#define RANVIER_HWMODELS_FOLDERS_H

#include <string>

namespace ranvier::hw {

/// The build tree that the running program lies in; empty for an installed one.
std::string buildFolder();

} // namespace ranvier::hw

#endif
