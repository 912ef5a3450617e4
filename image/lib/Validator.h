//===- Validator.h - What the parts of validate() share ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts run in this order and each relies on what the ones before it have shown: meta and programs, cores, slices, rows and
// synapses, out-axons, capacity. Clause numbers are those of docs/spec/image-format.md.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_LIB_VALIDATOR_H
#define RANVIER_IMAGE_LIB_VALIDATOR_H

#include "ranvier/Image/Image.h"

namespace ranvier::image::detail {

/// Most accumulators of a core: synapses name them with 16 bits.
constexpr uint32_t maxAccumulators = 65536;

/// A broken clause. `place` names table and index.
Error broken(unsigned code, const char *clause, std::string place, std::string message, std::string expected, std::string found);
inline std::string at(const char *table, uint64_t index) { return std::string(table) + "[" + std::to_string(index) + "]"; }

/// Clauses M and P, and the neurons of inputs (L10).
Result<void> checkMeta(const Image &image);
/// Clauses C and S. Adds up the neurons of all cores.
Result<void> checkCores(const Image &image, uint64_t &neurons);
/// Clauses A, R and Y, and the use of synaptic memory, input axons and fan-in (L2, L3, L5).
Result<void> checkSynapses(const Image &image);
/// Clauses X: macros of chips with crossbars.
Result<void> checkCrossbars(const Image &image);
/// Clauses O, and L4.
Result<void> checkOutAxons(const Image &image, uint64_t neurons);
/// Clauses L1, L6, L7, L8 and L9.
Result<void> checkCapacity(const Image &image);

/// Error of clause L: `found` more than `limit`; nothing if the limit is 0 or holds.
Result<void> checkLimit(const Image &image, uint64_t core, const char *clause, const char *what, uint64_t limit, uint64_t found);

} // namespace ranvier::image::detail

#endif
