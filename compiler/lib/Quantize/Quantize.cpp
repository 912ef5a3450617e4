//===- Quantize.cpp - From real numbers to a chip's -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Populations one by one; those whose events carry values before their targets, because the size of one payload unit is part of
// their targets' input scale.
//===----------------------------------------------------------------------===//
#include "ranvier/Quantize/Quantize.h"
#include "ProjectionIO.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Lowering/FloatLowering.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Quantize/FixedPoint.h"
#include "ranvier/Quantize/Report.h"
#include "ranvier/Quantize/RuleFixed.h"
#include "ranvier/Support/Text.h"
#include <cmath>
#include <map>
#include <set>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
/// A population with a model, read and folded.
struct Neurons {
  snn::PopulationOp op;
  Model model;
  Folded folded;
  std::vector<Values> init, bias;
  Analysis analysis;
  uint64_t count() { return static_cast<uint64_t>(op.getNodeCount()); }
};

Result<Neurons> readNeurons(snn::PopulationOp population, double dt) {
  auto modelOp = cast<snn::ModelOp>(snn::lookupModel(population));
  Neurons out;
  out.op = population;
  RANVIER_TRY(out.model, readModel(modelOp));
  out.model.user = population.getSymName().str();
  RANVIER_TRY(std::vector<Values> params, parameterValues(population, out.model));
  RANVIER_TRY(out.init, initialValues(population, out.model));
  RANVIER_TRY(out.folded, foldParameters(out.model, params, dt));
  std::vector<std::string> receptors;
  for (const auto &slot : out.model.inputs)
    receptors.push_back(slot.name);
  RANVIER_TRY(out.bias, collectBiases(population, receptors));
  out.analysis = analyse(out.folded);
  return out;
}

/// Biases of the receptors become constants of the form: of the current, or of the voltage where there is none.
void addBiases(CubaForm &form, const std::vector<Values> &bias) {
  for (size_t r = 0; r < bias.size(); ++r) {
    if (bias[r].empty() || form.g[r].empty())
      continue;
    Values &constant = form.isLif() ? form.d : form.c;
    Values sum(std::max({constant.size(), bias[r].size(), form.g[r].size()}));
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] = at(constant, i) + at(form.g[r], i) * at(bias[r], i);
    constant = compact(std::move(sum));
  }
}

Error notNative(const Neurons &neurons, const hw::Chip &chip) {
  return neurons.folded.model.error(
      {.code = 5304,
       .message = chip.name + " cannot execute this model: it " + neurons.analysis.nearMiss,
       .expected =
           "a leaky integrate-and-fire neuron: u' = a u + g x, v' = b v + h u' + d, spike when v' > threshold, then v = constant",
       .hint = "choose a programmable target, or a model with that form",
       .kind = ErrorKind::CannotRun},
      neurons.analysis.node);
}

/// What a neuron's program may have on the chip.
Result<void> checkSlots(const Model &model, const hw::Chip &chip, uint64_t states, uint64_t params, uint64_t inputs) {
  const auto excess = chip.core.slotsBeyond(states, params, inputs);
  if (!excess)
    return {};
  return model.error({.code = 5106,
                      .message = "the model needs more " + std::string(excess->what) + " than a neuron of " + chip.name + " has",
                      .expected = "at most " + std::to_string(excess->limit),
                      .found = std::to_string(excess->found),
                      .hint = "choose another target, or a smaller model",
                      .kind = ErrorKind::DoesNotFit});
}
Result<void> checkSlots(const Model &model, const hw::Chip &chip, const isa::Program &program) {
  return checkSlots(model, chip, program.states.size(), program.params.size(), program.inputs.size());
}

class Quantizer {
public:
  Quantizer(ModuleOp module, snn::NetworkOp network, const hw::Chip &chip, const QuantizeOptions &options)
      : module(module), network(network), chip(chip), options(options) {}

