//===- ValidateMeta.cpp - Clauses M and P of the image format -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Validator.h"
#include <algorithm>
#include <bit>
#include <cmath>

namespace ranvier::image::detail {
namespace {
std::string number(double value) { return std::to_string(value); }
template <typename T>
std::string number(T value)
  requires std::is_integral_v<T>
{
  return std::to_string(value);
}
std::string nameOf(size_t index, const PopulationMeta &population) {
  return at("populations", index) + " '" + population.name.substr(0, 60) + "'";
}

Result<void> checkPrograms(const Image &image) {
  for (size_t i = 0; i < image.meta.programs.size(); ++i) {
    const isa::Program &program = image.meta.programs[i];
    const std::string place = at("programs", i);
    if (auto legal = isa::validate(program); !legal) {
      const Error &inner = legal.error();
      return broken(3011, "P1", place + ", " + inner.place,
                    "illegal program (RNV" + std::to_string(inner.code) + "): " + inner.message, inner.expected, inner.found);
    }
    if (program.profile != image.meta.profile)
      return broken(3011, "P2", place, "program of another profile than the image",
                    image.meta.profile == isa::Profile::Int ? "int" : "f32", program.profile == isa::Profile::Int ? "int" : "f32");
    for (size_t k = 0; k < program.code.size(); ++k) {
      const std::string mnemonic(isa::opcodeInfo(program.code[k].op).mnemonic);
      const auto &forbidden = image.chip.forbiddenOps;
      if (std::find(forbidden.begin(), forbidden.end(), mnemonic) != forbidden.end())
        return broken(3011, "P3", place + ", instruction " + number(k), "an instruction that the chip does not have",
                      "none of the chip's forbidden_ops", mnemonic);
    }
    if (isa::emitsPayload(program) && !image.chip.gradedSpikes)
      return broken(3011, "P4", place, "graded spikes on a chip without them", "no spkp", "spkp");
    if (const auto excess = image.chip.core.slotsBeyond(program.states.size(), program.params.size(), program.inputs.size()))
      return broken(3011, "P5", place, std::string("a neuron of the chip has fewer ") + excess->what,
                    "at most " + number(excess->limit), number(excess->found));
  }
  return {};
}

Result<void> checkShape(const PopulationMeta &population, const std::string &place) {
  if (population.count >= none)
    return broken(3010, "M3", place, "too many neurons in a population", "below " + number(none), number(population.count));
  uint64_t product = 1;
  for (const uint64_t extent : population.shape)
    product = extent && product > none / extent ? none : product * extent;
  if (!population.shape.empty() && product != population.count)
    return broken(3010, "M3", place, "the shape does not have as many neurons as the population", number(population.count),
                  number(product));
  return {};
}

Result<void> checkSource(const PopulationMeta &population, const std::string &place) {
  const auto wrong = [&](std::string expected, std::string found) {
    return broken(3010, "M6", place, "the source of an input is wrong", std::move(expected), std::move(found));
  };
  const bool poisson = population.source == "poisson", regular = population.source == "regular", list = population.source == "list";
  if (!population.source.empty() && !(population.input && (poisson || regular || list)))
    return wrong(population.input ? "poisson, regular, list or none" : "none, as the population is not an input",
                 "'" + population.source.substr(0, 60) + "'");
  const auto sizeIs = [&](size_t size, bool used) { return used ? size == 1 || size == population.count : size == 0; };
  if (!sizeIs(population.rates.size(), poisson) || !sizeIs(population.intervals.size(), regular) ||
      !sizeIs(population.phases.size(), regular) || (!list && !population.list.empty()))
    return wrong("1 or " + number(population.count) + " values for what the source uses, none for the rest",
                 number(population.rates.size()) + " rates, " + number(population.intervals.size()) + " intervals, " +
                     number(population.phases.size()) + " phases, " + number(population.list.size()) + " spikes");
  for (const double rate : population.rates)
    if (!(rate >= 0 && rate <= 1))
      return wrong("a probability per step from 0 to 1", number(rate));
  for (const uint32_t interval : population.intervals)
    if (interval == 0)
      return wrong("an interval of at least 1 step", "0");
  for (size_t i = 0; i < population.list.size(); ++i)
    if (population.list[i].second >= population.count || (i && population.list[i] < population.list[i - 1]))
      return wrong("spikes sorted by (step, neuron), neurons below " + number(population.count), "another at entry " + number(i));
  return {};
}

Result<void> checkPopulation(const Image &image, size_t index) {
  const Meta &meta = image.meta;
  const PopulationMeta &population = meta.populations[index];
  const std::string place = nameOf(index, population);
  RANVIER_CHECK(checkShape(population, place));
  if (population.input ? population.program != none : population.program >= meta.programs.size())
    return broken(3010, "M4", place, "the program of a population is wrong",
                  population.input ? "none, as it is an input" : "below " + number(meta.programs.size()),
                  number(population.program));
  RANVIER_CHECK(checkSource(population, place));
  if (population.level >= meta.populations.size() || (population.input && population.level != 0))
    return broken(3010, "M7", place, "the level of a population is wrong",
                  population.input ? "0, as it is an input" : "below " + number(meta.populations.size()), number(population.level));
  const uint64_t deepest = uint64_t(meta.populations.size()) * image.chip.minDelay;
  if (population.depth > deepest || (population.input && population.depth != 0))
    return broken(3010, "M7", place, "the depth of a population is wrong",
                  population.input ? "0, as it is an input" : "at most " + number(deepest), number(population.depth));
  const isa::Program unused;
  const isa::Program &program = population.input ? unused : meta.programs[population.program];
  for (const auto &[state, scale] : population.stateScale)
    if (!std::isfinite(scale) || std::find(program.states.begin(), program.states.end(), state) == program.states.end())
      return broken(3010, "M10", place, "the scale of a state is wrong", "a finite factor for a state of the program",
                    number(scale) + " for '" + state.substr(0, 60) + "'");
  if (population.stateNames.size() > program.states.size())
    return broken(3010, "M10", place, "more names than states", "at most " + number(program.states.size()),
                  number(population.stateNames.size()));
  for (size_t i = 0; i < population.stateNames.size(); ++i) {
    const auto &[state, name] = population.stateNames[i];
    const bool twice = std::any_of(population.stateNames.begin(), population.stateNames.begin() + static_cast<ptrdiff_t>(i),
                                   [&](const auto &other) { return other.first == state || other.second == name; });
    if (name.empty() || twice || std::find(program.states.begin(), program.states.end(), state) == program.states.end())
      return broken(3010, "M10", place, "the name of a state is wrong", "a name of its own for a state of the program",
                    "'" + name.substr(0, 60) + "' for '" + state.substr(0, 60) + "'");
  }
  if (!(std::isfinite(population.valueScale) && population.valueScale > 0))
    return broken(3010, "M10", place, "the scale of the values of spikes is wrong", "a finite factor above 0",
                  number(population.valueScale));
  for (const auto *slots : {&population.configParams, &population.thresholdParams})
    for (const uint32_t slot : *slots)
      if (slot >= program.params.size())
        return broken(3010, "M11", place, "no such parameter slot", "below " + number(program.params.size()), number(slot));
  return {};
}

Result<void> checkProjection(const Image &image, size_t index) {
  const Meta &meta = image.meta;
  const ProjectionMeta &projection = meta.projections[index];
  const std::string place = at("projections", index) + " '" + projection.name.substr(0, 60) + "'";
  const size_t populations = meta.populations.size();
  if (projection.source >= populations || projection.target >= populations || meta.populations[projection.target].input)
    return broken(3010, "M8", place, "the ends of a projection are wrong",
                  "populations below " + number(populations) + ", the target not an input",
                  number(projection.source) + " to " + number(projection.target));
  const isa::Program &program = meta.programs[meta.populations[projection.target].program];
  if (projection.receptor >= program.inputs.size())
    return broken(3010, "M8", place, "no such receptor at the target", "below " + number(program.inputs.size()),
                  number(projection.receptor));
  const hw::Weights &weights = image.chip.weights;
  const bool isInt = meta.profile == isa::Profile::Int;
  const int least = isInt ? weights.minExponent : 0, most = isInt ? weights.maxExponent : 0;
  if (projection.weightExponent < least || projection.weightExponent > most)
    return broken(3010, "M9", place, "weight exponent outside the chip's range", number(least) + ".." + number(most),
                  number(projection.weightExponent));
  const uint32_t bits = isInt ? weights.maxBits + 1 : 32;
  if (projection.weightBits > bits || projection.delayBits > 16 || projection.indexBits > 32)
    return broken(3010, "M9", place, "more bits than a synapse of the chip has",
                  "at most " + number(bits) + " of weight, 16 of delay, 32 of index",
                  number(projection.weightBits) + ", " + number(projection.delayBits) + ", " + number(projection.indexBits));
  return {};
}

/// How the weights of a connector become words, and whether they can be listed: clause M14.
Result<void> checkWords(const Image &image, size_t index) {
  const Meta &meta = image.meta;
  const ConnectorMeta &connector = meta.connectors[index];
  const ProjectionMeta &projection = meta.projections[connector.projection];
  const auto wrong = [&](std::string message, std::string expected, std::string found) {
    return broken(3010, "M14", at("connectors", index), std::move(message), std::move(expected), std::move(found));
  };
  if (meta.profile == isa::Profile::F32)
    return connector.unit == 0 ? Result<void>() : wrong("a unit of weights in binary32", "0", number(connector.unit));
  if (!std::isfinite(connector.unit) || (connector.unit != 0 && !std::isfinite(1 / connector.unit)))
    return wrong("the unit of a connector's weights is wrong", "0 or a finite number whose inverse is one", number(connector.unit));
  const double most = std::ldexp(1.0, static_cast<int>(std::clamp(projection.weightBits, 1u, 32u)) - 1);
  const double word = connector.weight.first;
  if (connector.unit == 0 &&
      (connector.weight.kind != Distribution::Kind::Constant || word != std::nearbyint(word) || !(word >= -most && word < most)))
    return wrong("the weight of a connector is no word", "one integer of the projection's weight bits, or a unit", number(word));
  constexpr uint64_t mostTargets = uint64_t(1) << 28;
  if (meta.populations[projection.target].count > mostTargets)
    return wrong("too many targets of a connector whose synapses are listed", "at most 2^28",
                 number(meta.populations[projection.target].count));
  const auto split = std::find_if(image.cores.begin(), image.cores.end(), [](const CoreRecord &core) { return core.feeds != 0; });
  if (split != image.cores.end())
    return wrong("a connector beside synapse cores, whose shares of the sources only in-axons tell", "listed synapses",
                 "a synapse core");
  return {};
}

Result<void> checkConnector(const Image &image, size_t index) {
  const Meta &meta = image.meta;
  const ConnectorMeta &connector = meta.connectors[index];
  const auto wrong = [&](std::string message, std::string expected, std::string found) {
    return broken(3010, "M13", at("connectors", index), std::move(message), std::move(expected), std::move(found));
  };
  if (!image.chip.storage.procedural)
    return wrong("synapses by rule on a chip that does not expand them", "none (storage.procedural)",
                 number(meta.connectors.size()));
  if (connector.projection >= meta.projections.size() || (index && connector.projection <= meta.connectors[index - 1].projection))
    return wrong("the projection of a connector is wrong",
                 "an existing one, after that of the connector before, below " + number(meta.projections.size()),
                 number(connector.projection));
  const Connector rule = connectorOf(meta, connector);
  if (std::string fault = rule.fault(); !fault.empty())
    return wrong("the rule of a connector is wrong", "numbers that the rule can have", fault);
  for (const auto &[shape, count] : {std::pair(&rule.sourceShape, rule.sources), std::pair(&rule.targetShape, rule.targets)})
    if (rule.rule == Rule::DistanceDependent && shape->empty() && count > 1)
      return wrong("distance_dependent between populations without shape", "positions", "none");
  constexpr double most = 0x1p36;
  const double tried = rule.rule == Rule::DistanceDependent ? static_cast<double>(rule.sources) * static_cast<double>(rule.targets)
                                                            : static_cast<double>(rule.items());
  if (rule.mostSynapses() > most || tried > most)
    return wrong("too many synapses in a connector", "at most 2^36", number(std::max(rule.mostSynapses(), tried)));
  if (std::string fault = connector.weight.fault(); !fault.empty())
    return wrong("the weights of a connector are wrong", "a number or a distribution", fault);
  if (std::max(std::fabs(connector.weight.least()), std::fabs(connector.weight.greatest())) > 0x1.fffffep127)
    return wrong("the weights of a connector are wrong", "finite numbers of binary32",
                 number(connector.weight.least()) + " to " + number(connector.weight.greatest()));
  RANVIER_CHECK(checkWords(image, index));
  if (std::string fault = connector.delay.fault(); !fault.empty())
    return wrong("the delays of a connector are wrong", "a number or a distribution", fault);
  const double least = std::max(1.0, static_cast<double>(image.chip.minDelay)), greatest = image.chip.maxDelay;
  if (connector.delay.least() < least - 0.5 || connector.delay.greatest() >= greatest + 0.5)
    return wrong("the delays of a connector are wrong", number(least) + " to " + number(greatest) + " steps",
                 number(connector.delay.least()) + " to " + number(connector.delay.greatest()));
  return {};
}

/// Clauses G1 to G4 and G6.
Result<void> checkLearning(const Image &image, size_t index) {
  const Meta &meta = image.meta;
  const LearningMeta &learning = meta.learning[index];
  const auto wrong = [&](const char *clause, std::string message, std::string expected, std::string found) {
    return broken(3010, clause, at("learning", index), std::move(message), std::move(expected), std::move(found));
  };
  if (!image.chip.plasticity.learns)
    return wrong("G1", "synapses that learn on a chip that does not", "none (plasticity.learns)", number(meta.learning.size()));
  if (learning.projection >= meta.projections.size() || (index && learning.projection <= meta.learning[index - 1].projection))
    return wrong("G2", "the projection is wrong",
                 "an existing one, after that of the entry before, below " + number(meta.projections.size()),
                 number(learning.projection));
  const ProjectionMeta &projection = meta.projections[learning.projection];
  if (!meta.connectors.empty() || projection.weightExponent != 0)
    return wrong("G2", "the projection cannot learn", "an image without connectors, and no exponent",
                 "'" + projection.name.substr(0, 60) + "'");
  if (std::string what = fault(learning, meta.programs); !what.empty())
    return wrong("G3", "the learner's programs do not fit it", "programs as docs/spec/plasticity.md has them", what);
  if (meta.profile == isa::Profile::F32 && learning.weightShift != 0)
    return wrong("G3", "a shift of weights in binary32", "0", number(learning.weightShift));
  const uint32_t program = meta.populations[projection.target].program;
  if (learning.third != none && learning.third >= meta.programs[program].inputs.size())
    return wrong("G4", "the third factor's receptor does not exist", "below " + number(meta.programs[program].inputs.size()),
                 number(learning.third));
  for (const RewiringMeta &rewiring : learning.rewiring) {
    const auto wrongWeight = [&] {
      if (meta.profile == isa::Profile::F32)
        return !std::isfinite(std::bit_cast<float>(rewiring.weight));
      const unsigned bits = std::clamp(projection.weightBits, 1u, 32u);
      return rewiring.weight >> (bits - 1) != 0 && rewiring.weight >> (bits - 1) != -1;
    };
    if (&rewiring != learning.rewiring.data())
      return wrong("G6", "a projection is rewired twice", "at most one rewiring", number(learning.rewiring.size()));
    if (std::string what = fault(rewiring, meta.populations[projection.source].count, meta.populations[projection.target].count,
                                 meta.profile == isa::Profile::F32);
        !what.empty())
      return wrong("G6", "the rewiring makes no sense", "one as docs/spec/structural-plasticity.md has it", what);
    if (wrongWeight())
      return wrong("G6", "the weight of a synapse that is formed is wrong", "a finite one of the projection's weight bits",
                   number(static_cast<uint32_t>(rewiring.weight)));
    if (rewiring.delay < std::max(1u, image.chip.minDelay) || rewiring.delay > image.chip.maxDelay)
      return wrong("G6", "the delay of a synapse that is formed is wrong",
                   number(std::max(1u, image.chip.minDelay)) + " to " + number(image.chip.maxDelay) + " steps",
                   number(rewiring.delay));
  }
  return {};
}

Result<void> checkProbe(const Image &image, size_t index) {
  const Meta &meta = image.meta;
  const ProbeMeta &probe = meta.probes[index];
  const std::string place = at("probes", index) + " '" + probe.name.substr(0, 60) + "'";
  if (probe.population >= meta.populations.size())
    return broken(3010, "M12", place, "no such population", "below " + number(meta.populations.size()), number(probe.population));
  const PopulationMeta &population = meta.populations[probe.population];
  const std::vector<std::string> none;
  const std::vector<std::string> &states = population.input ? none : meta.programs[population.program].states;
  for (const std::string &variable : probe.variables)
    if (variable != "spikes" && std::find(states.begin(), states.end(), variable) == states.end())
      return broken(3010, "M12", place, "a probe of something that the population does not have",
                    "spikes or a state of its program", "'" + variable.substr(0, 60) + "'");
  return {};
}

/// Clause L10.
Result<void> checkInputs(const Image &image) {
  uint64_t neurons = 0; // At most 2^26 populations below 2^32 neurons: clauses M2 and M3.
  for (const PopulationMeta &population : image.meta.populations)
    neurons += population.input ? population.count : 0;
  if (!image.chip.inputNeurons || neurons <= image.chip.inputNeurons)
    return {};
  Error error =
      broken(3023, "L10", "populations", "more input neurons than the host of '" + image.chip.name + "' can send spikes of",
             "at most " + number(image.chip.inputNeurons), number(neurons));
  error.kind = ErrorKind::DoesNotFit;
  return error;
}
} // namespace

Result<void> checkMeta(const Image &image) {
  const Meta &meta = image.meta;
  if (meta.profile != image.chip.profile || !(std::isfinite(meta.dt) && meta.dt > 0))
    return broken(3010, "M1", "meta", "profile or time step is wrong",
                  std::string(image.chip.profile == isa::Profile::Int ? "int" : "f32") + ", a time step above 0",
                  std::string(meta.profile == isa::Profile::Int ? "int" : "f32") + ", " + number(meta.dt) + " s");
  RANVIER_CHECK(checkPrograms(image));
  constexpr size_t maxPopulations = size_t(1) << 26; // clause Y1 numbers (population, receptor) with 32 bits
  if (meta.populations.size() > maxPopulations)
    return broken(3010, "M2", "populations", "too many populations", "at most " + number(maxPopulations),
                  number(meta.populations.size()));
  std::vector<std::string_view> names;
  for (const PopulationMeta &population : meta.populations)
    names.push_back(population.name);
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end());
      twice != names.end() || (!names.empty() && names[0].empty()))
    return broken(3010, "M2", "populations", "a population without a name of its own", "names, each once",
                  twice == names.end() ? "an empty name" : "'" + std::string(*twice).substr(0, 60) + "' twice");
  for (size_t i = 0; i < meta.populations.size(); ++i)
    RANVIER_CHECK(checkPopulation(image, i));
  for (size_t i = 0; i < meta.projections.size(); ++i)
    RANVIER_CHECK(checkProjection(image, i));
  RANVIER_CHECK(checkInputs(image));
  for (size_t i = 0; i < meta.probes.size(); ++i)
    RANVIER_CHECK(checkProbe(image, i));
  for (size_t i = 0; i < meta.connectors.size(); ++i)
    RANVIER_CHECK(checkConnector(image, i));
  for (size_t i = 0; i < meta.learning.size(); ++i)
    RANVIER_CHECK(checkLearning(image, i));
  return {};
}

} // namespace ranvier::image::detail
