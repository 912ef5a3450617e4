//===- Check.cpp - What a target cannot honour, before compiling ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One member function a rule. Rules only read; each knows one limit of hw::Chip and compares it with what the network needs at
// least, so that an error here is certain and what passes here may still fail to fit.
//===----------------------------------------------------------------------===//
#include "ranvier/Check/Check.h"
#include "FanIn.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

using namespace mlir;

namespace ranvier::check {

const char *severityName(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

namespace {

/// Smallest and largest delay of a projection [steps]; of a distribution, its limits.
struct DelayRange {
  double least = 0, most = 0;
};

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
  void add(Severity severity, StringRef op, StringRef parameter, std::string message, std::string hint = "") {
    findings.push_back({severity, op.str(), parameter.str(), std::move(message), std::move(hint)});
  }
  void collect();
  void checkModels();
  void checkModel(snn::PopulationOp population, snn::ModelOp model);
  void checkOutputs();
  void checkDelays();
  void checkFeedback();
  void checkBiases();
  void checkNumbers();
  void checkFanIn();
  void checkTotals();
  bool latePath(const std::vector<uint32_t> &members);

  struct Edge {
    snn::ProjectionOpInterface op;
    std::string name;
    uint32_t source = 0, target = 0;
    DelayRange delay;
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

DelayRange delayRange(Attribute delay) {
  if (!delay)
    return {};
  if (auto uniform = dyn_cast<snn::UniformAttr>(delay))
    return {std::round(uniform.getLow()), std::round(uniform.getHigh())};
  if (auto normal = dyn_cast<snn::NormalAttr>(delay))
    return {std::round(normal.getLow()), std::round(normal.getHigh())};
  const auto values = snn::readElements(delay);
  if (!values || values->empty())
    return {};
  const auto [least, most] = std::minmax_element(values->begin(), values->end());
  return {*least, *most};
}

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
    Edge edge{op,
              cast<SymbolOpInterface>(op.getOperation()).getName().str(),
              source->second,
              target->second,
              delayRange(op.getDelayAttr()),
              {}};
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
          "read the population's state by a probe instead, or use a target with graded spikes");
  if (options.modelFits) {
    // A calibration profile can still give a state its range.
    constexpr unsigned rangeless = 5402;
    if (auto fits = options.modelFits(population); !fits)
      add(fits.error().code == rangeless ? Severity::Warning : Severity::Error, name, "model", fits.error().message,
          fits.error().hint);
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
          "compile for this target from the network before quantisation");
  }
}

void Checker::checkOutputs() {
  for (auto output : network.getBody().getOps<snn::OutputOp>()) {
    const auto node = indices.find(output.getSource().str());
    if (node != indices.end() && mlir::isa<snn::JunctionOp>(nodes[node->second].getOperation()))
      add(Severity::Error, output.getSymName(), "from",
          "the output is a weighted sum (junction @" + output.getSource().str() + ") without a neuron to emit it",
          "put a neuron node, for example NIR's LI, in front of the output");
  }
}

void Checker::checkDelays() {
  double immediate = 0;
  for (const Edge &edge : edges) {
    if (chip.maxDelay != 0 && edge.delay.most > chip.maxDelay)
      add(Severity::Error, edge.name, "delay",
          "a delay of " + text(edge.delay.most) + " steps, and " + chip.name + " holds at most " + std::to_string(chip.maxDelay),
          "use a larger time step, or relay through a population");
    immediate += edge.delay.least < chip.minDelay ? 1 : 0;
  }
  if (immediate > 0)
    add(Severity::Note, network.getSymName(), "delay",
        text(immediate) + " projections act in fewer steps than the " + std::to_string(chip.minDelay) +
            " that every edge takes on " + chip.name + ", so each population lags by its depth",
        "outputs are read that many steps later");
}

/// True if some loop among `members` would need fewer steps than chip edges take: a cycle of negative weight (delay - minDelay),
/// found by relaxing edges as often as there are members.
bool Checker::latePath(const std::vector<uint32_t> &members) {
  std::map<uint32_t, double> distance;
  for (uint32_t member : members)
    distance[member] = 0;
  for (size_t round = 0; round <= members.size(); ++round) {
    bool changed = false;
    for (const Edge &edge : edges) {
      const auto source = distance.find(edge.source), target = distance.find(edge.target);
      if (edge.source == edge.target || source == distance.end() || target == distance.end())
        continue;
      // A junction passes its sum on in the same step, also on chips, where it is composed away.
      const double least = mlir::isa<snn::JunctionOp>(nodes[edge.target].getOperation()) ? 0 : chip.minDelay;
      const double reached = source->second + edge.delay.least - least;
      if (reached < target->second) {
        target->second = reached;
        changed = true;
      }
    }
    if (!changed)
      return false;
  }
  return true;
}

/// Strongly connected components by reachability both ways, which is enough for graphs of populations.
void Checker::checkFeedback() {
  if (chip.minDelay == 0)
    return;
  std::vector<std::vector<uint32_t>> forward(nodes.size()), backward(nodes.size());
  for (const Edge &edge : edges) {
    forward[edge.source].push_back(edge.target);
    backward[edge.target].push_back(edge.source);
  }
  const auto reach = [](const std::vector<std::vector<uint32_t>> &next, uint32_t from) {
    std::set<uint32_t> seen{from};
    std::vector<uint32_t> open{from};
    while (!open.empty()) {
      const uint32_t node = open.back();
      open.pop_back();
      for (uint32_t other : next[node])
        if (seen.insert(other).second)
          open.push_back(other);
    }
    return seen;
  };
  std::set<uint32_t> done;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (done.count(i))
      continue;
    const std::set<uint32_t> after = reach(forward, i), before = reach(backward, i);
    std::vector<uint32_t> members;
    std::string names;
    unsigned populations = 0;
    for (uint32_t other : after)
      if (before.count(other)) {
        members.push_back(other);
        done.insert(other);
        if (mlir::isa<snn::JunctionOp>(nodes[other].getOperation()))
          continue;
        ++populations;
        names += (names.empty() ? "" : ", ") + nodes[other].getNodeName().str();
      }
    if (populations > 1 && latePath(members))
      add(Severity::Warning, nodes[i].getNodeName(), "",
          "feedback through " + names + " takes one step per edge on " + chip.name + ", and fewer in the network's own reading",
          "results differ from `reference`; give the loop's projections delays of at least " + std::to_string(chip.minDelay));
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
        "weights are rounded to at most " + std::to_string(chip.weights.maxBits) + " bits and a sign, state to " +
            std::to_string(chip.stateBits) + " bits",
        "choose scales with --calibrate");
}

