//===- DetailedTiming.cpp - What a machine tells the packet network -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DetailedTiming.h"
#include "RouteTree.h"
#include <algorithm>
#include <bit>
#include <map>

namespace ranvier::emu {

//===--- Sends of a core --------------------------------------------------===//

SendLog::SendLog(const CostTable &costs, bool trees, size_t capacity) : costs(costs), trees(trees) { list.reserve(capacity); }

/// The neurons before `to`: accesses and updates.
void SendLog::pass(uint32_t to) {
  uint32_t active = 0;
  for (uint32_t w = at / 32; w < (to + 31) / 32; ++w) {
    uint32_t word = bits[w];
    if (w == at / 32)
      word &= ~uint32_t(0) << at % 32;
    if (w == to / 32) // not read where `to` begins a word
      word &= (uint32_t(1) << to % 32) - 1;
    active += static_cast<uint32_t>(std::popcount(word));
  }
  work = addTime(work, to - at, costs.picoseconds(CostTable::SomaAccess));
  work = addTime(work, active, costs.picoseconds(CostTable::SomaUpdate));
  at = to;
}

void SendLog::spike(uint32_t neuron, uint64_t global, const uint64_t *outPtr) {
  pass(neuron + 1);
  work = addTime(work, 1, costs.picoseconds(CostTable::SomaSpike));
  const uint64_t first = outPtr[global], count = outPtr[global + 1] - first;
  if (count == 0)
    return;
  list.push_back({work, trees ? global : first, first, trees ? 1 : static_cast<uint32_t>(count)}); // within the reserved capacity
  work = 0;
}

//===--- Plan -------------------------------------------------------------===//

namespace {

/// Builds routes with links by their numbers in the grid; finish() leaves only those in use.
class Planner {
public:
  Planner(const image::Image &image, const ChipGrid &grid, const CostTable &costs) : image(image), grid(grid), costs(costs) {}

  /// The route of a message from a core to several, whose processing times come in that order.
  uint32_t route(uint32_t from, std::span<const uint32_t> to) {
    RouteTree tree;
    for (uint32_t k = 0; k < to.size(); ++k) {
      std::vector<uint32_t> way = grid.way(from, to[k]);
      if (way.empty() && costs.picoseconds(CostTable::HopWithinTile) > 0)
        way.push_back(ownPort(from));
      tree.add(way, to[k], k);
    }
    const auto [first, count] = placeRoute(plan.nodes, tree, arrivalAt(0));
    plan.routes.push_back({first, count});
    return static_cast<uint32_t>(plan.routes.size() - 1);
  }

  NetworkPlan finish(std::vector<LinkPlace> &places);

private:
  uint32_t ownPort(uint32_t core) const { return grid.links() + core; }
  uint32_t arrivalAt(uint32_t core) const { return grid.links() + static_cast<uint32_t>(image.cores.size()) + core; }

