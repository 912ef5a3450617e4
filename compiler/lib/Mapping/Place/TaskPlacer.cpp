//===- TaskPlacer.cpp - Search for a placement of cores -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Simulated annealing. What a population costs is the length of a minimum spanning tree over the places of its targets and the
// place of the sender, summed over its cores: close to the multicast tree that the router will build, and quick to work out again.
// A move takes one core, or all cores of a population on a place (splitting those costs a tree each), and half of the moves go
// beside a partner.
//===----------------------------------------------------------------------===//
#include "TaskPlacer.h"
#include <algorithm>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

class Annealer {
public:
  Annealer(const Tasks &tasks, const MachineGraph &machine, const Start &start, uint64_t seed);
  void run(uint64_t moves);
  Search result() && { return {std::move(placeOf), total}; }

private:
  uint64_t next() { // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1Dull;
  }
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  int64_t populationCost(uint32_t population);
  uint32_t treeLength(uint32_t root, size_t terminals);
  uint32_t choosePlace(uint32_t core);
  bool chooseCores(uint32_t core, uint32_t from, uint32_t to);
  void collectUnit(uint32_t core, std::vector<uint32_t> &out) const;
  bool moveAlone(uint32_t population) const { return tasks.setOf[population] == Tasks::alone; }
  uint32_t freeOn(uint32_t place) const { return machine.cores(place) - static_cast<uint32_t>(members[place].size()); }
  void put(uint32_t core, uint32_t place);
  void exchange(uint32_t from, uint32_t to);
  void touch(uint32_t population);
  void propose(double temperature);

  const Tasks &tasks;
  const MachineGraph &machine;
  uint64_t state;
  std::vector<uint32_t> placeOf, slotOf;      ///< [core]
  std::vector<std::vector<uint32_t>> members; ///< [place] cores.
  std::vector<uint32_t> region;               ///< Places that may be used.
  std::vector<std::vector<uint32_t>> near;    ///< [place] places of the region at most a link away.
  std::vector<int64_t> cost, newCost;         ///< [population]
  int64_t total = 0;
  // Of the move under way.
  std::vector<uint32_t> going, coming;
  std::vector<uint32_t> touched, touchStamp;
  uint32_t stamp = 0;
  // Scratch of populationCost.
  std::vector<uint32_t> terminal, open, seen, senders, senderCount;
  std::vector<uint16_t> reach;
  uint32_t seenStamp = 0;
};

} // namespace

Annealer::Annealer(const Tasks &tasks, const MachineGraph &machine, const Start &start, uint64_t seed)
    : tasks(tasks), machine(machine), state((seed + 1) * 0x9E3779B97F4A7C15ull), placeOf(start.placeOf), slotOf(placeOf.size()),
      members(machine.size()), region(start.region), near(machine.size()), cost(tasks.populations()), newCost(tasks.populations()),
      touchStamp(tasks.populations(), 0), seen(machine.size(), 0) {
  for (uint32_t core = 0; core < placeOf.size(); ++core) {
    slotOf[core] = static_cast<uint32_t>(members[placeOf[core]].size());
    members[placeOf[core]].push_back(core);
  }
  for (const uint32_t place : region)
    for (const uint32_t other : region)
      if (machine.distance(place, other) <= 1)
        near[place].push_back(other);
  terminal.resize(machine.size());
  open.resize(machine.size());
  reach.resize(machine.size());
  for (uint32_t population = 0; population < tasks.populations(); ++population)
    total += cost[population] = populationCost(population);
}

/// Prim's algorithm over `root` and terminal[0, terminals).
uint32_t Annealer::treeLength(uint32_t root, size_t terminals) {
  const uint16_t *row = machine.distances(root).data();
  for (size_t i = 0; i < terminals; ++i) {
    open[i] = terminal[i];
    reach[i] = row[terminal[i]];
  }
  uint32_t length = 0;
  while (terminals) {
    size_t nearest = 0;
    for (size_t i = 1; i < terminals; ++i)
      if (reach[i] < reach[nearest])
        nearest = i;
    length += reach[nearest];
    row = machine.distances(open[nearest]).data();
    --terminals;
    open[nearest] = open[terminals];
    reach[nearest] = reach[terminals];
    for (size_t i = 0; i < terminals; ++i)
      reach[i] = std::min(reach[i], row[open[i]]);
  }
  return length;
}

int64_t Annealer::populationCost(uint32_t population) {
  size_t terminals = 0;
  ++seenStamp;
  for (const uint32_t target : tasks.feeds[population])
    for (uint32_t core = tasks.first[target]; core < tasks.first[target + 1]; ++core)
      if (const uint32_t place = placeOf[core]; seen[place] != seenStamp) {
        seen[place] = seenStamp;
        terminal[terminals++] = place;
      }
  if (!terminals)
    return 0;
  senders.clear();
  senderCount.clear();
  for (uint32_t core = tasks.first[population]; core < tasks.first[population + 1]; ++core) {
    const auto at = std::find(senders.begin(), senders.end(), placeOf[core]);
    if (at == senders.end()) {
      senders.push_back(placeOf[core]);
      senderCount.push_back(1);
    } else {
      ++senderCount[at - senders.begin()];
    }
  }
  int64_t sum = 0;
  for (size_t i = 0; i < senders.size(); ++i)
    sum += int64_t(treeLength(senders[i], terminals)) * senderCount[i];
  return sum * tasks.weights[population];
}

