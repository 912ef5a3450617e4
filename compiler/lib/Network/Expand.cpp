//===- Expand.cpp - Projections to synapses -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Image/Connector.h"
#include "ranvier/Network/Network.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

Error compiler::located(Operation *op, Error error) {
  if (error.file.empty())
    if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>()) {
      error.file = place.getFilename().str();
      error.place = "line " + std::to_string(place.getLine());
    }
  if (auto symbol = dyn_cast<SymbolOpInterface>(op))
    error.place += (error.place.empty() ? "" : ": ") + ("@" + symbol.getName()).str();
  return error;
}

Result<snn::NetworkOp> compiler::theNetwork(ModuleOp module) {
  snn::NetworkOp found;
  for (auto network : module.getOps<snn::NetworkOp>()) {
    if (found)
      return located(network, {.code = 5710, .message = "the module holds several networks", .expected = "one snn.network"});
    found = network;
  }
  if (!found)
    return Error{.code = 5710, .message = "the module holds no network", .expected = "one snn.network", .found = "none"};
  return found;
}

namespace {
snn::NodeOpInterface nodeOf(Operation *projection, FlatSymbolRefAttr name) {
  return cast<snn::NodeOpInterface>(SymbolTable::lookupNearestSymbolFrom(projection, name));
}

/// A weight or delay attribute that stands for every synapse: elements, a number or a distribution.
std::vector<double> values(Attribute attribute, uint64_t count) {
  if (auto numbers = snn::readElements(attribute))
    return *numbers;
  return *snn::drawValues(attribute, count);
}

/// Values of a distribution by number.
std::vector<double> drawn(Attribute distribution, const std::vector<uint64_t> &numbers) {
  std::vector<double> out(numbers.size());
  snn::distributionOf(distribution).draw(numbers, out);
  return out;
}

class Expander {
public:
  /// `given`: weights in place of the op's own; empty: those.
  Expander(snn::ProjectionOpInterface projection, std::span<const double> given)
      : projection(projection), op(projection.getOperation()), source(nodeOf(op, projection.getSourceAttr())),
        target(nodeOf(op, projection.getTargetAttr())), given(given) {}

  Result<Synapses> run() {
    auto out = llvm::TypeSwitch<Operation *, Result<Synapses>>(op)
                   .Case<snn::DenseOp>([&](auto dense) { return expandDense(dense); })
                   .Case<snn::SparseOp>([&](auto sparse) { return expandSparse(sparse); })
                   .Case<snn::Conv2dOp>([&](auto conv) { return expandConv2d(conv); })
                   .Case<snn::Conv1dOp>([&](auto conv) { return expandConv1d(conv); })
                   .Case<snn::PoolOp>([&](auto pool) { return expandPool(pool); })
                   .Case<snn::ConnectOp>([&](auto connect) { return expandConnect(connect); })
                   .Default([&](Operation *other) -> Result<Synapses> {
                     return Error{.code = 5704,
                                  .message = "unsupported projection",
                                  .found = other->getName().getStringRef().str(),
                                  .kind = ErrorKind::Unsupported};
                   });
    if (!out)
      return located(op, out.error());
    if (auto delays = setDelays(*out); !delays)
      return located(op, delays.error());
    return out;
  }

private:
  std::vector<double> weightsOr(Attribute attribute, uint64_t count) const {
    return given.empty() ? values(attribute, count) : std::vector<double>(given.begin(), given.end());
  }

  Result<Synapses> expandDense(snn::DenseOp dense) {
    const uint64_t sources = source.getNodeCount(), targets = target.getNodeCount();
    const std::vector<double> w = weightsOr(dense.getWeights(), sources * targets);
    Synapses out;
    out.sources = sources;
    out.targetCount = targets;
    out.dense = true;
    out.rowPtr.resize(sources + 1);
    out.targets.resize(sources * targets);
    out.weights.resize(sources * targets);
    elementOf.resize(sources * targets);
    for (uint64_t s = 0; s < sources; ++s) {
      out.rowPtr[s + 1] = (s + 1) * targets;
      for (uint64_t t = 0; t < targets; ++t) {
        out.targets[s * targets + t] = static_cast<uint32_t>(t);
        out.weights[s * targets + t] = w.size() == 1 ? w[0] : w[t * sources + s];
        elementOf[s * targets + t] = t * sources + s;
      }
    }
    return out;
  }

