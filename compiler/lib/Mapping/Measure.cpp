//===- Measure.cpp - What a mapping uses, and whether it may --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the use of every limited resource from the network and the mapping alone, in one pass over the synapses. Partition keeps
// its own incremental counts; this file is the second, independent way to get them, and a test compares both.
//===----------------------------------------------------------------------===//
#include "MacroRows.h"
#include "Memories.h"
#include <algorithm>
#include <set>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

/// Rows, axons and fan-in: everything that needs the synapses.
static void measureSynapses(const Network &network, const hw::Chip &chip, const std::vector<std::vector<uint32_t>> &coreOf,
                            std::vector<CoreUse> &use) {
  const std::vector<RowFormat> formats = rowFormats(network, chip);
  const auto out = outgoing(network);
  const bool countsMemory = chip.core.synapticMemoryBits != 0;
  std::vector<uint64_t> stamp(use.size(), 0);
  std::vector<uint64_t> rowCount(use.size(), 0);
  std::vector<uint32_t> inRow;
  std::set<std::pair<uint32_t, uint32_t>> kernels; // (projection, core) whose shared weights are counted.
  std::set<std::pair<uint32_t, uint32_t>> rows;    // Of the source: (core, delay) that take one of a macro.
  std::vector<std::vector<uint32_t>> fanIn(network.populations.size());
  for (size_t p = 0; p < fanIn.size(); ++p)
    fanIn[p].assign(coreOf[p].size(), 0);
  uint64_t source = 0;
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint64_t n = 0; n < network.populations[p].count; ++n) {
      ++source;
      rows.clear();
      const uint32_t home = network.populations[p].input ? nowhere : coreOf[p][n];
      for (uint32_t index : out[p]) {
        const Projection &projection = network.projections[index];
        const std::vector<uint32_t> &targetCore = coreOf[projection.target];
        inRow.clear();
        for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s) {
          const uint32_t target = projection.targets[s], core = targetCore[target];
          if (core == nowhere)
            continue;
          ++fanIn[projection.target][target];
          if (rowCount[core]++ == 0)
            inRow.push_back(core);
          if (chip.crossbar && rows.insert({core, projection.delay(s)}).second)
            ++use[core].crossbarRows;
          if (stamp[core] != source) {
            stamp[core] = source;
            ++use[core].axonsIn;
            if (home != nowhere)
              ++use[home].axonsOut;
          }
        }
        const RowFormat &format = formats[index];
        for (uint32_t core : inRow) {
          use[core].synapses += rowCount[core];
          if (countsMemory)
            use[core].synapticMemoryBits +=
                chip.storage.bits(rowCount[core], format.weightBits, format.delayBits, format.indexBits);
          if (countsMemory && format.kernelBits && kernels.insert({index, core}).second)
            use[core].synapticMemoryBits += format.kernelBits;
          rowCount[core] = 0;
        }
      }
    }
  for (size_t p = 0; p < fanIn.size(); ++p)
    for (size_t n = 0; n < fanIn[p].size(); ++n)
      if (const uint32_t core = coreOf[p][n]; core != nowhere)
        use[core].maxFanIn = std::max<uint64_t>(use[core].maxFanIn, fanIn[p][n]);
}

std::vector<CoreUse> mapping::measure(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  std::vector<CoreUse> use(mapping.cores.size());
  const Configs configs = configurations(network);
  for (size_t c = 0; c < use.size(); ++c) {
    std::set<uint32_t> neuron, threshold;
    std::set<int32_t> programs;
    for (const Slice &slice : mapping.cores[c].slices) {
      use[c].neurons += slice.count;
      if (chip.crossbar)
        use[c].crossbarColumns += uint64_t(slice.count) * inputCount(network, network.populations[slice.population]);
      programs.insert(network.populations[slice.population].program);
      const auto collect = [&](const std::vector<uint32_t> &numbers, std::set<uint32_t> &into) {
        if (numbers.size() == 1)
          into.insert(numbers[0]);
        else if (!numbers.empty())
          into.insert(numbers.begin() + slice.first, numbers.begin() + slice.first + slice.count);
      };
      collect(configs.neuron[slice.population], neuron);
      collect(configs.threshold[slice.population], threshold);
    }
    use[c].neuronConfigs = neuron.size();
    use[c].thresholdConfigs = threshold.size();
    for (int32_t program : programs) {
      use[c].programWords += network.programs[program].code.size();
      use[c].tableWords += isa::tableWords(network.programs[program]);
    }
  }
  measureSynapses(network, chip, coreOfNeuron(network, mapping), use);
  return use;
}

