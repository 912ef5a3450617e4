//===- Order.cpp - An order of neurons from their synapses alone ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Greedy growth, as graph partitioners start: the open core takes the neuron that is tied to it most, until a limit closes it; the
// neuron that found no room starts the next one, which therefore lies beside it. What ties a neuron to the core are the messages
// that it saves there: its sources and targets on the core, and sources that the core listens to anyway. Ties are small counts, so
// a queue of buckets finds the strongest at once.
//===----------------------------------------------------------------------===//
#include "Order.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// A source that more neurons listen to says little about which of them belong together, and costs most to look at.
constexpr uint64_t mostPins = 400;
/// Sources of few targets tie these once one is on the core, others once two are: else every source from far away would tie its
/// targets, which have nothing else in common with the core.
constexpr uint64_t fewPins = 8;
/// What one tie to the open core counts, against one to cores that are closed, which only keeps holes from being left behind.
constexpr uint32_t tieWeight = 4;

/// Neurons by how strongly they are tied, the last one raised first. Out-of-date entries are skipped when they come up.
class Queue {
public:
  explicit Queue(size_t count) : ties(count, 0), buckets(largest + 1) {}
  void raise(uint32_t vertex, uint32_t by) {
    const uint32_t tie = ties[vertex] += by;
    const uint32_t at = std::min(tie, largest);
    if (buckets[at].empty())
      used.push_back(at);
    buckets[at].push_back(vertex);
    top = std::max(top, at);
  }
  /// The most tied vertex for which `free`, nowhere if there is none. It stays in the queue.
  template <typename Free> uint32_t strongest(Free &&free) {
    for (;; --top) {
      auto &bucket = buckets[top];
      for (; !bucket.empty(); bucket.pop_back())
        if (const uint32_t vertex = bucket.back(); free(vertex) && std::min(ties[vertex], largest) == top)
          return vertex;
      if (top == 0)
        return nowhere;
    }
  }
  void clear() {
    for (uint32_t at : used)
      buckets[at].clear();
    used.clear();
    top = 0;
  }
  std::vector<uint32_t> ties;

private:
  static constexpr uint32_t largest = 65535;
  std::vector<std::vector<uint32_t>> buckets;
  std::vector<uint32_t> used; ///< Buckets that were filled since clear(), perhaps repeatedly.
  uint32_t top = 0;
};

class Grower {
public:
  Grower(const Network &network, const hw::Chip &chip, const Incoming &into);
  std::vector<Slice> run();

private:
  void take(uint32_t vertex);
  /// Ties of the neurons around one that has just come onto the core.
  void tie(uint32_t vertex);
  void raise(uint32_t vertex, uint32_t by);
  void tieAll(uint32_t population, uint32_t neuron, bool direct);
  void close();
  uint32_t next();

  const Network &network;
  const Incoming &into;
  const std::vector<std::vector<uint32_t>> out;
  OpenCore open;
  std::vector<uint32_t> vertexBase, netBase; ///< [population] inputs have nets and no vertices.
  std::vector<uint32_t> populationOf;        ///< [vertex]
  std::vector<uint8_t> taken;                ///< [vertex]
  std::vector<uint32_t> onCore;              ///< [net] synapses on the open core.
  std::vector<uint32_t> touched, nets;       ///< To be reset when the core closes.
  std::vector<uint32_t> before;              ///< [vertex] ties to neurons that are taken.
  std::vector<uint32_t> frontier;            ///< Neurons beside closed cores, where growth may go on.
  std::vector<uint32_t> core;
  std::vector<Slice> order;
  Queue queue;
  uint32_t scan = 0;
};

} // namespace

static uint32_t neuronCount(const Network &network) {
  uint64_t count = 0;
  for (const Population &population : network.populations)
    count += population.input ? 0 : population.count;
  return static_cast<uint32_t>(count);
}

Grower::Grower(const Network &network, const hw::Chip &chip, const Incoming &into)
    : network(network), into(into), out(outgoing(network)), open(network, chip, into), queue(neuronCount(network)) {
  uint32_t vertices = 0, netCount = 0;
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    const Population &population = network.populations[p];
    netBase.push_back(netCount);
    netCount += static_cast<uint32_t>(population.count);
    vertexBase.push_back(population.input ? nowhere : vertices);
    if (population.input)
      continue;
    vertices += static_cast<uint32_t>(population.count);
    populationOf.resize(vertices, p);
  }
  taken.assign(vertices, 0);
  before.assign(vertices, 0);
  onCore.assign(netCount, 0);
}

