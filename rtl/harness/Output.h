//===- Output.h - What a simulation says goes to stderr ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Included before everything else: stdout belongs to whoever loads the model.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_HARNESS_OUTPUT_H
#define RANVIER_RTL_HARNESS_OUTPUT_H

#include <cstdarg>
#include <cstdio>

__attribute__((format(printf, 1, 2))) inline int ranvierPrint(const char *format, ...) {
  va_list words;
  va_start(words, format);
  const int count = std::vfprintf(stderr, format, words);
  va_end(words);
  return count;
}
#define VL_PRINTF ranvierPrint

#endif
