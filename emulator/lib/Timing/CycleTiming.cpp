//===- CycleTiming.cpp - Steps of a chip that is described in cycles ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CycleTiming.h"
#include <map>
#include <set>
#include <tuple>

namespace ranvier::emu {
using hw::CycleModel;

int64_t updateCycles(const image::Image &image, const image::CoreRecord &core, const CycleModel &model) {
  int64_t sum = model[CycleModel::Update];
  for (const image::SliceRecord &slice : image.slices.subspan(core.firstSlice, core.sliceCount)) {
    const isa::Program &program = image.meta.programs[slice.program];
    const uint32_t lanes = model[CycleModel::Lanes];
    const int64_t batches = (int64_t(slice.count) + lanes - 1) / lanes;
    const int64_t groups = static_cast<int64_t>(program.inputs.size() + program.code.size());
    sum += image::isNative(image, slice) ? model[CycleModel::NativeSlice] + int64_t(slice.count) * model[CycleModel::NativeNeuron]
                                         : model[CycleModel::Slice] + batches * groups * model[CycleModel::Group];
  }
  return sum;
}

/// How long the core that a message goes to is busy with it, by out-axon.
static std::vector<uint32_t> processingCycles(const image::Image &image, const CycleModel &model) {
  std::vector<uint32_t> result(image.outAxons.size());
  for (size_t o = 0; o < result.size(); ++o) {
    const image::CoreRecord &core = image.cores[image.outAxons[o].core];
    const image::InAxonRecord &axon = image.inAxons[core.firstInAxon + image.outAxons[o].axon];
    uint64_t synapses = 0;
    for (const image::RowRecord &row : image.rows.subspan(core.firstRow + axon.firstRow, axon.rowCount))
      synapses += row.count;
    const uint64_t rest = model[CycleModel::Packet] + uint64_t(axon.rowCount) * model[CycleModel::Row];
    const uint64_t cycles = rest + std::min<uint64_t>(synapses, UINT32_MAX) * model[CycleModel::Synapse];
    result[o] = static_cast<uint32_t>(std::min<uint64_t>(cycles, UINT32_MAX));
  }
  return result;
}

//===--- Plan -------------------------------------------------------------===//

/// Finds the ways of all messages; neurons that send to the same places from the same core share them.
class CycleTiming::Planner {
public:
  Planner(const image::Image &image, const CycleModel &model, bool detailed, const std::vector<uint32_t> &nodeOf, uint32_t rows)
      : detailed(detailed), nodeOf(nodeOf) {
    for (const uint32_t node : nodeOf)
      mesh.columns = std::max(mesh.columns, node / rows + 1);
    mesh.rows = rows;
    mesh.buffer = image.chip.linkBuffer;
    mesh.hop = model[CycleModel::Hop];
    fast.cores = static_cast<uint32_t>(image.cores.size());
    fast.alone = mesh.nodes() == 1;
    fast.window = image.chip.linkBuffer;
  }

  /// From a node, or from the host, to cores in the order of their slots, and to the host.
  uint32_t route(uint32_t from, const std::vector<uint32_t> &cores, bool toHost) {
    if (cores.empty() && !toHost)
      return MeshPlan::none;
    const auto [at, isNew] = known.try_emplace({from, cores, toHost}, 0);
    if (!isNew)
      return at->second;
    if (detailed) {
      std::vector<Target> targets;
      for (uint32_t k = 0; k < cores.size(); ++k)
        targets.push_back({nodeOf[cores[k]], k});
      if (toHost)
        targets.push_back({0, MeshPlan::toHost});
      return at->second = place(from, targets);
    }
    const uint32_t first = static_cast<uint32_t>(fast.stops.size());
    for (const uint32_t core : cores)
      fast.stops.push_back({core, distance(from, nodeOf[core]) * mesh.hop});
    fast.routes.push_back({first, static_cast<uint32_t>(fast.stops.size()) - first});
    if (toHost)
      fast.routes.back().hostWay = distance(from, 0) * mesh.hop;
    return at->second = static_cast<uint32_t>(fast.routes.size() - 1);
  }

