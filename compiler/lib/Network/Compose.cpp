//===- Compose.cpp - Linear nodes into projections ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chips hold neurons and synapses only. A junction (pooling, a chain of linear layers, a sum) therefore becomes the products of the
// projections on its two sides; structure (dense, convolution) is kept where one side is the identity.
//===----------------------------------------------------------------------===//
#include "SparseBuilder.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Network/Network.h"

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
using Projections = SmallVector<snn::ProjectionOpInterface>;

/// Delay-free one-to-one of weight 1 without a bias: passes everything on unchanged.
bool isIdentity(snn::ProjectionOpInterface projection) {
  auto connect = dyn_cast<snn::ConnectOp>(projection.getOperation());
  if (!connect || connect.getRule() != "one_to_one" || projection.getDelayAttr())
    return false;
  if (!connect.getAutapses() && connect.getSource() == connect.getTarget())
    return false;
  auto weights = snn::readElements(connect.getWeights());
  return weights && llvm::all_of(*weights, [](double w) { return w == 1; });
}

/// Whether a projection means the same when a node of shape `now` takes the place of one of shape `before` at one of its ends.
/// Kernels and distances see shapes; all other kinds see numbers of neurons only.
bool acceptsShape(snn::ProjectionOpInterface projection, ArrayRef<int64_t> before, ArrayRef<int64_t> now) {
  auto connect = dyn_cast<snn::ConnectOp>(projection.getOperation());
  const bool seesShape = isa<snn::Conv1dOp, snn::Conv2dOp, snn::PoolOp>(projection.getOperation()) ||
                         (connect && connect.getRule() == "distance_dependent");
  return !seesShape || before == now;
}

/// A copy between other nodes. "No autapses" was no restriction between two nodes, and is none if they now are one.
Operation *copyBetween(OpBuilder &builder, snn::ProjectionOpInterface projection, FlatSymbolRefAttr source,
                       FlatSymbolRefAttr target) {
  Operation *copy = builder.clone(*projection.getOperation());
  if (auto connect = dyn_cast<snn::ConnectOp>(copy); connect && connect.getSourceAttr() != connect.getTargetAttr())
    connect.setAutapses(true);
  copy->setAttr("source", source);
  copy->setAttr("target", target);
  return copy;
}

/// Bias of a projection per target neuron (a convolution gives one per channel).
std::vector<double> biasPerNeuron(snn::ProjectionOpInterface projection, uint64_t count) {
  std::vector<double> out(count, 0.0);
  ElementsAttr bias = projection.getBiasOrNull();
  if (!bias)
    return out;
  const std::vector<double> given = *snn::readElements(bias);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = given[given.size() == 1 ? 0 : i / (count / given.size())];
  return out;
}

class Composer {
public:
  explicit Composer(snn::NetworkOp network) : network(network) {}

