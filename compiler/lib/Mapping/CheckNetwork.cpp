//===- CheckNetwork.cpp - A network's tables fit together -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything after this indexes without asking. Levels are computed here too, because they are the last property that a network can
// lack by itself.
//===----------------------------------------------------------------------===//
#include "Shared.h"
#include "ranvier/Image/WeightRange.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;

static Error inconsistent(const std::string &place, const std::string &message, const std::string &expected,
                          const std::string &found) {
  return Error{.code = 6002, .message = message, .place = place, .expected = expected, .found = found};
}

static Result<void> checkWords(const Population &population, const std::vector<Words> &words, size_t slots, const char *what) {
  const std::string place = "population '" + population.name + "'";
  if (words.size() != slots)
    return inconsistent(place, std::string("wrong number of ") + what, std::to_string(slots), std::to_string(words.size()));
  for (size_t slot = 0; slot < slots; ++slot)
    if (words[slot].size() != 1 && words[slot].size() != population.count)
      return inconsistent(place, std::string(what) + " slot " + std::to_string(slot) + " has the wrong size",
                          "1 or " + std::to_string(population.count) + " words", std::to_string(words[slot].size()));
  return {};
}

static Result<void> checkPopulation(const Network &network, const Population &population) {
  const std::string place = "population '" + population.name + "'";
  if (population.count == 0 || population.count > INT32_MAX)
    return inconsistent(place, "bad neuron count", "1..2147483647", std::to_string(population.count));
  if (population.input != (population.program < 0))
    return inconsistent(place, "inputs have no program and all others have one", population.input ? "no program" : "a program",
                        std::to_string(population.program));
  if (population.input)
    return {};
  if (static_cast<size_t>(population.program) >= network.programs.size())
    return inconsistent(place, "no such program", "less than " + std::to_string(network.programs.size()),
                        std::to_string(population.program));
  const isa::Program &program = network.programs[population.program];
  if (program.profile != network.profile)
    return inconsistent(place, "program '" + program.name + "' has the other number profile", "the network's", "the other");
  RANVIER_CHECK(checkWords(population, population.params, program.params.size(), "parameters"));
  RANVIER_CHECK(checkWords(population, population.init, program.states.size(), "initial states"));
  for (const auto *slots : {&population.configParams, &population.thresholdParams})
    for (uint32_t slot : *slots)
      if (slot >= program.params.size())
        return inconsistent(place, "no such configuration parameter", "less than " + std::to_string(program.params.size()),
                            std::to_string(slot));
  return {};
}

static Result<void> checkProjection(const Network &network, const Projection &projection) {
  const std::string place = "projection '" + projection.name + "'";
  const size_t populations = network.populations.size();
  if (projection.source >= populations || projection.target >= populations)
    return inconsistent(place, "no such population", "less than " + std::to_string(populations),
                        std::to_string(std::max(projection.source, projection.target)));
  const Population &source = network.populations[projection.source], &target = network.populations[projection.target];
  if (target.input)
    return inconsistent(place, "ends in an input", "a population with a program", "'" + target.name + "'");
  if (const uint32_t inputs = detail::inputCount(network, target); projection.receptor >= inputs)
    return inconsistent(place, "no such receptor", "less than " + std::to_string(inputs), std::to_string(projection.receptor));
  if (projection.weightExponent < -31 || projection.weightExponent > 31 ||
      (projection.weightExponent && network.profile == isa::Profile::F32))
    return inconsistent(place, "bad weight exponent", network.profile == isa::Profile::F32 ? "0 (f32)" : "-31..31",
                        std::to_string(projection.weightExponent));
  const uint64_t synapses = projection.targets.size();
  if (projection.rowPtr.size() != source.count + 1 || projection.rowPtr.front() != 0 || projection.rowPtr.back() != synapses ||
      !std::is_sorted(projection.rowPtr.begin(), projection.rowPtr.end()))
    return inconsistent(place, "bad row pointers",
                        std::to_string(source.count + 1) + " ascending from 0 to " + std::to_string(synapses),
                        std::to_string(projection.rowPtr.size()) + " entries");
  if (projection.weights.size() != synapses)
    return inconsistent(place, "wrong number of weights", std::to_string(synapses), std::to_string(projection.weights.size()));
  if (projection.delays.size() != 1 && projection.delays.size() != synapses)
    return inconsistent(place, "wrong number of delays", "1 or " + std::to_string(synapses),
                        std::to_string(projection.delays.size()));
  if (projection.dense && synapses != source.count * target.count)
    return inconsistent(place, "dense, but not every source reaches every target once",
                        std::to_string(source.count * target.count) + " synapses", std::to_string(synapses));
  for (uint64_t n = 0; n < source.count; ++n)
    for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
      if (projection.targets[s] >= target.count)
        return inconsistent(place, "synapse " + std::to_string(s) + " ends outside its population",
                            "less than " + std::to_string(target.count), std::to_string(projection.targets[s]));
      if (s > projection.rowPtr[n] && projection.targets[s] < projection.targets[s - 1] + projection.dense)
        return inconsistent(
            place, "row " + std::to_string(n) + " is not sorted by target" + (projection.dense ? ", each once" : ""),
            "at least " + std::to_string(projection.targets[s - 1] + projection.dense), std::to_string(projection.targets[s]));
    }
  return {};
}

