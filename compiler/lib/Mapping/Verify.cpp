//===- Verify.cpp - The network back from the image, and compared ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translation validation: what the chip would do is read from the bytes it would be loaded with. The way goes from each neuron over
// its messages to the rows they select, as the hardware goes; the names in the in-axon table are not trusted. Shares no code with
// Emit.cpp.
//===----------------------------------------------------------------------===//
#include "Shared.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {

struct FoundSynapse {
  uint32_t source, target;
  uint16_t delay;
  int32_t weight;
};

/// What an accumulator of a core adds up for.
struct Target {
  uint32_t population, receptor, neuron;
};

class Rebuilder {
public:
  explicit Rebuilder(const image::Image &image) : image(image) {}
  Result<Network> run();

private:
  void copyMeta();
  Result<void> readCore(const image::CoreRecord &core, uint32_t number);
  Result<void> readMessages(uint64_t outRow, uint32_t population, uint32_t neuron);
  Result<void> readRow(const image::CoreRecord &core, const image::RowRecord &row, uint32_t coreNumber, uint32_t population,
                       uint32_t neuron);
  void makeRows();

  const image::Image &image;
  Network network;
  std::vector<std::vector<uint8_t>> seen;          ///< [population][neuron]
  std::vector<std::vector<Target>> targets;        ///< [core][accumulator]
  std::vector<std::vector<FoundSynapse>> synapses; ///< [projection]
};

} // namespace

static Error broken(const std::string &place, const std::string &message, const std::string &expected, const std::string &found) {
  return Error{.code = 6030, .message = message, .place = place, .expected = expected, .found = found};
}

void Rebuilder::copyMeta() {
  const image::Meta &meta = image.meta;
  network.name = meta.network;
  network.dt = meta.dt;
  network.profile = meta.profile;
  network.seed = meta.seed;
  network.programs = meta.programs;
  network.semantics = meta.semantics;
  for (const image::ProbeMeta &from : meta.probes)
    network.probes.push_back({from.name, from.population, from.variables});
  for (const image::PopulationMeta &from : meta.populations) {
    Population to;
    to.name = from.name;
    to.shape = from.shape;
    to.count = from.count;
    to.program = from.input ? -1 : static_cast<int32_t>(from.program);
    to.seed = from.seed;
    to.input = from.input;
    to.output = from.output;
    to.stateScale = from.stateScale;
    to.stateNames = from.stateNames;
    to.valueScale = from.valueScale;
    to.configParams = from.configParams;
    to.thresholdParams = from.thresholdParams;
    to.source = from.source;
    to.rates = from.rates;
    to.intervals = from.intervals;
    to.phases = from.phases;
    to.list = from.list;
    to.depth = from.depth;
    if (!from.input) {
      const isa::Program &program = meta.programs[from.program];
      to.params.assign(program.params.size(), Words(from.count));
      to.init.assign(program.states.size(), Words(from.count));
    }
    seen.emplace_back(from.input ? 0 : from.count, 0);
    network.populations.push_back(std::move(to));
  }
  for (const image::ProjectionMeta &from : meta.projections) {
    Projection to;
    to.name = from.name;
    to.source = from.source;
    to.target = from.target;
    to.receptor = from.receptor;
    to.weightExponent = from.weightExponent;
    to.weightBits = from.weightBits;
    to.kernelWeights = from.kernelWeights;
    to.dense = from.indexBits == 0;
    network.projections.push_back(std::move(to));
  }
  for (const image::ConnectorMeta &connector : meta.connectors)
    network.projections[connector.projection].connector = connector;
  synapses.resize(meta.projections.size());
}

Result<void> Rebuilder::readCore(const image::CoreRecord &core, uint32_t number) {
  std::vector<Target> &accumulators = targets.emplace_back(core.accumulatorCount, Target{detail::nowhere, 0, 0});
  for (uint32_t i = 0; i < core.sliceCount; ++i) {
    const image::SliceRecord &slice = image.slices[core.firstSlice + i];
    Population &population = network.populations[slice.population];
    const std::string place = "core " + std::to_string(number) + ", slice " + std::to_string(i);
    if (population.input || static_cast<int32_t>(slice.program) != population.program)
      return broken(place, "slice runs another program than its population", std::to_string(population.program),
                    std::to_string(slice.program));
    for (uint32_t n = 0; n < slice.count; ++n) {
      if (seen[slice.population][slice.first + n]++)
        return broken(place, "neuron stands on two cores", "each neuron once",
                      "population '" + population.name + "', neuron " + std::to_string(slice.first + n));
      for (size_t slot = 0; slot < population.params.size(); ++slot) {
        const image::ParamRecord &param = image.params[slice.firstParam + slot];
        population.params[slot][slice.first + n] = image.paramWords[param.offset + (param.uniform ? 0 : n)];
      }
      for (size_t slot = 0; slot < population.init.size(); ++slot)
        population.init[slot][slice.first + n] = image.stateWords[slice.firstState + slot * slice.count + n];
    }
    const uint32_t inputs = static_cast<uint32_t>(network.programs[slice.program].inputs.size());
    for (uint32_t receptor = 0; receptor < inputs; ++receptor)
      for (uint32_t n = 0; n < slice.count; ++n)
        accumulators[slice.accumulatorBase + receptor * slice.count + n] = {slice.population, receptor, slice.first + n};
  }
  return {};
}