/// Beside a partner of the core, or anywhere.
uint32_t Annealer::choosePlace(uint32_t core) {
  const uint32_t population = tasks.populationOf[core];
  const auto &in = tasks.feeders[population], &out = tasks.feeds[population];
  const uint32_t partners = static_cast<uint32_t>(in.size() + out.size());
  if (!partners || below(2))
    return region[below(static_cast<uint32_t>(region.size()))];
  const uint32_t pick = below(partners);
  const uint32_t other = pick < in.size() ? in[pick] : out[pick - in.size()];
  const uint32_t place = placeOf[tasks.first[other] + below(tasks.first[other + 1] - tasks.first[other])];
  return below(2) ? place : near[place][below(static_cast<uint32_t>(near[place].size()))];
}

/// The cores that move with `core`: its set, or all of its population on its place.
void Annealer::collectUnit(uint32_t core, std::vector<uint32_t> &out) const {
  const uint32_t population = tasks.populationOf[core];
  if (!moveAlone(population)) {
    out = tasks.sets[tasks.setOf[population]];
    return;
  }
  for (const uint32_t other : members[placeOf[core]])
    if (tasks.populationOf[other] == population)
      out.push_back(other);
}

/// Fills `going` and `coming`; false if that would not fit.
bool Annealer::chooseCores(uint32_t core, uint32_t from, uint32_t to) {
  going.clear();
  coming.clear();
  const uint32_t population = tasks.populationOf[core];
  const bool several = tasks.first[population + 1] - tasks.first[population] > 1;
  if (moveAlone(population) && (!several || below(4) == 0)) {
    going.push_back(core);
    if (const uint32_t slot = below(machine.cores(to)); slot < members[to].size()) {
      const uint32_t other = members[to][slot];
      if (!moveAlone(tasks.populationOf[other]))
        return false;
      coming.push_back(other);
    }
    return true;
  }
  collectUnit(core, going);
  if (freeOn(to) >= going.size())
    return true;
  if (members[to].empty())
    return false;
  const uint32_t other = members[to][below(static_cast<uint32_t>(members[to].size()))];
  if (tasks.populationOf[other] == population)
    return false;
  collectUnit(other, coming);
  return freeOn(to) + coming.size() >= going.size() && freeOn(from) + going.size() >= coming.size();
}

void Annealer::put(uint32_t core, uint32_t place) {
  auto &old = members[placeOf[core]];
  old[slotOf[core]] = old.back();
  slotOf[old.back()] = slotOf[core];
  old.pop_back();
  placeOf[core] = place;
  slotOf[core] = static_cast<uint32_t>(members[place].size());
  members[place].push_back(core);
}

void Annealer::exchange(uint32_t from, uint32_t to) {
  for (const uint32_t core : going)
    put(core, to);
  for (const uint32_t core : coming)
    put(core, from);
}

void Annealer::touch(uint32_t population) {
  if (touchStamp[population] != stamp) {
    touchStamp[population] = stamp;
    touched.push_back(population);
  }
}

void Annealer::propose(double temperature) {
  const uint32_t core = below(tasks.cores()), from = placeOf[core], to = choosePlace(core);
  if (from == to || !chooseCores(core, from, to))
    return;
  exchange(from, to);
  ++stamp;
  touched.clear();
  for (const auto *moved : {&going, &coming})
    for (const uint32_t one : *moved) {
      touch(tasks.populationOf[one]);
      for (const uint32_t feeder : tasks.feeders[tasks.populationOf[one]])
        touch(feeder);
    }
  int64_t change = 0;
  for (const uint32_t population : touched)
    change += (newCost[population] = populationCost(population)) - cost[population];
  // exp(-x) as (1 - x/16)^16: four multiplications, the same on every machine, and 0 from x = 16 on.
  bool accept = change <= 0;
  if (!accept) {
    double chance = std::max(0.0, 1.0 - static_cast<double>(change) / (16 * temperature));
    for (int i = 0; i < 4; ++i)
      chance *= chance;
    accept = uniform() < chance;
  }
  if (!accept)
    return exchange(to, from);
  total += change;
  for (const uint32_t population : touched)
    cost[population] = newCost[population];
}

void Annealer::run(uint64_t moves) {
  if (region.size() < 2)
    return;
  // From a temperature that moves every core about to one that mends only, in 64 equal ratios. The unit is a link of a packet of
  // every core of an average unit: what one step aside of such a unit changes.
  constexpr unsigned stages = 64;
  constexpr double hottest = 4.0, ratio = 0.95825; // ratio^64 = 0.065: down to 0.26.
  double packets = 0;
  for (uint32_t population = 0; population < tasks.populations(); ++population)
    packets += double(tasks.first[population + 1] - tasks.first[population]) * tasks.weights[population];
  double temperature = hottest * std::max(1.0, packets / tasks.populations());
  for (unsigned stage = 0; stage < stages; ++stage, temperature *= ratio)
    for (uint64_t move = moves * stage / stages; move < moves * (stage + 1) / stages; ++move)
      propose(temperature);
}

Search detail::anneal(const Tasks &tasks, const MachineGraph &machine, const Start &start, uint64_t moves, uint64_t seed) {
  Annealer annealer(tasks, machine, start, seed);
  annealer.run(moves);
  return std::move(annealer).result();
}
