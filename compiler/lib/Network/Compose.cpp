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
  auto weights = snn::readElements(connect.getWeights());
  return weights && llvm::all_of(*weights, [](double w) { return w == 1; });
}

std::string uniqueName(snn::NetworkOp network, const std::string &wanted) {
  std::string name = wanted;
  for (unsigned k = 2; network.lookupSymbol(name); ++k)
    name = wanted + "." + std::to_string(k);
  return name;
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

  Result<void> run() {
    for (auto output : network.getBody().getOps<snn::OutputOp>())
      if (auto junction = dyn_cast_or_null<snn::JunctionOp>(network.lookupSymbol(output.getSource())))
        return located(junction, {.code = 5713, .message = "the output is a linear node, and the target holds neurons only",
                                  .hint = "end the network in a neuron population", .kind = ErrorKind::Unsupported});
    for (auto junction : llvm::make_early_inc_range(network.getBody().getOps<snn::JunctionOp>()))
      RANVIER_CHECK(dissolve(junction));
    return {};
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
    for (auto second : out)
      for (auto first : in)
        RANVIER_CHECK(join(junction, first, second, first == in.front()));
    for (auto projection : in)
      projection->erase();
    for (auto projection : out)
      projection->erase();
    for (Operation &op : llvm::make_early_inc_range(network.getBody().front()))
      if (auto probe = dyn_cast<snn::ProbeOp>(op); probe && probe.getNodeAttr().getAttr() == junction.getSymNameAttr())
        probe.erase();
    junction.erase();
    return {};
  }

  /// One projection source(first) -> target(second). `carriesBias`: the bias of `second` goes with it (once per junction).
  Result<void> join(snn::JunctionOp junction, snn::ProjectionOpInterface first, snn::ProjectionOpInterface second, bool carriesBias) {
    OpBuilder builder(second.getOperation());
    const std::string firstName = cast<SymbolOpInterface>(first.getOperation()).getName().str();
    const std::string secondName = cast<SymbolOpInterface>(second.getOperation()).getName().str();
    const bool dropsBias = second.getBiasOrNull() && !carriesBias;
    if (isIdentity(first) && !first.getBiasOrNull() && !dropsBias) {
      Operation *copy = builder.clone(*second.getOperation());
      copy->setAttr("source", first.getSourceAttr());
      SymbolTable::setSymbolName(copy, uniqueName(network, secondName));
      return {};
    }
    if (isIdentity(second)) {
      Operation *copy = builder.clone(*first.getOperation());
      copy->setAttr("target", second.getTargetAttr());
      if (second.getReceptorAttr())
        copy->setAttr("receptor", second.getReceptorAttr());
      SymbolTable::setSymbolName(copy, uniqueName(network, firstName));
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
    buildSparse(builder, second->getLoc(), uniqueName(network, firstName + "." + secondName), first.getSourceAttr(), second.getTargetAttr(),
                second.getReceptorAttr(), product, llvm::any_of(bias, [](double v) { return v != 0; }) ? bias : std::vector<double>{});
    return {};
  }

  snn::NetworkOp network;
};
} // namespace

