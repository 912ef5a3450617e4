//===- Refine.cpp - Moving groups of neurons to cheaper cores -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a group costs on core b, up to a constant: every net that reaches it from core h, or that it sends to core h, pulls with
// its spikes times the distance from b to h ("field"), except that a net from h that reaches b anyway costs nothing more
// ("saved"). Both are gathered once for all cores that the group could go to.
//===----------------------------------------------------------------------===//
#include "Refine.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

Refiner::Refiner(const Hypergraph &graph, CoreState &state, uint64_t seed)
    : graph(graph), state(state), random(seed), listOfRow(graph.rows), multiplicity(graph.listPins.size(), 0),
      own(graph.listPins.size(), 0), touched(state.cores(), 0), field(state.cores(), 0), saved(state.cores(), 0) {
  for (uint32_t row = 0; row < graph.rows; ++row)
    listOfRow[row] = graph.weight[graph.rowNet[row]] ? graph.listOf[graph.rowNet[row]] : nowhere;
}

void Refiner::use(const Groups &chosen) {
  groups = &chosen;
  onCore.assign(state.cores(), {});
  slot.resize(chosen.size());
  order.resize(chosen.size());
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t g = 0; g < chosen.size(); ++g)
    if (const uint32_t core = state.coreOf(chosen[g][0]); core != nowhere) {
      slot[g] = static_cast<uint32_t>(onCore[core].size());
      onCore[core].push_back(g);
    }
}

void Refiner::gather(std::span<const uint32_t> members, uint32_t from) {
  const auto touch = [&](uint32_t core) {
    if (!touched[core]) {
      touched[core] = 1;
      touchedCores.push_back(core);
    }
  };
  for (uint32_t v : members)
    for (uint32_t row : graph.rowsInto(v))
      if (const uint32_t list = listOfRow[row]; list != nowhere && multiplicity[list]++ == 0)
        touchedLists.push_back(list);
  for (uint32_t v : members) {
    const uint32_t net = graph.netOf[v], list = graph.listOf[net];
    if (list == nowhere)
      continue;
    own[list] = 1;
    for (const auto &entry : state.reached(list))
      if (entry.core != from || entry.count != multiplicity[list]) {
        touch(entry.core);
        field[entry.core] += graph.weight[net];
      }
  }
  for (uint32_t list : touchedLists) {
    const uint32_t net = graph.listNet[list], home = state.coreOf(graph.vertexOf[net]);
    if (!own[list] && home != nowhere) {
      const int64_t weight = graph.weight[net];
      touch(home);
      field[home] += weight;
      for (const auto &entry : state.reached(list))
        if (entry.core != from || entry.count != multiplicity[list]) {
          touch(entry.core);
          saved[entry.core] += weight * state.distance(home, entry.core);
        }
    }
    multiplicity[list] = 0;
  }
  for (uint32_t v : members)
    if (const uint32_t list = graph.listOf[graph.netOf[v]]; list != nowhere)
      own[list] = 0;
  touchedLists.clear();
  pulls.clear();
  for (uint32_t core : touchedCores)
    if (field[core])
      pulls.push_back({core, field[core]});
}

int64_t Refiner::costOn(uint32_t core) const {
  int64_t sum = -saved[core];
  for (const auto &[other, weight] : pulls)
    sum += weight * state.distance(other, core);
  return sum;
}

void Refiner::forget() {
  for (uint32_t core : touchedCores)
    field[core] = saved[core] = touched[core] = 0;
  touchedCores.clear();
}

/// Cores that would be cheaper than staying, or that heat makes so, the best first. Ends with forget().
void Refiner::listCandidates(uint32_t from, double temperature) {
  constexpr size_t mostCandidates = 24;
  candidates.clear();
  const auto noise = [&] { return temperature > 0 ? temperature * std::log(-std::log(random.open())) : 0.0; };
  if (touchedCores.size() > mostCandidates) {
    std::nth_element(touchedCores.begin(), touchedCores.begin() + mostCandidates, touchedCores.end(), [&](uint32_t a, uint32_t b) {
      return std::tuple(field[a] + saved[a], b) > std::tuple(field[b] + saved[b], a);
    });
  }
  const int64_t staying = from == nowhere ? 0 : costOn(from);
  const double stayScore = from == nowhere ? 0 : noise();
  for (size_t i = 0; i < std::min(touchedCores.size(), mostCandidates); ++i) {
    const uint32_t core = touchedCores[i];
    if (core == from || (from != nowhere && state.levelOf(core) != state.levelOf(from)))
      continue;
    const int64_t change = costOn(core) - staying;
    const double score = static_cast<double>(change) + noise();
    if (from == nowhere || score < stayScore)
      candidates.push_back({core, change, score});
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate &a, const Candidate &b) { return std::tie(a.score, a.core) < std::tie(b.score, b.core); });
  forget();
}

int64_t Refiner::changeOf(uint32_t group, uint32_t to) {
  const auto members = (*groups)[group];
  const uint32_t from = state.coreOf(members[0]);
  gather(members, from);
  const int64_t change = costOn(to) - costOn(from);
  forget();
  return change;
}

void Refiner::moveGroup(uint32_t group, uint32_t to) {
  const auto members = (*groups)[group];
  const uint32_t from = state.coreOf(members[0]);
  for (uint32_t v : members)
    state.move(v, to);
  const uint32_t last = onCore[from].back();
  onCore[from][slot[group]] = last;
  slot[last] = slot[group];
  onCore[from].pop_back();
  slot[group] = static_cast<uint32_t>(onCore[to].size());
  onCore[to].push_back(group);
}