Result<void> Rebuilder::readRow(const image::CoreRecord &core, const image::RowRecord &row, uint32_t coreNumber,
                                uint32_t population, uint32_t neuron) {
  const Projection &projection = network.projections[row.projection];
  const std::string place = "core " + std::to_string(coreNumber) + ", row of projection '" + projection.name + "'";
  if (projection.source != population)
    return broken(place, "selected by a neuron of another population", "'" + network.populations[projection.source].name + "'",
                  "'" + network.populations[population].name + "', neuron " + std::to_string(neuron));
  const bool packed = core.synapseKind == static_cast<uint32_t>(image::SynapseKind::Packed32);
  for (uint64_t s = 0; s < row.count; ++s) {
    const uint64_t at = core.firstSynapse + row.firstSynapse + s;
    const image::Synapse synapse = packed ? image::unpackSynapse(image.synapses32[at]) : image::unpackSynapse(image.synapses64[at]);
    const Target &target = targets[coreNumber][synapse.accumulator];
    if (target.population != projection.target || target.receptor != projection.receptor)
      return broken(place, "synapse " + std::to_string(s) + " ends elsewhere than its projection",
                    "receptor " + std::to_string(projection.receptor) + " of '" + network.populations[projection.target].name + "'",
                    target.population == detail::nowhere ? "an accumulator without a neuron"
                                                         : "receptor " + std::to_string(target.receptor) + " of '" +
                                                               network.populations[target.population].name + "'");
    synapses[row.projection].push_back(
        {neuron, target.neuron, static_cast<uint16_t>(synapse.delay), static_cast<int32_t>(synapse.weight)});
  }
  return {};
}

Result<void> Rebuilder::readMessages(uint64_t outRow, uint32_t population, uint32_t neuron) {
  for (uint64_t a = image.outPtr[outRow]; a < image.outPtr[outRow + 1]; ++a) {
    const image::OutAxonRecord &out = image.outAxons[a];
    const image::CoreRecord &core = image.cores[out.core];
    const image::InAxonRecord &in = image.inAxons[core.firstInAxon + out.axon];
    for (uint32_t r = 0; r < in.rowCount; ++r)
      RANVIER_CHECK(readRow(core, image.rows[core.firstRow + in.firstRow + r], out.core, population, neuron));
  }
  return {};
}

void Rebuilder::makeRows() {
  for (size_t p = 0; p < synapses.size(); ++p) {
    std::vector<FoundSynapse> &found = synapses[p];
    Projection &projection = network.projections[p];
    std::stable_sort(found.begin(), found.end(), [](const FoundSynapse &a, const FoundSynapse &b) {
      return std::tie(a.source, a.target) < std::tie(b.source, b.target);
    });
    projection.rowPtr.assign(network.populations[projection.source].count + 1, 0);
    projection.targets.reserve(found.size());
    projection.weights.reserve(found.size());
    projection.delays.reserve(found.size());
    for (const FoundSynapse &synapse : found) {
      ++projection.rowPtr[synapse.source + 1];
      projection.targets.push_back(synapse.target);
      projection.weights.push_back(synapse.weight);
      projection.delays.push_back(synapse.delay);
    }
    std::partial_sum(projection.rowPtr.begin(), projection.rowPtr.end(), projection.rowPtr.begin());
    if (projection.delays.empty() ||
        std::all_of(projection.delays.begin(), projection.delays.end(), [&](uint16_t d) { return d == projection.delays[0]; }))
      projection.delays.resize(1, 1);
    std::vector<FoundSynapse>().swap(found);
  }
}

