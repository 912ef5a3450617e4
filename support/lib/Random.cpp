//===- Random.cpp - Counter-based random numbers --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Random.h"
#include <cmath>

double ranvier::normalFromWords(uint32_t first, uint32_t second) {
  return std::sqrt(-2.0 * std::log(openUniformFromWord(first))) * std::cos(6.283185307179586476925 * uniformFromWord(second));
}
