//===- SNN.h - The snn dialect ----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything a user of the dialect includes: dialect, attributes, interfaces and ops (generated from the .td files beside this
// one), and the symbol look-ups that the ops' verifiers share with the passes.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_DIALECT_SNN_IR_SNN_H
#define RANVIER_DIALECT_SNN_IR_SNN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ranvier/Dialect/SNN/IR/Real.h"
#include "ranvier/Dialect/SNN/IR/SNNDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ranvier/Dialect/SNN/IR/SNNAttrs.h.inc"
#include "ranvier/Dialect/SNN/IR/SNNInterfaces.h.inc"
#define GET_OP_CLASSES
#include "ranvier/Dialect/SNN/IR/SNNOps.h.inc"

namespace ranvier::snn {

/// Most neurons of a node, and the longest extent of any shape.
constexpr int64_t maxNodeCount = int64_t(1) << 31;
/// Longest delay [steps].
constexpr int64_t maxDelay = 65535;

/// The snn.model or snn.program of a population, or null. Models live in the symbol table around the network, so
/// SymbolTable::lookupNearestSymbolFrom(population, ...), which looks in the network, never finds them.
mlir::Operation *lookupModel(PopulationOp population, mlir::SymbolTableCollection *tables = nullptr);

/// The node of that name in the network that holds `user` (a projection, output or probe), or null.
NodeOpInterface lookupNode(mlir::Operation *user, mlir::FlatSymbolRefAttr name, mlir::SymbolTableCollection *tables = nullptr);

/// The snn.plasticity by which a projection learns, or null.
PlasticityOp plasticityOf(ProjectionOpInterface projection);

/// The snn.rule or snn.learner of a plasticity, or null. It lives beside the network, as models do.
mlir::Operation *lookupRule(PlasticityOp plasticity, mlir::SymbolTableCollection *tables = nullptr);

/// The snn.rewiring of a projection, or null.
RewiringOp rewiringOf(ProjectionOpInterface projection);

/// The snn.rewiring_rule of a rewiring, or null. It lives beside the network, as models do.
RewiringRuleOp lookupRule(RewiringOp rewiring, mlir::SymbolTableCollection *tables = nullptr);

/// What a model or program offers to populations and projections, in order of declaration.
struct ModelSlots {
  struct Parameter {
    mlir::StringRef name;
    mlir::FloatAttr defaultValue; ///< Null: populations must give a value.
  };
  llvm::SmallVector<Parameter> parameters;
  llvm::SmallVector<mlir::StringRef> states;
  llvm::SmallVector<mlir::StringRef> receptors;
};
/// `op`: an snn.model or snn.program.
ModelSlots getModelSlots(mlir::Operation *op);

/// Synapses of a projection that does not draw their number: dense, sparse, one_to_one, all_to_all, fixed_in_degree,
/// fixed_total_number. Nothing for kernels and for rules that draw it. Only for ops that verify.
std::optional<uint64_t> getSynapseCount(ProjectionOpInterface projection);

} // namespace ranvier::snn

#endif
