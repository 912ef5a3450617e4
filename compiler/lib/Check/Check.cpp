//===- Check.cpp - What a target cannot honour, before compiling ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One member function a rule. Rules only read; each knows one limit of hw::Chip and compares it with what the network needs at
// least, so that an error here is certain and what passes here may still fail to fit.
//===----------------------------------------------------------------------===//
#include "ranvier/Check/Check.h"
#include "CheckTime.h"
#include "FanIn.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace mlir;

namespace ranvier::check {

const char *severityName(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

namespace {

std::string text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

class Checker {
public:
  Checker(snn::NetworkOp network, const hw::Chip &chip, const CheckOptions &options)
      : network(network), chip(chip), options(options) {}
  Findings run();

private:
  void add(Severity severity, StringRef op, StringRef parameter, std::string message, std::string hint = "", unsigned code = 0) {
    findings.push_back({severity, op.str(), parameter.str(), std::move(message), std::move(hint), code});
  }
  void collect();
  void checkModels();
  void checkModel(snn::PopulationOp population, snn::ModelOp model);
  void checkOutputs();
  bool isJunction(uint32_t node) { return mlir::isa<snn::JunctionOp>(nodes[node].getOperation()); }
  void checkProbes();
  void checkGradedLoops();
  void checkBiases();
  void checkNumbers();
  void checkFanIn();
  void checkTotals();
  void checkInputs();
  /// What a synapse takes in the chip's memory at least.
  double leastSynapseBits() const {
    return chip.storage.synapseBits ? chip.storage.synapseBits : chip.weights.minBits + chip.storage.tagBits;
  }

  struct Edge {
    snn::ProjectionOpInterface op;
    std::string name;
    uint32_t source = 0, target = 0;
    Size size;
  };

  snn::NetworkOp network;
  const hw::Chip &chip;
  const CheckOptions &options;
  Findings findings;
  std::vector<snn::NodeOpInterface> nodes;
  std::map<std::string, uint32_t> indices;
  std::vector<Edge> edges;
};

void Checker::collect() {
  for (auto node : network.getBody().getOps<snn::NodeOpInterface>()) {
    indices[node.getNodeName().str()] = static_cast<uint32_t>(nodes.size());
    nodes.push_back(node);
  }
  for (auto op : network.getBody().getOps<snn::ProjectionOpInterface>()) {
    const auto source = indices.find(op.getSourceAttr().getValue().str()),
               target = indices.find(op.getTargetAttr().getValue().str());
    if (source == indices.end() || target == indices.end())
      continue; // The verifier reports it.
    Edge edge{op, cast<SymbolOpInterface>(op.getOperation()).getName().str(), source->second, target->second, {}};
    edge.size =
        sizeOf(op, static_cast<double>(nodes[edge.source].getNodeCount()), static_cast<double>(nodes[edge.target].getNodeCount()));
    edges.push_back(std::move(edge));
  }
}

void Checker::checkModel(snn::PopulationOp population, snn::ModelOp model) {
  const StringRef name = population.getSymName();
  for (auto spike : model.getBody().getOps<snn::SpikeOp>())
    if (spike.getPayload() && !chip.gradedSpikes)
      add(Severity::Error, name, "model",
          "model @" + model.getSymName().str() + " emits graded spikes, and " + chip.name + " sends spikes without a payload",
          "read the population's state by a probe instead, or use a target with graded spikes", 5305);
  if (options.modelFits) {
    // A calibration profile can still give a state its range.
    constexpr unsigned rangeless = 5402, graded = 5305; // The second is said above.
    if (auto fits = options.modelFits(population); !fits && fits.error().code != graded)
      add(fits.error().code == rangeless ? Severity::Warning : Severity::Error, name, "model", fits.error().message,
          fits.error().hint, fits.error().code);
  } else if (!chip.programmable) {
    add(Severity::Note, name, "model", "whether " + chip.name + " has model @" + model.getSymName().str() + " was not examined");
  }
}

void Checker::checkModels() {
  for (auto population : network.getBody().getOps<snn::PopulationOp>()) {
    Operation *symbol = snn::lookupModel(population);
    if (auto model = dyn_cast_or_null<snn::ModelOp>(symbol))
      checkModel(population, model);
    auto program = dyn_cast_or_null<snn::ProgramOp>(symbol);
    const StringRef profile = chip.profile == isa::Profile::Int ? "int" : "f32";
    if (program && program.getProfile() != profile)
      add(Severity::Error, population.getSymName(), "model",
          "microcode of profile " + program.getProfile().str() + ", and " + chip.name + " executes " + profile.str(),
          "compile for this target from the network before quantisation", 5714);
  }
}

void Checker::checkOutputs() {
  if (!dissolvesJunctions(chip))
    return;
  for (auto output : network.getBody().getOps<snn::OutputOp>()) {
    const auto node = indices.find(output.getSource().str());
    if (node != indices.end() && mlir::isa<snn::JunctionOp>(nodes[node->second].getOperation()))
      add(Severity::Error, output.getSymName(), "from",
          "the output is a weighted sum (junction @" + output.getSource().str() + ") without a neuron to emit it",
          "put a neuron node, for example NIR's LI, in front of the output", 5713);
  }
}

/// What one unit of a payload is worth follows from the sources of the population; of graded populations in a circle each would
/// have to know the other's first.
void Checker::checkGradedLoops() {
  if (chip.profile != isa::Profile::Int || !chip.gradedSpikes)
    return;
  const auto isGraded = [&](uint32_t node) {
    auto population = dyn_cast<snn::PopulationOp>(nodes[node].getOperation());
    auto model = population ? dyn_cast_or_null<snn::ModelOp>(snn::lookupModel(population)) : snn::ModelOp();
    return model &&
           llvm::any_of(model.getBody().getOps<snn::SpikeOp>(), [](snn::SpikeOp spike) { return spike.getPayload() != nullptr; });
  };
  for (uint32_t start = 0; start < nodes.size(); ++start) {
    if (!isGraded(start))
      continue;
    std::vector<uint32_t> open{start};
    std::vector<bool> seen(nodes.size(), false);
    bool returns = false;
    while (!open.empty() && !returns) {
      const uint32_t node = open.back();
      open.pop_back();
      for (const Edge &edge : edges) {
        if (edge.source != node)
          continue;
        returns |= edge.target == start;
        // A junction hands the payload on.
        if (!seen[edge.target] && (isGraded(edge.target) || mlir::isa<snn::JunctionOp>(nodes[edge.target].getOperation()))) {
          seen[edge.target] = true;
          open.push_back(edge.target);
        }
      }
    }
    if (returns)
      add(Severity::Error, nodes[start].getNodeName(), "model",
          "events with values in a feedback loop, which integer targets do not support",
          "let a neuron without a payload stand in the loop", 5324);
  }
}

void Checker::checkProbes() {
  if (!dissolvesJunctions(chip))
    return;
  for (auto probe : network.getBody().getOps<snn::ProbeOp>()) {
    const auto node = indices.find(probe.getNode().str());
    if (node != indices.end() && mlir::isa<snn::JunctionOp>(nodes[node->second].getOperation()))
      add(Severity::Warning, probe.getSymName(), "of",
          "junction @" + probe.getNode().str() + " becomes part of synapses on " + chip.name + ", so this probe records nothing",
          "probe a population behind it");
  }
}

void Checker::checkBiases() {
  if (chip.minDelay == 0)
    return;
  for (const Edge &edge : edges) {
    auto op = edge.op;
    const ElementsAttr bias = op.getBiasOrNull();
    const auto values = bias ? snn::readElements(bias) : std::nullopt;
    if (values && std::any_of(values->begin(), values->end(), [](double value) { return value != 0; }))
      add(Severity::Warning, edge.name, "bias",
          "a bias acts from step 1 on, and spikes take a step per layer to arrive on " + chip.name + ", so that @" +
              nodes[edge.target].getNodeName().str() + " starts ahead of the network's own reading",
          "compare with `ranvier diff` against the reference");
  }
}

void Checker::checkNumbers() {
  if (chip.profile != isa::Profile::Int)
    return;
  bool quantised = false;
  for (const Edge &edge : edges) {
    auto op = edge.op;
    const auto bits = op->getAttrOfType<IntegerAttr>("weight_bits");
    quantised |= bits != nullptr;
    // Stored bits include the sign, the chip's limit does not.
    if (bits && bits.getInt() > static_cast<int64_t>(chip.weights.maxBits) + 1)
      add(Severity::Error, edge.name, "bits",
          "weights of " + std::to_string(bits.getInt()) + " bits, and " + chip.name + " stores at most " +
              std::to_string(chip.weights.maxBits) + " and a sign");
    const int64_t exponent = op.getExponentOrZero();
    if (exponent < chip.weights.minExponent || exponent > chip.weights.maxExponent)
      add(Severity::Error, edge.name, "exponent",
          "weight exponent " + std::to_string(exponent) + ", and " + chip.name + " has " +
              std::to_string(chip.weights.minExponent) + " to " + std::to_string(chip.weights.maxExponent));
  }
  if (!quantised && !edges.empty())
    add(Severity::Note, network.getSymName(), "weights",
        "weights are rounded to at most " +
            std::to_string(chip.ringBuffers.bits ? chip.weights.maxBits : std::min(8u, chip.weights.maxBits)) +
            " bits and a sign, state to " + std::to_string(chip.stateBits) + " bits" +
            (chip.fractionBits ? ", of which " + std::to_string(chip.fractionBits) + " are fraction" : ""),
        chip.ringBuffers.bits ? "" : "choose scales with --calibrate");
}

/// What reaches a node over junctions is not counted: an error here must be certain, and compiling is tried anyway.
void Checker::checkFanIn() {
  const auto sum = [](double a, double b) { return a + b; };
  const auto most = [](double a, double b) { return std::max(a, b); };
  std::vector<PerNeuron> fanIn(nodes.size(), PerNeuron{0});
  std::vector<bool> expected(nodes.size(), false);
  std::vector<std::map<uint32_t, PerNeuron>> fromSource(nodes.size()); // One axon serves all projections of a source neuron.
  for (const Edge &edge : edges) {
    if (isJunction(edge.source))
      continue;
    combine(fanIn[edge.target], edge.size.fanIn, sum);
    expected[edge.target] = expected[edge.target] || edge.size.expected;
    combine(fromSource[edge.target].try_emplace(edge.source, PerNeuron{0}).first->second, edge.size.sources, most);
  }
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (!mlir::isa<snn::PopulationOp>(nodes[i].getOperation()))
      continue;
    PerNeuron axonsOf{0};
    for (const auto &[source, count] : fromSource[i])
      combine(axonsOf, count, sum);
    const double synapses = *std::max_element(fanIn[i].begin(), fanIn[i].end()),
                 axons = *std::max_element(axonsOf.begin(), axonsOf.end());
    const std::string on = (expected[i] ? " on average" : "") + std::string(", and ") + chip.name;
    const auto exceeds = [&](const std::string &message, unsigned code) { // An average may be missed by what is drawn.
      add(expected[i] ? Severity::Warning : Severity::Error, nodes[i].getNodeName(), "", message, "prune, or use smaller layers",
          expected[i] ? 0 : code);
    };
    if (chip.core.fanIn != 0 && synapses > chip.core.fanIn)
      exceeds("a neuron has " + text(synapses) + " synapses" + on + " allows " + std::to_string(chip.core.fanIn), 6013);
    if (chip.core.axonsIn != 0 && axons > chip.core.axonsIn)
      exceeds("a neuron listens to " + text(axons) + " neurons" + on + " has " + std::to_string(chip.core.axonsIn) +
                  " axons into a core",
              6011);
    if (chip.crossbar && axons > static_cast<double>(chip.crossbar->inputs) * chip.coresPerTile)
      exceeds("a neuron listens to " + text(axons) + " neurons" + on + " has " +
                  std::to_string(uint64_t(chip.crossbar->inputs) * chip.coresPerTile) + " rows of crossbars in a tile",
              6120);
    // Kernels stored once make this no lower bound.
    const double bits = chip.weights.sharedKernels ? 0 : synapses * leastSynapseBits();
    if (chip.core.synapticMemoryBits != 0 && chip.storage.wordBits != 0 && bits > static_cast<double>(chip.core.synapticMemoryBits))
      exceeds("the synapses of one neuron need at least " + text(bits) + " bits" + on + " has " +
                  std::to_string(chip.core.synapticMemoryBits) + " in a core",
              6010);
  }
}

void Checker::checkTotals() {
  const double cores = static_cast<double>(chip.liveCores());
  double neurons = 0, synapses = 0;
  for (snn::NodeOpInterface node : nodes)
    if (mlir::isa<snn::PopulationOp>(node.getOperation()))
      neurons += static_cast<double>(node.getNodeCount());
  bool expected = false;
  for (const Edge &edge : edges) {
    if (!isJunction(edge.source) && !isJunction(edge.target)) {
      synapses += edge.size.synapses;
      expected |= edge.size.expected;
    }
    auto op = edge.op;
    if (op.isProcedural() && edge.size.synapses > 4294967296.0)
      add(Severity::Error, edge.name, "rule",
          text(edge.size.synapses) + " synapses, and one projection can be expanded to at most 4294967296", "split the projection",
          5703);
  }
  if (chip.core.neurons != 0 && neurons > cores * chip.core.neurons)
    add(Severity::Error, network.getSymName(), "",
        text(neurons) + " neurons, and " + chip.name + " holds " + text(cores * chip.core.neurons) + " (" + text(cores) +
            " cores of " + std::to_string(chip.core.neurons) + ")",
        "use a chip with more cores, or allow more chips (topology.max_chips)", 6016);
  const double bits = synapses * leastSynapseBits();
  const double memory = cores * static_cast<double>(chip.core.synapticMemoryBits);
  const bool shared = chip.weights.sharedKernels; // Kernels stored once make the sum no lower bound.
  if (chip.core.synapticMemoryBits != 0 && chip.storage.wordBits != 0 && !shared && bits > memory)
    add(expected ? Severity::Warning : Severity::Error, network.getSymName(), "",
        text(synapses) + " synapses" + (expected ? " on average" : "") + " need at least " + text(bits) + " bits, and " +
            chip.name + " has " + text(memory),
        "use a chip with more cores or memory, allow more chips (topology.max_chips), or prune", expected ? 0 : 6016);
}

void Checker::checkInputs() {
  double neurons = 0;
  for (snn::NodeOpInterface node : nodes)
    if (mlir::isa<snn::InputOp>(node.getOperation()))
      neurons += static_cast<double>(node.getNodeCount());
  if (chip.inputNeurons != 0 && neurons > chip.inputNeurons)
    add(Severity::Error, network.getSymName(), "",
        text(neurons) + " input neurons, and the host of " + chip.name + " can send spikes of " + std::to_string(chip.inputNeurons),
        "feed the network through fewer inputs", 6036);
}

Findings Checker::run() {
  collect();
  checkModels();
  checkOutputs();
  checkProbes();
  checkGradedLoops();
  for (Finding &finding : checkTime(network, chip))
    findings.push_back(std::move(finding));
  checkBiases();
  checkNumbers();
  checkFanIn();
  checkTotals();
  checkInputs();
  for (const std::string &lack : chip.unsupported)
    add(Severity::Note, network.getSymName(), "", chip.name + ": " + lack);
  return std::move(findings);
}

} // namespace

Findings check(ModuleOp module, const hw::Chip &chip, const CheckOptions &options) {
  const auto networks = llvm::to_vector(module.getOps<snn::NetworkOp>());
  if (networks.size() != 1)
    return {{Severity::Error, "", "", "expected one snn.network, found " + std::to_string(networks.size()), ""}};
  return Checker(networks.front(), chip, options).run();
}

} // namespace ranvier::check
