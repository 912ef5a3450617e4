//===- SNNModel.cpp - Neuron models and programs ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rules of the model ops. Names of parameters and state variables share one name space, because populations, probes and reports
// name both; receptors have their own, so that a current may be called `i` where it arrives and where it is kept.
//===----------------------------------------------------------------------===//
#include "Checks.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/ISA/Program.h"

#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
using namespace ranvier::snn;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void TimestepOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "dt"); }
void ParameterOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getName()); }
void StateOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getName()); }
void ReceiveOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getName()); }
void RandomOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), "random"); }

LogicalResult ranvier::snn::verifyName(Operation *op, StringRef name) {
  const auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; };
  if (name.empty() || !(llvm::isAlpha(name[0]) || name[0] == '_') || !llvm::all_of(name, isWord))
    return op->emitOpError("expected a name of letters, digits, '_' and '.' that starts with a letter or '_', found \"")
           << name << "\"";
  return success();
}

static LogicalResult verifyRange(Operation *op, DenseF64ArrayAttr range) {
  if (!range)
    return success();
  if (range.size() != 2)
    return op->emitOpError("expected a range of two numbers, [low, high], found ") << range.size();
  if (!std::isfinite(range[0]) || !std::isfinite(range[1]) || !(range[0] < range[1]))
    return op->emitOpError("expected a finite range with low < high, found [") << range[0] << ", " << range[1] << "]";
  return success();
}

LogicalResult ParameterOp::verify() {
  if (getDefaultValue() && getDefaultValue()->isNaN())
    return emitOpError("expected a number as default, found NaN");
  return verifyName(*this, getName());
}

LogicalResult StateOp::verify() {
  if (failed(verifyName(*this, getName())) || failed(verifyRange(*this, getRangeAttr())))
    return failure();
  const double initial = getInitial().convertToDouble();
  if (!std::isfinite(initial))
    return emitOpError("expected a finite initial value");
  if (auto range = getRangeAttr(); range && (initial < range[0] || initial > range[1]))
    return emitOpError("initial value ") << initial << " lies outside the range [" << range[0] << ", " << range[1] << "]";
  return success();
}

LogicalResult ReceiveOp::verify() {
  return failure(failed(verifyName(*this, getName())) || failed(verifyRange(*this, getRangeAttr())));
}

LogicalResult RandomOp::verify() {
  const auto draw = static_cast<int64_t>(getDraw());
  if (draw < 0 || draw > 255)
    return emitOpError("expected a draw in 0..255, found ") << draw;
  return success();
}

//===----------------------------------------------------------------------===//
// ModelOp
//===----------------------------------------------------------------------===//

bool ranvier::snn::isModelArithmetic(Operation *op) {
  return mlir::isa<arith::ConstantOp, arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::NegFOp, arith::MinimumFOp,
                   arith::MaximumFOp, arith::MinNumFOp, arith::MaxNumFOp, arith::CmpFOp, arith::SelectOp, arith::AndIOp,
                   arith::OrIOp, arith::XOrIOp, arith::ExtFOp, arith::TruncFOp, arith::UIToFPOp, math::AbsFOp, math::CeilOp,
                   math::ExpOp, math::FloorOp, math::LogOp, math::SqrtOp>(op);
}

LogicalResult ranvier::snn::clash(Operation *second, const Twine &message, Operation *first, const Twine &note) {
  InFlightDiagnostic error = second->emitOpError(message);
  error.attachNote(first->getLoc()) << note;
  return error;
}

namespace {
/// One sweep over a model's body.
class ModelChecker {
public:
  explicit ModelChecker(ModelOp model) : model(model) {}

  LogicalResult run() {
    for (Operation &op : model.getBody().front())
      if (failed(declare(&op)))
        return failure();
    for (Operation &op : model.getBody().front())
      if (auto update = dyn_cast<UpdateOp>(op); update && failed(check(update)))
        return failure();
    return success();
  }

private:
  LogicalResult declare(Operation *op) {
    if (isa<ParameterOp, StateOp>(op))
      return declareName(op, values,
                         isa<StateOp>(op) ? cast<StateOp>(op).getProperties().name : cast<ParameterOp>(op).getProperties().name);
    if (auto receive = dyn_cast<ReceiveOp>(op))
      return declareName(op, receptors, receive.getProperties().name);
    if (isa<SpikeOp>(op)) {
      if (spike)
        return clash(op, "is the second of the model; a neuron emits at most once a step", spike, "the first one is here");
      spike = op;
      return success();
    }
    if (isa<TimestepOp, RandomOp, UpdateOp>(op))
      return success();
    if (!isModelArithmetic(op))
      return clash(op,
                   "is not allowed in a neuron model; expected snn declarations and scalar arith or math ops of "
                   "docs/spec/snn-dialect.md",
                   model, "the model is here");
    for (Type type : op->getResultTypes())
      if (!type.isF32() && !type.isF64() && !type.isInteger(1))
        return op->emitOpError("expected f32, f64 or i1 in a neuron model, found ") << type;
    return success();
  }

  LogicalResult declareName(Operation *op, llvm::StringMap<Operation *> &names, StringAttr name) {
    auto [entry, isNew] = names.try_emplace(name.getValue(), op);
    if (!isNew)
      return clash(op, "'" + name.getValue() + "' is declared twice", entry->second, "the first declaration is here");
    return success();
  }

