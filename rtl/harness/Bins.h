//===- Bins.h - Functional coverage of the chip -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a verification must have seen at least once: every instruction with every rounding, every way to wrap and to saturate, every
// delay and exponent, hazards, full buffers, every turn of a router and every pattern in which it branches. Looked up in the
// signals of the running chip once a cycle; in models that count only (docs/rtl/verification.md).
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_HARNESS_BINS_H
#define RANVIER_RTL_HARNESS_BINS_H

#include "verilated.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ranvier_model {

/// A group of bins of one kind.
struct BinGroup {
  std::string name;
  std::vector<std::string> bins;
  std::vector<uint64_t> counts;
  bool seen = false; ///< The signals that it looks at exist.
};

class Bins {
public:
  explicit Bins(VerilatedContext &context);
  ~Bins();
  /// After the ports of a cycle have settled, while a step runs.
  void sample();
  const std::vector<BinGroup> &groups() const { return all; }

private:
  struct Signals;
  std::vector<BinGroup> all;
  std::unique_ptr<Signals> signals;
};

} // namespace ranvier_model

#endif