  Result<QuantizationReport> run() {
    const unsigned most = chip.ringBuffers.bits ? chip.weights.maxBits : std::min(8u, chip.weights.maxBits);
    if (options.weightBits < chip.weights.minBits || options.weightBits > most)
      return Error{.code = 5322,
                   .message = "the target has no weights of that many bits",
                   .expected = std::to_string(chip.weights.minBits) + ".." + std::to_string(most),
                   .found = std::to_string(options.weightBits)};
    if (!options.calibration.empty()) {
      RANVIER_TRY(calibration, parseCalibration(options.calibration));
    }
    report.target = chip.name;
    report.scales = options.calibration.empty() ? "range" : "calibration";
    report.weightBits = options.weightBits;
    for (auto junction : network.getBody().getOps<snn::JunctionOp>())
      return located(junction, {.code = 5323, .message = "a junction is left over: integer targets hold no stateless nodes"});
    RANVIER_CHECK(expandDistributions(network, keepsRules(network, chip)));
    RANVIER_CHECK(canLearn(network, chip));
    RANVIER_CHECK(rewiredSigns());
    if (chip.ringBuffers.bits)
      RANVIER_CHECK(separateSigns(network, keepsRules(network, chip)));
    for (auto population : network.getBody().getOps<snn::PopulationOp>())
      if (isa_and_nonnull<snn::ModelOp>(snn::lookupModel(population)))
        waiting.insert(population.getSymName().str());
    for (auto population : llvm::make_early_inc_range(network.getBody().getOps<snn::PopulationOp>()))
      RANVIER_CHECK(visit(population));
    return std::move(report);
  }

private:
  /// Quantises a population after the sources of graded events onto it.
  Result<void> visit(snn::PopulationOp population) {
    const std::string name = population.getSymName().str();
    if (!waiting.count(name))
      return {};
    waiting.erase(name);
    onPath.insert(name);
    for (snn::ProjectionOpInterface projection : projectionsOnto(population))
      if (auto source = dyn_cast_or_null<snn::PopulationOp>(sourceOf(projection));
          source && waiting.count(source.getSymName().str()) && emitsPayload(projection))
        RANVIER_CHECK(visit(source));
    RANVIER_TRY(Neurons neurons, readNeurons(population, network.getDt().convertToDouble()));
    for (snn::ProjectionOpInterface projection : projectionsOnto(population))
      if (onPath.count(projection.getSourceAttr().getValue().str()) && emitsPayload(projection))
        return located(
            projection,
            {.code = 5324, .message = "events with values in a feedback loop on an integer target", .kind = ErrorKind::CannotRun});
    if (chip.nativeCuba && neurons.analysis.form)
      RANVIER_CHECK(native(neurons));
    else if (chip.programmable)
      RANVIER_CHECK(generic(neurons));
    else
      return notNative(neurons, chip);
    onPath.erase(name);
    return {};
  }

  bool emitsPayload(snn::ProjectionOpInterface projection) {
    auto source = dyn_cast_or_null<snn::PopulationOp>(sourceOf(projection));
    if (!source)
      return false;
    auto model = dyn_cast_or_null<snn::ModelOp>(snn::lookupModel(source));
    if (!model)
      return false;
    for (auto spike : model.getBody().getOps<snn::SpikeOp>())
      return spike.getPayload() != nullptr;
    return false;
  }

  Operation *sourceOf(snn::ProjectionOpInterface projection) {
    return SymbolTable::lookupSymbolIn(network, projection.getSourceAttr().getAttr());
  }

