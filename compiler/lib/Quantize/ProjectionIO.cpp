//===- ProjectionIO.cpp - Weights out of projections and back -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ProjectionIO.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/Text.h"
#include <cmath>
#include <set>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
Error sharedGain(Operation *op) {
  return located(op, {.code = 5306,
                      .message = "the targets' input gains differ, but share weights",
                      .hint = "give all neurons of a channel (or of the population) the same parameters, or list the synapses",
                      .kind = ErrorKind::CannotRun});
}

/// Multiplies each weight by its target's gain. `targetOf`: first target neuron of weight i and how many neurons share it.
template <typename TargetOf> Result<void> applyGain(Operation *op, Values &weights, const Values &gain, TargetOf targetOf) {
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto [first, sharing] = targetOf(i);
    const double factor = at(gain, first);
    if (gain.size() > 1)
      for (size_t n = 1; n < sharing; ++n)
        if (gain[first + n] != factor)
          return sharedGain(op);
    weights[i] *= factor;
  }
  return {};
}

double poolWeight(snn::PoolOp pool) {
  double taps = 1;
  for (int64_t extent : pool.getKernel())
    taps *= double(extent);
  return pool.getKind() == "average" ? 1 / taps : 1;
}

Result<Values> gainedWeights(snn::ProjectionOpInterface projection, const Values &gain, size_t targets) {
  Operation *op = projection;
  if (auto pool = dyn_cast<snn::PoolOp>(op)) {
    // One weight per channel: gains may differ between channels.
    const auto channels = static_cast<size_t>(pool.getInputShape()[0]);
    Values weights(channels, poolWeight(pool));
    RANVIER_CHECK(applyGain(op, weights, gain, [&](size_t i) { return std::pair(i * (targets / channels), targets / channels); }));
    return weights;
  }
  std::optional<std::vector<double>> weights = snn::readElements(op->getAttr("weights"));
  if (!weights)
    return located(
        op, {.code = 5307, .message = "the weights are no numbers", .hint = "distributions are expanded before quantisation"});
  if (!llvm::all_of(*weights, [](double w) { return std::isfinite(w); }))
    return located(op, {.code = 5307, .message = "a weight is not finite", .expected = "finite numbers"});
  if (weights->empty()) // a rule that happened to connect nothing
    return std::move(*weights);
  if (isa<snn::DenseOp>(op)) {
    const size_t row = weights->size() / targets;
    RANVIER_CHECK(applyGain(op, *weights, gain, [&](size_t i) { return std::pair(i / row, size_t(1)); }));
  } else if (auto sparse = dyn_cast<snn::SparseOp>(op)) {
    auto rows = snn::readIntegers(sparse.getRowPtr());
    if (!rows || rows->size() != targets + 1)
      return located(op, {.code = 5307, .message = "row_ptr does not fit the target"});
    size_t target = 0;
    RANVIER_CHECK(applyGain(op, *weights, gain, [&](size_t i) {
      while (target + 1 < targets && size_t((*rows)[target + 1]) <= i)
        ++target;
      return std::pair(target, size_t(1));
    }));
  } else if (isa<snn::Conv1dOp, snn::Conv2dOp>(op)) {
    const auto channels = static_cast<size_t>(cast<ElementsAttr>(op->getAttr("weights")).getShapedType().getShape()[0]);
    const size_t taps = weights->size() / channels;
    RANVIER_CHECK(
        applyGain(op, *weights, gain, [&](size_t i) { return std::pair(i / taps * (targets / channels), targets / channels); }));
  } else if (weights->size() == targets && targets > 1) {
    RANVIER_CHECK(applyGain(op, *weights, gain, [&](size_t i) { return std::pair(i, size_t(1)); }));
  } else {
    RANVIER_CHECK(applyGain(op, *weights, gain, [&](size_t) { return std::pair(size_t(0), targets); }));
  }
  return std::move(*weights);
}

