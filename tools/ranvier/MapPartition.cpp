//===- MapPartition.cpp - `ranvier map partition` -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our partitioner beside others on one network: read from a file, or drawn.
//===----------------------------------------------------------------------===//
#include "MapPartition.h"
#include "NetworkSource.h"
#include "Provenance.h"
#include "ranvier/Mapping/ComparePartitioners.h"
#include "ranvier/Network/Network.h"
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct PartitionFlags {
  NetworkSource source;
  unsigned seeds = 5;
  uint64_t seed = 0;
  std::vector<std::string> only;
};

/// The network as the mapper gets it, and its rates.
Result<mapping::Network> networkOf(Context &context, const NetworkSource &source, const hw::Chip &chip, mapping::Rates &rates) {
  if (source.generated())
    return mapping::generate(source.synthetic, rates);
  context.progress->phase("map partition: read");
  RANVIER_TRY(const LoadedNetwork loaded, source.quantised(context));
  RANVIER_TRY(mapping::Network network, compiler::extractNetwork(*loaded.module, chip));
  RANVIER_TRY(rates, source.rates(network));
  return network;
}

Json contenderJson(const mapping::Contender &contender) {
  if (!contender.available)
    return {{"name", contender.name}, {"available", false}};
  Json out = {{"name", contender.name}, {"available", true}, {"fits", contender.fits}, {"seconds", contender.seconds}};
  if (!contender.fits)
    out["reason"] = contender.reason;
  if (contender.fits) {
    out["spikes_hops"] = contender.spikeHops;
    out["messages"] = contender.messages;
    out["repaired_neurons"] = contender.repaired;
    out["seed"] = contender.seed;
  }
  return out;
}

std::string listing(const mapping::Comparison &comparison) {
  std::string text = std::to_string(comparison.neurons) + " neurons, " + std::to_string(comparison.synapses) + " synapses, " +
                     std::to_string(comparison.cores) + " cores, limited by " + comparison.binding + "\n" +
                     "partitioner   spikes x hops      messages  repaired    seconds\n";
  char line[160];
  for (const mapping::Contender &contender : comparison.contenders) {
    if (!contender.available)
      std::snprintf(line, sizeof line, "%-12s  not built in: its library was not found\n", contender.name.c_str());
    else if (contender.fits)
      std::snprintf(line, sizeof line, "%-12s %14llu %13llu %9llu %10.2f\n", contender.name.c_str(),
                    static_cast<unsigned long long>(contender.spikeHops), static_cast<unsigned long long>(contender.messages),
                    static_cast<unsigned long long>(contender.repaired), contender.seconds);
    else // A reason is as long as it is.
      std::snprintf(line, sizeof line, "%-12s  ", contender.name.c_str());
    text += line;
    if (contender.available && !contender.fits)
      text += contender.reason + "\n";
  }
  return text;
}

/// Ours over the best other; 1 where both are 0. Null if either is absent.
Json ratioOf(const mapping::Comparison &comparison) {
  const mapping::Contender *ours = nullptr, *best = nullptr;
  for (const mapping::Contender &contender : comparison.contenders) {
    if (!contender.available || !contender.fits)
      continue;
    if (contender.name == "ranvier")
      ours = &contender;
    else if (!best || contender.spikeHops < best->spikeHops)
      best = &contender;
  }
  if (!ours || !best)
    return nullptr;
  if (best->spikeHops == 0)
    return ours->spikeHops == 0 ? Json(1.0) : Json(nullptr);
  return static_cast<double>(ours->spikeHops) / static_cast<double>(best->spikeHops);
}

Result<void> mapPartition(Context &context, const PartitionFlags &flags) {
  RANVIER_CHECK(flags.source.check());
  RANVIER_TRY(const hw::Chip chip, chipOf(flags.source.target));
  mapping::CompareOptions options{.seed = flags.seed, .seeds = flags.seeds, .only = flags.only};
  RANVIER_TRY(const mapping::Network network, networkOf(context, flags.source, chip, options.rates));
  context.progress->phase("map partition: compare");
  RANVIER_TRY(const mapping::Comparison comparison, mapping::comparePartitioners(network, chip, options));
  Json contenders = Json::array();
  for (const mapping::Contender &contender : comparison.contenders) {
    if (!contender.available)
      context.warn("'" + contender.name + "' is not part of the comparison: its library was not found when Ranvier was built");
    if (contender.fits && contender.repaired)
      context.warn("'" + contender.name + "' exceeded a limit: " + std::to_string(contender.repaired) +
                   " neurons were moved to other cores");
    contenders.push_back(contenderJson(contender));
  }
  const Json ratio = ratioOf(comparison);
  std::string text = "network        " + network.name + "\n" + listing(comparison);
  if (ratio.is_number()) {
    char line[64];
    std::snprintf(line, sizeof line, "ranvier over the best other: %.3f\n", ratio.get<double>());
    text += line;
  }
  context.print(Json{{"command", "map partition"},
                     {"network", network.name},
                     {"target", flags.source.target.target},
                     {"neurons", comparison.neurons},
                     {"synapses", comparison.synapses},
                     {"cores", comparison.cores},
                     {"limited_by", comparison.binding},
                     {"weights", flags.source.weights(options.rates)},
                     {"seed", flags.seed},
                     {"seeds", flags.seeds},
                     {"partitioners", contenders},
                     {"ratio_to_best_other", ratio}},
                text);
  return {};
}
} // namespace

void tools::addMapPartition(CLI::App &map, Context &context) {
  auto flags = std::make_shared<PartitionFlags>();
  CLI::App *command =
      addCommand(map, context, "partition", "Compare partitioners on one network: spikes x hops after placement",
                 "  ranvier map partition network.nir --target loihi1 --profile run.h5\n"
                 "  ranvier map partition --generate small-world --neurons 10000 --degree 20 --rewired 0.1 --target loihi1 --json",
                 [&context, flags] { return mapPartition(context, *flags); });
  flags->source.addTo(*command);
  command->add_option("--seed", flags->seed, "First seed of the partitioners")->capture_default_str();
  command->add_option("--seeds", flags->seeds, "Seeds that each partitioner tries; the best counts")
      ->check(CLI::Range(1u, 100u))
      ->capture_default_str();
  command->add_option("--only", flags->only, "Partitioners to run; default: all")
      ->check(CLI::IsMember({"ranvier", "sequential", "metis", "scotch", "zoltan"}))
      ->delimiter(',');
}
