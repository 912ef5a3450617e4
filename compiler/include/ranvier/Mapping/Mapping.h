//===- Mapping.h - Partition, place, route, emit ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_MAPPING_MAPPING_H
#define RANVIER_MAPPING_MAPPING_H

#include "ranvier/HwModels/Chip.h"
#include "ranvier/Image/Image.h"
#include "ranvier/Mapping/CrossbarPlacement.h"
#include "ranvier/Mapping/Network.h"
#include <functional>
#include <string>
#include <vector>

namespace ranvier::mapping {

/// Neurons [first, first + count) of a population.
struct Slice {
  uint32_t population = 0;
  uint32_t first = 0, count = 0;
  bool operator==(const Slice &) const = default;
};
/// What one core holds and where it is.
struct CoreAssignment {
  uint32_t chip = 0, core = 0;
  uint32_t level = 0;
  std::vector<Slice> slices;
  /// Cores of the same chip and tile that take in messages in its stead, each those of some sources, and hand their sums to it in
  /// every step; none: it takes in its own.
  std::vector<uint32_t> synapseCores = {};
};
struct Mapping {
  std::vector<CoreAssignment> cores; ///< Sorted by (level, chip, core).
};

/// [population][neuron] spikes in a recorded run or any measure proportional to them; inputs may be empty. Empty: all alike.
using Rates = std::vector<std::vector<uint32_t>>;

/// How often sources fire. Inputs with a source of their own fire as that says, whatever stands here.
struct AssumedRates {
  Rates spikes;         ///< Of a recorded run; empty: all fire `perSecond` times.
  uint64_t steps = 0;   ///< Of that run; at least 1 with `spikes`.
  double perSecond = 0; ///< [1/s] Of all others; 0: the chip's (ring_buffers.spikes_per_second).
  bool operator==(const AssumedRates &) const = default;
};

/// Sets of populations by number. All cores with neurons of a set must stand on one chip; sets with a population in common are one.
using PopulationSets = std::vector<std::vector<uint32_t>>;

/// How mapNetwork cuts a network into cores.
enum class Strategy {
  Auto,       ///< A short multi-level search up to autoSynapses, where it gains.
  Sequential, ///< In the order of populations and neurons.
  Multilevel  ///< A long search, whatever the size; sequential filling still wins ties.
};
/// Networks with more synapses are filled sequentially unless asked otherwise: the short search takes some 5 s at this size.
constexpr uint64_t autoSynapses = 1'500'000;

/// Whether cores get synapse cores, on chips whose tiles have a shared memory. It never changes a spike.
enum class Split {
  Off,
  Auto, ///< Where a core would work longer than a step by what Load.h foretells, and smaller cores would not do.
  Fixed ///< Each core that takes in anything.
};

struct Options {
  uint64_t seed = 0; ///< Of partition and placement.
  Strategy strategy = Strategy::Auto;
  Rates rates;
  std::function<void(const char *stage)> onStage; ///< Called as each stage of mapNetwork begins: partition, place, search.
  unsigned threads = 0;      ///< At most so many at once; 0: as many as processors. The result does not depend on it.
  PopulationSets sameChip;   ///< Populations that must share a chip; of no effect on a machine of one chip.
  Split split = Split::Off;  ///< Else cores are filled sequentially.
  uint32_t synapseCores = 1; ///< Of each core (Split::Fixed).
  AssumedRates assumed;      ///< By which Split::Auto decides.
};

/// Use of each limited resource on one core, and which limit would bind next.
struct CoreUse {
  uint64_t neurons = 0, synapses = 0, synapticMemoryBits = 0, axonsIn = 0, axonsOut = 0, maxFanIn = 0, neuronConfigs = 0,
           thresholdConfigs = 0, programWords = 0, tableWords = 0;
  uint64_t crossbarRows = 0, crossbarColumns = 0; ///< Of a macro: sources with each of their delays, and receptors of neurons.
};

/// Checks that programs, parameters, weights and exponents are ones the chip has (docs/spec/target-semantics.md, I1..I5); networks
/// that are already integer come from anywhere. Errors: RNV6031..6034.
Result<void> checkArithmetic(const Network &network, const hw::Chip &chip);
/// Populations' topological levels on delay-0 edges (0 where there are none). Errors: RNV6001 if delay-0 edges form a cycle.
Result<std::vector<uint32_t>> levels(const Network &network);

/// Splits populations into cores within every limit of the chip. Deterministic. Errors (DoesNotFit): RNV6010.. saying which limit
/// of which population is over, by how much and what would help. No core holds neurons of two sets of options.sameChip, or of a set
/// and of none, where the machine has several chips. Errors of sets: RNV6091 to RNV6093.
Result<Mapping> partition(const Network &network, const hw::Chip &chip, const Options &options);
/// Gives every core a place (chip, core) that minimises hops weighted by axons, sets of options.sameChip on one chip each: no core
/// may hold neurons of a set and of another or none then, as partition() with the same sets sees to, whose own places are
/// provisional. Deterministic for a seed, whatever the threads. Errors: RNV6016, RNV6082, RNV6083, RNV6091 to RNV6093.
Result<void> place(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options);
/// Checks a mapping (from a file or from partition/place) against every limit. Errors: RNV6020..
Result<void> checkMapping(const Network &network, const hw::Chip &chip, const Mapping &mapping);
/// Populations by name as sets for Options::sameChip, as unite() gives them. Errors: RNV6091.
Result<PopulationSets> populationSets(const Network &network, const std::vector<std::vector<std::string>> &names);
/// The sets with those joined that have a population in common; sets and members ascend. Errors: RNV6091 (an empty set, an input, a
/// number that no population has).
Result<PopulationSets> unite(const Network &network, const PopulationSets &sets);
/// Checks that all neurons of a set stand on one chip. Errors: RNV6091, RNV6094.
Result<void> checkSameChip(const Network &network, const Mapping &mapping, const PopulationSets &sets);
/// Use per core, in the order of mapping.cores.
std::vector<CoreUse> measure(const Network &network, const hw::Chip &chip, const Mapping &mapping);
/// JSON text: cores and chips used against limits, the binding limit, hops, messages per input spike; with sets, which satisfy
/// checkSameChip(), also where each of them stands; on chips with memories also these and how long cores work in a step (Load.h).
std::string report(const Network &network, const hw::Chip &chip, const Mapping &mapping, const PopulationSets &sameChip = {},
                   const AssumedRates &rates = {});

/// {"format": "ranvier-mapping", "version": 1, "slices": [{"population": "p", "first": 0, "count": 10, "chip": 0, "core": 3}]}
Result<Mapping> parseMapping(const Network &network, const hw::Chip &chip, const std::string &json, const std::string &fileName);
std::string printMapping(const Network &network, const Mapping &mapping);

/// What is known of the macros of a chip with crossbars, and how weights find their cells (CrossbarPlacement.h).
struct CellKnowledge {
  hw::CellFaults faults;
  CrossbarPlacementOptions how;
};
/// How the weights of one macro lie.
struct MacroPlacement {
  uint32_t chip = 0, core = 0;
  uint32_t axons = 0, columns = 0; ///< Drivers (sources, once for each delay) and columns of weights.
  uint32_t stuckCells = 0;         ///< Of the whole macro.
  uint32_t repairRows = 0, flipped = 0;
  CrossbarPlacement::Errors errors; ///< [levels]
};
struct EmitOptions {
  /// What the image says of its mapping, as report() gives it; empty: that, of no sets and default rates.
  std::string mappingReport;
  /// Weights of macros are placed by this; null: in the order of axons and accumulators, but for what wires take.
  const CellKnowledge *cells = nullptr;
  AssumedRates rates;                            ///< Errors of axons that spike often weigh more; no rates: all alike.
  std::vector<MacroPlacement> *macros = nullptr; ///< Where to report on macros that are placed.
};
/// Axon tables, rows and words of the image. The result passes image::validate. `provenance`: JSON text. Errors of macros: RNV6122,
/// RNV6124 (known cells of macros whose weights are no single pairs, or of a chip without macros).
Result<image::ImageData> emitImage(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                   const std::string &provenance, const EmitOptions &options = {});

/// Rebuilds the network from the image alone (for `ranvier verify`). Projections come back with rows sorted as in Network.
Result<Network> rebuildNetwork(const image::Image &image);
/// Which neurons stand where in an image; populations are numbered as in the network that rebuildNetwork gives.
Mapping mappingOf(const image::Image &image);
/// Compares every neuron, parameter, initial state, synapse, weight and delay. Empty: equal; else differences, at most `most`
/// lines.
std::vector<std::string> compareNetworks(const Network &expected, const Network &found, size_t most = 20);

} // namespace ranvier::mapping

#endif
