//===- Compare.cpp - Our partitioner beside others ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Place/TreePlacer.h"
#include "Peers.h"
#include "Search.h"
#include <algorithm>
#include <chrono>
#include <functional>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// What all partitioners get.
struct Arena {
  const Network &network;
  const hw::Chip &chip;
  const Hypergraph &graph;
  const Sites &sites;
  uint32_t cores;
};

} // namespace

/// Repairs a partition where it is over a limit; `moved`: neurons moved. False: impossible.
static bool repaired(const Arena &arena, std::vector<uint32_t> &coreOf, uint64_t seed, uint64_t &moved) {
  CoreState state(arena.graph, arena.chip, arena.sites, arena.cores);
  state.assign(coreOf);
  moved = 0;
  if (state.violations() && !Refiner(arena.graph, state, seed).repair(moved))
    return false;
  coreOf = state.partition();
  return true;
}

static uint64_t messagesOf(const Arena &arena, const std::vector<uint32_t> &coreOf) {
  CoreState state(arena.graph, arena.chip, arena.sites, arena.cores);
  state.assign(coreOf);
  return state.messages();
}

/// The best of several seeds.
static Result<Contender> contend(const Arena &arena, const CompareOptions &options, const std::string &name,
                                 const std::function<Result<Placed>(uint64_t seed, uint64_t &moved, bool &fits)> &run) {
  Contender result{.name = name, .fits = false};
  const auto start = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < std::max(1u, options.seeds); ++i) {
    const uint64_t seed = options.seed + i;
    uint64_t moved = 0;
    bool fits = true;
    std::string why = "exceeds a limit and could not be repaired";
    RANVIER_TRY(Placed placed, run(seed, moved, fits));
    if (fits && (arena.chip.closesWays() || arena.chip.multicastTrees)) { // Counted otherwise by the search.
      Mapping mapping = toMapping(arena.graph, arena.sites, placed);
      refineTrees(arena.network, arena.chip, options.rates, arena.sites, mapping, seed);
      const auto message = undelivered(arena.network, arena.chip, mapping);
      if (message) {
        const Error error = cannotDeliver(arena.network, arena.chip, mapping, *message);
        why = error.message + ": " + error.found;
      }
      fits = !message;
      RANVIER_TRY(const uint64_t exact, spikeHops(arena.network, arena.chip, mapping, options.rates));
      placed.cost = static_cast<int64_t>(exact);
    }
    if (!fits && result.reason.empty())
      result.reason = std::move(why);
    if (!fits || (result.fits && static_cast<uint64_t>(placed.cost) >= result.spikeHops))
      continue;
    result.fits = true;
    result.spikeHops = static_cast<uint64_t>(placed.cost);
    result.repaired = moved;
    result.seed = seed;
    result.messages = messagesOf(arena, placed.coreOf);
  }
  if (result.fits)
    result.reason.clear();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

/// What fills cores: neurons, or synapses where another limit binds; and how uneven parts may be.
static PeerTask taskFor(const Arena &arena, const Mapping &filled, std::string &binding) {
  PeerTask task;
  task.cores = arena.cores;
  std::array<uint64_t, LimitCount> sums{};
  for (const CoreUse &use : measure(arena.network, arena.chip, filled))
    for (unsigned i = 0; i < LimitCount; ++i)
      sums[i] += use.*limits(arena.chip)[i].use;
  double tightest = 0;
  unsigned at = LimitNeurons;
  for (const unsigned i : {LimitNeurons, LimitMemory, LimitAxonsIn, LimitAxonsOut}) {
    const Limit limit = limits(arena.chip)[i];
    const double ratio =
        limit.bound ? static_cast<double>(sums[i]) / (static_cast<double>(limit.bound) * static_cast<double>(filled.cores.size()))
                    : 0;
    if (ratio > tightest) {
      tightest = ratio;
      at = i;
    }
  }
  binding = limits(arena.chip)[at].name;
  task.imbalance = std::clamp(tightest > 0 ? 1 / tightest : 1.1, 1.001, 1.1);
  task.vertexWeight.resize(arena.graph.vertices, 1);
  if (at != LimitNeurons)
    for (uint32_t v = 0; v < arena.graph.vertices; ++v)
      task.vertexWeight[v] += static_cast<int32_t>(arena.graph.inPtr[v + 1] - arena.graph.inPtr[v]);
  return task;
}

Result<Comparison> mapping::comparePartitioners(const Network &network, const hw::Chip &chip, const CompareOptions &options) {
  RANVIER_CHECK(checkRates(network, options.rates));
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  RANVIER_TRY(const Mapping filled, partition(network, chip, {}));
  const uint32_t cores = static_cast<uint32_t>(filled.cores.size());
  const Hypergraph graph(network, options.rates, level);
  const Sites sites(chip, cores);
  const Arena arena{network, chip, graph, sites, cores};
  Comparison result{.cores = cores, .neurons = graph.vertices, .synapses = graph.pins};
  PeerTask task = taskFor(arena, filled, result.binding);
  const std::vector<uint32_t> order = coresOf(graph, filled);
  const auto wanted = [&](const std::string &name) {
    return options.only.empty() || std::find(options.only.begin(), options.only.end(), name) != options.only.end();
  };
  if (wanted("ranvier")) {
    RANVIER_TRY(Contender ours, contend(arena, options, "ranvier", [&](uint64_t seed, uint64_t &, bool &) -> Result<Placed> {
                  const Placed start = placed(graph, chip, sites, cores, order, {.seed = seed});
                  return search(graph, chip, sites, start, effortFor(graph.pins, false), {.seed = seed});
                }));
    result.contenders.push_back(std::move(ours));
  }
  if (wanted("sequential")) {
    RANVIER_TRY(Contender plain, contend(arena, options, "sequential", [&](uint64_t seed, uint64_t &, bool &) -> Result<Placed> {
                  return placed(graph, chip, sites, cores, order, {.seed = seed});
                }));
    result.contenders.push_back(std::move(plain));
  }
  for (const Peer peer : {Peer::Metis, Peer::Scotch, Peer::Zoltan}) {
    if (!wanted(toString(peer)))
      continue;
    if (!available(peer)) {
      result.contenders.push_back({.name = toString(peer), .available = false, .fits = false});
      continue;
    }
    RANVIER_TRY(Contender contender,
                contend(arena, options, toString(peer), [&](uint64_t seed, uint64_t &moved, bool &fits) -> Result<Placed> {
                  task.seed = seed;
                  RANVIER_TRY(std::vector<uint32_t> coreOf, runPeer(peer, graph, task));
                  fits = repaired(arena, coreOf, seed, moved);
                  if (!fits)
                    return Placed{};
                  return placed(graph, chip, sites, cores, std::move(coreOf), {.seed = seed});
                }));
    result.contenders.push_back(std::move(contender));
  }
  return result;
}
