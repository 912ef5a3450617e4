//===- Network.h - From snn networks to plain data --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The structural passes between a front end and the mapper: time (which edges act when), composition of linear nodes, expansion of
// connectors, extraction into mapping::Network.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_NETWORK_NETWORK_H
#define RANVIER_NETWORK_NETWORK_H

#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Mapping/RuleNetwork.h"
#include "ranvier/Network/Synapses.h"
#include "ranvier/Network/TimeGraph.h"
#include <span>

namespace ranvier::compiler {

/// Fills file and place of an error from the op's location and symbol name.
Error located(mlir::Operation *op, Error error);

/// The only snn.network of a module. Errors: RNV5710 none or several.
Result<snn::NetworkOp> theNetwork(mlir::ModuleOp module);

/// Synapses of a projection, delays as the op gives them. `weights`: in place of the op's own, as many as it has and in the same
/// order (for a pool: one per channel); empty: the op's. Errors: RNV5701..5704.
Result<Synapses> expandProjection(snn::ProjectionOpInterface projection, std::span<const double> weights = {});

/// The rule of a connector, as connect() takes it.
ConnectRule connectRule(snn::ConnectOp connection);
/// Whether all synapses of a connector have one weight and one delay, so that its rule and both say all there is to say.
bool isUniform(snn::ConnectOp connection);

/// The projection as an snn.sparse of the same name, with the delays drawn. The old op is erased.
Result<snn::ProjectionOpInterface> listSynapses(snn::ProjectionOpInterface projection);

/// Divides receptors at which weights below 0 arrive: a population's model gets a second receptor, "x_inhibitory" beside "x", what
/// arrives there is subtracted, and synapses of weights below 0 end on it with the opposite weight, listed. For chips whose sums
/// are unsigned. Distributions must have been expanded, but for rules that stay. Errors: RNV5325 a receptor that declares a range,
/// or has such a neighbour. `keepsRules`: connectors whose weights are all below 0 stay rules.
Result<void> separateSigns(snn::NetworkOp network, bool keepsRules = false);

/// Nodes, projections and delays of a network; of a drawn delay, its bounds.
TimeGraph timeGraph(snn::NetworkOp network);

/// What the time passes decided, for the semantics report.
struct TimeReport {
  std::vector<std::string> closingEdges; ///< Projections that close a cycle of delay-0 edges: they act in the next step.
  std::vector<std::string> balanced;     ///< "fc3: 2 steps": skip paths that got a balancing delay.
  std::vector<std::string> lateFeedback; ///< "w_fb: 1 step later than the network's own reading".
  std::vector<std::pair<std::string, uint32_t>> depths; ///< Steps by which each population lags.
};

/// Depth-first search from the inputs, names sorted, over edges with a delay of 0: an edge that reaches a node still on the path
/// closes a cycle and gets a delay of 1 (its synapses of delay 0 do). A drawn delay counts as 0 if its lower bound rounds to 0;
/// where it closes a cycle, its synapses become listed ones.
Result<void> breakCycles(snn::NetworkOp network, TimeReport &report);

/// For chips whose edges take at least one step. With r(p) the depth of population p (longest path of edges that do not close a
/// cycle, an edge of delay d counting chip.minDelay - d), every delay d becomes max(minDelay, d + r(target) - r(source)): the chip
/// reproduces the network shifted by r(p), except for feedback that would need less than a step. Call after composeJunctions.
/// Errors: RNV5712 a delay exceeds the chip's.
Result<void> legalizeDelays(snn::NetworkOp network, const hw::Chip &chip, TimeReport &report);

/// Replaces every junction by the products of its in- and outgoing projections (chips hold no stateless nodes). Returns the names
/// of probes of junctions, which go with them. Errors: RNV5713 a junction is an output, or lies on a cycle of junctions.
Result<std::vector<std::string>> composeJunctions(snn::NetworkOp network);

/// Turns connectors whose weights or delays are distributions into listed synapses, and per-source delays into per-synapse ones, so
/// that a quantiser sees numbers. `keepsRules`: not those that an image of profile int can hold as rules, whose weights have one
/// sign and which have no list of delays; they get the attribute `snn.weight_unit`.
Result<void> expandDistributions(snn::NetworkOp network, bool keepsRules = false);
/// Whether a network's images for the chip hold rules whose weights are words: no synapse learns, comes or goes.
bool keepsRules(snn::NetworkOp network, const hw::Chip &chip);

/// A drawn weight of a connector with it is, in binary32, divided by this number; where the connector has `weight_bits`, it is a
/// word by image::weightWord. Nothing: weights are what they say.
std::optional<double> weightUnit(mlir::Operation *op);
void setWeightUnit(mlir::Operation *op, double unit);

/// A network whose populations all name an snn.program. Order of populations and projections: as declared.
/// Errors: RNV5714 a population still names a model, RNV5715 a value does not fit its word, RNV5716 a bias was not folded.
Result<mapping::Network> extractNetwork(mlir::ModuleOp module, const hw::Chip &chip);

/// What the mapper could take as rules.
struct RuleCensus {
  std::string listed;      ///< The first projection that is no rule (a connector or snn.dense of one delay is); empty: none.
  double synapses = 0;     ///< Of all rules, expected.
  unsigned connectors = 0; ///< Procedural connectors.
};
/// Errors: RNV5710.
Result<RuleCensus> ruleCensus(mlir::ModuleOp module);
/// extractNetwork without listing synapses. Errors: those of extractNetwork; RNV8090 a projection that is no rule.
Result<mapping::RuleNetwork> extractRules(mlir::ModuleOp module, const hw::Chip &chip);

} // namespace ranvier::compiler

#endif
