//===- RuleNetwork.h - Networks whose projections are rules -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network of procedural connectors is partitioned, placed and routed without listing a synapse: what a core uses follows from the
// rules, exactly where a rule says it in closed form, else as an upper bound that holds whatever the rule draws. So a mapping that
// is legal here is legal for every seed. docs/rationale/partition.md says which count is which.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_RULENETWORK_H
#define RANVIER_MAPPING_RULENETWORK_H

#include "ranvier/Mapping/MapLarge.h"

namespace ranvier::mapping {

/// A projection as a rule. Draws are with replacement where a number is drawn (several synapses of one pair) and without where a
/// probability is.
struct ProjectionRule {
  enum class Kind { AllToAll, OneToOne, FixedInDegree, FixedProbability, FixedTotalNumber, DistanceDependent };
  std::string name;
  uint32_t source = 0, target = 0, receptor = 0;
  Kind kind = Kind::AllToAll;
  uint64_t number = 0;    ///< FixedInDegree: synapses of each target; FixedTotalNumber: of all.
  double probability = 0; ///< FixedProbability; the largest one of DistanceDependent. 0..1.
  bool skipsSelf = false; ///< Source and target are one population and no neuron reaches itself.
  int32_t weightExponent = 0;
  unsigned weightBits = 8; ///< As Projection::weightBits.
  Words weights{0};        ///< Every word that a synapse may have.
  uint16_t delay = 1;      ///< [steps]
};

/// Populations and programs as in `nodes`, whose own projections are empty.
struct RuleNetwork {
  Network nodes;
  std::vector<ProjectionRule> rules;
};

/// Use of a core, each figure exact or an upper bound for any draw.
struct RuleUse {
  CoreUse use;
  /// Which figures are exact; neurons, configurations and programme words always are.
  bool exactSynapses = true, exactMemory = true, exactAxonsIn = true, exactAxonsOut = true, exactFanIn = true;
};

/// Use per core, in the order of mapping.cores. The mapping must cover every population.
std::vector<RuleUse> measureRules(const RuleNetwork &network, const hw::Chip &chip, const Mapping &mapping);
/// Checks a mapping against every limit, for any draw. Errors: those of checkMapping().
Result<void> checkRules(const RuleNetwork &network, const hw::Chip &chip, const Mapping &mapping);

struct RuleMapping : LargeMapping {
  uint64_t synapses = 0;      ///< Of all rules.
  bool exactSynapses = true;  ///< False: an upper bound.
  bool exactSpikeHops = true; ///< The same of spikes x hops, messages and the loads of links.
};

/// Cuts every population into equal slices, as few as its limits allow for any draw, small populations sharing cores; places the
/// cores in the order of the populations and in one found from the rules, takes the cheaper, and routes its messages. `ofSynapses`
/// is the order found. Deterministic for a seed, whatever the threads. Errors: RNV6002, RNV6010..6019 (as partition()), RNV6070,
/// RNV6090 (DoesNotFit: too many pairs of cores exchange messages).
Result<RuleMapping> mapRules(const RuleNetwork &network, const hw::Chip &chip, const LargeOptions &options);

} // namespace ranvier::mapping

#endif
