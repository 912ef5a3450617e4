//===- SNNFolds.cpp - Canonical forms of snn ops ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rewrites that hold for every target and leave every spike and every recorded value as it was: synapses of weight zero, updates
// that change nothing, junctions that only rename, outputs named twice. What needs a target's numbers is a pass of the compiler.
//
// Two things tie results to ops that seem to do nothing. Where nodes feed each other in a circle, which edge closes it follows from
// a search over all edges (clause T8 of docs/spec/time.md); and binary32 terms are added in the order of their sources (T10).
// Rewrites that could show in either are not done.
//===----------------------------------------------------------------------===//
#include "Checks.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace ranvier::snn;

//===----------------------------------------------------------------------===//
// What a rewrite must not disturb
//===----------------------------------------------------------------------===//

/// True if a node reaches itself over other nodes, whatever the delays: repeatedly taking away nodes that nothing feeds leaves
/// some.
static bool hasFeedback(NetworkOp network) {
  llvm::DenseMap<Attribute, SmallVector<Attribute>> after;
  llvm::DenseMap<Attribute, unsigned> feeding;
  SmallVector<Attribute> ready;
  for (auto projection : network.getBody().getOps<ProjectionOpInterface>()) {
    Attribute source = projection.getSourceAttr(), target = projection.getTargetAttr();
    if (source == target) // Closes its own circle and no other.
      continue;
    after[source].push_back(target);
    feeding.try_emplace(source, 0);
    ++feeding[target];
  }
  for (auto [node, count] : feeding)
    if (count == 0)
      ready.push_back(node);
  size_t done = 0;
  while (!ready.empty()) {
    Attribute node = ready.pop_back_val();
    ++done;
    for (Attribute target : after[node])
      if (--feeding[target] == 0)
        ready.push_back(target);
  }
  return done != feeding.size();
}

