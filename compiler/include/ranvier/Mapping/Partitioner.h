//===- Partitioner.h - Neurons into cores by what their spikes cost -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Partition and placement as one search for the least spikes x hops: the sum over neurons of their spikes times the links between
// their core and each other core that they reach. docs/rationale/partition.md says how and why.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_PARTITIONER_H
#define RANVIER_MAPPING_PARTITIONER_H

#include "ranvier/Mapping/Mapping.h"
#include <string>
#include <vector>

namespace ranvier::mapping {

/// What a mapping costs: spikes x hops (links of the tree where the chip multicasts; a link between chips counts as often as
/// topology.chip_link_cost says), or spikes x messages to other cores where the
/// chip's places are all alike. Errors: RNV6070 (rates that do not fit the network).
Result<uint64_t> spikeHops(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Rates &rates);

/// What mapNetwork decided.
struct Choice {
  std::string strategy;    ///< "sequential" or "multilevel".
  uint64_t sequential = 0; ///< Spikes x hops of sequential filling, placed.
  uint64_t chosen = 0;     ///< Of the result.
  bool multilevelTried = false;
};

/// Partition and placement. Sequential filling, and where options.strategy says so the multi-level search on the same number of
/// cores; the better by spikes x hops, sequential filling on ties. Never over a limit of the chip. Deterministic for a seed.
/// Errors: those of partition() and place(); RNV6070.
Result<Mapping> mapNetwork(const Network &network, const hw::Chip &chip, const Options &options, Choice *choice = nullptr);

/// A synthetic network of native or one-state integer neurons, for comparison and scale.
struct Synthetic {
  enum class Kind { SmallWorld, Random, Layered } kind = Kind::Random;
  uint32_t neurons = 1000, degree = 10; ///< Degree: targets of a neuron.
  double rewired = 0.1;                 ///< Share of targets drawn uniformly instead of near by (small world and layered).
  uint32_t layers = 10;                 ///< Layered: equal populations, each feeding the next.
  double rateSigma = 0;                 ///< Spread of the logarithm of the rates; 0: all alike.
  unsigned weightBits = 8;              ///< Stored bits of a weight, with sign.
  uint64_t seed = 0;
  bool shuffle = false; ///< Neurons are numbered at random within their population: what is near says nothing about numbers.
};
/// Errors: RNV6072 (a value outside its range).
Result<Network> generate(const Synthetic &how, Rates &rates);

} // namespace ranvier::mapping

#endif
