//===- PlaceTasks.cpp - Cores onto chips ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CanonicalOrder.h"
#include <algorithm>
#include <numeric>
#include <thread>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

uint32_t TaskGraph::totalCores() const { return std::accumulate(cores.begin(), cores.end(), 0u); }

static Error wrong(const std::string &place, const std::string &message, const std::string &expected, const std::string &found) {
  return Error{.code = 6052, .message = message, .place = place, .expected = expected, .found = found};
}

static Result<void> readSets(const TaskGraph &graph, Tasks &tasks) {
  const uint32_t populations = tasks.populations();
  for (const auto &group : graph.together) {
    const uint32_t set = static_cast<uint32_t>(tasks.sets.size());
    tasks.sets.emplace_back();
    for (const uint32_t population : group) {
      if (population >= populations)
        return wrong("set " + std::to_string(set), "a set of populations names one that does not exist",
                     "0.." + std::to_string(populations - 1), std::to_string(population));
      if (tasks.setOf[population] != Tasks::alone)
        return wrong("population " + std::to_string(population), "a population is in two sets", "one",
                     "sets " + std::to_string(tasks.setOf[population]) + " and " + std::to_string(set));
      tasks.setOf[population] = set;
      for (uint32_t core = tasks.first[population]; core < tasks.first[population + 1]; ++core)
        tasks.sets[set].push_back(core);
    }
  }
  return {};
}

Result<Tasks> detail::readTasks(const TaskGraph &graph) {
  constexpr uint64_t mostCores = 1u << 24;
  Tasks tasks;
  const size_t populations = graph.cores.size();
  if (!populations)
    return wrong("cores", "there is nothing to place", "at least one population", "none");
  uint64_t total = 0;
  for (size_t p = 0; p < populations; ++p) {
    tasks.first.push_back(static_cast<uint32_t>(total));
    total += graph.cores[p];
    if (!graph.cores[p] || total > mostCores)
      return wrong("population " + std::to_string(p), "a population has no cores, or there are too many",
                   "1 or more, " + std::to_string(mostCores) + " in all", std::to_string(graph.cores[p]));
    tasks.populationOf.insert(tasks.populationOf.end(), graph.cores[p], static_cast<uint32_t>(p));
  }
  tasks.first.push_back(static_cast<uint32_t>(total));
  if (!graph.weights.empty() && graph.weights.size() != populations)
    return wrong("weights", "wrong number of weights", std::to_string(populations), std::to_string(graph.weights.size()));
  tasks.weights = graph.weights.empty() ? std::vector<uint32_t>(populations, 1) : graph.weights;
  tasks.feeds.resize(populations);
  tasks.feeders.resize(populations);
  tasks.setOf.assign(populations, Tasks::alone);
  for (size_t e = 0; e < graph.edges.size(); ++e) {
    const auto [source, target] = graph.edges[e];
    if (source >= populations || target >= populations)
      return wrong("edge " + std::to_string(e), "an edge names a population that does not exist",
                   "0.." + std::to_string(populations - 1), std::to_string(std::max(source, target)));
    tasks.feeds[source].push_back(target);
    tasks.feeders[target].push_back(source);
  }
  for (auto *lists : {&tasks.feeds, &tasks.feeders})
    for (auto &list : *lists) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
  RANVIER_CHECK(readSets(graph, tasks));
  return tasks;
}

namespace {

/// Fills places in a given order.
class FirstFit {
public:
  FirstFit(const Tasks &tasks, const MachineGraph &machine, const std::vector<uint32_t> &order)
      : tasks(tasks), machine(machine), order(order) {}

  /// `whole`: a population that fits one place is not cut. Nothing if it does not fit.
  std::vector<uint32_t> run(bool whole) {
    free.clear();
    for (const uint32_t place : order)
      free.push_back(machine.cores(place));
    from = 0;
    placeOf.assign(tasks.cores(), 0);
    for (const auto &set : tasks.sets)
      if (!putWhole(set))
        return {};
    for (uint32_t population = 0; population < tasks.populations(); ++population) {
      if (tasks.setOf[population] != Tasks::alone)
        continue;
      std::vector<uint32_t> cores(tasks.first[population + 1] - tasks.first[population]);
      std::iota(cores.begin(), cores.end(), tasks.first[population]);
      if (!(whole && putWhole(cores)) && !putAnywhere(cores))
        return {};
    }
    return placeOf;
  }

private:
  void skipFull() {
    while (from < free.size() && !free[from])
      ++from;
  }
  bool putWhole(const std::vector<uint32_t> &cores) {
    skipFull();
    for (size_t i = from; i < free.size(); ++i)
      if (free[i] >= cores.size()) {
        for (const uint32_t core : cores)
          placeOf[core] = order[i];
        free[i] -= static_cast<uint32_t>(cores.size());
        return true;
      }
    return false;
  }
  bool putAnywhere(const std::vector<uint32_t> &cores) {
    for (const uint32_t core : cores) {
      skipFull();
      if (from == free.size())
        return false;
      placeOf[core] = order[from];
      --free[from];
    }
    return true;
  }