  MeshPlan mesh;
  FirstComePlan fast;
  std::set<uint32_t> links; ///< That some way uses: node that it leaves * 4 + output.

private:
  struct Target {
    uint32_t node, slot; ///< Or `toHost`.
  };
  uint32_t distance(uint32_t a, uint32_t b) const {
    const auto apart = [](uint32_t p, uint32_t q) { return p > q ? p - q : q - p; };
    return apart(a / mesh.rows, b / mesh.rows) + apart(a % mesh.rows, b % mesh.rows);
  }
  /// First along the columns, then along the rows.
  unsigned outputTo(uint32_t node, const Target &target) const {
    const uint32_t x = node / mesh.rows, tx = target.node / mesh.rows;
    if (tx != x)
      return tx > x ? MeshPlan::East : MeshPlan::West;
    if (target.node != node)
      return target.node > node ? MeshPlan::North : MeshPlan::South;
    return target.slot == MeshPlan::toHost ? MeshPlan::South : MeshPlan::Core;
  }
  uint32_t place(uint32_t node, const std::vector<Target> &targets) {
    const uint32_t at = static_cast<uint32_t>(mesh.hops.size());
    mesh.hops.emplace_back();
    std::array<std::vector<Target>, MeshPlan::NumPorts> by;
    for (const Target &target : targets)
      by[outputTo(node, target)].push_back(target);
    if (!by[MeshPlan::Core].empty())
      mesh.hops[at].slot = by[MeshPlan::Core].front().slot;
    const uint32_t rows = mesh.rows;
    const uint32_t next[] = {node + rows, node - rows, node + 1, node - 1};
    for (unsigned o = 0; o < MeshPlan::Core; ++o) {
      if (by[o].empty())
        continue;
      const bool leaves = o == MeshPlan::South && node == 0;
      if (!leaves)
        links.insert(node * 4 + o);
      const uint32_t hop = leaves ? MeshPlan::toHost : place(next[o], by[o]);
      mesh.hops[at].next[o] = hop;
    }
    return at;
  }

