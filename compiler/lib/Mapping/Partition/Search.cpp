//===- Search.cpp - The multi-level search for a mapping ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Search.h"
#include "../SideBySide.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

Effort detail::effortFor(uint64_t synapses, bool quick) {
  if (synapses > 20'000'000)
    return {.topPasses = 1, .coarsePasses = 1, .finePasses = 2, .cycles = 0, .fromScratch = false};
  if (quick)
    return {.topPasses = 12, .coarsePasses = 4, .finePasses = 5, .cycles = 0};
  return {};
}

std::vector<uint32_t> detail::coresOf(const Hypergraph &graph, const Mapping &mapping) {
  std::vector<uint32_t> coreOf(graph.vertices, nowhere);
  for (uint32_t c = 0; c < mapping.cores.size(); ++c)
    for (const Slice &slice : mapping.cores[c].slices)
      std::fill_n(coreOf.begin() + graph.vertexBase[slice.population] + slice.first, slice.count, c);
  return coreOf;
}

Mapping detail::toMapping(const Hypergraph &graph, const Sites &sites, const Placed &placed) {
  Mapping mapping;
  mapping.cores.resize(placed.siteOf.size());
  for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
    mapping.cores[c].chip = sites[placed.siteOf[c]].chip;
    mapping.cores[c].core = sites[placed.siteOf[c]].core;
  }
  for (uint32_t v = 0; v < graph.vertices; ++v) {
    CoreAssignment &core = mapping.cores[placed.coreOf[v]];
    const uint32_t p = graph.populationOf[v], n = v - graph.vertexBase[p];
    core.level = graph.levelOf[v];
    if (core.slices.empty() || core.slices.back().population != p || core.slices.back().first + core.slices.back().count != n)
      core.slices.push_back({p, n, 0});
    ++core.slices.back().count;
  }
  std::sort(mapping.cores.begin(), mapping.cores.end(), [](const CoreAssignment &a, const CoreAssignment &b) {
    return std::tie(a.level, a.chip, a.core) < std::tie(b.level, b.chip, b.core);
  });
  return mapping;
}

/// [core] -> the set whose neurons it holds.
static GroupOf groupsOf(const CoreState &state, const SameChip *sets) {
  GroupOf groups;
  if (sets && !sets->empty())
    for (uint32_t core = 0; core < state.cores(); ++core)
      groups.push_back(sets->setIn(state.levelOf(core)));
  return groups;
}

Placed detail::placed(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, uint32_t cores,
                      std::vector<uint32_t> coreOf, const SearchOptions &options, std::vector<uint32_t> siteOf) {
  CoreState state(graph, chip, sites, cores);
  state.assign(coreOf);
  if (siteOf.empty())
    siteOf = placeCores(state.traffic(), sites, options.seed, options.threads, groupsOf(state, options.sets));
  state.place(siteOf);
  return {std::move(coreOf), state.placement(), state.cost()};
}

namespace {

/// One state on its way to less cost, and the best it has been.
class Searcher {
public:
  Searcher(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, uint32_t cores, const Effort &effort,
           const SearchOptions &options)
      : graph(graph), sites(sites), effort(effort), threads(options.threads), sets(options.sets), seed(options.seed),
        state(graph, chip, sites, cores), refiner(graph, state, options.seed) {}
  void startFrom(const Placed &start);
  /// From nothing: grows a partition from clusters and descends; false if not all neurons find room.
  bool startFromClusters(uint64_t clusterSeed);
  /// Clusters within the cores, then descends.
  void cycle(double heat);
  Placed best;

private:
  /// Fills core after core with the clusters that are tied to it most; false if not all neurons find room.
  bool grow(const Hierarchy &hierarchy);
  /// From the coarsest level to single neurons, from `heat` down to none; `topPasses` on the coarsest.
  void descend(const Hierarchy &hierarchy, double heat, unsigned topPasses);
  void remember();
  void replace(double heat);
  uint32_t mostInCluster() const { return std::max(1u, graph.vertices / state.cores() / 12); }
  std::vector<uint32_t> fill(const Hierarchy &hierarchy);