  const Tasks &tasks;
  const MachineGraph &machine;
  const std::vector<uint32_t> &order;
  std::vector<uint32_t> free, placeOf;
  size_t from = 0;
};

} // namespace

Result<Start> detail::firstPlacement(const Tasks &tasks, const MachineGraph &machine) {
  const auto doesNotFit = [&](const std::string &place, const std::string &message, uint64_t expected, uint64_t found) {
    return Error{.code = 6053,
                 .message = message,
                 .place = place,
                 .expected = "at most " + std::to_string(expected),
                 .found = std::to_string(found),
                 .hint = "use a larger machine, or put more neurons on a core",
                 .kind = ErrorKind::DoesNotFit};
  };
  uint32_t largest = 0;
  for (uint32_t place = 0; place < machine.size(); ++place)
    largest = std::max(largest, machine.cores(place));
  for (size_t set = 0; set < tasks.sets.size(); ++set)
    if (tasks.sets[set].size() > largest)
      return doesNotFit("set " + std::to_string(set), "populations that must share a chip have more cores than any working chip",
                        largest, tasks.sets[set].size());
  if (tasks.cores() > machine.totalCores())
    return doesNotFit("machine", "the tasks need more cores than work and can be reached", machine.totalCores(), tasks.cores());
  // Around the place from which the others are nearest: a compact region, whatever is broken.
  std::vector<uint32_t> best;
  uint64_t least = ~uint64_t(0);
  for (uint32_t centre = 0; centre < machine.size(); ++centre) {
    if (!machine.cores(centre))
      continue;
    std::vector<uint32_t> order;
    for (uint32_t place = 0; place < machine.size(); ++place)
      if (machine.cores(place))
        order.push_back(place);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return machine.distance(centre, a) < machine.distance(centre, b); });
    uint64_t room = 0, sum = 0;
    for (size_t i = 0; i < order.size() && room < tasks.cores(); ++i) {
      room += machine.cores(order[i]);
      sum += machine.distance(centre, order[i]);
    }
    if (sum < least) {
      least = sum;
      best = std::move(order);
    }
  }
  FirstFit fit(tasks, machine, best);
  Start start{fit.run(true), {}};
  if (start.placeOf.empty())
    return doesNotFit("machine", "sets that must share a chip leave no room for the rest", machine.totalCores(), tasks.cores());
  std::vector<uint8_t> used(machine.size(), 0);
  for (const uint32_t place : start.placeOf)
    used[place] = 1;
  const uint64_t enough = tasks.cores() + tasks.cores() / 50;
  uint64_t room = 0;
  for (const uint32_t place : best) {
    if (room < enough || used[place])
      start.region.push_back(place);
    room += machine.cores(place);
  }
  std::sort(start.region.begin(), start.region.end());
  return start;
}

Result<std::vector<uint32_t>> mapping::placeTasks(const TaskGraph &graph, const MachineGraph &machine,
                                                  const PlaceTasksOptions &options) {
  RANVIER_TRY(const Tasks given, readTasks(graph));
  const std::vector<uint32_t> order = canonicalOrder(given);
  RANVIER_TRY(const Tasks tasks, readTasks(renumbered(graph, order)));
  auto first = firstPlacement(tasks, machine);
  if (!first) { // The error names sets as they were given.
    const auto plain = firstPlacement(given, machine);
    return plain ? first.error() : plain.error();
  }
  const Start start = *std::move(first);
  const unsigned replicas = std::max(1u, options.replicas), workers = std::clamp(options.threads, 1u, replicas);
  // Cores of one population mostly move together.
  const uint64_t units = tasks.populations() + (tasks.cores() - tasks.populations()) / 8,
                 moves = std::min(units * options.movesPerUnit, options.mostMoves);
  std::vector<Search> found(replicas);
  const auto work = [&](unsigned worker) {
    for (unsigned r = worker; r < replicas; r += workers)
      found[r] = anneal(tasks, machine, start, moves, options.seed * replicas + r);
  };
  std::vector<std::thread> threads;
  for (unsigned worker = 1; worker < workers; ++worker)
    threads.emplace_back(work, worker);
  work(0);
  for (std::thread &thread : threads)
    thread.join();
  const auto best = std::min_element(found.begin(), found.end(), [](const Search &a, const Search &b) { return a.cost < b.cost; });
  std::vector<uint32_t> placeOf(given.cores());
  for (uint32_t number = 0; number < order.size(); ++number)
    std::copy(best->placeOf.begin() + tasks.first[number], best->placeOf.begin() + tasks.first[number + 1],
              placeOf.begin() + given.first[order[number]]);
  return placeOf;
}
