//===- Text.h - Text for terminals ------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_SUPPORT_TEXT_H
#define RANVIER_SUPPORT_TEXT_H

#include <cstdint>
#include <string>
#include <string_view>

namespace ranvier {

/// Messages quote files of strangers: what is no printable UTF-8 (line ends and tabs may stay) becomes \xNN, so that it can do
/// nothing to a terminal. Error::str() uses it already.
std::string printable(std::string_view text);

/// The shortest decimal that reads back as the same number: 0.1, 1e+300, inf. std::to_string would give six digits after the point
/// and every one before.
std::string decimal(double value);

/// "1 error", "2 errors", "0 errors".
std::string counted(uint64_t number, std::string_view what);

} // namespace ranvier

#endif
