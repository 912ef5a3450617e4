//===- OpenCore.h - The exact use of one core that is being filled -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_PARTITION_OPENCORE_H
#define RANVIER_LIB_MAPPING_PARTITION_OPENCORE_H

#include "../Shared.h"
#include <map>
#include <span>
#include <unordered_map>

namespace ranvier::mapping::detail {

/// Incoming synapses by target neuron: one entry per synapse, the source neuron.
struct Columns {
  uint32_t projection;
  std::vector<uint64_t> ptr;
  std::vector<uint32_t> source;
  std::vector<uint16_t> delay; ///< One for all, or one per entry.
};

/// [population] the synapses that end in it. Built once, shared by all that fill cores.
using Incoming = std::vector<std::vector<Columns>>;
Incoming incoming(const Network &network);

/// Counts how often each small number occurs on the open core.
class Multiset {
public:
  explicit Multiset(size_t size) : counts(size, 0) {}
  void add(uint32_t key) { distinctCount += counts[key]++ == 0; }
  void remove(uint32_t key) { distinctCount -= --counts[key] == 0; }
  uint64_t distinct() const { return distinctCount; }

private:
  std::vector<uint32_t> counts;
  uint64_t distinctCount = 0;
};

/// The open core and its exact use. add() puts a neuron on it, remove() takes it back.
class OpenCore {
public:
  OpenCore(const Network &network, const hw::Chip &chip, const Incoming &into);
  void add(uint32_t population, uint32_t neuron, uint32_t outAxons);
  void remove(uint32_t population, uint32_t neuron, uint32_t outAxons);
  /// Index of the first limit that is exceeded, LimitCount if none; accumulators count as neurons.
  unsigned exceeded() const;
  CoreUse use;
  uint64_t accumulators = 0;
  const std::array<Limit, LimitCount> bounds;

private:
  template <bool Adding> void change(uint32_t population, uint32_t neuron, uint32_t outAxons);

  const Network &network;
  const hw::Chip &chip;
  uint64_t bits(uint32_t projection, uint32_t synapses) const {
    const auto &row = rowBits[projection];
    return synapses < row.size() ? row[synapses]
                                 : chip.storage.bits(synapses, formats[projection].weightBits, formats[projection].delayBits,
                                                     formats[projection].indexBits);
  }
  const std::vector<RowFormat> formats;
  const Configs configs;
  const Incoming &into;
  std::vector<std::vector<uint64_t>> rowBits;     ///< [projection][synapses], for short rows.
  std::vector<uint64_t> kernelRows;               ///< [projection]: rows of it on the open core, where they share weights.
  std::vector<std::vector<uint32_t>> rowCount;    ///< [projection][source neuron]: synapses of that row on the open core.
  std::vector<std::vector<uint32_t>> sourceCount; ///< [population][neuron]: synapses from there on the open core.
  std::unordered_map<uint64_t, uint32_t> driven;  ///< (population, source, delay) -> synapses on the open core, of crossbars.
  std::map<uint64_t, uint32_t> macros;            ///< Macros that a neuron's rows take alone -> neurons on the open core.
  std::vector<uint64_t> own;                      ///< Scratch: rows of one neuron.
  Multiset neuronConfigs, thresholdConfigs, programs;
  uint64_t softNeurons;
};

} // namespace ranvier::mapping::detail

#endif
