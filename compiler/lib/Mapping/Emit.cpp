//===- Emit.cpp - Tables of the hardware image ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cores, slices and parameters; the tables of synapses are image::buildRows's.
//===----------------------------------------------------------------------===//
#include "CrossbarTables.h"
#include "Shared.h"
#include "Split.h"
#include "ranvier/Image/Rows.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

class Emitter {
public:
  Emitter(const Network &network, const hw::Chip &chip, const Mapping &mapping, std::vector<uint32_t> level)
      : network(network), chip(chip), mapping(mapping), level(std::move(level)), routes(network, chip, mapping) {}
  Result<image::ImageData> run(const std::string &provenance, const EmitOptions &options);

private:
  void makeMeta(const std::string &provenance);
  void makeCores();
  void makeParams(image::SliceRecord &slice, const Population &population);
  void makeRows();
  bool splits() const;
  std::vector<double> activity(const AssumedRates &rates) const;
  /// Synapse cores divide sources among them by what they are foretold to bring, which an image tells by its in-axons alone.
  bool isProcedural(const Projection &projection) const {
    return projection.connector && (network.profile == isa::Profile::F32 || !splits());
  }

  const Network &network;
  const hw::Chip &chip;
  const Mapping &mapping;
  const std::vector<uint32_t> level;
  const SourceRoutes routes;
  image::ImageData data;
};

} // namespace

void Emitter::makeMeta(const std::string &provenance) {
  image::Meta &meta = data.meta;
  meta.network = network.name;
  meta.dt = network.dt;
  meta.profile = network.profile;
  meta.seed = network.seed;
  meta.programs = network.programs;
  meta.semantics = network.semantics;
  meta.provenance = provenance;
  for (size_t p = 0; p < network.populations.size(); ++p) {
    const Population &from = network.populations[p];
    image::PopulationMeta to;
    to.name = from.name;
    to.shape = from.shape;
    to.count = from.count;
    to.input = from.input;
    to.output = from.output;
    to.level = level[p];
    to.depth = from.depth;
    to.program = from.input ? image::none : static_cast<uint32_t>(from.program);
    to.seed = from.seed;
    to.source = from.source;
    to.rates = from.rates;
    to.intervals = from.intervals;
    to.phases = from.phases;
    to.list = from.list;
    to.stateScale = from.stateScale;
    to.stateNames = from.stateNames;
    to.valueScale = from.valueScale;
    to.configParams = from.configParams;
    to.thresholdParams = from.thresholdParams;
    meta.populations.push_back(std::move(to));
  }
  const std::vector<RowFormat> formats = rowFormats(network, chip);
  for (size_t p = 0; p < network.projections.size(); ++p) {
    const Projection &from = network.projections[p];
    image::ProjectionMeta to;
    to.name = from.name;
    to.source = from.source;
    to.target = from.target;
    to.receptor = from.receptor;
    to.weightExponent = from.weightExponent;
    to.weightBits = from.weightBits;
    to.kernelWeights = from.kernelWeights;
    to.delayBits = formats[p].delayBits;
    to.indexBits = formats[p].indexBits;
    meta.projections.push_back(std::move(to));
    if (isProcedural(from)) {
      meta.connectors.push_back(*from.connector);
      meta.connectors.back().projection = static_cast<uint32_t>(p);
    }
  }
  meta.learning = network.learning;
  for (const Probe &from : network.probes)
    meta.probes.push_back({from.name, from.population, from.variables});
  data.chipText = hw::resolvedText(chip);
}

/// True if one word stands for all neurons [first, first + count).
static bool isUniform(const Words &words, uint32_t first, uint32_t count) {
  if (words.size() == 1)
    return true;
  const auto begin = words.begin() + first;
  return std::all_of(begin, begin + count, [&](int32_t word) { return word == *begin; });
}

void Emitter::makeParams(image::SliceRecord &slice, const Population &population) {
  slice.firstParam = data.params.size();
  for (const Words &words : population.params) {
    const bool uniform = isUniform(words, slice.first, slice.count);
    data.params.push_back({data.paramWords.size(), uniform ? 1u : 0u, 0});
    if (uniform)
      data.paramWords.push_back(wordOf(words, slice.first));
    else
      data.paramWords.insert(data.paramWords.end(), words.begin() + slice.first, words.begin() + slice.first + slice.count);
  }
  slice.firstState = data.stateWords.size();
  for (const Words &words : population.init)
    for (uint32_t n = 0; n < slice.count; ++n)
      data.stateWords.push_back(wordOf(words, slice.first + n));
}

