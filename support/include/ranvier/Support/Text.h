//===- Text.h - Text for terminals ------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_SUPPORT_TEXT_H
#define RANVIER_SUPPORT_TEXT_H

#include <string>
#include <string_view>

namespace ranvier {

/// Messages quote files of strangers: what is no printable UTF-8 (line ends and tabs may stay) becomes \xNN, so that it can do
/// nothing to a terminal. Error::str() uses it already.
std::string printable(std::string_view text);

} // namespace ranvier

#endif
