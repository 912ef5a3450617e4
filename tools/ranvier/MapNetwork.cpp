//===- MapNetwork.cpp - `ranvier map network` -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Partition, placement and routes of one network, however large, without an image.
//===----------------------------------------------------------------------===//
#include "MapPartition.h"
#include "NetworkSource.h"
#include "Provenance.h"
#include "ranvier/Mapping/MapLarge.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/File.h"
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct NetworkFlags {
  NetworkSource source;
  uint64_t seed = 0;
  unsigned threads = 0; ///< 0: all.
  std::string out;
};

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The busiest link, or null where no message crosses one.
Json busiest(const std::vector<mapping::LinkLoad> &links) {
  const auto most =
      std::max_element(links.begin(), links.end(), [](const auto &a, const auto &b) { return a.messages < b.messages; });
  if (most == links.end())
    return nullptr;
  return {{"x", most->x}, {"y", most->y}, {"direction", mapping::toString(most->direction)}, {"messages", most->messages}};
}

Json orderJson(const mapping::OrderResult &result) {
  return {{"cores", result.cores},
          {"spikes_hops", result.spikeHops},
          {"messages", result.messages},
          {"placed", result.placed},
          {"seconds", result.seconds}};
}

std::string orderLine(const char *name, const mapping::OrderResult &result) {
  char line[160];
  std::snprintf(line, sizeof line, "%-14s %8llu %14llu %14llu %10.2f%s\n", name, static_cast<unsigned long long>(result.cores),
                static_cast<unsigned long long>(result.spikeHops), static_cast<unsigned long long>(result.messages), result.seconds,
                result.placed ? "" : "  cores in order: too many pairs to place");
  return line;
}

Result<void> mapExplicit(Context &context, const NetworkFlags &flags, const hw::Chip &chip, const mapping::Network &network,
                         const mapping::Rates &rates, Clock::time_point start) {
  const double read = since(start);
  context.progress->phase("map network: partition, place and route");
  const unsigned threads = flags.threads ? flags.threads : std::max(1u, std::thread::hardware_concurrency());
  RANVIER_TRY(const mapping::LargeMapping made,
              mapping::mapLarge(network, chip, {.seed = flags.seed, .rates = rates, .threads = threads}));
  if (!flags.out.empty())
    RANVIER_CHECK(writeFileAtomically(flags.out, mapping::printMapping(network, made.mapping)));
  uint64_t neurons = 0, synapses = 0;
  for (const mapping::Population &population : network.populations)
    neurons += population.input ? 0 : population.count;
  for (const mapping::Projection &projection : network.projections)
    synapses += projection.targets.size();
  const mapping::OrderResult &chosen = made.found ? *made.ofSynapses : made.given;
  const Json given = made.given.cores ? orderJson(made.given) : Json(nullptr);
  char line[200];
  std::snprintf(line, sizeof line, "%llu neurons, %llu synapses, %llu cores on %llu chips\n",
                static_cast<unsigned long long>(neurons), static_cast<unsigned long long>(synapses),
                static_cast<unsigned long long>(chosen.cores), static_cast<unsigned long long>(made.chips));
  std::string text = "network        " + network.name + ", synapse by synapse\n" + line +
                     "order             cores   spikes x hops       messages    seconds\n";
  if (made.given.cores)
    text += orderLine("sequential", made.given);
  if (made.ofSynapses)
    text += orderLine("of synapses", *made.ofSynapses);
  const Json worst = busiest(made.links);
  std::snprintf(line, sizeof line,
                "chosen         %s\nlinks          %zu carry messages, the busiest %llu\nseconds        %.2f reading, %.2f "
                "mapping, %.2f routing, %.2f checking\n",
                made.found ? "of synapses" : "sequential", made.links.size(),
                static_cast<unsigned long long>(worst.is_null() ? 0 : worst["messages"].get<uint64_t>()), read, made.fillSeconds,
                made.routeSeconds, made.checkSeconds);
  text += line;
  context.print(
      Json{{"command", "map network"},
           {"network", network.name},
           {"target", flags.source.target.target},
           {"form", "synapses"},
           {"neurons", neurons},
           {"synapses", synapses},
           {"cores", chosen.cores},
           {"chips", made.chips},
           {"order", made.found ? "of synapses" : "sequential"},
           {"spikes_hops", chosen.spikeHops},
           {"messages", chosen.messages},
           {"sequential", given},
           {"of_synapses", made.ofSynapses ? orderJson(*made.ofSynapses) : Json(nullptr)},
           {"weights", flags.source.weights(rates)},
           {"links", {{"used", made.links.size()}, {"busiest", worst}}},
           {"seconds", {{"read", read}, {"map", made.fillSeconds}, {"route", made.routeSeconds}, {"check", made.checkSeconds}}},
           {"seed", flags.seed}},
      text);
  return {};
}

Result<void> mapNetwork(Context &context, const NetworkFlags &flags) {
  const Clock::time_point start = Clock::now();
  RANVIER_CHECK(flags.source.check());
  RANVIER_CHECK(checkOutput(flags.out, {flags.source.network.path, flags.source.target.target, flags.source.target.profile}));
  RANVIER_TRY(const hw::Chip chip, hw::findTarget(flags.source.target.target));
  mapping::Rates rates;
  if (flags.source.generated()) {
    RANVIER_TRY(const mapping::Network network, mapping::generate(flags.source.synthetic, rates));
    return mapExplicit(context, flags, chip, network, rates, start);
  }
  context.progress->phase("map network: read");
  mapping::Network network;
  {
    RANVIER_TRY(const LoadedNetwork loaded, flags.source.quantised(context));
    RANVIER_TRY(network, compiler::extractNetwork(*loaded.module, chip));
  }
  RANVIER_TRY(rates, flags.source.rates(network));
  return mapExplicit(context, flags, chip, network, rates, start);
}
} // namespace

void tools::addMapNetwork(CLI::App &map, Context &context) {
  auto flags = std::make_shared<NetworkFlags>();
  CLI::App *command = addCommand(
      map, context, "network", "Partition, place and route one network, however large, without making an image",
      "  ranvier map network network.mlir --target loihi1 --out mapping.json\n"
      "  ranvier map network --generate small-world --neurons 100000 --degree 100 --rewired 0.05 --shuffle --target loihi1",
      [&context, flags] { return mapNetwork(context, *flags); });
  flags->source.addTo(*command);
  command->add_option("--seed", flags->seed, "Seed of the placement")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads; 0: all processors. The result does not depend on them")
      ->check(CLI::Range(0u, 256u))
      ->capture_default_str();
  command->add_option("-o,--out", flags->out, "Write the mapping, as `compile --mapping` reads it")->type_name("MAPPING.json");
}