/// The weights as an attribute of the old one's shape, in the smallest signless integer type that holds them.
Attribute integerWeights(MLIRContext *context, Attribute before, StringRef name, const std::vector<int32_t> &words) {
  auto elements = dyn_cast<ElementsAttr>(before);
  if (!elements) {
    return IntegerAttr::get(IntegerType::get(context, 64), words[0]);
  }
  const ArrayRef<int64_t> shape = elements.getShapedType().getShape();
  const auto fit = [&](int32_t low, int32_t high) {
    return llvm::all_of(words, [&](int32_t word) { return word >= low && word <= high; });
  };
  const auto made = [&](auto narrowed) {
    return snn::makeResource(context, name.str(), shape, std::span<const typename decltype(narrowed)::value_type>(narrowed));
  };
  if (fit(INT8_MIN, INT8_MAX))
    return made(std::vector<int8_t>(words.begin(), words.end()));
  if (fit(INT16_MIN, INT16_MAX))
    return made(std::vector<int16_t>(words.begin(), words.end()));
  return made(words);
}

/// Calls visit(target, sum of its weights) where the projection is a rule with one weight, without listing a synapse; false if it
/// is not. The sum is the same as that of the listed synapses, addition by addition.
template <typename Visit> Result<bool> sumsByRule(snn::ProjectionOpInterface projection, size_t targets, Visit visit) {
  auto connection = dyn_cast<snn::ConnectOp>(projection.getOperation());
  if (!connection || !isUniform(connection))
    return false;
  auto source = snn::lookupNode(projection, projection.getSourceAttr());
  auto degrees = inDegrees(connectRule(connection), static_cast<uint64_t>(source.getNodeCount()), targets);
  if (!degrees)
    return located(projection, degrees.error());
  const double weight = snn::readElements(connection.getWeights())->front();
  for (size_t n = 0; n < targets; ++n)
    visit(n, weight, (*degrees)[degrees->size() == 1 ? 0 : n]);
  return true;
}

/// weight + weight + ..., `times` times, with the rounding of every addition; remembers the last answer.
class RepeatedSum {
public:
  double operator()(double weight, uint64_t times) {
    if (weight != lastWeight || times != lastTimes) {
      lastWeight = weight;
      lastTimes = times;
      sum = 0;
      for (uint64_t i = 0; i < times; ++i)
        sum += weight;
    }
    return sum;
  }

private:
  double lastWeight = 0, sum = 0;
  uint64_t lastTimes = 0;
};

Operation *poolToConvolution(snn::PoolOp pool, const std::vector<int32_t> &words) {
  OpBuilder builder(pool);
  const int64_t channels = pool.getInputShape()[0], taps = pool.getKernel()[0] * pool.getKernel()[1];
  std::vector<int32_t> spread;
  for (int32_t word : words)
    spread.insert(spread.end(), static_cast<size_t>(taps), word);
  auto weights = snn::makeResource(builder.getContext(), (pool.getSymName() + ".weights").str(),
                                   {channels, 1, pool.getKernel()[0], pool.getKernel()[1]}, std::span<const int32_t>(spread));
  auto convolution = snn::Conv2dOp::create(
      builder, pool.getLoc(), pool.getSymNameAttr(), pool.getSourceAttr(), pool.getTargetAttr(), pool.getReceptorAttr(),
      pool.getDelayAttr(), IntegerAttr(), IntegerAttr(), weights, ElementsAttr(), pool.getInputShapeAttr(), pool.getStrideAttr(),
      pool.getPaddingAttr(), builder.getDenseI64ArrayAttr({1, 1}), builder.getI64IntegerAttr(channels));
  pool.erase();
  return convolution;
}
} // namespace

Result<ProjectionView> compiler::viewProjection(snn::ProjectionOpInterface projection, const Values &gain) {
  ProjectionView out;
  out.name = cast<SymbolOpInterface>(projection.getOperation()).getName().str();
  auto target = snn::lookupNode(projection, projection.getTargetAttr());
  const auto targets = static_cast<size_t>(target.getNodeCount());
  const bool isDrawn = weightUnit(projection).has_value();
  if (!isDrawn) {
    RANVIER_TRY(out.weights, gainedWeights(projection, gain, targets));
  }
  out.positive.assign(targets, 0.0);
  out.negative.assign(targets, 0.0);
  RepeatedSum sumOf;
  RANVIER_TRY(const bool byRule, sumsByRule(projection, targets, [&](size_t neuron, double listed, uint64_t synapses) {
                const double weight = listed * at(gain, neuron);
                (weight > 0 ? out.positive : out.negative)[neuron] = sumOf(weight, synapses);
              }));
  if (byRule)
    return out;
  RANVIER_TRY(Synapses synapses, expandProjection(projection));
  if (isDrawn) {
    RANVIER_ASSERT(gain.size() == 1 && gain[0] == 1, "rules stay where weights have no gain");
    if (!llvm::all_of(synapses.weights, [](double w) { return std::isfinite(w); }))
      return located(projection, {.code = 5307, .message = "a weight is not finite", .expected = "finite numbers"});
    out.weights = synapses.weights;
  }
  for (uint64_t k = 0; k < synapses.size(); ++k) {
    const uint32_t neuron = synapses.targets[k];
    const double weight = synapses.weight(k) * at(gain, neuron);
    (weight > 0 ? out.positive : out.negative)[neuron] += weight;
  }
  return out;
}