std::string detail::nameOfCore(uint32_t chip, uint32_t core) {
  return "chip " + std::to_string(chip) + ", core " + std::to_string(core);
}

bool detail::withinLimits(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  const auto all = limits(chip);
  for (const CoreUse &use : measure(network, chip, mapping))
    for (const Limit &limit : all)
      if (limit.bound && use.*limit.use > limit.bound)
        return false;
  return true;
}

static Error wrongMapping(unsigned code, const std::string &place, const std::string &message, const std::string &expected,
                          const std::string &found) {
  return Error{.code = code, .message = message, .place = place, .expected = expected, .found = found};
}

/// Every place exists and is used once, every core holds slices of one level.
static Result<void> checkPlaces(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                const std::vector<uint32_t> &level) {
  std::set<std::pair<uint32_t, uint32_t>> used;
  for (const CoreAssignment &core : mapping.cores) {
    const std::string place = nameOfCore(core);
    if (core.chip >= std::max(1u, chip.maxChips) || core.core >= chip.coresPerChip())
      return wrongMapping(6022, place, "no such place on '" + chip.name + "'",
                          "chip below " + std::to_string(chip.maxChips) + ", core below " + std::to_string(chip.coresPerChip()),
                          place);
    if (chip.faults.isDead(core.chip, core.core))
      return wrongMapping(6081, place, "neurons on a dead " + std::string(chip.faults.isDead(core.chip) ? "chip" : "core"),
                          "a core that works", place);
    if (!used.insert({core.chip, core.core}).second)
      return wrongMapping(6023, place, "two cores have the same place", "each place once", place);
    for (const uint32_t synapseCore : core.synapseCores) {
      const std::string beside = nameOfCore(core.chip, synapseCore);
      if (!(chip.memories || chip.crossbar) || synapseCore >= chip.coresPerChip() ||
          synapseCore / chip.coresPerTile != core.core / chip.coresPerTile || chip.faults.isDead(core.chip, synapseCore))
        return wrongMapping(6114, beside, "no place for a synapse core of " + place,
                            "a working core of the same tile, on a chip whose cores share its memory or have macros", beside);
      if (!used.insert({core.chip, synapseCore}).second)
        return wrongMapping(6023, beside, "two cores have the same place", "each place once", beside);
      if (!network.learning.empty())
        return wrongMapping(6111, beside, "a synapse core in a network that learns", "none", beside);
    }
    if (core.slices.empty())
      return wrongMapping(6026, place, "core without neurons", "at least one slice", "none");
    uint64_t accumulators = 0;
    for (const Slice &slice : core.slices) {
      if (slice.population >= network.populations.size() || network.populations[slice.population].input)
        return wrongMapping(6026, place, "slice of no population with neurons", "a population that is not an input",
                            slice.population < network.populations.size() ? "'" + network.populations[slice.population].name + "'"
                                                                          : std::to_string(slice.population));
      const Population &population = network.populations[slice.population];
      if (slice.count == 0 || uint64_t(slice.first) + slice.count > population.count)
        return wrongMapping(6026, place, "slice outside population '" + population.name + "'",
                            "neurons of 0.." + std::to_string(population.count - 1),
                            std::to_string(slice.count) + " from " + std::to_string(slice.first));
      accumulators += uint64_t(inputCount(network, population)) * slice.count;
      if (level[slice.population] != level[core.slices[0].population] || core.level != level[slice.population])
        return wrongMapping(6024, place, "a core holds slices of one level only (edges of delay 0)",
                            "level " + std::to_string(core.level),
                            "'" + population.name + "' of level " + std::to_string(level[slice.population]));
    }
    if (accumulators > maxAccumulators)
      return Error{.code = 6015,
                   .message = "too many accumulators (inputs times neurons) on one core",
                   .place = place,
                   .expected = "at most " + std::to_string(maxAccumulators),
                   .found = std::to_string(accumulators),
                   .hint = "spread its populations over more cores",
                   .kind = ErrorKind::DoesNotFit};
  }
  const auto order = [](const CoreAssignment &a, const CoreAssignment &b) {
    return std::tie(a.level, a.chip, a.core) < std::tie(b.level, b.chip, b.core);
  };
  if (!std::is_sorted(mapping.cores.begin(), mapping.cores.end(), order))
    return wrongMapping(6026, "cores", "cores are not sorted", "order of level, chip, core", "another order");
  return {};
}

