//===- Split.h - Synapse cores beside cores with neurons --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_SPLIT_H
#define RANVIER_LIB_MAPPING_SPLIT_H

#include "Shared.h"
#include "ranvier/Mapping/Load.h"
#include <algorithm>
#include <map>
#include <utility>

namespace ranvier::mapping::detail {

/// What the sources of one block bring to a core in a step. A block: neurons of a population on one core (by its number in the
/// mapping), or the next core.neurons of an input.
struct SourceLoad {
  uint32_t population = 0, block = 0;
  double weight = 0; ///< [ps] If each fired once.
  double packets = 0, events = 0;
  double variance = 0; ///< [ps^2]
};
/// By core of the mapping, then by (population, block).
std::vector<std::vector<SourceLoad>> sourceLoads(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                                 const AssumedRates &rates);
/// The block of a source, as SourceLoad numbers them.
inline uint32_t blockOf(const Network &network, const hw::Chip &chip, const std::vector<std::vector<uint32_t>> &coreOf,
                        uint32_t population, uint64_t neuron) {
  return network.populations[population].input ? static_cast<uint32_t>(neuron / std::max(1u, chip.core.neurons))
                                               : coreOf[population][neuron];
}
/// Which of `cores` synapse cores takes each block of a core: the heaviest first, each to the one with least so far.
std::vector<uint32_t> sharesOf(const std::vector<SourceLoad> &blocks, uint32_t cores);

/// A core as the machine has it: one of the mapping, or a synapse core of it.
struct StandingCore {
  uint32_t chip = 0, core = 0;
  uint32_t owner = 0;       ///< In Mapping::cores.
  uint32_t share = nowhere; ///< Of its synapse cores; nowhere: the core itself.
};
/// All of them, numbered as the image's cores are; in the mapping's order where no core has synapse cores.
std::vector<StandingCore> standingCores(const Mapping &mapping);

/// Where the synapses of a source lie.
class SourceRoutes {
public:
  SourceRoutes(const Network &network, const hw::Chip &chip, const Mapping &mapping);
  const std::vector<StandingCore> &cores() const { return standing; }
  /// [core of the mapping] number of its own standing core.
  const std::vector<uint32_t> &own() const { return ownOf; }
  /// [core of the mapping] number of the standing core that takes in a source's messages in its stead.
  const std::vector<uint32_t> &of(uint32_t population, uint64_t neuron) const {
    if (!split)
      return ownOf;
    if (!chip.crossbar)
      return routes.at({population, blockOf(network, chip, coreOf, population, neuron)});
    const auto found = routes.find({population, static_cast<uint32_t>(neuron)});
    return found == routes.end() ? ownOf : found->second;
  }

private:
  const Network &network;
  const hw::Chip &chip;
  bool split = false;
  std::vector<StandingCore> standing;
  std::vector<uint32_t> ownOf;
  std::vector<std::vector<uint32_t>> coreOf;
  /// By population, and block, or of macros by neuron, where some core of its own does not take its messages.
  std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> routes;
};

/// Time of an event of the chip's first profile [ps]; 0 where it is not known.
double costOf(const hw::Chip &chip, const char *event);
/// Time [ps] for so many sums from one synapse core, on the core that takes them or on the one that hands them over.
double transferTime(const hw::Chip &chip, uint64_t sums, bool taken);

/// Places cores with as many synapse cores as they have, on one tile each. Errors: those of place(); RNV6112, RNV6113.
Result<void> placeGroups(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options);

/// Sequential filling, cut and split so that no core works longer than a step by what is foretold (Split::Auto), or with so many
/// synapse cores for each core (Split::Fixed), then placed: a core and its synapse cores on one tile. Errors: those of partition()
/// and place(); RNV6110 (no shared memory), RNV6111 (synapses learn), RNV6112 (dead parts), RNV6113 (DoesNotFit).
Result<Mapping> mapSplit(const Network &network, const hw::Chip &chip, const Options &options);

} // namespace ranvier::mapping::detail

#endif
