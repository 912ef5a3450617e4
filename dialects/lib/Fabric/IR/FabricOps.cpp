//===- FabricOps.cpp - Rules of the fabric ops ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold of any mapping, whatever the chip: places are given once, neurons live in one place. The chip's limits are checked
// where the chip is known (mapping::checkMapping).
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/Fabric/IR/Fabric.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::fabric;

LogicalResult SliceAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, FlatSymbolRefAttr population, uint64_t first,
                                uint64_t count) {
  const uint64_t most = snn::maxNodeCount;
  if (count == 0 || count > most || first > most - count)
    return emitError() << "slice of @" << population.getValue() << ": expected neurons below 2147483648 and at least one, found "
                       << count << " from " << first;
  return success();
}

LogicalResult CoreOp::verify() {
  for (auto [value, what] : {std::pair(getChip(), "chip"), std::pair(getCore(), "core"), std::pair(getLevel(), "level")})
    if (value > INT32_MAX) // Negative numbers, too: the accessors are unsigned.
      return emitOpError("expected a ") << what << " in 0..2147483647, found " << static_cast<int64_t>(value);
  for (const int64_t synapseCore : getSynapseCores().value_or(ArrayRef<int64_t>()))
    if (synapseCore < 0 || synapseCore > INT32_MAX)
      return emitOpError("expected synapse cores in 0..2147483647, found ") << synapseCore;
  if (getSlices().empty())
    return emitOpError("expected at least one slice");
  return success();
}

LogicalResult MappingOp::verifyRegions() {
  std::map<std::pair<uint64_t, uint64_t>, CoreOp> places;
  struct Piece {
    SliceAttr slice;
    CoreOp core;
  };
  llvm::MapVector<StringAttr, SmallVector<Piece>> pieces;
  for (Operation &op : getBody().front()) {
    auto core = dyn_cast<CoreOp>(op);
    if (!core)
      return op.emitOpError("is not allowed in a mapping; expected fabric.core");
    SmallVector<uint64_t> used{core.getCore()};
    for (const int64_t synapseCore : core.getSynapseCores().value_or(ArrayRef<int64_t>()))
      used.push_back(static_cast<uint64_t>(synapseCore));
    for (const uint64_t number : used) {
      auto [entry, isNew] = places.try_emplace({core.getChip(), number}, core);
      if (!isNew) {
        InFlightDiagnostic error = core.emitOpError("chip ") << core.getChip() << " core " << number << " is used twice";
        error.attachNote(entry->second.getLoc()) << "its first use is here";
        return error;
      }
    }
    for (auto slice : core.getSlices().getAsRange<SliceAttr>())
      pieces[slice.getPopulation().getAttr()].push_back({slice, core});
  }
  for (auto &[population, list] : pieces) {
    llvm::stable_sort(list, [](const Piece &a, const Piece &b) { return a.slice.getFirst() < b.slice.getFirst(); });
    for (size_t i = 1; i < list.size(); ++i) {
      SliceAttr before = list[i - 1].slice;
      if (before.getFirst() + before.getCount() <= list[i].slice.getFirst())
        continue;
      InFlightDiagnostic error = list[i].core.emitOpError("neuron ")
                                 << list[i].slice.getFirst() << " of @" << population.getValue() << " has a place already";
      error.attachNote(list[i - 1].core.getLoc()) << "it is here";
      return error;
    }
  }
  return success();
}

LogicalResult MappingOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto network = tables.lookupNearestSymbolFrom<snn::NetworkOp>(*this, getNetworkAttr());
  if (!network)
    return emitOpError("expected an snn.network @") << getNetwork() << ", found none";
  std::map<StringRef, uint64_t> placed; // Slices are disjoint or verifyRegions failed: sums tell whether all have a place.
  for (auto core : getBody().getOps<CoreOp>())
    for (auto slice : core.getSlices().getAsRange<SliceAttr>()) {
      StringRef name = slice.getPopulation().getValue();
      auto node = dyn_cast_or_null<snn::NodeOpInterface>(tables.lookupSymbolIn(network, slice.getPopulation().getAttr()));
      if (!node || isa<snn::JunctionOp>(node.getOperation())) {
        InFlightDiagnostic error = core.emitOpError("expected a population or input @") << name << " in network @" << getNetwork();
        error.attachNote(network.getLoc()) << "the network is here";
        return error;
      }
      if (slice.getFirst() + slice.getCount() > static_cast<uint64_t>(node.getNodeCount())) {
        InFlightDiagnostic error = core.emitOpError("slice [")
                                   << slice.getFirst() << ", " << slice.getFirst() + slice.getCount() << ") of @" << name
                                   << ", which has " << node.getNodeCount() << " neurons";
        error.attachNote(node.getLoc()) << "the node is here";
        return error;
      }
      placed[name] += slice.getCount();
    }
  for (auto population : network.getBody().getOps<snn::PopulationOp>()) {
    const uint64_t count = placed.count(population.getSymName()) ? placed[population.getSymName()] : 0;
    if (count == static_cast<uint64_t>(population.getNodeCount()))
      continue;
    InFlightDiagnostic error = emitOpError("places ")
                               << count << " of the " << population.getNodeCount() << " neurons of @" << population.getSymName();
    error.attachNote(population.getLoc()) << "the population is here";
    return error;
  }
  return success();
}
