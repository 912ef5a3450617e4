//===- Time.cpp - Which edge acts in which step ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Network/Network.h"
#include <algorithm>
#include <map>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
struct Edge {
  snn::ProjectionOpInterface projection;
  std::string name, source, target;
  int64_t shortest = 0, longest = 0; ///< Delays [steps].
};

/// Shortest and longest delay; distributions are drawn only when synapses are made, so their bounds count.
std::pair<int64_t, int64_t> delayRange(Attribute delay) {
  if (!delay)
    return {0, 0};
  if (auto uniform = dyn_cast<snn::UniformAttr>(delay))
    return {std::llround(std::max(0.0, uniform.getLow())), std::llround(uniform.getHigh())};
  if (auto normal = dyn_cast<snn::NormalAttr>(delay))
    return {std::llround(std::max(0.0, normal.getLow())), std::llround(normal.getHigh())};
  const std::vector<double> values = *snn::readElements(delay);
  if (values.empty())
    return {0, 0};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {std::llround(*low), std::llround(*high)};
}

struct GraphView {
  std::vector<std::string> inputs, nodes;      ///< Sorted by name.
  std::map<std::string, std::vector<Edge>> out; ///< Sorted by (target, projection).
  std::vector<Edge> edges;                      ///< As declared.
};

GraphView view(snn::NetworkOp network) {
  GraphView graph;
  for (Operation &op : network.getBody().front()) {
    if (auto node = dyn_cast<snn::NodeOpInterface>(op)) {
      graph.nodes.push_back(node.getNodeName().str());
      if (llvm::isa<snn::InputOp>(op))
        graph.inputs.push_back(node.getNodeName().str());
    } else if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op)) {
      Edge edge{projection, cast<SymbolOpInterface>(op).getName().str(), projection.getSourceAttr().getValue().str(),
                projection.getTargetAttr().getValue().str()};
      std::tie(edge.shortest, edge.longest) = delayRange(projection.getDelayAttr());
      graph.edges.push_back(edge);
      graph.out[edge.source].push_back(edge);
    }
  }
  std::sort(graph.inputs.begin(), graph.inputs.end());
  std::sort(graph.nodes.begin(), graph.nodes.end());
  for (auto &[source, edges] : graph.out)
    std::sort(edges.begin(), edges.end(), [](const Edge &a, const Edge &b) { return std::tie(a.target, a.name) < std::tie(b.target, b.name); });
  return graph;
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

/// Edges of delay 0 that a depth-first search finds to lead back to a node on its path. Iterative: networks may be deep.
class CycleFinder {
public:
  explicit CycleFinder(GraphView &graph) : graph(graph) {}
  std::vector<Edge> run() {
    for (const auto &start : graph.inputs)
      visit(start);
    for (const auto &start : graph.nodes)
      visit(start);
    return std::move(closing);
  }

private:
  void visit(const std::string &start) {
    if (colour[start] != White)
      return;
    std::vector<std::pair<std::string, size_t>> path{{start, 0}};
    colour[start] = Grey;
    while (!path.empty()) {
      auto &[node, next] = path.back();
      auto &edges = graph.out[node];
      if (next == edges.size()) {
        colour[node] = Black;
        path.pop_back();
        continue;
      }
      const Edge &edge = edges[next++];
      if (edge.shortest > 0)
        continue;
      if (colour[edge.target] == Grey)
        closing.push_back(edge);
      else if (colour[edge.target] == White) {
        colour[edge.target] = Grey;
        path.push_back({edge.target, 0});
      }
    }
  }

  enum Colour { White, Grey, Black };
  GraphView &graph;
  std::map<std::string, Colour> colour;
  std::vector<Edge> closing;
};
} // namespace