  std::vector<snn::ProjectionOpInterface> projectionsOnto(snn::PopulationOp population) {
    std::vector<snn::ProjectionOpInterface> out;
    for (Operation &op : network.getBody().front())
      if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op))
        if (projection.getTargetAttr().getValue() == population.getSymName())
          out.push_back(projection);
    return out;
  }

  Result<size_t> receptorOf(snn::ProjectionOpInterface projection, const Model &model) {
    const StringAttr name = projection.getReceptorAttr();
    for (size_t r = 0; r < model.inputs.size(); ++r)
      if (!name || name.getValue() == model.inputs[r].name)
        return r;
    return located(projection,
                   {.code = 5112, .message = "the target has no such receptor", .found = name ? name.str() : "none at all"});
  }

  /// Weight and sums of a projection, times `gain` of the target neuron, in real units; events of graded sources count in units of
  /// their payload word.
  Result<ProjectionView> view(snn::ProjectionOpInterface projection, const Values &gain) {
    RANVIER_TRY(ProjectionView out, viewProjection(projection, gain));
    const auto graded = payloads.find(projection.getSourceAttr().getValue().str());
    if (graded == payloads.end())
      return out;
    const auto &[unit, range] = graded->second;
    for (double &weight : out.weights)
      weight *= unit;
    const Values positive = out.positive, negative = out.negative;
    const auto mix = [&](double high, double low) {
      Values values(positive.size());
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = positive[i] * high + at(negative, i) * low;
      return values;
    };
    out.positive = mix(std::max(range.high, 0.0), std::min(range.low, 0.0));
    out.negative = mix(std::min(range.low, 0.0), std::max(range.high, 0.0));
    return out;
  }

  std::optional<Observed> observed(const std::map<std::string, Observed> &from, const std::string &name) {
    const auto found = from.find(name);
    return found == from.end() ? std::nullopt : std::optional(found->second);
  }
  Result<const Calibration::Population *> profileOf(Neurons &neurons) {
    static const Calibration::Population nothing;
    if (options.calibration.empty())
      return &nothing;
    const auto found = calibration.populations.find(neurons.op.getSymName().str());
    if (found == calibration.populations.end())
      return located(neurons.op, {.code = 5321, .message = "the calibration profile does not know this population"});
    return &found->second;
  }

  void setPopulation(Neurons &neurons, const isa::Program &program, const std::vector<Values> &params,
                     const std::vector<Values> &init, ArrayRef<std::pair<std::string, double>> scales) {
    MLIRContext *context = module.getContext();
    const std::string name = neurons.op.getSymName().str();
    auto programOpFor = programOp(module, snn::lookupModel(neurons.op)->getLoc(), program);
    const auto dictionary = [&](const std::vector<std::string> &names, const std::vector<Values> &values) {
      NamedAttrList list;
      for (size_t i = 0; i < names.size(); ++i)
        list.append(names[i], integerAttribute(context, name + "." + names[i], values[i]));
      return list.getDictionary(context);
    };
    neurons.op.setModelAttr(FlatSymbolRefAttr::get(programOpFor.getSymNameAttr()));
    neurons.op.setParamsAttr(dictionary(program.params, params));
    neurons.op.setInitAttr(dictionary(program.states, init));
    NamedAttrList list;
    for (const auto &[state, size] : scales)
      list.append(state, FloatAttr::get(Float64Type::get(context), size));
    if (!list.empty())
      neurons.op.setScaleAttr(list.getDictionary(context));
    removeBiases(neurons.op);
  }

  void reportProjection(snn::ProjectionOpInterface projection, const QuantisedWeights &weights, const ProjectionView &before) {
    double largest = 0;
    for (double weight : before.weights)
      largest = std::max(largest, std::fabs(weight));
    report.projections.push_back({cast<SymbolOpInterface>(projection.getOperation()).getName().str(), weights.format.mode,
                                  weights.exponent, weights.format.storedBits, weights.unit, weights.rms, weights.worst, largest,
                                  weightWarnings(weights, before)});
  }

  static std::vector<std::string> weightWarnings(const QuantisedWeights &weights, const ProjectionView &before) {
    size_t lost = 0;
    for (size_t i = 0; i < weights.words.size(); ++i)
      lost += weights.words[i] == 0 && before.weights[i] != 0;
    std::vector<std::string> out;
    if (weights.format.low < 0 && weights.format.high == 0 && largest(before.weights) > 0)
      out.push_back("the one bit of a mixed projection is its sign: positive weights become 0 (2 bits keep both signs)");
    else if (!weights.words.empty() && lost == weights.words.size())
      out.push_back("all weights become 0: they are too small beside the population's other numbers");
    return out;
  }

  Result<void> native(Neurons &neurons) {
    CubaForm form = *neurons.analysis.form;
    addBiases(form, neurons.bias);
    std::vector<snn::ProjectionOpInterface> projections = projectionsOnto(neurons.op);
    std::vector<ProjectionView> views;
    for (snn::ProjectionOpInterface projection : projections) {
      RANVIER_TRY(size_t receptor, receptorOf(projection, neurons.model));
      Values gain{0.0};
      if (const Values &g = form.g[receptor]; !g.empty()) {
        gain.assign(std::max(g.size(), form.h.size()), 0.0);
        for (size_t i = 0; i < gain.size(); ++i)
          gain[i] = at(g, i) * at(form.h, i);
      }
      RANVIER_TRY(ProjectionView seen, view(projection, gain));
      views.push_back(std::move(seen));
    }
    RANVIER_TRY(const Calibration::Population *profile, profileOf(neurons));
    NativeOptions how{options.weightBits, {}, {}};
    if (form.uState >= 0)
      how.current = observed(profile->states, neurons.model.states[form.uState].name);
    if (form.vState >= 0)
      how.voltage = observed(profile->states, neurons.model.states[form.vState].name);
    RANVIER_TRY(NativeCuba numbers, nativeNumbers(neurons, form, projections, views, how));
    SmallVector<std::pair<std::string, double>> scales;
    if (form.h.size() == 1 && form.h[0] > 0)
      scales.push_back({"u", 1 / (numbers.scale * form.h[0])});
    scales.push_back({"v", 1 / numbers.scale});
    reportNative(neurons, form, numbers);
    nameStates(neurons, form);
    const isa::Program program = hw::nativeCubaProgram(*chip.nativeCuba);
    RANVIER_CHECK(checkSlots(neurons.model, chip, program));
    setPopulation(neurons, program, {numbers.du, numbers.dv, numbers.vth, numbers.bias}, {numbers.u0, numbers.v0}, scales);
    for (size_t p = 0; p < projections.size(); ++p) {
      reportProjection(projections[p], numbers.projections[p], views[p]);
      RANVIER_CHECK(writeProjection(projections[p], numbers.projections[p], /*dropReceptor=*/true));
    }
    return {};
  }

  /// Rounded weights may sum to more than the real ones did: the scale shrinks until u holds whatever can arrive. With a
  /// calibration profile the scale is the profile's business.
  Result<NativeCuba> nativeNumbers(Neurons &neurons, const CubaForm &form,
                                   const std::vector<snn::ProjectionOpInterface> &projections,
                                   const std::vector<ProjectionView> &views, NativeOptions how) {
    constexpr unsigned mostAttempts = 32;
    double load = 0;
    for (unsigned attempt = 0; attempt < mostAttempts; ++attempt) {
      RANVIER_TRY(NativeCuba numbers, quantiseNative(neurons.folded.model, form, neurons.count(), neurons.init, views,
                                                     *chip.nativeCuba, chip.weights, how));
      Values high(neurons.count(), 0.0), low = high;
      for (size_t p = 0; p < projections.size(); ++p) {
        RANVIER_TRY(ArrivingWords words, arriving(projections[p], numbers.projections[p]));
        for (uint64_t i = 0; i < neurons.count(); ++i) {
          high[i] += words.high[i];
          low[i] += words.low[i];
        }
      }
      load = currentLoad(numbers, high, low, *chip.nativeCuba);
      if (load <= 1 || how.current)
        return std::move(numbers);
      how.largestScale = numbers.scale / load;
    }
    return neurons.folded.model.error({.code = 5303,
                                       .message = "the dynamic range does not fit the unit: rounded weights sum to " +
                                                  std::to_string(load) + " times what its current holds",
                                       .hint = "use more weight bits or a calibration profile",
                                       .kind = ErrorKind::DoesNotFit});
  }

  /// What a projection with these weights can bring in one step.
  Result<ArrivingWords> arriving(snn::ProjectionOpInterface projection, const QuantisedWeights &weights) {
    const auto graded = payloads.find(projection.getSourceAttr().getValue().str());
    if (graded == payloads.end())
      return arrivingWords(projection, weights, 1, 1);
    const auto &[unit, range] = graded->second; // the word may lie a rounding beside the range
    return arrivingWords(projection, weights, std::floor(range.low / unit) - 1, std::ceil(range.high / unit) + 1);
  }

  void reportNative(Neurons &neurons, const CubaForm &form, const NativeCuba &numbers) {
    PopulationReport entry{neurons.op.getSymName().str(), neurons.model.name, "native", {}, {}, numbers.warnings};
    entry.numbers = {{"scale", numbers.scale},
                     {"threshold_steps", largest(numbers.vth)},
                     {"current_decay_error", numbers.currentDecayError},
                     {"voltage_decay_error", numbers.voltageDecayError},
                     {"threshold_error", numbers.thresholdError},
                     {"bias_error", numbers.biasError},
                     {"saturates_below", numbers.saturatesBelow}};
    if (!allEqual(numbers.voltageOffset, 0.0))
      entry.numbers.push_back({"voltage_offset", numbers.voltageOffset[0]});
    if (form.uState >= 0 && !allEqual(numbers.currentOffset, 0.0))
      entry.numbers.push_back({"largest_current_offset",
                               std::max(std::fabs(smallest(numbers.currentOffset)), std::fabs(largest(numbers.currentOffset)))});
    report.populations.push_back(std::move(entry));
  }

  /// Probes and recordings name the model's states; the unit calls its own u and v.
  void nameStates(Neurons &neurons, const CubaForm &form) {
    Builder builder(module.getContext());
    NamedAttrList own;
    for (const auto &[slot, unit] : {std::pair(form.uState, "u"), std::pair(form.vState, "v")})
      if (slot >= 0 && neurons.model.states[slot].name != unit)
        own.append(unit, builder.getStringAttr(neurons.model.states[slot].name));
    if (!own.empty())
      neurons.op.setStateNamesAttr(own.getDictionary(module.getContext()));
    for (auto probe : network.getBody().getOps<snn::ProbeOp>()) {
      if (probe.getNode() != neurons.op.getSymName())
        continue;
      SmallVector<StringRef> names;
      for (StringRef name : probe.getVariables().getAsValueRange<StringAttr>()) {
        if (form.uState >= 0 && name == neurons.model.states[form.uState].name)
          name = "u";
        else if (form.vState >= 0 && name == neurons.model.states[form.vState].name)
          name = "v";
        names.push_back(name);
      }
      probe.setVariablesAttr(builder.getStrArrayAttr(names));
    }
  }

  Result<void> generic(Neurons &neurons) {
    FixedOptions how;
    how.bias = neurons.bias;
    RANVIER_TRY(const Calibration::Population *profile, profileOf(neurons));
    const size_t inputs = neurons.model.inputs.size();
    how.inputs.assign(inputs, {0, 0});
    how.inputFraction.assign(inputs, 0);
    how.inputScale.assign(inputs, 1.0);
    how.inputTop.assign(inputs, 0.0);
    std::vector<snn::ProjectionOpInterface> projections = projectionsOnto(neurons.op);
    std::vector<ProjectionView> views;
    std::vector<std::optional<Learned>> learned;
    std::vector<snn::RewiringOp> formed; // null: synapses stay
    std::vector<double> heaviest;        // that a weight may become, where it learns or synapses come and go
    std::vector<size_t> receptors;
    std::vector<Values> high(inputs, Values(neurons.count(), 0.0)), low = high;
    for (snn::ProjectionOpInterface projection : projections) {
      RANVIER_TRY(size_t receptor, receptorOf(projection, neurons.model));
      RANVIER_TRY(ProjectionView seen, view(projection, {1.0}));
      RANVIER_TRY(std::optional<Learned> rule, readLearned(projection));
      if (rule) {
        RANVIER_TRY(seen.positive, reachable(projection, rule->high));
        seen.negative = {0.0};
      }
      formed.push_back(snn::rewiringOf(projection));
      if (formed.back()) {
        heaviest.push_back(std::max(formed.back().getWeight().convertToDouble(), rule                   ? rule->high
                                                                                 : seen.weights.empty() ? 0.0
                                                                                                        : largest(seen.weights)));
        seen.positive = {static_cast<double>(formed.back().getMost()) * heaviest.back()};
        seen.negative = {0.0};
      } else {
        heaviest.push_back(rule ? rule->high : 0.0);
      }
      learned.push_back(std::move(rule));
      for (uint64_t i = 0; i < neurons.count(); ++i) {
        high[receptor][i] += at(seen.positive, i);
        low[receptor][i] += at(seen.negative, i);
      }
      views.push_back(std::move(seen));
      receptors.push_back(receptor);
    }
    for (size_t r = 0; r < inputs; ++r) {
      double sums = std::max(-smallest(low[r]), largest(high[r]));
      if (!neurons.bias[r].empty())
        sums = std::max({sums, -(smallest(low[r]) + smallest(neurons.bias[r])), largest(high[r]) + largest(neurons.bias[r])});
      if (chip.ringBuffers.bits)
        chooseShift(how, r, high[r], views, heaviest, receptors);
      else
        chooseUnit(how, r, sums, projections, views, receptors);
    }
    // The intervals come from the integers: rounded weights may sum to more than the real ones.
    std::vector<QuantisedWeights> words;
    high.assign(inputs, Values(neurons.count(), 0.0));
    low = high;
    for (size_t p = 0; p < projections.size(); ++p) {
      RANVIER_TRY(QuantisedWeights weights, genericWeights(projections[p], views[p], unitOf(how, receptors[p])));
      RANVIER_TRY(ArrivingWords sums, arriving(projections[p], weights));
      if (learned[p]) { // whatever the weights become
        const double most = std::ceil(learned[p]->high / unitOf(how, receptors[p]));
        RANVIER_TRY(sums.high, reachable(projections[p], most));
      }
      if (formed[p]) {
        const double most = static_cast<double>(formed[p].getMost()) * std::ceil(heaviest[p] / unitOf(how, receptors[p]));
        sums = {.high = {most}, .low = {0.0}};
      }
      for (uint64_t i = 0; i < neurons.count(); ++i) {
        high[receptors[p]][i] += at(sums.high, i);
        low[receptors[p]][i] += at(sums.low, i);
      }
      words.push_back(std::move(weights));
    }
    std::vector<Interval> reaching(inputs);
    for (size_t r = 0; r < inputs; ++r) {
      if (chip.ringBuffers.bits) { // A sum of unsigned words that saturates at each addition is the lesser of the sum and the top.
        how.inputTop[r] = ringTop();
        high[r] = {std::min(largest(high[r]), ringTop())};
      }
      how.inputs[r] = reaching[r] = {smallest(low[r]) * unitOf(how, r), largest(high[r]) * unitOf(how, r)};
      if (!neurons.bias[r].empty())
        reaching[r] = {how.inputs[r].low + smallest(neurons.bias[r]), how.inputs[r].high + largest(neurons.bias[r])};
      if (const auto &declared = neurons.model.inputs[r].range)
        reaching[r] = {std::clamp(reaching[r].low, declared->first, declared->second),
                       std::clamp(reaching[r].high, declared->first, declared->second)};
    }
    how.states = deriveRanges(neurons.folded, reaching, neurons.init);
    for (size_t s = 0; s < how.states.size(); ++s) {
      const Model::Slot &slot = neurons.model.states[s];
      const Interval start{smallest(neurons.init[s]), largest(neurons.init[s])};
      if (slot.range && (start.low < slot.range->first || start.high > slot.range->second))
        return located(neurons.op, {.code = 5308,
                                    .message = "the initial value of '" + slot.name + "' lies outside its declared range",
                                    .expected = decimal(slot.range->first) + ".." + decimal(slot.range->second),
                                    .found = decimal(start.low < slot.range->first ? start.low : start.high)});
      if (auto seen = observed(profile->states, slot.name); seen && !slot.range) {
        const double room = 0.25 * std::max(std::fabs(seen->low), std::fabs(seen->high));
        how.states[s] = Interval{std::min(seen->low - room, start.low), std::max(seen->high + room, start.high)};
      }
    }
    RANVIER_TRY(FixedModel fixed, convertFixedPoint(neurons.folded, chip, how));
    RANVIER_CHECK(checkSlots(neurons.folded.model, chip, fixed.lowered.program));
    std::vector<Values> init = neurons.init;
    SmallVector<std::pair<std::string, double>> scales;
    for (size_t s = 0; s < init.size(); ++s) {
      for (double &value : init[s])
        value = std::round(std::ldexp(value, fixed.stateFraction[s]));
      scales.push_back({neurons.model.states[s].name, std::ldexp(1.0, -fixed.stateFraction[s])});
    }
    if (neurons.model.payload >= 0) {
      if (!chip.gradedSpikes)
        return neurons.folded.model.error(
            {.code = 5305, .message = "the model's events carry values, " + chip.name + "'s do not", .kind = ErrorKind::CannotRun});
      const double size = std::ldexp(1.0, -fixed.payloadFraction);
      payloads[neurons.op.getSymName().str()] = {size, fixed.payload};
      neurons.op.setValueScale(llvm::APFloat(size));
    }
    reportGeneric(neurons, how, fixed);
    fixed.lowered.program.name = neurons.model.name + "_int";
    setPopulation(neurons, fixed.lowered.program, fixed.lowered.params, init, scales);
    for (size_t p = 0; p < projections.size(); ++p) {
      reportProjection(projections[p], words[p], views[p]);
      RANVIER_CHECK(writeProjection(projections[p], words[p], /*dropReceptor=*/false));
      if (learned[p])
        RANVIER_CHECK(lowerLearned(neurons, *learned[p], how, receptors[p]));
      if (formed[p]) {
        const double unit = unitOf(how, receptors[p]);
        formed[p].setWeight(llvm::APFloat(std::floor(formed[p].getWeight().convertToDouble() / unit + 0.5)));
        formed[p].setUnit(llvm::APFloat(unit));
      }
    }
    return {};
  }

  /// Sums of inputs have no sign, and a synapse that comes or goes has one place.
  Result<void> rewiredSigns() {
    for (auto rewiring : network.getBody().getOps<snn::RewiringOp>()) {
      Operation *projection = SymbolTable::lookupSymbolIn(network, rewiring.getProjectionAttr());
      std::vector<double> weights = snn::readElements(projection->getAttr("weights")).value_or(std::vector<double>());
      weights.push_back(rewiring.getWeight().convertToDouble());
      if (const double least = *std::min_element(weights.begin(), weights.end()); least < 0)
        return located(rewiring, {.code = 5336,
                                  .message = "negative weights cannot be rewired with unsigned sums of inputs",
                                  .expected = "weights of at least 0",
                                  .found = decimal(least),
                                  .hint = "a projection of its own to an inhibitory receptor",
                                  .kind = ErrorKind::CannotRun});
    }
    return {};
  }

  /// A projection whose synapses learn, its rule read.
  struct Learned {
    snn::PlasticityOp op;
    Rule rule;
    std::vector<Values> params;
    double low = 0, high = 0; ///< Bounds of the weight.
  };
  Result<std::optional<Learned>> readLearned(snn::ProjectionOpInterface projection) {
    auto plasticity = snn::plasticityOf(projection);
    if (!plasticity)
      return std::optional<Learned>();
    auto op = dyn_cast_or_null<snn::RuleOp>(snn::lookupRule(plasticity));
    if (!op)
      return located(plasticity, {.code = 5714, .message = "the rule is lowered already, its population is not"});
    Learned out{.op = plasticity};
    RANVIER_TRY(out.rule, readRule(op));
    out.rule.body.user = plasticity.getSymName().str();
    RANVIER_TRY(out.params, parameterValues(plasticity, out.rule));
    RANVIER_TRY(const auto bounds, checkWeights(plasticity, out.rule, out.params));
    std::tie(out.low, out.high) = bounds;
    if (out.low < 0)
      return located(plasticity, {.code = 5336,
                                  .message = "weights that may become negative cannot be learned with unsigned sums of inputs",
                                  .expected = "a lower bound of at least 0",
                                  .found = decimal(out.low),
                                  .hint = "a projection of its own to an inhibitory receptor",
                                  .kind = ErrorKind::CannotRun});
    return std::optional(std::move(out));
  }

  /// What each target gets if all its synapses of the projection act at once with this weight.
  Result<Values> reachable(snn::ProjectionOpInterface projection, double weight) {
    RANVIER_TRY(const Synapses list, expandProjection(projection));
    Values sums(list.targetCount, 0.0);
    for (const uint32_t target : list.targets)
      sums[target] += weight;
    return std::move(sums);
  }

  Result<void> lowerLearned(Neurons &neurons, Learned &learned, const FixedOptions &how, size_t receptor) {
    int third = 0;
    for (size_t r = 0; learned.rule.third && r < neurons.model.inputs.size(); ++r)
      if (neurons.model.inputs[r].name == *learned.rule.third)
        third = how.inputFraction[r];
    RANVIER_TRY(const LoweredRule lowered, lowerRuleFixed(learned.rule, learned.params, network.getDt().convertToDouble(), chip,
                                                          how.inputFraction[receptor], third));
    setLearner(learned.op, learned.rule, lowered);
    return {};
  }

  static double unitOf(const FixedOptions &how, size_t r) { return std::ldexp(how.inputScale[r], -how.inputFraction[r]); }

  /// Exponents that a projection may use on a generic model.
  hw::Weights genericLimits(snn::ProjectionOpInterface projection) {
    hw::Weights limits = chip.weights;
    if (payloads.count(projection.getSourceAttr().getValue().str()))
      limits.minExponent = std::max(0, limits.minExponent); // a shift after the sum would need a wider one than a word
    return limits;
  }

  /// Weights for an accumulator with the given unit. Errors: RNV5303.
  Result<QuantisedWeights> genericWeights(snn::ProjectionOpInterface projection, const ProjectionView &view, double unit) {
    const WeightFormat format = weightFormat(view.weights, chip.weights, options.weightBits);
    if (chip.ringBuffers.bits) // the unit holds the largest weight
      return quantiseWeights(view.weights, format, unit, 0);
    std::optional<QuantisedWeights> words = bestWeights(view.weights, format, unit, genericLimits(projection));
    if (!words)
      return located(projection, {.code = 5303,
                                  .message = "the weights do not fit the target's exponents",
                                  .expected = "exponents up to " + std::to_string(chip.weights.maxExponent),
                                  .kind = ErrorKind::DoesNotFit});
    return std::move(*words);
  }

  double ringTop() const { return std::ldexp(1.0, static_cast<int>(chip.ringBuffers.bits)) - 1; }

  /// Unit of a ring buffer, clause S3: a power of two at which it holds an estimate of the largest sum of a step, for the neuron
  /// that hears most.
  void chooseShift(FixedOptions &how, size_t r, const Values &sums, const std::vector<ProjectionView> &views,
                   const std::vector<double> &heaviest, const std::vector<size_t> &receptors) {
    double largestWeight = 0;
    for (size_t p = 0; p < views.size(); ++p) {
      if (receptors[p] != r)
        continue;
      largestWeight = std::max(largestWeight, heaviest[p]);
      if (views[p].weights.empty())
        continue;
      RANVIER_ASSERT(smallest(views[p].weights) >= 0, "separateSigns leaves no weight below 0");
      largestWeight = std::max(largestWeight, largest(views[p].weights));
    }
    // Spikes of a step are a Poisson number; weights count with their squares, which their sum bounds.
    const double rate = chip.ringBuffers.spikesPerSecond * network.getDt().convertToDouble();
    double bound = largestWeight;
    for (const double sum : sums) // The second one keeps a sum of all synapses in the word in which the emulator adds them up.
      bound = std::max({bound, std::ldexp(sum, -14), rate * sum + chip.ringBuffers.sigma * std::sqrt(rate * sum * largestWeight)});
    const int bits = static_cast<int>(chip.ringBuffers.bits), fraction = static_cast<int>(chip.fractionBits);
    const int power = bound > 0 ? std::ilogb(bound) + 1 : fraction - bits; // 2^power > bound
    how.inputFraction[r] = std::min(bits - power, fraction);
  }

  /// Unit of an accumulator: of 64 scales in an octave the one with the least squared weight error, if it beats a binary unit by a
  /// tenth (a scale costs a product a step).
  void chooseUnit(FixedOptions &how, size_t r, double sums, const std::vector<snn::ProjectionOpInterface> &projections,
                  const std::vector<ProjectionView> &views, const std::vector<size_t> &receptors) {
    constexpr int candidates = 64;
    constexpr double worthwhile = 0.9;
    double largestWeight = 0;
    std::vector<std::pair<Values, hw::Weights>> samples;
    for (size_t p = 0; p < views.size(); ++p)
      if (receptors[p] == r) {
        samples.push_back({sampleOf(views[p].weights), genericLimits(projections[p])});
        for (double w : views[p].weights)
          largestWeight = std::max(largestWeight, std::fabs(w));
      }
    how.inputFraction[r] = inputFraction(sums, largestWeight);
    if (largestWeight == 0 || std::find(chip.forbiddenOps.begin(), chip.forbiddenOps.end(), "mulsh") != chip.forbiddenOps.end())
      return;
    double least = 0;
    for (int candidate = 0; candidate < candidates; ++candidate) {
      const double scale = std::exp2(double(candidate) / candidates);
      const int fraction = inputFraction(sums / scale, largestWeight / scale);
      double cost = 0;
      bool fits = true;
      for (const auto &[sample, limits] : samples) {
        const auto words =
            bestWeights(sample, weightFormat(sample, limits, options.weightBits), std::ldexp(scale, -fraction), limits);
        fits = fits && words.has_value();
        cost += words ? words->rms * words->rms * double(sample.size()) : 0;
      }
      if (candidate == 0)
        least = worthwhile * worthwhile * cost;
      else if (fits && cost < least) {
        least = cost;
        how.inputScale[r] = scale;
        how.inputFraction[r] = fraction;
      }
    }
  }

  /// Binary point of an accumulator: the finest at which the largest sum stays below 2^29 (rounded weights may double it) and the
  /// largest weight finds an exponent.
  int inputFraction(double sums, double largestWeight) const {
    constexpr int untouched = 30; // nothing ever arrives
    if (sums == 0)
      return untouched;
    const int byWord = 29 - static_cast<int>(std::ceil(std::log2(sums)));
    if (largestWeight == 0) // a bias alone
      return std::clamp(byWord, -30, 60);
    // The largest weight uses all its bits at exponent chip.weights.maxExponent at most; the sum stays in a word.
    const int byWeight =
        chip.weights.maxExponent + static_cast<int>(std::floor(std::log2(((1 << options.weightBits) - 1) / largestWeight)));
    return std::clamp(std::min(byWeight, byWord), -30, 60);
  }

  void reportGeneric(Neurons &neurons, const FixedOptions &how, const FixedModel &fixed) {
    PopulationReport entry{neurons.op.getSymName().str(), neurons.model.name, "fixed-point", {}, {}, {}};
    entry.numbers = {{"instructions", double(fixed.lowered.program.code.size())}, {"comparison_error", fixed.comparisonError}};
    for (size_t s = 0; s < neurons.model.states.size(); ++s)
      entry.formats.push_back({neurons.model.states[s].name, fixed.stateFraction[s], fixed.stateRange[s].low,
                               fixed.stateRange[s].high, fixed.stepError[s]});
    for (size_t r = 0; r < neurons.model.inputs.size(); ++r)
      entry.formats.push_back(
          {neurons.model.inputs[r].name, how.inputFraction[r], how.inputs[r].low, how.inputs[r].high, 0, how.inputScale[r]});
    if (neurons.model.payload >= 0)
      entry.formats.push_back({"payload", fixed.payloadFraction, fixed.payload.low, fixed.payload.high, 0});
    report.populations.push_back(std::move(entry));
  }

  ModuleOp module;
  snn::NetworkOp network;
  const hw::Chip &chip;
  const QuantizeOptions &options;
  Calibration calibration;
  QuantizationReport report;
  std::set<std::string> waiting, onPath;
  std::map<std::string, std::pair<double, Interval>> payloads; ///< By population: real size of a payload unit; real range.
};
} // namespace

