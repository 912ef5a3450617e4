//===- Fuzz.h - What the libFuzzer targets share ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A target hands its input to one parser. Crashes, sanitizer reports and broken promises (FUZZ_CHECK) are findings; an error is
// not, but it must say something.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_FUZZ_FUZZ_H
#define RANVIER_TEST_FUZZ_FUZZ_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#define FUZZ_CHECK(condition, detail)                                                                                              \
  do {                                                                                                                             \
    if (!(condition)) {                                                                                                            \
      std::fprintf(stderr, "%s:%d: broken promise: %s: %s\n", __FILE__, __LINE__, #condition, std::string(detail).c_str());        \
      std::abort();                                                                                                                \
    }                                                                                                                              \
  } while (false)

namespace ranvier::fuzz {

inline std::string_view text(const uint8_t *data, size_t size) { return {reinterpret_cast<const char *>(data), size}; }

/// An error says what, and has a code of its area.
inline void checkError(const Error &error, unsigned least, unsigned most) {
  FUZZ_CHECK(error.code >= least && error.code <= most, error.str());
  FUZZ_CHECK(!error.message.empty(), error.str());
}

} // namespace ranvier::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