Result<void> detail::checkNetwork(const Network &network) {
  for (const isa::Program &program : network.programs)
    RANVIER_CHECK(isa::validate(program));
  for (const Population &population : network.populations)
    RANVIER_CHECK(checkPopulation(network, population));
  for (const Projection &projection : network.projections)
    RANVIER_CHECK(checkProjection(network, projection));
  for (const Probe &probe : network.probes)
    if (probe.population >= network.populations.size())
      return inconsistent("probe '" + probe.name + "'", "no such population",
                          "less than " + std::to_string(network.populations.size()), std::to_string(probe.population));
  return {};
}

/// Weights as the chip stores them; binary32 words are what they are.
static Result<void> checkWeights(const Projection &projection, const hw::Chip &chip) {
  const auto beyond = [&](const char *message, std::string expected, std::string found, const char *hint) {
    return Error{.code = 6019,
                 .message = std::string(message) + " chip '" + chip.name + "'",
                 .place = "projection '" + projection.name + "'",
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .hint = hint,
                 .kind = ErrorKind::DoesNotFit};
  };
  if (const unsigned most = chip.weights.maxBits + 1; projection.weightBits < 1 || projection.weightBits > most)
    return beyond("weights have more or fewer bits than those of", "1.." + std::to_string(most) + " bits with sign",
                  std::to_string(projection.weightBits), "quantise the network for this chip");
  if (projection.weightExponent < chip.weights.minExponent || projection.weightExponent > chip.weights.maxExponent)
    return beyond("weight exponent outside the range of",
                  std::to_string(chip.weights.minExponent) + ".." + std::to_string(chip.weights.maxExponent),
                  std::to_string(projection.weightExponent), "quantise the network for this chip");
  image::WeightRange range;
  for (const int32_t weight : projection.weights)
    range.add(weight);
  if (!range.fits(chip.weights, projection.weightBits))
    return beyond("weights do not fit their bits on", std::to_string(projection.weightBits) + " bits", range.str(),
                  "state more bits for the projection, or smaller weights with a larger exponent");
  return {};
}

/// Slots of a neuron's program.
static Result<void> checkSlots(const Population &population, const isa::Program &program, const hw::Chip &chip) {
  const auto excess = chip.core.slotsBeyond(program.states.size(), program.params.size(), program.inputs.size());
  if (!excess)
    return {};
  return Error{.code = 6035,
               .message = "program '" + program.name + "' has more " + excess->what + " than a neuron of chip '" + chip.name + "'",
               .place = "population '" + population.name + "'",
               .expected = "at most " + std::to_string(excess->limit),
               .found = std::to_string(excess->found),
               .hint = "use a smaller neuron model",
               .kind = ErrorKind::DoesNotFit};
}