  Result<std::vector<std::string>> run() {
    for (auto output : network.getBody().getOps<snn::OutputOp>())
      if (auto junction = dyn_cast_or_null<snn::JunctionOp>(network.lookupSymbol(output.getSource())))
        return located(junction, {.code = 5713,
                                  .message = "the output is a linear node, and the target holds neurons only",
                                  .hint = "end the network in a neuron population",
                                  .kind = ErrorKind::CannotRun});
    for (auto junction : llvm::make_early_inc_range(network.getBody().getOps<snn::JunctionOp>()))
      RANVIER_CHECK(dissolve(junction));
    return std::move(lostProbes);
  }

private:
  Result<void> dissolve(snn::JunctionOp junction) {
    Projections in, out;
    for (Operation &op : network.getBody().front())
      if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op)) {
        const bool into = projection.getTargetAttr().getAttr() == junction.getSymNameAttr();
        const bool from = projection.getSourceAttr().getAttr() == junction.getSymNameAttr();
        if (into && from)
          return located(junction, {.code = 5713, .message = "a linear node feeds itself", .kind = ErrorKind::Unsupported});
        if (into)
          in.push_back(projection);
        if (from)
          out.push_back(projection);
      }
    for (auto second : out) {
      for (auto first : in)
        RANVIER_CHECK(join(junction, first, second, first == in.front()));
      if (in.empty() && second.getBiasOrNull())
        keepBias(second);
    }
    for (auto projection : in)
      projection->erase();
    for (auto projection : out)
      projection->erase();
    for (Operation &op : llvm::make_early_inc_range(network.getBody().front()))
      if (auto probe = dyn_cast<snn::ProbeOp>(op); probe && probe.getNodeAttr().getAttr() == junction.getSymNameAttr()) {
        lostProbes.push_back(probe.getSymName().str());
        probe.erase();
      }
    junction.erase();
    // What took a projection's place takes its name, now that it is free.
    for (const auto &[copy, name] : renamed)
      if (!network.lookupSymbol(name))
        SymbolTable::setSymbolName(copy, name);
    renamed.clear();
    return {};
  }

  /// The bias of a projection from a junction that nothing feeds still reaches its target: as a projection without synapses.
  void keepBias(snn::ProjectionOpInterface projection) {
    OpBuilder builder(projection.getOperation());
    auto target = snn::lookupNode(projection, projection.getTargetAttr());
    Synapses none;
    none.sources = none.targetCount = static_cast<uint64_t>(target.getNodeCount());
    none.rowPtr.assign(none.sources + 1, 0);
    none.weights.assign(1, 0);
    none.delays.assign(1, 0);
    const std::string name = cast<SymbolOpInterface>(projection.getOperation()).getName().str();
    buildSparse(builder, projection.getLoc(), uniqueName(network, name), projection.getTargetAttr(), projection.getTargetAttr(),
                projection.getReceptorAttr(), none, biasPerNeuron(projection, none.targetCount));
  }

  /// One projection source(first) -> target(second). `carriesBias`: the bias of `second` goes with it (once per junction).
  Result<void> join(snn::JunctionOp junction, snn::ProjectionOpInterface first, snn::ProjectionOpInterface second,
                    bool carriesBias) {
    OpBuilder builder(second.getOperation());
    const std::string firstName = cast<SymbolOpInterface>(first.getOperation()).getName().str();
    const std::string secondName = cast<SymbolOpInterface>(second.getOperation()).getName().str();
    const auto shapeOf = [&](FlatSymbolRefAttr node) { return snn::lookupNode(first, node).getNodeShape(); };
    if (isIdentity(first) && acceptsShape(second, junction.getShape(), shapeOf(first.getSourceAttr()))) {
      Operation *copy = copyBetween(builder, second, first.getSourceAttr(), second.getTargetAttr());
      if (!carriesBias)
        copy->removeAttr("bias");
      SymbolTable::setSymbolName(copy, uniqueName(network, secondName));
      renamed.push_back({copy, secondName});
      return {};
    }
    if (isIdentity(second) && acceptsShape(first, junction.getShape(), shapeOf(second.getTargetAttr()))) {
      Operation *copy = copyBetween(builder, first, first.getSourceAttr(), second.getTargetAttr());
      if (second.getReceptorAttr())
        copy->setAttr("receptor", second.getReceptorAttr());
      SymbolTable::setSymbolName(copy, uniqueName(network, firstName));
      renamed.push_back({copy, firstName});
      return {};
    }
    RANVIER_TRY(Synapses a, expandProjection(first));
    RANVIER_TRY(Synapses b, expandProjection(second));
    const Synapses product = compose(a, b);
    std::vector<double> bias = carriesBias ? biasPerNeuron(second, b.targetCount) : std::vector<double>(b.targetCount, 0.0);
    const std::vector<double> middle = biasPerNeuron(first, junction.getNodeCount());
    for (uint64_t m = 0; m < b.sources; ++m)
      for (uint64_t k = b.rowPtr[m]; k < b.rowPtr[m + 1]; ++k)
        bias[b.targets[k]] += middle[m] * b.weight(k);
    buildSparse(builder, second->getLoc(), uniqueName(network, firstName + "." + secondName), first.getSourceAttr(),
                second.getTargetAttr(), second.getReceptorAttr(), product,
                llvm::any_of(bias, [](double v) { return v != 0; }) ? bias : std::vector<double>{});
    return {};
  }

  snn::NetworkOp network;
  std::vector<std::string> lostProbes;
  std::vector<std::pair<Operation *, std::string>> renamed;
};
} // namespace

std::string compiler::uniqueName(snn::NetworkOp network, const std::string &wanted) {
  std::string name = wanted;
  for (unsigned k = 2; network.lookupSymbol(name); ++k)
    name = wanted + "." + std::to_string(k);
  return name;
}

