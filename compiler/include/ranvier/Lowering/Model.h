//===- Model.h - A neuron model as plain data -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of an snn.model as a graph in SSA order, without MLIR, so that folding, float lowering, recognition of native forms and
// fixed-point conversion are functions over plain structs. Folding comes first: afterwards every value that depends on parameters,
// the time step and constants alone is one leaf with one number per neuron.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LOWERING_MODEL_H
#define RANVIER_LOWERING_MODEL_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::compiler {

/// One number per neuron, or one for all (size 1).
using Values = std::vector<double>;
inline double at(const Values &values, size_t neuron) { return values.size() == 1 ? values[0] : values[neuron]; }
/// True if all numbers equal `value`.
bool allEqual(const Values &values, double value);
/// Shortens a vector of equal numbers to one.
Values compact(Values values);
double smallest(const Values &values);
double largest(const Values &values);

enum class NodeKind : uint8_t {
  Constant,
  Timestep,
  Parameter,
  State,
  Input,
  Random, // leaves
  Add,
  Sub,
  Mul,
  Div,
  Neg,
  Abs,
  Floor,
  Sqrt,
  Exp,
  Log, // numbers
  Maximum,
  Minimum,
  MaxNum,
  MinNum,
  Select,
  FromBool, // numbers
  Compare,
  And,
  Or,
  Xor // booleans
};

/// Float comparison predicates, numbered as in MLIR's arith dialect; O: false if an operand is NaN, U: true.
enum class Predicate : uint8_t { False, OEQ, OGT, OGE, OLT, OLE, ONE, ORD, UEQ, UGT, UGE, ULT, ULE, UNE, UNO, True };
bool compare(Predicate predicate, double a, double b);

/// One value. Operands are indices of earlier nodes. Select: a ? b : c.
struct Node {
  NodeKind kind = NodeKind::Constant;
  int a = -1, b = -1, c = -1;
  Predicate predicate = Predicate::False;
  bool boolean = false;
  bool wide = false;      ///< Of type f64: binary32 targets refuse it where it changes from step to step.
  double value = 0;       ///< Constant; a boolean one is 0 or 1.
  uint32_t slot = 0;      ///< Parameter, State, Input: number of the slot; Random: number of the draw.
  std::string op = {};    ///< Name of the op it came from, for messages ("math.exp").
  std::string place = {}; ///< "line 12" of the model's file, for messages.
};

struct Model {
  struct Slot {
    std::string name;
    std::optional<double> value;                    ///< Parameters: default; states: initial value.
    std::optional<std::pair<double, double>> range; ///< States, inputs: declared [low, high].
    std::string place = {};
  };
  std::string name, file, place;
  std::string user; ///< Population that the model is read for, for errors; may be empty.
  std::vector<Slot> params, states, inputs;
  std::vector<Node> nodes;
  std::vector<int> update; ///< [states] Node of the value after the step; -1: the state never changes.
  int spike = -1;          ///< Node of the condition; -1: the model never emits.
  int payload = -1;        ///< -1: plain spikes.

  /// An error that names this model, and the node's op and line if one is given.
  Error error(Error base, int node = -1) const;
};

/// Merges equal expressions, evaluates every expression of parameters, time step and constants in double precision per neuron, and
/// drops what nothing uses. Booleans become 0 or 1. The result's nodes are leaves (Constant where only constants went in, otherwise
/// Parameter) and operations that depend on state, input or random numbers; its parameter slots are the derived parameters.
/// `params`: values by parameter slot of `model`. Errors: RNV5101 a derived parameter is not finite for a neuron.
struct Folded {
  Model model;
  std::vector<Values> params; ///< By parameter slot of `model`.
};
Result<Folded> foldParameters(const Model &model, const std::vector<Values> &params, double dt);

/// The model evaluated directly for one neuron, in double: the yardstick of tests and reports. `params`, `states`, `inputs` by
/// slot, `random`: the number each draw gives. New states replace `states`; returns whether it emits, and the payload.
struct Evaluated {
  bool spike = false;
  double payload = 1;
};
Evaluated evaluate(const Model &model, const std::vector<double> &params, double dt, std::vector<double> &states,
                   const std::vector<double> &inputs, double random = 0);

} // namespace ranvier::compiler

#endif
