//===- CheckTime.cpp - What a target does to a network's delays -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CheckTime.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Network/Network.h"
#include <algorithm>
#include <set>

using namespace mlir;

namespace ranvier::check {

bool dissolvesJunctions(const hw::Chip &chip) {
  return chip.minDelay > 0 || chip.profile == isa::Profile::Int || !chip.gradedSpikes;
}

namespace {

std::string steps(int64_t number) { return std::to_string(number) + (number == 1 ? " step" : " steps"); }

class TimeChecker {
public:
  TimeChecker(snn::NetworkOp network, const hw::Chip &chip) : network(network), chip(chip), graph(compiler::timeGraph(network)) {}

  Findings run() {
    closeCycles();
    std::vector<std::string> junctions;
    for (auto junction : network.getBody().getOps<snn::JunctionOp>())
      junctions.push_back(junction.getSymName().str());
    if (dissolvesJunctions(chip))
      graph = compiler::dissolve(std::move(graph), junctions);
    if (chip.minDelay == 0)
      for (const compiler::TimeEdge &edge : graph.edges)
        checkLongest(edge, edge.longest, 0);
    else
      retime();
    return std::move(findings);
  }

private:
  void add(Severity severity, const std::string &op, std::string message, std::string hint = "", unsigned code = 0) {
    findings.push_back({severity, op, "delay", std::move(message), std::move(hint), code});
  }

  void closeCycles() {
    const std::vector<size_t> closing = compiler::closingEdges(graph);
    for (size_t index : closing)
      add(Severity::Note, graph.edges[index].name,
          "closes a cycle of edges that act in the same step: its spikes act in the next step (clause T8 of docs/spec/time.md)");
    auto projections = llvm::to_vector(network.getBody().getOps<snn::ProjectionOpInterface>());
    for (size_t index = 0; index < projections.size(); ++index)
      drawDelays(graph.edges[index], projections[index]);
    for (size_t index : closing) {
      compiler::TimeEdge &edge = graph.edges[index];
      edge.shortest = std::max<int64_t>(edge.shortest, 1);
      edge.longest = std::max<int64_t>(edge.longest, 1);
    }
  }

  /// The delays that synapses have where the attribute does not tell; the bounds stay if there are too many synapses to look.
  void drawDelays(compiler::TimeEdge &edge, snn::ProjectionOpInterface op) {
    const Attribute delay = op.getDelayAttr();
    const bool listedPerSource = mlir::isa_and_nonnull<ElementsAttr>(delay) && mlir::isa<snn::ConnectOp>(op.getOperation());
    if (!delay || !(snn::isDistribution(delay) || listedPerSource))
      return;
    const auto synapses = compiler::expandProjection(op);
    if (!synapses) {
      edge.exact = false;
      return;
    }
    edge.shortest = edge.longest = 0;
    if (synapses->delays.empty())
      return;
    const auto [least, most] = std::minmax_element(synapses->delays.begin(), synapses->delays.end());
    edge.shortest = *least;
    edge.longest = *most;
  }

  void checkLongest(const compiler::TimeEdge &edge, int64_t longest, int64_t added) {
    if (longest <= chip.maxDelay)
      return;
    const std::string why = added > 0 ? " (" + steps(added) + " of them to arrive together with longer paths)" : "";
    add(edge.exact ? Severity::Error : Severity::Warning, edge.name,
        "a delay of " + std::string(edge.exact ? "" : "up to ") + steps(longest) + why + ", and " + chip.name + " holds at most " +
            std::to_string(chip.maxDelay),
        "use a larger time step, or relay through a population", 5712);
  }

  void retime() {
    const compiler::Retiming retiming = compiler::retime(graph, chip.minDelay);
    unsigned immediate = 0;
    for (size_t index = 0; index < graph.edges.size(); ++index) {
      const compiler::TimeEdge &edge = graph.edges[index];
      const int64_t added = retiming.shift[index] - static_cast<int64_t>(chip.minDelay);
      immediate += edge.shortest < chip.minDelay;
      checkLongest(edge, retiming.longest[index], added);
      if (retiming.late[index] > 0)
        add(Severity::Warning, edge.name,
            "feedback through " + loop(edge) + " takes one step per edge on " + chip.name + ": " + steps(retiming.late[index]) +
                " later than in the network's own reading",
            "results differ from `reference`; give the loop's projections delays of at least " + std::to_string(chip.minDelay));
      else if (added > 0)
        add(Severity::Note, edge.name, "gets a balancing delay of " + steps(added) + ", to arrive together with longer paths");
    }
    if (immediate == 0)
      return;
    int64_t deepest = 0;
    for (const auto &[node, depth] : retiming.depth)
      deepest = std::max(deepest, depth);
    add(Severity::Note, network.getSymName().str(),
        std::to_string(immediate) + (immediate == 1 ? " projection acts" : " projections act") + " in fewer steps than the " +
            std::to_string(chip.minDelay) + " that every edge takes on " + chip.name +
            ", so each population lags by its depth, at most " + steps(deepest),
        "outputs are read that many steps later (`eval` does)");
  }

  /// Populations on loops with the edge: what its target reaches and what reaches its source.
  std::string loop(const compiler::TimeEdge &edge) const {
    const auto reach = [&](const std::string &from, bool forward) {
      std::set<std::string> seen{from};
      std::vector<std::string> open{from};
      while (!open.empty()) {
        const std::string node = open.back();
        open.pop_back();
        for (const compiler::TimeEdge &other : graph.edges)
          if ((forward ? other.source : other.target) == node && seen.insert(forward ? other.target : other.source).second)
            open.push_back(forward ? other.target : other.source);
      }
      return seen;
    };
    const std::set<std::string> after = reach(edge.target, true), before = reach(edge.source, false);
    std::string names;
    for (const std::string &node : graph.nodes)
      if (after.count(node) && before.count(node))
        names += (names.empty() ? "" : ", ") + node;
    return names;
  }

  snn::NetworkOp network;
  const hw::Chip &chip;
  compiler::TimeGraph graph;
  Findings findings;
};

} // namespace

Findings checkTime(snn::NetworkOp network, const hw::Chip &chip) { return TimeChecker(network, chip).run(); }

} // namespace ranvier::check
