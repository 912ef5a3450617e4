//===- Extract.cpp - The quantised network as plain data ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <cstring>
#include <map>
#include <set>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

/// What keeps a projection from being mapped by its rule alone; empty: it says without a list which pairs it joins, with which
/// weights, has one delay, and stays as it is.
static std::string whyNoRule(snn::ProjectionOpInterface op) {
  if (!llvm::isa<snn::ConnectOp, snn::DenseOp>(op.getOperation()))
    return op->getName().getStringRef().str() + ", which lists synapses";
  if (snn::rewiringOf(op))
    return "synapses that come and go, with a place for every pair";
  const Attribute delay = op.getDelayAttr();
  if (delay && (snn::isDistribution(delay) || llvm::isa<ElementsAttr>(delay)))
    return "delays of its own for every synapse";
  return snn::readElements(op->getAttr("weights")) ? "" : "weights that are drawn";
}
static bool isRule(snn::ProjectionOpInterface op) { return whyNoRule(op).empty(); }

namespace {
std::vector<std::string> strings(ArrayAttr array) {
  std::vector<std::string> out;
  for (auto text : array.getAsRange<StringAttr>())
    out.push_back(text.getValue().str());
  return out;
}

class Extractor {
public:
  Extractor(ModuleOp module, snn::NetworkOp network, const hw::Chip &chip) : module(module), network(network), chip(chip) {
    if (chip.nativeCuba)
      native = hw::nativeCubaProgram(*chip.nativeCuba);
  }

  Result<mapping::Network> run() {
    RANVIER_CHECK(nodes());
    learns = !network.getBody().getOps<snn::PlasticityOp>().empty() || !network.getBody().getOps<snn::RewiringOp>().empty();
    for (Operation &op : network.getBody().front())
      if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op))
        RANVIER_CHECK(synapses(projection));
    for (auto plasticity : network.getBody().getOps<snn::PlasticityOp>())
      RANVIER_CHECK(learning(plasticity));
    for (auto op : network.getBody().getOps<snn::RewiringOp>())
      RANVIER_CHECK(rewiring(op));
    std::sort(out.learning.begin(), out.learning.end(), [](const auto &a, const auto &b) { return a.projection < b.projection; });
    return std::move(out);
  }

  Result<mapping::RuleNetwork> runRules() {
    RANVIER_CHECK(nodes());
    mapping::RuleNetwork made;
    for (Operation &op : network.getBody().front())
      if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op)) {
        RANVIER_TRY(mapping::ProjectionRule next, rule(projection));
        made.rules.push_back(std::move(next));
      }
    made.nodes = std::move(out);
    return made;
  }

