//===- Error.cpp - Errors as values ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Error.h"
#include "ranvier/Support/Text.h"
#include <cstdio>

using namespace ranvier;

std::string Error::str() const {
  std::string out;
  if (!file.empty())
    out += file + ": ";
  if (!place.empty())
    out += place + ": ";
  char number[16];
  std::snprintf(number, sizeof number, "RNV%04u", code);
  out += std::string(kind == ErrorKind::Unsupported || kind == ErrorKind::CannotRun ? "unsupported " : "error ") + number + ": " +
         message;
  if (!expected.empty())
    out += ": expected " + expected;
  if (!found.empty())
    out += (expected.empty() ? ": found " : ", found ") + found;
  if (!hint.empty())
    out += "\nhint: " + hint;
  return printable(out);
}

void ranvier::assertionFailed(const char *condition, const char *file, int line, const std::string &detail) {
  std::fprintf(stderr, "ranvier: internal error: %s:%d: %s: %s\nplease report this\n", file, line, condition, detail.c_str());
  std::abort();
}