  const Hypergraph &graph;
  const Sites &sites;
  const Effort effort;
  const unsigned threads;
  const SameChip *const sets;
  uint64_t seed;
  CoreState state;
  Refiner refiner;
};

} // namespace

void Searcher::remember() {
  if (state.violations() == 0 && (best.coreOf.empty() || state.cost() < best.cost))
    best = {state.partition(), state.placement(), state.cost()};
}

void Searcher::startFrom(const Placed &start) {
  state.assign(start.coreOf);
  state.place(start.siteOf);
  remember();
}

/// New sites for the cores as they are now.
void Searcher::replace(double heat) {
  if (sites.alike)
    return;
  std::vector<uint32_t> siteOf = state.placement();
  const CoreGraph traffic = state.traffic();
  uint64_t links = 1;
  for (const auto &row : traffic)
    links += row.size();
  annealPlacement(traffic, sites, siteOf, heat,
                  std::min<uint64_t>(uint64_t(state.cores()) * 2000, 80'000'000 / (1 + 4 * links / state.cores())), ++seed,
                  groupsOf(state, sets));
  state.place(siteOf);
}

void Searcher::descend(const Hierarchy &hierarchy, double heat, unsigned topPasses) {
  const size_t depth = hierarchy.levels.size();
  for (size_t level = depth; level-- > 0;) {
    const Groups &groups = hierarchy.levels[level];
    refiner.use(groups);
    const unsigned passes = level + 1 == depth ? topPasses : level ? effort.coarsePasses : effort.finePasses;
    for (unsigned pass = 0; pass < passes; ++pass) {
      // Cools over all levels and, within a level, to nothing in its last third.
      const double share = static_cast<double>(state.cost()) / std::max(1u, groups.size());
      const double progress = static_cast<double>(pass) / passes;
      const double temperature = progress < 0.67 ? heat * share * (1 - progress) : 0;
      const int64_t before = state.cost();
      const uint64_t moved = refiner.pass(temperature);
      if (temperature == 0 && (moved == 0 || before - state.cost() < before / 5000))
        break;
    }
    replace(0.02);
    remember();
  }
}

void Searcher::cycle(double heat) {
  const Hierarchy hierarchy = cluster(graph, state.partition(), mostInCluster(), ++seed);
  descend(hierarchy, heat, effort.coarsePasses);
}

/// [cluster] -> core, nowhere if it found no room.
std::vector<uint32_t> Searcher::fill(const Hierarchy &hierarchy) {
  const Groups &groups = hierarchy.levels.back();
  const Ties &ties = hierarchy.coarsest;
  std::vector<uint32_t> coreOf(groups.size(), nowhere);
  std::vector<double> toCore(groups.size(), 0), toAll(groups.size(), 0);
  std::vector<uint8_t> refused(groups.size(), 0);
  uint64_t left = graph.vertices;
  for (uint32_t core = 0; core < state.cores(); ++core) {
    std::fill(toCore.begin(), toCore.end(), 0);
    std::fill(refused.begin(), refused.end(), 0);
    const uint64_t target = (left + state.cores() - core - 1) / (state.cores() - core);
    while (state.used(core, CoreState::Neurons) < target) {
      uint32_t next = nowhere;
      double strongest = -1;
      for (uint32_t g = 0; g < groups.size(); ++g)
        if (coreOf[g] == nowhere && !refused[g] &&
            (state.levelOf(core) == nowhere || state.levelOf(core) == graph.levelOf[groups[g][0]])) {
          const double tie = (toCore[g] + 0.1 * toAll[g]) / static_cast<double>(groups[g].size());
          if (tie > strongest) {
            strongest = tie;
            next = g;
          }
        }
      if (next == nowhere)
        break;
      for (uint32_t v : groups[next])
        state.move(v, core);
      if (state.violations() || state.used(core, CoreState::Neurons) > target + target / 50) {
        for (uint32_t v : groups[next])
          state.move(v, nowhere);
        refused[next] = 1;
        continue;
      }
      coreOf[next] = core;
      left -= groups[next].size();
      for (uint64_t e = ties.ptr[next]; e < ties.ptr[next + 1]; ++e) {
        toCore[ties.list[e].first] += ties.list[e].second;
        toAll[ties.list[e].first] += ties.list[e].second;
      }
    }
  }
  return coreOf;
}

