//===- GoldenCase.h - Golden cases of Loihi-style arithmetic ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The format "ranvier-golden-loihi" of ranvier-replay: one network with every parameter, its input spikes and the expected spikes,
// u and v. docs/spec/golden-loihi.md describes it.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_GOLDENCASE_H
#define RANVIER_FORMATS_GOLDENCASE_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace ranvier::formats {

struct GoldenInput {
  std::string name;
  uint32_t count = 0;
  std::vector<uint8_t> spikes; ///< [T, n]
};
struct GoldenGroup {
  std::string name, model; ///< model: "LIF"
  uint32_t count = 0;
  int64_t du = 0, dv = 0, vth = 0;
  std::vector<int64_t> biasMantissa, biasExponent; ///< [n]
  bool hasExpected = false;
  std::vector<uint32_t> recorded; ///< Columns of u and v.
  std::vector<uint8_t> s;         ///< [T, n]
  std::vector<int64_t> u, v;      ///< [T, m]
};
struct GoldenConnection {
  std::string name, source, target, kind; ///< kind: "dense" | "delay"
  int weightExponent = 0, weightBits = 8, messageBits = 0;
  std::string signMode;         ///< "AUTO", "MIXED", "EXCITATORY", "INHIBITORY"
  std::vector<int64_t> weights; ///< [post, pre]
  std::vector<int64_t> delays;  ///< [post, pre] for kind "delay", else empty
};
struct GoldenCase {
  std::string path, name;
  uint32_t steps = 0;
  std::vector<GoldenInput> inputs;
  std::vector<GoldenGroup> groups;
  std::vector<GoldenConnection> connections; ///< Sorted by their number.
};

/// Unknown keys, attributes, kinds or models are errors. Read in the sandbox. Errors: RNV1001..1004, RNV1070..1076.
Result<GoldenCase> readGoldenCase(const std::string &path);

/// One computed group of `ranvier-replay --out`: data sets <name>/s, u, v [T, n].
struct GoldenResult {
  std::string name;
  uint32_t count = 0;
  std::vector<uint8_t> s;
  std::vector<int32_t> u, v;
};
/// Errors: RNV1010, RNV1011, RNV9003, RNV9004.
Result<void> writeGoldenResults(const std::string &path, uint32_t steps, const std::vector<GoldenResult> &groups);

} // namespace ranvier::formats

#endif
