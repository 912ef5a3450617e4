//===- ModelLibrary.cpp - Neuron models found in folders ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "ranvier/Frontend/ModelLibrary.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "ranvier/HwModels/Chip.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>

using namespace mlir;

namespace ranvier::frontend {

const ModelParameter *Model::find(StringRef name) const {
  for (const ModelParameter &parameter : parameters)
    if (parameter.name == name)
      return &parameter;
  return nullptr;
}

namespace {

/// The `nir` dictionary's keys; anything else in it is a mistake that would otherwise go unseen.
Result<void> readNirDictionary(DictionaryAttr nir, Model &model) {
  const auto malformed = [&](const std::string &expected, const std::string &found) {
    return Error{.code = 5203,
                 .message = "malformed `nir` dictionary",
                 .file = model.file,
                 .place = "model @" + model.symbol,
                 .expected = expected,
                 .found = found};
  };
  for (NamedAttribute entry : nir) {
    const StringRef key = entry.getName().getValue();
    if (key == "dt_from") {
      auto pairs = dyn_cast<ArrayAttr>(entry.getValue());
      for (Attribute item : pairs ? pairs.getValue() : ArrayRef<Attribute>()) {
        auto pair = dyn_cast<ArrayAttr>(item);
        if (!pair || pair.size() != 2 || !mlir::isa<StringAttr>(pair[0]) || !mlir::isa<StringAttr>(pair[1]))
          return malformed("dt_from = [[\"time constant\", \"gain\"], ...]", "another form");
        model.dtFrom.emplace_back(cast<StringAttr>(pair[0]).str(), cast<StringAttr>(pair[1]).str());
      }
      if (!pairs)
        return malformed("dt_from = [[\"time constant\", \"gain\"], ...]", "no array");
      continue;
    }
    auto text = dyn_cast<StringAttr>(entry.getValue());
    std::string *slot = key == "type" ? &model.type : key == "reset" ? &model.reset : key == "reading" ? &model.reading : nullptr;
    if (!slot)
      return malformed("keys type, reset, dt_from, reading", key.str());
    if (!text)
      return malformed("a string for " + key.str(), "another attribute");
    *slot = text.str();
  }
  if (model.type.empty())
    return malformed("type = \"...\"", "no type");
  if (!model.reset.empty() && model.reset != "v_reset" && model.reset != "subtract")
    return malformed("reset = \"v_reset\" or \"subtract\"", model.reset);
  for (const auto &[tau, gain] : model.dtFrom)
    for (const std::string &name : {tau, gain})
      if (!model.find(name))
        return malformed("names of declared parameters in dt_from", name);
  return {};
}

Result<std::vector<std::string>> listModelFiles(const std::string &folder) {
  std::vector<std::string> paths;
  std::error_code failure;
  for (llvm::sys::fs::directory_iterator it(folder, failure), end; it != end && !failure; it.increment(failure))
    if (llvm::sys::path::extension(it->path()) == ".mlir")
      paths.push_back(it->path());
  if (failure)
    return Error{.code = 5201,
                 .message = "cannot read the folder of neuron models",
                 .file = folder,
                 .expected = "a folder with .mlir files",
                 .found = failure.message()};
  std::sort(paths.begin(), paths.end());
  return paths;
}

} // namespace

Result<Model> describeModel(snn::ModelOp op, const std::string &file) {
  Model model;
  model.op = op;
  model.symbol = op.getSymName().str();
  model.file = file;
  for (auto parameter : op.getBody().getOps<snn::ParameterOp>()) {
    ModelParameter entry;
    entry.name = parameter.getName().str();
    if (auto unit = parameter.getUnit())
      entry.unit = unit->str();
    if (auto value = parameter.getDefaultValue())
      entry.defaultValue = value->convertToDouble();
    model.parameters.push_back(entry);
  }
  if (auto nir = op.getNir())
    RANVIER_CHECK(readNirDictionary(*nir, model));
  return model;
}

Result<ModelLibrary> ModelLibrary::load(const std::vector<std::string> &folders, MLIRContext *context) {
  context->loadDialect<snn::SNNDialect, arith::ArithDialect, math::MathDialect>();
  ModelLibrary library;
  library.folders = folders;
  if (folders.empty()) {
    RANVIER_TRY(std::string shipped, hw::dataFolder("models"));
    library.folders.push_back(shipped);
  }
  for (const std::string &folder : library.folders) {
    RANVIER_TRY(const std::vector<std::string> paths, listModelFiles(folder));
    std::vector<Model> found;
    for (const std::string &path : paths) {
      std::string first;
      ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
        if (first.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error) {
          llvm::raw_string_ostream stream(first);
          if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
            stream << "line " << place.getLine() << ": ";
          stream << diagnostic.str();
        }
        return success();
      });
      OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, ParserConfig(context));
      if (!module)
        return Error{.code = 5202, .message = "a neuron model file does not parse: " + first, .file = path};
      for (auto op : module->getOps<snn::ModelOp>()) {
        RANVIER_TRY(Model model, describeModel(op, path));
        if (model.type.empty())
          continue;
        for (const Model &other : found)
          if (other.type == model.type && other.reset == model.reset)
            return Error{.code = 5204,
                         .message = "two models for NIR type " + model.type +
                                    (model.reset.empty() ? std::string() : " with reset \"" + model.reset + "\""),
                         .file = path,
                         .place = "model @" + model.symbol,
                         .expected = "one in a folder",
                         .found = "@" + other.symbol + " of " + other.file};
        found.push_back(std::move(model));
      }
      library.files.push_back(std::move(module));
    }
    for (Model &model : found) {
      std::erase_if(library.models, [&](const Model &old) { return old.type == model.type && old.reset == model.reset; });
      library.models.push_back(std::move(model));
    }
  }
  return library;
}

std::string ModelLibrary::searched() const { return llvm::join(folders, ", "); }

bool ModelLibrary::knows(StringRef type) const {
  return std::any_of(models.begin(), models.end(), [&](const Model &model) { return model.type == type; });
}

Result<const Model *> ModelLibrary::find(StringRef type, StringRef reset) const {
  std::vector<std::string> resets;
  for (const Model &model : models) {
    if (model.type != type)
      continue;
    if (model.reset.empty() || model.reset == reset)
      return &model;
    resets.push_back("\"" + model.reset + "\"");
  }
  if (resets.empty())
    return Error{.code = 5205,
                 .message = "no neuron model for NIR type " + type.str(),
                 .expected =
                     "a file in " + searched() + " with an snn.model whose `nir` dictionary has type = \"" + type.str() + "\"",
                 .found = "none",
                 .hint = "put the model's .mlir file into the folder; docs/guide/nir.md shows the form"};
  return Error{.code = 5206,
               .message = "no neuron model for NIR type " + type.str() + " with reset \"" + reset.str() + "\" in " + searched(),
               .expected = "reset = \"" + reset.str() + "\"",
               .found = llvm::join(resets, ", ")};
}

} // namespace ranvier::frontend
