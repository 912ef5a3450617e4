//===- Connector.h - Synapses by rule ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A procedural connector: which neurons a projection joins follows from a rule, numbers and a seed, so that whoever loads a network
// makes its synapses, the same ones on any machine and any number of threads and ranks. Each synapse has a number, by which its
// weight and its delay are drawn. docs/spec/snn-dialect.md, "What is drawn, exactly", is normative.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_CONNECTOR_H
#define RANVIER_IMAGE_CONNECTOR_H

#include "ranvier/Support/Distribution.h"
#include "ranvier/Support/Error.h"
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::image {

enum class Rule : uint8_t { OneToOne, AllToAll, FixedProbability, FixedInDegree, FixedTotalNumber, DistanceDependent };
/// As the snn dialect writes it: "one_to_one", ...
const char *toString(Rule rule);
std::optional<Rule> ruleNamed(const std::string &name);

/// What the image keeps of a connector.
struct ConnectorMeta {
  uint32_t projection = 0; ///< Whose synapses these are; it has no rows.
  Rule rule = Rule::AllToAll;
  double probability = 0;     ///< FixedProbability; the largest one of DistanceDependent. 0..1.
  double scale = 1;           ///< DistanceDependent [grid spacings], above 0.
  uint64_t number = 0;        ///< FixedInDegree: synapses of each target; FixedTotalNumber: of all.
  uint64_t seed = 0;          ///< Of the pairs.
  bool autapses = true;       ///< False: no neuron reaches itself where source and target are one population.
  Distribution weight, delay; ///< Delay [steps], rounded to the nearest, halves away from 0.
  /// Profile int: what one unit of a stored weight is worth, not 0; a drawn weight becomes a word by weightWord(). 0: `weight` is
  /// the word, a constant; and on f32.
  double unit = 0;
  bool operator==(const ConnectorMeta &) const = default;
};

/// A rule between two populations.
struct Connector {
  Rule rule = Rule::AllToAll;
  double probability = 0, scale = 1;
  uint64_t number = 0, seed = 0;
  bool skipsSelf = false; ///< No neuron reaches itself; source and target are one population.
  uint64_t sources = 0, targets = 0;
  std::vector<uint64_t> sourceShape, targetShape; ///< DistanceDependent; of one rank, their products sources and targets.

  /// How many steps of the rule's outer loop there are: pairs, targets, or synapses, by rule. Any part of them can be made alone.
  uint64_t items() const { return rule == Rule::FixedInDegree ? targets : rule == Rule::FixedTotalNumber ? number : sources; }
  /// More synapses than any draw makes [synapses], a tight bound; exact for rules that say it.
  double mostSynapses() const;
  /// Empty: the numbers mean something. Else why they do not ("fixed_in_degree has no source to draw from").
  std::string fault() const;
};

/// Word of a drawn weight: its binary32 over the unit, to the nearest, halves away from 0, within +-(2^(bits - 1) - 1); bits 1..32.
/// Clause S3 of docs/spec/target-semantics.md.
inline int32_t weightWord(double drawn, double unit, unsigned bits) {
  const double most = std::ldexp(1.0, static_cast<int>(bits) - 1) - 1;
  return static_cast<int32_t>(std::fmin(std::fmax(std::round(static_cast<double>(static_cast<float>(drawn)) / unit), -most), most));
}
/// Steps of a drawn delay.
inline uint32_t delaySteps(double value) { return value <= 0 ? 0u : static_cast<uint32_t>(std::llround(value)); }

namespace detail {
/// Uniform integer in [0, n) from one word (multiply-shift; bias below n / 2^32).
inline uint32_t below(uint32_t word, uint64_t n) { return static_cast<uint32_t>((static_cast<uint64_t>(word) * n) >> 32); }
/// Both words of randomWord's block for item k.
inline std::array<uint32_t, 2> randomPair(uint64_t seed, uint64_t k, uint32_t draw) {
  return threefry2x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32) + draw * 0x9E3779B9u},
                      {static_cast<uint32_t>(k), static_cast<uint32_t>(k >> 32)});
}
/// Source and target of synapses k .. k + count - 1 of FixedTotalNumber, autapses allowed. At most pairBlock.
constexpr uint32_t pairBlock = 256;
void totalPairs(const Connector &connector, uint64_t k, uint32_t count, uint32_t *source, uint32_t *target);
/// Probability of a pair of DistanceDependent.
double distanceProbability(const Connector &connector, uint64_t source, uint64_t target);