void Grower::raise(uint32_t vertex, uint32_t by) {
  if (taken[vertex])
    return;
  if (queue.ties[vertex] == before[vertex])
    touched.push_back(vertex);
  queue.raise(vertex, by);
}

/// Raises everything that the neuron reaches. `direct`: because it is on the core itself.
void Grower::tieAll(uint32_t population, uint32_t neuron, bool direct) {
  for (uint32_t index : out[population]) {
    const Projection &projection = network.projections[index];
    const uint32_t base = vertexBase[projection.target];
    for (uint64_t s = projection.rowPtr[neuron]; s < projection.rowPtr[neuron + 1]; ++s) {
      raise(base + projection.targets[s], tieWeight);
      if (direct)
        ++before[base + projection.targets[s]];
    }
  }
}

void Grower::tie(uint32_t vertex) {
  const uint32_t p = populationOf[vertex], n = vertex - vertexBase[p];
  tieAll(p, n, true);
  for (const Columns &column : into[p]) {
    const uint32_t source = network.projections[column.projection].source;
    for (uint64_t s = column.ptr[n]; s < column.ptr[n + 1]; ++s) {
      const uint32_t from = column.source[s], net = netBase[source] + from;
      if (onCore[net] == 0)
        nets.push_back(net);
      const uint32_t count = ++onCore[net];
      if (vertexBase[source] != nowhere) {
        raise(vertexBase[source] + from, tieWeight);
        ++before[vertexBase[source] + from];
      }
      if (count > 2)
        continue;
      uint64_t pins = 0;
      for (uint32_t index : out[source])
        pins += network.projections[index].rowPtr[from + 1] - network.projections[index].rowPtr[from];
      if (pins <= mostPins && count == (pins <= fewPins ? 1u : 2u))
        tieAll(source, from, false);
    }
  }
}

void Grower::take(uint32_t vertex) {
  const uint32_t p = populationOf[vertex], n = vertex - vertexBase[p];
  taken[vertex] = 1;
  core.push_back(vertex);
  if (order.empty() || order.back().population != p || order.back().first + order.back().count != n)
    order.push_back({p, n, 0});
  ++order.back().count;
  tie(vertex);
}

void Grower::close() {
  for (uint32_t vertex : core)
    open.remove(populationOf[vertex], vertex - vertexBase[populationOf[vertex]], 0);
  core.clear();
  for (uint32_t vertex : touched)
    queue.ties[vertex] = before[vertex];
  touched.clear();
  for (uint32_t net : nets)
    onCore[net] = 0;
  nets.clear();
  queue.clear();
}

uint32_t Grower::next() {
  if (const uint32_t vertex = queue.strongest([&](uint32_t v) { return !taken[v]; }); vertex != nowhere)
    return vertex;
  while (!frontier.empty()) {
    const uint32_t vertex = frontier.back();
    frontier.pop_back();
    if (!taken[vertex])
      return vertex;
  }
  while (scan < taken.size() && taken[scan])
    ++scan;
  return scan < taken.size() ? scan : nowhere;
}

std::vector<Slice> Grower::run() {
  for (uint32_t vertex = next(); vertex != nowhere; vertex = next()) {
    const uint32_t p = populationOf[vertex], n = vertex - vertexBase[p];
    open.add(p, n, 0);
    if (!core.empty() && open.exceeded() != LimitCount) {
      open.remove(p, n, 0);
      if (const uint32_t other = queue.strongest([&](uint32_t v) { return !taken[v] && v != vertex; }); other != nowhere)
        frontier.push_back(other);
      close();
      open.add(p, n, 0); // A neuron that is over a limit by itself is refused by who fills the cores.
    }
    take(vertex);
  }
  return std::move(order);
}

std::vector<Slice> detail::foundOrder(const Network &network, const hw::Chip &chip, const Incoming &into) {
  return Grower(network, chip, into).run();
}