/// Neurons that the host sends spikes of.
static Result<void> checkInputs(const Network &network, const hw::Chip &chip) {
  uint64_t neurons = 0;
  const Population *most = nullptr;
  for (const Population &population : network.populations)
    if (population.input) {
      neurons += population.count;
      most = most && most->count >= population.count ? most : &population;
    }
  if (!chip.inputNeurons || neurons <= chip.inputNeurons)
    return {};
  return Error{.code = 6036,
               .message = "more input neurons than the host of chip '" + chip.name + "' can send spikes of",
               .place = "input '" + most->name + "' and all others",
               .expected = "at most " + std::to_string(chip.inputNeurons),
               .found = std::to_string(neurons),
               .hint = "feed the network through fewer inputs",
               .kind = ErrorKind::DoesNotFit};
}

Result<void> detail::checkAgainstChip(const Network &network, const hw::Chip &chip) {
  if (network.profile != chip.profile)
    return Error{.code = 6018,
                 .message = "the network's numbers are not those of chip '" + chip.name + "'",
                 .expected = chip.profile == isa::Profile::Int ? "integers" : "binary32",
                 .found = network.profile == isa::Profile::Int ? "integers" : "binary32",
                 .hint = "quantise the network for this chip"};
  for (const Population &population : network.populations)
    if (!population.input)
      RANVIER_CHECK(checkSlots(population, network.programs[static_cast<size_t>(population.program)], chip));
  RANVIER_CHECK(checkInputs(network, chip));
  for (const Projection &projection : network.projections) {
    if (projection.targets.empty())
      continue;
    if (network.profile == isa::Profile::Int)
      RANVIER_CHECK(checkWeights(projection, chip));
    const auto [least, most] = std::minmax_element(projection.delays.begin(), projection.delays.end());
    if (*least < chip.minDelay || *most > chip.maxDelay)
      return Error{.code = 6017,
                   .message = "delay outside the range of chip '" + chip.name + "'",
                   .place = "projection '" + projection.name + "'",
                   .expected = std::to_string(chip.minDelay) + ".." + std::to_string(chip.maxDelay) + " steps",
                   .found = std::to_string(*least < chip.minDelay ? *least : *most),
                   .hint = "chain populations for longer delays; edges of delay 0 exist only where the chip's minimum is 0",
                   .kind = ErrorKind::DoesNotFit};
  }
  return {};
}

Result<std::vector<uint32_t>> mapping::levels(const Network &network) {
  const size_t count = network.populations.size();
  std::vector<std::vector<uint32_t>> next(count);
  std::vector<uint32_t> waiting(count, 0), level(count, 0);
  for (const Projection &projection : network.projections)
    if (!projection.targets.empty() &&
        std::find(projection.delays.begin(), projection.delays.end(), 0) != projection.delays.end()) {
      next[projection.source].push_back(projection.target);
      ++waiting[projection.target];
    }
  // Inputs fire before any core runs, so an edge from one raises nothing.
  std::vector<uint32_t> ready;
  for (uint32_t p = 0; p < count; ++p)
    if (waiting[p] == 0)
      ready.push_back(p);
  size_t done = 0;
  for (; done < ready.size(); ++done) {
    const uint32_t p = ready[done];
    for (uint32_t target : next[p]) {
      level[target] = std::max(level[target], network.populations[p].input ? 0 : level[p] + 1);
      if (--waiting[target] == 0)
        ready.push_back(target);
    }
  }
  if (done == count)
    return level;
  std::string cycle;
  for (uint32_t p = 0; p < count; ++p)
    if (waiting[p])
      cycle += (cycle.empty() ? "'" : ", '") + network.populations[p].name + "'";
  return Error{.code = 6001,
               .message = "edges of delay 0 form a cycle",
               .place = "populations " + cycle,
               .expected = "at least one edge of each cycle with a delay of 1 step or more",
               .hint = "give the edge that closes the cycle a delay of 1"};
}
