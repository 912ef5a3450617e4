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
  unsigned threads = 0;      ///< 0: all.
  std::string form = "auto"; ///< auto, synapses, rules.
  std::string out;
};

/// Networks of more synapses by procedural connectors are mapped by rules unless asked otherwise: listing them takes seconds and
/// gigabytes, and bounds lose little where connections are many.
constexpr double autoRules = 20e6;

/// So many can be listed in a few gigabytes if rules do not lead to a mapping.
constexpr double mostListed = 200e6;

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

const char *exactly(bool exact) { return exact ? "" : "at most "; }

/// The parts of the result that both forms have.
Json resultJson(const NetworkFlags &flags, const mapping::Network &nodes, const mapping::LargeMapping &made, const char *form,
                const char *found, uint64_t synapses, const mapping::Rates &rates, double read) {
  uint64_t neurons = 0;
  for (const mapping::Population &population : nodes.populations)
    neurons += population.input ? 0 : population.count;
  const mapping::OrderResult &chosen = made.found ? *made.ofSynapses : made.given;
  return Json{{"command", "map network"},
              {"network", nodes.name},
              {"target", flags.source.target.target},
              {"form", form},
              {"neurons", neurons},
              {"synapses", synapses},
              {"cores", chosen.cores},
              {"chips", made.chips},
              {"order", made.found ? found : "sequential"},
              {"spikes_hops", chosen.spikeHops},
              {"messages", chosen.messages},
              {"sequential", made.given.cores ? orderJson(made.given) : Json(nullptr)},
              {"found", made.ofSynapses ? orderJson(*made.ofSynapses) : Json(nullptr)},
              {"weights", flags.source.weights(rates)},
              {"links", {{"used", made.links.size()}, {"worst", busiest(made.links)}}},
              {"seconds", {{"read", read}, {"map", made.fillSeconds}, {"route", made.routeSeconds}, {"check", made.checkSeconds}}},
              {"seed", flags.seed}};
}

std::string resultText(const Json &result, const mapping::LargeMapping &made, const std::string &form, const char *found,
                       bool exactSynapses) {
  const auto number = [](const Json &value) { return std::to_string(value.get<uint64_t>()); };
  std::string text = "network        " + result["network"].get<std::string>() + ", " + form + "\n" + number(result["neurons"]) +
                     " neurons, " + exactly(exactSynapses) + number(result["synapses"]) + " synapses, " + number(result["cores"]) +
                     " cores on " + number(result["chips"]) + " chips\n" +
                     "order             cores   spikes x hops       messages    seconds\n";
  if (made.given.cores)
    text += orderLine("sequential", made.given);
  if (made.ofSynapses)
    text += orderLine(found, *made.ofSynapses);
  const Json &worst = result["links"]["worst"], &seconds = result["seconds"];
  char line[200];
  std::snprintf(line, sizeof line,
                "chosen         %s\nlinks          %zu carry messages, the busiest %llu\n"
                "seconds        %.2f reading, %.2f mapping, %.2f routing, %.2f checking\n",
                made.found ? found : "sequential", made.links.size(),
                static_cast<unsigned long long>(worst.is_null() ? 0 : worst["messages"].get<uint64_t>()),
                seconds["read"].get<double>(), made.fillSeconds, made.routeSeconds, made.checkSeconds);
  return text + line;
}

mapping::LargeOptions optionsOf(const NetworkFlags &flags, const mapping::Rates &rates) {
  return {.seed = flags.seed,
          .rates = rates,
          .threads = flags.threads ? flags.threads : std::max(1u, std::thread::hardware_concurrency())};
}

Result<void> mapSynapses(Context &context, const NetworkFlags &flags, const hw::Chip &chip, const mapping::Network &network,
                         const mapping::Rates &rates, double read) {
  context.progress->phase("map network: partition, place and route");
  RANVIER_TRY(const mapping::LargeMapping made, mapping::mapLarge(network, chip, optionsOf(flags, rates)));
  if (!flags.out.empty())
    RANVIER_CHECK(writeFileAtomically(flags.out, mapping::printMapping(network, made.mapping)));
  uint64_t synapses = 0;
  for (const mapping::Projection &projection : network.projections)
    synapses += projection.targets.size();
  const Json result = resultJson(flags, network, made, "synapses", "of synapses", synapses, rates, read);
  context.print(result, resultText(result, made, "synapse by synapse", "of synapses", true));
  return {};
}