template <typename Visit> void visitRow(const Connector &c, uint64_t s, Visit &&visit) {
  const double p = c.rule == Rule::AllToAll ? 1.0 : c.probability;
  if (p <= 0)
    return;
  // Geometric gaps, so that the cost follows the synapses made and not the pairs tried.
  const double scale = p < 1 ? 1 / std::log1p(-p) : 0;
  uint32_t draw = 0;
  for (uint64_t t = 0; t < c.targets; ++t) {
    if (p < 1) {
      const uint32_t word = randomWord(c.seed, static_cast<uint32_t>(s), draw++, 0);
      const double gap = std::floor(std::log(openUniformFromWord(word)) * scale);
      if (gap >= static_cast<double>(c.targets - t))
        break;
      t += static_cast<uint64_t>(gap);
    }
    if (!c.skipsSelf || s != t)
      visit(static_cast<uint32_t>(s), static_cast<uint32_t>(t), s * c.targets + t);
  }
}
} // namespace detail

/// Calls visit(source, target, number) for the synapses that items [first, last) make, in their order. The connector must be
/// without fault.
template <typename Visit> void forEachSynapse(const Connector &c, uint64_t first, uint64_t last, Visit &&visit) {
  using namespace detail;
  switch (c.rule) {
  case Rule::OneToOne:
    for (uint64_t i = first; i < last; ++i)
      if (!c.skipsSelf)
        visit(static_cast<uint32_t>(i), static_cast<uint32_t>(i), i);
    return;
  case Rule::AllToAll:
  case Rule::FixedProbability:
    for (uint64_t s = first; s < last; ++s)
      visitRow(c, s, visit);
    return;
  case Rule::FixedInDegree:
    for (uint64_t t = first; t < last; ++t)
      for (uint64_t k = 0; k < c.number; ++k) {
        uint32_t draw = 0, s;
        do
          s = below(randomWord(c.seed, static_cast<uint32_t>(t), static_cast<uint32_t>(k), draw++), c.sources);
        while (c.skipsSelf && s == t);
        visit(s, static_cast<uint32_t>(t), t * c.number + k);
      }
    return;
  case Rule::FixedTotalNumber: {
    uint32_t source[pairBlock], target[pairBlock];
    for (uint64_t k = first; k < last; k += pairBlock) {
      const auto count = static_cast<uint32_t>(last - k < pairBlock ? last - k : pairBlock);
      totalPairs(c, k, count, source, target);
      for (uint32_t i = 0; i < count; ++i) {
        for (uint32_t draw = 1; c.skipsSelf && source[i] == target[i]; ++draw) {
          const auto words = randomPair(c.seed, k + i, draw);
          source[i] = below(words[0], c.sources);
          target[i] = below(words[1], c.targets);
        }
        visit(source[i], target[i], k + i);
      }
    }
    return;
  }
  case Rule::DistanceDependent:
    for (uint64_t s = first; s < last; ++s)
      for (uint64_t t = 0; t < c.targets; ++t) {
        const double p = distanceProbability(c, s, t);
        if ((!c.skipsSelf || s != t) &&
            uniformFromWord(randomWord(c.seed, static_cast<uint32_t>(s), static_cast<uint32_t>(t), 0)) < p)
          visit(static_cast<uint32_t>(s), static_cast<uint32_t>(t), s * c.targets + t);
      }
    return;
  }
}

/// The synapses of a connector by source neuron; a row is sorted by target, synapses of one pair by number.
struct ConnectorRows {
  std::vector<uint64_t> rowPtr;  ///< [sources + 1]
  std::vector<uint32_t> targets; ///< [synapses]
  std::vector<uint64_t> numbers; ///< [synapses]
};
/// All of them: 12 bytes a synapse, and none besides. The connector must be without fault, of at most 2^28 targets and 2^36
/// synapses.
ConnectorRows listRows(const Connector &connector);

struct Meta;
/// The connector of an image between its populations.
Connector connectorOf(const Meta &meta, const ConnectorMeta &connector);

} // namespace ranvier::image

#endif