namespace {
/// Synapses of the same rows in which no pair occurs twice: those of one delay are added up, a pair's k-th delay is in part k.
std::vector<Synapses> withoutRepeats(const Synapses &synapses) {
  std::vector<Synapses> parts;
  const auto part = [&](size_t k, uint64_t source) -> Synapses & {
    while (parts.size() <= k) {
      Synapses empty;
      empty.sources = synapses.sources;
      empty.targetCount = synapses.targetCount;
      empty.rowPtr.assign(synapses.sources + 1, 0);
      parts.push_back(std::move(empty));
    }
    ++parts[k].rowPtr[source + 1];
    return parts[k];
  };
  std::vector<std::pair<uint32_t, double>> pair; // delay, weight
  for (uint64_t s = 0; s < synapses.sources; ++s)
    for (uint64_t k = synapses.rowPtr[s]; k < synapses.rowPtr[s + 1];) {
      const uint32_t target = synapses.targets[k];
      pair.clear();
      for (; k < synapses.rowPtr[s + 1] && synapses.targets[k] == target; ++k) {
        const uint32_t delay = synapses.delay(k);
        const auto known = llvm::find_if(pair, [&](const auto &p) { return p.first == delay; });
        if (known != pair.end())
          known->second += synapses.weight(k);
        else
          pair.push_back({delay, synapses.weight(k)});
      }
      for (size_t i = 0; i < pair.size(); ++i) {
        Synapses &to = part(i, s);
        to.targets.push_back(target);
        to.delays.push_back(pair[i].first);
        to.weights.push_back(pair[i].second);
      }
    }
  if (parts.empty())
    parts.push_back(synapses);
  for (Synapses &to : parts)
    for (uint64_t s = 0; s < to.sources && !synapses.targets.empty(); ++s)
      to.rowPtr[s + 1] += to.rowPtr[s];
  return parts;
}

std::string freeName(OpBuilder &builder, const std::string &wanted) {
  Operation *scope = builder.getInsertionBlock()->getParentOp();
  std::string name = wanted;
  while (SymbolTable::lookupSymbolIn(scope, name))
    name += "_";
  return name;
}

/// One snn.sparse. The op lists rows by target; a second stable sort turns the rows by source around.
void sparseOp(OpBuilder &builder, Location loc, StringRef name, FlatSymbolRefAttr source, FlatSymbolRefAttr target,
              StringAttr receptor, const Synapses &synapses, const std::vector<double> &bias) {
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
    biasAttr = snn::makeResource(context, (name + ".bias").str(), {static_cast<int64_t>(bias.size())}, std::span<const float>(biasWords));
  snn::SparseOp::create(
      builder, loc, builder.getStringAttr(name), source, target, receptor, delay, IntegerAttr(), IntegerAttr(),
      snn::makeResource(context, (name + ".row_ptr").str(), {static_cast<int64_t>(rows.size())}, std::span<const int64_t>(rows)),
      snn::makeResource(context, (name + ".columns").str(), {count}, std::span<const int32_t>(columns)),
      snn::makeResource(context, (name + ".weights").str(), {count}, std::span<const float>(weights)), biasAttr);
}
} // namespace

void compiler::buildSparse(OpBuilder &builder, Location loc, StringRef name, FlatSymbolRefAttr source, FlatSymbolRefAttr target,
                           StringAttr receptor, const Synapses &synapses, const std::vector<double> &bias) {
  const std::vector<Synapses> parts = withoutRepeats(synapses);
  for (size_t k = 0; k < parts.size(); ++k)
    sparseOp(builder, loc, k ? freeName(builder, name.str() + "." + std::to_string(k + 1)) : name.str(), source, target, receptor,
             parts[k], k ? std::vector<double>() : bias);
}

Result<void> compiler::composeJunctions(snn::NetworkOp network) { return Composer(network).run(); }

Result<void> compiler::expandDistributions(snn::NetworkOp network) {
  for (Operation &op : llvm::make_early_inc_range(network.getBody().front())) {
    auto projection = dyn_cast<snn::ProjectionOpInterface>(op);
    if (!projection)
      continue;
    auto isDrawn = [](Attribute attribute) { return attribute && llvm::isa<snn::UniformAttr, snn::NormalAttr>(attribute); };
    auto connect = dyn_cast<snn::ConnectOp>(op);
    const bool perSource = connect && projection.getDelayAttr() && llvm::isa<ElementsAttr>(projection.getDelayAttr());
    if (!(connect && isDrawn(connect.getWeights())) && !isDrawn(projection.getDelayAttr()) && !perSource)
      continue;
    RANVIER_TRY(Synapses synapses, expandProjection(projection));
    OpBuilder builder(&op);
    const std::string name = cast<SymbolOpInterface>(op).getName().str();
    std::vector<double> bias;
    if (ElementsAttr given = projection.getBiasOrNull())
      bias = biasPerNeuron(projection, synapses.targetCount);
    FlatSymbolRefAttr source = projection.getSourceAttr(), target = projection.getTargetAttr();
    StringAttr receptor = projection.getReceptorAttr();
    const Location loc = op.getLoc();
    buildSparse(builder, loc, name, source, target, receptor, synapses, bias);
    op.erase();
  }
  return {};
}