bool Searcher::grow(const Hierarchy &hierarchy) {
  const std::vector<uint32_t> coreOf = fill(hierarchy);
  for (uint32_t g = 0; g < coreOf.size(); ++g)
    if (coreOf[g] == nowhere)
      for (uint32_t v : hierarchy.levels.back()[g])
        if (!refiner.insert(v))
          return false;
  for (uint32_t core = 0; core < state.cores(); ++core)
    if (state.used(core, CoreState::Neurons) == 0)
      return false;
  const std::vector<uint32_t> siteOf = placeCores(state.traffic(), sites, ++seed, threads, groupsOf(state, sets));
  if (siteOf.empty()) // Grown otherwise than the start, the sets may fit no chip.
    return false;
  state.place(siteOf);
  return state.violations() == 0;
}

/// The levels but with only those groups whose members all stand on one core; others fall apart into single vertices.
static Hierarchy withinCores(Hierarchy hierarchy, const CoreState &state) {
  for (Groups &groups : hierarchy.levels) {
    Groups kept;
    for (uint32_t g = 0; g < groups.size(); ++g) {
      const auto members = groups[g];
      const bool together =
          std::all_of(members.begin(), members.end(), [&](uint32_t v) { return state.coreOf(v) == state.coreOf(members[0]); });
      for (uint32_t v : members) {
        kept.members.push_back(v);
        if (!together)
          kept.ptr.push_back(static_cast<uint32_t>(kept.members.size()));
      }
      if (together)
        kept.ptr.push_back(static_cast<uint32_t>(kept.members.size()));
    }
    groups = std::move(kept);
  }
  return hierarchy;
}

bool Searcher::startFromClusters(uint64_t clusterSeed) {
  const Hierarchy hierarchy = cluster(graph, graph.levelOf, mostInCluster(), clusterSeed);
  if (!grow(hierarchy))
    return false;
  descend(withinCores(hierarchy, state), 1.0, effort.topPasses);
  return true;
}

Placed detail::search(const Hypergraph &graph, const hw::Chip &chip, const Sites &sites, const Placed &start, const Effort &effort,
                      const SearchOptions &options) {
  const uint32_t cores = static_cast<uint32_t>(start.siteOf.size());
  if (cores < 2 || start.cost == 0)
    return start;
  Placed best, grown;
  const auto refineStart = [&] {
    Searcher fromStart(graph, chip, sites, cores, effort, options);
    fromStart.startFrom(start);
    fromStart.cycle(0.1);
    for (unsigned i = 0; i < effort.cycles; ++i)
      fromStart.cycle(0.05);
    best = std::move(fromStart.best);
  };
  const auto growAnew = [&] {
    if (!effort.fromScratch)
      return;
    SearchOptions own = options;
    own.seed += 0x10000;
    own.threads = options.threads > 1 ? options.threads - 1 : 1;
    Searcher scratch(graph, chip, sites, cores, effort, own);
    if (!scratch.startFromClusters(options.seed))
      return;
    for (unsigned i = 0; i < effort.cycles; ++i)
      scratch.cycle(0.05);
    grown = std::move(scratch.best);
  };
  sideBySide(options.threads > 1 && effort.fromScratch, refineStart, growAnew);
  return !grown.coreOf.empty() && grown.cost < best.cost ? std::move(grown) : std::move(best);
}
