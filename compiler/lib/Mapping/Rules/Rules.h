//===- Rules.h - What rules ask of a core -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_MAPPING_RULES_RULES_H
#define RANVIER_LIB_MAPPING_RULES_RULES_H

#include "../Partition/Messages.h"
#include "ranvier/Mapping/RuleNetwork.h"

namespace ranvier::mapping::detail {

/// The most bits that rows of synapses can take when only their number and their sum are known: the least concave function above
/// SynapseStorage::bits, at the mean row, times the rows.
class RowEnvelope {
public:
  RowEnvelope(const hw::SynapseStorage &storage, const RowFormat &format);
  uint64_t bits(uint64_t synapses) const { return storage->bits(synapses, format.weightBits, format.delayBits, format.indexBits); }
  uint64_t mostBits(uint64_t synapses, uint64_t rows) const;

private:
  const hw::SynapseStorage *storage;
  RowFormat format;
  std::vector<std::pair<uint64_t, uint64_t>> hull; ///< (synapses, bits) corners; behind the last one the slope of whole chunks.
  double slope = 0;
};

/// A figure, and whether it is exact or an upper bound.
struct Count {
  uint64_t value = 0;
  bool exact = true;
  void operator+=(const Count &other) {
    value += other.value;
    exact = exact && other.exact;
  }
};

/// What one rule brings onto a core with `slice` of its target population.
struct RuleRows {
  Count synapses, bits, sources;
  bool everySource = false; ///< All neurons of the source population reach the slice.
};

/// The nodes with one projection a rule that has its delay and format and says nothing of its synapses.
Network delaysOf(const RuleNetwork &network);

/// Rules by population, with their storage formats.
class RuleTables {
public:
  /// `level`: of each population, see mapping::levels; empty where nobody asks.
  RuleTables(const RuleNetwork &network, const hw::Chip &chip, std::vector<uint32_t> level);
  RuleRows rows(uint32_t rule, const Slice &slice) const;
  Count fanIn(uint32_t population) const;
  /// All but output axons of a core that holds these slices (each population once).
  RuleUse useOf(const std::vector<Slice> &slices) const;
  const RuleNetwork &network;
  const hw::Chip &chip;
  const Configs configs;
  std::vector<std::vector<uint32_t>> into, outOf; ///< [population] rules.
  const std::vector<uint32_t> level;

private:
  std::vector<RowEnvelope> envelopes; ///< [rule]
};

/// Where the slices of a population stand: (core, slice), ascending by first neuron.
using SlicesOf = std::vector<std::vector<std::pair<uint32_t, Slice>>>;
SlicesOf slicesOf(const RuleNetwork &network, const Mapping &mapping);

/// Output axons of every core.
std::vector<Count> outputAxons(const RuleTables &tables, const Mapping &mapping, const SlicesOf &where);

/// Messages between cores; `exact`: false if they are upper bounds. Errors: RNV6090.
Result<Messages> ruleMessages(const RuleTables &tables, const Mapping &mapping, const SlicesOf &where, const Rates &rates,
                              bool &exact);

/// Errors: RNV6002, RNV6017, RNV6018, RNV6019.
Result<void> checkRuleNetwork(const RuleNetwork &network, const hw::Chip &chip);

/// Cores in the order of `order` (populations that are no inputs, levels ascending), unplaced. Errors: RNV6010..6016.
Result<Mapping> cutPopulations(const RuleTables &tables, const std::vector<uint32_t> &order);
/// Populations so that those which exchange many messages are near each other.
std::vector<uint32_t> orderOfRules(const RuleTables &tables, const std::vector<uint32_t> &given);

} // namespace ranvier::mapping::detail

#endif