private:
  Result<void> nodes() {
    out.name = network.getSymName().str();
    out.dt = network.getDt().convertToDouble();
    out.profile = chip.profile;
    out.seed = static_cast<uint64_t>(network.getSeed());
    if (auto semantics = network.getSemantics())
      out.semantics = semantics->str();
    for (Operation &op : network.getBody().front())
      if (llvm::isa<snn::NodeOpInterface>(op))
        RANVIER_CHECK(node(&op));
    for (auto output : network.getBody().getOps<snn::OutputOp>())
      out.populations[indexOf[output.getSource().str()]].output = true;
    for (auto probe : network.getBody().getOps<snn::ProbeOp>())
      out.probes.push_back({probe.getSymName().str(), indexOf[probe.getNode().str()], strings(probe.getVariables())});
    setStreams();
    return {};
  }

  static uint32_t hashOf(StringRef name) {
    uint32_t hash = 2166136261u;
    for (unsigned char letter : name)
      hash = (hash ^ letter) * 16777619u;
    return hash;
  }

  /// Every population draws from a stream of its own: a hash of its name (FNV-1a) is added to the seed's high word. A name stays
  /// what it is when a pass removes or adds other ops, a position would not. Of two names with one hash the later takes the next
  /// free number.
  void setStreams() {
    std::set<uint32_t> taken;
    for (mapping::Population &population : out.populations) {
      uint32_t hash = hashOf(population.name);
      while (!taken.insert(hash).second)
        ++hash;
      if (population.source.empty())
        population.seed = out.seed + (static_cast<uint64_t>(hash) << 32);
    }
  }

  /// A value to a word of the target's profile.
  Result<int32_t> word(double value, Operation *op, const std::string &what) {
    int32_t bits = 0;
    if (chip.profile == isa::Profile::F32) {
      const float narrow = static_cast<float>(value);
      if (!std::isfinite(narrow))
        return located(op, {.code = 5715,
                            .message = what + " is not finite in binary32",
                            .expected = "finite numbers of magnitude up to 3.4e38",
                            .found = std::to_string(value)});
      std::memcpy(&bits, &narrow, sizeof bits);
      return bits;
    }
    if (value != std::nearbyint(value) || value < INT32_MIN || value > INT32_MAX)
      return located(op, {.code = 5715, .message = what + " is no 32-bit integer", .found = std::to_string(value)});
    return static_cast<int32_t>(value);
  }

  Result<mapping::Words> words(Attribute attribute, uint64_t count, Operation *op, const std::string &what) {
    auto numbers = snn::readElements(attribute);
    if (!numbers)
      numbers = snn::drawValues(attribute, count);
    if (!numbers || numbers->empty())
      return located(op, {.code = 5715, .message = what + " is no list of numbers of the right length"});
    mapping::Words result;
    const bool same =
        llvm::all_of(*numbers, [&](double v) { return v == (*numbers)[0] && std::signbit(v) == std::signbit((*numbers)[0]); });
    for (double value : *numbers) {
      RANVIER_TRY(int32_t bits, word(value, op, what));
      result.push_back(bits);
      if (same)
        break;
    }
    return result;
  }

  Result<int32_t> program(snn::PopulationOp population) {
    auto op = llvm::dyn_cast_or_null<snn::ProgramOp>(snn::lookupModel(population));
    if (!op)
      return located(population, {.code = 5714,
                                  .message = "the population has no microprogram yet",
                                  .expected = "an snn.program",
                                  .found = "@" + population.getModel().str()});
    RANVIER_TRY(const int32_t index, program(op));
    const isa::Program &lowered = out.programs[index];
    if (const auto excess = chip.core.slotsBeyond(lowered.states.size(), lowered.params.size(), lowered.inputs.size()))
      return located(op, {.code = 5106,
                          .message = "the program of population @" + population.getSymName().str() + " has more " + excess->what +
                                     " than a neuron of " + chip.name,
                          .expected = "at most " + std::to_string(excess->limit),
                          .found = std::to_string(excess->found),
                          .hint = "choose another target, or a smaller model",
                          .kind = ErrorKind::DoesNotFit});
    return index;
  }

  Result<int32_t> program(snn::ProgramOp op) {
    if (auto known = programs.find(op.getSymName()); known != programs.end())
      return known->second;
    isa::Program lowered;
    lowered.name = op.getSymName().str();
    lowered.profile = op.getProfile() == "f32" ? isa::Profile::F32 : isa::Profile::Int;
    lowered.states = strings(op.getStates());
    lowered.params = strings(op.getParams());
    lowered.inputs = strings(op.getInputs());
    if (auto tables = op.getTables())
      for (auto table : tables->getAsRange<DenseI32ArrayAttr>())
        lowered.tables.emplace_back(table.asArrayRef().begin(), table.asArrayRef().end());
    for (const std::string &line : strings(op.getCode())) {
      auto instruction = isa::assemble(lowered, line);
      if (!instruction)
        return located(op, instruction.error());
      lowered.code.push_back(*instruction);
    }
    if (lowered.profile != chip.profile)
      return located(op, {.code = 5714,
                          .message = "the program is for another kind of target",
                          .expected = chip.profile == isa::Profile::F32 ? "profile f32" : "profile int",
                          .found = "profile " + op.getProfile().str()});
    for (const isa::Instruction &instruction : lowered.code) {
      const std::string mnemonic(isa::opcodeInfo(instruction.op).mnemonic);
      if (llvm::is_contained(chip.forbiddenOps, mnemonic))
        return located(op, {.code = 5405,
                            .message = "the program needs the instruction '" + mnemonic + "', which " + chip.name + " lacks",
                            .kind = ErrorKind::CannotRun});
    }
    if (isa::emitsPayload(lowered) && !chip.gradedSpikes)
      return located(
          op,
          {.code = 5305, .message = "the program's events carry values, " + chip.name + "'s do not", .kind = ErrorKind::CannotRun});
    out.programs.push_back(std::move(lowered));
    return programs[op.getSymName()] = static_cast<int32_t>(out.programs.size() - 1);
  }

  Result<void> node(Operation *op) {
    auto interface = cast<snn::NodeOpInterface>(op);
    mapping::Population population;
    population.name = interface.getNodeName().str();
    population.shape.assign(interface.getNodeShape().begin(), interface.getNodeShape().end());
    population.count = static_cast<uint64_t>(interface.getNodeCount());
    indexOf[population.name] = static_cast<uint32_t>(out.populations.size());
    if (auto input = dyn_cast<snn::InputOp>(op)) {
      population.input = true;
      if (auto source = input.getSourceAttr())
        setSource(population, source);
    } else if (auto neurons = dyn_cast<snn::PopulationOp>(op)) {
      RANVIER_TRY(population.program, program(neurons));
      const isa::Program &code = out.programs[population.program];
      RANVIER_TRY(population.params, slots(neurons, code.params, neurons.getParams(), population.count, "parameter"));
      RANVIER_TRY(population.init, slots(neurons, code.states, neurons.getInit(), population.count, "initial value"));
      population.depth = static_cast<uint32_t>(neurons.getDepth());
      if (auto scale = neurons.getScale())
        for (const std::string &state : code.states)
          if (auto value = scale->getAs<FloatAttr>(state))
            population.stateScale.push_back({state, value.getValueAsDouble()});
      if (auto names = neurons.getStateNames())
        for (const std::string &state : code.states)
          if (auto name = names->getAs<StringAttr>(state))
            population.stateNames.push_back({state, name.str()});
      if (const auto size = neurons.getValueScale())
        population.valueScale = size->convertToDouble();
      if (native && code.code == native->code) {
        population.configParams = {hw::NativeDu, hw::NativeDv};
        population.thresholdParams = {hw::NativeVth};
      }
    } else {
      return located(op, {.code = 5714, .message = "a junction is left over", .expected = "populations and inputs only"});
    }
    out.populations.push_back(std::move(population));
    return {};
  }

  Result<std::vector<mapping::Words>> slots(snn::PopulationOp op, const std::vector<std::string> &names, DictionaryAttr values,
                                            uint64_t count, const std::string &kind) {
    std::vector<mapping::Words> result;
    for (const std::string &name : names) {
      Attribute value = values.get(name);
      if (!value && kind != "parameter")
        result.push_back({0});
      else if (!value)
        return located(op, {.code = 5714, .message = kind + " '" + name + "' of the program has no value"});
      else {
        RANVIER_TRY(mapping::Words numbers, words(value, count, op, kind + " '" + name + "'"));
        result.push_back(std::move(numbers));
      }
    }
    return result;
  }

  void setSource(mapping::Population &population, Attribute source) {
    if (auto poisson = dyn_cast<snn::PoissonAttr>(source)) {
      population.source = "poisson";
      for (double rate : poisson.getRates().asArrayRef())
        population.rates.push_back(-std::expm1(-rate * out.dt));
      population.seed = poisson.getSeed();
    } else if (auto regular = dyn_cast<snn::RegularAttr>(source)) {
      population.source = "regular";
      population.intervals.assign(regular.getIntervals().asArrayRef().begin(), regular.getIntervals().asArrayRef().end());
      population.phases.assign(regular.getPhases().asArrayRef().begin(), regular.getPhases().asArrayRef().end());
    } else if (auto list = dyn_cast<snn::SpikeListAttr>(source)) {
      population.source = "list";
      for (auto [step, neuron] : llvm::zip(list.getSteps().asArrayRef(), list.getNeurons().asArrayRef()))
        population.list.push_back({static_cast<uint32_t>(step), static_cast<uint32_t>(neuron)});
      std::sort(population.list.begin(), population.list.end());
    }
  }

  /// What lists and rules have in common: name, ends, receptor and format.
  template <typename P> Result<P> header(snn::ProjectionOpInterface op) {
    if (op.getBiasOrNull())
      return located(op, {.code = 5716, .message = "the bias was not folded into the population"});
    P projection;
    projection.name = cast<SymbolOpInterface>(op.getOperation()).getName().str();
    projection.source = indexOf[op.getSourceAttr().getValue().str()];
    projection.target = indexOf[op.getTargetAttr().getValue().str()];
    projection.weightExponent = static_cast<int32_t>(op.getExponentOrZero());
    if (auto bits = op->getAttrOfType<IntegerAttr>("weight_bits"))
      projection.weightBits = static_cast<unsigned>(bits.getInt());
    else
      projection.weightBits = chip.profile == isa::Profile::F32 ? 32 : chip.weights.maxBits + 1;
    if constexpr (requires { projection.kernelWeights; })
      if (isa<snn::Conv2dOp, snn::Conv1dOp>(op.getOperation()))
        if (auto weights = dyn_cast_or_null<ElementsAttr>(op->getAttr("weights")))
          projection.kernelWeights = static_cast<uint32_t>(weights.getNumElements());
    const mapping::Population &target = out.populations[projection.target];
    if (target.program < 0)
      return located(op, {.code = 5714, .message = "an input cannot receive spikes", .found = "@" + target.name});
    const auto &inputs = out.programs[target.program].inputs;
    if (StringAttr receptor = op.getReceptorAttr()) {
      const auto at = std::find(inputs.begin(), inputs.end(), receptor.getValue().str());
      if (at == inputs.end())
        return located(op,
                       {.code = 5714, .message = "the target's program has no such receptor", .found = receptor.getValue().str()});
      projection.receptor = static_cast<uint32_t>(at - inputs.begin());
    }
    return projection;
  }

  Result<void> checkDelay(Operation *op, uint32_t delay) {
    if (delay > chip.maxDelay || delay < chip.minDelay)
      return located(op, {.code = 5712,
                          .message = "a delay is outside the target's range",
                          .expected = std::to_string(chip.minDelay) + ".." + std::to_string(chip.maxDelay) + " steps",
                          .found = std::to_string(delay),
                          .kind = ErrorKind::DoesNotFit});
    return {};
  }

  /// A number or a distribution as one; nothing for elements.
  static std::optional<Distribution> drawnFrom(Attribute attribute) {
    if (snn::isDistribution(attribute))
      return snn::distributionOf(attribute);
    const auto numbers = snn::readElements(attribute);
    if (!numbers || numbers->size() != 1)
      return std::nullopt;
    return Distribution{.first = (*numbers)[0]};
  }

  /// The projection as a rule that whoever loads the image expands; nothing where the chip takes lists only, where the op is no
  /// connector or lists weights or delays, and where a delay may be 0 (such synapses need in-axons of their own) or the rule cannot
  /// be satisfied (listing it says why).
  std::optional<image::ConnectorMeta> proceduralRule(snn::ProjectionOpInterface op) {
    auto connection = dyn_cast<snn::ConnectOp>(op.getOperation());
    if (!connection || !chip.storage.procedural || learns)
      return std::nullopt;
    const Attribute delay = op.getDelayAttr();
    const auto weight = drawnFrom(connection.getWeights()), steps = delay ? drawnFrom(delay) : std::nullopt;
    if (!weight || !steps || image::delaySteps(steps->least()) == 0)
      return std::nullopt;
    const std::optional<double> unit = weightUnit(op);
    const bool isInt = chip.profile == isa::Profile::Int;
    if (isInt ? (weight->kind == Distribution::Kind::Constant) == unit.has_value() : unit.has_value())
      return std::nullopt;
    const ConnectRule rule = connectRule(connection);
    const auto known = image::ruleNamed(rule.rule);
    if (!known)
      return std::nullopt;
    image::ConnectorMeta made;
    made.rule = *known;
    made.probability = rule.probability;
    made.scale = *known == image::Rule::DistanceDependent ? rule.scale : 1;
    made.number = rule.number;
    made.seed = rule.seed;
    made.autapses = rule.autapses;
    made.weight = *weight;
    made.delay = *steps;
    made.unit = unit.value_or(0);
    const auto ends = [&](FlatSymbolRefAttr name) -> const mapping::Population & {
      return out.populations[indexOf[name.getValue().str()]];
    };
    const mapping::Population &source = ends(op.getSourceAttr()), &target = ends(op.getTargetAttr());
    image::Connector connector{.rule = *known,
                               .probability = made.probability,
                               .scale = made.scale,
                               .number = made.number,
                               .seed = made.seed,
                               .skipsSelf = !made.autapses && rule.samePopulation,
                               .sources = source.count,
                               .targets = target.count,
                               .sourceShape = source.shape,
                               .targetShape = target.shape};
    const bool takes = connector.fault().empty() && made.weight.fault().empty() && made.delay.fault().empty() &&
                       connector.mostSynapses() <= 0x1p36 &&
                       (*known != image::Rule::DistanceDependent ||
                        static_cast<double>(source.count) * static_cast<double>(target.count) <= 0x1p36);
    return takes ? std::optional(std::move(made)) : std::nullopt;
  }

  Result<void> synapses(snn::ProjectionOpInterface op) {
    RANVIER_TRY(mapping::Projection projection, header<mapping::Projection>(op));
    auto rule = proceduralRule(op);
    if (rule && chip.profile == isa::Profile::F32) {
      RANVIER_CHECK(checkDelay(op, image::delaySteps(rule->delay.least())));
      RANVIER_CHECK(checkDelay(op, image::delaySteps(rule->delay.greatest())));
      for (const double bound : {rule->weight.least(), rule->weight.greatest()})
        if (auto bits = word(bound, op, "a weight"); !bits)
          return bits.error();
      projection.rowPtr.assign(out.populations[projection.source].count + 1, 0);
      projection.delays.assign(1, 1);
      projection.connector = std::move(rule);
      out.projections.push_back(std::move(projection));
      return {};
    }
    RANVIER_TRY(Synapses list, expandProjection(op));
    projection.dense = list.dense;
    projection.weights.reserve(list.size());
    for (uint64_t k = 0; k < list.size(); ++k) {
      RANVIER_TRY(int32_t bits, word(list.weight(k), op, "a weight"));
      projection.weights.push_back(bits);
    }
    projection.delays.assign(list.delays.begin(), list.delays.end());
    for (uint32_t delay : list.size() ? list.delays : std::vector<uint32_t>()) // Without synapses no delay is stored.
      RANVIER_CHECK(checkDelay(op, delay));
    projection.rowPtr = std::move(list.rowPtr);
    projection.targets = std::move(list.targets);
    projection.connector = std::move(rule);
    if (auto rewired = snn::rewiringOf(op))
      RANVIER_CHECK(fillPlaces(rewired, projection));
    out.projections.push_back(std::move(projection));
    return {};
  }

  /// How the synapses of a projection learn.
  Result<void> learning(snn::PlasticityOp op) {
    auto learner = llvm::dyn_cast_or_null<snn::LearnerOp>(snn::lookupRule(op));
    if (!learner)
      return located(op, {.code = 5714,
                          .message = "the plasticity has no microprograms yet",
                          .expected = "an snn.learner",
                          .found = "@" + op.getRule().str()});
    mapping::Learning made;
    while (made.projection < out.projections.size() && out.projections[made.projection].name != op.getProjection())
      ++made.projection;
    const mapping::Projection &projection = out.projections[made.projection];
    made.backprop = op.getBackprop();
    made.weightShift = static_cast<uint32_t>(learner.getWeightShift());
    made.weightScale = learner.getWeightScale().convertToDouble();
    if (!chip.plasticity.learns)
      return located(op, {.code = 5331, .message = chip.name + " does not learn", .kind = ErrorKind::CannotRun});
    if (!projection.delays.empty() && *std::min_element(projection.delays.begin(), projection.delays.end()) == 0)
      return located(op, {.code = 5337,
                          .message = "a synapse that learns has no delay",
                          .expected = "delays of at least 1 step on @" + projection.name,
                          .found = "0"});
    if (const auto third = learner.getThird()) {
      const auto &inputs = out.programs[out.populations[projection.target].program].inputs;
      made.third = static_cast<uint32_t>(std::find(inputs.begin(), inputs.end(), third->str()) - inputs.begin());
    }
    made.params.resize(2 * image::numLearningEnds);
    made.init.resize(1 + image::numLearningEnds);
    for (const char *name : {"on_pre", "on_post", "on_third", "trace_pre", "trace_post", "trace_third"}) {
      const size_t p = made.programs.size();
      made.programs.push_back(image::absent);
      const auto ref = learner.getPrograms().getAs<FlatSymbolRefAttr>(name);
      if (!ref)
        continue;
      auto code = llvm::dyn_cast_or_null<snn::ProgramOp>(SymbolTable::lookupSymbolIn(module, ref));
      if (!code)
        return located(learner,
                       {.code = 5714, .message = "a program of the learner does not exist", .found = "@" + ref.getValue().str()});
      RANVIER_TRY(const int32_t index, program(code));
      made.programs[p] = static_cast<uint32_t>(index);
      const isa::Program &lowered = out.programs[index];
      RANVIER_TRY(made.params[p], numbers(learner, learner.getParams().getAs<DictionaryAttr>(name), lowered.params, 0));
      std::vector<int32_t> &init = made.init[p < image::numLearningEnds ? 0 : 1 + p - image::numLearningEnds];
      RANVIER_TRY(init, numbers(learner, learner.getInit(), lowered.states, p < image::numLearningEnds ? 1 : 0));
    }
    if (std::string what = image::fault(made, out.programs); !what.empty())
      return located(learner, {.code = 5714, .message = "the learner's programs do not fit it", .found = what});
    out.learning.push_back(std::move(made));
    return {};
  }

  /// Lists every pair of a projection that is rewired: those without a synapse with the weight and delay of one that is formed.
  Result<void> fillPlaces(snn::RewiringOp op, mapping::Projection &projection) {
    constexpr uint64_t mostPairs = uint64_t(1) << 24;
    const uint64_t sources = out.populations[projection.source].count, targets = out.populations[projection.target].count;
    const auto wrong = [&](unsigned code, std::string message, std::string expected, std::string found) {
      return located(op, {.code = code, .message = std::move(message), .expected = std::move(expected), .found = std::move(found)});
    };
    if (sources * targets > mostPairs)
      return wrong(5340, "a projection that is rewired has a place for each pair, and these are too many",
                   "at most " + std::to_string(mostPairs) + " pairs", std::to_string(sources * targets));
    RANVIER_CHECK(checkDelay(op, static_cast<uint32_t>(op.getDelay())));
    RANVIER_TRY(const int32_t weight, word(op.getWeight().convertToDouble(), op, "the weight of a synapse that is formed"));
    mapping::Projection whole = projection;
    whole.dense = false;
    whole.rowPtr.assign(1, 0);
    whole.targets.clear();
    whole.weights.assign(sources * targets, weight);
    whole.delays.assign(sources * targets, static_cast<uint16_t>(op.getDelay()));
    std::vector<uint64_t> &pairs = joined[projection.name];
    std::vector<uint32_t> fanIn(targets, 0);
    for (uint64_t source = 0; source < sources; ++source) {
      for (uint32_t target = 0; target < targets; ++target)
        whole.targets.push_back(target);
      whole.rowPtr.push_back(whole.targets.size());
      for (uint64_t k = projection.rowPtr[source]; k < projection.rowPtr[source + 1]; ++k) {
        const uint64_t pair = source * targets + projection.targets[k];
        if (!pairs.empty() && pairs.back() == pair)
          return wrong(5341, "a pair of a projection that is rewired has several synapses", "at most one",
                       "neuron " + std::to_string(source) + " to " + std::to_string(projection.targets[k]));
        if (projection.delay(k) == 0)
          return wrong(5337, "a synapse that may be eliminated has no delay", "delays of at least 1 step on @" + projection.name,
                       "0");
        pairs.push_back(pair);
        whole.weights[pair] = projection.weights[k];
        whole.delays[pair] = static_cast<uint16_t>(projection.delay(k));
        ++fanIn[projection.targets[k]];
      }
    }
    const auto fullest = std::max_element(fanIn.begin(), fanIn.end());
    if (*fullest > op.getMost())
      return wrong(5342, "a neuron has more synapses at the start than places", "most " + std::to_string(*fullest) + " or greater",
                   "most " + std::to_string(op.getMost()) + ", neuron " + std::to_string(fullest - fanIn.begin()) + " of @" +
                       out.populations[projection.target].name);
    if (std::all_of(whole.delays.begin(), whole.delays.end(), [&](uint16_t delay) { return delay == whole.delays[0]; }))
      whole.delays.resize(1);
    projection = std::move(whole);
    return {};
  }

  /// How the synapses of a projection come and go.
  Result<void> rewiring(snn::RewiringOp op) {
    uint32_t index = 0;
    while (index < out.projections.size() && out.projections[index].name != op.getProjection())
      ++index;
    auto entry = std::find_if(out.learning.begin(), out.learning.end(), [&](const auto &each) { return each.projection == index; });
    const double unit = op.getUnit() ? op.getUnit()->convertToDouble() : 1.0;
    if (entry == out.learning.end()) {
      mapping::Learning still{.projection = index, .weightScale = unit};
      still.programs.assign(2 * image::numLearningEnds, image::absent);
      still.params.resize(2 * image::numLearningEnds);
      still.init.resize(1 + image::numLearningEnds);
      out.learning.push_back(std::move(still));
      entry = out.learning.end() - 1;
    }
    image::RewiringMeta made;
    made.last = op.getPartner() == "last";
    for (const int64_t extent : op.getGrid())
      made.grid.push_back(static_cast<uint32_t>(extent));
    made.attempts = static_cast<uint32_t>(op.getAttempts());
    made.every = static_cast<uint32_t>(op.getEvery());
    made.most = static_cast<uint32_t>(op.getMost());
    made.delay = static_cast<uint32_t>(op.getDelay());
    RANVIER_TRY(made.weight, word(op.getWeight().convertToDouble(), op, "the weight of a synapse that is formed"));
    made.seed = out.seed + static_cast<uint64_t>(op.getSeed()) + (static_cast<uint64_t>(hashOf(op.getSymName())) << 32);
    made.joined = joined[op.getProjection().str()];
    RANVIER_TRY(const RewiringRule rule, readRewiringRule(op));
    RANVIER_CHECK(tabulate(rule, parameterValues(op, rule), out.dt, chip.profile == isa::Profile::F32 ? 0.0 : unit, made));
    entry->rewiring.push_back(std::move(made));
    return {};
  }

  /// Words of a learner's values for names[from...].
  Result<std::vector<int32_t>> numbers(Operation *op, DictionaryAttr values, const std::vector<std::string> &names, size_t from) {
    std::vector<int32_t> out;
    for (size_t n = from; n < names.size(); ++n) {
      const Attribute value = values ? values.get(names[n]) : Attribute();
      const auto number = value ? snn::readElements(value) : std::nullopt;
      if (!number)
        return located(op, {.code = 5714, .message = "'" + names[n] + "' of the learner has no value"});
      RANVIER_TRY(const int32_t bits, word((*number)[0], op, "'" + names[n] + "'"));
      out.push_back(bits);
    }
    return out;
  }

  Result<mapping::ProjectionRule> rule(snn::ProjectionOpInterface op) {
    if (!isRule(op))
      return located(op, {.code = 8090,
                          .message = "the network cannot be mapped by rules because of this projection",
                          .expected = "snn.connect or snn.dense with given weights and one delay",
                          .found = whyNoRule(op),
                          .hint = "leave --form to the tool, or choose --form synapses"});
    RANVIER_TRY(mapping::ProjectionRule made, header<mapping::ProjectionRule>(op));
    using Kind = mapping::ProjectionRule::Kind;
    if (auto connection = dyn_cast<snn::ConnectOp>(op.getOperation())) {
      const ConnectRule rule = connectRule(connection);
      const std::map<std::string, Kind> kinds = {{"one_to_one", Kind::OneToOne},
                                                 {"all_to_all", Kind::AllToAll},
                                                 {"fixed_in_degree", Kind::FixedInDegree},
                                                 {"fixed_probability", Kind::FixedProbability},
                                                 {"fixed_total_number", Kind::FixedTotalNumber},
                                                 {"distance_dependent", Kind::DistanceDependent}};
      const auto kind = kinds.find(rule.rule);
      if (kind == kinds.end())
        return located(op, {.code = 5701, .message = "unknown connection rule", .found = "'" + rule.rule + "'"});
      made.kind = kind->second;
      made.number = rule.number;
      made.probability = rule.probability;
      made.skipsSelf = !rule.autapses && rule.samePopulation;
    }
    made.weights.clear();
    const std::vector<double> weights = *snn::readElements(op->getAttr("weights"));
    for (double weight : weights) {
      RANVIER_TRY(int32_t bits, word(weight, op, "a weight"));
      made.weights.push_back(bits);
    }
    const auto delay = op.getDelayAttr() ? snn::readElements(op.getDelayAttr()) : std::nullopt;
    const uint32_t steps = delay ? static_cast<uint32_t>(std::max<int64_t>(0, std::llround((*delay)[0]))) : 0;
    RANVIER_CHECK(checkDelay(op, steps));
    made.delay = static_cast<uint16_t>(steps);
    return made;
  }

  ModuleOp module;
  snn::NetworkOp network;
  const hw::Chip &chip;
  std::optional<isa::Program> native;
  /// Some synapses learn: all are listed, because the emulator keeps a core's drawn synapses in a form that cannot change.
  bool learns = false;
  mapping::Network out;
  std::map<std::string, uint32_t> indexOf;
  std::map<std::string, std::vector<uint64_t>> joined; ///< By projection that is rewired: pairs with a synapse at the start.
  std::map<llvm::StringRef, int32_t> programs;
};
} // namespace