/// True if the terms of every target that `junction` feeds are added in the same order when `source` takes its place: no other
/// source of the target is declared between the two, and `source` feeds none of them itself.
static bool keepsOrder(JunctionOp junction, NodeOpInterface source) {
  auto network = junction->getParentOfType<NetworkOp>();
  llvm::DenseMap<Attribute, int> position;
  llvm::DenseMap<Attribute, SmallVector<Attribute>> sources;
  for (Operation &op : network.getBody().front()) {
    if (auto node = dyn_cast<NodeOpInterface>(op))
      position.try_emplace(FlatSymbolRefAttr::get(op.getContext(), node.getNodeName()), static_cast<int>(position.size()));
    if (auto projection = dyn_cast<ProjectionOpInterface>(op))
      sources[projection.getTargetAttr()].push_back(projection.getSourceAttr());
  }
  Attribute own = FlatSymbolRefAttr::get(junction.getSymNameAttr()),
            other = FlatSymbolRefAttr::get(junction.getContext(), source.getNodeName());
  for (auto &[target, feeding] : sources) {
    if (!llvm::is_contained(feeding, own))
      continue;
    for (Attribute node : feeding)
      if (node == other || (node != own && (position[node] < position[own]) != (position[node] < position[other])))
        return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// `update "v" = %v`: a state variable without an update keeps its value anyway.
LogicalResult UpdateOp::canonicalize(UpdateOp op, PatternRewriter &rewriter) {
  auto state = op.getValue().getDefiningOp<StateOp>();
  if (!state || state.getName() != op.getName())
    return failure();
  rewriter.eraseOp(op);
  return success();
}

/// A neuron that never emits.
LogicalResult SpikeOp::canonicalize(SpikeOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_Zero()))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs and junctions
//===----------------------------------------------------------------------===//

/// The second output of one node says nothing new; the first in the text stays.
LogicalResult OutputOp::canonicalize(OutputOp op, PatternRewriter &rewriter) {
  auto network = op->getParentOfType<NetworkOp>();
  for (auto other : network.getBody().getOps<OutputOp>()) {
    if (other == op)
      return failure();
    if (other.getSourceAttr() == op.getSourceAttr()) {
      rewriter.eraseOp(op);
      return success();
    }
  }
  return failure();
}

/// True if the projection passes on exactly what its source emits: one_to_one, weight 1, no delay, no exponent.
static bool isIdentity(ProjectionOpInterface projection) {
  auto connect = dyn_cast<ConnectOp>(projection.getOperation());
  if (!connect || connect.getRule() != "one_to_one" || projection.getExponentOrZero() != 0)
    return false;
  if (!connect.getAutapses() && connect.getSourceAttr() == connect.getTargetAttr())
    return false;
  if (Attribute delay = connect.getDelayAttr(); delay && !isAllZero(delay))
    return false;
  std::optional<std::vector<double>> weights = readElements(connect.getWeights());
  return weights && llvm::all_of(*weights, [](double weight) { return weight == 1; });
}

/// Erases junctions that nothing reads, and joins through junctions that one identity alone feeds. A delay on the way out stays
/// where it is; one on the way in would have to be added to it, so those junctions stay. So do those whose going would show.
LogicalResult JunctionOp::canonicalize(JunctionOp op, PatternRewriter &rewriter) {
  auto network = op->getParentOfType<NetworkOp>();
  SmallVector<ProjectionOpInterface> in, out;
  for (Operation &other : network.getBody().front()) {
    if (auto projection = dyn_cast<ProjectionOpInterface>(other)) {
      if (projection.getTargetAttr().getAttr() == op.getSymNameAttr())
        in.push_back(projection);
      if (projection.getSourceAttr().getAttr() == op.getSymNameAttr())
        out.push_back(projection);
    } else if (auto output = dyn_cast<OutputOp>(other)) {
      if (output.getSourceAttr().getAttr() == op.getSymNameAttr())
        return failure();
    } else if (auto probe = dyn_cast<ProbeOp>(other); probe && probe.getNodeAttr().getAttr() == op.getSymNameAttr()) {
      return failure();
    }
  }
  if (out.empty()) {
    for (ProjectionOpInterface projection : in)
      rewriter.eraseOp(projection);
    rewriter.eraseOp(op);
    return success();
  }
  if (in.size() != 1 || !isIdentity(in.front()) || in.front().getSourceAttr() == in.front().getTargetAttr())
    return failure();
  // The readers must accept the source's shape as they did the junction's: distances and kernels depend on it.
  NodeOpInterface source = lookupNode(op, in.front().getSourceAttr());
  if (!source || source.getNodeShape() != op.getShape() || hasFeedback(network) || !keepsOrder(op, source))
    return failure();
  for (ProjectionOpInterface projection : out)
    rewriter.modifyOpInPlace(projection, [&] { projection->setAttr("source", in.front().getSourceAttr()); });
  rewriter.eraseOp(in.front());
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// Projections
//===----------------------------------------------------------------------===//

/// Weights of zero add nothing. A bias does, and a projection with one stays; so does one that learns or is rewired.
static LogicalResult eraseIfSilent(ProjectionOpInterface op, Attribute weights, PatternRewriter &rewriter) {
  if (op.getBiasOrNull() ? !isAllZero(op.getBiasOrNull()) : false)
    return failure();
  if (!isAllZero(weights) || plasticityOf(op) || rewiringOf(op)) // True of no weights at all, too.
    return failure();
  if (hasFeedback(op->getParentOfType<NetworkOp>()))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

LogicalResult DenseOp::canonicalize(DenseOp op, PatternRewriter &rewriter) { return eraseIfSilent(op, op.getWeights(), rewriter); }
LogicalResult SparseOp::canonicalize(SparseOp op, PatternRewriter &rewriter) {
  return eraseIfSilent(op, op.getWeights(), rewriter);
}
LogicalResult Conv1dOp::canonicalize(Conv1dOp op, PatternRewriter &rewriter) {
  return eraseIfSilent(op, op.getWeights(), rewriter);
}
LogicalResult Conv2dOp::canonicalize(Conv2dOp op, PatternRewriter &rewriter) {
  return eraseIfSilent(op, op.getWeights(), rewriter);
}

/// Rules that connect nothing go; certain connection is all_to_all, if no value is drawn per synapse (the draws are numbered by
/// rule).
LogicalResult ConnectOp::canonicalize(ConnectOp op, PatternRewriter &rewriter) {
  if (succeeded(eraseIfSilent(op, op.getWeights(), rewriter)))
    return success();
  const auto number = [&](StringRef name) -> std::optional<double> {
    Attribute value = op.getRuleParams().get(name);
    std::optional<std::vector<double>> values = readElements(value);
    return values && values->size() == 1 ? std::optional(values->front()) : std::nullopt;
  };
  const bool nothing = number("p") == 0.0 || number("p_max") == 0.0 || number("k") == 0.0 || number("n") == 0.0;
  if (nothing && !plasticityOf(op) && !rewiringOf(op) && !hasFeedback(op->getParentOfType<NetworkOp>())) {
    rewriter.eraseOp(op);
    return success();
  }
  if (op.getRule() == "fixed_probability" && number("p") == 1.0 && !isDistribution(op.getWeights()) &&
      !isDistribution(op.getDelayAttr())) {
    rewriter.modifyOpInPlace(op, [&] {
      op.setRule("all_to_all");
      op.setRuleParamsAttr(rewriter.getDictionaryAttr({}));
    });
    return success();
  }
  return failure();
}