  Result<Synapses> expandSparse(snn::SparseOp sparse) {
    const std::vector<double> rows = *snn::readElements(sparse.getRowPtr()), columns = *snn::readElements(sparse.getColumns());
    const std::vector<double> w = weightsOr(sparse.getWeights(), columns.size());
    std::vector<Connection> connections(columns.size());
    for (uint64_t t = 0; t + 1 < rows.size(); ++t)
      for (uint64_t k = static_cast<uint64_t>(rows[t]); k < static_cast<uint64_t>(rows[t + 1]); ++k)
        connections[k] = {static_cast<uint32_t>(columns[k]), static_cast<uint32_t>(t), w.size() == 1 ? w[0] : w[k],
                          static_cast<uint32_t>(k)};
    // The delay field carries the element number through the sort; setDelays replaces it.
    Synapses out = fromConnections(source.getNodeCount(), target.getNodeCount(), connections);
    if (out.delays.size() == out.size())
      elementOf.assign(out.delays.begin(), out.delays.end());
    else
      elementOf.assign(out.size(), out.size() ? out.delays[0] : 0);
    return out;
  }

  static WindowAxis axis(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return {input, kernel, stride, padding, dilation, WindowAxis::outputExtent(input, kernel, stride, padding, dilation)};
  }

  Result<Synapses> expandConv2d(snn::Conv2dOp conv) {
    const auto input = conv.getInputShape(), stride = conv.getStride(), padding = conv.getPadding(), dilation = conv.getDilation();
    const auto shape = cast<ShapedType>(conv.getWeights().getType()).getShape();
    return convolution(input[0], shape[0], conv.getGroups(), axis(input[1], shape[2], stride[0], padding[0], dilation[0]),
                       axis(input[2], shape[3], stride[1], padding[1], dilation[1]), weightsOr(conv.getWeights(), 0), 0);
  }

  Result<Synapses> expandConv1d(snn::Conv1dOp conv) {
    const auto input = conv.getInputShape();
    const auto shape = cast<ShapedType>(conv.getWeights().getType()).getShape();
    return convolution(input[0], shape[0], conv.getGroups(), WindowAxis{},
                       axis(input[1], shape[2], conv.getStride()[0], conv.getPadding()[0], conv.getDilation()[0]),
                       weightsOr(conv.getWeights(), 0), 0);
  }

  Result<Synapses> expandPool(snn::PoolOp pool) {
    const auto input = pool.getInputShape(), kernel = pool.getKernel(), stride = pool.getStride(), padding = pool.getPadding();
    const WindowAxis y = axis(input[1], kernel[0], stride[0], padding[0], 1),
                     x = axis(input[2], kernel[1], stride[1], padding[1], 1);
    const int64_t taps = kernel[0] * kernel[1];
    if (given.empty())
      return pooling(input[0], y, x, pool.getKind() == "average" ? 1.0 / static_cast<double>(taps) : 1.0, 0);
    std::vector<double> kernels; // one weight a channel: a depthwise convolution
    for (double weight : given)
      kernels.insert(kernels.end(), static_cast<size_t>(taps), weight);
    return convolution(input[0], input[0], input[0], y, x, kernels, 0);
  }

  Result<Synapses> expandConnect(snn::ConnectOp connection) {
    const ConnectRule rule = connectRule(connection);
    RANVIER_TRY(Synapses out, connect(rule, source.getNodeCount(), target.getNodeCount()));
    if (const std::optional<double> unit = weightUnit(connection); unit && given.empty()) {
      const auto bits = connection->getAttrOfType<IntegerAttr>("weight_bits");
      if (!std::isfinite(1 / *unit) || *unit == 0 || (bits && (bits.getInt() < 1 || bits.getInt() > 32)))
        return Error{.code = 5350,
                     .message = "the unit of drawn weights is wrong",
                     .expected = "a finite snn.weight_unit whose inverse is finite, and weight_bits of 1 to 32",
                     .found = std::to_string(*unit)};
      out.weights = snn::isDistribution(connection.getWeights()) ? drawn(connection.getWeights(), out.numbers)
                                                                 : values(connection.getWeights(), out.size());
      for (double &weight : out.weights)
        weight = bits ? image::weightWord(weight, *unit, static_cast<unsigned>(bits.getInt()))
                      : static_cast<double>(static_cast<float>(weight)) / *unit;
      return out;
    }
    out.weights = given.empty() && snn::isDistribution(connection.getWeights()) ? drawn(connection.getWeights(), out.numbers)
                                                                                : weightsOr(connection.getWeights(), out.size());
    return out;
  }

