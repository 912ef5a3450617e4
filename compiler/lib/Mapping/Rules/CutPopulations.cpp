//===- CutPopulations.cpp - Populations of rules into cores ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Neurons of a population are alike to a rule, so a population is cut into equal slices, as few as its limits allow. Output axons
// depend on how the targets are cut: they are counted when all are, and what is over is cut further until nothing is.
//===----------------------------------------------------------------------===//
#include "Rules.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

class Cutter {
public:
  Cutter(const RuleTables &tables, const std::vector<uint32_t> &order)
      : tables(tables), nodes(tables.network.nodes), order(order), bounds(limits(tables.chip)), parts(nodes.populations.size(), 1),
        alone(nodes.populations.size(), 0) {}
  Result<Mapping> run();

private:
  /// Index of the first limit that a core with these slices exceeds, LimitCount if none; output axons apart.
  unsigned exceeded(const std::vector<Slice> &slices, CoreUse &use) const;
  /// Fewest parts that fit, by everything but output axons.
  Result<void> choose(uint32_t population);
  Slice part(uint32_t population, uint64_t index) const;
  Mapping build() const;
  /// Cuts what has too many output axons; true if nothing had.
  Result<bool> refine(const Mapping &mapping);
  Error tooLarge(uint32_t population, unsigned limit, uint64_t found) const;

  const RuleTables &tables;
  const Network &nodes;
  const std::vector<uint32_t> &order;
  const std::array<Limit, LimitCount> bounds;
  std::vector<uint64_t> parts; ///< [population]
  std::vector<uint8_t> alone;  ///< [population] shares no core.
  std::array<uint64_t, LimitCount> closed{};
};

} // namespace

unsigned Cutter::exceeded(const std::vector<Slice> &slices, CoreUse &use) const {
  const hw::Chip &chip = tables.chip;
  uint64_t neurons = 0, accumulators = 0;
  for (const Slice &slice : slices) {
    neurons += slice.count;
    accumulators += slice.count * uint64_t(inputCount(nodes, nodes.populations[slice.population]));
  }
  use.neurons = neurons;
  if (neurons > coreNeurons(nodes, chip) || accumulators > maxAccumulators)
    return LimitNeurons;
  use = tables.useOf(slices).use;
  for (unsigned i = 0; i < LimitCount; ++i)
    if (bounds[i].bound && use.*bounds[i].use > bounds[i].bound)
      return i;
  return LimitCount;
}

Slice Cutter::part(uint32_t population, uint64_t index) const {
  const uint64_t count = nodes.populations[population].count, k = parts[population];
  const uint64_t first = count * index / k, end = count * (index + 1) / k;
  return {population, static_cast<uint32_t>(first), static_cast<uint32_t>(end - first)};
}

Error Cutter::tooLarge(uint32_t population, unsigned limit, uint64_t found) const {
  const Limit &bound = bounds[limit];
  return Error{.code = bound.code,
               .message = std::string("one neuron alone may need more ") + bound.name + " than a core of '" + tables.chip.name +
                          "' has, whatever its rules draw",
               .place = "population '" + nodes.populations[population].name + "'",
               .expected = "at most " + std::to_string(bound.bound),
               .found = std::to_string(found),
               .hint = bound.hint,
               .kind = ErrorKind::DoesNotFit};
}

Result<void> Cutter::choose(uint32_t population) {
  const uint64_t count = nodes.populations[population].count;
  CoreUse use;
  if (const unsigned limit = exceeded({{population, 0, 1}}, use); limit != LimitCount)
    return tooLarge(population, limit, use.*bounds[limit].use);
  uint64_t fits = 1, over = count + 1;
  while (over - fits > 1) {
    const uint64_t middle = fits + (over - fits) / 2;
    (exceeded({{population, 0, static_cast<uint32_t>(middle)}}, use) == LimitCount ? fits : over) = middle;
  }
  if (over <= count)
    ++closed[exceeded({{population, 0, static_cast<uint32_t>(over)}}, use)];
  parts[population] = (count + fits - 1) / fits;
  // Configurations differ from slice to slice.
  const auto allFit = [&] {
    for (uint64_t i = 0; i < parts[population]; ++i)
      if (exceeded({part(population, i)}, use) != LimitCount)
        return false;
    return true;
  };
  while (parts[population] < count && !allFit())
    parts[population] = std::min(count, parts[population] + 1 + parts[population] / 8);
  return {};
}

Mapping Cutter::build() const {
  Mapping mapping;
  bool open = false; // Whether the last core may take more.
  for (uint32_t p : order) {
    const bool small = parts[p] == 1 && !alone[p];
    if (small && open && mapping.cores.back().level == tables.level[p]) {
      std::vector<Slice> both = mapping.cores.back().slices;
      both.push_back(part(p, 0));
      CoreUse use;
      if (exceeded(both, use) == LimitCount) {
        mapping.cores.back().slices = std::move(both);
        continue;
      }
    }
    for (uint64_t i = 0; i < parts[p]; ++i)
      mapping.cores.push_back({0, 0, tables.level[p], {part(p, i)}});
    open = small;
  }
  return mapping;
}

Result<bool> Cutter::refine(const Mapping &mapping) {
  const uint64_t bound = tables.chip.core.axonsOut;
  if (!bound)
    return true;
  const std::vector<Count> axons = outputAxons(tables, mapping, slicesOf(tables.network, mapping));
  bool settled = true;
  std::vector<uint64_t> wanted = parts;
  for (size_t c = 0; c < axons.size(); ++c) {
    if (axons[c].value <= bound)
      continue;
    settled = false;
    const std::vector<Slice> &slices = mapping.cores[c].slices;
    if (slices.size() > 1) {
      for (const Slice &slice : slices)
        alone[slice.population] = 1;
      continue;
    }
    const uint32_t p = slices[0].population;
    if (slices[0].count == 1)
      return tooLarge(p, LimitAxonsOut, axons[c].value);
    wanted[p] = std::max({wanted[p], parts[p] + 1, (parts[p] * axons[c].value + bound - 1) / bound});
  }
  for (size_t p = 0; p < parts.size(); ++p)
    parts[p] = std::min(wanted[p], nodes.populations[p].count);
  return settled;
}

Result<Mapping> Cutter::run() {
  for (uint32_t p : order)
    RANVIER_CHECK(choose(p));
  const std::vector<uint64_t> before = parts;
  Mapping mapping;
  while (true) {
    mapping = build();
    RANVIER_TRY(const bool settled, refine(mapping));
    if (settled)
      break;
  }
  for (size_t p = 0; p < parts.size(); ++p)
    closed[LimitAxonsOut] += parts[p] > before[p];
  if (const uint64_t available = availableCores(tables.chip); mapping.cores.size() > available) {
    const Limit &limit = bounds[static_cast<size_t>(std::max_element(closed.begin(), closed.end()) - closed.begin())];
    return Error{.code = 6016,
                 .message = "the network needs more cores than '" + tables.chip.name +
                            "' has; the limit that cuts most populations is " + limit.name + " (" + std::to_string(limit.bound) +
                            ")",
                 .place = "network '" + nodes.name + "'",
                 .expected = "at most " + std::to_string(available) + " cores",
                 .found = std::to_string(mapping.cores.size()),
                 .hint = limit.hint,
                 .kind = ErrorKind::DoesNotFit};
  }
  return mapping;
}

Result<Mapping> detail::cutPopulations(const RuleTables &tables, const std::vector<uint32_t> &order) {
  return Cutter(tables, order).run();
}