void Emitter::makeCores() {
  uint64_t neurons = 0;
  for (const StandingCore &standing : routes.cores()) {
    const CoreAssignment &assignment = mapping.cores[standing.owner];
    image::CoreRecord core{};
    core.chip = standing.chip;
    core.core = standing.core;
    core.level = assignment.level;
    core.firstSlice = static_cast<uint32_t>(data.slices.size());
    core.firstNeuron = neurons;
    if (standing.share != nowhere) {
      core.feeds = 1 + routes.own()[standing.owner];
      for (const Slice &part : assignment.slices)
        core.accumulatorCount += part.count * inputCount(network, network.populations[part.population]);
      data.cores.push_back(core);
      continue;
    }
    core.sliceCount = static_cast<uint32_t>(assignment.slices.size());
    for (const Slice &part : assignment.slices) {
      const Population &population = network.populations[part.population];
      image::SliceRecord slice{};
      slice.population = part.population;
      slice.first = part.first;
      slice.count = part.count;
      slice.neuronBase = core.neuronCount;
      slice.accumulatorBase = core.accumulatorCount;
      slice.program = static_cast<uint32_t>(population.program);
      makeParams(slice, population);
      core.neuronCount += part.count;
      core.accumulatorCount += part.count * inputCount(network, population);
      data.slices.push_back(slice);
    }
    neurons += core.neuronCount;
    data.cores.push_back(core);
  }
}

/// Whether any core has synapse cores.
bool Emitter::splits() const {
  return std::any_of(mapping.cores.begin(), mapping.cores.end(), [](const auto &core) { return !core.synapseCores.empty(); });
}

/// Tables of the synapses that are listed: all but those that whoever loads the image makes.
void Emitter::makeRows() {
  const auto out = outgoing(network);
  image::RowsInput input;
  input.outgoing = [&](uint32_t population, const auto &use) {
    std::vector<image::SynapseRows> rows;
    for (const uint32_t index : out[population])
      if (const Projection &projection = network.projections[index]; !isProcedural(projection))
        rows.push_back({index, projection.rowPtr, projection.targets, projection.weights, projection.delays});
    use(rows);
  };
  // Routes are numbered by core of the mapping, the tables by core of the image.
  std::vector<uint32_t> route(routes.cores().size());
  const std::vector<uint32_t> *last = nullptr;
  if (splits())
    input.route = [&](uint32_t population, uint64_t neuron) {
      const std::vector<uint32_t> &taken = routes.of(population, neuron);
      for (size_t c = 0; last != &taken && c < taken.size(); ++c)
        route[routes.own()[c]] = taken[c];
      last = &taken;
      return route.data();
    };
  for (const Projection &projection : network.projections) {
    input.sameStep.resize(network.populations.size(), 0);
    input.sameStep[projection.source] |=
        std::any_of(projection.delays.begin(), projection.delays.end(), [](uint16_t delay) { return delay == 0; });
  }
  input.formed.assign(network.projections.size(), 0);
  for (const Learning &learning : network.learning)
    for (const image::RewiringMeta &rewiring : learning.rewiring)
      input.formed[learning.projection] = rewiring.delay;
  image::buildRows(data, input);
}

/// Spikes a step by row of outPtr; empty if no rates are known.
std::vector<double> Emitter::activity(const AssumedRates &rates) const {
  if (rates.spikes.empty())
    return {};
  std::vector<double> spikes(data.outPtr.size() - 1, 0);
  const auto set = [&](size_t row, uint32_t population, uint64_t neuron) {
    if (neuron < rates.spikes[population].size())
      spikes[row] = rates.spikes[population][neuron] / static_cast<double>(std::max<uint64_t>(rates.steps, 1));
  };
  size_t row = 0;
  for (const image::SliceRecord &slice : data.slices) // in the order of the cores
    for (uint32_t n = 0; n < slice.count; ++n)
      set(row++, slice.population, slice.first + n);
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint64_t n = 0; network.populations[p].input && n < network.populations[p].count; ++n)
      set(data.meta.populations[p].firstOut + n, p, n);
  return spikes;
}

Result<image::ImageData> Emitter::run(const std::string &provenance, const EmitOptions &options) {
  makeMeta(provenance);
  data.meta.mapping = options.mappingReport.empty() ? report(network, chip, mapping) : options.mappingReport;
  makeCores();
  makeRows();
  if (chip.crossbar)
    RANVIER_CHECK(addCrossbars(data, chip, options, activity(options.rates)));
  return std::move(data);
}

Result<image::ImageData> mapping::emitImage(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                            const std::string &provenance, const EmitOptions &options) {
  if (options.cells && !chip.crossbar)
    return Error{.code = 6124,
                 .message = "'" + chip.name + "' has no cells that could be stuck",
                 .place = "network '" + network.name + "'",
                 .expected = "a chip with a section 'crossbar'",
                 .found = "none",
                 .kind = ErrorKind::Unsupported};
  RANVIER_CHECK(checkMapping(network, chip, mapping));
  RANVIER_TRY(std::vector<uint32_t> level, levels(network));
  return Emitter(network, chip, mapping, std::move(level)).run(provenance, options);
}