/// Every neuron stands in exactly one slice.
static Result<void> checkCoverage(const Network &network, const Mapping &mapping) {
  std::vector<Slice> slices;
  for (const CoreAssignment &core : mapping.cores)
    slices.insert(slices.end(), core.slices.begin(), core.slices.end());
  std::sort(slices.begin(), slices.end(),
            [](const Slice &a, const Slice &b) { return std::tie(a.population, a.first) < std::tie(b.population, b.first); });
  size_t at = 0;
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    const Population &population = network.populations[p];
    if (population.input)
      continue;
    uint64_t covered = 0;
    for (; at < slices.size() && slices[at].population == p; covered += slices[at++].count)
      if (slices[at].first != covered)
        return wrongMapping(slices[at].first < covered ? 6021 : 6020, "population '" + population.name + "'",
                            slices[at].first < covered ? "neurons are mapped twice" : "neurons are not mapped",
                            "a slice from neuron " + std::to_string(covered), "one from " + std::to_string(slices[at].first));
    if (covered != population.count)
      return wrongMapping(6020, "population '" + population.name + "'", "neurons are not mapped",
                          std::to_string(population.count) + " neurons in slices", std::to_string(covered));
  }
  return {};
}

Result<void> mapping::checkMapping(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  RANVIER_TRY(const std::vector<uint32_t> level, levels(network));
  return detail::checkMapping(network, chip, mapping, level);
}

Result<void> detail::checkMapping(const Network &network, const hw::Chip &chip, const Mapping &mapping,
                                  const std::vector<uint32_t> &level) {
  RANVIER_CHECK(checkNetwork(network));
  RANVIER_CHECK(checkAgainstChip(network, chip));
  RANVIER_CHECK(checkPlaces(network, chip, mapping, level));
  RANVIER_CHECK(checkCoverage(network, mapping));
  if (const auto message = undelivered(network, chip, mapping))
    return cannotDeliver(network, chip, mapping, *message);
  const std::vector<CoreUse> use = measure(network, chip, mapping);
  for (size_t c = 0; c < use.size(); ++c)
    for (const Limit &limit : limits(chip))
      if (limit.bound && use[c].*limit.use > limit.bound)
        return Error{.code = 6025,
                     .message = std::string("more ") + limit.name + " than a core of '" + chip.name + "' has, by " +
                                std::to_string(use[c].*limit.use - limit.bound),
                     .place = nameOfCore(mapping.cores[c]) + " (population '" +
                              network.populations[mapping.cores[c].slices[0].population].name + "')",
                     .expected = "at most " + std::to_string(limit.bound),
                     .found = std::to_string(use[c].*limit.use),
                     .hint = "give the core fewer neurons, or leave the mapping to the partitioner",
                     .kind = ErrorKind::DoesNotFit};
  RANVIER_CHECK(checkMacros(network, chip, mapping));
  return checkMemories(network, chip, mapping);
}
