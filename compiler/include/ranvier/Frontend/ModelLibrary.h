//===- ModelLibrary.h - Neuron models found in folders ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Neuron models are files. A front end asks this library for the model of a foreign neuron type; the answer comes from the `nir`
// dictionaries of the models found, so that a file added to a folder adds a model and a removed file removes it. No name of a
// model occurs in C++.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FRONTEND_MODELLIBRARY_H
#define RANVIER_FRONTEND_MODELLIBRARY_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Support/Error.h"
#include <string>
#include <utility>
#include <vector>

namespace ranvier::frontend {

/// What a model declares beside its dynamics, read from the ops of its body.
struct ModelParameter {
  std::string name, unit;
  std::optional<double> defaultValue;
};

/// One `snn.model` with a `nir` dictionary:
///   type = "LIF"                    the NIR type it stands for (mandatory)
///   reset = "v_reset" | "subtract"  what it does after a spike; absent where nothing is reset
///   dt_from = [["tau", "r"], ...]   pairs (time constant, gain) whose quotient is the time step by the usual export convention
///   reading = "v' = ..."            its discrete equations in words, for the semantics report
struct Model {
  snn::ModelOp op;
  std::string symbol, file, type, reset, reading;
  std::vector<ModelParameter> parameters;
  std::vector<std::pair<std::string, std::string>> dtFrom;

  const ModelParameter *find(llvm::StringRef name) const;
};

/// Reads `op`'s declarations. Errors: RNV5203 (malformed `nir` dictionary). A model without `nir` gets an empty type.
Result<Model> describeModel(snn::ModelOp op, const std::string &file);

class ModelLibrary {
public:
  /// Parses all *.mlir of the folders, by name, and keeps the models that carry `nir`. A later folder overrides an earlier one's
  /// model of the same type and reset. No folders: the shipped ones. Errors: RNV5201 (folder cannot be read), RNV5202 (a file does
  /// not parse), RNV5203 (malformed `nir`), RNV5204 (two models of one folder for the same type and reset).
  static Result<ModelLibrary> load(const std::vector<std::string> &folders, mlir::MLIRContext *context);

  bool knows(llvm::StringRef type) const;
  /// The model for a type. `reset`: "v_reset" or "subtract"; not looked at for types none of whose models resets.
  /// Errors: RNV5205 (no model of the type), RNV5206 (none with that reset), each naming the folders searched.
  Result<const Model *> find(llvm::StringRef type, llvm::StringRef reset) const;
  /// "a, b"
  std::string searched() const;

private:
  std::vector<std::string> folders;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> files;
  std::vector<Model> models;
};

} // namespace ranvier::frontend

#endif