Result<void> compiler::canLearn(snn::NetworkOp network, const hw::Chip &chip) {
  for (auto plasticity : network.getBody().getOps<snn::PlasticityOp>())
    if (!chip.plasticity.learns)
      return located(plasticity, {.code = 5331,
                                  .message = "synapses of " + chip.name + " do not learn",
                                  .expected = "a target with plasticity.learns, or a network without snn.plasticity",
                                  .found = "rule @" + plasticity.getRule().str(),
                                  .hint = "ranvier targets lists what each target cannot do",
                                  .kind = ErrorKind::CannotRun});
  for (auto rewiring : network.getBody().getOps<snn::RewiringOp>())
    if (!chip.plasticity.learns)
      return located(rewiring, {.code = 5338,
                                .message = "synapses of " + chip.name + " do not come and go",
                                .expected = "a target with plasticity.learns, or a network without snn.rewiring",
                                .found = "rule @" + rewiring.getRule().str(),
                                .hint = "ranvier targets lists what each target cannot do",
                                .kind = ErrorKind::CannotRun});
  return {};
}

unsigned compiler::defaultWeightBits(const hw::Chip &chip) {
  return chip.ringBuffers.bits ? chip.weights.maxBits : std::min(8u, chip.weights.maxBits);
}

Result<std::string> compiler::quantizeForTarget(ModuleOp module, const hw::Chip &chip, const QuantizeOptions &options,
                                                std::vector<std::string> *warnings) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  std::string text;
  if (chip.profile == isa::Profile::F32) {
    QuantizationReport report{chip.name, "float", 0, {}, {}};
    for (auto population : network.getBody().getOps<snn::PopulationOp>())
      report.populations.push_back({population.getSymName().str(), population.getModel().str(), "float", {}, {}, {}});
    RANVIER_CHECK(canLearn(network, chip));
    RANVIER_CHECK(lowerModelsF32(module));
    text = printReport(report);
  } else {
    RANVIER_TRY(QuantizationReport report, Quantizer(module, network, chip, options).run());
    text = printReport(report);
    if (warnings)
      for (std::string &warning : warningsOf(report))
        warnings->push_back(std::move(warning));
  }
  network.setTargetAttr(StringAttr::get(module.getContext(), chip.name));
  return text;
}