Result<void> compiler::breakCycles(snn::NetworkOp network, TimeReport &report) {
  GraphView graph = view(network);
  for (Edge &edge : CycleFinder(graph).run()) {
    if (auto delay = edge.projection.getDelayAttr(); delay && llvm::isa<snn::UniformAttr, snn::NormalAttr>(delay))
      return located(edge.projection, {.code = 5711, .message = "a drawn delay closes a cycle and may be 0", .expected = "a lower bound of at least 1",
                                       .kind = ErrorKind::BadInput});
    edge.projection->setAttr("delay", mapDelay(edge.projection.getDelayAttr(), network.getContext(), edge.name,
                                               [](int64_t d) { return std::max<int64_t>(d, 1); }));
    report.closingEdges.push_back(edge.name);
  }
  return {};
}

namespace {
/// Depth of every node: longest path over edges that do not close a cycle. An edge closes one here if it does when all edges count,
/// whatever their delay: retiming a cycle cannot change the sum of its delays.
std::map<std::string, int64_t> depths(GraphView &graph, int64_t minDelay, const std::vector<Edge> &closing) {
  std::map<std::string, int64_t> depth;
  std::map<std::string, unsigned> waiting;
  auto closes = [&](const Edge &edge) { return llvm::any_of(closing, [&](const Edge &c) { return c.name == edge.name; }); };
  for (const auto &node : graph.nodes)
    depth[node] = 0, waiting[node] = 0;
  for (const Edge &edge : graph.edges)
    if (!closes(edge))
      ++waiting[edge.target];
  std::vector<std::string> ready;
  for (const auto &node : graph.nodes)
    if (waiting[node] == 0)
      ready.push_back(node);
  while (!ready.empty()) {
    const std::string node = ready.back();
    ready.pop_back();
    for (const Edge &edge : graph.out[node]) {
      if (closes(edge))
        continue;
      depth[edge.target] = std::max(depth[edge.target], depth[node] + minDelay - edge.shortest);
      if (--waiting[edge.target] == 0)
        ready.push_back(edge.target);
    }
  }
  return depth;
}
} // namespace

Result<void> compiler::legalizeDelays(snn::NetworkOp network, const hw::Chip &chip, TimeReport &report) {
  RANVIER_CHECK(expandDistributions(network));
  GraphView graph = view(network);
  // All edges count as delay 0 for finding cycles.
  GraphView untimed = graph;
  for (auto &[source, edges] : untimed.out)
    for (Edge &edge : edges)
      edge.shortest = 0;
  const std::vector<Edge> closing = CycleFinder(untimed).run();
  auto depth = depths(graph, chip.minDelay, closing);
  for (Edge &edge : graph.edges) {
    const int64_t shift = depth[edge.target] - depth[edge.source], least = chip.minDelay;
    const bool late = edge.shortest + shift < least;
    Attribute changed = mapDelay(edge.projection.getDelayAttr(), network.getContext(), edge.name,
                                 [&](int64_t d) { return std::max<int64_t>(least, d + shift); });
    edge.projection->setAttr("delay", changed);
    const int64_t longest = std::max<int64_t>(least, edge.longest + shift);
    if (longest > chip.maxDelay)
      return located(edge.projection, {.code = 5712, .message = "a delay is longer than the target's", .expected = "at most " + std::to_string(chip.maxDelay) + " steps",
                                       .found = std::to_string(longest) + " steps", .kind = ErrorKind::DoesNotFit});
    if (late)
      report.lateFeedback.push_back(edge.name + ": " + std::to_string(least - edge.shortest - shift) + " steps later than the network's own reading");
    else if (shift > least)
      report.balanced.push_back(edge.name + ": " + std::to_string(shift - least) + " steps");
  }
  Builder builder(network.getContext());
  for (auto population : network.getBody().getOps<snn::PopulationOp>()) {
    const int64_t lag = depth[population.getSymName().str()];
    population.setDepthAttr(builder.getI64IntegerAttr(lag));
    report.depths.push_back({population.getSymName().str(), static_cast<uint32_t>(lag)});
  }
  return {};
}
