//===- LowerToMicrocode.h - snn models to neuron microcode ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The MLIR side of the float lowering, and the pieces that the quantiser shares with it: models as plain data, parameter values of
// populations, biases of projections, programs as ops.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LOWERING_LOWERTOMICROCODE_H
#define RANVIER_LOWERING_LOWERTOMICROCODE_H

#include "mlir/IR/BuiltinOps.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Lowering/CodeBuilder.h"
#include "ranvier/Lowering/Model.h"
#include "ranvier/Lowering/Rewiring.h"
#include "ranvier/Lowering/Rule.h"

namespace ranvier::compiler {

/// The body of a model as plain data. Errors: RNV5110 an op that has no microcode, by name and line.
Result<Model> readModel(snn::ModelOp op);

/// The body of a rule of plasticity as plain data. Errors: RNV5110.
Result<Rule> readRule(snn::RuleOp op);
/// Values of the rule's parameters for a plasticity, one each.
Result<std::vector<Values>> parameterValues(snn::PlasticityOp plasticity, const Rule &rule);
/// Bounds of the weights; all weights of the projection lie within. Errors: RNV5101, RNV5332, RNV5333.
Result<std::pair<double, double>> checkWeights(snn::PlasticityOp plasticity, const Rule &rule, const std::vector<Values> &params);
/// Makes an snn.learner of the lowered rule, and the plasticity name it.
void setLearner(snn::PlasticityOp plasticity, const Rule &rule, const LoweredRule &lowered);
/// Lowers the rules of a network to the f32 profile. Errors: as readRule, checkWeights, lowerRuleF32.
Result<void> lowerRulesF32(snn::NetworkOp network);

/// The body of a rewiring's rule as plain data. Errors: RNV5110.
Result<RewiringRule> readRewiringRule(snn::RewiringOp rewiring);
/// Values of the rule's parameters for a rewiring.
std::vector<double> parameterValues(snn::RewiringOp rewiring, const RewiringRule &rule);

/// Values of the model's parameters (or states: initial values) for a population: as given, else the model's defaults;
/// distributions are drawn. Errors: RNV5111 no value and no default, or not a list of numbers of the right length.
Result<std::vector<Values>> parameterValues(snn::PopulationOp population, const Model &model);
Result<std::vector<Values>> initialValues(snn::PopulationOp population, const Model &model);

/// Sum of the biases of all projections onto each receptor, by receptor; empty where there is none. In double, in order of
/// declaration. Biases per channel are repeated over the channel. Errors: RNV5112 unknown receptor, RNV5113 wrong length.
Result<std::vector<Values>> collectBiases(snn::NodeOpInterface target, llvm::ArrayRef<std::string> receptors);
/// Takes the biases of the projections onto `target` away, once they are in its parameters.
void removeBiases(snn::NodeOpInterface target);

/// An snn.program at module level: one that is already there if it is equal, else a new one whose name starts with program.name.
snn::ProgramOp programOp(mlir::ModuleOp module, mlir::Location location, const isa::Program &program);

/// Numbers as the smallest attribute: one number if all are equal, else a resource. Integers are i32.
mlir::Attribute floatAttribute(mlir::MLIRContext *context, llvm::StringRef name, const Values &values);
mlir::Attribute integerAttribute(mlir::MLIRContext *context, llvm::StringRef name, const Values &values);

/// Lowers every population's model to the f32 profile and every junction to a population that passes on its sum; biases become
/// parameters. Models that nothing names any more stay in the module. Errors: RNV5101..5113, each at the model or population.
Result<void> lowerModelsF32(mlir::ModuleOp module);

} // namespace ranvier::compiler

#endif
