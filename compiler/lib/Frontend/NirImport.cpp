//===- NirImport.cpp - NIR graphs into the snn dialect --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options, populations, the time step and the semantics report; linear nodes are in NirProjections.cpp.
//===----------------------------------------------------------------------===//
#include "ranvier/Frontend/NirImport.h"
#include "NirImporter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace mlir;

namespace ranvier::frontend {

using formats::nir::FlatGraph;

namespace {

constexpr double defaultTimestep = 1e-4; ///< [s]; what the published NIR files imply and their exporters hard-code.

std::string secondsText(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.9g s", value);
  return text;
}

bool anyNot(const std::vector<double> &values, double expected) {
  return std::any_of(values.begin(), values.end(), [&](double value) { return value != expected; });
}

} // namespace

std::string shapeText(ArrayRef<uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Error NirImporter::problem(unsigned code, const Node &node, const std::string &parameter, std::string message, std::string expected,
                           std::string found) const {
  return Error{.code = code,
               .message = std::move(message),
               .file = graph.path,
               .place = "node " + node.name + " (" + node.type + ")" + (parameter.empty() ? "" : ", parameter " + parameter),
               .expected = std::move(expected),
               .found = std::move(found)};
}

Location NirImporter::locate(const Node &node) const {
  return NameLoc::get(StringAttr::get(context, node.name), FileLineColLoc::get(context, graph.path, 0, 0));
}

std::string NirImporter::unique(const std::string &wanted) {
  std::string name = wanted;
  for (unsigned i = 1; !names.insert(name).second; ++i)
    name = wanted + "_" + std::to_string(i);
  return name;
}

Result<void> NirImporter::checkOptions() const {
  if (options.dt && !(*options.dt > 0 && std::isfinite(*options.dt)))
    return Error{.code = 5210,
                 .message = "the time step must be a positive number of seconds",
                 .place = "option dt",
                 .expected = "> 0",
                 .found = secondsText(*options.dt)};
  return {};
}

Result<NirImporter::Neuron> NirImporter::readNeuron(uint32_t index) {
  const Node &node = graph.nodes[index];
  auto found = library.find(node.type, options.reset == Reset::Subtract ? "subtract" : "v_reset");
  if (!found) {
    found.error().file = graph.path;
    found.error().place = "node " + node.name;
    return found.error();
  }
  Neuron neuron{index, *found, {}};
  const Model &model = *neuron.model;
  uint64_t count = 1;
  for (uint64_t extent : node.outputShape)
    count *= extent;
  for (const auto &[name, parameter] : node.params) {
    const auto *values = std::get_if<Tensor>(&parameter);
    if (!values)
      return problem(5212, node, name, "a neuron parameter must be numbers", "numbers", "a string");
    const ModelParameter *declared = model.find(name);
    // The one parameter of NIR that the choice of a reset makes meaningless.
    if (!declared && name == "v_reset" && model.reset == "subtract") {
      if (anyNot(values->values, 0))
        assume("node " + node.name + ": v_reset of the file is not used, because reset by subtraction was asked for");
      continue;
    }
    if (!declared) { // A parameter NIR does not know either, or one a user's model does without.
      assume("node " + node.name + ": parameter " + name + " has no effect, because model @" + model.symbol +
             " does not declare it");
      continue;
    }
    if (values->size() != 1 && values->size() != count)
      return problem(5212, node, name, "wrong number of values", "1 or " + std::to_string(count), std::to_string(values->size()));
    std::vector<double> scaled = values->values;
    if (declared->unit == "s" && options.timeUnit == TimeUnit::Milliseconds)
      for (double &value : scaled)
        value *= 1e-3;
    neuron.values[name] = std::move(scaled);
  }
  if (options.reset == Reset::Zero && model.reset == "v_reset" && model.find("v_reset")) {
    if (anyNot(neuron.values["v_reset"], 0))
      assume("node " + node.name + ": v_reset of the file is replaced by 0, because reset to zero was asked for");
    neuron.values["v_reset"] = {0.0};
  }
  for (const ModelParameter &declared : model.parameters) {
    if (neuron.values.count(declared.name))
      continue;
    if (!declared.defaultValue)
      return problem(5212, node, declared.name, "missing parameter", "values for " + declared.name, "none");
    neuron.values[declared.name] = {*declared.defaultValue}; // Written out: the network then says all it means.
  }
  return neuron;
}

Result<void> NirImporter::readNeurons() {
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (shape.kinds[i] == NodeKind::Neuron) {
      RANVIER_TRY(Neuron neuron, readNeuron(i));
      neurons.push_back(std::move(neuron));
    }
  return {};
}

void NirImporter::decideTimestep() {
  if (options.dt) {
    dt = *options.dt;
    semantics.dtFrom = "option";
    return;
  }
  std::vector<GainPair> pairs;
  for (const Neuron &neuron : neurons) {
    bool primary = true;
    for (const auto &[tau, gain] : neuron.model->dtFrom) {
      GainPair pair{graph.nodes[neuron.node].name, tau, gain, {}, {}, primary};
      pair.tau = neuron.values.at(tau);
      pair.gain = neuron.values.at(gain);
      pairs.push_back(std::move(pair));
      primary = false;
    }
  }
  const InferredTimestep inferred = inferTimestep(pairs);
  dt = inferred.dt.value_or(defaultTimestep);
  semantics.dtFrom = inferred.dt ? inferred.how : "default";
  if (!inferred.dt)
    assume("time step: taken as " + secondsText(dt) + ", because the file does not tell (" + inferred.how + "); give it with --dt");
}

void NirImporter::warnAboutLargeSteps() {
  for (const Neuron &neuron : neurons)
    for (const auto &[tau, gain] : neuron.model->dtFrom) {
      const std::vector<double> &values = neuron.values.at(tau);
      const double shortest = *std::min_element(values.begin(), values.end());
      if (dt > shortest * (1 + 1e-5))
        assume("node " + graph.nodes[neuron.node].name + ": the time step " + secondsText(dt) + " exceeds " + tau + " = " +
               secondsText(shortest) + ", so forward Euler oscillates");
    }
}

void NirImporter::describePopulations() {
  for (const Neuron &neuron : neurons) {
    const Node &node = graph.nodes[neuron.node];
    const Model &model = *neuron.model;
    PopulationSemantics entry{node.name, node.type, model.symbol, model.reading, "", {}, {}};
    entry.reset = model.reset.empty() ? "none" : options.reset == Reset::Zero && model.reset == "v_reset" ? "zero" : model.reset;
    for (const ModelParameter &parameter : model.parameters)
      entry.parameters.emplace_back(parameter.name, neuron.values.at(parameter.name));
    for (const auto &[tauName, gainName] : model.dtFrom) {
      const std::vector<double> &tau = neuron.values.at(tauName), &gain = neuron.values.at(gainName);
      PopulationSemantics::Gain folded{gainName, tauName, INFINITY, -INFINITY};
      for (size_t i = 0; i < std::max(tau.size(), gain.size()); ++i) {
        const double perStep = (gain.size() == 1 ? gain[0] : gain[i]) * (dt / (tau.size() == 1 ? tau[0] : tau[i]));
        folded.perStepLow = std::min(folded.perStepLow, perStep);
        folded.perStepHigh = std::max(folded.perStepHigh, perStep);
      }
      entry.gains.push_back(folded);
    }
    semantics.populations.push_back(std::move(entry));
  }
}

void NirImporter::createNodes() {
  const auto shapeOf = [&](const Node &node) {
    return builder.getDenseI64ArrayAttr(std::vector<int64_t>(node.outputShape.begin(), node.outputShape.end()));
  };
  carriers.resize(graph.nodes.size());
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (shape.kinds[i] != NodeKind::Identity)
      names.insert(graph.nodes[i].name);
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (shape.kinds[i] == NodeKind::Source) {
      carriers[i] = graph.nodes[i].name;
      snn::InputOp::create(builder, locate(graph.nodes[i]), symbol(carriers[i]), shapeOf(graph.nodes[i]), Attribute());
    }
  for (const Neuron &neuron : neurons) {
    const Node &node = graph.nodes[neuron.node];
    carriers[neuron.node] = node.name;
    SmallVector<NamedAttribute> params;
    for (const auto &[name, values] : neuron.values) {
      const Attribute value =
          anyNot(values, values[0])
              ? Attribute(DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF64Type()),
                                                 ArrayRef<double>(values)))
              : Attribute(builder.getF64FloatAttr(values[0]));
      params.push_back(builder.getNamedAttr(name, value));
    }
    snn::PopulationOp::create(builder, locate(node), symbol(node.name), reference(modelSymbols[neuron.model]), shapeOf(node),
                              builder.getDictionaryAttr(params), builder.getDictionaryAttr({}), DictionaryAttr(),
                              builder.getI64IntegerAttr(0), FloatAttr(), DictionaryAttr());
  }
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (shape.needsJunction[i]) {
      carriers[i] = unique(graph.nodes[i].name + ".out");
      snn::JunctionOp::create(builder, locate(graph.nodes[i]), symbol(carriers[i]), shapeOf(graph.nodes[i]));
    }
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    carrierShapes[carriers[i]] = graph.nodes[i].outputShape;
}

