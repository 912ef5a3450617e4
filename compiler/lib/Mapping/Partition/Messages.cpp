//===- Messages.cpp - Messages between cores, of large mappings -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Messages.h"
#include <algorithm>
#include <atomic>
#include <thread>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

/// Counts the messages of one core at a time; a thread has one.
class Counter {
public:
  Counter(const Network &network, const std::vector<std::vector<uint32_t>> &out, const std::vector<std::vector<uint32_t>> &coreOf,
          const Rates &rates, size_t cores)
      : network(network), out(out), coreOf(coreOf), rates(rates), stamp(cores, 0), row(cores) {}
  std::vector<Messages::Edge> of(const CoreAssignment &core);

private:
  void neuron(uint32_t population, uint32_t n);

  const Network &network;
  const std::vector<std::vector<uint32_t>> &out, &coreOf;
  const Rates &rates;
  std::vector<uint64_t> stamp;     ///< [core] the last neuron that reached it.
  std::vector<Messages::Edge> row; ///< [core]
  std::vector<uint32_t> touched;
  uint64_t source = 0;
};

} // namespace

void Counter::neuron(uint32_t population, uint32_t n) {
  ++source;
  for (uint32_t index : out[population]) {
    const Projection &projection = network.projections[index];
    const std::vector<uint32_t> &targetCore = coreOf[projection.target];
    for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
      const uint32_t core = targetCore[projection.targets[s]];
      if (stamp[core] == source)
        continue;
      stamp[core] = source;
      if (row[core].neurons == 0)
        touched.push_back(core);
      ++row[core].neurons;
      row[core].spikes += rates.empty() ? 1 : rates[population][n];
    }
  }
}

std::vector<Messages::Edge> Counter::of(const CoreAssignment &core) {
  for (const Slice &slice : core.slices)
    for (uint32_t n = slice.first; n < slice.first + slice.count; ++n)
      neuron(slice.population, n);
  std::sort(touched.begin(), touched.end());
  std::vector<Messages::Edge> edges;
  edges.reserve(touched.size());
  for (uint32_t to : touched) {
    edges.push_back({to, row[to].neurons, row[to].spikes});
    row[to] = {};
  }
  touched.clear();
  return edges;
}

Messages detail::messagesBetween(const Network &network, const Mapping &mapping, const Rates &rates, unsigned threads) {
  const auto coreOf = coreOfNeuron(network, mapping);
  const auto out = outgoing(network);
  const size_t cores = mapping.cores.size();
  std::vector<std::vector<Messages::Edge>> rows(cores);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    Counter counter(network, out, coreOf, rates, cores);
    for (size_t c = next++; c < cores; c = next++)
      rows[c] = counter.of(mapping.cores[c]);
  };
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < std::clamp<size_t>(threads, 1, std::max<size_t>(1, cores)); ++i)
    pool.emplace_back(work);
  work();
  for (std::thread &thread : pool)
    thread.join();
  Messages messages;
  for (auto &row : rows) {
    messages.edges.insert(messages.edges.end(), row.begin(), row.end());
    messages.ptr.push_back(messages.edges.size());
    row = {};
  }
  return messages;
}

CoreGraph detail::coreGraph(const Messages &messages) {
  const uint32_t cores = static_cast<uint32_t>(messages.ptr.size() - 1);
  CoreGraph graph(cores);
  for (uint32_t c = 0; c < cores; ++c)
    for (uint64_t e = messages.ptr[c]; e < messages.ptr[c + 1]; ++e)
      if (const Messages::Edge &edge = messages.edges[e]; edge.to != c) {
        graph[c].push_back({edge.to, static_cast<int64_t>(edge.spikes)});
        graph[edge.to].push_back({c, static_cast<int64_t>(edge.spikes)});
      }
  for (auto &row : graph) {
    std::sort(row.begin(), row.end());
    size_t kept = 0;
    for (size_t i = 0; i < row.size(); ++i)
      if (kept && row[kept - 1].first == row[i].first)
        row[kept - 1].second += row[i].second;
      else
        row[kept++] = row[i];
    row.resize(kept);
  }
  return graph;
}

std::vector<Spread> detail::spreadsOf(const Messages &messages) {
  std::vector<Spread> sent;
  sent.reserve(messages.edges.size());
  for (uint32_t core = 0; core + 1 < messages.ptr.size(); ++core)
    for (uint64_t e = messages.ptr[core]; e < messages.ptr[core + 1]; ++e)
      sent.push_back({core, {messages.edges[e].to}, messages.edges[e].neurons});
  return sent;
}