Result<void> mapByRules(Context &context, const NetworkFlags &flags, const hw::Chip &chip, const mapping::RuleNetwork &network,
                        const mapping::Rates &rates, double read) {
  context.progress->phase("map network: partition, place and route");
  auto mapped = mapping::mapRules(network, chip, optionsOf(flags, rates));
  if (!mapped) {
    if (mapped.error().kind == ErrorKind::DoesNotFit) // Bounds for any draw, where a draw may need less.
      mapped.error().hint += (mapped.error().hint.empty() ? "" : "; ") +
                             std::string("where rules draw, they count with the worst: `--form synapses` counts what is drawn");
    return mapped.error();
  }
  const mapping::RuleMapping made = *std::move(mapped);
  if (!flags.out.empty())
    RANVIER_CHECK(writeFileAtomically(flags.out, mapping::printMapping(network.nodes, made.mapping)));
  Json result = resultJson(flags, network.nodes, made, "rules", "of rules", made.synapses, rates, read);
  bool memory = true, in = true, out = true, fanIn = true;
  for (const mapping::RuleUse &use : mapping::measureRules(network, chip, made.mapping)) {
    memory &= use.exactMemory;
    in &= use.exactAxonsIn;
    out &= use.exactAxonsOut;
    fanIn &= use.exactFanIn;
  }
  result["exact"] = {{"synapses", made.exactSynapses},
                     {"spikes_hops", made.exactSpikeHops},
                     {"synaptic_memory", memory},
                     {"axons_in", in},
                     {"axons_out", out},
                     {"fan_in", fanIn}};
  std::string text = resultText(result, made, "by rules: no synapse was listed", "of rules", made.exactSynapses);
  std::string exact, bounds;
  for (const auto &[name, isExact] : result["exact"].items())
    (isExact ? exact : bounds) += " " + name;
  text +=
      "exact         " + (exact.empty() ? " nothing" : exact) + "\nupper bounds  " + (bounds.empty() ? " nothing" : bounds) + "\n";
  context.print(result, text);
  return {};
}

Result<void> mapNetwork(Context &context, const NetworkFlags &flags) {
  const Clock::time_point start = Clock::now();
  RANVIER_CHECK(flags.source.check());
  RANVIER_CHECK(checkOutput(
      flags.out, {flags.source.network.path, flags.source.target.target, flags.source.target.profile, flags.source.target.faults}));
  RANVIER_TRY(const hw::Chip chip, chipOf(flags.source.target));
  mapping::Rates rates;
  if (flags.source.generated()) {
    if (flags.form == "rules")
      return pointlessOption("--form", "generated networks list their synapses");
    RANVIER_TRY(const mapping::Network network, mapping::generate(flags.source.synthetic, rates));
    return mapSynapses(context, flags, chip, network, rates, since(start));
  }
  context.progress->phase("map network: read");
  RANVIER_TRY(LoadedNetwork read, flags.source.quantised(context));
  std::optional<LoadedNetwork> loaded(std::move(read));
  RANVIER_TRY(const compiler::RuleCensus census, compiler::ruleCensus(*loaded->module));
  const bool byRules =
      flags.form == "rules" || (flags.form == "auto" && census.listed.empty() && census.connectors && census.synapses > autoRules);
  if (byRules) {
    RANVIER_TRY(const mapping::RuleNetwork network, compiler::extractRules(*loaded->module, chip));
    RANVIER_TRY(rates, flags.source.rates(network.nodes));
    auto done = mapByRules(context, flags, chip, network, rates, since(start));
    const bool listable = flags.form == "auto" && census.synapses <= mostListed;
    if (done || done.error().kind != ErrorKind::DoesNotFit || !listable)
      return done;
    context.warn("by rules the network may not fit (RNV" + std::to_string(done.error().code) +
                 "), because they count with the worst draw: its synapses are listed instead");
  }
  RANVIER_TRY(const mapping::Network network, compiler::extractNetwork(*loaded->module, chip));
  loaded.reset();
  RANVIER_TRY(rates, flags.source.rates(network));
  return mapSynapses(context, flags, chip, network, rates, since(start));
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
  command
      ->add_option("--form", flags->form,
                   "How a network read from a file is mapped: synapse by synapse, by the rules of its connectors without listing "
                   "any, or (auto) by rules where they make more than 20 million synapses and nothing is listed")
      ->check(CLI::IsMember({"auto", "synapses", "rules"}))
      ->capture_default_str();
  command->add_option("-o,--out", flags->out, "Write the mapping, as `compile --mapping` reads it")->type_name("MAPPING.json");
}
