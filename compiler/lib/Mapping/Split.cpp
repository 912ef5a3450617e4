//===- Split.cpp - Synapse cores beside cores with neurons ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A packet costs a core the same however few of its neurons it reaches, so that smaller cores do not help where packets fill the
// step: their sources must be divided. Then synapse cores take in the packets of some blocks of sources each, and the core with
// the neurons takes over their sums. Cores whose neurons alone fill the step are halved.
//===----------------------------------------------------------------------===//
#include "Split.h"
#include "MacroRows.h"
#include "ranvier/Mapping/Partitioner.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

//===--- Which synapse core takes what ------------------------------------===//

std::vector<uint32_t> detail::sharesOf(const std::vector<SourceLoad> &blocks, uint32_t cores) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return blocks[a].weight > blocks[b].weight; });
  std::vector<double> taken(std::max(1u, cores), 0);
  std::vector<uint32_t> shares(blocks.size(), 0);
  for (const size_t block : order) {
    const auto least = std::min_element(taken.begin(), taken.end());
    shares[block] = static_cast<uint32_t>(least - taken.begin());
    *least += blocks[block].weight;
  }
  return shares;
}

std::vector<StandingCore> detail::standingCores(const Mapping &mapping) {
  std::vector<StandingCore> list;
  bool split = false;
  for (uint32_t c = 0; c < mapping.cores.size(); ++c) {
    const CoreAssignment &core = mapping.cores[c];
    list.push_back({core.chip, core.core, c, nowhere});
    for (uint32_t share = 0; share < core.synapseCores.size(); ++share)
      list.push_back({core.chip, core.synapseCores[share], c, share});
    split |= !core.synapseCores.empty();
  }
  if (split)
    std::sort(list.begin(), list.end(), [&](const StandingCore &a, const StandingCore &b) {
      return std::tuple(mapping.cores[a.owner].level, a.chip, a.core) < std::tuple(mapping.cores[b.owner].level, b.chip, b.core);
    });
  return list;
}

SourceRoutes::SourceRoutes(const Network &network, const hw::Chip &chip, const Mapping &mapping)
    : network(network), chip(chip), standing(standingCores(mapping)), ownOf(mapping.cores.size()) {
  std::vector<std::vector<uint32_t>> sharesAt(mapping.cores.size());
  for (size_t c = 0; c < mapping.cores.size(); ++c)
    sharesAt[c].resize(mapping.cores[c].synapseCores.size());
  for (uint32_t number = 0; number < standing.size(); ++number) {
    const StandingCore &core = standing[number];
    (core.share == nowhere ? ownOf[core.owner] : sharesAt[core.owner][core.share]) = number;
    split |= core.share != nowhere;
  }
  if (!split)
    return;
  coreOf = coreOfNeuron(network, mapping);
  if (chip.crossbar) { // sources one by one, and a core's own macro takes a share
    const auto rows = sourceRows(network, mapping);
    for (size_t c = 0; c < rows.size(); ++c) {
      if (sharesAt[c].empty())
        continue;
      const auto macros = divideRows(rows[c], chip.crossbar->inputs, static_cast<uint32_t>(1 + sharesAt[c].size()));
      RANVIER_ASSERT(macros.size() == rows[c].size(), "a mapping whose macros were checked");
      for (size_t s = 0; s < macros.size(); ++s)
        if (macros[s])
          routes.try_emplace({rows[c][s].population, rows[c][s].neuron}, ownOf).first->second[c] = sharesAt[c][macros[s] - 1];
    }
    return;
  }
  for (uint32_t p = 0; p < network.populations.size(); ++p)
    for (uint64_t n = 0; n < network.populations[p].count; ++n)
      routes.try_emplace({p, blockOf(network, chip, coreOf, p, n)}, ownOf);
  const auto loads = sourceLoads(network, chip, mapping, {});
  for (size_t c = 0; c < loads.size(); ++c) {
    if (sharesAt[c].empty())
      continue;
    const std::vector<uint32_t> shares = sharesOf(loads[c], static_cast<uint32_t>(sharesAt[c].size()));
    for (size_t block = 0; block < shares.size(); ++block)
      routes[{loads[c][block].population, loads[c][block].block}][c] = sharesAt[c][shares[block]];
  }
}