  bool detailed;
  const std::vector<uint32_t> &nodeOf;
  std::map<std::tuple<uint32_t, std::vector<uint32_t>, bool>, uint32_t> known;
};

CycleTiming::CycleTiming(const image::Image &image, const CycleModel &model, bool detailed)
    : model(model), mostCycles(std::numeric_limits<int64_t>::max() / model.clockPicoseconds), outPtr(image.outPtr),
      processing(processingCycles(image, model)) {
  // Of the mesh only what holds all cores: ways do not leave it.
  uint32_t meshRows = 1;
  for (const image::CoreRecord &core : image.cores)
    meshRows = std::max(meshRows, core.core % image.chip.tilesY + 1);
  for (const image::CoreRecord &core : image.cores) {
    nodeOf.push_back(core.core / image.chip.tilesY * meshRows + core.core % image.chip.tilesY); // a tile has one core
    firstNeuron.push_back(core.firstNeuron);
    updateCycles.push_back(ranvier::emu::updateCycles(image, core, model));
  }
  Planner planner(image, model, detailed, nodeOf, meshRows);
  const size_t rows = outPtr.empty() ? 0 : outPtr.size() - 1;
  routeOf.assign(rows, MeshPlan::none);
  std::vector<uint32_t> cores;
  uint64_t neurons = 0;
  const auto plan = [&](uint64_t row, uint32_t from, bool toHost) {
    cores.clear();
    for (uint64_t o = outPtr[row]; o < outPtr[row + 1]; ++o)
      cores.push_back(image.outAxons[o].core);
    routeOf[row] = planner.route(from, cores, toHost);
  };
  for (size_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    for (const image::SliceRecord &slice : image.slices.subspan(core.firstSlice, core.sliceCount)) {
      const bool heard = image::hostHears(image.meta, slice.population);
      for (uint64_t n = core.firstNeuron + slice.neuronBase, end = n + slice.count; n < end; ++n)
        plan(n, nodeOf[c], heard);
    }
    packets.emplace_back().reserve(sendersOf(core.firstNeuron, core.firstNeuron + core.neuronCount));
    neurons = std::max(neurons, core.firstNeuron + core.neuronCount);
  }
  for (uint64_t row = neurons; row < rows; ++row)
    plan(row, 0, false);
  packets.emplace_back().reserve(sendersOf(neurons, rows));
  spikeCount.resize(packets.size());
  senders.resize((detailed ? planner.mesh.nodes() : image.cores.size()) + 1);
  if (!detailed) {
    fast = std::make_unique<FirstCome>(std::move(planner.fast));
    return;
  }
  mesh = std::make_unique<MeshNetwork>(std::move(planner.mesh));
  constexpr hw::Direction directions[] = {hw::Direction::East, hw::Direction::West, hw::Direction::North, hw::Direction::South};
  for (const uint32_t link : planner.links) {
    const uint32_t node = link / 4, y = mesh->plan().rows;
    places.push_back({0, node / y, node % y, directions[link % 4]});
    inputOf.push_back(mesh->behind(node, link % 4));
  }
  outcomes.resize(places.size());
}

uint32_t CycleTiming::sendersOf(uint64_t first, uint64_t end) const {
  return static_cast<uint32_t>(end - first -
                               static_cast<uint64_t>(std::count(routeOf.begin() + static_cast<ptrdiff_t>(first),
                                                                routeOf.begin() + static_cast<ptrdiff_t>(end), MeshPlan::none)));
}

uint64_t CycleTiming::bytes() const {
  const auto of = [](const auto &list) { return uint64_t(list.size()) * sizeof(*list.data()); };
  uint64_t sum = of(processing) + of(routeOf) + of(firstNeuron) + of(nodeOf) + of(updateCycles) + of(packets) + of(spikeCount) +
                 of(senders) + of(places) + of(inputOf) + of(outcomes);
  for (const auto &list : packets)
    sum += list.capacity() * sizeof(CyclePacket); // as reserved
  return sum + (fast ? fast->bytes() : mesh->bytes());
}

//===--- Steps ------------------------------------------------------------===//

void CycleTiming::begin() {
  for (auto &list : packets)
    list.clear();
  std::fill(spikeCount.begin(), spikeCount.end(), 0);
}

void CycleTiming::spikes(uint32_t core, std::span<const uint32_t> neurons) {
  spikeCount[core] = neurons.size();
  for (uint32_t place = 0; place < neurons.size(); ++place)
    addPackets(firstNeuron[core] + neurons[place], place, packets[core]);
}

void CycleTiming::input(uint64_t row) { addPackets(row, static_cast<uint32_t>(spikeCount.back()++), packets.back()); }

int64_t CycleTiming::settle(std::span<CoreTimes> times, uint64_t mostOverLink) {
  const auto cycles = [&](CycleModel::Number number) { return int64_t(model[number]); };
  const size_t cores = nodeOf.size();
  // Neurons come after the update phase, the host from the start on.
  const auto sender = [&](size_t k, int64_t start, CycleModel::Number first, CycleModel::Number each, CycleModel::Number end) {
    const int64_t busy = static_cast<int64_t>(spikeCount[k]) * cycles(each);
    return CycleSender{packets[k], start + cycles(first), static_cast<uint32_t>(cycles(each)),
                       start + (spikeCount[k] ? cycles(end) + busy : 0)};
  };
  std::fill(senders.begin(), senders.end(), CycleSender());
  int64_t firstSpike = std::numeric_limits<int64_t>::max();
  for (size_t c = 0; c < cores; ++c) {
    CycleSender &at = senders[mesh ? nodeOf[c] : c] =
        sender(c, updateCycles[c], CycleModel::Send, CycleModel::Spike, CycleModel::SendEnd);
    if (!at.packets.empty())
      firstSpike = std::min(firstSpike, at.first);
  }
  senders.back() = sender(cores, 0, CycleModel::Input, CycleModel::InputSpike, CycleModel::InputEnd);
  int64_t end = mesh ? mesh->run(senders, processing) : fast->run(senders, processing);
  if (fast && mostOverLink) // a link carries a message a cycle
    end = std::max(end, firstSpike + static_cast<int64_t>(mostOverLink));
  const std::span<const CycleOutcome> results = mesh ? mesh->outcomes() : fast->outcomes();
  for (size_t c = 0; c < cores; ++c) {
    const size_t place = mesh ? nodeOf[c] : c;
    const CycleOutcome &outcome = results[place];
    times[c].soma = picoseconds(updateCycles[c]);
    times[c].axonOut = picoseconds(senders[place].sent - updateCycles[c]);
    times[c].stalled = picoseconds(outcome.stalled);
    times[c].synapse = picoseconds(outcome.work) - times[c].axonIn;
    times[c].idle = picoseconds(outcome.sent + outcome.processingAfter);
  }
  for (size_t l = 0; l < places.size(); ++l) {
    const MeshLinkOutcome &link = mesh->link(inputOf[l].first, inputOf[l].second);
    outcomes[l] = {link.packets, picoseconds(link.packets * model[CycleModel::Hop]), picoseconds(link.waited),
                   picoseconds(link.blocked)};
  }
  return picoseconds(end);
}

} // namespace ranvier::emu
