//===- Words.cpp - Words of rows and of the table that finds them ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/PopulationTables.h"
#include <bit>

using namespace ranvier;
using namespace ranvier::image;

static unsigned bitsFor(uint32_t values) { return static_cast<unsigned>(std::bit_width(std::max(1u, values) - 1)); }

SynapseFields SynapseFields::of(uint32_t neurons, uint32_t types, uint32_t longestDelay) {
  return {bitsFor(neurons), bitsFor(types), bitsFor(longestDelay)};
}

/// Everything below the weight.
static uint32_t control(const SynapseFields &fields, const RowSynapse &synapse) {
  const uint32_t delay = synapse.delay & ((1u << fields.delayBits) - 1);
  return delay << (fields.typeBits + fields.indexBits) | synapse.type << fields.indexBits | synapse.index;
}

uint32_t image::packSynapse(const SynapseFields &fields, const RowSynapse &synapse) {
  return synapse.weight << 16 | control(fields, synapse);
}

uint32_t image::rowWords(uint64_t fixed, uint64_t plastic) {
  const uint64_t halves = (plastic + 1) / 2;
  return static_cast<uint32_t>(fixed + (plastic ? plasticHistoryWords + 2 * halves : 0));
}

std::vector<uint32_t> image::encodeRow(const SynapseFields &fields, std::span<const RowSynapse> synapses, uint32_t words,
                                       uint32_t traces) {
  std::vector<uint32_t> fixed, weights, controls;
  const auto half = [](std::vector<uint32_t> &list, uint64_t number, uint32_t value) {
    if (number % 2 == 0)
      list.push_back(0);
    list.back() |= value << (number % 2 * 16);
  };
  uint32_t plastic = 0;
  for (const RowSynapse &synapse : synapses) {
    if (!synapse.plastic) {
      fixed.push_back(packSynapse(fields, synapse));
      continue;
    }
    half(weights, plastic, synapse.weight);
    half(controls, plastic++, control(fields, synapse));
  }
  std::vector<uint32_t> row{plastic ? plasticHistoryWords + static_cast<uint32_t>(weights.size()) : 0};
  if (plastic) {
    row.insert(row.end(), {0, traces});
    row.insert(row.end(), weights.begin(), weights.end());
  }
  row.push_back(static_cast<uint32_t>(fixed.size()));
  row.push_back(plastic);
  row.insert(row.end(), fixed.begin(), fixed.end());
  row.insert(row.end(), controls.begin(), controls.end());
  RANVIER_ASSERT(row.size() <= size_t(words) + rowHeaderWords, "a row is as long as it was counted");
  row.resize(size_t(words) + rowHeaderWords, 0);
  return row;
}

std::array<uint32_t, 3> image::packEntry(const TableEntry &entry) {
  return {entry.key, entry.mask, entry.start | uint32_t(entry.extra) << 15 | entry.count << 16};
}

uint32_t image::packAddress(const AddressWord &address) {
  const uint32_t field = static_cast<uint32_t>(address.single ? address.address : address.address / 16);
  return (address.words - 1) | field << 8 | uint32_t(address.single) << 31;
}

uint32_t image::packExtra(const ExtraInfo &extra) {
  return extra.coreMask | extra.filterWords << 10 | extra.shift << 16 | extra.neurons << 21;
}
