//===- Time.cpp - Which edge acts in which step ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Network/Network.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
/// Shortest and longest delay; a distribution is drawn only when synapses are made, so its bounds count.
std::pair<int64_t, int64_t> delayRange(Attribute delay) {
  if (!delay)
    return {0, 0};
  if (auto uniform = dyn_cast<snn::UniformAttr>(delay)) // Never the upper bound itself.
    return {std::llround(uniform.getLow()), std::llround(std::nextafter(uniform.getHigh(), uniform.getLow()))};
  if (auto normal = dyn_cast<snn::NormalAttr>(delay))
    return {std::llround(normal.getLow()), std::llround(normal.getHigh())};
  const std::vector<double> values = *snn::readElements(delay);
  if (values.empty())
    return {0, 0};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {std::llround(*low), std::llround(*high)};
}

/// The delay attribute with every value passed through `change`.
template <typename Change> Attribute mapDelay(Attribute delay, MLIRContext *context, StringRef name, Change change) {
  Builder builder(context);
  if (!delay)
    return builder.getI64IntegerAttr(change(0));
  std::vector<double> values = *snn::readElements(delay);
  if (!llvm::isa<ElementsAttr>(delay))
    return builder.getI64IntegerAttr(change(std::llround(values[0])));
  std::vector<int32_t> words(values.size());
  for (size_t k = 0; k < values.size(); ++k)
    words[k] = static_cast<int32_t>(change(std::llround(values[k])));
  return snn::makeResource(context, (name + ".steps").str(), cast<ElementsAttr>(delay).getShapedType().getShape(),
                           std::span<const int32_t>(words));
}

/// By the index of their edge.
SmallVector<snn::ProjectionOpInterface> projectionsOf(snn::NetworkOp network) {
  return llvm::to_vector(network.getBody().getOps<snn::ProjectionOpInterface>());
}
} // namespace

TimeGraph compiler::timeGraph(snn::NetworkOp network) {
  TimeGraph graph;
  for (Operation &op : network.getBody().front()) {
    if (auto node = dyn_cast<snn::NodeOpInterface>(op)) {
      graph.nodes.push_back(node.getNodeName().str());
      if (llvm::isa<snn::InputOp>(op))
        graph.inputs.push_back(node.getNodeName().str());
    } else if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op)) {
      const auto [shortest, longest] = delayRange(projection.getDelayAttr());
      graph.edges.push_back({cast<SymbolOpInterface>(op).getName().str(), projection.getSourceAttr().getValue().str(),
                             projection.getTargetAttr().getValue().str(), shortest, longest});
    }
  }
  return graph;
}

Result<void> compiler::breakCycles(snn::NetworkOp network, TimeReport &report) {
  const TimeGraph graph = timeGraph(network);
  auto projections = projectionsOf(network);
  for (size_t index : closingEdges(graph)) {
    snn::ProjectionOpInterface &projection = projections[index];
    if (Attribute delay = projection.getDelayAttr(); delay && snn::isDistribution(delay)) {
      RANVIER_TRY(projection, listSynapses(projection));
    }
    const std::string &name = graph.edges[index].name;
    projection->setAttr("delay", mapDelay(projection.getDelayAttr(), network.getContext(), name,
                                          [](int64_t d) { return std::max<int64_t>(d, 1); }));
    report.closingEdges.push_back(name);
  }
  return {};
}

Result<void> compiler::legalizeDelays(snn::NetworkOp network, const hw::Chip &chip, TimeReport &report) {
  RANVIER_CHECK(expandDistributions(network, keepsRules(network, chip)));
  const TimeGraph graph = timeGraph(network);
  const int64_t least = chip.minDelay;
  const Retiming retiming = retime(graph, least);
  for (auto [index, projection] : llvm::enumerate(projectionsOf(network))) {
    const std::string &name = graph.edges[index].name;
    const int64_t shift = retiming.shift[index];
    const bool isDrawn = projection.getDelayAttr() && snn::isDistribution(projection.getDelayAttr());
    if (isDrawn && shift != 0) {
      RANVIER_TRY(projection, listSynapses(projection));
    }
    if (!isDrawn || shift != 0)
      projection->setAttr("delay", mapDelay(projection.getDelayAttr(), network.getContext(), name,
                                            [&](int64_t d) { return std::max<int64_t>(least, d + shift); }));
    if (auto rewiring = snn::rewiringOf(projection)) {
      const int64_t formed = std::max<int64_t>(least, static_cast<int64_t>(rewiring.getDelay()) + shift);
      if (formed > chip.maxDelay)
        return located(rewiring, {.code = 5712,
                                  .message = "a delay is longer than the target's",
                                  .expected = "at most " + std::to_string(chip.maxDelay) + " steps",
                                  .found = std::to_string(formed) + " steps",
                                  .kind = ErrorKind::DoesNotFit});
      rewiring.setDelay(static_cast<uint64_t>(formed));
    }
    if (retiming.longest[index] > chip.maxDelay)
      return located(projection, {.code = 5712,
                                  .message = "a delay is longer than the target's",
                                  .expected = "at most " + std::to_string(chip.maxDelay) + " steps",
                                  .found = std::to_string(retiming.longest[index]) + " steps",
                                  .kind = ErrorKind::DoesNotFit});
    if (retiming.late[index])
      report.lateFeedback.push_back(name + ": " + std::to_string(retiming.late[index]) +
                                    " steps later than the network's own reading");
    else if (shift > least)
      report.balanced.push_back(name + ": " + std::to_string(shift - least) + " steps");
  }
  Builder builder(network.getContext());
  for (auto population : network.getBody().getOps<snn::PopulationOp>()) {
    const int64_t lag = retiming.depth.at(population.getSymName().str());
    population.setDepthAttr(builder.getI64IntegerAttr(lag));
    report.depths.push_back({population.getSymName().str(), static_cast<uint32_t>(lag)});
  }
  return {};
}
