//===- OpenCore.cpp - The exact use of one core that is being filled ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "OpenCore.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

static Columns transpose(const Network &network, uint32_t index) {
  const Projection &projection = network.projections[index];
  Columns columns{index, std::vector<uint64_t>(network.populations[projection.target].count + 1, 0),
                  std::vector<uint32_t>(projection.targets.size()), projection.delays};
  for (uint32_t target : projection.targets)
    ++columns.ptr[target + 1];
  std::partial_sum(columns.ptr.begin(), columns.ptr.end(), columns.ptr.begin());
  std::vector<uint64_t> cursor(columns.ptr.begin(), columns.ptr.end() - 1);
  for (uint64_t n = 0; n + 1 < projection.rowPtr.size(); ++n)
    for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
      const uint64_t at = cursor[projection.targets[s]]++;
      columns.source[at] = static_cast<uint32_t>(n);
      if (columns.delay.size() > 1)
        columns.delay[at] = projection.delays[s];
    }
  return columns;
}

Incoming detail::incoming(const Network &network) {
  Incoming into(network.populations.size());
  for (uint32_t p = 0; p < network.projections.size(); ++p)
    into[network.projections[p].target].push_back(transpose(network, p));
  return into;
}

OpenCore::OpenCore(const Network &network, const hw::Chip &chip, const Incoming &into)
    : bounds(limits(chip)), network(network), chip(chip), formats(rowFormats(network, chip)), configs(configurations(network)),
      into(into), kernelRows(network.projections.size(), 0), neuronConfigs(configs.neuronCount),
      thresholdConfigs(configs.thresholdCount), programs(network.programs.size()), softNeurons(coreNeurons(network, chip)) {
  constexpr uint32_t tabulated = 1025;
  for (uint32_t p = 0; p < network.projections.size(); ++p) {
    rowCount.emplace_back(network.populations[network.projections[p].source].count, 0);
    std::vector<uint64_t> row(chip.core.synapticMemoryBits ? tabulated : 0, 0);
    for (uint32_t n = 1; n < row.size(); ++n)
      row[n] = chip.storage.bits(n, formats[p].weightBits, formats[p].delayBits, formats[p].indexBits);
    rowBits.push_back(std::move(row));
  }
  for (const Population &population : network.populations)
    sourceCount.emplace_back(population.count, 0);
}

template <bool Adding> void OpenCore::change(uint32_t p, uint32_t neuron, uint32_t outAxons) {
  const auto count = [](uint64_t &value, uint64_t by) { Adding ? value += by : value -= by; };
  const Population &population = network.populations[p];
  count(use.neurons, 1);
  count(accumulators, inputCount(network, population));
  if (chip.crossbar)
    use.crossbarColumns = accumulators;
  count(use.axonsOut, outAxons);
  const uint32_t program = static_cast<uint32_t>(population.program);
  const uint64_t before = programs.distinct();
  Adding ? programs.add(program) : programs.remove(program);
  if (programs.distinct() != before) {
    count(use.programWords, network.programs[program].code.size());
    count(use.tableWords, isa::tableWords(network.programs[program]));
  }
  const auto config = [&](const std::vector<uint32_t> &numbers, Multiset &set) {
    if (numbers.empty())
      return;
    const uint32_t number = numbers.size() == 1 ? numbers[0] : numbers[neuron];
    Adding ? set.add(number) : set.remove(number);
  };
  config(configs.neuron[p], neuronConfigs);
  config(configs.threshold[p], thresholdConfigs);
  use.neuronConfigs = neuronConfigs.distinct();
  use.thresholdConfigs = thresholdConfigs.distinct();
  const bool countsMemory = chip.core.synapticMemoryBits != 0;
  uint64_t fanIn = 0;
  own.clear();
  for (const Columns &column : into[p]) {
    std::vector<uint32_t> &rows = rowCount[column.projection],
                          &sources = sourceCount[network.projections[column.projection].source];
    fanIn += column.ptr[neuron + 1] - column.ptr[neuron];
    for (uint64_t s = column.ptr[neuron]; s < column.ptr[neuron + 1]; ++s) {
      const uint32_t source = column.source[s];
      const uint32_t small = Adding ? rows[source]++ : --rows[source]; // The smaller of the counts before and after.
      if (countsMemory)
        count(use.synapticMemoryBits, bits(column.projection, small + 1) - (small ? bits(column.projection, small) : 0));
      if (countsMemory && small == 0 && formats[column.projection].kernelBits) {
        uint64_t &sharing = kernelRows[column.projection];
        if ((Adding ? sharing++ : --sharing) == 0)
          count(use.synapticMemoryBits, formats[column.projection].kernelBits);
      }
      if ((Adding ? sources[source]++ : --sources[source]) == 0)
        count(use.axonsIn, 1);
      if (!chip.crossbar)
        continue;
      const uint64_t from = network.projections[column.projection].source,
                     delay = column.delay.size() > 1 ? column.delay[s] : column.delay[0];
      own.push_back(from << 48 | delay << 32 | source);
      uint32_t &drives = driven[own.back()];
      if ((Adding ? drives++ : --drives) == 0)
        count(use.crossbarRows, 1);
    }
  }
  count(use.synapses, fanIn);
  if (chip.crossbar) {
    std::sort(own.begin(), own.end());
    const auto rows = static_cast<uint64_t>(std::unique(own.begin(), own.end()) - own.begin());
    uint32_t &neurons = macros[(rows + chip.crossbar->inputs - 1) / chip.crossbar->inputs];
    Adding ? ++neurons : --neurons;
  }
  // Not undone by remove(): a fan-in beyond the limit is an error of the neuron whatever core it is on.
  if (Adding)
    use.maxFanIn = fanIn;
}

void OpenCore::add(uint32_t population, uint32_t neuron, uint32_t outAxons) { change<true>(population, neuron, outAxons); }
void OpenCore::remove(uint32_t population, uint32_t neuron, uint32_t outAxons) { change<false>(population, neuron, outAxons); }

unsigned OpenCore::exceeded() const {
  if (use.neurons > softNeurons || accumulators > maxAccumulators)
    return LimitNeurons;
  for (unsigned i = 0; i < LimitCount; ++i)
    if (bounds[i].bound && use.*bounds[i].use > bounds[i].bound)
      return i;
  // A core takes a further macro only for a neuron that cannot do without.
  uint64_t most = 1;
  for (const auto &[count, neurons] : macros)
    most = neurons ? std::max(most, count) : most;
  if (chip.crossbar && use.crossbarRows > most * chip.crossbar->inputs)
    return LimitRows;
  return LimitCount;
}