void Checker::checkFanIn() {
  std::vector<double> fanIn(nodes.size(), 0);
  std::vector<bool> expected(nodes.size(), false);
  std::vector<std::map<uint32_t, double>> fromSource(nodes.size()); // One axon serves all projections of a source neuron.
  for (const Edge &edge : edges) {
    fanIn[edge.target] += edge.size.fanIn;
    expected[edge.target] = expected[edge.target] || edge.size.expected;
    double &axons = fromSource[edge.target][edge.source];
    axons = std::max(axons, std::min(edge.size.fanIn, static_cast<double>(nodes[edge.source].getNodeCount())));
  }
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (!mlir::isa<snn::PopulationOp>(nodes[i].getOperation()))
      continue;
    double axons = 0;
    for (const auto &[source, count] : fromSource[i])
      axons += count;
    const std::string on = (expected[i] ? " on average" : "") + std::string(", and ") + chip.name;
    const auto exceeds = [&](const std::string &message) {
      add(Severity::Error, nodes[i].getNodeName(), "", message, "prune, or use smaller layers");
    };
    if (chip.core.fanIn != 0 && fanIn[i] > chip.core.fanIn)
      exceeds("a neuron has " + text(fanIn[i]) + " synapses" + on + " allows " + std::to_string(chip.core.fanIn));
    if (chip.core.axonsIn != 0 && axons > chip.core.axonsIn)
      exceeds("a neuron listens to " + text(axons) + " neurons" + on + " has " + std::to_string(chip.core.axonsIn) +
              " axons into a core");
    const double bits = fanIn[i] * (chip.weights.minBits + chip.storage.tagBits);
    if (chip.core.synapticMemoryBits != 0 && bits > static_cast<double>(chip.core.synapticMemoryBits))
      exceeds("the synapses of one neuron need at least " + text(bits) + " bits" + on + " has " +
              std::to_string(chip.core.synapticMemoryBits) + " in a core");
  }
}

void Checker::checkTotals() {
  const double cores = static_cast<double>(chip.maxChips) * chip.coresPerChip();
  double neurons = 0, synapses = 0;
  for (snn::NodeOpInterface node : nodes)
    if (mlir::isa<snn::PopulationOp>(node.getOperation()))
      neurons += static_cast<double>(node.getNodeCount());
  bool expected = false;
  for (const Edge &edge : edges) {
    synapses += edge.size.synapses;
    expected |= edge.size.expected;
    auto op = edge.op;
    if (op.isProcedural() && edge.size.synapses > 4294967296.0)
      add(Severity::Error, edge.name, "rule",
          text(edge.size.synapses) + " synapses, and one projection can be expanded to at most 4294967296", "split the projection");
  }
  if (chip.core.neurons != 0 && neurons > cores * chip.core.neurons)
    add(Severity::Error, network.getSymName(), "",
        text(neurons) + " neurons, and " + chip.name + " holds " + text(cores * chip.core.neurons) + " (" + text(cores) +
            " cores of " + std::to_string(chip.core.neurons) + ")");
  const double bits = synapses * (chip.weights.minBits + chip.storage.tagBits);
  const double memory = cores * static_cast<double>(chip.core.synapticMemoryBits);
  const bool shared = chip.weights.sharedKernels; // Kernels stored once make the sum no lower bound.
  if (chip.core.synapticMemoryBits != 0 && !shared && bits > memory)
    add(Severity::Error, network.getSymName(), "",
        text(synapses) + " synapses" + (expected ? " on average" : "") + " need at least " + text(bits) + " bits, and " +
            chip.name + " has " + text(memory));
}

Findings Checker::run() {
  collect();
  checkModels();
  checkOutputs();
  checkDelays();
  checkFeedback();
  checkBiases();
  checkNumbers();
  checkFanIn();
  checkTotals();
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
