//===- MacroRows.cpp - Rows of a core divided over macros -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "MacroRows.h"
#include <algorithm>
#include <numeric>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

std::vector<std::vector<SourceRows>> detail::sourceRows(const Network &network, const Mapping &mapping) {
  const auto coreOf = coreOfNeuron(network, mapping);
  const auto out = outgoing(network);
  std::vector<std::vector<SourceRows>> all(mapping.cores.size());
  std::set<std::pair<uint32_t, uint32_t>> reached; // (core, delay)
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint32_t n = 0; n < network.populations[p].count; ++n) {
      reached.clear();
      for (const uint32_t index : out[p]) {
        const Projection &projection = network.projections[index];
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
          if (const uint32_t core = coreOf[projection.target][projection.targets[s]]; core != nowhere)
            reached.insert({core, projection.delay(s)});
      }
      for (const auto &[core, delay] : reached) {
        if (all[core].empty() || all[core].back().population != p || all[core].back().neuron != n)
          all[core].push_back({p, n, 0});
        ++all[core].back().rows;
      }
    }
  return all;
}

/// Fills one macro after another up to `most` rows, the last with the rest; empty if that is more than `inputs`.
static std::vector<uint32_t> fillRows(const std::vector<SourceRows> &sources, uint64_t most, uint32_t inputs, uint32_t macros) {
  std::vector<uint32_t> shares;
  uint32_t share = 0;
  uint64_t used = 0;
  for (const SourceRows &source : sources) {
    if (used + source.rows > most && share + 1 < macros && used) {
      ++share;
      used = 0;
    }
    used += source.rows;
    if (used > inputs)
      return {};
    shares.push_back(share);
  }
  return shares;
}

std::vector<uint32_t> detail::divideRows(const std::vector<SourceRows> &sources, uint32_t inputs, uint32_t macros) {
  const uint64_t rows = std::accumulate(sources.begin(), sources.end(), uint64_t(0),
                                        [](uint64_t sum, const SourceRows &source) { return sum + source.rows; });
  const uint64_t even = (rows + macros - 1) / std::max(1u, macros);
  std::vector<uint32_t> shares = fillRows(sources, std::min<uint64_t>(even, inputs), inputs, macros);
  return shares.empty() ? fillRows(sources, inputs, inputs, macros) : shares;
}

bool detail::takeMacros(const Network &network, const hw::Chip &chip, Mapping &mapping) {
  const auto rows = sourceRows(network, mapping);
  bool several = false;
  for (size_t c = 0; c < rows.size(); ++c) {
    uint32_t macros = 1;
    while (!rows[c].empty() && macros <= rows[c].size() && divideRows(rows[c], chip.crossbar->inputs, macros).empty())
      ++macros;
    mapping.cores[c].synapseCores.assign(macros - 1, 0);
    several |= macros > 1;
  }
  return several;
}

Result<void> detail::checkMacros(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  if (!chip.crossbar)
    return {};
  const auto rows = sourceRows(network, mapping);
  for (size_t c = 0; c < rows.size(); ++c) {
    const auto macros = static_cast<uint32_t>(1 + mapping.cores[c].synapseCores.size());
    if (rows[c].empty() || !divideRows(rows[c], chip.crossbar->inputs, macros).empty())
      continue;
    const uint64_t all = std::accumulate(rows[c].begin(), rows[c].end(), uint64_t(0),
                                         [](uint64_t sum, const SourceRows &source) { return sum + source.rows; });
    return Error{.code = 6123,
                 .message = "more rows than the macros of a core have",
                 .place = nameOfCore(mapping.cores[c]) + " (population '" +
                          network.populations[mapping.cores[c].slices[0].population].name + "')",
                 .expected = "at most " + std::to_string(macros) + " x " + std::to_string(chip.crossbar->inputs) +
                             " (macros of the core, rows of each)",
                 .found = std::to_string(all),
                 .hint = "give the core further macros of its tile (synapse cores), or fewer neurons",
                 .kind = ErrorKind::DoesNotFit};
  }
  return {};
}