Result<mapping::Network> compiler::extractNetwork(ModuleOp module, const hw::Chip &chip) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  return Extractor(module, network, chip).run();
}

Result<mapping::RuleNetwork> compiler::extractRules(ModuleOp module, const hw::Chip &chip) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  return Extractor(module, network, chip).runRules();
}

Result<RuleCensus> compiler::ruleCensus(ModuleOp module) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  RuleCensus census;
  for (Operation &op : network.getBody().front()) {
    auto projection = dyn_cast<snn::ProjectionOpInterface>(op);
    if (!projection)
      continue;
    if (!isRule(projection) && census.listed.empty())
      census.listed = cast<SymbolOpInterface>(op).getName().str();
    auto connection = dyn_cast<snn::ConnectOp>(op);
    if (!connection)
      continue;
    ++census.connectors;
    const ConnectRule rule = connectRule(connection);
    const double sources = static_cast<double>(snn::lookupNode(projection, projection.getSourceAttr()).getNodeCount());
    const double targets = static_cast<double>(snn::lookupNode(projection, projection.getTargetAttr()).getNodeCount());
    census.synapses += rule.rule == "all_to_all"           ? sources * targets
                       : rule.rule == "fixed_in_degree"    ? static_cast<double>(rule.number) * targets
                       : rule.rule == "fixed_total_number" ? static_cast<double>(rule.number)
                       : rule.rule == "one_to_one"         ? targets
                                                           : rule.probability * sources * targets;
  }
  return census;
}
