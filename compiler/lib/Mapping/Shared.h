//===- Shared.h - What the mapping algorithms have in common ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to compiler/lib/Mapping: where a neuron lives, how many bits a row of synapses takes, how far two cores are apart.
// Partition, measure, check and emit all go through these, so that what one of them promises the others find.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_SHARED_H
#define RANVIER_LIB_MAPPING_SHARED_H

#include "ranvier/Mapping/Links.h"
#include "ranvier/Mapping/Mapping.h"
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::mapping::detail {

/// Accumulators are numbered in 16 bits in every synapse word.
constexpr uint64_t maxAccumulators = 65536;
/// Neurons at which cores of chips without a limit end: the accumulators of a step stay in a second-level cache of 256 KiB, and
/// rows are as long as that allows.
constexpr uint64_t softCoreNeurons = 40960;
/// More neurons than this are worth two threads, and so two cores.
constexpr uint64_t worthTwoCores = 4096;
/// Neurons of a core of this network: the chip's limit; without one, as many as give an even number of cores of one size, within
/// softCoreNeurons, so that two threads share the work evenly.
uint64_t coreNeurons(const Network &network, const hw::Chip &chip);
constexpr uint32_t nowhere = 0xFFFFFFFFu;

/// How the chip's memory stores the synapses of one projection; see hw::SynapseStorage::bits.
struct RowFormat {
  unsigned weightBits = 0, delayBits = 0, indexBits = 0;
  uint64_t kernelBits = 0; ///< Stored once on a core that has any row, where chips share the weights of convolutions.
};
std::vector<RowFormat> rowFormats(const Network &network, const hw::Chip &chip);

/// Inputs (receptors) of a population's program; 0 for input populations.
inline uint32_t inputCount(const Network &network, const Population &population) {
  return population.program < 0 ? 0 : static_cast<uint32_t>(network.programs[population.program].inputs.size());
}
inline int32_t wordOf(const Words &words, uint64_t neuron) { return words.size() == 1 ? words[0] : words[neuron]; }

/// [population][neuron] -> index into mapping.cores (nowhere: unmapped). Empty for input populations.
std::vector<std::vector<uint32_t>> coreOfNeuron(const Network &network, const Mapping &mapping);
/// Projections by source population, ascending.
std::vector<std::vector<uint32_t>> outgoing(const Network &network);
/// Cores of the chip's machine that are not dead.
uint64_t availableCores(const hw::Chip &chip);
/// ", less 5 dead" for a number of cores; empty where none is dead.
std::string withoutDead(const hw::Chip &chip);

/// checkMapping() where the levels are known, as those of a network whose projections are rules.
Result<void> checkMapping(const Network &network, const hw::Chip &chip, const Mapping &mapping, const std::vector<uint32_t> &level);

/// One limited resource of a core: what the user calls it, its bound, where CoreUse counts it, what helps when it is exceeded.
struct Limit {
  const char *name;
  uint64_t bound; ///< 0: unlimited.
  uint64_t CoreUse::*use;
  const char *hint;
  unsigned code; ///< RNV code of "one neuron alone is over the limit"; 0 where one neuron never is.
};
enum LimitIndex {
  LimitNeurons,
  LimitMemory,
  LimitAxonsIn,
  LimitAxonsOut,
  LimitFanIn,
  LimitNeuronConfigs,
  LimitThresholds,
  LimitProgram,
  LimitTables,
  LimitRows,
  LimitColumns,
  LimitCount
};
std::array<Limit, LimitCount> limits(const hw::Chip &chip);

/// Whether every core is, as measure() counts.
bool withinLimits(const Network &network, const hw::Chip &chip, const Mapping &mapping);

/// Per population and neuron: number of its (neuron, threshold) configuration, equal numbers for equal tuples over all populations.
struct Configs {
  std::vector<std::vector<uint32_t>> neuron, threshold; ///< Size 0 (no such table), 1 (uniform) or count.
  uint32_t neuronCount = 0, thresholdCount = 0;         ///< Distinct ones over the network.
};
Configs configurations(const Network &network);

using hw::Tile;
inline Tile tileOf(const hw::Plane &plane, const CoreAssignment &core) { return plane.tileOf(core.chip, core.core); }

/// A message whose way is closed.
struct Undelivered {
  uint32_t population = 0, neuron = 0; ///< That sends it.
  uint32_t from = 0, to = 0;           ///< Into mapping.cores.
  std::string obstacle;                ///< See hw::Blockages::on.
};
/// The first message, in the order of neurons, that a dead link or chip is in the way of.
std::optional<Undelivered> undelivered(const Network &network, const hw::Chip &chip, const Mapping &mapping);
/// RNV6082 about it.
Error cannotDeliver(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Undelivered &message);
/// The same where the search for a placement ended with it: RNV6083 where the machine falls into parts
/// none of which has room, with the cause.
Error noOpenPlacement(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Undelivered &message);
/// The rates for a search that must keep ways open: a neuron that never fired in the profile still needs one.
Rates openWays(const Network &network, const hw::Chip &chip, const Rates &rates);
/// Gives the cores of a mapping the first places of the machine that work, in order. There must be as many.
void takeFirstPlaces(const hw::Chip &chip, Mapping &mapping);
/// Sorts the cores by level, chip and core.
void sortByPlace(Mapping &mapping);
/// "chip 0, core 3".
std::string nameOfCore(uint32_t chip, uint32_t core);
inline std::string nameOfCore(const CoreAssignment &core) { return nameOfCore(core.chip, core.core); }
/// The first and the second half of its neurons.
std::pair<CoreAssignment, CoreAssignment> halves(const CoreAssignment &core);

/// Neurons of one core that send to the same cores: all of those on chips with multicast trees, else one destination at a time.
struct Spread {
  uint32_t from = 0;
  std::vector<uint32_t> to; ///< Sorted.
  uint64_t spikes = 0;      ///< Of all of them together.
};
/// What is sent when every neuron fires as often as the rates say (empty: once).
struct Traffic {
  std::vector<Spread> sent;   ///< Sorted by source core, then destinations.
  uint64_t inputMessages = 0; ///< Of one spike of every input neuron.
  uint64_t inputNeurons = 0;
  uint64_t senders = 0; ///< Neurons with a destination, inputs not counted.
};
Traffic traffic(const Network &network, const hw::Chip &chip, const Mapping &mapping, const Rates &rates = {});
/// Links that one spike of it crosses, by kind. None on chips without a topology.
hw::LinkCounts linksOf(const hw::Plane &plane, const hw::Chip &chip, const Mapping &mapping, const Spread &spread);
/// mapping::linkLoads of messages that are counted already.
std::vector<LinkLoad> linkLoads(const hw::Chip &chip, const Mapping &mapping, const std::vector<Spread> &sent);

/// Calls fn(population, neuron, distinct destination cores in order of first use) for every neuron and input.
template <typename Fn>
void forEachFanOut(const Network &network, const std::vector<std::vector<uint32_t>> &coreOf, size_t cores, Fn &&fn) {
  const auto out = outgoing(network);
  std::vector<uint64_t> stamp(cores, 0);
  std::vector<uint32_t> reached;
  uint64_t source = 0;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint64_t n = 0; n < network.populations[p].count; ++n) {
      ++source;
      reached.clear();
      for (uint32_t index : out[p]) {
        const Projection &projection = network.projections[index];
        const std::vector<uint32_t> &targetCore = coreOf[projection.target];
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
          const uint32_t core = targetCore[projection.targets[s]];
          if (core != nowhere && stamp[core] != source) {
            stamp[core] = source;
            reached.push_back(core);
          }
        }
      }
      fn(p, n, reached);
    }
}

/// Errors: RNV6002 naming the population or projection: sizes, indices, programs that do not fit together.
Result<void> checkNetwork(const Network &network);
/// Errors: RNV6017 (delay outside the chip's range), RNV6018 (number profile), RNV6019 (weights), RNV6035 (slots of a program),
/// RNV6036 (input neurons).
Result<void> checkAgainstChip(const Network &network, const hw::Chip &chip);

} // namespace ranvier::mapping::detail

#endif