  const image::Image &image;
  const ChipGrid &grid;
  const CostTable &costs;
  NetworkPlan plan;
};

NetworkPlan Planner::finish(std::vector<LinkPlace> &places) {
  for (const uint32_t link : numberLinks(plan.nodes, arrivalAt(0))) {
    NetworkPlan::Link entry;
    if (link < grid.links()) {
      const auto [tile, direction] = grid.linkPlace(link);
      const bool horizontal = direction == hw::Direction::East || direction == hw::Direction::West;
      entry.latency = costs.picoseconds(grid.hop(link));
      if (grid.isTorus())
        entry.ring = (horizontal ? tile.y : tile.x) * 4 + link % 4; // a line of links in one direction
      places.push_back(grid.placeOnChip(link));
    } else {
      entry.latency = costs.picoseconds(CostTable::HopWithinTile);
    }
    plan.links.push_back(entry);
  }
  plan.cores = static_cast<uint32_t>(image.cores.size());
  plan.buffer = std::max(1u, image.chip.linkBuffer);
  plan.axonOut = costs.picoseconds(CostTable::AxonOut);
  return std::move(plan);
}

Error refused(const hw::Chip &chip, std::string place, std::string expected, std::string found) {
  return Error{.code = 7015,
               .message = "detailed timing of this chip's network",
               .file = chip.path,
               .place = std::move(place),
               .expected = std::move(expected),
               .found = std::move(found),
               .hint = "run with timing fast",
               .kind = ErrorKind::Unsupported};
}
} // namespace

Result<std::unique_ptr<DetailedTiming>> DetailedTiming::create(const image::Image &image, const Messages &messages,
                                                               const ChipGrid &grid, const CostTable &costs) {
  const auto &[outPtr, outAxons, outEvents] = messages;
  if (!grid.hasLinks())
    return refused(image.chip, "topology.kind", "mesh or torus: without a topology there are no links to wait for", "none");
  if (grid.hasDiagonals())
    return Error{.code = 7006,
                 .message = "detailed timing on a triangular torus",
                 .file = image.chip.path,
                 .place = "topology",
                 .expected = "mesh or torus",
                 .found = "triangular_torus",
                 .hint = "run with timing fast",
                 .kind = ErrorKind::Unsupported};
  if (grid.isTorus() && image.chip.linkBuffer < 2)
    return refused(image.chip, "topology.link_buffer", "at least 2 on a torus, whose closed lines of links could lock otherwise",
                   std::to_string(image.chip.linkBuffer));
  std::unique_ptr<DetailedTiming> made(new DetailedTiming);
  made->processing = AlignedArray<int64_t>(outAxons.size());
  for (size_t o = 0; o < outAxons.size(); ++o)
    made->processing[o] = costs.processing(1, {outEvents[o][0], outEvents[o][1], outEvents[o][2]});
  Planner planner(image, grid, costs);
  uint64_t neurons = 0;
  for (const auto &core : image.cores)
    neurons += core.neuronCount;
  const bool trees = grid.hasTrees();
  made->routeOf = AlignedArray<uint32_t>(trees ? neurons : outPtr.empty() ? 0 : outPtr[neurons]);
  std::vector<uint32_t> cores;
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    std::map<std::vector<uint32_t>, uint32_t> known; // neurons of a core share the ways to the same cores
    const auto routeTo = [&] {
      const auto [at, isNew] = known.try_emplace(cores, 0);
      if (isNew)
        at->second = planner.route(c, cores);
      return at->second;
    };
    size_t senders = 0;
    for (uint64_t n = core.firstNeuron; n < core.firstNeuron + core.neuronCount; ++n) {
      senders += outPtr[n + 1] > outPtr[n];
      if (trees)
        cores.clear();
      for (uint64_t o = outPtr[n]; o < outPtr[n + 1]; ++o) {
        if (!trees) {
          cores.assign(1, outAxons[o].core);
          made->routeOf[o] = routeTo();
        } else {
          cores.push_back(outAxons[o].core);
        }
      }
      if (trees && !cores.empty())
        made->routeOf[n] = routeTo();
    }
    made->logs.emplace_back(costs, trees, senders);
  }
  made->network = std::make_unique<PacketNetwork>(planner.finish(made->places));
  made->outcomes.resize(made->places.size());
  made->spans.resize(image.cores.size());
  made->trailing.resize(image.cores.size());
  return made;
}

//===--- Steps ------------------------------------------------------------===//

void DetailedTiming::begin() {
  network->begin();
  for (SendLog &log : logs)
    log.begin();
}

int64_t DetailedTiming::settle(std::span<CoreTimes> times) {
  for (size_t c = 0; c < logs.size(); ++c) {
    spans[c] = logs[c].sends();
    trailing[c] = logs[c].trailing();
  }
  const int64_t end = network->run(spans, trailing, {routeOf.data(), routeOf.size()}, {processing.data(), processing.size()});
  for (size_t c = 0; c < times.size(); ++c) {
    const CoreOutcome &outcome = network->cores()[c];
    times[c].stalled = outcome.stalled;
    times[c].idle = addTime(outcome.sent, 1, outcome.processingAfter);
  }
  for (size_t l = 0; l < outcomes.size(); ++l) {
    const LinkOutcome &outcome = network->links()[l];
    outcomes[l] = {outcome.packets, addTime(0, outcome.packets, network->plan().links[l].latency), outcome.waited, outcome.blocked};
  }
  return end;
}

} // namespace ranvier::emu
