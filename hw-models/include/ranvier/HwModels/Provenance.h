//===- Provenance.h - How far a number can be trusted -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_HWMODELS_PROVENANCE_H
#define RANVIER_HWMODELS_PROVENANCE_H

#include <cstdint>

namespace ranvier::hw {

/// How far a number can be trusted; printed beside every figure that uses it.
enum class Provenance : uint8_t { Published, Fitted, Estimate, Defined, Unknown };
const char *toString(Provenance provenance);

} // namespace ranvier::hw

#endif
