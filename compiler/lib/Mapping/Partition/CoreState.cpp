//===- CoreState.cpp - What every core holds, kept while neurons move -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CoreState.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

static uint64_t orUnlimited(uint64_t bound) { return bound ? bound : UINT64_MAX; }

CoreState::CoreState(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, uint32_t cores)
    : graph(graph), chip(chip), sites(sites), formats(rowFormats(graph.network, chip)), configs(configurations(graph.network)),
      coreCount(cores), use(size_t(cores) * ResourceCount, 0), part(graph.vertices, nowhere), level(cores, nowhere), siteOf(cores),
      first(graph.listPins.size() + 1, 0), sizes(graph.listPins.size(), 0) {
  const hw::CoreLimits &limit = chip.core;
  bounds[Neurons] = coreNeurons(graph.network, chip);
  bounds[Memory] = orUnlimited(limit.synapticMemoryBits);
  bounds[AxonsIn] = orUnlimited(limit.axonsIn);
  bounds[AxonsOut] = orUnlimited(limit.axonsOut);
  bounds[Accumulators] = maxAccumulators;
  if (chip.crossbar) { // Sources of several delays take more rows, which measure() counts.
    bounds[AxonsIn] = chip.crossbar->inputs;
    bounds[Accumulators] = chip.crossbar->columns();
  }
  bounds[NeuronConfigs] = orUnlimited(limit.neuronConfigs);
  bounds[Thresholds] = orUnlimited(limit.thresholdConfigs);
  bounds[Program] = orUnlimited(limit.programWords);
  bounds[Tables] = orUnlimited(limit.tableWords);
  uint64_t words = 0, tableWords = 0;
  for (const isa::Program &program : graph.network.programs) {
    words += program.code.size();
    tableWords += isa::tableWords(program);
  }
  // What cannot be exceeded with everything on one core is not counted.
  countsConfigs = configs.neuronCount > bounds[NeuronConfigs];
  countsThresholds = configs.thresholdCount > bounds[Thresholds];
  countsPrograms = words > bounds[Program];
  countsTables = tableWords > bounds[Tables];
  for (uint32_t core = 0; core < cores; ++core)
    siteOf[core] = core;
  for (size_t list = 0; list < graph.listPins.size(); ++list)
    first[list + 1] = first[list] + std::min<uint64_t>(graph.listPins[list], cores);
  entries.resize(first.back());
  constexpr uint32_t tabulated = 1025;
  for (const RowFormat &format : formats) {
    std::vector<uint64_t> row(limit.synapticMemoryBits ? tabulated : 0, 0);
    for (uint32_t n = 1; n < row.size(); ++n)
      row[n] = chip.storage.bits(n, format.weightBits, format.delayBits, format.indexBits);
    rowBits.push_back(std::move(row));
    kernelRows.emplace_back(limit.synapticMemoryBits && format.kernelBits ? cores : 0, 0);
  }
}

uint32_t CoreState::count(uint32_t list, uint32_t core, int by) {
  Entry *begin = entries.data() + first[list];
  uint32_t &size = sizes[list];
  uint32_t at = 0;
  while (at < size && begin[at].core != core)
    ++at;
  if (at == size) {
    begin[size++] = {core, 1};
    return 0;
  }
  const uint32_t before = begin[at].count;
  begin[at].count += static_cast<uint32_t>(by);
  if (begin[at].count == 0)
    begin[at] = begin[--size];
  return before;
}

void CoreState::synapse(uint32_t row, uint32_t core, int by) {
  uint32_t before = count(row, core, by);
  if (chip.core.synapticMemoryBits) {
    const uint32_t projection = graph.rowFormat[row];
    change(core, Memory, int64_t(bits(projection, before + static_cast<uint32_t>(by))) - int64_t(bits(projection, before)));
    if (auto &rows = kernelRows[projection]; !rows.empty() && before == (by > 0 ? 0u : 1u)) {
      const uint32_t rowsBefore = rows[core];
      rows[core] += static_cast<uint32_t>(by);
      if (rowsBefore == before)
        change(core, Memory, by * int64_t(formats[projection].kernelBits));
    }
  }
  const uint32_t net = graph.rowNet[row];
  if (graph.shared(row))
    before = count(graph.listOf[net], core, by);
  if (before != (by > 0 ? 0u : 1u))
    return;
  change(core, AxonsIn, by);
  const uint32_t vertex = graph.vertexOf[net];
  if (vertex == nowhere || part[vertex] == nowhere)
    return;
  change(part[vertex], AxonsOut, by);
  total += by * int64_t(graph.weight[net]) * distance(part[vertex], core);
}