bool Refiner::exchangeWith(uint32_t partner, uint32_t back, int64_t change, double allowance) {
  const uint32_t here = state.coreOf((*groups)[partner][0]);
  if (static_cast<double>(change + changeOf(partner, back)) >= allowance)
    return false;
  moveGroup(partner, back);
  if (state.violations() == 0)
    return true;
  moveGroup(partner, here);
  return false;
}

/// The group already stands on the full core `candidate.core`; looks for one that goes back to `from` in its place.
bool Refiner::tryExchange(uint32_t group, const Candidate &candidate, uint32_t from, double temperature) {
  const uint32_t to = candidate.core;
  const double allowance = temperature > 0 ? -temperature * std::log(random.open()) : 0;
  const size_t size = (*groups)[group].size();
  const auto room = [&](uint32_t partner) {
    const uint64_t count = (*groups)[partner].size();
    return partner != group && state.used(to, CoreState::Neurons) - count <= state.bound(CoreState::Neurons) &&
           state.used(from, CoreState::Neurons) + count <= state.bound(CoreState::Neurons);
  };
  auto &waiting = wishes[uint64_t(to) << 32 | from];
  for (int i = 0; i < 3 && !waiting.empty(); ++i) {
    const uint32_t partner = waiting.back();
    waiting.pop_back();
    if (partner < groups->size() && state.coreOf((*groups)[partner][0]) == to && room(partner) &&
        exchangeWith(partner, from, candidate.change, allowance))
      return true;
  }
  for (int i = 0; i < 3; ++i) {
    const uint32_t partner = onCore[to][random.below(static_cast<uint32_t>(onCore[to].size()))];
    if ((*groups)[partner].size() <= 2 * size && room(partner) && exchangeWith(partner, from, candidate.change, allowance))
      return true;
  }
  return false;
}

bool Refiner::tryMove(uint32_t group, const Candidate &candidate, double temperature) {
  const auto members = (*groups)[group];
  const uint32_t from = state.coreOf(members[0]);
  const bool alone = onCore[from].size() == 1; // No core is left empty.
  moveGroup(group, candidate.core);
  if (!alone && state.violations() == 0)
    return true;
  if (tryExchange(group, candidate, from, temperature))
    return true;
  moveGroup(group, from);
  auto &waiting = wishes[uint64_t(from) << 32 | candidate.core];
  if (waiting.size() < 64)
    waiting.push_back(group);
  return false;
}

uint64_t Refiner::pass(double temperature) {
  random.shuffle(order);
  wishes.clear();
  uint64_t moved = 0;
  for (uint32_t group : order) {
    const auto members = (*groups)[group];
    const uint32_t from = state.coreOf(members[0]);
    gather(members, from);
    listCandidates(from, temperature);
    const std::vector<Candidate> tried(candidates.begin(), candidates.begin() + std::min<size_t>(candidates.size(), 2));
    for (const Candidate &candidate : tried)
      if (tryMove(group, candidate, temperature)) {
        ++moved;
        break;
      }
  }
  return moved;
}

bool Refiner::insert(uint32_t vertex, uint32_t except) {
  gather({&vertex, 1}, nowhere);
  for (uint32_t core = 0; core < state.cores(); ++core) // Every core with room will do in the end.
    if (!touched[core]) {
      touched[core] = 1;
      touchedCores.push_back(core);
    }
  std::vector<std::pair<int64_t, uint32_t>> choices;
  for (uint32_t core = 0; core < state.cores(); ++core)
    if (core != except && (state.levelOf(core) == nowhere || state.levelOf(core) == graph.levelOf[vertex]))
      choices.push_back({costOn(core), core});
  forget();
  std::sort(choices.begin(), choices.end());
  for (const auto &[cost, core] : choices) {
    const uint64_t before = state.violations();
    state.move(vertex, core);
    if (state.violations() <= before && !state.overLimit(core))
      return true;
    state.move(vertex, nowhere);
  }
  return false;
}

bool Refiner::repair(uint64_t &moved) {
  const Groups single = singletons(graph.vertices);
  use(single);
  for (int round = 0; round < 20 && state.violations(); ++round)
    for (uint32_t core = 0; core < state.cores(); ++core) {
      if (!state.overLimit(core))
        continue;
      std::vector<std::tuple<int64_t, uint32_t>> leaving;
      for (uint32_t v : onCore[core]) {
        gather({&v, 1}, core);
        int64_t least = INT64_MAX;
        const int64_t staying = costOn(core);
        for (uint32_t other : touchedCores)
          if (other != core && state.levelOf(other) == state.levelOf(core))
            least = std::min(least, costOn(other) - staying);
        forget();
        leaving.push_back({least, v});
      }
      std::sort(leaving.begin(), leaving.end());
      for (const auto &[change, v] : leaving) {
        if (!state.overLimit(core))
          break;
        const uint64_t before = state.violations();
        const double excess = state.excess(core);
        state.move(v, nowhere);
        if (state.excess(core) < excess && insert(v, core) && state.violations() <= before)
          ++moved;
        else
          state.move(v, core);
      }
      use(single);
    }
  groups = nullptr;
  return state.violations() == 0;
}
