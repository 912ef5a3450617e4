//===- Signs.cpp - Receptors for inhibition -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SparseBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include <map>
#include <set>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
const std::string suffix = "_inhibitory";

class Separator {
public:
  Separator(snn::NetworkOp network, bool keepsRules) : network(network), keepsRules(keepsRules) {}

  Result<void> run() {
    for (auto population : network.getBody().getOps<snn::PopulationOp>())
      if (auto model = dyn_cast_or_null<snn::ModelOp>(snn::lookupModel(population)))
        RANVIER_CHECK(visit(population, model));
    return {};
  }

private:
  Result<void> visit(snn::PopulationOp population, snn::ModelOp model) {
    std::vector<std::pair<std::string, snn::ProjectionOpInterface>> onto;
    std::set<std::string> inhibited;
    for (Operation &op : network.getBody().front()) {
      auto projection = dyn_cast<snn::ProjectionOpInterface>(op);
      if (!projection || projection.getTargetAttr().getValue() != population.getSymName())
        continue;
      const StringAttr named = projection.getReceptorAttr();
      const std::string receptor = named ? named.str() : first(model);
      onto.emplace_back(receptor, projection);
      if (inhibits(projection))
        inhibited.insert(receptor);
    }
    if (inhibited.empty())
      return {};
    RANVIER_TRY(const StringAttr name, withInhibition(model, inhibited));
    population.setModelAttr(FlatSymbolRefAttr::get(name));
    for (const auto &[receptor, projection] : onto)
      if (inhibits(projection))
        RANVIER_CHECK(separate(projection, receptor));
    return {};
  }

  static std::string first(snn::ModelOp model) {
    for (auto receive : model.getBody().getOps<snn::ReceiveOp>())
      return receive.getName().str();
    return "";
  }

  static bool inhibits(snn::ProjectionOpInterface projection) {
    const Attribute weights = projection->getAttr("weights");
    if (weights && snn::isDistribution(weights)) // kept as a rule, of one sign
      return snn::distributionOf(weights).least() < 0;
    const auto values = weights ? snn::readElements(weights) : std::nullopt;
    return values && llvm::any_of(*values, [](double weight) { return weight < 0; });
  }

  /// A copy of the model in which each of these receptors is what arrives at it less what arrives at a second one.
  Result<StringAttr> withInhibition(snn::ModelOp model, const std::set<std::string> &receptors) {
    std::string key = model.getSymName().str();
    for (const std::string &receptor : receptors)
      key += " " + receptor;
    if (const auto made = models.find(key); made != models.end())
      return made->second;
    std::set<std::string> names;
    for (auto receive : model.getBody().getOps<snn::ReceiveOp>())
      names.insert(receive.getName().str());
    auto copy = cast<snn::ModelOp>(model->clone());
    copy.setSymName((model.getSymName() + suffix).str());
    SymbolTable(model->getParentOp()).insert(copy, Block::iterator(model));
    for (auto receive : llvm::make_early_inc_range(copy.getBody().getOps<snn::ReceiveOp>())) {
      const std::string name = receive.getName().str();
      if (!receptors.count(name))
        continue;
      if (receive.getRange() || names.count(name + suffix))
        return located(receive,
                       {.code = 5325,
                        .message = "weights below 0 lead to receptor '" + name + "', which cannot be divided by their signs",
                        .expected = "a receptor without a range, and none called '" + name + suffix + "'",
                        .kind = ErrorKind::CannotRun});
      OpBuilder builder(receive);
      builder.setInsertionPointAfter(receive);
      auto second = snn::ReceiveOp::create(builder, receive.getLoc(), receive.getType(), builder.getStringAttr(name + suffix),
                                           receive.getUnitAttr(), DenseF64ArrayAttr());
      auto difference = arith::SubFOp::create(builder, receive.getLoc(), receive.getResult(), second.getResult());
      receive.getResult().replaceAllUsesExcept(difference.getResult(), difference);
    }
    return models[key] = copy.getSymNameAttr();
  }

  /// Synapses of weights below 0 end on the second receptor with the opposite weight; the others, and the bias, stay.
  Result<void> separate(snn::ProjectionOpInterface projection, const std::string &receptor) {
    if (auto connect = dyn_cast<snn::ConnectOp>(projection.getOperation()); connect && keepsRules && turn(connect, receptor))
      return {};
    RANVIER_TRY(snn::ProjectionOpInterface listed, listSynapses(projection));
    RANVIER_TRY(const Synapses all, expandProjection(listed));
    std::vector<Connection> stay, go;
    for (uint64_t source = 0; source < all.sources; ++source)
      for (uint64_t k = all.rowPtr[source]; k < all.rowPtr[source + 1]; ++k) {
        const double weight = all.weight(k);
        (weight < 0 ? go : stay).push_back({static_cast<uint32_t>(source), all.targets[k], std::abs(weight), all.delay(k)});
      }
    const std::string name = cast<SymbolOpInterface>(listed.getOperation()).getName().str();
    const Attribute bias = listed->getAttr("bias");
    const auto source = listed.getSourceAttr(), target = listed.getTargetAttr();
    const StringAttr named = listed.getReceptorAttr();
    const Location loc = listed.getLoc();
    OpBuilder builder(listed.getOperation());
    builder.setInsertionPointAfter(listed);
    listed->erase();
    if (!stay.empty() || bias) {
      Synapses synapses = fromConnections(all.sources, all.targetCount, stay);
      if (synapses.delays.empty())
        synapses.delays.assign(1, all.delay(0));
      auto op = buildSparse(builder, loc, name, source, target, named, synapses, {});
      if (bias)
        op->setAttr("bias", bias);
    }
    buildSparse(builder, loc, uniqueName(network, name + suffix), source, target, builder.getStringAttr(receptor + suffix),
                fromConnections(all.sources, all.targetCount, go), {});
    return {};
  }

  /// A rule whose weights are all below 0 stays one.
  bool turn(snn::ConnectOp connect, const std::string &receptor) {
    Builder builder(connect.getContext());
    if (snn::isDistribution(connect.getWeights())) {
      setWeightUnit(connect, -1);
    } else {
      const auto weight = snn::readElements(connect.getWeights());
      const Attribute delay = snn::ProjectionOpInterface(connect).getDelayAttr();
      if (!weight || weight->size() != 1 || isa<ElementsAttr>(connect.getWeights()) || (delay && isa<ElementsAttr>(delay)))
        return false;
      connect.setWeightsAttr(builder.getF64FloatAttr(-static_cast<double>(static_cast<float>((*weight)[0]))));
    }
    connect->setAttr("receptor", builder.getStringAttr(receptor + suffix));
    connect.setSymName(uniqueName(network, (connect.getSymName() + suffix).str()));
    return true;
  }

  snn::NetworkOp network;
  const bool keepsRules;
  std::map<std::string, StringAttr> models; ///< Copies that have been made, by model and receptors.
};
} // namespace

Result<void> compiler::separateSigns(snn::NetworkOp network, bool keepsRules) { return Separator(network, keepsRules).run(); }