Result<ArrivingWords> compiler::arrivingWords(snn::ProjectionOpInterface projection, const QuantisedWeights &weights,
                                              double leastPayload, double mostPayload) {
  const std::vector<double> words(weights.words.begin(), weights.words.end());
  const auto targets = static_cast<size_t>(snn::lookupNode(projection, projection.getTargetAttr()).getNodeCount());
  ArrivingWords out{Values(targets, 0.0), Values(targets, 0.0)};
  const auto bounds = [&](double word) {
    const double a = word * leastPayload, b = word * mostPayload;
    return std::pair(std::max({a, b, 0.0}), std::min({a, b, 0.0}));
  };
  RepeatedSum high, low;
  RANVIER_TRY(const bool byRule, sumsByRule(projection, targets, [&](size_t n, double, uint64_t synapses) {
                const auto [most, least] = bounds(words[0]);
                out.high[n] = high(most, synapses);
                out.low[n] = low(least, synapses);
              }));
  size_t delays = 1;
  if (!byRule) {
    RANVIER_TRY(Synapses synapses, expandProjection(projection, words));
    for (uint64_t k = 0; k < synapses.size(); ++k) {
      const auto [most, least] = bounds(synapses.weight(k));
      out.high[synapses.targets[k]] += most;
      out.low[synapses.targets[k]] += least;
    }
    if (weights.exponent < 0)
      delays = std::set<uint32_t>(synapses.delays.begin(), synapses.delays.end()).size();
  }
  // Sums form per emission step and delay, and each loses less than one unit to the floor.
  const double sums = weights.exponent < 0 ? double(delays) : 0;
  for (size_t n = 0; n < targets; ++n) {
    if (weights.exponent < 0 && std::max(out.high[n], -out.low[n]) >= 0x1p31)
      return located(projection, {.code = 5309,
                                  .message = "the sum of a step may leave 32 bits before it is shifted",
                                  .expected = "a magnitude below 2^31",
                                  .found = decimal(std::max(out.high[n], -out.low[n])),
                                  .hint = "give the target larger weights, or compile without a calibration profile",
                                  .kind = ErrorKind::DoesNotFit});
    out.high[n] = std::ldexp(out.high[n], weights.exponent);
    out.low[n] = out.low[n] < 0 ? std::ldexp(out.low[n], weights.exponent) - sums : 0;
  }
  return out;
}

Result<void> compiler::writeProjection(snn::ProjectionOpInterface projection, const QuantisedWeights &weights, bool dropReceptor) {
  Operation *op = projection;
  Builder builder(op->getContext());
  if (auto pool = dyn_cast<snn::PoolOp>(op))
    op = poolToConvolution(pool, weights.words);
  else if (const auto unit = weightUnit(op); unit && snn::isDistribution(op->getAttr("weights")))
    setWeightUnit(op, *unit * weights.unit);
  else
    op->setAttr("weights", integerWeights(op->getContext(), op->getAttr("weights"),
                                          (cast<SymbolOpInterface>(op).getName() + ".weights").str(), weights.words));
  if (weightUnit(op) && !snn::isDistribution(op->getAttr("weights")))
    op->removeAttr("snn.weight_unit");
  op->setAttr("exponent", builder.getI64IntegerAttr(weights.exponent));
  op->setAttr("weight_bits", builder.getI64IntegerAttr(weights.format.storedBits));
  if (dropReceptor && op->getAttr("receptor"))
    op->removeAttr("receptor");
  return {};
}