  /// Elements of delays are one for each source neuron, or one for each synapse where the kind lists its synapses: which of the two
  /// follows from the kind and the shape, never from how many synapses there happen to be.
  bool isPerSynapse(ElementsAttr delays) const {
    if (llvm::isa<snn::DenseOp>(op))
      return delays.getShapedType().getRank() == 2;
    auto sparse = dyn_cast<snn::SparseOp>(op);
    return sparse && delays.getNumElements() == sparse.getColumns().getNumElements();
  }

  Result<void> setDelays(Synapses &out) {
    Attribute attribute = projection.getDelayAttr();
    const auto steps = [](double value) { return static_cast<uint32_t>(std::max<int64_t>(0, std::llround(value))); };
    const bool isDrawn = attribute && snn::isDistribution(attribute);
    const std::vector<double> numbers = isDrawn && !out.numbers.empty() ? drawn(attribute, out.numbers)
                                        : attribute                     ? values(attribute, out.size())
                                                                        : std::vector<double>{0};
    auto elements = dyn_cast_or_null<ElementsAttr>(attribute);
    if (!isDrawn && !elements) {
      out.delays.assign(1, steps(numbers[0]));
      return {};
    }
    const bool perSynapse = isDrawn || isPerSynapse(elements);
    const uint64_t expected = perSynapse ? out.size() : out.sources;
    if (numbers.size() != expected)
      return Error{.code = 5703,
                   .message = "the number of delays fits neither synapses nor source neurons",
                   .expected = std::to_string(expected),
                   .found = std::to_string(numbers.size())};
    out.delays.resize(out.size());
    for (uint64_t s = 0; s < out.sources; ++s)
      for (uint64_t k = out.rowPtr[s]; k < out.rowPtr[s + 1]; ++k)
        out.delays[k] = steps(numbers[!perSynapse ? s : elementOf.empty() ? k : elementOf[k]]);
    return {};
  }

  snn::ProjectionOpInterface projection;
  Operation *op;
  snn::NodeOpInterface source, target;
  std::span<const double> given;
  std::vector<uint64_t> elementOf; ///< Synapse -> element of the op's arrays; empty: the same order.
};
} // namespace

ConnectRule compiler::connectRule(snn::ConnectOp connection) {
  ConnectRule rule;
  rule.rule = connection.getRule().str();
  auto number = [&](StringRef name) {
    Attribute attribute = connection.getRuleParams().get(name);
    auto numbers = attribute ? snn::readElements(attribute) : std::nullopt;
    return numbers ? (*numbers)[0] : 0.0;
  };
  rule.probability = rule.rule == "distance_dependent" ? number("p_max") : number("p");
  rule.scale = number("scale");
  rule.number = static_cast<uint64_t>(rule.rule == "fixed_in_degree" ? number("k") : number("n"));
  rule.seed = static_cast<uint64_t>(connection.getSeed());
  rule.autapses = connection.getAutapses();
  rule.samePopulation = connection.getSourceAttr() == connection.getTargetAttr();
  auto source = nodeOf(connection, connection.getSourceAttr()), target = nodeOf(connection, connection.getTargetAttr());
  rule.sourceShape.assign(source.getNodeShape().begin(), source.getNodeShape().end());
  rule.targetShape.assign(target.getNodeShape().begin(), target.getNodeShape().end());
  return rule;
}

bool compiler::isUniform(snn::ConnectOp connection) {
  const Attribute delay = connection.getDelayAttr();
  if (delay && (snn::isDistribution(delay) || llvm::isa<ElementsAttr>(delay)))
    return false;
  const auto weights = snn::readElements(connection.getWeights());
  return weights && weights->size() == 1;
}

Result<Synapses> compiler::expandProjection(snn::ProjectionOpInterface projection, std::span<const double> weights) {
  return Expander(projection, weights).run();
}