Result<Network> Rebuilder::run() {
  copyMeta();
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    RANVIER_CHECK(readCore(image.cores[c], c));
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    if (image.cores[c].feeds)
      targets[c] = targets[image.cores[c].feeds - 1];
  for (size_t p = 0; p < seen.size(); ++p)
    if (const auto missing = std::find(seen[p].begin(), seen[p].end(), 0); missing != seen[p].end())
      return broken("population '" + network.populations[p].name + "'", "neuron stands on no core", "each neuron once",
                    "neuron " + std::to_string(missing - seen[p].begin()));
  uint64_t outRow = 0;
  for (const image::CoreRecord &core : image.cores)
    for (uint32_t i = 0; i < core.sliceCount; ++i) {
      const image::SliceRecord &slice = image.slices[core.firstSlice + i];
      for (uint32_t n = 0; n < slice.count; ++n)
        RANVIER_CHECK(readMessages(outRow++, slice.population, slice.first + n));
    }
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    if (network.populations[p].input)
      for (uint64_t n = 0; n < network.populations[p].count; ++n)
        RANVIER_CHECK(readMessages(image.meta.populations[p].firstOut + n, p, static_cast<uint32_t>(n)));
  makeRows();
  return std::move(network);
}

Result<Network> mapping::rebuildNetwork(const image::Image &image) { return Rebuilder(image).run(); }

Mapping mapping::mappingOf(const image::Image &image) {
  Mapping mapping;
  std::vector<size_t> numberOf; // Of each core of the image in the mapping; those with neurons.
  for (const image::CoreRecord &core : image.cores) {
    numberOf.push_back(mapping.cores.size());
    if (core.feeds)
      continue;
    CoreAssignment assignment{core.chip, core.core, core.level, {}};
    for (uint32_t s = core.firstSlice; s < core.firstSlice + core.sliceCount; ++s)
      assignment.slices.push_back({image.slices[s].population, image.slices[s].first, image.slices[s].count});
    mapping.cores.push_back(std::move(assignment));
  }
  for (const image::CoreRecord &core : image.cores)
    if (core.feeds)
      mapping.cores[numberOf[core.feeds - 1]].synapseCores.push_back(core.core);
  return mapping;
}

namespace {

/// Collects at most `most` lines; counts the rest.
class Differences {
public:
  explicit Differences(size_t most) : most(most) {}
  void add(const std::string &place, const std::string &expected, const std::string &found) {
    if (lines.size() < most)
      lines.push_back(place + ": expected " + expected + ", found " + found);
  }
  template <typename T> void check(const std::string &place, const T &expected, const T &found) {
    if (expected == found)
      return;
    if constexpr (std::is_arithmetic_v<T>)
      add(place, std::to_string(expected), std::to_string(found));
    else if constexpr (std::is_same_v<T, std::string>)
      add(place, "'" + expected + "'", "'" + found + "'");
    else
      add(place, "one value", "another");
  }
  bool full() const { return lines.size() >= most; }
  std::vector<std::string> lines;

private:
  size_t most;
};

} // namespace

static void comparePopulations(const Network &expected, const Network &found, size_t p, Differences &differences) {
  const Population &a = expected.populations[p], &b = found.populations[p];
  const std::string place = "population '" + a.name + "'";
  differences.check(place + ": name", a.name, b.name);
  differences.check(place + ": neurons", a.count, b.count);
  differences.check(place + ": shape", a.shape, b.shape);
  differences.check(place + ": input", a.input, b.input);
  differences.check(place + ": output", a.output, b.output);
  differences.check(place + ": seed", a.seed, b.seed);
  differences.check(place + ": depth", a.depth, b.depth);
  differences.check(place + ": source", a.source, b.source);
  differences.check(place + ": rates", a.rates, b.rates);
  differences.check(place + ": intervals", a.intervals, b.intervals);
  differences.check(place + ": phases", a.phases, b.phases);
  differences.check(place + ": list", a.list, b.list);
  differences.check(place + ": state scales", a.stateScale, b.stateScale);
  differences.check(place + ": state names", a.stateNames, b.stateNames);
  differences.check(place + ": value scale", a.valueScale, b.valueScale);
  differences.check(place + ": configuration parameters", a.configParams, b.configParams);
  differences.check(place + ": threshold parameters", a.thresholdParams, b.thresholdParams);
  differences.check(place + ": program", a.program < 0, b.program < 0);
  if (a.count != b.count || a.program < 0 || b.program < 0)
    return;
  const isa::Program &program = expected.programs[a.program];
  if (!(program == found.programs[b.program])) {
    differences.add(place + ": program", "'" + program.name + "'", "another");
    return;
  }
  const auto words = [&](const std::vector<Words> &x, const std::vector<Words> &y, const std::vector<std::string> &names,
                         const char *what) {
    for (size_t slot = 0; slot < names.size(); ++slot)
      for (uint64_t n = 0; n < a.count && !differences.full(); ++n)
        if (detail::wordOf(x[slot], n) != detail::wordOf(y[slot], n))
          differences.add(place + ", neuron " + std::to_string(n) + ": " + what + " '" + names[slot] + "'",
                          std::to_string(detail::wordOf(x[slot], n)), std::to_string(detail::wordOf(y[slot], n)));
  };
  words(a.params, b.params, program.params, "parameter");
  words(a.init, b.init, program.states, "initial state");
}