snn::SparseOp compiler::buildSparse(OpBuilder &builder, Location loc, StringRef name, FlatSymbolRefAttr source,
                                    FlatSymbolRefAttr target, StringAttr receptor, const Synapses &synapses,
                                    const std::vector<double> &bias) {
  // The op lists rows by target; a second stable sort turns the rows by source around.
  std::vector<int64_t> rows(synapses.targetCount + 1, 0);
  for (uint32_t t : synapses.targets)
    ++rows[t + 1];
  for (uint64_t t = 0; t < synapses.targetCount; ++t)
    rows[t + 1] += rows[t];
  std::vector<int64_t> at(rows.begin(), rows.end());
  std::vector<int32_t> columns(synapses.size());
  std::vector<float> weights(synapses.size());
  const bool sameDelay = synapses.delays.empty() || llvm::all_equal(synapses.delays);
  std::vector<int32_t> delays(sameDelay ? 0 : synapses.size());
  for (uint64_t s = 0; s < synapses.sources; ++s)
    for (uint64_t k = synapses.rowPtr[s]; k < synapses.rowPtr[s + 1]; ++k) {
      const int64_t place = at[synapses.targets[k]]++;
      columns[place] = static_cast<int32_t>(s);
      weights[place] = static_cast<float>(synapses.weight(k));
      if (!delays.empty())
        delays[place] = static_cast<int32_t>(synapses.delay(k));
    }
  MLIRContext *context = builder.getContext();
  const int64_t count = static_cast<int64_t>(synapses.size());
  Attribute delay;
  if (!delays.empty())
    delay = snn::makeResource(context, (name + ".delays").str(), {count}, std::span<const int32_t>(delays));
  else if (!synapses.delays.empty() && synapses.delays[0] != 0)
    delay = builder.getI64IntegerAttr(synapses.delays[0]);
  std::vector<float> biasWords(bias.begin(), bias.end());
  ElementsAttr biasAttr;
  if (!bias.empty())
    biasAttr =
        snn::makeResource(context, (name + ".bias").str(), {static_cast<int64_t>(bias.size())}, std::span<const float>(biasWords));
  return snn::SparseOp::create(
      builder, loc, builder.getStringAttr(name), source, target, receptor, delay, IntegerAttr(), IntegerAttr(),
      snn::makeResource(context, (name + ".row_ptr").str(), {static_cast<int64_t>(rows.size())}, std::span<const int64_t>(rows)),
      snn::makeResource(context, (name + ".columns").str(), {count}, std::span<const int32_t>(columns)),
      snn::makeResource(context, (name + ".weights").str(), {count}, std::span<const float>(weights)), biasAttr);
}

Result<std::vector<std::string>> compiler::composeJunctions(snn::NetworkOp network) { return Composer(network).run(); }

Result<snn::ProjectionOpInterface> compiler::listSynapses(snn::ProjectionOpInterface projection) {
  RANVIER_TRY(Synapses synapses, expandProjection(projection));
  Operation *op = projection;
  OpBuilder builder(op);
  const std::string name = cast<SymbolOpInterface>(op).getName().str();
  std::vector<double> bias;
  if (projection.getBiasOrNull())
    bias = biasPerNeuron(projection, synapses.targetCount);
  auto sparse = buildSparse(builder, op->getLoc(), name, projection.getSourceAttr(), projection.getTargetAttr(),
                            projection.getReceptorAttr(), synapses, bias);
  op->erase();
  return snn::ProjectionOpInterface(sparse);
}

/// Whether an image of profile int can hold the connector as a rule: no list, and weights of one sign.
static bool canStayRule(snn::ConnectOp connect) {
  const auto isNumber = [](Attribute attribute) {
    const auto numbers = snn::readElements(attribute);
    return numbers && numbers->size() == 1 && !isa<ElementsAttr>(attribute);
  };
  const Attribute delay = snn::ProjectionOpInterface(connect).getDelayAttr();
  if (delay && !snn::isDistribution(delay) && !isNumber(delay))
    return false;
  if (delay && snn::isDistribution(delay) && snn::distributionOf(delay).least() < 0.5)
    return false;
  if (isNumber(connect.getWeights()))
    return true;
  if (!snn::isDistribution(connect.getWeights()))
    return false;
  const Distribution weight = snn::distributionOf(connect.getWeights());
  return weight.fault().empty() && (weight.least() >= 0 || weight.greatest() <= 0);
}

bool compiler::keepsRules(snn::NetworkOp network, const hw::Chip &chip) {
  auto &body = network.getBody();
  return chip.profile == isa::Profile::Int && chip.ringBuffers.bits && chip.storage.procedural && !chip.gradedSpikes &&
         !chip.nativeCuba && body.getOps<snn::PlasticityOp>().empty() && body.getOps<snn::RewiringOp>().empty();
}

std::optional<double> compiler::weightUnit(Operation *op) {
  auto unit = op->getAttrOfType<FloatAttr>("snn.weight_unit");
  return unit ? std::optional(unit.getValueAsDouble()) : std::nullopt;
}

void compiler::setWeightUnit(Operation *op, double unit) {
  op->setAttr("snn.weight_unit", FloatAttr::get(Float64Type::get(op->getContext()), unit));
}

Result<void> compiler::expandDistributions(snn::NetworkOp network, bool keepsRules) {
  for (Operation &op : llvm::make_early_inc_range(network.getBody().front())) {
    auto projection = dyn_cast<snn::ProjectionOpInterface>(op);
    if (!projection)
      continue;
    auto isDrawn = [](Attribute attribute) { return attribute && snn::isDistribution(attribute); };
    auto connect = dyn_cast<snn::ConnectOp>(op);
    const bool perSource = connect && projection.getDelayAttr() && llvm::isa<ElementsAttr>(projection.getDelayAttr());
    if (!(connect && isDrawn(connect.getWeights())) && !isDrawn(projection.getDelayAttr()) && !perSource)
      continue;
    if (keepsRules && connect && canStayRule(connect))
      setWeightUnit(connect, 1);
    else
      RANVIER_CHECK(listSynapses(projection));
  }
  return {};
}