  LogicalResult check(UpdateOp update) {
    auto declared = values.find(update.getName());
    if (declared == values.end())
      return clash(update, "'" + update.getName() + "' is no state variable of the model", model, "the model is here");
    auto state = dyn_cast<StateOp>(declared->second);
    if (!state)
      return clash(update, "'" + update.getName() + "' is a parameter and cannot be updated", declared->second,
                   "it is declared here");
    if (state.getType() != update.getValue().getType()) {
      InFlightDiagnostic error = update.emitOpError("expected a value of type ")
                                 << state.getType() << ", found " << update.getValue().getType();
      error.attachNote(state.getLoc()) << "the state variable is declared here";
      return error;
    }
    auto [entry, isNew] = updates.try_emplace(update.getName(), update);
    if (!isNew)
      return clash(update, "updates '" + update.getName() + "' a second time", entry->second, "the first update is here");
    return success();
  }

  ModelOp model;
  llvm::StringMap<Operation *> values, receptors, updates;
  Operation *spike = nullptr;
};
} // namespace

LogicalResult ModelOp::verifyRegions() { return ModelChecker(*this).run(); }

//===----------------------------------------------------------------------===//
// ProgramOp
//===----------------------------------------------------------------------===//

/// The error of a program as a diagnostic: what the microcode library says, word for word.
static LogicalResult emitProgramError(ProgramOp op, const ranvier::Error &error, const Twine &where) {
  InFlightDiagnostic diagnostic = op.emitOpError(where) << error.message;
  if (!error.place.empty())
    diagnostic << " (" << error.place << ")";
  if (!error.expected.empty())
    diagnostic << ": expected " << error.expected << ", found " << error.found;
  return diagnostic;
}

static LogicalResult verifySlots(ProgramOp op, ArrayAttr names, StringRef what, std::vector<std::string> &slots) {
  for (Attribute attribute : names) {
    StringRef name = cast<StringAttr>(attribute).getValue();
    if (failed(verifyName(op, name)))
      return failure();
    if (llvm::is_contained(slots, name))
      return op.emitOpError(what) << " '" << name << "' is named twice";
    slots.push_back(name.str());
  }
  return success();
}

LogicalResult ProgramOp::verify() {
  ranvier::isa::Program program;
  program.name = getSymName().str();
  if (getProfile() != "int" && getProfile() != "f32")
    return emitOpError("expected profile \"int\" or \"f32\", found \"") << getProfile() << "\"";
  program.profile = getProfile() == "f32" ? ranvier::isa::Profile::F32 : ranvier::isa::Profile::Int;
  if (failed(verifySlots(*this, getStates(), "state", program.states)) ||
      failed(verifySlots(*this, getParams(), "parameter", program.params)) ||
      failed(verifySlots(*this, getInputs(), "input", program.inputs)))
    return failure();
  if (ArrayAttr tables = getTablesAttr())
    for (Attribute attribute : tables) {
      auto table = dyn_cast<DenseI32ArrayAttr>(attribute);
      if (!table)
        return emitOpError("expected tables of the form array<i32: ...>, found ") << attribute;
      program.tables.emplace_back(table.asArrayRef().begin(), table.asArrayRef().end());
    }
  for (auto [number, attribute] : llvm::enumerate(getCode())) {
    StringRef line = cast<StringAttr>(attribute).getValue();
    auto instruction = ranvier::isa::assemble(program, std::string_view(line.data(), line.size()));
    if (!instruction)
      return emitProgramError(*this, instruction.error(), "line " + Twine(number + 1) + ": ");
    program.code.push_back(*instruction);
  }
  if (auto valid = ranvier::isa::validate(program); !valid)
    return emitProgramError(*this, valid.error(), "");
  return success();
}

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

ModelSlots ranvier::snn::getModelSlots(Operation *op) {
  ModelSlots slots;
  if (auto model = dyn_cast<ModelOp>(op)) {
    // Runs on models that were not verified yet: attributes may be missing.
    const auto text = [](StringAttr name) { return name ? name.getValue() : StringRef(); };
    for (Operation &child : model.getBody().front())
      if (auto parameter = dyn_cast<ParameterOp>(child))
        slots.parameters.push_back({text(parameter.getProperties().name), parameter.getProperties().default_value});
      else if (auto state = dyn_cast<StateOp>(child))
        slots.states.push_back(text(state.getProperties().name));
      else if (auto receive = dyn_cast<ReceiveOp>(child))
        slots.receptors.push_back(text(receive.getProperties().name));
  } else if (auto program = dyn_cast<ProgramOp>(op)) {
    const auto collect = [](ArrayAttr names, auto append) {
      if (names)
        for (Attribute name : names)
          if (auto string = dyn_cast<StringAttr>(name))
            append(string.getValue());
    };
    collect(program.getProperties().params, [&](StringRef name) { slots.parameters.push_back({name, FloatAttr()}); });
    collect(program.getProperties().states, [&](StringRef name) { slots.states.push_back(name); });
    collect(program.getProperties().inputs, [&](StringRef name) { slots.receptors.push_back(name); });
  }
  return slots;
}
