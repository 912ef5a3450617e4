//===- Real.h - A double as an attribute parameter --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes are uniqued, so their parameters need a hash and an equality that agree; a double has no hash in LLVM, and its `==`
// says 0.0 == -0.0 and NaN != NaN. This wrapper compares and hashes the bits and converts freely from and to double.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_DIALECT_SNN_IR_REAL_H
#define RANVIER_DIALECT_SNN_IR_REAL_H

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/bit.h"
#include <cstdint>

namespace ranvier::snn {

class Real {
public:
  Real(double value = 0) : value(value) {}
  operator double() const { return value; }
  uint64_t bits() const { return llvm::bit_cast<uint64_t>(value); }
  friend bool operator==(const Real &a, const Real &b) { return a.bits() == b.bits(); }
  friend llvm::hash_code hash_value(const Real &real) { return llvm::hash_value(real.bits()); }

private:
  double value;
};

} // namespace ranvier::snn

#endif