//===--- Where it is needed -----------------------------------------------===//

namespace {
/// Decides, core by core, by what it has to do.
class Splitter {
public:
  Splitter(const Network &network, const hw::Chip &chip, const Options &options)
      : network(network), chip(chip), options(options), step(network.dt * 1e12), sigma(chip.ringBuffers.sigma),
        most(std::min(chip.coresPerTile - 1, options.split == Split::Fixed ? options.synapseCores : chip.coresPerTile - 1)) {}

  void run(Mapping &mapping) {
    for (bool cut = true; cut;) {
      cut = false;
      const auto loads = sourceLoads(network, chip, mapping, options.assumed);
      std::vector<CoreAssignment> cores;
      for (size_t c = 0; c < mapping.cores.size(); ++c) {
        CoreAssignment &core = mapping.cores[c];
        const std::optional<uint32_t> synapseCores = decide(core, loads[c]);
        if (!synapseCores) {
          auto [first, second] = halves(core);
          cores.push_back(std::move(first));
          cores.push_back(std::move(second));
          cut = true;
          continue;
        }
        core.synapseCores.assign(*synapseCores, 0); // placed later
        cores.push_back(std::move(core));
      }
      mapping.cores = std::move(cores);
      if (cut)
        for (CoreAssignment &core : mapping.cores)
          core.synapseCores.clear();
    }
  }

private:
  /// Number of synapse cores; nothing: halve it.
  std::optional<uint32_t> decide(const CoreAssignment &core, const std::vector<SourceLoad> &blocks) const {
    if (options.split == Split::Fixed)
      return blocks.empty() ? 0 : most;
    CoreLoad whole, half;
    uint64_t sums = 0;
    for (const Slice &slice : core.slices) {
      whole.neurons += slice.count;
      sums += uint64_t(slice.count) * inputCount(network, network.populations[slice.population]);
    }
    for (const SourceLoad &block : blocks)
      add(whole, block);
    if (finish(whole).peak(sigma) <= step)
      return 0;
    const bool divisible = whole.neurons > 1;
    // Half of the neurons: as many packets, half of the synapses. If that is enough it takes two cores, no more than a split.
    half = whole;
    half.neurons = (whole.neurons + 1) / 2;
    half.events = whole.events / 2;
    if (divisible && (finish(half).peak(sigma) <= step || neuronWork(whole.neurons, sums, 1) > step))
      return std::nullopt;
    for (uint32_t count = 1; count <= most; ++count)
      if (neuronWork(whole.neurons, sums, count) <= step && keepUp(blocks, sums, count))
        return count;
    if (divisible)
      return std::nullopt;
    return most; // It will be late, and the report says so.
  }

  static void add(CoreLoad &load, const SourceLoad &block) {
    load.packets += block.packets;
    load.events += block.events;
    load.variance += block.variance;
  }
  CoreLoad &finish(CoreLoad &load) const {
    load.neuronTime = static_cast<double>(load.neurons) * costOf(chip, "soma_access");
    load.packetTime = load.packets * costOf(chip, "axon_in");
    load.eventTime = load.events * costOf(chip, "synapse_event");
    return load;
  }
  double neuronWork(uint64_t neurons, uint64_t sums, uint32_t synapseCores) const {
    return static_cast<double>(neurons) * costOf(chip, "soma_access") + synapseCores * transferTime(chip, sums, true);
  }
  bool keepUp(const std::vector<SourceLoad> &blocks, uint64_t sums, uint32_t count) const {
    const std::vector<uint32_t> shares = sharesOf(blocks, count);
    std::vector<CoreLoad> loads(count);
    for (size_t b = 0; b < blocks.size(); ++b)
      add(loads[shares[b]], blocks[b]);
    return std::all_of(loads.begin(), loads.end(), [&](CoreLoad &load) {
      finish(load).transferTime = transferTime(chip, sums, false);
      return load.peak(sigma) <= step;
    });
  }

