//===- Memories.h - The back door to the chip's memories --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which word of which rv_ram holds an address of the configuration bus. The memories are found by the names of their instances, so
// that the table holds for every grid; a chip that names them otherwise has no back door, and the bus is used.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_HARNESS_MEMORIES_H
#define RANVIER_RTL_HARNESS_MEMORIES_H

#include "verilated.h"
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ranvier_model {

/// A memory as Verilator keeps it: elements of 1, 2, 4 or 8 bytes. Without data: addresses that nobody answers for.
struct Ram {
  uint8_t *data = nullptr;
  uint32_t depth = 0, bytes = 0;
  uint32_t mask = 0; ///< Of the bits that an element has.
  uint32_t read(uint32_t element) const;
  void write(uint32_t element, uint32_t word);
};

/// Where the words of a space lie: runs of `run` addresses go to one ram after the other, round and round.
struct SpaceMemory {
  std::vector<Ram> rams;
  uint32_t run = 1;
  uint32_t words = 0;
  /// Words [first, first + count).
  void read(uint32_t first, uint32_t count, uint32_t *words) const;
  void write(uint32_t first, uint32_t count, const uint32_t *words);
  uint32_t read(uint32_t address) const { return rams[address / run % rams.size()].read(elementOf(address)); }
  void write(uint32_t address, uint32_t word) { rams[address / run % rams.size()].write(elementOf(address), word); }

private:
  uint32_t elementOf(uint32_t address) const { return address / run / static_cast<uint32_t>(rams.size()) * run + address % run; }
};

class Memories {
public:
  explicit Memories(VerilatedContext &context);
  /// Null: not found.
  SpaceMemory *of(uint32_t node, uint32_t space);

private:
  std::vector<std::array<SpaceMemory, 11>> nodes; ///< The host's last.
};

} // namespace ranvier_model

#endif