static std::string describe(const Network &network, const Projection &projection, const FoundSynapse &synapse) {
  return "synapse to '" + network.populations[projection.target].name + "' neuron " + std::to_string(synapse.target) + ", delay " +
         std::to_string(synapse.delay) + ", weight " + std::to_string(synapse.weight);
}

/// One row in a canonical order: target, delay, weight.
static void collect(const Projection &projection, uint64_t n, std::vector<FoundSynapse> &row) {
  row.clear();
  for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
    row.push_back(
        {static_cast<uint32_t>(n), projection.targets[s], static_cast<uint16_t>(projection.delay(s)), projection.weights[s]});
  const auto less = [](const FoundSynapse &a, const FoundSynapse &b) {
    return std::tie(a.target, a.delay, a.weight) < std::tie(b.target, b.delay, b.weight);
  };
  if (!std::is_sorted(row.begin(), row.end(), less))
    std::sort(row.begin(), row.end(), less);
}

static void compareProjections(const Network &expected, const Network &found, size_t p, Differences &differences) {
  const Projection &a = expected.projections[p], &b = found.projections[p];
  const std::string place = "projection '" + a.name + "'";
  differences.check(place + ": name", a.name, b.name);
  differences.check(place + ": source", a.source, b.source);
  differences.check(place + ": target", a.target, b.target);
  differences.check(place + ": receptor", a.receptor, b.receptor);
  differences.check(place + ": weight exponent", a.weightExponent, b.weightExponent);
  differences.check(place + ": weight bits", a.weightBits, b.weightBits);
  differences.check(place + ": weights of the kernel", a.kernelWeights, b.kernelWeights);
  const bool listed = expected.profile == isa::Profile::Int; // an opened image holds what its connectors make
  if (!listed && (a.connector || b.connector)) {             // Whoever loads it makes the same synapses of the same rule.
    const auto rule = [](const Projection &projection) {
      image::ConnectorMeta plain = projection.connector.value_or(image::ConnectorMeta{});
      plain.projection = 0;
      return plain;
    };
    if (a.connector.has_value() != b.connector.has_value() || rule(a) != rule(b))
      differences.add(place + ": connector", a.connector ? toString(a.connector->rule) : "listed synapses",
                      b.connector ? std::string(toString(b.connector->rule)) + " of other numbers" : "listed synapses");
    return;
  }
  if (a.rowPtr.size() != b.rowPtr.size()) {
    differences.add(place + ": rows", std::to_string(a.rowPtr.size()), std::to_string(b.rowPtr.size()));
    return;
  }
  std::vector<FoundSynapse> x, y;
  for (uint64_t n = 0; n + 1 < a.rowPtr.size() && !differences.full(); ++n) {
    collect(a, n, x);
    collect(b, n, y);
    const std::string row = place + ", source neuron " + std::to_string(n);
    for (size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
      if (i < x.size() && i < y.size() && x[i].target == y[i].target && x[i].delay == y[i].delay && x[i].weight == y[i].weight)
        continue;
      differences.add(row, i < x.size() ? describe(expected, a, x[i]) : "no further synapse",
                      i < y.size() ? describe(found, b, y[i]) : "no further synapse");
      break; // What follows a missing or doubled synapse is only shifted.
    }
  }
}

std::vector<std::string> mapping::compareNetworks(const Network &expected, const Network &found, size_t most) {
  Differences differences(most);
  differences.check("network: name", expected.name, found.name);
  differences.check("network: dt [s]", expected.dt, found.dt);
  differences.check("network: seed", expected.seed, found.seed);
  differences.check("network: number profile", expected.profile, found.profile);
  differences.check("network: probes", expected.probes, found.probes);
  differences.check("network: populations", expected.populations.size(), found.populations.size());
  differences.check("network: projections", expected.projections.size(), found.projections.size());
  if (expected.populations.size() != found.populations.size() || expected.projections.size() != found.projections.size())
    return std::move(differences.lines);
  for (size_t p = 0; p < expected.populations.size() && !differences.full(); ++p)
    comparePopulations(expected, found, p, differences);
  for (size_t p = 0; p < expected.projections.size() && !differences.full(); ++p)
    compareProjections(expected, found, p, differences);
  return std::move(differences.lines);
}
