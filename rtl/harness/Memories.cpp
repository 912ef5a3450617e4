//===- Memories.cpp - The back door to the chip's memories ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Memories.h"
#include "Sizes.h" // generated
#include "verilated_syms.h"
#include <algorithm>
#include <cstring>

namespace ranvier_model {
namespace {
/// The memories of a space in a core, by the names of their instances; "#" is replaced by 0, 1, ... Empty names are holes.
struct Place {
  uint32_t space;
  std::vector<std::string> names;
  uint32_t run;
};

constexpr uint32_t whole = 1u << 16; ///< A memory of its own: one run.

std::vector<std::string> numbered(const std::string &name, uint32_t count) {
  std::vector<std::string> out;
  for (uint32_t i = 0; i < count; ++i) {
    std::string one = name;
    one.replace(one.find('#'), 1, std::to_string(i));
    out.push_back(one);
  }
  return out;
}

const std::vector<Place> &corePlaces() {
  static const std::vector<Place> places = {
      {0, {"u_axons"}, whole},
      {1, {"u_synapses"}, whole},
      {2, numbered("g_state[#].u_ram", 2), RANVIER_NEURONS},
      {3, numbered("g_param[#].u_ram", 4), RANVIER_NEURONS},
      {4, {"u_masks"}, whole},
      {6, numbered("g_program[#].u_ram", 2), 1},
      {7, {"u_table"}, whole},
      {8, {"u_slice_0", "u_slice_1", "g_slice[2].u_ram", "g_slice[3].u_ram", "g_slice[4].u_ram", "", "", ""}, 1},
      {9, numbered("u_accumulators.g_bank[#].u_ram", RANVIER_SLOTS), RANVIER_NEURONS * RANVIER_INPUTS},
  };
  return places;
}

/// The variable `mem` of a scope whose name ends so.
Ram find(const VerilatedScope *scope) {
  Ram ram;
  VerilatedVar *variable = scope ? scope->varFind("mem") : nullptr;
  if (!variable || variable->udims() != 1 || variable->entSize() > 8)
    return ram;
  ram.data = static_cast<uint8_t *>(variable->datap());
  ram.depth = static_cast<uint32_t>(variable->unpacked().elements());
  ram.bytes = variable->entSize();
  const int width = variable->packed().elements();
  ram.mask = width >= 32 ? 0xFFFFFFFFu : (uint32_t(1) << width) - 1;
  return ram;
}

SpaceMemory assemble(VerilatedContext &context, const std::string &prefix, const Place &place) {
  SpaceMemory out;
  out.run = place.run;
  uint32_t depth = 0;
  for (const std::string &name : place.names) {
    Ram ram;
    if (!name.empty()) {
      ram = find(context.scopeFind((prefix + name).c_str()));
      if (!ram.data || (depth && ram.depth != depth))
        return {};
      depth = ram.depth;
    }
    out.rams.push_back(ram);
  }
  out.words = depth * static_cast<uint32_t>(out.rams.size());
  return out;
}
} // namespace

uint32_t Ram::read(uint32_t element) const {
  if (!data)
    return 0;
  uint64_t word = 0;
  std::memcpy(&word, data + size_t(element) * bytes, bytes); // little endian, as Verilator's hosts are
  return static_cast<uint32_t>(word) & mask;
}

void Ram::write(uint32_t element, uint32_t word) {
  if (!data)
    return;
  const uint64_t kept = word & mask;
  std::memcpy(data + size_t(element) * bytes, &kept, bytes);
}

void SpaceMemory::read(uint32_t first, uint32_t count, uint32_t *words) const {
  while (count) {
    const Ram &ram = rams[first / run % rams.size()];
    const uint32_t element = elementOf(first), length = std::min(count, run - first % run);
    for (uint32_t i = 0; i < length; ++i)
      words[i] = ram.read(element + i);
    first += length;
    count -= length;
    words += length;
  }
}

void SpaceMemory::write(uint32_t first, uint32_t count, const uint32_t *words) {
  while (count) {
    Ram &ram = rams[first / run % rams.size()];
    const uint32_t element = elementOf(first), length = std::min(count, run - first % run);
    for (uint32_t i = 0; i < length; ++i)
      ram.write(element + i, words[i]);
    first += length;
    count -= length;
    words += length;
  }
}

Memories::Memories(VerilatedContext &context) : nodes(RANVIER_COLUMNS * RANVIER_ROWS + 1) {
  for (uint32_t x = 0; x < RANVIER_COLUMNS; ++x)
    for (uint32_t y = 0; y < RANVIER_ROWS; ++y) {
      const std::string prefix = "TOP.n1_chip.g_column[" + std::to_string(x) + "].g_row[" + std::to_string(y) + "].u_node.u_core.";
      for (const Place &place : corePlaces())
        nodes[x * RANVIER_ROWS + y][place.space] = assemble(context, prefix, place);
    }
  nodes.back()[10] = assemble(context, "TOP.n1_chip.u_host.", {10, {"u_masks"}, whole});
}

SpaceMemory *Memories::of(uint32_t node, uint32_t space) {
  if (node >= nodes.size() || space >= nodes[node].size() || nodes[node][space].rams.empty())
    return nullptr;
  return &nodes[node][space];
}

} // namespace ranvier_model