Result<void> NirImporter::verify(ModuleOp module) {
  Error failure{.code = 5217, .message = "", .file = graph.path};
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (failure.message.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      failure.message = "the imported network is not valid: " + diagnostic.str();
      if (auto named = dyn_cast<NameLoc>(diagnostic.getLocation()))
        failure.place = "node " + named.getName().str();
    }
    return success();
  });
  if (succeeded(mlir::verify(module)))
    return {};
  return failure;
}

Result<NirImport> NirImporter::run() {
  RANVIER_CHECK(checkOptions());
  RANVIER_TRY(library, ModelLibrary::load(options.modelFolders, context));
  RANVIER_TRY(shape, resolveGraph(graph));
  semantics.file = llvm::sys::path::filename(graph.path).str();
  semantics.nirVersion = graph.version;
  semantics.timeUnit = options.timeUnit == TimeUnit::Seconds ? "s" : "ms";
  semantics.assumptions = graph.warnings;
  RANVIER_CHECK(readNeurons());
  decideTimestep();
  warnAboutLargeSteps();
  semantics.dt = dt;
  describePopulations();

  const Location whole = FileLineColLoc::get(context, graph.path, 0, 0);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, whole);
  builder.setInsertionPointToEnd(module->getBody());
  std::set<std::string> taken{options.networkName};
  for (const Neuron &neuron : neurons) {
    std::string &name = modelSymbols[neuron.model];
    if (!name.empty())
      continue;
    auto clone = cast<snn::ModelOp>(builder.clone(*snn::ModelOp(neuron.model->op)));
    const std::string &wanted = neuron.model->symbol;
    name = wanted; // Files of different folders may use the same symbol.
    for (unsigned i = 1; !taken.insert(name).second; ++i)
      name = wanted + "_" + std::to_string(i);
    clone.setSymName(name);
  }
  auto network = snn::NetworkOp::create(builder, whole, symbol(options.networkName), builder.getF64FloatAttr(dt),
                                        builder.getI64IntegerAttr(0), StringAttr(), StringAttr());
  builder.setInsertionPointToEnd(&network.getBody().emplaceBlock());
  createNodes();
  RANVIER_CHECK(createProjections());
  RANVIER_CHECK(createOutputs());
  network.setSemanticsAttr(symbol(toJson(semantics)));
  RANVIER_CHECK(verify(*module));
  return NirImport{std::move(module), semantics.assumptions, dt};
}

Result<NirImport> importNir(const FlatGraph &graph, MLIRContext *context, const NirImportOptions &options) {
  return NirImporter(graph, context, options).run();
}

Result<NirImport> importNirFile(const std::string &path, MLIRContext *context, const NirImportOptions &options) {
  RANVIER_TRY(const formats::nir::File file, formats::nir::read(path));
  RANVIER_TRY(const FlatGraph graph, formats::nir::flatten(file));
  return importNir(graph, context, options);
}

} // namespace ranvier::frontend
