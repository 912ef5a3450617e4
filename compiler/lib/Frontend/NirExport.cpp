//===- NirExport.cpp - The snn dialect as a NIR graph ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every projection becomes a chain of NIR nodes (none for a plain edge). Junctions vanish: NIR sums whatever arrives at a node, so
// everything that ends in a junction is joined to everything that starts there.
//===----------------------------------------------------------------------===//
#include "ranvier/Frontend/NirExport.h"
#include "NirTimestep.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Frontend/ModelLibrary.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace mlir;

namespace ranvier::frontend {

using formats::nir::Node;
using formats::nir::Parameter;
using formats::nir::Tensor;

namespace {

using Shape = std::vector<uint64_t>;
constexpr int64_t largestMatrix = int64_t(1) << 26;

uint64_t product(const Shape &shape) {
  uint64_t count = 1;
  for (uint64_t extent : shape)
    count *= extent;
  return count;
}
Shape unsignedShape(ArrayRef<int64_t> shape) { return {shape.begin(), shape.end()}; }

Tensor floats(Shape shape, std::vector<double> values) {
  const bool exact =
      std::all_of(values.begin(), values.end(), [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
  return Tensor{std::move(shape), std::move(values), exact, false};
}
Tensor integers(ArrayRef<int64_t> values) {
  return Tensor{{values.size()}, std::vector<double>(values.begin(), values.end()), false, true};
}
Tensor integer(int64_t value) { return Tensor{{}, {static_cast<double>(value)}, false, true}; }

/// A NIR node with the shapes its edges must have.
struct Made {
  Shape in, out;
};
/// What a projection became: its nodes in order; empty for a plain edge.
using Chain = std::vector<std::string>;

class NirExporter {
public:
  explicit NirExporter(ModuleOp module) : module(module) {}
  Result<NirExport> run();

private:
  Error unsupported(Operation *op, const std::string &what, const std::string &hint = "") const;
  Result<std::vector<double>> numbers(Operation *op, Attribute attribute) const;
  /// `wanted`, or `wanted_1`... if a symbol of the network or an earlier node has that name.
  std::string fresh(const std::string &wanted);
  std::string add(const std::string &name, const std::string &type, std::map<std::string, Parameter> params, Shape in, Shape out);
  Result<void> edge(const std::string &source, const std::string &target);
  Result<void> population(snn::PopulationOp op);
  Result<void> projection(snn::ProjectionOpInterface op);
  Result<void> checkEnds(snn::ProjectionOpInterface op);
  Result<std::string> dense(snn::DenseOp op);
  Result<std::string> sparse(snn::SparseOp op);
  static Shape blockShape(const Shape &target, const Shape &source, const std::vector<double> &starts,
                          const std::vector<double> &columns);
  Result<std::string> blockLinear(snn::SparseOp op, const Shape &shape, std::vector<double> weights);
  Result<std::string> linear(Operation *op, StringRef name, Shape shape, std::vector<double> values, ElementsAttr bias);
  template <typename ConvOp> Result<std::string> convolution(ConvOp op, unsigned axes);
  Result<std::string> pool(snn::PoolOp op);
  Result<std::string> connect(snn::ConnectOp op);
  Result<void> delay(snn::ProjectionOpInterface op, Chain &chain);
  Result<void> tails(StringRef node, std::vector<std::string> &found, unsigned depth);
  Result<void> join();
  void warnAboutTimestep(double dt);

  ModuleOp module;
  snn::NetworkOp network;
  NirExport result;
  std::set<std::string> names;
  std::map<std::string, Made> made;
  std::map<std::string, Shape> nodeShapes; ///< By snn symbol.
  std::set<std::string> junctions;
  std::vector<std::pair<snn::ProjectionOpInterface, Chain>> chains;
  std::map<std::string, std::vector<size_t>> intoJunction; ///< Junction -> chains that end in it.
  std::set<std::pair<std::string, std::string>> edges;
  std::map<std::pair<std::string, Shape>, std::string>
      flattened; ///< Node and shape -> the Flatten behind it that gives this shape.
  std::vector<GainPair> gains;
};

std::string nameOf(Operation *op) {
  auto name = op->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
  return (name ? "@" + name.str() + " " : std::string()) + "(" + op->getName().getStringRef().str() + ")";
}

Error NirExporter::unsupported(Operation *op, const std::string &what, const std::string &hint) const {
  return Error{
      .code = 5221, .message = "NIR has no form for " + what, .place = nameOf(op), .hint = hint, .kind = ErrorKind::Unsupported};
}

Result<std::vector<double>> NirExporter::numbers(Operation *op, Attribute attribute) const {
  if (snn::isDistribution(attribute))
    return unsupported(op, "values drawn from a distribution", "expand distributions first");
  auto values = snn::readElements(attribute);
  if (!values)
    return Error{.code = 5222,
                 .message = "values cannot be read",
                 .place = nameOf(op),
                 .expected = "numbers",
                 .found = "a resource without data"};
  return *std::move(values);
}

std::string NirExporter::fresh(const std::string &wanted) {
  std::string name = wanted;
  for (unsigned i = 1; !names.insert(name).second; ++i)
    name = wanted + "_" + std::to_string(i);
  return name;
}

std::string NirExporter::add(const std::string &name, const std::string &type, std::map<std::string, Parameter> params, Shape in,
                             Shape out) {
  made[name] = {std::move(in), std::move(out)};
  Node node;
  node.name = name;
  node.type = type;
  node.params = std::move(params);
  result.file.root.nodes.push_back(std::move(node));
  return name;
}

/// The axes [first, last] of `from` whose merging gives `to`, or nothing.
std::optional<std::pair<size_t, size_t>> mergedAxes(const Shape &from, const Shape &to) {
  if (to.empty() || from.size() <= to.size())
    return std::nullopt;
  const size_t merged = from.size() - to.size();
  for (size_t first = 0; first < to.size(); ++first) {
    uint64_t extent = 1;
    for (size_t k = first; k <= first + merged; ++k)
      extent *= from[k];
    if (extent == to[first] && std::equal(from.begin(), from.begin() + first, to.begin()) &&
        std::equal(from.begin() + first + merged + 1, from.end(), to.begin() + first + 1))
      return std::pair(first, first + merged);
  }
  return std::nullopt;
}

/// The shape that a node between two nodes has where nothing else says it: the target's if a Flatten can give it, else the
/// source's.
Shape plainShape(const Shape &source, const Shape &target) { return mergedAxes(source, target) ? target : source; }

/// NIR wants equal shapes on an edge and at most one edge between two nodes: a Flatten or a Scale by 1 goes between otherwise.
Result<void> NirExporter::edge(const std::string &source, const std::string &target) {
  std::string from = source;
  const Shape in = made[target].in;
  if (made[from].out != in) {
    const auto axes = mergedAxes(made[from].out, in);
    if (!axes)
      return Error{.code = 5221,
                   .message = "NIR has no node that turns one shape into the other",
                   .place = "edge from " + source + " to " + target,
                   .expected = "equal shapes, or a target with axes of the source merged",
                   .found = std::to_string(made[from].out.size()) + " axes into " + std::to_string(in.size()),
                   .kind = ErrorKind::Unsupported};
    std::string &flat = flattened[{from, in}];
    if (flat.empty()) {
      const Shape shape = made[from].out;
      const bool whole = in.size() == 1;
      flat = add(fresh(from + ".flatten"), "Flatten",
                 {{"start_dim", integer(static_cast<int64_t>(axes->first))},
                  {"end_dim", integer(whole ? -1 : static_cast<int64_t>(axes->second))},
                  {"input_type", integers(SmallVector<int64_t>(shape.begin(), shape.end()))}},
                 shape, in);
      edges.emplace(from, flat);
    }
    from = flat;
  }
  if (!edges.emplace(from, target).second) {
    const Shape shape = made[from].out;
    const std::string again =
        add(fresh(from + ".again"), "Scale", {{"scale", floats(shape, std::vector<double>(product(shape), 1.0))}}, shape, shape);
    edges.emplace(from, again);
    edges.emplace(again, target);
  }
  return {};
}

Result<void> NirExporter::population(snn::PopulationOp op) {
  auto modelOp = dyn_cast_or_null<snn::ModelOp>(snn::lookupModel(op));
  if (!modelOp)
    return unsupported(op, "a population in microcode", "export before quantisation");
  RANVIER_TRY(const Model model, describeModel(modelOp, ""));
  if (model.type.empty())
    return unsupported(op, "model @" + modelOp.getSymName().str() + ", which has no `nir` dictionary");
  if (!op.getInit().empty())
    return unsupported(op, "initial values");
  const Shape shape = unsignedShape(op.getShape());
  const uint64_t count = product(shape);
  std::map<std::string, std::vector<double>> values;
  std::map<std::string, Parameter> params;
  for (const ModelParameter &declared : model.parameters) {
    std::vector<double> value;
    if (Attribute given = op.getParams().get(declared.name)) {
      RANVIER_TRY(value, numbers(op, given));
    } else if (declared.defaultValue)
      value = {*declared.defaultValue};
    if (value.size() != 1 && value.size() != count)
      return Error{.code = 5222,
                   .message = "parameter " + declared.name + " has the wrong number of values",
                   .place = nameOf(op),
                   .expected = "1 or " + std::to_string(count),
                   .found = std::to_string(value.size())};
    values[declared.name] = value;
    if (value.size() == 1)
      value.assign(count, value[0]);
    params[declared.name] = floats(shape, std::move(value));
  }
  bool primary = true;
  for (const auto &[tau, gain] : model.dtFrom) {
    gains.push_back({op.getSymName().str(), tau, gain, values[tau], values[gain], primary});
    primary = false;
  }
  if (model.reset == "subtract")
    result.warnings.push_back("population " + op.getSymName().str() +
                              ": NIR does not say that the reset subtracts the threshold; import with --reset=subtract");
  add(op.getSymName().str(), model.type, std::move(params), shape, shape);
  return {};
}

Result<void> NirExporter::checkEnds(snn::ProjectionOpInterface op) {
  if (op.getExponentOrZero() != 0 || op->hasAttr("weight_bits"))
    return unsupported(op, "quantised weights", "export before quantisation");
  const StringAttr receptor = op.getReceptorAttr();
  if (!receptor)
    return {};
  auto target = dyn_cast_or_null<snn::PopulationOp>(SymbolTable::lookupSymbolIn(network, op.getTargetAttr()));
  auto model = target ? dyn_cast_or_null<snn::ModelOp>(snn::lookupModel(target)) : snn::ModelOp();
  if (model)
    for (auto receive : model.getBody().getOps<snn::ReceiveOp>())
      return receive.getName() == receptor.getValue() ? Result<void>()
                                                      : unsupported(op, "receptor \"" + receptor.str() + "\" beside the first");
  return {};
}

Result<std::string> NirExporter::linear(Operation *op, StringRef name, Shape shape, std::vector<double> values, ElementsAttr bias) {
  const Shape in{shape[1]}, out{shape[0]};
  std::map<std::string, Parameter> params;
  params["weight"] = floats(std::move(shape), std::move(values));
  if (bias) {
    RANVIER_TRY(std::vector<double> offset, numbers(op, bias));
    params["bias"] = floats(out, std::move(offset));
  }
  return add(name.str(), bias ? "Affine" : "Linear", std::move(params), in, out);
}

Result<std::string> NirExporter::dense(snn::DenseOp op) {
  RANVIER_TRY(std::vector<double> values, numbers(op, op.getWeights()));
  return linear(op, op.getSymName(), {product(nodeShapes[op.getTarget().str()]), product(nodeShapes[op.getSource().str()])},
                std::move(values), op.getBiasOrNull());
}

Result<std::string> NirExporter::sparse(snn::SparseOp op) {
  const uint64_t rows = product(nodeShapes[op.getTarget().str()]), columns = product(nodeShapes[op.getSource().str()]);
  if (rows * columns > static_cast<uint64_t>(largestMatrix))
    return unsupported(op, "a sparse matrix, and " + std::to_string(rows * columns) + " weights are too many for a dense one");
  RANVIER_TRY(const std::vector<double> starts, numbers(op, op.getRowPtr()));
  RANVIER_TRY(const std::vector<double> columnOf, numbers(op, op.getColumns()));
  RANVIER_TRY(const std::vector<double> weights, numbers(op, op.getWeights()));
  if (const Shape blocks = blockShape(nodeShapes[op.getTarget().str()], nodeShapes[op.getSource().str()], starts, columnOf);
      !blocks.empty())
    return blockLinear(op, blocks, weights);
  std::vector<double> matrix(rows * columns, 0.0);
  for (uint64_t row = 0; row < rows; ++row)
    for (auto k = static_cast<size_t>(starts[row]); k < static_cast<size_t>(starts[row + 1]); ++k)
      matrix[row * columns + static_cast<size_t>(columnOf[k])] += weights[weights.size() == 1 ? 0 : k];
  return linear(op, op.getSymName(), {rows, columns}, std::move(matrix), op.getBiasOrNull());
}

/// [leading..., out, in] if the synapses are what a matrix with leading dimensions gives: every neuron of a block reaches every
/// neuron of the same block and no other. Empty if not, or if there are no leading dimensions.
Shape NirExporter::blockShape(const Shape &target, const Shape &source, const std::vector<double> &starts,
                              const std::vector<double> &columns) {
  if (target.size() < 2 || target.size() != source.size() || !std::equal(target.begin(), target.end() - 1, source.begin()))
    return {};
  const uint64_t in = source.back(), out = target.back();
  if (columns.size() != product(target) * in)
    return {};
  for (uint64_t row = 0; row + 1 < starts.size(); ++row)
    for (uint64_t k = 0; k < in; ++k)
      if (starts[row] != static_cast<double>(row * in) || columns[row * in + k] != static_cast<double>(row / out * in + k))
        return {};
  Shape shape = target;
  shape.push_back(in);
  return shape;
}

Result<std::string> NirExporter::blockLinear(snn::SparseOp op, const Shape &shape, std::vector<double> weights) {
  const Shape out(shape.begin(), shape.end() - 1);
  Shape in = out;
  in.back() = shape.back();
  if (weights.size() == 1)
    weights.assign(product(shape), weights[0]);
  std::map<std::string, Parameter> params;
  params["weight"] = floats(shape, std::move(weights));
  if (ElementsAttr bias = op.getBiasOrNull()) {
    RANVIER_TRY(std::vector<double> offset, numbers(op, bias));
    params["bias"] = floats(out, std::move(offset));
  }
  return add(op.getSymName().str(), op.getBiasOrNull() ? "Affine" : "Linear", std::move(params), in, out);
}

template <typename ConvOp> Result<std::string> NirExporter::convolution(ConvOp op, unsigned axes) {
  const Shape kernel = unsignedShape(op.getWeights().getShapedType().getShape()), in = unsignedShape(op.getInputShape());
  RANVIER_TRY(std::vector<double> values, numbers(op, op.getWeights()));
  std::vector<double> offset(kernel[0], 0.0);
  if (ElementsAttr bias = op.getBiasOrNull()) {
    RANVIER_TRY(offset, numbers(op, bias));
  }
  Shape out{kernel[0]};
  for (unsigned i = 0; i < axes; ++i) {
    const int64_t span =
        op.getInputShape()[1 + i] + 2 * op.getPadding()[i] - op.getDilation()[i] * (static_cast<int64_t>(kernel[2 + i]) - 1) - 1;
    out.push_back(static_cast<uint64_t>(span / op.getStride()[i] + 1));
  }
  std::map<std::string, Parameter> params;
  params["input_shape"] = axes == 1 ? integer(op.getInputShape()[1]) : integers(op.getInputShape().drop_front());
  params["weight"] = floats(kernel, std::move(values));
  params["bias"] = floats({kernel[0]}, std::move(offset));
  params["groups"] = integer(static_cast<int64_t>(op.getGroups()));
  for (auto [name, attribute] :
       {std::pair("stride", op.getStride()), std::pair("padding", op.getPadding()), std::pair("dilation", op.getDilation())})
    params[name] = axes == 1 ? integer(attribute[0]) : integers(attribute);
  return add(op.getSymName().str(), axes == 1 ? "Conv1d" : "Conv2d", std::move(params), in, out);
}

Result<std::string> NirExporter::pool(snn::PoolOp op) {
  const Shape in = unsignedShape(op.getInputShape());
  Shape out{in[0]};
  for (unsigned i = 0; i < 2; ++i)
    out.push_back(
        static_cast<uint64_t>((op.getInputShape()[1 + i] + 2 * op.getPadding()[i] - op.getKernel()[i]) / op.getStride()[i] + 1));
  return add(
      op.getSymName().str(), op.getKind() == "average" ? "AvgPool2d" : "SumPool2d",
      {{"kernel_size", integers(op.getKernel())}, {"stride", integers(op.getStride())}, {"padding", integers(op.getPadding())}}, in,
      out);
}

/// One-to-one by 1 is a plain edge (empty name), by other numbers a Scale; all-to-all is a matrix.
Result<std::string> NirExporter::connect(snn::ConnectOp op) {
  const Shape source = nodeShapes[op.getSource().str()], out = nodeShapes[op.getTarget().str()];
  const Shape in = plainShape(source, out);
  const bool oneToOne = op.getRule() == "one_to_one";
  if (!oneToOne && op.getRule() != "all_to_all")
    return unsupported(op, "connector \"" + op.getRule().str() + "\"", "expand the connector into listed synapses first");
  RANVIER_TRY(std::vector<double> weights, numbers(op, op.getWeights()));
  if (oneToOne && !op.getAutapses() && op.getSource() == op.getTarget())
    return unsupported(op, "a projection without synapses", "remove it");
  if (oneToOne) {
    if (mlir::isa<FloatAttr, IntegerAttr>(op.getWeights()) && weights[0] == 1.0)
      return std::string();
    if (weights.size() == 1)
      weights.assign(product(in), weights[0]);
    return add(op.getSymName().str(), "Scale", {{"scale", floats(in, std::move(weights))}}, in, in);
  }
  const uint64_t rows = product(out), columns = product(source);
  if (weights.size() != 1 || rows * columns > static_cast<uint64_t>(largestMatrix))
    return unsupported(op, "an all-to-all connector of this size", "use a dense projection");
  std::vector<double> matrix(rows * columns, weights[0]);
  if (!op.getAutapses() && op.getSource() == op.getTarget())
    for (uint64_t i = 0; i < rows; ++i)
      matrix[i * columns + i] = 0;
  return linear(op, op.getSymName(), {rows, columns}, std::move(matrix), ElementsAttr());
}

/// A delay for all synapses is a Delay node behind the weights, one per source neuron a Delay node before them. A bias is not
/// delayed, so that with one the node stands before the weights, too.
Result<void> NirExporter::delay(snn::ProjectionOpInterface op, Chain &chain) {
  const Attribute attribute = op.getDelayAttr();
  if (!attribute)
    return {};
  RANVIER_TRY(std::vector<double> steps, numbers(op, attribute));
  if (steps.size() == 1 && steps[0] == 0)
    return {};
  const double dt = network.getDt().convertToDouble();
  const std::string name = cast<SymbolOpInterface>(op.getOperation()).getName().str();
  const Shape source = nodeShapes[op.getSourceAttr().getValue().str()];
  const bool perSource = steps.size() != 1;
  auto listed = dyn_cast<snn::SparseOp>(op.getOperation());
  if (perSource &&
      (steps.size() != product(source) || (listed && steps.size() == static_cast<size_t>(listed.getColumns().getNumElements()))))
    return unsupported(op, "delays that differ between the synapses of a neuron");
  const bool before = perSource || op.getBiasOrNull();
  const Shape shape = chain.empty() ? plainShape(source, nodeShapes[op.getTargetAttr().getValue().str()])
                      : before      ? source
                                    : made[chain.back()].out;
  std::vector<double> seconds(product(shape));
  for (size_t i = 0; i < seconds.size(); ++i)
    seconds[i] = steps[perSource ? i : 0] * dt;
  const std::string node =
      add(chain.empty() ? name : fresh(name + ".delay"), "Delay", {{"delay", floats(shape, std::move(seconds))}}, shape, shape);
  chain.insert(before ? chain.begin() : chain.end(), node);
  return {};
}

Result<void> NirExporter::projection(snn::ProjectionOpInterface op) {
  RANVIER_CHECK(checkEnds(op));
  Result<std::string> node = llvm::TypeSwitch<Operation *, Result<std::string>>(op.getOperation())
                                 .Case([&](snn::DenseOp dense) { return this->dense(dense); })
                                 .Case([&](snn::SparseOp sparse) { return this->sparse(sparse); })
                                 .Case([&](snn::Conv1dOp conv) { return convolution(conv, 1); })
                                 .Case([&](snn::Conv2dOp conv) { return convolution(conv, 2); })
                                 .Case([&](snn::PoolOp pool) { return this->pool(pool); })
                                 .Case([&](snn::ConnectOp connect) { return this->connect(connect); })
                                 .Default([&](Operation *other) { return unsupported(other, "this kind of projection"); });
  if (!node)
    return node.error();
  Chain chain;
  if (!node->empty())
    chain.push_back(*node);
  RANVIER_CHECK(delay(op, chain));
  for (size_t i = 1; i < chain.size(); ++i)
    RANVIER_CHECK(edge(chain[i - 1], chain[i]));
  const std::string target = op.getTargetAttr().getValue().str();
  if (junctions.count(target))
    intoJunction[target].push_back(chains.size());
  chains.emplace_back(op, std::move(chain));
  return {};
}

/// The NIR nodes whose sum `node` holds.
Result<void> NirExporter::tails(StringRef node, std::vector<std::string> &found, unsigned depth) {
  if (!junctions.count(node.str())) {
    found.push_back(node.str());
    return {};
  }
  if (depth > junctions.size())
    return unsupported(SymbolTable::lookupSymbolIn(network, StringAttr::get(module.getContext(), node)), "a loop of junctions");
  for (size_t index : intoJunction[node.str()]) {
    if (!chains[index].second.empty())
      found.push_back(chains[index].second.back());
    else
      RANVIER_CHECK(tails(chains[index].first.getSourceAttr().getValue(), found, depth + 1));
  }
  return {};
}

Result<void> NirExporter::join() {
  const auto joinTo = [&](StringRef source, const std::string &target) -> Result<void> {
    std::vector<std::string> from;
    RANVIER_CHECK(tails(source, from, 0));
    for (const std::string &tail : from)
      RANVIER_CHECK(edge(tail, target));
    return {};
  };
  for (const auto &[op, chain] : chains) {
    auto projection = op;
    const StringRef source = projection.getSourceAttr().getValue();
    const std::string target = projection.getTargetAttr().getValue().str();
    const bool ends = !junctions.count(target);
    if (!chain.empty()) {
      RANVIER_CHECK(joinTo(source, chain.front()));
      if (ends)
        RANVIER_CHECK(edge(chain.back(), target));
    } else if (ends) {
      RANVIER_CHECK(joinTo(source, target));
    }
  }
  for (auto output : network.getBody().getOps<snn::OutputOp>()) {
    const Shape shape = nodeShapes[output.getSource().str()];
    const std::string name = add(output.getSymName().str(), "Output",
                                 {{"shape", integers(SmallVector<int64_t>(shape.begin(), shape.end()))}}, shape, shape);
    RANVIER_CHECK(joinTo(output.getSource(), name));
  }
  return {};
}

void NirExporter::warnAboutTimestep(double dt) {
  const InferredTimestep inferred = inferTimestep(gains);
  const double implied = inferred.dt.value_or(1e-4);
  if (std::fabs(implied - dt) <= 1e-5 * dt)
    return;
  char text[64];
  std::snprintf(text, sizeof text, "%.9g", dt);
  result.warnings.push_back(
      std::string("NIR does not store the time step, and these parameters do not imply it; import with --dt ") + text);
}

Result<NirExport> NirExporter::run() {
  const auto networks = llvm::to_vector(module.getOps<snn::NetworkOp>());
  if (networks.size() != 1)
    return Error{.code = 5220,
                 .message = "a NIR file holds one network",
                 .expected = "one snn.network",
                 .found = std::to_string(networks.size())};
  network = networks.front();
  result.file.version = "1.0.7";
  result.file.root.type = "NIRGraph";
  for (Operation &op : network.getBody().front()) {
    if (auto symbol = dyn_cast<SymbolOpInterface>(op))
      names.insert(symbol.getName().str());
    if (auto node = dyn_cast<snn::NodeOpInterface>(op))
      nodeShapes[node.getNodeName().str()] = unsignedShape(node.getNodeShape());
    if (auto junction = dyn_cast<snn::JunctionOp>(op))
      junctions.insert(junction.getSymName().str());
    if (auto probe = dyn_cast<snn::ProbeOp>(op))
      result.warnings.push_back("probe " + probe.getSymName().str() + " has no NIR form and was left out");
  }
  for (auto input : network.getBody().getOps<snn::InputOp>()) {
    if (input.getSource())
      return unsupported(input, "a built-in source");
    const Shape shape = unsignedShape(input.getShape());
    add(input.getSymName().str(), "Input", {{"shape", integers(input.getShape())}}, shape, shape);
  }
  for (auto plasticity : network.getBody().getOps<snn::PlasticityOp>())
    return unsupported(plasticity, "synapses that learn");
  for (auto rewiring : network.getBody().getOps<snn::RewiringOp>())
    return unsupported(rewiring, "synapses that come and go");
  for (auto op : network.getBody().getOps<snn::PopulationOp>())
    RANVIER_CHECK(population(op));
  for (auto op : network.getBody().getOps<snn::ProjectionOpInterface>())
    RANVIER_CHECK(projection(op));
  RANVIER_CHECK(join());
  result.file.root.edges.assign(edges.begin(), edges.end());
  std::sort(result.file.root.nodes.begin(), result.file.root.nodes.end(),
            [](const Node &a, const Node &b) { return a.name < b.name; });
  warnAboutTimestep(network.getDt().convertToDouble());
  return std::move(result);
}

} // namespace

Result<NirExport> exportNir(ModuleOp module) { return NirExporter(module).run(); }

} // namespace ranvier::frontend