/// The vertex's own net, sent from `core`.
void CoreState::home(uint32_t vertex, uint32_t core, int by) {
  const uint32_t net = graph.netOf[vertex], list = graph.listOf[net];
  if (list == nowhere)
    return;
  int64_t sum = 0;
  for (const Entry &entry : reached(list))
    sum += distance(core, entry.core);
  total += by * sum * graph.weight[net];
  change(core, AxonsOut, by * int64_t(sizes[list]));
}

void CoreState::holdings(uint32_t vertex, uint32_t core, int by) {
  const uint32_t p = graph.populationOf[vertex];
  const Population &population = graph.network.populations[p];
  change(core, Neurons, by);
  change(core, Accumulators, by * int64_t(inputCount(graph.network, population)));
  const auto hold = [&](uint64_t kind, uint32_t number, Resource resource, int64_t amount) {
    uint32_t &neurons = holders[kind << 62 | uint64_t(core) << 32 | number];
    const bool was = neurons > 0;
    neurons += static_cast<uint32_t>(by);
    if (was != (neurons > 0))
      change(core, resource, by * amount);
  };
  const auto numberOf = [&](const std::vector<uint32_t> &numbers) {
    return numbers.size() == 1 ? numbers[0] : numbers[vertex - graph.vertexBase[p]];
  };
  if (countsConfigs && !configs.neuron[p].empty())
    hold(0, numberOf(configs.neuron[p]), NeuronConfigs, 1);
  if (countsThresholds && !configs.threshold[p].empty())
    hold(1, numberOf(configs.threshold[p]), Thresholds, 1);
  const uint32_t number = static_cast<uint32_t>(population.program);
  if (countsPrograms)
    hold(2, number, Program, int64_t(graph.network.programs[number].code.size()));
  if (countsTables)
    hold(3, number, Tables, int64_t(isa::tableWords(graph.network.programs[number])));
}

void CoreState::move(uint32_t vertex, uint32_t to) {
  const uint32_t from = part[vertex];
  if (from == to)
    return;
  if (from != nowhere) {
    home(vertex, from, -1);
    holdings(vertex, from, -1);
  }
  part[vertex] = to;
  if (to != nowhere) {
    home(vertex, to, 1);
    holdings(vertex, to, 1);
    level[to] = graph.levelOf[vertex];
  }
  for (uint32_t row : graph.rowsInto(vertex)) {
    if (from != nowhere)
      synapse(row, from, -1);
    if (to != nowhere)
      synapse(row, to, 1);
  }
}

void CoreState::assign(const std::vector<uint32_t> &coreOf) {
  for (uint32_t vertex = 0; vertex < graph.vertices; ++vertex)
    move(vertex, coreOf[vertex]);
}

void CoreState::place(const std::vector<uint32_t> &places) {
  siteOf = places;
  total = 0;
  for (uint32_t vertex = 0; vertex < graph.vertices; ++vertex)
    if (const uint32_t list = graph.listOf[graph.netOf[vertex]]; list != nowhere && part[vertex] != nowhere)
      for (const Entry &entry : reached(list))
        total += int64_t(graph.weight[graph.netOf[vertex]]) * distance(part[vertex], entry.core);
}

bool CoreState::overLimit(uint32_t core) const {
  for (unsigned resource = 0; resource < ResourceCount; ++resource)
    if (used(core, static_cast<Resource>(resource)) > bounds[resource])
      return true;
  return false;
}

double CoreState::excess(uint32_t core) const {
  double sum = 0;
  for (unsigned resource = 0; resource < ResourceCount; ++resource)
    if (const uint64_t value = used(core, static_cast<Resource>(resource)); value > bounds[resource])
      sum += static_cast<double>(value - bounds[resource]) / static_cast<double>(bounds[resource]);
  return sum;
}

CoreGraph CoreState::traffic() const {
  std::vector<std::unordered_map<uint32_t, int64_t>> sums(coreCount);
  for (uint32_t vertex = 0; vertex < graph.vertices; ++vertex) {
    const uint32_t net = graph.netOf[vertex], list = graph.listOf[net], from = part[vertex];
    if (list == nowhere || from == nowhere)
      continue;
    for (const Entry &entry : reached(list))
      if (entry.core != from) {
        sums[from][entry.core] += graph.weight[net];
        sums[entry.core][from] += graph.weight[net];
      }
  }
  CoreGraph result(coreCount);
  for (uint32_t core = 0; core < coreCount; ++core) {
    result[core].assign(sums[core].begin(), sums[core].end());
    std::sort(result[core].begin(), result[core].end());
  }
  return result;
}

uint64_t CoreState::messages() const {
  uint64_t sum = 0;
  for (uint32_t vertex = 0; vertex < graph.vertices; ++vertex)
    if (const uint32_t list = graph.listOf[graph.netOf[vertex]]; list != nowhere)
      for (const Entry &entry : reached(list))
        sum += entry.core != part[vertex] ? graph.weight[graph.netOf[vertex]] : 0;
  return sum;
}