Result<void> compiler::canExecute(snn::PopulationOp population, const hw::Chip &chip) {
  if (!isa_and_nonnull<snn::ModelOp>(snn::lookupModel(population)))
    return {};
  auto network = population->getParentOfType<snn::NetworkOp>();
  RANVIER_TRY(Neurons neurons, readNeurons(population, network.getDt().convertToDouble()));
  if (chip.profile == isa::Profile::F32) {
    RANVIER_TRY(const Lowered lowered, lowerF32(neurons.folded, neurons.bias));
    return checkSlots(neurons.folded.model, chip, lowered.program);
  }
  if (chip.nativeCuba && neurons.analysis.form)
    return checkSlots(neurons.model, chip, hw::nativeCubaProgram(*chip.nativeCuba));
  if (!chip.programmable)
    return notNative(neurons, chip);
  if (neurons.model.payload >= 0 && !chip.gradedSpikes)
    return neurons.folded.model.error(
        {.code = 5305, .message = "the model's events carry values, " + chip.name + "'s do not", .kind = ErrorKind::CannotRun});
  RANVIER_CHECK(checkOperations(neurons.folded));
  // How many parameter words there are is known after conversion only.
  RANVIER_CHECK(checkSlots(neurons.folded.model, chip, neurons.model.states.size(), 0, neurons.model.inputs.size()));
  // Whether a range follows from the update does not depend on how much arrives.
  const auto ranges = deriveRanges(neurons.folded, std::vector<Interval>(neurons.model.inputs.size(), {-1, 1}), neurons.init);
  for (size_t s = 0; s < ranges.size(); ++s)
    if (!ranges[s])
      return rangeless(neurons.folded.model, s);
  return {};
}