  const Network &network;
  const hw::Chip &chip;
  const Options &options;
  const double step, sigma;
  const uint32_t most;
};
} // namespace

static Result<void> canSplit(const Network &network, const hw::Chip &chip) {
  const auto refused = [&](unsigned code, const std::string &message, const std::string &expected, const std::string &found) {
    return Error{.code = code,
                 .message = message,
                 .place = "network '" + network.name + "'",
                 .expected = expected,
                 .found = found,
                 .hint = "compile without --split",
                 .kind = code == 6110 ? ErrorKind::DoesNotFit : ErrorKind::Unsupported};
  };
  if (!chip.memories || chip.coresPerTile < 2)
    return refused(6110, "cores of '" + chip.name + "' share no memory, by which synapse cores hand over their sums",
                   "a chip with a section 'memories' and several cores a tile", "'" + chip.name + "'");
  if (!network.learning.empty())
    return refused(6111, "synapses that learn need the spikes of the neurons beside them, which synapse cores do not have",
                   "no projection that learns", "'" + network.projections[network.learning[0].projection].name + "'");
  return {};
}

Result<Mapping> detail::mapSplit(const Network &network, const hw::Chip &chip, const Options &options) {
  RANVIER_CHECK(canSplit(network, chip));
  RANVIER_TRY(Mapping mapping, partition(network, chip, options));
  Splitter(network, chip, options).run(mapping);
  RANVIER_CHECK(placeGroups(network, chip, mapping, options));
  return std::move(mapping);
}

Result<void> detail::placeGroups(const Network &network, const hw::Chip &chip, Mapping &mapping, const Options &options) {
  if (!chip.faults.empty())
    return Error{.code = 6112,
                 .message = chip.crossbar ? "neurons take several macros on machines without dead parts only"
                                          : "cores are split on machines without dead parts only",
                 .place = "network '" + network.name + "'",
                 .expected = "no dead part",
                 .found = std::to_string(chip.faults.count()),
                 .hint = chip.crossbar ? "use populations with fewer sources" : "compile without --split",
                 .kind = ErrorKind::Unsupported};
  uint32_t most = 0;
  for (const CoreAssignment &core : mapping.cores)
    most = std::max(most, static_cast<uint32_t>(core.synapseCores.size()));
  // Placed as if a core and its synapse cores were one, of as many as the largest group leaves room for.
  hw::Chip groups = chip;
  groups.coresPerTile = chip.coresPerTile / (1 + most);
  groups.crossbar.reset(); // Rows of several macros are not those of one.
  if (mapping.cores.size() > availableCores(groups))
    return Error{.code = 6113,
                 .message = "the network needs " + std::to_string(mapping.cores.size() - availableCores(groups)) +
                            " more places for a core with its " + (chip.crossbar ? "macros" : "synapse cores") + " than '" +
                            chip.name + "' has",
                 .place = "network '" + network.name + "'",
                 .expected = "at most " + std::to_string(availableCores(groups)) + " with up to " + std::to_string(most) +
                             (chip.crossbar ? " further macros" : " synapse cores"),
                 .found = std::to_string(mapping.cores.size()),
                 .hint = "use a longer time step, fewer neurons, or a larger machine",
                 .kind = ErrorKind::DoesNotFit};
  takeFirstPlaces(groups, mapping);
  if (options.onStage)
    options.onStage("place");
  RANVIER_CHECK(place(network, groups, mapping, options));
  for (CoreAssignment &core : mapping.cores) {
    const uint32_t tile = core.core / groups.coresPerTile, slot = core.core % groups.coresPerTile;
    core.core = tile * chip.coresPerTile + slot * (1 + most);
    std::iota(core.synapseCores.begin(), core.synapseCores.end(), core.core + 1);
  }
  sortByPlace(mapping);
  return {};
}
